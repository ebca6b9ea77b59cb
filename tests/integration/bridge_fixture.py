"""A bridge alone: no web server, no runner. Events come by its spool socket."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from clients import Emitter
from conftest import BUILD, free_port, wait_until

PROGRAM = BUILD / "bridge" / "runspool-bridge"


class Bridge:
    def __init__(self, settings=()):
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="rs-"))
        self.settings = settings
        self.serial = 0
        self.process = None
        self.start()

    def start(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.unix = f"unix:{self.data}/public.sock"
        args = [str(PROGRAM), "--data", str(self.data), "--listen", f"127.0.0.1:{port}", "--listen", self.unix]
        for setting in self.settings:
            args += ["--set", setting]
        with open(self.data / "bridge.log", "ab") as log:
            self.process = subprocess.Popen(args, stderr=log, env={**os.environ, "RUNSPOOL_DATA": str(self.data)})
        wait_until(lambda: self.accepts(port), what="the bridge to listen")
        wait_until((self.data / "spool.sock").exists, what="the spool socket")

    def accepts(self, port):
        assert self.process.poll() is None, (self.data / "bridge.log").read_text()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def emitter(self):
        self.serial += 1
        return Emitter(self.data / "spool.sock", f"test-{os.getpid()}-{id(self)}-{self.serial}")

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def close(self):
        try:
            if self.process.poll() is None:
                assert self.stop() == 0, (self.data / "bridge.log").read_text()
        finally:
            shutil.rmtree(self.data, ignore_errors=True)


@pytest.fixture
def own_bridge():
    """Bridges of one test: own_bridge("key=value", ...)."""
    made = []

    def make(*settings):
        made.append(Bridge(settings))
        return made[-1]

    yield make
    for it in made:
        it.close()


@pytest.fixture(scope="module")
def bridge():
    """One bridge for the tests of a file; each test uses streams of its own."""
    it = Bridge()
    yield it
    it.close()


@pytest.fixture
def emit(bridge):
    """emit(stream, type, *datas): they are in the log when it returns."""
    emitter = bridge.emitter()
    yield emitter.emit
    emitter.close()


@pytest.fixture
def name(request):
    """An id of this test's own."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:100]
