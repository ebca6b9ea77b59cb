"""The built-in assistant: eight steps in order, with and without a model, with tools, and what becomes of its answer."""

import contextlib
import http.server
import socket
import sys
import threading

import pytest

from conftest import ALLOW, SOURCE, Instance
from runs import chain

sys.path.insert(0, str(SOURCE / "tests" / "helper"))
from llm_server import LlmServer  # noqa: E402

STEPS = ["input", "intent_detection", "model_selection", "tool_selection", "tool_execution", "rag_context", "llm_response",
         "post_processing"]


@pytest.fixture(scope="module")
def llm():
    it = LlmServer(models=("small", "coder:7b", "big"))
    yield it
    it.close()


@pytest.fixture(scope="module")
def instance(llm):
    it = Instance((*ALLOW, f"model.url={llm.url}", "model.default=small", "assistant.models.code=no-such, coder:7b",
                   "assistant.models.default=big"), examples=False)
    yield it
    it.close()


@pytest.fixture(scope="module")
def handbook(instance, tmp_path_factory):
    """A folder that the instance has indexed."""
    folder = tmp_path_factory.mktemp("handbook")
    (folder / "bridge.md").write_text("# The bridge\n\nThe bridge writes the event log in one thread.\n")
    instance.cli("index", folder, "--name", "handbook")


@pytest.fixture(scope="module")
def bare():
    """An instance without a model."""
    it = Instance(ALLOW, examples=False)
    yield it
    it.close()


@pytest.fixture(scope="module")
def page():
    """The address of a web page of ours."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"The answer is 4217."
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/page"
    server.shutdown()
    server.server_close()


def ask(instance, text, session=None, **more):
    body = {"input": {"input": text, **more}, **({"sessionId": session} if session else {})}
    status, _, answer = instance.http("POST", "/api/workflows/assistant/run", body)
    assert status == 202, answer
    return instance.wait(answer["runId"])


def events(instance, run, *types):
    found, cursor = [], ""
    while True:
        page = instance.http("GET", f"/api/runs/{run}/events?limit=500{cursor}")[2]
        found += [e for e in page["items"] if not types or e["type"] in types]
        if not page["next"]:
            return found
        cursor = f"&cursor={page['next']}"


def output(record, step):
    return record["nodes"][step]["output"]


INTENT_CODE = {"text": '<think>hm</think>```json\n{"intent": "code", "confidence": 0.9}\n```'}
ANSWER = {"text": "<think>Let me see.</think>Here it is:\n```c\nint x;\n```\nThe bridge writes the log in one thread [1]. So [9].",
          "chunks": 6}


def test_eight_steps(instance, llm, handbook):
    llm.script(INTENT_CODE, {"text": "No tool is needed."}, ANSWER)
    record = ask(instance, "  Write a\r\nfunction for the bridge\u202e ")
    assert record["status"] == "success", record["error"]
    assert list(record["nodes"]) == STEPS
    told = [e for e in events(instance, record["id"], "node.started", "node.finished", "node.failed")]
    assert [(e["type"], e["data"]["nodeId"]) for e in told] == [
        (kind, step) for step in STEPS for kind in ("node.started", "node.finished")]
    assert all(isinstance(e["data"]["durationMs"], int) for e in told if e["type"] == "node.finished")
    assert output(record, "input") == {
        "text": "Write a\nfunction for the bridge", "bytes": 31, "words": 6, "removed": 1, "urls": []}
    assert output(record, "intent_detection") == {"intent": "code", "confidence": 0.9, "method": "model"}
    chosen = output(record, "model_selection")
    assert chosen["model"] == "coder:7b" and chosen["probed"] and chosen["available"] == 3
    assert [(c["model"], c["source"], c["available"]) for c in chosen["candidates"]] == [
        ("no-such", "code", False), ("coder:7b", "code", True), ("big", "default", True), ("small", "model.default", True)]
    assert output(record, "tool_selection")["method"] == "model" and output(record, "tool_selection")["calls"] == []
    assert output(record, "tool_execution") == {"results": [], "succeeded": 0, "failed": 0}
    passage = output(record, "rag_context")["passages"][0]
    assert passage["path"] == "bridge.md" and passage["text"] in llm.bodies()[2]["messages"][0]["content"]
    deltas = [e["data"] for e in events(instance, record["id"], "agent.delta")]
    assert {d["nodeId"] for d in deltas} == {"llm_response"} and "".join(d["delta"] for d in deltas) == ANSWER["text"]
    assert llm.bodies()[2]["model"] == "coder:7b"
    final = output(record, "post_processing")
    assert record["output"] == final
    assert final["text"].startswith("Here it is:") and "Let me see" not in final["text"] and final["thinkingBlocks"] == 1
    assert final["codeBlocks"] == [{"language": "c", "code": "int x;", "closed": True}]
    assert final["sources"] == [{"number": 1, "passage": passage}]
    assert [(c["number"], c["valid"], c["supported"]) for c in final["citations"]] == [(1, True, True), (9, False, False)]
    assert "[9]" not in final["text"]
    assert record["usage"]["requests"] == 3


def test_a_model_asked_for_comes_first(instance, llm):
    llm.script({"text": '{"intent": "chat", "confidence": 1}'}, {"text": ""}, {"text": "Hi"})
    record = ask(instance, "hello", model="small")
    assert output(record, "model_selection")["model"] == "small" and llm.bodies()[2]["model"] == "small"
    llm.script({"text": '{"intent": "chat", "confidence": 1}'}, {"text": ""}, {"text": "Hi"})
    record = ask(instance, "hello", model="gone")
    assert output(record, "model_selection")["model"] == "big"
    instance.http("PUT", "/api/sessions/chooser", {"model": "coder:7b"})
    llm.script({"text": '{"intent": "chat", "confidence": 1}'}, {"text": "Hi"})
    record = ask(instance, "hello", session="chooser")
    assert output(record, "model_selection")["model"] == "coder:7b" and llm.bodies()[1]["model"] == "coder:7b"


def test_rules_decide_when_the_model_gives_no_verdict(instance, llm):
    for bad in ({"text": "no idea"}, {"text": '{"intent": "nonsense", "confidence": 1}'}, {"status": 400, "error": "no"}):
        llm.script(bad, {"text": ""}, {"text": "Hi"})
        record = ask(instance, "Please debug this python function")
        verdict = output(record, "intent_detection")
        assert (verdict["intent"], verdict["method"]) == ("code", "rules") and "no verdict" in verdict["reason"]
        assert verdict["scores"]["code"] > verdict["scores"]["chat"]


def test_the_model_calls_tools(instance, llm, page):
    llm.script({"text": '{"intent": "search", "confidence": 1}'},
               {"tool_calls": [{"name": "http_request", "arguments": {"url": page}}, {"name": "rm", "arguments": {}}]},
               {"text": "It is 4217."})
    record = ask(instance, "What does the page say?")
    chosen = output(record, "tool_selection")
    assert chosen["calls"] == [{"tool": "http_request", "arguments": {"url": page}}]
    assert chosen["rejected"] == [{"tool": "rm", "reason": "there is no such tool"}]
    done = output(record, "tool_execution")["results"]
    assert [(r["tool"], r["success"]) for r in done] == [("http_request", True)] and done[0]["output"]["body"] == "The answer is 4217."
    assert "The answer is 4217." in llm.bodies()[2]["messages"][0]["content"]
    tools = [e for e in events(instance, record["id"], "tool.started", "tool.finished") if e["data"]["nodeId"] == "tool_execution"]
    assert [(e["type"], e["data"]["tool"]) for e in tools] == [("tool.started", "http_request"), ("tool.finished", "http_request")]
    finished = tools[1]["data"]
    assert finished["agentId"] is None, "tool_execution is no agent"
    assert finished["status"] == "success" and finished["output"]["status"] == 200


def test_a_disabled_tool_is_never_called(instance, llm, page):
    call = {"tool_calls": [{"name": "http_request", "arguments": {"url": page}}]}
    instance.http("PUT", "/api/sessions/quiet/tools", {"tools": {"http_request": False, "websearch": True}})
    llm.script({"text": '{"intent": "search", "confidence": 1}'}, call, {"text": "I cannot know."})
    record = ask(instance, f"Read {page}", session="quiet")
    assert record["status"] == "success", record["error"]
    assert [t["function"]["name"] for t in llm.bodies()[1]["tools"]] == ["websearch"]
    assert output(record, "tool_selection")["rejected"] == [{"tool": "http_request", "reason": "not enabled in this session"}]
    assert output(record, "tool_execution")["results"] == []
    assert not [e for e in events(instance, record["id"], "tool.started") if e["data"]["nodeId"] == "tool_execution"]
    said = instance.http("GET", "/api/sessions/quiet")[2]["messages"]
    assert [m["role"] for m in said] == ["user", "assistant"] and said[1]["content"] == "I cannot know."


def test_an_intent_that_is_no_text_is_none(bare):
    nodes, edges = chain({"id": "choose", "type": "control", "data": {
        "kind": "tool_select", "text": "hello", "intent": "chat", "tools": ["http_request"],
        "rules": {"http_request": {"intents": "{{ [null, \"chat\"] }}", "arguments": {"url": "http://127.0.0.1/"}}}}})
    record = bare.wait(bare.inline(nodes, edges))
    assert record["status"] == "success", record["error"]
    assert [call["tool"] for call in output(record, "choose")["calls"]] == ["http_request"]


def test_without_a_model(bare, page):
    """Every step works: rules for intent and tools, and an answer made of what was found."""
    record = ask(bare, f"Look at {page}, please")
    assert record["status"] == "success", record["error"]
    assert output(record, "intent_detection")["method"] == "rules" and output(record, "intent_detection")["intent"] == "search"
    assert output(record, "model_selection")["model"] is None
    chosen = output(record, "tool_selection")
    assert chosen["method"] == "rules" and {"tool": "http_request", "arguments": {"url": page}, "score": 3.0} in chosen["calls"]
    results = {r["tool"]: r for r in output(record, "tool_execution")["results"]}
    assert results["http_request"]["success"], results
    assert "No model is configured" in record["output"]["text"] and "4217" in record["output"]["text"]
    assert "".join(e["data"]["delta"] for e in events(bare, record["id"], "agent.delta")) == output(record, "llm_response")["text"]
    assert output(record, "rag_context") == {"passages": []}
    record = ask(bare, "Thanks, bye")
    assert output(record, "intent_detection")["intent"] == "chat" and output(record, "tool_selection")["calls"] == []


@pytest.mark.parametrize("text, words", [(" \u200b\n ", "empty"), ("x" * 40000, "at most 32768")])
def test_input_is_validated(bare, text, words):
    record = ask(bare, text)
    assert record["status"] == "error" and record["error"]["nodeId"] == "input" and words in record["error"]["message"]
    assert record["nodes"]["intent_detection"]["status"] == "skipped"
    status, _, body = bare.http("POST", "/api/workflows/assistant/run", {"input": {"input": 7}})
    assert status == 422, body


def test_models_and_what_they_are_for(instance, llm, bare):
    status, _, answer = instance.http("GET", "/api/models")
    assert status == 200 and answer["configured"] and answer["endpoint"] == llm.url and answer["reason"] is None
    assert {m["id"]: (m["available"], m["purposes"]) for m in answer["items"]} == {
        "small": (True, ["default"]), "no-such": (False, ["code"]), "coder:7b": (True, ["code"]), "big": (True, ["default"])}
    models, llm.models = llm.models, ["big", "mystery", "llava:7b"]
    key, llm.key = llm.key, "sk-other"
    try:
        assert "key" in instance.http("GET", "/api/models")[2]["reason"]
        llm.key = key
        items = {m["id"]: m for m in instance.http("GET", "/api/models")[2]["items"]}
    finally:
        llm.models, llm.key = models, key
    assert items["mystery"]["purposes"] == [] and items["llava:7b"]["purposes"] == ["vision"] and items["small"]["available"] is False
    answer = bare.http("GET", "/api/models")[2]
    assert not answer["configured"] and answer["items"] == [] and "model.url" in answer["reason"]


def test_an_endpoint_that_never_answers_is_not_waited_for_by_each():
    """The first who ask wait; whoever comes after is told at once, and one asks again after a time."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as mute:
        it = Instance((*ALLOW, f"model.url=http://127.0.0.1:{mute.getsockname()[1]}/v1", "model.default=small"), examples=False)
        try:
            answers = [it.http("GET", "/api/models")[2] for _ in range(12)]
        finally:
            it.close()
        mute.setblocking(False)
        asked = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                mute.accept()[0].close()
                asked += 1
    assert 1 <= asked <= 3, "each asked"
    for answer in answers:
        assert answer["configured"] and "imeout" in answer["reason"], answer
        assert [(m["id"], m["available"]) for m in answer["items"]] == [("small", None)]


def test_no_model_is_available(instance, llm):
    llm.script({"text": '{"intent": "chat", "confidence": 1}'})
    models, llm.models = llm.models, ["unheard-of", "small2"]
    try:
        record = ask(instance, "hello")
    finally:
        llm.models = models
    assert record["status"] == "error" and record["error"]["nodeId"] == "model_selection"
    assert record["error"]["code"] == "model" and llm.url in record["error"]["message"] and "big" in record["error"]["message"]


def test_it_can_be_replaced_and_comes_back(bare):
    status, _, built_in = bare.http("GET", "/api/workflows/assistant")
    assert status == 200 and built_in["version"] == 0 and len(built_in["nodes"]) == 8
    status, _, saved = bare.http("PUT", "/api/workflows/assistant", {**built_in, "name": "Mine"})
    assert status in (200, 201), saved
    assert bare.http("GET", "/api/workflows/assistant")[2]["name"] == "Mine"
    assert [w.get("builtin") for w in bare.http("GET", "/api/workflows?builtin=true")[2]["items"]] == [None]
    assert bare.http("DELETE", "/api/workflows/assistant")[0] == 204
    assert bare.http("GET", "/api/workflows/assistant")[2]["name"] == "Assistant"
    assert bare.http("GET", "/api/workflows")[2]["items"] == []
    listed = bare.http("GET", "/api/workflows?builtin=true")[2]["items"]
    assert [(w["id"], w["builtin"], w["version"], w["nodeCount"]) for w in listed] == [("assistant", True, 0, 8)]
    assert bare.http("GET", "/api/workflows?builtin=1")[0] == 400
