"""docs/openapi.yaml and docs/asyncapi.yaml: they are well-formed, describe every route and every endpoint and no other, and what
a running instance really answers and sends is what they say."""

import hashlib
import hmac
import json
import re
import shutil
import subprocess
import sys

import jsonschema
import pytest
import yaml

from clients import Emitter, Sse, Ws, poll, poll_all, with_query
from conftest import ALLOW, BUILD, SOURCE, Instance, wait_until
from runs import GATE, TRIGGER, chain, open_gate, result, shell

sys.path.insert(0, str(SOURCE / "tests" / "helper"))
from llm_server import LlmServer  # noqa: E402

OPENAPI, ASYNCAPI = SOURCE / "docs" / "openapi.yaml", SOURCE / "docs" / "asyncapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch")
DOORS = ["ws", "sse", "poll", "api/poll"]
# Routes that api.fcgi does not list: of events.fcgi, hook.fcgi and the bridge.
ELSEWHERE = {("GET", "/api/poll/{endpoint}"), ("GET", "/poll/{endpoint}"), ("GET", "/sse/{endpoint}"), ("GET", "/healthz"),
             ("GET", "/metrics"), ("POST", "/hooks/{source}")}
SECRET = "shared by two"


def strict(node):
    """The same schema, but what it does not name is wrong: so that the document cannot lag behind."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: value if key in ("allOf", "if", "then", "example", "examples") else strict(value) for key, value in node.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


class Document:
    def __init__(self, content):
        self.content = content
        self.resolver = jsonschema.RefResolver("", strict(content))

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def problems(self, schema, value):
        schema = strict(schema)
        jsonschema.Draft202012Validator.check_schema(schema)
        found = jsonschema.Draft202012Validator(schema, resolver=self.resolver).iter_errors(value)
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in found]


@pytest.fixture(scope="module")
def openapi():
    return Document(yaml.safe_load(OPENAPI.read_text()))


@pytest.fixture(scope="module")
def asyncapi():
    return Document(yaml.safe_load(ASYNCAPI.read_text()))


@pytest.fixture(scope="module")
def llm():
    it = LlmServer(models=("small",))
    yield it
    it.close()


@pytest.fixture(scope="module")
def instance(llm):
    it = Instance((*ALLOW, f"model.url={llm.url}", "model.default=small", f"hooks.ci.secret={SECRET}", "bridge.heartbeat=200ms"), examples=False)
    yield it
    it.close()


def operations(openapi):
    return {(method.upper(), path): node[method] for path, node in openapi.content["paths"].items() for method in METHODS
            if method in node}


def test_they_are_well_formed():
    tools = BUILD / "npm-tools"
    if not (tools / "node_modules").exists():
        pytest.skip("make check installs the linters by npm, which is missing")
    done = subprocess.run([shutil.which("node"), tools / "lint-api.js", OPENAPI, ASYNCAPI], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout == "", done.stdout


def test_every_route_is_described_and_no_other(openapi, instance):
    routes = {(r["method"], re.sub(r"\.\.\.}", "}", r["path"])): r["scope"] for r in instance.http("GET", "/api")[2]["routes"]}
    described = operations(openapi)
    assert set(described) - ELSEWHERE == set(routes) - ELSEWHERE
    assert ELSEWHERE <= set(described)
    for key, scope in routes.items():
        security = described[key]["security"]
        assert security == ([] if scope == "none" else [{"token": [scope]}, {"cookie": [scope]}]), key
    for (method, path), operation in described.items():
        inherited = openapi.content["paths"][path].get("parameters", [])
        parameters = [openapi.resolve(p) for p in inherited + operation.get("parameters", [])]
        assert {p["name"] for p in parameters if p["in"] == "path"} == set(re.findall(r"{(\w+)}", path)), path
        assert "default" in operation["responses"] or path == "/api", (method, path)


def test_every_endpoint_is_described_and_no_other(asyncapi, instance):
    streams = {s["path"]: s["doors"] for s in instance.http("GET", "/api")[2]["streams"]}
    redis = [c for c in asyncapi.content["channels"].values() if "servers" in c]
    assert [c["address"] for c in redis] == ["run:{run_id}", "mission:{crew_id}", "graph:{crew_id}"]
    channels = {c["address"].removeprefix("/{door}"): c for c in asyncapi.content["channels"].values() if c not in redis}
    assert set(channels) == set(streams)
    assert all(doors == DOORS for doors in streams.values())
    assert asyncapi.content["components"]["parameters"]["door"]["enum"] == DOORS
    for path, channel in channels.items():
        assert set(channel["parameters"]) == {"door", *re.findall(r"{(\w+)}", path)}, path
    said = {ref["$ref"] for o in asyncapi.content["operations"].values() for ref in o["messages"]}
    assert said == {f"#/channels/{name}/messages/{message}" for name, c in asyncapi.content["channels"].items()
                    for message in c["messages"]}, "each message is sent or received by an operation"


def test_it_is_served(openapi, instance):
    status, headers, body = instance.http("GET", "/api/openapi.json")
    assert status == 200 and headers["Content-Type"] == "application/json"
    assert body == openapi.content
    assert body["info"]["version"] == instance.http("GET", "/api")[2]["version"]


class Recorder:
    """Makes requests and holds every answer against the document."""

    def __init__(self, openapi, instance):
        self.openapi, self.instance, self.seen = openapi, instance, set()
        self.patterns = [(path, re.compile(re.sub(r"{(\w+)}", lambda m: ".+" if m[1] in ("name", "endpoint") else "[^/]+", path) + "$"))
                         for path in sorted(openapi.content["paths"], key=lambda p: ("{" in p, -len(p)))]

    def __call__(self, expected, method, path, body=None, **headers):
        bare = path.partition("?")[0]
        template = next(p for p, pattern in self.patterns if pattern.match(bare) and method.lower() in self.openapi.content["paths"][p])
        status, answered, value = self.instance.http(method, path, body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        assert status == expected, (method, path, status, value)
        self.check(method, template, status, answered.get("Content-Type", ""), value)
        return value

    def check(self, method, template, status, media, value):
        responses = self.openapi.content["paths"][template][method.lower()]["responses"]
        named = str(status) if str(status) in responses else "default"
        assert status >= 400 or named != "default", f"{method} {template} may answer {status}, says nobody"
        response = self.openapi.resolve(responses[named])
        self.seen.add((method, template, status < 400))
        if status == 204:
            assert "content" not in response
            return
        content = response["content"]
        media = media.partition(";")[0]
        schema = content.get(media, content.get("*/*"))
        assert schema is not None, f"{method} {template} {status} is {media}"
        if "json" in media:
            problems = self.openapi.problems(schema["schema"], value)
            assert not problems, f"{method} {template} {status}: {problems[:3]} in {json.dumps(value)[:600]}"


@pytest.fixture(scope="module")
def call(openapi, instance):
    return Recorder(openapi, instance)


APPROVAL = ([TRIGGER, {"id": "ask", "type": "control", "data": {"kind": "approval", "message": "Shall we?", "timeoutMs": 600000}}, result()],
            [{"id": "e1", "source": "start", "target": "ask"},
             {"id": "e2", "source": "ask", "target": "done", "sourceHandle": "approved"}])
SCHEDULED = ([{"id": "s", "type": "trigger", "data": {"kind": "schedule", "cron": "0 0 * * *"}}, result()],
             [{"id": "e", "source": "s", "target": "done"}])
HOOKED = ([{"id": "h", "type": "trigger", "data": {"kind": "webhook", "source": "ci"}}, result()],
          [{"id": "e", "source": "h", "target": "done"}])


def graph(parts, **more):
    return {"nodes": parts[0], "edges": parts[1], **more}


def test_answers_about_workflows(call):
    call(200, "GET", "/api")
    call(200, "GET", "/api/openapi.json")
    call(422, "POST", "/api/workflows", {"id": "w", "nodes": []})
    call(201, "POST", "/api/workflows", graph(APPROVAL, id="w", name="W", description="d", crewId="c", timeoutMs=600000, priority=1,
                                              params=[{"name": "p", "type": "string", "default": "x"}],
                                              concurrency={"limit": 3, "onBusy": "queue"}))
    call(409, "POST", "/api/workflows", graph(APPROVAL, id="w"))
    call(200, "PUT", "/api/workflows/w", graph(APPROVAL, id="w", name="W2", crewId="c"))
    call(201, "PUT", "/api/workflows/s", graph(SCHEDULED, id="s"))
    call(201, "PUT", "/api/workflows/h", graph(HOOKED, id="h"))
    call(412, "PUT", "/api/workflows/w", graph(APPROVAL, id="w"), If_Match='"1"')
    call(200, "POST", "/api/workflows/validate", graph(APPROVAL, name=5))
    call(200, "GET", "/api/workflows/w")
    call(200, "GET", "/api/workflows/assistant")
    call(404, "GET", "/api/workflows/nobody")
    call(200, "GET", "/api/workflows/w/versions")
    call(200, "GET", "/api/workflows/w/versions/1")
    call(200, "POST", "/api/workflows/import", b"steps:\n  - name: a\n    command: echo hi\n    mailOnError: true\n", Content_Type="application/yaml")
    call(200, "POST", "/api/workflows/w/pause")
    call(200, "POST", "/api/workflows/w/resume")
    call(200, "GET", "/api/schedules")
    call(200, "GET", "/api/workflows/s/schedule?n=2")
    call(200, "POST", "/api/workflows/s/schedule/pause")
    call(200, "POST", "/api/workflows/s/schedule/resume")
    call(200, "GET", "/api/node-types")
    call(200, "GET", "/api/models")
    call(201, "PUT", "/api/workflows/gone", graph(APPROVAL))
    call(204, "DELETE", "/api/workflows/gone")


def test_answers_about_runs(call, instance):
    nodes = chain(shell("say", "echo hi; echo oops >&2"), {"id": "f", "type": "output", "data": {"kind": "file", "path": "a/b.txt", "content": "x"}},
                  {"id": "each", "type": "control", "data": {"kind": "foreach", "items": [1, 2], "node": {
                      "kind": "transform", "expression": ".item"}}}, result())
    run = call(202, "POST", "/api/workflows/inline/run", graph(nodes, input={"a": 1}))["runId"]
    instance.wait(run)
    call(200, "GET", f"/api/runs/{run}")
    call(200, "GET", f"/api/runs/{run}/logs?limit=100")
    events = call(200, "GET", f"/api/runs/{run}/events?limit=100")["items"]
    assert call(200, "GET", f"/api/runs/{run}/events?last=3") == {"items": events[-3:], "next": None}
    assert call(200, "GET", f"/api/runs/{run}/events?last=1000")["items"] == events
    for query in ("last=0", "last=x", "last=1001", "last=2&attempt=1", f"last=2&cursor={events[0]['id']}"):
        call(400, "GET", f"/api/runs/{run}/events?{query}")
    call(200, "GET", f"/api/runs/{run}/export.html")
    call(404, "GET", "/api/runs/r_nobody/export.html")
    call(200, "GET", f"/api/runs/{run}/artifacts")
    call(200, "GET", f"/api/runs/{run}/artifacts/a/b.txt")
    call(200, "GET", f"/api/runs/{run}/nodes/each/items")
    call(409, "POST", f"/api/runs/{run}/cancel")
    call(202, "POST", f"/api/runs/{run}/retry")
    instance.wait(run)
    call(200, "GET", f"/api/runs/{run}")
    instance.wait(call(202, "POST", f"/api/runs/{run}/rerun", {"version": "same"})["runId"])
    bad = instance.inline(*chain(shell("breaks", "exit 3"), result()))
    instance.wait(bad)
    call(200, "GET", f"/api/runs/{bad}")
    call(202, "POST", f"/api/runs/{bad}/resume")
    call(202, "POST", "/api/workflows/w/run", {"priority": 2})
    asked = wait_until(lambda: call(200, "GET", "/api/approvals")["items"])[0]["runId"]
    call(200, "GET", f"/api/runs/{asked}")
    call(202, "POST", f"/api/runs/{asked}/pause")
    call(202, "POST", f"/api/runs/{asked}/resume")
    call(200, "POST", f"/api/runs/{asked}/nodes/ask/approve", {"by": "ada", "comment": "yes"})
    call(409, "POST", f"/api/runs/{asked}/nodes/ask/reject", {})
    instance.wait(asked)
    asked = call(202, "POST", "/api/workflows/w/run")["runId"]
    wait_until(lambda: instance.record(asked)["nodes"]["ask"]["status"] == "waiting")
    call(200, "POST", f"/api/runs/{asked}/nodes/ask/reject", {"data": {"why": 1}})
    call(200, "POST", "/api/queue/pause")
    waits = call(202, "POST", "/api/workflows/w/run")["runId"]
    call(200, "PATCH", f"/api/runs/{waits}", {"priority": 7})
    call(202, "POST", f"/api/runs/{waits}/cancel")
    call(200, "GET", f"/api/runs/{waits}")
    call(200, "POST", "/api/queue/resume")
    call(200, "GET", "/api/runs?limit=500")
    call(200, "GET", "/api/workflows")
    call(200, "GET", "/api/workflows?builtin=true")
    call(400, "GET", "/api/workflows?builtin=x")
    call(404, "GET", "/api/runs/nobody")
    call(400, "GET", "/api/runs?limit=x")


def test_answers_about_documents(call):
    call(201, "PUT", "/api/sessions/s", {"name": "S", "model": "m", "messages": [{"role": "user", "content": "x"}]})
    call(200, "PUT", "/api/sessions/s", {"name": "T"})
    call(200, "PUT", "/api/sessions/s/tools", {"toolId": "websearch", "enabled": True})
    call(422, "PUT", "/api/sessions/s/tools", {"toolId": "websearch", "enabled": 1})
    call(412, "PUT", "/api/sessions/s", {"name": "U"}, If_Match='"77"')
    call(200, "GET", "/api/sessions")
    call(200, "GET", "/api/sessions?q=t")
    call(200, "GET", "/api/sessions/s")
    call(204, "DELETE", "/api/sessions/s")
    call(201, "PUT", "/api/adws/a", {"status": "running", "issue_number": 4})
    call(200, "PATCH", "/api/adws/a", {"x": {"y": 1}})
    call(200, "GET", "/api/adws/a")
    call(200, "GET", "/api/adws")
    call(204, "DELETE", "/api/adws/a")
    call(201, "PUT", "/api/secrets/KEY", {"value": "x"})
    call(200, "PUT", "/api/secrets/KEY", {"value": "y"})
    call(200, "GET", "/api/secrets")
    call(204, "DELETE", "/api/secrets/KEY")
    entry = call(201, "POST", "/api/queue", {"issue_number": 3, "phase": "plan", "metadata": {"a": 1}})["queue_id"]
    call(201, "POST", "/api/queue", {"workflowId": "s", "priority": 1})
    call(200, "GET", "/api/queue")
    call(200, "GET", f"/api/queue/{entry}")
    call(200, "PATCH", f"/api/queue/{entry}", {"priority": 4})
    call(204, "DELETE", f"/api/queue/{entry}")


def test_answers_about_the_caller(call):
    call(200, "GET", "/api/auth/session")
    call(200, "POST", "/api/auth/session")
    call(204, "DELETE", "/api/auth/session")
    call(200, "POST", "/api/auth/ticket", {"path": "/sse/scraping/x"})
    call(422, "POST", "/api/auth/ticket", {})


def test_answers_about_the_rest(call, instance):
    call(202, "POST", "/api/events", {"stream": "tool:x", "type": "custom", "data": {"a": 1}})
    body = b'{"a": 1}'
    signed = {"X_Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(), "X_Event": "push"}
    call(202, "POST", "/hooks/ci", body, X_Delivery="d-1", **signed)
    call(409, "POST", "/hooks/ci", body, X_Delivery="d-1", **signed)
    call(401, "POST", "/hooks/ci", body, X_Delivery="d-2", X_Signature="0f")
    call(404, "POST", "/hooks/nobody", body)
    call(200, "GET", "/api/webhooks")
    call(200, "GET", "/api/webhook-status")
    call(200, "GET", "/api/system-status")
    call(200, "GET", "/healthz")
    call(200, "GET", "/metrics")
    call(200, "GET", "/api/workflows/active")
    call(200, "GET", "/api/workflow-history?limit=500&days=true")
    call(400, "GET", "/api/workflow-history?limit=x")
    call(200, "POST", "/api/jq", {"expression": ".a", "input": {"a": 1}})
    call(422, "POST", "/api/jq", {"expression": ".a |", "input": {}})
    call(200, "GET", "/api/routes")
    call(200, "GET", "/api/doctor")
    call(200, "GET", "/api/metrics")
    run = call(202, "POST", "/api/workflow/actions?client=docs", {"action": "execute_workflow", "input": "hi"})["runId"]
    instance.wait(run)
    call(409, "POST", "/api/workflow/actions?client=docs", {"action": "cancel_workflow"})
    for door in ("/poll", "/api/poll"):
        call(200, "GET", f"{door}/workflows/{run}?since=start")
        call(404, "GET", f"{door}/workflows/nobody")
        call(400, "GET", f"{door}/workflows/{run}?since=x")
    with Sse(instance.url, f"/sse/workflows/{run}") as sse:
        call.check("GET", "/sse/{endpoint}", sse.status, sse.headers["Content-Type"], None)
    # All of it was asked: nothing is described whose answers nobody has looked at.
    never = {key for key in operations(call.openapi) if (*key, True) not in call.seen}
    assert not never


class Listener:
    """Holds messages against their channel's, and notes which there were."""

    def __init__(self, asyncapi):
        self.asyncapi, self.seen = asyncapi, set()

    def __call__(self, channel, *messages):
        known = self.asyncapi.content["channels"][channel]["messages"]
        for message in messages:
            fits = {}
            for name, ref in known.items():
                payload = self.asyncapi.resolve(ref)["payload"]
                key = next(k for k in ("event", "op", "action", "type") if k in message)
                word = self.asyncapi.resolve(payload)["properties"].get(key, {})
                if word.get("const", message[key] if name == "event" and key == "type" else None) == message[key]:
                    fits[name] = self.asyncapi.problems(payload, message)
            good = [name for name, problems in fits.items() if not problems]
            assert good, f"{channel}: {json.dumps(message)[:500]} is none of its messages: {fits or 'unknown'}"
            self.seen.add((channel, good[0]))


@pytest.fixture(scope="module")
def heard(asyncapi):
    return Listener(asyncapi)


def both(instance, path, **query):
    """All of an ended run at two doors, which are the same."""
    query["since"] = "start"
    messages = poll_all(instance.url, "/poll" + path, **query)
    assert messages == poll_all(instance.url, "/api/poll" + path, **query)
    return messages


def test_messages_of_runs(heard, instance, llm):
    """Every event and message of a good, a failing and a cancelled run, of an agent, and of the assistant."""
    good = instance.inline(*chain(shell("say", "echo hi; echo oops >&2"), result()))
    bad = instance.inline(*chain(shell("breaks", "exit 3"), result()))
    slow = instance.inline(*chain(shell("waits", GATE), result()))
    with Ws(instance.url, f"/ws/workflows/{slow}?since=start") as ws:
        ws.until(lambda m: m.get("nodeId") == "waits")
    instance.http("POST", f"/api/runs/{slow}/cancel")
    tools = {"http_request": {"kind": "http_request", "settings": {"method": "GET", "url": llm.url + "/models"}}}
    llm.script({"tool_calls": [{"name": "http_request", "arguments": {}}]}, {"text": "Done"})
    agent = instance.inline(*chain({"id": "bot", "type": "agent", "data": {
        "kind": "agent", "prompt": "Go", "tools": ["http_request"], "toolDefinitions": tools}}, result()), workflow="crewed", crewId="c1")
    asked = instance.run("w")
    wait_until(lambda: instance.http("GET", "/api/approvals")[2]["items"])
    instance.http("POST", f"/api/runs/{asked}/nodes/ask/approve", {})
    runs = [good, bad, slow, agent, asked]
    for run in runs:
        instance.wait(run)
        heard("native", *both(instance, "", stream=f"run:{run}"))
        heard("consoleStatus", *both(instance, f"/workflows/{run}"), *poll(instance.url, f"/poll/workflows/{run}")["events"])
        heard("consoleLogs", *both(instance, f"/workflows/{run}/logs"), *poll(instance.url, f"/poll/workflows/{run}/logs")["events"])
        heard("crewRun", *both(instance, f"/runs/{run}"))
    for workflow in ("inline", "crewed", "w"):
        heard("monitor", *poll(instance.url, f"/poll/workflow/{workflow}", since="start")["events"])
    llm.script({"text": '{"intent": "search", "confidence": 1}'},
               {"tool_calls": [{"name": "http_request", "arguments": {"url": llm.url + "/models"}}]}, {"text": "Found"})
    with Ws(instance.url, "/api/workflow/stream") as ws:
        for action in ({"action": "cancel_workflow"}, {"action": "execute_workflow", "input": "look", "deltas": True}):
            heard("assistant", action)
            ws.send(action)
        heard("assistant", *ws.until(lambda m: m["event"] == "workflow_complete", timeout=120))
        ws.send({"action": "execute_workflow", "input": "\u200b"})
        heard("assistant", *ws.until(lambda m: m["event"] == "workflow_error", timeout=120))
    for channel, message in (("assistant", "workflow_error"), ("consoleStatus", "node_status"), ("monitor", "complete"), ("crewRun", "done")):
        assert (channel, message) in heard.seen


def test_messages_of_crews(heard, instance):
    """After a run of crew c1: its tools, tools used elsewhere, signals, and what comes when nothing else does."""
    emitter = Emitter(instance.data / "spool.sock", "docs-crew")
    try:
        emitter.emit("crew:c1", "tool.progress", {"crewId": "c1", "nodeId": "n", "agentId": "a", "tool": "t", "message": "half", "progress": 0.5})
    finally:
        emitter.close()
    for channel, path in (("graph", "/graph"), ("graphOfCrew", "/graph/c1")):
        heard(channel, *poll(instance.url, "/api/poll" + path, since="start")["events"])
        with Ws(instance.url, "/ws" + path) as ws:
            heard(channel, ws.until(lambda m: m["type"] == "ping")[-1])
    with Ws(instance.url, "/ws/mission") as ws:
        heard("mission", *ws.until(lambda m: m["type"] == "heartbeat"))


def test_messages_of_tools_and_gaps(heard, instance):
    emitter = Emitter(instance.data / "spool.sock", "docs-test")
    try:
        with Ws(instance.url, "/ws/scraping/t") as ws:
            emitter.emit("tool:t", "scrape.progress", {"toolId": "t", "url": "http://x/", "status": "scraping", "items": 1, "progress": 5,
                                                       "preview": [1]})
            heard("consoleScraping", ws.recv(), ws.recv())
            for said in ({"type": "ping"}, {"type": "auth", "token": "x"}):
                heard("consoleScraping", said)
                ws.send(said)
                heard("consoleScraping", ws.recv())
            ws.send({"type": "auth"})
            heard("consoleScraping", ws.recv())
    finally:
        emitter.close()
    far = str(int(poll(instance.url, "/poll", stream="runs")["next"]) + 900000)
    heard("consoleScraping", *poll(instance.url, "/poll/scraping/t", since=far)["events"])
    heard("native", *poll(instance.url, "/poll", stream="runs", since=far)["events"])
    with Sse(instance.url, "/sse/scraping/t") as sse:
        heard("consoleScraping", sse.next()[1])
    for path in ("/workflows/nobody", "/sse", "/ws"):
        assert instance.http("GET", path)[0] >= 400


def test_messages_of_the_native_socket(heard, instance):
    with Ws(instance.url, "/ws") as ws:
        heard("native", ws.recv())
        for message in ({"op": "subscribe", "streams": ["tool:n"]}, {"op": "ping"},
                        {"op": "subscribe", "streams": ["tool:n"], "batch": True, "format": "json"}, {"op": "auth", "token": "x", "ref": "1"},
                        {"op": "run", "workflowId": "s", "ref": "2"}, {"op": "run", "workflowId": "nobody", "ref": "3"},
                        {"op": "cancel", "runId": "r_nobody"}, {"op": "unsubscribe", "streams": ["tool:n"]}):
            heard("native", message)
            heard("native", ws.ask(message))
        heard("native", ws.ask({"op": "subscribe", "streams": ["bad name"]}))
        instance.cli("restart", "bridge")
        heard("native", ws.until(lambda m: m.get("op") == "bye")[-1])


def test_messages_of_topics(heard, asyncapi, instance):
    names = {"adwState": {"adw_id": "a1"}}
    instance.http("PUT", "/api/adws/a1", {"status": "running"})
    instance.http("POST", "/api/queue", {"issue_number": 1})
    for name, channel in asyncapi.content["channels"].items():
        if "update" not in channel["messages"]:
            continue
        path = channel["address"].format(door="poll", **names.get(name, {}))
        state = poll(instance.url, path)["events"]
        assert len(state) == 1, path
        heard(name, *state)
        with Ws(instance.url, channel["address"].format(door="ws", **names.get(name, {}))) as ws:
            heard(name, ws.recv())


def test_every_message_was_seen(heard, asyncapi):
    """But for what common messages look like on each of many channels, and a gap of theirs."""
    common = ("hello", "gap", "ping", "pong", "authenticate", "authenticated", "refused")
    described = {(name, message) for name, channel in asyncapi.content["channels"].items() for message in channel["messages"]
                 if "servers" not in channel and message not in common or name in ("native", "consoleScraping")}
    assert described == heard.seen & described
