"""--query and --output on AWS-shaped JSON."""

from __future__ import annotations

import json

import pytest

from lambdacli.cli.aws_output import formatted
from lambdacli.cli.errors import WrongUsage

INVOKED = {"StatusCode": 200, "FunctionError": "Unhandled", "ExecutedVersion": "$LATEST"}
LISTED = {
    "Functions": [
        {
            "FunctionName": "a",
            "Timeout": 3,
            "Layers": [{"Arn": "l:1"}],
            "Environment": {"Variables": {"K": "v"}},
        },
        {"FunctionName": "b", "Timeout": 9, "Architectures": ["arm64"]},
    ]
}


@pytest.mark.parametrize(
    ("value", "query", "output", "text"),
    [
        (INVOKED, None, None, json.dumps(INVOKED, indent=4) + "\n"),
        ({}, None, None, ""),
        (INVOKED, "Missing", None, "null\n"),
        (INVOKED, None, "text", "$LATEST\tUnhandled\t200\n"),
        (INVOKED, "Missing", "text", "None\n"),
        (LISTED, "Functions[].FunctionName", "text", "a\tb\n"),
        (
            LISTED,
            None,
            "text",
            "FUNCTIONS\ta\t3\nVARIABLES\tv\nLAYERS\tl:1\nFUNCTIONS\tb\t9\nARCHITECTURES\tarm64\n",
        ),
        (LISTED, "Functions[].Timeout", "yaml", "- 3\n- 9\n"),
        (INVOKED, "StatusCode", "yaml", "200\n"),
        (
            {"StatusCode": 200, "ExecutedVersion": "$LATEST"},
            None,
            "table",
            "------------------------------------\n"
            "|              Invoke              |\n"
            "+-------------------+--------------+\n"
            "|  ExecutedVersion  |  StatusCode  |\n"
            "+-------------------+--------------+\n"
            "|  $LATEST          |  200         |\n"
            "+-------------------+--------------+\n",
        ),
        ({}, None, "table", ""),
    ],
)
def test_an_answer_is_printed_as_asked(value, query, output, text):
    assert formatted(value, "Invoke", query, output) == text


def test_nested_things_become_sections_of_a_table():
    lines = formatted(LISTED, "ListFunctions", None, "table").splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line.strip("| ") for line in lines if "|" in line and line.count("|") == 2] == [
        "Functions",
        "Variables",
        "K",
        "v",
        "Layers",
        "Arn",
        "l:1",
        "Architectures",
        "arm64",
    ]


def test_a_wrong_query_is_wrong_usage():
    with pytest.raises(WrongUsage, match=r"^--query a\[: "):
        formatted(INVOKED, "Invoke", "a[", None)
