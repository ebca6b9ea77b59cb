"""The assistant console: its socket both ways, and the twins on every other door, with whole runs against a test endpoint."""

import sys

import pytest

from clients import Sse, UPGRADE, Ws, get, number, poll, poll_all, refused
from conftest import ALLOW, SOURCE, Instance

sys.path.insert(0, str(SOURCE / "tests" / "helper"))
from issuer import SECRET, hs256  # noqa: E402
from llm_server import LlmServer  # noqa: E402

STREAM = "/api/workflow/stream"
ENDS = ("workflow_complete", "workflow_error")
STEPS = ["input_reception", "intent_detection", "model_selection", "tool_selection", "tool_execution", "rag_context",
         "llm_response", "post_processing"]
MEMBERS = {"event", "id", "step", "node", "message", "latency", "data"}
EXECUTE = {"action": "execute_workflow", "input": "hello"}
CANCEL = {"action": "cancel_workflow"}
CHAT = {"text": '{"intent": "chat", "confidence": 1}'}
NO_TOOL = {"text": "none"}


@pytest.fixture(scope="module")
def llm():
    it = LlmServer(models=("small", "big"))
    yield it
    it.close()


@pytest.fixture(scope="module")
def instance(llm):
    it = Instance((*ALLOW, f"model.url={llm.url}", "model.default=small"), examples=False)
    yield it
    it.close()


@pytest.fixture(scope="module")
def queueing(llm):
    it = Instance((*ALLOW, f"model.url={llm.url}", "model.default=small", "assistant.busy=queue"), examples=False)
    yield it
    it.close()


def answers(llm, *texts, **more):
    """Script whole runs, each with its answer."""
    llm.script(*[reply for text in texts for reply in (CHAT, NO_TOOL, {"text": text, **more})])


def is_end(message):
    return message["event"] in ENDS


def is_error(message):
    return message["event"] == "error"


def to_end(ws):
    return ws.until(is_end, timeout=120)


def started(ws):
    """Up to the start of a run: its id, and the messages."""
    messages = ws.until(lambda m: m["event"] == "workflow_start", timeout=120)
    return messages[-1]["data"]["runId"], messages


def error_of(ws, message):
    ws.send(message)
    return ws.until(is_error)[-1]


def held(ws, step="llm_response"):
    """Up to the beginning of a step."""
    return ws.until(lambda m: (m["event"], m["step"]) == ("step_start", step), timeout=120)


def post(instance, body, client=None, **headers):
    return instance.http("POST", "/api/workflow/actions" + (f"?client={client}" if client else ""), body, headers=headers)


def doors(instance, run):
    """The run as every other door gives it."""
    path = f"{STREAM}?runId={run}"
    with Sse(instance.url, "/sse" + path, timeout=120) as sse:
        yield sse.until(lambda m: False)
    for door in ("/poll", "/api/poll"):
        first = poll(instance.url, door + STREAM, runId=run)
        assert first["end"] is True
        yield first["events"]
        yield poll_all(instance.url, door + STREAM, "start", runId=run)
    with Ws(instance.url, "/ws" + path) as ws:
        yield to_end(ws)


@pytest.fixture(scope="module")
def whole(instance, llm):
    """A run with tool calls, one of which fails, and with deltas: (id, messages)."""
    llm.script({"text": '{"intent": "search", "confidence": 1}'},
               {"tool_calls": [{"name": "http_request", "arguments": {"url": llm.url + "/models"}},
                               {"name": "http_request", "arguments": {"url": "http://127.0.0.1:1/"}}]},
               {"text": "It is 4217.", "chunks": 3})
    with Ws(instance.url, STREAM) as ws:
        ws.send({**EXECUTE, "input": "What does it say?", "deltas": True})
        messages = to_end(ws)
    return messages[0]["data"]["runId"], messages


def test_a_whole_run(instance, whole):
    run, messages = whole
    for message in messages:
        assert set(message) == MEMBERS and isinstance(message["message"], str) and isinstance(message["data"], dict)
        timed = message["event"] in ("step_complete", "step_error", *ENDS)
        assert (isinstance(message["latency"], int) and message["latency"] >= 0) if timed else message["latency"] is None
    assert sorted({m["id"] for m in messages}, key=number) == [m["id"] for m in messages]
    assert (messages[0]["event"], messages[-1]["event"]) == ("workflow_start", "workflow_complete")
    assert all(m["step"] is None and m["node"] is None for m in (messages[0], messages[-1]))
    steps = [(m["event"], m["step"]) for m in messages if m["event"] in ("step_start", "step_complete")]
    assert steps == [(event, step) for step in STEPS for event in ("step_start", "step_complete")]
    nodes = {m["step"]: m["node"] for m in messages if m["event"].startswith("step_")}
    assert nodes == {step: "input" if step == "input_reception" else step for step in STEPS}
    record = instance.record(run)
    assert record["workflowId"] == "assistant" and messages[-1]["data"]["output"] == record["output"]
    assert messages[-1]["latency"] == record["durationMs"]


def test_tool_calls(whole):
    tools = [m for m in whole[1] if m["event"].startswith("tool_")]
    assert [(m["event"], m["step"], m["node"]) for m in tools] == [
        (event, "tool_execution", "http_request") for _ in range(2) for event in ("tool_call", "tool_result")]
    assert tools[0]["data"]["params"]["url"].endswith("/models")
    good, bad = tools[1]["data"], tools[3]["data"]
    assert good["success"] is True and good["output"]["status"] == 200 and good["error"] is None
    assert bad["success"] is False and "127.0.0.1" in bad["error"] and bad["output"] is None


def test_deltas_are_given_to_who_asked_for_them(instance, llm, whole):
    def deltas(messages):
        return [m for m in messages if m["event"] == "step_progress"]
    said = deltas(whole[1])
    assert "".join(m["data"]["delta"] for m in said) == "It is 4217."
    assert {(m["step"], m["node"]) for m in said} == {("llm_response", "llm_response")}
    answers(llm, "Hello yourself")
    with Ws(instance.url, "/ws" + STREAM) as ws:
        ws.send(EXECUTE)
        messages = to_end(ws)
    assert not deltas(messages) and messages[-1]["data"]["output"]["text"] == "Hello yourself"
    assert list(doors(instance, messages[0]["data"]["runId"])) == [messages] * 6


def test_every_door_gives_the_same(instance, whole):
    run, messages = whole
    assert list(doors(instance, run)) == [messages] * 6
    path = f"{STREAM}?runId={run}"
    for i in range(0, len(messages), 5):
        since, rest = messages[i]["id"], messages[i + 1:]
        for door in ("/poll", "/api/poll"):
            assert poll_all(instance.url, door + STREAM, since, runId=run) == rest
        if rest:
            with Sse(instance.url, "/sse" + path, last_event_id=since) as sse:
                assert sse.until(lambda m: False) == rest
            with Ws(instance.url, f"{STREAM}?runId={run}&since={since}") as ws:
                assert to_end(ws) == rest
    assert get(instance.url, "/sse" + path, headers={"Last-Event-ID": messages[-1]["id"]})[0] == 204


def test_handshakes(instance):
    for path in (STREAM, "/ws" + STREAM):
        assert get(instance.url, path)[0] == 426
        assert refused(instance.url, path + "?runId=r_nobody") == 404
        assert refused(instance.url, path + "?runId=../x") == 400
        assert refused(instance.url, path + "?since=x") == 400
        assert refused(instance.url, path + "?client=a/b") == 400
    for door in ("/sse", "/poll", "/api/poll"):
        assert get(instance.url, door + STREAM)[0] == 400
        assert get(instance.url, door + STREAM + "?runId=r_nobody")[0] == 404
        assert get(instance.url, door + STREAM + "?runId=r_nobody", headers=UPGRADE)[0] == 400


def test_bad_frames_are_answered(instance, llm):
    with Ws(instance.url, STREAM) as ws:
        for rubbish, code in (("", "invalid"), ("hello", "invalid"), ("{", "invalid"), ("[]", "invalid"), ("7", "invalid"),
                              ("null", "invalid"), ({"action": 7}, "invalid"), ({"action": "rm"}, "invalid"),
                              ({"action": "execute_workflow"}, "unprocessable"),
                              ({**EXECUTE, "input": 7}, "unprocessable"), ({**EXECUTE, "model": []}, "unprocessable"),
                              ({**EXECUTE, "deltas": 1}, "unprocessable"), ({**EXECUTE, "sessionId": "a/b"}, "unprocessable"),
                              ({**EXECUTE, "sessionId": "nobody"}, "not_found"), (CANCEL, "conflict"),
                              ({**CANCEL, "runId": "r_nobody"}, "not_found"), ("[" * 70 + "]" * 70, "invalid")):
            answer = error_of(ws, rubbish)
            assert set(answer) == MEMBERS - {"id"} and answer["data"] == {"code": code} and answer["message"], rubbish
            assert answer["step"] is None and answer["node"] is None and answer["latency"] is None
        for ping in ("ping", {"type": "ping"}):
            ws.send(ping)
            assert ws.recv() == {"type": "pong"}
        answers(llm, "Still here")
        ws.send(EXECUTE)
        assert to_end(ws)[-1]["data"]["output"]["text"] == "Still here"
        ws.send(b"\x00")
        assert ws.close_code() == 1003
    for frame, code in (("x" * (65 * 1024), 1009), (b"\xff", 1007)):
        with Ws(instance.url, STREAM) as ws:
            ws.send(frame) if isinstance(frame, str) else ws.send_raw_text(frame)
            assert ws.close_code() == code


def test_a_second_message_is_refused_while_one_is_answered(instance, llm):
    answers(llm, "First", hold=0)
    with Ws(instance.url, STREAM) as ws:
        ws.send(EXECUTE)
        ws.send(EXECUTE)  # before the first has even been made
        messages = ws.until(lambda m: m["step"] == "llm_response", timeout=120)
        refusals = [m for m in messages if is_error(m)]
        assert [m["data"]["code"] for m in refusals] == ["busy"] and "id" not in refusals[0]
        assert error_of(ws, EXECUTE)["data"]["code"] == "busy"
        llm.release()
        assert to_end(ws)[-1]["event"] == "workflow_complete"
        answers(llm, "Second")
        ws.send(EXECUTE)
        messages = to_end(ws)
        assert messages[0]["event"] == "workflow_start" and messages[-1]["data"]["output"]["text"] == "Second"


def test_a_second_message_is_queued(queueing, llm):
    answers(llm, "One", "Two", "Three")
    with Ws(queueing.url, STREAM) as ws:
        for _ in range(3):
            ws.send(EXECUTE)
        runs = [to_end(ws) for _ in range(3)]
    assert [r[-1]["data"]["output"]["text"] for r in runs] == ["One", "Two", "Three"]
    ids = [r[0]["data"]["runId"] for r in runs]
    records = [queueing.record(run) for run in ids]
    assert all(a["finishedAt"] <= b["startedAt"] for a, b in zip(records, records[1:]))
    assert [m["id"] for r in runs for m in r] == sorted((m["id"] for r in runs for m in r), key=number)
    # Cancelling ends the one that runs; the next goes on.
    llm.script(CHAT, NO_TOOL, {"text": "never", "hold": 0}, CHAT, NO_TOOL, {"text": "Next"})
    with Ws(queueing.url, STREAM) as ws:
        ws.send(EXECUTE)
        held(ws)
        ws.send(EXECUTE)
        ws.send(CANCEL)
        assert to_end(ws)[-1]["data"]["status"] == "cancelled"
        assert to_end(ws)[-1]["data"]["output"]["text"] == "Next"
    # Over HTTP, and what is queued is shown to who comes back, one after the other.
    answers(llm, "A", "B", hold=0)
    first, second = (post(queueing, EXECUTE, client="q")[2]["runId"] for _ in range(2))
    assert queueing.record(second)["status"] == "queued"
    with Ws(queueing.url, STREAM + "?client=q") as ws:
        llm.release()
        llm.release()
        assert [to_end(ws)[-1]["data"] | {"output": 0} for _ in range(2)] == [
            {"runId": run, "status": "success", "output": 0} for run in (first, second)]


def test_cancel(instance, llm):
    answers(llm, "never", hold=0)
    with Ws(instance.url, STREAM) as ws:
        ws.send(EXECUTE)
        run = held(ws)[0]["data"]["runId"]
        ws.send(CANCEL)
        messages = to_end(ws)
        assert [(m["event"], m["step"], m["message"]) for m in messages[-2:]] == [
            ("step_error", "llm_response", "cancelled"), ("workflow_error", None, "cancelled")]
        assert messages[-1]["data"] == {"runId": run, "status": "cancelled"}
        assert error_of(ws, CANCEL)["data"]["code"] == "conflict"
        assert instance.record(run)["status"] == "cancelled"
        answers(llm, "Well")
        ws.send(EXECUTE)
        assert to_end(ws)[-1]["data"]["output"]["text"] == "Well"
    llm.wait_requests(3)


def test_a_failing_step(instance):
    with Ws(instance.url, STREAM) as ws:
        ws.send({**EXECUTE, "input": "\u200b "})
        messages = to_end(ws)
    assert [m["event"] for m in messages] == ["workflow_start", "step_start", "step_error", "workflow_error"]
    failed, end = messages[2:]
    assert (failed["step"], failed["node"]) == ("input_reception", "input") and "empty" in failed["message"]
    assert failed["data"]["error"]["message"] == failed["message"] and isinstance(failed["latency"], int)
    assert end["data"]["status"] == "error" and end["data"]["error"]["nodeId"] == "input" and "empty" in end["message"]


def test_two_connections_do_not_see_each_other(instance, llm):
    llm.script(*[CHAT, NO_TOOL] * 2)
    with Ws(instance.url, STREAM) as one, Ws(instance.url, STREAM) as two:
        one.send({**EXECUTE, "input": "for one"})
        two.send({**EXECUTE, "input": "for two"})
        seen = [to_end(ws) for ws in (one, two)]
        for ws in (one, two):
            ws.send("ping")
            assert ws.recv() == {"type": "pong"}
    runs = [{m["data"]["runId"] for m in messages if "runId" in m["data"]} for messages in seen]
    assert all(len(ids) == 1 for ids in runs) and runs[0] != runs[1]
    said = [instance.record(ids.pop())["input"]["input"] for ids in runs]
    assert said == ["for one", "for two"]


def known(ws):
    """The cookie that the handshake has set."""
    cookie = ws.ws.response_headers["Set-Cookie"]
    assert cookie.startswith("runspool_client=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    return {"Cookie": "theme=dark; " + cookie.split(";")[0]}


def test_a_caller_is_known_by_cookie_token_or_name(instance, llm):
    answers(llm, "never", hold=0)
    with Ws(instance.url, STREAM) as ws:
        cookie = known(ws)
        ws.send(EXECUTE)
        before = held(ws)
    with Ws(instance.url, STREAM, headers=cookie) as ws:
        assert held(ws) == before
        ws.send(CANCEL)
        to_end(ws)
    answers(llm, "never", hold=0)
    with Ws(instance.url, STREAM, subprotocols=["token", "a.b.c"]) as ws:
        assert ws.subprotocol == "token"
        ws.send(EXECUTE)
        before = held(ws)
    with Ws(instance.url, STREAM, headers={"Authorization": "Bearer a.b.c"}) as ws:
        assert held(ws) == before
        ws.send(CANCEL)
        to_end(ws)
    for headers, path in (({"Authorization": "Bearer some-token"}, STREAM), ({}, STREAM + "?client=some-token")):
        with Ws(instance.url, path, headers=headers) as ws:
            assert "Set-Cookie" not in ws.ws.response_headers
            assert error_of(ws, CANCEL)["data"]["code"] == "conflict", "each is another"
    answers(llm, "Here", hold=0)
    run = post(instance, EXECUTE, Authorization="Bearer some-token")[2]["runId"]
    with Ws(instance.url, STREAM, headers={"Authorization": "Bearer some-token"}) as ws:
        assert started(ws)[0] == run
        llm.release()
        to_end(ws)


def test_closing_leaves_the_run_going_and_coming_back_finds_it(instance, llm):
    path = STREAM + "?client=me"
    answers(llm, "Here I am", hold=0)
    with Ws(instance.url, path) as ws:
        ws.send({**EXECUTE, "deltas": True})
        before = held(ws)
    with Ws(instance.url, STREAM) as stranger:
        assert error_of(stranger, CANCEL)["data"]["code"] == "conflict", "another caller has nothing to cancel"
    # Without a cursor from its start; with one nothing is lost and nothing repeated.
    with Ws(instance.url, path) as ws:
        assert held(ws) == before
        assert error_of(ws, EXECUTE)["data"]["code"] == "busy"
        with Ws(instance.url, path) as tab:
            assert error_of(tab, CANCEL)["data"]["code"] == "conflict", "what another connection shows is that one's"
    middle = len(before) // 2
    with Ws(instance.url, f"{path}&since={before[middle]['id']}") as ws:
        assert held(ws) == before[middle + 1:]
        llm.release()
        rest = to_end(ws)
    run = before[0]["data"]["runId"]
    everything = poll_all(instance.url, "/poll" + STREAM, "start", runId=run)
    assert before + rest == everything
    # It ended meanwhile: with a cursor the rest is still shown, and there is nothing to cancel; without one it is over.
    with Ws(instance.url, f"{path}&since={before[-1]['id']}") as ws:
        assert to_end(ws) == rest
        assert error_of(ws, CANCEL)["data"]["code"] == "conflict"
    with Ws(instance.url, f"{path}&since={everything[-1]['id']}") as ws:
        assert error_of(ws, CANCEL)["data"]["code"] == "conflict"
        answers(llm, "Anew")
        ws.send(EXECUTE)
        assert to_end(ws)[0]["event"] == "workflow_start"


def test_the_bridge_starts_again_in_the_middle(instance, llm):
    answers(llm, "Survived", hold=0)
    with Ws(instance.url, STREAM + "?client=patient") as ws:
        ws.send(EXECUTE)
        before = held(ws)
        instance.cli("restart", "bridge")
        assert ws.close_code() == 1001
    with Ws(instance.url, f"{STREAM}?client=patient&since={before[-1]['id']}") as ws:
        llm.release()
        rest = to_end(ws)
    assert rest[-1]["data"]["output"]["text"] == "Survived"
    assert before + rest == poll_all(instance.url, "/api/poll" + STREAM, "start", runId=before[0]["data"]["runId"])


def test_a_run_is_cancelled_by_who_came_back(instance, llm):
    answers(llm, "never", hold=0)
    with Ws(instance.url, STREAM + "?client=undecided") as ws:
        ws.send(EXECUTE)
        held(ws)
    with Ws(instance.url, STREAM + "?client=undecided") as ws:
        ws.send(CANCEL)
        assert to_end(ws)[-1]["data"]["status"] == "cancelled"


def test_actions_over_http(instance, llm):
    for body, status, code in (({}, 400, "invalid"), ({"action": "rm"}, 400, "invalid"),
                               ({"action": "execute_workflow"}, 422, "unprocessable"), (CANCEL, 409, "conflict"),
                               ({**EXECUTE, "sessionId": "nobody"}, 404, "not_found")):
        answer = post(instance, body)
        assert answer[0] == status and answer[2]["code"] == code and answer[2]["status"] == status, body
    assert post(instance, EXECUTE, client="a/b")[0] == 400
    answers(llm, "By post", hold=0)
    status, _, answer = post(instance, {**EXECUTE, "deltas": True, "model": "big"})
    assert status == 202 and answer["status"] == "queued" and answer["workflowId"] == "assistant"
    run = answer["runId"]
    status, _, problem = post(instance, EXECUTE)
    assert status == 409 and problem["code"] == "busy" and run in problem["detail"]
    with Sse(instance.url, f"/sse{STREAM}?runId={run}", timeout=120) as sse:
        messages = sse.until(lambda m: m["step"] == "llm_response")
        llm.release()
        messages += sse.until(lambda m: False)
    assert messages[-1]["data"]["output"]["text"] == "By post" and llm.bodies()[2]["model"] == "big"
    assert "".join(m["data"]["delta"] for m in messages if m["event"] == "step_progress") == "By post"
    # Another client's run, and its cancelling.
    answers(llm, "never", hold=0)
    run = post(instance, EXECUTE, client="other")[2]["runId"]
    assert post(instance, CANCEL, client="third")[0] == 409
    llm.wait_requests(3)
    assert post(instance, CANCEL, client="other")[2]["runId"] == run
    assert instance.wait(run)["status"] == "cancelled"
    # A key makes the same request once.
    answers(llm, "Once")
    twice = [post(instance, EXECUTE, client="once", **{"Idempotency-Key": "k1"})[2]["runId"] for _ in range(2)]
    assert twice[0] == twice[1]
    instance.wait(twice[0])


def test_a_session_takes_part(instance, llm):
    assert instance.http("PUT", "/api/sessions/talk", {"name": "Talk"})[0] == 201
    llm.script(CHAT, {"text": "Hi there"}, CHAT, {"text": "You said hi"})  # it has no tools to choose from
    with Ws(instance.url, STREAM) as ws:
        for text in ("hi", "what did I say?"):
            ws.send({**EXECUTE, "input": text, "sessionId": "talk"})
            to_end(ws)
    said = instance.http("GET", "/api/sessions/talk")[2]["messages"]
    assert [(m["role"], m["content"]) for m in said] == [
        ("user", "hi"), ("assistant", "Hi there"), ("user", "what did I say?"), ("assistant", "You said hi")]


def test_without_a_runner_a_run_is_begun_all_the_same(llm):
    it = Instance((*ALLOW, f"model.url={llm.url}", "model.default=small"), without=("runner",), examples=False)
    try:
        answers(llm, "Nobody here")
        with Ws(it.url, STREAM) as ws:
            ws.send(EXECUTE)
            assert to_end(ws)[-1]["data"]["output"]["text"] == "Nobody here"
    finally:
        it.close()


def test_with_tokens(llm):
    """A caller is the token's subject, whatever the token; a viewer may look on, others of another organisation may not."""
    it = Instance((*ALLOW, "auth=jwt", f"auth.secret={SECRET}", f"model.url={llm.url}", "model.default=small"), examples=False)

    def headers(sub, scope="operator", org="acme"):
        return {"Authorization": "Bearer " + hs256(sub=sub, scope=scope, org=org)}

    try:
        answers(llm, "Secured", hold=0)
        with Ws(it.url, STREAM, headers=headers("ada")) as ws:
            ws.send(EXECUTE)
            before = held(ws)
        run = before[0]["data"]["runId"]
        for other in (headers("bob"), headers("ada", org="rival")):
            with Ws(it.url, STREAM, headers=other) as ws:
                assert error_of(ws, CANCEL)["data"]["code"] == "conflict"
            assert post(it, CANCEL, **other)[0] == 409
        assert post(it, EXECUTE, **headers("ada"))[2]["code"] == "busy"
        with Ws(it.url, f"{STREAM}?runId={run}", headers=headers("eve", "viewer")) as ws:
            assert held(ws) == before
            assert error_of(ws, CANCEL)["data"]["code"] == "denied"
        assert post(it, CANCEL, **headers("eve", "viewer"))[0] == 403
        assert refused(it.url, f"{STREAM}?runId={run}", headers=headers("ada", org="rival")) == 404
        with Ws(it.url, STREAM, headers=headers("ada", "operator editor")) as ws:
            assert held(ws) == before
            llm.release()
            assert to_end(ws)[-1]["data"]["output"]["text"] == "Secured"
        with Ws(it.url, STREAM) as ws:
            assert ws.close_code() == 4401
    finally:
        it.close()
