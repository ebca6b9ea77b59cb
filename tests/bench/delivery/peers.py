"""The servers that are measured: how each is started in a folder of its own, how it is ended, and how `load` talks to it.
A new one is a class here and a row in SERVERS."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "helper"))
from ports import free_port  # noqa: E402

LOAD_CORE = "1"
START_S, END_S = 20, 8


def on_core(core, *command):
    return ["taskset", "-c", core, *map(str, command)]


def debian_version(package):
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package], text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL).stdout.split()
    return shown[1] if shown[:1] == ["installed"] else None


class Server:
    """Started by `with`: its folder, port and process live as long as the block."""
    name = title = ""
    packages = ()      # of Debian
    doors = ("ws",)
    connecting = 128   # handshakes at once

    def __init__(self, build, case):
        self.build = pathlib.Path(build)
        self.case = case

    @classmethod
    def missing(cls, build):
        """What has to be installed first, in words; "" when nothing has."""
        lacking = [package for package in cls.packages if not debian_version(package)]
        return f"apt-get install --no-install-recommends {' '.join(lacking)}" if lacking else ""

    @classmethod
    def versions(cls, build):
        return ", ".join(f"{package} {debian_version(package)}" for package in cls.packages)

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))
        self.port, self.helpers, self.process = free_port(), [], None
        self.output = open(self.folder / "output.log", "wb")
        try:
            self.process = self.spawn(*on_core(self.case.cores, *self.command()))
            self.wait_for(self.port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in filter(None, [self.process, *self.helpers]):
            process.send_signal(signal.SIGTERM)
        for process in filter(None, [self.process, *self.helpers]):
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def spawn(self, *command):
        return subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)

    def wait_for(self, port):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.02)
        text = (self.folder / "output.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self.title} does not start:\n{text}")

    def fill(self, name, **values):
        """A file of peers/NAME with its $WORDS filled in, in the folder."""
        template = string.Template((HERE / "peers" / self.name / name).read_text())
        (self.folder / name).write_text(template.safe_substitute(FOLDER=self.folder, PORT=self.port, **values))
        return self.folder / name

    def options(self):
        """Arguments of `load` for this server."""
        path = self.case.door
        scheme = "ws" if path == "ws" else "http"
        return ["--url", f"{scheme}://127.0.0.1:{self.port}/{path}/load-{{stream}}",
                "--publish", f"http://127.0.0.1:{self.port}/pub/load-{{stream}}", "--publishers", self.case.publishers]


class Runspool(Server):
    """The bridge as `runspool up` starts it: default settings, its log on disk; messages come over the spool as emitters send
    them, numbered and acknowledged."""
    name, title, doors = "runspool", "Runspool", ("ws", "sse", "poll")

    @classmethod
    def versions(cls, build):
        commit = subprocess.run(["git", "-C", HERE, "rev-parse", "--short", "HEAD"], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL).stdout.strip()
        version = subprocess.run([pathlib.Path(build) / "bridge" / "runspool-bridge", "--version"], text=True,
                                 stdout=subprocess.PIPE).stdout.split()[-1]
        return f"{version} ({commit})" if commit else version

    def command(self):
        settings = [word for setting in ("log.level=warn", *self.case.settings) for word in ("--set", setting)]
        return [self.build / "bridge" / "runspool-bridge", "--data", self.folder / "data", "--listen", f"127.0.0.1:{self.port}",
                *settings]

    def spawn(self, *command):
        (self.folder / "data").mkdir()
        return super().spawn(*command)

    def options(self):
        door, base = self.case.door, f"127.0.0.1:{self.port}"
        ways = {"ws": ["--url", f"ws://{base}/ws"],
                "sse": ["--url", f"http://{base}/sse?stream=run:load-{{stream}}"],
                "poll": ["--url", f"http://{base}/poll?stream=run:load-{{stream}}", "--cursor", "next"]}
        if door == "ws" and self.case.subscribes:
            ways["ws"] += ["--ask", json.dumps({"op": "subscribe", "streams": ["run:load-{stream}"]}), "--answer", '"subscribed"']
        return [*ways[door], "--publish", f"spool:{self.folder / 'data' / 'spool.sock'}", "--acks", "--publishers", self.case.publishers]


class Nchan(Server):
    name, title, doors = "nchan", "nchan", ("ws", "sse", "poll")
    packages = ("nginx-light", "libnginx-mod-nchan")

    def command(self):
        configuration = self.fill("nginx.conf", USER="user root;" if os.geteuid() == 0 else "")
        return ["/usr/sbin/nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", configuration]


class NodeWs(Server):
    name, title = "node-ws", "Node ws"

    @classmethod
    def modules(cls, build):
        return pathlib.Path(build) / "bench-peers" / cls.name

    @classmethod
    def missing(cls, build):
        if not shutil.which("node") or not shutil.which("npm"):
            return "apt-get install nodejs npm"
        if not (cls.modules(build) / "node_modules" / "ws").is_dir():
            return "the npm package ws (scripts/bench --install fetches it)"
        return ""

    @classmethod
    def install(cls, build):
        """npm's part: what package-lock.json names, into the build folder."""
        folder = cls.modules(build)
        folder.mkdir(parents=True, exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "peers" / cls.name / file, folder)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def versions(cls, build):
        node = subprocess.run(["node", "--version"], text=True, stdout=subprocess.PIPE).stdout.strip()
        package = json.loads((cls.modules(build) / "node_modules" / "ws" / "package.json").read_text())
        return f"ws {package['version']}, Node {node}"

    def command(self):
        shutil.copy(HERE / "peers" / self.name / "server.js", self.folder)
        (self.folder / "node_modules").symlink_to((self.modules(self.build) / "node_modules").resolve())
        return ["node", self.folder / "server.js", self.port]


class FastApi(Server):
    name, title = "fastapi", "FastAPI"
    packages = ("python3-fastapi", "python3-uvicorn", "python3-uvloop", "python3-httptools", "python3-websockets")

    def command(self):
        shutil.copy(HERE / "peers" / self.name / "app.py", self.folder)
        return ["/usr/bin/python3", "-B", "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", self.port, "--ws", "websockets",
                "--loop", "uvloop", "--http", "httptools", "--backlog", "4096", "--log-level", "warning", "--no-access-log"]


class Pushpin(Server):
    """Its backend and zurl, which only take part in handshakes, run on the other core and are not measured."""
    name, title = "pushpin", "Pushpin"
    packages = ("pushpin", "zurl")
    connecting = 32

    def command(self):
        self.publish, backend = free_port(), free_port()
        self.helpers = [self.spawn(*on_core(LOAD_CORE, "node", HERE / "peers" / self.name / "backend.cjs", backend)),
                        self.spawn(*on_core(LOAD_CORE, "zurl", "--loglevel=0", f"--config={self.fill('zurl.conf')}"))]
        internal = pathlib.Path("/usr/lib/pushpin/internal.conf").read_text().replace("/var/run/zurl", str(self.folder))
        (self.folder / "internal.conf").write_text(internal)
        (self.folder / "routes").write_text(f"* 127.0.0.1:{backend},over_http\n")
        return ["pushpin", f"--config={self.fill('pushpin.conf', PUBLISH=self.publish)}"]

    def options(self):
        body = '{"items":[{"channel":"load-{stream}","formats":{"ws-message":{"content":{escaped}}}}]}'
        return ["--url", f"ws://127.0.0.1:{self.port}/ws/load-{{stream}}", "--publish", f"http://127.0.0.1:{self.publish}/publish/",
                "--body", body, "--publishers", self.case.publishers]


class Floor(Server):
    """One message, written to each socket of case D in turn by a program that does nothing else."""
    name, title = "floor", "floor: bare `send()`"
    START_S, SETTLE_MS = 0.3, 500  # it begins two seconds after the last handshake

    @classmethod
    def versions(cls, build):
        return ""

    def command(self):
        load = dict(zip(self.case.load[::2], self.case.load[1::2]))
        return [self.build / "tests" / "bench" / "delivery" / "floor", self.port, load["--subscribers"], load["--messages"], 1]

    def wait_for(self, port):
        time.sleep(self.START_S)  # a connection would count

    def options(self):
        return ["--url", f"ws://127.0.0.1:{self.port}/", "--settle", self.SETTLE_MS]


class Relay(Server):
    """Cases B and C by a program that reads a line and sends frames and an acknowledgement, and does nothing else."""
    name, title = "relay", "floor: bare `recv()` and `send()`"
    log = ()  # each line is committed to first

    @classmethod
    def versions(cls, build):
        return ""

    def command(self):
        return [self.build / "tests" / "bench" / "delivery" / "relay", self.port, self.folder / "spool.sock", *self.log]

    def wait_for(self, port):
        deadline = time.monotonic() + START_S
        while not (self.folder / "spool.sock").exists() and time.monotonic() < deadline:
            time.sleep(0.02)  # a connection would have to shake hands
        time.sleep(Floor.START_S)

    def options(self):
        return ["--url", f"ws://127.0.0.1:{self.port}/load-{{stream}}", "--publish", f"spool:{self.folder / 'spool.sock'}", "--acks",
                "--publishers", self.case.publishers]


class RelayLog(Relay):
    """The same with a bare INSERT for each event."""
    name, title = "relay-log", "floor: and a bare `INSERT` (SQLite)"

    @property
    def log(self):
        return (self.folder / "lines.db",)


SERVERS = {server.name: server for server in (Runspool, Nchan, NodeWs, FastApi, Pushpin, Floor, Relay, RelayLog)}
