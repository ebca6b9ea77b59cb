"""Sanitizers report where conftest looks: the programs of an instance have kept that in their environment."""

import pathlib

from conftest import REPORTS


def test_every_program_reports_to_the_tests(instance):
    where = f"log_path={REPORTS}/report".encode()
    mine = f"RUNSPOOL_DATA={instance.data}".encode()
    deaf, names = [], set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            name = (process / "comm").read_text().strip()
        except OSError:
            continue  # ended, or not ours to read
        if mine in variables:
            names.add(name)
            if not any(v.startswith(b"ASAN_OPTIONS=") and where in v for v in variables):
                deaf.append(name)
    assert not deaf
    assert {"runspool-bridge", "runspool-runner", "api.fcgi", "events.fcgi"} <= names
