"""The history of ended runs: what the filters select, and figures that are compared with an independent computation."""

import datetime
import math
import random
import sqlite3

import pytest

from fcgi_fixtures import Site

DAY = 86400000
COLUMNS = ("id", "org", "workflow_id", "workflow_version", "name", "status", "priority", "concurrency", "attempt", "progress",
           "n_nodes", "n_ended", "cancel", "created", "started", "finished", "fence", "lease", "pid", "pid_start", "error", "tags",
           "input", "definition")
ENDED = ("success", "error", "cancelled")


def at(text):
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def add_runs(data, runs):
    """Rows as the runner leaves them. runs: dictionaries with id, workflow_id, name, status, started, finished, error."""
    with sqlite3.connect(data / "runspool.db") as db:
        for run in runs:
            row = {"org": "default", "workflow_version": 1, "priority": 0, "concurrency": 0, "attempt": 1, "progress": 100,
                   "n_nodes": 1, "n_ended": 1, "cancel": 0, "created": (run["started"] or run["finished"] or 1000) - 500, "fence": 1,
                   "lease": 0, "pid": 0, "pid_start": 0, "error": None, "tags": "[]", "input": "{}", "definition": "{}", **run}
            db.execute(f"INSERT INTO run ({','.join(COLUMNS)}) VALUES ({','.join('?' * len(COLUMNS))})", [row[c] for c in COLUMNS])
    db.close()


@pytest.fixture
def site():
    it = Site()
    assert it.cgi("GET", "/api/runs").status == 200  # makes the database
    yield it
    it.close()


def history(site, query=""):
    answer = site.cgi("GET", f"/api/workflow-history{query}")
    assert answer.status == 200, answer
    return answer.json


def test_days(site):
    """What each day's runs did; figures by nearest rank, of those that had begun."""
    at = lambda day, ms=0: (20000 + day) * 86400000 + ms  # noqa: E731
    runs = [{"id": f"r_d{i}", "workflow_id": "w", "name": "W", "status": status, "started": at(day, 500) if begun else None, "finished": at(day, 500 + took)}
            for i, (day, status, took, begun) in enumerate(
                [(0, "success", 1000, True), (0, "success", 3000, True), (0, "error", 2000, True), (0, "cancelled", 9000, False),
                 (3, "cancelled", 10, False), (4, "success", 0, True)])]
    add_runs(site.data, runs)
    assert "days" not in history(site)
    days = history(site, "?days=true&limit=1")["days"]
    assert [tuple(d.values()) for d in days] == [("2024-10-04", 2, 1, 1, 2.0, 3.0), ("2024-10-07", 0, 0, 1, None, None), ("2024-10-08", 1, 0, 0, 0.0, 0.0)]
    assert [d["success"] for d in history(site, "?days=true&status=success")["days"]] == [2, 1]
    assert history(site, "?days=true&workflow=other")["days"] == []


def percentile95(durations):
    """Nearest rank: the smallest that at least 95 % do not go beyond."""
    durations = sorted(durations)
    for d in durations:
        if sum(e <= d for e in durations) * 100 >= 95 * len(durations):
            return d
    return 0


def expected(runs, now, first=None, last=None, **which):
    """The answer for these rows, computed another way. first, last: of the filter, the last one included."""
    chosen = [r for r in runs if r["status"] in ENDED and r.get("org", "default") == "default"]
    if first is not None:
        chosen = [r for r in chosen if r["finished"] >= first]
    if last is not None:
        chosen = [r for r in chosen if r["finished"] <= last]
    for member, value in which.items():
        chosen = [r for r in chosen if r[member] == value]
    took = [max(0, r["finished"] - r["started"]) / 1000 for r in chosen if r["started"] is not None]
    n = len(chosen)

    def day(ms):
        return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).date()

    days = 1
    if n:
        begin = day(first if first is not None else min(r["finished"] for r in chosen))
        newest = max(r["finished"] for r in chosen)
        end = day(min(last, max(now, newest)) if last is not None else newest)
        days = (end - begin).days + 1
    return chosen, {
        "total_count": n,
        "success_rate": 100 * sum(r["status"] == "success" for r in chosen) / n if n else 0,
        "average_duration": math.fsum(took) / len(took) if took else 0,
        "p95_duration": percentile95(took),
        "recent_failures": sum(r["status"] == "error" and r["finished"] > now - DAY for r in chosen),
        "runs_per_day": n / days if n else 0,
    }


def assert_same(got, want):
    chosen, figures = want
    assert got["total_count"] == figures["total_count"]
    for name, value in figures.items():
        assert got["analytics"][name] == pytest.approx(value, rel=1e-9, abs=1e-9), name
    assert [w["id"] for w in got["workflows"]] == [r["id"] for r in sorted(chosen, key=lambda r: -r["finished"])][:50]


def random_runs(n, seed, now):
    dice = random.Random(seed)
    moments = dice.sample(range(now - 40 * DAY, now - 2000), n)  # no two at once, so that the order is one
    runs = []
    for i, finished in enumerate(moments):
        status = dice.choice(ENDED + ("success",) * 3)
        started = None if status == "cancelled" and dice.random() < 0.5 else finished - dice.choice((0, 1, 999, dice.randrange(10 ** 7)))
        if dice.random() < 0.02:
            started = finished + 5000  # a clock was set back
        runs.append({"id": f"r_{i}", "workflow_id": dice.choice(("lint", "build", "deploy")), "name": dice.choice(("Lint", "Build it", "Deploy")),
                     "status": status, "started": started, "finished": finished})
    return runs


def test_nothing_yet(site):
    assert history(site) == {"workflows": [], "total_count": 0, "analytics": {
        "total_count": 0, "success_rate": 0, "average_duration": 0, "p95_duration": 0, "recent_failures": 0, "runs_per_day": 0}}
    assert history(site, "?from=2026-01-01&to=2026-01-31")["analytics"]["runs_per_day"] == 0


@pytest.mark.parametrize("seed,n", [(1, 1), (2, 7), (3, 20), (4, 21), (5, 400)])
def test_random_rows(site, seed, n):
    now = int(datetime.datetime.now().timestamp() * 1000)
    runs = random_runs(n, seed, now)
    others = [{**r, "id": f"x_{i}", "org": "other"} for i, r in enumerate(random_runs(30, seed + 100, now))]
    active = [{"id": f"a_{i}", "workflow_id": "lint", "name": "Lint", "status": s, "started": now - 9000, "finished": None}
              for i, s in enumerate(("queued", "running", "paused"))]
    add_runs(site.data, runs + others + active)
    assert_same(history(site), expected(runs, now))
    for status in ENDED:
        assert_same(history(site, f"?status={status}"), expected(runs, now, status=status))
    assert_same(history(site, "?workflow=build"), expected(runs, now, workflow_id="build"))
    assert_same(history(site, "?workflow=lint&status=error"), expected(runs, now, workflow_id="lint", status="error"))
    assert_same(history(site, "?q=BUILD+I"), expected(runs, now, name="Build it"))
    assert history(site, "?workflow=none")["total_count"] == 0
    first, last = now - 20 * DAY, now - 10 * DAY
    text = [datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            for ms in (first, last)]
    assert_same(history(site, f"?from={text[0]}&to={text[1]}"), expected(runs, now, first, last))
    assert_same(history(site, f"?from={text[0]}"), expected(runs, now, first))
    assert_same(history(site, f"?to={text[1]}"), expected(runs, now, None, last))


def test_pages(site):
    now = at("2026-10-01T00:00:00+00:00")
    runs = random_runs(120, 9, now)
    add_runs(site.data, runs)
    order = [r["id"] for r in sorted(runs, key=lambda r: -r["finished"])]
    taken = []
    for offset in range(0, 140, 35):
        page = history(site, f"?limit=35&offset={offset}")
        assert page["total_count"] == 120 == page["analytics"]["total_count"]
        taken += [w["id"] for w in page["workflows"]]
    assert taken == order
    assert history(site, "?offset=5000")["workflows"] == []


def test_day_borders(site):
    """The last millisecond of a day is its own; a day as `to` is a whole one."""
    ends = ["2026-03-28T23:59:59.999+00:00", "2026-03-29T00:00:00.000+00:00", "2026-03-29T23:59:59.999+00:00", "2026-03-30T00:00:00+00:00"]
    runs = [{"id": f"r_{i}", "workflow_id": "w", "name": "W", "status": "success", "started": at(e) - 1000, "finished": at(e)}
            for i, e in enumerate(ends)]
    add_runs(site.data, runs)
    now = at("2026-03-31T00:00:00+00:00")
    assert history(site)["analytics"]["runs_per_day"] == pytest.approx(4 / 3)
    assert [w["id"] for w in history(site, "?from=2026-03-29&to=2026-03-29")["workflows"]] == ["r_2", "r_1"]
    assert history(site, "?from=2026-03-29&to=2026-03-29")["analytics"]["runs_per_day"] == 2
    assert_same(history(site, "?from=2026-03-28T23:59:59.999Z&to=2026-03-29T00:00:00.000Z"),
                expected(runs, now, at(ends[0]), at(ends[1])))


def test_clocks_that_change(site, monkeypatch):
    """Days are UTC's, wherever the server is and whatever its clocks do: on 2026-10-25 Berlin has an hour twice."""
    local = ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T00:30:00+02:00", "2026-10-26T00:30:00+01:00"]
    runs = [{"id": f"r_{i}", "workflow_id": "w", "name": "W", "status": "error" if i == 1 else "success", "started": at(e) - 60000,
             "finished": at(e)} for i, e in enumerate(local)]
    add_runs(site.data, runs)
    now = at("2026-11-01T00:00:00+00:00")
    for zone in ("UTC", "Europe/Berlin", "America/New_York"):
        site.environ["TZ"] = zone
        assert_same(history(site), expected(runs, now))
        both = history(site, "?from=2026-10-25T02:00:00%2B02:00&to=2026-10-25T02:59:59%2B01:00")
        assert [w["id"] for w in both["workflows"]] == ["r_1", "r_0"]
        once = history(site, "?from=2026-10-25T02:00:00+01:00&to=2026-10-25T02:59:59+01:00")
        assert [w["id"] for w in once["workflows"]] == ["r_1"]


def test_items(site):
    add_runs(site.data, [
        {"id": "r_1", "workflow_id": "w", "name": "100%_sure!", "status": "error", "started": 1000, "finished": 3500,
         "error": '{"code":"exit","message":"exit code 3"}'},
        {"id": "r_2", "workflow_id": "w", "name": "W", "status": "cancelled", "started": None, "finished": 9000}])
    second, first = history(site)["workflows"]
    assert first == {"id": "r_1", "name": "100%_sure!", "workflow_id": "w", "status": "error", "start_time": "1970-01-01T00:00:01.000Z",
                     "end_time": "1970-01-01T00:00:03.500Z", "duration": 2.5, "error": "exit code 3"}
    assert (second["start_time"], second["duration"], second["error"]) == (None, None, None)
    for text, found in (("100%25", 1), ("_sure", 1), ("sure!", 1), ("%25", 1), ("_", 2), ("R_2", 1), ("x", 0), ("", 2)):
        assert history(site, f"?q={text}")["total_count"] == found, text


@pytest.mark.parametrize("query", [
    "limit=0", "limit=501", "limit=x", "limit=", "limit=-1", "limit=1e2", "limit=99999999999999999999", "offset=-1", "offset=1.5", "offset=x",
    "status=running", "status=queued", "status=", "status=Success", "workflow=", "workflow=..%2Fx", "from=yesterday", "from=", "to=1",
    "to=2026-13-01", "from=2026-02-30", "from=2026-02-02&to=2026-02-01", "q=" + "x" * 201, "to=2026-11-21T00:00:00", "from=%00"])
def test_bad_values(site, query):
    answer = site.cgi("GET", f"/api/workflow-history?{query}")
    assert answer.status == 400 and answer.headers["content-type"] == "application/problem+json", answer
    live = site.cgi("GET", f"/api/poll/workflow-history?{query}")
    assert live.status == 400, live


def test_the_same_on_the_live_door(site):
    now = at("2026-10-01T00:00:00+00:00")
    add_runs(site.data, random_runs(60, 3, now))
    for query in ("", "?status=error&limit=5", "?q=lint&offset=3", "?unknown=1"):
        events = site.cgi("GET", f"/api/poll/workflow-history{query}").json["events"]
        assert [e["type"] for e in events] == ["workflow_history_update"]
        assert events[0]["data"] == history(site, query)


def test_seconds_are_written_as_they_are_meant(site):
    """Not as the 17 digits of the nearest number to base two: people read them."""
    add_runs(site.data, [{"id": "r_1", "workflow_id": "w", "name": "W", "status": "success", "started": 1000, "finished": 1087}])
    body = site.cgi("GET", "/api/workflow-history").body
    assert b'"duration":0.087,' in body and b'"p95_duration":0.087,' in body, body
