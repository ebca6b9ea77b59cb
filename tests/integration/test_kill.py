"""kill -9 of each process during a run: the run ends with the true state, its events are there once and in order."""

import os
import pathlib
import signal

import pytest

from conftest import wait_until

LINES = 400
COUNT = [{"id": "start", "type": "trigger", "data": {"kind": "manual"}},
         {"id": "count", "type": "tool", "data": {"kind": "shell", "command": [
             "sh", "-c", f"i=0; while [ $i -lt {LINES} ]; do i=$((i + 1)); echo line $i; sleep 0.01; done"]}}]
EDGES = [{"id": "e", "source": "start", "target": "count"}]


def events(instance, run):
    found, cursor = [], "start"
    while True:
        _, _, page = instance.http("GET", f"/api/poll?stream=run:{run}&since={cursor}")
        found += page["events"]
        if not page["events"]:
            return found
        cursor = page["next"]


def check_history(instance, run, final):
    # The record says first that the run has ended; the event that says so is on its way.
    found = wait_until(lambda: (lambda all: all if all and all[-1]["type"] == final else None)(events(instance, run)), what=final)
    assert [e["seq"] for e in found] == list(range(1, len(found) + 1))
    ids = [int(e["id"]) for e in found]
    assert ids == sorted(set(ids))
    assert sum(e["type"] in ("run.finished", "run.failed", "run.cancelled") for e in found) == 1
    return [e["data"]["message"] for e in found if e["type"] == "log" and e["data"].get("source") == "stdout"]


def started(instance):
    run = instance.inline(COUNT, EDGES)
    wait_until(lambda: any(e["type"] == "log" for e in events(instance, run)), what="the first line")
    return run


def descendants(pid):
    """Processes of this pid's tree, from /proc."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(") ", 1)[1].split()[1])
            except OSError:
                pass
    found, queue = [], [pid]
    while queue:
        parent = queue.pop()
        children = [p for p, pp in parents.items() if pp == parent]
        found += children
        queue += children
    return found


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


@pytest.mark.parametrize("victim", ["bridge", "runner"])
def test_a_daemon_killed_during_a_run_loses_nothing(new_instance, victim):
    instance = new_instance(examples=False)
    run = started(instance)
    before = instance.pid(victim)
    os.kill(before, signal.SIGKILL)
    record = instance.wait(run)
    assert record["status"] == "success", record["error"]
    assert check_history(instance, run, "run.finished") == [f"line {i}" for i in range(1, LINES + 1)]
    wait_until(lambda: instance.pid(victim) != before and os.path.exists(f"/proc/{instance.pid(victim)}"), what="a restart")
    assert instance.wait(instance.inline(COUNT[:1], []))["status"] == "success"


def test_a_run_process_killed_is_an_error_with_its_tools_ended(new_instance):
    instance = new_instance(examples=False)
    run = started(instance)
    tree = descendants(instance.pid("runner"))
    victim = next(p for p in tree if run.encode() in command_line(p))
    below = descendants(victim)
    assert below
    os.kill(victim, signal.SIGKILL)
    record = instance.wait(run, 20)
    assert record["status"] == "error" and record["error"]["code"] == "orphaned"
    assert record["nodes"]["count"]["status"] == "error" and record["nodes"]["count"]["error"]["code"] == "orphaned"
    lines = check_history(instance, run, "run.failed")
    assert lines == [f"line {i}" for i in range(1, len(lines) + 1)] and len(lines) < LINES
    wait_until(lambda: not any(os.path.exists(f"/proc/{p}") for p in below), what="the end of the run's tools")


def test_bridge_and_runner_killed_at_once(new_instance):
    instance = new_instance(examples=False)
    run = started(instance)
    os.kill(instance.pid("bridge"), signal.SIGKILL)
    os.kill(instance.pid("runner"), signal.SIGKILL)
    assert instance.wait(run)["status"] == "success"
    assert check_history(instance, run, "run.finished") == [f"line {i}" for i in range(1, LINES + 1)]
