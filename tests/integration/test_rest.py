"""REST and polling by the FastCGI programs alone: plain CGI, behind lighttpd, and as FastCGI processes."""

import json
import os
import signal
import sqlite3
import subprocess
import threading

import pytest
from conftest import wait_until
from fcgi_fixtures import API, DONE, EVENTS, START, FastCgi, Lighttpd, Site, cgi_variables, definition, parse_cgi


@pytest.fixture
def site():
    it = Site()
    yield it
    it.close()


@pytest.fixture
def web(site):
    it = Lighttpd(site)
    yield it
    it.close()


def problem(answer, status):
    """Check a problem+json and return it."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["detail"]
    return answer.json


def start_run(site, **body):
    answer = site.cgi("POST", "/api/workflows/inline/run", {**definition(), **body})
    assert answer.status == 202, answer
    return answer.json["runId"]


# What there is


def test_lists_routes_and_streams(site):
    about = site.cgi("GET", "/api").json
    assert about["name"] == "runspool" and about["version"]
    routes = {(r["method"], r["path"]): r for r in about["routes"]}
    assert routes["POST", "/api/workflows/{id}/run"]["scope"] == "operator"
    assert all(r["description"] for r in about["routes"])
    streams = {s["path"]: s["doors"] for s in about["streams"]}
    assert streams["/workflows/{runId}/logs"] == ["ws", "sse", "poll", "api/poll"]


def test_every_listed_route_is_there(site):
    for route in site.cgi("GET", "/api").json["routes"]:
        path = route["path"].replace("{id}", "none").replace("{name}", "none").replace("{name...}", "none")
        allow = site.cgi("OPTIONS", path).headers["allow"].split(", ")
        assert route["method"] in allow and "OPTIONS" in allow


# Statuses common to all


def test_unknown_path_is_404(site):
    for path in ("/api/none", "/api/", "/api/workflows/", "/api/runs/x/y", "/apix", "/api/workflows/a%2Fb"):
        assert site.cgi("GET", path).status in (400, 404), path
    assert "/api/none" in problem(site.cgi("GET", "/api/none"), 404)["detail"]


def test_wrong_method_is_405_with_allow(site):
    answer = site.cgi("PATCH", "/api/workflows/x")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD, PUT, DELETE, OPTIONS"
    answer = site.cgi("POST", "/api/poll")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_options_answers_from_the_table(site):
    answer = site.cgi("OPTIONS", "/api/workflows")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert "access-control-allow-origin" not in answer.headers


def test_cors_only_for_configured_origins():
    site = Site(**{"cors.origins": "https://a.example"})
    try:
        answer = site.cgi("OPTIONS", "/api/workflows", headers={"Origin": "https://a.example"})
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "Idempotency-Key" in answer.headers["access-control-allow-headers"]
        assert answer.headers["vary"] == "Origin"
        assert "access-control-allow-origin" not in site.cgi("GET", "/api", headers={"Origin": "https://b.example"}).headers
        answer = site.cgi("POST", "/api/workflows", definition(), headers={"Origin": "https://b.example"})
        assert "cors.origins" in problem(answer, 403)["detail"]
    finally:
        site.close()


def test_head_is_get_without_body(site):
    head, get = site.cgi("HEAD", "/api"), site.cgi("GET", "/api")
    assert head.status == 200 and head.body == b""
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.body))


def test_only_this_machine_is_served(site):
    problem(site.cgi("GET", "/api/workflows", REMOTE_ADDR="192.0.2.1"), 403)
    problem(site.cgi("GET", "/api/workflows", REMOTE_ADDR=None), 403)
    problem(site.cgi("GET", "/api/workflows", headers={"Host": "evil.example"}), 403)
    problem(site.cgi("GET", "/api/workflows", headers={"X-Forwarded-For": "192.0.2.1"}), 403)
    problem(site.cgi("GET", "/api/poll?stream=runs", REMOTE_ADDR="192.0.2.1"), 403)
    assert site.cgi("GET", "/api/workflows", headers={"Host": "localhost:8080"}).status == 200


def test_bodies_are_bounded(site):
    big = b'{"name":"' + b"x" * (1024 * 1024) + b'"}'
    problem(site.cgi("POST", "/api/workflows", big), 413)
    exact = b'{"nodes":"' + b"x" * (1024 * 1024 - 12) + b'"}'
    assert len(exact) == 1024 * 1024
    problem(site.cgi("POST", "/api/workflows", exact), 422)
    problem(site.cgi("POST", "/api/workflows", b"{}", CONTENT_LENGTH="99999999999999999999"), 400)
    problem(site.cgi("POST", "/api/workflows", b"{}", CONTENT_LENGTH="-1"), 400)
    problem(site.cgi("POST", "/api/workflows", b"{}", CONTENT_LENGTH="10"), 400)


def test_bad_json_is_400_with_its_place(site):
    assert "line 2" in problem(site.cgi("POST", "/api/workflows", b'{\n"a": nul}'), 400)["detail"]
    problem(site.cgi("POST", "/api/workflows", b'{"a":"\xff"}'), 400)
    problem(site.cgi("POST", "/api/workflows", b'{"a":' + b"[" * 64 + b"]" * 64 + b"}"), 400)
    problem(site.cgi("POST", "/api/workflows", [1]), 422)
    problem(site.cgi("POST", "/api/workflows"), 422)


def test_wrong_content_type_is_415(site):
    problem(site.cgi("POST", "/api/workflows", definition(), headers={"Content-Type": "text/plain"}), 415)
    problem(site.cgi("POST", "/api/workflows", definition(), CONTENT_TYPE=None), 415)
    answer = site.cgi("POST", "/api/workflows", definition(), headers={"Content-Type": "Application/JSON; charset=utf-8"})
    assert answer.status == 201


def test_bad_query_is_400(site):
    for query in ("limit=0", "limit=x", "limit=-1", "limit=99999", "limit=%", "cursor=a/b"):
        problem(site.cgi("GET", "/api/workflows?" + query), 400)


# Workflows


def test_workflow_life(site):
    made = site.cgi("POST", "/api/workflows", definition(id="small"))
    assert made.status == 201 and made.headers["location"] == "/api/workflows/small"
    assert made.json["id"] == "small" and made.json["version"] == 1
    problem(site.cgi("POST", "/api/workflows", definition(id="small")), 409)
    got = site.cgi("GET", "/api/workflows/small").json
    assert got["nodes"] == definition()["nodes"] and got["createdAt"].endswith("Z")
    put = site.cgi("PUT", "/api/workflows/small", {**got, "name": "Changed"})
    assert put.status == 200 and put.json["version"] == 2 and put.json["name"] == "Changed"
    assert site.cgi("PUT", "/api/workflows/other", definition()).status == 201
    listed = site.cgi("GET", "/api/workflows").json
    assert [w["id"] for w in listed["items"]] == ["other", "small"] and listed["next"] is None
    page = site.cgi("GET", "/api/workflows?limit=1").json
    assert [w["id"] for w in page["items"]] == ["other"]
    rest = site.cgi("GET", f"/api/workflows?limit=1&cursor={page['next']}").json
    assert [w["id"] for w in rest["items"]] == ["small"]
    gone = site.cgi("DELETE", "/api/workflows/small")
    assert (gone.status, gone.body) == (204, b"")
    problem(site.cgi("GET", "/api/workflows/small"), 404)
    problem(site.cgi("DELETE", "/api/workflows/small"), 404)


def test_workflow_without_id_gets_one(site):
    made = site.cgi("POST", "/api/workflows", definition())
    assert made.status == 201
    assert site.cgi("GET", made.headers["location"]).json["id"] == made.json["id"]


def test_workflow_ids(site):
    problem(site.cgi("PUT", "/api/workflows/active", definition()), 422)
    problem(site.cgi("PUT", "/api/workflows/a", definition(id="b")), 422)
    problem(site.cgi("POST", "/api/workflows", definition(id="a b")), 422)
    problem(site.cgi("POST", "/api/workflows", definition(id=7)), 422)
    problem(site.cgi("PUT", "/api/workflows/" + "x" * 129, definition()), 404)
    problem(site.cgi("PUT", "/api/workflows/a%20b", definition()), 404)
    assert site.cgi("PUT", "/api/workflows/" + "x" * 128, definition()).status == 201


def test_422_names_every_problem(site):
    nodes = [START, {**DONE, "id": "twice"}, {**DONE, "id": "twice"}, {"id": "odd", "type": "tool", "data": {"kind": "magic"}}]
    edges = [{"id": "e1", "source": "start", "target": "twice"}, {"id": "e2", "source": "start", "target": "nowhere"}]
    errors = problem(site.cgi("POST", "/api/workflows", {"nodes": nodes, "edges": edges}), 422)["errors"]
    assert {e.get("nodeId") for e in errors} >= {"twice", "odd"}
    assert "e2" in {e.get("edgeId") for e in errors}
    assert all(e["code"] and e["message"] for e in errors)


def test_422_names_a_cycle(site):
    nodes = [START] + [{"id": i, "type": "control", "data": {"kind": "transform", "expression": "."}} for i in ("a", "b")]
    edges = [{"source": s, "target": t} for s, t in (("start", "a"), ("a", "b"), ("b", "a"))]
    errors = problem(site.cgi("POST", "/api/workflows", {"nodes": nodes, "edges": edges}), 422)["errors"]
    assert any("a" in e["message"] and "b" in e["message"] for e in errors)


def test_422_names_the_node_with_bad_jq(site):
    nodes = [START, {"id": "calc", "type": "control", "data": {"kind": "transform", "expression": ".a | ("}}]
    edges = [{"source": "start", "target": "calc"}]
    errors = problem(site.cgi("POST", "/api/workflows", {"nodes": nodes, "edges": edges}), 422)["errors"]
    assert [e["nodeId"] for e in errors] == ["calc"] and errors[0]["code"] == "expression"


# Runs


def test_run_of_a_saved_workflow(site):
    site.cgi("PUT", "/api/workflows/small", definition())
    answer = site.cgi("POST", "/api/workflows/small/run")
    assert answer.status == 202
    run = answer.json["runId"]
    assert answer.json == {"runId": run, "workflowId": "small", "status": "queued", "wsUrl": f"/ws/workflows/{run}",
                           "pollUrl": f"/api/poll/workflows/{run}",
                           "queuedBecause": "no runner is alive, and runner.spawn = never"}
    assert answer.headers["location"] == f"/api/runs/{run}"
    record = site.cgi("GET", f"/api/runs/{run}").json
    assert record["status"] == "queued" and record["workflowId"] == "small" and record["workflowVersion"] == 1
    assert set(record["nodes"]) == {"start", "done"}
    assert site.cgi("GET", answer.json["pollUrl"]).status == 200


def test_run_of_nodes_that_were_never_saved(site):
    run = start_run(site, input={"a": 1}, sessionId="s1")
    record = site.cgi("GET", f"/api/runs/{run}").json
    assert record["workflowId"] == "inline" and record["workflowVersion"] == 0 and record["input"] == {"a": 1}
    problem(site.cgi("GET", "/api/workflows/inline"), 404)
    answer = site.cgi("POST", "/api/workflows/solo/run", {"nodes": [START]})
    assert answer.status == 202, answer


def test_run_of_an_unknown_workflow_says_so(site):
    assert "ghost" in problem(site.cgi("POST", "/api/workflows/ghost/run"), 404)["detail"]
    assert "ghost" in problem(site.cgi("POST", "/api/workflows/ghost/run", {"input": {}}), 404)["detail"]


def test_run_checks_what_it_is_given(site):
    site.cgi("PUT", "/api/workflows/p", definition(params=[{"name": "repo", "type": "string", "required": True}]))
    errors = problem(site.cgi("POST", "/api/workflows/p/run"), 422)["errors"]
    assert errors[0]["param"] == "repo"
    problem(site.cgi("POST", "/api/workflows/p/run", {"input": {"repo": 7}}), 422)
    problem(site.cgi("POST", "/api/workflows/p/run", {"input": [1]}), 422)
    problem(site.cgi("POST", "/api/workflows/p/run", {"input": {"repo": "x"}, "sessionId": "a b"}), 422)
    problem(site.cgi("POST", "/api/workflows/p/run", {"nodes": []}), 422)
    problem(site.cgi("POST", "/api/workflows/p/run", {"nodes": "x"}), 422)
    assert site.cgi("POST", "/api/workflows/p/run", {"input": {"repo": "x"}}).status == 202


def test_runs_are_listed_newest_first(site):
    runs = [start_run(site) for _ in range(3)]
    listed = site.cgi("GET", "/api/runs").json
    assert [r["id"] for r in listed["items"]] == runs[::-1] and listed["next"] is None
    page = site.cgi("GET", "/api/runs?limit=2").json
    rest = site.cgi("GET", f"/api/runs?limit=2&cursor={page['next']}").json
    assert [r["id"] for r in page["items"] + rest["items"]] == runs[::-1]
    assert site.cgi("GET", "/api/runs?status=success").json["items"] == []
    assert len(site.cgi("GET", "/api/runs?workflow=inline&status=queued").json["items"]) == 3
    problem(site.cgi("GET", "/api/runs?status=odd"), 400)
    problem(site.cgi("GET", "/api/runs?cursor=odd"), 400)


def test_unknown_run_is_404_everywhere(site):
    for path in ("", "/logs", "/events", "/artifacts", "/artifacts/x"):
        problem(site.cgi("GET", "/api/runs/r_none" + path), 404)
    problem(site.cgi("POST", "/api/runs/r_none/cancel"), 404)
    problem(site.cgi("GET", "/api/poll/workflows/r_none"), 404)


def test_cancel(site):
    run = start_run(site)
    answer = site.cgi("POST", f"/api/runs/{run}/cancel")
    assert answer.status == 202
    assert (answer.json["runId"], answer.json["workflowId"], answer.json["status"]) == (run, "inline", "cancelled")
    assert site.cgi("GET", f"/api/runs/{run}").json["status"] == "cancelled"
    problem(site.cgi("POST", f"/api/runs/{run}/cancel"), 409)


def test_events_of_a_run(site):
    run = start_run(site)
    site.cgi("POST", f"/api/runs/{run}/cancel")
    events = wait_until(lambda: (lambda e: e if e and e[-1]["type"] == "run.cancelled" else None)(
        site.cgi("GET", f"/api/runs/{run}/events").json["items"]), what="run.cancelled in the log")
    assert events[0]["type"] == "run.queued" and events[0]["stream"] == f"run:{run}"
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    paged, cursor = [], ""
    while cursor is not None:
        page = site.cgi("GET", f"/api/runs/{run}/events?limit=1" + (f"&cursor={cursor}" if cursor else "")).json
        paged, cursor = paged + page["items"], page["next"]
    assert paged == events
    problem(site.cgi("GET", f"/api/runs/{run}/events?cursor=odd"), 400)


def test_logs_of_a_run(site):
    run = start_run(site)
    for n in range(3):
        data = {"level": "info", "message": f"line {n}", "nodeId": "start", "source": "stdout"}
        assert site.cgi("POST", "/api/events", {"stream": f"run:{run}", "type": "log", "data": data}).status == 202
    logs = site.cgi("GET", f"/api/runs/{run}/logs").json
    assert [(i["message"], i["level"], i["nodeId"]) for i in logs["items"]] == [(f"line {n}", "info", "start") for n in range(3)]
    page = site.cgi("GET", f"/api/runs/{run}/logs?limit=2").json
    rest = site.cgi("GET", f"/api/runs/{run}/logs?limit=2&cursor={page['next']}").json
    assert page["items"] + rest["items"] == logs["items"] and rest["next"] is None


# Idempotency


def test_idempotency_key_runs_once(site):
    key = {"Idempotency-Key": "abc"}
    first = site.cgi("POST", "/api/workflows/w/run", definition(), headers=key)
    again = site.cgi("POST", "/api/workflows/w/run", definition(), headers=key)
    assert first.status == again.status == 202 and first.json == again.json
    assert first.headers["location"] == again.headers["location"]
    assert len(site.cgi("GET", "/api/runs").json["items"]) == 1
    problem(site.cgi("POST", "/api/workflows/w/run", definition(name="Other"), headers=key), 422)
    other = site.cgi("POST", "/api/workflows/w/run", definition(), headers={"Idempotency-Key": "def"})
    assert other.json["runId"] != first.json["runId"]
    problem(site.cgi("POST", "/api/workflows/w/run", definition(), headers={"Idempotency-Key": "x" * 256}), 400)


def test_idempotency_key_of_a_refused_request_is_free(site):
    key = {"Idempotency-Key": "abc"}
    problem(site.cgi("POST", "/api/workflows/later/run", headers=key), 404)
    site.cgi("PUT", "/api/workflows/later", definition())
    assert site.cgi("POST", "/api/workflows/later/run", headers=key).status == 202


# Events from outside


def test_emit(site):
    answer = site.cgi("POST", "/api/events", {"stream": "crew:quality", "type": "crew.signal", "data": {"status": "busy"}})
    assert answer.status == 202, answer
    events = wait_until(lambda: site.cgi("GET", "/api/poll?stream=crew:quality&since=start").json["events"], what="the event")
    assert events[0]["type"] == "crew.signal" and events[0]["data"] == {"status": "busy"}


def test_emit_refuses_nonsense(site):
    problem(site.cgi("POST", "/api/events", {"stream": "runs", "type": "x"}), 422)
    problem(site.cgi("POST", "/api/events", {"stream": "odd:x", "type": "x"}), 422)
    problem(site.cgi("POST", "/api/events", {"stream": "tool:*", "type": "x"}), 422)
    problem(site.cgi("POST", "/api/events", {"stream": "tool:x", "type": "Not A Type"}), 422)
    problem(site.cgi("POST", "/api/events", {"stream": "tool:x", "type": "x", "data": 7}), 422)
    errors = problem(site.cgi("POST", "/api/events", {}), 422)["errors"]
    assert {e["param"] for e in errors} == {"stream", "type"}


def test_emit_cannot_lie_about_a_run(site):
    run = start_run(site)
    problem(site.cgi("POST", "/api/events", {"stream": f"run:{run}", "type": "run.finished"}), 403)
    problem(site.cgi("POST", "/api/events", {"stream": f"run:{run}", "type": "node.started"}), 403)
    problem(site.cgi("POST", "/api/events", {"stream": f"run:{run}", "type": "approval.decided", "data": {"by": "who did not"}}), 403)


def test_emit_to_a_run_of_somebody_elses(site):
    """What no run of ours owns is spool.org's."""
    assert site.cgi("POST", "/api/events", {"stream": "run:elsewhere", "type": "run.started"}).status == 202
    (site.data / "runspool.conf").write_text("spool.org = others\n")
    problem(site.cgi("POST", "/api/events", {"stream": "run:elsewhere2", "type": "run.started"}), 404)


# Artifacts


@pytest.fixture
def artifacts(site):
    run = start_run(site)
    folder = site.data / "runs" / run / "artifacts"
    folder.mkdir(parents=True)
    return f"/api/runs/{run}/artifacts", folder


def test_artifacts(site, artifacts):
    path, folder = artifacts
    (folder / "report.md").write_text("# Report\n")
    (folder / "a b é.json").write_text("{}")
    (folder / "folder").mkdir()
    items = site.cgi("GET", path).json["items"]
    assert [(i["name"], i["bytes"], i["type"]) for i in items] == [
        ("a b é.json", 2, "application/json"), ("report.md", 9, "text/markdown; charset=utf-8")]
    page = site.cgi("GET", path + "?limit=1").json
    assert page["next"] == "a b é.json"
    got = site.cgi("GET", items[1]["url"])
    assert got.body == b"# Report\n" and got.headers["content-type"] == "text/markdown; charset=utf-8"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"] == "inline; filename*=UTF-8''report.md"
    assert site.cgi("GET", items[0]["url"]).body == b"{}"
    problem(site.cgi("GET", path + "/folder"), 404)


def test_run_without_artifacts_has_an_empty_list(site):
    run = start_run(site)
    assert site.cgi("GET", f"/api/runs/{run}/artifacts").json == {"items": [], "next": None}


def test_artifacts_never_leave_their_folder(site, artifacts):
    path, folder = artifacts
    (folder.parent / "secret").write_text("x")
    (folder / "link").symlink_to(folder.parent / "secret")
    (folder / "away").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    for name in ("link", "away", "pipe", "..", ".", "%2e%2e", "..%2fsecret", "%2e%2e%2Fsecret", "none", "x" * 300, "%00"):
        assert site.cgi("GET", f"{path}/{name}").status in (400, 404), name
    assert site.cgi("GET", f"{path}/../secret").status in (400, 404)
    assert site.cgi("GET", path).json["items"] == []


def test_artifacts_cannot_run_scripts_here(site, artifacts):
    path, folder = artifacts
    (folder / "page.html").write_text("<script>alert(1)</script>")
    got = site.cgi("GET", path + "/page.html")
    assert got.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in got.headers["content-security-policy"]


# Sub-paths


@pytest.mark.parametrize("prefix", ["/base", "/a/api/b", "/~user"])
def test_below_a_sub_path(site, prefix):
    made = site.cgi("PUT", "/api/workflows/w", definition(), prefix=prefix)
    assert made.headers["location"] == f"{prefix}/api/workflows/w"
    run = site.cgi("POST", "/api/workflows/w/run", prefix=prefix)
    assert run.json["wsUrl"] == f"{prefix}/ws/workflows/{run.json['runId']}"
    assert run.headers["location"].startswith(prefix + "/api/runs/")


def test_other_ways_servers_split_the_path(site):
    """nginx puts all of the path in SCRIPT_NAME; a CGI script has its own name there."""
    for variables in ({"SCRIPT_NAME": "/base/api/workflows", "PATH_INFO": None},
                      {"SCRIPT_NAME": "/base/api.cgi", "PATH_INFO": "/api/workflows"},
                      {"SCRIPT_NAME": "/base/api", "PATH_INFO": "/workflows"},
                      {"SCRIPT_NAME": None, "PATH_INFO": None}):
        answer = site.cgi("GET", "/api/workflows", prefix="/base", **variables)
        assert answer.status == 200, (variables, answer)
    assert site.cgi("GET", "/api/workflows", REQUEST_URI=None, prefix="/base").status == 200
    nginx = site.cgi("GET", "/api/runs/r/artifacts/api", SCRIPT_NAME="/api/runs/r/artifacts/api", PATH_INFO=None)
    assert nginx.status == 404


def test_addresses_follow_public_url_and_trusted_prefix(site):
    made = site.cgi("PUT", "/api/workflows/w", definition(), headers={"X-Forwarded-Prefix": "/front"})
    assert made.headers["location"] == "/front/api/workflows/w"
    made = site.cgi("PUT", "/api/workflows/w2", definition(), headers={"X-Forwarded-Prefix": "//evil.example"})
    assert made.headers["location"] == "/api/workflows/w2"
    (site.data / "runspool.conf").write_text("public_url = https://runs.example.org/base/\n")
    made = site.cgi("PUT", "/api/workflows/w3", definition())
    assert made.headers["location"] == "/base/api/workflows/w3"


# Without an instance


def test_missing_data_directory_is_a_clear_problem(site):
    site.environ["RUNSPOOL_DATA"] = str(site.data / "none")
    done = subprocess.run([API], env={**site.environ, **cgi_variables("GET", "/api", None, None)}, input=b"",
                          capture_output=True, timeout=120)
    assert parse_cgi(done.stdout).status == 500 and str(site.data).encode() not in done.stdout
    assert b"runspool up" in done.stderr and done.returncode != 0


# Behind lighttpd


def test_behind_lighttpd(web):
    assert web.ask("GET", "/api").json["name"] == "runspool"
    assert web.ask("PUT", "/api/workflows/w", definition()).status == 201
    run = web.ask("POST", "/api/workflows/w/run", {}).json
    assert web.ask("GET", f"/api/runs/{run['runId']}").json["status"] == "queued"
    first = wait_until(lambda: (lambda p: p if p["events"] else None)(
        web.ask("GET", f"/api/poll?stream=run:{run['runId']}&since=start").json), what="run.queued in the log")
    assert first["events"][0]["type"] == "run.queued"
    assert web.ask("GET", run["pollUrl"]).json["events"][0]["type"] == "connected"
    problem(web.ask("DELETE", "/api/runs"), 405)


def test_too_large_a_body_behind_lighttpd(web):
    problem(web.ask("POST", "/api/workflows", b'{"a":"' + b"x" * 2_500_000 + b'"}'), 413)
    problem(web.ask("POST", "/api/none", b"x" * 2_500_000), 404)
    assert web.ask("GET", "/api").status == 200


def test_sub_path_behind_lighttpd(site):
    web = Lighttpd(site, prefix="/deep/api/base")
    try:
        made = web.ask("PUT", "/api/workflows/w", definition())
        assert made.headers["location"] == "/deep/api/base/api/workflows/w"
        run = web.ask("POST", "/api/workflows/w/run", {}).json
        assert run["pollUrl"].startswith("/deep/api/base/api/poll/")
        assert web.ask("GET", run["pollUrl"].removeprefix("/deep/api/base")).status == 200
    finally:
        web.close()


def test_several_processes_at_once(site, web):
    """Two FastCGI processes, many clients and CGI beside them: every run once, versions without a hole."""
    web.ask("PUT", "/api/workflows/w", definition())
    runs, bad = [], []

    def client(ask, name, n):
        for i in range(n):
            answer = ask("POST", "/api/workflows/w/run", {}, {"Idempotency-Key": f"{name}-{i}"})
            (runs if answer.status == 202 else bad).append(answer)
            put = ask("PUT", "/api/workflows/w", definition(name=f"{name} {i}"))
            if put.status != 200:
                bad.append(put)

    threads = [threading.Thread(target=client, args=(web.ask, f"web{n}", 10)) for n in range(6)]
    threads += [threading.Thread(target=client, args=(site.cgi, f"cgi{n}", 5)) for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not bad
    ids = {r.json["runId"] for r in runs}
    assert len(ids) == len(runs) == 70
    assert web.ask("GET", "/api/workflows/w").json["version"] == 71
    listed = web.ask("GET", "/api/runs?limit=500").json["items"]
    assert {r["id"] for r in listed} == ids


def test_same_key_from_many_clients_runs_once(web):
    web.ask("PUT", "/api/workflows/w", definition())
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(
        web.ask("POST", "/api/workflows/w/run", {}, {"Idempotency-Key": "same"}))) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert {a.status for a in answers} <= {202, 503}
    assert len({a.json["runId"] for a in answers if a.status == 202}) == 1
    assert len(web.ask("GET", "/api/runs").json["items"]) == 1


# Polling


def test_poll_answers(site):
    for n in range(3):
        site.cgi("POST", "/api/events", {"stream": "tool:t", "type": "log", "data": {"message": str(n)}})
    page = site.cgi("GET", "/api/poll?stream=tool:t&since=start").json
    assert [e["data"]["message"] for e in page["events"]] == ["0", "1", "2"]
    assert page["next"] == page["events"][-1]["id"]
    later = site.cgi("GET", f"/api/poll?stream=tool:t&since={page['events'][0]['id']}").json
    assert later["events"] == page["events"][1:]
    assert site.cgi("GET", f"/api/poll?stream=tool:t&since={page['next']}").json == {"events": [], "next": page["next"]}
    for query in ("stream=tool:t&since=odd", "stream=tool:t&wait=x", "stream=tool:t&wait=-1", "stream=odd", "",
                  "stream=tool:t&wait="):
        problem(site.cgi("GET", "/api/poll?" + query), 400)
    problem(site.cgi("GET", "/api/poll/none"), 404)
    problem(site.cgi("GET", "/api/poll?stream=tool:t", headers={"Upgrade": "websocket"}), 400)


def test_cgi_poll_never_holds(site):
    """Held, it would outlast the time any CGI request of these tests may take."""
    assert site.cgi("GET", "/api/poll?stream=tool:t&wait=30").json["events"] == []


def test_fastcgi_poll_waits_for_the_event(site, web):
    answers = []
    now = web.ask("GET", "/api/poll?stream=tool:t").json["next"]
    thread = threading.Thread(target=lambda: answers.append(
        web.ask("GET", f"/api/poll?stream=tool:t&since={now}&wait=30").json))
    thread.start()
    site.cgi("POST", "/api/events", {"stream": "tool:t", "type": "log", "data": {"message": "now"}})
    thread.join()
    assert [e["data"]["message"] for e in answers[0]["events"]] == ["now"]


def test_poll_holds_at_most_half_its_threads(site):
    (site.data / "runspool.conf").write_text("fcgi.threads = 4\n")
    fcgi = FastCgi(site, EVENTS)
    try:
        held = []
        for _ in range(8):
            connection = fcgi.begin("GET", "/api/poll?stream=tool:t&wait=30")
            fcgi.record(connection, 5, b"")
            held.append(connection)
        # Six of the eight are answered at once, since two of four threads may hold; then a ninth is too.
        assert fcgi.ask("GET", "/api/poll?stream=tool:t").json["events"] == []
        site.cgi("POST", "/api/events", {"stream": "tool:t", "type": "log", "data": {}})
        got = [len(fcgi.answer(c).json["events"]) for c in held]
        assert sorted(got) == [0] * 6 + [1] * 2
    finally:
        fcgi.close()


# Ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_signal_lets_the_request_in_hand_finish(site, number):
    fcgi = FastCgi(site)
    try:
        body = json.dumps(definition(id="late")).encode()
        connection = fcgi.begin("POST", "/api/workflows", len(body))
        fcgi.record(connection, 5, body[:10])
        assert fcgi.ask("GET", "/api").status == 200  # serving, so the first one is in hand
        fcgi.process.send_signal(number)
        fcgi.record(connection, 5, body[10:])
        fcgi.record(connection, 5, b"")
        assert fcgi.answer(connection).status == 201
        assert fcgi.process.wait(30) == 0
        assert site.cgi("GET", "/api/workflows/late").status == 200
    finally:
        fcgi.close()


def test_signal_ends_an_idle_program(site):
    fcgi = FastCgi(site)
    try:
        assert fcgi.ask("GET", "/api").status == 200
        fcgi.process.terminate()
        assert fcgi.process.wait(30) == 0
    finally:
        fcgi.close()


def test_signal_ends_a_held_poll(site):
    fcgi = FastCgi(site, EVENTS)
    try:
        connection = fcgi.begin("GET", "/api/poll?stream=tool:t&wait=30")
        fcgi.record(connection, 5, b"")
        assert fcgi.ask("GET", "/api/poll?stream=tool:t").status == 200
        fcgi.process.terminate()
        assert fcgi.answer(connection).json["events"] == []
        assert fcgi.process.wait(30) == 0
    finally:
        fcgi.close()


def test_lost_client_does_not_hurt(site):
    fcgi = FastCgi(site)
    try:
        for n in range(20):
            connection = fcgi.begin("POST", "/api/workflows", 1000)
            fcgi.record(connection, 5, b"{" * n)
            connection.close()
        assert fcgi.ask("GET", "/api/workflows").json["items"] == []
    finally:
        fcgi.close()


def test_newer_schema_is_refused_with_words(site):
    assert site.cgi("GET", "/api/workflows").status == 200
    with sqlite3.connect(site.data / "runspool.db") as db:
        db.execute("INSERT INTO schema_version (version, applied) VALUES (999, 0)")
    assert "999" in problem(site.cgi("GET", "/api/workflows"), 500)["detail"]
