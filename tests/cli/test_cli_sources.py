"""`lam sources`: a table of what the service tells."""

from __future__ import annotations

import json

import pytest
from fake_service import Scripted

pytestmark = pytest.mark.real

SOURCE = {
    "uuid": "u",
    "function": "worker",
    "kind": "SQS",
    "source": "arn:aws:sqs:us-east-1:000000000000:q",
    "state": "Enabled",
    "last_result": "OK",
    "problem": None,
    "in_flight": 2,
    "polled": 9,
    "filtered_out": 1,
    "succeeded": 5,
    "failed": 1,
}


def answer(service, *sources: object) -> None:
    body = json.dumps({"sources": sources}).encode()
    service.answers["GET", "/_lam/v1/sources"] = Scripted(body=body)


def test_sources_are_a_table_and_tell_why_one_waits(lam, service):
    answer(
        service, SOURCE, {**SOURCE, "function": "other", "problem": "it is not there", "last_result": None}
    )
    result = lam("sources")
    assert (result.exit_code, result.err) == (0, "note: other: it is not there\n")
    arn = SOURCE["source"]
    assert result.out == (
        "FUNCTION  SOURCE                                STATE           LAST RESULT  IN FLIGHT  DONE  "
        "FAILED  FILTERED OUT\n"
        f"worker    {arn}  Enabled         OK           2          5     1       1\n"
        f"other     {arn}  Enabled, waits  -            2          5     1       1\n"
    )
    assert json.loads(lam("sources", "--json").out)["sources"][0] == SOURCE


def test_nothing_is_read(lam, service):
    answer(service)
    assert lam("sources").err.startswith("no function reads a queue or a stream")
