"""States of ADWs over REST: documents with fields of their own, merge patches, and many writers at once."""

import threading
import time

import pytest
from fcgi_fixtures import Lighttpd, Site

MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
def site():
    it = Site()
    yield it
    it.close()


def changes(ask, adw):
    """The data of each event of its stream, in order."""
    found, since = [], "start"
    while True:
        page = ask("GET", f"/api/poll?stream=adw:{adw}&since={since}").json
        if not page["events"]:
            return found
        assert {e["type"] for e in page["events"]} == {"adw.changed"}
        found += [e["data"] for e in page["events"]]
        since = page["next"]


def test_documents(site):
    assert site.cgi("GET", "/api/adws/a1").status == 404 == site.cgi("DELETE", "/api/adws/a1").status
    state = {"status": "running", "issue_number": 7, "all_adws": ["plan"], "mine": {"x": [1, None]}, "none": None}
    made = site.cgi("PUT", "/api/adws/a1", state)
    assert made.status == 201 and made.headers["etag"] == '"1"' and made.json == {"adw_id": "a1", **state}
    patched = site.cgi("PATCH", "/api/adws/a1", {"mine": {"y": 2}, "issue_number": None, "branch_name": "b"}, MERGE)
    want = {"adw_id": "a1", "status": "running", "all_adws": ["plan"], "mine": {"x": [1, None], "y": 2}, "none": None, "branch_name": "b"}
    assert patched.status == 200 and patched.json == want and patched.headers["etag"] == '"2"'
    assert site.cgi("PATCH", "/api/adws/a1", {"branch_name": "b"}).headers["etag"] == '"2"', "nothing new"
    got = site.cgi("GET", "/api/adws/a1")
    assert got.json == want and got.headers["etag"] == '"2"'
    assert site.cgi("PUT", "/api/adws/a1", {"adw_id": "a1", "status": "completed"}).json == {"adw_id": "a1", "status": "completed"}
    assert site.cgi("DELETE", "/api/adws/a1").status == 204
    assert site.cgi("GET", "/api/adws/a1").status == 404
    again = site.cgi("PATCH", "/api/adws/a1", {"nl_input": "é"})
    assert again.status == 201 and again.json == {"adw_id": "a1", "nl_input": "é"} and again.headers["etag"] == '"5"'
    told = changes(site.cgi, "a1")
    assert told == [made.json, want, {"adw_id": "a1", "status": "completed"}, {"adw_id": "a1", "deleted": True}, again.json]


def test_versions(site):
    assert site.cgi("PUT", "/api/adws/a", {}, {"If-Match": "*"}).status == 412
    tag = site.cgi("PUT", "/api/adws/a", {"n": 1}).headers["etag"]
    assert site.cgi("PATCH", "/api/adws/a", {"n": 2}, {"If-Match": tag}).status == 200
    for method, body in (("PATCH", {"n": 3}), ("PUT", {"n": 3}), ("DELETE", None)):
        assert site.cgi(method, "/api/adws/a", body, {"If-Match": tag}).status == 412
        assert site.cgi(method, "/api/adws/a", body, {"If-Match": "x"}).status == 412
    assert site.cgi("GET", "/api/adws/a").json == {"adw_id": "a", "n": 2}
    assert site.cgi("DELETE", "/api/adws/a", None, {"If-Match": '"2"'}).status == 204


def test_refused(site):
    for body, status in ((b"[1]", 422), (b"", 422), (b"{", 400), ({"adw_id": "b"}, 422), ({"adw_id": 7}, 422), ({"x": "y" * 40000}, 413)):
        for method in ("PUT", "PATCH"):
            assert site.cgi(method, "/api/adws/a", body).status == status, (method, body)
    assert site.cgi("PUT", "/api/adws/a", {}, MERGE).status == 415
    assert site.cgi("PUT", "/api/adws/a:b", {}).status == 404
    assert site.cgi("POST", "/api/adws/a", {}).status == 405
    assert site.cgi("GET", "/api/adws").json == {"workflows": [], "last_updated": None, "summary": {
        "total": 0, "running": 0, "completed": 0, "failed": 0, "paused": 0}}


def test_monitor(site):
    for adw, status in (("a", "running"), ("b", "failed"), ("c", "running"), ("d", "waiting for a person"), ("e", 7), ("f", "paused")):
        site.cgi("PUT", f"/api/adws/{adw}", {"status": status})
    site.cgi("DELETE", "/api/adws/f")
    site.cgi("PATCH", "/api/adws/a", {"status": "completed"})
    listed = site.cgi("GET", "/api/adws").json
    assert listed["summary"] == {"total": 5, "running": 1, "completed": 1, "failed": 1, "paused": 0}
    assert listed["workflows"][0] == {"adw_id": "a", "status": "completed"}
    assert {w["adw_id"] for w in listed["workflows"]} == set("abcde") and listed["last_updated"].endswith("Z")


def test_a_thousand_patches_at_once(site):
    """Eight FastCGI processes, eight writers: each field arrives, each change has its event, in order."""
    web = Lighttpd(site, processes=8)
    writers, each, failed = 8, 125, []

    def write(writer):
        for n in range(each):
            answer = web.ask("PATCH", "/api/adws/busy", {f"w{writer}": {f"n{n}": n}, "last": writer}, MERGE)
            if answer.status not in (200, 201):
                failed.append(answer)

    try:
        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed, failed[:3]
        answer = web.ask("GET", "/api/adws/busy")
    finally:
        web.close()
    assert answer.headers["etag"] == f'"{writers * each}"'
    for writer in range(writers):
        assert answer.json[f"w{writer}"] == {f"n{n}": n for n in range(each)}
    told = changes(site.cgi, "busy")
    sizes = [sum(len(v) for k, v in state.items() if k.startswith("w")) for state in told]
    assert sizes == list(range(1, writers * each + 1)) and told[-1] == answer.json


def test_the_command(new_instance):
    it = new_instance(settings=("runner.spawn=never",), without=["bridge", "runner"], examples=False)
    assert "No state" in it.cli("adw")
    assert it.json("adw", "set", "a1", '{"status": "running", "x": {"y": 1}}') == {"adw_id": "a1", "status": "running", "x": {"y": 1}}
    want = {"adw_id": "a1", "status": "running", "x": {"z": 2}, "issue_number": 7}
    assert it.json("adw", "patch", "a1", "-", input='{"x": {"y": null, "z": 2}, "issue_number": 7}') == want
    assert it.json("adw", "get", "a1") == want and it.json("adw")["workflows"] == [want]
    assert it.cli("adw", "list").splitlines()[1].split() == ["a1", "running", "7"]
    it.cli("adw", "delete", "a1")
    for args in (("get", "a1"), ("delete", "a1"), ("set", "a1"), ("set", "a1", "[]"), ("patch", "a/1", "{}"), ("gte", "a1"), ("list", "a1")):
        done = it.cli("adw", *args, check=False)
        assert done.returncode in (1, 2) and done.stderr.strip(), args


def test_a_list_of_large_states_holds_those_changed_last(site):
    web = Lighttpd(site)
    try:
        for i in range(150):
            if i == 149:
                time.sleep(0.002)  # of those changed within one millisecond none is the last
            assert web.ask("PUT", f"/api/adws/big-{i}", {"status": "running", "text": "x" * 31000}).status == 201
        listed = web.ask("GET", "/api/adws").json
    finally:
        web.close()
    assert listed["summary"]["total"] == listed["summary"]["running"] == 150
    assert 100 < len(listed["workflows"]) < 150 and listed["workflows"][0]["adw_id"] == "big-149"


def test_the_summary_counts_what_the_list_shows(site):
    """While others write: both are of one moment."""
    web = Lighttpd(site, processes=2)
    stop = threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            n += 1
            web.ask("PUT", f"/api/adws/w{n % 40}", {"status": ("running", "paused", "failed")[n % 3]})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(150):
            listed = web.ask("GET", "/api/adws").json
            words = [item["status"] for item in listed["workflows"]]
            counted = {word: listed["summary"][word] for word in ("running", "paused", "failed")}
            assert counted == {word: words.count(word) for word in counted}
    finally:
        stop.set()
        writer.join(120)
        web.close()
