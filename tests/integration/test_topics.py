"""Dashboard topics: the present state at connect, then after a change, the same on every door and in the HTTP twin."""

import asyncio
import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

from bridge_fixture import Bridge, bridge  # noqa: F401
from clients import Emitter, Sse, Ws, get, poll, refused
from conftest import ALLOW, BUILD, free_port, wait_until
from fcgi_fixtures import Site
from issuer import SECRET, hs256
from runs import GATE, chain, open_gate, shell
from test_history import add_runs

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
    asking.join(120)
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


def components(data):
    return {name: part["status"] for name, part in data["components"].items()}


PARTS = ["bridge", "database", "disk", "event_log", "model_endpoint", "redis", "runner", "scheduler"]


def test_system_status(instance):
    """Every part is asked; what is not set up here is disabled; the twin and the doors agree."""
    status, _, twin = instance.http("GET", "/api/system-status")
    assert status == 200 and twin["status"] == "healthy" and twin["checked_at"].endswith("Z")
    assert sorted(twin["components"]) == PARTS
    for name, part in twin["components"].items():
        assert set(part) >= {"status", "latency_ms", "version", "uptime_s", "detail", "since"} and part["since"], name
        assert part["status"] == ("disabled" if name in ("redis", "model_endpoint") else "healthy"), (name, part)
        assert part["status"] == "disabled" or part["latency_ms"] >= 0
    assert twin["components"]["bridge"]["version"] == twin["components"]["runner"]["version"] != None  # noqa: E711
    assert twin["components"]["bridge"]["uptime_s"] >= 0 and twin["components"]["runner"]["uptime_s"] >= 0
    hashes = set()
    for door in DOORS:
        with open_door(instance, door, "/system-status") as topic:
            message = topic.recv()
        assert message["type"] == "system_status_update" and components(message["data"]) == components(twin)
        hashes.add(parts(message["id"])[1])
    assert len(hashes) == 1, "what changes all the time is no change"


class Http:
    """A model endpoint that does as told: status, and whether it answers at all."""

    def __init__(self):
        import http.server
        self.status, self.keys = 200, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.keys.append(self.headers.get("Authorization"))
                body = b'{"data":[{"id":"m1"}]}' if self.path == "/v1/models" and outer.status == 200 else b"no"
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://user:hidden@127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def redis(tmp_path):
    port = free_port()
    process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--requirepass", "geheim", "--save", "",
                                "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)

    def answers():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    wait_until(answers, what="redis")
    yield process, port
    process.kill()
    process.wait(10)


def test_parts_that_others_run(redis):
    """Redis by PING, the model endpoint by its list; what is down or refuses is told, no secret is."""
    process, port = redis
    model = Http()
    site = Site(**{"redis.url": f"redis://:geheim@127.0.0.1:{port}/0", "model.url": model.url, "model.key": "sk-verborgen"})
    try:
        def ask():
            answer = site.cgi("GET", "/api/system-status")
            text = answer.body.decode()
            assert "geheim" not in text and "sk-verborgen" not in text and "hidden" not in text
            return answer.json

        found = ask()["components"]
        assert found["redis"]["status"] == "healthy" and found["redis"]["version"] and found["redis"]["uptime_s"] >= 0, found["redis"]
        assert found["model_endpoint"]["status"] == "healthy" and "1 models" in found["model_endpoint"]["detail"]
        assert "Bearer sk-verborgen" in model.keys
        assert found["bridge"]["status"] == found["runner"]["status"] == "disabled"
        model.status = 401
        assert ask()["components"]["model_endpoint"]["status"] == "degraded"
        model.status = 503
        assert components(ask())["model_endpoint"] == "down"
        model.close()
        process.kill()
        process.wait(10)
        whole = ask()
        assert whole["status"] == "degraded" and components(whole)["redis"] == components(whole)["model_endpoint"] == "down"
        (site.data / "runspool.conf").write_text(f"redis.url = redis://:falsch@127.0.0.1:{port}\n")
    finally:
        site.close()


def test_redis_that_refuses_the_password(redis):
    site = Site(**{"redis.url": f"redis://:falsch@127.0.0.1:{redis[1]}"})
    try:
        answer = site.cgi("GET", "/api/system-status")
        assert answer.json["components"]["redis"]["status"] == "degraded" and "falsch" not in answer.body.decode()
    finally:
        site.close()


def test_no_database_is_down():
    site = Site(database="sqlite:/nonexistent/folder/x.db")
    try:
        answer = site.cgi("GET", "/api/system-status")
        assert answer.status == 200 and answer.json["status"] == "down", answer
        assert components(answer.json)["database"] == "down" and components(answer.json)["event_log"] == "healthy"
    finally:
        site.close()


@pytest.mark.parametrize("wait", (False, pytest.param(True, marks=pytest.mark.heavy)))
def test_a_killed_runner_shows_on_the_socket(wait):
    """Within 30 s, the time limit of the wait; when there is one again, that shows too, as another message. Without wait the time
    that a dead one is believed to live is over at once."""
    with contextlib.ExitStack() as stack:
        bridge = Bridge()
        stack.callback(bridge.close)
        environ = {**os.environ, "RUNSPOOL_DATA": str(bridge.data)}

        def start():
            runner = subprocess.Popen([BUILD / "runner" / "runspool-runner", "--data", bridge.data], env=environ,
                                      stderr=subprocess.DEVNULL)
            stack.callback(runner.wait)
            stack.callback(runner.kill)
            return runner

        runner = start()
        wait_until(lambda: components(poll(bridge.url, "/poll/system-status")["events"][0]["data"])["runner"] == "healthy")
        ws = stack.enter_context(Ws(bridge.url, "/ws/system-status"))
        first = ws.recv()
        assert components(first["data"])["runner"] == "healthy"
        runner.kill()
        runner.wait(10)
        if not wait:
            execute(bridge, "UPDATE runner SET seen = seen - 60000")
        *_, down = ws.until(lambda m: components(m["data"])["runner"] == "down", timeout=120)
        assert down["data"]["status"] == "degraded" and down["data"]["components"]["runner"]["version"] is None
        start()
        if wait:
            *_, up = ws.until(lambda m: components(m["data"])["runner"] == "healthy", timeout=120)
        else:
            up = wait_until(lambda: next((m for m in poll(bridge.url, "/poll/system-status")["events"]
                                          if components(m["data"])["runner"] == "healthy"), None))
        assert up["data"]["status"] == "healthy"
        since = [m["data"]["components"]["runner"]["since"] for m in (first, down, up)]
        assert since == sorted(set(since)), "each has its time, so that a state that comes back is another"
        assert len({parts(m["id"])[1] for m in (first, down, up)}) == 3


def execute(bridge, sql):
    with contextlib.closing(sqlite3.connect(bridge.data / "runspool.db", isolation_level=None, timeout=120)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute(sql)


@pytest.fixture
def stored(bridge):
    """Change what topics show: rows of runs, each change with an event, as fast as one likes."""
    assert poll(bridge.url, "/poll/workflows")["events"]  # the database is there
    emitter = bridge.emitter()
    run = {"workflow_id": "w", "name": "W", "status": "running", "started": 1000, "finished": None}

    def change(i):
        add_runs(bridge.data, [{**run, "id": f"r_{bridge.serial}_{i}", "name": f"W{i}"}])
        emitter.emit("run:r_any", "run.progress", {"i": i})
    yield change
    emitter.close()
    execute(bridge, "DELETE FROM run")


@pytest.mark.parametrize("door", ("/ws", "/sse", "/poll"))
def test_a_storm_of_changes(bridge, stored, door):
    """500 changes at once are a few states, one a second at most, and the last one is among them."""
    taken = []
    stored(0)
    with open_door(bridge, door, "/workflows") as topic:
        assert len(topic.recv()["data"]) == 1

        def read():
            while not taken or taken[-1]["data"][0]["name"] != "the last":
                taken.append(topic.recv())
        reader = threading.Thread(target=read)
        reader.start()
        began = time.monotonic()
        with contextlib.closing(sqlite3.connect(bridge.data / "runspool.db", isolation_level=None, timeout=120)) as db, \
                contextlib.closing(bridge.emitter()) as emitter:
            db.execute("PRAGMA synchronous = OFF")
            for i in range(500):
                db.execute("UPDATE run SET name = ?", ("the last" if i == 499 else f"{i}",))
                emitter.emit("run:r_any", "run.progress", {"i": i})
        reader.join(120)
        took = time.monotonic() - began
    assert taken[-1]["data"][0]["name"] == "the last"
    assert len(taken) <= took / EVERY + 1, (took, len(taken))


def test_a_state_that_cannot_be_told(bridge, stored):
    """While the database fails a poll gets an error and a socket waits; then it gets the state."""
    stored(1)
    execute(bridge, "ALTER TABLE node RENAME TO elsewhere")
    try:
        assert get(bridge.url, "/poll/workflows")[0] == 500
        ws = Ws(bridge.url, "/ws/workflows")
        with pytest.raises(asyncio.TimeoutError):
            ws.recv(0.2)
    finally:
        execute(bridge, "ALTER TABLE elsewhere RENAME TO node")
    with ws:
        assert len(ws.recv()["data"]) == 1


def test_many_clients_one_state(bridge, stored):
    """All get the same bytes, whether they came before the change or after."""
    stored(1)
    sockets = [Ws(bridge.url, "/ws/workflows") for _ in range(60)]
    try:
        first = [ws.recv() for ws in sockets]
        assert len({m["id"] for m in first}) == 1
        stored(2)
        second = [ws.recv() for ws in sockets]
        assert len({(m["id"], m["timestamp"]) for m in second}) == 1, "it was built once for all"
        assert len(second[0]["data"]) == 2
    finally:
        for ws in sockets:
            ws.close()


def test_a_builder_that_takes_long_delays_no_event(bridge):
    """The model endpoint takes connections and says nothing, so asking how the parts are takes its time: events come meanwhile,
    and so do other topics."""
    with contextlib.ExitStack() as stack:
        mute = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        slow = Bridge([f"model.url=http://127.0.0.1:{mute.getsockname()[1]}"])
        stack.callback(slow.close)
        ws = stack.enter_context(Ws(slow.url, "/ws/system-status"))
        native = stack.enter_context(Ws(slow.url, "/ws"))
        native.recv()
        native.ask({"op": "subscribe", "streams": ["tool:x"]})
        emitter = slow.emitter()
        stack.callback(emitter.close)
        asked, _ = mute.accept()  # now it is being built, and the state cannot be there before this is given up
        stack.callback(asked.close)
        for i in range(20):
            emitter.emit("tool:x", "log", {"i": i})
            assert native.recv()["data"]["i"] == i
        with Ws(slow.url, "/ws/workflows") as quick:
            assert quick.recv()["data"] == []
        with pytest.raises(asyncio.TimeoutError):
            ws.recv(0.01)
        assert components(ws.recv()["data"])["model_endpoint"] == "down"


def test_metrics(instance):
    """The bridge's figures, second by second, among them how long a live event took to its subscriber."""
    with open_door(instance, "/ws", "/metrics") as topic, Ws(instance.url, "/ws") as live:
        live.send({"op": "subscribe", "streams": ["tool:measured"]})
        emit = Emitter(instance.data / "spool.sock", "measured").emit
        for _ in range(20):
            emit("tool:measured", "log", {"level": "info", "message": "x"})
            data = topic.recv()["data"]
            if any(data["delivery_p50_ms"]) and data["connections_ws"][-1] > 1 and data["subscriptions"][-1] > 0:
                break
        assert {len(column) for column in data.values()} == {len(data["times"])}, data
        at = max(i for i, p50 in enumerate(data["delivery_p50_ms"]) if p50)
        assert 0 < data["delivery_p50_ms"][at] <= data["delivery_p99_ms"][at] < 60000
        assert data["connections_ws"][-1] > 1 and data["memory_bytes"][-1] > 1 << 20
        assert max(v for v in data["ingest_per_s"] if v is not None) > 0
    twin = instance.http("GET", "/api/metrics")[2]
    assert set(twin) == set(data) and twin["times"][-1] >= data["times"][-1]


def test_webhook_status(instance):
    """From the stream of webhooks; no secret in it."""
    with open_door(instance, "/ws", "/webhook-status") as topic:
        assert topic.recv()["data"] == instance.http("GET", "/api/webhook-status")[2]


def test_history_follows(instance, held):
    """A run's end shows, with its figures; filters are those of the twin."""
    before = instance.http("GET", "/api/workflow-history")[2]["total_count"]
    with open_door(instance, "/ws", "/workflow-history") as all_runs, \
            open_door(instance, "/sse", "/workflow-history?workflow=counted&limit=1") as one:
        assert all_runs.recv()["data"]["total_count"] == before
        assert one.recv()["data"]["total_count"] == 0
        run = held(workflow="counted")
        open_gate(instance, run)
        state = all_runs.recv()["data"]
        assert state["total_count"] == before + 1 and state["workflows"][0]["id"] == run
        shown = one.recv()["data"]
        assert [w["id"] for w in shown["workflows"]] == [run] and shown["analytics"]["success_rate"] == 100
    assert refused(instance.url, "/ws/workflow-history?limit=0") == 400
    assert get(instance.url, "/poll/workflow-history?status=running")[0] == 400
    with Sse(instance.url, "/sse/workflow-history?from=x") as stream:
        assert stream.status == 400


def test_each_organisation_has_its_own(new_instance):
    """With tokens: nobody sees the states of others, nor hears of their changes; what is not proven is refused."""
    it = new_instance((*ALLOW, "auth=jwt", f"auth.secret={SECRET}"), examples=False)
    acme, other = ({"Authorization": f"Bearer {hs256(org=org, scope='operator')}"} for org in ("acme", "other"))
    nodes, edges = chain(shell("hold", GATE))
    with Ws(it.url, "/ws/workflows", headers=acme) as mine, Ws(it.url, "/ws/workflows", headers=other) as theirs:
        assert mine.recv()["data"] == theirs.recv()["data"] == []
        status, _, run = it.http("POST", "/api/workflows/w/run", {"nodes": nodes, "edges": edges}, acme)
        assert status == 202
        mine.until(is_running(run["runId"]))
        assert it.http("GET", "/api/workflows/active", headers=other)[2] == []
        assert json.loads(get(it.url, "/poll/workflows", headers=other)[2])["events"][0]["data"] == []
        open_gate(it, run["runId"])
        mine.until(lambda m: m["data"] == [])
        with pytest.raises(asyncio.TimeoutError):
            theirs.recv(0.1)
    histories = [it.http("GET", "/api/workflow-history", headers=who)[2]["total_count"] for who in (acme, other)]
    assert histories == [1, 0]
    for path in ("/api/workflows/active", "/api/workflow-history", "/api/system-status", "/api/webhook-status", "/poll/workflows"):
        assert get(it.url, path)[0] == 401


@pytest.mark.parametrize("door", ["/ws", "/sse"])
def test_from_now_on_nothing_is_missed(instance, door):
    """The state at the time may hold a change whose event is still on its way."""
    for n in range(15):
        name = f"now-{door[1:]}-{n}"
        with open_door(instance, door, f"/adw-state/{name}", "now") as live:
            assert instance.http("PUT", f"/api/adws/{name}", {"status": "begun"})[0] == 201
            assert live.recv()["data"]["status"] == "begun"
