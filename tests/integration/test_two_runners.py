"""Several runners on one data directory: together they keep to runner.max_runs, and execute each run once."""

import os
import re
import signal
import subprocess

import pytest
from conftest import ALLOW, BUILD, wait_until
from runs import chain, open_gate, result, shell
from test_policies import at_the_gate, save, start

RUNS = 200 if os.environ.get("HEAVY") == "yes" else 24
AT_A_TIME = 8


class Second:
    """A second runner beside an instance's own."""

    def __init__(self, instance, settings):
        self.instance, self.path = instance, instance.data / "log" / "second.log"
        self.args = [str(BUILD / "runner" / "runspool-runner"), "--data", str(instance.data), "--name", "two"]
        for setting in settings:
            self.args += ["--set", setting]
        self.process = None
        self.start()

    def start(self):
        pid = self.instance.data / "run" / "runner-two.pid"
        pid.unlink(missing_ok=True)
        with open(self.path, "ab") as log:
            self.process = subprocess.Popen(self.args, stderr=log)
        wait_until(pid.exists, what="the second runner")

    def started(self):
        return set(re.findall(r"run\.started run=(\S+)", self.path.read_text()))

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(20)


@pytest.fixture
def pair(new_instance):
    settings = (*ALLOW, f"runner.max_runs={AT_A_TIME}")
    instance = new_instance(settings, examples=False)
    second = Second(instance, settings)
    yield instance, second
    if second.process.poll() is None:
        second.end()


def most_at_once(records):
    """How many of them overlapped."""
    ends = sorted([(r["startedAt"], 1) for r in records] + [(r["finishedAt"], -1) for r in records])
    now = most = 0
    for _, step in ends:
        now += step
        most = max(most, now)
    return most


def test_each_queued_run_is_executed_once(pair):
    instance, second = pair
    script = "echo executed >> trace; cat trace"
    save(instance, "once", *chain(shell("work", script), result(value="{{ .nodes.work.output.stdout }}")))

    def some():
        return [start(instance, "once") for _ in range(RUNS // 3)]

    def listed(*status):
        _, _, page = instance.http("GET", "/api/runs?limit=500")
        return {run["id"] for run in page["items"] if run["status"] in status}

    own = instance.pid("runner")
    os.kill(own, signal.SIGSTOP)  # so that the other takes some, however quick this one is
    runs = some()
    wait_until(second.started, what="a run of the second runner")
    os.kill(own, signal.SIGCONT)
    runs += some()
    # In the middle of it one of the two dies, and comes back: what it had started goes on.
    second.end(signal.SIGKILL)
    runs += some()
    wait_until(lambda: listed("running", "success") - second.started(), what="a run of the first runner")
    second.start()
    wait_until(lambda: len(listed("success")) == len(runs), timeout=600, what="all runs")
    records = [instance.record(run) for run in runs]
    for record in records:
        assert record["status"] == "success" and record["attempt"] == 1 and record["output"] == "executed\n", record
    assert most_at_once(records) <= AT_A_TIME
    # Both had their part.
    assert second.started() and set(runs) - second.started()


def test_a_second_runner_ends_its_own_runs_only(pair):
    instance, second = pair
    save(instance, "gated", *chain(shell("gate", "until [ -e go ]; do sleep 0.02; done")))
    runs = []
    for other in second.process.pid, instance.pid("runner"):
        os.kill(other, signal.SIGSTOP)  # so that each takes one
        runs.append(start(instance, "gated"))
        at_the_gate(instance, runs[-1])
        os.kill(other, signal.SIGCONT)
    assert second.started() == {runs[1]}
    second.end(signal.SIGINT)
    for run in runs:
        if run in second.started():
            assert instance.wait(run)["status"] == "cancelled"
        else:
            assert instance.record(run)["status"] == "running"
            open_gate(instance, run)
            assert instance.wait(run)["status"] == "success"


def test_a_name_is_taken_once(pair):
    instance, second = pair
    again = subprocess.run(second.args, stderr=subprocess.PIPE, text=True, timeout=120)
    assert again.returncode != 0 and "a runner-two is at work" in again.stderr
    bad = subprocess.run([second.args[0], "--name", "../x"],
                         stderr=subprocess.PIPE, text=True, timeout=120)
    assert bad.returncode == 2
