"""HTTP/1.1 by hand, for what no library of clients would send."""

import base64
import contextlib
import os
import socket
import struct
import urllib.parse


class Raw:
    """A connection on which nothing is done that is not asked for."""

    def __init__(self, url):
        host = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((host.hostname, host.port), timeout=60)
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


def frame(text):
    """A text frame of a client, under 126 bytes (RFC 6455, section 5.2)."""
    payload, mask = text.encode(), os.urandom(4)
    assert len(payload) < 126
    return struct.pack("BB", 0x81, 0x80 | len(payload)) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
