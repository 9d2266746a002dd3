"""botocore's models of services, compiled once into frozen records. Names no operation."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import botocore

from lambdacli.model.record import record

LAMBDA = "lambda/2015-03-31"
LOGS = "logs/2014-03-28"


@record
class Member:
    """One member of a structure, and where it travels: no location means the JSON body."""

    name: str
    shape: Shape
    location: str | None = None
    """`uri`, `querystring`, `header`, `statusCode`, or None."""
    wire_name: str = ""


@record
class Shape:
    name: str
    type: str
    members: Mapping[str, Member]
    required: frozenset[str]
    payload: str | None
    """The member that is the whole body."""
    element: Shape | None
    """What a list holds."""
    key: Shape | None
    value: Shape | None
    minimum: float | None
    maximum: float | None
    pattern: str | None
    enum: tuple[str, ...]
    is_sensitive: bool
    is_event_stream: bool


@record
class Operation:
    name: str
    method: str
    segments: tuple[str, ...]
    """The path between its slashes; `{Name}` stands for a URI member."""
    literal_query: tuple[tuple[str, str], ...]
    """Pairs that must stand in the query, such as `List=ALL`."""
    status: int
    input: Shape | None
    output: Shape | None


@record
class ErrorShape:
    status: int
    members: Mapping[str, Member]

    @property
    def message_member(self) -> str:
        return "Message" if "Message" in self.members else "message"


@dataclass(frozen=True)
class Model:
    operations: Mapping[str, Operation]
    errors: Mapping[str, ErrorShape]
    others: frozenset[str] = frozenset()
    """Names of operations that it was loaded without."""

    @cached_property
    def routes(self) -> Mapping[tuple[str, str, int], tuple[Operation, ...]]:
        """Operations by method, dated prefix and number of segments; the more literal ones stand first."""
        table: dict[tuple[str, str, int], list[Operation]] = {}
        for operation in self.operations.values():
            place = (operation.method, operation.segments[0], len(operation.segments))
            table.setdefault(place, []).append(operation)
        return {place: tuple(sorted(found, key=_most_literal_first)) for place, found in table.items()}


def load_model(service: str = LAMBDA, wanted: Collection[str] | None = None) -> Model:
    """All operations, or those that are wanted. Reads the file itself: botocore's own loader would bring
    13 MB of modules that nothing here needs."""
    description = json.loads(_read_description(service), object_hook=_without_documentation)
    shapes = _Shapes(description["shapes"])
    operations = {
        name: _operation(name, entry, shapes)
        for name, entry in sorted(description["operations"].items())
        if wanted is None or name in wanted
    }
    errors = {
        name: ErrorShape(
            status=entry.get("error", {}).get("httpStatusCode", 400), members=shapes.named(name).members
        )
        for name, entry in sorted(description["shapes"].items())
        if entry.get("exception")
    }
    return Model(operations, errors, frozenset(description["operations"].keys() - operations.keys()))


def _without_documentation(members: dict[str, Any]) -> dict[str, Any]:
    """Most of the file: what is never held leaves no holes in memory."""
    if isinstance(members.get("documentation"), str):
        del members["documentation"]
    return members


def _read_description(service: str) -> bytes:
    file = Path(botocore.__file__).parent / "data" / service / "service-2.json"
    compressed = file.with_name("service-2.json.gz")
    if compressed.is_file():
        return gzip.decompress(compressed.read_bytes())
    return file.read_bytes()


def _operation(name: str, entry: Mapping[str, Any], shapes: _Shapes) -> Operation:
    path, _, query = entry["http"]["requestUri"].partition("?")
    assert "+}" not in path, f"{name} has a greedy label, which route() does not know"
    return Operation(
        name=name,
        method=entry["http"]["method"],
        segments=tuple(path.strip("/").split("/")),
        literal_query=tuple(parse_qsl(query, keep_blank_values=True)),
        status=entry["http"].get("responseCode", 200),
        input=shapes.named(entry["input"]["shape"]) if "input" in entry else None,
        output=shapes.named(entry["output"]["shape"]) if "output" in entry else None,
    )


def _most_literal_first(operation: Operation) -> tuple[int, int]:
    labels = sum(segment.startswith("{") for segment in operation.segments)
    return -len(operation.literal_query), labels


class _Shapes:
    """Builds each shape once; the model has no shape that contains itself."""

    def __init__(self, descriptions: Mapping[str, Any]) -> None:
        self._descriptions = descriptions
        self._built: dict[str, Shape] = {}

    def named(self, name: str) -> Shape:
        if name not in self._built:
            self._built[name] = self._build(name, self._descriptions[name])
        return self._built[name]

    def _build(self, name: str, entry: Mapping[str, Any]) -> Shape:
        return Shape(
            name=name,
            type=entry["type"],
            members={
                member: Member(
                    name=member,
                    shape=self.named(reference["shape"]),
                    location=reference.get("location"),
                    wire_name=reference.get("locationName", member),
                )
                for member, reference in entry.get("members", {}).items()
            },
            required=frozenset(entry.get("required", ())),
            payload=entry.get("payload"),
            element=self._referred(entry, "member"),
            key=self._referred(entry, "key"),
            value=self._referred(entry, "value"),
            minimum=entry.get("min"),
            maximum=entry.get("max"),
            pattern=entry.get("pattern"),
            enum=tuple(entry.get("enum", ())),
            is_sensitive=entry.get("sensitive", False),
            is_event_stream=entry.get("eventstream", False),
        )

    def _referred(self, entry: Mapping[str, Any], member: str) -> Shape | None:
        return self.named(entry[member]["shape"]) if member in entry else None
