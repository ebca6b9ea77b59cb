"""The table of node kinds as others see it: GET /api/node-types, `runspool nodes`, docs/NODES.md."""

import json
import re
import subprocess

import pytest
from conftest import RUNSPOOL, SOURCE
from fcgi_fixtures import Site

jsonschema = pytest.importorskip("jsonschema")

# What any setting might be given. None is left out: JSON null counts as absent in a definition.
POOL = ["", "text", "{{ .input.x }}", "{{ .a }} and", ".", "GET", "json", "5xx", "exit:75", -1, 0, 1, 7, 200, 0.5, 1e12, True, False, [],
        ["a", "b"], ["{{ .input }}"], [1], [503, "5xx", "timeout"], [999], ["exit:256"], [200, 404], {}, {"a": "b"}, {"a": 1, "b": True},
        {"a": []}, {"a": {}}, [{}], {"attempts": 2, "on": ["exit"]}, {"attempts": "2"}, {"attempts": 0}]


@pytest.fixture(scope="module")
def site():
    it = Site()
    yield it
    it.close()


@pytest.fixture(scope="module")
def types(site):
    return site.cgi("GET", "/api/node-types").json["items"]


def runspool(*args):
    return subprocess.run([RUNSPOOL, *args], capture_output=True, text=True, timeout=120)


def setting_validator(kind, name):
    return jsonschema.Draft202012Validator({"$defs": kind["schema"]["$defs"], **kind["schema"]["properties"][name]})


def test_each_kind_is_described(types):
    kinds = {t["kind"]: t for t in types}
    shell = kinds["shell"]
    assert shell["type"] == "tool" and shell["label"] and shell["help"] and shell["repeat"] == "never"
    assert kinds["http_request"]["repeat"] == "byMethod"
    assert kinds["condition"]["handles"] == ["true", "false"] and shell["handles"] == []
    command = shell["schema"]["properties"]["command"]
    assert command["description"] and command["x-template"] and shell["schema"]["required"] == ["kind", "command"]
    assert kinds["condition"]["schema"]["properties"]["expression"]["x-widget"] == "jq"
    assert kinds["agent"]["schema"]["properties"]["model"]["x-widget"] == "model"
    assert kinds["foreach"]["schema"]["properties"]["node"]["anyOf"][0]["type"] == "object" and kinds["foreach"]["schema"]["properties"]["node"]["x-widget"] == "node"
    assert kinds["http_request"]["schema"]["properties"]["method"]["default"] == "GET"
    assert shell["schema"]["properties"]["timeoutMs"]["x-common"]
    for kind in types:
        jsonschema.Draft202012Validator.check_schema(kind["schema"])
        assert kind["schema"]["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
        assert kind["outputs"] and all(o["help"] and o["type"] for o in kind["outputs"]), kind["kind"]
        for name, setting in kind["schema"]["properties"].items():
            assert name == "kind" or setting["description"], (kind["kind"], name)
            if "default" in setting:
                assert setting_validator(kind, name).is_valid(setting["default"]), (kind["kind"], name)


def test_the_examples_fit_their_schemas(types):
    schemas = {t["kind"]: t["schema"] for t in types}
    for example in sorted((SOURCE / "examples").glob("*.json")):
        for node in json.loads(example.read_text())["nodes"]:
            jsonschema.validate(node["data"], schemas[node["data"]["kind"]])


def test_schemas_and_validation_agree(site, types):
    """Each setting of each kind with each value of the pool, alone on a node that is right otherwise."""
    nodes, wanted = [], {}
    for kind in types:
        validator = jsonschema.Draft202012Validator(kind["schema"])
        right = {"kind": kind["kind"]}
        for name in kind["schema"]["required"][1:]:
            right[name] = next(v for v in POOL if v != "" and setting_validator(kind, name).is_valid(v))
        assert validator.is_valid(right), right
        for name, setting in kind["schema"]["properties"].items():
            if name == "kind" or (setting.get("x-common") and kind["kind"] != "shell"):
                continue
            for value in POOL:
                node = f"n{len(wanted)}"
                data = {**right, name: value}
                wanted[node] = not validator.is_valid(data)
                nodes.append({"id": node, "type": kind["type"], "data": data})
    refused, shown = {}, {n["id"]: n["data"] for n in nodes}
    for at in range(0, len(nodes), 900):
        answer = site.cgi("POST", "/api/workflows", {"name": "x", "nodes": nodes[at:at + 900], "edges": []})
        assert answer.status == 422
        for error in answer.json["errors"]:
            if error["code"] == "setting" and re.match(r"the setting `[^`]*` (must be|is missing)", error["message"]):
                refused[error["nodeId"]] = error["message"]
    assert any(wanted.values()) and not all(wanted.values())
    for node, bad in wanted.items():
        assert bad == (node in refused), (shown[node], refused.get(node), "refused by the schema" if bad else "allowed by the schema")


def test_it_is_fetched_once(site):
    first = site.cgi("GET", "/api/node-types")
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    again = site.cgi("GET", "/api/node-types", headers={"If-None-Match": f'"other", {etag}'})
    assert again.status == 304 and again.body == b"" and again.headers["etag"] == etag
    assert site.cgi("GET", "/api/node-types", headers={"If-None-Match": '"other"'}).status == 200


def test_the_command_says_the_same(types):
    assert json.loads(runspool("nodes", "--json").stdout)["items"] == types
    assert json.loads(runspool("nodes", "shell", "--json").stdout) == next(t for t in types if t["kind"] == "shell")
    table = runspool("nodes").stdout
    assert all(re.search(rf"^{t['kind']} +{t['type']} ", table, re.M) for t in types)
    one = runspool("nodes", "shell").stdout
    assert "command*" in one and "retry.attempts" in one and "exitCode" in one
    wrong = runspool("nodes", "shel")
    assert wrong.returncode == 1 and 'did you mean "shell"?' in wrong.stderr


def test_the_document_is_made_of_the_table():
    made = runspool("nodes", "--markdown").stdout
    assert made == (SOURCE / "docs" / "NODES.md").read_text(), "run: runspool nodes --markdown > docs/NODES.md"
