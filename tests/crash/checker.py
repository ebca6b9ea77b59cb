"""The history checker: what was done and what was seen, held against the log. Pure functions, no I/O.

A history is a list of native events (dicts as the protocol has them), in the order in which they were read. Each check
returns a list of texts, one for each violation; none means that the promise held."""

ENDS = ("run.finished", "run.failed", "run.cancelled")
REOPENS = ("run.retried", "run.resumed")
NODE_ENDS = ("node.finished", "node.failed", "node.skipped", "node.cancelled")
SHOWN = 5  # violations of one kind that are told in full


def position(cursor):
    """What orders cursors: N.K."""
    number, _, part = str(cursor).partition(".")
    return int(number), int(part or 0)


def by_stream(history):
    streams = {}
    for event in history:
        streams.setdefault(event["stream"], []).append(event)
    return streams


def check_ids(history, what="the log"):
    """Ids strictly increase."""
    found = []
    for before, after in zip(history, history[1:]):
        if position(after["id"]) <= position(before["id"]):
            found.append(f"{what}: id {after['id']} follows id {before['id']}")
    return found


def check_seqs(history, first=None):
    """In each home stream `seq` counts without holes, from 1 or from what `first` says for the stream."""
    found = []
    for stream, events in by_stream(history).items():
        expected = (first or {}).get(stream, 1)
        for event in events:
            if event["seq"] != expected:
                found.append(f"{stream}: seq {event['seq']} at id {event['id']}, expected {expected}")
            expected = event["seq"] + 1
    return found


def attempts(events):
    """A run's events, cut where it was taken up again: each part but the first begins with that event."""
    parts = [[]]
    for event in events:
        if event["type"] in REOPENS:
            parts.append([])
        parts[-1].append(event)
    return parts


def check_end(stream, events):
    """The terminal event of each attempt is there, once, and the last."""
    found, parts = [], attempts(events)
    for number, part in enumerate(parts, 1):
        ends = [event for event in part if event["type"] in ENDS]
        if number < len(parts) and not ends:
            continue  # its process died, and it went on by itself
        if len(ends) != 1:
            found.append(f"{stream}: {len(ends)} terminal events of attempt {number}")
        elif part[-1] is not ends[0]:
            found.append(f"{stream}: {len(part) - 1 - part.index(ends[0])} events after the terminal one of attempt {number}")
    return found


def check_same(name, seen, expected):
    """A client's whole history is the log's: no gap, no duplicate, the same content."""
    found = check_ids(seen, name)
    ids, wanted = [e["id"] for e in seen], [e["id"] for e in expected]
    have, want = set(ids), set(wanted)
    missing = [i for i in wanted if i not in have]
    surplus = [i for i in ids if i not in want]
    if missing:
        found.append(f"{name}: {len(missing)} of {len(wanted)} events missing: {missing[:SHOWN]}")
    if surplus:
        found.append(f"{name}: {len(surplus)} events that are not in the log: {surplus[:SHOWN]}")
    if len(ids) != len(have):
        found.append(f"{name}: {len(ids) - len(have)} events twice")
    content = {e["id"]: e for e in expected}
    changed = [e["id"] for e in seen if e["id"] in content and e != content[e["id"]]]
    if changed:
        found.append(f"{name}: {len(changed)} events differ from the log: {changed[:SHOWN]}")
    return found


def check_producer(name, values, acked, sent, resends):
    """values: the numbers of a producer in log order; acked: set of those acknowledged to it; sent: how many it numbered
    (1..sent). resends: unacknowledged ones are sent again, so that the log holds a prefix without holes."""
    found = []
    if len(values) != len(set(values)):
        doubled = sorted({v for v in values if values.count(v) > 1})
        found.append(f"{name}: stored twice: {doubled[:SHOWN]}")
    if values != sorted(values):
        wrong = [(a, b) for a, b in zip(values, values[1:]) if b < a]
        found.append(f"{name}: out of order: {wrong[:SHOWN]}")
    have = set(values)
    lost = sorted(set(acked) - have)
    if lost:
        found.append(f"{name}: acknowledged but not in the log: {lost[:SHOWN]} ({len(lost)})")
    foreign = sorted(have - set(range(1, sent + 1)))
    if foreign:
        found.append(f"{name}: never sent: {foreign[:SHOWN]}")
    if resends and not foreign and have != set(range(1, len(have) + 1)):
        holes = sorted(set(range(1, max(have) + 1)) - have)
        found.append(f"{name}: holes: {holes[:SHOWN]} ({len(holes)})")
    return found


def fold(events):
    """The run's state as its events tell it."""
    run = {"status": None, "progress": 0, "attempt": 1, "startedAt": None, "finishedAt": None, "durationMs": None,
           "output": None, "error": None, "nodes": {}}
    for event in events:
        kind, data = event["type"], event["data"]
        if kind.startswith("run."):
            run.update(status=data["status"], progress=data["progress"], attempt=data["attempt"])
            if kind in REOPENS:
                run.update(startedAt=None, finishedAt=None, durationMs=None, output=None, error=None)
                for name in data.get("nodes", list(run["nodes"])):
                    run["nodes"].pop(name, None)
            if kind == "run.started":
                run["startedAt"] = event["time"]
            if kind in ENDS:
                run.update(finishedAt=event["time"], durationMs=data.get("durationMs"), output=data.get("output"),
                           error=data.get("error"))
        elif kind.startswith("node.") and kind != "node.progress":
            node = run["nodes"].setdefault(data["nodeId"], {"startedAt": None, "finishedAt": None, "durationMs": None,
                                                            "output": None, "error": None})
            node.update(status=data["status"], attempt=data["attempt"])
            if kind == "node.started" and node["startedAt"] is None:
                node["startedAt"] = event["time"]
            if kind in NODE_ENDS:
                node.update(finishedAt=event["time"], durationMs=data.get("durationMs"), output=data.get("output"),
                            error=data.get("error"))
    return run


def check_fold(stream, events, record):
    """The record (GET /api/runs/ID) is what the events say."""
    found, state = [], fold(events)
    for member in ("status", "progress", "attempt", "startedAt", "finishedAt", "durationMs", "output", "error"):
        if state[member] != record.get(member):
            found.append(f"{stream}: {member} is {record.get(member)!r}, the events say {state[member]!r}")
    for name, node in record["nodes"].items():
        told = state["nodes"].get(name)
        if told is None:
            if node["status"] != "pending":
                found.append(f"{stream}: node {name} is {node['status']}, no event says so")
            continue
        for member, value in told.items():
            if value != node.get(member):
                found.append(f"{stream}: node {name}: {member} is {node.get(member)!r}, the events say {value!r}")
    for name in state["nodes"].keys() - record["nodes"].keys():
        found.append(f"{stream}: the events tell of a node {name} that the record lacks")
    for part in attempts(events):
        progress = [e["data"]["progress"] for e in part if e["type"].startswith("run.")]
        if progress != sorted(progress):
            found.append(f"{stream}: progress goes back: {progress}")
    return found


def check_lines(stream, events, expected, whole):
    """Numbered lines of each node: in each attempt that began it once, in order; in the last attempt of a whole run all of
    them. A process that is killed takes along what was not acknowledged, also of a node that had ended just before: its
    state is kept in the database, its lines are not. expected: {node: count}."""
    found, parts = [], attempts(events)
    for number, part in enumerate(parts, 1):
        begun = {e["data"]["nodeId"] for e in part if e["type"] == "node.started"}
        for node, count in expected.items():
            lines = [e["data"]["message"] for e in part
                     if e["type"] == "log" and e["data"].get("nodeId") == node and e["data"].get("source") == "stdout"]
            wanted = [f"{node} {i}" for i in range(1, count + 1)]
            if whole and number == len(parts) and node in begun:
                fine = lines == wanted
            else:
                fine = lines == wanted[:len(lines)] and (node in begun or not lines)
            if not fine:
                at = next((i for i, (a, b) in enumerate(zip(lines, wanted)) if a != b), min(len(lines), count))
                found.append(f"{stream}: node {node}, attempt {number}: {len(lines)} lines of {count}, the first wrong one is "
                             f"{at + 1}: {lines[at] if at < len(lines) else None!r}")
    return found + [f"{stream}: {e['data']['count']} lines dropped" for e in events if e["type"] == "log.dropped"]
