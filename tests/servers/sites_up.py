#!/usr/bin/python3
"""For tests that are not pytest's: starts web servers of webservers.py below /runs, each with a Runspool, says a JSON line each
({"kind","url"} or {"kind","skip"}), and ends them when its input ends.  sites_up.py KIND..."""

import concurrent.futures
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import pytest  # noqa: E402
from webservers import Sites  # noqa: E402


def say(**line):
    print(json.dumps(line), flush=True)


def start(sites, kind):
    try:
        say(kind=kind, url=sites.new(kind, "/runs").url + "/")
    except pytest.skip.Exception as skip:
        say(kind=kind, skip=str(skip))


def main():
    sites = Sites()
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda kind: start(sites, kind), sys.argv[1:]))
        sys.stdin.read()
    finally:
        sites.close()


main()
