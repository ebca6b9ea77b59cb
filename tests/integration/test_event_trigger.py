"""Workflows that start when a run of another one has ended."""

import os
import signal

import pytest

from conftest import wait_until
from runs import TRIGGER, chain, result, shell
from test_subworkflow import pid_of


def save(instance, id, nodes, edges, **more):
    status, _, body = instance.http("PUT", f"/api/workflows/{id}", {"id": id, "nodes": nodes, "edges": edges, **more})
    assert status in (200, 201), body


@pytest.fixture
def listen(instance):
    """listen(id, workflows, ...): save a workflow that starts at their ends. They are deleted after the test."""
    saved = []

    def make(id, workflows, status=None, **more):
        data = {"kind": "event", "workflows": workflows, **({"status": status} if status else {})}
        nodes = [{"id": "ended", "type": "trigger", "data": data}, result("done", "{{ .input.run }}")]
        save(instance, id, nodes, [{"source": "ended", "target": "done"}], **more)
        saved.append(id)

    yield make
    for id in saved:
        instance.http("DELETE", f"/api/workflows/{id}")


def started_by(instance, run, workflow):
    """Runs of the workflow that this run's end has started."""
    items = instance.http("GET", f"/api/runs?workflow={workflow}&limit=500")[2]["items"]
    return [r for r in map(instance.record, (i["id"] for i in items)) if (r.get("trigger") or {}).get("runId") == run]


def test_the_end_of_a_run_starts_another(instance, listen):
    listen("after", ["work"], ["success"])
    listen("other", ["elsewhere"])
    listen("always", [], ["success", "error"])
    save(instance, "work", *chain(result("done", {"n": 5})))
    run = instance.run("work")
    instance.wait(run)
    for workflow in ("after", "always"):
        record = instance.wait(wait_until(lambda: started_by(instance, run, workflow))[0]["id"])
        assert record["status"] == "success" and record["depth"] == 1
        assert record["trigger"] == {"kind": "event", "nodeId": "ended", "runId": run}
        assert record["output"] == {"id": run, "workflowId": "work", "status": "success", "output": {"n": 5}, "error": None}
        assert len(started_by(instance, run, workflow)) == 1
    assert started_by(instance, run, "other") == []


def told(instance, run, workflow):
    """The line of the log that says why this workflow was not started."""
    def look():
        lines = instance.http("GET", f"/api/runs/{run}/logs")[2]["items"]
        return next((line for line in lines if f"did not start workflow {workflow}" in line["message"]), None)

    return wait_until(look, what="the line")


@pytest.mark.parametrize("status, script", [("error", "exit 3"), ("cancelled", "sleep 100")])
def test_the_status_counts(instance, listen, status, script):
    listen("good", ["work"], ["success"])
    listen("bad", ["work"], [status])
    save(instance, "work", *chain(shell("work", script)))
    run = instance.run("work")
    if status == "cancelled":
        wait_until(lambda: instance.record(run)["nodes"]["work"]["status"] == "running")
        instance.cli("cancel", run)
    assert instance.wait(run)["status"] == status
    record = instance.wait(wait_until(lambda: started_by(instance, run, "bad"))[0]["id"])
    assert record["output"]["status"] == status and record["output"]["error"]["message"]
    assert started_by(instance, run, "good") == []


def test_a_killed_runs_end_starts_one(instance, listen):
    listen("after", ["work"], ["error"])
    save(instance, "work", *chain(shell("work", "sleep 100")))
    run = instance.run("work")
    wait_until(lambda: instance.record(run)["nodes"]["work"]["status"] == "running")
    os.kill(wait_until(lambda: pid_of(run)), signal.SIGKILL)
    assert instance.wait(run)["error"]["code"] == "orphaned"
    found = wait_until(lambda: started_by(instance, run, "after"))
    assert len(found) == 1 and instance.wait(found[0]["id"])["output"]["error"]["code"] == "orphaned"


def test_loops_end(instance, listen):
    """A workflow that listens for itself: eight more, and a line that says why there is no ninth."""
    listen("loop", ["loop"])
    run = instance.run("loop")
    for depth in range(1, 9):
        instance.wait(run)
        run = wait_until(lambda: started_by(instance, run, "loop"))[0]["id"]
        assert instance.record(run)["depth"] == depth
    instance.wait(run)
    assert "8 deep" in told(instance, run, "loop")["message"]
    assert started_by(instance, run, "loop") == []


def test_what_cannot_start_is_said_and_harms_nobody(instance, listen):
    listen("strict", ["work"], params=[{"name": "n", "type": "number", "required": True}])
    listen("after", ["work"])
    save(instance, "work", *chain(result()))
    run = instance.run("work")
    assert instance.wait(run)["status"] == "success"
    assert wait_until(lambda: started_by(instance, run, "after"))
    assert told(instance, run, "strict")["level"] == "warning"
    wait_until(lambda: instance.http("GET", f"/api/runs/{run}/events?limit=500")[2]["items"][-1]["type"] == "run.finished")


def test_what_is_deleted_or_changed_listens_no_more(instance, listen):
    listen("first", ["work"])
    listen("second", ["work"])
    listen("third", ["work"])
    assert instance.http("DELETE", "/api/workflows/first")[0] == 204
    listen("second", ["elsewhere"])
    save(instance, "work", *chain(result()))
    run = instance.run("work")
    instance.wait(run)
    assert wait_until(lambda: started_by(instance, run, "third"))
    assert started_by(instance, run, "first") == started_by(instance, run, "second") == []
    status, _, body = instance.http("PUT", "/api/workflows/bad", {"edges": [], "nodes": [
        {"id": "t", "type": "trigger", "data": {"kind": "event", "workflows": ["not an id"]}}]})
    assert status == 422 and "is not the id of a workflow" in body["errors"][0]["message"]
