#!/usr/bin/python3
"""What topics cost the bridge: the way of an event from emitter to a native client, without topics, then with clients of one whose
builder has many ended runs to count and whose state changes all the time. RUNSPOOL_BUILD names the build tree;
`bench_topics.py [--runs N] [--clients N] [--seconds N]`."""

import argparse
import asyncio
import json
import os
import pathlib
import sqlite3
import statistics
import sys
import threading
import time

import websockets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from bridge_fixture import Bridge  # noqa: E402
from clients import poll  # noqa: E402
from test_history import add_runs, at, random_runs  # noqa: E402


def cpu_ms(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


async def follow(url, path, take):
    async with websockets.connect(url.replace("http", "ws") + path, max_size=None, ping_interval=None, open_timeout=60) as ws:
        async for message in ws:
            take(len(message))


async def measure(bridge, clients, seconds):
    """Latencies of events in ms, states given to each client on average, bytes of the last one."""
    late, given, last = [], [0], [0]

    def take(size):
        given[0] += 1
        last[0] = size
    tasks = [asyncio.create_task(follow(bridge.url, "/ws/workflow-history", take)) for _ in range(clients)]
    while given[0] < clients:
        await asyncio.sleep(0.05)
    given[0] = 0
    async with websockets.connect(bridge.url.replace("http", "ws") + "/ws", ping_interval=None) as ws:
        await ws.recv()
        await ws.send(json.dumps({"op": "subscribe", "streams": ["tool:x"]}))
        await ws.recv()

        def emit():
            emitter, db = bridge.emitter(), sqlite3.connect(bridge.data / "runspool.db", isolation_level=None, timeout=30)
            end, i = time.monotonic() + seconds, 0
            while time.monotonic() < end:
                i += 1
                emitter.emit("tool:x", "log", {"at": time.monotonic()})
                if i % 10 == 0:
                    db.execute("UPDATE run SET name = ? WHERE id = ?", (f"n{i}", bridge.newest))
                    emitter.emit("run:r_other", "run.retried", {})
                time.sleep(0.004)
            db.close()
            emitter.emit("tool:x", "log", {"at": None})
            emitter.close()
        thread = threading.Thread(target=emit)
        thread.start()
        while (at_s := json.loads(await ws.recv())["data"]["at"]) is not None:
            late.append((time.monotonic() - at_s) * 1000)
        thread.join()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return late, given[0] / clients if clients else 0, last[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100000)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=8)
    args = parser.parse_args()
    bridge = Bridge()
    try:
        poll(bridge.url, "/poll/workflow-history")
        runs = random_runs(args.runs, 1, at("2026-10-01T00:00:00+00:00"))
        add_runs(bridge.data, runs)
        bridge.newest = max(runs, key=lambda r: r["finished"])["id"]  # it is shown
        for clients in (0, 1, args.clients):
            before = cpu_ms(bridge.process.pid)
            late, given, size = asyncio.run(measure(bridge, clients, args.seconds))
            late.sort()
            print(f"{clients:5} clients: events p50 {statistics.median(late):6.2f} ms, p99 {late[len(late) * 99 // 100]:7.2f} ms; "
                  f"{given:4.1f} states of {size} bytes each, {given / args.seconds:4.2f} a second; "
                  f"bridge {(cpu_ms(bridge.process.pid) - before) / args.seconds / 10:5.1f} % of a core", flush=True)
    finally:
        bridge.close()


if __name__ == "__main__":
    main()
