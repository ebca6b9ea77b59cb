"""Part C.1, the workflow console: sessions, workflows, runs, and the sockets of a run, its log, and a scraping tool."""

import pytest

from doors import open_path
from install import ENDED, START, delay, fails, result, row, transform
from proof import ProvenWithOpening, Recording, Source, check_messages, check_times, prove_same

RUN_WORDS = ("running", "success", "error", "cancelled", "queued", "paused")
NODE_WORDS = ("running", "success", "error", "skipped")
RECORD_WORDS = ("pending", "running", "success", "error", "skipped", "cancelled", "waiting")


def status_over(message):
    return message["type"] == "workflow_status" and message["status"] in ENDED


def log_over(message):
    return message["type"] == "log" and message["nodeId"] == "done"


@pytest.fixture(scope="module")
def recorded(install):
    """A run with a skipped and a failing node that still ends well, on all doors."""
    nodes = [START, delay("pause", install.pause), transform("bad", 'error("oops")', continueOnError=True), transform("never", "1"),
             transform("good", "{n: 42}"), result("done", "{{ .nodes.good.output }}")]
    edges = [("start", "pause"), ("pause", "bad"), ("pause", "good"), ("good", "done")]
    edges = [{"id": f"e{i}", "source": a, "target": b} for i, (a, b) in enumerate(edges)]
    edges.append({"id": "no", "source": "pause", "target": "never", "condition": "false"})
    workflow = install.name("inline")
    run = install.start_inline(nodes, edges, workflow)
    status = Recording(Source(install, f"/workflows/{run}"), status_over)
    logs = Recording(Source(install, f"/workflows/{run}/logs"), log_over)
    record = install.wait(run)
    assert record["status"] == "success", record
    return {"run": run, "workflow": workflow, "status": status.finish(), "logs": logs.finish(), "record": record}


def of_node(messages, node):
    return [m for m in messages if m["type"] == "node_status" and m["nodeId"] == node]


class TestStatus(ProvenWithOpening):
    @pytest.fixture
    def recording(self, recorded):
        return recorded["status"]

    def test_messages_have_their_fields(self, recording, recorded):
        for message in recording.reference:
            assert message["runId"] == recorded["run"] and message["timestamp"], message
            if message["type"] == "workflow_status":
                assert message["status"] in RUN_WORDS, message
            else:
                assert message["type"] == "node_status" and message["nodeId"] and message["status"] in NODE_WORDS, message
                assert isinstance(message.get("durationMs", 0), (int, float)), message

    def test_the_run_goes_from_queued_or_running_to_its_end(self, recording):
        words = [m["status"] for m in recording.reference if m["type"] == "workflow_status"]
        assert words[-1] == "success" and "running" in words and set(words) <= {"queued", "running", "success"}, words

    def test_nodes_run_then_end(self, recording):
        for node, end in (("start", "success"), ("pause", "success"), ("good", "success"), ("bad", "error"), ("done", "success")):
            words = [m["status"] for m in of_node(recording.reference, node)]
            assert list(dict.fromkeys(words)) == ["running", end] and words[-1] == end, (node, words)
        assert [m["status"] for m in of_node(recording.reference, "never")] == ["skipped"]
        assert of_node(recording.reference, "good")[-1]["output"] == {"n": 42}
        assert "oops" in of_node(recording.reference, "bad")[-1]["error"]
        assert of_node(recording.reference, "pause")[-1]["durationMs"] >= 300

    def test_opening_state_and_messages_make_the_record(self, recording, recorded, door):
        opening, *rest = recording.opened[door].result()
        assert opening["runId"] == recorded["run"] and opening["workflowId"] == recorded["workflow"]
        assert opening["status"] in RUN_WORDS and set(opening["nodes"]) == set(recorded["record"]["nodes"])
        for record in opening["nodes"].values():
            assert record["status"] in RECORD_WORDS, record
            check_times(record)
        state = {node: record["status"] for node, record in opening["nodes"].items()}
        state.update({m["nodeId"]: m["status"] for m in rest if m["type"] == "node_status"})
        assert state == {node: record["status"] for node, record in recorded["record"]["nodes"].items()}

    def test_opening_state_of_an_ended_run(self, recording, recorded, door):
        with recording.source.open(door) as follower:
            opening = follower.read()
        assert opening["status"] == "success"
        nodes = opening["nodes"]
        assert nodes["good"]["status"] == "success" and nodes["good"]["startedAt"] and nodes["good"]["finishedAt"]
        assert nodes["bad"]["status"] == "error" and "oops" in str(nodes["bad"]["error"])
        assert nodes["never"]["status"] == "skipped"


class TestLogs(ProvenWithOpening):
    @pytest.fixture
    def recording(self, recorded):
        return recorded["logs"]

    def test_a_node_that_finished_is_success_and_one_that_failed_error(self, recording):
        levels = {}
        for message in recording.reference:
            assert message["type"] == "log" and message["level"] in ("info", "success", "warning", "error"), message
            assert isinstance(message["message"], str) and message["timestamp"], message
            levels.setdefault(message["nodeId"], []).append(message["level"])
        assert levels["good"][-1] == "success" and levels["bad"][-1] == "error"
        assert any("oops" in m["message"] for m in recording.reference if m["nodeId"] == "bad")

    def test_opening_state_has_the_messages_so_far(self, recording, recorded, door):
        opening, *rest = recording.opened[door].result()
        assert opening["runId"] == recorded["run"]
        prove_same(door, opening["logs"] + rest, recording.reference)

    def test_rest_gives_the_same_messages(self, install, recording, recorded):
        items = install.good("GET", f"/api/runs/{recorded['run']}/logs?limit=500")["items"]
        prove_same("GET /api/runs/{id}/logs", items, recording.reference)


def test_a_failed_run(install, door):
    run = install.ended([START, fails(), result()])["id"]
    with open_path(install.place, door, f"/workflows/{run}", "start", install.token) as follower:
        messages = follower.until(status_over)
    assert messages[-1]["status"] == "error" and "broken on purpose" in messages[-1]["error"]
    assert of_node(messages, "breaks")[-1]["status"] == "error"


def test_a_cancelled_run_and_its_node(install, door):
    run = install.start_inline([START, delay("long", 60000), result()])
    with open_path(install.place, door, f"/workflows/{run}", "start", install.token) as follower:
        messages = follower.until(lambda m: m.get("nodeId") == "long")
        install.cancel(run)
        messages += follower.until(status_over)
    assert messages[-1]["status"] == "cancelled"
    last = of_node(messages, "long")[-1]
    assert last["status"] == "error" and last["error"] == "cancelled"


def test_a_retried_run_goes_on_in_its_stream(install, door):
    run = install.ended([START, fails(), result()])["id"]
    with open_path(install.place, door, f"/workflows/{run}", "start", install.token) as follower:
        first = follower.until(status_over)
    body = install.good("POST", f"/api/runs/{run}/retry", status=202)
    assert body["runId"] == run
    install.wait(run)
    with open_path(install.place, door, f"/workflows/{run}", first[-1]["id"], install.token) as follower:
        second = follower.until(status_over)
    check_messages(first + second)
    assert second[-1]["status"] == "error" and of_node(second, "breaks")[-1]["status"] == "error"


# Scraping

def progress(name, status, items):
    return {"toolId": name, "url": "http://example.org/list", "status": status, "items": items, "progress": items * 10,
            "preview": [{"title": f"item {i}"} for i in range(min(items, 3))]}


@pytest.fixture(scope="module")
def scraped(install):
    """What a scraping tool told, from outside."""
    name = install.name("scraper")
    recording = Recording(Source(install, f"/scraping/{name}", ends=False), lambda m: m.get("status") in ("success", "error"))
    for status, items in (("pending", 0), ("scraping", 1), ("scraping", 5), ("success", 10)):
        install.emit(f"tool:{name}", "scrape.progress", progress(name, status, items))
    return name, recording.finish()


class TestScraping(ProvenWithOpening):
    @pytest.fixture
    def recording(self, scraped):
        return scraped[1]

    def test_messages_have_their_fields(self, recording, scraped):
        assert [m["status"] for m in recording.reference] == ["pending", "scraping", "scraping", "success"]
        for message in recording.reference:
            assert message["type"] == "scraping_progress" and message["toolId"] == scraped[0]
            assert message["url"] == "http://example.org/list" and message["timestamp"]
            assert message["progress"] == message["items"] * 10 and len(message["preview"]) == min(message["items"], 3)


# REST

class TestSessions:
    def test_a_toggle_makes_the_session(self, install):
        session = install.name("s")
        install.made(f"/api/sessions/{session}")
        one = install.good("PUT", f"/api/sessions/{session}/tools", {"toolId": "websearch", "enabled": True})
        assert {"id", "name", "model", "tools", "messages", "createdAt", "updatedAt"} <= set(one), one
        assert one["id"] == session and one["tools"]["websearch"] is True
        two = install.good("PUT", f"/api/sessions/{session}/tools", {"tools": {"websearch": False, "never_heard_of": True}})
        assert two["tools"] == {**one["tools"], "websearch": False, "never_heard_of": True}
        assert install.good("GET", f"/api/sessions/{session}")["tools"] == two["tools"]

    @pytest.mark.parametrize("body", ({"toolId": "x", "enabled": "yes"}, {"toolId": "x", "enabled": 1}, {"toolId": "x", "enabled": None},
                                      {"tools": {"x": "true"}}, {"tools": {"x": 0}}, {"toolId": "x"}))
    def test_what_is_no_boolean_is_422(self, install, body):
        answer = install.rest("PUT", f"/api/sessions/{install.name('s')}/tools", body)
        assert answer.status == 422 and answer.kind == "application/problem+json", answer

    def test_sessions_are_made_listed_and_removed(self, install):
        session = install.name("s")
        assert install.rest("PUT", f"/api/sessions/{session}", {"name": "Mine"}).status in (200, 201)
        assert install.good("GET", f"/api/sessions/{session}")["name"] == "Mine"
        listed = install.good("GET", "/api/sessions?limit=100")
        assert session in [item["id"] for item in listed["items"]] or listed["next"]
        assert install.rest("DELETE", f"/api/sessions/{session}").status in (200, 204)
        assert install.rest("GET", f"/api/sessions/{session}").status == 404


class TestWorkflows:
    nodes = [START, transform("one", "1"), result()]

    def test_post_makes_one_once(self, install):
        definition = {"id": install.name("w"), "name": "One", "nodes": self.nodes, "edges": row(self.nodes)}
        first = install.rest("POST", "/api/workflows", definition)
        install.made(f"/api/workflows/{definition['id']}")
        assert first.status == 201, first
        assert install.rest("POST", "/api/workflows", definition).status == 409
        got = install.good("GET", f"/api/workflows/{definition['id']}")
        assert [n["id"] for n in got["nodes"]] == ["start", "one", "done"] and got["name"] == "One"
        listed = install.good("GET", "/api/workflows?limit=100")
        assert definition["id"] in [item["id"] for item in listed["items"]] or listed["next"]

    def test_put_makes_and_delete_removes(self, install):
        path = f"/api/workflows/{install.name('w')}"
        assert install.rest("PUT", path, {"name": "Two", "nodes": self.nodes, "edges": row(self.nodes)}).status in (200, 201)
        assert install.good("GET", path)["name"] == "Two"
        answer = install.rest("DELETE", path)
        assert answer.status == 204 and answer.body == b""
        assert install.rest("GET", path).status == 404

    def test_an_invalid_graph_is_422_with_its_errors(self, install):
        edges = [{"id": "e0", "source": "start", "target": "nowhere"}]
        bad = {"id": install.name("w"), "name": "Bad", "nodes": [START, {"id": "x", "type": "tool", "data": {"kind": "no_such"}}], "edges": edges}
        answer = install.rest("POST", "/api/workflows", bad)
        assert answer.status == 422 and answer.kind == "application/problem+json", answer
        errors = answer.json()["errors"]
        assert errors and all(e["code"] and e["message"] for e in errors), errors
        assert any(e.get("nodeId") == "x" for e in errors) and any(e.get("edgeId") == "e0" for e in errors), errors

    def test_active_is_reserved(self, install):
        definition = {"id": "active", "name": "Active", "nodes": self.nodes, "edges": row(self.nodes)}
        assert install.rest("POST", "/api/workflows", definition).status in (400, 409, 422)
        assert install.rest("PUT", "/api/workflows/active", definition).status in (400, 404, 405, 409, 422)


class TestRuns:
    def test_run_answers_at_once_with_path_absolute_urls(self, install):
        workflow = install.save([START, delay("long", 30000), result()])
        answer = install.rest("POST", f"/api/workflows/{workflow}/run", {})
        assert answer.status == 202, answer
        body = answer.json()
        assert {"runId", "workflowId", "status", "wsUrl", "pollUrl"} <= set(body) and body["workflowId"] == workflow
        assert body["wsUrl"] == f"{install.place.prefix}/ws/workflows/{body['runId']}", body
        assert body["pollUrl"].startswith("/") and body["pollUrl"].startswith(install.place.prefix)
        poll = install.rest("GET", body["pollUrl"][len(install.place.prefix):])
        assert poll.status == 200 and "next" in poll.json(), poll
        install.cancel(body["runId"])

    def test_the_body_is_optional(self, install):
        workflow = install.save([START, result()])
        answer = install.rest("POST", f"/api/workflows/{workflow}/run")
        assert answer.status == 202, answer
        assert install.wait(answer.json()["runId"])["status"] == "success"

    def test_an_unknown_workflow_is_404_whose_detail_says_how(self, install):
        answer = install.rest("POST", f"/api/workflows/{install.name('w')}/run", {})
        assert answer.status == 404 and answer.kind == "application/problem+json"
        detail = answer.json()["detail"]
        assert "nodes" in detail and "edges" in detail, detail

    def test_an_inline_run_is_not_saved(self, install):
        workflow = install.name("w")
        record = install.ended([START, result("done", "{{ .input.x }}")], workflow=workflow, input={"x": [1, 2]})
        assert record["status"] == "success" and record["output"] == [1, 2] and record["workflowId"] == workflow
        assert install.rest("GET", f"/api/workflows/{workflow}").status == 404

    def test_the_record_tells_all(self, install):
        record = install.ended([START, transform("one", "{a: 1}"), result()])
        assert {"id", "workflowId", "status", "createdAt", "startedAt", "finishedAt", "durationMs", "progress", "attempt", "nodes"} <= set(record)
        assert record["progress"] == 100 and record["attempt"] == 1 and record["nodes"]["one"]["output"] == {"a": 1}
        check_times(record)
        listed = install.good("GET", "/api/runs?limit=100")
        assert record["id"] in [item["id"] for item in listed["items"]] and "next" in listed

    def test_lists_go_on_by_their_cursor(self, install):
        for _ in range(3):
            install.ended([START, result()])
        seen, cursor = [], ""
        while len(seen) < 3:
            page = install.good("GET", f"/api/runs?limit=1{cursor}")
            seen += [item["id"] for item in page["items"]]
            cursor = f"&cursor={page['next']}"
        assert len(set(seen)) == 3

    def test_cancel_of_an_ended_run_is_409(self, install):
        run = install.ended([START, result()])["id"]
        assert install.rest("POST", f"/api/runs/{run}/cancel").status == 409

    def test_retry_starts_over_and_resume_keeps_outputs(self, install):
        nodes = [START, transform("kept", "now"), fails(), result()]
        run = install.ended(nodes)["id"]
        kept = install.record(run)["nodes"]["kept"]["output"]
        resumed = install.good("POST", f"/api/runs/{run}/resume", status=202)
        assert resumed["runId"] == run and {"workflowId", "status", "wsUrl", "pollUrl"} <= set(resumed)
        record = install.wait(run)
        assert record["attempt"] == 2 and record["nodes"]["kept"]["output"] == kept
        assert install.good("POST", f"/api/runs/{run}/retry", status=202)["runId"] == run
        record = install.wait(run)
        assert record["attempt"] == 3 and record["nodes"]["kept"]["output"] != kept

    def test_retry_and_resume_of_an_active_run_are_409(self, install):
        run = install.start_inline([START, delay("long", 60000), result()])
        for verb in ("retry", "resume"):
            assert install.rest("POST", f"/api/runs/{run}/{verb}").status == 409
        install.cancel(run)

    def test_rerun_gives_a_new_id(self, install):
        run = install.ended([START, result("done", "{{ .input.x }}")], input={"x": 5})["id"]
        again = install.good("POST", f"/api/runs/{run}/rerun", status=202)
        assert again["runId"] != run
        assert install.wait(again["runId"])["output"] == 5

    def test_artifacts_are_listed_and_read(self, install):
        nodes = [START, {"id": "write", "type": "output", "data": {"kind": "file", "path": "note.txt", "content": "hello \u00fc\n"}}]
        run = install.ended(nodes)["id"]
        listed = install.good("GET", f"/api/runs/{run}/artifacts")
        assert [item["name"] for item in listed["items"]] == ["note.txt"] and "next" in listed
        answer = install.rest("GET", f"/api/runs/{run}/artifacts/note.txt")
        assert answer.status == 200 and answer.body == "hello \u00fc\n".encode()
        assert install.rest("GET", f"/api/runs/{run}/artifacts/none.txt").status == 404
