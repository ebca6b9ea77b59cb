"""What a workflow and a person may say of runs: pause, priority, concurrency and what a busy workflow does with another run."""

from conftest import wait_until
from runs import GATE, TRIGGER, chain, open_gate, result, shell
from test_retry import events, statuses


def post(instance, path, body=None, expect=202):
    status, _, answer = instance.http("POST", path, body)
    assert status == expect, answer
    return answer


def wait_for(instance, run, status, what=None):
    return wait_until(lambda: (lambda r: r if r["status"] == status else None)(instance.record(run)), what=what or f"{run} {status}")


def at_the_gate(instance, run, node="gate"):
    wait_until(lambda: statuses(instance.record(run))[node] == "running", what="the gate")


def save(instance, workflow, nodes, edges, **head):
    status, _, answer = instance.http("PUT", f"/api/workflows/{workflow}", {"nodes": nodes, "edges": edges, **head})
    assert status in (200, 201), answer


def start(instance, workflow, **body):
    return post(instance, f"/api/workflows/{workflow}/run", body)["runId"]


def test_a_paused_run_ends_what_runs_and_goes_on_later(instance):
    nodes, edges = chain(shell("gate", GATE), shell("after", "echo after >> trace"), result())
    run = instance.inline(nodes, edges, timeoutMs=60000)
    at_the_gate(instance, run)
    assert post(instance, f"/api/runs/{run}/pause")["status"] == "running"
    assert instance.record(run)["pausing"] is True
    # It is taken back while the node still runs: nothing has happened.
    assert post(instance, f"/api/runs/{run}/resume")["status"] == "running"
    assert "pausing" not in instance.record(run)
    post(instance, f"/api/runs/{run}/pause")
    open_gate(instance, run)
    record = wait_for(instance, run, "paused")
    assert statuses(record) == {"start": "success", "gate": "success", "after": "pending", "done": "pending"}
    instance.cli("restart", "runner")
    assert instance.record(run)["status"] == "paused" and instance.record(run)["attempt"] == 1
    assert post(instance, f"/api/runs/{run}/resume")["status"] == "queued"
    record = instance.wait(run)
    assert record["status"] == "success" and record["attempt"] == 1
    assert (instance.data / "runs" / run / "work" / "trace").read_text() == "after\n"
    types = [e["type"] for e in events(instance, run) if e["type"].startswith("run.") and e["type"] != "run.progress"]
    assert types == ["run.queued", "run.started", "run.paused", "run.resumed", "run.started", "run.finished"]
    post(instance, f"/api/runs/{run}/pause", expect=409)


def test_a_run_that_has_nothing_left_to_begin_ends(instance):
    run = instance.inline(*chain(shell("gate", GATE)))
    at_the_gate(instance, run)
    post(instance, f"/api/runs/{run}/pause")
    open_gate(instance, run)
    assert instance.wait(run)["status"] == "success"


def test_cli_pauses_runs_workflows_and_the_queue(instance):
    save(instance, "held", [TRIGGER], [])
    assert instance.json("pause", "--workflow", "held") == [{"workflowId": "held", "status": "paused"}]
    held = start(instance, "held")
    other = instance.inline([TRIGGER], [])
    assert instance.wait(other)["status"] == "success" and instance.record(held)["status"] == "queued"
    assert instance.http("GET", "/api/workflows/held")[2]["paused"] is True
    # Exported and imported again, the definition says nothing of it.
    assert "paused" not in instance.cli("workflow", "export", "held")
    instance.cli("unpause", "--workflow", "held")
    assert instance.wait(held)["status"] == "success"
    assert instance.cli("pause", "--all") == "queue paused\n"
    run = start(instance, "held")
    assert post(instance, "/api/queue/pause", expect=200) == {"paused": True, "queued": 1}
    assert instance.cli("pause", run) == f"{run} paused\n"
    assert post(instance, "/api/queue/resume", expect=200) == {"paused": False, "queued": 0}
    assert instance.cli("unpause", run) == f"{run} queued\n"
    assert instance.wait(run)["status"] == "success"
    failed = instance.cli("unpause", run, check=False)
    assert failed.returncode == 1 and "not paused" in failed.stderr


def test_skip_answers_with_the_run_that_was_not_started_and_why(instance):
    save(instance, "skips", *chain(shell("gate", GATE)), concurrency={"limit": 1, "onBusy": "skip"})
    first = start(instance, "skips")
    at_the_gate(instance, first)
    answer = post(instance, "/api/workflows/skips/run")
    assert answer["status"] == "cancelled" and first in answer["notStartedBecause"]
    record = instance.record(answer["runId"])
    assert record["status"] == "cancelled" and record["error"]["message"] == answer["notStartedBecause"]
    said = instance.cli("run", "skips", check=False)
    assert said.returncode == 0 and "not started: skipped: run" in said.stderr
    open_gate(instance, first)
    assert instance.wait(first)["status"] == "success"


def test_replace_cancels_the_run_that_is_there(instance):
    script = "trap 'echo ended >> trace; exit 9' TERM\n" + GATE
    save(instance, "replaces", *chain(shell("gate", script)), concurrency={"limit": 1, "onBusy": "replace"})
    first = start(instance, "replaces")
    at_the_gate(instance, first)
    second = start(instance, "replaces")
    at_the_gate(instance, second)
    record = instance.record(first)
    assert record["status"] == "cancelled" and second in record["error"]["message"]
    assert statuses(record)["gate"] == "cancelled"
    open_gate(instance, second)
    assert instance.wait(second)["status"] == "success"


def test_the_timeout_of_a_whole_run_says_so(instance):
    record = instance.wait(instance.inline(*chain(shell("gate", GATE)), timeoutMs=300))
    assert record["status"] == "error" and record["error"]["code"] == "timeout" and "nodeId" not in record["error"]
    assert "timeoutMs" in record["error"]["message"] and "300 ms" in record["error"]["message"]
    assert record["nodes"]["gate"]["error"]["code"] == "timeout"


def test_higher_priorities_begin_first(instance):
    save(instance, "first", [TRIGGER], [], priority=1, concurrency={"limit": 1})
    post(instance, "/api/queue/pause", expect=200)
    runs = {name: start(instance, "first", **body) for name, body in
            (("own", {}), ("low", {"priority": -1}), ("raised", {}), ("high", {"priority": 7}))}
    status, _, record = instance.http("PATCH", f"/api/runs/{runs['raised']}", {"priority": 3})
    assert status == 200 and record["priority"] == 3
    assert instance.http("PATCH", f"/api/runs/{runs['raised']}", {"name": "x"})[0] == 422
    assert instance.http("POST", "/api/workflows/first/run", {"priority": "x"})[0] == 422
    post(instance, "/api/queue/resume", expect=200)
    for run in runs.values():
        instance.wait(run)
    began = sorted(runs, key=lambda name: instance.record(runs[name])["startedAt"])
    assert began == ["high", "raised", "own", "low"]


def test_a_node_far_over_its_usual_time_is_called_slow(instance):
    save(instance, "usual", *chain(shell("work", "[ -z \"$WAIT\" ] || " + GATE, env={"WAIT": "{{ .input.wait // \"\" }}"})))
    for _ in range(5):
        record = instance.wait(start(instance, "usual"))
        assert record["status"] == "success"
    run = start(instance, "usual", input={"wait": "yes"})
    event = wait_until(lambda: next((e for e in events(instance, run) if e["type"] == "node.slow"), None), what="node.slow")
    record = instance.record(run)
    assert record["nodes"]["work"]["slow"] is True and record["nodes"]["work"]["status"] == "running"
    assert record["expectedMs"] > 0 and record["expectedFinishAt"] > record["startedAt"]
    assert event["data"]["nodeId"] == "work" and event["data"]["elapsedMs"] > 1000
    assert event["data"]["expectedMs"] == record["nodes"]["work"]["expectedMs"] > 0
    open_gate(instance, run)
    instance.wait(run)
    types = [e["type"] for e in events(instance, run)]
    assert types.count("node.slow") == 1
    started = next(e for e in events(instance, run) if e["type"] == "run.started")
    assert started["data"]["expectedMs"] == record["expectedMs"]
    assert "slow" in instance.cli("tail", f"run:{run}", "--since", "start")
