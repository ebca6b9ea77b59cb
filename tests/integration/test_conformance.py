"""`runspool conformance` against an instance of ours: every dialect by every door passes, and the command is one to work with."""

import json
import os
import secrets
import subprocess
import sys

import pytest

from conftest import RUNSPOOL, SOURCE, Instance

sys.path.insert(0, str(SOURCE / "tests" / "helper"))
from llm_server import LlmServer  # noqa: E402

DIALECTS = ("common", "native", "console", "assistant", "monitor", "crew", "topics")
DOORS = ("rest", "ws", "sse", "poll", "api")


def conformance(*args, environ=None):
    done = subprocess.run([str(RUNSPOOL), "conformance", *args], env={**os.environ, **(environ or {})}, text=True, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def summary():
    model = LlmServer()
    it = Instance(["runner.http_private=allow", f"model.url={model.url}", "model.default=test-model"], examples=False)
    try:
        status, out, err = conformance("--url", it.url, "--require", "all", "--only", ",".join(DIALECTS), "--model", "test-model", "--json")
        assert out, err
        yield {**json.loads(out), "status": status}
    finally:
        it.close()
        model.close()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("door", DOORS)
def test_dialect_by_door(summary, dialect, door):
    failures = [f"{f['test']}: {f['why']}" for f in summary["failures"] if (f["dialect"], f["door"]) == (dialect, door)]
    assert not failures, "\n".join(failures)
    cell = [r for r in summary["results"] if (r["dialect"], r["door"]) == (dialect, door)]
    assert len(cell) == 1 and cell[0]["passed"] > 0 and cell[0]["notCarried"] == 0, cell


def test_all_of_it(summary):
    assert summary["status"] == 0 and summary["failed"] == 0 and summary["absent"] == [], summary["failures"]
    assert all(summary["carried"].values())


@pytest.fixture(scope="module")
def guarded():
    """An install with auth = jwt, and its tokens."""
    secret = f"auth.secret={secrets.token_hex(32)}"
    it = Instance(["auth=jwt", secret], examples=False)
    tokens = {"TOKEN": ("--scope", "editor"), "VIEWER_TOKEN": ("--scope", "viewer"), "FOREIGN_TOKEN": ("--scope", "editor", "--org", "other")}
    try:
        yield it, {f"RUNSPOOL_{name}": it.cli("token", *args, "--set", secret).strip() for name, args in tokens.items()}
    finally:
        it.close()


def test_with_tokens(guarded):
    it, tokens = guarded
    status, out, err = conformance("--url", it.url, "--only", "auth,native,monitor", "--require", "all", "--json", environ=tokens)
    summary = json.loads(out)
    assert status == 0 and summary["auth"] == "jwt", "\n".join(f"{f['door']} {f['test']}: {f['why']}" for f in summary["failures"])
    assert summary["notRun"] == ["not run: this install wants tokens"], "what is for auth = none only"
    assert {r["door"] for r in summary["results"] if r["dialect"] == "auth" and r["passed"]} == set(DOORS)


def test_a_missing_token_is_told(guarded):
    it, tokens = guarded
    for environ, what in (({}, "wants a token: --token"), ({"RUNSPOOL_TOKEN": "rubbish"}, "and not this one")):
        status, out, err = conformance("--url", it.url, environ=environ)
        assert status == 1 and what in err and len(err.splitlines()) == 1, err


def test_without_a_bridge_live_doors_are_not_carried(new_instance):
    it = new_instance(settings=(), without=["bridge"], examples=False)
    status, out, err = conformance("--data", str(it.data), "--only", "native", "--keyword", "seq or cursor_gives or outside")
    assert status == 0, out + err
    head, titles, row, *rest = out.splitlines()
    assert "no bridge" in head and titles.split() == ["REST", "WebSocket", "SSE", "/poll", "/api/poll"]
    assert row.count("not carried") == 3 and row.startswith("native") and row.rstrip()[-6:].startswith("pass"), row
    assert sum(line.startswith("not carried: ") for line in rest) == 3, rest
    status, out, _ = conformance("--data", str(it.data), "--only", "native", "-k", "seq", "--require", "ws,api")
    assert status == 1 and "required, but not carried: ws" in out


HIDES = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "websockets" else found(name, *more)
"""


def test_what_is_wrong_is_told_in_one_line(instance, tmp_path):
    def told(status, what, *args, environ=None):
        done = conformance(*args, environ=environ)
        assert done[0] == status and what in done[2] and len(done[2].splitlines()) == 1, done

    told(1, "does not answer as Runspool does", "--url", "http://127.0.0.1:1/")
    told(1, "does not answer as Runspool does", "--url", instance.url + "/nowhere")
    told(1, "no http or https URL", "--url", "ftp://example.org")
    told(2, "nonsense", "--url", instance.url, "--only", "nonsense")
    told(2, "no door", "--url", instance.url, "--require", "ws,nonsense")
    told(2, "--url", "--data", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text(HIDES)
    told(1, "install the package python3-websockets", "--url", instance.url, environ={"PYTHONPATH": str(tmp_path)})
