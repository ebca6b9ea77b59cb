"""The proofs that all dialects share: the same messages by every door, live and replayed, and every cursor good on each."""

import re

from doors import PREFIX, Sse, number, open_path, open_streams, with_query
from install import Watcher

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIMES = ("time", "timestamp", "createdAt", "updatedAt", "startedAt", "finishedAt", "start_time", "end_time", "checked_at",
         "last_updated", "created_at", "updated_at", "last_called", "last_delivery")


class Source:
    """What is followed: an endpoint of a dialect by its path, or native streams.
    ends: following it ends with the run (SSE ends, then 204; polls say `end`). keep: which messages count."""

    def __init__(self, install, path="", streams=None, ends=True, keep=None):
        self.install, self.path, self.streams, self.ends, self.keep = install, path, streams, ends, keep

    def open(self, door, since=None):
        place, token = self.install.place, self.install.token
        if self.streams:
            follower = open_streams(place, door, self.streams, since, token)
        else:
            follower = open_path(place, door, self.path, since, token)
        follower.keep = self.keep and (lambda message: message.get("type") == "pong" or self.keep(message))
        return follower

    def open_by_header(self, cursor):
        """SSE as an EventSource resumes it; `since` says something else, which must not count."""
        path = with_query(PREFIX["sse"] + self.path, [("stream", s) for s in self.streams or []] + [("since", "start")])
        follower = Sse(self.install.place, path, self.install.token, last_event_id=cursor)
        follower.keep = self.keep
        return follower

    def all(self, door, n=None):
        """Everything retained, of a run that has ended."""
        with self.open(door, "start") as follower:
            if n is not None:
                taken = follower.take(n)
                follower.nothing()
                return taken
            return follower.until(lambda message: False)

    def __repr__(self):
        return self.path or " ".join(self.streams)


def check_messages(messages):
    """What holds for any sequence of messages: ids are strings in growing order, times are RFC 3339 in milliseconds."""
    last = (-1, "")
    for message in messages:
        assert isinstance(message, dict), message
        if "id" in message:
            assert isinstance(message["id"], str) and re.fullmatch(r"\d+(\.\w+)?", message["id"]), message
            assert number(message["id"])[0] >= last[0], f"{message['id']} after {last}"
            assert number(message["id"]) != last, f"{message['id']} twice"
            last = number(message["id"])
        check_times(message)


def check_times(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in TIMES and isinstance(inner, str) and inner:
                assert TIME.fullmatch(inner), f"{key}: {inner!r} is not RFC 3339 UTC with milliseconds"
            if key not in ("output", "input", "result"):
                check_times(inner)
    elif isinstance(value, list):
        for inner in value:
            check_times(inner)


def differences(left, right):
    """Where two sequences part, in words; "" when they are the same."""
    for i, (a, b) in enumerate(zip(left, right)):
        if a != b:
            return f"message {i} of {len(left)} and {len(right)}:\n  {a}\n  {b}"
    if len(left) != len(right):
        longer = left if len(left) > len(right) else right
        return f"{len(left)} and {len(right)} messages; the first that is missing:\n  {longer[min(len(left), len(right))]}"
    return ""


def prove_same(door, messages, reference):
    apart = differences(messages, reference)
    assert not apart, f"{door} and the reference differ at {apart}"


def prove_cursors(source, door, reference):
    """After every message of the reference, this door gives exactly those that follow."""
    for i, message in enumerate(reference):
        if "id" not in message:
            continue
        cursor, rest = message["id"], reference[i + 1:]
        with source.open(door, cursor) as follower:
            got = follower.take(len(rest))
            apart = differences(got, rest)
            assert not apart, f"{door} after {cursor}: {apart}"
            if source.ends and door != "ws":
                assert follower.nothing(), f"{door} after {cursor}: the run has ended, but not its stream"
            elif door == "ws" or not rest:
                follower.nothing()
    if source.ends and door == "sse":
        with source.open(door, reference[-1]["id"]) as follower:
            assert follower.status == 204, f"at the end of an ended run: {follower.status}, not 204"


def prove_last_event_id(source, reference):
    """SSE: Last-Event-ID at some cursors, winning over `since`."""
    for i in sorted({0, len(reference) // 2, len(reference) - 1}):
        with source.open_by_header(reference[i]["id"]) as follower:
            rest = reference[i + 1:]
            prove_same("Last-Event-ID", follower.take(len(rest)), rest)
            if source.ends or not rest:
                assert follower.nothing() == source.ends


def prove_hops(source, doors, reference):
    """One message by one door, the next by the next one, with the last cursor."""
    taken, since = [], "start"
    while len(taken) < len(reference):
        with source.open(doors[len(taken) % len(doors)], since) as follower:
            taken += follower.take(1)
        since = taken[-1]["id"]
    prove_same("changing doors", taken, reference)


class Recording:
    """One run, followed by every door that is carried while it goes on: with since=start (live) and without (opened).
    last: of which message nothing more is awaited. Made before or right after the run's start; `finish` once it ended."""

    def __init__(self, source, last, opened=True):
        self.source, self.last, self.reference = source, last, None
        self.doors = [door for door, why_not in source.install.carried.items() if why_not is None]
        self.live = {door: Watcher(lambda door=door: source.open(door, "start"), last) for door in self.doors}
        self.opened = {door: Watcher(lambda door=door: source.open(door), last) for door in self.doors} if opened else {}

    def finish(self):
        """The reference is what the poll without a bridge gives of it afterwards."""
        with self.source.open("api", "start") as follower:
            self.reference = follower.until(self.last)
        assert self.reference, f"{self.source}: nothing at all"
        return self


class Proven:
    """The tests that every recorded endpoint has to pass; `recording` is a fixture of its own."""

    def test_messages_have_ids_in_order_and_times_in_utc(self, recording):
        check_messages(recording.reference)

    def test_live_messages_are_the_same(self, recording, door):
        prove_same(door, recording.live[door].result(), recording.reference)

    def test_replayed_messages_are_the_same(self, recording, door):
        source, reference = recording.source, recording.reference
        prove_same(door, source.all(door, len(reference)), reference)
        if source.ends and door != "ws":
            prove_same(door, source.all(door), reference)

    def test_every_cursor_gives_exactly_the_rest(self, recording, door):
        prove_cursors(recording.source, door, recording.reference)

    def test_changing_doors_at_every_message(self, recording):
        prove_hops(recording.source, recording.doors, recording.reference)

    def test_last_event_id_wins_over_since(self, recording, sse):
        prove_last_event_id(recording.source, recording.reference)


class ProvenWithOpening(Proven):
    """For endpoints that open with a `connected` message."""

    def test_opening_state_then_exactly_the_rest(self, recording, door):
        opening, *rest = recording.opened[door].result()
        assert opening["type"] == "connected", opening
        check_messages([opening, *rest])
        at = number(opening["id"])[0]
        prove_same(door, rest, [m for m in recording.reference if number(m["id"])[0] > at])

    def test_opening_state_of_the_end_is_the_same_and_a_cursor(self, recording, door):
        with recording.source.open(door) as follower:
            opening = follower.read()
        with recording.source.open("api") as follower:
            reference = follower.read()
        leave = ("timestamp",)
        assert {k: v for k, v in opening.items() if k not in leave} == {k: v for k, v in reference.items() if k not in leave}
        with recording.source.open(door, opening["id"]) as follower:
            assert follower.nothing() == (recording.source.ends and door != "ws")
