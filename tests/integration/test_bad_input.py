"""The table "Bad input" of docs/PROTOCOL.md: each row is tried where it says, and must be answered as it says."""

import json
import re
import urllib.parse

import pytest
import websockets

from clients import UPGRADE, Ws, get, poll, refused
from conftest import SOURCE

HTTP_DOORS = ("/sse", "/poll", "/api/poll")
RUN_PATHS = ("/workflows/{}", "/workflows/{}/logs", "/runs/{}", "/api/workflow/stream?runId={}")
ID_PATHS = (*RUN_PATHS, "/scraping/{}", "/workflow/{}", "/graph/{}", "/adw-state/{}")
LISTEN_ONLY = ("/workflows/{run}", "/workflows/{run}/logs", "/scraping/x", "/workflow/x", "/mission", "/graph", "/graph/x",
               "/workflows", "/routes", "/workflow-history", "/adw-state/x", "/adw-monitor", "/queue", "/system-status", "/webhook-status")
SOCKETS = ("/ws", "/api/workflow/stream", *("/ws" + path for path in LISTEN_ONLY))
RUBBISH = ("", "x", "{", "null", "1", "[]", '"op"', "[" * 1000, "\x00")


def table():
    text = (SOURCE / "docs" / "PROTOCOL.md").read_text()
    section = text.split("\n### Bad input\n")[1].split("\n## ")[0].split("\n### ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", section, re.M)
    return [row for row in rows if not row[0].startswith(("---", "sent"))]


@pytest.fixture(scope="module")
def run(instance):
    run = instance.inline(
        [{"id": "start", "type": "trigger", "data": {"kind": "manual"}}, {"id": "done", "type": "output", "data": {"kind": "result", "value": 1}}],
        [{"id": "e", "source": "start", "target": "done"}])
    instance.wait(run)
    return run


# Ways to try: each gives the answers in the words of the table, with where they came from.

def sockets(it, run):
    for path in SOCKETS:
        yield path, path.format(run=run)


def closes(send):
    def way(it, run):
        for name, path in sockets(it, run):
            with Ws(it.url, path) as ws:
                send(ws)
                yield name, f"close {ws.close_code()}"
    return way


def raw_frame(head, payload=b""):
    """Bytes that no client library would send, masked by zero unless the head says otherwise."""
    def send(ws):
        ws.ws.transport.write(head + payload)
    return closes(send)


def fragments(ws):
    ws.send_fragments(*["y" * 1024] * 64, "z")


def answers_on(path, texts, told):
    """Each text is answered by what told() makes of the answer, and the connection lives."""
    def way(it, run):
        with Ws(it.url, path.format(run=run)) as ws:
            if path == "/ws":
                ws.recv()
            for text in texts:
                ws.send(text)
                yield text[:30], told(ws.recv())
    return way


def error_of_native(message):
    return f"`error` `{message['code']}`" if message["op"] == "error" else str(message)


def error_of_assistant(message):
    return f"`error` `{message['data']['code']}`" if message["event"] == "error" else str(message)


def ignored(it, run):
    for path in LISTEN_ONLY:
        with Ws(it.url, "/ws" + path.format(run=run) + "?since=now") as ws:
            for text in (*RUBBISH, '{"op":"subscribe","streams":["runs"]}', "x" * 65536):
                ws.send(text)
            ws.send("ping")
            answer = ws.recv()
            while answer.get("type") == "signal" or answer.get("type", "").endswith("_update"):
                answer = ws.recv()
            yield path, "ignored" if answer == {"type": "pong"} else str(answer)


def subscribes(it, run):
    """10,000 in frames of 100, then that the first 1,000 hold."""
    with Ws(it.url, "/ws") as ws:
        ws.recv()
        answers = [ws.ask({"op": "subscribe", "streams": [f"tool:bad-{n * 100 + i}" for i in range(100)]}) for n in range(100)]
        assert [a["op"] for a in answers[:10]] == ["subscribed"] * 10
        yield from ((f"frame {n}", error_of_native(a)) for n, a in enumerate(answers[10:]))
        for n in (0, 999):
            status, _, _ = it.http("POST", "/api/events", {"stream": f"tool:bad-{n}", "type": "log", "data": {"level": "info", "message": "held"}})
            assert status == 202 and ws.recv()["stream"] == f"tool:bad-{n}"


def http_status(doors, paths):
    def way(it, run):
        for door in doors:
            for path in paths:
                yield door + path[:60], str(get(it.url, door + path.replace("RUN", run))[0])
    return way


def bad_ids(ids, paths=ID_PATHS):
    """Of every door: the status of a request or of a handshake."""
    def way(it, run):
        for path in paths:
            for bad in ids:
                whole = path.format(bad)
                yield "/ws" + whole[:60], str(refused(it.url, "/ws" + whole))
                for door in HTTP_DOORS:
                    yield door + whole[:60], str(get(it.url, door + whole)[0])
    return way


def refused_handshakes(path):
    return lambda it, run: [(path, str(refused(it.url, path.format(run=run))))]


def cursors(it, run):
    yield from http_status(HTTP_DOORS, CURSORS)(it, run)
    for query in CURSORS:
        yield "/ws" + query, str(refused(it.url, f"/ws/workflows/{run}{query}"))


def methods(it, run):
    for door in HTTP_DOORS:
        for method in ("POST", "PUT", "DELETE"):
            status, headers, _ = get(it.url, f"{door}/workflows/{run}", method=method)
            yield f"{method} {door}", f"{status}" if "GET" in headers.get("Allow", "") else f"{status} without Allow"


def upgrades(changes):
    def way(it, run):
        headers = {k: v for k, v in {**UPGRADE, **changes}.items() if v is not None}
        for path in ("/ws", f"/ws/workflows/{run}"):
            yield path, str(get(it.url, path, headers=headers)[0])
    return way


def bodies(body, kind="application/json"):
    def way(it, run):
        for method, path in (("POST", "/api/workflows"), ("PUT", "/api/sessions/x/tools"), ("POST", "/api/events"), ("POST", "/api/queue"),
                             ("PUT", "/api/adws/x"), ("POST", "/api/workflow/actions")):
            yield path, str(it.http(method, path, body, {"Content-Type": kind})[0])
    return way


def gaps(it, run):
    cursor = "9" * 15
    with Ws(it.url, "/ws/scraping/x?since=" + cursor) as ws:
        yield "ws", f"`{ws.recv()['type']}`"
    for door in ("/poll", "/api/poll"):
        yield door, f"`{poll(it.url, door + '/scraping/x', since=cursor)['events'][0]['type']}`"
        yield door, f"`{poll(it.url, door, stream='runs', since=cursor)['events'][0]['op']}`"


def sse_beyond(it, run):
    yield "/sse", str(get(it.url, f"/sse/workflows/{run}?since=" + "9" * 15)[0])


CURSORS = [f"?stream=runs&since={urllib.parse.quote(c)}" for c in ("", "x", "-1", "1.", "1e3", "9" * 30, "\U0001f600")]
STREAMS = [f"?stream={urllib.parse.quote(s)}" for s in ("", "nope", "run:", "run:../x", "*", "run:\U0001f600", "run:" + "x" * 129, "runs:x")] + ["", "?stream=run:%00"]
IDS = {"`../`": ("..%2Fx", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f"), "NUL": ("%00", "a%00b"), "emoji": ("%F0%9F%98%80",),
       "longer": ("x" * 129, "x" * 2000), "not UTF-8": ("%ff%fe",), "space": ("a%20b", "a%2Fb", "%27%22%3Cb%3E", "a%0d%0aX:%20y")}
WAYS = {
    "a text message over 64 KiB": closes(lambda ws: ws.send("x" * 65537)),
    "the same in fragments": closes(fragments),
    "a binary frame": closes(lambda ws: ws.send(b"x")),
    "text that is not UTF-8": closes(lambda ws: ws.send_raw_text(b"\xed\xa0\x80")),
    "a reserved opcode or bit": raw_frame(b"\x83\x80\0\0\0\0"),
    "no JSON, or no object": {"`/ws`": answers_on("/ws", RUBBISH, error_of_native),
                              "`/api/workflow/stream`": answers_on("/api/workflow/stream", RUBBISH, error_of_assistant),
                              "listen-only sockets": ignored},
    "an unknown `op`, or none": answers_on("/ws", ("{}", '{"op":1}', '{"op":"nonsense"}'), error_of_native),
    "an unknown `action`, or none": {
        "`/api/workflow/stream`": answers_on("/api/workflow/stream", ("{}", '{"action":1}', '{"action":"nonsense"}'), error_of_assistant),
        "`POST /api/workflow/actions`": lambda it, run: [(b, str(it.http("POST", "/api/workflow/actions", b)[0])) for b in ({}, {"action": 1}, {"action": "x"})]},
    "a stream that is none, or no stream": {
        "`/ws`": answers_on("/ws", [json.dumps({"op": "subscribe", "streams": s}) for s in ([], None, "runs", [1], ["nope"], ["run:../x"], ["run:\x00"], ["run:\U0001f600"])], error_of_native),
        "`/sse`, `/poll`, `/api/poll`": http_status(HTTP_DOORS, STREAMS)},
    "a malformed `since`": {
        "`/ws`": answers_on("/ws", [json.dumps({"op": "subscribe", "streams": ["runs"], "since": s}) for s in ("", "x", "-1", 5, [], "9" * 30)], error_of_native),
        "every other door": cursors},
    "a `batch` or `format` that is none": answers_on("/ws", [json.dumps({"op": "subscribe", "streams": ["runs"], name: value}) for name, values in
                                                             (("batch", (1, "true", [], {})), ("format", (1, True, "", "cbor", "JSON"))) for value in values], error_of_native),
    "a malformed `wait`": http_status(("/poll", "/api/poll"), [f"?stream=runs&wait={w}" for w in ("", "x", "-1", "1.5", "1e9")]),
    "a cursor beyond the log's end": {"every door": gaps, "`/sse` of an ended run": sse_beyond},
    "10,000 streams on one socket": subscribes,
    "the id of no run": bad_ids(("r_nobody",), RUN_PATHS),
    "an id with `../`": bad_ids(IDS["`../`"]),
    "an id with NUL (`%00`)": bad_ids(IDS["NUL"]),
    "an id with an emoji": bad_ids(IDS["emoji"]),
    "an id of more than 128 characters": bad_ids(IDS["longer"]),
    "an id that is not UTF-8": bad_ids(IDS["not UTF-8"]),
    "an id with blanks, slashes, quotes or line ends": bad_ids(IDS["space"]),
    "a path that is none": lambda it, run: [*http_status(HTTP_DOORS, ("/nonsense", "/workflows/RUN/more"))(it, run),
                                            ("/ws", str(refused(it.url, "/ws/nonsense")))],
    "another method than GET": methods,
    "a plain GET": lambda it, run: [(path, str(get(it.url, path.format(run=run))[0])) for path in SOCKETS],
    "an upgrade": lambda it, run: [(path, str(get(it.url, path, headers=UPGRADE)[0])) for path in (f"/sse/workflows/{run}", f"/poll/workflows/{run}", "/sse?stream=runs", "/poll?stream=runs")],
    "a handshake of another version": upgrades({"Sec-WebSocket-Version": "12"}),
    "a body over 1 MiB": bodies(b'{"a":"' + b"x" * 1048576 + b'"}'),
    "JSON deeper than 64, or bad JSON": lambda it, run: [answer for body in (b"[" * 65 + b"]" * 65, b"[" * 100000, b"{", b"x", b'{"a":"\xff"}', b"{} {}")
                                                          for answer in bodies(body)(it, run)],
    "another content type than JSON": bodies(b"{}", "text/plain"),
}


@pytest.mark.parametrize("sent, to, answer", table())
def test_row(instance, run, sent, to, answer):
    way = WAYS[sent][to] if isinstance(WAYS[sent], dict) else WAYS[sent]
    got = list(way(instance, run))
    allowed = answer.split(" or ")
    wrong = [f"{what}: {told}" for what, told in got if told not in allowed]
    assert got and not wrong, "\n".join(wrong)


def test_every_way_has_its_row():
    rows = [(sent, to) for sent, to, _ in table()]
    assert len(set(rows)) == len(rows)
    for sent, way in WAYS.items():
        assert [to for s, to in rows if s == sent] == (list(way) if isinstance(way, dict) else [to for s, to in rows if s == sent][:1]), sent
        assert any(s == sent for s, _ in rows), sent
