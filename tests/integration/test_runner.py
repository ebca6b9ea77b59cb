"""The runner alone: no web server, no bridge. Runs are made and read by runctl, which uses the model."""

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import pytest

from conftest import ALLOW, BUILD, wait_for_log, wait_until
from runs import TRIGGER, chain, result, shell

RUNNER = BUILD / "runner" / "runspool-runner"
RUNCTL = BUILD / "tests" / "integration" / "runctl"
ENDED = ("success", "error", "cancelled")


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


def marked(text):
    """Living processes that carry this text in their command line."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if text.encode() in (entry / "cmdline").read_bytes() and alive(entry.name):
                    found.append(int(entry.name))
    return found


class Runner:
    """A supervisor with a data directory of its own."""

    def __init__(self, settings=ALLOW):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rr-"))
        self.data = self.root / "data"
        self.settings = list(settings)
        self.process = None
        self.start()

    def start(self):
        options = [part for setting in self.settings for part in ("--set", setting)]
        environ = {**os.environ, "TEST_SECRET": "hush-hush"}
        with open(self.root / "log", "ab") as log:
            self.process = subprocess.Popen([RUNNER, "--data", self.data, *options], stderr=log, env=environ)
        wait_until(lambda: (self.data / "runner.sock").exists() and (self.data / "run" / "runner.pid").exists()
                   or self.process.poll() is not None, what="the runner")
        assert self.process.poll() is None, self.log()

    def log(self):
        return (self.root / "log").read_text(errors="replace")

    def ctl(self, *args):
        done = subprocess.run([RUNCTL, self.data, *args], timeout=120, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new(self, nodes, edges, input=None, **more):
        path = self.root / "definition.json"
        path.write_text(json.dumps({"id": "t", "nodes": nodes, "edges": edges, **more}))
        return self.ctl("new", path, json.dumps(input or {})).strip()

    def record(self, run):
        return json.loads(self.ctl("record", run))

    def wait(self, run, timeout=120):
        record = wait_until(lambda: (lambda r: r if r["status"] in ENDED else None)(self.record(run)), timeout,
                            f"the end of {run}\n{self.log()}")
        wait_for_log(self.data, run)
        return record

    def execute(self, nodes, edges, input=None, **more):
        return self.wait(self.new(nodes, edges, input, **more))

    def events(self, run, *types):
        found = [json.loads(line) for line in self.ctl("events", run).splitlines()]
        return [e for e in found if not types or e["type"] in types]

    def messages(self, run):
        return [e["data"]["message"] for e in self.events(run, "log")]

    def wait_for_line(self, run, text):
        wait_until(lambda: text in self.messages(run), what=f"the line {text!r}\n{self.log()}")

    def run_pid(self, run):
        """The run's process."""
        return next(pid for pid in marked(run) if b"--run" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())

    def end(self, how=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def close(self):
        self.end()
        log = self.log()
        shutil.rmtree(self.root, ignore_errors=True)
        assert "Sanitizer" not in log and "handles_left" not in log and "runtime error" not in log, log[-5000:]


@pytest.fixture(scope="module")
def shared():
    it = Runner()
    yield it
    it.close()


@pytest.fixture
def new_runner():
    made = []

    def make(settings=ALLOW):
        made.append(Runner(settings))
        return made[-1]

    yield make
    for it in made:
        it.close()


def transform(name, expression, **data):
    return {"id": name, "type": "control", "data": {"kind": "transform", "expression": expression, **data}}


def test_ready_nodes_run_in_parallel(shared):
    # Each waits for the other: one after the other they would time out.
    meet = "touch $0; until [ -e $1 ]; do sleep 0.02; done"
    a = {"id": "a", "type": "tool", "data": {"kind": "shell", "command": ["sh", "-c", meet, "a", "b"], "timeoutMs": 20000}}
    b = {"id": "b", "type": "tool", "data": {"kind": "shell", "command": ["sh", "-c", meet, "b", "a"], "timeoutMs": 20000}}
    record = shared.execute([TRIGGER, a, b, result()], [
        {"source": "start", "target": "a"}, {"source": "start", "target": "b"},
        {"source": "a", "target": "done"}, {"source": "b", "target": "done"}])
    assert record["status"] == "success" and record["output"] == "ok" and record["progress"] == 100
    one, two = record["nodes"]["a"], record["nodes"]["b"]
    assert one["startedAt"] <= two["finishedAt"] and two["startedAt"] <= one["finishedAt"]


@pytest.mark.parametrize("value,taken,skipped", [(1, "yes", "no"), (0, "no", "yes")])
def test_conditions_both_ways(shared, value, taken, skipped):
    nodes = [TRIGGER, {"id": "c", "type": "control", "data": {"kind": "condition", "expression": ".input.n > 0"}},
             transform("yes", "\"y\""), transform("no", "\"n\""), transform("behind", ".nodes.yes.output // .nodes.no.output"),
             transform("never", "1")]
    edges = [{"source": "start", "target": "c"}, {"source": "c", "target": "yes", "sourceHandle": "true"},
             {"source": "c", "target": "no", "sourceHandle": "false"}, {"source": "yes", "target": "behind"},
             {"source": "no", "target": "behind"}, {"source": "behind", "target": "never", "condition": ".nodes.behind.output == \"z\""}]
    record = shared.execute(nodes, edges, {"n": value})
    states = {name: node["status"] for name, node in record["nodes"].items()}
    assert states == {"start": "success", "c": "success", taken: "success", skipped: "skipped", "behind": "success", "never": "skipped"}
    assert record["status"] == "success" and record["nodes"]["behind"]["output"] == taken[0]


def test_a_failure_skips_what_lies_behind_and_nothing_else(shared):
    nodes = [TRIGGER, shell("bad", "echo why >&2; exit 4"), shell("good", "sleep 0.3; echo fine"), transform("behind_bad", "1"),
             transform("behind_both", "1"), transform("behind_good", "2")]
    edges = [{"source": "start", "target": "bad"}, {"source": "start", "target": "good"}, {"source": "bad", "target": "behind_bad"},
             {"source": "bad", "target": "behind_both"}, {"source": "good", "target": "behind_both"},
             {"source": "good", "target": "behind_good"}]
    record = shared.execute(nodes, edges)
    assert record["status"] == "error"
    assert record["error"] == {"code": "exit", "message": "exit status 4", "nodeId": "bad"}
    states = {name: node["status"] for name, node in record["nodes"].items()}
    assert states == {"start": "success", "bad": "error", "good": "success", "behind_bad": "skipped", "behind_both": "success",
                      "behind_good": "success"}
    assert record["nodes"]["bad"]["output"]["exitCode"] == 4 and record["nodes"]["bad"]["output"]["stderr"] == "why\n"


def test_continue_on_error_and_edge_conditions(shared):
    nodes, edges = chain(shell("bad", "exit 1", continueOnError=True), transform("mend", ".nodes.bad.output.exitCode"))
    edges[-1]["condition"] = ".nodes.bad.status == \"error\""
    record = shared.execute(nodes, edges)
    assert record["status"] == "success" and record["nodes"]["bad"]["status"] == "error"
    assert record["nodes"]["mend"]["output"] == 1


def test_retries_are_counted(shared):
    count = "echo x >> tries; [ $(wc -l < tries) -ge 3 ]"
    nodes, edges = chain(shell("again", count, retry={"attempts": 5, "backoffMs": 10, "factor": 1}))
    run = shared.new(nodes, edges)
    record = shared.wait(run)
    assert record["status"] == "success" and record["nodes"]["again"]["attempt"] == 3
    assert (shared.data / "runs" / run / "work" / "tries").read_text() == "x\n" * 3
    assert [e["data"]["attempt"] for e in shared.events(run, "node.retried")] == [2, 3]
    nodes, edges = chain(shell("never", "exit 1", retry={"attempts": 2, "backoffMs": 10}))
    record = shared.execute(nodes, edges)
    assert record["status"] == "error" and record["nodes"]["never"]["attempt"] == 2


def test_retries_only_of_what_the_node_names(shared):
    def attempts(script, on, **data):
        retry = {"attempts": 2, "backoffMs": 5, "jitter": 1, "maxBackoffMs": 20, "on": on}
        record = shared.execute(*chain(shell("work", script, retry=retry, **data)))
        assert record["status"] == "error"
        return record["nodes"]["work"]["attempt"]

    assert attempts("exit 75", ["exit:75"]) == 2
    assert attempts("exit 74", ["exit:75", 503, "timeout"]) == 1
    assert attempts("sleep 61.18", ["timeout"], timeoutMs=100) == 2
    assert attempts("echo no JSON", ["exit"], parse="json") == attempts("echo no JSON", ["exit:0", "limit"], parse="json") - 1 == 1


def test_timeouts_of_node_and_workflow(shared):
    nodes, edges = chain(shell("slow", "echo begun; sleep 61.17", timeoutMs=300))
    record = shared.execute(nodes, edges)
    assert record["status"] == "error" and record["error"]["code"] == "timeout" and record["error"]["nodeId"] == "slow"
    assert record["nodes"]["slow"]["output"]["stdout"] == "begun\n"
    nodes, edges = chain(shell("slow", "sleep 61.17"), transform("after", "1"))
    record = shared.execute(nodes, edges, timeoutMs=400)
    assert record["status"] == "error" and record["error"]["code"] == "timeout"
    assert record["nodes"]["after"]["status"] == "skipped"
    assert not marked("61.17")


def test_cancel_ends_grandchildren_too(new_runner):
    runner = new_runner((*ALLOW, "runner.kill_after=300ms"))
    script = ("trap '' TERM; (trap '' TERM; sleep 73.31) & setsid sh -c 'trap \"\" TERM; sleep 73.31' & "
              "echo ready; sleep 73.31; sleep 73.31")
    nodes, edges = chain(shell("stubborn", script), transform("after", "1"))
    run = runner.new(nodes, edges)
    runner.wait_for_line(run, "ready")
    assert len(marked("73.31")) >= 3
    runner.ctl("cancel", run)
    record = runner.wait(run, 15)
    assert record["status"] == "cancelled" and record["error"]["code"] == "cancelled"
    assert record["nodes"]["stubborn"]["status"] == "cancelled" and record["nodes"]["after"]["status"] == "skipped"
    wait_until(lambda: not marked("73.31"), what="the end of the tools")
    assert [e["type"] for e in runner.events(run)][-1] == "run.cancelled"


def test_killed_run_process_leaves_a_true_state_and_nothing_behind(new_runner):
    runner = new_runner()
    nodes, edges = chain(shell("long", "(sleep 74.42) & setsid sleep 74.42 & echo ready; sleep 74.42"))
    run = runner.new(nodes, edges)
    runner.wait_for_line(run, "ready")
    os.kill(runner.run_pid(run), signal.SIGKILL)
    record = runner.wait(run, 15)
    assert record["status"] == "error" and record["error"]["code"] == "orphaned"
    assert record["nodes"]["long"]["status"] == "error"
    wait_until(lambda: not marked("74.42"), what="the end of the tools")
    found = runner.events(run)
    assert found[-1]["type"] == "run.failed" and [e["seq"] for e in found] == list(range(1, len(found) + 1))


def test_killed_supervisor_harms_no_run(new_runner):
    runner = new_runner()
    nodes, edges = chain(shell("long", "echo ready; until [ -e go ]; do sleep 0.05; done; echo over"), result())
    run = runner.new(nodes, edges)
    runner.wait_for_line(run, "ready")
    pid = runner.run_pid(run)
    runner.end(signal.SIGKILL)
    runner.start()
    # The new one has looked after everything once when it executes another run.
    other = runner.execute(*chain(transform("quick", "1")))
    assert other["status"] == "success"
    assert alive(pid) and runner.record(run)["status"] == "running"
    (runner.data / "runs" / run / "work" / "go").write_text("")
    record = runner.wait(run)
    assert record["status"] == "success" and record["attempt"] == 1 and record["nodes"]["long"]["attempt"] == 1
    assert runner.messages(run) == ["ready", "over"]


def test_sigterm_leaves_runs_and_sigint_ends_them(new_runner):
    runner = new_runner()
    nodes, edges = chain(shell("long", "echo ready; sleep 75.53"))
    run = runner.new(nodes, edges)
    runner.wait_for_line(run, "ready")
    pid = runner.run_pid(run)
    runner.end(signal.SIGTERM)
    assert runner.process.returncode == 0 and alive(pid)
    runner.start()
    runner.end(signal.SIGINT)
    assert runner.process.returncode == 0
    assert runner.record(run)["status"] == "cancelled"
    wait_until(lambda: not alive(pid) and not marked("75.53"), what="the end of the run's processes")


def test_output_is_bounded_and_lines_are_not_lost(shared):
    nodes, edges = chain(shell("much", "seq 1 60000; head -c 300000 /dev/zero | tr '\\0' '\\033'; head -c 20000 /dev/zero | tr '\\0' x"))
    run = shared.new(nodes, edges)
    record = shared.wait(run)
    out = record["nodes"]["much"]["output"]
    assert record["status"] == "success" and out["truncated"] is True and out["stdout"].startswith("1\n2\n")
    assert len(json.dumps(out)) <= 256 * 1024
    lines = shared.messages(run)
    assert lines[:60000] == [str(n) for n in range(1, 60001)]
    assert max(map(len, lines)) < 8192 + 64


def test_too_large_values_are_an_error(shared):
    record = shared.execute(*chain(transform("big", "[range(100000)]")))
    assert record["status"] == "error" and record["error"]["code"] == "limit"


@pytest.mark.parametrize("expression,code", [("error(\"mine\")", "expression"), (".input | tonumber", "expression"),
                                             ("def f: f; f", "limit"), ("env", "expression")])
def test_bad_jq_at_run_time(shared, expression, code):
    record = shared.execute(*chain(transform("bad", expression)))
    assert record["status"] == "error" and record["error"]["code"] == code and record["error"]["nodeId"] == "bad"


def test_bad_template_and_bad_edge_condition(shared):
    record = shared.execute(*chain(shell("t", "true", stdin="{{ .input | tonumber }}")))
    assert record["error"]["code"] == "expression" and record["nodes"]["t"]["status"] == "error"
    nodes, edges = chain(transform("a", "1"), transform("b", "2"))
    edges[-1]["condition"] = "error(\"edge\")"
    record = shared.execute(nodes, edges)
    assert record["status"] == "error" and "edge" in record["error"]["message"]
    assert record["nodes"]["a"]["status"] == "success" and record["nodes"]["b"]["status"] == "skipped"


def test_templates_keep_types_and_stay_out_of_programs(shared):
    node = {"id": "t", "type": "tool", "data": {"kind": "shell", "parse": "json", "stdin": "{{ .input }}",
            "command": ["sh", "-c", "cat; echo \"$1\" \"$V\" >&2", "sh", "{{ .input.q }}"], "env": {"V": "{{ .input.n }}"}}}
    record = shared.execute([TRIGGER, node], [{"source": "start", "target": "t"}], {"q": "'; echo $(id) }}\"", "n": 7})
    out = record["nodes"]["t"]["output"]
    assert out["json"] == {"q": "'; echo $(id) }}\"", "n": 7} and out["stderr"] == "'; echo $(id) }}\" 7\n"
    # The same program text, by a command that is only known at run time.
    node = {"id": "t", "type": "tool", "data": {"kind": "shell", "command": ["{{ .input.sh }}", "-c", "echo {{ .input.q }}"]}}
    record = shared.execute([TRIGGER, node], [{"source": "start", "target": "t"}], {"sh": "sh", "q": "$(id)"})
    assert record["error"]["code"] == "input" and "program text" in record["error"]["message"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/json")
            self.end_headers()
            return
        body = {"/json": b'{"a": [1]}', "/big": b"x" * 1000000, "/bytes": b"\xff\x00a"}.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("X-Got", self.headers.get("X-Sent", ""))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body or b"nothing here")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(json.dumps({"type": self.headers["Content-Type"], "body": body.decode()}).encode())

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    it = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=it.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{it.server_address[1]}"
    it.shutdown()
    thread.join()
    it.server_close()


def request(name, url, **data):
    return {"id": name, "type": "tool", "data": {"kind": "http_request", "url": url, **data}}


def test_http_request(shared, server):
    nodes, edges = chain(
        request("moved", server + "/moved", parse="json", headers={"X-Sent": "{{ .input.v }}"}),
        request("stay", server + "/moved", followRedirects=False, expectStatus=[302]),
        request("post", server + "/", method="POST", body={"a": "{{ .input.v }}"}, expectStatus=201, parse="json"),
        request("big", server + "/big"), request("bytes", server + "/bytes"),
        request("missing", server + "/missing"))
    record = shared.execute(nodes, edges, {"v": "w"})
    out = {name: node["output"] for name, node in record["nodes"].items()}
    assert out["moved"]["status"] == 200 and out["moved"]["json"] == {"a": [1]} and out["moved"]["url"] == server + "/json"
    assert out["moved"]["headers"]["x-got"] == "w" and out["moved"]["truncated"] is False
    assert out["stay"]["status"] == 302 and out["stay"]["headers"]["location"] == "/json"
    assert out["post"]["json"]["type"] == "application/json" and json.loads(out["post"]["json"]["body"]) == {"a": "w"}
    assert out["big"]["truncated"] is True and 100000 < len(out["big"]["body"]) < 256 * 1024
    assert out["bytes"]["body"] == "\ufffd\ufffda"
    assert record["status"] == "error" and record["error"] == {"code": "exit", "message": "status 404", "nodeId": "missing"}
    assert out["missing"]["body"] == "nothing here"


def test_header_injection_is_refused(shared, server):
    record = shared.execute(*chain(request("r", server + "/json", headers={"X-A": "{{ .input.v }}"})), {"v": "a\r\nX-B: c"})
    assert record["error"]["code"] == "input" and "line break" in record["error"]["message"]


def test_defaults_deny(new_runner, server, tmp_path):
    runner = new_runner(())
    port = server.rsplit(":", 1)[1]
    for url in (server, f"http://localhost:{port}/", f"http://[::ffff:127.0.0.1]:{port}/", f"http://2130706433:{port}/"):
        record = runner.execute(*chain(request("r", url)))
        assert record["error"]["code"] == "input" and "runner.http_private" in record["error"]["message"], url
    for url in ("file:///etc/passwd", "gopher://127.0.0.1/"):
        assert runner.execute(*chain(request("r", url)))["error"]["code"] == "input"
    record = runner.execute(*chain(shell("s", "true")))
    assert record["error"]["code"] == "input" and "runner.shell" in record["error"]["message"]
    record = runner.execute(*chain(clone(tmp_path)))
    assert record["error"]["code"] == "input" and "runner.git_local" in record["error"]["message"]


def clone(url, **data):
    return {"id": "clone", "type": "tool", "data": {"kind": "git_clone", "url": str(url), **data}}


def git(folder, *args):
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", *who, "-C", folder, *args], check=True, timeout=120, stdout=subprocess.PIPE, text=True).stdout.strip()


def test_git_clone(shared, tmp_path):
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "trunk")
    for n in (1, 2):
        (repo / "file").write_text(f"{n}\n")
        git(repo, "add", "file")
        git(repo, "commit", "-q", "-m", f"commit {n}")
    head = git(repo, "rev-parse", "HEAD")
    run = shared.new(*chain(clone("{{ .input.repo }}", depth=1), shell("look", "git log --oneline | wc -l; cat file",
                                                                       cwd="{{ .nodes.clone.output.path }}")),
                     {"repo": str(repo)})
    record = shared.wait(run)
    out = record["nodes"]["clone"]["output"]
    assert out == {"path": str(shared.data / "runs" / run / "work" / "repo"), "commit": head, "branch": "trunk"}
    assert record["nodes"]["look"]["output"]["stdout"] == "1\n2\n"
    assert any("Cloning into" in m for m in shared.messages(run))
    record = shared.execute(*chain(clone(tmp_path / "nothing")))
    assert record["error"]["code"] == "input"
    record = shared.execute(*chain(clone(repo, branch="nosuch")))
    assert record["error"]["code"] == "exit" and "nosuch" in record["error"]["message"]
    for url in ("ext::sh -c id", "--upload-pack=touch x", str(shared.data)):
        assert shared.execute(*chain(clone(url)))["error"]["code"] == "input", url
    record = shared.execute(*chain(clone(repo, dest="../../outside")))
    assert record["error"]["code"] == "input"


def test_tools_see_no_secrets_and_no_data_directory(shared):
    other = shared.new(*chain(shell("s", "echo private > file")))
    shared.wait(other)
    script = ("env; cat ../../../runspool.db | wc -c; ls ../../../runs; cat ../../{o}/work/file; echo x > ../../../x; "
              "tr '\\0' '\\n' < /proc/$PPID/environ; echo kept > mine; cat mine; pwd").format(o=other)
    run = shared.new(*chain(shell("s", script)))
    record = shared.wait(run)
    work = str(shared.data / "runs" / run / "work")
    out = record["nodes"]["s"]["output"]["stdout"]
    assert record["status"] == "success" and "hush-hush" not in json.dumps(record) and "private" not in out
    assert out.endswith(f"kept\n{work}\n") and f"HOME={work}\n" in out and f"RUNSPOOL_RUN_ID={run}\n" in out
    assert "\n0\n" in out and not (shared.data / "x").exists()
    names = {line.split("=")[0] for line in out.split("\n0\n")[0].splitlines()}
    assert names <= {"PATH", "HOME", "LANG", "RUNSPOOL_RUN_ID", "RUNSPOOL_NODE_ID", "PWD", "OLDPWD", "SHLVL", "_"}


def test_no_sandbox_is_said_aloud(new_runner):
    runner = new_runner((*ALLOW, "runner.sandbox=none"))
    run = runner.new(*chain(shell("s", "head -c 6 ../../../runspool.db")))
    assert runner.wait(run)["nodes"]["s"]["output"]["stdout"] == "SQLite"
    assert any("runner.sandbox = none" in m for m in runner.messages(run))


def test_artifacts_never_leave_their_folder(shared):
    def artifact(path):
        return {"id": "f", "type": "output", "data": {"kind": "file", "path": path, "content": {"a": 1}}}
    run = shared.new(*chain(artifact("sub/report.json")))
    record = shared.wait(run)
    assert record["nodes"]["f"]["output"] == {"path": "sub/report.json", "bytes": 7, "mediaType": "application/json"}
    assert json.loads((shared.data / "runs" / run / "artifacts" / "sub" / "report.json").read_text()) == {"a": 1}
    for path in ("../x", "/etc/x", "a/../../x", "a//b", "..", ".", "a/./b", "x\u0000y", "a\nb"):
        record = shared.execute(*chain(artifact(path)))
        assert record["error"]["code"] == "input", path
    link = shell("link", "ln -s /tmp ../artifacts/out 2>&1 || echo refused")
    record = shared.execute(*chain(link, artifact("out/escaped.json")))
    assert record["status"] == "error" and not os.path.exists("/tmp/escaped.json")


def test_runs_at_once_are_bounded(new_runner):
    runner = new_runner((*ALLOW, "runner.max_runs=2"))
    runs = [runner.new(*chain(shell("s", "echo ready; until [ -e go ]; do sleep 0.05; done"))) for _ in range(3)]
    first = wait_until(lambda: (lambda f: f if len(f) == 2 else None)([r for r in runs if runner.record(r)["status"] == "running"]),
                       what="two running runs")
    assert [runner.record(r)["status"] for r in runs if r not in first] == ["queued"]
    for run in runs:
        work = runner.data / "runs" / run / "work"
        wait_until(work.is_dir, what="the work folder")
        (work / "go").write_text("")
    assert all(runner.wait(r)["status"] == "success" for r in runs)


def test_one_supervisor_a_directory(shared):
    second = subprocess.run([RUNNER, "--data", shared.data], timeout=120, stderr=subprocess.PIPE, text=True)
    assert second.returncode == 1 and "at work" in second.stderr


def test_options():
    for option, text in (("--help", "SIGTERM"), ("--version", "runspool-runner ")):
        done = subprocess.run([RUNNER, option], timeout=120, stdout=subprocess.PIPE, text=True)
        assert done.returncode == 0 and text in done.stdout
    with tempfile.TemporaryDirectory() as folder:
        assert subprocess.run([RUNNER, "-t", "--data", folder], timeout=120, stdout=subprocess.PIPE).returncode == 0
        pathlib.Path(folder, "runspool.conf").write_text("nosuch = 1\n")
        done = subprocess.run([RUNNER, "-t", "--data", folder], timeout=120, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1 and "runspool.conf:1" in done.stderr
    assert subprocess.run([RUNNER, "--nosuch"], timeout=120, stderr=subprocess.PIPE).returncode == 2


def test_check_of_a_definition(shared):
    nodes, edges = chain(transform("a", "1 +"), shell("b", "echo {{ .x }}"), request("c", "{{ nosuch }}"),
                         shell("d", "true", stdin="{{ {a: {b: 1}} }} {{ \"}}\" }}"))
    edges[0]["condition"] = "$ENV"
    path = shared.root / "check.json"
    path.write_text(json.dumps({"id": "t", "nodes": nodes, "edges": edges}))
    errors = json.loads(shared.ctl("check", path))
    assert sorted(e.get("nodeId") or e["edgeId"] for e in errors) == ["a", "b", "c", "e0"]
    assert {e["code"] for e in errors} == {"expression"}


def test_one_run_without_a_supervisor(new_runner):
    runner = new_runner()
    runner.end(signal.SIGTERM)
    run = runner.new(*chain(shell("s", "echo alone"), result(value="{{ .nodes.s.output.stdout }}")))
    once = [RUNNER, "--run", run, "--data", runner.data, "--set", "runner.shell=allow"]
    assert subprocess.run(once, timeout=120, stderr=subprocess.PIPE).returncode == 0
    assert runner.record(run)["output"] == "alone\n" and runner.events(run)[-1]["type"] == "run.finished"
    again = subprocess.run(once, timeout=120, stderr=subprocess.PIPE, text=True)
    assert again.returncode == 1 and "not_claimed" in again.stderr


def test_a_program_that_never_pauses_can_be_cancelled(shared):
    run = shared.new(*chain(shell("y", "yes")))
    shared.wait_for_line(run, "y")
    shared.ctl("cancel", run)
    assert shared.wait(run, 20)["status"] == "cancelled"


def test_an_error_cut_within_a_character_does_not_end_the_process(shared):
    record = shared.execute(*chain(clone("x" + "\u00e9" * 300)))
    assert record["error"]["code"] == "input" and record["error"]["message"].startswith("x\u00e9")


def test_results_too_large_together_are_an_error(shared):
    nodes = [TRIGGER, transform("big", "\"x\" * 200000"), result("a", "{{ .nodes.big.output }}"), result("b", "{{ .nodes.big.output }}")]
    edges = [{"source": "start", "target": "big"}, {"source": "big", "target": "a"}, {"source": "big", "target": "b"}]
    record = shared.execute(nodes, edges)
    assert record["status"] == "error" and record["error"]["code"] == "limit" and record["output"] is None
    assert {node["status"] for node in record["nodes"].values()} == {"success"}


def test_a_method_from_a_template_is_a_method(shared, server):
    bad = "GET / HTTP/1.1\r\nX-More: y\r\n\r\nGET"
    for given in (bad, "{{\r\nX: y\r\n}}", 7):
        record = shared.execute(*chain(request("r", server + "/", method="{{ .input.m }}")), {"m": given})
        assert record["error"]["code"] == "input" and "method" in record["error"]["message"]


def test_what_a_server_says_in_other_bytes_is_no_end(shared):
    """Header names that are no UTF-8."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            with listener.accept()[0] as s:
                s.recv(65536)
                s.sendall(b"HTTP/1.1 200 OK\r\nX-\xe9: \xe9\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        record = shared.execute(*chain(request("r", f"http://127.0.0.1:{listener.getsockname()[1]}/")))
    assert record["status"] == "success" and record["nodes"]["r"]["output"]["headers"]["x-?"] == "?"


def test_a_clone_tried_again_removes_nothing_through_a_link(shared):
    keep = shared.data / "runs" / "keep"
    keep.mkdir()
    (keep / "file").write_text("")
    empty = shared.root / "no-repository"
    empty.mkdir()
    record = shared.execute(*chain(shell("link", "ln -s ../../.. up"), clone(f"file://{empty}", dest="up/runs/keep",
                                                                     retry={"attempts": 2, "backoffMs": 1})))
    assert record["status"] == "error" and record["nodes"]["clone"]["attempt"] == 2
    assert (keep / "file").exists()
