"""The bridge alone, as a process: its doors under load, slow and leaving clients, signals, restarts."""

import asyncio
import contextlib
import ctypes
import http.client
import json
import os
import random
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest
import websockets

from bridge_fixture import PROGRAM, Bridge
from clients import UPGRADE, Sse, Ws, get, number, poll, refused, with_query
from conftest import BUILD, RUNSPOOL, free_port, wait_until

pytest_plugins = ["bridge_fixture"]


def address(bridge):
    host, port = bridge.url.removeprefix("http://").split(":")
    return host, int(port)


def ws_url(bridge, path="/ws"):
    return "ws" + bridge.url.removeprefix("http") + path


def metric(bridge, name):
    text = get(bridge.url, "/metrics")[2].decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"runspool_{name} "))


@contextlib.contextmanager
def raw(bridge, data=b""):
    with socket.create_connection(address(bridge), timeout=120) as s:
        s.sendall(data)
        yield s


def to_end(s):
    """Everything up to the end of the connection, a reset counting as one."""
    taken = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := s.recv(65536):
            taken += chunk
    return taken


# The front

@pytest.mark.parametrize("sent", [b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: a\r\n"])
def test_slow_heads_are_cut(own_bridge, sent):
    bridge = own_bridge("limits.header_time=300ms")
    with raw(bridge, sent) as s:
        assert to_end(s) == b""
    assert metric(bridge, "slow_heads_total") == 1


def test_a_drip_of_bytes_does_not_hold_a_connection(own_bridge):
    bridge = own_bridge("limits.header_time=500ms")
    with raw(bridge, b"GET / HTTP/1.1\r\n") as s:
        with pytest.raises(OSError):
            while True:
                s.sendall(b"X: y\r\n")
                s.settimeout(0.05)
                with contextlib.suppress(TimeoutError):
                    assert s.recv(1) == b""
                    raise ConnectionResetError
    assert metric(bridge, "slow_heads_total") == 1


@pytest.mark.parametrize("pieces", [2, 5, 30])
def test_heads_in_pieces(bridge, pieces):
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 3000 + b"\r\n\r\n"
    step = len(head) // pieces + 1
    with raw(bridge) as s:
        for at in range(0, len(head), step):
            s.sendall(head[at:at + step])
            time.sleep(0.005)  # pieces, not one segment
        assert to_end(s).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("sent, status", [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000, 413),
    (b"POST /sse?stream=runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 405),
    (b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
])
def test_requests_that_are_refused(bridge, sent, status):
    with raw(bridge, sent) as s:
        answer = to_end(s)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert b"application/problem+json" in answer


def test_a_handshake_of_another_version_is_426(bridge):
    status, headers, _ = get(bridge.url, "/ws", headers={**UPGRADE, "Sec-WebSocket-Version": "8"})
    assert status == 426 and headers["Sec-WebSocket-Version"] == "13"


def test_frames_sent_along_with_the_handshake_are_not_lost(bridge):
    head = "GET /ws HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"{k}: {v}\r\n" for k, v in UPGRADE.items()) + "\r\n"
    text = b'{"op":"ping"}'
    frame = bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text
    with raw(bridge, head.encode() + frame) as s:
        taken = b""
        while b'{"op":"pong"}' not in taken:
            taken += s.recv(4096)
    assert taken.startswith(b"HTTP/1.1 101 ") and taken.index(b'"hello"') < taken.index(b'"pong"')


@pytest.mark.parametrize("settings, prefix, headers", [
    (["public_url=http://localhost/tools/rs"], "/tools/rs", {}),
    ([], "/sub", {"X-Forwarded-Prefix": "/sub/"}),
])
def test_below_a_sub_path(own_bridge, name, settings, prefix, headers):
    bridge = own_bridge(*settings)
    bridge.emitter().emit(f"run:{name}", "log", {"i": 1})
    for path in (with_query("/poll", stream=f"run:{name}", since="start"), "/healthz"):
        assert get(bridge.url, prefix + path, headers=headers)[0] == 200
        assert get(bridge.url, path)[0] == 200
    assert get(bridge.url, "/other/healthz", headers=headers)[0] == 404
    with Ws(bridge.url, prefix + "/ws", headers=headers) as ws:
        assert ws.recv()["op"] == "hello"


def test_a_unix_socket_serves_everything(name):
    bridge = Bridge()
    bridge.stop()
    path = bridge.data / "bridge.sock"
    process = subprocess.Popen([str(PROGRAM), "--data", str(bridge.data)], stderr=subprocess.DEVNULL)
    try:
        def ask(text):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(15)
                s.connect(str(path))
                for at in range(0, len(text), 40):
                    s.sendall(text[at:at + 40])
                    time.sleep(0.002)
                return s.recv(65536)
        def accepts():
            with socket.socket(socket.AF_UNIX) as s:
                return s.connect_ex(str(path)) == 0
        wait_until(accepts, what="the bridge to listen")
        assert ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100 + b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        head = "GET /ws HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"{k}: {v}\r\n" for k, v in UPGRADE.items()) + "\r\n"
        assert ask(head.encode()).startswith(b"HTTP/1.1 101")
    finally:
        process.terminate()
        assert process.wait(15) == 0
        bridge.close()
    assert not path.exists()


# Many clients, slow clients, clients that leave

def test_two_hundred_clients_get_a_burst_complete_and_in_order(bridge, emit, name):
    n_clients, n_events, stream = 200, 2000, f"run:{name}"

    async def client(ready, go):
        async with websockets.connect(ws_url(bridge), max_size=None, max_queue=None, ping_interval=None, compression=None,
                                      open_timeout=120, close_timeout=120) as ws:
            await ws.recv()
            await ws.send(json.dumps({"op": "subscribe", "streams": [stream]}))
            assert json.loads(await ws.recv())["op"] == "subscribed"
            ready.release()
            await go.wait()
            return [await ws.recv() for _ in range(n_events)]

    async def all_clients():
        ready, go = asyncio.Semaphore(0), asyncio.Event()
        tasks = [asyncio.create_task(client(ready, go)) for _ in range(n_clients)]
        for _ in range(n_clients):
            await ready.acquire()
        go.set()
        await asyncio.to_thread(emit, stream, "log", *[{"i": i} for i in range(n_events)])
        return await asyncio.wait_for(asyncio.gather(*tasks), 300)

    results = asyncio.run(all_clients())
    first = results[0]
    messages = [json.loads(text) for text in first]
    assert [m["seq"] for m in messages] == list(range(1, n_events + 1))
    assert [m["data"]["i"] for m in messages] == list(range(n_events))
    assert all(other == first for other in results)


def slow_ws(bridge, stream):
    """A client that subscribes and then does not read."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(30)
    s.connect(address(bridge))
    head = "GET /ws HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"{k}: {v}\r\n" for k, v in UPGRADE.items()) + "\r\n"
    text = json.dumps({"op": "subscribe", "streams": [stream]}).encode()
    s.sendall(head.encode() + bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
    taken = b""
    while b'"subscribed"' not in taken:
        taken += s.recv(4096)
    return s


def frames(data):
    """Whole unmasked frames of a byte string: (opcode, payload)."""
    taken, at = [], 0
    while at + 2 <= len(data):
        length, start = data[at + 1], at + 2
        if length == 126:
            length, start = int.from_bytes(data[at + 2:at + 4], "big"), at + 4
        elif length == 127:
            length, start = int.from_bytes(data[at + 2:at + 10], "big"), at + 10
        if start + length > len(data):
            break
        taken.append((data[at] & 15, data[start:start + length]))
        at = start + length
    return taken, data[at:]


def take_frames(s, n, rest=b""):
    """n text messages of a raw WebSocket, parsed."""
    got = []
    while len(got) < n:
        data = s.recv(65536)
        assert data, "the connection has ended"
        more, rest = frames(rest + data)
        assert all(op == 1 for op, _ in more)
        got += [json.loads(payload) for _, payload in more]
    return got


@pytest.mark.parametrize("setting, reason", [("limits.subscriber_bytes=64k", "bytes"), ("limits.subscriber_age=100ms", "age")], ids=["bytes", "age"])
def test_a_client_over_its_limit_is_given_the_rest_from_the_log(own_bridge, name, setting, reason):
    bridge = own_bridge(setting)
    stream, filler = f"run:{name}", "x" * 1000
    emitter = bridge.emitter()
    with slow_ws(bridge, stream) as s, Ws(bridge.url, "/ws") as other:
        other.recv()
        other.ask({"op": "subscribe", "streams": [stream]})
        n = 0
        while metric(bridge, f'subscribers_put_back_total{{reason="{reason}"}}') == 0:
            emitter.emit(stream, "log", *[{"i": n + i, "x": filler} for i in range(50)])
            for i in range(50):  # the other client is not held up
                assert other.recv()["data"]["i"] == n + i
            n += 50
            assert n < 50000
            if reason == "age" and metric(bridge, "queued_bytes") > 0:
                wait_until(lambda: metric(bridge, 'subscribers_put_back_total{reason="age"}') == 1, what="the client to be put back")
        emitter.emit(stream, "log", {"i": n, "x": filler})
        assert metric(bridge, "queued_bytes") <= 512 << 10
        assert [e["data"]["i"] for e in take_frames(s, n + 1)] == list(range(n + 1))
        emitter.emit(stream, "log", {"i": n + 1})  # and is live again
        assert take_frames(s, 1)[0]["data"]["i"] == n + 1
    assert metric(bridge, 'subscribers_ended_total{reason="bytes"}') == 0


def test_a_client_that_answers_pings_stays(own_bridge, name):
    """A second ping follows only where the answer to the first was noticed."""
    bridge = own_bridge("bridge.heartbeat=300ms")
    with slow_ws(bridge, f"run:{name}") as s:
        for _ in range(2):
            (op, payload), = frames(s.recv(65536))[0]
            assert op == 9
            s.sendall(bytes([0x8A, 0x80 + len(payload), 0, 0, 0, 0]) + payload)


def test_a_client_that_takes_nothing_for_too_long_is_cut(own_bridge, name):
    bridge = own_bridge("limits.subscriber_time=1s")
    stream = f"run:{name}"
    emitter = bridge.emitter()
    with slow_ws(bridge, stream):
        emitter.emit(stream, "log", *[{"x": "x" * 1000} for _ in range(2000)])
        wait_until(lambda: metric(bridge, 'subscribers_ended_total{reason="time"}') == 1, what="the client to be ended")
        wait_until(lambda: metric(bridge, 'connections{door="ws"}') == 0, what="its connection to be closed")


def test_a_slow_client_catches_up_whole_frames_in_order(bridge, emit, name):
    stream, n = f"run:{name}", 2500
    with slow_ws(bridge, stream) as s:
        emit(stream, "log", *[{"i": i, "x": "x" * random.Random(i).choice([1, 60, 200, 3000])} for i in range(n)])
        got, rest = [], b""
        while len(got) < n:
            more, rest = frames(rest + s.recv(65536))
            got += more
    events = [json.loads(payload) for op, payload in got if op == 1]
    assert [e["data"]["i"] for e in events] == list(range(n))


@pytest.mark.parametrize("path", ["/sse", "/poll"])
def test_a_client_that_leaves_is_noticed(bridge, name, path):
    door = path[1:]
    before = metric(bridge, f'connections{{door="{door}"}}')
    request = f"GET {with_query(path, stream=f'run:{name}', wait=30)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with raw(bridge, request.encode()):
        wait_until(lambda: metric(bridge, f'connections{{door="{door}"}}') == before + 1, what="the client to be held")
    wait_until(lambda: metric(bridge, f'connections{{door="{door}"}}') == before, what="the departure to be noticed")


def test_a_silent_peer_is_pinged_and_then_cut(own_bridge):
    bridge = own_bridge("bridge.heartbeat=1s")
    with slow_ws(bridge, "run:nobody") as s:
        got, _ = frames(to_end(s))  # pings come, no pong goes
    assert 9 in [op for op, _ in got]


def test_clients_beyond_the_limit_are_told_to_come_back(own_bridge, name):
    bridge = own_bridge("limits.connections=3")
    stream = f"run:{name}"
    with Ws(bridge.url, "/ws") as a, Ws(bridge.url, f"/ws/scraping/{name}") as b, Sse(bridge.url, f"/sse?stream={stream}") as c:
        assert a.recv()["op"] == "hello" and b.recv()["type"] == "connected" and c.next()[1]["op"] == "hello"
        for path, headers in (("/ws", UPGRADE), (f"/sse?stream={stream}", {}), (f"/poll?stream={stream}", {})):
            status, headers, body = get(bridge.url, path, headers=headers)
            assert status == 503 and int(headers["Retry-After"]) > 0 and json.loads(body)["status"] == 503
        assert get(bridge.url, "/healthz")[0] == 200, "that it is alive can be seen all the same"
        a.close()
        wait_until(lambda: metric(bridge, 'connections{door="ws"}') == 1, what="the client to be gone")
        assert poll(bridge.url, "/poll", stream=stream)["events"] == []


def test_more_connections_than_can_be_answered_wait(own_bridge):
    bridge = own_bridge("limits.connections=1")
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(raw(bridge)) for _ in range(80)]
        late = stack.enter_context(raw(bridge, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        late.settimeout(0.5)
        with pytest.raises(TimeoutError):
            late.recv(1)
        for s in silent[:40]:
            s.close()
        late.settimeout(20)
        assert to_end(late).startswith(b"HTTP/1.1 200")


def test_a_stream_with_as_many_clients_as_may_be(own_bridge, name):
    bridge = own_bridge("limits.stream_clients=2")
    stream, tool = f"run:{name}", f"/ws/scraping/{name}"
    subscribe = {"op": "subscribe", "streams": [stream]}
    with Ws(bridge.url, "/ws") as a, Ws(bridge.url, "/ws") as b, Sse(bridge.url, f"/sse?stream={stream}") as c:
        for client in (a, b):
            assert client.recv()["op"] == "hello"
        c.next()
        assert a.ask(subscribe)["op"] == "subscribed"
        error = b.ask(subscribe)
        assert error["op"] == "error" and error["code"] == "busy" and stream in error["message"]
        assert b.ask({"op": "subscribe", "streams": ["run:other"]})["op"] == "subscribed", "the connection lives on"
        assert a.ask(subscribe)["op"] == "subscribed", "who follows it may say so again"
        for path in (f"/sse?stream={stream}", f"/poll?stream={stream}&wait=5"):
            assert get(bridge.url, path)[0] == 503
        a.ask({"op": "unsubscribe", "streams": [stream]})
        assert b.ask(subscribe)["op"] == "subscribed"
    with Ws(bridge.url, tool), Ws(bridge.url, tool):
        wait_until(lambda: refused(bridge.url, tool) == 503, what="the third to be refused")


def test_all_slow_clients_together_are_limited_and_a_quick_one_is_served(own_bridge, name):
    bridge = own_bridge("limits.queued_bytes=4M", "limits.subscriber_bytes=1G")
    stream, filler = f"run:{name}", "x" * 4000
    emitter = bridge.emitter()
    with contextlib.ExitStack() as stack:  # each slow one has a memory of its own: streams differ
        slow = [stack.enter_context(slow_ws(bridge, f"tool:{name}-{i}")) for i in range(3)]
        quick = stack.enter_context(Ws(bridge.url, "/ws"))
        quick.recv()
        quick.ask({"op": "subscribe", "streams": [stream]})
        n = 0
        while metric(bridge, 'subscribers_put_back_total{reason="memory"}') == 0:
            for i in range(3):
                emitter.emit(f"tool:{name}-{i}", "log", *[{"x": filler}] * 100)
            emitter.emit(stream, "log", {"i": n})
            assert quick.recv()["data"]["i"] == n
            assert metric(bridge, "queued_bytes") <= 4 << 20
            n += 1
            assert n < 200
        for s in slow:
            assert [e["seq"] for e in take_frames(s, 100 * n)] == list(range(1, 100 * n + 1))
        assert metric(bridge, 'subscribers_ended_total{reason="memory"}') == 0
    wait_until(lambda: metric(bridge, "queued_bytes") == 0, what="the memory to be given back")


def test_the_slow_clients_of_one_stream_are_limited_and_others_are_left_alone(own_bridge, name):
    bridge = own_bridge("limits.stream_bytes=1M", "limits.subscriber_bytes=1G", "limits.subscriber_age=1h")
    stream, filler = f"run:{name}", "x" * 4000
    emitter = bridge.emitter()
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(slow_ws(bridge, stream)) for _ in range(2)]  # what waits is held once for both
        lone = stack.enter_context(slow_ws(bridge, f"tool:{name}"))
        quick = stack.enter_context(Ws(bridge.url, "/ws"))
        quick.recv()
        quick.ask({"op": "subscribe", "streams": [stream]})
        n_lone = 0
        while metric(bridge, "queued_bytes") == 0:
            emitter.emit(f"tool:{name}", "log", *[{"x": filler}] * 50)
            n_lone += 50
            assert n_lone < 5000
        alone, n = metric(bridge, "queued_bytes"), 0
        while metric(bridge, 'subscribers_put_back_total{reason="stream"}') < len(slow):
            emitter.emit(stream, "log", *[{"i": n + i, "x": filler} for i in range(50)])
            for i in range(50):  # the one that reads is not held up
                assert quick.recv()["data"]["i"] == n + i
            assert metric(bridge, "queued_bytes") <= alone + (3 << 20)
            n += 50
            assert n < 5000
        for s in slow:
            assert [e["data"]["i"] for e in take_frames(s, n)] == list(range(n))
        assert [e["seq"] for e in take_frames(lone, n_lone)] == list(range(1, n_lone + 1))
        assert metric(bridge, 'subscribers_put_back_total{reason="stream"}') == len(slow)
        assert metric(bridge, 'subscribers_put_back_total{reason="bytes"}') == 0
    wait_until(lambda: metric(bridge, "queued_bytes") == 0, what="the memory to be given back")


def test_a_poll_that_is_not_taken_is_cut(own_bridge, name):
    bridge = own_bridge("limits.subscriber_time=300ms")
    stream = f"run:{name}"
    bridge.emitter().emit(stream, "log", *[{"x": "x" * 4000} for _ in range(600)])
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(30)
        s.connect(address(bridge))
        s.sendall(f"GET {with_query('/poll', stream=stream, since='start')} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until(lambda: metric(bridge, "queued_bytes") > 500000, what="the answer to wait")
        wait_until(lambda: metric(bridge, "slow_answers_total") == 1, what="the cut")
        wait_until(lambda: metric(bridge, "queued_bytes") == 0, what="the memory to be given back")
    assert len(poll(bridge.url, "/poll", stream=stream, since="start")["events"]) > 100


def test_a_stream_that_is_not_read_is_cut(own_bridge, name):
    bridge = own_bridge("limits.subscriber_time=1s")
    stream = f"run:{name}"
    emitter = bridge.emitter()
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(30)
        s.connect(address(bridge))
        s.sendall(f"GET /sse?stream={stream} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until(lambda: metric(bridge, 'connections{door="sse"}') == 1, what="the stream")
        emitter.emit(stream, "log", *[{"x": "x" * 1000} for _ in range(3500)])
        wait_until(lambda: metric(bridge, 'subscribers_ended_total{reason="time"}') == 1, what="the client to be ended")
        wait_until(lambda: metric(bridge, 'connections{door="sse"}') == 0, what="its connection to be closed")


@pytest.mark.parametrize("drip", ["payload", "fragments", "head"])
def test_a_message_that_dribbles_in_is_cut(own_bridge, drip):
    """payload: a frame byte by byte; fragments: a message frame by frame, with pongs between; head: a frame's first bytes."""
    bridge = own_bridge("limits.header_time=1s", "bridge.heartbeat=1s")
    with slow_ws(bridge, "run:nobody") as s:
        s.settimeout(0.2)
        first = {"payload": bytes([0x81, 0xFE, 0xF0, 0, 0, 0, 0, 0]), "fragments": bytes([0x01, 0x81, 0, 0, 0, 0]) + b"x",
                 "head": bytes([0x81])}[drip]
        more = {"payload": b"x", "fragments": bytes([0x00, 0x81, 0, 0, 0, 0]) + b"x" + bytes([0x8A, 0x80, 0, 0, 0, 0]),
                "head": b""}[drip]
        taken, deadline = b"", time.monotonic() + 60
        s.sendall(first)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() < deadline:
                with contextlib.suppress(TimeoutError):
                    chunk = s.recv(4096)
                    if not chunk:
                        break
                    taken += chunk
                s.sendall(more)
        assert time.monotonic() < deadline, "it was not cut"
    if drip != "head":
        got, _ = frames(taken)
        assert [int.from_bytes(p[:2], "big") for op, p in got if op == 8] == [1008]
        assert metric(bridge, "slow_messages_total") == 1
    assert metric(bridge, 'connections{door="ws"}') == 0


def test_every_door_gives_up_on_a_peer_that_vanished(own_bridge, name):
    """What is sent and never acknowledged ends the connection, and something is sent at least once a heartbeat."""
    bridge = own_bridge("limits.subscriber_time=5s")
    libc = ctypes.CDLL(None, use_errno=True)
    pid_fd = libc.syscall(434, bridge.process.pid, 0)  # pidfd_open
    assert pid_fd >= 0

    def user_timeout(port):
        """TCP_USER_TIMEOUT of the bridge's end of the connection from that local port."""
        for fd in os.listdir(f"/proc/{bridge.process.pid}/fd"):
            if not os.readlink(f"/proc/{bridge.process.pid}/fd/{fd}").startswith("socket:"):
                continue
            copy = libc.syscall(438, pid_fd, int(fd), 0)  # pidfd_getfd
            assert copy >= 0, os.strerror(ctypes.get_errno())
            with socket.socket(fileno=copy) as s:
                with contextlib.suppress(OSError):
                    if s.family == socket.AF_INET and s.getpeername()[1] == port:
                        return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        raise AssertionError("no such connection")

    upgrade = "".join(f"{k}: {v}\r\n" for k, v in UPGRADE.items())
    for door, head in (("ws", f"GET /ws HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n"),
                       ("sse", f"GET /sse?stream=run:{name} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                       ("poll", f"GET /poll?stream=run:{name}&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n")):
        with raw(bridge, head.encode()) as s:
            wait_until(lambda: metric(bridge, f'connections{{door="{door}"}}') == 1, what=f"{door} to be open")
            assert user_timeout(s.getsockname()[1]) == 15000
    os.close(pid_fd)


def test_out_of_file_descriptors_is_survived(own_bridge, name):
    bridge = own_bridge()
    used = len(os.listdir(f"/proc/{bridge.process.pid}/fd"))
    resource.prlimit(bridge.process.pid, resource.RLIMIT_NOFILE, (used + 10, used + 10))
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(raw(bridge))
        log = bridge.data / "bridge.log"
        wait_until(lambda: "accept.paused" in log.read_text(), what="the pause")
        # the pause does not spin: the process sleeps
        wait_until(lambda: open(f"/proc/{bridge.process.pid}/stat").read().split()[2] == "S", what="the bridge to sleep")
    assert get(bridge.url, "/healthz")[0] == 200
    bridge.emitter().emit(f"run:{name}", "log", {"i": 1})
    assert poll(bridge.url, "/poll", stream=f"run:{name}", since="start")["events"][0]["data"] == {"i": 1}


# The spool socket

def spool(bridge):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(15)
    s.connect(str(bridge.data / "spool.sock"))
    return s, s.makefile("r")


def test_printf_and_nc_are_enough(bridge, name):
    line = json.dumps({"stream": f"tool:{name}", "type": "log", "data": {"i": 1}})
    subprocess.run(f"printf '%s' '{line}' | nc -N -U {bridge.data}/spool.sock", shell=True, check=True, timeout=120)
    assert poll(bridge.url, "/poll", stream=f"tool:{name}", since="start", wait=10)["events"][0]["data"] == {"i": 1}


def test_a_peer_that_ends_its_sending_gets_its_answers(bridge, name):
    """As nc -N does; the last line lacks its newline. Then it is closed."""
    event = {"stream": f"tool:{name}", "type": "log", "data": {}}
    lines = [{"hello": 1, "producer": name[:60], "ack": True}, *({"n": n, **event} for n in range(1, 3000)), "no"]
    s, answers = spool(bridge)
    with s:
        s.sendall("\n".join(json.dumps(line) for line in lines).encode())
        s.shutdown(socket.SHUT_WR)
        said = [json.loads(line) for line in answers]
    assert said[0] == {"hello": 1, "lastSeq": 0} and {"ack": 2999} in said[-2:], (said[0], said[-2:])
    assert sum("error" in answer for answer in said) == 1
    done = subprocess.run(["nc", "-N", "-U", str(bridge.data / "spool.sock")], input="rubbish", capture_output=True, text=True, timeout=120)
    assert "error" in json.loads(done.stdout)


def test_a_peer_that_ends_its_sending_and_never_reads_is_closed_when_it_goes(bridge, name):
    """The answers to it fill its socket; that it went away is noticed all the same."""
    def metric(row):
        return int(re.search("^" + re.escape(row) + r" (\d+)", get(bridge.url, "/metrics")[2].decode(), re.M)[1])

    connected, refused = 'runspool_connections{door="spool"}', "runspool_spool_errors_total"
    before, errors = metric(connected), metric(refused)
    s, _ = spool(bridge)
    with s:
        s.sendall(b"rubbish\n" * 20000)
        s.shutdown(socket.SHUT_WR)
        wait_until(lambda: metric(refused) == errors + 20000, what="all its lines to be looked at")
    wait_until(lambda: metric(connected) == before, what="its end")


def test_bad_lines_are_answered_and_the_connection_lives_on(bridge, name):
    s, answers = spool(bridge)
    with s:
        s.sendall(b'rubbish\n{"n":3,"stream":"run:a","type":"NO","data":{}}\n')
        assert "n" not in json.loads(answers.readline())
        assert json.loads(answers.readline())["n"] == 3
        s.sendall(b'{"x":"' + b"x" * 600000 + b'"}\n')
        assert "bytes" in json.loads(answers.readline())["error"]
        s.sendall(json.dumps({"stream": f"run:{name}", "type": "log", "data": {}}).encode() + b"\n")
        assert poll(bridge.url, "/poll", stream=f"run:{name}", since="start", wait=10)["events"]


def test_it_starts_or_says_why_with_however_few_descriptors(tmp_path):
    listens = []
    options = os.environ.get("ASAN_OPTIONS", "")
    env = {**os.environ, "ASAN_OPTIONS": f"{options}:detect_leaks=0"}  # a build that looks for leaks at its end waits for descriptors, for ever
    for n in range(6, 100):  # with fewer a library ends the program before it begins
        data, port = tmp_path / str(n), free_port()
        with open(tmp_path / "log", "wb") as log:
            bridge = subprocess.Popen([PROGRAM, "--data", data, "--listen", f"127.0.0.1:{port}"], stderr=log, env=env,
                                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
        said = lambda: (tmp_path / "log").read_text()
        wait_until(lambda: bridge.poll() is not None or "bridge.ready" in said(), what="the one or the other")
        listens.append(bridge.poll() is None)
        if listens[-1]:
            bridge.terminate()
            assert bridge.wait(60) == 0, (n, said())
        else:
            assert bridge.wait() == 1 and said().count("bridge.failed") + said().count("runspool-bridge: ") == 1, (n, said())
        if listens[-3:] == [True] * 3:
            break
    assert not listens[0] and listens[-1] and listens == sorted(listens)


def test_out_of_file_descriptors_leaves_the_clients_of_every_door_alone(own_bridge, name):
    """Connections of every kind come until no more can be opened: those that are there are served, and later there is room."""
    bridge = own_bridge()
    stream = f"run:{name}"
    emitter, log = bridge.emitter(), bridge.data / "bridge.log"
    requests = [f"GET /{path}?stream={stream}{more} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                for path, more in (("sse", ""), ("poll", "&wait=30"))]
    requests.append("GET /ws HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"{k}: {v}\r\n" for k, v in UPGRADE.items()) + "\r\n")
    with Ws(bridge.url, "/ws") as ws, Sse(bridge.url, with_query("/sse", stream=stream)) as sse, contextlib.ExitStack() as stack:
        ws.recv()
        ws.ask({"op": "subscribe", "streams": [stream]})
        sse.next()
        used = len(os.listdir(f"/proc/{bridge.process.pid}/fd"))
        resource.prlimit(bridge.process.pid, resource.RLIMIT_NOFILE, (used + 12, 4096))
        for i in range(30):
            stack.enter_context(raw(bridge, requests[i % 3].encode()))
        wait_until(lambda: "accept.paused" in log.read_text(), what="the pause")
        for i in range(3):
            emitter.emit(stream, "log", {"i": i})
            assert ws.recv()["data"] == {"i": i} and sse.next()[1]["data"] == {"i": i}
        resource.prlimit(bridge.process.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        assert len(poll(bridge.url, "/poll", stream=stream, since="start")["events"]) == 3
        bridge.emitter().emit(stream, "log", {"i": 3})
        assert ws.recv()["data"] == {"i": 3} and sse.next()[1]["data"] == {"i": 3}
    wait_until(lambda: metric(bridge, 'connections{door="ws"}') == metric(bridge, 'connections{door="sse"}') ==
               metric(bridge, 'connections{door="poll"}') == 0, what="the ends of all")
    emitter.close()


@pytest.mark.parametrize("path", ["/healthz", "/poll?stream=run:nobody", "/nothing"])
def test_a_body_that_dribbles_in_is_cut(own_bridge, path):
    """Nobody asked for one: the answer does not wait for it, nor does the connection."""
    bridge = own_bridge("limits.subscriber_time=300ms")
    with raw(bridge, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n".encode()) as s:
        s.settimeout(0.05)
        taken, deadline = b"", time.monotonic() + 60
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() < deadline:
                s.sendall(b"x")
                with contextlib.suppress(TimeoutError):
                    chunk = s.recv(4096)
                    if not chunk:
                        break
                    taken += chunk
        assert time.monotonic() < deadline, "it was not cut"
        assert taken.startswith(b"HTTP/1.1 404" if path == "/nothing" else b"HTTP/1.1 200")


def test_large_events_pass_every_door(bridge, emit, name):
    stream, text = f"run:{name}", "ä" * 70000
    with Ws(bridge.url, "/ws") as ws, Sse(bridge.url, with_query("/sse", stream=stream)) as sse:
        ws.recv()
        sse.next()
        ws.ask({"op": "subscribe", "streams": [stream]})
        emit(stream, "log", *[{"text": text, "i": i} for i in range(5)])
        for i in range(5):
            assert ws.recv()["data"] == {"text": text, "i": i}
            assert sse.next()[1]["data"] == {"text": text, "i": i}
    since = "start"
    for i in range(5):
        answer = poll(bridge.url, "/poll", stream=stream, since=since)
        for event in answer["events"]:
            assert event["data"]["text"] == text
        since = answer["next"]


def test_clients_that_do_not_read_hold_nothing_of_the_log(own_bridge, name):
    """Replays that stand still, and a poll that waits, on every door: what is written meanwhile is moved to where it stays."""
    bridge = own_bridge("limits.subscriber_time=1h", "limits.subscriber_bytes=64k", "bridge.drain=100ms")
    stream, wal = f"tool:{name}", bridge.data / "events.db-wal"
    emitter, data = bridge.emitter(), {"text": "x" * 10000}
    for _ in range(40):
        emitter.emit(stream, "log", *[data] * 50)
    stuck = [f"GET /sse?stream={stream}&since=start HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 5
    stuck += [f"GET /poll?stream={stream}&since=start HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 5
    stuck += ["GET /poll?stream=tool:never&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 5
    with contextlib.ExitStack() as stack:
        for request in stuck:
            stack.enter_context(raw(bridge, request.encode()))
        wait_until(lambda: metric(bridge, "accepted_total") > len(stuck), what="the requests")
        for _ in range(40):
            emitter.emit(stream, "log", *[data] * 50)
        wait_until(lambda: wal.stat().st_size < 8192, what="a write-ahead log without events")
    emitter.close()


def test_a_new_connection_of_a_producer_replaces_the_old(bridge, name):
    hello = json.dumps({"hello": 1, "producer": name[:60], "ack": True}).encode() + b"\n"
    a, a_answers = spool(bridge)
    b, b_answers = spool(bridge)
    with a, b:
        a.sendall(hello)
        assert json.loads(a_answers.readline())["lastSeq"] == 0
        b.sendall(hello)
        assert json.loads(b_answers.readline())["lastSeq"] == 0
        assert a_answers.readline() == ""


def test_events_another_process_appends_are_published(bridge, name):
    """Emitters append to the log themselves while there is no bridge; one may not have noticed that there is one."""
    helper = BUILD / "tests" / "helper" / "log_append"
    if not helper.exists():
        pytest.skip("tests/helper/log_append is built by `make check`")

    def append(i):
        subprocess.run([str(helper), str(bridge.data), f"run:{name}", json.dumps({"i": i})], check=True, timeout=120)

    with Ws(bridge.url, "/ws") as ws:
        ws.recv()
        ws.ask({"op": "subscribe", "streams": [f"run:{name}"]})
        append(1)
        assert ws.recv()["data"] == {"i": 1}
        append(2)
        bridge.emitter().emit(f"run:{name}", "log", {"i": 3})
        assert [ws.recv()["data"]["i"] for _ in range(2)] == [2, 3]


def test_sse_from_now_starts_at_the_head_of_its_hello(bridge, name):
    """What was in the log, but not yet published, when a stream opened was after its hello's head and never came."""
    helper = BUILD / "tests" / "helper" / "log_append"
    for i in range(20):
        subprocess.run([str(helper), str(bridge.data), f"run:{name}", json.dumps({"i": i})], check=True, timeout=120)
        with Sse(bridge.url, f"/sse?stream=run:{name}&since=now") as sse:
            _, hello = sse.next()
            for message in poll(bridge.url, "/poll", since=hello["head"], stream=f"run:{name}")["events"]:
                assert sse.next() == (message["id"], message)


# Ends

def test_sigterm_drains(own_bridge, name):
    bridge = own_bridge()
    stream = f"run:{name}"
    answers = []
    with Ws(bridge.url, "/ws") as ws, Ws(bridge.url, f"/ws/scraping/{name}") as listener, \
            Sse(bridge.url, with_query("/sse", stream=stream)) as sse:
        ws.recv()
        listener.recv()
        sse.next()
        ws.ask({"op": "subscribe", "streams": [stream]})
        poller = threading.Thread(target=lambda: answers.append(poll(bridge.url, "/poll", stream=f"crew:{name}", wait=30)))
        poller.start()
        wait_until(lambda: metric(bridge, 'connections{door="poll"}') == 1, what="the poll to be held")
        s, _ = spool(bridge)
        n = 3000
        with s:
            s.sendall(b"".join(json.dumps({"stream": stream, "type": "log", "data": {"i": i}}).encode() + b"\n" for i in range(n)))
            bridge.process.send_signal(signal.SIGTERM)
            messages = ws.until(lambda m: m.get("op") == "bye")
            bye = messages.pop()
            assert isinstance(bye["retryMs"], int) and bye["code"] and bye["reason"]
            assert [m["data"]["i"] for m in messages] == list(range(n)), "all received lines are committed and sent first"
            assert ws.close_code() == 1001
            assert listener.close_code() == 1001
            seen = []
            while (item := sse.next()) is not None:
                seen.append(item[1])
            assert [m["data"]["i"] for m in seen if "data" in m] == list(range(n)) and seen[-1]["op"] == "bye"
        poller.join(120)
        assert answers and answers[0]["events"] == []
    assert bridge.process.wait(15) == 0
    assert not (bridge.data / "run" / "bridge.pid").exists()
    bridge.start()
    last = poll(bridge.url, "/poll", stream=stream, since="start")["events"][-1]
    assert int(last["id"]) <= n


def test_sighup_reads_the_log_level_again(own_bridge):
    bridge = own_bridge()
    (bridge.data / "runspool.conf").write_text("log.level = debug\n")
    bridge.process.send_signal(signal.SIGHUP)
    log = bridge.data / "bridge.log"
    wait_until(lambda: "config.reloaded log_level=debug" in log.read_text(), what="the new level")
    (bridge.data / "runspool.conf").write_text("no.such.key = 1\n")
    bridge.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "config.refused" in log.read_text(), what="the refusal")
    assert get(bridge.url, "/healthz")[0] == 200


def test_a_second_bridge_is_refused(bridge):
    done = subprocess.run([str(PROGRAM), "--data", str(bridge.data), "--listen", "127.0.0.1:0"], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 1
    assert "another bridge is running" in done.stderr
    assert get(bridge.url, "/healthz")[0] == 200


def test_options():
    for option in ("--help", "--version"):
        assert subprocess.run([str(PROGRAM), option], capture_output=True, timeout=120).returncode == 0
    for wrong in (["--nonsense"], ["argument"], ["--listen"]):
        assert subprocess.run([str(PROGRAM), *wrong], capture_output=True, timeout=120).returncode == 2


def test_kill_9_and_clients_that_resume_lose_nothing(own_bridge, name):
    bridge = own_bridge()
    stream, n, n_kills = f"run:{name}", 4000, 4

    def write():
        """An emitter as the protocol wants it: resends what was not acknowledged."""
        acked, producer = 0, f"p-{os.getpid()}-{id(bridge)}"
        while acked < n:
            try:
                s, answers = spool(bridge)
                with s:
                    s.sendall(json.dumps({"hello": 1, "producer": producer, "ack": True}).encode() + b"\n")
                    acked = json.loads(answers.readline())["lastSeq"]
                    while acked < n:
                        sent = min(acked + 20, n)
                        for i in range(acked, sent):
                            s.sendall(json.dumps({"n": i + 1, "stream": stream, "type": "log", "data": {"i": i}}).encode() + b"\n")
                        while acked < sent:
                            acked = json.loads(answers.readline())["ack"]
            except (OSError, ValueError):
                time.sleep(0.02)

    def read_ws(taken):
        since = "start"
        while len(taken) < n:
            try:
                with Ws(bridge.url, "/ws") as ws:
                    ws.recv()
                    ws.send({"op": "subscribe", "streams": [stream], "since": since})
                    while len(taken) < n:
                        message = ws.recv()
                        if "id" in message:
                            taken.append(message)
                            since = message["id"]
            except (OSError, websockets.WebSocketException, asyncio.TimeoutError, asyncio.IncompleteReadError):
                time.sleep(0.02)

    def read_sse(taken):
        last = None
        while len(taken) < n:
            try:
                with Sse(bridge.url, with_query("/sse", stream=stream, since="start"), last_event_id=last) as sse:
                    while len(taken) < n and (item := sse.next()):
                        if item[0]:
                            taken.append(item[1])
                            last = item[0]
            except (OSError, AssertionError, ValueError, http.client.HTTPException):
                time.sleep(0.02)

    lists = [[], [], []]
    threads = [threading.Thread(target=write, daemon=True)] + \
        [threading.Thread(target=f, args=(taken,), daemon=True) for f, taken in zip((read_ws, read_ws, read_sse), lists)]
    for thread in threads:
        thread.start()
    for kill in range(n_kills):
        wait_until(lambda: len(lists[0]) > n * (kill + 1) // (n_kills + 1), timeout=120, what="progress")
        bridge.process.kill()
        bridge.process.wait()
        bridge.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    for taken in lists:
        assert [m["data"]["i"] for m in taken] == list(range(n))
        assert [m["seq"] for m in taken] == list(range(1, n + 1))
        assert sorted({number(m["id"]) for m in taken}) == [number(m["id"]) for m in taken]


def status_of(bridge, path, *headers):
    """Status of a request with these header lines, as they are."""
    with raw(bridge, "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()) as s:
        return int(s.recv(4096).split()[1])


AFAR = "X-Forwarded-For: 203.0.113.9"
HANDSHAKE = [f"{name}: {value}" for name, value in UPGRADE.items()]


@pytest.mark.parametrize("path, more", [("/ws", HANDSHAKE), ("/poll?stream=runs", []), ("/metrics", [])])
def test_a_client_from_afar_does_not_pass_for_a_local_one(bridge, path, more):
    """auth = none, behind a proxy that adds a header of its own below the client's."""
    good = 101 if more else 200
    assert status_of(bridge, path, *more) == good
    assert status_of(bridge, path, *more, "X-Forwarded-For: 127.0.0.1") == good
    assert status_of(bridge, path, *more, AFAR) == 403
    assert status_of(bridge, path, *more, "X-Forwarded-For: 127.0.0.1", AFAR) == 403
    assert status_of(bridge, path, *more, AFAR, "X-Forwarded-For: 127.0.0.1") == 403  # two proxies, a line from each
    assert status_of(bridge, path, *more, "X-Forwarded-For: " + "127.0.0.1, " * 200 + "203.0.113.9") in (403, 413)
    assert status_of(bridge, "/healthz", AFAR) == 200


def test_emitters_that_never_pause_do_not_keep_it_from_ending(own_bridge):
    bridge = own_bridge()
    lines = b'{"stream":"run:x","type":"log","data":{"text":"%s"}}\n' % (b"x" * 200) * 1000

    def write():
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
            s.connect(str(bridge.data / "spool.sock"))
            while True:
                s.sendall(lines)

    threads = [threading.Thread(target=write, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: metric(bridge, "events_committed_total") > 10000, what="events")
    assert bridge.stop() == 0
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()


def saved_workflow(bridge):
    definition = {"id": "hello", "nodes": [{"id": "start", "type": "trigger", "data": {"kind": "manual"}}], "edges": []}
    (bridge.data / "hello.json").write_text(json.dumps(definition))
    subprocess.run([RUNSPOOL, "workflow", "import", bridge.data / "hello.json", "--data", bridge.data], check=True,
                   stdout=subprocess.DEVNULL)


def test_a_run_asked_for_while_it_drains(own_bridge):
    """The log is locked, so that draining takes its time."""
    bridge = own_bridge()
    saved_workflow(bridge)
    with Ws(bridge.url, "/ws") as ws:
        ws.recv()
        with contextlib.closing(sqlite3.connect(bridge.data / "events.db", isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(bridge.data / "spool.sock"))
                s.sendall(b'{"stream":"run:x","type":"log"}\n')
            wait_until(lambda: metric(bridge, "backlog_bytes") > 0, what="the event to have been received")
            bridge.process.terminate()
            wait_until(lambda: "bridge.draining" in (bridge.data / "bridge.log").read_text(), what="it to drain")
            assert ws.ask({"op": "run", "workflowId": "hello"})["code"] == "busy"
            db.execute("ROLLBACK")
        assert bridge.process.wait(30) == 0


def test_runs_asked_for_before_it_drains_are_answered_and_told(own_bridge):
    bridge = own_bridge()
    saved_workflow(bridge)
    with Ws(bridge.url, "/ws") as ws:
        ws.recv()
        for i in range(50):
            ws.send({"op": "run", "workflowId": "hello", "ref": str(i)})
        answers = [ws.recv() for _ in range(10)]
        bridge.process.terminate()
        answers += ws.until(lambda m: m["op"] == "bye")[:-1]
    assert bridge.process.wait(30) == 0
    made = {m["runId"] for m in answers if m["op"] == "ok"}
    assert len(made) >= 10 and {m["op"] for m in answers} <= {"ok", "error"}
    bridge.start()
    log = poll(bridge.url, "/poll", stream="run:*", since="start")["events"]
    assert {m["stream"][4:] for m in log if m["type"] == "run.queued"} == made


def test_sighup_takes_new_settings_while_clients_stay(own_bridge, name):
    bridge = own_bridge()
    stream, settings = f"tool:{name}", bridge.data / "runspool.conf"

    def reload(text):
        """What is logged of it."""
        settings.write_text(text)
        before = (bridge.data / "bridge.log").stat().st_size
        bridge.process.send_signal(signal.SIGHUP)

        def said():
            text = (bridge.data / "bridge.log").read_text()[before:]
            return text if "config.reloaded" in text or "config.refused" in text else None

        return wait_until(said, what="the settings to be read")

    def hello():
        with Ws(bridge.url, "/ws") as other:
            return other.recv()["heartbeatMs"]

    def allowed():
        origin = "https://elsewhere.example"
        return get(bridge.url, "/poll?stream=" + stream, {"Origin": origin})[1].get("Access-Control-Allow-Origin") == origin

    emitter = bridge.emitter()
    emitter.emit(stream, "log", *({"i": i} for i in range(20)))
    with Ws(bridge.url, "/ws") as ws, Sse(bridge.url, with_query("/sse", stream=stream)) as sse:
        ws.recv()
        sse.next()
        ws.ask({"op": "subscribe", "streams": ["tool:other"]})
        assert hello() == 20000 and not allowed()
        said = reload("bridge.heartbeat = 100ms\ncors.origins = https://elsewhere.example\nlimits.stream_clients = 2\n"
                      "eventlog.keep_count = 5\neventlog.sync = full\n")
        assert "config.needs_restart" in said and "eventlog.sync" in said
        assert hello() == 100 and allowed()
        with Sse(bridge.url, with_query("/sse", stream=stream)) as second:
            assert second.status == 200
            assert get(bridge.url, with_query("/sse", stream=stream))[0] == 503  # as many as may follow it
        wait_until(lambda: metric(bridge, "events_trimmed_total") == 15, what="the oldest to be removed")
        answer = poll(bridge.url, "/poll", stream=stream, since="start")
        assert answer["events"][0]["op"] == "gap" and [e["data"]["i"] for e in answer["events"][1:]] == list(range(15, 20))
        emitter.emit("tool:other", "log", {})
        assert ws.recv()["stream"] == "tool:other"  # these are still served
        emitter.emit(stream, "log", {"i": 20})
        assert sse.next()[1]["data"] == {"i": 20} and sse.comments > 0
        assert "config.refused" in reload("bridge.heartbeat = never\n")
        assert hello() == 100  # as before
        reload("")
        assert hello() == 20000 and not allowed()
    emitter.close()


def test_a_head_that_is_too_long_is_answered(bridge):
    """Not reset: the client reads why."""
    with raw(bridge) as s:
        s.sendall(b"GET /sse?stream=runs HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 100000)
        answer = b""
        while part := s.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 4") and b"application/problem+json" in answer


def test_a_message_that_is_too_long_is_read_before_the_close(bridge):
    """A socket closed with bytes unread is reset, and what stands between forgets the close code."""
    for size in (70_000, 900_000):
        with raw(bridge) as s:
            s.sendall(b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
            frame = b"\x81\xff" + size.to_bytes(8, "big") + b"\0\0\0\0"  # a mask of zeros
            s.sendall(frame + b"x" * 1000)
            time.sleep(0.05)  # a close now would leave the rest unread
            s.sendall(b"x" * (size - 1000))
            answer = b""
            while part := s.recv(65536):
                answer += part
                if b"\x03\xf1a message has at most" in answer:
                    s.sendall(b"\x88\x82\0\0\0\0\x03\xf1")  # our close, as is due
                    s.shutdown(socket.SHUT_WR)
        assert b"\x03\xf1a message has at most 64 KiB" in answer
