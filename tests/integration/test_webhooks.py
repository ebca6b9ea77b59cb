"""Webhooks over HTTP: who may start a workflow from outside, and with what."""

import hashlib
import hmac
import json
import time
import urllib.parse

import pytest

from conftest import ALLOW, BUILD, wait_until
from fcgi_fixtures import Site
from runs import result, shell

HOOK = BUILD / "fcgi" / "hook.fcgi"
SECRET = "s3cret of the tests"


def trigger(source="github", name="in", **data):
    return {"id": name, "type": "trigger", "data": {"kind": "webhook", "source": source, **data}}


def definition(*nodes):
    return {"name": "hooked", "nodes": list(nodes), "edges": [{"source": a["id"], "target": b["id"]} for a, b in zip(nodes, nodes[1:])]}


def sign(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(body, delivery, event="push", secret=SECRET, **more):
    return {"X-Hub-Signature-256": sign(body, secret), "X-GitHub-Delivery": delivery, "X-GitHub-Event": event,
            "Content-Type": "application/json", **more}


@pytest.fixture(scope="module")
def site():
    it = Site(**{"hooks.github.secret": SECRET, "hooks.shop.secret": "other", "limits.body": "64k"})
    it.cgi("PUT", "/api/workflows/w", definition(trigger(), result()))
    yield it
    it.close()


def post(site, body, headers, source="github", remote="203.0.113.7", **variables):
    """From far away: neither a loopback address nor a token."""
    headers = dict(headers)
    kind = headers.pop("Content-Type", "application/json")
    return site.cgi("POST", f"/hooks/{source}", body, headers, program=HOOK, SCRIPT_NAME="/hooks", PATH_INFO=f"/{source}",
                    REMOTE_ADDR=remote, CONTENT_TYPE=kind, **variables)


def status(site, source="github"):
    return next((s for s in site.cgi("GET", "/api/webhook-status").json["sources"] if s["source"] == source), None)


def test_a_signed_delivery_starts_its_workflow_once(site):
    body = json.dumps({"ref": "refs/heads/main"}).encode()
    answer = post(site, body, github(body, "d-1"))
    assert answer.status == 202, answer
    [run] = answer.json["runs"]
    assert (run["workflowId"], run["nodeId"], answer.json["deliveryId"], answer.json["event"]) == ("w", "in", "d-1", "push")
    record = site.cgi("GET", f"/api/runs/{run['runId']}").json
    assert record["input"]["body"] == {"ref": "refs/heads/main"} and record["input"]["headers"]["x-github-event"] == "push"
    assert "x-hub-signature-256" not in record["input"]["headers"]
    assert record["trigger"] == {"kind": "webhook", "nodeId": "in", "source": "github", "deliveryId": "d-1"}
    before = status(site)
    again = post(site, body, github(body, "d-1"))
    assert again.status == 409 and again.headers["content-type"] == "application/problem+json"
    after = status(site)
    assert after["received"] == before["received"] + 1 and after["accepted"] == before["accepted"]
    assert after["rejected"]["replay"] == 1 and after["last_run"] == run["runId"]
    [newest, *_] = site.cgi("GET", "/api/webhooks?source=github&limit=1").json["items"]
    assert (newest["outcome"], newest["reason"], newest["deliveryId"]) == ("rejected", "replay", "d-1")


def test_who_has_no_proof_starts_nothing(site):
    body = b'{"ref":"x"}'
    runs = len(site.cgi("GET", "/api/runs").json["items"])
    assert post(site, body, github(body, "f-1", secret="wrong")).status == 401
    assert post(site, body + b" ", github(body, "f-2")).status == 401
    assert post(site, body, {"X-GitHub-Delivery": "f-3"}).status == 401
    assert post(site, body, github(body, "f-4"), source="shop").status == 401  # another source's secret
    assert post(site, body, github(body, "f-5"), source="nobody").status == 404
    assert post(site, body, github(body, "f-6"), source="a.b").status == 404
    assert status(site, "nobody") is None
    assert len(site.cgi("GET", "/api/runs").json["items"]) == runs
    # What was refused does not use up its id.
    assert post(site, body, github(body, "f-1")).status == 202


def test_other_methods_and_paths(site):
    answer = site.cgi("GET", "/hooks/github", program=HOOK, SCRIPT_NAME="/hooks", PATH_INFO="/github")
    assert answer.status == 405 and "POST" in answer.headers["allow"]
    assert post(site, b"{}", {}, source="github/more").status == 404
    assert post(site, b"{}", {}, source="").status == 404


def test_bodies(site):
    big = b'{"a":"' + b"x" * 70000 + b'"}'
    assert post(site, big, github(big, "b-1")).status == 413
    rubbish = b'{"a":'
    assert post(site, rubbish, github(rubbish, "b-2")).status == 400
    text = b"hello"
    assert post(site, text, github(text, "b-3", **{"Content-Type": "text/plain"})).status == 415
    form = b"payload=" + urllib.parse.quote_plus('{"ref": "a b"}').encode()
    answer = post(site, form, github(form, "b-4", **{"Content-Type": "application/x-www-form-urlencoded"}))
    assert answer.status == 202, answer
    assert site.cgi("GET", f"/api/runs/{answer.json['runs'][0]['runId']}").json["input"]["body"] == {"ref": "a b"}
    rejected = status(site)["rejected"]
    assert rejected["too_large"] == rejected["body"] == rejected["media_type"] == 1


def test_generic_signatures_with_and_without_a_time(site):
    site.cgi("PUT", "/api/workflows/shop", definition(trigger("shop", events=["order.paid"]), result()))
    body = b'{"order":7}'
    plain = {"X-Signature": sign(body, "other"), "X-Event": "order.paid", "X-Delivery": "o-1"}
    assert post(site, body, plain, "shop").status == 202
    assert post(site, body, plain, "shop").status == 409
    other = post(site, body, {**plain, "X-Event": "order.sent", "X-Delivery": "o-2"}, "shop")
    assert other.status == 200 and other.json["runs"] == []  # taken, but nobody waits for it
    for away, want in ((0, 202), (-400, 401), (400, 401)):
        stamp = str(int(time.time()) + away)
        signed = hmac.new(b"other", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"X-Signature": signed, "X-Timestamp": stamp, "X-Event": "order.paid", "X-Delivery": f"t{away}"}
        assert post(site, body, headers, "shop").status == want, away
        if want == 202:  # the same under another id is the same
            assert post(site, body, {**headers, "X-Delivery": "fresh"}, "shop").status == 409
    assert status(site, "shop")["rejected"]["timestamp"] == 2


def test_filters(site):
    ask = '.body.ref == "refs/heads/main" and .event == "push"'
    site.cgi("PUT", "/api/workflows/only-main", definition(trigger(filter=ask), result()))
    site.cgi("PUT", "/api/workflows/broken", definition(trigger(filter=".body | keys | error"), result()))
    main, other = (json.dumps({"ref": f"refs/heads/{b}"}).encode() for b in ("main", "other"))
    answer = post(site, main, github(main, "j-1")).json
    assert {r["workflowId"] for r in answer["runs"]} == {"w", "only-main"}
    assert [f["workflowId"] for f in answer["failed"]] == ["broken"]
    assert {r["workflowId"] for r in post(site, other, github(other, "j-2")).json["runs"]} == {"w"}
    for name in ("only-main", "broken"):
        site.cgi("DELETE", f"/api/workflows/{name}")
    refused = site.cgi("PUT", "/api/workflows/bad", definition(trigger(filter=".body ||| 1"), result()))
    assert refused.status == 422 and refused.json["errors"][0]["code"] == "expression"
    refused = site.cgi("PUT", "/api/workflows/bad", definition(trigger("a.b"), result()))
    assert refused.status == 422 and "`source`" in refused.json["errors"][0]["message"]


def test_through_the_web_server_to_the_end(new_instance):
    instance = new_instance((*ALLOW, f"hooks.github.secret={SECRET}"), examples=False)
    show = shell("show", 'printf "%s" "$REF"', env={"REF": "{{ .nodes.in.output.body.ref }}"})
    instance.http("PUT", "/api/workflows/w", definition(trigger(), show, result("done", "{{ .nodes.show.output.stdout }}")))
    body = json.dumps({"ref": "refs/tags/v1"}).encode()
    code, _, answer = instance.http("POST", "/hooks/github", body, github(body, "e-1"))
    assert code == 202, answer
    record = instance.wait(answer["runs"][0]["runId"])
    assert record["status"] == "success" and record["output"] == "refs/tags/v1"
    assert instance.http("POST", "/hooks/github", body, github(body, "e-1"))[0] == 409
    told = wait_until(lambda: (lambda e: e if len(e) == 2 else None)(
        instance.http("GET", "/api/poll?stream=webhooks&since=start")[2]["events"]), what="both deliveries in the log")
    assert [(e["type"], e["data"].get("reason")) for e in told] == [("webhook.accepted", None), ("webhook.rejected", "replay")]
    assert SECRET not in instance.logs()
