"""What a request asks for: its operation and members, checked; remembered for those that are asked again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from lambdacli.api import protocol
from lambdacli.api.protocol import Model, Operation, QueryPairs
from lambdacli.api.shapes import Shape
from lambdacli.api.validation import validate
from lambdacli.model.record import record
from lambdacli.wire.http import Request

LINES_KEPT = 1024
HEADS_KEPT = 64
LONGEST_KEPT = 512
"""Characters of a request line, or of the header members together: what is longer hardly comes again."""


@record
class Asked:
    """What the request line alone says."""

    operation: Operation
    uri: Mapping[str, str]
    query: QueryPairs
    header_names: tuple[str, ...]
    payload: str | None
    """The member that is the body as it came, whatever it holds: then nothing else depends on the body."""
    heads: dict[tuple[str | None, ...], Mapping[str, Any]] = field(default_factory=dict)
    """Members that passed their checks, all but the payload, by the values of the header members."""


class Requests:
    """Always answers what `protocol` and `validate` would, which it asks for all that is new."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lines: dict[tuple[str, str, str], Asked] = {}

    def ask(self, request: Request) -> Asked | None:
        """None when no operation answers it."""
        line = (request.method, request.path, request.query)
        known = self._lines.get(line)
        if known is not None:
            return known
        query = protocol.parse_query(request.query)
        found = protocol.route(self._model, request.method, request.path, query)
        if found is None:
            return None
        operation, uri = found
        asked = Asked(operation, uri, query, _header_names(operation.input), _free_payload(operation.input))
        if len(request.path) + len(request.query) <= LONGEST_KEPT:
            if len(self._lines) >= LINES_KEPT:
                self._lines.clear()
            self._lines[line] = asked
        return asked

    def members(self, asked: Asked, request: Request) -> dict[str, Any]:
        """Those of the operation's input; raises what is wrong with them."""
        if asked.payload is None:
            return self._checked(asked, request)
        headers = request.headers
        head = tuple([headers.get(name) for name in asked.header_names])
        known = asked.heads.get(head)
        if known is None:
            members = self._checked(asked, request)
            if sum(len(value) for value in head if value is not None) <= LONGEST_KEPT:
                if len(asked.heads) >= HEADS_KEPT:
                    asked.heads.clear()
                asked.heads[head] = {name: value for name, value in members.items() if name != asked.payload}
            return members
        assert asked.operation.input is not None
        return {**known, **protocol.payload_members(asked.operation.input, request.body)}

    def _checked(self, asked: Asked, request: Request) -> dict[str, Any]:
        operation = asked.operation
        members = protocol.parse(operation, asked.uri, asked.query, request.headers, request.body)
        if operation.input is not None:
            validate(operation.input, members)
        return members


def _header_names(shape: Shape | None) -> tuple[str, ...]:
    if shape is None:
        return ()
    return tuple(member.wire_name.lower() for member in shape.members.values() if member.location == "header")


def _free_payload(shape: Shape | None) -> str | None:
    """The payload member, if it is bytes without any bounds of its own."""
    if shape is None or shape.payload is None:
        return None
    payload = shape.members[shape.payload].shape
    is_bounded = payload.minimum is not None or payload.maximum is not None or payload.pattern is not None
    return None if payload.type != "blob" or is_bounded else shape.payload
