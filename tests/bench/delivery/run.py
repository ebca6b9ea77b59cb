"""Measures Runspool beside other servers of live streams and writes docs/BENCHMARKS.md. scripts/bench builds and starts this."""

import argparse
import datetime
import json
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import report
from cases import CASES, PROGRAMS
from measure import measure, say, wanted_runs
from peers import SERVERS

SOURCE = pathlib.Path(__file__).resolve().parents[3]
PROGRAM_S = 70  # a bench program takes about so long; it may take
PROGRAM_MAX_S = 400


def program_command(build, program):
    """How it is run; None when there is none."""
    script, path = SOURCE / "tests" / "bench" / program.name, build / "tests" / "bench" / program.name
    if script.exists():
        return ["/usr/bin/python3", "-B", script]
    return [path] if path.exists() else None


def run_program(build, program, quick):
    """What it found: {"figures"} or {"text"}; None without a result."""
    say(f"{program.name}: {program.title}")
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [*program_command(build, program), *(program.quick if quick else program.arguments)]
        if program.json:
            command += ["--json", file.name]
        try:
            done = subprocess.run(list(map(str, command)), cwd=build, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  text=True, timeout=PROGRAM_MAX_S)
            if done.returncode != 0:
                raise OSError(f"ended with {done.returncode}")
            say("\n".join(f"    {line}" for line in done.stdout.splitlines()))
            return json.loads(pathlib.Path(file.name).read_text()) if program.json else {"text": done.stdout.strip()}
        except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
            say(f"    no result: {error}")
            return None


def arguments():
    names = [*CASES, "floor", *(program.name for program in PROGRAMS)]
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.split(". ")[0] + ".",
                                     epilog="Cases: " + ", ".join(names) + ". A letter stands for all that begin with it.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="what to measure; everything without")
    parser.add_argument("--peers", default=",".join(name for name in SERVERS if name != "runspool"), metavar="NAME,...",
                        help="beside whom: %(default)s")
    parser.add_argument("--runs", type=int, default=5, help="of Runspool and nchan; others get half as many (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="one short run each: to see that it works")
    parser.add_argument("--minutes", type=float, default=25, help="when it has to be over, about (%(default)s)")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, help="write docs/BENCHMARKS.md (unless --quick)")
    parser.add_argument("--install", action="store_true", help="install what is missing (scripts/bench does that)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    chosen = [name for name in names if not asked.cases or any(name == word or name.startswith(f"{word}-") for word in asked.cases)]
    for word in asked.cases:
        if not any(name == word or name.startswith(f"{word}-") for name in names):
            parser.error(f"there is no case {word}: {', '.join(names)}")
    peers = [name for name in asked.peers.split(",") if name]
    for name in peers:
        if name not in SERVERS:
            parser.error(f"there is no server {name}: {', '.join(SERVERS)}")
    if asked.quick:
        asked.runs = 1
    return asked, chosen, peers


def main():
    asked, chosen, peers = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are ended and folders removed on the way out
    build = asked.build.resolve()
    if asked.install and "node-ws" in peers and shutil.which("npm"):
        SERVERS["node-ws"].install(build)
    servers = ["runspool"]
    for name in peers:
        if missing := SERVERS[name].missing(build):
            say(f"{SERVERS[name].title} is left out, it needs: {missing}")
        else:
            servers.append(name)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    kept = build / "bench-results.json"
    known = json.loads(kept.read_text()) if kept.exists() and not asked.quick else {}
    known.setdefault("cases", {}), known.setdefault("programs", {})
    known["machine"] = report.machine()
    known.setdefault("versions", {}).update({SERVERS[name].title: version for name in servers if (version := SERVERS[name].versions(build))})
    programs = {program.name: program for program in PROGRAMS if program_command(build, program)}
    chosen = [name for name in chosen if name in CASES or name == "floor" or name in programs]
    # Each case has its share of the time, by how many runs it wants.
    shares = {name: sum(wanted_runs(name, servers, asked.runs).values()) for name in chosen if name not in programs}
    end = time.monotonic() + asked.minutes * 60 - PROGRAM_S * sum(name in programs for name in chosen)
    for name in chosen:
        program = programs.get(name)
        budget_s = 0 if asked.quick or program else max(0, end - time.monotonic()) * shares[name] / sum(shares.values())
        measured = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")
        if program:
            if result := run_program(build, program, asked.quick):
                known["programs"][name] = {"measured": measured, **result}
        else:
            before = known["cases"].get(name, {}).get("results", {})  # others were measured then
            results = measure(build, name, servers, asked.runs, budget_s, asked.quick)
            known["cases"][name] = {"measured": measured, "results": {**before, **results}}
            del shares[name]
        if not asked.quick:
            kept.write_text(json.dumps(known))
    print(report.terminal(known, chosen))
    if asked.write if asked.write is not None else not asked.quick:
        report.write(SOURCE, known)
        say("written: docs/BENCHMARKS.md, docs/img/bench/")


if __name__ == "__main__":
    sys.exit(main())
