"""runspool index and the kind rag_search: folders made searchable, and passages in runs."""

import os
import signal
import subprocess

import pytest

from conftest import RUNSPOOL, SOURCE, wait_until
from runs import chain, result


def search(instance, **data):
    run = instance.inline(*chain({"id": "find", "type": "tool", "data": {"kind": "rag_search", **data}},
                                 result(value="{{ .nodes.find.output }}")))
    return instance.wait(run)["nodes"]["find"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manual")
    (folder / "guide.md").write_text("# Guide\n\nWelcome.\n\n## Installing\n\nThe penguins must be fed first.\n\n## Removing\n\nSay goodbye.\n")
    (folder / "penguin.html").write_text("<html><head><title>Birds</title></head><body><h1>Birds</h1><p>A p&eacute;nguin is a bird.<script>penguin()</script></body></html>")
    (folder / "latin.txt").write_bytes("Ein schöner Tag für alle Pinguine\n".encode("latin-1"))
    (folder / "data.bin").write_bytes(b"penguin\0\1")
    return folder


def test_nothing_is_indexed_yet(instance):
    assert instance.cli("index") == "Nothing is indexed yet.\n"
    assert instance.json("index", "--list") == {"items": []}
    node = search(instance, query="penguin")
    assert node["status"] == "error" and node["error"] == {"code": "input", "message": "nothing is indexed yet: runspool index DIR", "nodeId": "find"}
    done = instance.cli("index", "--remove", "manual", check=False)
    assert done.returncode == 1 and "no index" in done.stderr


def test_index_and_search(instance, folder):
    first = instance.json("index", folder, "--name", "manual")
    assert {k: first[k] for k in ("name", "files", "added", "changed", "removed", "leftOut", "passages")} == {
        "name": "manual", "files": 3, "added": 3, "changed": 0, "removed": 0, "leftOut": 1, "passages": 5}
    passages = search(instance, query="How do I feed the penguins?", index="manual")["output"]["passages"]
    assert [(p["path"], p["line"], p["title"], p["index"]) for p in passages] == [
        ("guide.md", 7, "Guide > Installing", "manual"), ("penguin.html", 1, "Birds", "manual")] or [p["path"] for p in passages] == ["penguin.html", "guide.md"]
    guide = next(p for p in passages if p["path"] == "guide.md")
    assert guide["text"] == "The penguins must be fed first." and isinstance(guide["id"], str) and guide["score"] > 0
    # A heading counts more than the text.
    assert search(instance, query="removing", index="manual")["output"]["passages"][0]["text"] == "Say goodbye."
    assert search(instance, query="schoner")["output"]["passages"][0]["text"] == "Ein schöner Tag für alle Pinguine"
    assert search(instance, query="penguin", limit=1)["output"]["passages"].__len__() == 1
    assert search(instance, query='") OR (x: NEAR *')["output"] == {"passages": []}
    for data, words in [({"query": "x", "index": "other"}, 'there is no index "other"; there is manual'), ({"query": "{{ 5 }}"}, "`query`"),
                        ({"query": "x", "limit": "{{ 1000 }}"}, "`limit`")]:
        node = search(instance, **data)
        assert node["error"]["code"] == "input" and words in node["error"]["message"], node


def test_only_what_changed_is_read_again(instance, folder):
    (folder / "guide.md").write_text("# Guide\n\nAll about walruses.\n")
    (folder / "latin.txt").unlink()
    again = instance.json("index", folder, "--name", "manual")
    assert (again["changed"], again["unchanged"], again["removed"], again["added"]) == (1, 1, 1, 0)
    assert search(instance, query="fed schoner")["output"]["passages"] == []
    assert search(instance, query="walruses")["output"]["passages"][0]["line"] == 3
    listed = instance.json("index", "--list")["items"]
    assert [(i["name"], i["root"], i["files"]) for i in listed] == [("manual", str(folder), 2)]
    text = instance.cli("index", folder, "--name", "manual")
    assert text.startswith("manual: 2 files, of which 0 new and 0 changed; 0 removed, 1 left out;")
    assert "manual" in instance.cli("index")
    done = instance.cli("index", folder.parent, "--name", "manual", check=False)
    assert done.returncode == 1 and "give another name" in done.stderr
    instance.cli("index", "--remove", "manual")
    assert instance.json("index", "--list") == {"items": []}
    assert search(instance, query="walruses")["output"]["passages"] == []


def test_searches_while_a_folder_is_indexed(instance, tmp_path):
    """Interrupted in the middle and begun again; all the while there are answers."""
    for n in range(3000):
        (tmp_path / f"{n}.txt").write_text(f"number {n} of the common word\n" * 20)
    instance.json("index", SOURCE / "docs", "--name", "docs")
    indexing = subprocess.Popen([RUNSPOOL, "index", tmp_path, "--name", "many"], env=instance.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: search(instance, query="common word", index="many")["status"] == "success", what="the index")
        assert search(instance, query="run event stream", index="docs")["output"]["passages"]
    finally:
        indexing.send_signal(signal.SIGINT)
        _, errors = indexing.communicate(timeout=120)
    assert indexing.returncode in (0, 130), errors
    done = instance.json("index", tmp_path, "--name", "many")
    assert done["files"] == 3000 and done["added"] + done["unchanged"] == 3000
    assert len(search(instance, query="number 2999 common")["output"]["passages"]) == 5


def test_several_at_once(new_instance, tmp_path):
    """Of a new index, over the same folder: each sees all of it, and none takes away what another has seen."""
    instance = new_instance(without=("web", "runner"), examples=False)
    for n in range(1500):
        (tmp_path / f"{n}.txt").write_text(f"number {n}\n")
    started = [subprocess.Popen([RUNSPOOL, "index", tmp_path, "--name", "same", "--json"], env=instance.environ, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in started:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0 and '"files":1500' in output and '"removed":0' in output, output + errors
    after = instance.json("index", tmp_path, "--name", "same")
    assert (after["unchanged"], after["added"], after["changed"], after["removed"]) == (1500, 0, 0, 0)


def test_usage(instance, folder):
    for args in (["--list", folder], ["--name", "x"], ["--remove", "x", "--list"], [folder, folder]):
        assert instance.cli("index", *args, check=False).returncode == 2
    for args, words in ((["/nonexistent/x"], "No such file"), ([folder, "--name", "a b"], "no name for an index"), ([SOURCE / "README.md"], "Not a directory")):
        done = instance.cli("index", *args, check=False)
        assert done.returncode == 1 and words in done.stderr, done.stderr
    assert os.stat(instance.data / "index.db").st_mode & 0o777 == 0o660
