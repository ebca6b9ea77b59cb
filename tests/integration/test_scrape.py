"""The scrape kind on sites of this test: what it gathers, what it must not ask for, what it says on the way."""

import csv
import gzip
import io
import json
import threading
import zlib

import pytest

from clients import Ws
from conftest import wait_until
from runs import chain, result
from scrape_site import ITEMS, LISTS, Site, item, page

FIELDS = {"n": {"select": ".number", "type": "number"}, "name": "h1::text", "price": {"select": "p.price::attr(data-amount)", "type": "number"},
          "tags": {"select": ".tag::text", "list": True}}


def scrape(name="site", **data):
    return {"id": name, "type": "tool", "data": {"kind": "scrape", "retryMs": 10, **data}}


def run(instance, workflow="scrape", **data):
    """Run one scrape node; (its record, the run's id)."""
    run_id = instance.inline(*chain(scrape(**data), result(value="{{ .nodes.site.output }}")), workflow=workflow)
    record = instance.wait(run_id)
    return record["nodes"]["site"], run_id


def artifact(instance, run_id, name="site.jsonl"):
    status, _, body = instance.http("GET", f"/api/runs/{run_id}/artifacts/{name}")
    assert status == 200, body
    return body.decode() if isinstance(body, bytes) else body


def items(instance, run_id):
    return [json.loads(line) for line in artifact(instance, run_id).splitlines()]


def html(body, **headers):
    return 200, {"Content-Type": "text/html", **headers}, body if isinstance(body, bytes) else body.encode()


def test_a_site_of_200_pages(instance):
    """Pagination, links, redirects, encodings, gzip, robots.txt and endless links; live on the console's socket."""
    with Site() as site, Ws(instance.url, "/ws/scraping/shop") as ws:
        assert ws.recv()["type"] == "connected"
        run_id = instance.inline(*chain(scrape(toolId="shop", url=site.url + "/list?page=1", follow=True, next="a.next", item="#main.item",
                                               fields=FIELDS, maxDepth=3, perHost=4), result(value="{{ .nodes.site.output }}")))
        messages = ws.until(lambda m: m["status"] in ("success", "error"), timeout=120)
        record = instance.wait(run_id)
    node = record["nodes"]["site"]
    assert node["status"] == "success", node
    # Exactly the items, each once.
    got = items(instance, run_id)
    assert sorted(got, key=lambda i: i["n"]) == [item(n) for n in range(1, ITEMS + 1)]
    output = node["output"]
    assert output["items"] == ITEMS and output["artifact"] == "site.jsonl" and output["sample"] == got[:10]
    # Each page was asked for once, however it was written; what robots.txt forbids, not at all.
    assert {n for path, n in site.asked.items()} == {1}
    assert sum(path.startswith("/list") for path in site.asked) == LISTS
    assert sum(path.startswith("/item/") for path in site.asked) == ITEMS
    assert not any(path.startswith(("/secret", "/run.cgi", "/picture")) for path in site.asked)
    assert all(agent.startswith("runspool/") for agent in site.agents)
    # 20 calendars without end, each followed as far as asked; the loop of paths is seen for what it is.
    assert sum(path.startswith("/calendar/") for path in site.asked) == LISTS * 3
    assert {path for path in site.asked if path.startswith("/loop/")} == {"/loop/", "/loop/loop/", "/loop/loop/loop/"}
    assert output["failed"] == LISTS and all(e["error"] == "status 404" and "/gone/" in e["url"] for e in output["errors"])
    assert output["skippedBy"] == {"robots": LISTS + 1, "limit": LISTS, "trap": 1, "redirect": 1, "type": 1, "duplicate": LISTS}
    assert output["skipped"] == sum(output["skippedBy"].values())
    assert output["pages"] == LISTS + ITEMS + LISTS * 3 + 3 + 1
    # What the console saw: from pending to success, never back.
    assert [m["type"] for m in messages] == ["scraping_progress"] * len(messages)
    assert {m["toolId"] for m in messages} == {"shop"}
    assert messages[0]["status"] == "pending" and messages[0]["items"] == 0 and messages[0]["url"] == site.url + "/list?page=1"
    assert {m["status"] for m in messages[1:-1]} <= {"scraping"} and messages[-1]["status"] == "success"
    for key in ("progress", "items"):
        values = [m[key] for m in messages]
        assert values == sorted(values), values
    assert messages[-1]["progress"] == 100 and messages[-1]["items"] == ITEMS
    assert all(m["progress"] < 100 for m in messages[:-1])
    assert messages[-1]["preview"] == got[:3]
    assert len(messages) < 100  # coalesced: far fewer than pages


def test_limits_are_kept(instance):
    with Site() as site:
        node, run_id = run(instance, url=site.url + "/list?page=1", follow=True, next="a.next", item="#main", fields=FIELDS, maxPages=30)
        asked = {p for p in site.asked if not p.startswith(("/robots", "/older", "/item/10", "/item/20", "/item/30"))}
        assert len(asked) == 30
        output = node["output"]
        assert output["pages"] + output["failed"] + output["skippedBy"].get("type", 0) + output["skippedBy"].get("redirect", 0) \
            + output["skippedBy"].get("duplicate", 0) == 30
        assert output["skippedBy"]["limit"] > 0
        site.asked.clear()
        node, run_id = run(instance, url=site.url + "/list?page=1", follow=True, links="li a", include=["/item/*", "/old*"], exclude=["*/item/4*"],
                           maxDepth=1, fields={"title": "title", "url": "::url"})
        assert node["output"]["pages"] == 1 + 8
        got = items(instance, run_id)
        assert {i["title"] for i in got} == {"List 1"} | {f"Item {n}" for n in range(1, 10) if n != 4}
        assert {"title": "Item 5", "url": site.url + "/item/5?a=1&b=2"} in got


def test_a_list_of_addresses_to_csv(instance):
    wild = b"<h1>a,b</h1><p>say \"hi\"\nthere</p>"
    with Site({"/wild": html(wild)}) as site:
        node, run_id = run(instance, urls=[site.url + "/wild", site.url + "/item/1", site.url + "/wild#again"], format="csv",
                           fields={"head": "h1", "text": "p:first-of-type", "none": "b.nowhere", "tags": {"select": ".tag", "list": True}})
    assert node["output"]["artifact"] == "site.csv" and node["output"]["items"] == 2
    assert {"head": "a,b", "text": "say \"hi\" there", "none": None, "tags": []} in node["output"]["sample"]
    rows = list(csv.DictReader(io.StringIO(artifact(instance, run_id, "site.csv"), newline="")))
    assert sorted(rows, key=lambda r: r["head"]) == [
        {"head": "Café № 1", "text": "No. 1", "none": "", "tags": '["odd","t1"]'}, {"head": "a,b", "text": 'say "hi" there', "none": "", "tags": "[]"}]


def urlset(site, *paths, name="urlset", entry="url"):
    return (f'<?xml version="1.0"?><{name} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
            + "".join(f"<{entry}><loc> {site.url}{p} </loc></{entry}>" for p in paths) + f"</{name}>").encode()


@pytest.mark.parametrize("where", ["/maps/index.xml", "/"])
def test_sitemaps(instance, where):
    """An index, of which one sitemap is gzip and one plain text; by its address, and as robots.txt names it."""
    with Site() as site:
        xml = {"Content-Type": "application/xml"}
        site.extra.update({
            "/robots.txt": (200, {}, f"Sitemap: {site.url}/maps/index.xml\n".encode()),
            "/maps/index.xml": (200, xml, urlset(site, "/maps/a.xml.gz", "/maps/b.txt", name="sitemapindex", entry="sitemap")),
            "/maps/a.xml.gz": (200, {"Content-Type": "application/gzip"}, gzip.compress(urlset(site, "/item/1", "/item/2?a=1&amp;b=2", "/item/3"))),
            "/maps/b.txt": (200, {"Content-Type": "text/plain"}, f"{site.url}/item/3\n{site.url}/item/4\nhttp://elsewhere.invalid/\n".encode()),
        })
        node, run_id = run(instance, sitemap=site.url + where, fields={"n": ".number"})
    assert node["status"] == "success", node
    assert sorted(i["n"] for i in items(instance, run_id)) == ["1", "2", "3", "4"]
    assert node["output"]["pages"] == 4 and node["output"]["failed"] == 0


def test_no_sitemap_and_bombs(instance):
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>'
    with Site({"/bomb.xml": (200, {}, bomb), "/page": html("<p>x</p>"), "/packed": (200, {}, gzip.compress(bytes(200_000_000), 9))}) as site:
        for path in ("/bomb.xml", "/page", "/nothing.xml", "/packed"):
            node, _ = run(instance, sitemap=site.url + path)
            assert node["status"] == "error" and path in node["error"]["message"], node


def test_robots_that_cannot_be_had(instance):
    """404: all is allowed; 503: nothing is (RFC 9309, 2.3.1); and one may say not to look."""
    with Site({"/robots.txt": (404, {}, b"")}) as site:
        assert run(instance, url=site.url + "/secret-page", fields={"a": "h1"})[0]["error"]["message"].endswith("status 404")
    with Site({"/robots.txt": (503, {"Retry-After": "0"}, b"")}) as site:
        node, _ = run(instance, url=site.url + "/item/1")
        assert node["status"] == "error" and node["error"]["code"] == "exit" and "robots.txt" in node["error"]["message"]
        assert site.asked == {"/robots.txt": 3}
        node, _ = run(instance, url=site.url + "/item/1", robots=False)
        assert node["output"]["pages"] == 1 and site.asked["/robots.txt"] == 3
    with Site() as site:
        node, _ = run(instance, url=site.url + "/secret")
        assert node["error"]["code"] == "input" and "robots.txt forbids" in node["error"]["message"]
        # Under another name the other group counts, which forbids everything.
        node, _ = run(instance, url=site.url + "/item/1", userAgent="else/2.0 (test)")
        assert node["status"] == "error" and site.agents >= {"else/2.0 (test)"}


def test_crawl_delay_and_per_host_concurrency(instance):
    with Site({"/robots.txt": (200, {}, b"User-agent: *\nCrawl-delay: 0.1\n")}) as site:
        run(instance, urls=[f"{site.url}/item/{n}" for n in range(1, 6)])
        gaps = [b - a for a, b in zip(site.times[1:], site.times[2:])]
        assert len(gaps) == 4 and all(gap > 0.08 for gap in gaps), gaps
    with Site(delay=0.05) as site:
        node, _ = run(instance, urls=[f"{site.url}/item/{n}" for n in range(1, 13)], perHost=3)
        assert node["output"]["pages"] == 12 and site.most_at_once == 3


def test_what_passes_is_tried_again(instance):
    tries = {"n": 0}

    def flaky(handler):
        tries["n"] += 1
        if tries["n"] < 3:
            return (503, {"Retry-After": "0"}, b"") if tries["n"] == 1 else (500, {}, b"")
        return html("<h1>at last</h1>")

    with Site({"/flaky": flaky, "/big": html("x" * 300_000), "/deep": html("<div>" * 50_000), "/empty": html(""),
               "/bomb": html(gzip.compress(bytes(100_000_000), 9), **{"Content-Encoding": "gzip"}),
               "/deflated": html(zlib.compress(b"<h1>packed</h1>"), **{"Content-Encoding": "deflate"})}) as site:
        node, run_id = run(instance, url=site.url + "/flaky", fields={"h": "h1"})
        assert items(instance, run_id) == [{"h": "at last"}] and site.asked["/flaky"] == 3
        node, run_id = run(instance, urls=[site.url + p for p in ("/big", "/deep", "/empty", "/bomb", "/deflated", "/item/999")], fields={"h": "h1"}, maxBytes=270_000)
        errors = {e["url"][len(site.url):]: e["error"] for e in node["output"]["errors"]}
        assert errors == {"/big": "it is larger than maxBytes", "/bomb": "it is larger than maxBytes", "/deep": "the page is nested more than 2000 deep",
                          "/empty": "the page has no content", "/item/999": "status 404"}
        assert items(instance, run_id) == [{"h": "packed"}] and node["output"]["bytes"] < 5 * 270_000


def test_redirects_without_end(instance):
    def on(handler):
        n = int(handler.path.rsplit("/", 1)[1])
        return 302, {"Location": f"/on/{n + 1}"}, b""

    with Site({f"/on/{n}": on for n in range(20)} | {"/self": (302, {"Location": "/self"}, b""), "/file": (302, {"Location": "file:///etc/passwd"}, b"")}) as site:
        node, _ = run(instance, urls=[site.url + "/on/0", site.url + "/self", site.url + "/file", site.url + "/item/1"])
        errors = {e["url"][len(site.url):]: e["error"] for e in node["output"]["errors"]}
        assert errors == {"/on/10": "too many redirects", "/file": "redirects to what is no http or https address"}
        assert node["output"]["skippedBy"] == {"duplicate": 1} and node["output"]["pages"] == 1


def test_private_addresses_are_refused(new_instance):
    with Site() as site:
        node, _ = run(new_instance(settings=()), url=site.url + "/item/1")
        assert node["status"] == "error" and node["error"]["code"] == "input" and "127.0.0.1" in node["error"]["message"]
        assert not site.asked


def test_bad_settings(instance):
    for data, words in [({}, "`urls`"), ({"url": "ftp://x/"}, "ftp://x/"), ({"url": "http://x/", "item": "li["}, "`item`"),
                        ({"url": "http://x/", "fields": {"a": "//h1["}}, "no valid XPath"), ({"url": "http://x/", "fields": {"a": {"select": "b", "css": "b"}}}, "\"css\""),
                        ({"url": "http://x/", "artifact": "../x"}, "`artifact`"), ({"url": "http://x/", "maxPages": "{{ 0 }}"}, "`maxPages`")]:
        node, _ = run(instance, **data)
        assert node["status"] == "error" and node["error"]["code"] == "input" and words in node["error"]["message"], node


def test_secrets_are_not_shown(instance):
    """A token in an address is sent, and shown nowhere."""
    instance.cli("secret", "set", "SHOP", "--stdin", input="tok-5ecret-77")
    with Site() as site:
        node, run_id = run(instance, url=site.url + "/item/1?key={{ $secrets.SHOP }}", fields={"page": "::url"})
        assert site.asked["/item/1?key=tok-5ecret-77"] == 1
    assert node["output"]["items"] == 1 and node["output"]["sample"] == [{"page": site.url + "/item/1?key=***"}]
    status, _, body = instance.http("GET", f"/api/runs/{run_id}/events?limit=1000")
    events = json.dumps(body)
    assert status == 200 and "scrape.progress" in events and "key=***" in events and "5ecret" not in events


def test_cancel_at_once(instance):
    """While requests hang."""
    gate = threading.Event()

    def hang(handler):
        gate.wait(30)
        return html("<p>late</p>")

    with Site({f"/hang/{n}": hang for n in range(4)}) as site, Ws(instance.url, "/ws/scraping/site") as ws:
        ws.recv()
        try:
            run_id = instance.inline(*chain(scrape(urls=[f"{site.url}/hang/{n}" for n in range(4)])))
            wait_until(lambda: site.at_once == 2, what="hanging requests")
            assert instance.http("POST", f"/api/runs/{run_id}/cancel")[0] == 202
            record = instance.wait(run_id, 5)
        finally:
            gate.set()
        assert record["status"] == "cancelled" and record["nodes"]["site"]["status"] == "cancelled"
        assert ws.until(lambda m: m["status"] == "error")
    status, _, body = instance.http("GET", f"/api/runs/{run_id}/artifacts")
    assert body["items"] == []


@pytest.mark.heavy
def test_20000_pages(instance):
    """20,000 pages from a sitemap."""
    with Site() as site:
        site.extra["/map.xml"] = (200, {}, urlset(site, *(f"/item/1?v={n}" for n in range(20000))))
        run_id = instance.inline(*chain(scrape(sitemap=site.url + "/map.xml", fields=FIELDS, perHost=8, maxPages=100000)))
        assert instance.wait(run_id, 300)["nodes"]["site"]["output"]["pages"] == 20000
