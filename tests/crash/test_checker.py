"""The history checker finds what it is there to find: mutated histories are caught, the true one is not."""

import copy

import pytest

import checker


def event(number, stream, seq, kind, **data):
    return {"id": str(number), "stream": stream, "seq": seq, "type": kind, "time": f"2026-01-01T00:00:00.{number:03}Z",
            "org": "default", "data": data}


def run_event(number, seq, kind, status, progress, **data):
    return event(number, "run:r", seq, kind, status=status, progress=progress, attempt=1, **data)


def node_event(number, seq, kind, status, **data):
    return event(number, "run:r", seq, kind, nodeId="n", attempt=1, status=status, **data)


def line(number, seq, text):
    return event(number, "run:r", seq, "log", nodeId="n", source="stdout", message=text)


@pytest.fixture
def history():
    return [run_event(1, 1, "run.queued", "queued", 0), run_event(2, 2, "run.started", "running", 0),
            event(3, "tool:t", 1, "log", k=1), node_event(4, 3, "node.started", "running"), line(5, 4, "n 1"),
            event(6, "tool:t", 2, "log", k=2), line(7, 5, "n 2"), line(8, 6, "n 3"),
            node_event(9, 7, "node.finished", "success", output={"x": 1}, durationMs=5),
            run_event(10, 8, "run.progress", "running", 100), event(11, "tool:t", 3, "log", k=3),
            run_event(12, 9, "run.finished", "success", 100, output=7, durationMs=10)]


RECORD = {"status": "success", "progress": 100, "attempt": 1, "startedAt": "2026-01-01T00:00:00.002Z",
          "finishedAt": "2026-01-01T00:00:00.012Z", "durationMs": 10, "output": 7, "error": None,
          "nodes": {"n": {"status": "success", "attempt": 1, "startedAt": "2026-01-01T00:00:00.004Z",
                          "finishedAt": "2026-01-01T00:00:00.009Z", "durationMs": 5, "output": {"x": 1}}}}


def judge(history, seen=None, record=RECORD, acked=(1, 2, 3)):
    run = [e for e in history if e["stream"] == "run:r"]
    values = [e["data"]["k"] for e in history if e["stream"] == "tool:t"]
    found = checker.check_ids(history) + checker.check_seqs(history) + checker.check_end("run:r", run)
    found += checker.check_producer("t", values, set(acked), 3, True) + checker.check_fold("run:r", run, record)
    found += checker.check_lines("run:r", run, {"n": 3}, True)
    return found + (checker.check_same("client", seen, history) if seen is not None else [])


def test_a_true_history_passes(history):
    assert judge(history, copy.deepcopy(history)) == []


def renumbered(history):
    """As a faulty log would have it: whole in itself."""
    seqs = {}
    for number, e in enumerate(history, 1):
        seqs[e["stream"]] = seqs.get(e["stream"], 0) + 1
        e.update(id=str(number), seq=seqs[e["stream"]])
    return history


@pytest.mark.parametrize("renumber", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6, 7, 8, 10, 11])
def test_a_dropped_event_is_caught(history, at, renumber):
    left = history[:at] + history[at + 1:]
    assert judge(renumbered(left) if renumber else left)


@pytest.mark.parametrize("renumber", [False, True])
@pytest.mark.parametrize("at", [2, 4, 5, 6, 11])
def test_a_doubled_event_is_caught(history, at, renumber):
    doubled = history[:at] + [copy.deepcopy(history[at])] + history[at:]
    assert judge(renumbered(doubled) if renumber else doubled)


@pytest.mark.parametrize("renumber", [False, True])
@pytest.mark.parametrize("a, b", [(2, 5), (4, 6), (6, 7), (7, 11), (5, 10)])
def test_swapped_events_are_caught(history, a, b, renumber):
    history[a], history[b] = history[b], history[a]
    assert judge(renumbered(history) if renumber else history)


@pytest.mark.parametrize("at, member, value", [(11, "status", "error"), (11, "output", 8), (8, "output", None), (6, "message", "n 9"),
                                               (9, "progress", 50), (11, "progress", 99), (3, "attempt", 2), (5, "k", 9)])
def test_a_changed_event_is_caught(history, at, member, value):
    history[at]["data"][member] = value
    if (at, member) in ((9, "progress"), (3, "attempt")):  # overtaken by what follows: only its copy tells
        return
    assert judge(history)


def test_a_record_that_differs_is_caught(history):
    for change in ({"status": "error"}, {"progress": 99}, {"error": {"code": "exit"}}, {"finishedAt": None}, {"durationMs": 11}):
        assert judge(history, record={**RECORD, **change}), change
    for change in ({"status": "running"}, {"attempt": 2}, {"output": {"x": 2}}, {"finishedAt": None}):
        assert judge(history, record={**RECORD, "nodes": {"n": {**RECORD["nodes"]["n"], **change}}}), change
    assert judge(history, record={**RECORD, "nodes": {}})


def test_a_client_that_saw_something_else_is_caught(history):
    for at in range(len(history)):
        assert judge(history, history[:at] + history[at + 1:]), "dropped"
        assert judge(history, history[:at] + [history[at]] + history[at:]), "doubled"
        changed = copy.deepcopy(history)
        changed[at]["data"]["x"] = 1
        assert judge(history, changed), "changed"
        if at:
            swapped = list(history)
            swapped[at - 1], swapped[at] = swapped[at], swapped[at - 1]
            assert judge(history, swapped), "swapped"


def test_an_acknowledged_event_that_is_missing_is_caught(history):
    assert judge(renumbered([e for e in history if e["data"].get("k") != 3]))
    assert checker.check_producer("t", [1, 2], {1, 2}, 3, True) == []
    assert checker.check_producer("t", [1, 3], {1, 3}, 3, True)
    assert checker.check_producer("t", [1, 3], {1, 3}, 3, False) == []
    assert checker.check_producer("t", [1, 4], {1}, 3, False)


def test_lines_of_a_killed_run_are_a_beginning():
    begin = node_event(1, 1, "node.started", "running")
    events = [begin, line(2, 2, "n 1"), line(3, 3, "n 2")]
    assert checker.check_lines("run:r", events, {"n": 9}, False) == []
    assert checker.check_lines("run:r", events, {"n": 9}, True)
    assert checker.check_lines("run:r", [begin, events[2]], {"n": 9}, False)
    assert checker.check_lines("run:r", events[1:], {"n": 9}, False)
    assert checker.check_lines("run:r", events + [event(3, "run:r", 3, "log.dropped", count=2)], {"n": 9}, False)


def test_a_run_taken_up_again_is_judged_by_attempts():
    first = [run_event(1, 1, "run.started", "running", 0), node_event(2, 2, "node.started", "running"), line(3, 3, "n 1"),
             run_event(4, 4, "run.failed", "error", 0)]
    again = [run_event(5, 5, "run.retried", "queued", 0), node_event(6, 6, "node.started", "running"), line(7, 7, "n 1"),
             line(8, 8, "n 2"), node_event(9, 9, "node.finished", "success"), run_event(10, 10, "run.finished", "success", 100)]
    assert checker.check_end("run:r", first + again) == []
    assert checker.check_end("run:r", first + [line(9, 9, "n 9")] + again)
    assert checker.check_end("run:r", first + again[:-1])
    assert checker.check_lines("run:r", first + again, {"n": 2}, True) == []
    assert checker.check_lines("run:r", first + again[:1] + [line(6, 6, "n 2")] + again[1:], {"n": 2}, True), "of the attempt before"
    assert checker.check_lines("run:r", first[:2] + first[3:] + again[:2] + again[3:], {"n": 2}, True)
