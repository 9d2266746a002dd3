"""launch.json: our entries are added to what is there, and nothing of it is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lambdacli.model.attachment import Attachment
from lambdacli.project.vscode import LaunchFileError, configuration, merged

WORKSPACE = Path("/home/dev/shop")


def attachment(language: str = "python", folder: str = "orders", port: int = 23456) -> Attachment:
    return Attachment("orders", language, port, WORKSPACE / folder, "/var/task")


def entry(**changes: Any) -> dict[str, Any]:
    return {**configuration(attachment(), WORKSPACE), **changes}


@pytest.mark.parametrize(
    ("language", "members"),
    [
        (
            "python",
            {
                "type": "debugpy",
                "connect": {"host": "127.0.0.1", "port": 23456},
                "pathMappings": [{"localRoot": "${workspaceFolder}/orders", "remoteRoot": "/var/task"}],
            },
        ),
        (
            "nodejs",
            {
                "type": "node",
                "address": "127.0.0.1",
                "port": 23456,
                "localRoot": "${workspaceFolder}/orders",
                "remoteRoot": "/var/task",
            },
        ),
        (
            "ruby",
            {
                "type": "rdbg",
                "debugPort": "127.0.0.1:23456",
                "localfsMap": "/var/task:${workspaceFolder}/orders",
            },
        ),
    ],
)
def test_each_language_attaches_in_its_own_words(language: str, members: dict[str, Any]) -> None:
    made = configuration(attachment(language), WORKSPACE)
    common = {"name": "lam: orders", "request": "attach", "restart": True}
    assert {key: made.get(key) for key in (*common, *members)} == {**common, **members}


@pytest.mark.parametrize(
    ("folder", "local"),
    [("", "${workspaceFolder}"), ("a/b", "${workspaceFolder}/a/b"), ("/elsewhere", "/elsewhere")],
)
def test_code_is_named_from_the_workspace_where_it_lies_in_it(folder: str, local: str) -> None:
    made = configuration(attachment(folder=folder), WORKSPACE)
    assert made["pathMappings"][0]["localRoot"] == local


@pytest.mark.parametrize("text", [None, "", "\n"])
def test_without_a_file_there_is_one(text: str | None) -> None:
    made = json.loads(merged(text, [entry()]))
    assert made == {"version": "0.2.0", "configurations": [entry()]}


COMMENTED = """{
    // Use IntelliSense, see "https://example.org" /* not a comment's end
    "version": "0.2.0",
    "configurations": [
        {
            "name": "Mine", // stays
            "type": "chrome", "url": "http://x//y",
        }, /* and this */
    ],
    "compounds": [],
}
"""


def test_an_entry_is_added_below_the_last_one_and_every_other_character_stays() -> None:
    after = merged(COMMENTED, [entry()])
    before, _, rest = COMMENTED.partition("        }, /* and")
    assert after.startswith(before + '        },\n        {\n            "name": "lam: orders"')
    assert after.endswith(", /* and" + rest)


@pytest.mark.parametrize(
    "text",
    [
        COMMENTED,
        '{"configurations": []}',
        '{\n    "configurations": [\n    ]\n}\n',
        '{"configurations":[{"name":"a","list":[1,2,],},]}',
        '{"tasks": {"configurations": [1]}, "configurations": [{"name": "]"}]}',
    ],
)
def test_written_twice_is_written_once(text: str) -> None:
    others = [entry(name="lam: other"), entry()]
    once = merged(text, others)
    assert merged(once, others) == once
    assert once.count('"lam: orders"') == 1


def test_a_new_port_is_taken_over_and_what_its_owner_added_stays() -> None:
    own = merged(None, [entry(justMyCode=False, env={"A": "1"})])
    after = json.loads(merged(own, [configuration(attachment(port=30000), WORKSPACE)]))
    (found,) = after["configurations"]
    assert found["connect"]["port"] == 30000
    assert (found["justMyCode"], found["env"]) == (False, {"A": "1"})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "line 1"),
        ("[]", "it holds no object"),
        ("{}", "no array"),
        ('{"configurations": {}}', "no array"),
        ('{"configurations": [1]}', "no object"),
    ],
)
def test_a_file_that_cannot_be_added_to_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(LaunchFileError, match=complaint):
        merged(text, [entry()])
