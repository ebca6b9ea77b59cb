"""The load generator of the benchmarks against a real bridge: it counts what arrives, and finds what does not."""

import contextlib
import json
import socket
import subprocess
import threading

import pytest

from conftest import BUILD

pytest_plugins = ["bridge_fixture"]

LOAD = BUILD / "tests" / "bench" / "delivery" / "load"
ASK = ("--ask", '{"op":"subscribe","streams":["run:load-{stream}"]}', "--answer", '"subscribed"')


def ways(bridge, door):
    base = bridge.url.removeprefix("http://")
    return {"ws": ["--url", f"ws://{base}/ws", *ASK],
            "sse": ["--door", "sse", "--url", f"http://{base}/sse?stream=run:load-{{stream}}"],
            "poll": ["--door", "poll", "--url", f"http://{base}/poll?stream=run:load-{{stream}}", "--cursor", "next"]}[door]


def load(bridge, door, *arguments, spool=None):
    """One run: (exit status, what it printed)."""
    done = subprocess.run([LOAD, *ways(bridge, door), "--publish", f"spool:{spool or bridge.data / 'spool.sock'}", "--server",
                           str(bridge.process.pid), *map(str, arguments)], stdout=subprocess.PIPE, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def bridge():
    """One for each test: the generator numbers the messages of its streams from 1."""
    from bridge_fixture import Bridge

    it = Bridge()
    yield it
    it.close()


@pytest.mark.parametrize("door", ["ws", "sse", "poll"])
def test_every_delivery_is_accounted_for(bridge, door):
    status, result = load(bridge, door, "--subscribers", 12, "--streams", 4, "--messages", 400, "--publishers", 2, "--acks",
                          "--window", 16)
    assert status == 0, result
    assert (result["open"], result["sent"], result["accepted"]) == (12, 400, 400)
    assert result["expected"] == result["delivered"] == 400 * 3
    assert result["lost"] == result["doubled"] == result["reordered"] == 0
    assert 0 < result["latency_ms"]["p50"] <= result["latency_ms"]["p99"] <= result["latency_ms"]["max"]
    assert result["server"]["cpu_s"] > 0 and result["server"]["rss_kb"] > 0


@contextlib.contextmanager
def meddler(bridge):
    """A spool's socket whose owner loses the third line, gives the fifth twice and the eighth before the seventh."""
    path = bridge.data / "meddler.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def pass_on():
        with listener.accept()[0] as here, socket.socket(socket.AF_UNIX) as there:
            there.connect(str(bridge.data / "spool.sock"))
            lines = here.makefile("rb")
            first = [lines.readline() for _ in range(8)]
            for number in (1, 2, 4, 5, 5, 6, 8, 7):
                there.sendall(first[number - 1])
            for line in lines:
                there.sendall(line)

    thread = threading.Thread(target=pass_on)
    thread.start()
    try:
        yield path
    finally:
        thread.join(30)
        listener.close()


@pytest.mark.parametrize("door", ["ws", "poll"])
def test_a_lost_a_doubled_and_a_reordered_message_are_found(bridge, door):
    with meddler(bridge) as path:
        status, result = load(bridge, door, "--subscribers", 5, "--messages", 50, "--patience", 1, spool=path)
    assert status == 1
    assert (result["expected"], result["delivered"]) == (250, 245)
    assert (result["lost"], result["doubled"], result["reordered"]) == (5, 5, 5)
