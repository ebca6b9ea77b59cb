"""git_clone from elsewhere: logins, redirects, and addresses that are not allowed. Hosts of their own are network
namespaces: 93.184.216.34 is a public address there, 10.9.9.9 a private one."""

import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

from conftest import ALLOW, wait_until
from runs import chain
from test_runner import Runner, new_runner
from test_tools import one, serve, shared


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A bare repository that any web server can serve, in a folder of its own."""
    folder = tmp_path_factory.mktemp("git")
    work = folder / "work"
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-c", "init.defaultBranch=main", "-C"]
    work.mkdir()
    (work / "file").write_text("content")
    for args in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, work, *args], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", work, folder / "r.git"], check=True)
    subprocess.run([*git, folder / "r.git", "update-server-info"], check=True)
    return folder / "r.git"


def files(repository, request):
    path = request.path.split("?")[0].removeprefix("/r.git/")
    file = repository / path
    return (200, {}, file.read_bytes()) if file.is_file() else (404, {}, b"")


def arguments():
    """The command lines of all processes."""
    text = ""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                text += (entry / "cmdline").read_text(errors="replace").replace("\0", " ") + "\n"
    return text


@pytest.mark.parametrize("data,user", [({"token": "t0k3n-value"}, "x-access-token"), ({"username": "me", "token": "t0k3n-value"}, "me"),
                                       ({}, "carol")])
def test_login_over_http(shared, serve, repository, data, user):
    seen = []
    wanted = "Basic " + base64.b64encode(f"{user}:t0k3n-value".encode()).decode()

    def answer(request):
        seen.append(arguments())
        if request.headers.get("Authorization") != wanted:
            return 401, {"WWW-Authenticate": "Basic"}, b""
        return files(repository, request)

    url = serve(answer).url + "/r.git"
    if not data:
        url = url.replace("//", "//carol:t0k3n-value@")
    node, run = one(shared, "git_clone", url=url, **data)
    assert node["status"] == "success" and node["output"]["branch"] == "main", node
    work = shared.data / "runs" / run / "work"
    assert (work / "repo/file").read_text() == "content"
    secret = ("t0k3n-value", wanted.split()[1])
    assert not any(s in text for s in secret for text in seen) and "git clone" in "".join(seen)
    assert not any(s in json.dumps(shared.events(run, "log")) + json.dumps(node) for s in secret)
    assert not any(s in file.read_text(errors="replace") for s in secret for file in work.rglob("*") if file.is_file())


def test_wrong_login(shared, serve, repository):
    server = serve(lambda request: (401, {"WWW-Authenticate": "Basic"}, b""))
    node, _ = one(shared, "git_clone", url=server.url + "/r.git", token="wrong-one")
    assert node["error"]["code"] == "exit" and "wrong-one" not in json.dumps(node), node


FAKE_SSH = """#!/bin/sh
for a; do echo "$a"; case $a in *ssh-key*) stat -c %a "$a"; cat "$a";; *UserKnownHostsFile=*) cat "${a#*=}";; esac; done >>"$HOME/ssh-log" 2>&1
for a; do last=$a; done
eval "$last"
"""


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    (tmp_path / "ssh").write_text(FAKE_SSH)
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def test_login_over_ssh(ssh, new_runner, repository):
    runner = new_runner()
    node, run = one(runner, "git_clone", url=f"me@example.org:{repository}", sshKey="PRIVATE KEY", knownHosts="example.org ssh-ed25519 AAAA")
    assert node["status"] == "success", node
    work = runner.data / "runs" / run / "work"
    log = (work / "ssh-log").read_text()
    assert "600\nPRIVATE KEY\n" in log and "-oIdentitiesOnly=yes" in log and "me@example.org" in log
    assert "-oStrictHostKeyChecking=yes" in log and "example.org ssh-ed25519 AAAA" in log
    assert not list(work.glob(".ssh-key*")) and "PRIVATE" not in json.dumps(runner.events(run, "log"))


@pytest.mark.parametrize("url", ["me@127.0.0.1:r.git", "ssh://me@10.1.2.3/r.git", "ssh://[::1]:2222/r.git", "me@localhost:r.git",
                                 "http://127.0.0.1:1/r.git", "http://localhost:1/r.git", "http://[::1]:1/r.git", "http://2130706433/r.git",
                                 "http://169.254.169.254/r.git"])
def test_private_hosts_are_denied(ssh, new_runner, url):
    runner = new_runner(("runner.shell=allow",))
    node, run = one(runner, "git_clone", url=url)
    assert node["error"]["code"] == "input" and "runner.http_private" in node["error"]["message"], node
    assert not (runner.data / "runs" / run / "work/ssh-log").exists()


@pytest.mark.parametrize("bad", [{"url": "http://h/r", "sshKey": "k"}, {"url": "a@h:r", "token": "t"}, {"url": "http://h/r", "token": "a\nb"},
                                 {"url": "-oProxyCommand=x"}, {"url": "ssh://-oProxyCommand=x/r"}, {"url": "ext::sh -c x"},
                                 {"url": "a@h'x:r"}, {"url": "http://h/r", "username": "a:b", "token": "t"}])
def test_bad_settings(shared, bad):
    node, _ = one(shared, "git_clone", **bad)
    assert node["error"]["code"] == "input", node


# --- a network with public addresses ---

SERVER = textwrap.dedent("""
    import http.server, os, sys
    root, log = sys.argv[1:3]
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *a): super().__init__(*a, directory=root)
        def do_GET(self):
            with open(log, "a") as f: f.write(f"{self.server.server_address[0]} {self.path} {self.headers.get('Authorization')}\\n")
            moved = {"/moved.git": "/r.git", "/away.git": "http://10.9.9.9:8000/r.git", "/other.git": "http://93.184.216.35:8000/r.git"}
            for old, new in moved.items():
                if self.path.startswith(old + "/"):
                    self.send_response(301)
                    self.send_header("Location", new + self.path[len(old):])
                    self.end_headers()
                    return
            if self.path.startswith("/later.git/"):  # the first answer is good, the next ones lead away
                if "service=" not in self.path:
                    self.send_response(302)
                    self.send_header("Location", "http://10.9.9.9:8000/r.git" + self.path[10:])
                    self.end_headers()
                    return
                self.path = "/r.git" + self.path[10:]
            super().do_GET()
        def log_message(self, *a): pass
    import threading
    for address in ("93.184.216.34", "93.184.216.35", "10.9.9.9"):
        server = http.server.ThreadingHTTPServer((address, 8000), Handler)
        threading.Thread(target=server.serve_forever).start()
    print("ready", flush=True)
""")


@pytest.fixture
def network(repository, tmp_path):
    """(prefix of commands that are to run there, the server's log)."""
    setup = "ip link set lo up && for a in 93.184.216.34 93.184.216.35 10.9.9.9; do ip addr add $a/32 dev lo || exit; done; exec \"$@\""
    unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    log = tmp_path / "requests"
    log.write_text("")
    server = subprocess.Popen([*unshare, "sh", "-c", setup, "sh", sys.executable, "-c", SERVER, str(repository.parent), str(log)],
                              stdout=subprocess.PIPE, text=True)
    if server.stdout.readline() != "ready\n":
        server.kill()
        server.wait()
        pytest.skip("no network namespace can be made here")
    user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
    yield ["nsenter", "-t", str(server.pid), "-n", *user], log
    server.kill()
    server.wait()


def test_public_addresses_with_redirects(network, monkeypatch):
    prefix, log = network
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda args, *a, **k: popen([*prefix, *args] if "runspool-runner" in str(args[0]) else args, *a, **k))
    runner = Runner(("runner.shell=deny",))
    try:
        def clone(name, **data):
            log.write_text("")
            node, _ = one(runner, "git_clone", url=f"http://93.184.216.34:8000/{name}.git", **data)
            return node, log.read_text()

        node, seen = clone("r")
        assert node["status"] == "success", node
        node, seen = clone("moved", token="t0k3n")
        assert node["status"] == "success" and "/r.git/HEAD" in seen and "None" not in seen, node
        node, seen = clone("other", token="t0k3n")  # another host: not for the token
        assert node["status"] == "success" and "93.184.216.35 /r.git/HEAD None" in seen, node
        assert not any(line.startswith("93.184.216.35") and "Basic" in line for line in seen.splitlines())
        node, seen = clone("away")
        assert node["error"]["code"] == "input" and "10.9.9.9 is a private" in node["error"]["message"], node
        assert "\n10.9.9.9" not in seen
        node, seen = clone("later")  # git itself follows nothing
        assert node["error"]["code"] == "exit" and "\n10.9.9.9" not in seen, node
    finally:
        runner.close()


def test_git_keeps_to_the_pinned_address(network, tmp_path):
    """What http.curloptResolve does in the git that is installed here: a name without any address is reached."""
    prefix, log = network
    done = subprocess.run([*prefix, "git", "-c", "http.curloptResolve=pinned.invalid:8000:93.184.216.35", "clone", "-q",
                           "http://pinned.invalid:8000/r.git", str(tmp_path / "c")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and (tmp_path / "c/file").exists(), done.stderr
    assert log.read_text().startswith("93.184.216.35 ")
