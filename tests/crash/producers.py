"""What puts events in, and notes what was acknowledged to it. Each producer is a thread with a ledger.

Run as a program it is the numbered producer: `producers.py SOCKET PRODUCER STREAM COUNT`, a process of its own so that it
can be killed. It keeps no state: where it stands it learns from the answer to its hello."""

import json
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time

WINDOW = 40          # lines under way at once
PAUSE = 0.02         # before a new connection
PATIENCE = 20        # seconds in which one who is told no may be told yes


# --- the numbered producer's own process ---

def speak(path, producer, stream, count):
    """One connection: hello, then all lines the log does not have yet. True when the last is acknowledged."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(15)
        s.connect(path)
        answers = s.makefile("r", encoding="utf-8")
        s.sendall(json.dumps({"hello": 1, "producer": producer, "ack": True}).encode() + b"\n")
        answer = json.loads(answers.readline())
        acked = sent = answer["lastSeq"]
        print("ack", acked, flush=True)
        while acked < count:
            while sent < count and sent - acked < WINDOW:
                sent += 1
                line = {"n": sent, "stream": stream, "type": "log", "data": {"k": sent, "message": "x" * (sent % 300)}}
                print("sent", sent, flush=True)
                s.sendall(json.dumps(line).encode() + b"\n")
                time.sleep(0.002)
            answer = json.loads(answers.readline())  # the empty string of a closed connection is no JSON
            if "error" in answer:
                print("error", answer["error"], flush=True)
                return True
            acked = answer["ack"]
            print("ack", acked, flush=True)
    return True


def numbered_main(path, producer, stream, count):
    while True:
        try:
            if speak(path, producer, stream, int(count)):
                return
        except (OSError, ValueError):
            time.sleep(PAUSE)


# --- producers as the harness has them ---

class Producer(threading.Thread):
    resends = False  # of what was not acknowledged: then the log holds a beginning of all numbers

    def __init__(self, instance, name, count):
        super().__init__(daemon=True)
        self.instance, self.stream, self.count = instance, f"tool:{name}", count
        self.acked, self.sent, self.errors = set(), 0, []
        self.process = None  # what may be killed
        self.kills = 0
        self.stop = threading.Event()

    def kill(self):
        """SIGKILL to the emitter's process, if there is one now."""
        process = self.process
        if process and process.poll() is None:
            process.kill()
            self.kills += 1
            return True
        return False

    def end(self):
        """Stop, and leave nothing behind."""
        self.stop.set()
        self.kill()

    def keys(self):
        """1, 2, ... while there is something to do."""
        for k in range(1, self.count + 1):
            if self.stop.is_set():
                return
            self.sent = k
            yield k

    def numbers(self, history):
        return [e["data"]["k"] for e in history if e["stream"] == self.stream]


class Numbered(Producer):
    """Speaks the numbered protocol of the spool socket, and goes on under the same name after being killed."""
    resends = True

    def run(self):
        while len(self.acked) < self.count and not self.errors and not self.stop.is_set():
            self.process = subprocess.Popen(
                [sys.executable, "-S", __file__, str(self.instance.data / "spool.sock"), self.stream[5:], self.stream, str(self.count)],
                stdout=subprocess.PIPE, text=True)
            with self.process.stdout as said:
                for line in said:
                    word, _, rest = line.rstrip("\n").partition(" ")
                    if word == "ack":
                        self.acked.update(range(1, int(rest) + 1))
                    elif word == "sent":
                        self.sent = max(self.sent, int(rest))
                    else:
                        self.errors.append(rest)
            self.process.wait()


class Emit(Producer):
    """`runspool emit` again and again; exit 0 is the acknowledgement."""

    def run(self):
        for k in self.keys():
            self.process = subprocess.Popen(
                [str(self.instance.program), "emit", self.stream, "log", json.dumps({"k": k})], env=self.instance.environ,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            _, said = self.process.communicate()
            if self.process.returncode == 0:
                self.acked.add(k)
            elif self.process.returncode > 0:
                self.errors.append(f"emit {k}: exit {self.process.returncode}: {said.strip()}")


class Post(Producer):
    """POST /api/events: state events, through the outbox. A request without an answer is not repeated."""

    def run(self):
        for k in self.keys():
            status, _ = self.instance.try_http("POST", "/api/events", {"stream": self.stream, "type": "tool.progress", "data": {"k": k}})
            if status == 202:
                self.acked.add(k)
            else:
                time.sleep(PAUSE)


class Foreign(Producer):
    """Processes that write the log themselves, past the bridge, and tell it so every other time. Exit 0 is the
    acknowledgement; who is told no tries again."""

    def append(self, stream, data, poke):
        self.process = subprocess.Popen([str(self.instance.log_append), str(self.instance.data), stream, json.dumps(data)]
                                        + ["poke"] * poke, env=self.instance.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        _, said = self.process.communicate()
        return self.process.returncode, said.strip()

    def run(self):
        for k in self.keys():
            until = time.monotonic() + PATIENCE
            while (answer := self.append(self.stream, {"k": k}, k % 2))[0] > 0 and time.monotonic() < until and not self.stop.is_set():
                time.sleep(PAUSE)
            if answer[0] == 0:
                self.acked.add(k)
            elif answer[0] > 0:
                self.errors.append(f"log_append {k}: exit {answer[0]}: {answer[1]}")
            time.sleep(PAUSE)


class Plain(Producer):
    """As `nc -U` does: lines without numbers. Nothing is acknowledged, nothing is repeated."""

    def run(self):
        while self.sent < self.count and not self.stop.is_set():
            try:
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(str(self.instance.data / "spool.sock"))
                    for _ in range(random.randrange(1, 30)):
                        self.sent += 1
                        s.sendall(json.dumps({"stream": self.stream, "type": "log", "data": {"k": self.sent}}).encode() + b"\n")
                        time.sleep(0.002)
            except OSError:
                time.sleep(PAUSE)


class Run(threading.Thread):
    """One workflow run whose nodes print numbered lines side by side. The request is repeated under its key until it is
    answered."""
    LINES = {"left": 150, "right": 90}
    TERMINAL = ("success", "error", "cancelled")

    def __init__(self, instance, name):
        super().__init__(daemon=True)
        self.instance, self.workflow, self.id, self.refused = instance, name, None, None

    def definition(self):
        def shell(name, count, **data):
            script = f'i=0; while [ $i -lt {count} ]; do i=$((i + 1)); echo {name} $i; sleep 0.00$((i % 8)); done'
            return {"id": name, "type": "tool", "data": {"kind": "shell", "command": ["sh", "-c", script, self.workflow], **data}}
        nodes = [{"id": "start", "type": "trigger", "data": {"kind": "manual"}}]
        nodes += [shell(name, count) for name, count in self.LINES.items()]
        nodes += [{"id": "fails", "type": "tool", "data": {"kind": "shell", "continueOnError": True,
                                                           "command": ["sh", "-c", "echo bad >&2; exit 3", self.workflow]}},
                  {"id": "never", "type": "output", "data": {"kind": "result", "value": "no"}},
                  {"id": "done", "type": "output", "data": {"kind": "result", "value": "{{ .nodes.left.output.exitCode }}"}}]
        edges = [("start", "left"), ("start", "right"), ("left", "fails"), ("right", "fails"), ("fails", "done")]
        edges = [{"id": f"e{i}", "source": a, "target": b} for i, (a, b) in enumerate(edges)]
        edges.append({"id": "e9", "source": "start", "target": "never", "condition": "false"})
        return {"nodes": nodes, "edges": edges}

    def run(self):
        body = self.definition()
        for _ in range(100):
            status, answer = self.instance.try_http("POST", f"/api/workflows/{self.workflow}/run", body,
                                                    {"Idempotency-Key": self.workflow})
            if status == 202:
                self.id = answer["runId"]
                return
            self.refused = (status, answer)
            time.sleep(0.05)

    @property
    def stream(self):
        return f"run:{self.id}"

    def record(self):
        status, answer = self.instance.try_http("GET", f"/api/runs/{self.id}")
        return answer if status == 200 else None

    def pid(self):
        """The run process, 0 when there is none."""
        rows = self.instance.rows("runspool.db", "SELECT pid FROM run WHERE id = ? AND status = 'running'", (self.id,)) if self.id else []
        return rows[0][0] if rows else 0


if __name__ == "__main__":
    numbered_main(*sys.argv[1:])
