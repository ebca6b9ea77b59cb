"""Nodes executed once an item: many of them, failures, cancel, kills. Most with the runner alone, as in test_runner.py."""

import contextlib
import datetime
import json
import os
import pathlib
import signal
import sqlite3

import pytest

from conftest import ALLOW, wait_until
from runs import TRIGGER, chain, result
from test_runner import Runner, marked


@pytest.fixture(scope="module")
def runner():
    it = Runner()
    yield it
    it.close()


@pytest.fixture
def new_runner():
    made = []

    def make(settings=ALLOW):
        made.append(Runner(settings))
        return made[-1]

    yield make
    for it in made:
        it.close()


def each(items, node, name="each", **data):
    return {"id": name, "type": "control", "data": {"kind": "foreach", "items": items, "node": node, **data}}


def transform(expression, **data):
    return {"kind": "transform", "expression": expression, **data}


def shell(script, *args, **data):
    return {"kind": "shell", "command": ["sh", "-c", script, "sh", *args], **data}


def rows(runner, run, sql="SELECT idx, status, attempt FROM item WHERE run_id = ? ORDER BY idx"):
    with contextlib.closing(sqlite3.connect(f"file:{runner.data}/runspool.db?mode=ro", uri=True)) as db:
        return db.execute(sql, (run,)).fetchall()


def ended(runner, run, status="success"):
    return len([row for row in rows(runner, run) if row[1] == status])


def test_outputs_in_order(runner):
    """Templates and jq see .item and .index; the next node sees all outputs."""
    node = each("{{ .input.list }}", shell("echo $1-$2", "{{ .item.name }}", "{{ .index }}"))
    record = runner.execute(*chain(node, result("done", "{{ [.nodes.each.output.items[].stdout] }}")),
                            {"list": [{"name": name} for name in "abcdefg"]})
    assert record["output"] == [f"{name}-{i}\n" for i, name in enumerate("abcdefg")]
    assert {k: v for k, v in record["nodes"]["each"]["output"].items() if k != "items"} == {
        "total": 7, "done": 7, "failed": 0, "failures": []}
    empty = runner.execute(*chain(each([], transform("."))))
    assert empty["nodes"]["each"]["output"] == {"total": 0, "done": 0, "failed": 0, "failures": [], "items": []}
    wrong = runner.execute(*chain(each("{{ 5 }}", transform("."))))
    assert wrong["error"]["code"] == "input" and "must be an array, not 5" in wrong["error"]["message"]


def test_ten_thousand_items_do_not_drown_the_log(runner):
    run = runner.new(*chain(each("{{ [range(10000)] }}", transform("{n: (.item * 2), pad: \"%s\"}" % ("x" * 50)), concurrency=8)))
    record = runner.wait(run)
    output = record["nodes"]["each"]["output"]
    assert record["status"] == "success" and (output["total"], output["done"], output["failed"]) == (10000, 10000, 0)
    # Too much for a record: in an artifact, one line an item, in order.
    assert "items" not in output and output["path"] == "each.items.jsonl"
    artifact = runner.data / "runs" / run / "artifacts" / output["path"]
    lines = artifact.read_text().splitlines()
    assert artifact.stat().st_size == output["bytes"] and [json.loads(line)["n"] for line in lines] == list(range(0, 20000, 2))
    assert rows(runner, run) == [(i, "success", 1) for i in range(10000)]
    events = runner.events(run)
    progress = [e["data"] for e in events if e["type"] == "node.progress"]
    took_s = record["nodes"]["each"]["durationMs"] / 1000
    assert 1 <= len(progress) <= 4 * took_s + 2 and len(events) - len(progress) < 20
    assert [p["done"] for p in progress] == sorted(p["done"] for p in progress)
    assert all(p["done"] + p["failed"] + p["running"] <= p["total"] == 10000 for p in progress)
    assert progress[-1]["done"] == 10000 and progress[-1]["running"] == 0
    print(f"10,000 items in {took_s:.2f} s, {len(events)} events")


def test_a_link_left_by_a_tool_leads_nowhere(runner):
    """What a tool put where the outputs' artifact is written: the runner, outside the sandbox, follows no link."""
    victim = runner.root / "victim"
    victim.write_text("precious")
    plant = shell('for name in .each.items.jsonl .partial-each.items.jsonl each.items.jsonl; do ln -s "$1" ../artifacts/$name; done', str(victim))
    record = runner.execute(*chain({"id": "plant", "type": "tool", "data": plant},
                                   each("{{ [range(3000)] }}", transform("\"%s\"" % ("x" * 100)))))
    output = record["nodes"]["each"]["output"]
    assert record["status"] == "success" and victim.read_text() == "precious"
    artifact = runner.data / "runs" / record["id"] / "artifacts" / output["path"]
    assert not artifact.is_symlink() and artifact.stat().st_size == output["bytes"]


def test_a_failure_ends_it_unless_it_may(runner):
    odd = "if .item % 2 == 1 then error(\"odd\") else .item end"
    record = runner.execute(*chain(each([0, 2, 1, 3, 4], transform(odd), concurrency=1)))
    assert record["status"] == "error"
    assert record["error"]["code"] == "expression" and "1 of 5 items failed, 0 may; item 2: " in record["error"]["message"]
    assert record["nodes"]["each"]["output"]["done"] == 2

    record = runner.execute(*chain(each([0, 1, 3, 2, 4], transform(odd), concurrency=1, maxFailures=2)))
    output = record["nodes"]["each"]["output"]
    assert record["status"] == "success" and output["items"] == [0, None, None, 2, 4]
    assert [f["index"] for f in output["failures"]] == [1, 2] and output["failures"][0]["code"] == "expression"

    record = runner.execute(*chain(each(list(range(9)), transform(odd, continueOnError=True))))
    output = record["nodes"]["each"]["output"]
    assert record["status"] == "success" and (output["done"], output["failed"]) == (5, 4)


def test_an_item_is_tried_again(runner):
    node = each(["a", "b"], shell("echo x >> $1; [ $(wc -l < $1) -eq 2 ]", "{{ .item }}", retry={"attempts": 3, "backoffMs": 1}))
    run = runner.new(*chain(node))
    assert runner.wait(run)["status"] == "success"
    assert rows(runner, run) == [(0, "success", 2), (1, "success", 2)]


def test_an_item_has_a_timeout(runner):
    run = runner.new(*chain(each([1, 2], shell("sleep 100", timeoutMs=200, continueOnError=True))))
    record = runner.wait(run)
    assert [f["code"] for f in record["nodes"]["each"]["output"]["failures"]] == ["timeout", "timeout"]
    wait_until(lambda: not marked(run), what="the end of its processes")


def test_lines_are_bounded(runner):
    run = runner.new(*chain(each(list(range(4)), shell("i=0; while [ $i -lt 300 ]; do echo $i; i=$((i+1)); done"))))
    assert runner.wait(run)["status"] == "success"
    lines = [e["data"] for e in runner.events(run, "log")]
    assert [len([line for line in lines if line.get("item") == i]) for i in range(4)] == [100] * 4
    assert lines[-1]["message"].startswith("800 lines of items are not in the log")


def test_two_hundred_commands(runner):
    run = runner.new(*chain(each("{{ [range(200)] }}", shell("echo $1", "{{ .item }}"), concurrency=8)))
    record = runner.wait(run)
    assert [item["stdout"] for item in record["nodes"]["each"]["output"]["items"]] == [f"{i}\n" for i in range(200)]
    print(f"200 commands in {record['nodes']['each']['durationMs']} ms")


def test_cancel_in_the_middle(runner):
    """What runs is ended, what has not begun never does, what is done stays done."""
    node = each("{{ [range(100)] }}", shell("[ $1 -lt 5 ] || sleep 100", "{{ .index }}"), concurrency=4)
    run = runner.new(*chain(node))
    wait_until(lambda: ended(runner, run) == 5 and ended(runner, run, "running") == 4, what=runner.log())
    runner.ctl("cancel", run)
    record = runner.wait(run)
    assert record["status"] == "cancelled" and record["nodes"]["each"]["status"] == "cancelled"
    assert [row[1] for row in rows(runner, run)] == ["success"] * 5 + ["cancelled"] * 4
    wait_until(lambda: not marked(run), what="the end of its processes")


def test_resumed_by_a_person_only_what_was_not_done(runner):
    """The failed item and those behind it are executed, the others keep their outputs."""
    node = each(list(range(6)), shell("echo $1 >> ran; [ $1 -ne 3 ] || [ -e mended ]", "{{ .item }}"), concurrency=1)
    run = runner.new(*chain(node))
    assert runner.wait(run)["status"] == "error"
    work = runner.data / "runs" / run / "work"
    (work / "mended").write_text("")
    runner.ctl("resume", run)
    record = wait_until(lambda: (lambda r: r if r["attempt"] == 2 and r["status"] == "success" else None)(runner.record(run)))
    assert (work / "ran").read_text().split() == ["0", "1", "2", "3", "3", "4", "5"]
    assert record["nodes"]["each"]["output"]["done"] == 6
    runner.ctl("retry", run)
    wait_until(lambda: runner.record(run)["attempt"] == 3 and runner.record(run)["status"] in ("success", "error"))
    assert len(rows(runner, run)) == 4 # from the start, in an empty folder: not mended


def test_killed_and_resumed(new_runner):
    """Commands that may be repeated: those that are done are not executed again, all others are."""
    runner = new_runner([*ALLOW, "runner.orphan=resume"])
    node = each("{{ [range(40)] }}", shell("echo $1 >> ran; [ $1 -lt 20 ] || until [ -e go ]; do sleep 0.02; done", "{{ .item }}",
                                           onInterrupted="retry"), concurrency=4)
    run = runner.new(*chain(node, result("done", "{{ .nodes.each.output.done }}")))
    wait_until(lambda: ended(runner, run) == 20 and ended(runner, run, "running") == 4, what=runner.log())
    pid = runner.run_pid(run)
    os.kill(pid, signal.SIGKILL)
    work = runner.data / "runs" / run / "work"
    (work / "go").write_text("")
    record = runner.wait(run)
    assert record["status"] == "success" and record["attempt"] == 2 and record["output"] == 40
    ran = [int(line) for line in (work / "ran").read_text().split()]
    assert sorted(set(ran)) == list(range(40))
    assert {n for n in ran if ran.count(n) > 1} <= {20, 21, 22, 23}


def test_killed_while_it_ran_what_may_not_run_twice(new_runner):
    """Those items count as failed, and are not executed again by themselves."""
    runner = new_runner([*ALLOW, "runner.orphan=resume"])
    node = each("{{ [range(6)] }}", shell("echo $1 >> ran; [ $1 -ne 2 ] || [ -e go ] || sleep 100", "{{ .item }}"),
                concurrency=1, maxFailures=1)
    run = runner.new(*chain(node))
    ran = runner.data / "runs" / run / "work" / "ran"
    wait_until(lambda: ran.exists() and ran.read_text() == "0\n1\n2\n", what=runner.log())
    (ran.parent / "go").write_text("")
    os.kill(runner.run_pid(run), signal.SIGKILL)
    record = runner.wait(run)
    output = record["nodes"]["each"]["output"]
    assert record["status"] == "success" and output["failed"] == 1
    assert output["failures"] == [{"index": 2, "code": "orphaned", "message": output["failures"][0]["message"]}]
    assert ran.read_text().split() == ["0", "1", "2", "3", "4", "5"]
    assert [row[1] for row in rows(runner, run)] == ["success", "success", "error", "success", "success", "success"]


def test_killed_again_and_again_among_thousands(new_runner):
    """Wherever the process dies, each output is there once and in its place."""
    runner = new_runner([*ALLOW, "runner.orphan=resume"])
    run = runner.new(*chain(each("{{ [range(2000)] }}", transform("{n: .item, i: .index, s: ([range(1000)] | length)}"), concurrency=2)))
    def far(attempt, n):
        record = runner.record(run)
        done = rows(runner, run, "SELECT COUNT(*) FROM item WHERE run_id = ? AND status = 'success'")[0][0]
        return record["status"] == "success" or (record["attempt"] == attempt and record["nodes"]["each"]["status"] == "running" and done >= n)

    kills = 0
    for attempt, n in ((1, 100), (2, 500), (3, 1000)):
        wait_until(lambda: far(attempt, n))
        with contextlib.suppress(StopIteration, ProcessLookupError): # it was faster than we are
            os.kill(runner.run_pid(run), signal.SIGKILL)
            kills += 1
    record = runner.wait(run)
    output = record["nodes"]["each"]["output"]
    assert record["status"] == "success" and kills > 0 and (output["done"], output["failed"]) == (2000, 0)
    items = output.get("items") or list(map(json.loads, (runner.data / "runs" / run / "artifacts" / output["path"]).open()))
    assert items == [{"n": i, "i": i, "s": 1000} for i in range(2000)]


def test_another_list_starts_over(runner):
    """A node that is tried again with another list does not take the old outputs for the new ones."""
    def ms(event):
        return datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp() * 1000

    node = each("{{ [range(3)] | map(. + now) }}", transform(".item"), retry={"attempts": 2, "backoffMs": 1, "on": ["expression"]})
    node["data"]["node"]["expression"] = "if .index == 2 then error(\"no\") else .item end"
    run = runner.new(*chain(node))
    record = runner.wait(run)
    assert record["nodes"]["each"]["attempt"] == 2 and record["status"] == "error"
    again = runner.events(run, "node.retried")[0]
    started = [row[0] for row in rows(runner, run, "SELECT started FROM item WHERE run_id = ? AND status = 'success'")]
    assert len(started) == 2 and min(started) >= ms(again)


def test_items_over_rest(instance):
    node = each(list(range(30)), transform("if .item == 7 then error(\"seven\") else {n: .item} end", continueOnError=True))
    run = instance.inline(*chain(node))
    instance.wait(run)
    path = f"/api/runs/{run}/nodes/each/items"
    first = instance.http("GET", f"{path}?limit=20")[2]
    assert [i["index"] for i in first["items"]] == list(range(20)) and first["next"] == "19"
    assert first["counts"] == {"success": 29, "error": 1}
    assert first["items"][3]["output"] == {"n": 3} and first["items"][3]["status"] == "success"
    assert {"startedAt", "finishedAt", "durationMs", "attempt"} <= first["items"][3].keys()
    assert [i["index"] for i in instance.http("GET", f"{path}?limit=20&cursor=19")[2]["items"]] == list(range(20, 30))
    failed = instance.http("GET", f"{path}?status=error")[2]["items"]
    assert [(i["index"], i["error"]["code"]) for i in failed] == [(7, "expression")] and "seven" in failed[0]["error"]["message"]
    assert instance.http("GET", f"{path}?status=odd")[0] == 400
    assert instance.http("GET", f"{path}?cursor=x")[0] == 400
    assert instance.http("GET", f"/api/runs/{run}/nodes/nosuch/items")[0] == 404


def test_what_may_not_be_an_item(instance):
    for node, words in ((({"kind": "approval", "message": "?"}), "not \\\"approval\\\""), ({"kind": "nosuch"}, "nosuch"),
                        ({"kind": "shell"}, "`command` is missing"), (transform(".item |"), "`expression`")):
        status, _, body = instance.http("POST", "/api/workflows/w/run", dict(zip(("nodes", "edges"), chain(each([1], node)))))
        assert status == 422 and words.replace("`", "") in json.dumps(body).replace("`", ""), body


def test_a_pause_holds_the_items_that_have_not_begun(instance):
    """Those that run end; then nobody executes the run, until it goes on behind them."""
    node = each(list(range(12)), shell("echo $1 >> ran; until [ -e go ]; do sleep 0.02; done", "{{ .item }}"), concurrency=2)
    run = instance.inline(*chain(node, result("done", "{{ .nodes.each.output.done }}")))
    ran = instance.data / "runs" / run / "work" / "ran"
    wait_until(lambda: ran.exists() and len(ran.read_text().split()) == 2, what="two items")
    assert instance.http("POST", f"/api/runs/{run}/pause")[0] == 202
    wait_until(lambda: instance.record(run).get("pausing"))
    (ran.parent / "go").write_text("")
    wait_until(lambda: instance.record(run)["status"] == "paused", what="the pause")
    done = len(ran.read_text().split())
    assert 2 <= done < 12 and instance.http("GET", f"/api/runs/{run}/nodes/each/items")[2]["counts"] == {"success": done}
    assert instance.http("POST", f"/api/runs/{run}/resume")[0] == 202
    record = instance.wait(run)
    assert record["status"] == "success" and record["output"] == 12 and record["attempt"] == 1
    assert sorted(map(int, ran.read_text().split())) == list(range(12))


def test_scripts_and_calls_of_items_do_not_disturb_each_other(instance):
    """Items that write the same file of their own, at the same time."""
    script = {"kind": "script", "language": "sh", "code": "sleep 0.01; printf %s \"$1\"", "args": ["{{ .item }}"]}
    run = instance.inline(*chain(each("{{ [range(60)] }}", script, concurrency=10)))
    record = instance.wait(run)
    assert [i["stdout"] for i in record["nodes"]["each"]["output"]["items"]] == [str(i) for i in range(60)]
    folders = {"kind": "write_file", "path": "out/{{ .index }}.txt", "content": "{{ .item }}"}
    run = instance.inline(*chain(each(["a", "b", "c"], folders, concurrency=3)))
    assert instance.wait(run)["status"] == "success"
    assert [(instance.data / "runs" / run / "work" / "out" / f"{i}.txt").read_text() for i in range(3)] == ["a", "b", "c"]
