#!/usr/bin/python3
"""What a run costs: a hundred nodes that do nothing against the same processes started by sh, and runs a second from submit to
finished. RUNSPOOL_BUILD names the build tree; `bench_runs.py [--nodes N] [--runs N] [--repeat N]`."""

import argparse
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from conftest import ALLOW, Instance, wait_until  # noqa: E402
from runs import TRIGGER, chain  # noqa: E402


def shells(n):
    return [{"id": f"n{i}", "type": "tool", "data": {"kind": "shell", "command": ["/bin/true"]}} for i in range(n)]


def jq(n):
    return [{"id": f"n{i}", "type": "control", "data": {"kind": "transform", "expression": "1"}} for i in range(n)]


def side_by_side(nodes):
    return [TRIGGER, *nodes], [{"source": "start", "target": n["id"]} for n in nodes]


def best(repeat, measure):
    """Median and best of several, in milliseconds."""
    taken = [measure() for _ in range(repeat)]
    return statistics.median(taken), min(taken)


def by_sh(n):
    def measure():
        began = time.monotonic()
        subprocess.run(["sh", "-c", f"i=0; while [ $i -lt {n} ]; do i=$((i + 1)); /bin/true; done"], check=True)
        return (time.monotonic() - began) * 1000
    return measure


def by_run(instance, nodes, edges):
    def measure():
        record = instance.wait(instance.inline(nodes, edges))
        assert record["status"] == "success", record["error"]
        return record["durationMs"]
    return measure


def say(what, figures, against=None):
    median, least = figures
    ratio = f"{median / against[0]:8.1f} x sh" if against else ""
    print(f"{what:58} {median:9.1f} ms median {least:9.1f} ms best {ratio}", flush=True)


def overhead(n, repeat):
    sh = best(repeat, by_sh(n))
    say(f"{n} processes started by sh", sh)
    for settings in ((*ALLOW, "runner.sandbox=none"), ALLOW):
        instance = Instance(settings, examples=False)
        try:
            name = "no sandbox" if len(settings) > len(ALLOW) else "sandbox"
            say(f"run of {n} shell nodes in a row, {name}", best(repeat, by_run(instance, *chain(*shells(n)))), sh)
            say(f"run of {n} shell nodes side by side, {name}", best(repeat, by_run(instance, *side_by_side(shells(n)))), sh)
            if name == "sandbox":
                say(f"run of {n} transform nodes in a row", best(repeat, by_run(instance, *chain(*jq(n)))), sh)
        finally:
            instance.close()


def rate(runs):
    instance = Instance(ALLOW, examples=False)
    try:
        instance.http("PUT", "/api/workflows/one", {"nodes": [TRIGGER], "edges": []})
        one = [instance.run("one")]
        instance.wait(one[0])
        began = time.monotonic()
        ids = [instance.run("one") for _ in range(runs)]
        submitted = time.monotonic()

        def ended():
            _, _, page = instance.http("GET", f"/api/runs?limit=500&status=success")
            return len(page["items"]) == runs + 1

        wait_until(ended, 300, "all runs")
        done = time.monotonic()
        print(f"{runs} runs of one node: submitted {runs / (submitted - began):.0f}/s, finished {runs / (done - began):.1f} runs/s")
        alone = []
        for _ in range(20):
            began = time.monotonic()
            run = instance.run("one")
            wait_until(lambda: instance.record(run)["status"] == "success", what=run)
            alone.append((time.monotonic() - began) * 1000)
        print(f"one at a time, submit to finished: {statistics.median(alone):.1f} ms median, {min(alone):.1f} ms best")
        assert len(set(ids)) == runs
    finally:
        instance.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    overhead(options.nodes, options.repeat)
    rate(options.runs)


main()
