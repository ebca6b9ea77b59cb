#!/usr/bin/python3
"""What GET /api/workflow-history costs with many ended runs, by what is asked. RUNSPOOL_BUILD names the build tree;
`bench_history.py [--runs N] [--repeat N]`."""

import argparse
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from fcgi_fixtures import FastCgi, Site  # noqa: E402
from test_history import add_runs, at, random_runs  # noqa: E402

QUERIES = ("", "?offset=50000", "?status=error", "?workflow=lint", "?from=2026-09-20&to=2026-09-21", "?q=build", "?q=nothing")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100000)
    parser.add_argument("--repeat", type=int, default=20)
    args = parser.parse_args()
    site = Site()
    try:
        site.cgi("GET", "/api/runs")
        # A definition as large as those of examples, so that reading rows costs what it does.
        runs = [{**r, "definition": "{" + '"x":"' + "y" * 3000 + '"}'} for r in random_runs(args.runs, 1, at("2026-10-01T00:00:00+00:00"))]
        add_runs(site.data, runs)
        api = FastCgi(site)
        try:
            for query in QUERIES:
                took = []
                for _ in range(args.repeat):
                    began = time.monotonic()
                    answer = api.ask("GET", f"/api/workflow-history{query}")
                    took.append((time.monotonic() - began) * 1000)
                    assert answer.status == 200
                print(f"{args.runs} runs, {query or 'all':32} {statistics.median(took):7.1f} ms, most {max(took):7.1f}; "
                      f"{answer.json['total_count']} selected", flush=True)
        finally:
            api.close()
    finally:
        site.close()


if __name__ == "__main__":
    main()
