"""Runs that nodes of other runs start: their records, ends, cancels and kills; places of runner.max_runs."""

import contextlib
import os
import pathlib
import signal

import pytest

from conftest import ALLOW, wait_until
from runs import GATE, TRIGGER, chain, result, shell
from test_runner import alive, marked


def sub(name="sub", workflow="child", **data):
    return {"id": name, "type": "control", "data": {"kind": "subworkflow", "workflow": workflow, **data}}


def save(instance, id, nodes, edges, **more):
    status, _, body = instance.http("PUT", f"/api/workflows/{id}", {"id": id, "nodes": nodes, "edges": edges, **more})
    assert status in (200, 201), body


def children(instance, run):
    items = instance.http("GET", "/api/runs?limit=500")[2]["items"]
    return [i["id"] for i in reversed(items) if i.get("parentRunId") == run]


def child_of(instance, run, node="sub"):
    return wait_until(lambda: instance.record(run)["nodes"][node].get("childRunId"), what=f"a child of {run}")


def pid_of(run):
    for pid in marked(run):
        with contextlib.suppress(OSError): # it may vanish meanwhile
            if b"--run" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    return None


def runs(instance, run, node="work"):
    wait_until(lambda: instance.record(run)["nodes"][node]["status"] == "running", what=f"{node} of {run}")


def test_output_and_records(instance):
    save(instance, "double", *chain(result("done", "{{ {n: (.input.n * 2)} }}")),
         params=[{"name": "n", "type": "number", "required": True}])
    run = instance.inline(*chain(sub(workflow="double", input={"n": "{{ .input.x }}"}),
                                 result("done", "{{ .nodes.sub.output.n }}")), input={"x": 21})
    record = instance.wait(run)
    assert record["status"] == "success" and record["output"] == 42
    child = instance.record(record["nodes"]["sub"]["childRunId"])
    assert (child["parentRunId"], child["parentNodeId"], child["depth"]) == (run, "sub", 1)
    assert child["workflowId"] == "double" and child["input"] == {"n": 21} and child["workflowVersion"] == 1
    assert child["trigger"] == {"kind": "subworkflow", "runId": run}
    # Its events are in its own stream; the parent's tells which.
    events = instance.http("GET", f"/api/runs/{run}/events?limit=100")[2]["items"]
    assert [e["data"]["childRunId"] for e in events if e["type"] == "node.waiting"] == [child["id"]]
    wait_until(lambda: {"run.queued", "run.finished"} <= {
        e["type"] for e in instance.http("GET", f"/api/runs/{child['id']}/events")[2]["items"]}, what="the child's events")


@pytest.mark.parametrize("workflow, given, code, words", [
    ("nosuch", None, "input", "there is no workflow nosuch"), ("strict", {}, "input", "the input of workflow strict"),
    ("failing", None, "exit", "exit status 3")])
def test_what_goes_wrong_is_said(instance, workflow, given, code, words):
    save(instance, "strict", *chain(result()), params=[{"name": "n", "type": "number", "required": True}])
    save(instance, "failing", *chain(shell("work", "exit 3")))
    record = instance.wait(instance.inline(*chain(sub(workflow=workflow, **({} if given is None else {"input": given})))))
    assert record["error"]["code"] == code and words in record["error"]["message"] and record["error"]["nodeId"] == "sub"


def test_depth_is_bounded(instance):
    save(instance, "endless", *chain(sub(workflow="endless")))
    run = instance.run("endless")
    record = instance.wait(run)
    assert record["status"] == "error" and record["error"]["code"] == "limit" and "8 deep" in record["error"]["message"]
    chain_of = [run]
    while (more := children(instance, chain_of[-1])):
        chain_of += more
    assert [instance.record(r).get("depth", 0) for r in chain_of] == list(range(9))


def test_cancel_goes_down(instance):
    save(instance, "leaf", *chain(shell("work", "sleep 100")))
    save(instance, "middle", *chain(sub(workflow="leaf")))
    run = instance.inline(*chain(sub(workflow="middle")))
    middle = child_of(instance, run)
    leaf = child_of(instance, middle)
    runs(instance, leaf)
    instance.cli("cancel", run)
    assert [instance.wait(r)["status"] for r in (run, middle, leaf)] == ["cancelled"] * 3
    wait_until(lambda: not marked(leaf), what="the end of its processes")
    assert instance.record(leaf)["nodes"]["work"]["status"] == "cancelled"


def test_a_child_that_is_cancelled_fails_its_parents_node(instance):
    save(instance, "leaf", *chain(shell("work", "sleep 100")))
    run = instance.inline(*chain(sub(workflow="leaf")))
    leaf = child_of(instance, run)
    runs(instance, leaf)
    instance.cli("cancel", leaf)
    record = instance.wait(run)
    assert record["status"] == "error" and f"run {leaf} was cancelled" in record["error"]["message"]


def test_parents_that_fill_all_places_do_not_wait_for_ever(new_instance):
    """One place, a parent in it, and the child of its child runs; a parent that waits leaves its place to others."""
    instance = new_instance([*ALLOW, "runner.max_runs=1"], examples=False)
    save(instance, "leaf", *chain(shell("work", GATE), result("done", 1)))
    save(instance, "middle", *chain(sub(workflow="leaf"), result("done", "{{ .nodes.sub.output }}")))
    parents = [instance.inline(*chain(sub(workflow="middle"), result("done", "{{ .nodes.sub.output }}"))) for _ in range(3)]
    leaf = child_of(instance, child_of(instance, parents[0]))
    runs(instance, leaf)
    (instance.data / "runs" / leaf / "work" / "go").write_text("")
    for parent in parents[1:]:
        leaf = child_of(instance, child_of(instance, parent))
        runs(instance, leaf)
        (instance.data / "runs" / leaf / "work" / "go").write_text("")
    assert [instance.wait(parent)["output"] for parent in parents] == [1, 1, 1]


def test_a_run_that_waits_leaves_its_place(new_instance):
    instance = new_instance([*ALLOW, "runner.max_runs=1"], examples=False)
    ask = {"id": "ask", "type": "control", "data": {"kind": "approval", "message": "?"}}
    waiting = [instance.inline([TRIGGER, ask], [{"source": "start", "target": "ask"}]) for _ in range(3)]
    for run in waiting:
        wait_until(lambda: instance.record(run)["nodes"]["ask"]["status"] == "waiting", what=f"{run} to wait")
    assert instance.wait(instance.inline(*chain(shell("work", "echo hello"))))["status"] == "success"
    for run in waiting:
        assert instance.http("POST", f"/api/runs/{run}/nodes/ask/approve")[0] == 200
    assert [instance.wait(run)["status"] for run in waiting] == ["success"] * 3


def test_the_childs_concurrency_holds(instance):
    """One at a time, though three are wanted at once; its own ancestors do not keep it waiting."""
    save(instance, "single", *chain(shell("work", "echo x")),
         concurrency={"limit": 1})
    run = instance.inline(*chain({"id": "each", "type": "control", "data": {
        "kind": "foreach", "items": [1, 2, 3], "node": {"kind": "subworkflow", "workflow": "single"}, "concurrency": 3}}))
    assert instance.wait(run)["status"] == "success"
    spans = sorted((r["startedAt"], r["finishedAt"]) for r in map(instance.record, children(instance, run)))
    assert len(spans) == 3 and all(a[1] <= b[0] for a, b in zip(spans, spans[1:]))
    items = instance.http("GET", f"/api/runs/{run}/nodes/each/items")[2]["items"]
    assert [i["status"] for i in items] == ["success"] * 3
    save(instance, "again", [TRIGGER, {"id": "c", "type": "control", "data": {"kind": "condition", "expression": ".input.n > 0"}},
                             sub(workflow="again", input={"n": "{{ .input.n - 1 }}"})],
         [{"source": "start", "target": "c"}, {"source": "c", "target": "sub", "sourceHandle": "true"}], concurrency={"limit": 1})
    assert instance.wait(instance.run("again", {"n": 2}))["status"] == "success"


def test_killed_parent_takes_its_child_with_it(instance):
    save(instance, "leaf", *chain(shell("work", "sleep 100")))
    run = instance.inline(*chain(sub(workflow="leaf")))
    leaf = child_of(instance, run)
    runs(instance, leaf)
    pids = marked(leaf)
    os.kill(pid_of(run), signal.SIGKILL)
    assert instance.wait(run)["error"]["code"] == "orphaned"
    assert instance.wait(leaf)["status"] in ("error", "cancelled")
    wait_until(lambda: not any(map(alive, pids)), what="the end of the child's processes")


def test_killed_child_fails_its_parent(instance):
    save(instance, "leaf", *chain(shell("work", "sleep 100")))
    run = instance.inline(*chain(sub(workflow="leaf")))
    leaf = child_of(instance, run)
    runs(instance, leaf)
    os.kill(wait_until(lambda: pid_of(leaf)), signal.SIGKILL)
    record = instance.wait(run)
    assert record["status"] == "error" and f"run {leaf} failed" in record["error"]["message"]
    assert instance.record(leaf)["error"]["code"] == "orphaned"


def test_killed_and_resumed_together(new_instance):
    """runner.orphan = resume: the parent goes on, with the same child, which does not start over."""
    instance = new_instance([*ALLOW, "runner.orphan=resume"], examples=False)
    save(instance, "leaf", *chain(shell("first", "echo x >> ran"), shell("work", f"echo y >> ran; {GATE}", onInterrupted="retry"),
                                  result("done", "leaf")))
    run = instance.inline(*chain(sub(workflow="leaf"), result("done", "{{ .nodes.sub.output }}")))
    leaf = child_of(instance, run)
    runs(instance, leaf)
    work = instance.data / "runs" / leaf / "work"
    wait_until(lambda: (work / "ran").read_text() == "x\ny\n", what="the command to run")
    os.kill(pid_of(run), signal.SIGKILL)
    wait_until(lambda: instance.record(leaf)["attempt"] == 2, what="the child's second attempt")
    runs(instance, leaf)
    (work / "go").write_text("")
    record = instance.wait(run)
    assert record["status"] == "success" and record["output"] == "leaf" and record["nodes"]["sub"]["childRunId"] == leaf
    assert (work / "ran").read_text().split() == ["x", "y", "y"] and children(instance, run) == [leaf]


def test_resumed_by_a_person_where_the_child_failed(instance):
    save(instance, "leaf", *chain(shell("first", "echo x >> ran"), shell("work", "[ -e mended ]"), result("done", "leaf")))
    run = instance.inline(*chain(sub(workflow="leaf"), result("done", "{{ .nodes.sub.output }}")))
    assert instance.wait(run)["status"] == "error"
    leaf = child_of(instance, run)
    work = instance.data / "runs" / leaf / "work"
    (work / "mended").write_text("")
    assert instance.http("POST", f"/api/runs/{run}/resume")[0] == 202
    record = wait_until(lambda: (lambda r: r if r["status"] == "success" else None)(instance.record(run)))
    assert record["output"] == "leaf" and (work / "ran").read_text() == "x\n" and children(instance, run) == [leaf]
    # Started over, it starts another one.
    assert instance.http("POST", f"/api/runs/{run}/retry")[0] == 202
    wait_until(lambda: instance.record(run)["attempt"] == 3 and instance.record(run)["status"] == "error")
    assert len(children(instance, run)) == 2


def test_secrets_do_not_stay_in_a_childs_record(instance):
    """Hidden in its input, but for a parameter of type secret, which gets it."""
    instance.cli("secret", "set", "TOKEN", "--stdin", input="hush-hush-hush")
    save(instance, "uses", *chain(shell("work", "printf %s ${#GIVEN}", env={"GIVEN": "{{ .input.token }}"}),
                                  result("done", "{{ .nodes.work.output.stdout + \"/\" + .input.plain }}")),
         params=[{"name": "token", "type": "secret"}, {"name": "plain", "type": "string"}])
    run = instance.inline(*chain(sub(workflow="uses", input={"token": "{{ $secrets.TOKEN }}", "plain": "{{ $secrets.TOKEN }}"}),
                                 result("done", "{{ .nodes.sub.output }}")))
    record = instance.wait(run)
    assert record["status"] == "success" and record["output"].startswith("14/") and "hush" not in str(record)
    assert "hush" not in str(instance.record(record["nodes"]["sub"]["childRunId"]))
