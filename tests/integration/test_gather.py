"""Events that wait for others, with spool.gather."""

import contextlib
import json
import signal
import socket
import time

import pytest

from clients import Ws, get
from conftest import wait_until

pytest_plugins = ["bridge_fixture"]

N = 20


def commits(bridge):
    text = get(bridge.url, "/metrics")[2].decode()
    return next(int(line.split()[-1]) for line in text.splitlines() if line.startswith("runspool_commits_total "))


def connect(bridge):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(15)
    s.connect(str(bridge.data / "spool.sock"))
    return s


def line(stream, i):
    return json.dumps({"stream": stream, "type": "log", "data": {"i": i}}).encode() + b"\n"


def events(ws, n):
    return [ws.recv()["data"]["i"] for _ in range(n)]


@contextlib.contextmanager
def rests(bridge, stream):
    """One that has been given an event after which the bridge takes no others for its time."""
    with Ws(bridge.url, "/ws") as ws, connect(bridge) as s:
        ws.recv()
        ws.ask({"op": "subscribe", "streams": [stream]})
        s.sendall(line(stream, 0))
        assert ws.recv()["data"] == {"i": 0}
        yield ws, s


@pytest.mark.parametrize("closes", [False, True])
def test_events_behind_one_that_has_just_come_are_committed_together(own_bridge, name, closes):
    bridge, stream = own_bridge("spool.gather=1s"), f"tool:{name}"
    with contextlib.ExitStack() as stack:
        emitters = [stack.enter_context(connect(bridge)) for _ in range(N)]
        ws, _ = stack.enter_context(rests(bridge, stream))
        before = commits(bridge)
        for i, emitter in enumerate(emitters):
            emitter.sendall(line(stream, i))
            if closes:
                emitter.close()
            time.sleep(0.005)  # without the setting each has its own commit
        assert sorted(events(ws, N)) == list(range(N))
        assert commits(bridge) - before <= 3


def test_acknowledged_one_by_one_they_come_in_order(own_bridge, name):
    bridge, stream = own_bridge("spool.gather=20ms"), f"tool:{name}"
    emitter = bridge.emitter()
    with Ws(bridge.url, "/ws") as ws:
        ws.recv()
        ws.ask({"op": "subscribe", "streams": [stream]})
        for i in range(N):
            emitter.emit(stream, "log", {"i": i})
        assert events(ws, N) == list(range(N))
    emitter.close()


def test_a_bridge_that_stops_takes_what_waits(own_bridge, name):
    bridge, stream = own_bridge("spool.gather=1s"), f"tool:{name}"
    with rests(bridge, stream) as (ws, s):
        s.sendall(b"".join(line(stream, i) for i in range(1000)))
        bridge.process.send_signal(signal.SIGTERM)
        messages = ws.until(lambda m: m.get("op") == "bye")
        assert [m["data"]["i"] for m in messages[:-1]] == list(range(1000))
    assert bridge.process.wait(15) == 0


def test_a_bridge_that_stops_takes_the_end_of_a_line_that_waits(own_bridge, name):
    bridge, stream = own_bridge("spool.gather=1s"), f"tool:{name}"
    with rests(bridge, stream) as (ws, s):
        s.sendall(line(stream, 1).rstrip(b"\n"))
        s.shutdown(socket.SHUT_WR)
        bridge.process.send_signal(signal.SIGTERM)
        assert [m["data"]["i"] for m in ws.until(lambda m: m.get("op") == "bye")[:-1]] == [1]
    assert bridge.process.wait(15) == 0


def test_where_many_come_none_waits(own_bridge, name):
    """Where each of these waited for the time, they would take three times as long: a socket holds some 200 kB."""
    bridge, stream = own_bridge("spool.gather=1s"), f"tool:{name}"
    emitter, start = bridge.emitter(), time.monotonic()
    emitter.emit(stream, "log", *[{"text": "x" * 10000}] * 600)
    assert time.monotonic() - start < 10
    emitter.close()


def test_the_setting_is_taken_up_while_it_runs(own_bridge, name):
    bridge, stream = own_bridge(), f"tool:{name}"
    conf = bridge.data / "runspool.conf"
    conf.write_text((conf.read_text() if conf.exists() else "") + "spool.gather = 1s\n")
    bridge.process.send_signal(signal.SIGHUP)
    emitters = [connect(bridge) for _ in range(N)]

    def together():
        with rests(bridge, stream) as (ws, _):
            before = commits(bridge)
            for i, emitter in enumerate(emitters):
                emitter.sendall(line(stream, i))
                time.sleep(0.005)
            events(ws, N)
            return commits(bridge) - before <= 3

    wait_until(together, what="the setting to be taken up")
    for emitter in emitters:
        emitter.close()
