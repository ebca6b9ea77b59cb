"""Part C.5, the dashboard topics: the present state, then each change, at most one a second; the HTTP twin gives the same."""

import re
import time
from datetime import datetime

import pytest

from doors import Silence, number, open_path
from install import START, Watcher, at_once, delay, fails, result
from proof import check_messages, check_times

VOLATILE = ("uptime_s", "latency_ms", "last_updated", "checked_at", "calls", "errors", "p50_ms", "p95_ms", "last_called", "detail")
TOPICS = {  # endpoint: (type, HTTP twin)
    "/workflows": ("workflows_update", "/api/workflows/active"),
    "/routes": ("routes_update", "/api/routes"),
    "/workflow-history": ("workflow_history_update", "/api/workflow-history"),
    "/adw-state/{adw}": ("adw_state_update", "/api/adws/{adw}"),
    "/adw-monitor": ("adw_monitor_update", "/api/adws"),
    "/queue": ("queue_update", "/api/queue"),
    "/system-status": ("system_status_update", "/api/system-status"),
    "/webhook-status": ("webhook_status_update", "/api/webhook-status"),
}


def still(value):
    """A state without what changes by itself."""
    if isinstance(value, dict):
        return {k: still(v) for k, v in value.items() if k not in VOLATILE}
    return [still(v) for v in value] if isinstance(value, list) else value


def every_door(body):
    """A test for each door whose bodies are run at the same time, because a topic tells of changes once a second."""
    done = {}

    def test(install, door):
        at_once(body, install, door, done)
    return staticmethod(test) if "." in body.__qualname__ else test


@pytest.fixture(scope="module")
def adw(install):
    name = install.name("adw")
    install.made(f"/api/adws/{name}")
    assert install.rest("PUT", f"/api/adws/{name}", {"issue_number": "7", "status": "running", "extra": {"deep": [1]}}).status in (200, 201)
    return name


def follow(install, door, endpoint, since=None):
    return open_path(install.place, door, endpoint, since, install.token)


def until(follower, condition, timeout=20):
    """The state, once it is as awaited; states before it are taken."""
    deadline = time.monotonic() + timeout
    while True:
        message = follower.read(max(0.05, deadline - time.monotonic()))
        if condition(message["data"]):
            return message


@pytest.mark.parametrize("endpoint", TOPICS)
class TestEveryTopic:
    def test_at_connect_the_present_state_in_its_envelope(self, install, adw, door, endpoint):
        with follow(install, door, endpoint.format(adw=adw)) as follower:
            message = follower.read()
        assert {"type", "id", "data", "timestamp"} <= set(message) and message["type"] == TOPICS[endpoint][0], message
        assert re.fullmatch(r"\d+\.[0-9a-f]{8}", message["id"]), message["id"]
        check_messages([message])

    def test_the_http_twin_is_the_bare_data(self, install, adw, door, endpoint):
        for _ in range(5):  # another's change may come between the two
            with follow(install, door, endpoint.format(adw=adw)) as follower:
                live = follower.read()["data"]
            twin = install.good("GET", TOPICS[endpoint][1].format(adw=adw))
            if still(live) == still(twin):
                return
        assert still(live) == still(twin)

    def test_a_cursor_means_the_last_state_seen(self, install, adw, door, endpoint):
        """On any door: the state with this id is not sent again, and an older one's id gives the present one."""
        for _ in range(5):
            with follow(install, "api", endpoint.format(adw=adw)) as follower:
                seen = follower.read()["id"]
            with follow(install, door, endpoint.format(adw=adw), seen) as follower:
                try:
                    message = follower.read(0.3)
                except Silence:
                    break
                assert message["id"] != seen, message
        else:
            raise AssertionError("a state that was seen comes again and again")
        with follow(install, door, endpoint.format(adw=adw), f"{number(seen)[0]}.00000000") as follower:
            assert follower.read()["type"] == TOPICS[endpoint][0]

    def test_ids_are_the_same_by_every_door(self, install, adw, door, endpoint):
        for _ in range(5):
            with follow(install, door, endpoint.format(adw=adw)) as one, follow(install, "api", endpoint.format(adw=adw)) as two:
                ids = [number(it.read()["id"])[1] for it in (one, two)]
            if ids[0] == ids[1]:
                return
        assert ids[0] == ids[1], "the hash of the state"

    def test_the_twin_is_json(self, install, adw, endpoint):
        answer = install.rest("GET", TOPICS[endpoint][1].format(adw=adw))
        assert answer.status == 200 and answer.kind == "application/json"
        check_times(answer.json())


# What each one tells

@every_door
def test_active_runs_come_and_go(install, door):
    workflow = install.save([START, delay("pause", 60000), result()], name="Active one")
    with follow(install, door, "/workflows") as follower:
        run = install.start(workflow)
        mine = lambda data: [item for item in data if item["id"] == run]
        message = until(follower, lambda data: mine(data) and mine(data)[0]["status"] == "running" and mine(data)[0]["current_node"])
        item = mine(message["data"])[0]
        assert {"id", "name", "workflow_id", "status", "start_time", "progress", "current_node"} <= set(item)
        assert (item["workflow_id"], item["name"], item["current_node"]) == (workflow, "Active one", "pause") and 0 <= item["progress"] < 100
        install.cancel(run)
        until(follower, lambda data: not mine(data))


@every_door
def test_history_has_ended_runs_and_its_figures(install, door):
    with follow(install, door, "/workflow-history") as follower:
        before = follower.read()["data"]
        run = install.ended([START, fails(), result()])["id"]
        data = until(follower, lambda data: any(item["id"] == run for item in data["workflows"]))["data"]
    item = next(item for item in data["workflows"] if item["id"] == run)
    assert {"id", "name", "workflow_id", "status", "start_time", "end_time", "duration", "error"} <= set(item)
    assert item["status"] == "error" and "broken on purpose" in str(item["error"]) and item["duration"] >= 0
    assert data["total_count"] > before["total_count"] or door == "api" or data["total_count"] >= 1
    figures = data["analytics"]
    assert {"total_count", "success_rate", "average_duration", "p95_duration", "recent_failures", "runs_per_day"} <= set(figures)
    assert 0 <= figures["success_rate"] <= 100 and figures["recent_failures"] >= 1 and figures["average_duration"] >= 0


class TestHistoryOverRest:
    @pytest.fixture(scope="class")
    def runs(self, install):
        workflow = install.save([START, result("done", "{{ .input.x }}")], name="History one")
        bad = install.save([START, fails(), result()], name="History two")
        return workflow, [install.wait(install.start(w, input={"x": 1}))["id"] for w in (workflow, workflow, workflow)], \
            bad, [install.wait(install.start(bad))["id"]]

    def test_filters_and_pages(self, install, runs):
        workflow, ids, bad, failed = runs
        page = install.good("GET", f"/api/workflow-history?workflow={workflow}&limit=2")
        assert page["total_count"] == 3 and len(page["workflows"]) == 2
        rest = install.good("GET", f"/api/workflow-history?workflow={workflow}&limit=2&offset=2")
        assert {item["id"] for item in page["workflows"] + rest["workflows"]} == set(ids)
        assert install.good("GET", f"/api/workflow-history?workflow={bad}&status=error")["total_count"] == 1
        assert install.good("GET", f"/api/workflow-history?workflow={bad}&status=success")["total_count"] == 0
        assert install.good("GET", f"/api/workflow-history?workflow={workflow}&from=2000-01-01T00:00:00.000Z")["total_count"] == 3
        assert install.good("GET", f"/api/workflow-history?workflow={workflow}&to=2000-01-01T00:00:00.000Z")["total_count"] == 0

    def test_its_figures_are_right(self, install, runs):
        workflow, ids, bad, _ = runs
        data = install.good("GET", f"/api/workflow-history?workflow={workflow}")
        records = [install.record(run) for run in ids]
        assert data["analytics"]["total_count"] >= 3
        for item in data["workflows"]:
            record = next(record for record in records if record["id"] == item["id"])
            assert abs(item["duration"] - record["durationMs"] / 1000) < 0.002, (item, record["durationMs"])

    @pytest.mark.parametrize("query", ("limit=0", "limit=x", "limit=-1", "offset=-1", "offset=x", "from=yesterday", "to=x", "status=nonsense"))
    def test_bad_values_are_400(self, install, query):
        assert install.rest("GET", f"/api/workflow-history?{query}").status == 400


class TestAdw:
    @every_door
    def test_changes_reach_every_door(install, door):
        name = install.name("adw")
        install.made(f"/api/adws/{name}")
        with follow(install, door, f"/adw-state/{name}", "now") as follower:
            install.rest("PUT", f"/api/adws/{name}", {"status": "planning", "branch_name": "b", "all_adws": ["a", "b"], "any": {"n": 1}})
            data = until(follower, lambda data: data and data.get("status") == "planning")["data"]
            assert data["adw_id"] == name and data["branch_name"] == "b" and data["any"] == {"n": 1} and data["all_adws"] == ["a", "b"]
            patched = install.good("PATCH", f"/api/adws/{name}", {"status": "done", "branch_name": None, "any": {"m": 2}})
            data = until(follower, lambda data: data["status"] == "done")["data"]
        assert "branch_name" not in data and data["any"] == {"n": 1, "m": 2}, "a merge patch (RFC 7396)"
        assert patched["any"] == data["any"]

    @every_door
    def test_the_monitor_counts_equal_words(install, door):
        names = {install.name("adw"): status for status in ("running", "running", "completed", "failed", "paused", "Running!")}
        with follow(install, door, "/adw-monitor") as follower:
            before = follower.read()["data"]["summary"]
            for name, status in names.items():
                install.made(f"/api/adws/{name}")
                install.rest("PUT", f"/api/adws/{name}", {"status": status})
            data = until(follower, lambda data: set(names) <= {item["adw_id"] for item in data["workflows"]})["data"]
        words = [item.get("status") for item in data["workflows"]]
        for word in ("running", "completed", "failed", "paused"):
            assert data["summary"][word] == words.count(word), (word, data["summary"])
        assert data["summary"]["total"] == len(words) >= before["total"] + 6 and data["last_updated"]

    def test_delete_and_what_is_not_there(self, install):
        name = install.name("adw")
        install.rest("PUT", f"/api/adws/{name}", {"status": "x"})
        assert install.rest("DELETE", f"/api/adws/{name}").status in (200, 204)
        for method in ("GET", "DELETE"):
            assert install.rest(method, f"/api/adws/{name}").status == 404


class TestQueue:
    @every_door
    def test_entries_come_in_order_and_change(install, door):
        made = []
        with follow(install, door, "/queue") as follower:
            for priority in (0, 5, 0):
                entry = install.good("POST", "/api/queue", {"issue_number": 7, "phase": 1, "priority": priority, "metadata": {"t": install.mark}}, status=201)
                install.made(f"/api/queue/{entry['queue_id']}")
                made.append(entry["queue_id"])
            data = until(follower, lambda data: set(made) <= {p["queue_id"] for p in data["phases"]})["data"]
            mine = [p for p in data["phases"] if p["queue_id"] in made]
            assert [p["queue_id"] for p in mine] == [made[1], made[0], made[2]], "higher priority first, then age"
            fields = {"queue_id", "issue_number", "parent_issue", "phase", "status", "priority", "metadata", "created_at", "updated_at"}
            assert all(fields <= set(p) for p in mine) and mine[0]["status"] == "queued" and mine[0]["metadata"] == {"t": install.mark}
            assert data["total"] >= 3 and isinstance(data["paused"], bool)
            install.good("PATCH", f"/api/queue/{made[2]}", {"priority": 9})
            until(follower, lambda data: [p["queue_id"] for p in data["phases"] if p["queue_id"] in made] == [made[2], made[1], made[0]])
            assert install.rest("DELETE", f"/api/queue/{made[0]}").status in (200, 204)
            until(follower, lambda data: made[0] not in {p["queue_id"] for p in data["phases"]})

    def test_an_entry_with_a_workflow_runs(self, install):
        workflow = install.save([START, result("done", "{{ .input.x }}")])
        entry = install.good("POST", "/api/queue", {"workflowId": workflow, "input": {"x": 3}, "priority": 1}, status=201)
        deadline = time.monotonic() + 20
        while not entry.get("run_id") or entry["status"] not in ("completed", "failed"):
            assert time.monotonic() < deadline, entry
            time.sleep(0.1)
            entries = install.good("GET", "/api/queue")["phases"]
            entry = next((p for p in entries if p["queue_id"] == entry["queue_id"]), entry)
        assert entry["status"] == "completed" and install.record(entry["run_id"])["output"] == 3


def test_system_status_tells_every_component(install, door):
    with follow(install, door, "/system-status") as follower:
        data = follower.read()["data"]
    assert data["status"] in ("healthy", "degraded", "down") and data["checked_at"]
    assert {"bridge", "runner", "database", "event_log", "redis", "model_endpoint", "disk", "scheduler"} <= set(data["components"])
    for name, part in data["components"].items():
        assert {"status", "latency_ms", "version", "uptime_s", "detail"} <= set(part), (name, part)
        assert part["status"] in ("healthy", "degraded", "down", "disabled"), (name, part)
    assert data["components"]["database"]["status"] == data["components"]["event_log"]["status"] == "healthy"


def test_routes_have_their_figures(install, door):
    with follow(install, door, "/routes") as follower:
        routes = follower.read()["data"]
    for route in routes:
        assert {"method", "path", "description", "calls", "errors", "p50_ms", "p95_ms", "last_called"} <= set(route), route
    paths = {(route["method"], route["path"]) for route in install.about["routes"]}
    assert paths <= {(route["method"], route["path"]) for route in routes}


def test_webhook_sources(install, door):
    with follow(install, door, "/webhook-status") as follower:
        for source in follower.read()["data"]["sources"]:
            assert {"source", "received", "accepted", "rejected", "last_delivery", "last_run"} <= set(source), source


@every_door
def test_never_more_than_one_update_a_second_and_the_last_change_always(install, door):
    name = install.name("adw")
    install.made(f"/api/adws/{name}")
    with follow(install, door, f"/adw-state/{name}", "now") as follower:
        watch = Watcher(lambda: follower, lambda m: m["data"].get("n") == 39)
        for n in range(40):
            assert install.rest("PUT", f"/api/adws/{name}", {"status": "running", "n": n}).status in (200, 201)
            time.sleep(0.06)
        messages = watch.result()
    assert messages[-1]["data"]["n"] == 39
    if door in ("poll", "api"):
        return  # each poll gives the present state, even if one was given just before
    assert len({m["id"] for m in messages}) == len(messages)
    made = [datetime.fromisoformat(m["timestamp"]).timestamp() for m in messages]  # by the server's clock
    spans = [b - a for a, b in zip(made, made[1:])]
    assert len(messages) < 10 and all(span > 0.8 for span in spans), spans
