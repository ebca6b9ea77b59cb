"""Runs that run again: retry, resume, rerun over REST, and what every reader then sees of them."""

import os
import signal

from conftest import ALLOW, wait_until
from runs import TRIGGER, chain, open_gate, result, shell
from test_kill import command_line, descendants

NEEDS_OK = "[ -e ok ] || { echo no ok; exit 3; }\necho well"


def again(instance, run, how, body=None, expect=202):
    status, headers, answer = instance.http("POST", f"/api/runs/{run}/{how}", body)
    assert status == expect, answer
    if status == 202:
        assert answer["runId"] in answer["wsUrl"] and answer["runId"] in answer["pollUrl"]
        assert headers["Location"] == f"/api/runs/{answer['runId']}"
    return answer


def let_pass(instance, run):
    (instance.data / "runs" / run / "work" / "ok").write_text("")


def events(instance, run, logs=False):
    found, cursor = [], "start"
    while True:
        _, _, page = instance.http("GET", f"/api/poll?stream=run:{run}&since={cursor}")
        found += page["events"]
        if not page["events"]:
            break
        cursor = page["next"]
    assert [e["seq"] for e in found] == list(range(1, len(found) + 1))
    return [e for e in found if logs or e["type"] != "log"]


def kinds(instance, run, first):
    """The types of the events from the (only) one of type `first` on."""
    types = [e["type"] for e in events(instance, run)]
    assert types.count(first) == 1
    return types[types.index(first):]


def statuses(record):
    return {name: node["status"] for name, node in record["nodes"].items()}


def opening(instance, run):
    _, _, page = instance.http("GET", f"/api/poll/workflows/{run}")
    first = page["events"][0]
    assert first["type"] == "connected"
    return first


def test_retry_starts_over_in_an_empty_folder(instance):
    nodes, edges = chain(shell("first", "[ ! -e mark ] && touch mark"), shell("work", NEEDS_OK), result())
    run = instance.inline(nodes, edges)
    assert instance.wait(run)["status"] == "error"
    let_pass(instance, run)
    answer = again(instance, run, "retry")
    assert answer["runId"] == run and answer["status"] == "queued"
    record = instance.wait(run)
    # The folder was emptied: `first` finds no mark of its own, and `work` no file ok.
    assert statuses(record) == {"start": "success", "first": "success", "work": "error", "done": "skipped"}
    assert record["attempt"] == 2 and record["error"]["nodeId"] == "work"
    types = [e["type"] for e in events(instance, run)]
    middle = types.index("run.retried")
    assert types[middle - 1] == types[-1] == "run.failed"
    assert types[0] == "run.queued" and types[1:middle] == types[middle + 1:]


def test_resume_keeps_what_went_well(instance):
    nodes = [TRIGGER,
             shell("stamp", "date +%s%N"),
             {"id": "pick", "type": "control", "data": {"kind": "condition", "expression": ".input.yes"}},
             shell("taken", "echo taken"), shell("not_taken", "echo never"),
             shell("tolerated", "exit 4", continueOnError=True),
             shell("work", NEEDS_OK),
             result(value="{{ [.nodes.stamp.output.stdout, .nodes.work.output.stdout, .nodes.tolerated.status] }}")]
    edges = [{"source": "start", "target": "stamp"}, {"source": "stamp", "target": "pick"},
             {"source": "pick", "target": "taken", "sourceHandle": "true"},
             {"source": "pick", "target": "not_taken", "sourceHandle": "false"},
             {"source": "start", "target": "tolerated"}, {"source": "taken", "target": "work"},
             {"source": "tolerated", "target": "work"},
             {"source": "work", "target": "done", "condition": ".nodes.stamp.output.stdout != \"\""}]
    run = instance.inline(nodes, edges, input={"yes": True})
    failed = instance.wait(run)
    assert failed["status"] == "error" and failed["error"]["nodeId"] == "work"
    assert failed["nodes"]["done"]["status"] == "skipped"
    let_pass(instance, run)
    assert again(instance, run, "resume")["runId"] == run
    record = instance.wait(run)
    assert record["status"] == "success", record["error"]
    assert record["attempt"] == 2 and record["progress"] == 100
    for name in ("start", "stamp", "pick", "taken", "tolerated"):
        assert record["nodes"][name] == failed["nodes"][name]
    assert record["output"] == [failed["nodes"]["stamp"]["output"]["stdout"], "well\n", "error"]
    assert statuses(record)["not_taken"] == "skipped"
    after = kinds(instance, run, "run.resumed")
    assert after[1] == "run.started" and after[-1] == "run.finished" and "node.skipped" in after
    resumed = next(e for e in events(instance, run) if e["type"] == "run.resumed")
    assert sorted(resumed["data"]["nodes"]) == ["done", "not_taken", "work"]
    again(instance, run, "resume", expect=409)
    # The fold of the events is the record.
    assert {name: node["status"] for name, node in opening(instance, run)["nodes"].items()} == statuses(record)


def test_resume_after_a_cancel(instance):
    nodes, edges = chain(shell("one", "echo 1"), shell("gate", "until [ -e go ]; do sleep 0.02; done"), result())
    run = instance.inline(nodes, edges)
    wait_until(lambda: statuses(instance.record(run))["gate"] == "running", what="the gate")
    for how in ("retry", "resume"):
        again(instance, run, how, expect=409)
    instance.http("POST", f"/api/runs/{run}/cancel")
    assert instance.wait(run)["status"] == "cancelled"
    again(instance, run, "resume")
    open_gate(instance, run)
    record = instance.wait(run)
    assert record["status"] == "success" and record["nodes"]["one"]["output"]["stdout"] == "1\n"
    assert [e["data"]["nodeId"] for e in events(instance, run) if e["type"] == "node.started"] == ["start", "one", "gate", "gate", "done"]


def test_rerun_is_a_new_run_perhaps_with_another_input(instance):
    params = [{"name": "n", "type": "integer", "required": True}]
    nodes, edges = chain(result(value="{{ .input.n }}"))
    run = instance.inline(nodes, edges, input={"n": 1}, params=params)
    assert instance.wait(run)["output"] == 1
    same = again(instance, run, "rerun")["runId"]
    other = again(instance, run, "rerun", {"input": {"n": 2}})["runId"]
    assert len({run, same, other}) == 3
    assert instance.wait(same)["output"] == 1 and instance.wait(other)["output"] == 2
    assert again(instance, run, "rerun", {"input": {"n": "x"}}, expect=422)["errors"][0]["param"] == "n"
    assert instance.record(run)["attempt"] == 1


def test_unknown_runs_and_a_key_used_twice(instance):
    for how in ("retry", "resume", "rerun"):
        again(instance, "r_none", how, expect=404)
        status, headers, _ = instance.http("GET", f"/api/runs/r_none/{how}")
        assert status == 405 and headers["Allow"] == "POST, OPTIONS"
    run = instance.inline([TRIGGER], [])
    instance.wait(run)
    key = {"Idempotency-Key": "retry-once"}
    first = instance.http("POST", f"/api/runs/{run}/retry", headers=key)
    instance.wait(run)
    second = instance.http("POST", f"/api/runs/{run}/retry", headers=key)
    assert first[0] == second[0] == 202 and first[2] == second[2]
    assert instance.record(run)["attempt"] == 2


def run_process(instance, run):
    return next(p for p in descendants(instance.pid("runner")) if run.encode() in command_line(p))


def test_an_orphan_is_resumed_where_its_nodes_allow_it(new_instance):
    instance = new_instance((*ALLOW, "runner.orphan=resume"), examples=False)
    gate = "until [ -e go ]; do sleep 0.02; done"
    for data, allowed in (({"onInterrupted": "retry"}, True), ({}, False)):
        nodes, edges = chain(shell("stamp", "date +%s%N"), shell("gate", gate, **data), result(value="{{ .nodes.stamp.output.stdout }}"))
        run = instance.inline(nodes, edges)
        wait_until(lambda: statuses(instance.record(run))["gate"] == "running", what="the gate")
        stamp = instance.record(run)["nodes"]["stamp"]
        first = run_process(instance, run)
        os.kill(first, signal.SIGKILL)
        if allowed:
            wait_until(lambda: instance.record(run)["attempt"] == 2 and statuses(instance.record(run))["gate"] == "running", what="the gate again")
            assert run_process(instance, run) != first
            open_gate(instance, run)
        record = instance.wait(run)
        assert record["nodes"]["stamp"] == stamp
        if allowed:
            assert record["status"] == "success" and record["output"] == stamp["output"]["stdout"]
            assert kinds(instance, run, "run.resumed") == [
                "run.resumed", "run.started", "node.started", "tool.started", "node.finished", "tool.finished", "run.progress",
                "node.started", "node.finished", "run.progress", "run.finished"]
        else:
            assert record["status"] == "error" and record["error"]["code"] == "orphaned" and record["attempt"] == 1


def test_commands_run_an_ended_run_again(instance):
    run = instance.inline(*chain(shell("keep", "echo kept"), shell("may-fail", "test -e ok")))
    assert instance.wait(run)["status"] == "error"
    (instance.data / "runs" / run / "work" / "ok").touch()
    assert instance.json("resume", run) == {"runId": run, "status": "queued"}
    record = instance.wait(run)
    assert record["status"] == "success" and record["attempt"] == 2 and record["nodes"]["keep"]["attempt"] == 1
    again = instance.json("rerun", run)["runId"]
    assert again != run and instance.wait(again)["status"] == "error"  # a folder of its own, without the file
    assert "queued" in instance.cli("retry", again) and instance.wait(again)["attempt"] == 2
    done = instance.cli("resume", run, check=False)
    assert done.returncode == 1 and "has succeeded" in done.stderr
    for wrong in ("--version", "many"), ("--input", "[1]"), ("--version", "9"):
        assert instance.cli("rerun", run, *wrong, check=False).returncode != 0
