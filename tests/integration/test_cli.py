"""The command line as a user or a script has it: up and down, run, wrap, tail, emit, cancel, exit statuses."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time

import pytest
from conftest import RUNSPOOL, SOURCE, wait_until

SLEEPER = {"id": "sleeper", "nodes": [
    {"id": "start", "type": "trigger", "data": {"kind": "manual"}},
    {"id": "sleep", "type": "tool", "data": {"kind": "shell", "command": ["sh", "-c", "echo asleep; exec sleep 60"]}}],
    "edges": [{"source": "start", "target": "sleep"}]}
FAILING = {"id": "failing", "nodes": [
    {"id": "start", "type": "trigger", "data": {"kind": "manual"}},
    {"id": "bad", "type": "tool", "data": {"kind": "shell", "command": ["sh", "-c", "exit 3"]}}],
    "edges": [{"source": "start", "target": "bad"}]}


def alive(pid):
    """Is it a running process (not gone, not a zombie)?"""
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def using(data):
    """Processes whose command line or environment names this data directory."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            command = open(f"/proc/{entry}/cmdline", "rb").read()
            environ = open(f"/proc/{entry}/environ", "rb").read()
        except OSError:
            continue
        if str(data).encode() in command or f"RUNSPOOL_DATA={data}\0".encode() in environ:
            found.append((int(entry), command))
    return found


def events(instance, stream, *args):
    return [json.loads(line) for line in instance.cli("tail", stream, "--json", *args).splitlines()]


def write(instance, definition):
    path = instance.data / f"{definition['id']}.json"
    path.write_text(json.dumps(definition))
    return path


def newest(instance):
    return instance.json("ps", "--all", "--limit", 1)["items"][0]


def test_status_tells_what_is_up(instance):
    status = instance.json("status")
    assert status["up"] is True and status["url"] == instance.url
    assert set(status["components"]) == {"bridge", "runner", "web"}
    for name, part in status["components"].items():
        assert part["state"] == "up" and alive(part["pid"]) and part["pid"] == instance.pid(name), name
    assert int(status["head"]) >= 0 and set(status["runs"]) == {"queued", "running", "paused"}
    assert instance.url in instance.cli("status")


def test_pages_carry_the_security_headers(instance):
    status, headers, _ = instance.http("GET", "/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["ETag"] and headers["Cache-Control"] == "no-cache"
    assert "Server" not in headers


def test_run_follows_to_the_end(instance):
    done = instance.cli("run", "test-workflow", "--follow", check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"primes +✓ finished|primes +\+ finished", done.stdout) and '"ok": true' in done.stdout
    run = newest(instance)
    assert f"{instance.url}/#/runs/{run['id']}" in done.stdout and run["status"] == "success"


def test_run_as_json_gives_events_and_then_the_record(instance):
    lines = [json.loads(line) for line in instance.cli("run", "test-workflow", "--follow", "--json").splitlines()]
    assert [e["seq"] for e in lines[:-1]] == list(range(1, len(lines)))
    assert lines[-2]["type"] == "run.finished" and lines[-1]["status"] == "success" and lines[-1]["output"]["ok"] is True


def test_run_in_a_session_says_its_text_as_it_is(instance):
    definition = {"id": "said", "nodes": [
        {"id": "start", "type": "trigger", "data": {"kind": "manual"}},
        {"id": "end", "type": "output", "data": {"kind": "result", "value": "one\n\u001b[2J\"two\" in {{ .session.id }}"}}],
        "edges": [{"source": "start", "target": "end"}]}
    done = instance.cli("run", write(instance, definition), "--follow", "--session", "mine", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith('\n\none\n"two" in mine\n')
    assert newest(instance)["sessionId"] == "mine"
    done = instance.cli("run", write(instance, definition), "--session", "not one", check=False)
    assert done.returncode == 1 and "--session" in done.stderr


def test_a_file_of_another_system_is_to_be_imported(instance):
    done = instance.cli("run", "nightly.yaml", check=False)
    assert done.returncode == 1 and "runspool workflow import nightly.yaml" in done.stderr


def test_a_failed_run_exits_1(instance):
    done = instance.cli("run", write(instance, FAILING), "--follow", check=False)
    assert done.returncode == 1 and "exit" in done.stdout


def test_a_cancelled_run_exits_130(instance):
    process = subprocess.Popen([RUNSPOOL, "run", write(instance, SLEEPER), "--follow"], env=instance.environ,
                               stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "asleep" in line:
            break
    run = newest(instance)
    assert run["status"] == "running"
    assert "asked to end" in instance.cli("cancel", run["id"])
    process.stdout.read()
    assert process.wait(30) == 130
    assert newest(instance)["status"] == "cancelled"
    done = instance.cli("cancel", run["id"], check=False)
    assert done.returncode == 1 and "ended" in done.stderr


def test_interrupting_the_view_leaves_the_run_alone(instance):
    process = subprocess.Popen([RUNSPOOL, "run", write(instance, SLEEPER), "--follow"], env=instance.environ,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "asleep" in line:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    run = newest(instance)
    assert process.returncode == 130 and f"runspool cancel {run['id']}" in said and run["status"] == "running"
    instance.cli("cancel", run["id"])
    assert instance.wait(run["id"])["status"] == "cancelled"


def test_wrong_definitions_are_explained_line_by_line(instance):
    wrong = {"id": "wrong", "nodes": [{"id": "a", "type": "tool", "data": {"kind": "nope"}},
                                      {"id": "b", "type": "control", "data": {"kind": "transform", "expression": ".["}}],
             "edges": [{"id": "e", "source": "a", "target": "zz"}]}
    done = instance.cli("run", write(instance, wrong), check=False)
    assert done.returncode == 1
    assert "node a: " in done.stderr and "edge e: " in done.stderr and len(done.stderr.splitlines()) >= 2
    done = instance.cli("run", "test-workflow", "--input", '{"limit":"many"}', check=False)
    assert done.returncode == 1 and "limit" in done.stderr
    done = instance.cli("run", "no-such-workflow", check=False)
    assert done.returncode == 1 and "workflow list" in done.stderr


def test_parameters_by_name(instance, tmp_path):
    types = {"text": "string", "count": "integer", "on": "boolean", "note": "string", "paper": "file"}
    definition = {"id": "by-name", "params": [{"name": name, "type": kind} for name, kind in types.items()],
                  "nodes": [{"id": "start", "type": "trigger", "data": {"kind": "manual"}},
                            {"id": "end", "type": "output", "data": {"kind": "result", "value": "{{ .input }}"}}],
                  "edges": [{"id": "e", "source": "start", "target": "end"}]}
    path = write(instance, definition)
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    said = instance.json("run", path, "text=12", "count=3", "on=true", f"note=@{tmp_path}/a.txt", f"paper=@{tmp_path}/a.txt",
                         "--input", '{"text":"first"}')
    output = instance.wait(said["runId"])["output"]
    assert output["paper"]["name"] == "a.txt" and output["paper"]["bytes"] == 8
    assert {name: output[name] for name in ("text", "count", "on", "note")} == {"text": "12", "count": 3, "on": True, "note": "one\ntwo\n"}
    for operand, words in {"cuont=3": "did you mean \"count\"", "count": "NAME=VALUE", "count=many": "count",
                           "paper=@/no/such": "/no/such"}.items():
        done = instance.cli("run", path, operand, check=False)
        assert done.returncode != 0 and words in done.stderr


@pytest.mark.parametrize("command, status", [(["sh", "-c", "exit 7"], 7), (["true"], 0), (["sh", "-c", "kill -9 $$"], 137),
                                             (["/no/such/program"], 127), (["/etc/passwd"], 126)])
def test_wrap_exits_as_its_command(instance, command, status):
    done = instance.cli("wrap", "--", *command, check=False)
    assert done.returncode == status
    run = instance.record(newest(instance)["id"])
    assert run["status"] == ("success" if status == 0 else "error") and run["workflowId"] == "wrap"
    assert run["nodes"]["command"]["output"]["exitCode"] == status


def test_wrap_shows_and_emits_output_as_it_comes(instance):
    process = subprocess.Popen([RUNSPOOL, "wrap", "--", "sh", "-c", "echo one; echo two >&2; read line; echo got $line"],
                               env=instance.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    first = b""
    while not first.endswith(b"\n") and (byte := os.read(process.stderr.fileno(), 1)):
        first += byte # one at a time: what a buffer took beyond the line, communicate() would not see
    run = re.search(r"r_\w+", first.decode()).group()
    # While the command still waits for its input, both lines can be read by everybody.
    logs = wait_until(lambda: (lambda found: found if len(found) == 2 else None)(
        [e["data"] for e in events(instance, f"run:{run}", "--since", "start", "--no-follow") if e["type"] == "log"]))
    assert {(d["source"], d["message"]) for d in logs} == {("stdout", "one"), ("stderr", "two")}
    assert instance.record(run)["status"] == "running"
    out, err = process.communicate("three\n", timeout=120)
    assert (out, err, process.returncode) == ("one\ngot three\n", "two\n", 0)
    record = instance.record(run)
    assert record["status"] == "success" and record["nodes"]["command"]["output"]["stdout"] == "one\ngot three\n"
    types = [e["type"] for e in events(instance, f"run:{run}", "--since", "start")]
    assert types[0] == "run.queued" and types[-1] == "run.finished" and types.count("log") == 3


def test_wrap_passes_signals_on(instance):
    process = subprocess.Popen([RUNSPOOL, "wrap", "--", "sh", "-c", "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done"],
                               env=instance.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    assert process.communicate(timeout=120)[0] == "bye\n" and process.returncode == 5


def test_wrap_of_a_command_that_never_pauses_hears_signals(instance):
    process = subprocess.Popen([RUNSPOOL, "wrap", "--", "yes"], env=instance.environ, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.read(2) == b"y\n"
    process.send_signal(signal.SIGTERM)
    while process.stdout.read(65536):
        pass
    assert process.wait(30) == 128 + signal.SIGTERM


def test_wrap_is_cancelled_from_outside_with_its_children(instance):
    process = subprocess.Popen([RUNSPOOL, "wrap", "--", "sh", "-c", "sleep 98 & echo $!; wait"], env=instance.environ,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run = re.search(r"r_\w+", process.stderr.readline()).group()
    child = int(process.stdout.readline())
    status, _, _ = instance.http("POST", f"/api/runs/{run}/cancel")
    assert status == 202
    process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM
    assert instance.record(run)["status"] == "cancelled"
    wait_until(lambda: not alive(child), what="the end of the command's child")


def test_wrap_needs_nothing_running(tmp_path):
    environ = {**os.environ, "RUNSPOOL_DATA": str(tmp_path / "new")}
    done = subprocess.run([RUNSPOOL, "wrap", "--quiet", "--", "echo", "hello"], env=environ, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")
    listed = subprocess.run([RUNSPOOL, "ps", "--all", "--json"], env=environ, capture_output=True, text=True, timeout=120)
    assert [r["status"] for r in json.loads(listed.stdout)["items"]] == ["success"]
    done = subprocess.run([RUNSPOOL, "status"], env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 3 and "Nothing is up" in done.stdout


def test_emit_and_tail_since(instance):
    for n in range(3):
        assert "by the bridge" in instance.cli("emit", "tool:bench", "tool.progress", json.dumps({"n": n}))
    seen = events(instance, "tool:bench", "--since", "start", "--no-follow")
    assert [e["data"]["n"] for e in seen] == [0, 1, 2] and [e["seq"] for e in seen] == [1, 2, 3]
    after = events(instance, "tool:bench", "--since", seen[1]["id"], "--no-follow")
    assert [e["id"] for e in after] == [seen[2]["id"]]
    assert events(instance, "tool:bench", "--no-follow") == []
    read = instance.cli("tail", "tool:bench", "--since", seen[1]["id"], "--no-follow")
    assert read.rstrip().endswith("tool.progress n=2") and "{" not in read
    for stream, kind, data in (("tool:bench", "Bad Type", "{}"), ("no:such:stream", "log", "{}"), ("runs", "log", "{}"),
                               ("tool:bench", "log", "[1]"), ("tool:bench", "log", "{")):
        assert instance.cli("emit", stream, kind, data, check=False).returncode == 1


def test_tail_follows_live(instance):
    process = subprocess.Popen([RUNSPOOL, "tail", "session:live", "--since", "start", "--json"], env=instance.environ,
                               stdout=subprocess.PIPE, text=True)
    for n in range(3):
        instance.cli("emit", "session:live", "state.changed", json.dumps({"n": n}))
        assert json.loads(process.stdout.readline())["data"] == {"n": n}
    process.terminate()
    process.wait(30)


def test_workflows_go_out_as_they_came_in(instance):
    given = json.loads((SOURCE / "examples" / "test-workflow.json").read_text())
    assert json.loads(instance.cli("workflow", "export", "test-workflow")) == given
    assert "test-workflow" in [item["id"] for item in instance.json("workflow", "list")["items"]]
    done = instance.cli("workflow", "import", "--new", SOURCE / "examples" / "test-workflow.json", check=False)
    assert done.returncode == 1


@pytest.mark.parametrize("args, status, words", [
    (["stats"], 2, 'did you mean "status"'), (["ps", "--lmit", "3"], 2, "did you mean --limit"), ([], 2, ""),
    (["run"], 2, "wants WORKFLOW"), (["ps", "--limit", "0"], 2, "whole number"), (["up", "--without", "all"], 2, "bridge, runner or web"),
    (["stop", "everything"], 2, "bridge, runner or web"), (["config", "--data", "/no/such/place"], 1, "runspool up"),
    (["status", "--data", "/no/such/place"], 3, "")])
def test_wrong_command_lines(args, status, words):
    done = subprocess.run([RUNSPOOL, *args], capture_output=True, text=True, timeout=120)
    assert done.returncode == status and words in done.stderr and len(done.stderr.splitlines()) <= 1


def test_help_of_everything():
    done = subprocess.run([RUNSPOOL, "--help"], capture_output=True, text=True, timeout=120)
    commands = re.findall(r"^  (\w+) ", done.stdout, re.M)
    assert done.returncode == 0 and {"up", "down", "run", "wrap", "tail"} <= set(commands)
    for command in commands:
        done = subprocess.run([RUNSPOOL, command, "--help"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and done.stdout.startswith(f"usage: runspool {command}") and "--data DIR" in done.stdout
    manual = (SOURCE / "docs" / "man" / "runspool.1").read_text()
    for command in commands:
        assert f".It Cm {command}" in manual, command


@pytest.mark.parametrize("part", ["bridge", "runner", "web"])
def test_a_killed_part_is_restarted(instance, part):
    before = instance.json("status")["components"][part]
    os.kill(before["pid"], signal.SIGKILL)

    def back():
        now = instance.json("status")["components"][part]
        return now if now["pid"] not in (None, before["pid"]) and now["state"] == "up" else None
    now = wait_until(back, what=f"a new {part}")
    assert now["restarts"] == before["restarts"] + 1 and now["lastEnd"] == "signal 9 (Killed)"
    assert instance.http("GET", "/healthz")[0] == 200 and instance.http("GET", "/api")[0] == 200


def test_parts_are_stopped_and_started(instance, monkeypatch):
    monkeypatch.setitem(instance.environ, "RUNSPOOL_RUNNER_SPAWN", "never")  # else the run would start itself
    assert json.loads(instance.cli("stop", "runner", "--json"))["state"] == "stopped"
    done = instance.cli("run", "test-workflow", check=False)
    assert done.returncode == 0
    run = newest(instance)
    assert run["status"] == "queued"
    instance.cli("stop", "web")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(instance.url[7:].split(":"), timeout=120)
    instance.cli("start", "web")
    instance.cli("start", "runner")
    assert instance.wait(run["id"])["status"] == "success"
    before = instance.pid("bridge")
    assert json.loads(instance.cli("restart", "bridge", "--json"))["pid"] != before


def test_up_once(instance):
    done = instance.cli("up", "--detach", "--listen", "127.0.0.1:0", check=False)
    assert done.returncode == 1 and "already up" in done.stderr and instance.url in done.stderr
    done = instance.cli("up", "--detach", "--if-down", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_port_in_use(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run([RUNSPOOL, "up", "--detach", "--data", tmp_path / "d", "--listen", f"127.0.0.1:{taken.getsockname()[1]}"],
                              capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "in use" in done.stderr and "--listen" in done.stderr
    assert using(tmp_path / "d") == []


def test_a_wrong_setting_stops_the_start(tmp_path):
    (tmp_path / "runspool.conf").write_text("# mine\nrunner.shel = allow\n")
    done = subprocess.run([RUNSPOOL, "up", "--detach", "--data", tmp_path, "--listen", "0"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "runspool.conf:2" in done.stderr
    assert using(tmp_path) == []


def test_down_leaves_nothing(new_instance):
    it = new_instance(examples=False)
    wrapper = it.json("status")
    pids = [wrapper["pid"], *(part["pid"] for part in wrapper["components"].values())]
    it.cli("run", write(it, SLEEPER))
    wait_until(lambda: newest(it)["status"] == "running", what="the run's start")
    it.cli("down")
    assert not any(alive(pid) for pid in pids)
    wait_until(lambda: using(it.data) == [], what=f"the end of {using(it.data)}")
    sockets = [p for p in it.data.rglob("*") if p.is_socket()]
    assert sockets == [] and not (it.data / "run" / "web.url").exists() and not (it.data / "run" / "up.pid").exists()
    assert it.cli("down", check=False).returncode == 0
    down = it.cli("status", "--json", check=False)
    assert down.returncode == 3 and json.loads(down.stdout)["runnersAlive"] == 0
    assert newest(it)["status"] == "cancelled"


def test_parts_end_with_a_killed_up(new_instance):
    it = new_instance(examples=False)
    os.kill(it.json("status")["pid"], signal.SIGKILL)
    try:
        wait_until(lambda: using(it.data) == [], what="the end of the parts")
    except AssertionError as error:
        raise AssertionError(f"{error}: {using(it.data)}") from None
    it.up()
    assert it.http("GET", "/healthz")[0] == 200


def test_without_web_the_bridge_listens(new_instance):
    it = new_instance(without=("web", "runner"), examples=False)
    assert set(it.json("status")["components"]) == {"bridge"}
    assert it.http("GET", "/healthz")[0] == 200 and it.http("GET", "/")[0] == 404
    it.environ["RUNSPOOL_RUNNER_SPAWN"] = "never"
    assert "no runner is alive" in it.cli("run", SOURCE / "examples" / "test-workflow.json", check=False).stderr


def test_up_in_the_foreground_ends_by_interrupt(tmp_path):
    process = subprocess.Popen([RUNSPOOL, "up", "--data", tmp_path, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    assert "Runspool is up at http://127.0.0.1:" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(40) == 0
    assert using(tmp_path) == []


def test_tls(new_instance, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1",
                    "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True, timeout=120)
    data = tmp_path / "d"
    done = subprocess.run([RUNSPOOL, "up", "--detach", "--data", data, "--listen", "localhost:0", "--tls", tmp_path / "cert.pem",
                           tmp_path / "key.pem"], capture_output=True, text=True, timeout=120)
    try:
        assert done.returncode == 0, done.stderr
        url = (data / "run" / "web.url").read_text().strip()
        assert url.startswith("https://localhost:")
        answer = subprocess.run(["curl", "-s", "-m", "10", "--cacert", tmp_path / "cert.pem", "--resolve", f"{url[8:]}:127.0.0.1",
                                 f"{url}/healthz"], capture_output=True, text=True, timeout=120)
        assert json.loads(answer.stdout)["status"] == "ok"
    finally:
        subprocess.run([RUNSPOOL, "down", "--data", data], timeout=120)


def test_the_display_redraws_in_place(instance):
    """On a terminal nodes are one line each, rewritten; the last screen shows each once, done."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    environ = {**instance.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    del environ["NO_COLOR"]
    process = subprocess.Popen([RUNSPOOL, "run", "test-workflow", "--follow"], env=environ, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    text = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([master], [], [], 1)[0]:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            text += chunk
    assert process.wait(30) == 0
    shown = text.decode()
    assert shown.count("\x1b[?25l") >= 1 and shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    last = shown[shown.rindex("\x1b[?25l"):]
    for label in ("Start", "Find the primes", "Any found?", "Write primes.csv", "Result"):
        assert len(re.findall(rf"✓\S* \S*{re.escape(label)}", last)) == 1, (label, last)
    assert "\x1b[32m" in shown and "success" in last


def test_up_with_sockets_for_another_web_server(new_instance, tmp_path):
    """FastCGI programs and bridge on sockets; a program that dies is replaced while its socket stays."""
    it = new_instance(without=("runner",), examples=False)
    it.cli("down")
    folder = tmp_path / "s"
    it.cli("up", "--detach", "--sockets", folder)
    try:
        assert sorted(p.name for p in folder.iterdir()) == ["api.sock", "bridge.sock", "events.sock", "hook.sock"]
        status = it.json("status")
        assert set(status["components"]) == {"api", "events", "hook", "runner", "bridge"} and not status["url"]
        os.kill(status["components"]["api"]["pid"], signal.SIGKILL)
        with socket.socket(socket.AF_UNIX) as web:
            web.settimeout(20)
            web.connect(str(folder / "api.sock"))
            web.sendall(bytes.fromhex("0101000100080000 0001000000000000 0104000100000000 0105000100000000"))
            assert b"Status: 404" in web.recv(4096)
        other = it.cli("up", "--data", tmp_path / "other", "--sockets", folder, check=False)
        assert other.returncode == 1 and "listens on" in other.stderr
    finally:
        it.cli("down")
    assert not any(folder.iterdir())
