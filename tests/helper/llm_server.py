#!/usr/bin/env python3
"""A small OpenAI-compatible endpoint that does what a test tells it: GET /v1/models and POST /v1/chat/completions,
streamed and not, with tool calls, JSON output, usage, and errors on demand.

What it answers, in this order: the next reply of its script (LlmServer.script, or POST /control/script of a JSON array);
a reply in the request itself, when the last user message is `!reply {...}`; else the last user message, echoed. A reply:

  text            what is said, in `chunks` pieces (default 3); also as the answer to a JSON schema
  reasoning       said before it, as delta.reasoning_content
  tool_calls      [{"name", "arguments": object or text, "id"?}]; the arguments come in two pieces
  usage           {"prompt_tokens", "completion_tokens"}; False: none is told
  status, error, headers   an error answer: {"status": 429, "headers": {"Retry-After": "1"}}
  finish          finish_reason (default stop, tool_calls with tool calls)
  cut             close the connection after so many chunks
  malformed       after so many chunks one is no JSON
  raw             send these bytes as the stream
  hold            after so many chunks wait for LlmServer.release(), or for the client to go away
  pause           seconds between two chunks
  stream          False: one JSON document, although a stream was asked for

A model that is not in `models` is a 404; with `key` set, a request without it is a 401 that repeats what was sent."""

import argparse
import http.server
import json
import select
import socket
import threading
import time


class LlmServer:
    """Listens on a loopback port of its own: `url` is the base address (with /v1)."""

    def __init__(self, models=("test-model", "other-model"), key=None, port=0):
        self.models, self.key = list(models), key
        self.requests = []  # of /v1/chat/completions: {"body", "headers", "closed"}
        self.model_lists = 0  # how often /v1/models was asked
        self._script, self._lock = [], threading.Condition()
        self._released = 0
        server = self

        class Handler(_Handler):
            owner = server

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.httpd.daemon_threads = True
        self.port = self.httpd.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def script(self, *replies):
        """Answer the next requests with these, in order; what was recorded is forgotten."""
        with self._lock:
            self._script, self.requests, self.model_lists = list(replies), [], 0

    def release(self):
        """Let the stream that holds, or the next one that would, go on."""
        with self._lock:
            self._released += 1
            self._lock.notify_all()

    def bodies(self):
        return [request["body"] for request in self.requests]

    def wait_requests(self, n, timeout=20):
        """Wait until n requests have come."""
        self._wait(lambda: len(self.requests) >= n, timeout, f"{n} requests")

    def wait_closed(self, index=0, timeout=20):
        """Wait until the client of that request has closed its connection before the answer's end."""
        self._wait(lambda: len(self.requests) > index and self.requests[index]["closed"], timeout, "the client to go away")

    def _wait(self, condition, timeout, what):
        with self._lock:
            if not self._lock.wait_for(condition, timeout):
                raise AssertionError(f"waited {timeout} s in vain for {what}")

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    # For the handlers.

    def record(self, body, headers):
        with self._lock:
            entry = {"body": body, "headers": {k.lower(): v for k, v in headers.items()}, "closed": False}
            self.requests.append(entry)
            reply = self._script.pop(0) if self._script else None
            self._lock.notify_all()
            return entry, reply

    def gone(self, entry):
        with self._lock:
            entry["closed"] = True
            self._lock.notify_all()

    def hold(self, connection):
        """Wait to be released: True; False when the client went away first."""
        while True:
            with self._lock:
                if self._lock.wait_for(lambda: self._released > 0, 0.02):
                    self._released -= 1
                    return True
            if select.select([connection], [], [], 0)[0] and not connection.recv(1, socket.MSG_PEEK):
                return False


class Gone(Exception):
    """The client closed its connection."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner = None

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path.rstrip("/").endswith("/models"):
            self.owner.model_lists += 1
            if self.allowed():
                self.answer(200, {"object": "list", "data": [{"id": m, "object": "model"} for m in self.owner.models]})
        elif self.path == "/control/requests":
            self.answer(200, self.owner.requests)
        else:
            self.answer(404, {"error": {"message": f"no {self.path} here"}})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        if self.path == "/control/script":
            self.owner.script(*body)
            self.answer(200, {})
        elif self.path == "/control/release":
            self.owner.release()
            self.answer(200, {})
        elif self.path.endswith("/chat/completions"):
            entry, reply = self.owner.record(body, self.headers)
            try:
                if self.allowed():
                    self.complete(body, reply if reply is not None else self.scripted(body))
            except (Gone, ConnectionError):
                self.close_connection = True
                self.owner.gone(entry)
        else:
            self.answer(404, {"error": {"message": f"no {self.path} here"}})

    def allowed(self):
        given = self.headers.get("Authorization", "")
        if not self.owner.key or given == f"Bearer {self.owner.key}":
            return True
        self.answer(401, {"error": {"message": f"Incorrect API key provided: {given}"}})
        return False

    @staticmethod
    def scripted(body):
        said = [m.get("content") or "" for m in body.get("messages", []) if m.get("role") == "user"]
        last = said[-1] if said else ""
        return json.loads(last[len("!reply "):]) if last.startswith("!reply ") else {"text": last}

    def answer(self, status, value, headers=()):
        text = json.dumps(value).encode()
        self.send_response(status)
        for name, content in dict(headers).items():
            self.send_header(name, content)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def complete(self, body, reply):
        if "status" in reply:
            self.answer(reply["status"], {"error": {"message": reply.get("error", "no reason")}}, reply.get("headers", {}))
        elif body.get("model") not in self.owner.models:
            self.answer(404, {"error": {"message": f"The model `{body.get('model')}` does not exist", "code": "model_not_found"}})
        elif body.get("stream") and reply.get("stream", True):
            self.stream(body, reply)
        else:
            message = {"role": "assistant", "content": reply.get("text")}
            if reply.get("tool_calls"):
                message["tool_calls"] = self.calls(reply)
            self.answer(200, {"id": "c", "object": "chat.completion", "model": body["model"], "usage": self.usage(body, reply),
                              "choices": [{"index": 0, "message": message, "finish_reason": self.ended_by(reply)}]})

    @staticmethod
    def ended_by(reply):
        return reply.get("finish", "tool_calls" if reply.get("tool_calls") else "stop")

    @staticmethod
    def usage(body, reply):
        if reply.get("usage") is False:
            return None
        used = {"prompt_tokens": sum(len(str(m.get("content") or "").split()) for m in body["messages"]),
                "completion_tokens": len((reply.get("text") or "").split()), **reply.get("usage", {})}
        return {**used, "total_tokens": used["prompt_tokens"] + used["completion_tokens"]}

    @staticmethod
    def calls(reply):
        return [{"index": i, "id": call.get("id", f"call_{i}"), "type": "function",
                 "function": {"name": call["name"], "arguments": call["arguments"] if isinstance(call["arguments"], str)
                              else json.dumps(call["arguments"])}}
                for i, call in enumerate(reply["tool_calls"])]

    def deltas(self, reply):
        if reply.get("reasoning"):
            yield {"reasoning_content": reply["reasoning"]}
        text = reply.get("text") or ""
        size = max(1, -(-len(text) // reply.get("chunks", 3)))
        for at in range(0, len(text), size):
            yield {"content": text[at:at + size]}
        for call in self.calls(reply) if reply.get("tool_calls") else []:
            arguments = call["function"]["arguments"]
            half = len(arguments) // 2
            yield {"tool_calls": [{**call, "function": {**call["function"], "arguments": arguments[:half]}}]}
            yield {"tool_calls": [{"index": call["index"], "function": {"arguments": arguments[half:]}}]}

    def stream(self, body, reply):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if "raw" in reply:
            self.wfile.write(reply["raw"].encode())
            return
        def chunk(delta, finish=None, **more):
            value = {"id": "c", "object": "chat.completion.chunk", "model": body["model"],
                     "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}
            self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")
        self.wfile.write(b": comment\n\n")
        chunk({"role": "assistant", "content": ""})
        for n, delta in enumerate(self.deltas(reply)):
            if reply.get("cut") == n:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if reply.get("malformed") == n:
                self.wfile.write(b'data: {"choices": [{"delta": {"content"\n\n')
            if reply.get("hold") == n and not self.owner.hold(self.connection):
                raise Gone
            chunk(delta)
            time.sleep(reply.get("pause", 0))
        chunk({}, self.ended_by(reply))
        usage = self.usage(body, reply)
        if usage and (body.get("stream_options") or {}).get("include_usage"):
            self.wfile.write(b"data: " + json.dumps({"id": "c", "choices": [], "usage": usage}).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")


def main():
    options = argparse.ArgumentParser(description="An OpenAI-compatible test server; prints its base address.")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--key")
    options.add_argument("--model", action="append", help="a model it knows; may be repeated")
    given = options.parse_args()
    server = LlmServer(given.model or ("test-model", "other-model"), given.key, given.port)
    print(server.url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
