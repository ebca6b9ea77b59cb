"""`runspool replay`: a recorded run gives every dialect's messages by every door, as they were."""

import contextlib
import json
import os
import signal
import subprocess
import sys

import pytest

from clients import poll
from conftest import RUNSPOOL, SOURCE, Instance, wait_until
from doors import DOORS, take

sys.path.insert(0, str(SOURCE / "tests" / "helper"))
from llm_server import LlmServer  # noqa: E402

ENDS = ("run.finished", "run.failed", "run.cancelled")
START = {"id": "start", "type": "trigger", "data": {"kind": "manual"}}


class Replay:
    """A running replay; `url` as an instance has it."""

    def __init__(self, what, tmp, *options, environ=None):
        self.process = subprocess.Popen([str(RUNSPOOL), "replay", str(what), "--json", *options], text=True, stdout=subprocess.PIPE,
                                        env={**os.environ, "TMPDIR": str(tmp), **(environ or {})})
        self.told = json.loads(self.process.stdout.readline())
        self.url = self.told["url"].rstrip("/")

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.close()
        return self.process.wait(30)


@contextlib.contextmanager
def replaying(*args, **more):
    it = Replay(*args, **more)
    try:
        yield it
    finally:
        status = it.close()
    assert status == 0


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A run with a tool, an agent and a failure that is let pass, and one of the assistant; both in one file."""
    model = LlmServer()
    it = Instance(["runner.http_private=allow", f"model.url={model.url}", "model.default=test-model"], examples=False)
    try:
        nodes = [START, {"id": "pause", "type": "control", "data": {"kind": "delay", "ms": 1500}},
                 {"id": "fetch", "type": "tool", "data": {"kind": "http_request", "url": it.url + "/api"}},
                 {"id": "bad", "type": "control", "data": {"kind": "transform", "expression": "error(\"oops\")", "continueOnError": True}},
                 {"id": "writer", "type": "agent", "data": {"kind": "agent", "prompt": "hello"}},
                 {"id": "done", "type": "output", "data": {"kind": "result", "value": "ok"}}]
        edges = [{"id": str(i), "source": a, "target": b} for i, (a, b) in enumerate(
            [("start", "pause"), ("pause", "fetch"), ("pause", "bad"), ("fetch", "writer"), ("writer", "done")])]
        status, _, body = it.http("PUT", "/api/workflows/recorded", {"name": "Recorded", "crewId": "film", "nodes": nodes, "edges": edges})
        assert status in (200, 201), body
        run = it.run("recorded")
        assert it.wait(run)["status"] == "success"
        status, _, body = it.http("POST", "/api/workflow/actions", {"action": "execute_workflow", "input": "Who are you?"})
        assert status == 202, body
        assert it.wait(body["runId"])["status"] == "success"
        file = tmp_path_factory.mktemp("recording") / "runs.jsonl"
        file.write_text("".join(it.cli("tail", f"run:{r}", "--since", "start", "--json", "--no-follow") for r in (run, body["runId"])))
        it.file, it.film, it.talk = file, run, body["runId"]
        yield it
    finally:
        it.close()
        model.close()


@pytest.fixture(scope="module")
def replay(recorded, tmp_path_factory):
    with replaying(recorded.file, tmp_path_factory.mktemp("replay"), "--speed", "max") as it:
        for run in it.told["runs"]:
            wait_until(lambda: poll(it.url, f"/poll?stream=run:{run}", since="start", wait=5).get("end"), what=f"the end of {run}")
        yield it


def essence(messages):
    """Messages without what a replay has of its own: ids of events, and times."""
    return [{k: v for k, v in m.items() if k not in ("id", "timestamp", "time")} for m in messages]


PATHS = {"?stream=run:{film}": True, "/workflows/{film}": True, "/workflows/{film}/logs": True, "/api/workflow/stream?runId={talk}": True,
         "/workflow/recorded": False, "/runs/{film}": True, "/runs/{talk}": True, "/graph/film": False}


@pytest.mark.parametrize("path, ends", PATHS.items())
def test_every_dialect_by_every_door(recorded, replay, path, ends):
    path = path.format(film=recorded.film, talk=recorded.talk)
    expected = poll(recorded.url, "/poll" + path, since="start")["events"]
    assert len(expected) >= 2
    for door in DOORS:
        if not (door == "ws" and path.startswith("?")):  # the native socket takes no streams from its URL
            closes = ends and (door != "ws" or path.startswith("/runs/"))
            assert essence(take(replay, door, path, len(expected), "start", closes)) == essence(expected), door


def test_opening_states_are_those_of_the_run(recorded, replay):
    for path in (f"/workflows/{recorded.film}", f"/workflows/{recorded.film}/logs"):
        (was,), (now,) = (poll(it.url, "/poll" + path)["events"] for it in (recorded, replay))
        assert now["type"] == "connected" and now.get("status") == was.get("status")
        assert {n: r["status"] for n, r in now.get("nodes", {}).items()} == {n: r["status"] for n, r in was.get("nodes", {}).items()}
        assert essence(now.get("logs", [])) == essence(was.get("logs", []))


def test_ids_are_the_recorded_ones(recorded, replay):
    assert replay.told["runs"] == [recorded.film, recorded.talk]
    status = json.loads(subprocess.run(["curl", "-s", f"{replay.url}/api/runs/{recorded.film}"], capture_output=True, check=True).stdout)
    assert (status["id"], status["workflowId"], status["status"]) == (recorded.film, "recorded", "success")


def test_a_run_of_the_data_directory_in_its_own_timing(recorded, tmp_path):
    """While it is played it is active, and its topic says so; afterwards it is not."""
    active = lambda it: [item["id"] for item in poll(it.url, "/poll/workflows")["events"][0]["data"]]
    with replaying(recorded.film, tmp_path, environ={"RUNSPOOL_DATA": str(recorded.data)}) as it:
        wait_until(lambda: active(it) == [recorded.film], what="the run to be active")
        wait_until(lambda: active(it) == [], what="the run to be over")
        assert it.told["runs"] == [recorded.film]
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_loops_as_a_retried_run(recorded, tmp_path):
    with replaying(recorded.film, tmp_path, "--loop", "--speed", "max", environ={"RUNSPOOL_DATA": str(recorded.data)}) as it:
        ends = lambda: [e for e in poll(it.url, f"/poll?stream=run:{recorded.film}", since="start")["events"] if e["type"] in ENDS]
        wait_until(lambda: len(ends()) >= 2, what="a second round")
        first, second = ends()[:2]
        assert (first["data"]["attempt"], second["data"]["attempt"]) == (1, 2) and second["seq"] > first["seq"]


@pytest.mark.parametrize("args, what", [
    (["nothing-there"], "nothing-there"), (["BAD"], "line 2 is no event"), (["EMPTY"], "no events"), (["BAD", "--speed", "0"], "--speed"),
    (["BAD", "--speed", "fast"], "--speed")])
def test_what_cannot_be_played_is_told(recorded, tmp_path, args, what):
    (tmp_path / "BAD").write_text(recorded.file.read_text().splitlines()[0] + '\n{"type":"log"}\n')
    (tmp_path / "EMPTY").write_text("\n")
    done = subprocess.run([str(RUNSPOOL), "replay", *args], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "RUNSPOOL_DATA": str(recorded.data), "TMPDIR": str(tmp_path)})
    assert done.returncode != 0 and what in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert not list(tmp_path.glob("runspool-replay*"))
