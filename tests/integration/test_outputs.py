"""The kinds that tell others: http_callback and email."""

import hashlib
import hmac
import json
import time

import pytest

from conftest import ALLOW, wait_until
from runs import TRIGGER, chain, shell
from smtp_server import SmtpServer
from test_runner import Runner, new_runner
from test_tools import one, serve, shared


# --- http_callback ---

def test_callback_is_signed(shared, serve):
    server = serve(lambda request: (202, {}, b"thanks"))
    node, run = one(shared, "http_callback", "output", url=server.url, body={"a": "{{ 1 + 1 }}", "é": "<"}, secret="s3cret", event="done",
                    headers={"X-Mine": "1", "X-Runspool-Delivery": "forged"})
    request, = server.requests
    assert node["status"] == "success" and node["output"]["status"] == 202 and node["output"]["body"] == "thanks"
    assert request.command == "POST" and request.headers["Content-Type"] == "application/json" and request.headers["X-Mine"] == "1"
    assert json.loads(request.body) == {"a": 2, "é": "<"} and request.headers["X-Runspool-Event"] == "done"
    assert request.headers.get_all("X-Runspool-Delivery") == [node["output"]["deliveryId"]]
    stamp = request.headers["X-Runspool-Timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    mac = hmac.new(b"s3cret", stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Runspool-Signature"] == "sha256=" + mac
    assert "s3cret" not in json.dumps(shared.events(run, "log"))


def test_callback_without_a_body_or_a_secret(shared, serve):
    server = serve(lambda request: (200, {}, b""))
    node, run = one(shared, "http_callback", "output", url=server.url)
    body = json.loads(server.requests[0].body)
    assert body["runId"] == run and body["deliveryId"] == node["output"]["deliveryId"] and body["event"] == "run.callback"
    assert "X-Runspool-Signature" not in server.requests[0].headers


def test_callback_is_tried_again(shared, serve):
    answers = iter([(503, {}, b"busy"), (429, {"Retry-After": "1"}, b""), (200, {}, b"ok")])
    server = serve(lambda request: next(answers))
    began = time.monotonic()
    node, run = one(shared, "http_callback", "output", url=server.url, pauseMs=10, secret="s")
    assert node["status"] == "success" and node["output"]["attempts"] == 3 and time.monotonic() - began >= 1
    assert len({request.headers["X-Runspool-Delivery"] for request in server.requests}) == 1
    assert sum("was not taken" in message for message in shared.messages(run)) == 2


@pytest.mark.parametrize("status,attempts", [(404, 1), (302, 1), (500, 3)])
def test_callback_that_is_not_taken(shared, serve, status, attempts):
    server = serve(lambda request: (status, {"Location": "/there"}, b"no"))
    node, _ = one(shared, "http_callback", "output", url=server.url, pauseMs=1, attempts=3)
    assert node["error"]["code"] == "exit" and f"attempt {attempts}: status {status}" in node["error"]["message"]
    assert len(server.requests) == attempts and node["output"]["status"] == status


def test_callback_connection_errors_are_tried_again(shared, serve):
    server = serve(lambda request: (200, {}, b""))
    server.close()
    node, _ = one(shared, "http_callback", "output", url=server.url, pauseMs=1, attempts=2)
    assert node["error"]["code"] == "exit" and "attempt 2" in node["error"]["message"] and node["output"]["attempts"] == 2


def test_callback_keeps_to_the_policy(new_runner, serve):
    server = serve(lambda request: (200, {}, b""))
    node, _ = one(new_runner(()), "http_callback", "output", url=server.url, pauseMs=1)
    assert node["error"]["code"] == "input" and "runner.http_private" in node["error"]["message"]
    assert node["output"]["attempts"] == 1 and not server.requests


def test_callback_is_cancelled_in_its_pause(shared, serve):
    server = serve(lambda request: (500, {}, b""))
    run = shared.new(*chain({"id": "it", "type": "output", "data": {"kind": "http_callback", "url": server.url, "pauseMs": 300000}}))
    wait_until(lambda: any("was not taken" in message for message in shared.messages(run)), what="the first attempt")
    shared.ctl("cancel", run)
    assert shared.wait(run)["status"] == "cancelled"


# --- email ---

@pytest.fixture
def smtp():
    it = SmtpServer()
    yield it
    it.close()


@pytest.fixture
def mailer(new_runner, smtp):
    return new_runner([*ALLOW, f"smtp.url={smtp.url}", "smtp.from=Rün <runspool@example.org>"])


def test_message(mailer, smtp):
    record = mailer.execute(*chain(
        {"id": "f", "type": "output", "data": {"kind": "file", "path": "out/räport.csv", "content": "a,b\n" * 3000}},
        {"id": "it", "type": "output", "data": {
            "kind": "email", "to": "a@example.org, \"Mustermann, Max\" <max@example.org>, Zoë <z@example.org>", "cc": "c@example.org",
            "bcc": "{{ [\"hidden@example.org\"] }}", "replyTo": "r@example.org", "subject": "Grüße " * 20, "text": "Hällo\n.\nend",
            "html": "<p>Hi</p>", "attachments": ["out/räport.csv"]}}))
    node = record["nodes"]["it"]
    assert node["status"] == "success", node
    (sender, recipients, message, raw), = smtp.messages
    everybody = ["a@example.org", "max@example.org", "z@example.org", "c@example.org", "hidden@example.org"]
    assert sender == "runspool@example.org" and recipients == everybody == node["output"]["recipients"]
    assert message["From"].addresses[0].display_name == "Rün" and message["To"].addresses[1].display_name == "Mustermann, Max"
    assert message["To"].addresses[2].display_name == "Zoë" and message["Subject"].strip() == ("Grüße " * 20).strip()
    assert raw.isascii() and b"hidden@example.org" not in raw and message["Reply-To"] == "r@example.org"
    assert message["Message-ID"] == node["output"]["messageId"] and message["Date"].datetime is not None
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n").rstrip("\n") == "Hällo\n.\nend"
    assert message.get_body(("html",)).get_content().strip() == "<p>Hi</p>"
    attachment, = message.iter_attachments()
    assert attachment.get_filename() == "räport.csv" and attachment.get_content() == b"a,b\n" * 3000
    assert max(map(len, raw.split(b"\r\n"))) <= 998


BAD = [{"to": "a@b.c\r\nBcc: x@y.z"}, {"subject": "hi\nBcc: x@y.z"}, {"cc": "Name\r\n <a@b.c>"}, {"to": "no address"}, {"to": "a@b.c> SIZE=1"},
       {"from": "a@b.c\r\nX: y"}, {"to": ""}, {"to": "a b@c.d"}, {"to": "\"a\\\" <x@y.z>"}, {"attachments": ["../work/x"]},
       {"attachments": ["missing"]}, {"replyTo": "x@y.z\0"}]


def test_headers_cannot_be_added(mailer, smtp):
    nodes = [{"id": f"n{i}", "type": "output", "data": {"kind": "email", "to": "a@example.org", "subject": "s", **bad, "continueOnError": True}}
             for i, bad in enumerate(BAD)]
    record = mailer.execute(*chain(*nodes))
    for i, bad in enumerate(BAD):
        node = record["nodes"][f"n{i}"]
        assert node["status"] == "error" and node["error"]["code"] == "input", (bad, node)
    assert not smtp.messages


def test_server_that_refuses(mailer, smtp):
    node, _ = one(mailer, "email", "output", to="nobody@example.org", subject="s", text="t")
    assert node["error"]["code"] == "exit" and "550" in node["error"]["message"], node
    smtp.close()
    node, _ = one(mailer, "email", "output", to="a@example.org", subject="s")
    assert node["error"]["code"] == "exit", node


def test_login(new_runner):
    smtp = SmtpServer(login=("me", "pass word"))
    settings = [f"smtp.url={smtp.url}", "smtp.from=runspool@example.org", "smtp.user=me", "smtp.tls=none"]
    node, _ = one(new_runner([*settings, "smtp.password=pass word"]), "email", "output", to="a@example.org", subject="s")
    assert node["status"] == "success" and smtp.logins == [("me", "pass word")]
    node, run = one(new_runner([*settings, "smtp.password=wrong-one"]), "email", "output", to="a@example.org", subject="s")
    assert node["error"]["code"] == "input" and "smtp.password" in node["error"]["message"] and "wrong-one" not in json.dumps(node)
    # A password does not go out in the clear, unless that was said.
    node, _ = one(new_runner([*settings[:-1], "smtp.password=pass word"]), "email", "output", to="a@example.org", subject="s")
    assert node["error"]["code"] == "exit" and "TLS" in node["error"]["message"] and len(smtp.messages) == 1
    smtp.close()


def test_message_is_cancelled(mailer, smtp):
    smtp.hang = True
    node, _ = one(mailer, "email", "output", to="a@example.org", subject="s", timeoutMs=300)
    assert node["error"]["code"] == "timeout"


def test_no_mail_server(shared):
    node, _ = one(shared, "email", "output", to="a@example.org", subject="s")
    assert node["error"]["code"] == "input" and "smtp.url" in node["error"]["message"]
