#!/usr/bin/python3
"""Which door each web server carries, and how long after `emit` a client of it has the event: a table in Markdown. The servers run the
configurations of contrib/, as in tests/servers. RUNSPOOL_BUILD names the build tree; `bench_servers.py [--events N]`."""

import argparse
import json
import pathlib
import statistics
import sys
import threading
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "servers")]

import conftest  # noqa: E402,F401  (it adds tests/integration to the path)
from clients import Emitter, Sse, Ws, poll  # noqa: E402
from webservers import KINDS  # noqa: E402

STREAM = "tool:bench"


def followed(follow, emit, events):
    """Milliseconds from each event's emit() to its arrival; the next is emitted when the one before has come."""
    arrived, times = threading.Semaphore(0), []

    def take(data):
        times.append((time.monotonic() - data["at"]) * 1000)
        arrived.release()

    def run():
        try:
            follow(take, events)
        except Exception:  # a door that is not carried gives no times
            pass
        arrived.release()

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.5)  # it follows by now
    for n in range(events):
        emit({"n": n, "at": time.monotonic()})
        if not arrived.acquire(timeout=10) or len(times) != n + 1:
            break
    thread.join(15)
    return times


def by_ws(url):
    def follow(take, events):
        with Ws(url, "/ws") as ws:
            ws.recv()
            ws.ask({"op": "subscribe", "streams": [STREAM]})
            for _ in range(events):
                take(ws.recv()["data"])
    return follow


def by_sse(url):
    def follow(take, events):
        with Sse(url, f"/sse?stream={STREAM}", timeout=5) as stream:
            if stream.status != 200:
                return
            stream.next()
            for _ in range(events):
                take(stream.next()[1]["data"])
    return follow


def by_poll(url, door, pause_s):
    """As the client library polls: held where the server holds, else again after a while."""
    def follow(take, events):
        since, seen = poll(url, door, stream=STREAM, since="now")["next"], 0
        while seen < events:
            answer = poll(url, door, stream=STREAM, since=since, wait=25)
            since = answer["next"]
            for event in answer["events"]:
                take(event["data"])
                seen += 1
            if not answer["events"]:
                time.sleep(pause_s)
    return follow


def doors(url):
    return {"WebSocket": by_ws(url), "SSE": by_sse(url), "long poll": by_poll(url, "/poll", 0), "`/api/poll`": by_poll(url, "/api/poll", 0.7)}


def cell(times, events):
    return f"{statistics.median(times):.1f}" if len(times) == events else "no"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=30)
    events = parser.parse_args().events
    print("| server | bridge | " + " | ".join(doors("")) + " |")
    print("| --- | --- | " + " | ".join("--:" for _ in doors("")) + " |", flush=True)
    for kind in KINDS:
        for bridge in (True, False):
            server = KINDS[kind]("/runs" if kind.endswith("front") else "", bridge)
            try:
                if bridge:
                    emitter = Emitter(server.instance.data / "spool.sock", "bench")
                    emit = lambda data: emitter.emit(STREAM, "log", data)  # noqa: E731
                else:
                    emit = lambda data: server.instance.cli("emit", STREAM, "log", json.dumps(data))  # noqa: E731
                n = events if bridge else max(3, events // 10)
                cells = [cell(followed(follow, emit, n), n) for follow in doors(server.url).values()]
            finally:
                server.close()
            print(f"| {kind} | {'yes' if bridge else 'no'} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
