"""The native protocol on a bridge alone: /ws, /sse, /poll."""

import json
import threading
import time

import pytest

from clients import UPGRADE, Sse, Ws, get, number, poll, refused, with_query
from runs import GATE, chain, result, shell

pytest_plugins = ["bridge_fixture"]


def ids(messages):
    return [m["id"] for m in messages]


def subscribe(ws, *streams, since=None):
    """Subscribe; the answer."""
    answer = ws.ask({"op": "subscribe", "streams": list(streams), **({} if since is None else {"since": since})})
    assert answer["op"] == "subscribed", answer
    return answer


def alive(ws):
    assert ws.ask({"op": "ping"}) == {"op": "pong"}


@pytest.fixture
def ws(bridge):
    with Ws(bridge.url, "/ws") as it:
        it.hello = it.recv()
        yield it


# Handshake

def test_hello_is_first(ws):
    assert ws.hello["op"] == "hello" and ws.hello["protocol"] == "runspool.v1"
    number(ws.hello["head"])
    assert isinstance(ws.hello["heartbeatMs"], int) and ws.hello["heartbeatMs"] > 0
    assert "id" not in ws.hello


@pytest.mark.parametrize("offered, selected", [
    (None, None),
    (["runspool.v1"], "runspool.v1"),
    (["token", "x.y.z"], "token"),
    (["token", "x" * 3000], "token"),
    (["runspool.v1", "token", "x.y.z"], "runspool.v1"),
])
def test_subprotocols(bridge, offered, selected):
    with Ws(bridge.url, "/ws", subprotocols=offered) as ws:
        assert ws.subprotocol == selected
        assert ws.recv()["op"] == "hello"


def test_plain_get_on_a_socket_url_is_426(bridge):
    for path in ("/ws", "/ws/scraping/x", "/ws/workflows/r_nobody"):
        status, headers, _ = get(bridge.url, path)
        assert status == 426, path


@pytest.mark.parametrize("path", ["/sse?stream=runs", "/poll?stream=runs", "/sse/scraping/x", "/poll/scraping/x"])
def test_upgrade_elsewhere_is_400(bridge, path):
    assert get(bridge.url, path, headers=UPGRADE)[0] == 400


@pytest.mark.parametrize("path", ["/ws/nonsense", "/ws/scraping", "/ws/scraping/a/b"])
def test_unknown_endpoints_are_404(bridge, path):
    assert refused(bridge.url, path) == 404
    assert get(bridge.url, path.replace("/ws", "/sse"))[0] == 404
    assert get(bridge.url, path.replace("/ws", "/poll"))[0] == 404


@pytest.mark.parametrize("path", ["/ws/scraping/a%20b", "/ws/scraping/a%3Ab", "/ws/scraping/" + "x" * 129, "/ws/workflows/%2E%2E"])
def test_ids_out_of_their_alphabet(bridge, path):
    assert refused(bridge.url, path) in (400, 404)
    assert get(bridge.url, path.replace("/ws", "/sse"))[0] in (400, 404)
    assert get(bridge.url, path.replace("/ws", "/poll"))[0] in (400, 404)


# Subscriptions

def test_subscribed_then_live(ws, emit, name):
    answer = subscribe(ws, f"run:{name}")
    assert answer["streams"] == [f"run:{name}"]
    number(answer["head"])
    emit(f"run:{name}", "node.started", {"nodeId": "n"})
    event = ws.recv()
    assert event["stream"] == f"run:{name}" and event["type"] == "node.started" and event["seq"] == 1
    assert event["data"] == {"nodeId": "n"} and event["org"] == "default"
    assert number(event["id"]) > number(answer["head"])
    time.strptime(event["time"], "%Y-%m-%dT%H:%M:%S." + event["time"][20:23] + "Z")


def test_any_type_from_outside_is_shown(ws, emit, name):
    subscribe(ws, f"crew:{name}")
    emit(f"crew:{name}", "weather.rain_today", {"a": ["é", None, 1.5, {"b": True}]})
    event = ws.recv()
    assert (event["type"], event["data"]) == ("weather.rain_today", {"a": ["é", None, 1.5, {"b": True}]})


def test_without_since_means_now(ws, emit, name):
    emit(f"run:{name}", "log", {"message": "before"})
    subscribe(ws, f"run:{name}")
    emit(f"run:{name}", "log", {"message": "after"})
    assert ws.recv()["data"]["message"] == "after"


def test_since_now_start_and_id(bridge, ws, emit, name):
    emit(f"run:{name}", "log", *[{"i": i} for i in range(10)])
    subscribe(ws, f"run:{name}", since="start")
    replay = [ws.recv() for _ in range(10)]
    assert [m["data"]["i"] for m in replay] == list(range(10))
    assert [m["seq"] for m in replay] == list(range(1, 11))
    assert sorted(ids(replay), key=number) == ids(replay)
    for cut in (0, 4, 9):
        with Ws(bridge.url, "/ws") as other:
            other.recv()
            subscribe(other, f"run:{name}", since=replay[cut]["id"])
            assert [other.recv() for _ in range(9 - cut)] == replay[cut + 1:]
            alive(other)
    subscribe(ws, f"tool:{name}", since="now")
    emit(f"tool:{name}", "log", {"i": 10})
    assert ws.recv()["data"]["i"] == 10


def test_several_subscriptions_one_event(ws, emit, name):
    subscribe(ws, f"run:{name}")
    subscribe(ws, "runs", "run:*")
    subscribe(ws, f"run:{name}", "system")
    emit(f"run:{name}", "log", {"i": 1}, {"i": 2})
    assert [ws.recv()["data"]["i"] for _ in range(2)] == [1, 2]
    emit("system", "state.changed", {"i": 3})
    assert ws.recv()["data"]["i"] == 3
    alive(ws)


def test_a_later_since_replays_that_subscription_only(ws, emit, name):
    a, b = f"run:{name}-a", f"run:{name}-b"
    emit(a, "log", {"i": "a1"})
    subscribe(ws, a, since="start")
    assert ws.recv()["data"]["i"] == "a1"
    emit(b, "log", {"i": "b1"}, {"i": "b2"})
    emit(a, "log", {"i": "a2"})
    assert ws.recv()["data"]["i"] == "a2"
    subscribe(ws, b, since="start")
    assert [ws.recv()["data"]["i"] for _ in range(2)] == ["b1", "b2"]
    emit(a, "log", {"i": "a3"})
    emit(b, "log", {"i": "b3"})
    assert [ws.recv()["data"]["i"] for _ in range(2)] == ["a3", "b3"]


def test_replay_and_live_meet_without_gap_or_duplicate(bridge, emit, name):
    """Events are appended while a replay of several chunks goes on."""
    total = 700
    emit(f"run:{name}", "log", *[{"i": i} for i in range(total)])

    def more(first):
        for i in range(first, first + 20):
            emit(f"run:{name}", "log", {"i": i})

    for _ in range(15):
        with Ws(bridge.url, "/ws") as ws:
            ws.recv()
            thread = threading.Thread(target=more, args=(total,))
            thread.start()
            total += 20
            subscribe(ws, f"run:{name}", since="start")
            assert [ws.recv()["data"]["i"] for _ in range(total)] == list(range(total))
            thread.join()
            alive(ws)


def test_unsubscribe(ws, emit, name):
    subscribe(ws, f"run:{name}-a", f"run:{name}-b")
    answer = ws.ask({"op": "unsubscribe", "streams": [f"run:{name}-a"]})
    assert answer["op"] == "unsubscribed" and answer["streams"] == [f"run:{name}-a"]
    emit(f"run:{name}-a", "log", {"i": 1})
    emit(f"run:{name}-b", "log", {"i": 2})
    assert ws.recv()["data"]["i"] == 2
    assert ws.ask({"op": "unsubscribe", "streams": [f"run:{name}-b"]})["op"] == "unsubscribed"
    emit(f"run:{name}-b", "log", {"i": 3})
    alive(ws)


def test_views_of_tools_and_kinds(ws, emit, name):
    subscribe(ws, f"tool:{name}", "crew:*")
    emit(f"tool:{name}", "scrape.progress", {"i": 1})
    emit(f"crew:{name}", "crew.signal", {"i": 2})
    assert [ws.recv()["data"]["i"] for _ in range(2)] == [1, 2]


# Bad frames

@pytest.mark.parametrize("frame", [
    "", "ping pong", "{", "[]", "7", "null", "\"text\"", "{}", "{\"op\":7}", "{\"op\":\"nonsense\"}",
    "{\"op\":\"subscribe\"}", "{\"op\":\"subscribe\",\"streams\":\"run:a\"}", "{\"op\":\"subscribe\",\"streams\":[7]}",
    "{\"op\":\"subscribe\",\"streams\":[]}",
    "{\"op\":\"subscribe\",\"streams\":[\"nonsense:a\"]}", "{\"op\":\"subscribe\",\"streams\":[\"run:\"]}",
    "{\"op\":\"subscribe\",\"streams\":[\"run:a*\"]}", "{\"op\":\"subscribe\",\"streams\":[\"run:a b\"]}",
    "{\"op\":\"subscribe\",\"streams\":[\"run:" + "x" * 129 + "\"]}",
    "{\"op\":\"subscribe\",\"streams\":[\"run:a\"],\"since\":\"yesterday\"}",
    "{\"op\":\"subscribe\",\"streams\":[\"run:a\"],\"since\":\"-1\"}",
    "{\"op\":\"subscribe\",\"streams\":[\"run:a\"],\"since\":\"99999999999999999999\"}",
    "{\"op\":\"subscribe\",\"streams\":[\"run:a\"],\"since\":7.5}",
    "{\"op\":\"run\"}", "{\"op\":\"cancel\"}", "[" * 100 + "]" * 100,
    "{\"op\":\"ping\"}{\"op\":\"ping\"}",
])
def test_rubbish_is_answered_and_survived(ws, frame):
    ws.send(frame)
    answer = ws.recv()
    assert answer["op"] == "error" and answer["code"] and answer["message"], answer
    assert "id" not in answer
    alive(ws)


def test_a_bad_stream_subscribes_none(ws, emit, name):
    ws.send({"op": "subscribe", "streams": [f"run:{name}", "nonsense:x"]})
    assert ws.recv()["op"] == "error"
    emit(f"run:{name}", "log", {})
    alive(ws)


def test_a_frame_of_64_kib_passes_and_a_larger_one_closes_1009(bridge):
    fits = json.dumps({"op": "ping", "pad": ""})
    fits = fits.replace('""', '"' + "x" * (64 * 1024 - len(fits)) + '"')
    assert len(fits) == 64 * 1024
    with Ws(bridge.url, "/ws") as ws:
        ws.recv()
        assert ws.ask(fits) == {"op": "pong"}
        ws.send(fits[:20] + "x" * 1024 + fits[20:])
        assert ws.close_code() == 1009


def test_a_message_over_64_kib_in_fragments_closes_1009(bridge):
    with Ws(bridge.url, "/ws") as ws:
        ws.recv()
        ws.send_fragments("{\"op\":", "\"ping\"}")
        assert ws.recv() == {"op": "pong"}
        ws.send_fragments("x" * 40000, "y" * 40000)
        assert ws.close_code() == 1009


@pytest.mark.parametrize("path", ["/ws", "/ws/scraping/x"])
def test_binary_closes_1003(bridge, path):
    with Ws(bridge.url, path) as ws:
        ws.recv()
        ws.send(b"\x00\x01")
        assert ws.close_code() == 1003


@pytest.mark.parametrize("path", ["/ws", "/ws/scraping/x"])
@pytest.mark.parametrize("text", [b"\xff\xfe", b"{\"op\":\"\xc0\xaf\"}", b"\xed\xa0\x80", b"\xe2\x82"])
def test_bad_utf8_closes_1007(bridge, path, text):
    with Ws(bridge.url, path) as ws:
        ws.recv()
        ws.send_raw_text(text)
        assert ws.close_code() == 1007


def test_a_thousand_subscriptions_and_no_more(ws, emit, name):
    names = [f"run:{name}-{i}" for i in range(1001)]
    for i in range(0, 1000, 250):
        subscribe(ws, *names[i:i + 250])
    ws.send({"op": "subscribe", "streams": names[1000:]})
    answer = ws.recv()
    assert (answer["op"], answer["code"]) == ("error", "limit")
    emit(names[1000], "log", {"i": 1})
    emit(names[999], "log", {"i": 2})
    assert ws.recv()["data"]["i"] == 2
    assert subscribe(ws, names[0])["op"] == "subscribed"  # known already: not one more
    ws.ask({"op": "unsubscribe", "streams": names[:1]})
    subscribe(ws, names[1000])


def test_a_thousand_and_one_at_once(ws):
    ws.send({"op": "subscribe", "streams": [f"run:{i}" for i in range(1001)]})
    answer = ws.recv()
    assert (answer["op"], answer["code"]) == ("error", "limit")
    alive(ws)


def test_run_and_cancel_of_what_is_not_there(ws):
    for op in ({"op": "run", "workflowId": "nobody"}, {"op": "cancel", "runId": "r_nobody"}):
        answer = ws.ask({**op, "ref": "abc"})
        assert answer["op"] == "error" and answer["ref"] == "abc" and answer["message"]
        assert answer["code"] == "not_found"
    alive(ws)


def test_run_with_ref_and_follow(instance):
    with Ws(instance.url, "/ws", subprotocols=["runspool.v1"]) as ws:
        assert ws.recv()["op"] == "hello"
        answer = ws.ask({"op": "run", "ref": "my run", "workflowId": "test-workflow", "input": {"limit": 30}})
        assert (answer["op"], answer["ref"]) == ("ok", "my run")
        run = answer["runId"]
        subscribe(ws, f"run:{run}", since="start")
        events = ws.until(lambda m: m["type"] in ("run.finished", "run.failed", "run.cancelled"))
        assert events[0]["type"] == "run.queued" and events[-1]["type"] == "run.finished"
        assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
        assert events[-1]["data"]["output"]["count"] == 10  # primes below 30
        assert events[0]["data"]["workflowId"] == "test-workflow"
        answer = ws.ask({"op": "run", "ref": "bad", "workflowId": "test-workflow", "input": {"limit": "many"}})
        assert (answer["op"], answer["ref"]) == ("error", "bad") and answer["message"]
        answer = ws.ask({"op": "cancel", "ref": "late", "runId": run})
        assert (answer["op"], answer["ref"], answer["code"]) == ("error", "late", "conflict")


def test_cancel_with_ref(instance):
    run = instance.inline(*chain(shell("waits", GATE), result()))
    with Ws(instance.url, "/ws") as ws:
        ws.recv()
        subscribe(ws, f"run:{run}", since="start")
        ws.until(lambda m: m["type"] == "node.started" and m["data"]["nodeId"] == "waits")
        ws.send({"op": "cancel", "ref": "c", "runId": run})
        messages = ws.until(lambda m: m.get("type") == "run.cancelled")
        replies = [m for m in messages if "op" in m]
        assert len(replies) <= 1
        reply = replies[0] if replies else ws.recv()
        assert reply["op"] == "ok" and reply["ref"] == "c"
        types = [(m["type"], m["data"].get("nodeId")) for m in messages if "type" in m]
        assert ("node.cancelled", "waits") in types


def test_a_workflow_is_followed_through_its_view(instance):
    with Ws(instance.url, "/ws") as ws, Sse(instance.url, "/sse?stream=workflow:test-workflow") as sse:
        ws.recv()
        sse.next()
        subscribe(ws, "workflow:test-workflow", "crew:examples")
        since = poll(instance.url, "/api/poll", stream="workflow:test-workflow")["next"]
        run = instance.run("test-workflow")
        all_events = ws.until(lambda m: m["type"] == "run.finished")
        events = [e for e in all_events if e["stream"] != "mission:examples"]  # a crew's signals show in the crew's view
        assert {e["stream"] for e in events} == {f"run:{run}"}
        assert [sse.next()[1] for _ in events] == events
        polled = poll(instance.url, "/api/poll", stream="crew:examples", since=since)["events"]
        assert polled[:len(all_events)] == all_events


def test_auth_is_answered(ws):
    assert ws.ask({"op": "auth", "token": "x.y.z", "ref": "r"})["op"] in ("ok", "error")
    alive(ws)


def test_changes_of_a_client_that_does_not_read_are_bounded(bridge, ws, emit, name):
    for _ in range(40):
        emit(f"run:{name}", "log", *[{"text": "x" * 5000}] * 100)
    subscribe(ws, f"run:{name}", since="start")  # more than the sockets hold: it has not caught up while we do not read
    some = [f"run:{name[:10]}-{i}" for i in range(2500)]
    for _ in range(4):
        ws.send({"op": "unsubscribe", "streams": some})
    for _ in range(100):  # turns of the bridge's loop, each of which reads a part, before we read
        get(bridge.url, "/healthz")
    ops = [m["op"] for m in ws.until(lambda m: m.get("seq") == 4000) if "op" in m]
    while len(ops) < 4:
        ops.append(ws.recv()["op"])
    assert sorted(ops) == ["error"] + ["unsubscribed"] * 3
    alive(ws)


# Gaps

def test_a_future_cursor_of_a_thousand_streams_gets_a_gap_for_each(ws, name):
    streams = [f"run:{name[:30]}-{i}" for i in range(1000)]  # more than one portion of a replay
    subscribe(ws, *streams, since="900000000")
    assert [ws.recv()["stream"] for _ in streams] == streams
    alive(ws)


def test_a_future_cursor_gets_a_gap_then_live(bridge, ws, emit, name):
    emit(f"run:{name}", "log", {"i": 0})
    head = int(poll(bridge.url, "/poll", stream=f"run:{name}", since="start")["next"])
    gap = {"op": "gap", "stream": f"run:{name}", "first": str(head + 1), "last": str(head + 5000)}
    subscribe(ws, f"run:{name}", since=str(head + 5000))
    assert ws.recv() == gap
    answer = poll(bridge.url, "/poll", stream=f"run:{name}", since=str(head + 5000))
    assert (answer["events"], answer["next"]) == ([gap], str(head))
    with Sse(bridge.url, with_query("/sse", stream=f"run:{name}", since=str(head + 5000))) as sse:
        assert sse.next()[1]["op"] == "hello"
        assert sse.next() == (None, gap)
        emit(f"run:{name}", "log", {"i": 1})
        assert ws.recv()["data"] == {"i": 1}
        assert sse.next()[1]["data"] == {"i": 1}


# Server-Sent Events

def test_sse_form(bridge, emit, name):
    emit(f"run:{name}", "log", {"text": "two\nlines é"})
    with Sse(bridge.url, with_query("/sse", stream=f"run:{name}", since="start")) as sse:
        assert sse.status == 200
        assert sse.headers["Content-Type"].split(";")[0] == "text/event-stream"
        assert sse.headers["Cache-Control"] == "no-store"
        assert sse.headers["X-Accel-Buffering"] == "no"
        ident, hello = sse.next()
        assert ident is None and hello["op"] == "hello" and "id" not in hello
        ident, event = sse.next()
        assert ident == event["id"] and event["data"]["text"] == "two\nlines é"
        emit(f"run:{name}", "log", {"text": "live"})
        ident, event = sse.next()
        assert ident == event["id"] and event["data"]["text"] == "live"


def test_sse_several_streams(bridge, emit, name):
    path = with_query("/sse", stream=[f"run:{name}-a", f"run:{name}-b"])
    with Sse(bridge.url, path) as sse:
        assert sse.next()[1]["op"] == "hello"
        for i, letter in enumerate("abcab"):
            emit(f"run:{name}-{letter}", "log", {"i": i})
        assert [sse.next()[1]["data"]["i"] for _ in range(4)] == [0, 1, 3, 4]


def test_last_event_id_wins(bridge, emit, name):
    emit(f"run:{name}", "log", *[{"i": i} for i in range(4)])
    replay = poll(bridge.url, "/poll", stream=f"run:{name}", since="start")["events"]
    with Sse(bridge.url, with_query("/sse", stream=f"run:{name}", since="start"), last_event_id=replay[1]["id"]) as sse:
        sse.next()
        assert [sse.next()[1] for _ in range(2)] == replay[2:]


def test_sse_of_an_ended_run_ends_and_is_204_afterwards(bridge, emit, name):
    path = with_query("/sse", stream=f"run:{name}", since="start")
    with Sse(bridge.url, path) as live:
        emit(f"run:{name}", "run.started", {})
        emit(f"run:{name}", "run.finished", {})
        messages = live.until(lambda m: False)
    assert [m["type"] for m in messages] == ["run.started", "run.finished"]
    with Sse(bridge.url, path) as again:
        assert again.until(lambda m: False) == messages
    last = messages[-1]["id"]
    for last_event_id in (last, last + ".1", poll(bridge.url, "/poll", stream=f"run:{name}", since="start")["next"]):
        status, _, body = get(bridge.url, path, headers={"Last-Event-ID": last_event_id})
        assert (status, body) == (204, b"")
    assert get(bridge.url, with_query("/sse", stream=f"run:{name}", since=last))[0] == 204
    emit(f"run:{name}", "run.retried", {})
    with Sse(bridge.url, path, last_event_id=last) as sse:
        assert sse.status == 200
        sse.next()
        assert sse.next()[1]["type"] == "run.retried"


def test_an_idle_stream_gets_comments(bridge, name):
    with Sse(bridge.url, with_query("/sse", stream=f"run:{name}"), timeout=120) as sse:
        assert sse.next()[1]["op"] == "hello"
        while not (line := sse.answer.readline()).startswith(b":"):
            assert line in (b"\n", b"\r\n"), line


# Long poll

def test_poll_form(bridge, emit, name):
    first = poll(bridge.url, "/poll", stream=f"run:{name}", since="start")
    assert first["events"] == [] and "end" not in first
    emit(f"run:{name}", "log", {"i": 0}, {"i": 1})
    second = poll(bridge.url, "/poll", stream=f"run:{name}", since=first["next"])
    assert [m["data"]["i"] for m in second["events"]] == [0, 1]
    assert number(second["next"]) >= number(second["events"][-1]["id"])
    assert poll(bridge.url, "/poll", stream=f"run:{name}", since=second["next"])["events"] == []
    assert poll(bridge.url, "/poll", stream=f"run:{name}")["events"] == []  # native: now
    assert poll(bridge.url, "/poll", stream=f"run:{name}", since="now")["events"] == []


def test_poll_waits_for_the_next_event(bridge, emit, name):
    since = poll(bridge.url, "/poll", stream=f"run:{name}")["next"]
    answers = []
    thread = threading.Thread(target=lambda: answers.append(poll(bridge.url, "/poll", stream=f"run:{name}", since=since, wait=30)))
    thread.start()
    emit("run:somebody-else", "log", {})
    emit(f"run:{name}", "log", {"i": 1})
    thread.join(120)
    assert not thread.is_alive()
    assert [m["data"]["i"] for m in answers[0]["events"]] == [1]


def test_poll_wait_runs_out(bridge, name):
    answer = poll(bridge.url, "/poll", stream=f"run:{name}", wait=1)
    assert answer["events"] == [] and "end" not in answer


def test_poll_end(bridge, emit, name):
    emit(f"run:{name}", "run.started", {})
    assert "end" not in poll(bridge.url, "/poll", stream=f"run:{name}", since="start")
    emit(f"run:{name}", "run.failed", {})
    answer = poll(bridge.url, "/poll", stream=f"run:{name}", since="start")
    assert [m["type"] for m in answer["events"]] == ["run.started", "run.failed"] and answer["end"] is True
    again = poll(bridge.url, "/poll", stream=f"run:{name}", since=answer["next"], wait=30)
    assert again["events"] == [] and again["end"] is True


def test_poll_of_much(bridge, emit, name):
    for i in range(0, 3000, 500):
        emit(f"run:{name}", "log", *[{"i": i + k} for k in range(500)])
    emit(f"run:{name}", "run.finished", {})
    taken, since, answer = [], "start", {}
    while "end" not in answer:
        answer = poll(bridge.url, "/poll", stream=f"run:{name}", since=since)
        assert answer["events"], "an empty answer before the end"
        taken += answer["events"]
        since = answer["next"]
    assert [m["seq"] for m in taken] == list(range(1, 3002))


@pytest.mark.parametrize("wait, status", [("0", 200), ("1", 200), ("", 400), ("-1", 400), ("1.5", 400), ("x", 400),
                                          ("1s", 400), (" 1", 400), ("+1", 400), ("0x1", 400)])
def test_wait_is_a_number(bridge, name, wait, status):
    assert get(bridge.url, with_query("/poll", stream=f"run:{name}", wait=wait))[0] == status


def test_wait_over_30_counts_as_30(bridge, emit, name):
    emit(f"run:{name}", "log", {})
    for wait in ("31", "100000", "9" * 40):
        assert get(bridge.url, with_query("/poll", stream=f"run:{name}", since="start", wait=wait))[0] == 200


@pytest.mark.parametrize("door", ["/sse", "/poll"])
@pytest.mark.parametrize("query", [
    "", "stream=", "stream=nonsense:a", "stream=run:", "stream=run:a%20b", "stream=run:a&stream=x", "stream=run:a*",
    "stream=run:a&since=x", "stream=run:a&since=-1", "stream=run:a&since=1.", "stream=run:a&since=.1",
    "stream=run:a&since=99999999999999999999", "stream=run:a&since=1.1.1", "stream=run:a&since=%00", "stream=run:%ff",
])
def test_bad_queries_are_400(bridge, door, query):
    status, headers, body = get(bridge.url, f"{door}?{query}")
    assert status == 400, body
    assert headers["Content-Type"].startswith("application/problem+json")
    assert json.loads(body)["status"] == 400


def test_a_malformed_last_event_id_is_400(bridge):
    assert get(bridge.url, "/sse?stream=run:a", headers={"Last-Event-ID": "nonsense"})[0] == 400


@pytest.mark.parametrize("door", ["/ws", "/sse", "/poll"])
def test_a_malformed_since_on_a_dialect_door_is_400(bridge, door):
    path = f"{door}/scraping/x?since=nonsense"
    assert (refused if door == "/ws" else lambda *a: get(*a)[0])(bridge.url, path) == 400


# Restart

def test_ids_and_cursors_survive_a_restart(name):
    from bridge_fixture import Bridge
    bridge = Bridge()
    try:
        emitter = bridge.emitter()
        emitter.emit(f"run:{name}", "log", *[{"i": i} for i in range(5)])
        emitter.close()
        with Ws(bridge.url, "/ws") as ws:
            ws.recv()
            subscribe(ws, f"run:{name}", since="start")
            before = [ws.recv() for _ in range(5)]
            bridge.process.terminate()
            bye = ws.recv()
            assert bye["op"] == "bye" and bye["code"] and bye["reason"] and bye["retryMs"] >= 0
            assert ws.close_code() in (1001, 1012)
        assert bridge.process.wait(15) == 0
        bridge.start()
        emitter = bridge.emitter()
        emitter.emit(f"run:{name}", "log", {"i": 5})
        emitter.close()
        after = poll(bridge.url, "/poll", stream=f"run:{name}", since=before[2]["id"])["events"]
        assert after[:2] == before[3:] and after[2]["data"] == {"i": 5} and after[2]["seq"] == 6
    finally:
        bridge.close()
