"""auth = jwt behind every web server: tokens arrive on every door, and refusals come back as they are."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from clients import Sse, Ws, get
from conftest import ALLOW
from sites import CONTRIB, ROOTS, some

SECRET = "a secret that is long enough to be one"


def token(**claims):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    text = b".".join(part(json.dumps(o).encode()) for o in
                     ({"alg": "HS256", "typ": "JWT"}, {"sub": "me", "org": "acme", "scope": "operator", "exp": int(time.time()) + 600, **claims}))
    return b".".join((text, part(hmac.new(SECRET.encode(), text, hashlib.sha256).digest()))).decode()


@pytest.mark.parametrize("kind, prefix", some([c[:2] for c in ROOTS], *range(len(CONTRIB))))
def test_tokens_arrive_on_every_door(new_site, kind, prefix):
    site = new_site(kind, prefix, settings=(*ALLOW, "auth=jwt", f"auth.secret={SECRET}"))
    good, stale = {"Authorization": f"Bearer {token()}"}, {"Authorization": f"Bearer {token(exp=int(time.time()) - 600)}"}
    for path in ("/api/runs", "/api/poll?stream=runs", "/poll?stream=runs"):
        assert get(site.url, path)[0] == 401, path
        assert get(site.url, path, headers=stale)[0] == 401, path
        assert get(site.url, path, headers=good)[0] == 200, path
    assert get(site.url, "/sse?stream=runs")[0] == 401
    stream = Sse(site.url, "/sse?stream=runs&token=" + token())
    assert stream.status == 401  # never in an address
    stream.close()
    with Ws(site.url, "/ws", headers=good) as ws:
        assert ws.recv()["op"] == "hello"
    with Ws(site.url, "/ws", subprotocols=["token", token(padding="x" * 2000)]) as ws:
        assert ws.subprotocol == "token" and ws.recv()["op"] == "hello"
    with Ws(site.url, "/ws", subprotocols=["token", "rubbish"]) as ws:
        assert ws.close_code() == 4401
    with Ws(site.url, "/ws/graph/foreign", headers=good) as ws:
        assert ws.close_code() == 4403
