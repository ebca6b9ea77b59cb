"""The queue over REST: entries with runs and entries only tracked, their order, and what the runner makes of it."""

import json

import pytest
from conftest import wait_until
from fcgi_fixtures import Site, definition
from runs import chain, result, shell


@pytest.fixture
def site():
    it = Site()
    yield it
    it.close()


def changes(site):
    """The data of each event of the stream `queue`, in order."""
    found, since = [], "start"
    while True:
        page = site.cgi("GET", f"/api/poll?stream=queue&since={since}").json
        if not page["events"]:
            return found
        assert {e["type"] for e in page["events"]} == {"state.changed"}
        found += [e["data"] for e in page["events"]]
        since = page["next"]


def order(site):
    return [p["queue_id"] for p in site.cgi("GET", "/api/queue").json["phases"]]


def test_tracked(site):
    assert site.cgi("GET", "/api/queue").json == {"phases": [], "total": 0, "paused": False}
    made = site.cgi("POST", "/api/queue", {"issue_number": 41, "phase": 2, "parent_issue": "40", "metadata": {"a": {"b": 1}}})
    entry = made.json
    assert made.status == 201 and made.headers["location"] == f"/api/queue/{entry['queue_id']}"
    assert {k: v for k, v in entry.items() if not k.endswith(("_at", "_id"))} == {
        "issue_number": 41, "phase": 2, "parent_issue": "40", "status": "queued", "priority": 0, "metadata": {"a": {"b": 1}}}
    assert "run_id" not in entry
    where = made.headers["location"]
    assert site.cgi("GET", where).json == entry
    merge = {"Content-Type": "application/merge-patch+json"}
    patched = site.cgi("PATCH", where, {"metadata": {"a": {"b": None, "c": 2}}, "status": "running"}, merge)
    assert patched.status == 200 and patched.json["metadata"] == {"a": {"c": 2}} and patched.json["status"] == "running"
    assert patched.json["updated_at"] >= entry["updated_at"] and patched.json["created_at"] == entry["created_at"]
    assert site.cgi("PATCH", where, patched.json).json == patched.json, "nothing new"
    assert site.cgi("PATCH", where, {"issue_number": None}).json["issue_number"] is None
    assert site.cgi("PATCH", where, {"run_id": "r_mine", "queue_id": "mine"}).json["queue_id"] == entry["queue_id"]
    assert site.cgi("DELETE", where).status == 204
    assert site.cgi("DELETE", where).status == 404 == site.cgi("GET", where).status
    told = changes(site)
    assert told[0] == entry and told[1] == patched.json and len(told) == 4
    assert told[-1] == {"queue_id": entry["queue_id"], "deleted": True}


def test_order_and_pause(site):
    first = site.cgi("POST", "/api/queue", {}).json["queue_id"]
    low = site.cgi("POST", "/api/queue", {"priority": -1}).json["queue_id"]
    high = site.cgi("POST", "/api/queue", {"priority": 7}).json["queue_id"]
    same = site.cgi("POST", "/api/queue", {"priority": 7}).json["queue_id"]
    assert order(site) == [high, same, first, low]
    site.cgi("PATCH", f"/api/queue/{low}", {"priority": 8})
    assert order(site) == [low, high, same, first]
    assert site.cgi("POST", "/api/queue/pause").json["paused"] is True
    listed = site.cgi("GET", "/api/queue").json
    assert listed["paused"] is True and listed["total"] == 4
    assert changes(site)[-1] == {"paused": True}
    assert site.cgi("POST", "/api/queue/resume").json["paused"] is False


@pytest.mark.parametrize("body", [{"priority": "high"}, {"priority": 1e9}, {"priority": 2000000}, {"metadata": []}, {"metadata": {"x": "y" * 5000}},
                                  {"phase": True}, {"issue_number": {}}, {"parent_issue": "x" * 300}, {"workflowId": 7}])
def test_refused(site, body):
    answer = site.cgi("POST", "/api/queue", body)
    assert answer.status == 422 and answer.json["errors"], answer
    assert order(site) == [] and changes(site) == []


def test_refused_changes(site):
    where = site.cgi("POST", "/api/queue", {}).headers["location"]
    for body, status in (({"status": "lost"}, 422), ({"priority": []}, 422), (b"[]", 422), (b"", 422), (b"{", 400)):
        assert site.cgi("PATCH", where, body).status == status, body
    assert site.cgi("PATCH", where, {}, {"Content-Type": "text/plain"}).status == 415
    assert site.cgi("POST", "/api/queue", {}, {"Content-Type": "application/merge-patch+json"}).status == 415
    assert site.cgi("PATCH", "/api/queue/q_none", {}).status == 404
    assert site.cgi("PUT", where, {}).status == 405
    assert site.cgi("POST", "/api/queue", {"workflowId": "nobody"}).status == 404
    assert site.cgi("POST", "/api/queue", {"workflowId": "../x"}).status == 404
    assert len(changes(site)) == 1


def test_once(site):
    key = {"Idempotency-Key": "k1"}
    first = site.cgi("POST", "/api/queue", {"issue_number": 1}, key)
    assert site.cgi("POST", "/api/queue", {"issue_number": 1}, key).json == first.json
    assert order(site) == [first.json["queue_id"]]


def test_with_a_run(site):
    params = [{"name": "n", "type": "integer", "required": True}]
    assert site.cgi("PUT", "/api/workflows/w", definition(params=params)).status == 201
    answer = site.cgi("POST", "/api/queue", {"workflowId": "w"})
    assert answer.status == 422 and answer.json["errors"][0]["param"] == "n"
    entry = site.cgi("POST", "/api/queue", {"workflowId": "w", "input": {"n": 1}, "priority": 3}).json
    assert entry["workflow_id"] == "w" and entry["queued_because"], "nobody is there to execute it"
    run = site.cgi("GET", f"/api/runs/{entry['run_id']}").json
    assert run["priority"] == 3 and run["input"] == {"n": 1} and run["status"] == "queued"
    assert site.cgi("PATCH", f"/api/runs/{run['id']}", {"priority": 4}).status == 200
    assert site.cgi("GET", f"/api/queue/{entry['queue_id']}").json["priority"] == 4
    assert site.cgi("PATCH", f"/api/queue/{entry['queue_id']}", {"status": "completed"}).status == 409
    assert site.cgi("POST", f"/api/runs/{run['id']}/cancel").status == 202
    assert site.cgi("GET", f"/api/queue/{entry['queue_id']}").json["status"] == "failed"
    assert [c["status"] for c in changes(site)] == ["queued", "queued", "failed"]


def test_the_runner_honours_it(new_instance):
    """One place, a paused queue, five runs: they begin by priority, then age; their entries follow."""
    it = new_instance(settings=("runner.shell=allow", "runner.max_runs=1"), examples=False)
    nodes, edges = chain(shell("work", "true"), result())
    status, _, answer = it.http("PUT", "/api/workflows/w", {"nodes": nodes, "edges": edges})
    assert status == 201, answer
    it.http("POST", "/api/queue/pause")
    ids = []
    for priority in (0, 5, 0, 5, -1):
        status, _, entry = it.http("POST", "/api/queue", {"workflowId": "w", "priority": priority, "input": {"n": priority}})
        assert status == 201, entry
        ids.append(entry["queue_id"])
    taken = it.http("POST", "/api/queue", {"workflowId": "w", "priority": 9})[2]
    assert it.http("DELETE", f"/api/queue/{taken['queue_id']}")[0] == 204
    assert it.record(taken["run_id"])["status"] == "cancelled"
    it.http("PATCH", f"/api/queue/{ids[4]}", {"priority": 6})
    want = [ids[i] for i in (4, 1, 3, 0, 2)]
    phases = it.http("GET", "/api/queue")[2]["phases"]
    assert [p["queue_id"] for p in phases] == want and {p["status"] for p in phases} == {"queued"}
    it.http("POST", "/api/queue/resume")
    done = wait_until(lambda: (lambda p: p if {e["status"] for e in p} == {"completed"} else None)(it.http("GET", "/api/queue")[2]["phases"]),
                      what="the end of all")
    began = sorted(done, key=lambda p: it.record(p["run_id"])["startedAt"])
    assert [p["queue_id"] for p in began] == want
    events = [json.loads(line) for line in it.cli("tail", "queue", "--since", "start", "--json", "--no-follow").splitlines()]
    told = [e["data"]["queue_id"] for e in events if e["data"].get("status") == "running"]
    assert told == want


def test_the_command(new_instance):
    it = new_instance(settings=("runner.spawn=never",), without=["bridge", "runner"], examples=False)
    assert "empty" in it.cli("queue")
    low = it.json("queue", "add", "--issue", "41", "--phase", "plan", "--metadata", '{"a": 1}')
    assert (low["issue_number"], low["phase"], low["metadata"], low["priority"]) == (41, "plan", {"a": 1}, 0)
    it.cli("queue", "pause")
    (it.data / "w.json").write_text(json.dumps({**definition(params=[{"name": "n", "type": "integer", "required": True}]), "id": "w"}))
    it.cli("workflow", "import", it.data / "w.json")
    high = it.json("queue", "add", "w", "n=3", "--priority", "2")
    assert high["workflow_id"] == "w" and it.json("queue", "list")["phases"] == [high, low]
    moved = it.json("queue", "move", low["queue_id"], "--priority", "3")
    assert moved["priority"] == 3 and it.json("queue")["phases"] == [moved, high]
    shown = it.cli("queue").splitlines()
    assert "paused" in shown[0] and shown[2].split()[:4] == [low["queue_id"], "queued", "3", "41"]
    it.cli("queue", "remove", low["queue_id"], high["queue_id"])
    assert it.json("queue") == {"phases": [], "total": 0, "paused": True}
    assert it.json("queue", "resume") == {"paused": False}
    for args in (("remove",), ("move", "q_x"), ("mvoe", "q_x"), ("add", "w", "n=x"), ("add", "w"), ("add", "none"), ("remove", "q_x"),
                 ("add", "--priority", "high"), ("add", "--metadata", "[]"), ("move", "q_x", "--priority", "1")):
        done = it.cli("queue", *args, check=False)
        assert done.returncode in (1, 2) and done.stderr.strip(), args
    assert it.json("queue")["total"] == 0
