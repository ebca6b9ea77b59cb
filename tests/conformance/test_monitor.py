"""Part C.3, the execution monitor: a workflow's current run and every later one."""

import pytest

from doors import open_path
from install import START, Watcher, delay, fails, result, transform
from proof import Proven, Recording, Source, check_messages, prove_same

TYPES = ("status", "log", "progress", "error", "complete")
WORDS = ("running", "completed", "failed", "cancelled")


def over(message):
    return message["type"] in ("complete", "error") or message["data"].get("status") == "cancelled"


def of_run(messages, run):
    return [m for m in messages if m["data"]["runId"] == run]


def check_fields(messages):
    check_messages(messages)
    for message in messages:
        assert message["type"] in TYPES and message["id"] and message["timestamp"], message
        data = message["data"]
        assert data["runId"] and data.get("status", "running") in WORDS, message
        if message["type"] == "progress":
            assert 0 <= data["progress"] <= 100, message
        if message["type"] == "log":
            assert isinstance(data["message"], str), message


def check_good_run(messages):
    """Status running, then progress as nodes finish, to 100, then complete."""
    assert messages[0]["type"] == "status" and messages[0]["data"]["status"] == "running", messages[0]
    assert messages[-1]["type"] == "complete" and messages[-1]["data"]["status"] == "completed", messages[-1]
    progress = [m["data"]["progress"] for m in messages if m["type"] == "progress"]
    assert progress and progress[-1] == 100 and progress == sorted(progress), progress
    steps = [m["data"].get("step") for m in messages if m["type"] == "progress"]
    assert {"pause", "one"} <= set(steps), steps
    assert [m["type"] for m in messages].count("complete") == 1 and "error" not in [m["type"] for m in messages]


@pytest.fixture(scope="module")
def recorded(install):
    """Followed before there was any run; then two runs, one after the other."""
    workflow = install.save([START, delay("pause", install.pause), transform("one", "1"), result()])
    runs, joined = [], {}
    source = Source(install, f"/workflow/{workflow}", ends=False)
    recording = Recording(source, lambda m: len(runs) == 2 and m["data"]["runId"] == runs[1] and over(m))
    for n in range(2):
        runs.append(install.start(workflow))
        if n == 1:
            install.said(runs[n], "run.started")
            joined = {door: Watcher(lambda door=door: source.open(door), recording.last) for door in recording.doors}
        install.wait(runs[n])
        install.said(runs[n], "run.finished")
    return {"recording": recording.finish(), "runs": runs, "joined": joined, "workflow": workflow}


class TestRuns(Proven):
    @pytest.fixture
    def recording(self, recorded):
        return recorded["recording"]

    def test_messages_have_their_fields(self, recording):
        check_fields(recording.reference)

    def test_each_run_is_whole_and_in_order(self, recording, recorded):
        assert [run for run in dict.fromkeys(m["data"]["runId"] for m in recording.reference)] == recorded["runs"]
        for run in recorded["runs"]:
            check_good_run(of_run(recording.reference, run))

    def test_idle_and_never_run_opens_empty_then_every_run(self, recording, door):
        prove_same(door, recording.opened[door].result(), recording.reference)

    def test_joining_gives_the_current_run_from_its_start(self, recording, recorded, door):
        prove_same(door, recorded["joined"][door].result(), of_run(recording.reference, recorded["runs"][1]))

    def test_after_the_end_the_last_runs_final_messages(self, recording, recorded, door):
        with recording.source.open(door) as follower:
            messages = follower.until(over)
            follower.nothing()
        assert messages[-1] == recording.reference[-1] and {m["data"]["runId"] for m in messages} == {recorded["runs"][1]}
        prove_same(door, messages, recording.reference[-len(messages):])


def test_a_failed_run_ends_with_error(install, door):
    workflow = install.save([START, fails(), result()])
    with open_path(install.place, door, f"/workflow/{workflow}", "now", install.token) as follower:
        run = install.start(workflow)
        messages = follower.until(over)
        follower.nothing()
    check_fields(messages)
    last = messages[-1]
    assert last["type"] == "error" and last["data"]["status"] == "failed" and "broken on purpose" in last["data"]["error"], last
    assert last["data"]["runId"] == run and "complete" not in [m["type"] for m in messages]


def test_a_cancelled_run_ends_with_status_cancelled(install, door):
    workflow = install.save([START, delay("long", 60000), result()])
    with open_path(install.place, door, f"/workflow/{workflow}", "now", install.token) as follower:
        run = install.start(workflow)
        messages = follower.until(lambda m: m["data"].get("status") == "running")
        install.wait(run, ("running",))
        install.cancel(run)
        messages += follower.until(over)
        follower.nothing()
    check_fields(messages)
    assert messages[-1]["type"] == "status" and messages[-1]["data"]["status"] == "cancelled", messages[-1]


def test_runs_at_the_same_time_are_told_apart(install, door):
    workflow = install.save([START, delay("pause", 200), transform("one", "1"), result()])
    with open_path(install.place, door, f"/workflow/{workflow}", "now", install.token) as follower:
        runs, messages, ended = [install.start(workflow) for _ in range(3)], [], set()
        while len(ended) < 3:
            messages.append(follower.read())
            ended |= {messages[-1]["data"]["runId"]} if over(messages[-1]) else set()
        follower.nothing()
    check_fields(messages)
    assert ended == set(runs)
    for run in runs:
        check_good_run(of_run(messages, run))
