"""Clients of the live doors that survive everything: they come back with their cursor, and note all they were given.

Each follower is a thread; it ends when it has seen the event that `last` is true for."""

import http.client
import json
import subprocess
import threading
import time

import websockets

from clients import Sse, Ws, get, with_query

PAUSE = 0.05
SILENCE = 45  # seconds without a message after which one comes anew
STREAMS = ["runs", "tool:*", "system"]


class Gone(Exception):
    """The connection is over; come back."""


BROKEN = (OSError, Gone, ValueError, AssertionError, http.client.HTTPException, websockets.WebSocketException, TimeoutError)


class Follower(threading.Thread):
    def __init__(self, instance, since, last):
        super().__init__(daemon=True)
        self.instance, self.cursor, self.last = instance, since, last
        self.seen, self.faults, self.connections = [], [], 0
        self.done = threading.Event()
        self.stop = threading.Event()
        self.name = type(self).__name__.lower()
        self.process = None  # of its own, if it has one

    def end(self):
        """Stop, and leave nothing behind."""
        self.stop.set()
        process = self.process
        if process and process.poll() is None:
            process.kill()

    def take(self, message):
        """Note one message. Returns whether it was the last."""
        if message.get("op") == "gap" or message.get("type") == "gap":
            self.faults.append(f"{self.name}: gap {message}")
            return False
        if "id" not in message:
            return False
        self.seen.append(message)
        self.cursor = message["id"]
        if self.last(message):
            self.done.set()
        return self.done.is_set()

    def run(self):
        while not self.done.is_set() and not self.stop.is_set():
            self.connections += 1
            try:
                self.follow()
            except BROKEN:
                time.sleep(PAUSE)

    def take_all(self, ws):
        """From a WebSocket, until the last or until told to stop."""
        until = time.monotonic() + SILENCE
        while not self.stop.is_set():
            try:
                message = ws.recv(1)
            except TimeoutError:
                if time.monotonic() > until:
                    raise
                continue
            until = time.monotonic() + SILENCE
            if self.take(message):
                return

    def follow(self):
        raise NotImplementedError


class WebSocket(Follower):
    def follow(self):
        with Ws(self.instance.url, "/ws") as ws:
            ws.recv()
            ws.send({"op": "subscribe", "streams": STREAMS, "since": self.cursor})
            self.take_all(ws)


class EventStream(Follower):
    def follow(self):
        first = self.connections == 1
        path = with_query("/sse", stream=STREAMS, since=self.cursor if first else None)
        with Sse(self.instance.url, path, last_event_id=None if first else self.cursor, timeout=SILENCE) as stream:
            if stream.status != 200:
                raise Gone
            while not self.stop.is_set():
                item = stream.next()
                if item is None:
                    raise Gone
                if self.take(item[1]):
                    return


class LongPoll(Follower):
    path, wait = "/poll", 3

    def follow(self):
        query = dict(stream=STREAMS, since=self.cursor, wait=self.wait)
        status, _, body = get(self.instance.url, with_query(self.path, **query))
        if status != 200:
            raise Gone
        answer = json.loads(body)
        for message in answer["events"]:
            self.take(message)
        self.cursor = answer["next"]
        if not self.wait:
            time.sleep(PAUSE)


class CgiPoll(LongPoll):
    path, wait = "/api/poll", 0


class Tail(Follower):
    """`runspool tail --json`."""

    def follow(self):
        self.process = process = subprocess.Popen([str(self.instance.program), "tail", *STREAMS, "--since", self.cursor, "--json"],
                                                  env=self.instance.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            if self.stop.is_set():
                return  # asked to end while it was being started
            for line in process.stdout:
                if self.take(json.loads(line)) or self.stop.is_set():
                    return
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


NATIVE = (WebSocket, EventStream, LongPoll, CgiPoll, Tail)


class LogsWebSocket(Follower):
    """A run's log lines as the console sees them. It does not know its end: `last` is told by what a poll has given."""

    def __init__(self, instance, run, last):
        super().__init__(instance, "start", last)
        self.path = f"/workflows/{run}/logs"

    def follow(self):
        with Ws(self.instance.url, with_query("/ws" + self.path, since=self.cursor)) as ws:
            self.take_all(ws)


class LogsEventStream(LogsWebSocket):
    def follow(self):
        with Sse(self.instance.url, with_query("/sse" + self.path, since=self.cursor), timeout=SILENCE) as stream:
            if stream.status != 200:
                raise Gone  # 204: the run has ended, which it may do again
            while not self.stop.is_set():
                item = stream.next()
                if item is None:
                    raise Gone
                if self.take(item[1]):
                    return


LOGS = (LogsWebSocket, LogsEventStream)
