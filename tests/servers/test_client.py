"""What a server does not carry, the client library does without: it ends on the best door there is, and misses nothing."""

import json
import os
import shutil
import subprocess
import threading

import pytest

from clients import Emitter
from conftest import BUILD, SOURCE, wait_until
from sites import CONTRIB, ROOTS, named, some


class Client:
    """The library in Node, in a process of its own."""

    def __init__(self, url, stream):
        self.door, self.seen, self.said = None, [], []
        self.process = subprocess.Popen([shutil.which("node"), SOURCE / "tests/servers/door.mjs", url, stream], text=True, stdout=subprocess.PIPE,
                                        env={**os.environ, "RUNSPOOL_SOURCE": str(SOURCE), "RUNSPOOL_BUILD": str(BUILD)})
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            item = json.loads(line)
            self.said.append(item)
            if "status" in item:
                self.door = item["status"]["door"] if item["status"]["state"] in ("live", "polling") else None
            else:
                self.seen.append(item["message"]["data"]["n"])

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.thread.join(120)
        self.process.stdout.close()


def ends_on(site, door):
    """A client of this site: on that door, with what was there before and what comes afterwards, each once."""
    emitter = Emitter(site.instance.data / "spool.sock", f"client-{site.kind}") if site.bridge else None
    stream = "tool:door"

    def emit(n):
        if emitter:
            emitter.emit(stream, "log", {"n": n})
        else:
            site.instance.cli("emit", stream, "log", json.dumps({"n": n}))

    for n in range(3):
        emit(n)
    client = Client(site.url, stream)
    try:
        try:
            wait_until(lambda: client.door == door and len(client.seen) == 3, 20, door)
        except AssertionError as error:
            raise AssertionError(f"{error}; the client said {client.said}\n{site.logs()}") from None
        emit(3)
        wait_until(lambda: len(client.seen) >= 4, 30, "an event that comes later")
        assert client.seen == [0, 1, 2, 3] and client.door == door
    finally:
        client.close()
        if emitter:
            emitter.close()


@pytest.mark.parametrize("site", named(ROOTS), indirect=True, scope="session")
def test_with_a_bridge_it_is_a_websocket(site):
    ends_on(site, "websocket")


@pytest.fixture(scope="session")
def site(request, sites):
    return sites(*request.param)


@pytest.mark.parametrize("site", named(some([(kind, "/runs", False) for kind in CONTRIB], 2, 4)), indirect=True, scope="session")
def test_without_a_bridge_it_polls_the_log(site):
    ends_on(site, "polling")


@pytest.mark.parametrize("kind, defect, door", some([
    ("nginx", "no upgrade", "sse"), ("nginx", "no upgrade, buffered", "long-poll"), ("lighttpd", "no upgrade", "sse"),
    ("lighttpd", "no upgrade, buffered", "long-poll"), ("apache-proxy_fcgi", "no upgrade", "sse")], 1, 2))
def test_a_server_that_is_set_up_badly(new_site, kind, defect, door):
    ends_on(new_site(kind, defect=defect), door)
