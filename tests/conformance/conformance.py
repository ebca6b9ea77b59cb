#!/usr/bin/python3
"""runspool conformance: does an install keep the protocol? Clients that know only the protocol try every dialect by every
door, and a table tells what came of it."""

import argparse
import importlib.util
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DIALECTS = ("common", "auth", "native", "console", "assistant", "monitor", "crew", "topics")
NEEDED = {"pytest": "python3-pytest", "websockets": "python3-websockets"}


def say(text):
    print(f"runspool conformance: {text}", file=sys.stderr)


def arguments():
    parser = argparse.ArgumentParser(prog="runspool conformance", description="Try an install against the protocol.",
                                     epilog="Tokens come by RUNSPOOL_TOKEN, RUNSPOOL_FOREIGN_TOKEN and RUNSPOOL_VIEWER_TOKEN.")
    parser.add_argument("--url", required=True, help="base URL of the install, with its sub-path")
    parser.add_argument("--model", help="a model that the install's agents can use: agents are tried too")
    parser.add_argument("--only", action="append", metavar="NAME", help="only these dialects or doors (repeatable)")
    parser.add_argument("--require", metavar="DOORS", default="", help="doors that must be carried: ws,sse,poll,api or all")
    parser.add_argument("--insecure", action="store_true", help="do not check the certificate of https")
    parser.add_argument("--keyword", metavar="EXPRESSION", help="only tests whose name matches, as pytest -k")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser.parse_args()


def select(only, doors):
    """(dialects, doors) that the names of --only mean."""
    names = [name for value in only or () for name in value.split(",") if name]
    unknown = [name for name in names if name not in DIALECTS and name not in (*doors, "rest")]
    if unknown:
        say(f"--only {unknown[0]}: no dialect ({', '.join(DIALECTS)}) and no door ({', '.join(doors)}, rest)")
        sys.exit(2)
    return [d for d in DIALECTS if d in names] or list(DIALECTS), [d for d in (*doors, "rest") if d in names]


def demanded(text, doors):
    """The doors that --require names."""
    names = list(doors) if text == "all" else [name for name in text.split(",") if name]
    for name in names:
        if name not in doors:
            say(f"--require {name}: no door ({', '.join(doors)}, or all)")
            sys.exit(2)
    return names


def missing():
    for module, package in NEEDED.items():
        if importlib.util.find_spec(module) is None:
            return f"the Python module {module} is missing; install the package {package}"
    return None


def main():
    options = arguments()
    if problem := missing():
        say(problem)
        return 1
    sys.path.insert(0, str(HERE))
    sys.dont_write_bytecode = True
    import pytest
    from doors import NAMES
    from install import install_of
    from report import Report

    dialects, only_doors = select(options.only, NAMES)
    required = demanded(options.require, NAMES)
    for name in ("url", "model"):
        if getattr(options, name):
            os.environ[f"RUNSPOOL_{name.upper()}"] = getattr(options, name)
    if options.insecure:
        os.environ["RUNSPOOL_INSECURE"] = "yes"
    try:
        install = install_of()
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"{options.url} does not answer as Runspool does: {type(error).__name__}: {error}")
        return 1
    if install.auth == "jwt" and install.rest("GET", "/api/runs").status == 401:
        say(f"{options.url} wants a token{', and not this one' if install.token else ': --token, or RUNSPOOL_TOKEN'}")
        return 1
    report = Report(install, dialects, only_doors, quiet=options.json)
    arguments_of_pytest = [*(str(HERE / f"test_{d}.py") for d in dialects), "-p", "no:cacheprovider",
                           "--rootdir", str(HERE), "-c", os.devnull]
    if options.keyword:
        arguments_of_pytest += ["-k", options.keyword]
    status = pytest.main(arguments_of_pytest, plugins=[report])
    absent = [door for door in required if install.carried.get(door, "it was not tried") is not None]
    if options.json:
        print(json.dumps(report.summary(absent)))
    else:
        report.print(absent)
    return 0 if status in (0, 5) and report.ran and not report.failed and not absent else 1


if __name__ == "__main__":
    sys.exit(main())
