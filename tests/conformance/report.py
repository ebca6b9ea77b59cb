"""What came of the tests: a line a failure, and a table dialect x door."""

import sys

import pytest

from doors import NAMES, TITLES

COLUMNS = ("rest", *NAMES)
ALIKE_SHOWN = 3  # of failures for the same reason


def door_of(item):
    """A test belongs to the door it was made for, else to the column REST."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return next((params[key] for key in ("door", "twin", "polls", "ws", "sse", "poll") if params.get(key) in NAMES), "rest")


class Report:
    """A pytest plugin in the place of its terminal."""

    def __init__(self, install, dialects, only_doors, quiet):
        self.install, self.dialects, self.only_doors, self.quiet = install, dialects, only_doors, quiet
        self.cells = {}  # (dialect, door): {"passed", "failed", "notRun", "notCarried"}
        self.failures, self.not_run, self.where = [], {}, {}
        self.ran = self.failed = 0

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config):
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_collection_modifyitems(self, config, items):
        for item in items:
            self.where[item.nodeid] = (item.path.stem.removeprefix("test_"), door_of(item))
        if self.only_doors:
            items[:] = [item for item in items if self.where[item.nodeid][1] in self.only_doors]

    def pytest_collectreport(self, report):
        if report.failed:
            self._failure("collection", "rest", report.nodeid, str(report.longrepr))

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.passed:
            return
        dialect, door = self.where[report.nodeid]
        if report.failed:
            self._failure(dialect, door, report.nodeid.split("::", 1)[1], self._why(report))
        elif report.skipped:
            reason = report.longrepr[2].removeprefix("Skipped: ")
            carried = not reason.startswith("not carried")
            self._count(dialect, door, "notRun" if carried else "notCarried")
            if carried:
                self.not_run.setdefault(reason, set()).add(dialect)
        elif report.when == "call":
            self.ran += 1
            self._count(dialect, door, "passed")
        self._progress(report)

    def _count(self, dialect, door, what):
        cell = self.cells.setdefault((dialect, door), {"passed": 0, "failed": 0, "notRun": 0, "notCarried": 0})
        cell[what] += 1

    def _failure(self, dialect, door, test, why):
        self.failed += 1
        self._count(dialect, door, "failed")
        self.failures.append({"dialect": dialect, "door": door, "test": test, "why": why})
        alike = sum(failure["why"] == why for failure in self.failures)
        if not self.quiet and alike <= ALIKE_SHOWN:
            print("\r\033[K" if sys.stderr.isatty() else "", end="", file=sys.stderr)
            print(f"FAIL {dialect}, {TITLES[door]}: {test}\n" + "".join(f"    {line}\n" for line in why.splitlines()), flush=True)

    @staticmethod
    def _why(report):
        """What was wrong, and where: the last lines of the trace."""
        crash = getattr(report.longrepr, "reprcrash", None)
        return f"{crash.message}\n({crash.path.rpartition('/')[2]}:{crash.lineno})" if crash else str(report.longrepr)

    def _progress(self, report):
        if not self.quiet and sys.stderr.isatty():
            print(f"\r\033[K{self.ran} passed, {self.failed} failed  {report.nodeid.rpartition('::')[2][:60]}", end="", file=sys.stderr)

    def summary(self, absent):
        rows = [{"dialect": dialect, "door": door, **cell} for (dialect, door), cell in self.cells.items()]
        return {"url": self.install.place.url, "version": self.install.about["version"], "auth": self.install.auth,
                "carried": {door: why is None for door, why in self.install.carried.items()}, "results": rows,
                "failures": self.failures, "notRun": sorted(self.not_run), "absent": absent,
                "passed": self.ran, "failed": self.failed}

    def _cell(self, dialect, door):
        cell = self.cells.get((dialect, door))
        if door in NAMES and self.install.carried[door] is not None:
            return "not carried" if not cell or not cell["failed"] else f"FAIL {cell['failed']}"
        if not cell:
            return "-"
        if cell["failed"]:
            return f"FAIL {cell['failed']} of {cell['failed'] + cell['passed']}"
        return f"pass {cell['passed']}" if cell["passed"] else "not run"

    def print(self, absent):
        install = self.install
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
        print(f"{install.place.url}: {install.about['name']} {install.about['version']}, auth = {install.auth}, "
              f"{'a bridge' if install.bridge else 'no bridge'}")
        rows = [["", *(TITLES[c] for c in COLUMNS)], *([d, *(self._cell(d, c) for c in COLUMNS)] for d in self.dialects)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
        for door, why in install.carried.items():
            if why is not None:
                print(f"not carried: {TITLES[door]} ({why})")
        for reason in sorted(self.not_run):
            print(f"{reason}: some of {', '.join(sorted(self.not_run[reason]))}")
        for door in absent:
            print(f"required, but not carried: {door}")
        reasons = [failure["why"] for failure in self.failures]
        if more := sum(reasons.count(why) - ALIKE_SHOWN for why in set(reasons) if reasons.count(why) > ALIKE_SHOWN):
            print(f"not shown: {more} failures for reasons shown {ALIKE_SHOWN} times")
        print(f"{self.ran} passed, {self.failed} failed")
