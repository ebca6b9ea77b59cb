"""Channels of a real Redis server: what others publish reaches all doors, ours is published, nothing twice, nothing slow."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

from clients import Emitter, Ws, get, poll, poll_all, refused
from conftest import ALLOW, BUILD, Instance, free_port, wait_until
from doors import DOORS, equal_everywhere
from runs import GATE, chain, open_gate, shell

AT = "2026-11-21T15:04:05.000Z"
CHANNELS = ("run:*", "mission:*", "graph:*")


class Redis:
    """redis-server on a loopback port, and clients that speak RESP (redis.io, protocol specification)."""

    def __init__(self, port=None, password=None):
        self.port, self.password = port or free_port(), password
        more = ["--requirepass", password] if password else []
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                                         "--appendonly", "no", "--dir", "/tmp", *more], stdout=subprocess.DEVNULL)
        wait_until(self.answers, what="redis-server")
        self.url = f"redis://{':' + password + '@' if password else ''}127.0.0.1:{self.port}"

    def answers(self):
        with contextlib.suppress(OSError):
            return self.client().ask("PING") == "PONG"

    def client(self):
        client = RedisClient(self.port)
        if self.password:
            client.ask("AUTH", self.password)
        return client

    def publish(self, channel, message):
        client = self.client()
        n = client.ask("PUBLISH", channel, message if isinstance(message, str) else json.dumps(message))
        client.close()
        return n

    def subscribers(self):
        client = self.client()
        n = client.ask("PUBSUB", "NUMPAT")
        client.close()
        return n

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class RedisClient:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.file = self.socket.makefile("rb")

    def ask(self, *words):
        words = [str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return self.read()

    def read(self):
        line = self.file.readline()
        assert line.endswith(b"\r\n"), "closed"
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"-":
            raise AssertionError(rest)
        if kind == b"$":
            return None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def close(self):
        self.file.close()
        self.socket.close()


class Listener(threading.Thread):
    """Everything published on the channels."""

    def __init__(self, redis):
        super().__init__(daemon=True)
        self.client, self.taken = redis.client(), []
        self.client.ask("PSUBSCRIBE", *CHANNELS)
        for _ in CHANNELS[1:]:
            self.client.read()
        self.start()

    def run(self):
        with contextlib.suppress(Exception):
            while True:
                _, _, channel, text = self.client.read()
                self.taken.append((channel, json.loads(text)))


@pytest.fixture(scope="module")
def redis():
    it = Redis(password="s3cret")
    yield it
    it.stop()


@pytest.fixture(scope="module")
def instance(redis):
    it = Instance((*ALLOW, f"redis.url={redis.url}"), examples=False)
    wait_until(lambda: metric(it, "redis_connected") == 1, what="the bridge at Redis")
    yield it
    it.close()


def metric(instance, name):
    text = get(instance.url, "/metrics")[2].decode()
    return int(re.search(rf"^runspool_{name} (\d+)$", text, re.M).group(1))


def plain(message):
    return {key: value for key, value in message.items() if key not in ("id", "origin")}


def test_a_foreign_run_reaches_every_door(instance, redis):
    assert refused(instance.url, "/ws/runs/theirs") == 404
    messages = [{"type": type, "timestamp": AT, "run_id": "theirs", "payload": payload} for type, payload in (
        ("boot", {"workflow_id": "w", "name": "Theirs", "attempt": 1}), ("agent_start", {"agent_id": "a", "name": "Ann"}),
        ("task_start", {"task_id": "t", "agent_id": "a", "description": "Do it"}),
        ("task_end", {"task_id": "t", "agent_id": "a", "description": "Do it", "output": "did", "status": "success", "duration_s": 1.5}),
        ("agent_end", {"agent_id": "a", "name": "Ann", "status": "success", "duration_s": 1.5}),
        ("error", {"message": "out of luck", "agent_id": "a"}), ("done", {"status": "error", "duration_s": 2.25}))]
    redis.publish("run:theirs", messages[0])
    wait_until(lambda: refused(instance.url, "/ws/runs/theirs") == 101)
    with Ws(instance.url, "/ws/runs/theirs") as ws:
        for message in messages[1:]:
            redis.publish("run:theirs", message)
        live = ws.until(lambda m: m["type"] == "done")
        assert ws.close_code() == 1000
    assert [plain(m) for m in live] == messages
    equal_everywhere(instance, "/runs/theirs", live, ends=True)


def test_tools_and_signals_of_others(instance, redis):
    with Ws(instance.url, "/ws/graph/rc") as graph, Ws(instance.url, "/ws/mission") as mission:
        tool = {"crew_id": "rc", "run_id": "x", "node_id": None, "agent_id": "a", "tool": "t"}
        for message in ({"type": "tool_start", **tool, "params": {"q": 1}}, {"type": "tool_progress", **tool, "message": "half", "progress": 0.5},
                        {"type": "ping"}, {"type": "tool_end", **tool, "duration_s": 0.5, "exit_code": 0, "status": "success"}):
            redis.publish("graph:rc", {"timestamp": AT, **message})
            if message["type"] != "ping":
                got = graph.recv()
                assert {k: v for k, v in plain(got).items() if k != "timestamp"} == message
        redis.publish("mission:rc", {"type": "signal", "payload": {"status": "busy", "crewId": "rc"}})
        assert mission.recv()["payload"] == {"status": "busy", "crewId": "rc"}
    equal_everywhere(instance, "/graph/rc", poll(instance.url, "/poll/graph/rc", since="start")["events"], opening=False)


def test_rubbish_is_counted_and_our_own_runs_are_not_told_how_they_stand(instance, redis):
    rejected = metric(instance, "redis_rejected_total")
    for channel, text in (("run:x", "not json"), ("run:x", "[]"), ("run:x", '{"type":"nonsense"}'), ("graph:x", '{"type":"boot"}'),
                          ("run:a b", '{"type":"boot"}'), ("run:", '{"type":"boot"}'), ("run:" + 129 * "x", '{"type":"boot"}')):
        redis.publish(channel, text)
    wait_until(lambda: metric(instance, "redis_rejected_total") == rejected + 7)
    run = instance.inline(*chain(shell("gate", GATE)), workflow="ours")
    with Ws(instance.url, f"/ws/runs/{run}") as ws:
        ws.recv()
        redis.publish(f"run:{run}", {"type": "done", "payload": {"status": "success"}})
        redis.publish(f"run:{run}", {"type": "agent_start", "payload": {"agent_id": "helper", "name": "Helper"}})
        assert ws.recv()["payload"] == {"agent_id": "helper", "name": "Helper"}
    open_gate(instance, run)
    assert instance.wait(run)["status"] == "success"


def test_ours_is_published_and_does_not_come_back(instance, redis):
    listener = Listener(redis)
    run = instance.inline(*chain(shell("bad", "exit 4", continueOnError=True), shell("gate", GATE)), workflow="ours", crewId="pub")
    wait_until(lambda: any(c == "mission:pub" and m["payload"]["status"] == "busy" for c, m in listener.taken))
    open_gate(instance, run)
    messages = poll_all(instance.url, f"/poll/runs/{run}", "start", wait=5)
    tools = poll(instance.url, "/poll/graph/pub", since="start")["events"]
    assert [m["type"] for m in messages] == ["boot", "done"] and len(tools) == 4
    for channel, ours in ((f"run:{run}", messages), ("graph:pub", tools)):
        wait_until(lambda: len([c for c, _ in listener.taken if c == channel]) >= len(ours))
        published = [m for c, m in listener.taken if c == channel]
        assert all(m.pop("origin") for m in published) and published == ours
    # What comes last on the channel has come through us as well: nothing of ours was taken in again.
    redis.publish("graph:pub", {"type": "tool_start", "tool": "last", "crew_id": "pub"})
    wait_until(lambda: poll(instance.url, "/poll/graph/pub", since="start")["events"][-1]["tool"] == "last")
    assert len(poll(instance.url, "/poll/graph/pub", since="start")["events"]) == 5
    assert len(poll(instance.url, "/poll", stream=f"run:{run}", since="start")["events"]) == len(
        instance.http("GET", f"/api/runs/{run}/events?limit=1000")[2]["items"])
    assert [c for c, _ in listener.taken].count("graph:pub") == 5
    listener.client.socket.shutdown(socket.SHUT_RDWR)


def test_two_bridges_at_one_redis(instance, redis, new_instance):
    other = new_instance((*ALLOW, f"redis.url={redis.url}"), examples=False)
    wait_until(lambda: metric(other, "redis_connected") == 1)
    listener = Listener(redis)
    with Ws(instance.url, "/ws/graph/both") as here, Ws(other.url, "/ws/graph/both") as there:
        redis.publish("graph:both", {"type": "tool_start", "timestamp": AT, "tool": "theirs", "crew_id": "both"})
        assert [here.recv()["tool"], there.recv()["tool"]] == 2 * ["theirs"]
        run = other.inline(*chain(shell("good", "true")), workflow="elsewhere", crewId="both")
        seen = [there.recv(), there.recv()]
        assert [plain(m) for m in (here.recv(), here.recv())] == [plain(m) for m in seen]
        for it in (instance, other):
            poll_all(it.url, f"/poll/runs/{run}", "start", wait=5)
        redis.publish("graph:both", {"type": "tool_start", "timestamp": AT, "tool": "last", "crew_id": "both"})
        assert [here.recv()["tool"], there.recv()["tool"]] == 2 * ["last"]
    runs = [poll_all(it.url, f"/poll/runs/{run}", "start", wait=5) for it in (instance, other)]
    assert [plain(m) for m in runs[0]] == [plain(m) for m in runs[1]] and [m["type"] for m in runs[0]] == ["boot", "done"]
    graphs = [poll(it.url, "/poll/graph/both", since="start")["events"] for it in (instance, other)]
    assert [plain(m) for m in graphs[0]] == [plain(m) for m in graphs[1]] and len(graphs[0]) == 4
    wait_until(lambda: [c for c, _ in listener.taken].count("graph:both") >= 4)
    assert [c for c, _ in listener.taken].count("graph:both") == 4 and [c for c, _ in listener.taken].count(f"run:{run}") == 2
    listener.client.socket.shutdown(socket.SHUT_RDWR)


def test_a_dead_and_a_stalled_redis_cost_messages_only(new_instance):
    server = Redis()
    instance = new_instance((*ALLOW, f"redis.url={server.url}"), examples=False)
    emitter = Emitter(instance.data / "spool.sock", "redis-emitter")

    def flood(n):
        emitter.emit("crew:f", "tool.progress", *[{"tool": "t", "message": 200 * "x", "n": i} for i in range(n)])

    wait_until(lambda: metric(instance, "redis_connected") == 1)
    with Ws(instance.url, "/ws/graph/f") as ws:
        flood(10)
        wait_until(lambda: metric(instance, "redis_published_total") == 10)
        os.kill(server.process.pid, signal.SIGSTOP)
        for _ in range(3):
            flood(500)  # acknowledged: they are in the log, and were given to the clients
        assert [ws.recv()["type"] for _ in range(1510)].count("tool_progress") == 1510
        wait_until(lambda: metric(instance, "redis_dropped_total") > 0)
        os.kill(server.process.pid, signal.SIGCONT)
        wait_until(lambda: server.subscribers() == 3 and metric(instance, "redis_connected") == 1)
        server.process.kill()
        server.process.wait()
        wait_until(lambda: metric(instance, "redis_connected") == 0)
        flood(500)
        assert [ws.recv()["type"] for _ in range(500)].count("tool_progress") == 500
        assert get(instance.url, "/healthz")[0] == 200
        server = Redis(server.port)
        wait_until(lambda: metric(instance, "redis_connected") == 1, timeout=120)
        server.publish("graph:f", {"type": "tool_start", "tool": "again"})
        assert ws.until(lambda m: m["tool"] == "again")
    emitter.close()
    server.stop()


def test_a_redis_that_was_never_there_and_an_address_that_is_none(new_instance):
    instance = new_instance((*ALLOW, f"redis.url=redis://127.0.0.1:{free_port()}"), examples=False)
    run = instance.inline(*chain(shell("good", "true")), crewId="alone")
    assert instance.wait(run)["status"] == "success" and metric(instance, "redis_connected") == 0
    done = subprocess.run([str(BUILD / "bridge" / "runspool-bridge"), "--data", str(instance.data / "other"), "--set",
                           "redis.url=http://nowhere"], stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 1 and "redis.url must be" in done.stderr


@pytest.mark.parametrize("door", DOORS)
def test_every_door_has_what_came_by_redis(instance, redis, door):
    """With a cursor from before it came."""
    path = ("/api/poll" if door == "api-poll" else "/poll") + "/graph/late"
    since = poll(instance.url, path, since="now")["next"]
    redis.publish("graph:late", {"type": "tool_start", "tool": door})
    assert wait_until(lambda: poll(instance.url, path, since=since)["events"])[0]["tool"] == door
