"""Queues, ADWs and sessions of several organisations (auth = jwt): each sees its own, on REST, in topics and in events."""

import pytest

from clients import Ws
from conftest import Instance
from issuer import SECRET, hs256


@pytest.fixture(scope="module")
def instance():
    it = Instance(("auth=jwt", f"auth.secret={SECRET}"), examples=False)
    yield it
    it.close()


def bearer(org, scope="editor"):
    return {"Authorization": f"Bearer {hs256(org=org, scope=scope)}"}


def ask(it, org, method, path, body=None, scope="editor", status=200):
    got, _, answer = it.http(method, path, body, bearer(org, scope))
    assert got == status, answer
    return answer


def told(it, org, stream):
    """What its native stream has had."""
    return ask(it, org, "GET", f"/api/poll?stream={stream}&since=start")["events"]


def test_scopes(instance):
    for scope, queue, adw in (("viewer", 403, 403), ("operator", 201, 403), ("editor", 201, 201)):
        ask(instance, "scopes", "POST", "/api/queue", {}, scope, queue)
        ask(instance, "scopes", "PUT", f"/api/adws/of-{scope}", {}, scope, adw)
        for path in ("/api/queue", "/api/adws", "/api/routes"):
            ask(instance, "scopes", "GET", path, scope=scope)
            assert instance.http("GET", path)[0] == 401


def test_queues_are_apart(instance):
    with Ws(instance.url, "/ws/queue", headers=bearer("acme")) as acme, Ws(instance.url, "/ws/queue", headers=bearer("beta")) as beta:
        assert acme.recv()["data"]["total"] == 0 == beta.recv()["data"]["total"]
        entry = ask(instance, "acme", "POST", "/api/queue", {"issue_number": 1}, status=201)
        shown = acme.recv()["data"]
        assert [p["queue_id"] for p in shown["phases"]] == [entry["queue_id"]] and shown == ask(instance, "acme", "GET", "/api/queue")
        assert ask(instance, "beta", "GET", "/api/queue")["total"] == 0
        where = f"/api/queue/{entry['queue_id']}"
        for method, body in (("GET", None), ("PATCH", {"priority": 1}), ("DELETE", None)):
            ask(instance, "beta", method, where, body, status=404)
        ask(instance, "acme", "POST", "/api/queue/pause")
        assert acme.recv()["data"]["paused"] is True
        ask(instance, "beta", "POST", "/api/queue", {}, status=201)
        assert (lambda d: (d["total"], d["paused"]))(beta.recv()["data"]) == (1, False)
    # The stream belongs to the organisation of spool.org, which learns no more than that something has changed.
    events = told(instance, "default", "queue")
    assert len(events) >= 3 and all(e["data"] == {} for e in events)
    assert told(instance, "acme", "queue") == []


def test_adws_are_apart(instance):
    with Ws(instance.url, "/ws/adw-state/one", headers=bearer("acme")) as acme, \
            Ws(instance.url, "/ws/adw-state/one", headers=bearer("beta")) as beta:
        assert acme.recv()["data"] == {} == beta.recv()["data"]
        ask(instance, "acme", "PUT", "/api/adws/one", {"status": "running"}, status=201)
        assert acme.recv()["data"] == {"adw_id": "one", "status": "running"}
        for method, body in (("GET", None), ("PUT", {}), ("PATCH", {}), ("DELETE", None)):
            ask(instance, "beta", method, "/api/adws/one", body, status=404)
        assert ask(instance, "beta", "GET", "/api/adws")["summary"]["total"] == 0
        ask(instance, "acme", "DELETE", "/api/adws/one", status=204)
        assert acme.recv()["data"] == {}
        ask(instance, "beta", "PUT", "/api/adws/one", {}, status=404)  # an id stays with whom its stream belongs to
        beta.send("ping")
        assert beta.recv() == {"type": "pong"}, "nothing of the other's"
    for org, n in (("acme", 2), ("beta", 0), ("default", 0)):
        assert len(told(instance, org, "adw:one")) == n


def test_a_deleted_session_stays_apart(instance):
    with Ws(instance.url, "/ws", headers=bearer("acme")) as acme:
        assert acme.recv()["op"] == "hello"
        ask(instance, "acme", "PUT", "/api/sessions/talk", {"name": "ours"}, status=201)
        assert acme.ask({"op": "subscribe", "streams": ["session:talk", "session:*"]})["op"] == "subscribed"
        ask(instance, "acme", "DELETE", "/api/sessions/talk", status=204)
        assert acme.until(lambda m: m.get("type") == "session.changed" and m["data"].get("deleted"))
        ask(instance, "beta", "PUT", "/api/sessions/talk", {"name": "secret"}, status=404)
        ask(instance, "acme", "PUT", "/api/sessions/talk", {"name": "again"}, status=201)
        assert acme.until(lambda m: m.get("type") == "session.changed" and m["data"].get("name") == "again")
    assert told(instance, "beta", "session:*") == []
