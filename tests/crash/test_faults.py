"""Each fault but a plain kill, once, under the load of a round of the crash harness and with its proof."""

import contextlib
import itertools
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time

import pytest

import checker
import faults
import followers
import harness
import powerloss
import producers
from bridge_fixture import Bridge
from clients import Emitter, Ws
from conftest import BUILD, wait_until

SHIM = BUILD / "tests" / "crash" / "faultshim.so"
SETTINGS = ("runner.shell=allow",)


@contextlib.contextmanager
def environment(**variables):
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update({name: str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture
def instances():
    made = []

    def make(settings=SETTINGS, **more):
        made.append(harness.CrashInstance(settings, examples=False, **more))
        return made[-1]

    yield make
    for it in made:
        it.close()


def play(instance, number, *plan, forgive=lambda text: False):
    """One round; violations are shown, unless forgiven."""
    it = harness.Round(instance, number, random.Random(number), list(plan))
    found = [text for text in it.play() if not forgive(text)]
    assert not found, "\n".join(found) + "\n" + instance.logs()
    return it


def test_a_round_that_fails_leaves_nothing_behind(instances):
    instance = instances()

    def fail(r):
        faults.stall_part(instance, "bridge", 60)
        raise AssertionError("as if")

    it = harness.Round(instance, 1, random.Random(1), [(50, fail)])
    assert it.play() == ["as if"]
    assert not [thread.stream for thread in it.producers if thread.process and thread.is_alive()]
    data = str(instance.data)
    instance.close()
    assert not faults.leftovers([data])


def test_rounds_without_faults_leave_nothing_open(instances):
    """What the daemons have open, and how much memory the bridge uses, does not grow with what they have done."""
    instance = instances()
    pids = {part: instance.pid(part) for part in ("bridge", "runner")}

    def opened():
        return {part: len(os.listdir(f"/proc/{pid}/fd")) for part, pid in pids.items()}

    def memory():
        return int(re.search(r"RssAnon:\s+(\d+) kB", pathlib.Path(f"/proc/{pids['bridge']}/status").read_text())[1])

    for number in (1, 2):
        play(instance, number)
    before, used = opened(), memory()
    for number in range(3, 11):
        play(instance, number)
    # Threads of api.fcgi connect to the bridge when they first have something to say.
    wait_until(lambda: opened()["bridge"] <= before["bridge"] + 16 and opened()["runner"] <= before["runner"],
               what=f"no more descriptors than before: {before}")
    assert memory() < used + 4096, (used, memory())
    assert {part: instance.pid(part) for part in pids} == pids


def test_a_removed_spool_socket_comes_back(instances):
    instance = instances()
    play(instance, 1, (100, lambda r: (instance.data / "spool.sock").unlink()))


def test_a_removed_bridge_socket_comes_back(instances):
    instance = instances()
    play(instance, 1, (100, lambda r: (instance.data / "bridge.sock").unlink()))


def test_a_stopped_bridge_slows_no_run(instances):
    """Stopped for 10 s while a run prints: it ends in its own time, and all it printed is there. Its twin runs at the same
    time on an instance of its own, undisturbed."""
    disturbed, quiet = instances(), instances()
    script = "i=0; while [ $i -lt 1200 ]; do i=$((i + 1)); echo count $i; sleep 0.01; done"
    nodes = [{"id": "start", "type": "trigger", "data": {"kind": "manual"}},
             {"id": "count", "type": "tool", "data": {"kind": "shell", "command": ["sh", "-c", script]}}]
    edges = [{"id": "e", "source": "start", "target": "count"}]
    twin, run = quiet.inline(nodes, edges), disturbed.inline(nodes, edges)

    def lines():
        return [e for e in disturbed.history() if e["stream"] == f"run:{run}" and e["type"] == "log"]

    wait_until(lambda: len(lines()) > 20, what="the first lines")
    pid = disturbed.pid("bridge")
    os.kill(pid, signal.SIGSTOP)
    again = threading.Timer(10, os.kill, (pid, signal.SIGCONT))
    again.start()
    wait_until(lambda: len(lines()) > 500, what="lines in the log without the bridge")
    assert again.is_alive()
    record, twin = disturbed.wait(run), quiet.wait(twin)
    again.join()
    print(f"{twin['durationMs']} ms undisturbed, {record['durationMs']} ms with the bridge stopped for 10 s: "
          f"ratio {record['durationMs'] / twin['durationMs']:.2f}")
    assert record["status"] == "success" and record["durationMs"] < 2 * twin["durationMs"]
    events = [e for e in disturbed.history() if e["stream"] == f"run:{run}"]
    found = checker.check_seqs(events) + checker.check_end(f"run:{run}", events) + checker.check_fold(f"run:{run}", events, record)
    assert not found + checker.check_lines(f"run:{run}", events, {"count": 1200}, True)
    play(disturbed, 1)


def test_a_bridge_stopped_under_load(instances):
    instance = instances()
    play(instance, 1, (50, lambda r: faults.stall_part(instance, "bridge", 6)))


@pytest.mark.parametrize("name", ["runspool.db", "events.db"])
def test_a_locked_database_is_waited_for(instances, name):
    instance = instances()

    def lock(r):
        db = sqlite3.connect(instance.data / name, isolation_level=None, timeout=20, check_same_thread=False)
        db.execute("BEGIN EXCLUSIVE")
        threading.Timer(5, lambda: (db.execute("ROLLBACK"), db.close())).start()

    play(instance, 1, (50, lock))


def test_a_clock_set_forward_by_mistake_does_not_empty_the_log(instances, tmp_path):
    """By forty days, where events are kept for one."""
    clock = tmp_path / "clock"
    clock.write_bytes(struct.pack("=q", 0))

    def turn(r):
        with clock.open("r+b") as file:
            file.write(struct.pack("=q", 40 * 86400_000))

    with environment(LD_PRELOAD=SHIM, FAULTSHIM_CLOCK=clock):
        instance = instances((*SETTINGS, "eventlog.keep_days=1"))
    play(instance, 1, (100, turn))
    wait_until(lambda: "clock.set" in (instance.data / "log" / "bridge.log").read_text(), what="retention to look at the clock")
    play(instance, 2)
    seqs = [(e["stream"], e["seq"]) for e in instance.history()]
    assert {stream for stream, _ in seqs} == {stream for stream, seq in seqs if seq == 1}


@pytest.mark.parametrize("offset_ms", [-3600_000, 3600_000])
@pytest.mark.parametrize("victims", [("run", "bridge"), ("stopped", "run"), ("runner", "run", "emitter")])
def test_a_clock_that_is_set_while_processes_die(instances, tmp_path, offset_ms, victims):
    clock = tmp_path / "clock"
    clock.write_bytes(struct.pack("=q", 0))
    offsets = itertools.cycle((offset_ms, 0))

    def turn(r):
        with clock.open("r+b") as file:
            file.write(struct.pack("=q", next(offsets)))

    with environment(LD_PRELOAD=SHIM, FAULTSHIM_CLOCK=clock):
        instance = instances()
    plan = [(30, turn), *((50 + 20 * i, victim) for i, victim in enumerate(victims)), (200, turn)]
    play(instance, 1, *plan)
    play(instance, 2, (20, turn), (40, "run"), (60, turn))


@pytest.mark.parametrize("offset_ms", [-3600_000, 3600_000])
def test_a_clock_that_is_set_does_no_harm(instances, tmp_path, offset_ms):
    clock = tmp_path / "clock"
    clock.write_bytes(struct.pack("=q", 0))

    def turn(r):
        with clock.open("r+b") as file:
            file.write(struct.pack("=q", offset_ms))

    with environment(LD_PRELOAD=SHIM, FAULTSHIM_CLOCK=clock):
        instance = instances()
    play(instance, 1, (100, turn))
    play(instance, 2, (100, "runner"), (200, "bridge"))
    play(instance, 3, (50, "run"))
    times = [ms for (ms,) in instance.rows("events.db", "SELECT time FROM events ORDER BY id")]
    assert abs((times[-1] - times[0]) - offset_ms) < 600_000


@contextlib.contextmanager
def small_disk(tmp_path):
    """A file system of a few MB in which data directories are made: it, and a function that fills it up for so many seconds."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "none", disk], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no file system may be mounted here")
    def fill(seconds):
        with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        threading.Timer(seconds, (disk / "filler").unlink).start()

    before, tempfile.tempdir = tempfile.tempdir, str(disk)
    try:
        yield fill
    finally:
        tempfile.tempdir = before
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_loses_nothing(instances, tmp_path):
    """Filled up under load, with room again after 3 s. Who was told no may try again; who was told yes finds its event."""
    with small_disk(tmp_path) as fill:
        instance = instances()
        played = play(instance, 1, (100, lambda r: fill(3)), forgive=lambda text: "exit 1" in text)
        assert len(played.producers[0].acked) == played.producers[0].count
        play(instance, 2)
        instance.close()


@pytest.mark.parametrize("victim", ["bridge", "runner", "run", "stopped"])
def test_a_disk_that_fills_up_while_the_outbox_is_relayed(instances, tmp_path, victim):
    """State is committed and its events wait in the outbox, for the bridge is stopped; then there is no room, and somebody
    dies."""
    with small_disk(tmp_path) as fill:
        instance = instances()

        def stop_then_fill(r):
            faults.stall_part(instance, "bridge", 2)
            wait_until(lambda: instance.outbox() > 0, what="events in the outbox")
            fill(4)

        plan = [(60, stop_then_fill), (61, victim)]
        play(instance, 1, *plan, forgive=lambda text: "exit 1" in text)
        play(instance, 2)
        instance.close()


def test_a_bridge_that_may_not_write_is_helped_by_its_emitters(instances):
    """RLIMIT_FSIZE of the bridge alone: files end where they are."""
    instance = instances()

    def limit(r):
        pid = instance.pid("bridge")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        threading.Timer(3, resource.prlimit, (pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)).start()

    play(instance, 1, (100, limit))
    assert "part.died" not in (instance.data / "log" / "up.log").read_text()


def test_a_log_restored_from_an_older_copy(instances):
    """The client that knows more than the log is told of the gap, and gets what comes; no id is given twice."""
    instance = instances()
    play(instance, 1)
    copy = instance.data / "copy.db"
    with sqlite3.connect(instance.data / "events.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    kept = instance.head()
    play(instance, 2)
    known = {e["id"] for e in instance.history()}
    cursor = str(instance.head())
    assert int(cursor) > kept
    instance.cli("down")
    for leftover in ("events.db-wal", "events.db-shm"):
        (instance.data / leftover).unlink(missing_ok=True)
    os.replace(copy, instance.data / "events.db")
    instance.up()
    with Ws(instance.url, "/ws") as ws:
        ws.recv()
        ws.send({"op": "subscribe", "streams": followers.STREAMS, "since": cursor})
        assert ws.recv()["op"] == "subscribed"
        emitter = Emitter(instance.data / "spool.sock", "after-restore")
        emitter.emit("tool:restored", "log", {"k": 1})
        emitter.close()
        messages = ws.until(lambda m: m.get("stream") == "tool:restored" and "seq" in m)
    gaps = [m for m in messages if m.get("op") == "gap"]
    assert len(messages) == len(gaps) + 1
    assert gaps and gaps[0]["first"] == str(kept + 1) and gaps[0]["last"] == cursor, gaps
    assert messages[-1]["id"] not in known and int(messages[-1]["id"]) > int(cursor)
    # Whoever asks from before the loss is told of it, also of a run that came later.
    play(instance, 3, (100, "bridge"), forgive=lambda text: f"'first': '{kept + 1}', 'last': '{cursor}'" in text)
    fresh = [e["id"] for e in instance.history(kept)]
    assert not known & set(fresh)


def test_a_database_restored_from_an_older_copy(instances):
    """What it has given numbers to and no longer knows of, the log does know: it takes nothing new for that."""
    instance = instances()
    play(instance, 1)
    copy = instance.data / "copy.db"
    with sqlite3.connect(instance.data / "runspool.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    stream = play(instance, 2).producers[2].stream
    before = sum(e["stream"] == stream for e in instance.history())
    instance.cli("down")
    for leftover in ("runspool.db-wal", "runspool.db-shm"):
        (instance.data / leftover).unlink(missing_ok=True)
    os.replace(copy, instance.data / "runspool.db")
    instance.up()
    for k in range(30):
        assert instance.http("POST", "/api/events", {"stream": stream, "type": "tool.progress", "data": {"again": k}})[0] == 202
    wait_until(lambda: instance.outbox() == 0, what="an empty outbox")
    events = [e for e in instance.history() if e["stream"] == stream]
    assert [e["data"]["again"] for e in events[before:]] == list(range(30)) and not checker.check_seqs(events)
    play(instance, 3, (100, "runner"), (200, "bridge"))


@pytest.mark.parametrize("how", ["retry", "resume"])
def test_late_lines_of_a_killed_run_are_not_its_next_attempt(instances, how):
    """The bridge has received lines of a run process and not yet stored them, when that is killed and the run taken up
    again: they belong to an attempt that is over."""
    instance = instances()
    run = producers.Run(instance, "late")
    run.run()
    wait_until(lambda: sum(e["type"] == "log" for e in instance.history()) > 30, what="lines")
    bridge = instance.pid("bridge")
    os.kill(bridge, signal.SIGSTOP)
    try:
        time.sleep(0.3)  # for lines to come to lie in its socket
        os.kill(run.pid(), signal.SIGKILL)
        wait_until(lambda: run.record()["status"] == "error", what="the end of the killed run")
        assert instance.http("POST", f"/api/runs/{run.id}/{how}", {})[0] == 202
        wait_until(lambda: any(e["type"] in checker.REOPENS for e in instance.history()), what="the next attempt")
    finally:
        os.kill(bridge, signal.SIGCONT)
    assert instance.wait(run.id)["status"] == "success"
    wait_until(lambda: instance.outbox() == 0, what="an empty outbox")
    events = [e for e in instance.history() if e["stream"] == run.stream]
    found = checker.check_end(run.stream, events) + checker.check_lines(run.stream, events, run.LINES, True)
    assert not found + checker.check_fold(run.stream, events, run.record()) + checker.check_seqs(events)


def test_late_lines_of_a_killed_wrap_are_not_its_next_attempt(instances):
    """The same for the process of `runspool wrap`, which executes its run itself."""
    instance = instances()
    script = "i=0; while [ $i -lt 400 ]; do i=$((i + 1)); echo line $i; sleep 0.005; done"
    process = subprocess.Popen([instance.program, "wrap", "--quiet", "--", "sh", "-c", script], env=instance.environ,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_until(lambda: sum(e["type"] == "log" for e in instance.history()) > 30, what="lines")
    run = instance.rows("runspool.db", "SELECT id FROM run")[0][0]
    bridge = instance.pid("bridge")
    os.kill(bridge, signal.SIGSTOP)
    try:
        time.sleep(0.3)  # for lines to come to lie in its socket
        process.kill()
        process.wait()
        wait_until(lambda: instance.record(run)["status"] == "error", what="the end of the killed run")
        assert instance.http("POST", f"/api/runs/{run}/retry", {})[0] == 202
        wait_until(lambda: any(e["type"] == "run.retried" for e in instance.history()), what="the next attempt")
    finally:
        os.kill(bridge, signal.SIGCONT)
    record = instance.wait(run)
    assert record["status"] == "success", record
    wait_until(lambda: instance.outbox() == 0, what="an empty outbox")
    events = [e for e in instance.history() if e["stream"] == f"run:{run}"]
    first, again = checker.attempts(events)
    said = [e["data"]["message"] for e in again if e["type"] == "log" and e["data"]["source"] == "stdout"]
    assert said == [f"line {i}" for i in range(1, 401)]
    assert len([e for e in first if e["type"] == "log"]) < 400
    assert not checker.check_end(f"run:{run}", events) + checker.check_seqs(events)


def test_lines_nobody_takes_at_the_end_of_a_run_are_counted(instances):
    """No bridge, and a log that another process keeps locked for longer than a run waits at its end."""
    instance = instances()
    instance.cli("stop", "bridge")
    with contextlib.closing(sqlite3.connect(instance.data / "events.db", isolation_level=None, timeout=20)) as db:
        db.execute("BEGIN IMMEDIATE")
        nodes = [{"id": "start", "type": "trigger", "data": {"kind": "manual"}},
                 {"id": "n", "type": "tool", "data": {"kind": "shell", "command": ["seq", "-f", "n %.0f", "40"]}}]
        run = instance.inline(nodes, [{"id": "e", "source": "start", "target": "n"}])
        wrap = subprocess.Popen([instance.program, "wrap", "--", "seq", "-f", "n %.0f", "30"], env=instance.environ,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        record = instance.wait(run)
        assert record["status"] == "success"
        said = wrap.communicate()[1]  # its status is the command's
        assert wrap.returncode == 0 and "30 of the last lines" in said, said
        db.execute("ROLLBACK")
    wait_until(lambda: instance.outbox() == 0, 60, "an empty outbox")
    streams = checker.by_stream(instance.history())
    wrapped = instance.rows("runspool.db", "SELECT id FROM run WHERE workflow_id = 'wrap'")[0][0]
    for events, count in ((streams[f"run:{run}"], 40), (streams[f"run:{wrapped}"], 30)):
        lines = [e for e in events if e["type"] == "log"]
        dropped = [e["data"]["count"] for e in events if e["type"] == "log.dropped"]
        assert (len(lines), dropped) == (0, [count]), events
        assert not checker.check_end(events[0]["stream"], events) + checker.check_seqs(events)
    assert not checker.check_fold(f"run:{run}", streams[f"run:{run}"], record)
    instance.cli("start", "bridge")
    play(instance, 1)


# --- power ---

def crash_bridge(tmp_path, sync):
    """A bridge under load, killed with all it did to its log on record: what a client was told is stored, and a function
    that makes what survived a loss of power at that moment."""
    record = tmp_path / f"record-{sync}"
    bridge = Bridge((f"eventlog.sync={sync}",))
    bridge.stop()
    base = (bridge.data / "events.db").read_bytes()
    with environment(LD_PRELOAD=SHIM, FAULTSHIM_RECORD=record):
        bridge.start()
    acked, stop = {}, threading.Event()

    def emit(name):
        emitter, k = Emitter(bridge.data / "spool.sock", name), 0
        with contextlib.suppress(OSError, ValueError):
            while not stop.is_set():
                emitter.emit(f"tool:{name}", "log", *({"k": k + i, "text": "x" * 50} for i in (1, 2, 3)))
                k += 3
                acked[name] = k

    threads = [threading.Thread(target=emit, args=(f"power{i}",)) for i in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: sum(acked.values()) > 3000, 60, "acknowledged events")
    bridge.process.kill()
    bridge.process.wait()
    for thread in threads:
        thread.join()
    stop.set()
    shutil.rmtree(bridge.data)
    return acked, lambda rng=None: powerloss.survivors(record, base, rng)


def stored(contents, folder):
    """{stream: how many events}, and whether the file is sound, of what survived."""
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    with contextlib.closing(sqlite3.connect(folder / "events.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT s.name, COUNT(*), MAX(e.seq), MAX(s.last_seq, COALESCE((SELECT MAX(seq) FROM arrivals"
                          " WHERE stream = s.id), 0)) FROM events e JOIN streams s ON s.id = e.stream GROUP BY s.id").fetchall()
        producers = dict(db.execute("SELECT name, MAX(last) FROM (SELECT name, last FROM producers UNION ALL"
                                    " SELECT producer, n FROM arrivals) GROUP BY name").fetchall())
    for name, count, seq, last_seq in rows:
        assert count == seq == last_seq == producers[name[5:]], (name, count, seq, last_seq, producers)
    return {name[5:]: count for name, count, _, _ in rows}


def test_sync_full_survives_the_loss_of_power(tmp_path):
    acked, survivors = crash_bridge(tmp_path, "full")
    for case in range(8):
        kept = stored(survivors(random.Random(case) if case else None), tmp_path / f"full-{case}")
        assert all(kept.get(name, 0) >= k for name, k in acked.items()), (case, kept, acked)


def test_a_new_log_is_there_after_the_loss_of_power(tmp_path):
    """From a folder without a log: as soon as anything is written to it there is one, whole, and it has what was acknowledged."""
    record = tmp_path / "record"
    with environment(LD_PRELOAD=SHIM, FAULTSHIM_RECORD=record):
        bridge = Bridge(("eventlog.sync=full",))
    emitter = Emitter(bridge.data / "spool.sock", "first")
    emitter.emit("tool:first", "log", *({"k": k} for k in range(3)))
    bridge.process.kill()
    bridge.process.wait()
    emitter.close()
    shutil.rmtree(bridge.data)
    steps = powerloss.records(record)
    first = next(i for i, (op, name, _, _) in enumerate(steps) if op == powerloss.WRITE and name == "events.db-wal")
    for upto in range(first, len(steps) + 1):
        for case in range(3):
            contents = powerloss.survivors(record, None, random.Random(case) if case else None, upto)
            assert "events.db" in contents, (upto, first, len(steps))
            stored(contents, tmp_path / f"{upto}-{case}")
    assert stored(powerloss.survivors(record, None), tmp_path / "all") == {"first": 3}


def test_the_model_of_power_loss_can_tell(tmp_path):
    """With sync normal an acknowledgement is good for a dying process only: the model shows the difference, and a log
    that is shorter, but whole."""
    acked, survivors = crash_bridge(tmp_path, "normal")
    kept = stored(survivors(), tmp_path / "normal")
    assert any(kept.get(name, 0) < k for name, k in acked.items()), (kept, acked)


# --- requests ---

def test_a_request_with_a_key_is_done_once_whoever_dies(instances):
    """api.fcgi is killed again and again while runs are started and events posted, each request under a key and repeated
    until it is answered."""
    instance, over, killed = instances(), threading.Event(), []
    definition = {"nodes": [{"id": "start", "type": "trigger", "data": {"kind": "manual"}}], "edges": []}
    refused = []

    def until_answered(path, body, key):
        while True:
            status, answer = instance.try_http("POST", path, body, {"Idempotency-Key": key})
            if status == 202:
                return answer
            if status not in (0, 500, 502, 503):
                refused.append((path, status, answer))
                return answer

    def kill():
        rng = random.Random(1)
        while not over.is_set():
            killed.append(faults.kill_fcgi(instance, rng, "api.fcgi"))
            time.sleep(rng.uniform(0.05, 0.4))

    runs, numbers, threads = {}, itertools.count(), [threading.Thread(target=kill)]

    def start_runs():
        for k in numbers:  # shared by the workers; a fast machine has more to do until enough was killed
            if k >= 90 and sum(killed) > 5 or k >= 9000:
                return
            runs[k] = until_answered(f"/api/workflows/once-{k}/run", definition, f"run-{k}").get("runId")
            until_answered("/api/events", {"stream": "tool:once", "type": "log", "data": {"k": k}}, f"event-{k}")

    workers = [threading.Thread(target=start_runs) for _ in range(3)]
    for thread in threads + workers:
        thread.start()
    for thread in workers:
        thread.join()
    over.set()
    threads[0].join()
    assert not refused and sum(killed) > 5, (refused, killed)
    made = dict(instance.rows("runspool.db", "SELECT workflow_id, group_concat(id) FROM run GROUP BY workflow_id"))
    assert made == {f"once-{k}": run for k, run in runs.items()}
    for run in runs.values():
        assert instance.wait(run)["status"] == "success"
    wait_until(lambda: instance.outbox() == 0, what="an empty outbox")
    told = [e["data"]["k"] for e in instance.history() if e["stream"] == "tool:once"]
    assert sorted(told) == sorted(runs)
