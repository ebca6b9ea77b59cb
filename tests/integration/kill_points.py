"""kill -9 of a run's process, of the runner, or of both, at random moments of a run of twelve nodes; then what must be true."""

import collections
import os
import pathlib
import random
import signal
import sqlite3
import time

from conftest import ALLOW, wait_until
from runs import TRIGGER, shell
from test_kill import events

ENDED = ("success", "error", "cancelled")


def work(name, seconds, **data):
    """A node whose side effects can be counted."""
    return shell(name, f"echo {name} begins >> trace; sleep {seconds}; echo {name} ends >> trace", **data)


AGAIN = {"onInterrupted": "retry"}
NODES = [TRIGGER,
         work("fetch", 0.03, **AGAIN), work("a", 0.05), work("b", 0.04, **AGAIN), work("c", 0.06),
         {"id": "sum", "type": "control", "data": {"kind": "transform", "expression": "[.nodes[].status] | length"}},
         {"id": "pick", "type": "control", "data": {"kind": "condition", "expression": ".nodes.sum.output > 3"}},
         work("yes", 0.04, **AGAIN), work("no", 0.01), work("last", 0.05), work("clean", 0.03, **AGAIN),
         {"id": "done", "type": "output", "data": {"kind": "result", "value": "well"}}]
EDGES = [{"source": a, "target": b, **more} for a, b, more in (
    ("start", "fetch", {}), ("fetch", "a", {}), ("fetch", "b", {}), ("fetch", "c", {}), ("a", "sum", {}), ("b", "sum", {}),
    ("c", "sum", {}), ("sum", "pick", {}), ("pick", "yes", {"sourceHandle": "true"}), ("pick", "no", {"sourceHandle": "false"}),
    ("yes", "last", {}), ("last", "clean", {}), ("clean", "done", {}))]
ONCE_ONLY = {n["id"] for n in NODES if n["data"]["kind"] == "shell" and "onInterrupted" not in n["data"]}
assert len(NODES) == 12


def row(instance, run, columns):
    db = sqlite3.connect(f"file:{instance.data / 'runspool.db'}?mode=ro", uri=True, timeout=120)
    try:
        return db.execute(f"SELECT {columns} FROM run WHERE id = ?", (run,)).fetchone()
    finally:
        db.close()


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def strike(instance, run, victim):
    """Kill what is there of it. Returns what was killed."""
    done = set()
    if victim in ("runner", "both") and kill(instance.pid("runner")):
        done.add("runner")
    if victim in ("run", "both"):
        status, pid = row(instance, run, "status, pid")
        if status not in ENDED and pid and kill(pid):
            done.add("run")
    return done


def processes_of(run):
    """Whoever works in the run's folder, or names the run on its command line."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if run.encode() in (entry / "cmdline").read_bytes() or run in os.readlink(entry / "cwd"):
                found.append((int(entry.name), (entry / "cmdline").read_bytes()))
        except OSError:
            pass
    return found


def check(instance, run, resumes, killed):
    """Returns how the run ended; asserts that it is the truth."""
    record = wait_until(lambda: (lambda r: r if r["status"] in ENDED else None)(instance.record(run)), 60, f"the end of {run}")
    final = {"success": "run.finished", "error": "run.failed"}[record["status"]]
    history = wait_until(lambda: (lambda all: all if all and all[-1]["type"] == final else None)(events(instance, run)), what=final)
    assert [e["seq"] for e in history] == list(range(1, len(history) + 1))
    trace = instance.data / "runs" / run / "work" / "trace"
    effects = collections.Counter(trace.read_text().split("\n") if trace.exists() else ())
    begun, finished = collections.Counter(), set()
    for event in history:
        node = event["data"].get("nodeId")
        if event["type"] == "node.started":
            assert node not in finished, f"{run}: {node} ran again behind its checkpoint"
            begun[node] += 1
        elif event["type"] == "node.finished":
            finished.add(node)
    for node in NODES:
        name = node["id"]
        assert effects[f"{name} begins"] <= begun[name], f"{run}: {name} had effects that nobody recorded"
        if name in finished and node["data"]["kind"] == "shell":
            assert effects[f"{name} ends"] >= 1
        if name in ONCE_ONLY:
            assert begun[name] <= 1, f"{run}: {name} was interrupted and ran again"
    interrupted = {n for n, r in record["nodes"].items() if (r["error"] or {}).get("code") == "orphaned"} if record["status"] == "error" else set()
    if record["status"] == "error":
        assert "run" in killed and record["error"]["code"] == "orphaned", record["error"]
        # With runner.orphan = resume only a node that may not be executed twice ends the run.
        assert not resumes or interrupted & ONCE_ONLY, interrupted
    else:
        assert record["output"] == "well" and record["progress"] == 100
        assert resumes or record["attempt"] == 1
    wait_until(lambda: not processes_of(run), 20, f"the end of {processes_of(run)}")
    return "resumed" if record["status"] == "success" and record["attempt"] > 1 else record["status"]


def play_one(instance, points, resumes, luck, outcomes):
    began = time.monotonic()
    assert check(instance, instance.inline(NODES, EDGES), resumes, set()) == "success"
    usual = time.monotonic() - began
    n = 0
    while n < points:
        victim = luck.choices(("run", "runner", "both"), (3, 1, 1))[0]
        run = instance.inline(NODES, EDGES)
        time.sleep(luck.uniform(0, usual))  # the kill point: any moment of the run
        killed = strike(instance, run, victim)
        if not killed:  # it had ended
            check(instance, run, resumes, killed)
            continue
        n += 1
        outcomes["killed " + " and ".join(sorted(killed))] += 1
        outcomes[("resume: " if resumes else "fail: ") + check(instance, run, resumes, killed)] += 1


def play(make_instance, points, seed):
    """So many kill points, half of them with each setting of runner.orphan. Returns how often what came of them."""
    luck, outcomes = random.Random(seed), collections.Counter()
    for resumes in (False, True):
        instance = make_instance((*ALLOW, f"runner.orphan={'resume' if resumes else 'fail'}"), examples=False)
        try:
            play_one(instance, points // 2, resumes, luck, outcomes)
        finally:
            instance.close()
        # A tick that the API started while no runner lived ends by itself, soon after.
        wait_until(lambda: not processes_of(str(instance.data)), 20, f"the end of {processes_of(str(instance.data))}")
    return outcomes
