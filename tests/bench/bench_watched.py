#!/usr/bin/python3
"""Does it cost a run anything to be published? One that prints many lines and uses many tools, watched by nobody, by 100 clients
of the monitors, with a Redis server beside them, and with one that has stopped answering.
RUNSPOOL_BUILD names the build tree; `bench_watched.py [--nodes N] [--lines N] [--clients N] [--repeat N]`."""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import pathlib
import signal
import statistics
import sys
import time

import websockets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from conftest import ALLOW, Instance  # noqa: E402
from runs import chain, shell  # noqa: E402
from test_redis import Redis  # noqa: E402


class Clients(multiprocessing.Process):
    """n clients that take every message, a quarter on each socket of the monitors. They are other people's machines: what is
    left of this one is enough for them."""

    def __init__(self, url, n):
        super().__init__(daemon=True)
        self.url, self.n, self.ready = url.replace("http", "ws"), n, multiprocessing.Event()
        self.taken = multiprocessing.Value("q", 0)
        self.start()
        self.ready.wait(60)

    async def follow(self, path):
        async with websockets.connect(self.url + path, ping_interval=None, max_size=None) as ws:
            self.n -= 1
            if self.n == 0:
                self.ready.set()
            async for _ in ws:
                self.taken.value += 1

    async def all(self, n):
        paths = ("/ws/workflow/watched", "/ws/graph", "/ws/mission", "/ws/graph/watchers")
        await asyncio.gather(*(self.follow(paths[i % len(paths)]) for i in range(n)))

    def run(self):
        os.nice(19)
        with contextlib.suppress(Exception):
            asyncio.run(self.all(self.n))


def measure(instance, args):
    nodes, edges = chain(*[shell(f"n{i}", f"seq {args.lines}") for i in range(args.nodes)])
    took = []
    for _ in range(args.repeat):
        record = instance.wait(instance.inline(nodes, edges, workflow="watched", crewId="watchers"), timeout=300)
        assert record["status"] == "success", record["error"]
        took.append(record["durationMs"])
    return statistics.median(took)


def main():
    parser = argparse.ArgumentParser()
    for name, default in (("nodes", 20), ("lines", 1000), ("clients", 100), ("repeat", 5)):
        parser.add_argument("--" + name, type=int, default=default)
    args = parser.parse_args()
    redis = Redis()
    nobody = None
    for what, clients, settings, stalled in (("nobody", 0, (), False), (f"{args.clients} clients", args.clients, (), False),
                                             (f"{args.clients} clients, Redis", args.clients, (f"redis.url={redis.url}",), False),
                                             (f"{args.clients} clients, stalled Redis", args.clients, (f"redis.url={redis.url}",), True)):
        watchers, instance = None, Instance((*ALLOW, *settings), examples=False)
        try:
            measure(instance, argparse.Namespace(**{**vars(args), "repeat": 1}))
            watchers = Clients(instance.url, clients) if clients else None
            if stalled:
                os.kill(redis.process.pid, signal.SIGSTOP)
            began = time.monotonic()
            took = measure(instance, args)
            nobody = nobody or took
            rate = (watchers.taken.value if watchers else 0) / (time.monotonic() - began)
            print(f"{what:30} {took:7.0f} ms a run of {args.nodes} nodes and {args.nodes * args.lines} lines, {took / nobody:5.2f} x;"
                  f" {rate:8.0f} messages/s taken", flush=True)
        finally:
            if watchers:
                watchers.kill()
            instance.close()
    os.kill(redis.process.pid, signal.SIGCONT)
    redis.stop()


if __name__ == "__main__":
    main()
