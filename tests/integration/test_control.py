"""Control nodes: switch, delay, what jq errors say. The runner alone, as in test_runner.py."""

import os
import signal

import pytest

from conftest import ALLOW, wait_until
from runs import TRIGGER, chain, result
from test_runner import Runner


@pytest.fixture(scope="module")
def runner():
    it = Runner()
    yield it
    it.close()


@pytest.fixture
def new_runner():
    made = []

    def make(settings=ALLOW):
        made.append(Runner(settings))
        return made[-1]

    yield make
    for it in made:
        it.close()


def control(name, kind, **data):
    return {"id": name, "type": "control", "data": {"kind": kind, **data}}


SIZES = control("size", "switch", cases=[{"handle": "big", "expression": ".input.n > 100"},
                                         {"handle": "some", "expression": ".input.n > 10"}])
BRANCHES = [{"source": "start", "target": "size"}] + [
    {"source": "size", "target": handle, "sourceHandle": handle} for handle in ("big", "some", "default")]


@pytest.mark.parametrize("n, handle, index", [(500, "big", 0), (50, "some", 1), (5, "default", None)])
def test_switch_takes_the_first_true_case(runner, n, handle, index):
    ends = [result(name, name) for name in ("big", "some", "default")]
    record = runner.execute([TRIGGER, SIZES, *ends], BRANCHES, {"n": n})
    assert record["status"] == "success" and record["output"] == handle
    assert record["nodes"]["size"]["output"] == {"handle": handle, "index": index}
    assert [record["nodes"][name]["status"] for name in ("big", "some", "default")].count("skipped") == 2


def test_errors_of_jq_name_node_setting_and_line(runner):
    record = runner.execute(*chain(control("size", "switch", cases=[
        {"handle": "a", "expression": "false"}, {"handle": "b", "expression": ".input.n\n| .[0]"}])), {"n": 1})
    assert record["nodes"]["size"]["error"] == {
        "code": "expression", "nodeId": "size",
        "message": "node size, `cases[1].expression`: jq: Cannot index number with number, in `.input.n`"}
    record = runner.execute(*chain(control("t", "transform", expression=".input | keys")), {"n": 1})
    assert record["status"] == "success"
    record = runner.execute(*chain(result("done", {"deep": ["x", "{{ .input.n | keys }}"]})), {"n": 1})
    assert record["error"]["message"] == "node done: `value.deep[1]`: jq: number (1) has no keys, in `.input.n | keys`"


def test_a_resumed_run_takes_the_branch_it_took(runner):
    """The switch is not asked again: its handle comes from its record."""
    fails = control("some", "transform", expression="error(\"no\")")
    ends = [result("big", 1), result("default", 2)]
    run = runner.new([TRIGGER, SIZES, fails, *ends], BRANCHES, {"n": 50})
    assert runner.wait(run)["nodes"]["some"]["status"] == "error"
    runner.ctl("resume", run)
    record = wait_until(lambda: (lambda r: r if r["attempt"] == 2 and r["status"] == "error" else None)(runner.record(run)))
    assert [record["nodes"][name]["status"] for name in ("big", "some", "default")] == ["skipped", "error", "skipped"]


def test_delay_waits_as_a_waiting_node(runner):
    run = runner.new(*chain(control("nap", "delay", ms=300), result("done", "{{ .nodes.nap.output.waitedMs >= 300 }}")))
    assert runner.wait(run)["output"] is True
    waiting = runner.events(run, "node.waiting")
    assert [e["data"]["nodeId"] for e in waiting] == ["nap"] and waiting[0]["data"]["deadline"]
    past = runner.execute(*chain(control("nap", "delay", until="{{ \"2001-01-01T00:00:00Z\" }}")))
    assert past["status"] == "success" and past["nodes"]["nap"]["output"]["until"] == "2001-01-01T00:00:00.000Z"
    bad = runner.execute(*chain(control("nap", "delay", ms="{{ \"soon\" }}")))
    assert bad["error"]["code"] == "input" and '"soon"' in bad["error"]["message"]


def test_waiting_nodes_take_no_place(new_runner):
    """More of them than runner.max_nodes, and others still run."""
    runner = new_runner([*ALLOW, "runner.max_nodes=1"])
    naps = [control(f"nap{i}", "delay", ms=3600000) for i in range(3)]
    nodes = [TRIGGER, *naps, control("t", "transform", expression="1")]
    run = runner.new(nodes, [{"source": "start", "target": node["id"]} for node in nodes[1:]])
    wait_until(lambda: (lambda n: n["t"]["status"] == "success" and n["nap2"]["status"] == "waiting")(runner.record(run)["nodes"]))
    runner.ctl("cancel", run)
    record = runner.wait(run)
    assert record["status"] == "cancelled" and record["nodes"]["nap0"]["status"] == "cancelled"


def test_a_killed_runs_delay_goes_on_where_it_was(new_runner):
    runner = new_runner([*ALLOW, "runner.orphan=resume"])
    run = runner.new(*chain(control("nap", "delay", ms=4000), result("done", 1)))
    wait_until(lambda: runner.record(run)["nodes"]["nap"]["status"] == "waiting")
    os.kill(runner.run_pid(run), signal.SIGKILL)
    record = runner.wait(run)
    assert record["status"] == "success" and record["attempt"] == 2
    first, second = (e["data"]["deadline"] for e in runner.events(run, "node.waiting"))
    assert first == second == record["nodes"]["nap"]["output"]["until"]
