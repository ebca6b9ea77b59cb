"""What the integration tests share: an instance of Runspool in a temporary directory, and TAP for make check."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import pytest

SOURCE = pathlib.Path(os.environ.get("RUNSPOOL_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("RUNSPOOL_BUILD", SOURCE / "build"))
RUNSPOOL = BUILD / "cli" / "runspool"
sys.path.insert(0, str(SOURCE / "tests" / "helper"))
from ports import free_port  # noqa: E402, F401: others take it from here

# Builds with sanitizers: every program started from here writes its reports there, whatever becomes of its stderr.
_reports = tempfile.TemporaryDirectory(prefix="rs-reports-")
REPORTS = pathlib.Path(_reports.name)
for _variable in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
    os.environ[_variable] = ":".join(filter(None, (os.environ.get(_variable), f"log_path={REPORTS}/report")))


def take_reports():
    """What sanitizers reported since the last call."""
    text = ""
    for report in sorted(REPORTS.glob("report*")):
        text += report.read_text(errors="replace")
        report.unlink()
    return text


@pytest.fixture(scope="session", autouse=True)
def no_report_at_the_end():
    """Programs that end after the last test of a file report as well."""
    yield
    assert not (text := take_reports()), text


@pytest.fixture(autouse=True)
def no_report():
    """What a sanitizer reports of any program fails the test that ran then."""
    yield
    assert not (text := take_reports()), text


def wait_until(condition, timeout=120.0, what="a condition"):
    """Call condition until it gives something true, and return that."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.02)


def wait_for_log(data, run):
    """What a run did is committed before it is told: wait until nothing of it is left to tell, or nobody takes it."""
    deadline = time.monotonic() + 10
    with contextlib.closing(sqlite3.connect(f"file:{data / 'runspool.db'}?mode=ro", uri=True, timeout=120)) as db:
        while db.execute("SELECT COUNT(*) FROM outbox WHERE stream = ?", (f"run:{run}",)).fetchone()[0] and time.monotonic() < deadline:
            time.sleep(0.02)


class Instance:
    """A running Runspool: web server, bridge and runner, on a free loopback port and a data directory of its own."""

    def __init__(self, settings=(), without=(), examples=True):
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="rs-"))
        self.settings = list(settings)
        self.without = list(without)
        self.environ = {**os.environ, "RUNSPOOL_DATA": str(self.data), "NO_COLOR": "1"}
        self.url = ""
        self.up()
        if examples:
            for example in sorted((SOURCE / "examples").glob("*.json")):
                self.cli("workflow", "import", str(example))

    def up(self):
        args = ["up", "--detach", "--listen", "127.0.0.1:0"]
        for setting in self.settings:
            args += ["--set", setting]
        for program in self.without:
            args += ["--without", program]
        self.cli(*args)
        self.url = (self.data / "run" / "web.url").read_text().strip().rstrip("/")

    def cli(self, *args, check=True, timeout=180, **more):
        """Run `runspool ARGS` and return its standard output."""
        done = subprocess.run([str(RUNSPOOL), *map(str, args)], env=self.environ, cwd=SOURCE, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        if check and done.returncode != 0:
            raise AssertionError(f"runspool {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
                                 f"\n{self.logs()}")
        return done.stdout if check else done

    def json(self, *args, **more):
        return json.loads(self.cli(*args, "--json", **more))

    def http(self, method, path, body=None, headers=None, timeout=120):
        """One request: (status, headers, parsed JSON or bytes)."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=dict(headers or {}))
        if data is not None and not request.has_header("Content-type"):
            request.add_header("Content-Type", "application/json")
        try:
            answer = urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
            kind = answer.headers.get("Content-Type", "")
            return answer.status, answer.headers, json.loads(text) if "json" in kind and text else text

    def run(self, workflow, input=None):
        """Start a saved workflow over REST; the run's id."""
        status, _, body = self.http("POST", f"/api/workflows/{workflow}/run", {} if input is None else {"input": input})
        assert status == 202, body
        return body["runId"]

    def inline(self, nodes, edges, workflow="inline", **body):
        status, _, answer = self.http("POST", f"/api/workflows/{workflow}/run", {"nodes": nodes, "edges": edges, **body})
        assert status == 202, answer
        return answer["runId"]

    def record(self, run):
        status, _, body = self.http("GET", f"/api/runs/{run}")
        assert status == 200, body
        return body

    def wait(self, run, timeout=180):
        """Wait for a run's end, and for its events in the log; its record."""
        record = wait_until(lambda: (lambda r: r if r["status"] in ("success", "error", "cancelled") else None)(self.record(run)),
                            timeout, f"the end of {run}")
        wait_for_log(self.data, run)
        return record

    def pid(self, program):
        """Process id of bridge, runner or web."""
        return int((self.data / "run" / f"{program}.pid").read_text())

    def logs(self):
        return "\n".join(f"--- {p.name}\n{p.read_text(errors='replace')[-3000:]}" for p in sorted((self.data / "log").glob("*")) if p.is_file())

    def close(self):
        self.cli("down", check=False)
        shutil.rmtree(self.data, ignore_errors=True)


ALLOW = ("runner.shell=allow", "runner.git_local=allow", "runner.http_private=allow")


@pytest.fixture(scope="module")
def instance():
    """One instance for the tests of a file, with tools allowed and the examples imported."""
    it = Instance(ALLOW)
    yield it
    it.close()


@pytest.fixture
def new_instance():
    """Instances of one test: new_instance(settings=..., without=...)."""
    made = []

    def make(settings=ALLOW, **more):
        made.append(Instance(settings, **more))
        return made[-1]

    yield make
    for it in made:
        it.close()


# TAP for automake's test driver, on the descriptor RUNSPOOL_TAP_FD. In CI a skip counts as a failure.

_tap = {"file": None, "n": 0}


def pytest_configure(config):
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # fixtures end what they started
    config.addinivalue_line("markers", "heavy: takes minutes; left out unless HEAVY=yes (scripts/test --heavy)")
    if "RUNSPOOL_TAP_FD" in os.environ:
        _tap["file"] = os.fdopen(int(os.environ.pop("RUNSPOOL_TAP_FD")), "w", buffering=1)


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if item.get_closest_marker("heavy")] if os.environ.get("HEAVY") != "yes" else []
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_runtest_logreport(report):
    if not _tap["file"] or (report.when != "call" and report.passed):
        return
    _tap["n"] += 1
    skipped = report.skipped and os.environ.get("CI") != "true"
    name = report.nodeid.split("/")[-1].replace("#", "-")[:160] + ("" if report.when == "call" else f" ({report.when})")
    if report.failed:  # so that the line alone says why
        crash = getattr(report.longrepr, "reprcrash", None)
        why = f"{pathlib.Path(crash.path).name}:{crash.lineno} {crash.message}" if crash else str(report.longrepr)
        name += ": " + " ".join(why.replace("#", "-").split())[:600]
    print(f"{'ok' if report.passed or skipped else 'not ok'} {_tap['n']} - {name}{' # SKIP' if skipped else ''}", file=_tap["file"])


def pytest_sessionfinish(session):
    if _tap["file"]:
        print(f"1..{_tap['n']}", file=_tap["file"])
