"""Views over several homes, replayed and live: clients that join at any moment get exactly what the log holds."""

import json
import os
import random
import subprocess
import threading
import time

from clients import Emitter, Sse, Ws, number, poll, with_query
from conftest import BUILD
from runs import TRIGGER, open_gate

N_RUNS, N_EMITTERS, N_FOREIGN, N_CLIENTS = 4, 3, 40, 40
HOMES = ("tool:hammer", "tool:saw", "crew:east", "crew:west", "session:s1", "mission:east", "mission:west", "adw:a1", "queue", "system")
VIEWS = ("runs", "run:*", "workflow:*", "workflow:left", "workflow:right", "tool:*", "tool:hammer", "tool:saw", "crew:*", "crew:east",
         "crew:west", "session:*", "session:s1", "session:s2", "mission:*", "mission:east", "adw:*", "adw:a1", "queue", "system",
         "history")
CHATTER = "i=0; until [ -e go ]; do i=$((i + 1)); echo line $i; sleep 0.005; done"


def shows(view, home, tags):
    """What PROTOCOL.md says of views, in other words than the program's."""
    kind, _, ident = view.partition(":")
    if view in ("runs", "workflows", "history"):
        return home.startswith("run:")
    if kind == "mission":
        return home == view or (ident == "*" and home.startswith("mission:")) or any(
            tag.startswith("crew:") and ident in ("*", tag[5:]) for tag in tags)
    names = [home, *tags] if kind in ("tool", "crew", "session") else tags if kind == "workflow" else [home]
    return any(name == view or (ident == "*" and name.startswith(kind + ":")) for name in names)


class Client(threading.Thread):
    """Follows some streams over one door, from `since` until the event named `last`."""

    def __init__(self, instance, door, streams, since, last):
        super().__init__(daemon=True)
        self.url, self.door, self.streams, self.since, self.last = instance.url, door, streams, since, last
        self.after, self.taken, self.trouble = None, [], None
        self.start()

    def run(self):
        try:
            {"ws": self.by_ws, "sse": self.by_sse}.get(self.door, self.by_poll)()
        except Exception as error:  # the test tells
            self.trouble = error

    def take(self, message):
        self.taken.append(message)
        return message["data"].get("last") == self.last

    def by_ws(self):
        with Ws(self.url, "/ws") as ws:
            ws.recv()
            answer = ws.ask({"op": "subscribe", "streams": self.streams, "since": self.since})
            assert answer["op"] == "subscribed", answer
            self.after = answer["head"] if self.since == "now" else self.since
            while not self.take(ws.recv(timeout=120)):
                pass

    def by_sse(self):
        with Sse(self.url, with_query("/sse", stream=self.streams, since=self.since), timeout=120) as stream:
            hello = stream.next()[1]
            self.after = hello["head"] if self.since == "now" else self.since
            while not self.take(stream.next()[1]):
                pass

    def by_poll(self):
        door, since = {"poll": "/poll", "api_poll": "/api/poll"}[self.door], self.since
        while True:
            answer = poll(self.url, door, stream=self.streams, since=since, wait=20)
            if self.after is None:  # of a first poll from now on, what it gives is not yet known to be all
                self.after = answer["next"] if self.since == "now" and not answer["events"] else self.since
            if [True for message in answer["events"] if self.take(message)]:
                return
            since = answer["next"]


def test_clients_that_join_views_at_any_moment_get_what_the_log_holds(instance):
    seed = int(os.environ.get("RUNSPOOL_TEST_SEED", time.time_ns() % 1000000))
    print(f"RUNSPOOL_TEST_SEED={seed}")
    chance, stop, trouble = random.Random(seed), threading.Event(), []
    tags = {}
    for i in range(N_RUNS):
        workflow, crew, session, tool = ("left", "right")[i % 2], ("east", "west")[i // 2 % 2], f"s{1 + i % 2}", ("hammer", "saw")[i // 2 % 2]
        nodes = [TRIGGER, {"id": tool, "type": "tool", "data": {"kind": "shell", "command": ["sh", "-c", CHATTER]}}]
        run = instance.inline(nodes, [{"id": "e", "source": "start", "target": tool}], workflow=workflow, crewId=crew, sessionId=session)
        tags[f"run:{run}"] = [f"workflow:{workflow}", f"crew:{crew}", f"session:{session}", f"tool:{tool}"]

    def emit(n):
        own = random.Random(seed + 1 + n)
        emitter = Emitter(instance.data / "spool.sock", f"views-{os.getpid()}-{seed}-{n}")
        while not stop.is_set():
            emitter.emit(own.choice(HOMES), "log", *[{"by": n}] * own.choice([1, 1, 5, 20]))
            time.sleep(own.random() * 0.05)
        emitter.close()

    def append():
        """Behind the bridge's back, as an emitter does that found none."""
        own = random.Random(seed - 1)
        helper = BUILD / "tests" / "helper" / "log_append"
        for i in range(N_FOREIGN):
            subprocess.run([str(helper), str(instance.data), own.choice(HOMES), json.dumps({"foreign": i})], check=True, timeout=120)

    def watched(work, *args):
        try:
            work(*args)
        except Exception as error:
            trouble.append(error)

    writers = [threading.Thread(target=watched, args=(emit, n), daemon=True) for n in range(N_EMITTERS)]
    foreign = threading.Thread(target=watched, args=(append,), daemon=True)
    for thread in [*writers, foreign]:
        thread.start()
    clients = []
    for _ in range(N_CLIENTS):
        streams = chance.sample(VIEWS, chance.choice([1, 1, 2, 4]))
        head = int(poll(instance.url, "/api/poll", stream="runs")["next"])
        since = chance.choice(["now", "now", "start", str(chance.randint(0, head)), str(max(0, head - chance.randint(0, 20)))])
        clients.append(Client(instance, chance.choice(["ws", "ws", "sse", "poll", "api_poll"]), streams, since, seed))
        time.sleep(chance.random() * 0.1)
    foreign.join(120)
    stop.set()
    for thread in writers:
        thread.join(120)
    assert not trouble and not foreign.is_alive()
    ends = Emitter(instance.data / "spool.sock", f"views-{os.getpid()}-{seed}-end")
    for home in (*tags, *HOMES):
        ends.emit(home, "log", {"last": seed})
    ends.close()
    for client in clients:
        client.join(120)
        assert not client.is_alive() and client.trouble is None, (client.door, client.streams, client.since, client.trouble)
    for run in tags:
        open_gate(instance, run.removeprefix("run:"))
        instance.wait(run.removeprefix("run:"))

    # What is told of a crew shows in the views of it, whichever of its homes it was told to.
    tags.update((home, [f"crew:{home[home.index(':') + 1:]}"] if home.startswith(("crew:", "mission:")) else [])
                for home in (*HOMES, "mission:examples"))
    log, since = [], "start"
    while (answer := poll(instance.url, "/api/poll", stream=["run:*", *HOMES, "mission:examples"], since=since))["events"]:
        log += answer["events"]
        since = answer["next"]
    assert [m for m in log if "foreign" in m["data"]] and len({m["stream"] for m in log}) == len(tags)
    for client in clients:
        to = number(client.taken[-1]["id"])
        # Of a first poll from now on that brought events at once, only these themselves tell where it began.
        after = client.after if client.after != "now" else str(int(client.taken[0]["id"]) - 1)
        expected = [m for m in log if any(shows(view, m["stream"], tags[m["stream"]]) for view in client.streams)
                    and (after == "start" or number(after) < number(m["id"])) and number(m["id"]) <= to]
        assert client.taken == expected, (client.door, client.streams, client.since)
