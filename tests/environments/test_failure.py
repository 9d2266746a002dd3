"""How ways of breaking look to the caller."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambdacli.environments import failure
from lambdacli.environments.command import StartError


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("/home/me/f/bootstrap", "/var/task/bootstrap"),
        ("/var/task/bootstrap", "/var/task/bootstrap"),
        ("/home/me/function/bootstrap", "/home/me/function/bootstrap"),
        ("/opt/bootstrap", "/opt/bootstrap"),
    ],
    ids=["in the code's folder", "as walls show it", "in a folder of a similar name", "in a layer"],
)
def test_a_program_that_cannot_be_executed_is_told_by_the_path_of_aws(program: str, told: str) -> None:
    problem = failure.not_started("r1", program, Path("/home/me/f"), StartError("Exec format error"))
    assert (problem.status, problem.error_type) == ("error", "Runtime.InvalidEntrypoint")
    assert json.loads(problem.payload) == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": f"RequestId: r1 Error: fork/exec {told}: exec format error",
    }
