"""Outside clients of the live doors: WebSocket, Server-Sent Events, polls, and an emitter on the spool socket.

They know the protocol only, and use nothing of Runspool's own code."""

import asyncio
import contextlib
import http.client
import json
import socket
import time
import urllib.parse
import zlib

import websockets

WAIT = 60  # seconds after which something that must come is given up


def url_parts(base):
    parts = urllib.parse.urlsplit(base)
    return parts.hostname, parts.port, parts.path.rstrip("/")


def with_query(path, **query):
    """path?query, leaving out what is None; a list gives several."""
    pairs = [(k, v) for k, value in query.items() if value is not None
             for v in (value if isinstance(value, list) else [value])]
    return path + (("&" if "?" in path else "?") + urllib.parse.urlencode(pairs) if pairs else "")


def number(cursor):
    """What orders cursors: N.K."""
    n, _, part = cursor.partition(".")
    return int(n), int(part or "0", 16 if len(part) == 8 else 10)  # eight digits: of a topic's state


class Ws:
    """A WebSocket with blocking calls."""

    def __init__(self, base, path, subprotocols=None, headers=None, compression="deflate"):
        host, port, prefix = url_parts(base)
        self.loop = asyncio.new_event_loop()
        try:
            self.ws = self._wait(self._connect(f"ws://{host}:{port}{prefix}{path}", subprotocols, headers, compression))
        except BaseException:
            self.loop.close()
            raise
        self.subprotocol = self.ws.subprotocol

    @staticmethod
    async def _connect(url, subprotocols, headers, compression):
        return await websockets.connect(url, subprotocols=subprotocols, extra_headers=headers, compression=compression, max_size=None,
                                        open_timeout=WAIT, ping_interval=None, close_timeout=2)

    def _wait(self, awaitable, timeout=WAIT):
        async def run():
            return await asyncio.wait_for(awaitable, timeout)
        return self.loop.run_until_complete(run())

    def recv(self, timeout=WAIT):
        return json.loads(self._wait(self.ws.recv(), timeout))

    def send(self, message):
        self._wait(self.ws.send(message if isinstance(message, (str, bytes)) else json.dumps(message)))

    def send_raw_text(self, data):
        """A text frame of any bytes."""
        self._wait(self.ws.write_frame(True, websockets.frames.OP_TEXT, data))

    def send_fragments(self, *parts):
        async def each():
            for part in parts:
                yield part
        self._wait(self.ws.send(each()))

    def ask(self, message):
        """Send; the first answer that is no event."""
        self.send(message)
        while True:
            answer = self.recv()
            if "op" in answer:
                return answer

    def until(self, last, timeout=WAIT):
        """All messages up to the first for which last() is true."""
        deadline, taken = time.monotonic() + timeout, []
        while True:
            taken.append(self.recv(max(0.01, deadline - time.monotonic())))
            if last(taken[-1]):
                return taken

    def close_code(self):
        """The code with which the server closes; messages until then are dropped."""
        try:
            while True:
                self._wait(self.ws.recv())
        except websockets.ConnectionClosed:
            return self.ws.close_code

    def close(self):
        if not self.loop.is_closed():
            try:
                with contextlib.suppress(websockets.ConnectionClosed):  # a busy peer that says no goodbye in time
                    self._wait(self.ws.close())
            finally:
                self.loop.run_until_complete(self.loop.shutdown_asyncgens())
                self.loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def refused(base, path, **more):
    """HTTP status with which a handshake is refused."""
    try:
        Ws(base, path, **more).close()
    except websockets.InvalidStatusCode as error:
        return error.status_code
    return 101


def get(base, path, headers=None, method="GET", timeout=WAIT + 35):
    """One request: (status, headers, body bytes)."""
    host, port, prefix = url_parts(base)
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, prefix + path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


class Unpacked:
    """The lines of an answer that comes as gzip, as they come. What ends must end as gzip does, with the right checksum."""

    def __init__(self, answer):
        self.answer, self.window, self.text, self.n_bytes, self.n_text = answer, zlib.decompressobj(31), b"", 0, 0

    def readline(self):
        while b"\n" not in self.text:
            data = self.answer.read1(65536)
            text = self.window.decompress(data)
            self.text += text
            self.n_bytes += len(data)
            self.n_text += len(text)
            assert not self.window.unused_data, "something comes after the end"
            if not data:
                assert self.window.eof, "the stream was cut"
                break
        line, end, self.text = self.text.partition(b"\n")
        return line + end

    def close(self):
        self.answer.close()


class Sse:
    """A stream of Server-Sent Events, line by line (WHATWG HTML, section 9.2)."""

    def __init__(self, base, path, last_event_id=None, timeout=WAIT, encoding=None, small=False):
        host, port, prefix = url_parts(base)
        self.connection = http.client.HTTPConnection(host, port, timeout=timeout)
        if small:  # what is not read soon waits at the server
            self.connection.sock = socket.socket()
            self.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.connection.sock.settimeout(timeout)
            self.connection.sock.connect((host, port))
        headers = {"Accept": "text/event-stream", "Accept-Encoding": encoding or "identity"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        self.connection.request("GET", prefix + path, headers=headers)
        self.answer = self.connection.getresponse()
        self.status, self.headers = self.answer.status, self.answer.headers
        if self.headers["Content-Encoding"] == "gzip":
            self.answer = Unpacked(self.answer)
        self.comments = 0

    def next(self):
        """The next message as (id or None, object); None at the end of the stream."""
        ident, data = None, []
        while True:
            line = self.answer.readline()
            if not line:
                assert not data, "the stream ended within a message"
                return None
            line = line.decode("utf-8").rstrip("\n").rstrip("\r")
            if line == "" and data:
                assert len(data) == 1, "more than one data line"
                return ident, json.loads(data[0])
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            assert name in ("", "id", "data", "retry"), f"unexpected line {line!r}"
            if line.startswith(":"):
                self.comments += 1
            elif name == "id":
                ident = value
            elif name == "data":
                data.append(value)

    def until(self, last):
        """Messages (without hello) up to the first for which last() is true, or the end."""
        taken = []
        while (item := self.next()) is not None:
            ident, message = item
            if ident is None and message.get("op") == "hello":
                continue
            assert ident == message.get("id"), f"id line {ident!r} of {message}"
            taken.append(message)
            if last(message):
                break
        return taken

    def close(self):
        self.answer.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def poll(base, path, **query):
    """One poll that must be answered with 200: the body."""
    status, headers, body = get(base, with_query(path, **query))
    assert status == 200, (status, body)
    assert headers["Content-Type"].startswith("application/json")
    answer = json.loads(body)
    assert isinstance(answer["events"], list) and isinstance(answer["next"], str), answer
    number(answer["next"])
    return answer


def poll_all(base, path, since, wait=0, **query):
    """Poll until `end`: all messages."""
    taken, deadline = [], time.monotonic() + 60
    while True:
        assert time.monotonic() < deadline, f"no end after {len(taken)} messages"
        answer = poll(base, path, since=since, wait=wait, **query)
        taken += answer["events"]
        since = answer["next"]
        if answer.get("end"):
            return taken


class Emitter:
    """A client of the spool socket whose events are in the log when emit() returns."""

    def __init__(self, path, producer):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(WAIT)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("r", encoding="utf-8")
        self.n = 0
        self._write({"hello": 1, "producer": producer, "ack": True})
        answer = json.loads(self.file.readline())
        assert answer["hello"] == 1 and answer["lastSeq"] == 0, answer

    def _write(self, *lines):
        self.socket.sendall(b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    def emit(self, stream, type, *datas):
        """One event for each data (or one with {})."""
        lines = []
        for data in datas or ({},):
            self.n += 1
            lines.append({"n": self.n, "stream": stream, "type": type, "data": data})
        self._write(*lines)
        while True:
            answer = json.loads(self.file.readline())
            assert "error" not in answer, answer
            if answer["ack"] >= self.n:
                return

    def close(self):
        self.file.close()
        self.socket.close()
