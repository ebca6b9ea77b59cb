"""The commands of the README run as they stand there."""

import os
import re
import subprocess

from conftest import BUILD, SOURCE, free_port


def blocks(document):
    return re.findall(r"^```sh\n(.*?)^```", (SOURCE / document).read_text(), re.S | re.M)


def test_readme_use_it(tmp_path):
    """`Use it`: the shell block and the curl block, on a free port and in a directory of their own."""
    use, http = [b for b in blocks("README.md") if "runspool up" in b or "curl" in b]
    assert http.endswith("\nrunspool down\n")
    script = use + http
    port = free_port()
    script = script.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    script = script.replace("up --detach ", f"up --detach --listen 127.0.0.1:{port} ")
    script = script.replace("make -j2", "printf 'made\\n'").replace("var/spool.sock", "$RUNSPOOL_DATA/spool.sock")
    # What follows for ever is given a moment: it must have printed by then.
    script = re.sub(r"^(curl -N|runspool tail)", r"timeout 3 \1", script, flags=re.M)
    log = tmp_path / "log"
    with log.open("w") as out:
        done = subprocess.run(["sh", "-ex", "-c", script.replace("since start ", "since start || [ $? = 124 ] ").replace("start'   ", "start' || [ $? = 124 ]   ")],
                              cwd=SOURCE, stdout=out, stderr=subprocess.STDOUT, timeout=120,
                              env={**os.environ, "RUNSPOOL_DATA": str(tmp_path / "var"), "PATH": f"{BUILD / 'cli'}:{os.environ['PATH']}"})
    text = log.read_text()
    assert done.returncode == 0, text
    for part in ("made", '"runId"', '"op":"hello"', "run.finished"):
        assert part in text, text
