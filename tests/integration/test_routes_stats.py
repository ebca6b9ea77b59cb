"""GET /api/routes: all there is, and what was really called, counted by every program."""

import asyncio
import threading
import urllib.request

import pytest
import websockets
from conftest import wait_until
from fcgi_fixtures import BUILD, Lighttpd, Site

HOOK = BUILD / "fcgi" / "hook.fcgi"
NUMBERS = {"calls", "errors", "p50_ms", "p95_ms", "last_called"}


@pytest.fixture
def site():
    it = Site()
    yield it
    it.close()


def figures(routes):
    return {(r["method"], r["path"]): r for r in routes}


def listed(site):
    return figures(site.cgi("GET", "/api/routes").json)


def test_all_that_there_is(site):
    about = site.cgi("GET", "/api").json
    routes = site.cgi("GET", "/api/routes").json
    assert all(set(r) == {"method", "path", "description", *NUMBERS} for r in routes)
    there = figures(routes)
    assert len(there) == len(routes), "each once"
    want = {(r["method"], r["path"]) for r in about["routes"]} | {("POST", "/hooks/{source}")}
    want |= {("GET", f"/{door}{stream['path']}") for stream in about["streams"] for door in stream["doors"]}
    assert set(there) == want
    never = there["GET", "/api/secrets"]
    assert {never[n] for n in ("calls", "errors")} == {0} and {never[n] for n in ("p50_ms", "p95_ms", "last_called")} == {None}
    assert there["GET", "/api"]["calls"] == 1 and there["GET", "/api/routes"]["calls"] == 0, "it is not over yet"


def test_counted_by_cgi(site):
    for _ in range(3):
        site.cgi("GET", "/api/runs")
    site.cgi("HEAD", "/api/runs")
    site.cgi("GET", "/api/runs?limit=0")
    site.cgi("GET", "/api/runs/r_none")
    site.cgi("OPTIONS", "/api/runs")
    site.cgi("GET", "/api/nothing")
    site.cgi("GET", "/api/poll?stream=runs&since=start")
    site.cgi("GET", "/api/poll/scraping/x")
    site.cgi("GET", "/api/poll/workflows/r_none")
    site.cgi("GET", "/api/poll/nothing")
    site.cgi("POST", "/hooks/x", b"{}", program=HOOK, SCRIPT_NAME="/hooks", PATH_INFO="/x")
    there = listed(site)
    called = {key: (r["calls"], r["errors"]) for key, r in there.items() if r["calls"]}
    assert called == {("GET", "/api/runs"): (5, 1), ("GET", "/api/runs/{id}"): (1, 1), ("GET", "/api/poll"): (1, 0),
                      ("GET", "/api/poll/scraping/{toolId}"): (1, 0), ("GET", "/api/poll/workflows/{runId}"): (1, 1),
                      ("POST", "/hooks/{source}"): (1, 1)}
    runs = there["GET", "/api/runs"]
    assert 0 < runs["p50_ms"] <= runs["p95_ms"] < 20000 and runs["last_called"].endswith("Z")


def test_bad_files_are_replaced(site):
    stats = site.data / "stats.shm"
    site.cgi("GET", "/api/runs")
    good = stats.read_bytes()
    for bad in (b"", b"rubbish", b"x" * len(good), good[:5000], good[:8] + b"\xff" + good[9:]):
        fresh = site.data / "bad"
        fresh.write_bytes(bad)
        fresh.rename(stats)
        site.cgi("GET", "/api/runs")
        assert listed(site)["GET", "/api/runs"]["calls"] == 1
    stats.unlink()
    stats.mkdir()
    answer = site.cgi("GET", "/api/routes")
    assert answer.status == 200 and {r["calls"] for r in answer.json} == {0}, "without counters all else works"


def test_many_processes_count_together(site):
    web = Lighttpd(site, processes=4)
    clients, each = 8, 50

    def ask():
        for n in range(each):
            web.ask("GET", "/api/runs" if n % 2 else "/api/runs/r_none")

    try:
        threads = [threading.Thread(target=ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        web.close()
    there = listed(site)
    runs, none = there["GET", "/api/runs"], there["GET", "/api/runs/{id}"]
    assert (runs["calls"], runs["errors"]) == (200, 0) and (none["calls"], none["errors"]) == (200, 200)


def test_the_bridge_counts_its_doors(new_instance):
    it = new_instance(examples=False)

    def counts():
        return {r["path"]: (r["calls"], r["errors"]) for r in it.http("GET", "/api/routes")[2] if r["calls"]}

    async def socket(path):
        async with websockets.connect(it.url.replace("http", "ws") + path):
            pass

    asyncio.run(socket("/ws/scraping/x"))
    with pytest.raises(websockets.InvalidStatusCode):
        asyncio.run(socket("/ws/workflows/r_none"))
    with urllib.request.urlopen(it.url + "/sse?stream=runs", timeout=120) as stream:
        assert stream.readline().startswith(b"data:")
    assert it.http("GET", "/poll?stream=runs&since=now")[0] == 200
    assert it.http("GET", "/poll/scraping/x?wait=never")[0] == 400
    it.http("GET", "/poll/nothing")
    assert it.http("GET", "/ws")[0] == 426
    want = {"/ws": (1, 1), "/ws/scraping/{toolId}": (1, 0), "/ws/workflows/{runId}": (1, 1), "/sse": (1, 0), "/poll": (1, 0),
            "/poll/scraping/{toolId}": (1, 1)}
    seen = wait_until(lambda: (lambda c: c if want.keys() <= c.keys() else None)(counts()), what="all doors")
    assert {path: seen[path] for path in want} == want
