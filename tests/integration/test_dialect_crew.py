"""The crew monitor: /runs/{run_id}, /graph and /mission over every door, with agents that ask a real endpoint."""

import sys

import pytest

from clients import Ws, get, poll_all, refused
from conftest import ALLOW, SOURCE, Instance, wait_until
from doors import equal_everywhere, take
from runs import GATE, chain, open_gate, result, shell

sys.path.insert(0, str(SOURCE / "tests" / "helper"))
from llm_server import LlmServer  # noqa: E402


@pytest.fixture(scope="module")
def llm():
    it = LlmServer()
    yield it
    it.close()


@pytest.fixture(scope="module")
def instance(llm):
    it = Instance((*ALLOW, f"model.url={llm.url}", "model.default=test-model"), examples=False)
    yield it
    it.close()


def agent(name="ask", **data):
    return {"id": name, "type": "agent", "data": {"kind": "agent", "prompt": "Hello there", "label": name.title(), **data}}


def whole(instance, run):
    """All messages of a run that has ended, or is about to."""
    return poll_all(instance.url, f"/poll/runs/{run}", "start", wait=5)


# /runs/{run_id}


def check_run(messages, run):
    for message in messages:
        assert set(message) == {"type", "id", "timestamp", "run_id", "payload"}
        assert message["run_id"] == run


def test_a_run_of_two_agents_as_it_goes(instance, llm):
    llm.script({"text": "The first answer"}, {"text": "The second answer"})
    run = instance.inline(*chain(shell("gate", GATE), agent("one"), agent("two", prompt="And then?"), result()),
                          workflow="pair", name="A pair", crewId="pairs")
    with Ws(instance.url, f"/ws/runs/{run}") as ws:
        open_gate(instance, run)
        live = ws.until(lambda m: m["type"] == "done")
        assert ws.close_code() == 1000
    check_run(live, run)
    assert [m["type"] for m in live] == ["boot"] + 2 * ["agent_start", "task_start", "task_end", "agent_end"] + ["done"]
    payloads = [m["payload"] for m in live]
    assert payloads[0]["workflow_id"] == "pair" and payloads[0]["name"] == "A pair"
    assert payloads[1]["agent_id"] == "one" and payloads[1]["name"] == "One"
    task = payloads[2]
    assert task["agent_id"] == "one" and task["description"] == "Hello there" and task["task_id"]
    done = payloads[3]
    assert {**task, "output": "The first answer", "status": "success"}.items() <= done.items()
    assert payloads[4]["status"] == "success" and payloads[4]["duration_s"] >= 0
    assert payloads[7]["description"] == "And then?" and payloads[7]["output"] == "The second answer"
    assert payloads[-1]["status"] == "success" and 0 < payloads[-1]["duration_s"] < 60
    equal_everywhere(instance, f"/runs/{run}", live, ends=True)


def test_a_failed_run(instance, llm):
    llm.script({"status": 400, "error": {"message": "no"}})
    run = instance.inline(*chain(agent(), result()), workflow="luckless")
    instance.wait(run)
    messages = whole(instance, run)
    check_run(messages, run)
    assert [m["type"] for m in messages] == ["boot", "agent_start", "task_start", "task_end", "agent_end", "error", "done"]
    assert [m["payload"]["status"] for m in messages if m["type"] in ("task_end", "agent_end", "done")] == 3 * ["error"]
    assert messages[-2]["payload"]["agent_id"] == "ask" and "answered 400" in messages[-2]["payload"]["message"]
    assert messages[-1]["id"] == messages[-2]["id"] + ".1"
    equal_everywhere(instance, f"/runs/{run}", messages, ends=True)


def test_a_failed_tool_is_no_agent(instance):
    run = instance.inline(*chain(shell("breaks", "exit 3")))
    instance.wait(run)
    messages = whole(instance, run)
    assert [m["type"] for m in messages] == ["boot", "error", "done"] and "agent_id" not in messages[1]["payload"]


def test_a_cancelled_run(instance, llm):
    llm.script({"text": "never to be heard", "hold": 1})
    run = instance.inline(*chain(agent(), result()))
    with Ws(instance.url, f"/ws/runs/{run}") as ws:
        ws.until(lambda m: m["type"] == "task_start")
        assert instance.http("POST", f"/api/runs/{run}/cancel")[0] == 202
        rest = ws.until(lambda m: m["type"] == "done")
        assert ws.close_code() == 1000
    assert [m["type"] for m in rest] == ["task_end", "agent_end", "error", "done"]
    assert rest[-2]["payload"]["message"] == "cancelled" and rest[-1]["payload"]["status"] == "cancelled"
    take(instance, "ws", f"/runs/{run}", 0, rest[-1]["id"], ends=True)
    equal_everywhere(instance, f"/runs/{run}", whole(instance, run), ends=True)


def test_a_run_that_never_began(instance):
    instance.http("POST", "/api/queue/pause")
    run = instance.inline(*chain(result()))
    instance.http("POST", f"/api/runs/{run}/cancel")
    instance.http("POST", "/api/queue/resume")
    messages = take(instance, "ws", f"/runs/{run}", 2, ends=True)
    assert [m["type"] for m in messages] == ["error", "done"] and messages[1]["payload"] == {"status": "cancelled", "duration_s": 0}


def test_a_retried_run_begins_anew(instance, llm):
    llm.script({"status": 400, "error": {"message": "not yet"}}, {"text": "Now"})
    run = instance.inline(*chain(agent(), result()))
    instance.wait(run)
    instance.http("POST", f"/api/runs/{run}/retry")
    instance.wait(run)
    wait_until(lambda: [m["type"] for m in whole(instance, run)].count("done") == 2)
    messages = take(instance, "ws", f"/runs/{run}", 6, ends=True)
    assert messages[0]["type"] == "boot" and messages[0]["payload"]["attempt"] == 2
    assert messages[3]["payload"]["output"] == "Now" and messages[-1]["payload"]["status"] == "success"
    both = whole(instance, run)
    assert [m["type"] for m in both].count("done") == 2 and both[-6:] == messages
    equal_everywhere(instance, f"/runs/{run}", both, ends=True, opening=False)


def test_unknown_runs(instance):
    assert refused(instance.url, "/ws/runs/r_nobody") == 404
    for door in ("/sse", "/poll", "/api/poll"):
        assert get(instance.url, f"{door}/runs/r_nobody")[0] == 404
    assert get(instance.url, "/ws/runs/r_nobody")[0] == 426
