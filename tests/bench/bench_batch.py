#!/usr/bin/python3
"""bench_batch - what the forms of /ws cost: many subscribers of one stream, events in bursts, each burst once the last was
delivered to all. Of each form, in turn: deliveries a second, the bridge's CPU time and the bytes of a delivery, and the frames
that a client has to take apart. The bridge on one core, this program on another.
Usage: bench_batch.py [--bridge FILE] [--subscribers N] [--bursts 1,16,64] [--seconds S] [--rounds R]"""

import argparse
import json
import os
import pathlib
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "helper"))
from ports import free_port  # noqa: E402

FORMS = {"plain": {}, "batch": {"batch": True}, "msgpack": {"format": "msgpack"}, "both": {"batch": True, "format": "msgpack"}}
EVENT_BYTES = 200  # of the event as JSON
TAIL = 64          # bytes from the end of what arrived in which the mark of a burst's last event is
HANDSHAKE = (b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


class Bridge:
    def __init__(self, program, core):
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="bench-batch-"))
        self.port = free_port()
        self.process = subprocess.Popen([program, "--data", self.data, "--listen", f"127.0.0.1:{self.port}", "--set", "log.level=error"],
                                        preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        while not (self.data / "spool.sock").exists():
            assert self.process.poll() is None, "the bridge has ended"
            time.sleep(0.01)
        self.spool = socket.socket(socket.AF_UNIX)
        self.spool.connect(str(self.data / "spool.sock"))

    def cpu_ns(self):
        return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir())

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.data)


def text_frame(text):
    data = text.encode()
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


def subscriber(port, form):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(HANDSHAKE + text_frame(json.dumps({"op": "subscribe", "streams": ["run:bench"], **FORMS[form]})))
    return s


def n_frames(data):
    at = n = 0
    while at < len(data):
        size = data[at + 1]
        head = 4 if size == 126 else 10 if size == 127 else 2
        at += head + (int.from_bytes(data[at + 2:at + head], "big") if head > 2 else size)
        n += 1
    return n


def burst_of(n, mark):
    """Lines for the spool; the last event holds the mark."""
    filler = "x" * (EVENT_BYTES - 158)
    lines = [json.dumps({"stream": "run:bench", "type": "log", "data": {"level": "info", "nodeId": "build", "message": filler + ("%08d" % 0 if i < n - 1 else mark)}},
                        separators=(",", ":")) for i in range(n)]
    return ("\n".join(lines) + "\n").encode()


class Round:
    """All subscribers in one form."""

    def __init__(self, bridge, form, n):
        self.bridge, self.n = bridge, n
        self.sockets = {}
        self.epoll = select.epoll()
        for _ in range(n):
            s = subscriber(bridge.port, form)
            self.sockets[s.fileno()] = s
            self.epoll.register(s.fileno(), select.EPOLLIN)
        self.until(b"subscribed")

    def until(self, mark):
        """Read until all have been given the mark; the bytes that came, and those of one of them."""
        left, total, one, watched = set(self.sockets), 0, b"", next(iter(self.sockets))
        tails = {}
        while left:
            for fd, _ in self.epoll.poll():
                data = self.sockets[fd].recv(262144)
                assert data, "the bridge has closed the connection"
                total += len(data)
                if fd == watched:
                    one += data
                end = data[-TAIL * 4:] if mark == b"subscribed" else data[-TAIL:]
                if mark in tails.get(fd, b"") + end:
                    left.discard(fd)
                tails[fd] = (tails.get(fd, b"") + end)[-TAIL:]
        return total, one

    def measure(self, burst, seconds):
        n, total, frames = 0, 0, 0
        self.bridge.spool.sendall(burst_of(burst, "warm0000"))
        self.until(b"warm0000")
        cpu, start = self.bridge.cpu_ns(), time.monotonic()
        while (now := time.monotonic()) - start < seconds:
            mark = "%08d" % (n + 1)
            self.bridge.spool.sendall(burst_of(burst, mark))
            size, one = self.until(mark.encode())
            total += size
            frames += n_frames(one)
            n += 1
        deliveries = n * burst * self.n
        return {"rate": deliveries / (now - start), "cpu": (self.bridge.cpu_ns() - cpu) / 1000 / deliveries, "bytes": total / deliveries,
                "frames": frames / (n * burst)}

    def close(self):
        for s in self.sockets.values():
            s.close()
        self.epoll.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--bridge", default="bridge/runspool-bridge")
    options.add_argument("--subscribers", type=int, default=1000)
    options.add_argument("--bursts", default="1,16,64")
    options.add_argument("--seconds", type=float, default=2)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    bridge = Bridge(chosen.bridge, cores[0])
    os.sched_setaffinity(0, {cores[-1]})
    figures = {}
    try:
        for _ in range(chosen.rounds):
            for form in FORMS:
                it = Round(bridge, form, chosen.subscribers)
                for burst in map(int, chosen.bursts.split(",")):
                    figures.setdefault((burst, form), []).append(it.measure(burst, chosen.seconds))
                it.close()
    finally:
        bridge.close()
    print(f"{chosen.subscribers} subscribers of one stream, {EVENT_BYTES} bytes an event as JSON; medians of {chosen.rounds} rounds (least and most)\n")
    print("| events in a burst | form | deliveries/s | bridge CPU us a delivery | bytes a delivery | frames an event |\n| --: | --- | --: | --: | --: | --: |")
    for (burst, form), rounds in sorted(figures.items(), key=lambda item: item[0][0]):
        def cell(name, digits=0):
            values = [r[name] for r in rounds]
            return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"
        print(f"| {burst} | {form} | {cell('rate')} | {cell('cpu', 3)} | {statistics.median(r['bytes'] for r in rounds):.1f} | "
              f"{statistics.median(r['frames'] for r in rounds):.3f} |")


if __name__ == "__main__":
    main()
