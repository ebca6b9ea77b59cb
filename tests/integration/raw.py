"""HTTP/1.1 and WebSockets by hand, for what no library of clients would do."""

import base64
import contextlib
import ctypes
import os
import socket
import struct
import urllib.parse


class Raw:
    """A connection on which nothing is done that is not asked for."""

    def __init__(self, url, receive_bytes=None):
        host = urllib.parse.urlsplit(url)
        self.socket = socket.socket(socket.AF_UNIX if host.scheme == "unix" else socket.AF_INET)
        self.socket.settimeout(60)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.connect(host.path if host.scheme == "unix" else (host.hostname, host.port))
        self.read = b""

    @staticmethod
    def request(target, headers=None, method="GET", version="1.1", body=b""):
        lines = [f"{method} {target} HTTP/{version}", "Host: localhost", *(f"{k}: {v}" for k, v in (headers or {}).items())]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def send(self, *args, **more):
        self.socket.sendall(self.request(*args, **more))

    def until(self, end, at_least=0):
        while (at := self.read.find(end)) < 0 or len(self.read) < at + len(end) + at_least:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError(f"the connection was closed after {self.read[-300:]}")
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

    def rest(self):
        """All that comes until the connection is closed, which that is waited for; our side is closed for writing."""
        with contextlib.suppress(OSError):  # it may be gone
            self.socket.shutdown(socket.SHUT_WR)
            while data := self.socket.recv(65536):
                self.read += data
        return self.read

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def handshake(target, **headers):
    """The request of a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return Raw.request(target, {"Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                                "Sec-WebSocket-Key": key, **headers})


def frame(payload, op=1, final=True):
    """A client's frame, under 126 bytes (RFC 6455, section 5.2)."""
    payload, mask = payload.encode() if isinstance(payload, str) else payload, os.urandom(4)
    assert len(payload) < 126
    return struct.pack("BB", (0x80 if final else 0) | op, 0x80 | len(payload)) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class RawWs(Raw):
    """A WebSocket that says and answers nothing by itself."""

    def __init__(self, url, target, receive_bytes=None, **headers):
        super().__init__(url, receive_bytes)
        self.socket.sendall(handshake(target, **headers))
        at = self.until(b"\r\n\r\n")
        assert self.read.startswith(b"HTTP/1.1 101 "), self.read
        self.read = self.read[at:]

    def say(self, payload, op=TEXT):
        self.socket.sendall(frame(payload, op))

    def take(self, n):
        while len(self.read) < n:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError(f"the connection was closed after {self.read[-300:]}")
            self.read += data
        taken, self.read = self.read[:n], self.read[n:]
        return taken

    def frame(self):
        """The next whole message: (op, payload). It must not be masked, nor in fragments, nor compressed."""
        first, length = self.take(2)
        assert first & 0xf0 == 0x80 and length < 128, (first, length)
        if length == 126:
            length = int.from_bytes(self.take(2), "big")
        elif length == 127:
            length = int.from_bytes(self.take(8), "big")
        return first & 15, self.take(length)

    def closes(self):
        """The code of the close frame that comes; it is not answered."""
        while True:
            op, payload = self.frame()
            if op == CLOSE:
                return int.from_bytes(payload[:2], "big")


def sockets_of(pid):
    """{descriptor: socket} of a process."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
    return {fd: file for fd, file in found.items() if file.startswith("socket:")}


def descriptor_of(pid, fd):
    """The same open socket, here: as a program has it that was started while it was open, and has not yet closed it."""
    calls, pidfd = ctypes.CDLL(None, use_errno=True), os.pidfd_open(pid)
    try:
        here = calls.syscall(438, pidfd, fd, 0)  # pidfd_getfd: Python has no name for it
        assert here >= 0, os.strerror(ctypes.get_errno())
        return here
    finally:
        os.close(pidfd)
