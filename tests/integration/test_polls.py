"""Long polls of the bridge: many at once."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess

import pytest

from clients import UPGRADE, Ws, get, poll, with_query
from conftest import free_port, wait_until

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


class Raw:
    """A connection of HTTP/1.1 on which nothing is done that is not asked for."""

    def __init__(self, bridge, path=None):
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.socket.settimeout(60)
        self.socket.connect(str(path) if path else address(bridge))
        self.read = b""

    def send(self, target, headers=None, method="GET", version="1.1", body=b""):
        lines = [f"{method} {target} HTTP/{version}", "Host: localhost", *(f"{k}: {v}" for k, v in (headers or {}).items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def until(self, end, at_least=0):
        while (at := self.read.find(end)) < 0 or len(self.read) < at + len(end) + at_least:
            data = self.socket.recv(65536)
            assert data, (self.read, "the connection was closed")
            self.read += data
        return at + len(end)

    def answer(self):
        """One answer: (status, headers, body); what follows it stays."""
        at = self.until(b"\r\n\r\n")
        status, *lines = self.read[:at].decode().strip().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        self.until(b"\r\n\r\n", length)
        body, self.read = self.read[at:at + length], self.read[at + length:]
        return int(status.split()[1]), headers, body

    def ends(self):
        """Does the server close the connection, and say nothing more?"""
        try:
            return not self.read and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def test_a_client_that_polls_in_a_loop_keeps_its_connection(own_bridge, name):
    bridge = own_bridge()
    stream = f"run:{name}"
    emitter = bridge.emitter()
    since = poll(bridge.url, "/poll", stream=stream, since="now")["next"]
    with Raw(bridge) as client:
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
    with Raw(bridge) as client:
        client.send(**{"target": "/poll?stream=run:x", **how})
        assert client.answer()[1]["connection"].lower() == "close"
        assert client.ends()
        assert client.read == b""


def test_a_handshake_on_a_connection_that_was_kept(own_bridge, name):
    """Web servers use a connection that has carried polls for a WebSocket."""
    bridge = own_bridge()
    stream = f"run:{name}"
    for target, status in ((f"/ws/scraping/{name}", 101), ("/ws/workflows/nobody", 404), ("/ws/nowhere", 404), ("/poll?stream=run:x", 400)):
        with Raw(bridge) as client:
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


def test_a_kept_connection_is_not_kept_for_ever(own_bridge):
    bridge = own_bridge("limits.header_time=300ms")
    with Raw(bridge) as silent, Raw(bridge) as slow:
        for client in (silent, slow):
            client.send("/poll?stream=run:x")
            assert client.answer()[0] == 200
        slow.socket.sendall(b"GET /poll?stream=run:x HTTP/1.1\r\nHost: local")
        assert silent.ends() and slow.ends()


def test_connections_that_are_kept_do_not_hold_up_the_end(own_bridge):
    bridge = own_bridge("bridge.drain=5m")
    with Raw(bridge) as client:
        client.send("/poll?stream=run:x")
        assert client.answer()[0] == 200
        assert bridge.stop() == 0
        assert client.ends()


def test_few_connections_are_kept_when_most_are_taken(own_bridge):
    bridge = own_bridge("limits.connections=4")
    with Raw(bridge) as first, Raw(bridge) as second, contextlib.ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(Raw(bridge))
            client.send("/poll?stream=run:x&wait=30")
        wait_until(lambda: metric(bridge, 'connections{door="poll"}') == 3, what="the polls to be held")
        first.send("/poll?stream=run:x")
        assert first.answer()[1].get("connection") == "close" and first.ends()
        second.send("/poll?stream=run:x")
        assert second.answer()[0] == 200


def test_a_held_poll_ends_with_its_client(own_bridge, name):
    bridge = own_bridge()
    fds = pathlib.Path(f"/proc/{bridge.process.pid}/fd")
    stream, n = f"run:{name}", 12
    emitter = bridge.emitter()
    for _ in range(2):
        with contextlib.ExitStack() as stack:
            for i in range(n):
                client = stack.enter_context(Raw(bridge))
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
