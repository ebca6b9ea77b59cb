"""Runs for the protocol tests, held at a gate where a test wants to act while they go on."""

from conftest import wait_until

TRIGGER = {"id": "start", "type": "trigger", "data": {"kind": "manual"}}
GATE = "until [ -e go ]; do sleep 0.02; done\n"


def shell(name, script, **data):
    return {"id": name, "type": "tool", "data": {"kind": "shell", "command": ["sh", "-c", script], **data}}


def result(name="done", value="ok"):
    return {"id": name, "type": "output", "data": {"kind": "result", "value": value}}


def chain(*nodes):
    """The nodes one after the other, behind a trigger: (nodes, edges)."""
    nodes = [TRIGGER, *nodes]
    return nodes, [{"id": f"e{i}", "source": a["id"], "target": b["id"]} for i, (a, b) in enumerate(zip(nodes, nodes[1:]))]


def open_gate(instance, run):
    """Let the run's shell node go on that waits for the file `go` in its work folder."""
    work = instance.data / "runs" / run / "work"
    wait_until(work.is_dir, what=f"the work folder of {run}")
    (work / "go").write_text("")
