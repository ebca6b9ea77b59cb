"""The kinds that do outside work, by the runner alone: limits, scripts, files, test reports, search, callbacks, mail."""

import os

import pytest

from conftest import ALLOW
from runs import TRIGGER, chain, result, shell
from test_runner import Runner, new_runner


@pytest.fixture(scope="module")
def shared():
    it = Runner()
    yield it
    it.close()


# The kernel bounds the processes of any user but root: the wall behind the limits that are tested.
DROP = ["setpriv", "--reuid=65533", "--clear-groups"] if os.geteuid() == 0 else []


def one(runner, kind, group="tool", **data):
    """A run of one node: (its record, the run's id)."""
    record = runner.execute(*chain({"id": "it", "type": group, "data": {"kind": kind, **data}}))
    return record["nodes"]["it"], record["id"]


# --- bounds ---

def test_100_mb_of_output(shared):
    record = shared.execute(*chain(
        shell("loud", "echo begin; yes 'a line of output that says little' | head -c 100000000; echo; echo end"),
        shell("after", "echo well"), result("done", "{{ .nodes.after.output.stdout }}")))
    assert record["status"] == "success" and record["output"] == "well\n"
    output = record["nodes"]["loud"]["output"]
    assert output["truncated"] and output["stdoutBytes"] == 100000000 + len("begin\n\nend\n")
    assert output["stdout"].startswith("begin\n") and len(output["stdout"]) <= 128 * 1024
    messages = shared.messages(record["id"])
    assert len(messages) < 70000 and sum(map(len, messages)) < 8 << 20
    said = [m for m in messages if "left out of the log here (runner.max_log)" in m]
    assert len(said) == 1
    lines, size = int(said[0].split()[0]), int(said[0].split("(")[1].split()[0])
    line = len("a line of output that says little\n")
    assert lines * line == size and size > 90_000_000
    assert messages.index(said[0]) < messages.index("end")  # the last lines follow
    assert any("keeps the first 131072 of 100000011 bytes of stdout" in m for m in messages)


def test_a_fork_bomb_is_named(shared):
    node, _ = one(shared, "shell", command=[*DROP, "sh", "-c", "ulimit -u 2000; bomb() { bomb | bomb & }; bomb; sleep 60"],
                  limits={"maxProcesses": 100}, retry={"attempts": 3})
    assert node["error"]["code"] == "limit" and node["attempt"] == 1, node
    assert "processes and threads are more than the node's limits.maxProcesses allows (100)" in node["error"]["message"]


def test_a_memory_hog_is_named(new_runner):
    runner = new_runner([*ALLOW, "runner.max_memory=100M"])
    node, _ = one(runner, "shell", command=["python3", "-c", "a = []\nwhile True: a.append(bytearray(1 << 20))"],
                  limits={"maxMemory": 1 << 30})  # more than the setting allows: the setting counts
    assert node["error"]["code"] == "limit", node
    assert "bytes of memory are more than the setting runner.max_memory allows (104857600)" in node["error"]["message"]
