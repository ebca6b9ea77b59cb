"""Dashboard topics: the present state at connect, then after a change, the same on every door and in the HTTP twin."""

import json
import sqlite3
import subprocess
import threading
import time

import pytest

from clients import Sse, Ws, get, poll, refused
from conftest import wait_until
from runs import GATE, chain, open_gate, shell

EVERY = 1.0  # seconds between two states for one client, at least


def parts(ident):
    """HEAD and hash of a topic's id."""
    head, _, digest = ident.partition(".")
    assert head.isdigit() and len(digest) == 8 and int(digest, 16) >= 0, ident
    return int(head), digest


class SseTopic:
    """A topic by Server-Sent Events, with the calls of a WebSocket."""

    def __init__(self, base, path, **more):
        self.stream = Sse(base, path, **more)
        hello = self.stream.next()
        assert hello[0] is None and hello[1]["op"] == "hello"

    def recv(self):
        ident, message = self.stream.next()
        assert ident == message.get("id")
        return message

    def until(self, last):
        taken = []
        while not taken or not last(taken[-1]):
            taken.append(self.recv())
        return taken

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()


class PollTopic:
    """The same by polls that follow one another."""

    def __init__(self, base, path, since=None):
        self.base, self.path, self.since, self.queue = base, path, since, []

    def recv(self):
        while not self.queue:
            body = poll(self.base, self.path, since=self.since, wait=20)
            assert body["next"], body
            self.queue, self.since = body["events"], body["next"]
        return self.queue.pop(0)

    until = SseTopic.until

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def open_door(it, door, topic, since=None):
    query = f"?since={since}" if since else ""
    if door == "/ws":
        return Ws(it.url, f"/ws{topic}{query}")
    if door == "/sse":
        return SseTopic(it.url, f"/sse{topic}{query}")
    return PollTopic(it.url, f"{door}{topic}", since)


DOORS = ("/ws", "/sse", "/poll", "/api/poll")


@pytest.fixture
def held(instance):
    """Start runs that wait at a gate; at the end all are let go."""
    runs = []

    def start(**more):
        nodes, edges = chain(shell("hold", GATE))
        runs.append(instance.inline(nodes, edges, **more))
        return runs[-1]

    yield start
    for run in runs:
        if instance.record(run)["status"] not in ("success", "error", "cancelled"):
            instance.cli("cancel", run)
        instance.wait(run)
    wait_until(lambda: active(instance) == [], what="no run under way")


def active(it):
    status, headers, body = it.http("GET", "/api/workflows/active")
    assert status == 200 and headers["Content-Type"].startswith("application/json")
    return body


def is_running(run):
    return lambda message: any(r["id"] == run and r["status"] == "running" and r["current_node"] == "hold"
                               for r in message["data"])


@pytest.mark.parametrize("door", DOORS)
def test_state_then_changes(instance, held, door):
    """At connect what is, then each change that stays; the twin's data and the door's are the same."""
    with open_door(instance, door, "/workflows") as topic:
        first = topic.recv()
        assert first["type"] == "workflows_update" and first["data"] == [] and first["timestamp"].endswith("Z")
        run = held(workflow="shown")
        states = topic.until(is_running(run))
        shown = states[-1]["data"][0]
        assert shown["workflow_id"] == "shown" and shown["progress"] in range(101) and shown["start_time"]
        assert set(shown) >= {"id", "name", "workflow_id", "status", "start_time", "progress", "current_node"}
        assert active(instance) == states[-1]["data"]
        open_gate(instance, run)
        states += topic.until(lambda m: m["data"] == [])
        assert [s["data"] for s in states].count([]) == 1, "an end that was no end"
    heads = [parts(s["id"])[0] for s in [first, *states]]
    assert heads == sorted(heads)
    hashes = [parts(s["id"])[1] for s in [first, *states]]
    assert all(a != b for a, b in zip(hashes, hashes[1:])), "a state was given that is no other"
    assert hashes[0] == hashes[-1], "the same state has the same hash"


def test_hash_is_of_the_state_on_all_doors(instance, held):
    run = held()
    wait_until(lambda: is_running(run)({"data": active(instance)}), what="the run to begin")
    found = set()
    for door in DOORS:
        with open_door(instance, door, "/workflows") as topic:
            message = topic.recv()
            found.add((parts(message["id"])[1], json.dumps(message["data"])))
    assert len(found) == 1


@pytest.mark.parametrize("door", DOORS)
def test_cursor(instance, held, door):
    """The cursor is the state a client has: it gives nothing as long as that is the state, on whichever door."""
    other = DOORS[DOORS.index(door) - 1]
    with open_door(instance, other, "/workflows") as topic:
        seen = topic.recv()
    assert seen["data"] == []
    with open_door(instance, door, "/workflows", since=seen["id"]) as topic:
        run = held()
        changed = topic.recv()  # not the state that was seen
        assert [r["id"] for r in changed["data"]] == [run] and parts(changed["id"])[1] != parts(seen["id"])[1]
    with open_door(instance, door, "/workflows", since=seen["id"]) as topic:
        assert [r["id"] for r in topic.recv()["data"]] == [run]


@pytest.mark.parametrize("door", DOORS)
def test_since_words_and_numbers(instance, held, door):
    """start and the id of an event: the present state; now: the next one."""
    for since in ("start", "0", "1", "1.2"):
        with open_door(instance, door, "/workflows", since=since) as topic:
            assert topic.recv()["data"] == []
    if "poll" in door:
        body = poll(instance.url, f"{door}/workflows", since="now")
        assert body["events"] == [] and parts(body["next"])
    else:
        with open_door(instance, door, "/workflows", since="now") as topic, open_door(instance, door, "/workflows") as other:
            other.recv()  # so the first one has its place as well
            run = held()
            assert [r["id"] for r in topic.recv()["data"]] == [run]
    for bad in ("x", "1.", "-1", "1.zzzzzzzz"):
        assert get(instance.url, f"/api/poll/workflows?since={bad}")[0] == 400
        assert get(instance.url, f"/poll/workflows?since={bad}")[0] == 400
        assert refused(instance.url, f"/ws/workflows?since={bad}") == 400
        with Sse(instance.url, f"/sse/workflows?since={bad}") as stream:
            assert stream.status == 400


@pytest.mark.parametrize("door", ("/poll", "/api/poll"))
def test_poll_is_held_until_it_changes(instance, held, door):
    first = poll(instance.url, f"{door}/workflows")
    assert [m["data"] for m in first["events"]] == [[]] and first["next"] == first["events"][0]["id"]
    again = poll(instance.url, f"{door}/workflows", since=first["next"])
    assert again["events"] == [] and parts(again["next"])[1] == parts(first["next"])[1]
    answers = []
    asking = threading.Thread(target=lambda: answers.append(poll(instance.url, f"{door}/workflows", since=first["next"], wait=20)))
    asking.start()
    run = held()
    asking.join(20)
    assert [[r["id"] for r in m["data"]] for m in answers[0]["events"]] == [[run]]
    assert poll(instance.url, f"{door}/workflows", since="now", wait=0)["events"] == []


@pytest.mark.parametrize("door", DOORS)
def test_cursor_beyond_the_log(instance, door):
    """What the client saw is not in this log: a gap is told, then the state."""
    with open_door(instance, door, "/workflows", since="999999999.0a0a0a0a") as topic:
        gap, state = topic.recv(), topic.recv()
    assert gap["type"] == "gap" and gap["last"] == "999999999" and int(gap["first"]) > 0 and "id" not in gap
    assert state["type"] == "workflows_update"


def test_listen_only(instance):
    with Ws(instance.url, "/ws/workflows") as ws:
        ws.recv()
        ws.send("ping")
        assert ws.recv() == {"type": "pong"}
        ws.send({"nonsense": 1})
        ws.send({"type": "ping"})
        assert ws.recv() == {"type": "pong"}
    assert get(instance.url, "/ws/workflows")[0] == 426
    assert refused(instance.url, "/ws/workflows/") in (400, 404)
