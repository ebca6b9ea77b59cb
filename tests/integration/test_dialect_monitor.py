"""The execution monitor: /workflow/{workflowId} over every door."""

import json

import pytest

from clients import UPGRADE, Ws, get, poll, poll_all
from doors import DOORS, equal_everywhere, take
from runs import GATE, chain, open_gate, result, shell


def path(workflow):
    return f"/workflow/{workflow}"


def ended(run):
    return lambda m: m["data"]["runId"] == run and (m["type"] in ("complete", "error") or m["data"]["status"] == "cancelled")


def finish(instance, run):
    """Wait until the log has all of a run."""
    poll_all(instance.url, f"/poll/runs/{run}", "start", wait=5)


def check_shape(message):
    assert set(message) == {"type", "id", "timestamp", "data"}
    assert message["type"] in ("status", "log", "progress", "error", "complete")
    data = message["data"]
    assert set(data) <= {"runId", "status", "message", "progress", "step", "error"}
    assert data["status"] in ("running", "completed", "failed", "cancelled") and isinstance(data["message"], str)
    assert isinstance(data.get("progress", 0), int) and 0 <= data.get("progress", 0) <= 100


def test_a_good_run_as_it_goes(instance):
    with Ws(instance.url, "/ws" + path("mon-good")) as ws:  # a workflow that does not exist yet
        ws.send({"type": "ping"})
        assert ws.recv() == {"type": "pong"}
        run = instance.inline(*chain(shell("gate", GATE + "echo one; echo two"), shell("more", "echo three")), workflow="mon-good")
        open_gate(instance, run)
        live = ws.until(ended(run))
    for message in live:
        check_shape(message)
        assert message["data"]["runId"] == run
    assert live[0]["type"] == "status" and live[0]["data"]["status"] == "running" and live[0]["data"]["progress"] == 0
    steps = [(m["data"]["step"], m["data"]["progress"]) for m in live if m["type"] == "progress" and "step" in m["data"]]
    assert steps == [("start", 33), ("gate", 66), ("more", 100)]
    logs = [(m["data"]["step"], m["data"]["message"]) for m in live if m["type"] == "log" and m["data"]["message"] in ("one", "two", "three")]
    assert logs == [("gate", "one"), ("gate", "two"), ("more", "three")]
    assert [m["type"] for m in live[-2:]] == ["progress", "complete"]
    assert [m["data"]["progress"] for m in live[-2:]] == [100, 100] and live[-1]["data"]["status"] == "completed"
    assert live[-1]["id"] == live[-2]["id"] + ".1"
    equal_everywhere(instance, path("mon-good"), live, opening=False)
    for door in DOORS:  # it is over: its final messages
        assert take(instance, door, path("mon-good"), 2) == live[-2:]
        assert take(instance, door, path("mon-good"), 0, "now") == []


def test_a_failed_run_ends_with_its_error(instance):
    run = instance.inline(*chain(shell("breaks", "exit 3"), result()), workflow="mon-bad")
    finish(instance, run)
    last, = take(instance, "ws", path("mon-bad"), 1)
    check_shape(last)
    assert last["type"] == "error" and last["data"]["status"] == "failed" and last["data"]["step"] == "breaks"
    assert "3" in last["data"]["error"]
    messages = poll(instance.url, "/poll" + path("mon-bad"), since="start")["events"]
    assert messages[-1] == last and ["log"] == [m["type"] for m in messages if m["data"].get("error") and m != last]
    equal_everywhere(instance, path("mon-bad"), messages, opening=False)


def test_a_cancelled_run_ends_with_its_status(instance):
    run = instance.inline(*chain(shell("gate", GATE)), workflow="mon-stop")
    with Ws(instance.url, "/ws" + path("mon-stop")) as ws:
        ws.until(lambda m: m["data"]["status"] == "running")
        assert instance.http("POST", f"/api/runs/{run}/cancel")[0] == 202
        last = ws.until(ended(run))[-1]
    check_shape(last)
    assert (last["type"], last["data"]["status"]) == ("status", "cancelled")
    assert take(instance, "sse", path("mon-stop"), 1) == [last]


def test_the_current_run_from_its_start_and_each_later_one(instance):
    old = instance.inline(*chain(shell("say", "echo old")), workflow="mon-two")
    finish(instance, old)
    first = instance.inline(*chain(shell("gate", GATE + "echo first")), workflow="mon-two")
    with Ws(instance.url, "/ws" + path("mon-two")) as early:
        early.recv()
        second = instance.inline(*chain(shell("gate", GATE + "echo second")), workflow="mon-two")
        open_gate(instance, second)
        early.until(ended(second))
        with Ws(instance.url, "/ws" + path("mon-two")) as ws:  # joins while the first goes on
            open_gate(instance, first)
            messages = ws.until(ended(first))
    assert {m["data"]["runId"] for m in messages} == {first, second}
    for run, word in ((first, "first"), (second, "second")):
        mine = [m for m in messages if m["data"]["runId"] == run]
        assert mine[0]["type"] == "status" and mine[-1]["type"] == "complete"
        assert [m["data"]["message"] for m in mine if m["type"] == "log" and m["data"].get("step") == "gate"][-1] == word
    whole = poll(instance.url, "/poll" + path("mon-two"), since="start")["events"]
    assert {m["data"]["runId"] for m in whole} == {old, first, second}
    equal_everywhere(instance, path("mon-two"), whole, opening=False)


def test_a_run_that_is_retried_is_shown_from_its_new_start(instance):
    run = instance.inline(*chain(shell("once", "[ -e been ] || { touch been; exit 1; }; " + GATE)), workflow="mon-again")
    finish(instance, run)
    status, _, answer = instance.http("POST", f"/api/runs/{run}/resume")
    assert status == 202, answer
    with Ws(instance.url, "/ws" + path("mon-again")) as ws:
        first = ws.recv()
        assert first["type"] == "status" and first["data"]["status"] == "running", first
        open_gate(instance, run)
        messages = ws.until(ended(run))
    assert messages[-1]["type"] == "complete", messages


def test_who_comes_soon_after_others_is_not_given_the_run_they_were(instance):
    first = instance.inline(*chain(shell("gate", GATE)), workflow="mon-soon")
    with Ws(instance.url, "/ws" + path("mon-soon")) as one, Ws(instance.url, "/ws" + path("mon-soon")) as two:
        assert one.recv() == two.recv()
        open_gate(instance, first)
        for ws in (one, two):
            ws.until(ended(first))
        second = instance.inline(*chain(shell("gate", GATE)), workflow="mon-soon")
        assert one.recv()["data"]["runId"] == second
        with Ws(instance.url, "/ws" + path("mon-soon")) as late:
            assert late.recv()["data"]["runId"] == second
        open_gate(instance, second)
        one.until(ended(second))


def test_handshakes_and_ids(instance):
    assert get(instance.url, "/ws" + path("x"))[0] == 426
    assert get(instance.url, "/sse" + path("x"), headers=UPGRADE)[0] == 400
    for door in ("/sse", "/poll", "/api/poll"):
        status, _, body = get(instance.url, door + path("a:b"))
        assert status == 400 and json.loads(body)["status"] == 400
    for door in DOORS:
        assert take(instance, door, path("never-run"), 0) == []


@pytest.mark.parametrize("since", ["nonsense", "1.2.3", "-1"])
def test_bad_cursors(instance, since):
    assert get(instance.url, f"/poll{path('x')}?since={since}")[0] == 400
