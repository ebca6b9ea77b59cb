"""Rounds of kill -9 (and SIGSTOP) under load, each followed by the history checker.

A round: producers of every kind at once, clients on every door, one or two processes killed at a random moment, then
quiet, then the proof. `run --rounds N --seed S` repeats a sequence of faults; the moments within it are the machine's."""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.error
import http.client

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import checker
import faults
import followers
import producers
from clients import Emitter, get
from conftest import BUILD, RUNSPOOL, Instance, wait_until

# stall: the bridge is stopped for a while; stopped: and then killed; frozen: the runner or a run is; double: the bridge is
# killed while somebody starts another one
VICTIMS = ("bridge", "runner", "run", "api", "events", "emitter", "stall", "stopped", "frozen", "double")
SHOWN = 20  # seconds in which every client must have been given what is in the log
QUIET = 60  # seconds in which everything must have come to rest


class CrashInstance(Instance):
    """The instance of the integration tests, with requests that may fail and a look into its files."""
    program = RUNSPOOL
    bridge = BUILD / "bridge" / "runspool-bridge"
    log_append = BUILD / "tests" / "helper" / "log_append"

    def try_http(self, method, path, body=None, headers=None):
        """(status, answer); status 0 when there was none."""
        try:
            status, _, answer = self.http(method, path, body, headers)
            return status, answer
        except (OSError, urllib.error.URLError, http.client.HTTPException, ValueError) as error:
            return 0, repr(error)

    def down(self):
        """End it, whatever state it is in, and whatever it left."""
        for part in ("bridge", "runner"):
            faults.send_part(self, part, signal.SIGCONT)
        try:
            self.cli("down", check=False)
        finally:
            for pid, _ in faults.leftovers([str(self.data)]):
                faults.kill(pid)

    def close(self):
        self.down()
        shutil.rmtree(self.data, ignore_errors=True)

    def rows(self, name, sql, args=()):
        db = sqlite3.connect(f"file:{self.data / name}?mode=ro", uri=True, timeout=20)
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def head(self):
        rows = self.rows("events.db", "SELECT COALESCE(MAX(id), 0) FROM events")
        return rows[0][0]

    def history(self, after=0):
        """The log itself, read from its file."""
        rows = self.rows("events.db", "SELECT e.id, s.name, e.seq, e.type, e.time, s.org, e.data FROM events e"
                                      " JOIN streams s ON s.id = e.stream WHERE e.id > ? ORDER BY e.id", (after,))
        return [{"id": str(i), "stream": stream, "seq": seq, "type": kind, "time": rfc3339(ms), "org": org, "data": json.loads(data)}
                for i, stream, seq, kind, ms, org, data in rows]

    def outbox(self):
        return self.rows("runspool.db", "SELECT COUNT(*) FROM outbox")[0][0]

    def wake_waiting(self):
        """What died often is started again only after a pause: it is known to be well, so have it now."""
        status = self.cli("status", "--json", check=False)
        try:
            parts = json.loads(status.stdout)["components"]
        except (ValueError, KeyError):
            return
        for name, part in parts.items():
            if part.get("state") == "waiting":
                self.cli("restart", name, check=False)


def rfc3339(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03}Z"


class Round:
    """plan: [(lines acknowledged before, whom to kill, or a function to be called with the round)]; None: drawn by rng from
    victims."""

    def __init__(self, instance, number, rng, plan=None, victims=VICTIMS):
        self.instance, self.number, self.rng = instance, number, rng
        name = f"c{os.getpid()}-{number}"
        self.runs = [producers.Run(instance, f"{name}-run{i}") for i in range(2)]
        for run in self.runs:
            run.killed, run.again = False, rng.choice(("", "retry", "resume"))
        self.producers = [producers.Numbered(instance, f"{name}-numbered", 400), producers.Emit(instance, f"{name}-emit", 12),
                          producers.Post(instance, f"{name}-post", 40), producers.Plain(instance, f"{name}-plain", 200),
                          producers.Foreign(instance, f"{name}-foreign", 25)]
        self.foreign = self.producers[-1]
        self.marker = f"tool:{name}-marker"
        self.kills = collections.Counter()
        self.plan = plan if plan is not None else [(rng.randrange(2, 380), rng.choice(victims)) for _ in range(rng.choice((1, 1, 2, 3)))]
        self.found = []
        self.doors, self.logs = [], []
        self.over = threading.Event()
        self.patient = rng.random() < 0.2  # let outages last as long as they do

    def strike(self, victim):
        instance, rng = self.instance, self.rng
        if callable(victim):
            victim(self)
            return
        if victim in ("bridge", "runner"):
            hit = faults.kill_part(instance, victim)
        elif victim == "run":
            hit = wait_until(lambda: faults.kill_run(instance, rng, self.runs) or not any(r.is_alive() or not r.id for r in self.runs), 20, "a run")
            hit = hit and any(r.killed for r in self.runs)
        elif victim == "stall":
            hit = faults.stall_part(instance, "bridge", rng.uniform(0.2, 4.5))
        elif victim == "stopped":
            hit = faults.stop_and_kill(instance, "bridge", rng.uniform(0.1, 3))
        elif victim == "frozen":
            hit = faults.freeze(instance, rng, self.runs, rng.uniform(0.2, 4))
        elif victim == "double":
            hit = faults.second_bridge(instance, rng.uniform(0.1, 3))
        elif victim == "emitter":
            hit = rng.choice(self.producers[:2]).kill()
        else:
            hit = faults.kill_fcgi(instance, rng, victim + ".fcgi")
        if hit:
            self.kills[victim] += 1

    def wake(self):
        while not self.over.wait(0.5):
            self.instance.wake_waiting()

    def load(self):
        """Producers and clients at work, and the faults at their moments: counted by lines acknowledged."""
        since = str(self.instance.head())
        self.after = int(since)
        self.doors = [door(self.instance, since, lambda m: m["stream"] == self.marker) for door in followers.NATIVE]
        for thread in self.doors + self.producers + self.runs:
            thread.start()
        numbered = self.producers[0]
        if not self.patient:
            threading.Thread(target=self.wake, daemon=True).start()
        for moment, victim in sorted(self.plan, key=lambda step: step[0]):
            wait_until(lambda: len(numbered.acked) >= moment or not numbered.is_alive(), QUIET, f"line {moment}")
            self.strike(victim)
        for run in self.runs:
            run.join(QUIET)
            if run.id:
                self.logs.append(self.rng.choice(followers.LOGS)(self.instance, run.id, lambda m: False))
                self.logs[-1].start()

    def rest(self):
        """Wait until nothing moves any more."""
        instance = self.instance
        for producer in self.producers:
            producer.join(QUIET)
            if producer.is_alive():
                self.found.append(f"{producer.stream}: not done after {QUIET} s: {len(producer.acked)} of {producer.count} acknowledged")
        instance.wake_waiting()
        for run in self.runs:
            if run.id:
                wait_until(lambda: (run.record() or {}).get("status") in run.TERMINAL, QUIET, f"the end of {run.id}")
        self.take_up()
        wait_until(lambda: instance.outbox() == 0, QUIET, "an empty outbox")
        wait_until(lambda: instance.try_http("GET", "/healthz")[0] == 200, QUIET, "the bridge")
        wait_until(lambda: not faults.leftovers([r.workflow for r in self.runs]), 20, "the end of all tools")
        self.publish_foreign()
        emitter = Emitter(instance.data / "spool.sock", self.marker[5:])
        emitter.emit(self.marker, "log", {"round": self.number})
        emitter.close()
        for door in self.doors:
            if not door.done.wait(QUIET):
                self.found.append(f"{door.name}: never saw the end; its cursor is {door.cursor}")

    def publish_foreign(self):
        """What another process writes now, when the bridge has nothing of its own to say, is shown all the same: of itself
        and when the bridge is told."""
        for poke in (False, True):
            known = self.instance.head()
            status, said = self.foreign.append(self.marker + "-foreign", {"poke": poke}, poke)
            if status != 0:
                self.found.append(f"{self.marker}-foreign: exit {status}: {said}")
                continue
            row = next(e["id"] for e in self.instance.history(known) if e["stream"] == self.marker + "-foreign")
            try:
                wait_until(lambda: all(checker.position(door.cursor) >= checker.position(row) for door in self.doors), SHOWN, "it")
            except AssertionError:
                late = [door.name for door in self.doors if checker.position(door.cursor) < checker.position(row)]
                self.found.append(f"event {row}, which another process wrote{' and told the bridge of' * poke}, is not shown by "
                                  f"{', '.join(late)} though nothing else happens")

    def take_up(self):
        """Runs that were killed, again; some are killed once more."""
        again = [run for run in self.runs if run.id and run.again and run.record()["status"] == "error"]
        for run in again:
            wait_until(lambda: self.instance.try_http("POST", f"/api/runs/{run.id}/{run.again}", {}, {"Idempotency-Key": run.id})[0] == 202,
                       QUIET, f"a {run.again} of {run.id}")
            run.killed = False
        if again and self.rng.random() < 0.5:
            self.strike("run")
        for run in again:
            wait_until(lambda: (run.record() or {}).get("status") in run.TERMINAL, QUIET, f"the end of {run.id}")

    def check_runs(self, history):
        found, streams = [], checker.by_stream(history)
        for run in self.runs:
            made = self.instance.rows("runspool.db", "SELECT id FROM run WHERE workflow_id = ?", (run.workflow,))
            if len(made) != (1 if run.id else len(made)) or len(made) > 1:
                found.append(f"{run.workflow}: {len(made)} runs of one request: {made}")
            if not run.id:
                if run.refused[0] not in (0, 503):
                    found.append(f"{run.workflow}: refused: {run.refused}")
                continue
            events, record = streams.get(run.stream, []), run.record()
            status = record["status"]
            found += checker.check_end(run.stream, events) + checker.check_fold(run.stream, events, record)
            found += checker.check_lines(run.stream, events, run.LINES, whole=not run.killed)
            if status != "success" and not run.killed:
                found.append(f"{run.stream}: {status} {record['error']} though nobody touched it")
            if status == "error" and record["error"] and record["error"]["code"] != "orphaned":
                found.append(f"{run.stream}: {record['error']}")
        return found

    def check_logs(self):
        """The console's log lines: live, over kills and new connections, the same as polled in one go afterwards."""
        found = []
        for door in self.logs:
            expected, cursor = [], "start"
            while True:
                status, _, body = get(self.instance.url, f"/api/poll{door.path}?since={cursor}")
                if status != 200:
                    time.sleep(0.1)
                    continue
                answer = json.loads(body)
                found += [f"{door.path}: {message}" for message in answer["events"] if "id" not in message]
                expected += [message for message in answer["events"] if "id" in message]
                cursor = answer["next"]
                if answer.get("end"):
                    break
            try:
                wait_until(lambda: door.done.is_set() or len(door.seen) >= len(expected), 30, "the log lines")
            except AssertionError:
                pass
            door.stop.set()
            found += checker.check_same(f"{door.name} {door.path}", door.seen, expected) + door.faults
        return found

    def check(self):
        history = self.instance.history(self.after)
        found = self.found + checker.check_ids(history)
        mine = [e for e in history if e["stream"].startswith("tool:") or e["stream"] in [r.stream for r in self.runs]]
        found += checker.check_seqs(mine)
        for producer in self.producers:
            if producer.errors:
                found.append(f"{producer.stream}: {producer.errors}")
            found += checker.check_producer(producer.stream, producer.numbers(history), producer.acked, producer.sent, producer.resends)
        found += self.check_runs(history)
        for door in self.doors:
            found += checker.check_same(door.name, door.seen, history) + door.faults
        self.events = len(history)
        return found + self.check_logs()

    def close(self):
        self.over.set()
        for thread in self.doors + self.logs + self.producers:
            thread.end()
        for thread in self.doors + self.producers:  # those with processes of their own; others wait for a message yet
            if thread.process:
                thread.join(QUIET)

    def play(self):
        try:
            self.load()
            self.rest()
            return self.check()
        except AssertionError as error:
            return self.found + [str(error)]
        finally:
            self.close()


class Totals:
    def __init__(self):
        self.rounds = self.events = self.acked = 0
        self.kills, self.failures = collections.Counter(), []

    def add(self, play, found):
        self.rounds += 1
        self.kills += play.kills
        self.events += getattr(play, "events", 0)
        self.acked += sum(len(p.acked) for p in play.producers)
        self.failures += [f"round {play.number}: {text}" for text in found]

    def __str__(self):
        kills = ", ".join(f"{name} {n}" for name, n in sorted(self.kills.items()))
        return (f"{self.rounds} rounds, {sum(self.kills.values())} kills ({kills}), {self.events} events, "
                f"{self.acked} acknowledged singly, {len(self.failures)} violations")


def play_rounds(rounds, seed, first=1, say=lambda text: None, keep_going=False, parent=None, victims=VICTIMS):
    """Totals of so many rounds on one instance. On a violation the data directory is left behind, unless there is none."""
    totals = Totals()
    if parent:
        tempfile.tempdir = str(parent)
    instance = CrashInstance(("runner.shell=allow", "eventlog.keep_count=1000000000"), examples=False)
    try:
        for number in range(first, first + rounds):
            play = Round(instance, number, random.Random(f"{seed}-{number}"), victims=victims)
            began = time.monotonic()
            found = play.play()
            totals.add(play, found)
            say(f"round {number}: {dict(play.kills)} of {play.plan}, {getattr(play, 'events', '?')} events, {time.monotonic() - began:.1f} s"
                + "".join(f"\n  VIOLATION {text}" for text in found))
            if found and not keep_going:
                break
    finally:
        if totals.failures:
            instance.down()
            say(f"data directory left behind: {instance.data}")
        else:
            instance.close()
    return totals


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1, help="number of the first round, to repeat one of an earlier sequence")
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--data", type=pathlib.Path, help="folder in which the data directory is made")
    parser.add_argument("--keep-going", action="store_true", help="go on after a violation")
    parser.add_argument("--victims", default=",".join(VICTIMS), help="whom to kill, a list with commas (default %(default)s)")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # not without ending what was started
    print(f"seed {args.seed}", flush=True)
    totals = play_rounds(args.rounds, args.seed, args.first, lambda text: print(text, flush=True), args.keep_going, args.data,
                         args.victims.split(","))
    print(totals)
    sys.exit(1 if totals.failures else 0)
