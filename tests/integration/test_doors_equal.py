"""One run seen over every door gives the same messages; a client may change door at any cursor."""

import json
import subprocess
import threading

import pytest

from clients import Sse, Ws, get, poll, poll_all, with_query
from conftest import RUNSPOOL
from runs import GATE, TRIGGER, open_gate, result, shell

ENDS = ("run.finished", "run.failed", "run.cancelled")


# A way: a function (instance, run, since) -> all messages after `since` to the end of the run, n of them being known
# where a door does not say by itself that it has ended.

def native_ws(it, run, since, n):
    with Ws(it.url, "/ws") as ws:
        ws.recv()
        assert ws.ask({"op": "subscribe", "streams": [f"run:{run}"], "since": since})["op"] == "subscribed"
        if n is None:
            return ws.until(lambda m: m["type"] in ENDS, timeout=120)
        taken = [ws.recv() for _ in range(n)]
        assert ws.ask({"op": "ping"}) == {"op": "pong"}
        return taken


def sse(it, path, since, via_header):
    query = {} if via_header else {"since": since}
    path = with_query(path, **query) if "?" not in path else path + ("" if via_header else f"&since={since}")
    with Sse(it.url, path, last_event_id=since if via_header else None, timeout=120) as stream:
        return [] if stream.status == 204 else stream.until(lambda m: False)


def native_sse(it, run, since, n):
    return sse(it, f"/sse?stream=run:{run}", since, via_header=n is not None and n % 2 == 0)


def native_poll(it, run, since, n):
    return poll_all(it.url, "/poll", since, wait=5, stream=f"run:{run}")


def native_api_poll(it, run, since, n):
    return poll_all(it.url, "/api/poll", since, wait=5, stream=f"run:{run}")


def native_tail(it, run, since, n):
    process = subprocess.Popen([str(RUNSPOOL), "tail", f"run:{run}", "--since", since, "--json"], env=it.environ,
                               stdout=subprocess.PIPE, text=True)
    try:
        taken = []
        while n is None or len(taken) < n:
            line = process.stdout.readline()
            assert line, f"tail ended after {len(taken)} events"
            taken.append(json.loads(line))
            if taken[-1]["type"] in ENDS:
                break
        return taken
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def dialect_ws(suffix):
    def way(it, run, since, n):
        with Ws(it.url, with_query(f"/ws/workflows/{run}{suffix}", since=since)) as ws:
            if n is None:
                return ws.until(lambda m: m["type"] == "workflow_status" and m["status"] in ("success", "error", "cancelled"), timeout=120)
            taken = [ws.recv() for _ in range(n)]
            ws.send("ping")
            assert ws.recv() == {"type": "pong"}
            return taken
    return way


def dialect_sse(suffix):
    return lambda it, run, since, n: sse(it, f"/sse/workflows/{run}{suffix}", since, via_header=n is not None and n % 2 == 0)


def dialect_poll(door, suffix):
    return lambda it, run, since, n: poll_all(it.url, f"{door}/workflows/{run}{suffix}", since, wait=5)


NATIVE = {"ws": native_ws, "sse": native_sse, "poll": native_poll, "api-poll": native_api_poll, "tail": native_tail}
STATUS, LOGS = ({"ws": dialect_ws(s), "sse": dialect_sse(s), "poll": dialect_poll("/poll", s),
                 "api-poll": dialect_poll("/api/poll", s)} for s in ("", "/logs"))
VIEWS = {"native": NATIVE, "status": STATUS, "logs": LOGS}


def start_run(instance):
    """Two chatty nodes side by side, one of them failing but going on, behind a gate."""
    nodes = [TRIGGER, shell("gate", GATE),
             shell("left", "for i in 1 2 3 4 5 6 7 8; do echo left $i; done; echo bad >&2; exit 4", continueOnError=True),
             shell("right", "for i in 1 2 3 4 5 6 7 8; do echo right $i; done"), result()]
    edges = [{"id": str(i), "source": a, "target": b} for i, (a, b) in enumerate(
        [("start", "gate"), ("gate", "left"), ("gate", "right"), ("left", "done"), ("right", "done")])]
    return instance.inline(nodes, edges, workflow="doors")


@pytest.fixture(scope="module")
def watched(instance):
    """A run watched by every door from before its beginning to its end: (run, {(view, door): messages})."""
    run, seen, threads = start_run(instance), {}, []

    def watch(view, door, way):
        try:
            seen[view, door] = way(instance, run, "start", None)
        except Exception as error:  # shown by the test that looks for it
            seen[view, door] = error

    for view, ways in VIEWS.items():
        for door, way in ways.items():
            if (view, door) != ("logs", "ws"):  # it has no last message to wait for
                threads.append(threading.Thread(target=watch, args=(view, door, way)))
                threads[-1].start()
    open_gate(instance, run)
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "a door did not end"
    return run, seen


def whole(instance, view, run):
    return VIEWS[view]["poll"](instance, run, "start", None)


@pytest.mark.parametrize("view, door", [(v, d) for v, ways in VIEWS.items() for d in ways])
def test_live_and_replayed_alike(instance, watched, view, door):
    run, seen = watched
    messages = whole(instance, view, run)
    assert len(messages) > 5
    if (view, door) in seen:
        assert seen[view, door] == messages, "live"
    assert VIEWS[view][door](instance, run, "start", len(messages)) == messages, "replayed"


def test_native_proves_that_nothing_is_missing(instance, watched):
    run, _ = watched
    messages = whole(instance, "native", run)
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    assert messages[-1]["type"] in ENDS
    assert len({m["id"] for m in messages}) == len(messages)
    said = [m["data"]["message"] for m in messages if m["type"] == "log" and m["data"]["source"] == "stdout"]
    assert sorted(said) == sorted([f"{side} {i}" for side in ("left", "right") for i in range(1, 9)])
    for side in ("left", "right"):
        assert [s for s in said if s.startswith(side)] == [f"{side} {i}" for i in range(1, 9)]


def test_rest_events_are_the_native_ones(instance, watched):
    run, _ = watched
    status, _, body = instance.http("GET", f"/api/runs/{run}/events?limit=1000")
    assert status == 200 and body["items"] == whole(instance, "native", run)


@pytest.mark.parametrize("view", list(VIEWS))
def test_change_of_door_at_every_cursor(instance, watched, view):
    run, _ = watched
    messages = whole(instance, view, run)
    for cut in range(1, len(messages) + 1):
        doors = [d for d in VIEWS[view] if d != "tail"]
        door = doors[cut % len(doors)]
        rest = VIEWS[view][door](instance, run, messages[cut - 1]["id"], len(messages) - cut)
        assert rest == messages[cut:], f"{door} after message {cut}"


@pytest.mark.parametrize("view", list(VIEWS))
@pytest.mark.parametrize("door", ["ws", "sse", "poll", "api-poll"])
def test_every_door_at_some_cursors(instance, watched, view, door):
    run, _ = watched
    messages = whole(instance, view, run)
    for cut in sorted({1, 2, len(messages) // 2, len(messages) - 1, len(messages)}):
        assert VIEWS[view][door](instance, run, messages[cut - 1]["id"], len(messages) - cut) == messages[cut:]


def test_next_of_a_poll_is_a_cursor_for_every_door(instance, watched):
    run, _ = watched
    messages = whole(instance, "logs", run)
    opening = poll(instance.url, f"/poll/workflows/{run}/logs")
    assert opening["events"][0]["logs"] == messages
    for door in ("sse", "poll", "api-poll", "ws"):
        assert LOGS[door](instance, run, opening["next"], 0) == []


def test_a_client_that_hops_from_door_to_door_while_the_run_goes_on(instance):
    """Takes a few messages on one door, leaves it, goes on at the next one with its cursor."""
    run, taken, since = start_run(instance), [], "start"
    open_gate(instance, run)
    hop = 0
    while not taken or taken[-1]["type"] not in ENDS:
        door, few = ("ws", "poll", "sse", "api-poll")[hop % 4], 1 + hop % 3
        hop += 1
        got = []
        if door == "ws":
            with Ws(instance.url, "/ws") as ws:
                ws.recv()
                ws.ask({"op": "subscribe", "streams": [f"run:{run}"], "since": since})
                while len(got) < few and not (got and got[-1]["type"] in ENDS):
                    got.append(ws.recv())
        elif door == "sse":
            with Sse(instance.url, f"/sse?stream=run:{run}", last_event_id=None if since == "start" else since) as stream:
                assert stream.status == 200
                assert stream.next()[1]["op"] == "hello"
                while len(got) < few and (item := stream.next()):
                    got.append(item[1])
        else:
            got = poll(instance.url, "/poll" if door == "poll" else "/api/poll", stream=f"run:{run}", since=since, wait=5)["events"][:few]
        taken += got
        if taken:
            since = taken[-1]["id"]
    assert taken == whole(instance, "native", run)


def test_head_requests_and_other_methods_do_not_hang(instance, watched):
    run, _ = watched
    for path in (f"/sse/workflows/{run}", f"/poll/workflows/{run}", f"/api/poll/workflows/{run}"):
        status, headers, _ = get(instance.url, path, method="POST")
        assert status == 405 and "GET" in headers["Allow"]
