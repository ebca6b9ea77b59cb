"""A client that sends what comes to its mind: whole requests, many at once, cut anywhere, with bodies, too large, half. What is answered is what
was asked, in that order, up to where the connection has to end; what stands in a body is never asked. RUNSPOOL_SEED, RUNSPOOL_ROUNDS: others, more."""

import contextlib
import os
import random
import re
import socket

import pytest

from clients import get, with_query
from conftest import wait_until
from raw import Raw, frame, handshake

pytest_plugins = ["bridge_fixture"]

SEED = int(os.environ.get("RUNSPOOL_SEED", "1"))
ROUNDS = int(os.environ.get("RUNSPOOL_ROUNDS", "400"))
STREAMS = 8
EVIL = Raw.request("/poll?stream=run:evil&since=start")


class Item:
    """Bytes, and what they may be answered with: statuses, a mark in the body; closes: nothing after them is answered; rest: some of them
    are not read, and what is closed with bytes unread is reset, which may overtake the answer."""

    def __init__(self, data, statuses=(), mark=b"", closes=True, ends=False, rest=False):
        self.data, self.statuses, self.mark, self.closes, self.ends, self.rest = data, statuses, mark, closes, ends, rest


def a_poll(rng, **more):
    n = rng.randrange(STREAMS)
    return with_query("/poll", stream=f"run:{n}", since="start", **({"wait": rng.randrange(40)} if rng.random() < 0.3 else {})), b'"mark-%d"' % n, more


def odd(rng, text):
    return "".join(rng.choice((c.upper(), c.lower())) for c in text)


def plain(rng):
    target, mark, _ = a_poll(rng)
    headers = {odd(rng, f"X-{i}"): "v" * rng.randrange(200) for i in range(rng.randrange(8))}
    if rng.random() < 0.3:
        headers[odd(rng, "connection")] = odd(rng, rng.choice(("keep-alive", "closed", "x, Keep-Alive")))
    return Item(Raw.request(target, headers), (200,), mark, closes=False)


def closing(rng):
    target, mark, _ = a_poll(rng)
    return Item(Raw.request(target, {odd(rng, "connection"): odd(rng, rng.choice(("close", "foo , close", "close,keep-alive")))}), (200,), mark)


def old(rng):
    target, mark, _ = a_poll(rng)
    return Item(Raw.request(target, {"Connection": "keep-alive"} if rng.random() < 0.5 else {}, version="1.0"), (200,), mark)


def with_length(rng):
    target, mark, _ = a_poll(rng)
    body = EVIL * rng.randrange(3)
    return Item(Raw.request(target, {odd(rng, "content-length"): len(body)}, body=body), (200,), mark, rest=True)


def chunked(rng):
    target, mark, _ = a_poll(rng)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(EVIL), EVIL) if rng.random() < 0.7 else EVIL
    return Item(Raw.request(target, {odd(rng, "transfer-encoding"): odd(rng, "chunked")}, body=body), (200, 400), mark, rest=True)


def doubtful(rng):
    target, _, _ = a_poll(rng)
    line = rng.choice((b"Content-Length : 9", b"Content-Length: 1\r\nContent-Length: 2", b"Content-Length: -5", b" x: y", b"Transfer-Encoding: chunked\r\n"
                       b"Content-Length: 5", b"a b: c", b"x\0y: z", b"Host: other", b"x: y\nContent-Length: 5"))
    return Item(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n".encode() + line + b"\r\n\r\n" + EVIL, (400,), rest=True)


def huge(rng):
    target, _, _ = a_poll(rng)
    return Item(Raw.request(target, {"X": "y" * rng.randrange(8200, 40000)}) + EVIL, (400, 413, 431), rest=True)


def many_headers(rng):
    target, _, _ = a_poll(rng)
    return Item(Raw.request(target, {f"X-{i}": i for i in range(rng.randrange(64, 200))}), (400, 413, 431), rest=True)


def noise(rng):
    return Item(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 60))) + b"\r\n\r\n", (400,), rest=True)


def other_method(rng):
    target, _, _ = a_poll(rng)
    method, statuses = rng.choice((("POST", (405,)), ("DELETE", (405,)), ("OPTIONS", (204,)), ("get", (405,)), ("BREW", (405,))))
    return Item(Raw.request(target, method=method), statuses)


def elsewhere(rng):
    target, statuses = rng.choice((("/healthz", (200,)), ("/nothing", (404,)), ("/poll/nothing/at/all", (404,)), ("/poll?stream=nonsense", (400,)),
                                   ("/poll?stream=run:1&since=x", (400,)), ("/poll/%zz", (400,)), ("/ws", (426,)), ("/poll?stream=run:1&wait=-1", (400,))))
    return Item(Raw.request(target), statuses)


def a_socket(rng):
    return Item(handshake("/ws") + frame('{"op":"ping"}') * rng.randrange(1, 4), (101,), b'"op":"pong"', ends=True)


def half(rng):
    data = Raw.request(a_poll(rng)[0])
    return Item(data[:rng.randrange(1, len(data))], ends=True)


def held(rng):
    return Item(Raw.request("/poll?stream=run:silent&wait=30"), ends=True)


KINDS = [plain] * 16 + [closing, old, with_length, chunked, doubtful, huge, many_headers, noise, other_method, elsewhere, a_socket, half, held]


def pieces(rng, data):
    """The same bytes, cut into a few."""
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.choice((0, 0, 1, 2, 5))))
    for a, b in zip([0, *cuts], [*cuts, len(data)]):
        if a < b:
            yield data[a:b]


def send(rng, client, data):
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
        for piece in pieces(rng, data):
            client.socket.sendall(piece)


def check(client, item, seen):
    if not item.statuses:
        return
    status, headers, body = client.answer()
    assert status in item.statuses, (item.data, status, headers, body, seen)
    assert b"evil" not in body
    if status == 101:
        client.until(item.mark)
    elif status == 200:
        assert item.mark in body, (item.data, body)
        assert item.closes == (headers.get("connection", "").lower() == "close"), (item.data, headers)
    if item.closes and not item.ends:
        left = client.rest()
        assert not re.search(rb"HTTP/1.1 \d", left) and b"mark-" not in left and b"evil" not in left, (item.data, left)


def one_at_a_time(rng, client, items):
    for item in items:
        send(rng, client, item.data)
        try:
            check(client, item, "alone")
        except ConnectionError:
            assert item.rest


def all_at_once(rng, client, items):
    send(rng, client, b"".join(item.data for item in items))
    try:
        for item in items:
            check(client, item, items)
    except ConnectionError:
        assert items[-1].rest


def metric(bridge, name):
    text = get(bridge.url, "/metrics")[2].decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"runspool_{name} "))


@pytest.fixture(scope="module")
def marked(bridge):
    emitter = bridge.emitter()
    for n in range(STREAMS):
        emitter.emit(f"run:{n}", "log", *[{"x": f"mark-{n}", "pad": "p" * 300 * n * n}] * (1 + n * n))
    emitter.emit("run:evil", "log", {"x": "evil"})
    yield bridge
    emitter.close()


@pytest.mark.parametrize("how", [one_at_a_time, all_at_once])
def test_random_requests(marked, how):
    rng = random.Random(SEED)
    for n in range(ROUNDS):
        items = []
        for _ in range(rng.randrange(1, 12)):
            items.append(rng.choice(KINDS)(rng))
            if items[-1].closes or items[-1].ends:
                break
        with Raw(marked.url) as client:
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.socket.settimeout(8)
            try:
                how(rng, client, items)
            except (AssertionError, OSError) as error:
                sent = [(item.data[:200], item.statuses) for item in items]
                raise AssertionError(f"seed {SEED}, round {n}: {error!r}; sent {sent}") from error
    for door in ("poll", "ws", "sse"):
        wait_until(lambda door=door: metric(marked, f'connections{{door="{door}"}}') == 0, what=f"{door} to be over")
    assert metric(marked, "queued_bytes") == 0
