"""Long polls of the bridge: many at once."""

import contextlib
import http.client
import json
import pathlib
import socket

from clients import get, poll, with_query
from conftest import wait_until
from raw import Raw

pytest_plugins = ["bridge_fixture"]


def metric(bridge, name):
    text = get(bridge.url, "/metrics")[2].decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"runspool_{name} "))


def address(bridge):
    host, port = bridge.url.removeprefix("http://").split(":")
    return host, int(port)


def connect(bridge):
    return http.client.HTTPConnection(*address(bridge), timeout=90)


def held(stack, bridge, queries):
    """Polls that are held, one a query."""
    connections = []
    for query in queries:
        connections.append(stack.enter_context(contextlib.closing(connect(bridge))))
        connections[-1].request("GET", with_query("/poll", wait=30, **query))
    wait_until(lambda: metric(bridge, 'connections{door="poll"}') == len(connections), what="the polls to be held")
    return connections


def answer(connection):
    response = connection.getresponse()
    assert response.status == 200
    return json.loads(response.read())


def test_polls_woken_together_share_their_answer(own_bridge, name):
    bridge = own_bridge()
    a, b, n = f"run:{name}", f"run:{name}-b", 40
    emitter = bridge.emitter()
    emitter.emit(a, "log", {"i": 0})
    since = poll(bridge.url, "/poll", stream=[a, b], since="start")["next"]
    kinds = [{"stream": a, "since": since}, {"stream": [a, b], "since": since}, {"stream": [b, a], "since": "now"}]
    with contextlib.ExitStack() as stack:
        waiting = held(stack, bridge, [kinds[i % len(kinds)] for i in range(n)])
        emitter.emit(a, "log", {"i": 1})
        answers = [answer(it) for it in waiting]
    for got in answers:
        assert [e["data"] for e in got["events"]] == [{"i": 1}]
        assert got == poll(bridge.url, "/poll", stream=a, since=since)
    # Two names in either order are the same streams; those who stand further on than another are told the same.
    assert metric(bridge, "polls_shared_total") >= n - 3
    assert metric(bridge, "polls_total") >= 2 * n


def test_each_poll_is_told_what_it_has_yet_to_see(own_bridge, name):
    bridge = own_bridge()
    stream = f"run:{name}"
    emitter = bridge.emitter()
    ids = []
    for i in range(5):
        emitter.emit(stream, "log", {"i": i})
        ids.append(poll(bridge.url, "/poll", stream=stream, since="start")["next"])
    for _ in range(3):
        for since in ["start", *ids]:
            first = ids.index(since) + 1 if since in ids else 0
            assert [e["data"]["i"] for e in poll(bridge.url, "/poll", stream=stream, since=since)["events"]] == list(range(first, 5))
    assert metric(bridge, "polls_shared_total") > 0


def test_polls_of_a_topic_share_its_state(own_bridge):
    bridge = own_bridge()
    since = poll(bridge.url, "/poll/metrics", wait=20)["next"]
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(12):
            connections.append(stack.enter_context(contextlib.closing(connect(bridge))))
            connections[-1].request("GET", with_query("/poll/metrics", since=since, wait=30))
        answers = [answer(it) for it in connections]
    assert all(got["next"] != since and got["events"][0]["type"] == "metrics_update" for got in answers)
    assert all(got["events"][0]["id"] == got["next"] for got in answers)
    assert metric(bridge, "polls_shared_total") > 0


def test_an_answer_that_many_are_slow_to_take_is_memory_once(own_bridge, name):
    bridge = own_bridge()
    stream, n = f"run:{name}", 8
    bridge.emitter().emit(stream, "log", *[{"x": "x" * 4000} for _ in range(600)])
    with contextlib.ExitStack() as stack:
        for i in range(n):
            s = stack.enter_context(socket.socket())
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(address(bridge))
            s.sendall(f"GET {with_query('/poll', stream=stream, since='start')} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until(lambda: metric(bridge, "polls_total") == n, what="the answers")
        shared = metric(bridge, "polls_shared_total")
        one = metric(bridge, "queued_bytes") / (n - shared)
        assert shared > 0 and 1e6 < one < 1.1e6
    wait_until(lambda: metric(bridge, "queued_bytes") == 0, what="the memory to be given back")
    wait_until(lambda: metric(bridge, "replay_bytes") == 0, what="what was kept to be forgotten")


def test_shared_answers_carry_each_client_s_own_headers(own_bridge, name):
    bridge = own_bridge("cors.origins=https://a.example,https://b.example")
    stream = f"run:{name}"
    origins = [None, "https://a.example", "https://b.example", "https://a.example", None, "https://b.example"]
    emitter = bridge.emitter()
    with contextlib.ExitStack() as stack:
        connections = []
        for origin in origins:
            connections.append(stack.enter_context(contextlib.closing(connect(bridge))))
            connections[-1].request("GET", with_query("/poll", stream=stream, wait=30), headers={"Origin": origin} if origin else {})
        wait_until(lambda: metric(bridge, 'connections{door="poll"}') == len(origins), what="the polls to be held")
        emitter.emit(stream, "log", {"i": 1})
        for connection, origin in zip(connections, origins):
            response = connection.getresponse()
            assert response.headers["Access-Control-Allow-Origin"] == origin and response.headers["Vary"] == "Origin"
            assert response.headers["Cache-Control"] == "no-store" and response.headers["Content-Type"] == "application/json"
            assert [e["data"] for e in json.loads(response.read())["events"]] == [{"i": 1}]
    assert metric(bridge, "polls_shared_total") == len(origins) - 1


def test_a_held_poll_ends_with_its_client(own_bridge, name):
    bridge = own_bridge()
    fds = pathlib.Path(f"/proc/{bridge.process.pid}/fd")
    stream, n = f"run:{name}", 12
    emitter = bridge.emitter()
    for _ in range(2):
        with contextlib.ExitStack() as stack:
            for i in range(n):
                client = stack.enter_context(Raw(bridge.url))
                if i % 2:  # on a connection that was kept
                    client.send("/poll?stream=run:x")
                    assert client.answer()[0] == 200
                client.send("/poll/queue?wait=30&since=now" if i % 3 == 0 else with_query("/poll", stream=stream, wait=30))
            wait_until(lambda: metric(bridge, 'connections{door="poll"}') == n, what="the polls to be held")
            emitter.emit("run:other", "log", {})
            polls, open_fds = metric(bridge, "polls_total"), len(list(fds.iterdir()))
        wait_until(lambda: metric(bridge, 'connections{door="poll"}') == 0, what="the polls to be over")
        wait_until(lambda: len(list(fds.iterdir())) <= open_fds - n, what="the sockets to be closed")
        assert metric(bridge, "polls_total") == polls, "they were not answered, but ended"
