"""Runs: one server, one case, in a folder that is gone afterwards; and rounds of them, the servers in turn."""

import json
import statistics
import subprocess
import sys
import time

from cases import CASES, FIGURES, FLOORS
from peers import LOAD_CORE, SERVERS, free_port, on_core

FLOOR_CORE = "0"
NOISE_PERCENT = 25  # of one core, used by others during a run: above it the run is repeated
RUN_S = 120         # no run takes longer


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def load(build, *arguments):
    """One run of the generator: what it prints, or why there is nothing."""
    command = on_core(LOAD_CORE, f"{build}/tests/bench/delivery/load", *arguments)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=RUN_S)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.strip()[-500:] or f"load ended with {done.returncode}")
    result = json.loads(done.stdout)
    result["lost_percent"] = 100 * result["lost"] / result["expected"] if result["expected"] else 0
    result["connect_cpu_us"] = 1e6 * result["server"]["connect_cpu_s"] / max(1, result["open"])
    result["said"] = done.stderr.strip()[-300:]
    return result


def run_case(build, case, server_name, quick):
    seconds = min(case.seconds, 1) if quick else case.seconds
    with SERVERS[server_name](build, case) as server:
        arguments = ["--door", case.door, *case.load, *server.options(), "--server", server.process.pid,
                     "--connecting", server.connecting]
        return load(build, *arguments, *(("--seconds", seconds) if seconds else ()))


def run_floor(build, frames, messages):
    port, subscribers = free_port(), 1000
    floor = subprocess.Popen(on_core(FLOOR_CORE, f"{build}/tests/bench/delivery/floor", port, subscribers, messages, frames))
    try:
        time.sleep(0.3)
        return load(build, "--url", f"ws://127.0.0.1:{port}/", "--subscribers", subscribers, "--messages", messages, "--server", floor.pid)
    finally:
        floor.terminate()
        floor.wait()


def figure(result, key):
    """A figure of one run."""
    for part in FIGURES[key].path.split("."):
        result = result[part]
    return result


def quietest(results, count):
    return sorted(results, key=lambda result: result["foreign_cpu_percent"])[:count]


def summary(results, key):
    """(median, lowest, highest) of what was kept."""
    values = [figure(result, key) for result in results]
    return statistics.median(values), min(values), max(values)


def in_turn(wanted, budget_s, once):
    """Run what is wanted ({name: runs}) in turn, once(name) -> result, until each has its runs: noisy ones are repeated, at most
    as many again; the time is bounded (0: one round, whatever its noise). Returns {name: the quietest runs}."""
    results, failures, end = {name: [] for name in wanted}, {name: 0 for name in wanted}, time.monotonic() + budget_s

    def lacking(name):
        quiet = sum(result["foreign_cpu_percent"] <= NOISE_PERCENT for result in results[name])
        tried = len(results[name]) + failures[name]
        return tried < wanted[name] or (quiet < wanted[name] and tried < 2 * wanted[name])

    rounds = 0
    while (names := [name for name in wanted if lacking(name)]) and (rounds == 0 or time.monotonic() < end):
        rounds += 1
        for name in names:
            try:
                result = once(name)
            except (RuntimeError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
                failures[name] += 1
                say(f"    {name}: {error}")
                continue
            results[name].append(result)
            say(f"    {name}: {result['deliveries_per_s']:,.0f}/s, p99 {result['latency_ms']['p99']:.2f} ms,"
                f" {result['server']['cpu_us_per_delivery']:.2f} us, {result['connections_per_s']:,.0f} connections/s,"
                f" lost {result['lost']}, others {result['foreign_cpu_percent']:.0f} %", result["said"])
    return {name: quietest(results[name], wanted[name]) for name in wanted if results[name]}


def wanted_runs(name, servers, runs):
    """{server or number of frames: runs} of a case or of the floor."""
    if name == "floor":
        return {str(frames): max(1, runs // 2) for frames, _ in FLOORS}
    case = CASES[name]
    return {server: runs if server in ("runspool", "nchan") else max(1, runs // 2) for server in ("runspool", *case.peers)
            if server in servers and case.door in SERVERS[server].doors}


def measure(build, name, servers, runs, budget_s, quick):
    """{server: its runs} of a case, {number of frames: runs} of the floor."""
    wanted = wanted_runs(name, servers, runs)
    if name == "floor":
        say("floor: bare send() of prebuilt frames to 1,000 sockets")
        messages = {str(frames): count // (4 if quick else 1) for frames, count in FLOORS}
        return in_turn(wanted, budget_s, lambda frames: run_floor(build, int(frames), messages[frames]))
    say(f"{name}: {CASES[name].title}")
    return in_turn(wanted, budget_s, lambda server: run_case(build, CASES[name], server, quick))
