"""The workflow console's sockets, and their twins on the other doors, over the whole system."""

import json
import time

import pytest

from clients import UPGRADE, Emitter, Sse, Ws, get, number, poll, poll_all, refused, with_query
from runs import GATE, chain, open_gate, result, shell

DOORS = ("/sse", "/poll", "/api/poll")


def rfc3339(text):
    time.strptime(text[:19] + text[23:], "%Y-%m-%dT%H:%M:%SZ")
    assert text[19] == "." and text[20:23].isdigit(), text
    return True


def opened(ws):
    message = ws.recv()
    assert message["type"] == "connected", message
    number(message["id"])
    return message


def ended(message):
    return message["type"] == "workflow_status" and message["status"] in ("success", "error", "cancelled")


@pytest.fixture(scope="module")
def good(instance):
    """An ended run: one node writes to both outputs."""
    run = instance.inline(*chain(shell("say", "echo 'first \033[32mline'; echo second; echo oops >&2"), result()), workflow="say-it")
    assert instance.wait(run)["status"] == "success"
    return run


@pytest.fixture(scope="module")
def bad(instance):
    """An ended run whose middle node failed."""
    run = instance.inline(*chain(shell("breaks", "echo before; exit 3"), result()))
    assert instance.wait(run)["status"] == "error"
    return run


@pytest.mark.parametrize("path", ["/workflows/r_nobody", "/workflows/r_nobody/logs"])
def test_unknown_runs_are_404(instance, path):
    assert refused(instance.url, "/ws" + path) == 404
    for door in DOORS:
        status, headers, body = get(instance.url, door + path)
        assert status == 404 and headers["Content-Type"].startswith("application/problem+json")
        assert json.loads(body)["status"] == 404


def test_handshakes(instance, good):
    for path in (f"/workflows/{good}", f"/workflows/{good}/logs", "/scraping/x"):
        assert get(instance.url, "/ws" + path)[0] == 426
        assert get(instance.url, "/sse" + path, headers=UPGRADE)[0] == 400
        assert get(instance.url, "/poll" + path, headers=UPGRADE)[0] == 400


def test_status_of_a_run_while_it_goes_on(instance):
    run = instance.inline(*chain(shell("say", GATE + "echo hello"), result()), workflow="gated")
    with Ws(instance.url, f"/ws/workflows/{run}") as ws:
        opening = opened(ws)
        assert (opening["runId"], opening["workflowId"]) == (run, "gated") and rfc3339(opening["timestamp"])
        assert opening["status"] in ("queued", "running")
        assert set(opening["nodes"]) == {"start", "say", "done"}
        assert opening["nodes"]["done"] == {"status": "pending"}
        open_gate(instance, run)
        messages = ws.until(ended)
    for message in messages:
        assert message["runId"] == run and rfc3339(message["timestamp"])
    assert sorted((m["id"] for m in messages), key=number) == [m["id"] for m in messages]
    assert all(number(m["id"]) > number(opening["id"]) for m in messages)
    say = [m for m in messages if m.get("nodeId") == "say"][-1]
    assert say["type"] == "node_status" and say["status"] == "success"
    assert say["output"]["exitCode"] == 0 and say["output"]["stdout"] == "hello\n"
    assert isinstance(say["durationMs"], int) and "error" not in say
    assert messages[-1]["status"] == "success"
    # Opening and messages together say what the record says.
    nodes = {name: node["status"] for name, node in opening["nodes"].items()}
    nodes.update((m["nodeId"], m["status"]) for m in messages if m["type"] == "node_status")
    assert nodes == {name: node["status"] for name, node in instance.record(run)["nodes"].items()}


def test_the_opening_of_an_ended_run_is_its_record(instance, good):
    record = instance.record(good)
    with Ws(instance.url, f"/ws/workflows/{good}") as ws:
        opening = opened(ws)
    assert opening["status"] == "success"
    assert {name: node["status"] for name, node in opening["nodes"].items()} == \
        {name: node["status"] for name, node in record["nodes"].items()}
    for name, node in opening["nodes"].items():
        for key in ("startedAt", "finishedAt"):
            assert (key in node) == bool(record["nodes"][name].get(key))
            assert key not in node or rfc3339(node[key])


def test_a_failed_run(instance, bad):
    messages = poll_all(instance.url, f"/poll/workflows/{bad}", "start")
    failed = [m for m in messages if m.get("nodeId") == "breaks"][-1]
    assert failed["status"] == "error" and isinstance(failed["error"], str) and failed["error"]
    skipped = [m for m in messages if m.get("nodeId") == "done"]
    assert [m["status"] for m in skipped] == ["skipped"]
    assert messages[-1]["type"] == "workflow_status" and messages[-1]["status"] == "error"
    assert isinstance(messages[-1]["error"], str)
    opening = poll(instance.url, f"/poll/workflows/{bad}")["events"][0]
    assert opening["nodes"]["breaks"]["status"] == "error" and opening["nodes"]["breaks"]["error"] == failed["error"]


def test_a_cancelled_run(instance):
    run = instance.inline(*chain(shell("waits", GATE), result()))
    with Ws(instance.url, f"/ws/workflows/{run}?since=start") as ws:
        ws.until(lambda m: m.get("nodeId") == "waits" and m["status"] == "running")
        assert instance.http("POST", f"/api/runs/{run}/cancel", {})[0] == 202
        messages = ws.until(ended)
    cancelled = [m for m in messages if m.get("nodeId") == "waits"][-1]
    assert (cancelled["status"], cancelled["error"]) == ("error", "cancelled")
    assert messages[-1]["status"] == "cancelled"
    assert {m["status"] for m in messages if m["type"] == "node_status"} <= {"running", "success", "error", "skipped"}
    opening = poll(instance.url, f"/poll/workflows/{run}")["events"][0]
    assert opening["status"] == "cancelled" and opening["nodes"]["waits"]["status"] == "cancelled"


def test_logs(instance, good, bad):
    logs = poll_all(instance.url, f"/poll/workflows/{good}/logs", "start")
    for message in logs:
        assert message["type"] == "log" and rfc3339(message["timestamp"])
        assert set(message) >= {"id", "level", "message", "nodeId"}
        assert message["level"] in ("info", "success", "warning", "error")
    said = [(m["level"], m["message"]) for m in logs if m["nodeId"] == "say"]
    assert [text for level, text in said if level == "info"][:2] == ["first \033[32mline", "second"]
    assert ("warning", "oops") in said
    assert said[-1][0] == "success"
    failed = [(m["level"], m["message"]) for m in poll_all(instance.url, f"/poll/workflows/{bad}/logs", "start")]
    assert ("info", "before") in failed
    assert [level for level, _ in failed].count("error") == 1


def test_the_opening_of_logs_holds_the_log_messages(instance, good):
    with Ws(instance.url, f"/ws/workflows/{good}/logs") as ws:
        opening = opened(ws)
    assert opening["runId"] == good
    assert opening["logs"] == poll_all(instance.url, f"/poll/workflows/{good}/logs", "start")


def test_rest_logs_are_the_log_messages(instance, good):
    status, _, body = instance.http("GET", f"/api/runs/{good}/logs?limit=500")
    assert status == 200
    assert body["items"] == poll_all(instance.url, f"/poll/workflows/{good}/logs", "start")


@pytest.mark.parametrize("suffix", ["", "/logs"])
def test_openings_come_only_without_since(instance, good, suffix):
    path = f"/workflows/{good}{suffix}"
    opening = poll(instance.url, "/poll" + path)["events"]
    assert [m["type"] for m in opening] == ["connected"]
    for door in DOORS[1:]:
        assert poll(instance.url, door + path)["events"] == opening
        assert "connected" not in [m["type"] for m in poll(instance.url, door + path, since="start")["events"]]
        assert poll(instance.url, door + path, since="now")["events"] == []
        after = poll(instance.url, door + path, since=opening[0]["id"])
        assert after["events"] == [] and after["end"] is True
    with Sse(instance.url, "/sse" + path) as sse:
        assert sse.next()[1]["op"] == "hello"
        assert sse.next() == (opening[0]["id"], opening[0])
        assert sse.next() is None
    assert get(instance.url, "/sse" + path, headers={"Last-Event-ID": opening[0]["id"]})[0] == 204
    with Ws(instance.url, "/ws" + path) as ws:
        assert ws.recv() == opening[0]
    with Ws(instance.url, with_query("/ws" + path, since=opening[0]["id"])) as ws:
        ws.send("ping")
        assert ws.recv() == {"type": "pong"}


@pytest.mark.parametrize("suffix", ["", "/logs"])
def test_an_opening_in_the_middle_of_a_run_is_exact(instance, suffix):
    run = instance.inline(*chain(shell("say", "echo one; echo two\n" + GATE + "echo three; echo four"), result()))
    with Ws(instance.url, f"/ws/workflows/{run}/logs?since=start") as ws:
        ws.until(lambda m: m["message"] == "two")
    opening = poll(instance.url, f"/poll/workflows/{run}{suffix}")["events"][0]
    open_gate(instance, run)
    instance.wait(run)
    whole = poll_all(instance.url, f"/poll/workflows/{run}{suffix}", "start")
    rest = poll_all(instance.url, f"/poll/workflows/{run}{suffix}", opening["id"])
    assert rest and rest == [m for m in whole if number(m["id"]) > number(opening["id"])]
    if suffix:
        assert opening["logs"] + rest == whole
    else:
        assert opening["nodes"]["say"]["status"] == "running" and opening["nodes"]["done"]["status"] == "pending"


def test_listen_only_sockets(instance, good):
    for path in (f"/ws/workflows/{good}", f"/ws/workflows/{good}/logs", "/ws/scraping/x"):
        with Ws(instance.url, path) as ws:
            opened(ws)
            for rubbish in ("", "hello", "{", "[]", "7", "{\"op\":\"subscribe\",\"streams\":[\"runs\"]}"):
                ws.send(rubbish)
            for ping in ("ping", "{\"type\":\"ping\"}", "{ \"type\" : \"ping\", \"n\": 1 }"):
                ws.send(ping)
                assert ws.recv() == {"type": "pong"}
        with Ws(instance.url, path) as ws:
            ws.send("x" * (65 * 1024))
            assert ws.close_code() == 1009
        with Ws(instance.url, path) as ws:
            ws.send(b"ping")
            assert ws.close_code() == 1003
        with Ws(instance.url, path) as ws:
            ws.send_raw_text(b"\xff")
            assert ws.close_code() == 1007


def test_a_future_cursor_gets_a_gap_then_live(instance):
    run = instance.inline(*chain(shell("say", "echo here\n" + GATE), result()))
    with Ws(instance.url, f"/ws/workflows/{run}/logs?since=start") as ws:
        ws.until(lambda m: m["message"] == "here")
    head = int(poll(instance.url, "/poll", stream="runs")["next"])
    gap = {"type": "gap", "stream": f"run:{run}", "first": str(head + 1), "last": str(head + 9000)}
    since = str(head + 9000)
    for suffix in ("", "/logs"):
        path = f"/workflows/{run}{suffix}"
        for door in DOORS[1:]:
            answer = poll(instance.url, door + path, since=since)
            assert answer["events"] == [gap] and answer["next"] == str(head)
    with Ws(instance.url, f"/ws/workflows/{run}?since={since}") as ws, \
            Sse(instance.url, f"/sse/workflows/{run}", last_event_id=since) as sse:
        assert ws.recv() == gap
        assert sse.next()[1]["op"] == "hello"
        assert sse.next() == (None, gap)
        open_gate(instance, run)
        live = ws.until(ended)
        assert sse.until(lambda m: False) == live
    # Of the ended run: there is nothing to come back for.
    assert get(instance.url, f"/sse/workflows/{run}?since={head + 900000}")[0] == 204
    assert poll(instance.url, f"/poll/workflows/{run}", since=head + 900000)["end"] is True


def test_scraping(instance):
    emitter = Emitter(instance.data / "spool.sock", "scraping-test")
    try:
        with Ws(instance.url, "/ws/scraping/prices") as ws, Sse(instance.url, "/sse/scraping/prices") as sse:
            assert opened(ws)["toolId"] == "prices"
            assert sse.next()[1]["op"] == "hello"
            assert sse.next()[1]["type"] == "connected"
            since = poll(instance.url, "/poll/scraping/prices")["next"]
            data = {"toolId": "prices", "url": "http://example.org/", "status": "scraping", "items": 3, "progress": 40,
                    "preview": [{"a": 1}, {"a": 2}]}
            emitter.emit("tool:prices", "scrape.progress", data)
            emitter.emit("tool:others", "scrape.progress", data | {"toolId": "others"})
            emitter.emit("tool:prices", "scrape.progress", data | {"status": "success", "progress": 100})
            messages = [ws.recv() for _ in range(2)]
            assert [sse.next()[1] for _ in range(2)] == messages
            for door in DOORS[1:]:
                assert poll(instance.url, door + "/scraping/prices", since=since)["events"] == messages
        assert [(m["status"], m["progress"]) for m in messages] == [("scraping", 40), ("success", 100)]
        first = messages[0]
        assert first["type"] == "scraping_progress" and rfc3339(first["timestamp"]) and number(first["id"])
        assert {k: first[k] for k in data} == data
    finally:
        emitter.close()
