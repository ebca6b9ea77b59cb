"""Nodes that wait for a person: over REST and the command line, and over kills of the run's process."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import signal

import pytest

from conftest import ALLOW, wait_until
from runs import TRIGGER, result
from test_runner import marked

ASK = {"id": "ask", "type": "control", "data": {"kind": "approval", "message": "Deploy {{ .input.what }}?"}}
EDGES = [{"source": "start", "target": "ask"}, {"source": "ask", "target": "yes", "sourceHandle": "approved"},
         {"source": "ask", "target": "no", "sourceHandle": "rejected"}]


def start(instance, **data):
    ask = {**ASK, "data": {**ASK["data"], **data}}
    return instance.inline([TRIGGER, ask, result("yes", "{{ .nodes.ask.output }}"), result("no", "no")], EDGES,
                           input={"what": "it"})


def waits(instance, run):
    wait_until(lambda: instance.record(run)["nodes"]["ask"]["status"] == "waiting", what=f"{run} to wait")


def decide(instance, run, what, body=None, **more):
    return instance.http("POST", f"/api/runs/{run}/nodes/ask/{what}", body, **more)


def run_pid(run):
    for pid in marked(run):
        with contextlib.suppress(OSError): # it may vanish meanwhile
            if b"--run" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    return None


def test_approved_over_rest(instance):
    run = start(instance)
    waits(instance, run)
    items = instance.http("GET", "/api/approvals")[2]["items"]
    assert [(i["runId"], i["nodeId"], i["message"]) for i in items] == [(run, "ask", "Deploy it?")]
    status, _, body = decide(instance, run, "approve", {"by": "ann", "comment": "go", "data": {"n": 5}})
    assert status == 200 and body["approved"] is True and body["runId"] == run
    record = instance.wait(run)
    assert record["status"] == "success" and record["nodes"]["no"]["status"] == "skipped"
    assert record["output"] == {key: body[key] for key in ("approved", "by", "comment", "at", "data")}
    assert record["output"]["by"] == "ann" and record["output"]["data"] == {"n": 5}
    status, headers, problem = decide(instance, run, "reject")
    assert status == 409 and "problem+json" in headers["Content-Type"] and "ann" in problem["detail"]
    assert instance.http("GET", "/api/approvals")[2]["items"] == []
    assert decide(instance, "r_nosuch", "approve")[0] == 404
    def types_of_ask():
        events = instance.http("GET", f"/api/runs/{run}/events?limit=100")[2]["items"]
        return [e["type"] for e in events if e["data"].get("nodeId") == "ask"] if events[-1]["type"] == "run.finished" else None

    types = wait_until(types_of_ask, what="the terminal event")
    assert types == ["node.started", "approval.requested", "node.waiting", "approval.decided", "node.finished"]


def test_rejected_on_the_command_line(instance):
    run = start(instance)
    waits(instance, run)
    listed = [i for i in instance.json("ps")["items"] if i["id"] == run]
    assert listed[0]["status"] == "running" and listed[0]["waitingFor"] == ["ask"]
    assert [line for line in instance.cli("ps").splitlines() if run in line and " waiting " in line]
    said = instance.json("reject", run, "ask", "--comment", "not today", "--by", "bob")
    assert said["approved"] is False and said["comment"] == "not today"
    record = instance.wait(run)
    assert record["output"] == "no" and record["nodes"]["ask"]["output"]["by"] == "bob"
    refused = instance.cli("approve", run, "ask", check=False)
    assert refused.returncode == 1 and "rejected already, by bob" in refused.stderr


def test_many_decide_at_once(instance):
    """One is taken, and told in one event."""
    run = start(instance)
    waits(instance, run)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: decide(instance, run, "approve" if i % 2 else "reject", {"by": f"p{i}"}), range(8)))
    assert sorted(status for status, _, _ in answers) == [200] + [409] * 7
    taken = next(body for status, _, body in answers if status == 200)
    assert instance.wait(run)["nodes"]["ask"]["output"]["by"] == taken["by"]
    events = instance.http("GET", f"/api/runs/{run}/events?limit=100")[2]["items"]
    assert [e["data"]["by"] for e in events if e["type"] == "approval.decided"] == [taken["by"]]


def test_the_same_request_again_gets_the_same_answer(instance):
    run = start(instance)
    waits(instance, run)
    first, again = (decide(instance, run, "approve", {"by": "ann"}, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert first[0] == again[0] == 200 and first[2] == again[2]
    instance.wait(run)


@pytest.mark.parametrize("default, status", [("approve", "success"), ("reject", "success"), ("fail", "error")])
def test_the_deadline_decides(instance, default, status):
    run = start(instance, deadlineMs=100, default=default)
    record = instance.wait(run)
    assert record["status"] == status
    if default == "fail":
        assert record["error"]["code"] == "timeout" and record["error"]["nodeId"] == "ask"
    else:
        assert record["nodes"]["ask"]["output"]["approved"] is (default == "approve")
        assert record["nodes"]["ask"]["output"]["by"] is None
    assert decide(instance, run, "approve")[0] == 409


def test_cancelled_while_it_waits(instance):
    run = start(instance)
    waits(instance, run)
    instance.cli("cancel", run)
    record = instance.wait(run)
    assert record["status"] == "cancelled" and record["nodes"]["ask"]["status"] == "cancelled"
    assert decide(instance, run, "approve")[0] == 409
    assert instance.http("GET", "/api/approvals")[2]["items"] == []


def test_a_decision_outlives_the_runs_process(new_instance):
    """Killed while it waits, with and without a decision that came before anybody executes it again."""
    instance = new_instance([*ALLOW, "runner.orphan=resume"])
    run = start(instance)
    waits(instance, run)
    os.kill(run_pid(run), signal.SIGKILL)
    wait_until(lambda: instance.record(run)["attempt"] == 2 and instance.record(run)["nodes"]["ask"]["status"] == "waiting")
    pid = run_pid(run)
    os.kill(pid, signal.SIGSTOP) # it must not see the decision
    assert decide(instance, run, "approve", {"by": "ann"})[0] == 200
    os.kill(pid, signal.SIGKILL)
    record = instance.wait(run)
    assert record["status"] == "success" and record["attempt"] == 3 and record["output"]["by"] == "ann"
    def all_events():
        events = instance.http("GET", f"/api/runs/{run}/events?limit=200")[2]["items"]
        return events if events[-1]["type"] == "run.finished" else None

    events = wait_until(all_events, what="the terminal event")
    types = [e["type"] for e in events]
    assert types.count("approval.requested") == 1 and types.count("approval.decided") == 1
    assert json.dumps(record["output"]) in json.dumps(events[-1]["data"])


def test_a_run_that_waits_can_be_paused(instance):
    """Nobody executes it then; it can be decided on all the same, and a delay beside it keeps its end."""
    nap = {"id": "nap", "type": "control", "data": {"kind": "delay", "ms": 2000}}
    run = instance.inline([TRIGGER, ASK, nap, result("yes", "{{ .nodes.ask.output.by }}"), result("no", "no")],
                          [*EDGES, {"source": "start", "target": "nap"}], input={"what": "it"})
    waits(instance, run)
    wait_until(lambda: instance.record(run)["nodes"]["nap"]["status"] == "waiting")
    assert instance.http("POST", f"/api/runs/{run}/pause")[0] == 202
    wait_until(lambda: instance.record(run)["status"] == "paused", what="the pause")
    wait_until(lambda: run_pid(run) is None, what="its process to end")
    assert [i["runId"] for i in instance.http("GET", "/api/approvals")[2]["items"]] == [run]
    assert decide(instance, run, "approve", {"by": "ann"})[0] == 200
    assert instance.record(run)["status"] == "paused"
    assert instance.http("POST", f"/api/runs/{run}/resume")[0] == 202
    record = instance.wait(run)
    assert record["status"] == "success" and record["output"] == "ann" and record["attempt"] == 1
    events = instance.http("GET", f"/api/runs/{run}/events?limit=200")[2]["items"]
    naps = [e["data"].get("deadline") for e in events if e["type"] == "node.waiting" and e["data"]["nodeId"] == "nap"]
    assert set(naps) == {record["nodes"]["nap"]["output"]["until"]}
    assert [e["type"] for e in events].count("approval.requested") == 1


def test_secrets_are_hidden_in_what_is_asked(instance):
    instance.cli("secret", "set", "unused", "--stdin", input="makes the keys")
    ask = {**ASK, "data": {**ASK["data"], "message": "Use {{ .input.token }}?"}}
    run = instance.inline([TRIGGER, ask], [{"source": "start", "target": "ask"}], input={"token": "hush-hush-hush"},
                          params=[{"name": "token", "type": "secret"}])
    waits(instance, run)
    message = next(i["message"] for i in instance.http("GET", "/api/approvals")[2]["items"] if i["runId"] == run)
    assert message.startswith("Use ") and "hush" not in message
    assert decide(instance, run, "approve")[0] == 200
    instance.wait(run)
