"""permessage-deflate on the bridge's WebSockets (RFC 7692): what is agreed, and that it changes no message."""

import base64
import json
import os
import random
import socket
import threading
import zlib

import pytest

from clients import WAIT, Ws, url_parts
from runs import chain, result, shell

pytest_plugins = ["bridge_fixture"]

CHROMIUM = "permessage-deflate; client_max_window_bits"
ALONE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
TAIL = b"\0\0\xff\xff"


class Raw:
    """A WebSocket of bytes: the header it is answered with, and frames as they are."""

    def __init__(self, base, path, offer=None):
        host, port, prefix = url_parts(base)
        self.socket = socket.create_connection((host, port), timeout=WAIT)
        lines = [f"GET {prefix}{path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        lines += [f"Sec-WebSocket-Extensions: {one}" for one in ([offer] if isinstance(offer, str) else offer or [])]
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode())
        self.file = self.socket.makefile("rb")
        assert self.file.readline().split()[1] == b"101"
        self.agreed, self.window, self.n_bytes, self.n_compressed = None, zlib.decompressobj(-15), 0, 0
        while line := self.file.readline().strip().decode():
            name, _, value = line.partition(":")
            if name.lower() == "sec-websocket-extensions":
                self.agreed = value.strip()
        if self.agreed and "server_max_window_bits" in self.agreed:
            self.window = zlib.decompressobj(-12)

    def frame(self):
        """(first byte, payload)"""
        head = self.file.read(2)
        assert len(head) == 2, "the connection was cut"
        n = head[1]
        if n > 125:
            n = int.from_bytes(self.file.read(2 if n == 126 else 8), "big")
        self.n_bytes += n + 2
        return head[0], self.file.read(n)

    def recv(self):
        """The next message; a frame with the code when the server closes."""
        while True:
            first, payload = self.frame()
            if first == 0x88:
                return {"closed": int.from_bytes(payload[:2], "big")}
            if first == 0x89:
                continue
            if first & 0x40:
                self.n_compressed += 1
                if "server_no_context_takeover" in self.agreed:
                    self.window = zlib.decompressobj(-15)
                payload = self.window.decompress(payload + TAIL)
            return json.loads(payload)

    def send(self, payload, first=0x81):
        n, mask = len(payload), os.urandom(4)
        head = bytes([first]) + (bytes([0x80 | n]) if n < 126 else b"\xfe" + n.to_bytes(2, "big") if n < 65536
                                 else b"\xff" + n.to_bytes(8, "big"))
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes((mask * (n // 4 + 1))[:n], "big")).to_bytes(n, "big")
        self.socket.sendall(head + mask + masked)

    def ask(self, message):
        self.send(json.dumps(message).encode())
        while True:
            answer = self.recv()
            if "op" in answer or "closed" in answer:
                return answer

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def squeeze(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert packed.endswith(TAIL)
    return packed[:-4]


def follow(base, stream, offer, since="start"):
    ws = Raw(base, "/ws", offer)
    assert ws.recv()["op"] == "hello"
    assert ws.ask({"op": "subscribe", "streams": [stream], "since": since})["op"] == "subscribed"
    return ws


def lines(n, salt=""):
    return [{"level": "info", "message": f"{salt} line {i} of {i * i}: " + "abc " * (i % 9), "nodeId": "check", "source": "stdout"}
            for i in range(n)]


@pytest.mark.parametrize("offer, agreed", [
    (CHROMIUM, "permessage-deflate; client_no_context_takeover"),
    ("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
     "permessage-deflate; client_no_context_takeover; server_max_window_bits=12"),
    (ALONE, "permessage-deflate; client_no_context_takeover; server_no_context_takeover"),
    ("permessage-deflate; server_no_context_takeover; server_max_window_bits=15",
     "permessage-deflate; client_no_context_takeover; server_no_context_takeover; server_max_window_bits=12"),
    (["x-unknown", "permessage-deflate; server_max_window_bits=9, permessage-deflate"],
     "permessage-deflate; client_no_context_takeover"),
    ("permessage-deflate; server_max_window_bits=9", None),
    ("permessage-deflate; level=3", None),
    ("x-unknown", None),
    ("x" * 2000, None),
    (None, None),
])
def test_what_is_agreed(bridge, offer, agreed):
    with Raw(bridge.url, "/ws", offer) as ws:
        assert ws.agreed == agreed
        assert ws.recv()["op"] == "hello"
        assert ws.ask({"op": "ping"}) == {"op": "pong"}


def test_may_be_switched_off():
    from bridge_fixture import Bridge
    bridge = Bridge(["bridge.compression=no"])
    try:
        with Raw(bridge.url, "/ws", CHROMIUM) as ws:
            assert ws.agreed is None and ws.recv()["op"] == "hello"
    finally:
        bridge.close()


def test_the_same_messages_for_all(bridge, emit, name):
    """Some come at the start, some in the middle; each kind of compression, and none."""
    stream, datas = f"run:{name}", lines(300)
    offers = [None, CHROMIUM, ALONE, "permessage-deflate; server_max_window_bits=12"]
    clients = []
    try:
        for part in range(0, 300, 30):
            clients += [follow(bridge.url, stream, offer) for offer in offers]
            for i in range(part, part + 30, 6):
                emit(stream, "log", *datas[i:i + 6])
        sizes = {}
        for i, ws in enumerate(clients):
            assert [ws.recv()["data"] for _ in datas] == datas, offers[i % 4]
            assert ws.ask({"op": "ping"}) == {"op": "pong"}
            sizes.setdefault(offers[i % 4], []).append(ws.n_bytes)
            if offers[i % 4] != ALONE or i < 4: # by itself, what is short is compressed for many only
                assert (ws.n_compressed > 290) == (offers[i % 4] is not None)
        assert max(sizes[CHROMIUM]) < min(sizes[None]) / 2
        assert sizes[ALONE][0] < min(sizes[None]) * 0.95
    finally:
        for ws in clients:
            ws.close()


def test_a_client_that_changes_its_streams(bridge, emit, name):
    """Streams are left, joined, and replayed beside the live ones; others stay in step meanwhile."""
    a, b = f"run:{name}", f"run:{name}-b"
    with follow(bridge.url, a, CHROMIUM) as steady, follow(bridge.url, a, CHROMIUM) as moving, \
            Ws(bridge.url, "/ws") as outside:
        outside.recv()
        outside.ask({"op": "subscribe", "streams": [a, b]})
        seen = {"steady": [], "moving": []}

        def both(n, *who):
            for client, key in ((steady, "steady"), (moving, "moving")):
                if key in who:
                    seen[key] += [client.recv()["data"]["message"] for _ in range(n)]

        def say(stream, *texts):
            emit(stream, "log", *({"message": text, "level": "info", "nodeId": "n", "source": "stdout"} for text in texts))

        say(b, "b1", "b2")
        say(a, "a1", "a2")
        both(2, "steady", "moving")
        assert moving.ask({"op": "subscribe", "streams": [b], "since": "start"})["op"] == "subscribed"
        both(2, "moving")
        say(a, "a3")
        both(1, "steady", "moving")
        assert moving.ask({"op": "unsubscribe", "streams": [a]})["op"] == "unsubscribed"
        say(a, "a4", "a5")
        both(2, "steady")
        say(b, "b3")
        both(1, "moving")
        assert moving.ask({"op": "unsubscribe", "streams": [b]})["op"] == "unsubscribed"
        assert moving.ask({"op": "subscribe", "streams": [a], "since": "now"})["op"] == "subscribed"
        say(a, "a6", "a7")
        both(2, "steady", "moving")
        assert seen["steady"] == ["a1", "a2", "a3", "a4", "a5", "a6", "a7"]
        assert seen["moving"] == ["a1", "a2", "b1", "b2", "a3", "b3", "a6", "a7"]
        assert [outside.recv()["data"]["message"] for _ in range(10)] == ["b1", "b2", "a1", "a2", "a3", "a4", "a5", "b3", "a6", "a7"]


def test_newcomers_while_events_come(bridge, emit, name):
    """They go over from the log to the live events at any point, also within what is given in one piece; some have seen nothing."""
    stream, n = f"run:{name}", 900
    datas = lines(n, "busy")
    go = threading.Thread(target=lambda: [emit(stream, "log", *datas[i:min(i + 7, n - 1)]) for i in range(0, n - 1, 7)])
    clients = [follow(bridge.url, stream, CHROMIUM)]
    go.start()
    try:
        for i in range(25):
            clients.append(follow(bridge.url, stream, [CHROMIUM, ALONE, CHROMIUM][i % 3], since="start" if i % 2 else "now"))
        go.join()
        emit(stream, "log", datas[-1]) # for those, too, who came when all others had been given
        for i, ws in enumerate(clients):
            taken = [ws.recv()["data"]]
            while taken[-1] != datas[-1]:
                taken.append(ws.recv()["data"])
            assert taken == datas[-len(taken):]
            assert len(taken) == n or (i > 0 and i % 2 == 1)
    finally:
        go.join()
        for ws in clients:
            ws.close()


def dialect_paths(run):
    """Path, and what its last message tells."""
    return [(f"/ws/workflows/{run}?since=start", lambda m: m.get("status") == "success" and "nodeId" not in m),
            (f"/ws/workflows/{run}/logs?since=start", lambda m: m.get("message") == "Line 300 of what the tool has to say about 90000"),
            (f"/ws/workflows/{run}/logs", lambda m: m["type"] == "connected"),
            ("/ws/workflow/squeezed?since=start", lambda m: m["type"] == "complete"),
            (f"/ws/runs/{run}", lambda m: m["type"] == "done"),
            ("/ws/workflow-history", lambda m: True),
            ("/ws/system-status", lambda m: True)]


def test_every_dialect_through_a_web_server(instance):
    run = instance.inline(*chain(shell("say", "i=0; while [ $i -lt 301 ]; do echo Line $i of what the tool has to say about $((i * i)); i=$((i + 1)); done"),
                                 result()), workflow="squeezed")
    for path, last in dialect_paths(run)[:1]: # it has ended then
        with Raw(instance.url, path, CHROMIUM) as ws:
            while not last(ws.recv()):
                pass
    for path, last in dialect_paths(run):
        taken = []
        for offer in (None, CHROMIUM, ALONE):
            with Raw(instance.url, path, offer) as ws:
                assert (ws.agreed is not None) == (offer is not None), path
                messages = [ws.recv()]
                while not last(messages[-1]):
                    messages.append(ws.recv())
                if offer != ALONE and not path.endswith("history"): # short ones are not
                    assert (ws.n_compressed > 0) == (offer is not None), path
                taken.append([m if "data" not in m or "id" not in m or not path.endswith(("status", "history")) else sorted(m["data"])
                              for m in messages])
        assert taken[0] == taken[1] == taken[2], path


@pytest.mark.parametrize("path, payload", [("/ws", {"op": "ping"}), ("/ws/scraping/x", {"type": "ping"})])
def test_messages_of_the_client_may_be_compressed(bridge, path, payload):
    with Raw(bridge.url, path, CHROMIUM) as ws:
        ws.recv()
        text = json.dumps(payload).encode()
        packed = squeeze(text)
        for _ in range(2):
            ws.send(packed, 0xc1)
            assert "pong" in ws.recv().values()
        ws.send(text)
        assert "pong" in ws.recv().values()
        ws.send(packed[:5], 0x41)  # in fragments, of which the first says so
        ws.send(packed[5:9], 0x00)
        ws.send(b"", 0x89)         # and a ping among them
        assert ws.frame()[0] == 0x8a
        ws.send(packed[9:], 0x80)
        assert "pong" in ws.recv().values()
        final = zlib.compressobj(9, zlib.DEFLATED, -15)
        ws.send(final.compress(text) + final.flush() + b"\0", 0xc1)  # section 7.2.3.4
        assert "pong" in ws.recv().values()


@pytest.mark.parametrize("what, offer, frames, code", [
    ("not agreed", None, [(0xc1, squeeze(b"ping"))], 1002),
    ("another bit", CHROMIUM, [(0xa1, b"ping")], 1002),
    ("said again within a message", CHROMIUM, [(0x41, squeeze(b"ping")[:3]), (0xc0, squeeze(b"ping")[3:])], 1002),
    ("binary", CHROMIUM, [(0xc2, squeeze(b"ping"))], 1003),
    ("no deflate", CHROMIUM, [(0xc1, b"\xff\xff\xff\xff")], 1007),
    ("cut off", CHROMIUM, [(0xc1, squeeze(b"x" * 10 + os.urandom(40))[:-9])], 1007),
    ("empty", CHROMIUM, [(0xc1, b"")], 1007),
    ("refers to what there was not", CHROMIUM, [(0xc1, b"\x03\x13\x00")], 1007),
    ("no text", CHROMIUM, [(0xc1, squeeze(b"\xff\xfe" * 20))], 1007),
    ("no text, plain", CHROMIUM, [(0x81, b"\xff\xfe" * 20)], 1007),
    ("a bomb", CHROMIUM, [(0xc1, squeeze(b"0" * 50_000_000))], 1009),
    ("just too long", CHROMIUM, [(0xc1, squeeze(b"0" * 65537))], 1009),
])
def test_what_ends_the_connection(bridge, what, offer, frames, code):
    with Raw(bridge.url, "/ws", offer) as ws:
        assert ws.recv()["op"] == "hello"
        for first, payload in frames:
            ws.send(payload, first)
        assert ws.recv() == {"closed": code}
    with Raw(bridge.url, "/ws", CHROMIUM) as ws: # and nobody else's
        assert ws.recv()["op"] == "hello"
        ws.send(squeeze(b'{"op":"ping"}'), 0xc1)
        assert ws.recv() == {"op": "pong"}


def test_rubbish_of_all_kinds(bridge):
    """Whatever comes as compressed is answered, or ends the connection with a code; the bridge lives."""
    dice = random.Random(7692)
    good = squeeze(b'{"op":"ping"}' * 3)
    for _ in range(150):
        payload = bytearray(good if dice.random() < .6 else dice.randbytes(dice.randrange(80)))
        for _ in range(dice.randrange(4)):
            if payload:
                payload[dice.randrange(len(payload))] = dice.randrange(256)
        with Raw(bridge.url, "/ws", CHROMIUM) as ws:
            assert ws.recv()["op"] == "hello"
            ws.send(bytes(payload), 0xc1)
            answer = ws.recv()
            assert answer.get("closed") in (1007, 1009) or answer["op"] in ("error", "pong"), answer
    assert bridge.process.poll() is None
