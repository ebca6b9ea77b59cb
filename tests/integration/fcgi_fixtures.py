"""The FastCGI programs on their own, without bridge and runner: as plain CGI, behind a lighttpd of the test, and over
the FastCGI protocol itself."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

import pytest
from conftest import BUILD, free_port, wait_until

API = BUILD / "fcgi" / "api.fcgi"
EVENTS = BUILD / "fcgi" / "events.fcgi"

START = {"id": "start", "type": "trigger", "data": {"kind": "manual"}}
DONE = {"id": "done", "type": "output", "data": {"kind": "result", "value": "fine"}}


def definition(**more):
    return {"name": "Small", "nodes": [START, DONE], "edges": [{"id": "e1", "source": "start", "target": "done"}], **more}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:500]!r}>"


def parse_cgi(output):
    head, _, body = output.partition(b"\r\n\r\n")
    headers = {}
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return Answer(int(headers.pop("status").split()[0]), headers, body)


def encode_body(body):
    return body if body is None or isinstance(body, bytes) else json.dumps(body).encode()


def cgi_variables(method, path, body, headers, prefix=""):
    path, _, query = path.partition("?")
    variables = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method, "SCRIPT_NAME": prefix + "/api",
                 "PATH_INFO": path.removeprefix("/api"), "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1",
                 "REQUEST_URI": prefix + path + ("?" + query if query else "")}
    if body is not None:
        variables |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json"}
    for name, value in (headers or {}).items():
        name = name.upper().replace("-", "_")
        variables[name if name.startswith("CONTENT_") else "HTTP_" + name] = value
    return variables


class Site:
    """A data directory and the ways to ask the programs about it."""

    def __init__(self, **settings):
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="rs-"))
        for folder in ("run", "log", "runs", "pending", "keys"):
            (self.data / folder).mkdir()
        (self.data / "runspool.conf").write_text("".join(f"{k} = {v}\n" for k, v in settings.items()))
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith("RUNSPOOL_")}
        self.environ["RUNSPOOL_DATA"] = str(self.data)
        self.environ["RUNSPOOL_RUNNER_SPAWN"] = "never"  # what is queued stays queued

    def cgi(self, method, path, body=None, headers=None, prefix="", program=None, **variables):
        """One request by plain CGI, a process each."""
        body = encode_body(body)
        program = program or (EVENTS if path.startswith("/api/poll") else API)
        env = {**self.environ, **cgi_variables(method, path, body, headers, prefix), **variables}
        done = subprocess.run([program], input=body or b"", capture_output=True, timeout=120,
                              env={k: v for k, v in env.items() if v is not None})
        assert done.returncode == 0, (done.returncode, done.stderr)
        return parse_cgi(done.stdout)

    def close(self):
        shutil.rmtree(self.data, ignore_errors=True)


class Lighttpd:
    """lighttpd with both programs as FastCGI, on a free loopback port, perhaps below a sub-path."""

    def __init__(self, site, prefix="", processes=2):
        if not pathlib.Path("/usr/sbin/lighttpd").exists():
            pytest.skip("lighttpd is not installed")
        self.port = free_port()
        self.prefix = prefix
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="rs-web-"))
        config = self.sockets / "lighttpd.conf"
        config.write_text(f'''
server.modules = ("mod_fastcgi")
server.bind = "127.0.0.1"
server.port = {self.port}
server.document-root = "{self.sockets}"
server.errorlog = "{self.sockets}/error.log"
server.max-request-size = 4096
fastcgi.server = (
  "{prefix}/api/poll" => (("bin-path" => "{EVENTS}", "socket" => "{self.sockets}/events",
    "min-procs" => 1, "max-procs" => 1, "check-local" => "disable")),
  "{prefix}/api" => (("bin-path" => "{API}", "socket" => "{self.sockets}/api",
    "min-procs" => {processes}, "max-procs" => {processes}, "check-local" => "disable")))
''')
        self.process = subprocess.Popen(["/usr/sbin/lighttpd", "-D", "-f", str(config)], env=site.environ)
        wait_until(self.accepts, what="lighttpd")

    def accepts(self):
        assert self.process.poll() is None, (self.sockets / "error.log").read_text()
        with contextlib.closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, method, path, body=None, headers=None, timeout=120):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        body = encode_body(body)
        headers = {**({"Content-Type": "application/json"} if body is not None else {}), **(headers or {})}
        connection.request(method, self.prefix + path, body, headers)
        answer = connection.getresponse()
        result = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        connection.close()
        return result

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        shutil.rmtree(self.sockets, ignore_errors=True)


BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7


class FastCgi:
    """A FastCGI process of the test's own, on a Unix socket, spoken to record by record."""

    def __init__(self, site, program=API):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rs-fcgi-"))
        self.path = str(self.folder / "socket")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self.path)
            listening.listen(64)
            self.process = subprocess.Popen([program], stdin=listening, env=site.environ)

    def begin(self, method, path, length=None):
        """Open a request, with its variables but none of its body."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(30)
        connection.connect(self.path)
        variables = cgi_variables(method, path, None, None)
        if length is not None:
            variables |= {"CONTENT_LENGTH": str(length), "CONTENT_TYPE": "application/json"}
        text = b"".join(struct.pack(">II", len(k) | 0x80000000, len(v) | 0x80000000) + k.encode() + v.encode()
                        for k, v in variables.items())
        self.record(connection, BEGIN, struct.pack(">HB5x", 1, 0))
        self.record(connection, PARAMS, text)
        self.record(connection, PARAMS, b"")
        return connection

    @staticmethod
    def record(connection, kind, content):
        connection.sendall(struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content)

    @staticmethod
    def answer(connection):
        """Read to the end of the request."""
        out = b""
        with connection, connection.makefile("rb") as stream:
            while True:
                head = stream.read(8)
                assert len(head) == 8, "cut off before the end of the request"
                _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
                content = stream.read(length)
                stream.read(padding)
                if kind == STDOUT:
                    out += content
                if kind == END:
                    return parse_cgi(out)

    def ask(self, method, path, body=None):
        body = encode_body(body)
        connection = self.begin(method, path, None if body is None else len(body))
        if body:
            self.record(connection, STDIN, body)
        self.record(connection, STDIN, b"")
        return self.answer(connection)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
