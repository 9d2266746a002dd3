"""What the role of a Serverless service may do because of its functions' events: the framework adds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lambdacli.project.foreign.written import NamedFunction, Written

_STREAM = ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams")
_READING = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "dynamodb": tuple(f"dynamodb:{action}" for action in _STREAM),
    "kinesis": tuple(f"kinesis:{action}" for action in (*_STREAM, "DescribeStreamSummary", "ListShards")),
}


def source_arn(event: Written) -> Written:
    """The source, named alone or below `arn`; an intrinsic function may stand alone too."""
    is_alone = not isinstance(event.value, Mapping) or any(
        key == "Ref" or str(key).startswith("Fn::") for key in event.value
    )
    return event if is_alone else event.at("arn")


def stream_kind(event: Written) -> str:
    return event.at("type").text("dynamodb" if ":dynamodb:" in source_arn(event).text() else "kinesis")


def reading_statements(functions: Iterable[NamedFunction]) -> list[dict[str, Any]]:
    """One for each service that is read, on the sources of all functions."""
    sources: dict[str, list[Written]] = {}
    for function in functions:
        for kind, arn in _sources_of(function):
            sources.setdefault(kind, []).append(arn)
    return [
        {"Effect": "Allow", "Action": list(_READING[kind]), "Resource": arns}
        for kind, arns in sources.items()
        if kind in _READING
    ]


def _sources_of(function: NamedFunction) -> Iterator[tuple[str, Written]]:
    for item in function.written.at("events").items():
        for kind, event in item.members():
            if kind in ("sqs", "stream") and source_arn(event):
                yield ("sqs" if kind == "sqs" else stream_kind(event)), source_arn(event)
