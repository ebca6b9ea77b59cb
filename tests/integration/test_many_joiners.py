"""Many who join a long run at once, and many who are cut and come back at once: each is given all, once, and the log is read once for
all. The same at full size: tests/bench/bench_replay.c and bench_storm.c."""

import asyncio
import json
import os
import pathlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import websockets

from bridge_fixture import Bridge
from clients import Sse
from conftest import wait_until
from test_bridge import metric

WAIT = 30


class Follower:
    """A WebSocket on one stream that checks that nothing is missing and nothing comes twice."""

    def __init__(self, bridge, stream, cursor=None, seq=0, compression=None):
        self.url, self.stream, self.cursor, self.seq = bridge.url.replace("http", "ws") + "/ws", stream, cursor, seq
        self.compression = compression

    async def open(self):
        self.ws = await websockets.connect(self.url, max_size=None, ping_interval=None, open_timeout=WAIT, compression=self.compression)
        await self.ws.recv()

    async def follow(self):
        await self.ws.send(json.dumps({"op": "subscribe", "streams": [self.stream], "since": self.cursor or "start"}))
        assert json.loads(await self.ws.recv())["op"] == "subscribed"

    async def join(self, seq):
        await self.follow()
        await self.until(seq)

    async def until(self, seq):
        while self.seq < seq:
            event = json.loads(await asyncio.wait_for(self.ws.recv(), WAIT))
            assert event["seq"] == self.seq + 1, (event, self.seq)
            self.seq, self.cursor = event["seq"], event["id"]

    def cut(self):
        self.ws.transport.abort()


async def each(followers, verb, *args):
    await asyncio.gather(*(getattr(f, verb)(*args) for f in followers))


def test_many_join_at_once():
    n, clients = 1200, 24
    bridge = Bridge()
    try:
        emitter = bridge.emitter()
        for _ in range(10):
            emitter.emit("run:long", "log", *[{"x": "x" * 200}] * (n // 10))
        reads = metric(bridge, "replay_reads_total")

        async def go():
            loop = asyncio.get_running_loop()
            joiners = [Follower(bridge, "run:long", compression="deflate" if i % 3 == 0 else None) for i in range(clients)]
            live = Follower(bridge, "run:other")
            await each([*joiners, live], "open")
            await live.follow()
            join = asyncio.gather(*(f.join(n + 20) for f in joiners))
            for i in range(20):
                await loop.run_in_executor(None, emitter.emit, "run:other", "log")
                await loop.run_in_executor(None, emitter.emit, "run:long", "log")
                await live.until(i + 1)
            await join
            for f in [*joiners, live]:
                f.cut()

        asyncio.run(asyncio.wait_for(go(), 60))
        assert metric(bridge, "replay_reads_total") - reads < 3 * n // 100 + 100, "one by one it would be ten times that"
    finally:
        bridge.close()


def take_all(stream, n):
    with stream:
        seqs = [event["seq"] for event in stream.until(lambda event: event["seq"] == n)]
    assert seqs == list(range(1, n + 1))


def test_many_join_over_sse_at_once():
    """More than have their turn at once; the sockets of some take little, and one leaves before its turn."""
    n, clients = 1200, 40
    bridge = Bridge()
    try:
        emitter = bridge.emitter()
        for _ in range(10):
            emitter.emit("run:long", "log", *[{"x": "x" * 500}] * (n // 10))
        with Sse(bridge.url, "/sse?stream=run:other") as live, ThreadPoolExecutor(clients) as threads:
            live.next()
            streams = [Sse(bridge.url, "/sse?stream=run:long&since=start", encoding="gzip" if i % 3 == 0 else None, small=i % 4 == 0)
                       for i in range(clients + 1)]
            streams.pop().close()
            emitter.emit("run:other", "log", {})
            assert live.next()[1]["seq"] == 1, "while nobody takes what is given to those who join"
            for one in [threads.submit(take_all, stream, n) for stream in streams]:
                one.result(WAIT)
        wait_until(lambda: metric(bridge, 'connections{door="sse"}') == 0, what="the end of all streams")
    finally:
        bridge.close()


def test_many_are_cut_and_come_back_at_once():
    clients, streams = 100, 5
    bridge = Bridge()
    try:
        emitter = bridge.emitter()

        async def go():
            loop = asyncio.get_running_loop()
            followers = [Follower(bridge, f"run:s{i % streams}") for i in range(clients)]
            await each(followers, "open")
            await each(followers, "follow")
            for f in followers:  # they are cut at different places
                f.wanted = 20 + hash(f) % 20
            for s in range(streams):
                await loop.run_in_executor(None, emitter.emit, f"run:s{s}", "log", *[{}] * 40)
            await asyncio.gather(*(f.until(f.wanted) for f in followers))
            for f in followers:
                f.cut()
            for s in range(streams):
                await loop.run_in_executor(None, emitter.emit, f"run:s{s}", "log", *[{}] * 40)
            await each(followers, "open")
            await each(followers, "follow")
            for s in range(streams):
                await loop.run_in_executor(None, emitter.emit, f"run:s{s}", "log", *[{}] * 20)
            await each(followers, "until", 100)
            for f in followers:
                f.cut()

        asyncio.run(asyncio.wait_for(go(), 60))
    finally:
        bridge.close()


def cpu_s(pid):
    user, system = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def leave_midway(bridge, path, enough):
    with socket.create_connection(("127.0.0.1", int(bridge.url.rsplit(":", 1)[1])), timeout=WAIT) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        while enough > 0:
            enough -= len(client.recv(1 << 16))


def test_who_leaves_midway_leaves_no_work_behind():
    bridge = Bridge()
    try:
        emitter = bridge.emitter()
        for _ in range(40):
            emitter.emit("run:long", "log", *[{"x": "x" * 300}] * 1000)
        for i in range(10):
            leave_midway(bridge, "/sse?stream=run:long&since=start", 1_000_000 + i * 50_000)
        time.sleep(1)  # what the last one began
        before = cpu_s(bridge.process.pid)
        time.sleep(1)
        assert cpu_s(bridge.process.pid) - before < 0.1
    finally:
        bridge.close()
