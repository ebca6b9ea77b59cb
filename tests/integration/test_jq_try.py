"""POST /api/jq: an expression tried with the data of a run or with other data, in a child that ends whatever the expression does."""

import concurrent.futures

import pytest

from runs import TRIGGER, chain, result


def tried(instance, expression, expect=200, **body):
    body = body or {"input": {}}
    status, _, answer = instance.http("POST", "/api/jq", {"expression": expression, **body})
    assert status == expect, answer
    return answer["value"] if status == 200 else answer["detail"]


def test_with_other_data(instance):
    assert tried(instance, ".a + 1", input={"a": 1}) == 2
    assert tried(instance, "null", input=None) is None
    assert tried(instance, "empty") is None
    assert tried(instance, "length", input=[1, "\N{SNOWMAN}"]) == 2


def test_with_the_data_of_a_run(instance):
    nodes, edges = chain(result(value="{{ {n: .input.n} }}"))
    run = instance.inline(nodes, edges, input={"n": 41})
    instance.wait(run)
    last = nodes[-1]["id"]
    assert tried(instance, f".nodes.{last}.output.n + .input.n", runId=run) == 82
    assert tried(instance, "keys", runId=run) == ["env", "input", "nodes", "session"]
    assert instance.http("POST", "/api/jq", {"expression": ".", "runId": "r_none"})[0] == 404


def test_errors_name_their_line(instance):
    assert "(line 2)" in tried(instance, ".a\n| | .b", 422)
    assert "Cannot index number" in tried(instance, ".a.b", 422, input={"a": 1})
    assert "more than one value" in tried(instance, "1, 2", 422)


def test_nothing_outside_is_reached(instance):
    for expression in ("env.HOME", "$ENV.HOME", "input", 'import "a" as a; 1', "input_filename", '"x" | halt_error'):
        tried(instance, expression, 422)


@pytest.mark.parametrize("expression, why", [
    ("[limit(1e9; repeat(1))]", "jq took"), ("[range(100000)]", "larger than"), ("[range(1e6)]", "too large"),
])
def test_whatever_it_does_it_ends(instance, expression, why):
    assert why in tried(instance, expression, 422, input=0)
    assert tried(instance, "1") == 1


def test_secrets_are_there_but_not_shown(instance):
    assert instance.http("PUT", "/api/secrets/TRIED", {"value": "very secret"})[0] in (200, 201)
    assert tried(instance, "$secrets.TRIED") == "***"
    assert "no secret" in tried(instance, "$secrets.OTHER", 422)


def test_endless_ones_end_and_are_not_too_many_at_once(instance):
    def endless(_):
        status, _, answer = instance.http("POST", "/api/jq", {"expression": "last(range(1e18))", "input": 0})
        return status, answer["detail"].split(" took")[0]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(endless, range(8)))
    assert answers == {(422, "jq"), (503, "other expressions are being tried; try again in a moment")}
    assert tried(instance, "1") == 1


def test_bad_requests(instance):
    for body in ({}, {"expression": ""}, {"expression": 1, "input": 1}, {"expression": "."}, {"expression": ".", "input": 1, "runId": "r_x"},
                 {"expression": "." + " " * 70000, "input": 1}):
        assert instance.http("POST", "/api/jq", body)[0] == 422, body
