"""Part A, auth: what needs a token, every way of carrying one, tickets, scopes, and what is another org's."""

import pytest

from doors import PREFIX, Ended, Refused, Sse, Ws, ask_poll, open_path
from install import START, delay, result

GUARDED = ("/api/runs", "/api/workflows", "/api/sessions", "/api/queue", "/api/workflow-history", "/api/system-status")
LIVE = ("?stream=runs", "/workflows", "/mission", "/graph", "/queue", "/system-status")
BAD_TOKENS = ("", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "x" * 3000)


def answer_of(install, door, path, token):
    """What a door says to this token: an HTTP status, or the code with which it closes; 200 when it opens."""
    try:
        if door == "ws":
            with Ws(install.place, PREFIX["ws"] + ("" if path.startswith("?") else path), token) as ws:
                ws.send("ping")  # some have nothing to say at first
                ws.recv()
        else:
            open_path(install.place, door, path, None, token).close()
    except Refused as error:
        return error.status
    except Ended as end:
        return end.code
    return 200


def refused(door):
    return 4401 if door == "ws" else 401


@pytest.fixture(scope="module")
def run(install):
    return install.ended([START, result()])["id"]


# auth = none

def test_tokens_are_ignored_where_none_are_asked_for(install, no_auth, run, door):
    assert answer_of(install, door, f"/workflows/{run}", "rubbish") == 200


def test_subprotocol_token_is_selected_all_the_same(install, no_auth, ws):
    with Ws(install.place, "/ws", None, subprotocols=["token", "rubbish"]) as it:
        assert it.subprotocol == "token" and it.recv()["op"] == "hello"
    with Ws(install.place, "/ws", None, subprotocols=["runspool.v1", "token", "rubbish"]) as it:
        assert it.subprotocol == "runspool.v1" and it.recv()["op"] == "hello"


# auth = jwt

def test_about_and_health_are_open(install, jwt):
    assert install.rest("GET", "/api", token=None).status == 200
    if install.bridge:
        assert install.rest("GET", "/healthz", token=None).status == 200


@pytest.mark.parametrize("path", GUARDED)
def test_rest_wants_a_good_token(install, jwt, path):
    assert install.rest("GET", path).status == 200
    for token in (None, *BAD_TOKENS):
        answer = install.rest("GET", path, token=None, headers={} if token is None else {"Authorization": f"Bearer {token}"})
        assert answer.status == 401 and answer.kind == "application/problem+json", (token, answer)


@pytest.mark.parametrize("path", LIVE)
def test_doors_want_a_good_token(install, jwt, door, path):
    assert answer_of(install, door, path, install.token) == 200
    for token in (None, *BAD_TOKENS[1:]):
        assert answer_of(install, door, path, token) == refused(door), token


def test_a_token_in_the_url_is_refused(install, jwt, run, door):
    path = f"{PREFIX[door]}/workflows/{run}?token={install.token}"
    if door == "ws":
        try:
            with Ws(install.place, path) as ws:
                assert ws.close_code() == 4401
        except Refused as error:
            assert error.status == 401
    else:
        assert install.rest("GET", path, token=None).status == 401
        assert install.rest("GET", f"/api/runs?token={install.token}", token=None).status == 401


@pytest.mark.parametrize("path", ("/ws", "/ws/workflows", "/ws/mission"))
def test_a_token_as_subprotocol(install, jwt, ws, path):
    with Ws(install.place, path, None, subprotocols=["token", install.token]) as it:
        it.send("ping")
        assert it.subprotocol == "token" and it.recv()
    with Ws(install.place, path, None, subprotocols=["token", "rubbish"]) as it:
        assert it.close_code() == 4401
    if path == "/ws":
        with Ws(install.place, path, None, subprotocols=["runspool.v1", "token", install.token]) as it:
            assert it.subprotocol == "runspool.v1" and it.recv()["op"] == "hello"


def test_a_ticket_is_good_for_its_path_only(install, jwt, run, door):
    path = f"{PREFIX[door]}/workflows/{run}"
    ticket = install.good("POST", "/api/auth/ticket", {"path": path})
    assert ticket["expiresIn"] == 600 and ticket["ticket"]
    query = f"?ticket={ticket['ticket']}"
    other = f"{PREFIX[door]}/workflows/{run}/logs{query}"
    if door == "ws":
        with Ws(install.place, path + query) as ws:
            assert ws.recv()["type"] == "connected"
        with Ws(install.place, other) as ws:
            assert ws.close_code() in (4401, 4403)
    else:
        assert install.place.request("GET", other)[0] in (401, 403)
        if door == "sse":
            Sse(install.place, path + query + "&since=now").close()
        else:
            assert ask_poll(install.place, path + query)["events"]


def test_a_ticket_for_streams(install, jwt, twin):
    stream = f"tool:{install.name()}"
    ticket = install.good("POST", "/api/auth/ticket", {"streams": [stream]})["ticket"]
    path = f"{PREFIX[twin]}?stream={stream}&ticket={ticket}"
    if twin == "sse":
        Sse(install.place, path).close()
    else:
        assert "next" in ask_poll(install.place, path)
    assert install.place.request("GET", f"{PREFIX[twin]}?stream=runs&ticket={ticket}")[0] in (401, 403)


def test_renewal_on_the_socket(install, jwt, ws):
    with Ws(install.place, "/ws", install.token) as it:
        it.recv()
        assert it.ask({"op": "auth", "token": install.token, "ref": "a"})["op"] == "ok"
        assert it.ask({"op": "auth", "token": "rubbish", "ref": "b"})["op"] == "error"


# Scopes and orgs

@pytest.fixture
def viewer(install, jwt):
    if not install.viewer_token:
        pytest.skip("not run: needs a token with scope viewer (--viewer-token)")
    return install.viewer_token


@pytest.fixture
def foreign(install, jwt):
    if not install.foreign_token:
        pytest.skip("not run: needs a token of another org (--foreign-token)")
    return install.foreign_token


def test_a_viewer_reads_and_takes_tickets_only(install, viewer, run):
    assert install.rest("GET", "/api/runs", token=viewer).status == 200
    assert install.rest("POST", "/api/auth/ticket", {"path": "/sse/workflows"}, token=viewer).status == 200
    for method, path, body in (("POST", f"/api/runs/{run}/retry", None), ("PUT", "/api/sessions/x/tools", {"toolId": "x", "enabled": True}),
                               ("POST", "/api/queue", {}), ("POST", "/api/events", {"stream": "tool:x", "type": "log", "data": {}}),
                               ("POST", "/api/workflows", {"id": "x", "nodes": [START], "edges": []}), ("PUT", "/api/adws/x", {}),
                               ("DELETE", "/api/workflows/x", None)):
        answer = install.rest(method, path, body, token=viewer)
        assert answer.status == 403 and answer.kind == "application/problem+json", (method, path, answer)


def test_a_viewer_follows(install, viewer, run, door):
    assert answer_of(install, door, f"/workflows/{run}", viewer) == 200


@pytest.mark.parametrize("path", ("/workflows/{}", "/workflows/{}/logs", "/runs/{}"))
def test_a_foreign_run_is_404(install, foreign, run, door, path):
    assert answer_of(install, door, path.format(run), foreign) == 404
    assert install.rest("GET", f"/api/runs/{run}", token=foreign).status == 404


def test_a_foreign_or_unknown_crew_is_forbidden(install, foreign, door):
    crew = install.name("crew")
    install.save([START, delay("pause", 1), result()], crewId=crew)
    code = 4403 if door == "ws" else 403
    assert answer_of(install, door, f"/graph/{crew}", install.token) == 200
    assert answer_of(install, door, f"/graph/{crew}", foreign) == code
    assert answer_of(install, door, f"/graph/{install.name()}", install.token) == code


def test_a_foreign_org_sees_nothing_of_the_others(install, foreign, run, polls):
    answer = ask_poll(install.place, f"{PREFIX[polls]}?stream=runs&since=start", foreign)
    assert run not in str(answer["events"])
    assert run not in install.rest("GET", "/api/runs?limit=100", token=foreign).body.decode()
