"""The topics of queue, ADWs and routes: what is, at connect; then each change, on all doors alike; what is deleted."""

import concurrent.futures
import contextlib
import datetime
import threading

import pytest
from conftest import Instance
from runs import chain, result, shell
from test_topics import DOORS, open_door

LOOK = 10.0  # seconds between two states of routes


@pytest.fixture(scope="module")
def instance():
    it = Instance(("runner.shell=allow",), examples=False)
    yield it
    it.close()


@contextlib.contextmanager
def all_doors(it, path):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(open_door(it, door, path)) for door in DOORS]


def see(topics, wanted):
    """Each door's next states until the wanted one; that."""
    with concurrent.futures.ThreadPoolExecutor(len(topics)) as pool:
        found = list(pool.map(lambda topic: topic.until(lambda m: wanted(m["data"]))[-1], topics))
    assert all(m["data"] == found[0]["data"] for m in found)
    assert len({m["id"].split(".")[1] for m in found}) == 1
    return found[0]["data"]


def test_queue(instance):
    with all_doors(instance, "/queue") as topics:
        for topic in topics:
            first = topic.recv()
            assert first["type"] == "queue_update" and first["data"] == {"phases": [], "total": 0, "paused": False}
        instance.http("POST", "/api/queue/pause")
        see(topics, lambda d: d["paused"])
        nodes, edges = chain(shell("work", "true"), result())
        instance.http("PUT", "/api/workflows/w", {"nodes": nodes, "edges": edges})
        low = instance.http("POST", "/api/queue", {"workflowId": "w"})[2]
        high = instance.http("POST", "/api/queue", {"issue_number": 7, "priority": 2})[2]
        data = see(topics, lambda d: d["total"] == 2)
        assert [p["queue_id"] for p in data["phases"]] == [high["queue_id"], low["queue_id"]]
        assert data == instance.http("GET", "/api/queue")[2]
        instance.http("POST", "/api/queue/resume")
        data = see(topics, lambda d: [p["status"] for p in d["phases"]] == ["queued", "completed"])
        assert data["phases"][1]["run_id"] == low["run_id"] and data["paused"] is False
        for entry in (low, high):
            assert instance.http("DELETE", f"/api/queue/{entry['queue_id']}")[0] == 204
        see(topics, lambda d: d["phases"] == [])


def test_adws(instance):
    with all_doors(instance, "/adw-state/a1") as one, all_doors(instance, "/adw-monitor") as all_of_them:
        for topic in one:
            first = topic.recv()
            assert first["type"] == "adw_state_update" and first["data"] == {}, "it may appear later"
        for topic in all_of_them:
            first = topic.recv()
            assert first["type"] == "adw_monitor_update" and first["data"]["summary"]["total"] == 0
        instance.http("PUT", "/api/adws/a1", {"status": "running", "mine": {"x": 1}})
        instance.http("PUT", "/api/adws/other", {"status": "paused"})
        assert see(one, bool) == {"adw_id": "a1", "status": "running", "mine": {"x": 1}}
        data = see(all_of_them, lambda d: d["summary"]["total"] == 2)
        assert data["summary"] == {"total": 2, "running": 1, "completed": 0, "failed": 0, "paused": 1}
        assert data == instance.http("GET", "/api/adws")[2]
        instance.http("PATCH", "/api/adws/a1", {"mine": {"x": None, "y": 2}, "status": "completed"})
        data = see(one, lambda d: d.get("status") == "completed")
        assert data == instance.http("GET", "/api/adws/a1")[2] and data["mine"] == {"y": 2}
        see(all_of_them, lambda d: d["summary"]["completed"] == 1)
        assert instance.http("DELETE", "/api/adws/a1")[0] == 204
        see(one, lambda d: d == {})
        assert [w["adw_id"] for w in see(all_of_them, lambda d: d["summary"]["total"] == 1)["workflows"]] == ["other"]


def test_routes(instance):
    """At connect, then not before ten seconds are over, however much is called; the same figures on all doors."""
    def calls(message):
        return {r["path"]: r["calls"] for r in message["data"] if r["method"] == "GET"}

    with all_doors(instance, "/routes") as topics:
        firsts = [topic.recv() for topic in topics]
        seconds = {}
        assert {m["type"] for m in firsts} == {"routes_update"}
        assert set(firsts[0]["data"][0]) == {"method", "path", "description", "calls", "errors", "p50_ms", "p95_ms", "last_called"}
        for _ in range(3):
            instance.http("GET", "/api/sessions")

        def wait(door, topic):
            seconds[door] = topic.recv()

        threads = [threading.Thread(target=wait, args=(door, topic)) for door, topic in zip(DOORS, topics)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    assert len({m["id"].split(".")[1] for m in firsts}) == 1 == len({m["id"].split(".")[1] for m in seconds.values()})
    for door, first in zip(DOORS, firsts):
        assert calls(seconds[door])["/api/sessions"] - calls(first)["/api/sessions"] == 3, door
        made = [datetime.datetime.fromisoformat(m["timestamp"].replace("Z", "+00:00")).timestamp() for m in (first, seconds[door])]
        assert made[1] - made[0] > LOOK - 1, (door, made)
