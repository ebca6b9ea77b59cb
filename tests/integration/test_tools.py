"""The kinds that do outside work, by the runner alone: limits, scripts, files, test reports, search, callbacks, mail."""

import base64
import contextlib
import http.server
import json
import os
import threading
import urllib.parse

import pytest

from conftest import ALLOW
from runs import TRIGGER, chain, result, shell
from test_runner import Runner, new_runner


@pytest.fixture(scope="module")
def shared():
    it = Runner()
    yield it
    it.close()


# The kernel bounds the processes of any user but root: the wall behind the limits that are tested.
DROP = ["setpriv", "--reuid=65533", "--clear-groups"] if os.geteuid() == 0 else []


def one(runner, kind, group="tool", **data):
    """A run of one node: (its record, the run's id)."""
    record = runner.execute(*chain({"id": "it", "type": group, "data": {"kind": kind, **data}}))
    return record["nodes"]["it"], record["id"]


# --- bounds ---

def test_100_mb_of_output(shared):
    record = shared.execute(*chain(
        shell("loud", "echo begin; yes 'a line of output that says little' | head -c 100000000; echo; echo end"),
        shell("after", "echo well"), result("done", "{{ .nodes.after.output.stdout }}")))
    assert record["status"] == "success" and record["output"] == "well\n"
    output = record["nodes"]["loud"]["output"]
    assert output["truncated"] and output["stdoutBytes"] == 100000000 + len("begin\n\nend\n")
    assert output["stdout"].startswith("begin\n") and len(output["stdout"]) <= 128 * 1024
    messages = shared.messages(record["id"])
    assert len(messages) < 70000 and sum(map(len, messages)) < 8 << 20
    said = [m for m in messages if "left out of the log here (runner.max_log)" in m]
    assert len(said) == 1
    lines, size = int(said[0].split()[0]), int(said[0].split("(")[1].split()[0])
    line = len("a line of output that says little\n")
    assert lines * line == size and size > 90_000_000
    assert messages.index(said[0]) < messages.index("end")  # the last lines follow
    assert any("keeps the first 131072 of 100000011 bytes of stdout" in m for m in messages)


def test_a_fork_bomb_is_named(shared):
    node, _ = one(shared, "shell", command=[*DROP, "sh", "-c", "ulimit -u $(($(ps -L --no-headers -u $(id -u) | wc -l) + 500)); bomb() { bomb | bomb & }; bomb; sleep 60"],
                  limits={"maxProcesses": 100}, retry={"attempts": 3})
    assert node["error"]["code"] == "limit" and node["attempt"] == 1, node
    assert "processes and threads are more than the node's limits.maxProcesses allows (100)" in node["error"]["message"]


def test_a_memory_hog_is_named(new_runner):
    runner = new_runner([*ALLOW, "runner.max_memory=100M"])
    node, _ = one(runner, "shell", command=["python3", "-c", "a = []\nwhile True: a.append(bytearray(1 << 20))"],
                  limits={"maxMemory": 1 << 30})  # more than the setting allows: the setting counts
    assert node["error"]["code"] == "limit", node
    assert "bytes of memory are more than the setting runner.max_memory allows (104857600)" in node["error"]["message"]


# --- scripts and files ---

@pytest.mark.parametrize("language,code", [
    ("python", "import json, os, sys\nv = json.load(sys.stdin)\nprint(json.dumps([v['a'], sys.argv[1], os.environ['E'], {'x': {}}]))"),
    ("sh", 'read -r v; printf \'[%s, "%s", "%s", {"x": {}}]\' "${v#*:}" "$1" "$E" | tr -d "}" | sed "s/{.*/{\\"x\\":{}}]/"'),
    ("node", "const v = JSON.parse(require('fs').readFileSync(0)); console.log(JSON.stringify([v.a, process.argv[2], process.env.E, {x: {}}]))"),
])
def test_script_languages(shared, language, code):
    node, _ = one(shared, "script", language=language, code=code, args=["it's {{ .input | length }}"], env={"E": "$(id)"}, input={"a": 1},
                  parse="json")
    assert node["status"] == "success", node
    assert node["output"]["json"] == [1, "it's 0", "$(id)", {"x": {}}]


def test_script_messages_name_the_line(shared):
    node, run = one(shared, "script", language="python", code="x = 1\nraise ValueError('mine')", inputFile="deep/in.json", input="text")
    assert node["error"]["code"] == "exit" and "line 2" in node["output"]["stderr"] and "mine" in node["output"]["stderr"]
    assert (shared.data / "runs" / run / "work/deep/in.json").read_text() == '"text"'


def test_script_refuses_templates_and_needs_its_interpreter(shared):
    node, _ = one(shared, "script", language="node", code="1", env={"PATH": "/nowhere"})
    assert node["error"]["code"] == "input"
    assert node["error"]["message"] == "the interpreter node (language node) is not installed here, or not on PATH"
    node, _ = one(shared, "script", language="sh", code="echo {{ .input }}")
    assert node["output"]["stdout"] == "{{ .input }}\n"  # saving refuses it; here it is only text


def test_script_is_not_allowed(new_runner):
    node, _ = one(new_runner(()), "script", language="sh", code="echo no")
    assert node["error"]["code"] == "input" and "runner.shell is deny" in node["error"]["message"]


def test_files_are_written_and_read(shared):
    def write(name, **data):
        return {"id": name, "type": "tool", "data": {"kind": "write_file", **data}}

    def read(name, **data):
        return {"id": name, "type": "tool", "data": {"kind": "read_file", **data}}

    record = shared.execute(*chain(
        write("w1", path="a/b/c.txt", content="one\n"), write("w2", path="a/b/c.txt", content="two\n", append=True),
        write("w3", path="v.json", content={"k": [1]}, format="json"), write("w4", path="bin", content="AP/+", format="base64"),
        write("w5", path="run.sh", content="#!/bin/sh\necho ran", executable=True), shell("x", "./run.sh; mkfifo pipe; ln -s a/b inner"),
        read("r1", path="a/b/c.txt"), read("r2", path="v.json", format="json"), read("r3", path="bin", format="base64"),
        read("r4", path="bin"), read("r5", path="inner/c.txt", maxBytes=5)))
    out = {name: node.get("output") for name, node in record["nodes"].items()}
    assert record["status"] == "success", record
    assert out["r1"] == {"path": "a/b/c.txt", "bytes": 8, "content": "one\ntwo\n", "truncated": False}
    assert out["r2"]["content"] == {"k": [1]} and out["r3"]["content"] == "AP/+" and out["r4"]["content"] == "\ufffd\ufffd\ufffd"
    assert out["r5"]["truncated"] and out["r5"]["content"] == "o" and out["r5"]["bytes"] == 8
    assert out["x"]["stdout"] == "ran\n"


BAD_PATHS = ["../x", "{outside}/file", "a/../../x", "link-to-folder/file", "deep/up/x", "folder", "", ".", "a\nb"]
REPLACED = ["link-to-folder", "link", "pipe"]  # what stands there is replaced when written to, never followed


@pytest.mark.parametrize("kind", ["read_file", "write_file"])
def test_files_outside_are_out_of_reach(shared, kind, tmp_path):
    (tmp_path / "file").write_text("good")
    make = f"ln -s {tmp_path} link-to-folder; mkdir deep folder; ln -s ../.. deep/up; mkfifo pipe; ln -s {tmp_path}/file link"
    paths = [path.format(outside=tmp_path) for path in BAD_PATHS + REPLACED]
    nodes = [{"id": f"n{i}", "type": "tool", "data": {"kind": kind, "path": path, "content": "bad", "continueOnError": True}}
             for i, path in enumerate(paths)]
    record = shared.execute(*chain(shell("make", make), *nodes))
    for i, path in enumerate(paths):
        node = record["nodes"][f"n{i}"]
        if path in REPLACED and kind == "write_file":
            assert node["status"] == "success", (path, node)
        else:
            assert node["status"] == "error" and node["error"]["code"] == "input", (path, node)
    assert [p.name for p in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "good"
    run = shared.data / "runs" / record["id"]
    assert sorted(p.name for p in run.iterdir()) == ["artifacts", "work"]
    assert kind == "read_file" or all((run / "work" / name).read_text() == "bad" for name in REPLACED)


# --- test reports ---

TESTS = """
import pytest
def test_good(): pass
def test_bad():
    assert 1 == 2, "no way"
@pytest.mark.skip
def test_later(): pass
"""


def with_tests(runner, **data):
    write = {"id": "w", "type": "tool", "data": {"kind": "write_file", "path": "test_it.py", "content": TESTS}}
    record = runner.execute(*chain(write, {"id": "it", "type": "tool", "data": {"kind": "test_run", **data}}))
    return record["nodes"]["it"]


PYTEST = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"]


@pytest.mark.parametrize("data,format", [({"command": PYTEST}, "pytest"),
                                         ({"command": [*PYTEST, "--junitxml=r.xml", "-q"], "report": "r.xml"}, "junit")])
def test_pytest_is_read(shared, data, format):
    node = with_tests(shared, **data)
    out = node["output"]
    assert node["error"]["code"] == "exit" and node["error"]["message"] == "1 of 3 tests failed"
    assert (out["passed"], out["failed"], out["skipped"], out["errors"], out["total"]) == (1, 1, 1, 0, 3), out
    assert out["format"] == format and out["exitCode"] == 1 and "test_it.py" in out["stdout"]
    assert "test_bad" in out["failures"][0]["name"] and "no way" in out["failures"][0]["message"]
    assert format != "pytest" or (out["failures"][0]["file"], out["failures"][0]["line"]) == ("test_it.py", 5)
    assert with_tests(shared, **data, failOnTests=False)["status"] == "success"


@pytest.mark.parametrize("script,error", [
    ("echo '1..2'; echo ok 1; echo ok 2", None),
    ("echo '1..2'; echo ok 1; echo ok 2; exit 3", "no test failed, but the exit status is 3"),
    ("echo '1..2'; echo ok 1; kill -9 $$", "the tests were ended by signal KILL"),
    ("echo hello", "no test report was found in what the command wrote (exit status 0)"),
    ("exit 4", "no test report was found in what the command wrote (exit status 4)"),
])
def test_tap_is_read(shared, script, error):
    node = with_tests(shared, command=["sh", "-c", script])
    assert (node["error"]["message"] if error else node["status"]) == (error or "success"), node


# --- HTTP ---

class Server:
    """A web server whose answers a test gives: answer(request) -> (status, headers, body)."""

    def __init__(self, answer):
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do(handler):
                length = int(handler.headers.get("Content-Length") or 0)
                handler.body = handler.rfile.read(length)
                self.requests.append(handler)
                status, headers, body = answer(handler)
                handler.send_response(status)
                for name, value in headers.items():
                    handler.send_header(name, value)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                with contextlib.suppress(OSError):
                    handler.wfile.write(body)

            do_GET = do_POST = do_PUT = do_HEAD = do

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve():
    made = []

    def make(answer):
        made.append(Server(answer))
        return made[-1]

    yield make
    for it in made:
        it.close()


def test_http_request_query_auth_form_and_file(shared, serve):
    server = serve(lambda request: (200, {}, b"{}"))
    node, _ = one(shared, "http_request", url=server.url + "/a?x=1#there", query={"q": "a b&c", "n": [1, 2], "no": None},
                  auth={"username": "me", "password": "p:w"})
    assert node["status"] == "success", node
    node, _ = one(shared, "http_request", url=server.url + "/form", method="POST", form={"a": "é=1", "b": 2}, auth={"token": "t0ken"})
    first, second = server.requests
    assert first.path == "/a?x=1&q=a+b%26c&n=1&n=2"
    assert first.headers["Authorization"] == "Basic " + base64.b64encode(b"me:p:w").decode()
    assert second.headers["Authorization"] == "Bearer t0ken" and second.body == b"a=%C3%A9%3D1&b=2"
    assert second.headers["Content-Type"] == "application/x-www-form-urlencoded"
    record = shared.execute(*chain(
        shell("make", "head -c 300000 /dev/zero > big"),
        {"id": "it", "type": "tool", "data": {"kind": "http_request", "url": server.url, "method": "PUT", "bodyFile": "big"}}))
    assert record["status"] == "success" and len(server.requests[2].body) == 300000
    for data in ({"body": "a", "form": {}}, {"auth": {"token": "t", "username": "u"}}, {"bodyFile": "../../x"}):
        node, _ = one(shared, "http_request", url=server.url, method="POST", **data)
        assert node["error"]["code"] == "input", node
    assert len(server.requests) == 3


def test_http_request_saves_an_artifact(shared, serve):
    body = bytes(range(256)) * 4000
    server = serve(lambda request: (404, {}, b"no") if "missing" in request.path else (200, {}, body))
    node, run = one(shared, "http_request", url=server.url, saveAs="in/data.bin")
    folder = shared.data / "runs" / run / "artifacts"
    assert node["output"]["artifact"] == "in/data.bin" and node["output"]["bytes"] == len(body) and "body" not in node["output"]
    assert (folder / "in/data.bin").read_bytes() == body and [p.name for p in (folder / "in").iterdir()] == ["data.bin"]
    node, run = one(shared, "http_request", url=server.url + "/missing", saveAs="x")
    assert node["output"]["status"] == 404 and node["output"]["body"] == "no"
    assert not list((shared.data / "runs" / run / "artifacts").iterdir())
    node, run = one(shared, "http_request", url=server.url, saveAs="../../x")
    assert node["error"]["code"] == "input" and not list((shared.data / "runs" / run / "artifacts").iterdir())


def test_http_request_saves_no_more_than_allowed(new_runner, serve):
    server = serve(lambda request: (200, {}, b"x" * 300000))
    node, run = one(runner := new_runner([*ALLOW, "limits.artifact_bytes=200000"]), "http_request", url=server.url, saveAs="x")
    assert node["error"]["code"] == "limit" and "limits.artifact_bytes" in node["error"]["message"]
    assert not list((runner.data / "runs" / run / "artifacts").iterdir())


def test_websearch(new_runner, serve):
    results = [{"title": f"Title {n}", "url": f"https://example.org/{n}", "content": "Text é " * n, "engine": "ddg"} for n in range(30)]
    results.insert(1, results[0])
    results.insert(0, {"title": "bad", "url": "javascript:alert(1)"})

    def answer(request):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
        if query["q"] == ["forbidden"]:
            return 403, {}, b"no"
        if query["q"] == ["html"]:
            return 200, {}, b"<html>"
        return 200, {"Content-Type": "application/json"}, json.dumps(
            {"query": query["q"][0], "results": results, "suggestions": ["more"], "answers": [{"answer": "42"}]}).encode()

    server = serve(answer)
    runner = new_runner([f"search.url={server.url}/"])  # private addresses are denied to workflows, not to the setting
    node, _ = one(runner, "websearch", query="what & why?", limit=3, language="de", timeRange="week")
    out = node["output"]
    assert node["status"] == "success", node
    assert [r["url"] for r in out["results"]] == ["https://example.org/0", "https://example.org/1", "https://example.org/2"]
    assert out["results"][1] == {"title": "Title 1", "url": "https://example.org/1", "snippet": "Text é ", "engine": "ddg"}
    assert out["answers"] == ["42"] and out["suggestions"] == ["more"]
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(server.requests[0].path).query)
    assert server.requests[0].path.startswith("/search?")
    assert asked == {"q": ["what & why?"], "language": ["de"], "time_range": ["week"], "format": ["json"]}
    node, _ = one(runner, "websearch", query="forbidden")
    assert node["error"]["code"] == "exit" and "search.formats" in node["error"]["message"]
    assert "not SearXNG" in one(runner, "websearch", query="html")[0]["error"]["message"]


def test_websearch_without_a_server(shared):
    node, _ = one(shared, "websearch", query="x")
    assert node["error"]["code"] == "input" and "search.url" in node["error"]["message"]
