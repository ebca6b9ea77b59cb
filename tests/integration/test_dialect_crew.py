"""The crew monitor: /runs/{run_id}, /graph and /mission over every door, with agents that ask a real endpoint."""

import subprocess
import sys

import pytest

from clients import Emitter, Sse, Ws, get, poll, poll_all, refused, with_query
from conftest import ALLOW, BUILD, SOURCE, Instance, wait_until
from doors import DOORS, equal_everywhere, take
from issuer import SECRET, hs256
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


def bearer(**more):
    return {"Authorization": "Bearer " + hs256(scope="editor", **more)}


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
    status, _, answer = instance.http("POST", f"/api/runs/{run}/retry")
    assert status == 202, answer
    instance.wait(run)
    wait_until(lambda: [m["type"] for m in whole(instance, run)].count("done") == 2)
    messages = take(instance, "ws", f"/runs/{run}", 6, ends=True)
    assert messages[0]["type"] == "boot" and messages[0]["payload"]["attempt"] == 2, messages
    assert messages[3]["payload"]["output"] == "Now" and messages[-1]["payload"]["status"] == "success"
    both = whole(instance, run)
    assert [m["type"] for m in both].count("done") == 2 and both[-6:] == messages
    equal_everywhere(instance, f"/runs/{run}", both, ends=True, opening=False)


def test_unknown_runs(instance):
    assert refused(instance.url, "/ws/runs/r_nobody") == 404
    for door in ("/sse", "/poll", "/api/poll"):
        assert get(instance.url, f"{door}/runs/r_nobody")[0] == 404
    assert get(instance.url, "/ws/runs/r_nobody")[0] == 426


# /graph


def tool_run(instance, llm, crew):
    """A run with a tool that succeeds, one that fails and may, and an agent that calls two."""
    calls = [{"name": "shell", "arguments": {"command": ["sh", "-c", "exit 3"]}},
             {"name": "shell", "arguments": {"command": ["true"]}}]
    llm.script({"tool_calls": calls}, {"text": "done"})
    run = instance.inline(*chain(shell("good", "echo hello"), shell("bad", "exit 4", continueOnError=True),
                                 agent(tools=["shell"]), result()), workflow="tooled", crewId=crew)
    assert instance.wait(run)["status"] == "success"
    whole(instance, run)
    return run


def test_every_tool_of_nodes_and_agents(instance, llm):
    with Ws(instance.url, "/ws/graph/tools1") as ws, Ws(instance.url, "/ws/graph?crew_id=tools1") as same, \
            Ws(instance.url, "/ws/graph") as all_crews, Ws(instance.url, "/ws/graph/tools2") as other:
        run = tool_run(instance, llm, "tools1")
        live = [ws.recv() for _ in range(8)]
        assert [same.recv() for _ in range(8)] == live and [all_crews.recv() for _ in range(8)] == live
        other.send("ping")
        assert other.recv() == {"type": "pong"}
    assert [m["type"] for m in live] == 4 * ["tool_start", "tool_end"]
    for message in live:
        assert {"type", "id", "timestamp", "crew_id", "run_id", "agent_id", "tool"} <= set(message)
        assert (message["crew_id"], message["run_id"]) == ("tools1", run)
    starts, ends = live[::2], live[1::2]
    assert [m["agent_id"] for m in starts] == [m["agent_id"] for m in ends] == [None, None, "ask", "ask"]
    assert [m["node_id"] for m in starts] == ["good", "bad", "ask", "ask"]
    assert starts[0]["params"]["command"] == ["sh", "-c", "echo hello"] and starts[3]["params"]["command"] == ["true"]
    assert [(m["status"], m["exit_code"]) for m in ends] == [("success", 0), ("completed_with_errors", 4), ("error", 3), ("success", 0)]
    assert all(isinstance(m["duration_s"], float) for m in ends)
    assert starts[2]["call_id"] == ends[2]["call_id"] != ends[3]["call_id"]
    equal_everywhere(instance, "/graph/tools1", live, opening=False)
    for door in DOORS:
        assert take(instance, door, "/graph/tools1", 0) == []  # from now on
    assert poll(instance.url, "/poll/graph", crew_id="tools1", since="start")["events"] == live
    assert poll(instance.url, "/api/poll/graph", crew_id="tools1", since="start")["events"] == live


def test_tools_told_from_outside(instance):
    emitter = Emitter(instance.data / "spool.sock", "graph-emitter")
    with Ws(instance.url, "/ws/graph/outside") as ws:
        emitter.emit("crew:outside", "tool.started", {"runId": "r_there", "agentId": "a", "tool": "t", "params": {"x": 1}})
        emitter.emit("crew:outside", "tool.progress", {"runId": "r_there", "agentId": "a", "tool": "t", "message": "half", "progress": 0.5})
        emitter.emit("crew:outside", "tool.progress", {"tool": "t", "message": "somewhere"})
        emitter.emit("crew:outside", "tool.finished", {"tool": "t", "durationS": 1.5, "exitCode": 2})
        start, half, some, end = (ws.recv() for _ in range(4))
    emitter.close()
    assert (start["crew_id"], start["run_id"], start["agent_id"], start["tool"], start["params"]) == ("outside", "r_there", "a", "t", {"x": 1})
    assert (half["type"], half["message"], half["progress"]) == ("tool_progress", "half", 0.5)
    assert some["message"] == "somewhere" and "progress" not in some
    assert (end["duration_s"], end["exit_code"], end["status"]) == (1.5, 2, "error")
    equal_everywhere(instance, "/graph/outside", [start, half, some, end], opening=False)


def test_progress_of_scraping_is_progress_of_a_tool(instance):
    emitter = Emitter(instance.data / "spool.sock", "scrape-emitter")
    with Ws(instance.url, "/ws/graph/scrapers") as ws:
        emitter.emit("crew:scrapers", "scrape.progress", {"toolId": "web", "url": "http://x/", "status": "scraping", "items": 3, "progress": 40})
        message = ws.recv()
    emitter.close()
    assert (message["type"], message["tool"], message["message"], message["progress"]) == ("tool_progress", "web", "http://x/", 0.4)


# /mission


def signals(instance, **query):
    """How each crew stands, as the opening says."""
    return {m["payload"]["crewId"]: m["payload"]["status"] for m in poll(instance.url, "/poll/mission", **query)["events"]}


def save(instance, workflow, crew, *nodes):
    nodes, edges = chain(*nodes)
    status, _, body = instance.http("PUT", f"/api/workflows/{workflow}", {"id": workflow, "crewId": crew, "nodes": nodes, "edges": edges})
    assert status in (200, 201), body


def crew_signals(ws, crew, n):
    got = []
    while len(got) < n:
        message = ws.recv()
        if message["type"] == "signal" and message["payload"]["crewId"] == crew:
            assert set(message) == {"type", "id", "timestamp", "payload"} and set(message["payload"]) == {"status", "crewId"}
            got.append(message)
    return got


def test_a_crew_is_available_busy_and_available_again(instance):
    save(instance, "missioned", "m1", shell("gate", GATE))
    with Ws(instance.url, "/ws/mission") as ws:
        first, = crew_signals(ws, "m1", 1)
        assert first["payload"]["status"] == "available"
        run = instance.run("missioned")
        busy, = crew_signals(ws, "m1", 1)
        assert busy["payload"]["status"] == "busy" and signals(instance)["m1"] == "busy"
        second = instance.run("missioned")  # one more: no change
        wait_until(lambda: instance.record(second)["status"] == "running")
        open_gate(instance, run)
        instance.wait(run)
        open_gate(instance, second)
        last, = crew_signals(ws, "m1", 1)
        assert last["payload"]["status"] == "available" and signals(instance)["m1"] == "available"
    assert [m for m in poll(instance.url, "/poll/mission", since="start")["events"] if m["payload"]["crewId"] == "m1"] == [first, busy, last]


def test_what_is_emitted_holds_until_the_next_computed_change(instance):
    save(instance, "emitted", "m2", shell("gate", GATE))
    with Ws(instance.url, "/ws/mission") as ws:
        crew_signals(ws, "m2", 1)
        instance.cli("emit", "mission:m2", "crew.signal", '{"crewId":"m2","status":"offline"}')
        assert crew_signals(ws, "m2", 1)[0]["payload"]["status"] == "offline"
        # Another crew's changes, and so many computations, leave it as it is.
        save(instance, "emitted3", "m3", shell("gate", GATE))
        crew_signals(ws, "m3", 1)
        assert signals(instance)["m2"] == "offline"
        status, _, body = instance.http("POST", "/api/events", {"stream": "crew:m2", "type": "crew.signal", "data": {"status": "busy"}})
        assert status == 202, body
        assert crew_signals(ws, "m2", 1)[0]["payload"]["status"] == "busy"
        instance.http("POST", "/api/events", {"stream": "mission:m2", "type": "crew.signal", "data": {"status": "nonsense"}})
        instance.cli("emit", "mission:m2", "crew.signal", '{"status":"offline"}')
        assert crew_signals(ws, "m2", 1)[0]["payload"]["status"] == "offline"
        run = instance.run("emitted")
        assert crew_signals(ws, "m2", 1)[0]["payload"]["status"] == "busy"
        open_gate(instance, run)
        assert crew_signals(ws, "m2", 1)[0]["payload"]["status"] == "available"


def test_the_opening_and_every_cursor_on_every_door(instance):
    for i in range(4):
        save(instance, f"open{i}", f"o{i}", shell("gate", GATE))
    wait_until(lambda: {f"o{i}" for i in range(4)} <= set(signals(instance)))
    everything = poll(instance.url, "/poll/mission", since="start")["events"]
    equal_everywhere(instance, "/mission", everything, opening=False)
    newest = {m["payload"]["crewId"]: m for m in everything}
    opening = [m for m in everything if newest[m["payload"]["crewId"]] is m]
    for door in DOORS:
        assert take(instance, door, "/mission", len(opening)) == opening, door


def test_heartbeats(new_instance):
    """In proportion to bridge.heartbeat: every sweep, that is every second, here."""
    instance = new_instance((*ALLOW, "bridge.heartbeat=100ms"), examples=False, without=("runner",))
    with Ws(instance.url, "/ws/graph") as graph, Ws(instance.url, "/ws/mission") as mission, \
            Sse(instance.url, "/sse/mission") as stream:
        assert graph.recv() == {"type": "ping"}
        beat = mission.recv()
        assert set(beat) == {"type", "timestamp"} and beat["type"] == "heartbeat"
        assert stream.next()[1]["op"] == "hello"
        ident, message = stream.next()
        assert ident is None and message["type"] == "heartbeat"
    assert poll(instance.url, with_query("/poll/mission", since="start"))["events"] == []


def test_without_a_runner_a_crew_is_offline(new_instance):
    instance = new_instance(ALLOW, examples=False)
    save(instance, "w", "c", shell("gate", GATE))
    with Ws(instance.url, "/ws/mission") as ws:
        assert crew_signals(ws, "c", 1)[0]["payload"]["status"] == "available"
        instance.cli("stop", "runner")
        assert crew_signals(ws, "c", 1)[0]["payload"]["status"] == "offline"
        instance.cli("start", "runner")
        assert crew_signals(ws, "c", 1)[0]["payload"]["status"] == "available"
    instance.cli("stop", "bridge")
    instance.cli("stop", "runner")  # nobody is left who computes all the time
    assert [m["payload"] for m in poll(instance.url, "/api/poll/mission")["events"]] == [{"status": "offline", "crewId": "c"}]
    instance.cli("start", "bridge")
    wait_until(lambda: refused(instance.url, "/ws/mission") == 101)
    assert signals(instance) == {"c": "offline"}


def test_crews_of_two_organisations_with_one_name(new_instance):
    instance = new_instance(("auth=jwt", f"auth.secret={SECRET}", *ALLOW), examples=False, without=("runner",))
    acme, beta, one = (bearer(org="acme"), bearer(org="beta"), bearer(org="acme", crews=["solo"]))
    nodes, edges = chain(result())
    for who, crew in ((acme, "shared"), (acme, "solo"), (beta, "shared")):
        body = {"id": f"w-{crew}", "crewId": crew, "nodes": nodes, "edges": edges}
        assert instance.http("PUT", f"/api/workflows/w-{crew}", body, who)[0] == 201

    def standing(who, door="/poll"):
        status, _, body = instance.http("GET", f"{door}/mission", headers=who)
        assert status == 200, body
        return {m["payload"]["crewId"]: m["payload"]["status"] for m in body["events"]}

    wait_until(lambda: standing(acme) == {"shared": "offline", "solo": "offline"} and standing(beta) == {"shared": "offline"})
    for who, crew, status in ((acme, "shared", 200), (beta, "shared", 200), (beta, "solo", 403), (acme, "nobody", 403), (one, "shared", 403)):
        for path in (f"graph/{crew}", f"graph?crew_id={crew}"):
            assert [instance.http("GET", f"{door}/{path}", headers=who)[0] for door in ("/poll", "/api/poll")] == 2 * [status], (path, status)
            with Ws(instance.url, f"/ws/{path}", headers=who) as ws:
                if status == 403:
                    assert ws.close_code() == 4403
                else:
                    ws.send("ping")
                    assert ws.recv() == {"type": "pong"}
    with Ws(instance.url, "/ws/mission", headers=beta) as theirs, Ws(instance.url, "/ws/mission?since=now", headers=acme) as ours:
        assert theirs.recv()["payload"] == {"status": "offline", "crewId": "shared"}
        told = {"stream": "mission:shared", "type": "crew.signal", "data": {"status": "busy"}}
        assert instance.http("POST", "/api/events", told, beta)[0] == 202
        assert theirs.recv()["payload"] == {"status": "busy", "crewId": "shared"}
        told = {"stream": "crew:shared", "type": "tool.started", "data": {"tool": "theirs"}}
        assert instance.http("POST", "/api/events", told, beta)[0] == 202
        told = {"stream": "mission:shared", "type": "crew.signal", "data": {"status": "available"}}
        assert instance.http("POST", "/api/events", told, acme)[0] == 202
        assert ours.recv()["payload"] == {"status": "available", "crewId": "shared"}
    for door in ("/poll", "/api/poll"):
        assert standing(acme, door) == {"shared": "available", "solo": "offline"} and standing(one, door) == {"solo": "offline"}
        assert standing(beta, door) == {"shared": "busy"}
        tools = {name: [m["tool"] for m in instance.http("GET", f"{door}/graph?since=start", headers=who)[2]["events"]]
                 for name, who in (("acme", acme), ("beta", beta))}
        assert tools == {"acme": [], "beta": ["theirs"]}


@pytest.mark.heavy
def test_a_dead_runner_makes_its_crews_offline(new_instance):
    instance = new_instance(ALLOW, examples=False, without=("runner",))
    runner = subprocess.Popen([str(BUILD / "runner" / "runspool-runner"), "--data", str(instance.data)], env=instance.environ)
    save(instance, "w", "c", shell("gate", GATE))
    with Ws(instance.url, "/ws/mission") as ws:
        while crew_signals(ws, "c", 1)[0]["payload"]["status"] != "available":
            pass
        runner.kill()
        runner.wait()
        assert ws.until(lambda m: m["type"] == "signal", timeout=30)[-1]["payload"] == {"status": "offline", "crewId": "c"}
