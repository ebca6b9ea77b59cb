"""Who is killed, and how its process is found: by pid files, the database, and /proc below processes of this instance."""

import os
import pathlib
import signal
import subprocess
import threading


def command_line(pid):
    try:
        return [part.decode(errors="replace") for part in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    except OSError:
        return []


def processes():
    return [int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()]


def alive(pid):
    """Is it there, and not merely unreaped?"""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            pass
    return found


def send(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def kill(pid):
    return send(pid, signal.SIGKILL)


def kill_part(instance, part):
    return bool(send_part(instance, part, signal.SIGKILL))


def send_part(instance, part, number):
    """The process that was signalled, 0: none."""
    try:
        pid = instance.pid(part)
    except (OSError, ValueError):
        return 0
    return pid if str(instance.data) in " ".join(command_line(pid)) and send(pid, number) else 0


def stall_part(instance, part, seconds):
    """SIGSTOP, and SIGCONT after so long."""
    pid = send_part(instance, part, signal.SIGSTOP)
    if pid:
        later(seconds, signal.SIGCONT, pid)
    return bool(pid)


def later(seconds, number, pid):
    """Signal the process after so long: it, and none that has got its number since."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return

    def strike():
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            pass
        os.close(handle)

    timer = threading.Timer(seconds, strike)
    timer.daemon = True
    timer.start()


def stop_and_kill(instance, part, seconds):
    """SIGSTOP, and SIGKILL after so long: what it was sent meanwhile goes with it."""
    pid = send_part(instance, part, signal.SIGSTOP)
    if pid:
        later(seconds, signal.SIGKILL, pid)
    return bool(pid)


def freeze(instance, rng, runs, seconds):
    """SIGSTOP of the runner or a run process, and SIGCONT after so long."""
    found = [run.pid() for run in runs]
    found = [pid for pid in found if pid and str(instance.data) in command_line(pid)]
    pid = rng.choice([*found, 0])
    hit = send(pid, signal.SIGSTOP) if pid else (pid := send_part(instance, "runner", signal.SIGSTOP))
    if hit:
        later(seconds, signal.SIGCONT, pid)
    return bool(hit)


def second_bridge(instance, seconds):
    """A bridge that nobody asked for, started as the first one dies: either may come to hold the directory. Killed after so
    long."""
    first = kill_part(instance, "bridge")
    args = [str(instance.bridge), "--data", str(instance.data), "--listen", f"unix:{instance.data}/bridge.sock"]
    for setting in instance.settings:
        args += ["--set", setting]
    process = subprocess.Popen(args, env=instance.environ, stderr=subprocess.DEVNULL)

    def end():
        process.kill()
        process.wait()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return first


def kill_fcgi(instance, rng, program):
    try:
        web = instance.pid("web")
    except (OSError, ValueError):
        return False
    found = [pid for pid in children(web) if command_line(pid)[:1] and command_line(pid)[0].endswith("/" + program)]
    return bool(found) and kill(rng.choice(found))


def kill_run(instance, rng, runs):
    """A run process; the killed run is marked."""
    for run in rng.sample(runs, len(runs)):
        pid = run.pid()
        if pid and run.id in command_line(pid) and str(instance.data) in command_line(pid):
            run.killed = kill(pid) or run.killed
            return run.killed
    return False


def leftovers(tokens):
    """Processes whose arguments name one of these tokens: tools of runs that have ended."""
    me = os.getpid()
    found = []
    for pid in processes():
        line = command_line(pid)
        if pid != me and any(token in line for token in tokens) and alive(pid):
            found.append((pid, " ".join(line)[:120]))
    return found
