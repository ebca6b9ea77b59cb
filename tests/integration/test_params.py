"""Typed parameters: refused field by field, files in the run's folder, secrets that nobody reads."""

import base64
import json

import pytest

from fcgi_fixtures import Site
from runs import chain, result, shell

SECRET = "correct-horse-battery"
PARAMS = [
    {"name": "title", "type": "string", "required": True, "minLength": 2, "pattern": "^[A-Z]", "description": "what it is"},
    {"name": "count", "type": "integer", "min": 1, "max": 9, "default": 3},
    {"name": "level", "type": "enum", "choices": ["low", "high"], "default": "low"},
    {"name": "deep", "type": "bool", "default": False},
    {"name": "table", "type": "file", "maxBytes": 1000},
    {"name": "key", "type": "secret", "minLength": 8},
]


def workflow(*more, **members):
    nodes, edges = chain(*more, result("done", "{{ .input.count }}"))
    return {"name": "typed", "nodes": nodes, "edges": edges, "params": PARAMS, **members}


@pytest.fixture(scope="module")
def site():
    it = Site()
    yield it
    it.close()


def test_each_wrong_field_is_named(site):
    assert site.cgi("PUT", "/api/workflows/typed", workflow()).status == 201
    bad = {"title": "x", "count": 10, "level": "middle", "deep": "yes", "table": {"name": "a/b", "data": ""}, "key": "hunter2"}
    answer = site.cgi("POST", "/api/workflows/typed/run", {"input": bad})
    assert answer.status == 422 and answer.headers["content-type"] == "application/problem+json"
    assert {e["param"]: e["code"] for e in answer.json["errors"]} == {
        "title": "length", "count": "max", "level": "enum", "deep": "type", "table": "file", "key": "length"}
    assert b"hunter2" not in answer.body
    answer = site.cgi("POST", "/api/workflows/typed/run", {})
    assert [(e["param"], e["code"]) for e in answer.json["errors"]] == [("title", "missing")]
    answer = site.cgi("PUT", "/api/workflows/wrong", workflow(params=[{"name": "a", "type": "integer", "min": "1"}]))
    assert answer.status == 422 and answer.json["errors"][0]["code"] == "param"


def test_files_and_secrets_reach_the_nodes(instance):
    print_all = shell("show", 'cat "$FILE"; printf "%s" "$KEY" | tr a-z A-Z',
                      env={"FILE": "{{ .input.table.path }}", "KEY": "{{ .input.key }}"})
    instance.cli("secret", "set", "unused", "--stdin", input="makes the keys\n")
    status, _, body = instance.http("PUT", "/api/workflows/typed", workflow(print_all))
    assert status == 201, body
    given = {"title": "Rows", "table": {"name": "rows.csv", "data": base64.b64encode(b"a,b\n1,2\n").decode()}, "key": SECRET}
    run = instance.run("typed", given)
    record = instance.wait(run)
    assert record["status"] == "success", record
    assert record["nodes"]["show"]["output"]["stdout"] == "a,b\n1,2\n" + SECRET.upper()
    assert record["input"] == {"title": "Rows", "table": {"name": "rows.csv"}, "key": "***", "count": 3, "level": "low", "deep": False}
    start = record["nodes"]["start"]["output"]
    assert start["key"] == "***" and start["table"]["bytes"] == 8 and start["table"]["path"].endswith("/work/inputs/table/rows.csv")
    assert record["output"] == 3
    # Once more with the input as it was shown: the same file, the same secret.
    status, _, again = instance.http("POST", f"/api/runs/{run}/rerun", {"input": {**record["input"], "count": 4}})
    assert status == 202, again
    second = instance.wait(again["runId"])
    assert second["output"] == 4 and second["nodes"]["show"]["output"] == record["nodes"]["show"]["output"]
    # It is nowhere: not in the databases, not in the logs, not in what is told.
    for name in ("runspool.db", "runspool.db-wal", "events.db", "events.db-wal"):
        path = instance.data / name
        assert not path.exists() or SECRET.encode() not in path.read_bytes(), name
    assert SECRET not in instance.logs()
    assert SECRET not in json.dumps(instance.http("GET", f"/api/poll?stream=run:{run}&since=start")[2])
