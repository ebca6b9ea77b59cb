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


def by_sh(n):
    began = time.monotonic()
    subprocess.run(["sh", "-c", f"i=0; while [ $i -lt {n} ]; do i=$((i + 1)); /bin/true; done"], check=True)
    return (time.monotonic() - began) * 1000


def by_run(instance, nodes, edges):
    record = instance.wait(instance.inline(nodes, edges))
    assert record["status"] == "success", record["error"]
    return record["durationMs"]


def overhead(n, repeat):
    """Each is measured next to sh, so that both see the same machine."""
    for settings, name in (((*ALLOW, "runner.sandbox=none"), "no sandbox"), (ALLOW, "sandbox")):
        instance = Instance(settings, examples=False)
        kinds = {f"{n} shell nodes in a row, {name}": chain(*shells(n)),
                 f"{n} shell nodes side by side, {name}": side_by_side(shells(n))}
        if name == "sandbox":
            kinds[f"{n} transform nodes in a row"] = chain(*jq(n))
        try:
            for what, (nodes, edges) in kinds.items():
                pairs = [(by_sh(n), by_run(instance, nodes, edges)) for _ in range(repeat)]
                sh, run = (min(column) for column in zip(*pairs))
                ratio = statistics.median(b / a for a, b in pairs)
                print(f"{what:45} {run:7.0f} ms, by sh {sh:6.0f} ms (best of {repeat}): {run / sh:5.1f} x, median {ratio:5.1f} x", flush=True)
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
