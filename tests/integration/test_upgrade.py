"""An upgrade: the programs are replaced and restarted one after the other, with runs going and clients on every door."""

import asyncio
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

import pytest
import websockets

from clients import Sse, Ws, poll, poll_all, with_query
from conftest import BUILD, RUNSPOOL, wait_until
from runs import TRIGGER, result, shell

ENDS = ("run.finished", "run.failed", "run.cancelled")
PROGRAMS = {"bridge": ["runspool-bridge"], "runner": ["runspool-runner"], "web": ["api.fcgi", "events.fcgi", "hook.fcgi"]}
FOLDERS = {"runspool-bridge": "bridge", "runspool-runner": "runner", "api.fcgi": "fcgi", "events.fcgi": "fcgi", "hook.fcgi": "fcgi"}
TROUBLE = (OSError, AssertionError, ValueError, KeyError, asyncio.TimeoutError, asyncio.IncompleteReadError,
           http.client.HTTPException, websockets.WebSocketException)
CHATTER = "i=0; until [ -e go ]; do i=$((i + 1)); echo line $i; sleep 0.01; done; echo $i"


class Follower(threading.Thread):
    """A client of one door that comes back by its cursor whenever it is cut off, until the run's end."""

    def __init__(self, instance, run, door):
        super().__init__(daemon=True)
        self.instance, self.run_id, self.door = instance, run, door
        self.taken, self.cuts, self.last_trouble = [], 0, None
        self.start()

    @property
    def since(self):
        return self.taken[-1]["id"] if self.taken else "start"

    @property
    def done(self):
        return bool(self.taken) and self.taken[-1]["type"] in ENDS

    def run(self):
        deadline = time.monotonic() + 240
        while not self.done and time.monotonic() < deadline:
            try:
                getattr(self, "by_" + self.door)()
            except TROUBLE as error:
                self.last_trouble = error
                time.sleep(0.02)
            self.cuts += not self.done

    def take(self, message):
        if "id" in message:
            self.taken.append(message)

    def by_ws(self):
        with Ws(self.instance.url, "/ws") as ws:
            ws.send({"op": "subscribe", "streams": [f"run:{self.run_id}"], "since": self.since})
            while not self.done:
                self.take(ws.recv())

    def by_sse(self):
        path = with_query("/sse", stream=f"run:{self.run_id}", since="start")
        with Sse(self.instance.url, path, last_event_id=self.taken[-1]["id"] if self.taken else None) as stream:
            assert stream.status == 200
            while not self.done and (item := stream.next()):
                self.take(item[1])

    def poll_at(self, door):
        since = self.since
        while not self.done:
            answer = poll(self.instance.url, door, stream=f"run:{self.run_id}", since=since, wait=5)
            for message in answer["events"]:
                self.take(message)
            since = answer["next"]

    def by_poll(self):
        self.poll_at("/poll")

    def by_api_poll(self):
        self.poll_at("/api/poll")

    def by_tail(self):
        """One command: that it comes back is its own affair."""
        assert not self.taken, "tail has given up"
        process = subprocess.Popen([str(RUNSPOOL), "tail", f"run:{self.run_id}", "--since", "start", "--json"],
                                   env=self.instance.environ, stdout=subprocess.PIPE, text=True)
        try:
            for line in process.stdout:
                self.take(json.loads(line))
                if self.done:
                    break
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()


DOORS = ("ws", "sse", "poll", "api_poll", "tail")


def install(folder):
    """New files under the old names, as a package manager puts them there: program -> inode."""
    inodes = {}
    for program, built in FOLDERS.items():
        new = folder / (program + ".new")
        shutil.copy(BUILD / built / program, new)
        os.replace(new, folder / program)
        inodes[program] = (folder / program).stat().st_ino
    return inodes


def children(pid):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from children(int(child))


def running(instance, part):
    """Inodes of the program files that a part's processes execute: {program: {inode, ...}}."""
    found = {program: set() for program in PROGRAMS[part]}
    pid = instance.pid(part)
    for each in [pid, *children(pid)] if part == "web" else [pid]:
        try:
            name = os.readlink(f"/proc/{each}/exe").removesuffix(" (deleted)").split("/")[-1]
            if name in found:
                found[name].add(os.stat(f"/proc/{each}/exe").st_ino)
        except OSError:  # it has ended meanwhile
            pass
    return found


@pytest.fixture
def programs(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNSPOOL_PROGRAMS", str(tmp_path))
    return tmp_path


def test_nothing_is_lost_when_every_part_is_replaced_twice(programs, new_instance):
    inodes = install(programs)
    instance = new_instance()
    nodes = [TRIGGER, shell("chatter", CHATTER), shell("after", "echo the count is $N", env={"N": "{{ .nodes.chatter.output.exitCode }}"}),
             result(value="{{ .nodes.after.output.stdout }}")]
    edges = [{"id": f"e{i}", "source": a["id"], "target": b["id"]} for i, (a, b) in enumerate(zip(nodes, nodes[1:]))]
    runs = [instance.inline(nodes, edges, workflow=f"upgrade-{i}") for i in range(2)]
    followers = [Follower(instance, run, door) for run in runs for door in DOORS]

    def all_go_on():
        for follower in followers:
            n = len(follower.taken)
            wait_until(lambda: len(follower.taken) > n + 10, timeout=120, what=f"progress of {follower.door} after message {n}")

    all_go_on()
    for part in ("bridge", "runner", "web") * 2:
        assert running(instance, part) == {p: {inodes[p]} for p in PROGRAMS[part]}
        new = install(programs)
        instance.cli("restart", part)
        inodes.update({p: new[p] for p in PROGRAMS[part]})  # the others go on with their old files
        wait_until(lambda: running(instance, part) == {p: {inodes[p]} for p in PROGRAMS[part]}, what=f"the new {part} to run")
        all_go_on()

    for run in runs:
        (instance.data / "runs" / run / "work" / "go").write_text("")
    for follower in followers:
        follower.join(120)
        assert follower.done, f"{follower.door}: {len(follower.taken)} messages, last trouble {follower.last_trouble!r}"
    for run in runs:
        log = poll_all(instance.url, "/poll", "start", stream=f"run:{run}")
        assert [m["seq"] for m in log] == list(range(1, len(log) + 1)) and log[-1]["type"] == "run.finished"
        said = [m["data"]["message"] for m in log if m["type"] == "log" and m["data"]["nodeId"] == "chatter"]
        assert said == [f"line {i}" for i in range(1, int(said[-1]) + 1)] + [said[-1]], "every line the program wrote, once, in order"
        for follower in followers:
            if follower.run_id == run:
                assert follower.taken == log, follower.door
        record = instance.record(run)
        assert record["status"] == "success" and record["attempt"] == 1 and "count is 0" in record["output"]
    # It was no idle exercise: streams are cut by every restart of the bridge and of the web server before it.
    assert all(f.cuts >= 4 for f in followers if f.door in ("ws", "sse"))
