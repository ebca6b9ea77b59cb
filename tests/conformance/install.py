"""The install under test: what is there, how to ask it, and workflows made of nodes that need no file, network or shell."""

import functools
import json
import os
import threading
import time
import uuid

from doors import NAMES, UPGRADE, WAIT, Ended, Place, Refused, Silence, Sse, Ws, ask_poll, bearer, open_path

ENDED = ("success", "error", "cancelled")
SAME = object()
PAUSE_MS, PAUSE_MAX_MS = 1500, 15000 # a server that starts programs may make them wait for one another


class Answer:
    """The answer to a REST call."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.kind = headers.get("Content-Type", "").split(";")[0]

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.kind} {self.body[:500]!r}"


class Install:
    """url: base URL. options: token, foreign_token (of another org), viewer_token, model, insecure."""

    def __init__(self, url, token="", foreign_token="", viewer_token="", model="", insecure=False):
        self.place = Place(url, insecure)
        self.token, self.foreign_token, self.viewer_token, self.model = token, foreign_token, viewer_token, model
        self.mark = f"conformance-{uuid.uuid4().hex[:10]}"
        self.about = self.rest("GET", "/api", token=None).json()
        self.auth = "jwt" if self.rest("GET", "/api/runs", token=None).status == 401 else "none"
        self.carried = {door: self._probe(door) for door in NAMES}
        self.bridge = any(self.carried[door] is None for door in ("ws", "sse", "poll"))
        self._made, self._count, self._runs = [], 0, []
        self._lock = threading.Lock()

    # What is there

    def has_route(self, method, path):
        return any(r["method"] == method and r["path"] == path for r in self.about["routes"])

    def _probe(self, door):
        """None, or why this door is not carried here: its native endpoint does not even greet."""
        try:
            if door == "ws":
                with Ws(self.place, "/ws", self.token) as ws:
                    ws.recv(5)
            elif door == "sse":
                Sse(self.place, "/sse?stream=system", self.token).close()
            else:
                answer = ask_poll(self.place, {"poll": "/poll", "api": "/api/poll"}[door] + "?stream=system", self.token)
                if not isinstance(answer, dict) or "next" not in answer:
                    return "the answer is no poll"
        except Refused as error:
            return f"HTTP status {error.status}"
        except Ended as error:
            return f"closed with {error.code}"
        except (Silence, OSError, AssertionError, ValueError) as error:
            return f"{type(error).__name__}: {error}".splitlines()[0][:120]
        except Exception as error:  # whatever a client library makes of a server that is none
            return f"{type(error).__name__}: {error}".splitlines()[0][:120]
        return None

    @functools.cached_property
    def pause(self):
        """How many ms a run must go on for clients of all doors to join it: some times what that takes, as tried here with a
        run that has ended. A server may have to start programs for it."""
        run = self.ended([START, result()])["id"]
        begun = time.monotonic()
        doors = [door for door in NAMES if self.carried[door] is None]
        joined = [Watcher(lambda door=door: open_path(self.place, door, f"/workflows/{run}", "start", self.token), lambda m: True)
                  for _ in range(4) for door in doors]
        for watcher in joined:
            watcher.result()
        return min(max(PAUSE_MS, int((time.monotonic() - begun) * 3000)), PAUSE_MAX_MS)

    # REST

    def rest(self, method, path, body=None, headers=None, token=SAME):
        """One call; a body that is no bytes goes as JSON."""
        headers = {**bearer(self.token if token is SAME else token), **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        return Answer(*self.place.request(method, path, headers, body))

    def good(self, method, path, body=None, status=200, **more):
        """A call that must succeed: its JSON."""
        answer = self.rest(method, path, body, **more)
        assert answer.status == status, f"{method} {path}: {answer}"
        return answer.json() if answer.body else None

    def upgrade(self, path, token=SAME):
        """Status of a WebSocket handshake made by hand; 101 when it is accepted."""
        headers = {**bearer(self.token if token is SAME else token), **UPGRADE}
        connection = self.place.connection(WAIT)
        try:
            connection.request("GET", self.place.prefix + path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    # Things made here, and removed at the end

    def name(self, what=""):
        with self._lock:
            self._count += 1
            return f"{self.mark}-{self._count}{'-' + what if what else ''}"

    def made(self, path):
        self._made.append(path)

    def clean(self):
        for run in self._runs:
            if self.status(run) not in ENDED:
                self.rest("POST", f"/api/runs/{run}/cancel")
        for path in reversed(self._made):
            self.rest("DELETE", path)

    # Workflows and runs

    def save(self, nodes, edges=None, **head):
        """A saved workflow of these nodes in a row (unless edges are given): its id."""
        definition = {"id": self.name("w"), "name": "Conformance", "nodes": nodes, "edges": edges or row(nodes), **head}
        answer = self.rest("POST", "/api/workflows", definition)
        assert answer.status == 201, answer
        self.made(f"/api/workflows/{definition['id']}")
        return definition["id"]

    def start(self, workflow, **body):
        answer = self.rest("POST", f"/api/workflows/{workflow}/run", body)
        assert answer.status == 202, answer
        self._runs.append(answer.json()["runId"])
        return answer.json()["runId"]

    def start_inline(self, nodes, edges=None, workflow=None, **body):
        return self.start(workflow or self.name("inline"), nodes=nodes, edges=edges or row(nodes), **body)

    def record(self, run):
        return self.good("GET", f"/api/runs/{run}")

    def status(self, run):
        return self.record(run)["status"]

    def wait(self, run, statuses=ENDED, timeout=60):
        """Wait until a run has one of these statuses; its record."""
        deadline = time.monotonic() + timeout
        while (record := self.record(run))["status"] not in statuses:
            assert time.monotonic() < deadline, f"waited {timeout} s in vain for {run} to become {statuses}: {record}"
            time.sleep(0.03)
        return record

    def said(self, run, type, timeout=60):
        """Wait until an event of a run says something: its record may say so a little earlier."""
        deadline = time.monotonic() + timeout
        while not any(e["type"] == type for e in self.good("GET", f"/api/runs/{run}/events?limit=500")["items"]):
            assert time.monotonic() < deadline, f"waited {timeout} s in vain for {type} of {run}"
            time.sleep(0.03)

    def ended(self, nodes, edges=None, **more):
        """A run of these nodes that has ended: its record."""
        return self.wait(self.start_inline(nodes, edges, **more))

    def cancel(self, run):
        self.good("POST", f"/api/runs/{run}/cancel", status=202)

    def emit(self, stream, type, data):
        """An event from outside."""
        answer = self.rest("POST", "/api/events", {"stream": stream, "type": type, "data": data})
        assert answer.status == 202, answer


def install_of(environ=os.environ):
    """The install that the environment names."""
    get = lambda name: environ.get(f"RUNSPOOL_{name}", "")
    return Install(get("URL"), get("TOKEN"), get("FOREIGN_TOKEN"), get("VIEWER_TOKEN"), get("MODEL"), bool(get("INSECURE")))


# Nodes

START = {"id": "start", "type": "trigger", "data": {"kind": "manual"}}


def transform(name, expression, **data):
    return {"id": name, "type": "control", "data": {"kind": "transform", "expression": expression, **data}}


def delay(name, ms, **data):
    return {"id": name, "type": "control", "data": {"kind": "delay", "ms": ms, **data}}


def result(name="done", value="ok"):
    return {"id": name, "type": "output", "data": {"kind": "result", "value": value}}


def fails(name="breaks"):
    return transform(name, 'error("broken on purpose")')


def tool(name, kind, **data):
    return {"id": name, "type": "tool", "data": {"kind": kind, **data}}


def agent(name, prompt, **data):
    return {"id": name, "type": "agent", "data": {"kind": "agent", "prompt": prompt, **data}}


def row(nodes):
    """Edges that put the nodes one after the other."""
    return [{"id": f"e{i}", "source": a["id"], "target": b["id"]} for i, (a, b) in enumerate(zip(nodes, nodes[1:]))]


# Several things at once

class Watcher(threading.Thread):
    """Follows something in a thread of its own. open: gives a follower; last: of which message nothing more is awaited."""

    def __init__(self, open, last, timeout=60):
        super().__init__(daemon=True)
        self.open, self.last, self.timeout = open, last, timeout
        self.messages, self.error, self.ready = [], None, threading.Event()
        self.follower = None
        self.start()
        self.ready.wait(timeout)

    def run(self):
        try:
            with self.open() as self.follower:
                self.ready.set()
                self.messages = self.follower.until(self.last, self.timeout)
        except BaseException as error:  # shown by result()
            self.error = error
        self.ready.set()

    def result(self):
        """All messages, once it has ended."""
        self.join(self.timeout + WAIT)
        assert not self.is_alive(), "a follower did not end"
        if self.error:
            raise self.error
        return self.messages


def at_once(body, install, door, done):
    """body(install, door), which waits for seconds: at the first call for all doors at the same time, told door by door.
    done: kept by the caller."""
    def one(each):
        try:
            body(install, each)
            done[each] = None
        except BaseException as error:  # raised by the call for its door
            done[each] = error

    if not done:
        threads = [threading.Thread(target=one, args=(each,), daemon=True) for each in NAMES if install.carried[each] is None]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if done[door] is not None:
        raise done[door]
