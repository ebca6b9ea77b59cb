"""Schedules from outside: REST, the command line, a runner that fires them, and who says so when none does."""

import contextlib
import datetime
import os
import signal
import sqlite3
import time

import pytest

from conftest import ALLOW, wait_until
from fcgi_fixtures import Site
from runs import TRIGGER, open_gate, result, shell
from test_two_runners import Second

GATE = "until [ -e go ]; do sleep 0.02; done"


def schedule(cron="0 0 29 2 *", name="when", **data):
    return {"id": name, "type": "trigger", "data": {"kind": "schedule", "cron": cron, **data}}


def definition(*nodes, edges=None, **more):
    if edges is None:
        edges = [{"source": a["id"], "target": b["id"]} for a, b in zip(nodes, nodes[1:])]
    return {"name": "scheduled", "nodes": list(nodes), "edges": edges, **more}


def make_due(data, workflow, ago=1.0):
    """Put the schedule's next time where it would be had its cron said so: ago seconds back. Returns it."""
    due = int((time.time() - ago) * 1000)
    with contextlib.closing(sqlite3.connect(data / "runspool.db", timeout=120)) as db, db:
        assert db.execute("UPDATE schedule SET due = ?, fire = ? WHERE workflow_id = ?", (due, due, workflow)).rowcount == 1
    return datetime.datetime.fromtimestamp(due / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{due % 1000:03d}Z"


def runs_of(instance, workflow):
    status, _, body = instance.http("GET", f"/api/runs?workflow={workflow}")
    assert status == 200
    return body["items"]


@pytest.fixture(scope="module")
def site():
    it = Site()
    yield it
    it.close()


def test_the_next_times(site):
    put = site.cgi("PUT", "/api/workflows/nightly", definition(schedule("30 2 * * mon-fri", timezone="Europe/Berlin"), result()))
    assert put.status == 201, put
    answer = site.cgi("GET", "/api/workflows/nightly/schedule?n=10")
    assert answer.status == 200
    [item] = answer.json["items"]
    times = [datetime.datetime.fromisoformat(t.replace("Z", "+00:00")) for t in item["next"]]
    assert len(times) == 10 and times == sorted(set(times)) and times[0].timestamp() > time.time()
    assert all(t.minute == 30 and t.hour in (0, 1) and t.weekday() < 5 for t in times)
    assert (item["workflowId"], item["nodeId"], item["cron"], item["timezone"], item["catchUp"], item["paused"], item["enabled"]) == (
        "nightly", "when", "30 2 * * mon-fri", "Europe/Berlin", "latest", False, True)
    assert len(site.cgi("GET", "/api/workflows/nightly/schedule").json["items"][0]["next"]) == 10
    assert site.cgi("GET", "/api/workflows/nightly/schedule?n=0").json["items"][0]["next"] == []
    for bad in ("101", "-1", "x", "", "1x"):
        assert site.cgi("GET", f"/api/workflows/nightly/schedule?n={bad}").status == 400
    assert site.cgi("GET", "/api/workflows/nosuch/schedule").status == 404
    site.cgi("PUT", "/api/workflows/plain", definition(TRIGGER, result()))
    assert site.cgi("GET", "/api/workflows/plain/schedule").json["items"] == []
    assert [i["workflowId"] for i in site.cgi("GET", "/api/schedules?n=2").json["items"]] == ["nightly"]


def test_pause_and_resume(site):
    site.cgi("PUT", "/api/workflows/p", definition(schedule(), result()))
    answer = site.cgi("POST", "/api/workflows/p/schedule/pause")
    assert answer.status == 200 and answer.json["items"][0]["paused"] is True
    site.cgi("PUT", "/api/workflows/p", definition(schedule("0 4 * * *"), result()))
    assert site.cgi("GET", "/api/workflows/p/schedule").json["items"][0]["paused"] is True
    answer = site.cgi("POST", "/api/workflows/p/schedule/resume")
    assert answer.json["items"][0]["paused"] is False
    assert site.cgi("POST", "/api/workflows/nosuch/schedule/pause").status == 404
    site.cgi("PUT", "/api/workflows/plain", definition(TRIGGER, result()))
    assert site.cgi("POST", "/api/workflows/plain/schedule/pause").status == 404
    assert site.cgi("DELETE", "/api/workflows/p").status == 204
    assert "p" not in [i["workflowId"] for i in site.cgi("GET", "/api/schedules").json["items"]]


def test_what_never_comes_is_refused(site):
    nodes = [schedule("0 0 30 2 *", "a"), schedule("* * * * *", "b", timezone="Mars/Olympus"), schedule("* * * * *", "c", input=[])]
    answer = site.cgi("PUT", "/api/workflows/bad", definition(*nodes, edges=[]))
    assert answer.status == 422 and answer.headers["content-type"] == "application/problem+json"
    said = {e["nodeId"]: e["message"] for e in answer.json["errors"]}
    assert "no such day" in said["a"] and "Mars/Olympus" in said["b"] and "`input`" in said["c"], said
    assert site.cgi("GET", "/api/workflows/bad").status == 404


def test_a_late_one_shows_in_the_system_status(site):
    site.cgi("PUT", "/api/workflows/late", definition(schedule(), result()))
    status = site.cgi("GET", "/api/system-status").json
    assert status["components"]["scheduler"]["status"] == "healthy" and status["components"]["scheduler"]["late"] == []
    assert status["components"]["database"]["status"] == status["components"]["event_log"]["status"] == "healthy"
    make_due(site.data, "late", 90)
    status = site.cgi("GET", "/api/system-status").json
    scheduler = status["components"]["scheduler"]
    assert status["status"] == "degraded" and scheduler["status"] == "degraded" and "late" in scheduler["detail"]
    [late] = scheduler["late"]
    assert late["workflowId"] == "late" and 90000 <= late["lateMs"] < 300000
    site.cgi("DELETE", "/api/workflows/late")
    assert site.cgi("GET", "/api/system-status").json["components"]["scheduler"]["status"] == "healthy"


def test_the_command_line(new_instance):
    instance = new_instance(without=("bridge", "runner"), examples=False)
    instance.http("PUT", "/api/workflows/w", definition(schedule("0 0 1 1 *"), result()))
    text = instance.cli("schedule", "list")
    assert "w" in text and "0 0 1 1 *" in text and " on " in text
    assert len(instance.cli("schedule", "next", "w", "-n", "3").splitlines()) == 3
    assert len(instance.json("schedule", "next", "w")["items"][0]["next"]) == 10
    assert "paused" in instance.cli("schedule", "pause", "w")
    assert instance.json("schedule", "list")["items"][0]["paused"] is True
    assert "on again" in instance.cli("schedule", "resume", "w")
    assert "no workflow" in instance.cli("schedule", "next", "nosuch", check=False).stderr
    for usage in (("next",), ("list", "w"), ("nexr", "w"), ("pause", "w", "-n", "0")):
        assert instance.cli("schedule", *usage, check=False).returncode == 2, usage
    assert instance.json("status")["schedules"] == {"active": 1, "late": []}
    # Nobody fires it: that shows. Then a tick from cron does.
    due = make_due(instance.data, "w", 120)
    assert "schedule when of workflow w is late by 2 min" in instance.cli("status")
    done = instance.json("tick", "--wait", "30")
    assert (done["runner"], done["scheduled"], done["active"]) == (False, 1, 0)
    [run] = runs_of(instance, "w")
    record = instance.record(run["id"])
    assert record["status"] == "success" and record["trigger"]["dueAt"] == due and record["trigger"]["caughtUp"] is True
    assert instance.json("tick")["scheduled"] == 0
    assert instance.json("status")["schedules"]["late"] == []


def test_a_runner_fires_what_is_due(instance):
    """Of two triggers the run begins at the one that started it."""
    nodes = [TRIGGER, schedule(input={"who": "clock"}), result("by_hand", "hand"), result("by_clock", "{{ .nodes.when.output }}")]
    edges = [{"source": "start", "target": "by_hand"}, {"source": "when", "target": "by_clock"}]
    instance.http("PUT", "/api/workflows/two", definition(*nodes, edges=edges))
    due = make_due(instance.data, "two")
    [run] = wait_until(lambda: runs_of(instance, "two"), what="a run of the schedule")
    record = instance.wait(run["id"])
    assert record["status"] == "success", record
    assert record["trigger"] == {"kind": "schedule", "nodeId": "when", "dueAt": due}
    assert record["output"] == {"dueAt": due, "input": {"who": "clock"}}
    assert {n: record["nodes"][n]["status"] for n in record["nodes"]} == {
        "start": "skipped", "by_hand": "skipped", "when": "success", "by_clock": "success"}
    [item] = instance.http("GET", "/api/workflows/two/schedule")[2]["items"]
    assert (item["lastRunId"], item["lastDueAt"]) == (run["id"], due)
    by_hand = instance.wait(instance.run("two"))
    assert by_hand["output"] == "hand" and by_hand["nodes"]["when"]["status"] == "skipped" and "trigger" not in by_hand
    # Run again it is still the schedule's run.
    status, _, again = instance.http("POST", f"/api/runs/{run['id']}/rerun", {})
    assert status == 202 and instance.wait(again["runId"])["output"]["dueAt"] == due


def test_a_busy_workflow_skips_its_time(instance):
    instance.http("PUT", "/api/workflows/busy", definition(schedule(), shell("gate", GATE), result(),
                                                           concurrency={"limit": 1, "onBusy": "skip"}))
    first = instance.run("busy")
    make_due(instance.data, "busy")
    skipped = wait_until(lambda: [r for r in runs_of(instance, "busy") if r["id"] != first], what="the second run")[0]
    record = instance.wait(skipped["id"])
    assert record["status"] == "cancelled" and "onBusy: skip" in record["error"]["message"]
    open_gate(instance, first)
    assert instance.wait(first)["status"] == "success"


def test_a_killed_runner_misses_nothing(instance):
    """It is killed as what is due fires; the next one goes on where it was, and no time has two runs."""
    instance.http("PUT", "/api/workflows/often", definition(schedule("* * * * *", catchUp="all"), result()))
    make_due(instance.data, "often", 20 * 60)
    pid = instance.pid("runner")
    wait_until(lambda: runs_of(instance, "often"), what="the first run")
    os.kill(pid, signal.SIGKILL)

    def caught_up():
        [item] = instance.http("GET", "/api/workflows/often/schedule?n=1")[2]["items"]
        return datetime.datetime.fromisoformat(item["next"][0].replace("Z", "+00:00")).timestamp() > time.time()

    wait_until(caught_up, timeout=120, what="a runner that has caught up")
    due = []
    for run in runs_of(instance, "often"):
        record = instance.wait(run["id"])
        assert record["status"] == "success", record
        due.append(record["trigger"]["dueAt"])
    assert len(set(due)) == len(due) and len(due) in (20, 21, 22), sorted(due)
    instance.http("DELETE", "/api/workflows/often")


def make_due_again(instance, workflow):
    make_due(instance.data, workflow)
    return wait_until(lambda: runs_of(instance, workflow), what=f"a run of {workflow}")


def lease(data):
    with contextlib.closing(sqlite3.connect(data / "runspool.db", timeout=120)) as db:
        return db.execute("SELECT owner, fence FROM lease WHERE name = 'schedules'").fetchone()


def test_of_two_runners_one_leads(new_instance):
    """The other takes over when the leader leaves; with HEAVY=yes, when it is stopped or killed and its lease runs out."""
    instance = new_instance(examples=False)
    second, stopped = Second(instance, ALLOW), None
    try:
        for name in ("a", "b", "c"):
            instance.http("PUT", f"/api/workflows/{name}", definition(schedule(), result()))
            make_due_again(instance, name)
            assert len(runs_of(instance, name)) == 1
        owner, fence = lease(instance.data)
        assert fence == 1  # it has not changed hands
        logs = (instance.data / "log" / "runner.log").read_text(), second.path.read_text()
        leader = 0 if "schedule.fired" in logs[0] else 1
        assert "schedule.fired" in logs[leader] and "schedule.fired" not in logs[1 - leader]
        assert not any("schedule.failed" in log for log in logs)
        heavy = os.environ.get("HEAVY") == "yes"  # a killed leader's lease runs out after 15 s
        if leader == 0:
            if heavy:
                stopped = instance.pid("runner")
                os.kill(stopped, signal.SIGSTOP)
            else:
                instance.cli("stop", "runner")
        else:
            second.end(signal.SIGKILL if heavy else signal.SIGTERM)
        instance.http("PUT", "/api/workflows/d", definition(schedule(), result()))
        make_due_again(instance, "d")
        assert lease(instance.data)[0] != owner and lease(instance.data)[1] == 2
    finally:
        if stopped:
            os.kill(stopped, signal.SIGCONT)
        if second.process.poll() is None:
            second.end()
