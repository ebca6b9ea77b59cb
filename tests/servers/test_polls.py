"""Long polls through web servers: of clients that keep their connection, by connections that the server keeps to the bridge, and over a
restart of the bridge. Each client is told everything once, in order."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import threading

import pytest

from clients import WAIT, Emitter, get, with_query
from conftest import wait_until

KINDS = ("apache-proxy_fcgi", "apache-keeps", "lighttpd", "nginx", "nginx-keeps")
REUSE = ("apache-keeps", "nginx-keeps")
STREAM = "tool:polls"
ROUNDS = 12
UNREACHED = (500, 502, 503, 504)  # lighttpd: 500 when what it had passed on is cut
FOUND_S = 30  # after which a server that still finds no bridge is taken to have given it up


class Direct(http.client.HTTPConnection):
    """To the bridge, past the server."""

    def __init__(self, path):
        super().__init__("localhost", timeout=WAIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(WAIT)
        self.sock.connect(str(self.path))


class Figures:
    """What the bridge itself says of its connections."""

    def __init__(self, site):
        self.path, self.n_asked = site.folder / "sockets/bridge.sock", 0

    def get(self, name):
        self.n_asked += 1
        with contextlib.closing(Direct(self.path)) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        return int(re.search(rf"^runspool_{re.escape(name)} (\d+)", text, re.M)[1])

    def held(self):
        return self.get('connections{door="poll"}')

    def of_the_server(self):
        """How many connections it has made."""
        return self.get("accepted_total") - self.n_asked


class Client(threading.Thread):
    """Polls in a loop, on one connection as long as the server leaves it open. After an error it waits until the bridge is back; between two
    polls it rests while it is told to."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.host, self.prefix = site.origin.removeprefix("http://"), site.prefix
        self.connection, self.is_used = None, False
        self.seen, self.errors, self.n_polls, self.failure = [], [], 0, None
        self.since, self.stop = "start", False
        self.may_ask, self.back, self.rests = threading.Event(), threading.Event(), threading.Event()
        self.may_ask.set()
        self.back.set()

    def run(self):
        try:
            while not self.stop:
                if not self.may_ask.is_set():
                    self.rests.set()
                    assert self.may_ask.wait(WAIT), "nobody woke it"
                self.ask()
        except Exception as failure:
            self.failure = failure
        finally:
            if self.connection:
                self.connection.close()

    def ask(self):
        status, body = self.request(with_query(self.prefix + "/poll", stream=STREAM, since=self.since, wait=30))
        if status != 200:
            self.errors.append((status, body[:200]))
            assert status in UNREACHED, self.errors
            assert self.back.wait(WAIT), "the bridge is not back"
            return
        self.n_polls += 1
        answer = json.loads(body)
        self.seen += [event["data"]["n"] for event in answer["events"]]
        self.since = answer["next"]

    def request(self, target):
        """As browsers do: when a connection that has been used turns out to be closed, by another."""
        while True:
            if not self.connection:
                self.connection, self.is_used = http.client.HTTPConnection(self.host, timeout=WAIT), False
            try:
                self.connection.request("GET", target)
                answer = self.connection.getresponse()
                body = answer.read()
                self.is_used = not answer.will_close
                return answer.status, body
            except (ConnectionError, http.client.RemoteDisconnected):
                self.connection.close()
                self.connection = None
                if not self.is_used:
                    raise


def restart(site, _wait_for_errors):
    site.instance.cli("restart", "bridge")


def stop_and_start(site, wait_for_errors):
    site.instance.cli("stop", "bridge")
    wait_for_errors()
    site.instance.cli("start", "bridge")


def crash(site, wait_for_errors):
    os.kill(site.instance.pid("bridge"), signal.SIGKILL)
    wait_for_errors()


def is_another(site, pid):
    with contextlib.suppress(OSError):  # there may be none yet
        return site.instance.pid("bridge") != pid


@pytest.mark.parametrize("kind", KINDS)
def test_polls_miss_nothing(new_site, kind):
    site = new_site(kind)
    figures, n = Figures(site), 0
    runners, resters = [Client(site) for _ in range(5)], [Client(site) for _ in range(3)]
    clients = [*runners, *resters]

    def emit(count=1):
        """On a connection of its own each time: a bridge that ends cuts them."""
        nonlocal n
        with contextlib.closing(Emitter(site.instance.data / "spool.sock", f"polls-{n}")) as emitter:
            emitter.emit(STREAM, "log", *({"n": n + i} for i in range(count)))
        n += count

    def wait_for(what, condition, timeout=WAIT):
        def look():
            failed = [c.failure for c in clients if c.failure]
            assert not failed, (what, failed, site.logs())
            return condition()
        wait_until(look, timeout, what)

    def all_have_it(who=clients):
        wait_for("everybody to be told", lambda: all(len(c.seen) >= n for c in who))
        for client in who:
            assert client.seen == list(range(n))

    def are_held(who):
        wait_for("the polls to be held", lambda: figures.held() == len(who))

    def wait_for_errors():
        wait_for("everybody to find no bridge", lambda: all(c.errors for c in runners))

    for client in clients:
        client.start()
    for i in range(ROUNDS):
        are_held(clients)
        emit(1 + i % 3)
        if i % 2:  # while they are answered
            emit()
        all_have_it()
    if kind in REUSE:
        assert 2 * figures.of_the_server() < sum(c.n_polls for c in clients), "the server keeps no connections"

    for end in (restart, stop_and_start, crash):
        are_held(clients)
        for client in resters:
            client.rests.clear()
            client.may_ask.clear()
        emit()
        all_have_it()
        wait_for("some to rest", lambda: all(c.rests.is_set() for c in resters))
        are_held(runners)
        emit(2)
        all_have_it(runners)
        for client in clients:
            client.errors.clear()
            client.back.clear()
        before = site.instance.pid("bridge")
        end(site, wait_for_errors)
        wait_for("another bridge", lambda: is_another(site, before))
        # lighttpd looks once a second whether there is somebody again.
        wait_for("the server to find the bridge", lambda: get(site.url, "/healthz")[0] == 200, FOUND_S)
        for client in clients:
            client.back.set()
            client.may_ask.set()
        emit(3)
        all_have_it()
        are_held(clients)
        for client in clients:
            assert len(client.errors) <= (client in runners), (end.__name__, client.errors, site.logs())

    for client in clients:
        assert client.is_alive()
        client.stop = True
    emit()
    all_have_it()
    for client in clients:
        client.join(WAIT)
        assert not client.is_alive() and not client.failure, client.failure
