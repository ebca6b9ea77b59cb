"""Versions of workflows, runs of an older or the newest one, and what is kept of a run's earlier attempts."""

from runs import TRIGGER, chain, result, shell
from test_retry import NEEDS_OK, again, let_pass


def put(instance, value, **head):
    nodes, edges = chain(result(value=value))
    status, _, record = instance.http("PUT", "/api/workflows/versioned", {"nodes": nodes, "edges": edges, **head})
    assert status in (200, 201), record
    return record["version"]


def test_rerun_as_it_was_and_as_it_is(instance):
    assert put(instance, "one", name="First") == put(instance, "one", name="First") == 1
    run = instance.run("versioned")
    assert instance.wait(run)["workflowVersion"] == 1
    params = [{"name": "n", "type": "integer", "required": True}]
    assert put(instance, "two", name="Second") == 2
    assert put(instance, "{{ .input.n }}", name="Third", params=params) == 3

    def rerun(**body):
        record = instance.wait(again(instance, run, "rerun", body)["runId"])
        return record["output"], record["workflowVersion"], record["name"]

    assert rerun() == rerun(version="same") == rerun(version=1) == ("one", 1, "First")
    assert rerun(version=2) == ("two", 2, "Second")
    assert rerun(version="current", input={"n": 3}) == (3, 3, "Third")
    # The old input is not one that the new version takes.
    assert again(instance, run, "rerun", {"version": "current"}, expect=422)["errors"][0]["param"] == "n"
    again(instance, run, "rerun", {"version": 9}, expect=409)
    for bad in ("newest", 0, True):
        again(instance, run, "rerun", {"version": bad}, expect=422)

    _, _, page = instance.http("GET", "/api/workflows/versioned/versions?limit=2")
    assert [(i["version"], i["name"]) for i in page["items"]] == [(3, "Third"), (2, "Second")] and page["next"] == 2
    _, _, page = instance.http("GET", "/api/workflows/versioned/versions?cursor=2")
    assert [i["version"] for i in page["items"]] == [1] and page["next"] is None
    _, _, was = instance.http("GET", "/api/workflows/versioned/versions/2")
    assert was["name"] == "Second" and was["version"] == 2 and was["nodes"][1]["data"]["value"] == "two"
    for path in ("versioned/versions/4", "versioned/versions/x", "none/versions", "none/versions/1"):
        assert instance.http("GET", f"/api/workflows/{path}")[0] == 404
    # What was is put back as a new version.
    assert instance.http("PUT", "/api/workflows/versioned", was)[2]["version"] == 4
    # An inline run of a workflow that was never saved.
    inline = instance.inline([TRIGGER], [], workflow="never_saved")
    instance.wait(inline)
    again(instance, inline, "rerun", {"version": "current"}, expect=409)


def test_an_import_of_the_same_makes_no_version(instance, tmp_path):
    path = tmp_path / "again.json"
    path.write_text('{"id":"again","nodes":[{"id":"start","type":"trigger","data":{"kind":"manual"}}],"edges":[]}')
    assert instance.cli("workflow", "import", path) == "again imported, version 1\n"
    assert instance.cli("workflow", "import", path) == "again unchanged, version 1\n"
    path.write_text(path.read_text().replace("start", "begin"))
    assert instance.cli("workflow", "import", path) == "again replaced, version 2\n"


def test_saved_in_between(instance):
    def save(value, tag=None, name="shared"):
        nodes, edges = chain(result(value=value))
        return instance.http("PUT", f"/api/workflows/{name}", {"nodes": nodes, "edges": edges}, headers=tag and {"If-Match": tag})

    assert save("one", '"1"')[0] == 412 and save("one", "*")[0] == 412
    assert save("one")[1]["ETag"] == instance.http("GET", "/api/workflows/shared")[1]["ETag"] == '"1"'
    assert save("mine", '"1"')[1]["ETag"] == '"2"'
    status, _, problem = save("theirs", '"1"')
    assert status == 412 and problem["detail"] == "the workflow has been saved since, as version 2"
    assert instance.http("GET", "/api/workflows/shared")[2]["nodes"][1]["data"]["value"] == "mine"
    assert save("theirs", "*")[2]["version"] == 3
    assert save("x", "3")[0] == 412


def test_validating_saves_nothing(instance):
    nodes, edges = chain(shell("a", "true"), result(value="{{ .nodes.a.output }}"))
    definition = {"id": "checked", "nodes": nodes, "edges": edges}
    validate = lambda: instance.http("POST", "/api/workflows/validate", definition)[::2]
    assert validate() == (200, {"valid": True, "errors": []})
    nodes[-1]["data"]["value"] = "{{ .nodes.( }}"
    status, answer = validate()
    assert status == 200 and not answer["valid"] and [e["nodeId"] for e in answer["errors"]] == [nodes[-1]["id"]]
    nodes[1]["data"]["command"], edges[0]["target"] = [], "nobody"
    assert {(e.get("nodeId"), e["code"]) for e in validate()[1]["errors"]} == {("a", "setting"), (None, "dangling")}
    assert instance.http("POST", "/api/workflows/validate", [])[0] == 422
    assert instance.http("GET", "/api/workflows/checked")[0] == 404


def test_earlier_attempts_keep_their_logs_and_how_they_ended(instance):
    run = instance.inline(*chain(shell("say", "[ -e ok ] && echo well || echo badly"), shell("work", NEEDS_OK)))
    assert instance.wait(run)["status"] == "error"
    again(instance, run, "retry")
    instance.wait(run)
    let_pass(instance, run)
    again(instance, run, "resume")
    record = instance.wait(run)
    assert [(a["attempt"], a["status"]) for a in record["attempts"]] == [(1, "error"), (2, "error"), (3, "success")]
    assert record["attempts"][0]["error"]["nodeId"] == "work" and record["attempts"][0]["startedAt"] <= record["attempts"][1]["startedAt"]

    def lines(attempt, limit=100):
        said, cursor = [], ""
        while cursor is not None:
            _, _, page = instance.http("GET", f"/api/runs/{run}/logs?attempt={attempt}&limit={limit}{cursor and '&cursor=' + cursor}")
            said += [i["message"] for i in page["items"] if i["level"] in ("info", "warning")]
            cursor = page["next"]
        return said

    assert lines(1) == lines(2) == lines(2, limit=1) == ["badly", "no ok"] and lines(3) == ["well"]
    _, _, page = instance.http("GET", f"/api/runs/{run}/events?attempt=2")
    assert page["items"][0]["type"] == "run.retried" and page["items"][-1]["type"] == "run.failed" and page["next"] is None
    assert instance.http("GET", f"/api/runs/{run}/logs?attempt=4")[0] == 404
    assert instance.http("GET", f"/api/runs/{run}/logs?attempt=x")[0] == 400
