"""The examples on real input: their results against git's, wc's and find's own counts."""

import http.server
import json
import os
import pathlib
import subprocess
import threading

import pytest

from conftest import SOURCE
from scrape_site import Site


def git(repo, *args, **env):
    return subprocess.run(["git", "-C", str(repo), *args], check=True, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, **env}).stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository with two authors over two months, a large file, notes, broken links, a bad script, odd names."""
    repo = tmp_path_factory.mktemp("repository")
    git(repo, "init", "-q", "-b", "main")

    def commit(author, date):
        git(repo, "add", "-A")
        git(repo, "-c", "user.name=" + author, "-c", f"user.email={author.split()[0].lower()}@example.org", "commit", "-q", "-m", "Change",
            GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)

    (repo / "src").mkdir()
    (repo / "src" / "main.c").write_text("int main(void)\n{\n    return 0; // TODO: return something\n}\n")
    (repo / "src" / "odd name's.h").write_text("#define ODD 1\n")
    (repo / "README.md").write_text("# Thing\n[code](src/main.c) [gone](docs/gone.md#part) [web](https://example.org/x)\n"
                                    "![picture](pic%20ture.bin) [section](#thing)\n```\n[not](a-link.md)\n```\n")
    (repo / "pic ture.bin").write_bytes(bytes(range(256)) * 4000)
    commit("Ada One", "2026-01-10T10:00:00Z")
    (repo / "good.sh").write_text("#!/bin/sh\necho fine\n")
    (repo / "bad.sh").write_text("#!/bin/sh\nif true; do\n")
    commit("Ben Two", "2026-02-11T10:00:00Z")
    (repo / "tool").write_text("#!/usr/bin/env python3\n# FIXME | with a pipe\nprint(1)\n")
    (repo / "last").write_text("no newline at the end")
    commit("Ada One", "2026-02-12T10:00:00Z")
    return repo


def check_counts(repo, result):
    tracked = git(repo, "ls-files", "-z").split("\0")[:-1]
    assert result["files"] == len(tracked)
    text = git(repo, "grep", "-I", "-l", "-z", "-e", "").split("\0")[:-1]
    newlines = sum((pathlib.Path(repo) / name).read_bytes().count(b"\n") for name in text)
    assert result["lines"] == newlines
    assert sum(l["files"] for l in result["languages"].values()) == len(tracked)
    assert sum(l["lines"] for l in result["languages"].values()) == newlines
    assert result["commits"] == int(git(repo, "rev-list", "--count", "HEAD"))
    shortlog = dict(reversed(line.strip().split("\t")) for line in git(repo, "shortlog", "-sn", "HEAD").splitlines())
    assert result["authors"] == {name: int(n) for name, n in shortlog.items()}
    months = git(repo, "log", "--format=%ad", "--date=format:%Y-%m").split()
    assert result["months"] == {m: months.count(m) for m in months}


def test_repo_health_of_a_made_repository(instance, repository):
    record = instance.wait(instance.run("repo-health", {"repo": str(repository)}))
    assert record["status"] == "success", record["error"]
    result = record["output"]
    check_counts(repository, result)
    assert result["languages"]["C"] == {"files": 2, "lines": 5}
    assert result["languages"]["Python"] == {"files": 1, "lines": 3}
    assert result["largeFiles"] == [{"path": "pic ture.bin", "bytes": 1024000}]
    assert [(t["path"], t["line"]) for t in result["todos"]] == [("src/main.c", 3), ("tool", 2)]
    assert result["todos"][0]["text"] == "return 0; // TODO: return something"
    assert result["brokenLinks"] == [{"path": "README.md", "line": 2, "target": "docs/gone.md#part"}]
    assert [b["path"] for b in result["badScripts"]] == ["bad.sh"]
    status, headers, report = instance.http("GET", f"/api/runs/{record['id']}/artifacts/report.md")
    assert status == 200
    report = report.decode()
    for line in ("| C | 2 | 5 |", "| Ada One | 2 |", "| 2026-02 | 2 |", "| pic ture.bin | 1024000 |",
                 "| README.md:2 | docs/gone.md#part |", "| tool:2 | # FIXME \\| with a pipe |"):
        assert line in report, report
    assert {n: r["status"] for n, r in record["nodes"].items()} == dict.fromkeys(record["nodes"], "success")


def test_repo_health_of_this_checkout(instance, tmp_path):
    # A checkout without history (an unpacked tarball) is given one.
    repo = SOURCE
    if not (SOURCE / ".git").exists():
        pytest.skip("not a git checkout")
    record = instance.wait(instance.run("repo-health", {"repo": str(repo)}), 120)
    assert record["status"] == "success", record["error"]
    subprocess.run(["git", "clone", "-q", str(repo), str(tmp_path / "clone")], check=True)
    check_counts(tmp_path / "clone", record["output"])
    assert record["output"]["badScripts"] == []


def test_repo_health_of_an_empty_repository(instance, tmp_path):
    git(tmp_path, "init", "-q")
    record = instance.wait(instance.run("repo-health", {"repo": str(tmp_path)}))
    assert record["status"] == "success", record["error"]
    assert record["output"]["files"] == 0 and record["output"]["commits"] == 0


def test_repo_health_of_no_repository(instance, tmp_path):
    record = instance.wait(instance.run("repo-health", {"repo": str(tmp_path / "nowhere")}))
    assert record["status"] == "error"
    assert record["error"]["nodeId"] == "clone" and "nowhere" in record["error"]["message"]


def test_site_check(instance):
    class Site(http.server.BaseHTTPRequestHandler):
        pages = {"/": "<a href='/two.html'>2</a> <a href=\"gone.html\">g</a> <img src='/pic.png'> <a href='mailto:a@b'>m</a>",
                 "/two.html": "<a href='/'>home</a>", "/pic.png": "png"}

        def do_GET(self):
            body = self.pages.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "image/png" if self.path.endswith("png") else "text/html")
            self.end_headers()
            self.wfile.write((body or "no such page").encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        record = instance.wait(instance.run("site-check", {"urls": [base + "/", base + "/two.html", base + "/absent"], "timeoutSeconds": 5}))
    finally:
        server.shutdown()
        server.server_close()
    assert record["status"] == "success", record["error"]
    result = record["output"]
    assert {p["url"][len(base):]: p["status"] for p in result["pages"]} == {"/": 200, "/two.html": 200, "/absent": 404}
    links = {(l["page"][len(base):], l["url"][len(base):]): l["status"] for l in result["links"]}
    assert links == {("/", "/two.html"): 200, ("/", "/gone.html"): 404, ("/", "/pic.png"): 200, ("/two.html", "/"): 200}
    assert result["ok"] is False and [b["url"][len(base):] for b in result["brokenLinks"]] == ["/gone.html"]


def test_test_workflow_needs_no_input_and_no_setting(new_instance):
    instance = new_instance(settings=())
    record = instance.wait(instance.run("test-workflow"))
    assert record["status"] == "success", record["error"]
    assert record["output"] == {"ok": True, "limit": 1000, "count": 168, "largest": 997}
    assert record["nodes"]["none"]["status"] == "skipped"
    _, _, csv = instance.http("GET", f"/api/runs/{record['id']}/artifacts/primes.csv")
    assert csv.decode().splitlines()[:3] == ["n,prime", "1,2", "2,3"] and len(csv.decode().splitlines()) == 169


def test_demo_command_on_a_second_repository(repository, tmp_path):
    """scripts/demo as a user runs it: it leaves no process, prints the report and where to look."""
    done = subprocess.run([str(SOURCE / "scripts" / "demo"), "--data", str(tmp_path / "var"), "repo-health", "--input",
                           json.dumps({"repo": str(repository)})], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| C | 2 | 5 |" in done.stdout and "/#/runs/r_" in done.stdout
    assert not list((tmp_path / "var").glob("*.sock"))


def test_site_notes(instance, tmp_path):
    """Without anything indexed, and with."""
    page = lambda body: (200, {"Content-Type": "text/html; charset=utf-8"}, f"<meta name=description content='about us'>{body}".encode())
    with Site({"/": page("<title>Home</title><h1>Hello</h1><a href='two#x'>2</a><a href='/three'>3</a><a href='http://elsewhere.invalid/'>e</a>"),
               "/two": page("<title>Two</title><a href='/'>home</a>"), "/three": (404, {}, b"")}) as site:
        record = instance.wait(instance.run("site-notes", {"site": site.url + "/", "question": "how are walruses fed?"}))
        assert record["status"] == "success" and record["nodes"]["notes"]["status"] == "error", record
        assert record["output"] == {"pages": 2, "items": 2, "failed": 1, "skipped": {}, "first": ["Home", "Two"], "passages": [],
                                    "errors": [{"url": site.url + "/three", "error": "status 404"}]}
        _, _, lines = instance.http("GET", f"/api/runs/{record['id']}/artifacts/pages.jsonl")
        first, second = [json.loads(line) for line in lines.decode().splitlines()]
        assert first == {"url": site.url + "/", "title": "Home", "heading": "Hello", "description": "about us",
                         "links": [site.url + "/two", site.url + "/three", "http://elsewhere.invalid/"]}
        assert second["title"] == "Two" and second["heading"] is None
        _, _, summary = instance.http("GET", f"/api/runs/{record['id']}/artifacts/summary.md")
        assert f"- [Two]({site.url}/two)" in summary.decode()
        (tmp_path / "notes.md").write_text("# Walruses\n\nThey are fed at noon.\n")
        instance.cli("index", tmp_path, "--name", "notes")
        record = instance.wait(instance.run("site-notes", {"site": site.url + "/", "maxPages": 1, "question": "how are walruses fed?"}))
        assert record["output"]["pages"] == 1 and record["output"]["skipped"] == {"limit": 2}
        assert record["output"]["passages"] == [{"path": "notes.md", "line": 3, "title": "Walruses", "text": "They are fed at noon."}]
        instance.cli("index", "--remove", "notes")
        record = instance.wait(instance.run("site-notes", {"site": site.url + "/"}))
        assert record["nodes"]["notes"]["status"] == "skipped" and record["output"]["passages"] == []
