"""The live doors through every web server that has a bridge behind it."""

import base64
import json
import os
import re
import threading
import time

import pytest

from clients import Emitter, Sse, Ws, get, poll, refused
from conftest import wait_until
from runs import chain, result
from sites import HEAVY, LIVE, ROOTS, SOME_LIVE, named

SOONER_THAN_A_HEARTBEAT = 10  # nothing else makes bytes move before 20 s


@pytest.fixture(scope="session")
def site(request, sites):
    return sites(*request.param)


@pytest.fixture
def emit(site):
    emitter = Emitter(site.instance.data / "spool.sock", f"test-{time.monotonic_ns()}")
    yield emitter.emit
    emitter.close()


all_sites = pytest.mark.parametrize("site", named(LIVE), indirect=True, scope="session")
every_site = pytest.mark.parametrize("site", named(SOME_LIVE), indirect=True, scope="session")
some_sites = all_sites if HEAVY else pytest.mark.parametrize("site", named(ROOTS), indirect=True, scope="session")


def connections(site, door):
    text = get(site.url, "/metrics")[2].decode()
    return int(re.search(rf'^runspool_connections{{door="{door}"}} (\d+)', text, re.M)[1])


def paths_of(site, door):
    """Every path there is for a door, of a run that has ended or with a name that need not exist."""
    if not hasattr(site, "ended"):
        nodes, edges = chain(result())
        site.ended = site.instance.inline(nodes, edges)
        site.instance.wait(site.ended)
    for stream in json.loads(get(site.url, "/api")[2])["streams"]:
        if door in stream["doors"]:
            path = re.sub(r"{run_?[iI]d}", site.ended, stream["path"])
            yield stream["path"], re.sub(r"{\w+}", "some", path)


@some_sites
def test_websocket_on_every_path(site):
    for _, path in paths_of(site, "ws"):
        try:
            Ws(site.url, "/ws" + path).close()  # one of a run that has ended may be closed at once
        except Exception as error:
            raise AssertionError(f"no WebSocket at {path}") from error
    with Ws(site.url, "/ws", subprotocols=["something", "runspool.v1"]) as ws:
        assert ws.subprotocol == "runspool.v1" and ws.recv()["op"] == "hello"


@every_site
def test_websocket_beside_the_api(site):
    """/api/workflow/stream goes to the bridge, though /api goes elsewhere."""
    with Ws(site.url, "/api/workflow/stream") as ws:
        ws.send({"action": "nothing of the kind"})
        assert ws.recv()["event"] == "error"


@every_site
def test_websocket_both_ways(site, emit):
    with Ws(site.url, "/ws") as ws:
        assert ws.recv()["op"] == "hello"
        assert ws.ask({"op": "subscribe", "streams": ["tool:both"]})["op"] == "subscribed"
        emit("tool:both", "log", {"level": "info", "message": "größer 🌱"})
        assert ws.recv()["data"]["message"] == "größer 🌱"
        emit("tool:both", "log", {"level": "info", "message": "x" * 60000})
        assert len(ws.recv()["data"]["message"]) == 60000
        assert ws.ask({"op": "ping"}) == {"op": "pong"}
        assert [e.name for e in ws.ws.extensions] == ["permessage-deflate"], "the offer or the answer is lost on the way"


@some_sites
def test_refusals_and_close_codes_come_through(site):
    assert refused(site.url, "/ws/workflows/r_unknown") == 404
    assert refused(site.url, "/ws/nothing/at/all") == 404
    status, _, body = get(site.url, "/ws")
    assert status == 426 and b"WebSocket" in body
    with Ws(site.url, "/ws") as ws:
        ws.send(b"binary")
        assert ws.close_code() == 1003
    with Ws(site.url, "/ws") as ws:
        ws.send("x" * 70000)
        assert ws.close_code() == 1009


@every_site
@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_events_are_not_held_back(site, emit, encoding):
    """Each arrives while nothing follows it."""
    with Sse(site.url, "/sse?stream=tool:prompt", timeout=SOONER_THAN_A_HEARTBEAT, encoding=encoding) as stream:
        assert stream.status == 200 and stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Content-Encoding"] == encoding
        assert stream.next()[1]["op"] == "hello"
        for n in range(3):
            emit("tool:prompt", "log", {"level": "info", "message": str(n)})
            assert stream.next()[1]["data"]["message"] == str(n)


@some_sites
def test_last_event_id_arrives(site, emit):
    emit("tool:cursor", "log", *({"level": "info", "message": str(n)} for n in range(4)))
    ids = [m["id"] for m in poll(site.url, "/poll", stream="tool:cursor", since="start")["events"]]
    with Sse(site.url, "/sse?stream=tool:cursor&since=start", last_event_id=ids[1], timeout=SOONER_THAN_A_HEARTBEAT) as stream:
        stream.next()
        assert [stream.next()[0] for _ in ids[2:]] == ids[2:]


@some_sites
@pytest.mark.parametrize("door", ["/poll", "/api/poll"])
def test_a_held_poll_is_answered_by_an_event(site, emit, door):
    if (site.kind, door) == ("apache-cgi", "/api/poll"):
        return  # never held
    answers = []
    began = poll(site.url, door, stream="tool:held")["next"]
    thread = threading.Thread(target=lambda: answers.append(poll(site.url, door, stream="tool:held", since=began, wait=25)))
    thread.start()
    if door == "/poll":
        wait_until(lambda: connections(site, "poll"), what="the poll")
    emit("tool:held", "log", {"level": "info", "message": "now"})
    thread.join(SOONER_THAN_A_HEARTBEAT)
    assert not thread.is_alive() and answers[0]["events"][0]["data"]["message"] == "now"


@some_sites
def test_a_client_that_has_gone_is_noticed(site, emit):
    """At the next event at the latest."""
    def gone():
        emit("tool:gone", "log", {"level": "info", "message": "anyone?"})
        return all(connections(site, door) <= n for door, n in zip(("ws", "sse"), before))

    before = [connections(site, door) for door in ("ws", "sse")]
    with Sse(site.url, "/sse?stream=tool:gone") as stream, Ws(site.url, "/ws/scraping/gone"):
        stream.next()
        wait_until(lambda: connections(site, "sse") > before[1] and connections(site, "ws") > before[0], what="both connections")
    wait_until(gone, what="the end of both connections")


@some_sites
@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_long_replay_is_streamed(site, emit, encoding):
    """20 MB through SSE, to a client that reads it slowly at first."""
    data = {"level": "info", "message": base64.b64encode(os.urandom(15000)).decode()}
    for _ in range(10):
        emit("tool:replay", "log", *[data] * 20)
    with Sse(site.url, "/sse?stream=tool:replay&since=start", encoding=encoding) as stream:
        stream.next()
        time.sleep(0.2)
        seqs = [stream.next()[1]["seq"] for _ in range(200)]
    assert seqs == list(range(seqs[0], seqs[0] + 200))


@pytest.mark.heavy
@all_sites
def test_a_poll_of_25_seconds_is_not_cut(site):
    for door in ("/poll", "/api/poll"):
        began = time.monotonic()
        assert poll(site.url, door, stream="tool:silent", since="now", wait=25)["events"] == []
        assert time.monotonic() - began >= 25 or (site.kind, door) == ("apache-cgi", "/api/poll")


@pytest.mark.heavy
@all_sites
def test_idle_connections_live_longer_than_a_minute(site, emit):
    with Ws(site.url, "/ws") as ws, Sse(site.url, "/sse?stream=tool:idle", timeout=30) as stream:
        ws.recv()
        ws.ask({"op": "subscribe", "streams": ["tool:idle"]})
        assert stream.next()[1]["op"] == "hello"
        # The stream's comments are read as they come; the socket's pings are answered by the library.
        threading.Timer(75, lambda: emit("tool:idle", "log", {"level": "info", "message": "still there"})).start()
        assert ws.recv(timeout=90)["data"]["message"] == "still there"
        assert stream.next()[1]["data"]["message"] == "still there"
        assert stream.comments >= 3
