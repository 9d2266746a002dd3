"""`lam publish`, `lam versions` and `lam alias`: what is sent, what is printed, what is refused before."""

from __future__ import annotations

import json

import pytest
from fake_service import Scripted

DEMO = "/2015-03-31/functions/demo"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:demo"
ALIAS = {
    "AliasArn": f"{ARN}:live",
    "Name": "live",
    "FunctionVersion": "1",
    "Description": "",
    "RevisionId": "r",
}
WEIGHTED = ALIAS | {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}


def answer(service, method, path, value, status=200):
    service.answers[method, path] = Scripted(status, json.dumps(value).encode())


def sent(service, method):
    return [json.loads(seen.body) for seen in service.calls(DEMO) if seen.method == method]


def version(number):
    return {
        "Version": number,
        "FunctionArn": f"{ARN}:{number}",
        "LastModified": "2026-11-21T09:00:00.000+0000",
        "Runtime": "python3.13",
        "MemorySize": 128,
        "CodeSha256": "abcdefghijklmnop",
        "Description": "",
    }


def test_a_published_version_is_told_by_its_arn(lam, service):
    answer(service, "POST", f"{DEMO}/versions", version("3"), 201)
    result = lam("publish", "demo", "--description", "d")
    assert (result.exit_code, result.out, result.err) == (0, f"{ARN}:3\n", "")
    assert sent(service, "POST") == [{"Description": "d"}]
    assert lam("publish", "demo", "--query", "Version", "--output", "text").out == "3\n"


def test_versions_are_listed_with_the_aliases_that_name_them(lam, service):
    answer(service, "GET", f"{DEMO}/versions", {"Versions": [version("$LATEST"), version("1"), version("2")]})
    answer(service, "GET", f"{DEMO}/aliases", {"Aliases": [WEIGHTED]})
    assert lam("versions", "demo").out == (
        "VERSION  MODIFIED             RUNTIME     MEMORY  SHA256        ALIASES  DESCRIPTION\n"
        "$LATEST  2026-11-21 09:00:00  python3.13  128 MB  abcdefghijkl  -        -\n"
        "1        2026-11-21 09:00:00  python3.13  128 MB  abcdefghijkl  live     -\n"
        "2        2026-11-21 09:00:00  python3.13  128 MB  abcdefghijkl  live     -\n"
    )


@pytest.mark.parametrize("verb", ["publish", "versions"])
def test_a_function_that_is_not_there_is_told_with_the_nearest(lam, service, verb):
    missing = {"Message": f"Function not found: {ARN}"}
    for method in ("GET", "POST"):
        answer(service, method, f"{DEMO}/versions", missing, 404)
    result = lam(verb, "demo")
    assert (result.exit_code, result.out) == (1, "")
    assert f"error: Function not found: {ARN}" in result.err


@pytest.mark.parametrize(
    ("words", "method", "path", "members", "given", "told"),
    [
        (
            ["create", "demo", "live", "1", "--description", "d"],
            *("POST", f"{DEMO}/aliases"),
            {"Name": "live", "FunctionVersion": "1", "Description": "d"},
            ALIAS,
            f"{ARN}:live → 1\n",
        ),
        (
            ["create", "demo", "live", "1", "--weight", "2=0.1"],
            *("POST", f"{DEMO}/aliases"),
            {
                "Name": "live",
                "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
            },
            WEIGHTED,
            f"{ARN}:live → 1 (90 %), 2 (10 %)\n",
        ),
        (
            ["update", "demo", "live", "--version", "2"],
            *("PUT", f"{DEMO}/aliases/live"),
            {"FunctionVersion": "2"},
            ALIAS | {"FunctionVersion": "2"},
            f"{ARN}:live → 2\n",
        ),
        (
            ["shift", "demo", "live", "2", "--percent", "10"],
            *("PUT", f"{DEMO}/aliases/live"),
            {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}, "RevisionId": "r"},
            WEIGHTED,
            f"{ARN}:live → 1 (90 %), 2 (10 %)\n",
        ),
        (
            ["shift", "demo", "live", "2"],
            *("PUT", f"{DEMO}/aliases/live"),
            {
                "FunctionVersion": "2",
                "RoutingConfig": {"AdditionalVersionWeights": {}},
                "RevisionId": "r",
            },
            ALIAS | {"FunctionVersion": "2"},
            f"{ARN}:live → 2\n",
        ),
        (
            ["shift", "demo", "live", "2", "--percent", "0"],
            *("PUT", f"{DEMO}/aliases/live"),
            {"RoutingConfig": {"AdditionalVersionWeights": {}}, "RevisionId": "r"},
            ALIAS,
            f"{ARN}:live → 1\n",
        ),
    ],
    ids=["create", "create weighted", "update", "shift a share", "shift all", "shift back"],
)
def test_alias_verbs_send_what_they_say(lam, service, words, method, path, members, given, told):
    answer(service, "GET", f"{DEMO}/aliases/live", ALIAS)
    answer(service, method, path, given)
    result = lam("alias", *words)
    assert (result.exit_code, result.out, result.err) == (0, told, "")
    assert sent(service, method) == [members]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["create", "demo", "live", "1", "--weight", "half"], "--weight half cannot be read"),
        (["update", "demo", "live"], "nothing to change"),
        (["shift", "demo", "live", "1", "--percent", "10"], "the alias names version 1 itself"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_changes(lam, service, words, message):
    answer(service, "GET", f"{DEMO}/aliases/live", ALIAS)
    result = lam("alias", *words)
    assert result.exit_code in (1, 2)
    assert message in result.err
    assert sent(service, "PUT") == sent(service, "POST") == []


def test_aliases_are_listed_and_deleted(lam, service):
    answer(service, "GET", f"{DEMO}/aliases", {"Aliases": [WEIGHTED]})
    answer(service, "GET", f"{DEMO}/aliases/live", WEIGHTED)
    service.answers["DELETE", f"{DEMO}/aliases/live"] = Scripted(204, b"")
    assert lam("alias", "list", "demo").out == (
        "NAME  VERSION             DESCRIPTION\nlive  1 (90 %), 2 (10 %)  -\n"
    )
    assert lam("alias", "delete", "demo", "live").err == "deleted demo:live\n"


def test_an_alias_that_is_not_there_is_not_said_to_be_deleted(lam, service):
    missing = {"Message": f"Cannot find alias arn: {ARN}:live"}
    answer(service, "GET", f"{DEMO}/aliases/live", missing, 404)
    result = lam("alias", "delete", "demo", "live")
    assert result.exit_code == 1
    assert result.err == (
        f"error: Cannot find alias arn: {ARN}:live\n\nhint: `lam alias list demo` shows what there is\n"
    )
