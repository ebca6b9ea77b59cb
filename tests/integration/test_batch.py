"""Several messages in one frame, and MessagePack, on the native socket: the same events by every form."""

import json
import re
import subprocess
import sys
import threading

import msgpack
import pytest

from clients import WAIT, Sse, Ws, get, number, with_query
from conftest import SOURCE, wait_until

pytest_plugins = ["bridge_fixture"]

FORMS = {"plain": {}, "batch": {"batch": True}, "msgpack": {"format": "msgpack"},
         "both": {"batch": True, "format": "msgpack"}}
BATCH_MAX = 65535
VALUES = [{}, {"text": "é\u0000\U0001f600 \"'\\/\n\r", "": 0}, {"n": [0, -1, 127, 128, 255, 256, 65535, 65536, -32769, 2**31, 2**32, -2**63, 2**63 - 1]},
          {"f": [0.5, -1.25e-7, 1e300, 0.1, 1.0]}, {"deep": [[[[{"a": [None, True, False]}]]]]},
          {"long": "x" * 300}, {"longer": "y" * 70000}, {"list": list(range(300))}, {"map": {f"k{i}": i for i in range(300)}}]


class Form(Ws):
    """A native client that takes messages in any form; frames holds what each frame was: ("text" or "binary", messages)."""

    def __init__(self, base, form="plain", subprotocols=None, path="/ws", **more):
        super().__init__(base, path, subprotocols=subprotocols, **more)
        self.form, self.frames, self.pending = form, [], []
        self.hello = self.recv()

    def recv(self, timeout=WAIT):
        if not self.pending:
            raw = self._wait(self.ws.recv(), timeout)
            binary = isinstance(raw, bytes)
            value = msgpack.unpackb(raw) if binary else json.loads(raw)
            assert value, "an empty array"
            self.pending = value if isinstance(value, list) else [value]
            assert not isinstance(value, list) or len(value) > 1, "an array of one"
            assert not isinstance(value, list) or len(raw if binary else raw.encode()) <= BATCH_MAX
            self.frames.append(("binary" if binary else "text", list(self.pending)))
        return self.pending.pop(0)

    def follow(self, *streams, since=None, **more):
        """Subscribe in its form; the answer."""
        answer = self.ask({"op": "subscribe", "streams": list(streams), **FORMS[self.form], **({} if since is None else {"since": since}), **more})
        assert answer["op"] == "subscribed", answer
        return answer

    def take(self, n):
        taken = [self.recv() for _ in range(n)]
        assert all("op" not in m for m in taken), taken
        return taken

    def arrays(self):
        return [messages for _, messages in self.frames if len(messages) > 1]


@pytest.fixture(params=["deflate", None], ids=["compressed", "bare"])
def open_form(bridge, request):
    """open_form(form): clients of one test, with permessage-deflate and without."""
    made = []

    def make(form="plain", **more):
        made.append(Form(bridge.url, form, compression=request.param, **more))
        return made[-1]

    yield make
    for it in made:
        it.close()


@pytest.mark.parametrize("form", FORMS)
def test_every_event_is_the_same_in_every_form(open_form, bridge, emit, name, form):
    stream = f"run:{name}"
    live, plain = open_form(form), open_form()
    live.follow(stream)
    plain.follow(stream)
    emit(stream, "log", *VALUES)
    emit(stream, "node.finished", {"nodeId": "n"})
    events = plain.take(len(VALUES) + 1)
    assert [e["data"] for e in events] == [*VALUES, {"nodeId": "n"}]
    assert live.take(len(events)) == events
    replayed = open_form(form)
    replayed.follow(stream, since="start")
    assert replayed.take(len(events)) == events
    with Sse(bridge.url, with_query("/sse", stream=stream, since="start")) as sse:
        assert sse.until(lambda m: m["type"] == "node.finished") == events
    kinds = {kind for kind, messages in replayed.frames[1:]}
    assert kinds == {"binary" if "format" in FORMS[form] else "text"}
    assert bool(replayed.arrays()) == ("batch" in FORMS[form])


@pytest.mark.parametrize("form", ["batch", "both"])
def test_arrays_keep_to_their_bound(open_form, emit, name, form):
    stream = f"run:{name}"
    emit(stream, "log", *[{"i": i, "x": "x" * 1000} for i in range(150)], {"big": "x" * 100000}, {"i": 1}, {"i": 2})
    it = open_form(form)
    it.follow(stream, since="start")
    events = it.take(153)
    assert [e["seq"] for e in events] == list(range(1, 154))
    sizes = [len(messages) for _, messages in it.frames[2:]]
    assert sizes[-2:] == [1, 2] and max(sizes) > 50 and sum(sizes) == 153, sizes  # recv asserts the bytes


@pytest.mark.parametrize("form", ["batch", "both"])
def test_each_id_within_an_array_is_a_cursor(bridge, open_form, emit, name, form):
    stream = f"run:{name}"
    emit(stream, "log", *[{"i": i} for i in range(30)])
    it = open_form(form)
    it.follow(stream, since="start")
    events = it.take(30)
    assert len(it.arrays()) == 1
    for cut in (0, 1, 14, 28, 29):
        again = open_form(form)
        again.follow(stream, since=events[cut]["id"])
        assert again.take(29 - cut) == events[cut + 1:]
        again.send({"op": "ping"})
        assert again.recv() == {"op": "pong"}
        again.close()


@pytest.mark.parametrize("form", ["batch", "both"])
def test_who_joins_in_a_flood_misses_nothing_and_gets_nothing_twice(bridge, open_form, name, form):
    """Blocks are shared by who was there before and who stands within them."""
    stream, over = f"run:{name}", threading.Event()

    def flood():
        emitter, n = bridge.emitter(), 0
        while not over.is_set() and n < 100000:
            emitter.emit(stream, "log", *[{"i": n + i} for i in range(100)])
            n += 100
        emitter.emit(stream, "node.finished", {"n": n})
        emitter.close()

    thread = threading.Thread(target=flood)
    steady = open_form(form)
    steady.follow(stream)
    thread.start()
    try:
        seen, joined = steady.take(1), []
        for _ in range(12):
            joined.append(open_form(form))
            joined[-1].follow(stream, since=seen[-1]["id"])
            joined[-1].first = seen[-1]["seq"] + 1
            seen += steady.take(40)
    finally:
        over.set()
        thread.join()
    end = seen + steady.until(lambda m: m.get("type") == "node.finished", timeout=60)
    assert [e["seq"] for e in end] == list(range(1, len(end) + 1))
    for it in joined:
        taken = it.until(lambda m: m.get("type") == "node.finished", timeout=60)
        assert [e["seq"] for e in taken] == list(range(it.first, len(end) + 1))
        assert taken == end[it.first - 1:]
    assert steady.arrays()


def test_the_form_is_told_and_can_change(open_form, emit, name):
    stream = f"run:{name}"
    emit(stream, "log", {"i": 1}, {"i": 2})
    it = open_form()
    answer = it.follow("tool:" + name, batch=True)
    assert answer["batch"] is True and "format" not in answer
    answer = it.follow(stream, since="start")
    assert "batch" not in answer and "format" not in answer
    it.take(2)
    assert it.frames[-1][0] == "text" and len(it.frames[-1][1]) == 2
    assert it.follow(stream, format="msgpack")["format"] == "msgpack" and it.frames[-1][0] == "binary"
    it.follow(stream, since="start")
    it.take(2)
    assert it.frames[-1][0] == "binary" and len(it.frames[-1][1]) == 2
    answer = it.follow(stream, batch=False, format="json")
    assert (answer["batch"], answer["format"], it.frames[-1][0]) == (False, "json", "text")
    emit(stream, "log", {"i": 3}, {"i": 4})
    assert [e["data"]["i"] for e in it.take(2)] == [3, 4]
    assert [len(messages) for _, messages in it.frames[-2:]] == [1, 1] and it.frames[-1][0] == "text"


def test_the_form_changes_in_its_turn(open_form, emit, name):
    """A wish behind a subscribe that replays is granted when that is over: what is replayed is in the form before it."""
    stream = f"run:{name}"
    emit(stream, "log", *[{"i": i} for i in range(600)])
    it = open_form()
    it.send({"op": "subscribe", "streams": [stream], "since": "start"})
    it.send({"op": "subscribe", "streams": ["tool:" + name], "batch": True, "format": "msgpack"})
    answer = it.until(lambda m: m.get("streams") == ["tool:" + name])
    assert [m["data"]["i"] for m in answer[1:-1]] == list(range(600))
    assert all(kind == "text" and len(messages) == 1 for kind, messages in it.frames[:-1])
    assert it.frames[-1][0] == "binary" and answer[-1]["batch"] is True


@pytest.mark.parametrize("offered, selected", [
    (["runspool.v1.msgpack"], "runspool.v1.msgpack"),
    (["runspool.v1.msgpack", "runspool.v1"], "runspool.v1.msgpack"),
    (["runspool.v1.msgpack", "token", "x.y.z"], "runspool.v1.msgpack"),
])
def test_the_subprotocol_speaks_messagepack_from_the_first_frame(open_form, emit, name, offered, selected):
    it = open_form(subprotocols=offered)
    assert it.subprotocol == selected
    assert it.frames[0][0] == "binary" and it.hello["protocol"] == "runspool.v1"
    it.send(msgpack.packb({"op": "subscribe", "streams": [f"run:{name}"], "batch": True}))
    answer = it.recv()
    assert answer["op"] == "subscribed" and answer["batch"] is True
    emit(f"run:{name}", "log", {"a": [1, None]})
    assert it.recv()["data"] == {"a": [1, None]}
    assert it.ask({"op": "ping"}) == {"op": "pong"}  # JSON is understood as well
    assert {kind for kind, _ in it.frames} == {"binary"}


def test_a_format_that_is_none(bridge, open_form):
    it = open_form()
    for wrong in ({"format": "cbor"}, {"format": 1}, {"batch": "yes"}, {"batch": 1}):
        answer = it.ask({"op": "subscribe", "streams": ["runs"], **wrong, "ref": "r"})
        assert (answer["op"], answer["code"], answer["ref"]) == ("error", "invalid", "r"), answer
        assert next(iter(wrong)) in answer["message"]
    assert it.ask({"op": "ping"}) == {"op": "pong"}
    other = open_form(subprotocols=["runspool.v1.cbor"])
    assert other.subprotocol is None and other.frames[0][0] == "text"
    with Ws(bridge.url, "/ws/scraping/x?since=now", subprotocols=["runspool.v1.msgpack", "runspool.v1"]) as dialect:
        assert dialect.subprotocol == "runspool.v1"
        dialect.send(msgpack.packb({"type": "ping"}))
        assert dialect.close_code() == 1003


def test_messagepack_that_is_none_is_answered(open_form):
    it = open_form("msgpack", subprotocols=["runspool.v1.msgpack"])
    good = msgpack.packb({"op": "ping"})
    for rubbish in (b"", b"\xc1", good[:-1], good + b"\x00", b"\x91" * 100, b"\xdf\xff\xff\xff\xff", msgpack.packb([1]),
                    msgpack.packb({"op": b"ping"}), msgpack.packb({1: 2}), msgpack.packb({"op": "ping", "x": float("nan")}), b"\xa2\xc3\x28"):
        it.send(rubbish)
        answer = it.recv()
        assert (answer["op"], answer["code"]) == ("error", "invalid"), (rubbish, answer)
    it.send(good)
    assert it.recv() == {"op": "pong"}
    it.send(b"\x00" * 70000)
    assert it.close_code() == 1009


def test_binary_without_messagepack_is_1003(open_form):
    it = open_form("batch")
    it.follow("runs")
    it.send(msgpack.packb({"op": "ping"}))
    assert it.close_code() == 1003


@pytest.mark.parametrize("form", ["batch", "both"])
def test_a_slow_reader_is_given_the_rest_from_the_log(own_bridge, name, form):
    bridge = own_bridge("limits.subscriber_bytes=64k")
    stream, emitter = f"run:{name}", bridge.emitter()
    n = 0
    with Form(bridge.url, form) as slow:
        slow.follow(stream)
        while b'put_back_total{reason="bytes"} 0' in get(bridge.url, "/metrics")[2]:
            emitter.emit(stream, "log", *[{"i": n + i, "x": "x" * 1000} for i in range(100)])
            n += 100
            assert n < 50000
        emitter.emit(stream, "node.finished")
        taken = slow.until(lambda m: m.get("type") == "node.finished")
    assert [e["seq"] for e in taken] == list(range(1, n + 2))


def test_the_example_of_the_documentation_runs(bridge, emit, name):
    text = (SOURCE / "docs" / "PROTOCOL.md").read_text()
    (program,) = [block for block in re.findall(r"^```python\n(.*?)^```", text, re.S | re.M) if "msgpack" in block]
    emit(f"run:{name}", "log", {"message": "hello"})
    emit(f"run:{name}", "run.finished")
    program = program.replace("ws://127.0.0.1:8080", "ws" + bridge.url.removeprefix("http")).replace("run:r_8f3k", f"run:{name}")
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert [json.loads(line).get("type") for line in lines] == [None, None, "log", "run.finished"]


def test_goodbye_in_messagepack(own_bridge):
    bridge = own_bridge()
    with Form(bridge.url, subprotocols=["runspool.v1.msgpack"]) as it:
        bridge.process.terminate()
        assert it.recv()["code"] == "restart"
        assert it.close_code() == 1001
        assert wait_until(lambda: bridge.process.poll() is not None)
