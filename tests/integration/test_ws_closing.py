"""WebSockets that end, and those of clients that do not do their part."""

import contextlib
import json
import os
import pathlib
import socket
import time

import pytest

from clients import Ws, get
from conftest import wait_until
from issuer import SECRET
from raw import BINARY, CLOSE, PING, PONG, TEXT, Raw, RawWs, descriptor_of, frame, handshake, sockets_of

pytest_plugins = ["bridge_fixture"]

UNKNOWN = 3  # a code of frames that none has
N_EVENTS, EVENT_BYTES = 400, 20000


def metric(bridge, name):
    text = get(bridge.url, "/metrics")[2].decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"runspool_{name} "))


def connections(bridge):
    return metric(bridge, 'connections{door="ws"}')


def cpu_s(bridge):
    fields = pathlib.Path(f"/proc/{bridge.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def follow(client, stream):
    client.say(json.dumps({"op": "subscribe", "streams": [stream]}))
    while b'"subscribed"' not in client.frame()[1]:
        pass


def stuck(bridge, stream):
    """A client that does not read, while its socket is full and more waits for it."""
    client = RawWs(bridge.url, "/ws", receive_bytes=4096)
    follow(client, stream)
    emitter = bridge.emitter()
    for i in range(N_EVENTS):  # each by itself: the one in whose midst the socket is full may be the last that waits
        emitter.emit(stream, "log", {"i": i, "text": "x" * EVENT_BYTES})
    wait_until(lambda: metric(bridge, "queued_bytes") > EVENT_BYTES, what="its socket to be full")
    return client


def test_a_pong_comes_between_messages_of_a_client_that_lags(own_bridge, name):
    bridge = own_bridge()
    seen, pongs = 0, []
    with stuck(bridge, f"run:{name}") as client:
        for i in range(3):
            client.say(f"are you there? {i}", PING)
            time.sleep(0.05)  # each is looked at by itself
        while seen < N_EVENTS or not pongs:
            op, payload = client.frame()
            if op == PONG:
                pongs.append(payload.decode())
            elif op == TEXT and "data" in (message := json.loads(payload)):
                assert message["data"]["i"] == seen
                seen += 1
    assert pongs[-1].startswith("are you there?")


def test_a_client_that_lags_and_closes_is_let_go(own_bridge, name):
    bridge = own_bridge()
    with stuck(bridge, f"run:{name}") as client:
        client.say((1000).to_bytes(2, "big"), CLOSE)
        wait_until(lambda: connections(bridge) == 0, what="its end")
        assert metric(bridge, "queued_bytes") == 0


@pytest.mark.parametrize("door", ["url", "unix"])
@pytest.mark.parametrize("says,op", [(None, socket.SHUT_WR), (None, socket.SHUT_RDWR), (b"\xff\xfe", TEXT), (b"x", UNKNOWN)],
                         ids=["ends", "leaves", "text", "unknown"])
def test_a_client_that_lags_and_does_wrong_costs_nothing_and_is_cut(own_bridge, name, says, op, door):
    """What it sends then is not read, and what is under way is never taken."""
    bridge = own_bridge()
    emitter = bridge.emitter()
    with RawWs(getattr(bridge, door), "/ws", receive_bytes=4096) as client:
        follow(client, f"run:{name}")
        for _ in range(5):  # many at once: a Unix socket is full in the midst of one
            emitter.emit(f"run:{name}", "log", *[{"text": "x" * 1500}] * 1000)
        wait_until(lambda: metric(bridge, "queued_bytes") > EVENT_BYTES, what="its socket to be full")
        if says:
            for message in (says, b"more", b"and more"):
                client.say(message, op)
                time.sleep(0.05)  # each is looked at by itself
        if not says:
            client.socket.shutdown(op)
        before = cpu_s(bridge)
        wait_until(lambda: connections(bridge) == 0, what="its end")
        assert cpu_s(bridge) - before < 2


@pytest.mark.parametrize("says,op,code", [(b"\xff\xfe", TEXT, 1007), (b"x", BINARY, 1003), (b"x", UNKNOWN, 1002)],
                         ids=["text", "binary", "unknown"])
def test_nothing_follows_a_close(own_bridge, name, says, op, code):
    bridge = own_bridge()
    emitter = bridge.emitter()
    with RawWs(bridge.url, "/ws") as client, Ws(bridge.url, "/ws") as other:
        follow(client, f"run:{name}")
        other.ask({"op": "subscribe", "streams": [f"run:{name}"]})
        client.say(says, op)
        assert client.closes() == code
        emitter.emit(f"run:{name}", "log", {"text": "later"})
        other.until(lambda message: message.get("type") == "log")
        client.say("not heard any more")
        client.say(b"", PONG)
        client.say(code.to_bytes(2, "big"), CLOSE)
        assert client.ends()


def test_who_does_not_answer_a_close_is_cut(own_bridge, name):
    bridge = own_bridge()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(RawWs(bridge.url, path)) for path in ("/ws", f"/ws/scraping/{name}") for _ in range(3)]
        for i, client in enumerate(clients):
            client.say(b"\xff", UNKNOWN if i % 3 == 2 else TEXT)
            assert client.closes() == (1002 if i % 3 == 2 else 1007)
        clients.pop(1).close()
        assert connections(bridge) == len(clients), "they have their time"
        assert all(client.ends() for client in clients)
    wait_until(lambda: connections(bridge) == 0, what="their end")


def test_who_was_refused_may_say_what_it_likes(own_bridge, name):
    bridge = own_bridge("auth=jwt", f"auth.secret={SECRET}")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(RawWs(bridge.url, "/ws", **{"Sec-WebSocket-Protocol": "token"})) for _ in range(10)]
        for i, client in enumerate(clients):  # one says nothing
            for op in [TEXT, BINARY, PING, PONG, 0, 5][:i]:
                with contextlib.suppress(OSError):  # it may have been enough
                    client.say("x", op)
        assert all(client.closes() == 4401 and client.ends() for client in clients)
    assert get(bridge.url, "/healthz")[0] == 200


def test_who_breaks_the_protocol_and_stays_is_cut(own_bridge, name):
    bridge = own_bridge()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(RawWs(bridge.url, path)) for path in ("/ws", f"/ws/scraping/{name}") for _ in range(3)]
        for client, (says, op) in zip(clients, [(b"\xff", TEXT), (b"x", UNKNOWN), (b"x", 0)] * 2):
            client.say(says, op)
        for client in clients:
            client.rest()
    wait_until(lambda: connections(bridge) == 0, what="their end")


def test_a_connection_that_was_closed_and_is_open_elsewhere_is_not_heard_of(own_bridge):
    bridge = own_bridge()
    before = set(sockets_of(bridge.process.pid).values())
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(RawWs(bridge.url, "/ws")) for _ in range(20)]
        elsewhere = [descriptor_of(bridge.process.pid, fd) for fd, file in sockets_of(bridge.process.pid).items() if file not in before]
    wait_until(lambda: connections(bridge) == 0, what="their end")
    for fd in elsewhere:
        os.close(fd)
    with Ws(bridge.url, "/ws") as client:
        assert client.recv()["op"] == "hello" and len(elsewhere) >= len(clients)


def test_a_client_that_ends_its_sending_is_closed(own_bridge):
    bridge = own_bridge()
    with RawWs(bridge.url, "/ws") as client:
        client.frame()
        client.rest()
    wait_until(lambda: connections(bridge) == 0, what="its end")


def test_bytes_that_follow_the_handshake_at_once_are_read(own_bridge):
    bridge = own_bridge()
    with Raw(bridge.url) as client:
        client.socket.sendall(handshake("/ws") + frame('{"op":"ping"}') * 50)
        while client.read.count(b'"op":"pong"') < 50:
            client.until(b"", len(client.read) + 1)
