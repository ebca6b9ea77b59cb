"""Connections that stay open between polls (HTTP/1.1)."""

import contextlib
import json
import os
import re
import select
import socket
import subprocess
import time

import pytest

from clients import UPGRADE, Ws, get, poll, with_query
from conftest import free_port, wait_until
from issuer import SECRET, Key, KeyServer, hs256, jwks
from raw import Raw, descriptor_of, frame, handshake, sockets_of

pytest_plugins = ["bridge_fixture"]


def metric(bridge, name):
    text = get(bridge.url, "/metrics")[2].decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"runspool_{name} "))


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_client_that_polls_in_a_loop_keeps_its_connection(own_bridge, name):
    bridge = own_bridge()
    stream = f"run:{name}"
    emitter = bridge.emitter()
    since = poll(bridge.url, "/poll", stream=stream, since="now")["next"]
    with Raw(bridge.url) as client:
        for i in range(20):
            if i % 2:  # some are there when it asks, others come while it waits
                emitter.emit(stream, "log", {"i": i})
            client.send(with_query("/poll", stream=stream, since=since, wait=30))
            if not i % 2:
                wait_until(lambda: metric(bridge, 'connections{door="poll"}') == 1, what="the poll to be held")
                emitter.emit(stream, "log", {"i": i})
            status, headers, body = client.answer()
            assert status == 200 and headers.get("connection", "keep-alive").lower() == "keep-alive"
            assert [e["data"]["i"] for e in json.loads(body)["events"]] == [i]
            since = json.loads(body)["next"]
            wait_until(lambda: metric(bridge, 'connections{door="poll"}') == 0, what="the poll to be over")
        client.send("/poll/metrics?wait=20")  # another endpoint, by the same
        assert client.answer()[0] == 200
        # Requests one after the other, before the first is answered.
        for _ in range(3):
            client.send(with_query("/poll", stream=stream, since="start"))
        assert [len(json.loads(client.answer()[2])["events"]) for _ in range(3)] == [20] * 3


@pytest.mark.parametrize("how", [
    {"version": "1.0"},
    {"headers": {"Connection": "close"}},
    {"headers": {"Content-Length": "5"}, "body": b"GET /"},
    {"headers": {"Transfer-Encoding": "chunked"}, "body": b"0\r\n\r\n"},
    {"method": "POST"},
    {"target": "/poll?stream=nonsense"},
    {"target": "/healthz"},
], ids=str)
def test_other_answers_close_the_connection(own_bridge, how):
    bridge = own_bridge()
    with Raw(bridge.url) as client:
        client.send(**{"target": "/poll?stream=run:x", **how})
        assert client.answer()[1]["connection"].lower() == "close"
        assert client.ends()
        assert client.read == b""


def test_a_handshake_on_a_connection_that_was_kept(own_bridge, name):
    """Web servers use a connection that has carried polls for a WebSocket."""
    bridge = own_bridge()
    stream = f"run:{name}"
    for target, status in ((f"/ws/scraping/{name}", 101), ("/ws/workflows/nobody", 404), ("/ws/nowhere", 404), ("/poll?stream=run:x", 400)):
        with Raw(bridge.url) as client:
            client.send(with_query("/poll", stream=stream))
            assert client.answer()[0] == 200
            client.send(target, {**UPGRADE, "X-Forwarded-For": "127.0.0.1"})
            got = client.answer()
            assert got[0] == status, got
            if status != 101:
                assert got[1]["connection"].lower() == "close" and client.ends()
                continue
            client.until(b'"connected"')
            bridge.emitter().emit(f"tool:{name}", "scrape.progress", {"toolId": name, "url": "u", "status": "success", "items": 1,
                                                                     "progress": 100, "preview": []})
            client.until(b'"scraping_progress"')
            assert metric(bridge, 'connections{door="ws"}') == 1
    wait_until(lambda: metric(bridge, 'connections{door="ws"}') == 0, what="the socket to be gone")


@pytest.mark.parametrize("together", [False, True])
def test_a_frame_that_comes_with_the_handshake_is_not_lost(own_bridge, name, together):
    """Nor is one that comes with the poll before it: some do not wait for the answer."""
    bridge = own_bridge()
    with Raw(bridge.url) as client:
        first = Raw.request(with_query("/poll", stream=f"run:{name}"))
        then = handshake("/ws") + frame('{"op":"ping"}') + frame('{"op":"nonsense"}')
        if together:
            client.socket.sendall(first + then)
            assert client.answer()[0] == 200
        else:
            client.socket.sendall(first)
            assert client.answer()[0] == 200
            client.socket.sendall(then)
        assert client.answer()[0] == 101
        for it in (b'"op":"hello"', b'"op":"pong"', b'"op":"error"'):
            client.until(it)


# What two parsers could read differently, and so what of it is the next request.
DOUBTFUL = [
    b"Content-Length : 48", b"Content-Length\t: 48", b" Content-Length: 48", b"X: y\r\n Content-Length: 48", b"Content-Length: 48\nX: y",
    b"Transfer-Encoding : chunked", b"X: y\r\n\tTransfer-Encoding: chunked", b"X: y\rContent-Length: 48", b"X: \0y", b"Content-Length",
    b"Content-Length: 48\r\nContent-Length: 0", b"Content-Length: +48", b"Content-Length: 4 8", b"Content-Length:", b"Content-Length: -1",
    b"Content-Length: 99999999999999999999", b"Transfer-Encoding: chunked\r\nContent-Length: 0", b"Host: another",
]
WITH_BODY = [b"Content-Length: 48", b"content-length:48", b"Content-Length: 0", b"Transfer-Encoding: chunked",
             b"tRANSFER-eNCODING: xchunked", b"Transfer-Encoding: identity"]


@pytest.mark.parametrize("first", [True, False], ids=["first", "kept"])
def test_a_body_is_never_the_next_request(own_bridge, first):
    bridge = own_bridge()
    bridge.emitter().emit("run:smuggled", "log", {"secret": "smuggled"})
    hidden = Raw.request("/poll?stream=run:smuggled&since=start")
    for line in [*DOUBTFUL, *WITH_BODY]:
        with Raw(bridge.url) as client:
            if not first:
                client.send("/poll?stream=run:x")
                assert client.answer()[0] == 200
            client.socket.sendall(b"GET /poll?stream=run:x HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n" + hidden)
            told = client.rest()
            assert b"smuggled" not in told and len(re.findall(rb"HTTP/1.1 \d", told)) <= 1, (line, told)
            assert line not in DOUBTFUL or told.startswith(b"HTTP/1.1 400 ") or not told, (line, told)


def test_each_request_on_a_kept_connection_is_authorised(own_bridge, name):
    bridge = own_bridge("auth=jwt", f"auth.secret={SECRET}")
    bridge.emitter().emit("run:x", "log", {"i": 1})
    good, scoped = bearer(hs256()), bearer(hs256(scope="nothing"))
    target = with_query("/poll", stream="workflow:x")
    for headers, status in (({}, 401), (bearer(hs256(secret="another secret that is long enough")), 401), (bearer(hs256(ttl=-60)), 401),
                            (bearer("nonsense"), 401), (scoped, 403)):
        with Raw(bridge.url) as client:
            for _ in range(2):
                client.send(target, good)
                assert client.answer()[0] == 200
            client.send(target, headers)
            got = client.answer()
            assert got[0] == status and got[1]["connection"] == "close" and "www-authenticate" in got[1], (headers, got)
            assert client.ends()
    # Of another org: what is told is theirs.
    with Raw(bridge.url) as client:
        for org in ("acme", "other", "acme"):
            client.send(with_query("/poll/workflows", wait=20), bearer(hs256(org=org)))
            assert client.answer()[0] == 200


def test_connections_stay_open_while_keys_come_from_an_address(own_bridge, name):
    first, second, unknown = Key("ES256", "first"), Key("ES256", "second"), Key("ES256", "unknown")
    with contextlib.closing(KeyServer(jwks(first))) as server:
        bridge = own_bridge("auth=jwt", f"auth.keys={server.url}")
        target = with_query("/poll", stream="workflow:x")
        with Raw(bridge.url) as client:
            for _ in range(3):
                client.send(target, bearer(first.token()))
                got = client.answer()
                assert got[0] == 200 and "connection" not in got[1], got
            # A key that is new is asked for, on behalf of a request that is not the connection's first.
            asked, server.text = server.asked, jwks(second)
            client.send(target, bearer(second.token()))
            assert client.answer()[0] == 200 and server.asked == asked + 1
            client.send(target, bearer(unknown.token()))
            assert client.answer()[0] == 401 and client.ends()
        with Raw(bridge.url) as client:
            client.send(target, bearer(second.token()))
            assert client.answer()[0] == 200
            server.text = jwks(first)
            client.socket.sendall(handshake("/ws", **bearer(first.token())) + frame('{"op":"ping"}'))
            assert client.answer()[0] == 101
            client.until(b'"pong"')
        with Raw(bridge.url) as client:
            client.send(target, bearer(first.token()))
            assert client.answer()[0] == 200
            client.send(target)
            assert client.answer()[0] == 401 and client.ends()


def test_clients_are_told_to_close_first(own_bridge):
    bridge = own_bridge("limits.keepalive_time=10s")
    with Raw(bridge.url) as client:
        client.send("/poll?stream=run:x")
        assert client.answer()[1]["keep-alive"] == "timeout=8"


def test_a_client_that_asks_and_leaves_is_noticed(own_bridge):
    bridge = own_bridge()
    for pause in (False, True):
        with Raw(bridge.url) as client:
            client.send("/poll?stream=run:x")
            assert client.answer()[0] == 200
            client.send("/poll?stream=run:x&wait=30")
            if pause:
                wait_until(lambda: metric(bridge, 'connections{door="poll"}') == 1, what="the poll to be held")
        wait_until(lambda: metric(bridge, 'connections{door="poll"}') == 0, 10, what="the poll to be over")


def test_a_client_that_sends_no_more_is_answered_and_let_go(own_bridge):
    bridge = own_bridge()
    with Raw(bridge.url) as client:
        client.socket.settimeout(20)
        for _ in range(2):
            client.send("/poll?stream=run:x")
            assert client.answer()[0] == 200
        client.socket.send(Raw.request("/poll?stream=run:x"), socket.MSG_MORE)  # in one with:
        client.socket.shutdown(socket.SHUT_WR)
        assert client.answer()[0] == 200 and client.ends()


def test_an_event_that_comes_while_others_are_answered_is_told_at_once(own_bridge, name):
    """The bridge looks for events between the requests of others; those who are held must not wait for what wakes it next, a second later."""
    bridge, waits = own_bridge(), []
    emitter, stream = bridge.emitter(), f"run:{name}"
    emitter.emit("run:long", "log", *[{"x": "x" * 2000}] * 1000)
    for before in range(5, 14):
        with Raw(bridge.url) as held, contextlib.ExitStack() as stack:
            since = poll(bridge.url, "/poll", stream=stream, since="now")["next"]
            others = [stack.enter_context(Raw(bridge.url)) for _ in range(30)]
            held.send(with_query("/poll", stream=stream, since=since, wait=30))
            wait_until(lambda: metric(bridge, 'connections{door="poll"}') == 1, what="the poll to be held")
            for i, other in enumerate(others):  # nobody takes these answers
                other.send(with_query("/poll", stream="run:long", since=i + 1), version="1.0")
            for _ in range(before):
                emitter.emit("run:other", "log", {})
            emitter.emit(stream, "log", {})
            committed = time.monotonic()
            assert len(json.loads(held.answer()[2])["events"]) == 1
            waits.append(time.monotonic() - committed)
    assert sorted(waits)[len(waits) * 2 // 3] < 0.5, waits  # of those that a busy machine may hold up, few


def test_what_happens_goes_before_those_who_ask_at_once(own_bridge, name):
    bridge, clients = own_bridge(), 200
    emitter = bridge.emitter()
    emitter.emit("run:long", "log", *[{"x": "x" * 2000}] * 1000)
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(Raw(bridge.url)) for _ in range(clients)]
        for client in kept:
            client.send("/poll?stream=run:x")
            assert client.answer()[0] == 200
        for i, client in enumerate(kept):  # each is told something else
            client.send(with_query("/poll", stream="run:long", since=i + 1))
        for _ in range(4):
            emitter.emit(f"run:{name}", "log", {})
        answered, _, _ = select.select([client.socket for client in kept], [], [], 0)
        assert len(answered) < clients, "all of them were answered before the events were taken"
        for client in kept:
            assert client.answer()[0] == 200


def test_a_slow_client_of_a_kept_connection_is_cut(own_bridge, name):
    bridge = own_bridge("limits.subscriber_time=300ms")
    stream = f"run:{name}"
    bridge.emitter().emit(stream, "log", *[{"x": "x" * 4000} for _ in range(600)])
    with contextlib.closing(socket.socket()) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = bridge.url.removeprefix("http://").split(":")
        s.connect((host, int(port)))
        for _ in range(8):
            s.sendall(Raw.request(with_query("/poll", stream=stream, since="start")))
        wait_until(lambda: metric(bridge, "slow_answers_total") == 1, what="the answer to be cut")
    wait_until(lambda: metric(bridge, "queued_bytes") == 0, what="the memory to be given back")


def test_a_kept_connection_is_not_kept_for_ever(own_bridge):
    bridge = own_bridge("limits.header_time=300ms", "limits.keepalive_time=400ms")
    with Raw(bridge.url) as silent, Raw(bridge.url) as slow:
        for client in (silent, slow):
            client.send("/poll?stream=run:x")
            assert client.answer()[0] == 200
        slow.socket.sendall(b"GET /poll?stream=run:x HTTP/1.1\r\nHost: local")
        assert silent.ends() and slow.ends()


def test_a_connection_that_was_closed_and_is_open_elsewhere_is_not_heard_of(own_bridge):
    bridge = own_bridge("limits.keepalive_time=1s")
    before = set(sockets_of(bridge.process.pid).values())
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Raw(bridge.url)) for _ in range(20)]
        for client in clients:
            client.send("/poll?stream=run:x")
            assert client.answer()[0] == 200
        elsewhere = [descriptor_of(bridge.process.pid, fd) for fd, file in sockets_of(bridge.process.pid).items() if file not in before]
        assert all(client.ends() for client in clients)
    for fd in elsewhere:
        os.close(fd)
    with Raw(bridge.url) as client:
        client.send("/poll?stream=run:x")
        assert client.answer()[0] == 200 and len(elsewhere) >= len(clients)


def test_connections_that_are_kept_do_not_hold_up_the_end(own_bridge):
    bridge = own_bridge("bridge.drain=5m")
    with Raw(bridge.url) as client:
        client.send("/poll?stream=run:x")
        assert client.answer()[0] == 200
        assert bridge.stop() == 0
        assert client.ends()


def test_few_connections_are_kept_when_most_are_taken(own_bridge):
    bridge = own_bridge("limits.connections=4")
    with Raw(bridge.url) as first, Raw(bridge.url) as second, contextlib.ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(Raw(bridge.url))
            client.send("/poll?stream=run:x&wait=30")
        wait_until(lambda: metric(bridge, 'connections{door="poll"}') == 3, what="the polls to be held")
        first.send("/poll?stream=run:x")
        assert first.answer()[1].get("connection") == "close" and first.ends()
        second.send("/poll?stream=run:x")
        assert second.answer()[0] == 200


NGINX = """daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream bridge {{ server {bridge}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://bridge; proxy_http_version 1.1; proxy_buffering off; proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
        }}
    }}
}}
"""


@pytest.fixture
def nginx(own_bridge, tmp_path):
    """(bridge, base): nginx in front of a bridge, whose connections it keeps."""
    if not os.path.exists("/usr/sbin/nginx"):
        pytest.skip("nginx is not installed")
    bridge, port = own_bridge(), free_port()
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port, bridge=bridge.url.removeprefix("http://")))
    process = subprocess.Popen(["/usr/sbin/nginx", "-p", str(tmp_path), "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")])
    try:
        def answers():
            assert process.poll() is None, (tmp_path / "error.log").read_text()
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        wait_until(answers, what="nginx to listen")
        yield bridge, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_a_web_server_may_use_one_connection_for_all(nginx, name):
    bridge, base = nginx
    stream = f"run:{name}"
    emitter = bridge.emitter()
    since = poll(base, "/poll", stream=stream, since="now")["next"]
    before = metric(bridge, "accepted_total")
    for i in range(10):
        emitter.emit(stream, "log", {"i": i})
        got = poll(base, "/poll", stream=stream, since=since, wait=30)
        since = got["next"]
        assert [e["data"]["i"] for e in got["events"]] == [i]
    assert metric(bridge, "accepted_total") == before + 1  # which is the one that asks for it
    with Ws(base, "/ws") as ws:
        assert ws.recv()["op"] == "hello"
        assert ws.ask({"op": "subscribe", "streams": [stream], "since": "start"})["op"] == "subscribed"
        assert [ws.recv()["data"]["i"] for _ in range(10)] == list(range(10))
        assert metric(bridge, "accepted_total") == before + 2
    emitter.close()
