"""Two organisations in one instance: what the one has, the other neither sees nor touches, on any route, stream or door; and
each scope may what it says, nothing more. The tables below must name every route and every stream there is."""

import json
import re

import pytest
import websockets

from clients import Ws
from conftest import ALLOW, Instance, wait_until
from issuer import SECRET, hs256

MARK = "acmemark"  # in everything of acme's
SCOPES = ["viewer", "operator", "editor", "admin"]
SHOWN, HIDDEN = "shown", 404

# What an administrator of another org is told when asking for acme's: HIDDEN (404), or SHOWN (their own, without a trace of
# acme's). Of a route without ids SHOWN is the only right answer. The body is one that does nothing.
ROUTES = {
    "GET /api": (SHOWN, None),
    "GET /api/workflows": (SHOWN, None), "POST /api/workflows": (SHOWN, {"id": 5}),
    "POST /api/workflows/import": (SHOWN, {}), "POST /api/workflows/validate": (SHOWN, {}),
    "GET /api/workflows/{id}": (HIDDEN, None), "PUT /api/workflows/{id}": (SHOWN, {"nodes": 5}),
    "DELETE /api/workflows/{id}": (HIDDEN, None), "GET /api/workflows/{id}/versions": (HIDDEN, None),
    "GET /api/workflows/{id}/versions/{version}": (HIDDEN, None), "POST /api/workflows/{id}/run": (HIDDEN, {}),
    "POST /api/workflows/{id}/pause": (HIDDEN, {}), "POST /api/workflows/{id}/resume": (HIDDEN, {}),
    "POST /api/workflow/actions": (SHOWN, {"action": "cancel_workflow"}),
    "GET /api/schedules": (SHOWN, None), "GET /api/workflows/{id}/schedule": (HIDDEN, None),
    "POST /api/workflows/{id}/schedule/pause": (HIDDEN, {}), "POST /api/workflows/{id}/schedule/resume": (HIDDEN, {}),
    "GET /api/system-status": (SHOWN, None), "GET /api/webhooks": (SHOWN, None), "GET /api/webhook-status": (SHOWN, None),
    "GET /api/workflows/active": (SHOWN, None), "GET /api/workflow-history": (SHOWN, None), "GET /api/routes": (SHOWN, None), "GET /api/doctor": (SHOWN, None),
    "GET /api/metrics": (SHOWN, None),
    "GET /api/openapi.json": (SHOWN, None), "GET /api/asyncapi.json": (SHOWN, None),
    "GET /api/runs": (SHOWN, None), "GET /api/runs/{id}": (HIDDEN, None), "PATCH /api/runs/{id}": (HIDDEN, {"priority": 1}),
    "GET /api/runs/{id}/export.html": (HIDDEN, None),
    "GET /api/runs/{id}/logs": (HIDDEN, None), "GET /api/runs/{id}/events": (HIDDEN, None),
    "GET /api/runs/{id}/artifacts": (HIDDEN, None), "GET /api/runs/{id}/artifacts/{name...}": (HIDDEN, None),
    "POST /api/runs/{id}/cancel": (HIDDEN, {}), "POST /api/runs/{id}/pause": (HIDDEN, {}),
    "POST /api/runs/{id}/retry": (HIDDEN, {}), "POST /api/runs/{id}/resume": (HIDDEN, {}),
    "POST /api/runs/{id}/rerun": (HIDDEN, {}), "GET /api/runs/{id}/nodes/{node}/items": (HIDDEN, None),
    "POST /api/runs/{id}/nodes/{node}/approve": (HIDDEN, {}), "POST /api/runs/{id}/nodes/{node}/reject": (HIDDEN, {}),
    "GET /api/sessions": (SHOWN, None), "GET /api/sessions/{id}": (HIDDEN, None),
    "PUT /api/sessions/{id}": ("taken", {"name": "stolen"}), "DELETE /api/sessions/{id}": (HIDDEN, None),
    "PUT /api/sessions/{id}/tools": ("taken", {"toolId": "x", "enabled": True}),
    "GET /api/adws": (SHOWN, None), "GET /api/adws/{id}": (HIDDEN, None), "PUT /api/adws/{id}": ("taken", {"status": "stolen"}),
    "PATCH /api/adws/{id}": ("taken", {"status": "stolen"}), "DELETE /api/adws/{id}": (HIDDEN, None),
    "GET /api/models": (SHOWN, None), "POST /api/jq": (SHOWN, {"expression": 5}),
    "GET /api/secrets": (SHOWN, None), "PUT /api/secrets/{name}": (SHOWN, {"value": 5}),
    "DELETE /api/secrets/{name}": (HIDDEN, None), "GET /api/node-types": (SHOWN, None),
    "GET /api/queue": (SHOWN, None), "POST /api/queue": (SHOWN, {"priority": "x"}), "GET /api/queue/{id}": (HIDDEN, None),
    "PATCH /api/queue/{id}": (HIDDEN, {"priority": 1}), "DELETE /api/queue/{id}": (HIDDEN, None),
    "POST /api/queue/pause": (SHOWN, {}), "POST /api/queue/resume": (SHOWN, {}),
    "GET /api/approvals": (SHOWN, None), "POST /api/events": (SHOWN, {"stream": 5}),
    "POST /api/auth/ticket": (SHOWN, {}), "GET /api/auth/session": (SHOWN, None), "POST /api/auth/session": (SHOWN, None),
    "DELETE /api/auth/session": (SHOWN, None),
}
# The same of live endpoints: 404, 403, or SHOWN without a trace.
STREAMS = {
    "": SHOWN, "/workflows/{runId}": 404, "/workflows/{runId}/logs": 404, "/scraping/{toolId}": SHOWN,
    "/workflow/{workflowId}": SHOWN, "/runs/{run_id}": 404, "/api/workflow/stream": 404,
    "/workflows": SHOWN, "/workflow-history": SHOWN, "/webhook-status": SHOWN, "/routes": SHOWN, "/queue": SHOWN,
    "/adw-state/{adw_id}": SHOWN, "/adw-monitor": SHOWN, "/system-status": SHOWN, "/metrics": SHOWN,
    "/mission": SHOWN, "/graph": SHOWN, "/graph/{crew_id}": 403,
}
NATIVE = ["run:{run}", "run:*", "runs", "workflow:{workflow}", "workflow:*", "workflows", "history", "tool:{tool}", "tool:*",
          "session:{session}", "session:*", "crew:{crew}", "crew:*", "mission:{crew}", "mission:*", "adw:{adw}", "adw:*", "adws",
          "queue", "routes", "system", "webhooks"]
OURS = {"workflow": f"w-{MARK}", "session": f"s-{MARK}", "adw": f"a-{MARK}", "crew": f"c-{MARK}", "tool": f"t-{MARK}",
        "secret": f"s_{MARK}"}


def bearer(**more):
    return {"Authorization": "Bearer " + hs256(**more)}


# Made before the first test runs, used by the last one.
DAY_S = 86400
ACME = bearer(org="acme", sub="ann", scope="admin", ttl=DAY_S)
OTHERS = [bearer(org=org, sub="ann", scope="admin", ttl=DAY_S) for org in ("other", "default")]

DEFINITION = {
    "id": OURS["workflow"], "name": MARK, "crewId": OURS["crew"],
    "nodes": [
        {"id": "t", "type": "trigger", "data": {"kind": "manual", "label": MARK}},
        {"id": "say", "type": "tool", "data": {"kind": "shell", "command": ["echo", MARK]}},
        {"id": "keep", "type": "output", "data": {"kind": "file", "path": "x.txt", "content": MARK}},
        {"id": "ask", "type": "control", "data": {"kind": "approval", "message": MARK}}],
    "edges": [{"id": "1", "source": "t", "target": "say"}, {"id": "2", "source": "say", "target": "keep"},
              {"id": "3", "source": "keep", "target": "ask"}]}


class Acme:
    """The instance, and what acme has in it."""

    def __init__(self):
        self.it = Instance((*ALLOW, "auth=jwt", f"auth.secret={SECRET}"), examples=False)
        try:
            self.ids = {**OURS, "run": None, "entry": None}
            self.fill()
        except BaseException:
            self.it.close()
            raise

    def ask(self, method, path, body=None, headers=None):
        return self.it.http(method, path, body, headers)

    def make(self, method, path, body, status):
        found, _, answer = self.ask(method, path, body, ACME)
        assert found in status, (path, answer)
        return answer

    def fill(self):
        self.make("POST", "/api/workflows", DEFINITION, [201])
        self.make("PUT", f"/api/sessions/{OURS['session']}", {"name": MARK}, [200, 201])
        self.make("PUT", f"/api/adws/{OURS['adw']}", {"status": MARK}, [200, 201])
        self.make("PUT", f"/api/secrets/{OURS['secret']}", {"value": MARK}, [200, 201])
        self.ids["entry"] = str(self.make("POST", "/api/queue", {"metadata": {"x": MARK}}, [201])["queue_id"])
        self.ids["run"] = self.make("POST", f"/api/workflows/{OURS['workflow']}/run", {"sessionId": OURS["session"]}, [202])["runId"]
        wait_until(lambda: MARK in json.dumps(self.ask("GET", "/api/approvals", None, ACME)[2]), what="the approval")

    def path(self, pattern, ids):
        """A route's pattern with ids in it."""
        owner = re.match(r"/api/(\w+)", pattern)
        one = {"workflows": "workflow", "runs": "run", "sessions": "session", "adws": "adw", "queue": "entry"}
        values = {"id": ids.get(one.get(owner[1] if owner else "", ""), "zz"), "node": "ask", "version": "1", "name...": "x.txt",
                  "name": ids.get("secret", "zz")}
        return re.sub(r"\{([^}]+)\}", lambda m: values[m[1]], pattern)

    def stream_path(self, pattern):
        values = {"runId": "run", "run_id": "run", "toolId": "tool", "workflowId": "workflow", "adw_id": "adw", "crew_id": "crew"}
        return re.sub(r"\{([^}]+)\}", lambda m: self.ids[values[m[1]]], pattern)


@pytest.fixture(scope="module")
def acme():
    made = Acme()
    yield made
    made.it.close()


@pytest.fixture(scope="module")
def about(acme):
    return acme.ask("GET", "/api")[2]


def test_the_tables_name_everything(about):
    routes = {f"{r['method']} {r['path']}" for r in about["routes"]}
    assert not routes - set(ROUTES), "a route without its row in ROUTES"
    streams = {s["path"] for s in about["streams"]}
    assert not streams - set(STREAMS), "a stream without its row in STREAMS"


def test_each_route_takes_its_scope_and_no_less(acme, about):
    wrong = []
    for route in about["routes"]:
        _, body = ROUTES[f"{route['method']} {route['path']}"]
        path = acme.path(route["path"], {})
        needs = None if route["scope"] == "none" else SCOPES.index(route["scope"])
        found = [acme.ask(route["method"], path, body)[0]]
        found += [acme.ask(route["method"], path, body, bearer(org="third", scope=scope))[0] for scope in ["nothing", *SCOPES]]
        for level, status in enumerate(found, -2):
            expected = None if needs is None or level >= needs else 401 if level == -2 else 403
            if status >= 500 or (status != expected if expected else status in (401, 403)):
                wrong.append((route["method"], path, "no token" if level == -2 else ["nothing", *SCOPES][level + 1], status))
    assert not wrong


def test_routes_show_and_touch_nothing_of_another_org(acme, about):
    wrong = []
    for route in about["routes"]:
        expected, body = ROUTES[f"{route['method']} {route['path']}"]
        path = acme.path(route["path"], acme.ids)
        for headers in OTHERS:
            status, _, answer = acme.ask(route["method"], path, body, headers)
            told = json.dumps(answer) if not isinstance(answer, bytes) else answer.decode(errors="replace")
            for known in (path, OURS["workflow"], OURS["session"], OURS["adw"], OURS["secret"]):  # what was asked for may be named
                told = told.replace(known, "") if status >= 400 else told
            good = {HIDDEN: status == 404, "taken": status in (404, 409), SHOWN: status < 500}[expected]
            if not good or MARK in told or status >= 500:
                wrong.append((route["method"], path, status, told[:300]))
    assert not wrong
    # Nothing was changed by all of that.
    assert acme.ask("GET", f"/api/workflows/{OURS['workflow']}", None, ACME)[0] == 200
    assert acme.ask("GET", f"/api/runs/{acme.ids['run']}", None, ACME)[2]["status"] == "running"
    assert acme.ask("GET", f"/api/sessions/{OURS['session']}", None, ACME)[2]["name"] == MARK
    assert acme.ask("GET", f"/api/adws/{OURS['adw']}", None, ACME)[2]["status"] == MARK
    assert acme.ask("GET", f"/api/queue/{acme.ids['entry']}", None, ACME)[0] == 200
    assert OURS["secret"] in json.dumps(acme.ask("GET", "/api/secrets", None, ACME)[2])
    assert acme.ask("GET", f"/api/runs/{acme.ids['run']}/artifacts/x.txt", None, ACME)[2] == MARK.encode()


def test_live_endpoints_show_nothing_of_another_org(acme, about):
    wrong = []
    for stream in about["streams"]:
        expected, path = STREAMS[stream["path"]], acme.stream_path(stream["path"])
        query = {"": "?stream=runs", "/api/workflow/stream": f"?runId={acme.ids['run']}"}.get(stream["path"], "")
        for door in ("/poll", "/api/poll"):
            if acme.ask("GET", door + path + query)[0] != 401:
                wrong.append((door + path, "no token"))
            if acme.ask("GET", door + path + query, None, bearer(scope="nothing"))[0] != 403:
                wrong.append((door + path, "no scope"))
            for headers in OTHERS:
                for more in ("", "&since=start" if query else "?since=start"):
                    status, _, answer = acme.ask("GET", door + path + query + more, None, headers)
                    told = json.dumps(answer).replace(acme.ids["tool"], "").replace(acme.ids["adw"], "") \
                        .replace(acme.ids["workflow"], "").replace(acme.ids["crew"], "")
                    if status != (200 if expected == SHOWN else expected) or MARK in told:
                        wrong.append((door + path, status, told[:300]))
    assert not wrong


def test_streams_and_views_show_nothing_of_another_org(acme):
    shows = {"run:{run}", "run:*", "runs", "workflow:{workflow}", "workflow:*", "workflows", "history", "session:{session}",
             "session:*", "crew:{crew}", "crew:*", "mission:{crew}", "mission:*", "adw:{adw}", "adw:*", "adws", "tool:*"}
    for pattern in NATIVE:
        name = pattern.format(**acme.ids)
        for door in ("/poll", "/api/poll"):
            path = f"{door}?stream={name}&since=start"
            own = acme.ask("GET", path, None, ACME)[2]
            assert (MARK in json.dumps(own["events"])) == (pattern in shows), (path, own)
            assert all(e["org"] == "acme" for e in own["events"])
            for headers in OTHERS:
                status, _, answer = acme.ask("GET", path, None, headers)
                assert status == 200 and MARK not in json.dumps(answer), path
                assert all(e["org"] != "acme" for e in answer["events"] if "org" in e)


def test_nobody_emits_to_streams_of_another_org(acme):
    for headers in OTHERS:
        for name, status in (("run:{run}", 404), ("session:{session}", 404), ("adw:{adw}", 404), ("crew:{crew}", 403),
                             ("mission:{crew}", 403), ("session:later", 404), ("adw:later", 404)):
            for kind in ("log", "state.changed"):
                found = acme.ask("POST", "/api/events", {"stream": name.format(**acme.ids), "type": kind, "data": {}}, headers)
                assert found[0] == status, (name, kind, found[2])
    # What nobody owns is spool.org's.
    body = {"stream": "tool:shared", "type": "log", "data": {"message": "from default"}}
    assert acme.ask("POST", "/api/events", body, ACME)[0] == 403
    assert acme.ask("POST", "/api/events", {**body, "stream": "queue"}, ACME)[0] == 403
    assert acme.ask("POST", "/api/events", body, OTHERS[1])[0] == 202
    assert acme.ask("GET", "/poll?stream=tool:shared&since=start", None, ACME)[2]["events"] == []
    assert acme.ask("GET", "/poll?stream=tool:shared&since=start", None, OTHERS[1])[2]["events"] != []
    acme.it.cli("emit", "tool:local", "log", '{"message":"by the spool"}')
    assert "by the spool" not in json.dumps(acme.ask("GET", "/poll?stream=tool:*&since=start", None, ACME)[2])
    # Its own crew's stream and run's log are acme's to emit to.
    assert acme.ask("POST", "/api/events", {"stream": f"crew:{OURS['crew']}", "type": "log", "data": {"message": "x"}}, ACME)[0] == 202
    limited = bearer(org="acme", scope="operator", crews=["another"])
    assert acme.ask("POST", "/api/events", {"stream": f"crew:{OURS['crew']}", "type": "log"}, limited)[0] == 403


def test_a_token_for_some_crews(acme):
    limited = bearer(org="acme", crews=["another"])
    mine = bearer(org="acme", crews=["another", OURS["crew"]])
    for name in (f"crew:{OURS['crew']}", f"mission:{OURS['crew']}", "crew:*", "mission:*"):
        for door in ("/poll", "/api/poll"):
            assert acme.ask("GET", f"{door}?stream={name}", None, limited)[0] == 403
            assert acme.ask("GET", f"{door}?stream={name}", None, mine)[0] == (403 if "*" in name else 200)
    for path in (f"/graph/{OURS['crew']}", f"/graph?crew_id={OURS['crew']}"):
        assert acme.ask("GET", "/poll" + path, None, limited)[0] == 403
        assert acme.ask("GET", "/poll" + path, None, mine)[0] == 200
    assert acme.ask("GET", "/poll/mission", None, limited)[2]["events"] == []
    assert OURS["crew"] in json.dumps(acme.ask("GET", "/poll/mission", None, mine)[2])
    ws = Ws(acme.it.url, "/ws", headers=limited)
    assert ws.recv()["op"] == "hello"
    assert ws.ask({"op": "subscribe", "streams": ["mission:*"]})["code"] == "denied"
    ws.close()


def test_operations_of_a_socket_stay_in_the_org(acme):
    for headers in OTHERS:
        ws = Ws(acme.it.url, "/ws", headers=headers)
        assert ws.recv()["op"] == "hello"
        assert ws.ask({"op": "run", "workflowId": OURS["workflow"]})["code"] == "not_found"
        assert ws.ask({"op": "cancel", "runId": acme.ids["run"]})["code"] == "not_found"
        assert ws.ask({"op": "subscribe", "streams": [n.format(**acme.ids) for n in NATIVE], "since": "start"})["op"] == "subscribed"
        ws.send({"op": "ping"})
        while True:
            message = ws.recv()
            assert MARK not in json.dumps(message) and message.get("org") != "acme"
            if message.get("op") == "pong":
                break
        ws.close()
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        Ws(acme.it.url, f"/ws/workflows/{acme.ids['run']}", headers=OTHERS[0])
    assert refused.value.status_code == 404
