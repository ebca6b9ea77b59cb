"""What a disk keeps when the power fails, made again from the record of faultshim.c.

The model: what was written before a file's last fsync is there; of what was written after it any part may be there, in
any order. A file is found when its folder was synced after it was given its name; else it may be, or not. `survivors`
makes the strictest case (none of what may be) and random ones."""

import struct

HEADER = struct.Struct("=IIQQ")
WRITE, TRUNCATE, SYNC, UNLINK, NAME, SYNC_NAMES = 1, 2, 3, 4, 5, 6
NAMES = {1: "events.db", 2: "events.db-wal"}
SECTOR = 512  # what a disk writes whole


def records(path):
    """(operation, file's name, offset, length or bytes); a last record that is incomplete was not done."""
    data, at, found = path.read_bytes(), 0, []
    while at + HEADER.size <= len(data):
        op, file, offset, size = HEADER.unpack_from(data, at)
        at += HEADER.size
        if op != WRITE:
            found.append((op, NAMES[file], offset, size))
            continue
        if at + size > len(data):
            break
        found.append((op, NAMES[file], offset, data[at:at + size]))
        at += size
    return found


def apply(content, op, offset, value):
    if op == WRITE:
        content.extend(b"\0" * max(0, offset + len(value) - len(content)))
        content[offset:offset + len(value)] = value
    elif op == TRUNCATE:
        del content[value:]
        content.extend(b"\0" * (value - len(content)))
    elif op == UNLINK:
        content.clear()


def sectors(op, offset, value):
    """A write in pieces that reach the disk or not each for itself."""
    if op != WRITE:
        return [(op, offset, value)]
    cuts = sorted({offset, offset + len(value), *range(offset - offset % SECTOR + SECTOR, offset + len(value), SECTOR)})
    return [(op, a, value[a - offset:b - offset]) for a, b in zip(cuts, cuts[1:])]


def survivors(path, base, rng=None, upto=None):
    """{name: content}: what was synced, and with rng a random part of the rest. base: events.db before the record, None when
    there was none. upto: only so many steps of the record were done."""
    contents = {"events.db": bytearray(base or b""), "events.db-wal": bytearray()}
    pending = {name: [] for name in NAMES.values()}
    named, to_name = {"events.db"} if base is not None else set(), set()
    for op, name, offset, value in records(path)[:upto]:
        if op == SYNC:
            for step in pending[name]:
                apply(contents[name], *step)
            pending[name].clear()
        elif op == NAME:
            to_name.add(name)
        elif op == SYNC_NAMES:
            named |= to_name
            to_name.clear()
        else:
            pending[name].append((op, offset, value))
    for name, steps in pending.items():
        for step in [piece for step in steps for piece in sectors(*step)]:
            if rng and rng.random() < 0.5:
                apply(contents[name], *step)
    named |= {name for name in sorted(to_name) if rng and rng.random() < 0.5}
    return {name: content for name, content in contents.items() if name in named}
