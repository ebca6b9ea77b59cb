"""REST through every web server: what a client sends arrives, and what is answered comes back unharmed."""

import gzip
import http.client
import json
import time
import urllib.parse

import pytest

from clients import get, poll, url_parts
from runs import chain, result, shell
from sites import SOME, named

pytestmark = pytest.mark.parametrize("site", named(SOME), indirect=True, scope="session")


@pytest.fixture(scope="session")
def site(request, sites):
    return sites(*request.param)


def ask(site, method, path, body=None, headers=None, timeout=120):
    """One request as it stands: http.client encodes and follows nothing."""
    host, port, prefix = url_parts(site.url)
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {**({"Content-Type": "application/json"} if data is not None else {}), **(headers or {})}
    try:
        connection.request(method, prefix + path, data, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def inline(site, nodes, edges, workflow="inline"):
    status, _, body = ask(site, "POST", f"/api/workflows/{workflow}/run", {"nodes": nodes, "edges": edges})
    assert status == 202, body
    return json.loads(body)


@pytest.fixture(scope="session")
def ended(site):
    """A run with 6,000 lines of output and an artifact, which has ended: its id."""
    nodes, edges = chain(shell("loud", "seq -f 'line %g of a rather long log, which no server should want to keep' 6000"),
                         {"id": "keep", "type": "output", "data": {"kind": "file", "path": "kept.txt", "content": "0123456789" * 100}},
                         result())
    run = inline(site, nodes, edges)["runId"]
    record = site.instance.wait(run)
    assert record["status"] == "success", (record, site.logs())
    return run


def test_the_dashboard_and_its_files(site):
    for path, kind in (("/", "text/html"), ("/index.html", "text/html"), ("/app/main.js", "text/javascript"),
                       ("/css/base.css", "text/css"), ("/icons/success.svg", "image/svg+xml")):
        status, headers, body = ask(site, "GET", path)
        assert status == 200 and body, (path, status)
        said = headers["Content-Type"].replace("application/javascript", "text/javascript")
        assert said.startswith(kind), (path, said)
    assert ask(site, "GET", "/app/nothing.js")[0] == 404
    assert b"htaccess" not in ask(site, "GET", "/.htaccess")[2]


def test_a_sub_path_without_its_slash_leads_to_the_dashboard(site):
    if not site.prefix or site.kind == "apache-cgi":  # there it is a folder, and Apache does so by itself
        return
    host, port, prefix = url_parts(site.url)
    connection = http.client.HTTPConnection(host, port, timeout=120)
    connection.request("GET", prefix)
    answer = connection.getresponse()
    assert answer.status == 301 and answer.headers["Location"] in (site.url + "/", prefix + "/"), dict(answer.headers)
    connection.close()


def test_addresses_in_answers_carry_the_prefix(site):
    definition = {"name": "Small", "nodes": chain(result())[0], "edges": chain(result())[1]}
    status, headers, body = ask(site, "POST", "/api/workflows", {"id": "placed", **definition})
    assert status == 201, body
    assert urllib.parse.urlsplit(headers["Location"]).path == f"{site.prefix}/api/workflows/placed"
    answer = inline(site, *chain(result()))
    assert answer["wsUrl"] == f"{site.prefix}/ws/workflows/{answer['runId']}"
    assert site.instance.wait(answer["runId"])["status"] == "success"
    assert ask(site, "DELETE", "/api/workflows/placed")[0] == 204


@pytest.mark.parametrize("path", ["/api/runs/a%20b", "/api/runs/%C3%A4%F0%9F%8C%B1", "/api/runs/a%3Fb", "/api/runs/a%25b", "/api/runs/a%2E%2E"])
def test_encoded_characters_in_a_path(site, path):
    """They reach the program, which says in words that there is no such run."""
    status, headers, body = ask(site, "GET", path)
    assert status == 404 and headers["Content-Type"] == "application/problem+json", (status, body)


def test_artifact_names_are_decoded_once(site):
    nodes, edges = chain({"id": "keep", "type": "output", "data": {"kind": "file", "path": "50% größer.txt", "content": "x"}}, result())
    run = inline(site, nodes, edges)["runId"]
    assert site.instance.wait(run)["status"] == "success"
    status, _, body = ask(site, "GET", f"/api/runs/{run}/artifacts/50%25%20gr%C3%B6%C3%9Fer.txt")
    assert (status, body) == (200, b"x")


def test_query_strings(site):
    assert ask(site, "GET", "/api/runs?limit=1")[0] == 200
    assert ask(site, "GET", "/api/runs?limit=none")[0] == 400
    assert ask(site, "GET", "/api/poll?stream=run%3Anone&since=now")[0] == 200


def test_etag_and_range(site, ended):
    path = f"/api/runs/{ended}/artifacts/kept.txt"
    status, headers, body = ask(site, "GET", path, headers={"Accept-Encoding": "gzip"})
    assert status == 200
    assert (gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body) == b"0123456789" * 100
    status, headers, body = ask(site, "GET", path)
    assert ask(site, "GET", path, headers={"If-None-Match": headers["ETag"]})[0] == 304
    status, part, body = ask(site, "GET", path, headers={"Range": "bytes=3-7"})
    assert (status, body, part["Content-Range"]) == (206, b"34567", "bytes 3-7/1000")
    status, part, _ = ask(site, "GET", path, headers={"Range": "bytes=5000-"})
    assert status == 416 and part["Content-Range"] == "bytes */1000"


def test_head_and_options(site, ended):
    status, headers, body = ask(site, "HEAD", f"/api/runs/{ended}")
    assert (status, body) == (200, b"") and headers["Content-Type"] == "application/json"
    for path, methods in ((f"/api/runs/{ended}", {"GET", "HEAD", "PATCH", "OPTIONS"}), (f"/api/runs/{ended}/cancel", {"POST", "OPTIONS"})):
        status, headers, _ = ask(site, "OPTIONS", path)
        assert status in (200, 204) and set(headers["Allow"].replace(" ", "").split(",")) == methods, path


def test_methods_other_than_get_and_post(site):
    session = "/api/sessions/methods"
    assert ask(site, "PUT", session, {"name": "one"})[0] in (200, 201)
    assert ask(site, "PUT", session + "/tools", {"toolId": "websearch", "enabled": True})[0] == 200
    assert ask(site, "DELETE", session)[0] == 204
    assert ask(site, "GET", session)[0] == 404


def test_a_body_of_one_mebibyte(site):
    def send(size):
        empty = len(json.dumps({"name": "big", "model": ""}))
        return ask(site, "PUT", "/api/sessions/large", {"name": "big", "model": "m" * (size - empty)})
    status, headers, body = send(1024 * 1024 + 1)
    assert status == 413 and headers["Content-Type"] == "application/problem+json", (status, body[:200])
    status, headers, body = send(1024 * 1024)
    assert status != 413 and (status < 300 or b"model" in body), (status, body[:200])


def test_a_large_answer_arrives_whole(site, ended):
    """The answer begins before it is all there, and ends where it should."""
    seen, cursor = 0, None
    while True:
        status, _, body = ask(site, "GET", f"/api/runs/{ended}/logs?limit=10000" + (f"&cursor={cursor}" if cursor else ""))
        assert status == 200
        answer = json.loads(body)
        seen += sum(item["message"].startswith("line ") for item in answer["items"])
        cursor = answer["next"]
        if not cursor:
            break
    assert seen == 6000


def test_polls_straight_from_the_log(site, ended):
    answer = poll(site.url, "/api/poll", stream=f"run:{ended}", since="start")
    assert answer["events"][0]["type"] == "run.queued"
    began = time.monotonic()
    if site.kind == "apache-cgi":  # a process is not held
        assert poll(site.url, "/api/poll", stream="runs", since="now", wait=30)["events"] == []
        assert time.monotonic() - began < 25


def test_errors_are_ours(site):
    """A server's own error pages would hide what is wrong."""
    for method, path, status in (("GET", "/api/nothing", 404), ("POST", "/api/runs", 405), ("POST", "/api/workflows", 400)):
        got, headers, body = ask(site, method, path, b"{" if method == "POST" else None)
        assert got == status and headers["Content-Type"] == "application/problem+json", (path, got, body)


def test_webhooks_reach_their_program(site):
    status, headers, body = ask(site, "POST", "/hooks/nobody", {"a": 1}, {"X-Signature": "sha256=00"})
    assert status in (401, 403, 404) and headers["Content-Type"] == "application/problem+json", (status, body)


def test_what_needs_the_bridge_is_refused_at_once_without_one(site):
    status, _, _ = ask(site, "GET", "/healthz", timeout=120)
    assert status == 200 if site.bridge else status in (404, 502, 503)
    if not site.bridge:
        assert ask(site, "GET", "/poll?stream=runs", timeout=120)[0] in (404, 502, 503)
        assert ask(site, "GET", "/sse?stream=runs", timeout=120)[0] in (404, 502, 503)
