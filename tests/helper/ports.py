"""Ports for servers that a test or a benchmark starts."""

import contextlib
import random
import socket


def free_port():
    """A loopback port nobody listens on, outside the range from which outgoing connections take theirs."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
