"""Server-Sent Events as gzip (RFC 1952): to whom, that each event can be read when it comes, that it changes no message, and that
what ends has its checksum. Every stream is unpacked by zlib as it comes (clients.Unpacked)."""

import base64
import json
import random
import socket
import subprocess
import threading

import pytest

from clients import WAIT, Sse, get, poll, url_parts, with_query
from runs import chain, result, shell

pytest_plugins = ["bridge_fixture"]


def follow(bridge, stream, since="start", encoding="gzip", **more):
    sse = Sse(bridge.url, with_query("/sse", stream=stream, since=since), encoding=encoding, **more)
    assert sse.status == 200 and sse.headers["Content-Encoding"] == ("gzip" if encoding == "gzip" else None)
    assert sse.next()[1]["op"] == "hello"
    return sse


def lines(n, salt=""):
    return [{"level": "info", "message": f"{salt} line {i} of {i * i}: " + "abc " * (i % 9), "nodeId": "check", "source": "stdout"}
            for i in range(n)]


def noise(n):
    """Text that does not become shorter."""
    return base64.b64encode(random.Random(n).randbytes(n * 3 // 4)).decode()


@pytest.mark.parametrize("asked, gets", [
    ([], False),
    (["gzip, deflate, br, zstd"], True),  # Chromium, Firefox, undici
    (["deflate, gzip"], True),            # curl --compressed
    (["br", "GZIP;q=0.5"], True),
    (["*"], True),
    (["gzip;q=0"], False),
    (["gzip;q=0, *"], False),
    (["identity"], False),
    (["identity, gzip;q=0.5"], False),
    (["br, zstd"], False),
    (["gzip;q=much"], False),
    (["gzip," * 100], True),
])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_who_gets_it(bridge, name, emit, asked, gets, version):
    with socket.create_connection(url_parts(bridge.url)[:2], timeout=WAIT) as s:
        head = "".join(f"Accept-Encoding: {line}\r\n" for line in asked)
        s.sendall(f"GET {with_query('/sse', stream=f'run:{name}')} HTTP/{version}\r\nHost: localhost\r\n{head}\r\n".encode())
        file = s.makefile("rb")
        assert file.readline().split()[1] == b"200"
        headers = [line.strip().lower().decode() for line in iter(file.readline, b"\r\n")]
        assert ("content-encoding: gzip" in headers) == gets
        assert "vary: accept-encoding" in headers
        if version == "1.1":
            file.readline()
        assert (file.read(2) == b"\x1f\x8b") == gets
        file.close()


def test_may_be_switched_off(own_bridge):
    bridge = own_bridge("bridge.compression=no")
    with Sse(bridge.url, "/sse?stream=run:x", encoding="gzip") as sse:
        assert sse.headers["Content-Encoding"] is None and sse.headers["Vary"] is None
        assert sse.next()[1]["op"] == "hello"


def test_an_error_is_not_compressed(bridge):
    status, headers, body = get(bridge.url, "/sse?stream=no+stream", headers={"Accept-Encoding": "gzip"})
    assert status == 400 and headers["Content-Encoding"] is None and json.loads(body)["status"] == 400


def test_each_event_can_be_read_when_it_comes(own_bridge, name):
    """Nothing follows it; heartbeats come in between."""
    bridge = own_bridge("bridge.heartbeat=300ms")
    emitter = bridge.emitter()
    with follow(bridge, f"run:{name}") as sse, follow(bridge, f"run:{name}") as other, follow(bridge, f"run:{name}", encoding=None) as plain:
        for n in range(3):
            for m in range(4):
                emitter.emit(f"run:{name}", "log", {"level": "info", "message": f"{n}.{m}"})
                for one in (sse, other, plain):
                    assert one.next()[1]["data"]["message"] == f"{n}.{m}"
            while not sse.answer.readline().startswith(b":"):
                pass
            assert sse.answer.readline() == b"\n"


def test_the_same_messages_for_all(bridge, emit, name):
    """Some come at the start, some in the middle, compressed or not; what they are given is compressed once for all."""
    stream, datas = f"run:{name}", lines(300)
    clients = []
    try:
        for part in range(0, 300, 30):
            clients += [follow(bridge, stream), follow(bridge, stream, encoding=None)]
            for i in range(part, part + 30, 6):
                emit(stream, "log", *datas[i:i + 6])
        for sse in clients:
            assert [sse.next()[1]["data"] for _ in datas] == datas
        assert all(sse.answer.n_bytes < sse.answer.n_text / 3 for sse in clients[::2])
    finally:
        for sse in clients:
            sse.close()


def test_newcomers_while_events_come(bridge, emit, name):
    """They go over from the log to the live events at any point, also within what is given in one piece; some have seen nothing, some
    come back by a cursor."""
    stream, n = f"run:{name}", 900
    datas = lines(n, "busy")
    emit(stream, "log", *datas[:7])
    third = poll(bridge.url, "/poll", stream=stream, since="start")["events"][2]["id"]
    go = threading.Thread(target=lambda: [emit(stream, "log", *datas[i:min(i + 7, n - 1)]) for i in range(7, n - 1, 7)])
    clients = [follow(bridge, stream)]
    go.start()
    try:
        for i in range(25):
            clients.append(follow(bridge, stream, since="now") if i % 3 == 0 else
                           follow(bridge, stream, last_event_id=third if i % 3 == 2 else None, encoding=None if i % 5 == 4 else "gzip"))
        go.join()
        emit(stream, "log", datas[-1]) # for those, too, who came when all others had been given
        for i, sse in enumerate(clients):
            taken = [sse.next()[1]["data"]]
            while taken[-1] != datas[-1]:
                taken.append(sse.next()[1]["data"])
            assert taken == datas[-len(taken):]
            if i > 0 and i % 3 != 1:
                assert len(taken) == (n if i % 3 == 2 else n - 3)
    finally:
        go.join()
        for sse in clients:
            sse.close()


@pytest.mark.parametrize("settings", [("limits.subscriber_bytes=64k",), ("limits.subscriber_age=100ms",), ("limits.queued_bytes=1M", "limits.subscriber_bytes=1G")],
                         ids=["bytes", "age", "memory"])
def test_one_that_lags_is_given_the_rest_from_the_log(own_bridge, name, settings, request):
    """And at the end the checksum is that of what it got; one that reads shares the compressor meanwhile."""
    bridge = own_bridge(*settings)
    emitter, stream, reason = bridge.emitter(), f"run:{name}", request.node.callspec.id
    with follow(bridge, stream, small=True) as slow, follow(bridge, stream) as quick:
        n = 0
        while f'put_back_total{{reason="{reason}"}} 0'.encode() in get(bridge.url, "/metrics")[2]:
            emitter.emit(stream, "log", *[{"i": i, "x": noise(3000 + i)} for i in range(n, n + 50)])
            assert [quick.next()[1]["data"]["i"] for _ in range(50)] == list(range(n, n + 50))
            n += 50
            assert n < 20000
        assert [slow.next()[1]["data"]["i"] for _ in range(n)] == list(range(n))
        for i in range(n, n + 40):  # and is live again, with the other
            emitter.emit(stream, "log", {"i": i, "x": "y" * 100})
            assert slow.next()[1]["data"]["i"] == quick.next()[1]["data"]["i"] == i
        assert bridge.stop() == 0
        for sse in (slow, quick):
            assert sse.until(lambda message: False)[-1]["op"] == "bye"


def test_coming_back_by_the_cursor(bridge, emit, name):
    stream, datas = f"run:{name}", lines(100)
    emit(stream, "log", *datas)
    last, taken = None, []
    while len(taken) < 100:
        with follow(bridge, stream, last_event_id=last) as sse:
            for _ in range(min(13, 100 - len(taken))):
                last, message = sse.next()
                taken.append(message["data"])
    assert taken == datas


def test_large_and_small_ones(bridge, emit, name):
    """More than a stored piece holds, and more than is compressed for one client alone."""
    stream, sizes = f"run:{name}", [1, 70000, 300000, 5, 300000, 66000, 0]
    datas = [{"level": "info", "message": noise(n)} for n in sizes]
    with follow(bridge, stream) as live:
        emit(stream, "log", *datas)
        with follow(bridge, stream) as replayed:
            for sse in (live, replayed):
                assert [sse.next()[1]["data"] for _ in datas] == datas


def test_a_stream_that_ends_with_its_run(instance):
    """Every dialect, by its path, through a web server: the same as without, and an end where there is one."""
    run = instance.inline(*chain(shell("say", "i=0; while [ $i -lt 301 ]; do echo Line $i of what the tool has to say about $((i * i)); i=$((i + 1)); done"),
                                 result()), workflow="zipped")
    with Sse(instance.url, f"/sse/runs/{run}", encoding="gzip") as live:
        assert live.headers["Content-Encoding"] == "gzip"
        seen = live.until(lambda message: False)
        assert seen[-1]["type"] == "done"
    for path in (f"/sse/workflows/{run}", f"/sse/workflows/{run}/logs?since=start", f"/sse?stream=run:{run}&since=start"):
        taken = []
        for encoding in (None, "gzip"):
            with Sse(instance.url, path, encoding=encoding) as sse:
                assert sse.headers["Content-Encoding"] == encoding
                taken.append(sse.until(lambda message: False))
        assert taken[0] == taken[1] and len(taken[0]) >= 1, path
    for path in ("/sse/workflow-history", "/sse/system-status", "/sse/workflow/zipped?since=start"):
        with Sse(instance.url, path, encoding="gzip") as sse:
            assert sse.headers["Content-Encoding"] == "gzip" and sse.next()[1]["op"] == "hello"
            assert sse.next()[0] is not None


def test_curl_unpacks_it_as_it_comes(bridge, emit, name):
    url = bridge.url + with_query("/sse", stream=f"run:{name}", since="start")
    curl = subprocess.Popen(["curl", "-sSN", "--compressed", url], stdout=subprocess.PIPE, text=True)
    try:
        assert '"hello"' in curl.stdout.readline()
        for n in range(3):
            emit(f"run:{name}", "log", {"level": "info", "message": f"line {n}"})
            while not (line := curl.stdout.readline()).startswith("data:"):
                assert line, "the stream has ended"
            assert json.loads(line[5:])["data"]["message"] == f"line {n}"
    finally:
        curl.kill()
        curl.wait()
        curl.stdout.close()
