"""Part B, the native protocol: hello, subscriptions, canonical events, views, and what may be asked on the socket."""

import urllib.parse

import pytest

from doors import PREFIX, Ws, number, open_streams
from install import START, delay, fails, result, transform
from proof import Proven, Recording, Source, check_messages, prove_same

LAST = ("run.finished", "run.failed", "run.cancelled")
STATES = {"run": {"workflowId", "name", "status", "progress", "attempt"}, "node": {"nodeId", "kind", "attempt", "status"}}
BAD_STREAMS = ("", "run", "run:", "run:a b", "run:" + "x" * 129, "nope:x", "nope", "*", "*:x", "run:*x", "run:a*", "run:x/y",
               "run:\u00e4", "run:\U0001f600", "Run:x", "runs:x", "run:x:y", "run:\x00", "queue:x", "../runs")
HOMES = ("run", "workflow", "tool", "session", "crew", "mission", "adw")
BARE = ("runs", "workflows", "history", "queue", "adws", "routes", "system", "webhooks")


def is_last(event):
    return event["type"] in LAST


def graph(pause_ms):
    """Two nodes side by side after a pause, in which followers join."""
    nodes = [START, delay("pause", pause_ms), transform("left", "{side: \"left\"}"), transform("right", "[1, 2, 3]"), result()]
    edges = [(a, b) for a, b in (("start", "pause"), ("pause", "left"), ("pause", "right"), ("left", "done"), ("right", "done"))]
    return nodes, [{"id": f"e{i}", "source": a, "target": b} for i, (a, b) in enumerate(edges)]


@pytest.fixture(scope="module")
def recorded(install):
    """One run seen as its own stream and as the views it belongs to."""
    nodes, edges = graph(install.pause)
    workflow = install.save(nodes, edges, crewId=install.name("crew"))
    view = Recording(Source(install, streams=[f"workflow:{workflow}"], ends=False), is_last, opened=False)
    run = install.start(workflow)
    home = Recording(Source(install, streams=[f"run:{run}"]), is_last, opened=False)
    record = install.wait(run)
    assert record["status"] == "success", record
    return {"home": home.finish(), "view": view.finish(), "run": run, "workflow": workflow}


class TestRun(Proven):
    @pytest.fixture
    def recording(self, recorded):
        return recorded["home"]

    def test_events_are_canonical(self, recording, recorded):
        for event in recording.reference:
            assert {"id", "stream", "seq", "type", "time", "org", "data"} <= set(event), event
            assert event["stream"] == f"run:{recorded['run']}" and isinstance(event["data"], dict)
            assert STATES.get(event["type"].partition(".")[0], set()) <= set(event["data"]), event

    def test_seq_has_no_holes_and_the_terminal_one_is_the_last(self, recording):
        assert [event["seq"] for event in recording.reference] == list(range(1, len(recording.reference) + 1))
        assert [is_last(event) for event in recording.reference].index(True) == len(recording.reference) - 1

    def test_each_node_starts_and_finishes(self, recording):
        for node in ("start", "pause", "left", "right", "done"):
            types = [e["type"] for e in recording.reference if e["data"].get("nodeId") == node and e["type"].startswith("node.")]
            assert types[0] == "node.started" and types[-1] == "node.finished", (node, types)

    def test_rest_gives_the_same_events(self, install, recording, recorded):
        items, cursor = [], None
        while True:
            page = install.good("GET", f"/api/runs/{recorded['run']}/events?limit=5" + (f"&cursor={cursor}" if cursor else ""))
            items += page["items"]
            cursor = page["next"]
            if not cursor:
                break
        prove_same("GET /api/runs/{id}/events", items, recording.reference)


class TestView(Proven):
    @pytest.fixture
    def recording(self, recorded):
        return recorded["view"]

    def test_the_view_is_the_run(self, recording, recorded):
        prove_same("the view", recording.reference, recorded["home"].reference)


def test_a_failed_run_ends_with_a_coded_error(install, door):
    record = install.ended([START, fails(), result()])
    with open_streams(install.place, door, [f"run:{record['id']}"], "start", install.token) as follower:
        events = follower.until(is_last)
    assert events[-1]["type"] == "run.failed" and record["status"] == "error"
    error = events[-1]["data"]["error"]
    assert error["code"] == "expression" and error["message"] and error.get("nodeId", "breaks") == "breaks", error
    broken = [e for e in events if e["type"] == "node.failed"]
    assert [e["data"]["nodeId"] for e in broken] == ["breaks"] and broken[0]["data"]["error"]["code"] == "expression"


def test_a_cancelled_run_ends_with_cancelled(install, door):
    run = install.start_inline([START, delay("long", 60000), result()])
    install.wait(run, ("running",))
    install.cancel(run)
    with open_streams(install.place, door, [f"run:{run}"], "start", install.token) as follower:
        events = follower.until(is_last)
    assert events[-1]["type"] == "run.cancelled" and events[-1]["data"]["status"] == "cancelled"
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("kind", ("tool", "crew", "mission"))
def test_an_event_from_outside_lives_in_the_stream_it_names(install, door, kind):
    stream = f"{kind}:{install.name()}"
    with open_streams(install.place, door, [stream], "now", install.token) as follower:
        for n in (1, 2, 3):
            install.emit(stream, "note.taken", {"n": n, "text": "\u00fc \U0001f600 \" \\"})
        events = follower.take(3)
    check_messages(events)
    assert [(e["stream"], e["seq"], e["type"], e["data"]["n"]) for e in events] == [(stream, n, "note.taken", n) for n in (1, 2, 3)]
    assert all(e["data"]["text"] == "\u00fc \U0001f600 \" \\" for e in events)


def test_an_event_that_matches_two_streams_comes_once(install, door):
    name = install.name()
    with open_streams(install.place, door, [f"tool:{name}", "tool:*"], "now", install.token) as follower:
        for n in range(3):
            install.emit(f"tool:{name}", "log", {"level": "info", "message": str(n)})
        mine = []
        while len(mine) < 3:
            event = follower.read()
            mine += [event] if event["stream"] == f"tool:{name}" else []
        assert [e["data"]["message"] for e in mine] == ["0", "1", "2"]


@pytest.mark.parametrize("stream", BAD_STREAMS)
def test_a_stream_that_is_none_is_400(install, door, stream):
    if door == "ws":
        with Ws(install.place, "/ws", install.token) as ws:
            ws.recv()
            assert ws.ask({"op": "subscribe", "streams": [stream]})["op"] == "error"
            assert ws.ask({"op": "ping"}) == {"op": "pong"}
    else:
        assert install.rest("GET", f"{PREFIX[door]}?stream={urllib.parse.quote(stream)}").status == 400


def test_no_stream_at_all_is_400(install, door):
    if door == "ws":
        with Ws(install.place, "/ws", install.token) as ws:
            ws.recv()
            for streams in (None, [], "runs", [1], {}):
                assert ws.ask({"op": "subscribe", "streams": streams})["op"] == "error", streams
    else:
        assert install.rest("GET", PREFIX[door]).status == 400


def test_every_stream_of_the_list_can_be_followed(install, door):
    streams = [f"{kind}:*" for kind in HOMES] + [f"{kind}:{install.name()}" for kind in HOMES] + list(BARE)
    open_streams(install.place, door, streams, "now", install.token).close()


# The socket's own words

@pytest.fixture
def socket(install, ws):
    with Ws(install.place, "/ws", install.token, subprotocols=["runspool.v1"]) as it:
        it.hello = it.recv()
        yield it


class TestSocket:
    def test_hello_comes_first(self, socket, ws):
        hello = socket.hello
        assert hello["op"] == "hello" and hello["protocol"] == "runspool.v1" and "id" not in hello
        assert isinstance(hello["head"], str) and number(hello["head"])[0] >= 0 and hello["heartbeatMs"] > 0
        assert socket.subprotocol == "runspool.v1"

    def test_without_a_subprotocol_none_is_selected(self, install, ws):
        with Ws(install.place, "/ws", install.token) as it:
            assert it.recv()["op"] == "hello" and it.subprotocol is None

    def test_subscribed_comes_before_the_replay(self, socket, ws, install):
        stream = f"tool:{install.name()}"
        install.emit(stream, "log", {"level": "info", "message": "old"})
        socket.send({"op": "subscribe", "streams": [stream], "since": "start"})
        subscribed = socket.recv()
        assert subscribed["op"] == "subscribed" and subscribed["streams"] == [stream] and number(subscribed["head"])[0] > 0
        assert socket.recv()["data"]["message"] == "old"

    def test_unsubscribed_streams_are_silent(self, socket, ws, install):
        one, two = f"tool:{install.name()}", f"tool:{install.name()}"
        assert socket.ask({"op": "subscribe", "streams": [one, two]})["op"] == "subscribed"
        answer = socket.ask({"op": "unsubscribe", "streams": [one]})
        assert answer["op"] == "unsubscribed" and answer["streams"] == [one]
        install.emit(one, "log", {"level": "info", "message": "unseen"})
        install.emit(two, "log", {"level": "info", "message": "seen"})
        assert socket.recv()["data"]["message"] == "seen"

    def test_a_later_since_replays_that_subscription_only(self, socket, ws, install):
        one, two = f"tool:{install.name()}", f"tool:{install.name()}"
        for n in range(2):
            install.emit(one, "log", {"level": "info", "message": f"one {n}"})
            install.emit(two, "log", {"level": "info", "message": f"two {n}"})
        for stream, word in ((one, "one"), (two, "two")):
            assert socket.ask({"op": "subscribe", "streams": [stream], "since": "start"})["op"] == "subscribed"
            assert [socket.recv()["data"]["message"] for _ in range(2)] == [f"{word} 0", f"{word} 1"]
        assert socket.ask({"op": "ping"}) == {"op": "pong"}

    def test_ping_is_answered_without_an_id(self, socket, ws):
        assert socket.ask({"op": "ping"}) == {"op": "pong"}

    def test_run_and_cancel(self, socket, ws, install):
        workflow = install.save([START, delay("long", 60000), result()])
        answer = socket.ask({"op": "run", "ref": "r1", "workflowId": workflow, "input": {"a": 1}})
        assert answer["op"] == "ok" and answer["ref"] == "r1" and answer["runId"], answer
        record = install.wait(answer["runId"], ("running",))
        assert record["workflowId"] == workflow and record["input"] == {"a": 1}
        cancelled = socket.ask({"op": "cancel", "runId": answer["runId"], "ref": "r2"})
        assert cancelled["op"] == "ok" and cancelled["ref"] == "r2"
        assert install.wait(answer["runId"])["status"] == "cancelled"
        again = socket.ask({"op": "cancel", "runId": answer["runId"], "ref": "r3"})
        assert again["op"] == "error" and again["ref"] == "r3" and again["code"] and again["message"]

    @pytest.mark.parametrize("ask", ({"op": "run", "workflowId": "no-such"}, {"op": "cancel", "runId": "no-such"}, {"op": "run"},
                                     {"op": "cancel"}, {"op": "run", "workflowId": "../x"}, {"op": "cancel", "runId": "\x00"}))
    def test_what_is_not_there_is_an_error_with_its_ref(self, socket, ws, ask):
        answer = socket.ask({**ask, "ref": "mine"})
        assert answer["op"] == "error" and answer["ref"] == "mine" and answer["code"] and answer["message"], answer

    @pytest.mark.parametrize("since", ("x", "-1", "1.", "", 5, None, [], {"a": 1}))
    def test_a_malformed_since_is_an_error(self, socket, ws, since):
        answer = socket.ask({"op": "subscribe", "streams": ["runs"], "since": since})
        assert answer["op"] == "error" or since is None, answer
        assert socket.ask({"op": "ping"}) == {"op": "pong"}

    def test_rubbish_is_answered_and_the_connection_lives(self, socket, ws):
        for rubbish in ("", "x", "{", "null", "1", "[]", '"op"', "{}", '{"op":1}', '{"op":"nonsense"}', '{"op":null}', '{"op":"hello"}',
                        '{"op":"subscribe"}', "[" * 1000 + "]" * 1000, '{"op":"ping"} {"op":"ping"}', "\x00", "x" * 65536):
            answer = socket.ask(rubbish)
            assert answer["op"] == "error" and answer["code"] and answer["message"] and "id" not in answer, (rubbish[:40], answer)
        assert socket.ask({"op": "ping"}) == {"op": "pong"}

    def test_over_1000_subscriptions_are_refused_with_limit(self, socket, ws, install):
        name = install.name()
        for batch in range(10):
            streams = [f"tool:{name}-{batch * 100 + i}" for i in range(100)]
            assert socket.ask({"op": "subscribe", "streams": streams})["op"] == "subscribed"
        answer = socket.ask({"op": "subscribe", "streams": [f"tool:{name}-1000"]})
        assert answer["op"] == "error" and answer["code"] == "limit", answer
        assert socket.ask({"op": "subscribe", "streams": [f"tool:{name}-5"]})["op"] == "subscribed", "it is one of the 1,000"
        assert socket.ask({"op": "unsubscribe", "streams": [f"tool:{name}-7"]})["op"] == "unsubscribed"
        assert socket.ask({"op": "subscribe", "streams": [f"tool:{name}-1000"]})["op"] == "subscribed"
        install.emit(f"tool:{name}-999", "log", {"level": "info", "message": "held"})
        assert socket.recv()["data"]["message"] == "held"
