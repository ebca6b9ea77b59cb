"""auth = jwt: who gets in, on every door and in every way of carrying a token. The tokens come from python3-jwt."""

import base64
import gzip
import json
import subprocess
import time

import pytest
import websockets

from bridge_fixture import PROGRAM
from clients import Ws
from conftest import wait_until
from issuer import SECRET, Key, KeyServer, claims, hs256, jwks

SETTINGS = ("auth=jwt", f"auth.secret={SECRET}")
DOORS = ("/sse?stream=runs", "/poll?stream=runs", "/api/poll?stream=runs")


@pytest.fixture(scope="module")
def rsa_key():
    return Key("RS256", "rsa-1")


@pytest.fixture(scope="module")
def ec_key():
    return Key("ES256", "ec-1")


@pytest.fixture(scope="module")
def secured(instance_of):
    """An instance with HS256."""
    return instance_of(SETTINGS)


@pytest.fixture(scope="module")
def instance_of():
    from conftest import ALLOW, Instance
    made = []

    def make(settings, **more):
        made.append(Instance((*ALLOW, *settings), examples=False, **more))
        return made[-1]
    yield make
    for it in made:
        it.close()


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def close_code(url, path, **more):
    """What a WebSocket is closed with."""
    ws = Ws(url, path, **more)
    try:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            while True:
                ws.recv()
        return closed.value.rcvd.code
    finally:
        ws.close()


def statuses(it, token):
    """What REST and each door say to a token: REST, SSE, poll, CGI poll, WebSocket ("open" or its close code)."""
    headers = bearer(token) if token else {}
    found = [it.http("GET", "/api/runs", headers=headers)[0]]
    for path in DOORS:
        if path.startswith("/sse"):
            import http.client
            from clients import url_parts
            host, port, _ = url_parts(it.url)
            connection = http.client.HTTPConnection(host, port, timeout=120)
            connection.request("GET", path, headers=headers)
            found.append(connection.getresponse().status)
            connection.close()
        else:
            found.append(it.http("GET", path, headers=headers)[0])
    ws = Ws(it.url, "/ws", headers=headers)
    try:
        assert ws.recv()["op"] == "hello"
        found.append("open")
    except websockets.ConnectionClosed as closed:
        found.append(closed.rcvd.code)
    ws.close()
    return found


GOOD = [200, 200, 200, 200, "open"]
BAD = [401, 401, 401, 401, 4401]


def b64(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_needs_no_token(secured):
    assert secured.http("GET", "/healthz")[0] == 200
    status, _, about = secured.http("GET", "/api")
    assert status == 200 and about["routes"]
    assert secured.http("OPTIONS", "/api/runs")[0] == 204
    assert secured.http("OPTIONS", "/api/poll")[0] == 204
    assert secured.http("OPTIONS", "/sse")[0] == 204


def test_good_and_bad_tokens_on_every_door(secured):
    assert statuses(secured, hs256()) == GOOD
    assert statuses(secured, hs256(ttl=None)) == GOOD
    assert statuses(secured, hs256(ttl=-1)) == BAD
    assert statuses(secured, hs256(secret="another secret")) == BAD
    assert statuses(secured, None) == BAD


def test_a_refusal_is_a_problem_that_names_the_scheme(secured):
    for path in ("/api/runs", "/api/poll?stream=runs", "/poll?stream=runs"):
        status, headers, body = secured.http("GET", path)
        assert status == 401 and headers["Content-Type"] == "application/problem+json"
        assert headers["WWW-Authenticate"].startswith('Bearer realm="runspool"')
        assert body["status"] == 401 and body["code"] == "unauthenticated"
    status, headers, body = secured.http("POST", "/api/workflows/x/run", {}, bearer(hs256(scope="viewer")))
    assert status == 403 and 'scope="operator"' in headers["WWW-Authenticate"] and body["code"] == "denied"


@pytest.mark.parametrize("token", [
    f"{b64({'alg': 'none'})}.{b64(claims())}.",
    f"{b64({'alg': 'None'})}.{b64(claims())}.",
    f"{b64({'alg': 'nOnE', 'typ': 'JWT'})}.{b64(claims())}.AA",
    f"{b64({})}.{b64(claims())}.AA",
    f"{b64({'alg': ['HS256']})}.{b64(claims())}.AA",
    hs256(headers={"crit": ["x"], "x": 1}),
    hs256(headers={"zip": "DEF"}),
    hs256(headers={"b64": False}),
    hs256(nbf=time.time() + 3600),
    hs256(exp="tomorrow"),
    hs256(org="../etc"),
    hs256(org=17),
    hs256(sub=["ann"]),
    hs256(sub="a" * 300),
    hs256(crews={"a": 1}),
    hs256(crews=["../x"]),
    "a.b", "a.b.c.d", "...", ".", "x", "é.é.é", hs256() + "x", hs256()[:-2], hs256().replace(".", "..", 1),
    hs256(padding="x" * 4000),
], ids=lambda token: token[:20] + "~" + str(len(token)))
def test_tokens_that_are_no_good(secured, token):
    headers = {"Authorization": f"Bearer {token}".encode("utf-8")}
    assert secured.http("GET", "/api/runs", headers=headers)[0] == 401
    assert secured.http("GET", "/poll?stream=runs", headers=headers)[0] == 401


def test_scopes_include_those_before(secured):
    write = {"nodes": [], "edges": []}
    expected = {  # what a scope may: read, run, save a workflow, set a secret
        None: (200, 403, 403, 403), "viewer": (200, 403, 403, 403), "operator": (200, 404, 403, 403),
        "editor": (200, 404, 422, 403), "admin": (200, 404, 422, 422), "openid operator email": (200, 404, 403, 403),
        "openid": (403, 403, 403, 403), "Admin": (403, 403, 403, 403), "": (200, 403, 403, 403),
    }
    for scope, codes in expected.items():
        headers = bearer(hs256(scope=scope))
        found = (secured.http("GET", "/api/runs", headers=headers)[0],
                 secured.http("POST", "/api/workflows/none/run", {}, headers)[0],
                 secured.http("POST", "/api/workflows", write, headers)[0],
                 secured.http("PUT", "/api/secrets/x", {"value": 5}, headers)[0])
        assert found == codes, scope


def test_ways_of_carrying(secured):
    token = hs256()
    ws = Ws(secured.url, "/ws", subprotocols=["token", token])
    assert ws.subprotocol == "token" and ws.recv()["op"] == "hello"
    ws.close()
    ws = Ws(secured.url, "/ws", subprotocols=["runspool.v1", "token", token])
    assert ws.subprotocol == "runspool.v1" and ws.recv()["op"] == "hello"
    ws.close()
    big = hs256(padding="x" * 2400)
    assert 3000 < len(big) < 3584
    ws = Ws(secured.url, "/ws", subprotocols=["token", big])
    assert ws.subprotocol == "token" and ws.recv()["op"] == "hello"
    ws.close()
    ws = Ws(secured.url, "/ws", subprotocols=["token", hs256(ttl=-5)])
    with pytest.raises(websockets.ConnectionClosed) as closed:
        ws.recv()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "the token has expired")
    ws.close()
    assert close_code(secured.url, "/ws", subprotocols=["token"]) == 4401
    assert close_code(secured.url, "/ws", subprotocols=["runspool.v1"]) == 4401
    cookie = {"Cookie": f"a=b; runspool_session={token}; c=d"}
    assert secured.http("GET", "/api/runs", headers=cookie)[0] == 200
    assert secured.http("GET", "/poll?stream=runs", headers=cookie)[0] == 200
    ws = Ws(secured.url, "/ws", headers=cookie)
    assert ws.recv()["op"] == "hello"
    ws.close()


def test_a_token_in_the_address_is_refused(secured):
    token = hs256()
    for path in ("/api/runs?token=", "/api/poll?stream=runs&token=", "/poll?stream=runs&token=", "/sse?stream=runs&token="):
        status, _, body = secured.http("GET", path + token, headers=bearer(token))
        assert status == 401 and "log" in body["detail"]
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        Ws(secured.url, f"/ws?token={token}")
    assert refused.value.status_code == 401


def test_public_keys_in_files(instance_of, rsa_key, ec_key, tmp_path):
    (tmp_path / "rsa.pem").write_text(rsa_key.pem())
    (tmp_path / "set.json").write_text(jwks(ec_key))
    it = instance_of(("auth=jwt", f"auth.keys={tmp_path}/rsa.pem, {tmp_path}/set.json"))
    assert statuses(it, rsa_key.token()) == GOOD
    assert statuses(it, ec_key.token()) == GOOD
    assert statuses(it, Key("ES256", "ec-1").token()) == BAD
    assert statuses(it, Key("RS256").token()) == BAD
    # The public key as an HS256 secret, in each form an attacker could think of.
    for secret in (rsa_key.pem(), rsa_key.pem().strip(), json.dumps(rsa_key.jwk())):
        forged = hs256(secret="x")
        head, payload, _ = forged.split(".")
        import hashlib
        import hmac
        mac = hmac.new(secret.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
        assert statuses(it, f"{head}.{payload}." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()) == BAD
    assert statuses(it, hs256()) == BAD  # there is no secret
    # A key that the token brings along, or leads to.
    own = Key("RS256")
    assert statuses(it, own.token(headers={"jwk": own.jwk()})) == BAD
    assert statuses(it, own.token(headers={"kid": "../../rsa.pem"})) == BAD
    assert statuses(it, own.token(headers={"kid": "/dev/null"})) == BAD
    # A file that changes is read again.
    (tmp_path / "rsa.pem").write_text(own.pem())
    wait_until(lambda: statuses(it, own.token()) == GOOD, what="the new key")
    assert statuses(it, rsa_key.token()) == BAD


def test_keys_at_an_address(instance_of, rsa_key, ec_key):
    server = KeyServer(jwks(rsa_key, {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}, {"kty": "OKP", "crv": "Ed25519", "x": "AA"}))
    try:
        it = instance_of(("auth=jwt", f"auth.keys={server.url}"))
        assert statuses(it, rsa_key.token()) == GOOD
        asked = server.asked
        assert statuses(it, rsa_key.token()) == GOOD and server.asked == asked  # a copy is kept
        # A new key is found at once, on each door; the others need not ask again.
        server.text = jwks(ec_key)
        assert statuses(it, ec_key.token()) == GOOD and server.asked == asked + 1
        # Unknown keys are asked for a few times only.
        for i in range(30):
            token = Key("ES256", f"unknown-{i}").token() if i < 3 else Key("ES256", f"unknown-{i % 3}").token()
            assert it.http("GET", "/api/runs", headers=bearer(token))[0] == 401
        assert server.asked <= 10
        # What the address says when it is broken does not take the place of what it said.
        server.status = 500
        assert statuses(it, ec_key.token()) == GOOD
    finally:
        server.close()


def test_bad_answers_keep_the_old_keys(instance_of, rsa_key):
    server = KeyServer(jwks(rsa_key))
    try:
        it = instance_of(("auth=jwt", f"auth.keys={server.url}"))
        assert it.http("GET", "/api/runs", headers=bearer(rsa_key.token()))[0] == 200
        evil = Key("RS256", "evil")
        other = KeyServer(jwks(evil))
        for status, text, headers in ((302, "", {"Location": other.url}), (200, "<html>", {}), (200, "{}", {}),
                                      (200, '{"keys":[]}', {}), (200, "x" * 300_000, {})):
            server.status, server.text, server.headers = status, text, headers
            assert it.http("GET", "/api/runs", headers=bearer(evil.token()))[0] == 401
        assert it.http("GET", "/api/runs", headers=bearer(rsa_key.token()))[0] == 200
        assert other.asked == 0  # redirects are not followed
        other.close()
    finally:
        server.close()


@pytest.mark.parametrize("setting, text, says", [
    ("auth.keys", None, "auth = jwt needs auth.secret or auth.keys"),
    ("auth.keys", "missing.pem", "missing.pem"),
    ("auth.keys", "PRIVATE", "private key"),
    ("auth.keys", "SMALL", "RSA key of 1024 bits"),
    ("auth.keys", "JUNK", "JSON"),
    ("auth.keys", "ftp://example.org/x", "neither a file nor"),
])
def test_settings_are_checked_at_the_start(tmp_path, rsa_key, setting, text, says):
    data = tmp_path / "data"
    data.mkdir()
    files = {"PRIVATE": rsa_key.private_pem(), "SMALL": Key("RS256", bits=1024).pem(), "JUNK": "hello"}
    if text in files:
        (data / "key.txt").write_text(files[text])
        text = "key.txt"
    (data / "runspool.conf").write_text("# settings\nauth = jwt\n" + (f"{setting} = {text}\n" if text else ""))
    done = subprocess.run([str(PROGRAM), "--data", str(data), "-t"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stdout
    assert f"runspool.conf:{3 if text else 2}: " in done.stderr and says in done.stderr, done.stderr


def test_issuer_and_audience(instance_of):
    it = instance_of((*SETTINGS, "auth.issuer=https://id.example", "auth.audience=runspool"), without=["runner"])
    def ask(**more):
        return it.http("GET", "/api/runs", headers=bearer(hs256(**more)))[0]
    assert ask(iss="https://id.example", aud="runspool") == 200
    assert ask(iss="https://id.example", aud=["other", "runspool"]) == 200
    assert ask(iss="https://id.example", aud="other") == 401
    assert ask(iss="https://evil.example", aud="runspool") == 401
    assert ask() == 401


def ticket(it, body, **more):
    status, _, answer = it.http("POST", "/api/auth/ticket", body, bearer(hs256(**more)))
    assert status == 200, answer
    return answer["ticket"]


def test_a_ticket_is_for_its_streams(secured):
    status, _, answer = secured.http("POST", "/api/auth/ticket", {"streams": ["run:r_1", "tool:x"]}, bearer(hs256(scope="admin")))
    assert status == 200 and answer["expiresIn"] == 600 and set(answer) == {"ticket", "expiresIn"}
    mine = answer["ticket"]
    for door in ("/poll", "/api/poll"):
        def ask(query, door=door):
            return secured.http("GET", f"{door}?{query}&ticket={mine}")[0]
        assert ask("stream=run:r_1") == 200 and ask("stream=tool:x&stream=run:r_1") == 200
        assert ask("stream=run:r_2") == 403 and ask("stream=run:r_1&stream=runs") == 403 and ask("stream=run:*") == 403
    assert secured.http("GET", f"/poll/workflows/r_1?ticket={mine}")[0] == 403
    assert secured.http("GET", f"/api/runs?ticket={mine}")[0] == 403
    assert secured.http("POST", f"/api/events?ticket={mine}", {"stream": "tool:x", "type": "log"})[0] == 403
    ws = Ws(secured.url, f"/ws?ticket={mine}")
    assert ws.recv()["op"] == "hello"
    assert ws.ask({"op": "subscribe", "streams": ["run:r_1"]})["op"] == "subscribed"
    assert ws.ask({"op": "subscribe", "streams": ["run:r_1", "runs"]})["code"] == "denied"
    assert ws.ask({"op": "run", "workflowId": "x"})["code"] == "denied"  # it only reads, whatever its owner may
    ws.close()
    # Not for others: another instance, a changed one, another's.
    head, payload, mac = mine.split(".")
    for forged in (mine + "x", f"{head}.{payload}.{mac[:-2]}AA", f"{head}.{b64({'org': 'acme', 'exp': 9e15})}.{mac}", "t1..", "t1.x.y",
                   mine[3:], hs256(), "x" * 5000):
        assert secured.http("GET", f"/poll?stream=run:r_1&ticket={forged}")[0] in (401, 413)
    assert secured.http("GET", "/api/runs", headers=bearer(mine))[0] == 401  # a ticket is no token


def test_a_ticket_is_for_its_path(secured):
    logs = ticket(secured, {"path": "/poll/scraping/t_1"})
    assert secured.http("GET", f"/poll/scraping/t_1?ticket={logs}")[0] == 200
    assert secured.http("GET", f"/poll/scraping/t_1?since=now&ticket={logs}")[0] == 200
    for path in ("/poll/scraping/t_2", "/sse/scraping/t_1", "/api/poll/scraping/t_1", "/poll/scraping/t_1/", "/poll/scraping/T_1"):
        assert secured.http("GET", f"{path}?ticket={logs}")[0] in (403, 404), path
    native = ticket(secured, {"path": "/sse?stream=run:r_1&since=start"})
    assert secured.http("GET", f"/poll?stream=run:r_1&ticket={native}")[0] == 403  # another door
    runs = ticket(secured, {"path": "/api/runs"})
    assert secured.http("GET", f"/api/runs?ticket={runs}")[0] == 200
    assert secured.http("GET", f"/api/runs?ticket={runs}&ticket=x")[0] == 200
    assert secured.http("GET", f"/api/workflows?ticket={runs}")[0] == 403
    assert close_code(secured.url, f"/ws?ticket={runs}") == 4403


@pytest.mark.parametrize("body, status", [
    ({}, 422), ({"streams": []}, 422), ({"streams": "runs"}, 422), ({"streams": ["nonsense"]}, 422), ({"streams": [5]}, 422),
    ({"streams": ["runs"], "path": "/sse"}, 422), ({"path": "/sse"}, 422), ({"path": "/"}, 422), ({"path": "runs"}, 422),
    ({"path": 5}, 422), ({"path": "/secrets"}, 422), ({"path": "/sse?stream=no such"}, 422), ({"path": "/sse/%2e%2e%2f"}, 422),
    ({"streams": [f"run:{'x' * 100}{i}" for i in range(100)]}, 413), ({"path": "/api/" + "x" * 5000}, 422),
])
def test_what_no_ticket_is_given_for(secured, body, status):
    assert secured.http("POST", "/api/auth/ticket", body, bearer(hs256()))[0] == status


def test_a_ticket_ends_with_its_token(secured):
    status, _, answer = secured.http("POST", "/api/auth/ticket", {"streams": ["runs"]}, bearer(hs256(ttl=2)))
    assert status == 200 and 1 <= answer["expiresIn"] <= 2
    wait_until(lambda: secured.http("GET", f"/poll?stream=runs&ticket={answer['ticket']}")[0] == 401, what="its end")


def test_the_session_cookie(secured):
    token = hs256(scope="operator")
    status, headers, body = secured.http("POST", "/api/auth/session", None, bearer(token))
    assert status == 200 and (body["org"], body["sub"], body["scope"]) == ("acme", "ann", "operator")
    cookie, *attributes = headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes) and "Secure" not in attributes
    mine = {"Cookie": cookie}
    assert secured.http("GET", "/api/auth/session", headers=mine)[2]["sub"] == "ann"
    assert secured.http("POST", "/api/workflows/none/run", {}, mine)[0] == 404
    # From pages of others it does not count.
    evil = {**mine, "Origin": "http://evil.example"}
    assert secured.http("POST", "/api/workflows/none/run", {}, evil)[0] == 403
    assert secured.http("GET", "/api/runs", headers=evil)[0] == 401
    assert secured.http("GET", "/poll?stream=runs", headers=evil)[0] == 401
    assert secured.http("GET", "/api/runs", headers={**mine, "Sec-Fetch-Site": "same-site"})[0] == 401
    assert secured.http("GET", "/api/runs", headers={**mine, "Sec-Fetch-Site": "cross-site"})[0] == 401
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        Ws(secured.url, "/ws", headers=evil)
    assert refused.value.status_code == 403
    own = {**mine, "Origin": secured.url, "Sec-Fetch-Site": "same-origin"}
    assert secured.http("POST", "/api/workflows/none/run", {}, own)[0] == 404
    # Two that differ: one was put there by somebody else.
    assert secured.http("GET", "/api/runs", headers={"Cookie": f"{cookie}; runspool_session={hs256(sub='eve')}"})[0] == 401
    # One of another instance below a path of this host is sent too: it is not good here, and does no harm.
    for both in (f"runspool_session=x.y.z; {cookie}", f"{cookie}; runspool_session=x.y.z"):
        assert secured.http("GET", "/api/runs", headers={"Cookie": both})[0] == 200
    # The end of it needs no good one.
    status, headers, _ = secured.http("DELETE", "/api/auth/session", headers={"Cookie": "runspool_session=old"})
    assert status == 204 and "Max-Age=0" in headers["Set-Cookie"]
    # An answer with a credential is not kept for whoever knows its key.
    key = {"Idempotency-Key": "k1"}
    assert "Set-Cookie" in secured.http("POST", "/api/auth/session", None, {**bearer(token), **key})[1]
    assert token not in str(secured.http("POST", "/api/auth/session", None, {**bearer(hs256(sub="bob")), **key})[1])


def test_without_tokens_they_are_ignored(instance_of):
    it = instance_of((), without=["runner"])
    assert statuses(it, "nonsense") == GOOD and statuses(it, None) == GOOD
    assert it.http("GET", "/api/runs?token=x")[0] == 200
    ws = Ws(it.url, "/ws?token=x", subprotocols=["token", "x"])
    assert ws.subprotocol == "token" and ws.recv()["op"] == "hello"
    assert ws.ask({"op": "auth", "token": "x"})["op"] == "ok"
    ws.close()
    assert it.http("POST", "/api/auth/ticket", {"streams": ["runs"]})[0] == 200
    assert it.http("GET", "/api/auth/session")[2] == {"auth": "none", "org": "default", "sub": "", "scope": "admin"}


def test_live_connections_end_with_their_token(secured):
    import http.client
    from clients import url_parts
    host, port, _ = url_parts(secured.url)
    token = hs256(ttl=2)
    sockets = [Ws(secured.url, "/ws", headers=bearer(token)), Ws(secured.url, "/ws/scraping/x", subprotocols=["token", token])]
    streams, polls = [], []
    for encoding in ("identity", "gzip"):
        streams.append(http.client.HTTPConnection(host, port, timeout=120))
        streams[-1].request("GET", "/sse?stream=runs", headers={**bearer(token), "Accept-Encoding": encoding})
    for path in ("/poll?stream=runs", "/poll/queue?"):
        polls.append(http.client.HTTPConnection(host, port, timeout=120))
        polls[-1].request("GET", f"{path}&since=now&wait=30", headers=bearer(token))
    plain, packed = (stream.getresponse().read() for stream in streams)  # to their end
    for said in (plain, gzip.decompress(packed)):
        assert said.startswith(b"data: ") and b'{"op":"bye","code":"expired"' in said
    for poll in polls:
        answer = poll.getresponse()
        assert answer.status == 200 and json.loads(answer.read())["events"] == []
        poll.close()
    assert secured.http("GET", "/poll?stream=runs", headers=bearer(token))[0] == 401
    for ws in sockets:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            while True:
                ws.recv()
        assert closed.value.rcvd.code == 4401
        ws.close()


def test_renewal_on_a_live_connection(secured):
    ws = Ws(secured.url, "/ws", headers=bearer(hs256(ttl=3, scope="operator")))
    assert ws.recv()["op"] == "hello"
    assert ws.ask({"op": "run", "workflowId": "none", "ref": "1"})["code"] == "not_found"
    assert ws.ask({"op": "auth", "token": hs256(sub="bob"), "ref": "2"}) == {
        "op": "error", "code": "denied", "message": "the token is another's; connect anew with it", "ref": "2"}
    assert ws.ask({"op": "auth", "token": hs256(org="other")})["code"] == "denied"
    assert ws.ask({"op": "auth", "token": hs256(ttl=-1)})["code"] == "unauthenticated"
    assert ws.ask({"op": "auth", "token": "x"})["code"] == "unauthenticated"
    # Fewer scopes count at once.
    assert ws.ask({"op": "auth", "token": hs256(ttl=600), "ref": "3"}) == {"op": "ok", "ref": "3"}
    assert ws.ask({"op": "run", "workflowId": "none"})["code"] == "denied"
    assert ws.ask({"op": "cancel", "runId": "none"})["code"] == "denied"
    dialect = Ws(secured.url, "/ws/scraping/x", headers=bearer(hs256(ttl=3)))
    assert dialect.recv()["type"] == "connected"
    dialect.send({"type": "auth", "token": hs256(sub="bob")})
    assert dialect.recv()["code"] == "denied"
    dialect.send({"type": "auth"})
    assert dialect.recv()["code"] == "invalid"
    dialect.send({"type": "auth", "token": hs256(ttl=600)})
    assert dialect.recv() == {"type": "auth", "status": "ok"}
    short = Ws(secured.url, "/ws/scraping/x", headers=bearer(hs256(ttl=4)))
    with pytest.raises(websockets.ConnectionClosed):  # by then the first tokens of the others are over
        while True:
            short.recv()
    assert ws.ask({"op": "ping"})["op"] == "pong"
    dialect.send("ping")
    assert dialect.recv()["type"] == "pong"
    # A token that may no longer look at all.
    dialect.send({"type": "auth", "token": hs256(scope="none-of-ours")})
    with pytest.raises(websockets.ConnectionClosed) as closed:
        while True:
            dialect.recv()
    assert closed.value.rcvd.code == 4403
    for one in (ws, dialect, short):
        one.close()


def test_a_renewal_with_fewer_crews_ends_what_follows_others(secured):
    ws = Ws(secured.url, "/ws", headers=bearer(hs256(crews=["a", "b"])))
    assert ws.recv()["op"] == "hello"
    assert ws.ask({"op": "subscribe", "streams": ["crew:b"]})["op"] == "subscribed"
    assert ws.ask({"op": "auth", "token": hs256(crews=["b"])})["op"] == "ok"
    ws.send({"op": "auth", "token": hs256(crews=["a"])})
    with pytest.raises(websockets.ConnectionClosed) as closed:
        while True:
            ws.recv()
    assert closed.value.rcvd.code == 4403
    ws.close()


def test_a_subscription_that_waits_needs_the_token_of_its_turn(secured):
    for _ in range(5):
        ws = Ws(secured.url, "/ws", headers=bearer(hs256(crews=["a", "b"])))
        assert ws.recv()["op"] == "hello"
        try:
            ws.send({"op": "subscribe", "streams": ["runs"], "since": "start"})
            ws.send({"op": "subscribe", "streams": ["crew:b"]})
            ws.send({"op": "auth", "token": hs256(crews=["a"])})
            while ws.recv().get("code") != "denied":
                pass
        except websockets.ConnectionClosed as closed:  # it was quick enough to be followed before
            assert closed.rcvd.code == 4403
        ws.close()


def test_a_reload_to_tokens_ends_those_without(instance_of):
    it = instance_of((), without=["runner"])
    ws = Ws(it.url, "/ws")
    assert ws.recv()["op"] == "hello"
    with open(it.data / "runspool.conf", "a") as conf:
        conf.write(f"\nauth = jwt\nauth.secret = {SECRET}\n")
    import os
    import signal
    os.kill(it.pid("bridge"), signal.SIGHUP)
    with pytest.raises(websockets.ConnectionClosed) as closed:
        ws.recv()
    assert closed.value.rcvd.code == 4401 and "the token is over" in closed.value.rcvd.reason
    ws.close()
    assert it.http("GET", "/poll?stream=runs")[0] == 401
    assert it.http("GET", "/poll?stream=runs", headers=bearer(hs256()))[0] == 200
    # Another secret: the tokens of the old one are over on live connections, too.
    ws = Ws(it.url, "/ws", headers=bearer(hs256()))
    assert ws.recv()["op"] == "hello"
    text = (it.data / "runspool.conf").read_text()
    (it.data / "runspool.conf").write_text(text.replace(SECRET, SECRET + " but another"))
    os.kill(it.pid("bridge"), signal.SIGHUP)
    with pytest.raises(websockets.ConnectionClosed) as closed:
        ws.recv()
    assert closed.value.rcvd.code == 4401
    ws.close()


def test_runspool_token(secured):
    options = [part for setting in SETTINGS for part in ("--set", setting)]
    token = secured.cli("token", *options, "--sub", "ops", "--org", "acme", "--scope", "operator", "--crews", "a,b", "--ttl", "90s").strip()
    import jwt
    made = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert (made["sub"], made["org"], made["scope"], made["crews"]) == ("ops", "acme", "operator", ["a", "b"])
    assert 80 < made["exp"] - time.time() <= 90
    assert secured.http("GET", "/api/auth/session", headers=bearer(token))[2]["sub"] == "ops"
    plain = secured.json("token", *options)
    assert jwt.decode(plain["token"], SECRET, algorithms=["HS256"])["org"] == "default"
    assert secured.http("GET", "/api/runs", headers=bearer(plain["token"]))[0] == 200
    for wrong in (["--scope", "root"], ["--ttl", "soon"], ["--org", "a/b"], ["--crews", "../x"]):
        assert secured.cli("token", *options, *wrong, check=False).returncode == 1
    assert "auth.secret is not set" in secured.cli("token", check=False).stderr


def test_commands_on_this_machine_need_no_token(secured, tmp_path):
    definition = {"id": "local", "name": "Local", "nodes": [
        {"id": "t", "type": "trigger", "data": {"kind": "manual"}},
        {"id": "say", "type": "tool", "data": {"kind": "shell", "command": ["echo", "hello"]}}],
        "edges": [{"id": "e", "source": "t", "target": "say"}]}
    (tmp_path / "local.json").write_text(json.dumps(definition))
    secured.cli("workflow", "import", tmp_path / "local.json")
    assert "hello" in secured.cli("run", "local", "--follow")
    assert secured.json("status")["url"] == secured.url
    assert "run.finished" in secured.cli("tail", "runs", "--since", "start", "--no-follow", "--json")
    # They act for spool.org, whose runs those of other orgs do not see.
    assert secured.http("GET", "/api/runs", headers=bearer(hs256(org="default")))[2]["items"]
    assert secured.http("GET", "/api/runs", headers=bearer(hs256(org="acme")))[2]["items"] == []


def test_who_decides_is_who_the_token_names(secured):
    nodes = [{"id": "t", "type": "trigger", "data": {"kind": "manual"}},
             {"id": "ask", "type": "control", "data": {"kind": "approval", "message": "ok?"}}]
    edges = [{"id": "e", "source": "t", "target": "ask"}]
    headers = bearer(hs256(scope="operator"))
    status, _, answer = secured.http("POST", "/api/workflows/inline/run", {"nodes": nodes, "edges": edges}, headers)
    assert status == 202, answer
    run = answer["runId"]
    wait_until(lambda: [a for a in secured.http("GET", "/api/approvals", headers=headers)[2]["items"] if a["runId"] == run])
    path = f"/api/runs/{run}/nodes/ask/approve"
    assert secured.http("POST", path, {}, bearer(hs256(scope="viewer")))[0] == 403
    assert secured.http("POST", path, {}, bearer(hs256(scope="admin", org="other")))[0] == 404
    status, _, answer = secured.http("POST", path, {"by": "the boss"}, headers)
    assert status == 200 and answer["by"] == "ann"


def test_other_origins(instance_of):
    it = instance_of((*SETTINGS, "cors.origins=https://a.example, https://b.example"), without=["runner"])
    good, evil = {"Origin": "https://b.example"}, {"Origin": "https://evil.example"}
    for path, allow in (("/api/runs", "GET, HEAD, OPTIONS"), ("/api/poll", "GET, HEAD, OPTIONS"), ("/api/adws/x", None),
                        ("/sse", "GET, OPTIONS"), ("/poll/scraping/x", "GET, OPTIONS")):
        status, headers, _ = it.http("OPTIONS", path, headers={**good, "Access-Control-Request-Method": "GET"})
        assert status == 204 and headers["Access-Control-Allow-Origin"] == "https://b.example" and headers["Vary"] == "Origin"
        assert "Authorization" in headers["Access-Control-Allow-Headers"] and allow in (None, headers["Allow"])
        assert "Access-Control-Allow-Credentials" not in headers
        status, headers, _ = it.http("OPTIONS", path, headers=evil)
        assert status == 204 and "Access-Control-Allow-Origin" not in headers
        assert "Access-Control-Allow-Methods" not in headers and headers["Vary"] == "Origin"
    assert {"PUT", "PATCH", "DELETE"} <= set(it.http("OPTIONS", "/api/adws/x", headers=good)[1]["Access-Control-Allow-Methods"].split(", "))
    for path in ("/api/runs", "/poll?stream=runs", "/api/poll?stream=runs"):  # a page may read why it was refused
        status, headers, _ = it.http("GET", path, headers=good)
        assert status == 401 and headers["Access-Control-Allow-Origin"] == "https://b.example"
        assert "WWW-Authenticate" in headers["Access-Control-Expose-Headers"]
    token = bearer(hs256(scope="operator"))
    assert it.http("POST", "/api/workflows/none/run", {}, {**token, **good})[0] == 404
    assert it.http("POST", "/api/workflows/none/run", {}, {**token, **evil})[0] == 403
    assert it.http("POST", "/api/workflows/none/run", {}, {**token, "Origin": "null"})[0] == 403
    ws = Ws(it.url, "/ws", headers={**token, **good})
    assert ws.recv()["op"] == "hello"
    ws.close()
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        Ws(it.url, "/ws", headers={**token, **evil})
    assert refused.value.status_code == 403


def test_tools_do_not_find_the_secret(secured):
    script = "{ env; cat /proc/[0-9]*/environ 2>/dev/null; } | tr '\\0' '\\n' | grep '^RUNSPOOL_AUTH'; echo looked"
    nodes = [{"id": "t", "type": "trigger", "data": {"kind": "manual"}},
             {"id": "look", "type": "tool", "data": {"kind": "shell", "command": ["sh", "-c", script]}}]
    headers = bearer(hs256(scope="operator"))
    status, _, answer = secured.http("POST", "/api/workflows/inline/run",
                                     {"nodes": nodes, "edges": [{"id": "e", "source": "t", "target": "look"}]}, headers)
    assert status == 202, answer
    path = f"/api/runs/{answer['runId']}"
    wait_until(lambda: secured.http("GET", path, headers=headers)[2]["status"] == "success", what="the run")
    log = json.dumps(secured.http("GET", path + "/logs", headers=headers)[2])
    assert "looked" in log and SECRET not in log


def test_plain_cgi(secured):
    """What a web server hands over by its environment, under either name."""
    import os
    from conftest import BUILD

    def ask(program, path, **more):
        script = "/api/poll" if program == "events.fcgi" else "/api"
        environ = {"PATH": os.environ["PATH"], "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "SCRIPT_NAME": script,
                   "PATH_INFO": path, "QUERY_STRING": "stream=runs", "REMOTE_ADDR": "192.0.2.1", "SERVER_PROTOCOL": "HTTP/1.1",
                   "RUNSPOOL_DATA": str(secured.data), "RUNSPOOL_AUTH": "jwt", "RUNSPOOL_AUTH_SECRET": SECRET, **more}
        done = subprocess.run([BUILD / "fcgi" / program], env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        return int(done.stdout.split(b" ")[1])
    for program, path in (("api.fcgi", "/runs"), ("events.fcgi", "")):
        assert ask(program, path, HTTP_AUTHORIZATION=f"Bearer {hs256()}") == 200
        assert ask(program, path, REDIRECT_HTTP_AUTHORIZATION=f"Bearer {hs256()}") == 200
        assert ask(program, path, HTTP_COOKIE=f"runspool_session={hs256()}") == 200
        assert ask(program, path) == 401
        assert ask(program, path, HTTP_AUTHORIZATION=f"Bearer {hs256(ttl=-1)}") == 401
        assert ask(program, path, HTTP_TOKEN=hs256()) == 401
