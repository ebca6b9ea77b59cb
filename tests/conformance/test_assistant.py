"""Part C.2, the assistant console: a socket both ways, its twins, and the eight steps. Without a model its run fails at the step
that needs one, which all doors have to tell alike; with --model it succeeds, and can be cancelled."""

import pytest

from doors import PREFIX, Silence, Ws, open_path
from proof import Proven, Recording, Source, check_messages, prove_same

STEPS = ("input_reception", "intent_detection", "model_selection", "tool_selection", "tool_execution", "rag_context",
         "llm_response", "post_processing")
EVENTS = ("workflow_start", "step_start", "step_complete", "step_error", "step_progress", "tool_call", "tool_result",
          "workflow_complete", "workflow_error", "error")
PATH = "/api/workflow/stream"
ENDS = ("workflow_complete", "workflow_error")


def over(message):
    return message.get("event") in ENDS


@pytest.fixture(params=[PATH, PREFIX["ws"] + PATH])
def socket(install, ws, request):
    """A connection of its own, at both of its addresses. A run that an earlier test left is waited for first."""
    with Ws(install.place, request.param, install.token) as it:
        yield it


def execute(socket, **more):
    """Ask for a run; its messages to the end."""
    socket.send({"action": "execute_workflow", "input": "Hello, who are you?", **more})
    return socket.until(over, 60)


def check_fields(messages):
    check_messages(messages)
    for message in messages:
        assert {"event", "id", "step", "node", "message", "latency", "data"} <= set(message), message
        assert message["event"] in EVENTS, message
        if not message["event"].endswith(("complete", "error")):
            assert message["latency"] is None, message
        if message["event"].startswith("step_"):
            assert message["step"] in STEPS, message
            assert message["node"] == ("input" if message["step"] == "input_reception" else message["step"]), message
        if message["event"] in ("step_complete", "workflow_complete"):
            assert isinstance(message["latency"], (int, float)) and message["latency"] >= 0, message
    assert messages[0]["event"] == "workflow_start" and messages[0]["data"]["runId"], messages[0]
    assert [m["event"] for m in messages if m["event"] in ENDS] == [messages[-1]["event"]]


def check_steps(messages):
    """Each step starts once, in the order of the list, and ends after its start; what ends had begun."""
    started = [m["step"] for m in messages if m["event"] == "step_start"]
    assert started and started[0] == "input_reception" and len(set(started)) == len(started), started
    assert [STEPS.index(step) for step in started] == sorted(STEPS.index(step) for step in started), started
    for step in started:
        events = [m["event"] for m in messages if m["step"] == step and m["event"] in ("step_start", "step_complete", "step_error")]
        assert len(events) == 2 and events[0] == "step_start", (step, events)


class TestTwins(Proven):
    """A run started over REST, on every door."""

    @pytest.fixture(scope="class")
    def recorded(self, install):
        body = install.good("POST", "/api/workflow/actions", {"action": "execute_workflow", "input": "Hello, who are you?"}, status=202)
        recording = Recording(Source(install, f"{PATH}?runId={body['runId']}"), over)
        install.wait(body["runId"])
        return recording.finish(), body["runId"]

    @pytest.fixture
    def recording(self, recorded):
        return recorded[0]

    def test_messages_have_their_fields(self, recording, recorded):
        check_fields(recording.reference)
        check_steps(recording.reference)
        assert recording.reference[0]["data"]["runId"] == recorded[1]
        assert "step_progress" not in [m["event"] for m in recording.reference], "no deltas were asked for"

    def test_the_run_is_of_the_workflow_assistant(self, install, recorded):
        record = install.record(recorded[1])
        assert record["workflowId"] == "assistant"
        assert set(record["nodes"]) == {"input", *STEPS[1:]}, set(record["nodes"])


def test_a_run_on_the_socket_is_the_same_on_its_twins(install, socket):
    messages = execute(socket)
    check_fields(messages)
    check_steps(messages)
    run = messages[0]["data"]["runId"]
    for door, why_not in install.carried.items():
        if why_not is None:
            with open_path(install.place, door, f"{PATH}?runId={run}", "start", install.token) as follower:
                prove_same(door, follower.until(over), messages)


def test_a_run_succeeds_with_all_steps(install, model, socket):
    messages = execute(socket, model=model)
    check_fields(messages)
    assert messages[-1]["event"] == "workflow_complete", messages[-1]
    assert [m["step"] for m in messages if m["event"] == "step_complete"] == list(STEPS)


def test_deltas_come_when_asked_for(install, model, socket):
    messages = execute(socket, model=model, deltas=True)
    check_fields(messages)
    deltas = [m["data"]["delta"] for m in messages if m["event"] == "step_progress"]
    assert deltas and all(isinstance(delta, str) for delta in deltas)
    prove_same("without deltas", [m["event"] for m in execute(socket, model=model)],
               [m["event"] for m in messages if m["event"] != "step_progress"])


def test_cancel_with_nothing_running_is_an_error(install, socket):
    socket.send({"action": "cancel_workflow"})
    answer = socket.recv()
    assert answer["event"] == "error" and answer["message"], answer


def test_rubbish_is_an_error_and_the_connection_lives(install, socket):
    for rubbish in ("", "x", "{", "null", "[]", "1", "{}", '{"action":"nonsense"}', '{"action":1}', '{"action":"execute_workflow"}',
                    '{"action":"execute_workflow","input":5}', '{"action":"execute_workflow","input":"x","model":[]}', "[" * 2000):
        socket.send(rubbish)
        answer = socket.recv()
        assert answer["event"] == "error" and answer["message"] and answer["event"] in EVENTS, (rubbish[:50], answer)
    socket.send({"action": "cancel_workflow"})
    assert socket.recv()["event"] == "error"


def test_frames_that_close_it(install, ws):
    for data, code in (("x" * 65537, 1009), (b"x", 1003)):
        with Ws(install.place, PATH, install.token) as it:
            it.send(data)
            assert it.close_code() == code
    with Ws(install.place, PATH, install.token) as it:
        it.send_bytes_as_text(b"\xff")
        assert it.close_code() == 1007


@pytest.mark.parametrize("path", ("/api/workflow/stream", "/ws/api/workflow/stream"))
def test_a_plain_get_is_426(install, ws, path):
    assert install.rest("GET", path).status == 426


@pytest.mark.parametrize("body", ({}, {"action": "nonsense"}, {"action": "execute_workflow"}, {"action": "execute_workflow", "input": 5}, []))
def test_actions_that_are_none_are_refused(install, body):
    assert install.rest("POST", "/api/workflow/actions", body).status in (400, 422)


def test_twins_want_a_run(install, twin):
    for query, statuses in ((f"?runId={install.name()}", (404,)), ("?runId=../x", (400, 404)), ("", (400, 404))):
        assert install.rest("GET", PREFIX[twin] + PATH + query).status in statuses, query


class TestWhileOneRuns:
    """What needs a run that takes its time: a real model, asked for much."""

    LONG = "Count from 1 to 2000, one number a line, and leave nothing out."

    @pytest.fixture
    def running(self, install, model, ws):
        with Ws(install.place, PATH, install.token) as it:
            it.send({"action": "execute_workflow", "input": self.long(install), "model": model})
            messages = it.until(lambda m: m.get("step") == "intent_detection", 60)
            yield it, messages[0]["data"]["runId"]

    @classmethod
    def long(cls, install):
        """Our own test model can be told to take its time."""
        return '!reply {"text": "slowly", "hold": 1}' if install.model == "test-model" else cls.LONG

    def test_a_second_execute_is_refused_or_queued(self, install, running, ws):
        socket, run = running
        socket.send({"action": "execute_workflow", "input": "And another."})
        try:
            answer = socket.read(3)
        except Silence:
            return  # queued: assistant.busy = queue
        while answer.get("event") in ("step_progress", "step_complete", "step_start"):
            answer = socket.read()
        assert answer["event"] == "error" and answer["data"]["code"] == "busy", answer
        socket.send({"action": "cancel_workflow"})
        socket.until(over)

    def test_cancel_ends_it(self, install, running, ws):
        socket, run = running
        socket.send({"action": "cancel_workflow"})
        messages = socket.until(over)
        assert messages[-1]["event"] == "workflow_error" and messages[-1]["message"] == "cancelled", messages[-1]
        assert messages[-1]["data"]["status"] == "cancelled"
        assert install.wait(run)["status"] == "cancelled"

    def test_cancel_over_rest_ends_it(self, install, running, ws):
        socket, run = running
        install.cancel(run)
        assert socket.until(over)[-1]["data"]["status"] == "cancelled"

    def test_closing_the_socket_leaves_the_run_going(self, install, running, ws):
        socket, run = running
        socket.close()
        assert install.status(run) == "running"
        install.cancel(run)
        assert install.wait(run)["status"] == "cancelled"
