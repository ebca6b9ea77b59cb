"""A web server that reads its configuration again loses nothing: no request, and no event for a client that comes back."""

import json
import threading
import time

import pytest

from clients import Emitter, Sse, Ws, get
from conftest import wait_until
from sites import HEAVY, ROOTS, named

pytestmark = pytest.mark.parametrize("site", named(ROOTS), indirect=True, scope="session")


@pytest.fixture(scope="session")
def site(request, sites):
    return sites(*request.param)


class Requests(threading.Thread):
    """REST, one request after the other, each on a connection of its own."""

    def __init__(self, site):
        super().__init__()
        self.site, self.stop, self.good, self.bad = site, False, 0, []

    def run(self):
        while not self.stop:
            try:
                status, _, body = get(self.site.url, "/api/runs?limit=1", timeout=120)
                good = status == 200 and "items" in json.loads(body)
            except Exception as error:
                good, body = False, repr(error).encode()
            self.good += good
            if not good:
                self.bad.append(body)


class Follower(threading.Thread):
    """A subscriber that comes back with its cursor whenever it is cut off."""

    def __init__(self, site, door):
        super().__init__()
        self.site, self.door, self.seen, self.since, self.stop = site, door, [], None, False

    def run(self):
        while not self.stop:
            try:
                self.follow_ws() if self.door == "ws" else self.follow_sse()
            except Exception:
                time.sleep(0.05)

    def take(self, event):
        self.since = event["id"]
        self.seen.append(event["data"]["n"])
        if event["data"].get("last"):
            self.stop = True

    def follow_ws(self):
        with Ws(self.site.url, "/ws") as ws:
            ws.recv()
            ws.ask({"op": "subscribe", "streams": ["tool:reload"], "since": self.since or "start"})
            while not self.stop:
                self.take(ws.recv())

    def follow_sse(self):
        with Sse(self.site.url, "/sse?stream=tool:reload" + ("" if self.since else "&since=start"), last_event_id=self.since) as stream:
            while not self.stop and (item := stream.next()):
                if item[1].get("op") != "hello":
                    self.take(item[1])


def test_graceful_reload_loses_nothing(site):
    emitter = Emitter(site.instance.data / "spool.sock", f"reload-{time.monotonic_ns()}")
    requests, followers = Requests(site), [Follower(site, "ws"), Follower(site, "sse")]
    n = 0
    emitter.emit("tool:reload", "log", {"n": n})
    for thread in (requests, *followers):
        thread.start()
    wait_until(lambda: requests.good and all(f.seen for f in followers), what="everyone")
    for _ in range(2 if HEAVY else 1):
        before = requests.good
        site.reload()
        for _ in range(20):
            n += 1
            emitter.emit("tool:reload", "log", {"n": n})
        wait_until(lambda: requests.good + len(requests.bad) > before + 20, what="requests after the reload")
    emitter.emit("tool:reload", "log", {"n": n + 1, "last": True})
    for thread in followers:
        thread.join(120)
        assert not thread.is_alive() and thread.seen == list(range(n + 2)), (thread.door, thread.seen[-5:], n)
    requests.stop = True
    requests.join(120)
    # mod_cgid's own daemon is not there for an instant; the client library asks again after a 503.
    bad = [b for b in requests.bad if site.kind != "apache-cgi" or b"503" not in b]
    assert not bad, (bad[:3], site.logs())
    emitter.close()
