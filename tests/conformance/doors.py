"""Clients of the four doors: WebSocket (ws), Server-Sent Events (sse), the long poll (poll) and the poll that needs no
bridge (api). They know the protocol and nothing of any server: a base URL and perhaps a token is all they have.

A follower gives messages one by one, with the same calls on every door. What a door's own format demands (`id:` lines,
`next`, order of ids) is checked while reading, so that each test checks it too."""

import asyncio
import contextlib
import http.client
import json
import queue
import socket
import ssl
import threading
import time
import urllib.parse

import websockets
from websockets.legacy.client import connect as ws_connect

WAIT = 20  # seconds after which something that must come is given up
QUIET = 0.4  # seconds in which nothing may come, where nothing must come
NAMES = ("ws", "sse", "poll", "api")
TITLES = {"rest": "REST", "ws": "WebSocket", "sse": "SSE", "poll": "/poll", "api": "/api/poll"}
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


class Refused(Exception):
    """The door answered with another status than it does when it opens."""

    def __init__(self, status, headers=None, body=b""):
        super().__init__(f"HTTP status {status}: {body[:300]!r}")
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Ended(Exception):
    """The door says that nothing more comes. code: of the WebSocket's close; 204 or 200 of the others."""

    def __init__(self, code):
        super().__init__(f"ended with {code}")
        self.code = code


class Silence(AssertionError):
    """Nothing came in time."""


def number(cursor):
    """What orders ids: the event's number, then the position within it (or the hash of a state, which orders nothing)."""
    n, _, part = cursor.partition(".")
    return int(n), part


def with_query(path, pairs):
    pairs = [(k, v) for k, v in pairs if v is not None]
    return path + (("&" if "?" in path else "?") + urllib.parse.urlencode(pairs) if pairs else "")


class Place:
    """Where an install is: its base URL, taken apart, and how to get there."""

    def __init__(self, url, insecure=False):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http or https URL")
        self.url = url.rstrip("/")
        self.secure, self.host = parts.scheme == "https", parts.hostname
        self.port = parts.port or (443 if self.secure else 80)
        self.prefix = parts.path.rstrip("/")
        self.tls = None
        if self.secure:
            self.tls = ssl._create_unverified_context() if insecure else ssl.create_default_context()

    def connection(self, timeout):
        if self.secure:
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def request(self, method, path, headers=None, body=None, timeout=WAIT + 35):
        """One request, its path sent as it is: (status, headers, bytes)."""
        connection = self.connection(timeout)
        try:
            connection.request(method, self.prefix + path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def ws_url(self, path):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'wss' if self.secure else 'ws'}://{host}:{self.port}{self.prefix}{path}"


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}


class Follower:
    """What followers have in common: taking several messages, and proving that there is none.
    keep: where set, messages for which it is false are passed over (other people's, on an endpoint of many)."""

    keep = None

    def read(self, timeout=WAIT):
        """The next message. Raises Ended or Silence."""
        deadline = time.monotonic() + timeout
        while True:
            message = self._read(max(0.01, deadline - time.monotonic()))
            if self.keep is None or self.keep(message):
                return message

    def take(self, n, timeout=WAIT):
        deadline = time.monotonic() + timeout
        return [self.read(max(0.05, deadline - time.monotonic())) for _ in range(n)]

    def until(self, last, timeout=WAIT):
        """All messages up to the first for which last() is true, or to the end of the stream."""
        deadline, taken = time.monotonic() + timeout, []
        while not taken or not last(taken[-1]):
            try:
                taken.append(self.read(max(0.05, deadline - time.monotonic())))
            except Ended:
                break
            except Silence:
                raise Silence(f"waited {timeout} s in vain; the last of {len(taken)} messages: {taken[-3:]}") from None
        return taken

    def nothing(self):
        """Prove that nothing waits here. Returns whether the stream has ended."""
        try:
            message = self.read(QUIET)
        except Silence:
            return False
        except Ended:
            return True
        raise AssertionError(f"nothing was due, but this came: {message}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Ws(Follower):
    """A WebSocket with blocking calls. Any text is `send`; `recv` gives whatever comes."""

    def __init__(self, place, path, token=None, subprotocols=None, headers=None):
        self.loop = asyncio.new_event_loop()
        try:
            self.ws = self._wait(self._connect(place, path, subprotocols, {**bearer(token), **(headers or {})}))
        except websockets.InvalidStatusCode as error:
            self.loop.close()
            raise Refused(error.status_code, error.headers) from None
        except BaseException:
            self.loop.close()
            raise
        self.subprotocol = self.ws.subprotocol

    @staticmethod
    async def _connect(place, path, subprotocols, headers):
        more = {"ssl": place.tls} if place.secure else {}
        return await ws_connect(place.ws_url(path), subprotocols=subprotocols, extra_headers=headers, max_size=None,
                                open_timeout=WAIT, ping_interval=None, close_timeout=2, **more)

    def _wait(self, awaitable, timeout=WAIT):
        async def run():
            return await asyncio.wait_for(awaitable, timeout)
        return self.loop.run_until_complete(run())

    def recv(self, timeout=WAIT):
        try:
            text = self._wait(self.ws.recv(), timeout)
        except asyncio.TimeoutError:
            raise Silence(f"no frame within {timeout} s") from None
        except websockets.ConnectionClosed:
            raise Ended(self.ws.close_code) from None
        assert isinstance(text, str), "a binary frame"
        return json.loads(text)

    def _read(self, timeout):
        return self.recv(timeout)

    def send(self, message):
        try:
            self._wait(self.ws.send(message if isinstance(message, (str, bytes)) else json.dumps(message)))
        except websockets.ConnectionClosed:
            raise Ended(self.ws.close_code) from None

    def send_bytes_as_text(self, data):
        self._wait(self.ws.write_frame(True, websockets.frames.OP_TEXT, data))

    def ask(self, message):
        """Send; the first answer that is no event."""
        self.send(message)
        while True:
            answer = self.recv()
            if "id" not in answer:
                return answer

    def close_code(self, timeout=WAIT):
        """The code with which the server closes; messages until then are dropped."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.recv(max(0.05, deadline - time.monotonic()))
        except Ended as end:
            return end.code

    def close(self):
        if not self.loop.is_closed():
            try:
                self._wait(self.ws.close())
            except (asyncio.TimeoutError, OSError):
                pass
            finally:
                self.loop.run_until_complete(self.loop.shutdown_asyncgens())
                self.loop.close()


class WsMessages(Ws):
    """A listen-only socket: messages, each with its id unless it is a heartbeat."""

    ping, pong = "ping", {"type": "pong"}

    def nothing(self):
        """A ping's answer comes after all that waits; it is asked twice, for what was still on its way."""
        try:
            for _ in range(2):
                self.send(self.ping)
                answer = self.read()
                assert answer == self.pong, f"nothing was due, but this came: {answer}"
        except Ended:
            return True
        return False


class WsStreams(WsMessages):
    """The native socket, with its hello taken and one subscription made."""

    ping, pong = {"op": "ping"}, {"op": "pong"}

    def __init__(self, place, streams, since=None, token=None):
        super().__init__(place, "/ws", token, subprotocols=["runspool.v1"])
        self.hello = self.recv()
        assert self.hello["op"] == "hello", f"the first frame is no hello: {self.hello}"
        asked = {"op": "subscribe", "streams": list(streams)}
        self.send(asked if since is None else {**asked, "since": since})
        self.subscribed = self.recv()
        assert self.subscribed["op"] == "subscribed", self.subscribed


class Sse(Follower):
    """A stream of Server-Sent Events, line by line (WHATWG HTML, section 9.2)."""

    def __init__(self, place, path, token=None, last_event_id=None, headers=None):
        self.connection = place.connection(WAIT)
        headers = {"Accept": "text/event-stream", **bearer(token), **(headers or {})}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        self.connection.connect()
        self.socket = self.connection.sock
        self.connection.request("GET", place.prefix + path, headers=headers)
        self.answer = self.connection.getresponse()
        self.status, self.headers = self.answer.status, self.answer.headers
        self.comments, self.hello = 0, None
        if self.status == 204:
            return
        if self.status != 200:
            body = self.answer.read()
            self.close()
            raise Refused(self.status, self.headers, body)
        assert self.headers["Content-Type"].split(";")[0] == "text/event-stream", self.headers["Content-Type"]
        assert "no-store" in self.headers["Cache-Control"]
        assert self.headers["X-Accel-Buffering"] == "no"
        self.lines = queue.Queue()
        self.socket.settimeout(None)
        threading.Thread(target=self._read_lines, daemon=True).start()
        has_id, self.hello = self._block(WAIT)
        assert self.hello.get("op") == "hello" and has_id is None, f"the first message is no hello: {self.hello}"

    def _read_lines(self):
        """In a thread of its own, because a buffered socket cannot be read on after a timeout."""
        line = b"?"
        while line:
            try:
                line = self.answer.readline()
            except (http.client.HTTPException, OSError, ValueError, AttributeError):
                line = b""
            self.lines.put(line.decode())

    def _line(self, deadline):
        try:
            return self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty:
            raise Silence("no line in time") from None

    def _block(self, timeout):
        deadline, last_id, data = time.monotonic() + timeout, None, None
        while True:
            line = self._line(deadline)
            if line == "":
                self.lines.put("")
                raise Ended(200)
            field, _, value = line.rstrip("\r\n").partition(":")
            value = value[1:] if value.startswith(" ") else value
            if line.strip() == "":
                if data is not None:
                    return last_id, json.loads(data)
            elif field == "":
                self.comments += 1
            elif field == "data":
                assert data is None, "a message in several data lines"
                data = value
            elif field == "id":
                last_id = value
            else:
                assert field != "event", "an `event:` line"

    def _read(self, timeout):
        if self.status == 204:
            raise Ended(204)
        last_id, message = self._block(timeout)
        assert message.get("id") == last_id, f"id line {last_id}, message {message}"
        return message

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.connection.close()


class Poll(Follower):
    """/poll or /api/poll, asked again and again with `next`."""

    def __init__(self, place, path, since=None, token=None):
        self.place, self.path, self.token = place, path, token
        self.waiting, self.end, self.next = [], False, since
        self._ask(0)

    def ask(self, since, wait):
        return ask_poll(self.place, with_query(self.path, [("since", since), ("wait", wait)]), self.token)

    def _ask(self, wait):
        answer = self.ask(self.next, wait)
        events = answer["events"]
        assert isinstance(events, list) and isinstance(answer["next"], str), answer
        ids = [number(e["id"])[0] for e in events if "id" in e]
        assert not ids or number(answer["next"])[0] >= max(ids), f"next {answer['next']} is before {max(ids)}"
        self.waiting += events
        self.next, self.end = answer["next"], answer.get("end", False)
        return answer

    def _read(self, timeout):
        deadline = time.monotonic() + timeout
        while not self.waiting:
            if self.end:
                raise Ended(200)
            left = deadline - time.monotonic()
            if left <= 0:
                raise Silence("no message in time")
            before = time.monotonic()
            self._ask(min(30, int(left)))
            if not self.waiting and time.monotonic() - before < 0.05:
                time.sleep(0.05)  # a server that never holds
        return self.waiting.pop(0)

    def close(self):
        pass


def ask_poll(place, path, token=None):
    status, headers, body = place.request("GET", path, bearer(token))
    if status != 200:
        raise Refused(status, headers, body)
    assert headers["Content-Type"].split(";")[0] == "application/json", headers["Content-Type"]
    return json.loads(body)


PREFIX = {"ws": "/ws", "sse": "/sse", "poll": "/poll", "api": "/api/poll"}


def open_path(place, door, path, since=None, token=None, query=()):
    """Follow a dialect's endpoint (its path without the door) by one door. Raises Refused."""
    path = with_query(PREFIX[door] + path, query)
    if door == "ws":
        return WsMessages(place, with_query(path, [("since", since)]), token)
    if door == "sse":
        return Sse(place, with_query(path, [("since", since)]), token)
    return Poll(place, path, since, token)


def open_streams(place, door, streams, since=None, token=None):
    """Follow native streams by one door."""
    if door == "ws":
        return WsStreams(place, streams, since, token)
    return open_path(place, door, "", since, token, [("stream", s) for s in streams])
