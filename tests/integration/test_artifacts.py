"""The files runs leave: listed, fetched whole and in parts, at the command line, and removed when they are old."""

import os
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import ALLOW, RUNSPOOL, wait_until
from fcgi_fixtures import Lighttpd, Site
from runs import GATE, chain, open_gate, shell
from test_rest import problem, start_run
from test_runner import Runner, new_runner


@pytest.fixture
def site():
    it = Site()
    yield it
    it.close()


@pytest.fixture
def artifacts(site):
    run = start_run(site)
    folder = site.data / "runs" / run / "artifacts"
    folder.mkdir(parents=True)
    return f"/api/runs/{run}/artifacts", folder


def test_folders_are_walked(site, artifacts):
    path, folder = artifacts
    (folder / "a/b c").mkdir(parents=True)
    (folder / "a/b c/é.txt").write_text("deep")
    (folder / "a.txt").write_text("top")
    (folder / ".partial-x").write_text("not whole")
    (folder / "a/out").symlink_to("/etc")
    (folder / "away").symlink_to("/etc/passwd")
    items = site.cgi("GET", path).json["items"]
    assert [i["name"] for i in items] == ["a.txt", "a/b c/é.txt"] and items[1]["url"] == path + "/a/b%20c/%C3%A9.txt"
    assert site.cgi("GET", path + "?limit=1").json["next"] == "a.txt"
    assert [i["name"] for i in site.cgi("GET", path + "?cursor=a.txt").json["items"]] == ["a/b c/é.txt"]
    got = site.cgi("GET", items[1]["url"])
    assert got.body == b"deep" and got.headers["content-disposition"] == "inline; filename*=UTF-8''%C3%A9.txt"
    for name in ("a", "a/", "a/b%20c", "a/out/passwd", "away", "a/../a.txt", "a//b", "../a.txt", ".partial-x", "a.txt/x", "x" * 600):
        assert site.cgi("GET", f"{path}/{name}").status in (400, 404), name
    problem(site.cgi("DELETE", path + "/a.txt"), 405)


@pytest.mark.parametrize("asked,status,body,said", [
    ("bytes=0-3", 206, b"0123", "bytes 0-3/10"), ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
    ("bytes=-3", 206, b"789", "bytes 7-9/10"), ("bytes=-30", 206, b"0123456789", "bytes 0-9/10"),
    ("bytes=9-100", 206, b"9", "bytes 9-9/10"), ("bytes=10-", 416, None, "bytes */10"), ("bytes=-0", 416, None, "bytes */10"),
    ("bytes=5-4", 200, b"0123456789", None), ("bytes=0-1,4-5", 200, b"0123456789", None), ("lines=1-2", 200, b"0123456789", None),
    ("bytes=", 200, b"0123456789", None), ("bytes=99999999999999999999999-", 416, None, "bytes */10"),
])
def test_ranges(site, artifacts, asked, status, body, said):
    path, folder = artifacts
    (folder / "n.txt").write_text("0123456789")
    got = site.cgi("GET", path + "/n.txt", HTTP_RANGE=asked)
    assert got.status == status and got.headers.get("content-range") == said
    assert body is None or (got.body == body and got.headers["content-length"] == str(len(body)))
    head = site.cgi("HEAD", path + "/n.txt", HTTP_RANGE=asked)
    assert head.status == status and head.body == b"" and head.headers.get("content-length") == got.headers.get("content-length")


def test_a_changed_file_is_no_part_of_the_old_one(site, artifacts):
    path, folder = artifacts
    file = folder / "n.txt"
    file.write_text("0123456789")
    got = site.cgi("GET", path + "/n.txt")
    tag, date = got.headers["etag"], got.headers["last-modified"]
    assert got.headers["accept-ranges"] == "bytes" and not tag.startswith("W/")
    for same in (tag, date):
        assert site.cgi("GET", path + "/n.txt", HTTP_RANGE="bytes=1-2", HTTP_IF_RANGE=same).status == 206
    for other in ('"x"', "Thu, 01 Jan 1970 00:00:00 GMT", "W/" + tag):
        assert site.cgi("GET", path + "/n.txt", HTTP_RANGE="bytes=1-2", HTTP_IF_RANGE=other).status == 200
    for known in (tag, f'"a", {tag}', "W/" + tag, "*"):
        again = site.cgi("GET", path + "/n.txt", HTTP_IF_NONE_MATCH=known)
        assert again.status == 304 and again.body == b"" and again.headers["etag"] == tag
    os.utime(file, ns=(1, 1))
    assert site.cgi("GET", path + "/n.txt", HTTP_IF_NONE_MATCH=tag).status == 200
    assert site.cgi("GET", path + "/n.txt", HTTP_RANGE="bytes=1-2", HTTP_IF_RANGE=tag).body == b"0123456789"


def test_empty_file(site, artifacts):
    path, folder = artifacts
    (folder / "e").write_text("")
    got = site.cgi("GET", path + "/e")
    assert got.status == 200 and got.body == b"" and got.headers["content-disposition"].startswith("attachment")
    assert site.cgi("GET", path + "/e", HTTP_RANGE="bytes=0-").status == 416


def test_a_broken_download_goes_on(site, artifacts, tmp_path):
    """By curl, through a web server."""
    path, folder = artifacts
    data = os.urandom(3_000_000)
    (folder / "big.bin").write_bytes(data)
    (tmp_path / "big.bin").write_bytes(data[:1_234_567])
    web = Lighttpd(site)
    try:
        done = subprocess.run(["curl", "-sS", "-f", "-C", "-", "-o", tmp_path / "big.bin", "-w", "%{http_code} %{size_download}", f"http://127.0.0.1:{web.port}{path}/big.bin"],
                              capture_output=True, text=True, timeout=120)
    finally:
        web.close()
    assert done.stdout == f"206 {3_000_000 - 1_234_567}", done.stderr
    assert (tmp_path / "big.bin").read_bytes() == data


# --- the command line, and upkeep ---

def write(name, content, kind="file"):
    return {"id": "w" + name.replace("/", "-"), "type": "output", "data": {"kind": kind, "path": name, "content": content}}


def cli(runner, *args):
    return subprocess.run([RUNSPOOL, *args, "--data", runner.data], capture_output=True, text=True, timeout=120)


def test_command_line(new_runner, tmp_path):
    runner = new_runner()
    run = runner.execute(*chain(write("out/a.txt", "hello"), write("b", "x")))["id"]
    assert [line.split()[-1] for line in cli(runner, "artifacts", run).stdout.splitlines()] == ["NAME", "b", "out/a.txt"]
    assert cli(runner, "artifacts", run, "out/a.txt").stdout == "hello"
    assert cli(runner, "artifacts", run, "b", "-o", tmp_path / "b").returncode == 0 and (tmp_path / "b").read_text() == "x"
    for args, status, said in (((run, "../work"), 1, "no artifact"), (("r_none",), 1, "r_none"), ((run, "-o", "x"), 2, "NAME")):
        done = cli(runner, "artifacts", *args)
        assert done.returncode == status and said in done.stderr, done


def age(runner, run, days):
    with sqlite3.connect(runner.data / "runspool.db", timeout=120) as db:
        db.execute("UPDATE run SET finished = finished - ? WHERE id = ?", (days * 86400000, run))
    db.close()


def upkeep(runner):
    """What the runner does once an hour."""
    runner.end(signal.SIGTERM)  # its runs go on
    (runner.data / "run" / "upkeep").unlink(missing_ok=True)
    runner.start()
    wait_until((runner.data / "run" / "upkeep").exists, what="the upkeep")


def test_old_files_go(new_runner):
    runner = new_runner([*ALLOW, "runs.keep_work_days=3", "artifacts.keep_days=10"])
    new, week, old, lost = (runner.execute(*chain(shell("s", "echo x > f; mkdir -p d; ln -s /etc d/l"), write("a/b", "x")))["id"] for _ in range(4))
    waiting = runner.new(*chain(write("kept", "x"), shell("s", GATE)))
    runs = runner.data / "runs"
    wait_until((runs / waiting / "artifacts/kept").exists, what="the artifact of the run that goes on")
    for run, days in ((week, 7), (old, 11), (lost, 100)):
        age(runner, run, days)
    (runs / week / ".gone-left").mkdir()
    upkeep(runner)
    wait_until(lambda: not (runs / old).exists() and not (runs / lost).exists() 
               and [p.name for p in (runs / week).iterdir()] == ["artifacts"], what="the old to go")
    assert sorted(p.name for p in (runs / new).iterdir()) == ["artifacts", "work"]
    assert (runs / week / "artifacts/a/b").exists()
    assert (runs / waiting / "work").exists() and (runs / waiting / "artifacts/kept").exists()
    assert os.path.exists("/etc/passwd") and runner.record(old)["status"] == "success"
    open_gate(runner, waiting)
    assert runner.wait(waiting)["status"] == "success"


def test_the_oldest_go_when_there_is_too_much(new_runner):
    runner = new_runner([*ALLOW, "artifacts.keep_bytes=2500"])
    first, second, third = (runner.execute(*chain(write("a", "x" * 1000)))["id"] for _ in range(3))
    age(runner, second, 1)
    upkeep(runner)
    wait_until(lambda: not (runner.data / "runs" / second / "artifacts").exists(), what="the oldest to go")
    assert (runner.data / "runs" / first / "artifacts/a").exists() and (runner.data / "runs" / third / "artifacts/a").exists()
    assert (runner.data / "runs" / second / "work").exists()


def test_tick_does_it_too(new_runner):
    runner = new_runner([*ALLOW, "artifacts.keep_days=1"])
    run = runner.execute(*chain(write("a", "x")))["id"]
    age(runner, run, 2)
    runner.end()
    (runner.data / "run" / "upkeep").unlink()
    subprocess.run([RUNSPOOL, "tick", "--data", runner.data], env={**os.environ, "RUNSPOOL_ARTIFACTS_KEEP_DAYS": "1"}, timeout=120, check=True)
    assert not (runner.data / "runs" / run / "artifacts").exists()
