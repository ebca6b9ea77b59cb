"""The systemd units: systemd takes them, finds them confined, and what they start is what we have."""

import re
import shutil
import socket
import subprocess

import pytest

from conftest import BUILD, RUNSPOOL, SOURCE, wait_until

UNITS = SOURCE / "contrib" / "systemd"
INSTALLED = {"/usr/local/bin/runspool": RUNSPOOL, "/usr/local/sbin/runspool-bridge": BUILD / "bridge/runspool-bridge",
             "/usr/local/sbin/runspool-runner": BUILD / "runner/runspool-runner", "/usr/local/libexec/runspool/": BUILD / "fcgi"}


def analyze(*args):
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run([program, "--no-pager", *map(str, args)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """The units, with the programs of the build tree."""
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS.iterdir():
        text = unit.read_text()
        for installed, built in INSTALLED.items():
            text = text.replace(installed, f"{built}/" if installed.endswith("/") else str(built))
        (folder / unit.name).write_text(text)
    return folder


def test_systemd_takes_every_unit(units):
    for unit in sorted(units.glob("*.*")):
        if unit.suffix in (".service", ".socket", ".target"):
            name = unit.name.replace("@.", "@api.")
            _, said = analyze("verify", "--man=no", unit.with_name(name))
            ours = [line for line in said.splitlines() if "runspool" in line]
            assert not ours, (unit.name, ours)


@pytest.mark.parametrize("unit, most", [("runspool-bridge.service", 20), ("runspool-fcgi@.service", 20), ("runspool-runner.service", 55)])
def test_units_are_confined(units, unit, most):
    """systemd's own measure, 0 to 100; the runner has to leave room for the sandbox of each tool."""
    status, said = analyze("security", "--offline=true", f"--threshold={most}", units / unit)
    assert status == 0, said[-2000:]


def command(units, unit, instance, data):
    line = re.search(r"^ExecStart=(.*)$", (units / unit).read_text(), re.M)[1].replace("%i", instance)
    return line.replace("/var/lib/runspool", str(data)).replace("/run/runspool", str(data / "run")).split()


def test_the_commands_of_the_units_work(units, tmp_path):
    """Each is started as its unit says; FastCGI programs get their socket as standard input."""
    data = tmp_path / "d"
    for folder in ("run", "log", "runs", "pending", "keys"):
        (data / folder).mkdir(parents=True)
    started = []
    try:
        for unit, ready in (("runspool-bridge.service", data / "run/bridge.sock"), ("runspool-runner.service", data / "run/runner.pid")):
            started.append(subprocess.Popen(command(units, unit, "", data)))
            wait_until(ready.exists, what=unit)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(data / "run/api.sock"))
            listening.listen()
            started.append(subprocess.Popen(command(units, "runspool-fcgi@.service", "api", data), stdin=listening,
                                            env={"RUNSPOOL_DATA": str(data)}))
        with socket.socket(socket.AF_UNIX) as web:
            web.settimeout(20)
            web.connect(str(data / "run/api.sock"))
            web.sendall(bytes.fromhex("0101000100080000 0001000000000000 0104000100000000 0105000100000000"))
            assert b"Status: 404" in web.recv(4096)
        assert all(p.poll() is None for p in started)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(20)
