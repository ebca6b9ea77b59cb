"""Sessions over REST: made by use, merged, saved by many processes at once."""

import threading

import pytest
from fcgi_fixtures import Lighttpd, Site


@pytest.fixture
def site():
    it = Site()
    yield it
    it.close()


def changes(site, session):
    """The data of each session.changed of its stream."""
    found, since = [], "start"
    while True:
        page = site.cgi("GET", f"/api/poll?stream=session:{session}&since={since}").json
        if not page["events"]:
            return found
        assert {e["type"] for e in page["events"]} == {"session.changed"}
        found += [e["data"] for e in page["events"]]
        since = page["next"]


def test_tools(site):
    session = site.cgi("PUT", "/api/sessions/s1/tools", {"toolId": "websearch", "enabled": True})
    assert session.status == 200
    assert {k: session.json[k] for k in ("id", "tools", "messages")} == {"id": "s1", "tools": {"websearch": True}, "messages": []}
    assert {"name", "model", "createdAt", "updatedAt"} <= set(session.json)
    session = site.cgi("PUT", "/api/sessions/s1/tools", {"tools": {"nobody-knows-it": False, "shell": True}}).json
    assert session["tools"] == {"websearch": True, "nobody-knows-it": False, "shell": True}
    assert site.cgi("GET", "/api/sessions/s1").json == session
    events = changes(site, "s1")
    assert len(events) == 2 and events[-1] == session
    for body in ({"toolId": "x", "enabled": "yes"}, {"toolId": "x"}, {"toolId": "", "enabled": True}, {}, {"tools": {"x": 1}},
                 {"tools": [True]}, {"toolId": 7, "enabled": True}):
        answer = site.cgi("PUT", "/api/sessions/s1/tools", body)
        assert answer.status == 422 and answer.json["errors"], body
    assert site.cgi("GET", "/api/sessions/s1").json == session


def test_documents(site):
    assert site.cgi("GET", "/api/sessions/s1").status == 404
    made = site.cgi("PUT", "/api/sessions/s1", {"name": "One", "messages": [{"role": "user", "content": "hi"}]})
    assert made.status == 201 and made.json["name"] == "One" and made.headers["etag"] == '"1"'
    changed = site.cgi("PUT", "/api/sessions/s1", {"model": "m", "tools": {"a": True}}, {"If-Match": made.headers["etag"]})
    assert changed.status == 200 and changed.json["name"] == "One" and changed.json["messages"]
    assert site.cgi("PUT", "/api/sessions/s1", {"name": "late"}, {"If-Match": made.headers["etag"]}).status == 412
    assert site.cgi("PUT", "/api/sessions/s1", {"name": "One"}, {"If-Match": "*"}).status == 200
    assert site.cgi("PUT", "/api/sessions/none", {"name": "x"}, {"If-Match": "*"}).status == 412
    assert site.cgi("GET", "/api/sessions/none").status == 404
    assert site.cgi("PUT", "/api/sessions/s1", {"id": "s2"}).status == 422
    assert site.cgi("PUT", "/api/sessions/s1", {"messages": ["x"]}).status == 422
    listed = site.cgi("GET", "/api/sessions").json
    assert [s["id"] for s in listed["items"]] == ["s1"] and listed["items"][0]["messageCount"] == 1
    assert site.cgi("DELETE", "/api/sessions/s1").status == 204
    assert site.cgi("DELETE", "/api/sessions/s1").status == 404
    assert site.cgi("GET", "/api/sessions/a:b").status == 404


def test_changed_last_first_and_search(site):
    for name in ("one", "two", "three"):
        site.cgi("PUT", f"/api/sessions/{name}", {"name": f"Talk {name}", "messages": [{"role": "user", "content": f"100%_{name}"}]})
    site.cgi("PUT", "/api/sessions/one/tools", {"toolId": "websearch", "enabled": True})

    def listed(query, n=10):
        found, cursor = [], ""
        while True:
            page = site.cgi("GET", f"/api/sessions?limit={n}&{query}{cursor}").json
            found += [s["id"] for s in page["items"]]
            if not page["next"]:
                return found
            cursor = f"&cursor={page['next']}"

    assert listed("order=id") == ["one", "three", "two"]
    assert listed("order=recent") == listed("order=recent", 1) == ["one", "three", "two"]
    assert listed("q=TALK") == ["one", "three", "two"] and listed("q=tWo") == ["two"] and listed("q=%25_t") == ["three", "two"]
    assert listed("q=0_t") == [] and listed("q=nothing") == []
    site.cgi("PUT", "/api/sessions/two", {"name": "Other"})
    assert listed("order=recent", 2) == ["two", "one", "three"]
    assert site.cgi("GET", "/api/sessions?order=recent").json["items"][1]["tools"] == {"websearch": True}
    for wrong in ("order=name", "order=recent&cursor=x", "order=recent&cursor=.x", f"q={'x' * 600}"):
        assert site.cgi("GET", f"/api/sessions?{wrong}").status == 400, wrong


def test_a_thousand_toggles_at_once(site):
    """Eight FastCGI processes, eight writers that each toggle ten tools of their own, and a name that all write."""
    web = Lighttpd(site, processes=8)
    writers, each = 8, 125
    failed = []

    def write(writer):
        for n in range(each):
            tool, enabled = f"w{writer}-{n % 10}", n // 10 % 2 == 0
            answer = web.ask("PUT", "/api/sessions/s1/tools", {"toolId": tool, "enabled": enabled})
            if answer.status != 200 or answer.json["tools"].get(tool) != enabled:
                failed.append(answer)
            if n % 25 == 0 and (answer := web.ask("PUT", "/api/sessions/s1", {"name": f"{writer} {n}"})).status != 200:
                failed.append(answer)

    try:
        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed, failed[:3]
        session = web.ask("GET", "/api/sessions/s1").json
    finally:
        web.close()
    assert session["tools"] == {f"w{w}-{n % 10}": n // 10 % 2 == 0 for w in range(writers) for n in range(each)}
    told = changes(site, "s1")
    assert [data["version"] for data in told] == list(range(1, writers * (each + 5) + 1)), "each change has its event, in order"
    assert told[-1] == session
    toggles = [(tool, enabled) for before, after in zip([{"tools": {}}, *told], told)
               for tool, enabled in after["tools"].items() - before["tools"].items()]
    for writer in range(writers):
        mine = [(tool, enabled) for tool, enabled in toggles if tool.startswith(f"w{writer}-")]
        assert mine == [(f"w{writer}-{n % 10}", n // 10 % 2 == 0) for n in range(each)], "none is lost, none undone"
