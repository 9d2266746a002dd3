"""What has no effect here is said, each thing in a sentence of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.effects import without_effect
from lambdacli.model.function import ArchiveCode, Function, Logging, Origin, Vpc
from lambdacli.model.runtime_names import deprecation_note

PLAIN = Function(
    key=FunctionKey("000000000000", "us-east-1", "f"),
    runtime="python3.13",
    handler="app.handler",
    role="arn:aws:iam::000000000000:role/r",
    code=ArchiveCode("", 0),
    origin=Origin.API,
    revision_id="r",
    last_modified=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({}, []),
        ({"architecture": "arm64"}, ["architecture arm64 is only declared"]),
        ({"dead_letter_target": "arn:q"}, []),
        ({"tracing": "Active"}, ["TracingConfig Active has no effect yet"]),
        ({"kms_key_arn": "arn:k"}, ["KMSKeyArn has no effect here"]),
        ({"vpc": Vpc()}, []),
        ({"vpc": Vpc(("s",), ("g",))}, ["VpcConfig has no effect here"]),
        ({"snap_start": "PublishedVersions"}, ["SnapStart has no effect yet"]),
        ({"logging": Logging(group="/mine")}, []),
        ({"logging": Logging("JSON", "INFO", "INFO")}, ["LogFormat JSON: START", "LogFormat JSON: what the"]),
        (
            {"logging": Logging("JSON", "INFO", "INFO"), "runtime": "nodejs22.x"},
            ["LogFormat JSON: START"],
        ),
    ],
)
def test_sentences(changes, begins):
    notes = without_effect(replace(PLAIN, **changes), "x86_64")
    assert len(notes) == len(begins)
    assert all(note.startswith(begin) for note, begin in zip(notes, begins, strict=True))


@pytest.mark.parametrize("machine", ["arm64", "aarch64"])
@pytest.mark.parametrize("declared", ["arm64", "x86_64"])
def test_own_architecture_and_the_default_are_nothing_to_tell(machine, declared):
    assert without_effect(replace(PLAIN, architecture=declared), machine) == []


@pytest.mark.parametrize(
    ("runtime", "today", "is_told"),
    [
        ("python3.9", date(2025, 12, 14), False),
        ("python3.9", date(2025, 12, 15), True),
        ("python3.15", date(2030, 1, 1), False),
        ("provided.al2", date(2026, 8, 1), True),
    ],
)
def test_deprecation_is_told_from_its_day_on(runtime, today, is_told):
    assert (deprecation_note(runtime, today) is not None) is is_told
