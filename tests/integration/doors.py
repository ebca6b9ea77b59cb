"""One endpoint read over every door, for tests that prove them equal."""

import time

from clients import Sse, Ws, number, poll, with_query

DOORS = ("ws", "sse", "sse-gzip", "poll", "api-poll")


def take(instance, door, path, n, since=None, ends=False):
    """The next n messages with an id, after which there must be no more for now. ends: the stream ends with them."""
    if door == "ws":
        with Ws(instance.url, with_query("/ws" + path, since=since)) as ws:
            taken = [ws.recv() for _ in range(n)]
            if ends:
                assert ws.close_code() == 1000
            else:
                ws.send("ping")
                assert ws.recv() == {"type": "pong"}
            return taken
    if door in ("sse", "sse-gzip"):
        with Sse(instance.url, "/sse" + path, last_event_id=since, encoding=door[4:]) as stream:
            if stream.status == 204:
                assert ends and n == 0
                return []
            assert stream.headers["Content-Encoding"] == (door[4:] or None)
            assert stream.next()[1]["op"] == "hello"
            taken = []
            for _ in range(n):
                ident, message = stream.next()
                assert ident == message["id"]
                taken.append(message)
            if ends:
                assert stream.next() is None
            return taken
    door, taken, answer = {"poll": "/poll", "api-poll": "/api/poll"}[door], [], {}
    deadline = time.monotonic() + 30
    while len(taken) < n or (ends and not answer.get("end")):
        assert time.monotonic() < deadline, f"{len(taken)} of {n} messages"
        answer = poll(instance.url, door + path, since=since, wait=5)
        taken += answer["events"]
        since = answer["next"]
    rest = poll(instance.url, door + path, since=since)
    assert rest["events"] == [] and bool(rest.get("end")) == ends, rest
    return taken


def equal_everywhere(instance, path, expected, ends=False, opening=True):
    """Every door gives these messages, from the start and after each of their ids; without since too, if the opening is
    the start."""
    ids = [m["id"] for m in expected]
    assert sorted(set(ids), key=number) == ids
    for door in DOORS:
        assert take(instance, door, path, len(expected), "start", ends) == expected, door
        if opening:
            assert take(instance, door, path, len(expected), None, ends) == expected, door
    for i, ident in enumerate(ids):
        for door in DOORS if i % 3 == 0 or "." in ident or i > len(ids) - 3 else DOORS[i % 5:i % 5 + 1]:
            assert take(instance, door, path, len(ids) - i - 1, ident, ends) == expected[i + 1:], f"{door} after {ident}"
