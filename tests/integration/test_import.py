"""Workflows of Dagu and n8n become definitions that validate and run; what cannot be mapped is said, with its line."""

import json
import shutil
import subprocess

import pytest
from conftest import RUNSPOOL, SOURCE, Instance, ALLOW
from fcgi_fixtures import Site

FIXTURES = SOURCE / "tests" / "fixtures" / "import"


def imported(*args, **more):
    """`runspool workflow import --dry-run --json`: (definition, report, standard error)."""
    done = subprocess.run([RUNSPOOL, "workflow", "import", "--dry-run", "--json", *map(str, args)], capture_output=True, text=True, timeout=120, **more)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer["workflow"], answer["report"], done.stderr


def refused(text, *args):
    done = subprocess.run([RUNSPOOL, "workflow", "import", "--dry-run", "-", *args], input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and not done.stdout, done
    return done.stderr


def data_of(definition):
    return {n["data"].get("label", n["id"]): n["data"] for n in definition["nodes"]}


def edges_of(definition):
    names = {n["id"]: n["data"].get("label", n["id"]) for n in definition["nodes"]}
    return {(names[e["source"]], e.get("sourceHandle"), names[e["target"]]) for e in definition["edges"]}


def notes(report, kind):
    return {(n.get("line"), n["what"]) for n in report[kind]}


@pytest.fixture(scope="module")
def instance():
    it = Instance(ALLOW, examples=False)
    for name in ("nightly-report.yaml", "chain.yml", "orders.json"):
        it.cli("workflow", "import", FIXTURES / name)
    yield it
    it.close()


@pytest.fixture(scope="module")
def site():
    it = Site()
    yield it
    it.close()


# Dagu


def test_dagu_graph_and_policies():
    definition, report, said = imported(FIXTURES / "nightly-report.yaml")
    assert (definition["id"], definition["name"], definition["timeoutMs"]) == ("nightly_report", "Nightly report", 1800000)
    assert definition["concurrency"] == {"limit": 1, "onBusy": "queue"}
    assert definition["params"] == [{"name": "DAY", "type": "string", "default": "2026-11-20"}, {"name": "LIMIT", "type": "string", "default": "3"}]
    data = data_of(definition)
    assert data["Schedule"] == {"kind": "schedule", "label": "Schedule", "cron": "30 2 * * MON-FRI", "timezone": "Europe/Vienna"}
    assert data["count lines"]["retry"] == {"attempts": 3, "backoffMs": 1000, "factor": 1.0, "on": ["exit:75"]}
    assert data["write"]["continueOnError"] and (data["total"]["kind"], data["total"]["language"]) == ("script", "python")
    assert {(a, b) for a, _, b in edges_of(definition)} >= {("count lines", "write"), ("total", "write"), ("make folder", "total"),
                                                           ("only in the south: preconditions", "only in the south")}
    assert notes(report, "notMapped") == {(7, "histRetentionDays"), (49, "handlerOn"), (47, "write")}
    assert (report["from"], report["nodes"], report["mapped"]) == ("dagu", 6, 6)
    assert "nightly-report.yaml:47: not mapped: write: `mailOnError` has no counterpart" in said
    assert len({(n["position"]["x"], n["position"]["y"]) for n in definition["nodes"]}) == len(definition["nodes"])


def test_dagu_runs(instance):
    record = instance.wait(instance.run("nightly_report", {"DAY": "2026-11-21"}))
    nodes = record["nodes"]
    assert record["status"] == "success", record["error"]
    assert nodes["write"]["output"]["stdout"] == "2026-11-21 north lines=3 total=42\n"
    assert nodes["only_in_the_south"]["status"] == "skipped"
    assert nodes["success"]["output"]["stdout"] == "done for 2026-11-21\n"


def test_dagu_chain_with_shorthands(instance):
    definition, report, _ = imported(FIXTURES / "chain.yml")
    assert edges_of(definition) == {("Start", None, "step_1"), ("step_1", None, "left"), ("step_1", None, "right"), ("left", None, "last"),
                                    ("right", None, "last")}
    assert data_of(definition)["left"]["command"] == ["echo", "left"] and not report["notMapped"]
    record = instance.wait(instance.run("chain", {"p2": "other words"}))
    out = {n: r["output"]["stdout"] for n, r in record["nodes"].items() if n != "start"}
    assert out["step_1"] == "first\n" and out["left"] == "left\n" and out["right"].startswith("right of /")
    assert out["last"] == "{{ not a template }} other words\n"


def test_dagu_executors():
    definition, report, said = imported(FIXTURES / "executors.yaml")
    data = data_of(definition)
    assert data["fetch"] == {"kind": "http_request", "label": "fetch", "method": "GET", "url": "http://127.0.0.1:1/items/{{ .input.HOST }}",
                             "headers": {"Accept": "application/json", "X-Host": "{{ .input.HOST }}"}, "query": {"limit": "10"}, "timeoutMs": 5000}
    assert data["convert"] == {"kind": "transform", "label": "convert", "expression": '{"a":41} | (.a + 1)'}
    assert data["image"]["command"][2].endswith('docker run --rm -e HOST -e USER -e API "alpine:3" echo $HOST')
    assert 'ssh -o BatchMode=yes -p 2222 "${USER}"@"${HOST}" -- "uptime"' in data["remote"]["command"][2]
    assert data["tell"]["subject"] == "Items of {{ .input.HOST }}" and ".nodes.fetch.output.body" in data["tell"]["text"]
    assert (data["child"]["kind"], data["child"]["workflow"], data["child"]["input"]) == ("subworkflow", "child", {"HOST": "{{ .input.HOST }}"})
    assert data["gha"]["expression"] == 'error("gha was not imported: executor gha")'
    assert notes(report, "notMapped") == {(8, "dotenv"), (44, "gha"), (42, "gha")} and report["mapped"] == 6
    assert "executors.yaml:42: not mapped: gha: the executor gha has no counterpart" in said


# n8n


def test_n8n_ids_positions_and_edges():
    definition, report, _ = imported(FIXTURES / "orders.json")
    source = json.loads((FIXTURES / "orders.json").read_text())
    places = {n["id"]: (n["position"]["x"], n["position"]["y"]) for n in definition["nodes"]}
    assert places == {n["id"]: tuple(n["position"]) for n in source["nodes"] if n["name"] != "Note"}
    assert edges_of(definition) == {
        ("Monday and Wednesday", None, "Make an order"), ("By hand", None, "Make an order"), ("Make an order", None, "Large?"),
        ("Large?", "true", "Print it"), ("Large?", "true", "Sum"), ("Large?", "false", "Nothing to do"), ("Print it", None, "Summary"),
        ("Summary", None, "Answer")}
    data = data_of(definition)
    assert data["Monday and Wednesday"]["cron"] == "15 7 * * 1,3" and data["Monday and Wednesday"]["timezone"] == "Europe/Vienna"
    assert data["Print it"]["retry"] == {"attempts": 2, "backoffMs": 500, "factor": 1} and definition["timeoutMs"] == 600000
    assert not report["notMapped"] and report["mapped"] == 9


def test_n8n_runs(instance):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    record = instance.wait(instance.run("orders_of_the_day"))
    assert record["status"] == "success", record["error"]
    assert record["output"] == {"printed": "order 42 of Ms. O'Neil", "long": "yes"}
    nodes = {n["data"]["label"]: record["nodes"][n["id"]] for n in record["graph"]["nodes"]}
    assert nodes["Sum"]["output"]["json"] == {"sum": 6, "text": "order 42"}
    assert nodes["Nothing to do"]["status"] == "skipped"


def test_n8n_what_is_not_mapped():
    definition, report, said = imported(FIXTURES / "feedback.json")
    data = data_of(definition)
    assert (data["Feedback comes in"]["kind"], data["Feedback comes in"]["source"]) == ("webhook", "feedback")
    assert [c["handle"] for c in data["Mood"]["cases"]] == ["output_0", "output_1"]
    assert ("Mood", "default", "In tens") in edges_of(definition) and ("Mark", None, "In tens") not in edges_of(definition)
    crm = data["Tell the CRM"]
    assert crm["url"] == 'https://crm.example.org/v1/people/{{ .nodes["1"].output.body.person.id }}/notes'
    assert crm["headers"] == {"X-Mood": '{{ .nodes["1"].output.body.mood }}'} and crm["query"] == {"source": "form"}
    assert crm["continueOnError"] and crm["timeoutMs"] == 10000 and data["Cool down"]["ms"] == 2000
    assert data["Mail"]["text"] == 'Mood: {{ "{{" }} not live }}'
    assert notes(report, "notMapped") == {(None, "settings.errorWorkflow"), (17, "Mark"), (11, "Tell the CRM"), (14, "In tens"), (15, "Slack")}
    assert report["mapped"] == 8 and "feedback.json:15: not mapped: Slack" in said


EXPRESSIONS = [  # JavaScript on $json = {"n": 7, "s": "Ab c", "list": [1, 2, 3], "o": {"k-1": "v"}, "none": null}
    ("$json.n + 1", 8), ("$json.s + '!'", "Ab c!"), ("'n=' + $json.n", "n=7"), ("$json.n * 2 - 4 / 2", 12), ("$json.n % 4 === 3", True),
    ("$json.n > 5 && $json.s != 'x'", True), ("!($json.n >= 8)", True), ("$json.none || 'instead'", "instead"), ("$json.none ?? 0", 0),
    ("$json.n > 5 ? 'large' : 'small'", "large"), ("$json.list.length", 3), ("$json.list[1]", 2), ("$json['o']['k-1']", "v"),
    ("$json.o?.missing?.deep", None), ("$json.s.toUpperCase()", "AB C"), ("$json.s.split(' ')[1]", "c"), ("$json.list.includes(2)", True),
    ("$json.list.join('-')", "1-2-3"), ("$json.s.startsWith('Ab')", True), ("Number('4') + 1", 5), ("JSON.stringify($json.o)", '{"k-1":"v"}'),
    ("[$json.n, 'x']", [7, "x"]), ("{ a: $json.n, 'b c': true }", {"a": 7, "b c": True}), ("$('Data').item.json.n", 7),
    ("$node[\"Data\"].json.list[0]", 1), ("$input.first().json.s", "Ab c"), ("-$json.n", -7), ("encodeURIComponent('a b')", "a%20b"),
    ("'it\\'s'", "it's"), ("$json.s.trim().length", 4),
]


def test_n8n_expressions(instance):
    """Executed, they give what JavaScript gives."""
    def node(name, assignments):
        return {"name": name, "type": "n8n-nodes-base.set", "typeVersion": 3.4, "parameters": {"assignments": {"assignments": assignments}}}
    value = '={{ { n: 7, s: "Ab c", list: [1, 2, 3], o: { "k-1": "v" }, none: null } }}'
    workflow = {"name": "Expressions", "nodes": [
        {"name": "Start", "type": "n8n-nodes-base.manualTrigger", "parameters": {}},
        {"name": "Data", "type": "n8n-nodes-base.set", "typeVersion": 3.4, "parameters": {"mode": "raw", "jsonOutput": value}},
        node("Out", [{"name": f"e{i}", "value": "={{ %s }}" % js, "type": "any"} for i, (js, _) in enumerate(EXPRESSIONS)]),
        {"name": "Answer", "type": "n8n-nodes-base.respondToWebhook", "parameters": {}}],
        "connections": {"Start": {"main": [[{"node": "Data"}]]}, "Data": {"main": [[{"node": "Out"}]]}, "Out": {"main": [[{"node": "Answer"}]]}}}
    status, _, answer = instance.http("POST", "/api/workflows/import?from=n8n", workflow)
    assert status == 200 and not answer["report"]["notMapped"], answer
    assert instance.http("PUT", "/api/workflows/expressions", answer["workflow"])[0] == 201
    record = instance.wait(instance.run("expressions"))
    assert record["status"] == "success", record["error"]
    assert {js: record["output"][f"e{i}"] for i, (js, _) in enumerate(EXPRESSIONS)} == dict(EXPRESSIONS)


@pytest.mark.parametrize("js", ["$json.list.map(x => x + 1)", "new Date()", "$env.HOME", "`a${$json.n}`", "$('Nobody').item.json.x", "$json.n +", "a b"])
def test_n8n_expressions_that_are_not_simple(site, js):
    workflow = {"name": "x", "connections": {"Start": {"main": [[{"node": "A"}]]}}, "nodes": [
        {"name": "Start", "type": "n8n-nodes-base.manualTrigger", "parameters": {}},
        {"name": "A", "type": "n8n-nodes-base.set", "typeVersion": 3, "parameters": {"assignments": {"assignments": [{"name": "a", "value": "={{ %s }}" % js}]}}}]}
    answer = site.cgi("POST", "/api/workflows/import", workflow)
    assert answer.status == 200, answer
    assert [n["what"] for n in answer.json["report"]["notMapped"]] == ["A"] and js in answer.json["report"]["notMapped"][0]["message"]
    assert "error(" in answer.json["workflow"]["nodes"][1]["data"]["expression"]


# What is none


def test_refused():
    assert "line 3" in refused("steps:\n  - name: a\n   command: b\n")
    assert "neither a Dagu workflow" in refused("just: yaml\n") and "nothing in it could be mapped" in refused("steps:\n  - name: a\n    executor: gha\n")
    assert "no `steps`" in refused("name: x\nsteps: []\n") and "no `name`" in refused('{"nodes": [{"type": "n8n-nodes-base.set"}], "connections": {}}')
    assert "only dagu, n8n and runspool" in refused("steps: [echo]", "--from", "airflow")
    assert "bad JSON" in refused('{"nodes": [')
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"{c}: &{c} [{','.join(['*' + p] * 10)}]\n" for p, c in zip("abcdefg", "bcdefgh"))
    assert "too large" in refused(bomb + "steps: *h\n")


def test_rest(site):
    text = (FIXTURES / "chain.yml").read_bytes()
    answer = site.cgi("POST", "/api/workflows/import?from=dagu&name=My%20chain", text, headers={"Content-Type": "application/yaml"})
    assert answer.status == 200 and answer.json["workflow"]["id"] == "my_chain" and answer.json["report"]["mapped"] == 4
    assert site.cgi("GET", "/api/workflows").json["items"] == []
    assert site.cgi("POST", "/api/workflows/import?from=x", text).status == 400
    assert site.cgi("POST", "/api/workflows/import", b"steps:\n - [").status == 400
    assert site.cgi("POST", "/api/workflows/import", b"steps: []").status == 422


def test_completion_offers_commands_words_and_options():
    script = subprocess.run([RUNSPOOL, "completion"], capture_output=True, text=True, check=True).stdout

    def offered(*words):
        call = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _runspool; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        return subprocess.run(["bash", "-c", script + call], capture_output=True, text=True, check=True).stdout.split()
    assert offered("runspool", "sec") == ["secret"] and offered("runspool", "secret", "ro") == ["rotate"]
    assert set(offered("runspool", "workflow", "''")) >= {"import", "validate", "export", "list", "--dry-run", "--from", "--data"}


def test_ours_and_validate(tmp_path, instance):
    example = SOURCE / "examples" / "test-workflow.json"
    assert subprocess.run([RUNSPOOL, "workflow", "validate", example, FIXTURES / "orders.json"], capture_output=True, text=True).stdout.count(": ok\n") == 2
    (tmp_path / "bad.json").write_text('{"nodes": [{"id": "a", "type": "tool", "data": {"kind": "shell"}}], "edges": []}')
    bad = subprocess.run([RUNSPOOL, "workflow", "validate", tmp_path / "bad.json"], capture_output=True, text=True)
    assert bad.returncode == 1 and "bad.json: node a: the setting `command` is missing" in bad.stderr
    saved = instance.json("workflow", "import", FIXTURES / "executors.yaml")
    assert saved[0]["id"] == "everything_else" and saved[0]["importReport"]["mapped"] == 6
    exported = instance.cli("workflow", "export", "everything_else")
    assert "importReport" not in exported


def test_misspelt_settings_are_remarked(tmp_path):
    each = {"kind": "foreach", "items": [1], "node": {"kind": "delay", "ms": 1, "timoutMs": 5}}
    nodes = [{"id": "start", "type": "trigger", "data": {"kind": "manual", "colour": "red"}},
             {"id": "list", "type": "tool", "data": {"kind": "shell", "comand": ["ls"], "timeoutMs": 5, "timeoutms": 6}},
             {"id": "each", "type": "control", "data": each}]
    edges = [{"source": "start", "target": "list"}, {"source": "list", "target": "each"}]
    (tmp_path / "misspelt.json").write_text(json.dumps({"id": "misspelt", "nodes": nodes, "edges": edges}))
    done = subprocess.run([RUNSPOOL, "workflow", "validate", "misspelt.json"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.splitlines() == [
        "misspelt.json: node list: shell has no setting `comand`; did you mean `command`?",
        "misspelt.json: node each: delay has no setting `timoutMs`; did you mean `timeoutMs`?",
        "misspelt.json: node list: the setting `command` is missing"]
    assert done.returncode == 1


def test_the_workflow_of_the_documentation_is_valid(tmp_path):
    (tmp_path / "watch.json").write_text((SOURCE / "docs/NODES.md").read_text().split("```json\n")[1].split("```")[0])
    done = subprocess.run([RUNSPOOL, "workflow", "validate", "watch.json"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "watch.json: ok\n", "")
