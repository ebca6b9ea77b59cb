"""Secrets: set and listed, used in templates, and nowhere to be found afterwards: not in events, not in the database, not
in any file of the data directory, not in the command lines of processes."""

import base64
import json
import os
import pathlib
import re
import sqlite3
import stat
import subprocess
import threading
import time
import urllib.parse

import pytest
from conftest import ALLOW, Instance, wait_until

VALUE = 'hunter2-"quoted"\\ä/=+tail'
LINES = "-----BEGIN TEST KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nKd83kdLLd93lsk3kdf==\n-----END TEST KEY-----"
START = {"id": "start", "type": "trigger", "data": {"kind": "manual"}}


def forms(value):
    """What must not be found, as bytes."""
    once = json.dumps(value, ensure_ascii=False)[1:-1]
    yield from (f.encode() for f in {value, once, json.dumps(value)[1:-1], json.dumps(once, ensure_ascii=False)[1:-1],
                                     urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value), urllib.parse.quote(value)})
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + value.encode())
        yield text[(shift * 8 + 5) // 6: (shift + len(value.encode())) * 8 // 6]


def leaks(text, *values):
    text = text if isinstance(text, bytes) else text.encode()
    return [f for value in values for f in forms(value) if f in text]


def files_with(folder, *values):
    return [(str(path), found) for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file() and not path.is_symlink()
            and (found := leaks(path.read_bytes(), *values))]


def edges_in_a_row(nodes):
    return [{"id": f"e{i}", "source": a["id"], "target": b["id"]} for i, (a, b) in enumerate(zip(nodes, nodes[1:]))]


def tool(id, kind="shell", **data):
    return {"id": id, "type": "tool", "data": {"kind": kind, **data}}


def result(value):
    return {"id": "done", "type": "output", "data": {"kind": "result", "value": value}}


def run_row(instance, *nodes, **more):
    nodes = [START, *nodes]
    return instance.wait(instance.inline(nodes, edges_in_a_row(nodes), **more))


@pytest.fixture(scope="module")
def instance():
    it = Instance(ALLOW, examples=False)
    it.cli("secret", "set", "TOKEN", "--stdin", input=VALUE + "\n")
    it.cli("secret", "set", "KEY", "--stdin", input=LINES + "\n")
    yield it
    it.close()


# Set, listed, forgotten


def test_names_and_dates_only(instance):
    listed = instance.json("secret", "list")["items"]
    assert [s["name"] for s in listed] == ["KEY", "TOKEN"]
    assert all(set(s) == {"name", "createdAt", "updatedAt"} for s in listed)
    status, _, body = instance.http("GET", "/api/secrets")
    assert (status, body["items"]) == (200, listed)
    assert stat.S_IMODE((instance.data / "keys/secrets.key").stat().st_mode) == 0o600


def test_rest_and_command_line(instance):
    status, headers, body = instance.http("PUT", "/api/secrets/BY_REST", {"value": "s3cret by rest"})
    assert (status, headers["Location"], body["name"]) == (201, "/api/secrets/BY_REST", "BY_REST")
    assert instance.http("PUT", "/api/secrets/BY_REST", {"value": "again by rest"})[0] == 200
    assert run_row(instance, tool("t", command=["sh", "-c", "printf %s \"$X\" | wc -c"], env={"X": "{{ $secrets.BY_REST }}"}),
                   result("{{ .nodes.t.output.stdout }}"))["output"].strip() == str(len("again by rest"))
    assert instance.http("DELETE", "/api/secrets/BY_REST")[0] == 204
    assert instance.http("DELETE", "/api/secrets/BY_REST")[0] == 404
    assert instance.http("PUT", "/api/secrets/BY-REST", {"value": "x"})[0] == 422
    for body in ({}, {"value": 7}, {"value": ""}):
        assert instance.http("PUT", "/api/secrets/X", body)[0] == 422
    assert instance.http("PUT", "/api/secrets/X", {"value": "x" * 65537})[0] == 413
    assert instance.cli("secret", "rm", "NONE", check=False).returncode == 1
    assert instance.cli("secret", "set", "1X", "--stdin", input="x", check=False).returncode == 1


# Used and not seen

SHOW = r"""
import base64, json, os, sys, time, urllib.parse
v, lines = os.environ["TOKEN"], os.environ["KEY"]
sys.stdout.reconfigure(encoding="utf-8")
print("plain", v, flush=True)
for c in "slow " + v + "\n":
    sys.stdout.write(c); sys.stdout.flush()
print("json", json.dumps({"v": v}), json.dumps({"v": v}, ensure_ascii=False), json.dumps(json.dumps(v, ensure_ascii=False), ensure_ascii=False))
print("url", urllib.parse.quote(v), urllib.parse.quote(v, safe=""), urllib.parse.urlencode({"q": v}))
for before in ("", "a", "ab", "abc"):
    print("base64", base64.b64encode((before + v + before).encode()).decode())
print(lines)
print("partly", lines.splitlines()[1])
sys.stderr.write("to stderr " + v + "\n")
sys.stdout.write("x" * 8180 + v + "\n")
os.makedirs(os.path.join(os.environ["ART"], "sub"), exist_ok=True)
open(os.path.join(os.environ["ART"], "has-" + urllib.parse.quote(v, safe="") + ".txt"), "w").write("x")
"""


def test_masked_wherever_it_is_shown(instance):
    run = instance.inline(
        [START,
         tool("show", "script", language="python", code=SHOW, env={"TOKEN": "{{ $secrets.TOKEN }}", "KEY": "{{ $secrets.KEY }}", "ART": "../artifacts"},
              continueOnError=True),
         tool("echo", command=["cat"], stdin="{{ {token: $secrets.TOKEN, key: [$secrets.KEY]} }}", parse="json"),
         {"id": "value", "type": "control", "data": {"kind": "transform", "expression": "{($secrets.TOKEN): [$secrets.TOKEN, \"x\\($secrets.TOKEN)y\"], n: 1}"}},
         tool("fails", command=["sh", "-c", "echo \"$X\" >&2; exit 3"], env={"X": "{{ $secrets.TOKEN }}"}, continueOnError=True),
         {"id": "raises", "type": "control", "data": {"kind": "transform", "expression": "error(\"no \" + $secrets.TOKEN)", "continueOnError": True}},
         {"id": "number", "type": "control", "data": {"kind": "transform", "expression": "$secrets.TOKEN | tonumber", "continueOnError": True}},
         tool("host", "http_request", url="http://127.0.0.1:1/{{ $secrets.TOKEN | @uri }}?x", headers={"A": "{{ $secrets.TOKEN }}"}, continueOnError=True),
         result("{{ {a: .nodes.value.output, b: .nodes.echo.output.json, c: $secrets.KEY} }}")],
        edges_in_a_row([START] + [{"id": i} for i in ("show", "echo", "value", "fails", "raises", "number", "host", "done")]))
    record = instance.wait(run)
    assert record["status"] == "success", record
    assert record["output"] == {"a": {"***": ["***", "x***y"], "n": 1}, "b": {"token": "***", "key": ["***"]}, "c": "***"}
    nodes = record["nodes"]
    shown = nodes["show"]["output"]["stdout"].splitlines()
    assert shown[:2] == ["plain ***", "slow ***"], shown
    assert shown[2] == 'json {"v": "***"} {"v": "***"} "\\"***\\""', shown
    assert shown[3] == "url *** *** q=***"
    assert "partly ***" in shown and nodes["show"]["output"]["stderr"] == "to stderr ***\n"
    assert nodes["fails"]["error"]["message"] == "exit status 3" and nodes["fails"]["output"]["stderr"] == "***\n"
    assert "no ***" in nodes["raises"]["error"]["message"] and "(***)" in nodes["number"]["error"]["message"]
    events = instance.cli("tail", f"run:{run}", "--since", "start", "--json")
    started = [json.loads(e)["data"] for e in events.splitlines() if '"tool.started"' in e]
    assert {d["nodeId"]: d.get("params") for d in started}["host"]["headers"] == {"A": "***"}
    said = [e["data"]["message"] for e in map(json.loads, events.splitlines()) if e["type"] == "log"]
    assert {"plain ***", "slow ***", "to stderr ***"} <= set(said)
    for text in (events, json.dumps(record), json.dumps(record, ensure_ascii=False), instance.cli("ps", "--all", "--json"), instance.logs()):
        assert not leaks(text, VALUE, LINES, *[line for line in LINES.splitlines()]), text
    assert instance.http("GET", f"/api/runs/{run}/artifacts")[2]["items"][0]["name"] == "has-***.txt"


def test_nowhere_in_the_data_directory(instance):
    """After the runs above, with the WAL as it stands and again after the instance has closed its databases."""
    assert (instance.data / "runspool.db").stat().st_size > 0
    assert not files_with(instance.data, VALUE, LINES, "s3cret by rest", "again by rest")
    with sqlite3.connect(instance.data / "runspool.db") as db:
        assert {r[0] for r in db.execute("SELECT name FROM secret")} == {"TOKEN", "KEY"}


def test_not_in_command_lines_and_not_traceable(instance):
    nodes = [START, tool("wait", command=["sh", "-c", "sleep 60"], env={"X": "{{ $secrets.TOKEN }}"})]
    run = instance.inline(nodes, edges_in_a_row(nodes))
    wait_until(lambda: instance.record(run)["nodes"]["wait"]["status"] == "running", what="the tool")
    seen = 0
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (proc / "cmdline").read_bytes()
        except OSError:
            continue
        assert not leaks(line, VALUE)
        seen += run.encode() in line
    assert seen >= 1
    instance.cli("cancel", run)
    instance.wait(run)


# Refused


@pytest.mark.parametrize("node, setting", [
    (tool("t", command=["echo", "{{ $secrets.TOKEN }}"]), "command"),
    (tool("t", command=["echo", "a{{ \"x\\($secrets.TOKEN)\" }}b"]), "command"),
    (tool("t", "git_clone", url="https://{{ $secrets.TOKEN }}@example.org/x"), "url"),
    ({"id": "t", "type": "agent", "data": {"kind": "agent", "prompt": "{{ $secrets.TOKEN }}", "key": "{{ $secrets.TOKEN }}"}}, "prompt"),
    ({"id": "t", "type": "output", "data": {"kind": "file", "path": "x", "content": "{{ $secrets.TOKEN }}"}}, "content"),
])
def test_not_where_others_can_read_it(instance, node, setting):
    status, _, body = instance.http("POST", "/api/workflows", {"nodes": [START, node], "edges": []})
    assert status == 422
    assert [(e["nodeId"], e["code"]) for e in body["errors"]] == [("t", "expression")]
    assert body["errors"][0]["message"].startswith(f"{setting}: a secret may not stand here")


@pytest.mark.parametrize("program", ["$secrets", "$secrets | keys", "$secrets[\"TOKEN\"]", ". as $secrets | .TOKEN", "$secrets?.TOKEN", "$ secrets | .a"])
def test_only_by_name(instance, program):
    node = {"id": "t", "type": "control", "data": {"kind": "transform", "expression": program}}
    status, _, body = instance.http("POST", "/api/workflows", {"nodes": [START, node], "edges": []})
    assert status == 422 and "`$secrets.NAME`" in body["errors"][0]["message"]


def test_an_unknown_name_is_named(instance):
    record = run_row(instance, tool("t", command=["true"], env={"X": "{{ $secrets.TOKNE }}"}))
    assert record["status"] == "error"
    assert "there is no secret TOKNE; `runspool secret set TOKNE` keeps one" in record["error"]["message"], record["error"]


def test_secrets_of_an_argument_are_refused_when_it_runs(instance):
    """A value that reaches a command line on a way that a check of the text cannot see."""
    instance.cli("secret", "set", "PLAIN", "--stdin", input="plainvalue\n")
    record = run_row(instance, tool("t", command=["echo", "{{ .input.x }}"], timeoutMs=20000, env={"X": "{{ $secrets.PLAIN }}"}), input={"x": "plainvalue"})
    assert record["status"] == "error" and "argument 1 holds a secret" in record["error"]["message"], record


def test_secret_parameters_are_hidden_too(instance):
    nodes = [START, tool("t", command=["sh", "-c", "echo \"got $X\""], env={"X": "{{ .input.pw }}"}), result("{{ .input.pw }}")]
    status, _, _ = instance.http("PUT", "/api/workflows/params", {"nodes": nodes, "edges": edges_in_a_row(nodes), "params": [{"name": "pw", "type": "secret"}]})
    assert status == 201
    record = instance.wait(instance.run("params", {"pw": VALUE}))
    assert record["status"] == "success" and record["output"] == "***", record
    assert record["nodes"]["t"]["output"]["stdout"] == "got ***\n"
    assert record["nodes"]["start"]["output"] == {"pw": "***"}
    assert not leaks(json.dumps(record, ensure_ascii=False), VALUE)
    assert not files_with(instance.data, VALUE)


def test_short_values_are_not_masked(instance):
    instance.cli("secret", "set", "SHORT", "--stdin", input="abc\n")
    assert run_row(instance, result("{{ $secrets.SHORT }}"))["output"] == "abc"


# Rotation


def test_rotation_under_way(instance):
    """Values are sealed by the API while keys are rotated: each can be opened afterwards."""
    stop, put = threading.Event(), []

    def seal():
        while not stop.is_set() and len(put) < 40:
            name = f"R{len(put)}"
            assert instance.http("PUT", f"/api/secrets/{name}", {"value": f"value of {name}"})[0] == 201
            put.append(name)

    thread = threading.Thread(target=seal)
    thread.start()
    try:
        for n in range(4):
            wait_until(lambda: len(put) > 3 * n, what="more secrets")
            assert instance.json("secret", "rotate")["sealed"] > 0
    finally:
        stop.set()
        thread.join()
    lengths = run_row(instance, result({name: "{{ $secrets.%s | length }}" % name for name in put}))
    assert lengths["status"] == "success", lengths["error"]
    assert lengths["output"] == {name: len(f"value of {name}") for name in put}
    with open(instance.data / "keys/secrets.key") as keys:
        assert len(keys.readlines()) == 1
    assert not files_with(instance.data, VALUE, LINES)


def test_without_the_key(new_instance):
    it = new_instance(examples=False)
    it.cli("secret", "set", "TOKEN", "--stdin", input=VALUE)
    (it.data / "keys/secrets.key").rename(it.data / "keys/elsewhere")
    record = run_row(it, result("{{ $secrets.TOKEN }}"))
    assert record["status"] == "error" and "private key" in record["error"]["message"]
    assert run_row(it, result("fine"))["status"] == "success"
    (it.data / "keys/elsewhere").rename(it.data / "keys/secrets.key")
    assert run_row(it, result("{{ $secrets.TOKEN | length }}"))["output"] == len(VALUE)
