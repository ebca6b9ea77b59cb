"""No daemon: neither bridge nor runner. Runs execute all the same, started by the API or by `runspool tick`, and are read by
/api/poll."""

import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import threading

import pytest

from conftest import ALLOW, RUNSPOOL, wait_until
from fcgi_fixtures import FastCgi, Site
from runs import TRIGGER, chain, open_gate, result, shell

GATE = "until [ -e go ]; do sleep 0.02; done"
NEVER = (*ALLOW, "runner.spawn=never")


@pytest.fixture
def bare(new_instance):
    """An instance of which only the web server is up. Its settings are those of the command line too."""
    def make(settings=ALLOW):
        instance = new_instance(settings, without=("bridge", "runner"), examples=False)
        for name, value in (setting.split("=") for setting in settings):
            instance.environ["RUNSPOOL_" + name.upper().replace(".", "_")] = value
        return instance

    return make


def poll(instance, run):
    """All events of the run, by /api/poll until it says that there is no more to come."""
    found, cursor, end = [], "start", False
    while not end:
        status, _, page = instance.http("GET", f"/api/poll?stream=run:{run}&since={cursor}&wait=2")
        assert status == 200
        found += page["events"]
        cursor, end = page["next"], page.get("end", False)
    assert [e["seq"] for e in found] == list(range(1, len(found) + 1))
    return found


def post(instance, nodes, edges, **body):
    status, _, answer = instance.http("POST", "/api/workflows/inline/run", {"nodes": nodes, "edges": edges, **body})
    assert status == 202 and answer["status"] == "queued"
    return answer


def node_runs(instance, run, node="gate"):
    return instance.record(run)["nodes"][node]["status"] == "running"


def row(data, run):
    with contextlib.closing(sqlite3.connect(data / "runspool.db", timeout=120)) as db:
        db.row_factory = sqlite3.Row
        return dict(db.execute("SELECT * FROM run WHERE id = ?", (run,)).fetchone())


def change(data, sql, *values):
    with contextlib.closing(sqlite3.connect(data / "runspool.db", timeout=120)) as db:
        with db:
            db.execute(sql, values)


def tick(instance, *args):
    """What it did, without the events it relayed: those of a process that is about to settle them count too."""
    done = json.loads(instance.cli("tick", "--json", *args))
    done.pop("relayed")
    return done


def count(events, kind):
    return sum(e["type"] == kind for e in events)


def fds(pid):
    folder = pathlib.Path(f"/proc/{pid}/fd")
    found = {}
    for entry in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            found[int(entry.name)] = os.readlink(entry)
    return found


def stat(pid):
    """(state, parent, session)"""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return fields[0], int(fields[1]), int(fields[3])


def processes(instance, name):
    mine = f"RUNSPOOL_DATA={instance.data}".encode()
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "comm").read_text().strip() == name and mine in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def check_detached(pid, data, others):
    """Nothing of the web server's is left in the run's process: descriptors, session, parent, environment."""
    mine = fds(pid)
    assert mine[0] == "/dev/null" and mine[1] == mine[2] == str(data / "log" / "run.log")
    sockets = {link for other in others for link in fds(other).values() if link.startswith(("socket:", "pipe:"))}
    assert not sockets & set(mine.values())
    state, parent, session = stat(pid)
    assert state != "Z" and parent not in others and session not in (stat(o)[2] for o in others)
    environ = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert not [v for v in environ if v.startswith((b"HTTP_", b"REQUEST_", b"QUERY_", b"REMOTE_", b"GATEWAY_"))]
    # No child of theirs waits for ever to be reaped.
    for other in others:
        children = pathlib.Path(f"/proc/{other}/task/{other}/children").read_text().split()
        assert not [c for c in children if stat(c)[0] == "Z"]


def test_a_run_is_executed_and_followed_by_poll(bare):
    instance = bare()
    nodes, edges = chain(shell("count", "for i in 1 2 3 4 5; do echo line $i; done"), shell("gate", GATE), result())
    answer = post(instance, nodes, edges)
    run = answer["runId"]
    assert "queuedBecause" not in answer
    wait_until(lambda: node_runs(instance, run), what="the gate")
    servers = processes(instance, "api.fcgi")
    assert servers
    check_detached(row(instance.data, run)["pid"], instance.data, servers)
    open_gate(instance, run)
    found = poll(instance, run)
    assert found[-1]["type"] == "run.finished" and found[-1]["data"]["attempt"] == 1
    assert [e["data"]["message"] for e in found if e["type"] == "log" and e["data"]["source"] == "stdout"] == [f"line {i}" for i in range(1, 6)]
    status, _, page = instance.http("GET", f"/api/poll/workflows/{run}")
    assert status == 200 and page["events"][0]["status"] == "success" and page["end"]


def test_from_plain_cgi_and_from_a_fastcgi_process():
    site = Site(**{"runner.shell": "allow"})
    site.environ["RUNSPOOL_RUNNER_SPAWN"] = "auto"
    site.environ["SECRET_OF_THE_SERVER"] = "x"
    server = FastCgi(site)
    nodes, edges = chain(shell("gate", GATE), result())
    try:
        for ask in (server.ask, site.cgi):
            answer = ask("POST", "/api/workflows/inline/run", {"nodes": nodes, "edges": edges})
            assert answer.status == 202 and "queuedBecause" not in answer.json
            run = answer.json["runId"]

            def record():
                return site.cgi("GET", f"/api/runs/{run}").json

            wait_until(lambda: record()["nodes"]["gate"]["status"] == "running", what="the gate")
            pid = row(site.data, run)["pid"]
            check_detached(pid, site.data, [server.process.pid] if ask == server.ask else [])
            assert b"SECRET" not in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
            if ask == server.ask:
                server.close()  # a web server that restarts its programs ends no run
            (site.data / "runs" / run / "work" / "go").write_text("")
            wait_until(lambda: record()["status"] == "success", what="the end")
            wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of its process")
    finally:
        server.close()
        site.close()


def test_the_queue_is_worked_off_one_after_the_other(bare):
    instance = bare((*ALLOW, "runner.max_runs=1"))
    nodes, edges = chain(shell("one", "sleep 0.1"))
    runs = [post(instance, nodes, edges)["runId"] for _ in range(4)]
    records = [instance.wait(run) for run in runs]
    assert {r["status"] for r in records} == {"success"} and {r["attempt"] for r in records} == {1}
    spans = sorted((r["startedAt"], r["finishedAt"]) for r in records)
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:]))


def test_a_workflow_at_its_limit_waits_and_goes_on(bare):
    instance = bare()
    nodes, edges = chain(shell("gate", GATE))
    first, second = (post(instance, nodes, edges, concurrency={"limit": 1})["runId"] for _ in range(2))
    wait_until(lambda: node_runs(instance, first), what="the first")
    assert instance.record(second)["status"] == "queued"
    open_gate(instance, first)
    wait_until(lambda: node_runs(instance, second), what="the second")
    open_gate(instance, second)
    assert instance.wait(second)["status"] == "success"


def test_cancel_retry_and_resume(bare):
    instance = bare()
    nodes, edges = chain(shell("gate", GATE))
    run = post(instance, nodes, edges)["runId"]
    wait_until(lambda: node_runs(instance, run), what="the gate")
    instance.http("POST", f"/api/runs/{run}/cancel")
    assert instance.wait(run)["status"] == "cancelled"
    for attempt, how in ((2, "resume"), (3, "retry")):
        status, _, answer = instance.http("POST", f"/api/runs/{run}/{how}")
        assert status == 202 and "queuedBecause" not in answer
        wait_until(lambda: node_runs(instance, run), what="the gate")
        open_gate(instance, run)
        record = instance.wait(run)
        assert record["status"] == "success" and record["attempt"] == attempt
    assert count(poll(instance, run), "run.started") == 3


def test_a_runner_that_starts_later_leaves_it_alone(new_instance):
    instance = new_instance(without=("bridge",), examples=False)
    instance.cli("stop", "runner")
    nodes, edges = chain(shell("gate", GATE))
    run = post(instance, nodes, edges)["runId"]
    wait_until(lambda: node_runs(instance, run), what="the gate")
    pid = row(instance.data, run)["pid"]
    instance.cli("start", "runner")
    other = instance.inline([TRIGGER], [])
    assert instance.wait(other)["status"] == "success"  # the runner has looked at what there is
    now = row(instance.data, run)
    assert now["status"] == "running" and now["pid"] == pid and stat(pid)[0] != "Z"
    open_gate(instance, run)
    assert instance.wait(run)["status"] == "success"
    assert count(poll(instance, run), "run.started") == 1


def test_not_allowed_it_says_so_and_tick_executes_it(bare):
    instance = bare(NEVER)
    nodes, edges = chain(shell("say", "echo hello"), result())
    answers = [post(instance, nodes, edges) for _ in range(6)]
    for answer in answers:
        assert answer["queuedBecause"] == "no runner is alive, and runner.spawn = never"
        assert instance.record(answer["runId"])["status"] == "queued"
    # Two at once: each run is executed once.
    ticks = [subprocess.Popen([RUNSPOOL, "tick", "--json", "--wait", "60"], env=instance.environ, stdout=subprocess.PIPE) for _ in range(2)]
    done = [json.loads(t.communicate(timeout=120)[0]) for t in ticks]
    assert [t.returncode for t in ticks] == [0, 0]
    assert sum(d["started"] for d in done) == 6 and [d["active"] for d in done] == [0, 0]
    for answer in answers:
        found = poll(instance, answer["runId"])
        assert found[-1]["type"] == "run.finished" and count(found, "run.started") == 1
    assert tick(instance) == {"runner": False, "drained": 0, "orphans": 0, "scheduled": 0, "started": 0, "active": 0}


def test_tick_waits_no_longer_than_told(bare):
    instance = bare(NEVER)
    nodes, edges = chain(shell("gate", GATE))
    run = post(instance, nodes, edges)["runId"]
    assert tick(instance, "--wait", "1") == {"runner": False, "drained": 0, "orphans": 0, "scheduled": 0, "started": 1, "active": 1}
    wait_until(lambda: node_runs(instance, run), what="the gate")  # it goes on
    second = post(instance, nodes, edges)["runId"]
    assert "1 run started." in instance.cli("tick", "--wait", "0")
    for each in (run, second):
        open_gate(instance, each)
        assert instance.wait(each)["status"] == "success"


def test_kill_of_a_self_started_run(bare):
    instance = bare()
    nodes, edges = chain(shell("gate", f"echo before; {GATE}"), result())
    run = post(instance, nodes, edges)["runId"]
    wait_until(lambda: node_runs(instance, run), what="the gate")
    pid = row(instance.data, run)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}") or stat(pid)[0] == "Z", what="its death")
    assert instance.record(run)["status"] == "running"  # nobody is there to see it
    assert tick(instance)["orphans"] == 1
    record = instance.record(run)
    assert record["status"] == "error" and record["error"]["code"] == "orphaned"
    found = poll(instance, run)
    assert found[-1]["type"] == "run.failed" and count(found, "run.failed") == 1
    # The next run that is started sees to orphans as well.
    second = post(instance, nodes, edges)["runId"]
    wait_until(lambda: node_runs(instance, second), what="the gate")
    os.kill(row(instance.data, second)["pid"], signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}") or stat(pid)[0] == "Z", what="its death")
    third = post(instance, [TRIGGER], [])["runId"]
    assert instance.wait(third)["status"] == "success"
    assert instance.wait(second)["error"]["code"] == "orphaned"


def test_kill_between_claim_and_start(bare):
    instance = bare(NEVER)
    nodes, edges = chain(shell("say", "echo once"))
    run = post(instance, nodes, edges)["runId"]
    # As a process leaves it that claimed the run and died before it started anything.
    change(instance.data, "UPDATE run SET owner = 'tick_dead', fence = fence + 1, lease = ? WHERE id = ?", 2**53, run)
    assert tick(instance, "--wait", "0") == {"runner": False, "drained": 0, "orphans": 0, "scheduled": 0, "started": 0, "active": 1}
    change(instance.data, "UPDATE run SET lease = 1 WHERE id = ?", run)
    done = tick(instance, "--wait", "60")
    assert done["orphans"] == 1 and done["started"] == 1 and done["active"] == 0
    found = poll(instance, run)
    assert found[-1]["type"] == "run.finished" and count(found, "run.started") == 1
    assert [e["data"]["message"] for e in found if e["type"] == "log"] == ["once"]


def test_what_cannot_be_read_any_more_ends(bare):
    instance = bare(NEVER)
    broken = post(instance, [TRIGGER], [])["runId"]
    older = post(instance, [TRIGGER], [])["runId"]
    good = post(instance, [TRIGGER], [])["runId"]
    change(instance.data, "UPDATE run SET definition = '{\"nodes\":' WHERE id = ?", broken)
    change(instance.data, "UPDATE run SET definition = ? WHERE id = ?",
           json.dumps({"nodes": [{"id": "start", "type": "tool", "data": {"kind": "was_removed"}}], "edges": []}), older)
    assert tick(instance, "--wait", "60")["active"] == 0
    assert instance.record(good)["status"] == "success"
    for run, word in ((broken, "cannot be read"), (older, "was_removed")):
        record = instance.record(run)
        assert record["status"] == "error" and record["error"]["code"] == "input" and word in record["error"]["message"]
        assert poll(instance, run)[-1]["type"] == "run.failed"


def test_tick_relays_events_that_were_left(bare):
    instance = bare(NEVER)
    run = post(instance, [TRIGGER], [])["runId"]
    wait_until(lambda: instance.http("GET", f"/api/poll?stream=run:{run}&since=start")[2]["events"], what="run.queued")
    # As a process leaves it that died after its commit.
    change(instance.data, "INSERT INTO outbox (stream, type, created, data) VALUES (?, 'state.changed', 1, '{\"left\":1}')", f"run:{run}")
    assert json.loads(instance.cli("tick", "--json", "--wait", "60"))["relayed"] >= 1
    types = [e["type"] for e in poll(instance, run)]
    assert types[:3] == ["run.queued", "state.changed", "run.started"] and types[-1] == "run.finished"
    with contextlib.closing(sqlite3.connect(instance.data / "runspool.db")) as db:
        assert db.execute("SELECT COUNT(*) FROM outbox").fetchone() == (0,)


def test_polls_take_pending_files(bare):
    """Lines left by emitters without SQLite are in the answer of the poll that finds them, once; those left while it waits, too."""
    instance = bare(NEVER)
    left = instance.data / "pending" / "small.jsonl"

    def leave(*numbers):
        text = "".join(f'{{"n":{n},"stream":"tool:probe","type":"log","data":{{"n":{n}}}}}\n' for n in numbers)
        with left.open("a") as file:
            file.write(text)

    def ask(since, wait=0):
        status, _, page = instance.http("GET", f"/api/poll?stream=tool:probe&since={since}&wait={wait}")
        assert status == 200
        return [e["data"]["n"] for e in page["events"]], page["next"]

    leave(*range(1, 1001))
    numbers, cursor = ask("start")
    while len(numbers) < 1000:
        more, cursor = ask(cursor, 5)
        numbers += more
    assert numbers == list(range(1, 1001))
    waiting = threading.Timer(0.3, leave, (1000, 1001, 1002))
    waiting.start()
    numbers, cursor = ask(cursor, 20)
    waiting.join()
    assert numbers == [1001, 1002]
    leave(1003)
    wait_until(lambda: instance.http("POST", "/api/events", {"stream": "tool:other", "type": "log", "data": {}})[0] == 202
               and ask(cursor)[0] == [1003], what="the last line")


def test_a_bridge_that_lives_takes_pending_files_itself(new_instance):
    """It is stopped: its files are not taken by others, who would publish past it."""
    instance = new_instance(without=("runner",), examples=False)
    bridge = instance.pid("bridge")
    os.kill(bridge, signal.SIGSTOP)
    try:
        left = instance.data / "pending" / "small.jsonl"
        left.write_text('{"stream":"tool:probe","type":"log","data":{}}\n')
        for _ in range(3):
            _, _, page = instance.http("GET", "/api/poll?stream=tool:probe&since=start&wait=1")
            assert page["events"] == []
    finally:
        os.kill(bridge, signal.SIGCONT)
    _, _, page = instance.http("GET", "/api/poll?stream=tool:probe&since=start&wait=20")
    assert len(page["events"]) == 1


def test_tick_takes_pending_files(bare):
    instance = bare(NEVER)
    (instance.data / "pending" / "small.jsonl").write_text('{"stream":"tool:probe","type":"tool.progress","data":{"message":"left"}}\n')
    assert tick(instance)["drained"] == 1
    assert tick(instance)["drained"] == 0
    _, _, page = instance.http("GET", "/api/poll?stream=tool:probe&since=start")
    assert [e["data"]["message"] for e in page["events"]] == ["left"]


def test_tick_beside_a_runner_leaves_the_queue_to_it(new_instance):
    instance = new_instance(without=("bridge",), examples=False)
    nodes, edges = chain(shell("gate", GATE))
    run = instance.inline(nodes, edges)
    wait_until(lambda: node_runs(instance, run), what="the gate")
    done = tick(instance)
    assert done["runner"] and done["started"] == done["orphans"] == 0 and done["active"] == 1
    open_gate(instance, run)
    assert instance.wait(run)["status"] == "success"


def test_the_command_line_runs_and_follows(bare):
    instance = bare()
    file = instance.data / "small.json"
    nodes, edges = chain(shell("say", "echo hello"), result())
    file.write_text(json.dumps({"id": "small", "name": "Small", "nodes": nodes, "edges": edges}))
    done = instance.cli("run", file, "--follow", check=False)
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stdout and "waits in the queue" not in done.stderr


def test_tick_without_an_instance(tmp_path):
    done = subprocess.run([RUNSPOOL, "tick", "--data", tmp_path / "none"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "there is no data directory" in done.stderr
