"""Part C.4, the crew monitor: a run as crew, agents and tasks; signals of crews; the graph of tool calls.

Agents need a model. What they would tell is told from outside instead, into the stream of a run that goes on; with --model
a real agent is looked at too."""

import pytest

from doors import open_path
from install import START, agent, delay, fails, result, tool
from proof import Proven, Recording, Source, check_messages, prove_same

TYPES = ("boot", "agent_start", "agent_end", "task_start", "task_end", "error", "done")
SIGNALS = ("offline", "available", "busy")


def done(message):
    return message["type"] == "done"


def check_run_messages(messages, run):
    check_messages(messages)
    for message in messages:
        assert message["type"] in TYPES and message["id"] and message["timestamp"] and message["run_id"] == run, message
        assert isinstance(message["payload"], dict), message
    assert messages[0]["type"] == "boot" and {"workflow_id", "name"} <= set(messages[0]["payload"]), messages[0]
    assert messages[-1]["type"] == "done" and messages[-1]["payload"]["status"] and messages[-1]["payload"]["duration_s"] >= 0


class TestRun(Proven):
    @pytest.fixture(scope="class")
    def recorded(self, install):
        workflow = install.save([START, delay("pause", 1000), result()], name="Crew run")
        run = install.start(workflow)
        recording = Recording(Source(install, f"/runs/{run}"), done)
        install.wait(run, ("running",))
        told = {"crewId": "c", "nodeId": "writer", "name": "Writer"}
        for type, more in (("agent.started", {}), ("task.started", {"taskId": "t1", "name": "Write it"}), ("agent.delta", {"delta": "x"}),
                           ("task.finished", {"taskId": "t1", "name": "Write it", "output": "text", "status": "success", "durationS": 0.5}),
                           ("agent.finished", {"status": "success", "durationS": 0.7})):
            install.emit(f"run:{run}", type, {**told, **more})
        install.wait(run)
        return recording.finish(), run, workflow

    @pytest.fixture
    def recording(self, recorded):
        return recorded[0]

    def test_messages_have_their_fields(self, recording, recorded):
        _, run, workflow = recorded
        check_run_messages(recording.reference, run)
        assert recording.reference[0]["payload"] == {**recording.reference[0]["payload"], "workflow_id": workflow, "name": "Crew run"}

    def test_agents_and_tasks(self, recording):
        assert [m["type"] for m in recording.reference] == ["boot", "agent_start", "task_start", "task_end", "agent_end", "done"]
        _, agent_start, task_start, task_end, agent_end, _ = (m["payload"] for m in recording.reference)
        assert (agent_start["agent_id"], agent_start["name"]) == ("writer", "Writer")
        assert (task_start["task_id"], task_start["agent_id"], task_start["description"]) == ("t1", "writer", "Write it")
        assert (task_end["task_id"], task_end["output"], task_end["status"]) == ("t1", "text", "success")
        assert (agent_end["agent_id"], agent_end["status"], agent_end["duration_s"]) == ("writer", "success", 0.7)

    def test_without_since_it_comes_from_the_start(self, recording, door):
        prove_same(door, recording.opened[door].result(), recording.reference)
        with recording.source.open(door) as follower:
            prove_same(door, follower.until(done), recording.reference)

    def test_the_socket_closes_1000_after_done(self, recording, ws):
        for since in ("start", recording.reference[-1]["id"]):
            with recording.source.open(ws, since) as follower:
                assert follower.close_code() == 1000, since


def test_a_failed_run_says_error_then_done(install, door):
    run = install.ended([START, fails(), result()])["id"]
    with open_path(install.place, door, f"/runs/{run}", None, install.token) as follower:
        messages = follower.until(done)
    check_run_messages(messages, run)
    assert messages[-2]["type"] == "error" and "broken on purpose" in messages[-2]["payload"]["message"]


def test_a_cancelled_run_says_error_then_done(install, door):
    run = install.start_inline([START, delay("long", 60000), result()])
    with open_path(install.place, door, f"/runs/{run}", None, install.token) as follower:
        messages = follower.until(lambda m: m["type"] == "boot")
        install.wait(run, ("running",))
        install.cancel(run)
        messages += follower.until(done)
    check_run_messages(messages, run)
    assert messages[-2]["type"] == "error" and messages[-2]["payload"]["message"]


def test_a_real_agent(install, model, door):
    run = install.ended([START, agent("writer", "Say hello.", model=model), result()])["id"]
    with open_path(install.place, door, f"/runs/{run}", None, install.token) as follower:
        messages = follower.until(done)
    check_run_messages(messages, run)
    types = [m["type"] for m in messages]
    assert types[1] == "agent_start" and types[-2] == "agent_end" and "task_start" in types and "task_end" in types, types
    assert {m["payload"].get("agent_id") for m in messages if m["type"].startswith(("agent", "task"))} == {"writer"}


# Signals

class TestMission(Proven):
    @pytest.fixture(scope="class")
    def recorded(self, install):
        crew = install.name("crew")
        workflow = install.save([START, delay("pause", 2500), result()], crewId=crew)
        source = Source(install, "/mission", ends=False, keep=lambda m: m.get("payload", {}).get("crewId") == crew)
        with source.open("api") as follower:
            first = follower.read()
        recording = Recording(source, lambda m: m["payload"]["status"] == "offline")
        run = install.start(workflow)
        with source.open("api") as follower:
            follower.until(lambda m: m["payload"]["status"] == "busy")
        install.wait(run)
        with source.open("api") as follower:
            follower.until(lambda m: m["payload"]["status"] == "available")
        install.emit(f"mission:{crew}", "crew.signal", {"crewId": crew, "status": "offline"})
        return recording.finish(), crew, first

    @pytest.fixture
    def recording(self, recorded):
        return recorded[0]

    def test_messages_have_their_fields(self, recording, recorded):
        for message in [recorded[2], *recording.reference]:
            assert message["type"] == "signal" and message["id"], message
            assert message["payload"]["status"] in SIGNALS and message["payload"]["crewId"] == recorded[1]

    def test_an_idle_crew_is_available_then_busy_then_available_again(self, recording, recorded):
        assert recorded[2]["payload"]["status"] == "available"
        words = [m["payload"]["status"] for m in recording.reference]
        assert words[-3:] == ["busy", "available", "offline"] and words[:-3] in ([], ["available"]), words

    def test_at_connect_the_state_then_the_changes(self, recording, door):
        words = [m["payload"]["status"] for m in recording.opened[door].result()]
        assert words == ["available", "busy", "available", "offline"], words

    def test_an_emitted_signal_holds(self, recording, door):
        with recording.source.open(door) as follower:
            assert follower.read()["payload"]["status"] == "offline"


@pytest.fixture(scope="module")
def crews(install):
    names = {install.name("crew") for _ in range(3)}
    for crew in names:
        install.save([START, result()], crewId=crew)
    return names


def test_every_crew_of_the_org_has_a_signal_at_connect(install, crews, door):
    with open_path(install.place, door, "/mission", None, install.token) as follower:
        follower.keep = lambda m: m.get("type") == "signal" and m["payload"]["crewId"] in crews
        assert {m["payload"]["crewId"] for m in follower.take(3)} == crews


# The graph

class TestGraph(Proven):
    @pytest.fixture(scope="class")
    def recorded(self, install):
        crew = install.name("crew")
        nodes = [START, delay("pause", install.pause), tool("fetch", "http_request", url=install.place.url + "/api", continueOnError=True), result()]
        workflow = install.save(nodes, crewId=crew)
        recording = Recording(Source(install, f"/graph/{crew}", ends=False),
                              lambda m: m["type"] == "tool_end" and m["tool"] == "outside")
        run = install.start(workflow)
        install.wait(run)
        told = {"crewId": crew, "nodeId": "n1", "agentId": "a1", "tool": "outside"}
        for type, more in (("tool.started", {"params": {"q": "x"}}), ("tool.progress", {"message": "half", "progress": 0.5}),
                           ("tool.progress", {"message": "unknown"}), ("tool.finished", {"durationS": 1.5, "exitCode": 3, "status": "error"})):
            install.emit(f"crew:{crew}", type, {**told, **more})
        return recording.finish(), crew, run

    @pytest.fixture
    def recording(self, recorded):
        return recorded[0]

    def test_messages_have_their_fields(self, recording, recorded):
        for message in recording.reference:
            assert message["crew_id"] == recorded[1] and message["id"] and message["timestamp"] and message["tool"], message
            if message["type"] == "tool_start":
                assert {"run_id", "agent_id", "params"} <= set(message), message
            elif message["type"] == "tool_progress":
                assert message["message"] and 0 <= message.get("progress", 0) <= 1, message
            else:
                assert message["type"] == "tool_end" and message["duration_s"] >= 0, message
                assert message["exit_code"] is None or isinstance(message["exit_code"], int), message
                assert message["status"] in ("success", "error", "completed_with_errors"), message

    def test_every_tool_node_starts_and_ends(self, recording, recorded):
        mine = [m for m in recording.reference if m["run_id"] == recorded[2]]
        assert [m["type"] for m in mine] == ["tool_start", "tool_end"], mine

    def test_what_comes_from_outside(self, recording):
        mine = [m for m in recording.reference if m["tool"] == "outside"]
        assert [m["type"] for m in mine] == ["tool_start", "tool_progress", "tool_progress", "tool_end"]
        assert mine[0]["params"] == {"q": "x"} and mine[0]["agent_id"] == "a1"
        assert mine[1]["message"] == "half" and mine[1]["progress"] == 0.5 and "progress" not in mine[2]
        assert (mine[3]["duration_s"], mine[3]["exit_code"], mine[3]["status"]) == (1.5, 3, "error")

    def test_without_since_it_is_live(self, recording, door):
        messages = recording.opened[door].result()
        prove_same(door, messages, recording.reference)

    def test_a_crew_in_the_query_is_the_same(self, install, recording, recorded, door):
        with open_path(install.place, door, f"/graph?crew_id={recorded[1]}", "start", install.token) as follower:
            prove_same(door, follower.take(len(recording.reference)), recording.reference)

    def test_without_a_crew_it_is_all_of_the_caller(self, install, recording, recorded, door):
        with open_path(install.place, door, "/graph", "start", install.token) as follower:
            follower.keep = lambda m: m.get("crew_id") == recorded[1]
            prove_same(door, follower.take(len(recording.reference)), recording.reference)
