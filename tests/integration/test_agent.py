"""Agents against a model endpoint that does what the test tells it: answers, tools, budgets, and every way to fail."""

import contextlib
import os
import pathlib
import signal
import socket
import sys

import pytest

from conftest import ALLOW, SOURCE, Instance, free_port, wait_until
from runs import chain, result

sys.path.insert(0, str(SOURCE / "tests" / "helper"))
from llm_server import LlmServer  # noqa: E402

KEY = "sk-test-1234567890"


@pytest.fixture(scope="module")
def llm():
    it = LlmServer(key=KEY)
    yield it
    it.close()


@pytest.fixture(scope="module")
def instance(llm):
    it = Instance((*ALLOW, f"model.url={llm.url}", f"model.key={KEY}", "model.default=test-model",
                   "model.prices=test-*=1/2"), examples=False)
    yield it
    it.close()


def agent(**data):
    return {"id": "ask", "type": "agent", "data": {"kind": "agent", "label": "Asker", **data}}


def start(instance, llm, *replies, session=None, timeout_ms=None, **data):
    llm.script(*replies)
    nodes, edges = chain(agent(**{"prompt": "Hello there", **data}), result(value="{{ .nodes.ask.output }}"))
    more = {"sessionId": session} if session else {}
    return instance.inline(nodes, edges, crewId="crew1", **more)


def execute(instance, llm, *replies, **more):
    record = instance.wait(start(instance, llm, *replies, **more))
    return record, record["nodes"]["ask"]


def events(instance, run, *types):
    found, cursor = [], ""
    while True:
        status, _, page = instance.http("GET", f"/api/runs/{run}/events?limit=500{cursor}")
        assert status == 200, page
        found += [e for e in page["items"] if not types or e["type"] in types]
        if not page["next"]:
            return found
        cursor = f"&cursor={page['next']}"


def tool_messages(llm, request=-1):
    return [m["content"] for m in llm.bodies()[request]["messages"] if m["role"] == "tool"]


# Answers


def test_answer(instance, llm):
    record, node = execute(instance, llm, {"text": "Good day to you", "chunks": 5}, system="Be brief", temperature=0.5,
                           maxTokens=100, messages=[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    assert record["status"] == "success", record["error"]
    assert node["output"]["text"] == "Good day to you" and node["output"]["finishReason"] == "stop"
    assert node["output"]["toolCalls"] == [] and node["output"]["model"] == "test-model"
    body = llm.bodies()[0]
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["messages"][-1]["content"] == "Hello there" and "tools" not in body
    assert body["temperature"] == 0.5 and body["max_tokens"] == 100 and body["stream"] is True
    assert llm.requests[0]["headers"]["authorization"] == f"Bearer {KEY}"
    usage = {"requests": 1, "promptTokens": 6, "completionTokens": 4, "totalTokens": 10, "costUsd": 14e-6}
    assert node["output"]["usage"] == usage and record["usage"] == usage
    seen = events(instance, record["id"], "agent.started", "agent.delta", "agent.finished", "task.started", "task.finished",
                  "node.started", "node.finished")
    mine = [e for e in seen if e["data"]["nodeId"] == "ask"]
    assert "".join(e["data"]["delta"] for e in mine if e["type"] == "agent.delta") == "Good day to you"
    kinds = [e["type"] for e in mine if e["type"] != "agent.delta"]
    assert kinds == ["node.started", "agent.started", "task.started", "task.finished", "agent.finished", "node.finished"]
    assert all(e["data"]["crewId"] == "crew1" for e in mine if e["type"].startswith("agent"))
    finished = next(e["data"] for e in mine if e["type"] == "agent.finished")
    assert finished["status"] == "success" and finished["usage"] == usage and finished["name"] == "Asker"


def test_deltas_are_coalesced(instance, llm):
    """400 pieces in about 0.4 s are far fewer events, and not one letter is missing."""
    text = "".join(chr(ord("a") + i % 26) for i in range(400))
    record, _ = execute(instance, llm, {"text": text, "chunks": 400, "pause": 0.001})
    deltas = events(instance, record["id"], "agent.delta")
    assert "".join(e["data"]["delta"] for e in deltas) == text
    took = next(e for e in events(instance, record["id"], "agent.finished"))["data"]["durationS"]
    assert 1 <= len(deltas) <= took * 20 + 2


def test_document_in_place_of_a_stream(instance, llm):
    record, node = execute(instance, llm, {"text": "all at once", "stream": False})
    assert node["output"]["text"] == "all at once"
    assert "".join(e["data"]["delta"] for e in events(instance, record["id"], "agent.delta")) == "all at once"


def test_usage_is_estimated_when_not_told(instance, llm):
    _, node = execute(instance, llm, {"text": "x" * 400, "usage": False})
    assert node["output"]["usage"]["completionTokens"] == 100


def test_without_a_price_the_cost_is_unknown(instance, llm):
    record, node = execute(instance, llm, {"text": "x"}, model="other-model")
    assert node["output"]["usage"]["costUsd"] is None and record["usage"]["costUsd"] is None
    record, node = execute(instance, llm, {"text": "x"}, model="other-model", maxCostUsd=1)
    assert node["error"]["code"] == "input" and "other-model" in node["error"]["message"]
    _, node = execute(instance, llm, {"text": "x", "usage": {"prompt_tokens": 1000, "completion_tokens": 10}},
                      model="other-model", prices={"input": 3, "output": 15})
    assert node["output"]["usage"]["costUsd"] == pytest.approx(0.00315)


# JSON


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


def test_schema(instance, llm):
    _, node = execute(instance, llm, {"text": '```json\n{"n": 3}\n```'}, outputSchema=SCHEMA)
    assert node["output"]["json"] == {"n": 3}
    assert llm.bodies()[0]["response_format"]["json_schema"]["schema"] == SCHEMA


def test_schema_is_asked_for_again_once(instance, llm):
    _, node = execute(instance, llm, {"text": '{"n": "three"}'}, {"text": '{"n": 3}'}, outputSchema=SCHEMA)
    assert node["output"]["json"] == {"n": 3} and node["output"]["usage"]["requests"] == 2
    assert "at /n" in llm.bodies()[1]["messages"][-1]["content"]
    record, node = execute(instance, llm, {"text": "no JSON"}, {"text": "{}"}, outputSchema=SCHEMA)
    assert record["status"] == "error" and node["error"]["code"] == "model"
    assert "`n` is missing" in node["error"]["message"] and node["output"]["text"] == "{}"


# Tools


def http_tool(llm):
    return {"url": llm.url + "/models", "headers": {"Authorization": f"Bearer {KEY}"}, "parse": "json"}


def test_tool_loop(instance, llm):
    calls = [{"name": "models", "arguments": {"method": "GET"}}]
    record, node = execute(instance, llm, {"tool_calls": calls}, {"text": "two models"}, tools=["models"], toolDefinitions={
        "models": {"kind": "http_request", "description": "Lists models", "settings": http_tool(llm)}})
    assert record["status"] == "success", record["error"]
    assert node["output"]["text"] == "two models"
    assert [(c["tool"], c["status"]) for c in node["output"]["toolCalls"]] == [("models", "success")]
    function = llm.bodies()[0]["tools"][0]["function"]
    assert function["name"] == "models" and function["description"] == "Lists models"
    assert "url" not in function["parameters"]["properties"] and "method" in function["parameters"]["properties"]
    assert "timeoutMs" not in function["parameters"]["properties"]
    assert "other-model" in tool_messages(llm)[0]
    assert llm.bodies()[1]["messages"][-2]["tool_calls"][0]["id"] == llm.bodies()[1]["messages"][-1]["tool_call_id"]
    started, finished = events(instance, record["id"], "tool.started", "tool.finished")
    assert (started["type"], finished["type"]) == ("tool.started", "tool.finished")
    assert started["data"]["tool"] == "models" and started["data"]["agentId"] == "ask" and started["data"]["params"]["method"] == "GET"
    assert finished["data"]["status"] == "success" and finished["data"]["durationS"] >= 0 and "output" in finished["data"]
    assert record["usage"]["requests"] == 2


def test_a_failing_tool_is_told_to_the_model(instance, llm):
    calls = [{"name": "shell", "arguments": {"command": ["sh", "-c", "echo out; exit 3"]}},
             {"name": "shell", "arguments": {"command": "echo"}}, {"name": "shell", "arguments": '{"command": ['},
             {"name": "shell", "arguments": {"kommand": ["x"]}}, {"name": "shell", "arguments": {"command": ["echo", "{{ 1+1 }}"]}}]
    record, node = execute(instance, llm, {"tool_calls": calls}, {"text": "oh"}, tools=["shell"])
    assert record["status"] == "success"
    assert [c["status"] for c in node["output"]["toolCalls"]] == ["error", "refused", "refused", "refused", "success"]
    failed, bad_type, bad_json, unknown, literal = tool_messages(llm)
    assert "exit status 3" in failed and "out" in failed
    assert "must not be a text" in bad_type and "not JSON" in bad_json and "kommand" in unknown
    assert "{{ 1+1 }}" in literal, "what a model writes is no template"
    finished = events(instance, record["id"], "tool.finished")
    assert [(e["data"]["status"], e["data"]["exitCode"]) for e in finished] == [("error", 3), ("success", 0)]


def enable(instance, session, **tools):
    status, _, body = instance.http("PUT", f"/api/sessions/{session}/tools", {"tools": tools})
    assert status == 200, body


def test_a_disabled_tool_is_never_called(instance, llm):
    touch = {"name": "shell", "arguments": {"command": ["touch", "called"]}}
    enable(instance, "s1", shell=False, http_request=True)
    for tools in (["shell", "http_request"], None):
        more = {"tools": tools} if tools else {}
        record, node = execute(instance, llm, {"tool_calls": [touch]}, {"text": "fine"}, session="s1", **more)
        assert record["status"] == "success", record["error"]
        assert [c["status"] for c in node["output"]["toolCalls"]] == ["refused"]
        assert [t["function"]["name"] for t in llm.bodies()[0]["tools"]] == ["http_request"]
        assert "error" in tool_messages(llm)[0]
        assert not events(instance, record["id"], "tool.started")
        assert not (instance.data / "runs" / record["id"] / "work" / "called").exists()
    # Nothing is enabled in a session nobody made; what is not in the node's list is not offered by a session either.
    _, node = execute(instance, llm, {"tool_calls": [touch]}, {"text": "fine"}, session="never-made", tools=["shell"])
    assert node["output"]["toolCalls"][0]["status"] == "refused" and "tools" not in llm.bodies()[0]
    enable(instance, "s1", shell=True)
    _, node = execute(instance, llm, {"tool_calls": [touch]}, {"text": "fine"}, session="s1", tools=["http_request"])
    assert node["output"]["toolCalls"][0]["status"] == "refused"
    record, node = execute(instance, llm, {"tool_calls": [touch]}, {"text": "fine"}, session="s1", tools=["shell"])
    assert node["output"]["toolCalls"][0]["status"] == "success"
    assert (instance.data / "runs" / record["id"] / "work" / "called").exists()


def test_a_tool_disabled_meanwhile_is_not_called(instance, llm):
    enable(instance, "s2", shell=True)
    calls = [{"name": "shell", "arguments": {"command": ["touch", "called"]}}]
    run = start(instance, llm, {"text": "Wait", "tool_calls": calls, "hold": 1}, {"text": "fine"}, session="s2", tools=["shell"])
    llm.wait_requests(1)
    enable(instance, "s2", shell=False)
    llm.release()
    node = instance.wait(run)["nodes"]["ask"]
    assert node["output"]["toolCalls"][0]["status"] == "refused"
    assert not (instance.data / "runs" / run / "work" / "called").exists()


def test_programs_are_not_built_from_templates(instance, llm):
    record, node = execute(instance, llm, tools=["say"], toolDefinitions={
        "say": {"kind": "shell", "settings": {"command": ["sh", "-c", "echo {{ .input.x }}"]}}})
    assert node["error"]["code"] == "input" and "program text" in node["error"]["message"]
    record, node = execute(instance, llm, tools=["transform"])
    assert node["error"]["code"] == "input" and "transform" in node["error"]["message"]


def test_session_model_and_memory(instance, llm):
    instance.http("PUT", "/api/sessions/s3", {"model": "other-model", "messages": [{"role": "user", "content": "before"}]})
    _, node = execute(instance, llm, {"text": "now"}, session="s3", remember=True)
    assert node["output"]["model"] == "other-model"
    assert [m["content"] for m in llm.bodies()[0]["messages"]] == ["before", "Hello there"]
    session = instance.http("GET", "/api/sessions/s3")[2]
    assert [(m["role"], m["content"]) for m in session["messages"]] == [
        ("user", "before"), ("user", "Hello there"), ("assistant", "now")]
    # Each knows its run, which the endpoint is not told.
    listed = instance.http("GET", "/api/runs?session=s3")[2]["items"]
    assert [m.get("runId") for m in session["messages"]] == [None, listed[0]["id"], listed[0]["id"]] and len(listed) == 1
    execute(instance, llm, {"text": "again"}, session="s3", remember=True)
    assert [sorted(m) for m in llm.bodies()[0]["messages"]] == [["content", "role"]] * 4


# Budgets


def test_budgets(instance, llm):
    again = {"tool_calls": [{"name": "shell", "arguments": {"command": ["true"]}}]}
    record, node = execute(instance, llm, *[again] * 5, tools=["shell"], maxIterations=3)
    assert record["status"] == "error" and record["error"]["code"] == "limit"
    assert "maxIterations" in node["error"]["message"] and len(llm.requests) == 3 and node["output"]["usage"]["requests"] == 3
    many = {**again, "usage": {"prompt_tokens": 900, "completion_tokens": 200}}
    record, node = execute(instance, llm, *[many] * 5, tools=["shell"], maxTotalTokens=2000)
    assert node["error"]["code"] == "limit" and "2200 tokens" in node["error"]["message"] and len(llm.requests) == 2
    assert record["usage"]["totalTokens"] == 2200
    record, node = execute(instance, llm, *[many] * 5, tools=["shell"], maxCostUsd=0.002)
    assert node["error"]["code"] == "limit" and "maxCostUsd" in node["error"]["message"] and len(llm.requests) == 2
    assert record["usage"]["costUsd"] == pytest.approx(0.0026)


def test_tokens_of_failed_attempts_are_counted(instance, llm):
    bad, good = {"text": "x", "usage": {"prompt_tokens": 100}}, {"text": '{"n":1}', "usage": {"prompt_tokens": 10}}
    record, node = execute(instance, llm, bad, bad, good, outputSchema=SCHEMA, retry={"attempts": 2, "backoffMs": 1})
    assert record["status"] == "success" and node["output"]["usage"]["promptTokens"] == 10
    assert record["usage"]["requests"] == 3 and record["usage"]["promptTokens"] == 210


# Errors


def test_retries_honour_retry_after(instance, llm):
    record, node = execute(instance, llm, {"status": 429, "headers": {"Retry-After": "0"}, "error": "slow down"},
                           {"status": 503, "headers": {"Retry-After": "0"}}, {"text": "at last"})
    assert node["output"]["text"] == "at last" and len(llm.requests) == 3
    logs = [e["data"]["message"] for e in events(instance, record["id"], "log")]
    assert any("429" in line and "slow down" in line and "in 0 ms" in line for line in logs), logs
    record, node = execute(instance, llm, *[{"status": 500, "headers": {"Retry-After": "0"}, "error": "broken"}] * 5,
                           requestRetries=1)
    assert node["error"]["code"] == "model" and llm.url in node["error"]["message"]
    assert "500, 2 times: broken" in node["error"]["message"] and len(llm.requests) == 2
    record, node = execute(instance, llm, {"status": 429, "headers": {"Retry-After": "86400"}})
    assert "86400 s" in node["error"]["message"] and len(llm.requests) == 1


@pytest.mark.parametrize("reply, words", [
    ({"text": "abcdefghi", "cut": 2}, "half-way"),
    ({"text": "abcdefghi", "malformed": 1}, "no part of an answer"),
    ({"raw": "data: {\"error\": {\"message\": \"out of memory\"}}\n\n"}, "reports: out of memory"),
    ({"raw": "<html>hello</html>"}, "half-way"),
    ({"raw": "{\"choices\": "}, "no part of an answer"),
    ({"status": 400, "error": "bad temperature"}, "400: bad temperature"),
])
def test_bad_answers(instance, llm, reply, words):
    record, node = execute(instance, llm, reply)
    assert record["status"] == "error" and node["error"]["code"] == "model"
    assert words in node["error"]["message"] and llm.url in node["error"]["message"], node["error"]
    finished = events(instance, record["id"], "agent.finished")
    assert [e["data"]["status"] for e in finished] == ["error"]


def test_unknown_model(instance, llm):
    _, node = execute(instance, llm, model="no-such-model")
    assert node["error"]["code"] == "model" and "no-such-model" in node["error"]["message"] and llm.url in node["error"]["message"]


def test_connection_refused(instance, llm):
    url = f"http://user:secretpass@127.0.0.1:{free_port()}/v1"
    _, node = execute(instance, llm, url=url)
    assert node["error"]["code"] == "model" and "cannot be reached" in node["error"]["message"]
    assert url.replace("user:secretpass@", "") in node["error"]["message"] and "secretpass" not in node["error"]["message"]


def test_the_key_is_never_told(instance, llm):
    """The endpoint repeats the key it does not accept; our own key does not go to an address of the workflow's."""
    record, node = execute(instance, llm, key="sk-wrong-0987654321")
    assert "401" in node["error"]["message"] and "***" in node["error"]["message"]
    assert "sk-wrong" not in str(events(instance, record["id"], "node.failed", "agent.finished", "run.failed"))
    other = LlmServer()
    try:
        execute(instance, llm, url=other.url)
        assert "authorization" not in other.requests[0]["headers"]
    finally:
        other.close()


def test_cancel_closes_the_stream(instance, llm):
    run = start(instance, llm, {"text": "abcdefghij", "chunks": 10, "hold": 4})
    llm.wait_requests(1)
    wait_until(lambda: events(instance, run, "agent.delta"), what="the first delta")
    instance.http("POST", f"/api/runs/{run}/cancel", {})
    llm.wait_closed()
    record = instance.wait(run)
    assert record["status"] == "cancelled" and record["nodes"]["ask"]["status"] == "cancelled"
    assert [e["data"]["status"] for e in events(instance, run, "agent.finished")] == ["cancelled"]


def test_cancel_while_it_waits_to_ask_again(instance, llm):
    run = start(instance, llm, {"status": 429, "headers": {"Retry-After": "500"}})
    wait_until(lambda: any("asked again in 500000 ms" in e["data"]["message"] for e in events(instance, run, "log")), what="the pause")
    instance.http("POST", f"/api/runs/{run}/cancel", {})
    assert instance.wait(run)["status"] == "cancelled" and len(llm.requests) == 1


def test_cancel_ends_the_tool(instance, llm):
    calls = [{"name": "shell", "arguments": {"command": ["sh", "-c", "echo up; sleep 600"]}}]
    run = start(instance, llm, {"tool_calls": calls}, tools=["shell"])
    wait_until(lambda: any(e["data"]["message"] == "up" for e in events(instance, run, "log")), what="the tool")
    instance.http("POST", f"/api/runs/{run}/cancel", {})
    assert instance.wait(run)["status"] == "cancelled"
    assert [e["data"]["status"] for e in events(instance, run, "tool.finished")] == ["error"]


def test_timeout_while_the_endpoint_is_silent(instance, llm):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        record, node = execute(instance, llm, url=f"http://127.0.0.1:{mute.getsockname()[1]}", timeoutMs=300)
    assert node["status"] == "error" and node["error"]["code"] == "timeout"


def test_a_stream_that_stalls(instance, llm):
    record, node = execute(instance, llm, {"text": "abcdef", "chunks": 6, "hold": 2}, silenceMs=300)
    assert node["error"]["code"] == "model" and "nothing for 300 ms, after 2 bytes" in node["error"]["message"]
    llm.wait_closed()
    assert node["output"]["text"] == "ab"


def test_many_agents_at_once(instance, llm):
    """Eight streams at once in one run, each whole."""
    llm.script(*[{"text": f"answer {i}", "chunks": 4, "pause": 0.001} for i in range(8)])
    nodes = [{"id": "start", "type": "trigger", "data": {"kind": "manual"}}]
    nodes += [{**agent(prompt=f"q{i}"), "id": f"a{i}"} for i in range(8)]
    edges = [{"id": f"e{i}", "source": "start", "target": f"a{i}"} for i in range(8)]
    record = instance.wait(instance.inline(nodes, edges))
    assert sorted(record["nodes"][f"a{i}"]["output"]["text"] for i in range(8)) == [f"answer {i}" for i in range(8)]
    assert record["usage"]["requests"] == 8


def test_no_model_configured(new_instance, llm):
    it = new_instance(ALLOW, examples=False)
    record, node = execute(it, llm)
    assert node["error"]["code"] == "input" and "model.url" in node["error"]["message"]
    record, node = execute(it, llm, withoutModel="There is no model here.")
    assert record["status"] == "success" and node["output"]["text"] == "There is no model here."
    assert node["output"]["model"] is None
    assert [e["data"]["delta"] for e in events(it, record["id"], "agent.delta")] == ["There is no model here."]


def test_invalid_settings_are_refused_when_saved(instance):
    nodes, edges = chain(agent(prompt="x", temperature=7, maxIterations=0, tools="shell", toolDefinitions={"a": {"what": 1}}))
    status, _, body = instance.http("PUT", "/api/workflows/bad-agent", {"nodes": nodes, "edges": edges})
    assert status == 422, body
    told = " ".join(e["message"] for e in body["errors"])
    assert all(f"`{name}`" in told for name in ("temperature", "maxIterations", "tools")), told


def test_secrets(instance, llm):
    """A key from the secrets works; when the model repeats it in small pieces it is hidden from everybody."""
    instance.cli("secret", "set", "LLM_KEY", "--stdin", input=KEY)
    record, node = execute(instance, llm, {"text": f"Your key is {KEY}, right?", "chunks": 12}, url=llm.url.replace("/v1", ""),
                           key="{{ $secrets.LLM_KEY }}", prompt="What is my key?", session="s-secret", remember=True)
    assert record["status"] == "success", record["error"]
    assert node["output"]["text"] == "Your key is ***, right?"
    assert "".join(e["data"]["delta"] for e in events(instance, record["id"], "agent.delta")) == "Your key is ***, right?"
    assert KEY not in str(events(instance, record["id"])) + str(instance.http("GET", "/api/sessions/s-secret")[2])


def test_a_fixed_program_stays_what_it_is(instance, llm):
    """The model cannot bend it by its environment, and no value becomes a part of its text."""
    tools = {"hello": {"kind": "shell", "settings": {"command": ["bash", "-c", "echo hello"]}}}
    calls = [{"name": "hello", "arguments": {"env": {"BASH_ENV": "/dev/stdin"}, "stdin": "echo pwned"}}, {"name": "hello", "arguments": {}}]
    record, node = execute(instance, llm, {"tool_calls": calls}, {"text": "ok"}, tools=["hello"], toolDefinitions=tools)
    assert record["status"] == "success", record["error"]
    assert "env" not in llm.bodies()[0]["tools"][0]["function"]["parameters"]["properties"]
    refused, done = tool_messages(llm)
    assert "has no argument `env`" in refused and "hello" in done and "pwned" not in done
    tools = {"greet": {"kind": "script", "settings": {"language": "sh", "code": "echo {{ .input.name }}"}}}
    record, node = execute(instance, llm, tools=["greet"], toolDefinitions=tools)
    assert node["error"]["code"] == "input" and "program text may not hold templates" in node["error"]["message"]


def test_no_part_of_a_secret_is_left_where_text_is_cut(instance, llm):
    """Titles, arguments and answers are shortened in events: a secret at that place is hidden, not cut in two."""
    value = "abcdefghijklmnopqrstuvwxyz"
    tools = {"try": {"kind": "shell", "settings": {"command": ["true"], "env": {"A": "x" * 4030 + "{{ .input.key }}"}}}}
    node = agent(prompt="p" * 190 + "{{ .input.key }}", tools=["try"], toolDefinitions=tools)
    llm.script({"tool_calls": [{"name": "try", "arguments": {"stdin": "y" * 4076 + value}}]}, {"text": "z" * 4086 + value})
    status, _, body = instance.http("PUT", "/api/workflows/cut", {
        "name": "cut", "params": [{"name": "key", "type": "secret", "required": True}],
        **dict(zip(("nodes", "edges"), chain(node, result(value="{{ .nodes.ask.output }}"))))})
    assert status == 201, body
    status, _, body = instance.http("POST", "/api/workflows/cut/run", {"input": {"key": value}})
    assert status == 202, body
    record = instance.wait(body["runId"])
    assert record["status"] == "success", record["error"]
    assert value in llm.bodies()[0]["messages"][-1]["content"], "the model sees it"
    told = events(instance, record["id"])
    assert [e["type"] for e in told].count("tool.started") == 1
    assert value[:6] not in str(told) and value[:6] not in str(record)


def test_a_saved_workflow_is_a_tool(instance, llm):
    nodes, edges = chain(result(value="{{ \"deployed \" + .input.where }}"))
    status, _, body = instance.http("PUT", "/api/workflows/deploy", {
        "name": "Deploy", "description": "Deploys to a place", "nodes": nodes, "edges": edges,
        "params": [{"name": "where", "type": "string", "required": True}]})
    assert status == 201, body
    calls = [{"name": "workflow_deploy", "arguments": {"where": "here"}}, {"name": "workflow_deploy", "arguments": {}}]
    record, node = execute(instance, llm, {"tool_calls": calls}, {"text": "done"}, tools=["workflow:deploy"])
    assert record["status"] == "success", record["error"]
    function = llm.bodies()[0]["tools"][0]["function"]
    assert function["description"] == "Deploys to a place"
    assert function["parameters"] == {"type": "object", "properties": {"where": {"type": "string"}}, "required": ["where"]}
    good, bad = tool_messages(llm)
    assert good == '"deployed here"' and "where" in bad and "error" in bad
    assert [c["status"] for c in node["output"]["toolCalls"]] == ["success", "error"]
    _, node = execute(instance, llm, tools=["workflow:none-such"])
    assert node["error"]["code"] == "input" and "none-such" in node["error"]["message"]


def test_killed_in_the_middle(instance, llm):
    """The run's process dies while a tool works: whoever finds it tells of the end of all that had begun."""
    calls = [{"name": "shell", "arguments": {"command": ["sh", "-c", "echo up; sleep 600"]}}]
    run = start(instance, llm, {"tool_calls": calls}, tools=["shell"])
    wait_until(lambda: any(e["data"]["message"] == "up" for e in events(instance, run, "log")), what="the tool")
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if b"--run" in words and run.encode() in words:
                os.kill(int(entry.name), signal.SIGKILL)
    record = instance.wait(run)
    assert record["status"] == "error" and record["error"]["code"] == "orphaned"
    wait_until(lambda: events(instance, run, "run.failed"), what="the last event")
    told = events(instance, run, "tool.started", "tool.finished", "task.finished", "agent.finished", "node.failed")
    assert [(e["type"], e["data"].get("status")) for e in told if e["data"]["nodeId"] == "ask"] == [
        ("tool.started", None), ("tool.finished", "error"), ("task.finished", "error"), ("agent.finished", "error"),
        ("node.failed", "error")]
