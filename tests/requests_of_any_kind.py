"""Requests to the Lambda API as a stranger may send them: right, nearly right, wrong, and no HTTP at all.

Names no operation: all is drawn from the model, and from what earlier answers said."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies

from lambdacli.api.built import BUILT
from lambdacli.api.shapes import Operation, Shape, load_model
from tests.model_values import Strategy, fits, value_of

MODEL = load_model()
_NAMES = strategies.sampled_from([*sorted(MODEL.operations), *sorted(BUILT) * 4])
"""Those that are built stand there more often."""

Draw = strategies.DrawFn

ACCOUNT = "000000000000"
SCOPE = "test/20260101/us-east-1/lambda/aws4_request"
SIGNED = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}"

LIKELY = (
    *("one", "two", "one:1", "two:blue", "missing", "1", "2", "$LATEST", "blue", "green", "9999"),
    *(f"{ARN}:function:one", f"{ARN}:function:two:1", f"{ARN}:layer:base", f"{ARN}:layer:base:1"),
    *(
        f"{ARN}:event-source-mapping:0b8a2f0e-7d0c-4a7f-9a57-0f6f0f0f0f0f",
        "0b8a2f0e-7d0c-4a7f-9a57-0f6f0f0f0f0f",
    ),
    *(f"{ARN}:code-signing-config:csc-0123456789abcdefg", f"arn:aws:iam::{ACCOUNT}:role/role", "base"),
    *(f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue", f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/stream"),
    *(
        "python3.13",
        "app.handler",
        "lambda:InvokeFunction",
        "lambda:GetLayerVersion",
        "s3.amazonaws.com",
        "*",
    ),
    *("eA==", "OQ==", "b25lOjk=", "9223372036854775808"),  # places in a list, as markers hold them; numbers
    *("", "{}", '{"Version": "2012-10-17", "Statement": []}', "é 東京 \u2028", "a" * 65, "../..", "%00"),
)
"""Texts that mean something here, or that break something elsewhere."""


def package(name: str = "app.py", text: str = "def handler(event, context):\n    return event\n") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


PACKAGES = (
    package(),
    package(text="def handler(event, context):\n    raise ValueError(event)\n"),
    package("python/base.py", "BASE = 1\n"),
    package("../outside.py"),
    package("/outside.py"),
    package()[:-30],
    package("zeros.txt", "0" * 1_000_000),
    b"PK\x05\x06" + bytes(18),
)
PAYLOADS = (b"", b"{}", b'"text"', b"[1, 2", b"\xff", b'{"a": {"b": [null]}}')


# What is drawn


@dataclass(frozen=True)
class Seen:
    """One of the texts that fit here, chosen when the request is sent: earlier answers have taught some."""

    shape: Shape = field(hash=False)
    number: int


@dataclass(frozen=True)
class Call:
    """An operation with members; any of them may be missing or wrong."""

    operation: Operation
    members: Mapping[str, Any]
    repeats: int | None = None
    """Which of the operation's earlier calls that succeeded this is again, if there was one, but for the
    members that `changes` names."""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wire:
    """A request as HTTP knows it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Garbage:
    """Bytes on a connection of their own."""

    data: bytes


@strategies.composite
def _calls(draw: Draw) -> Call:
    operation = MODEL.operations[draw(_NAMES)]
    if operation.input is None:
        return Call(operation, {})
    members = _some_members(draw, operation.input)
    for _ in range(draw(strategies.sampled_from([0, 0, 0, 1, 2]))):
        members = _spoiled(draw, members)
    if not members or draw(strategies.booleans()):
        return Call(operation, members)
    changes = draw(strategies.lists(strategies.sampled_from(sorted(members)), max_size=2))
    return Call(operation, members, draw(strategies.integers(0, 1000)), tuple(changes))


# Plain functions: a strategy that is made with a shape repeats all of the shape in its name.


def _some_members(draw: Draw, shape: Shape) -> dict[str, Any]:
    """What is required, and a few of the others: with all of them hardly any request would be accepted."""
    others = sorted(shape.members.keys() - shape.required)
    most = draw(strategies.sampled_from([0, 0, 1, 2, 4]))
    chosen = draw(strategies.lists(strategies.sampled_from(others), max_size=most)) if others else []
    return {name: _drawn(draw, shape.members[name].shape) for name in sorted(shape.required | set(chosen))}


def _drawn(draw: Draw, shape: Shape) -> Any:
    if shape.type == "structure":
        return _some_members(draw, shape)
    return draw(value_of(shape, leaf=_leaf))


def _leaf(shape: Shape) -> Strategy | None:
    if shape.type == "blob":
        return strategies.sampled_from([*PACKAGES, *PAYLOADS])
    if shape.type != "string" or shape.enum:
        return None
    likely = strategies.sampled_from([text for text in LIKELY if fits(shape, text)] or ["x"])
    number = strategies.integers(0, 1000)
    return number.flatmap(lambda number: strategies.just(Seen(shape, number)) if number % 4 else likely)


def _spoiled(draw: Draw, members: Mapping[str, Any]) -> dict[str, Any]:
    """With one thing, at any depth, gone or replaced by something else."""
    spoiled = dict(members)
    if not spoiled:
        return spoiled
    name = sorted(spoiled, key=str)[draw(strategies.integers(0, len(spoiled) - 1))]
    inner = spoiled[name]
    if isinstance(inner, dict) and draw(strategies.booleans()):
        spoiled[name] = _spoiled(draw, inner)
    elif draw(strategies.booleans()):
        del spoiled[name]
    else:
        spoiled[name] = draw(_json | strategies.sampled_from(LIKELY) | _extreme_numbers)
    return spoiled


_extreme_numbers = strategies.sampled_from(
    [0, int("9" * 4000), -1, 2**31, 2**63, 10**30, 1e300, -1e-300, 0.5]
)
_json = strategies.recursive(
    strategies.none() | strategies.booleans() | _extreme_numbers | strategies.text(max_size=8),
    lambda inner: (
        strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(max_size=5), inner)
    ),
    max_leaves=5,
)


@strategies.composite
def _wires(draw: Draw) -> Wire:
    """HTTP that is well formed, to a path near one of the model's."""
    operation = MODEL.operations[draw(_NAMES)]
    odd = strategies.sampled_from(
        ["one", "", ".", "..", "%", "%ff", "%00", "%2F", "a%2Fb", "%F0%9F", "*", "~"]
    )
    segments = [
        draw(odd) if segment.startswith("{") or draw(strategies.integers(0, 9)) == 0 else segment
        for segment in operation.segments
    ]
    pairs = strategies.lists(
        strategies.tuples(strategies.text(max_size=8), strategies.text(max_size=8)), max_size=3
    )
    query = urlencode([*operation.literal_query, *draw(pairs)])
    method = draw(
        strategies.sampled_from([*[operation.method] * 4, "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
    )
    body = draw(strategies.binary(max_size=40) | _json.map(lambda value: json.dumps(value).encode()))
    names = strategies.sampled_from(
        ["X-Amz-Invocation-Type", "X-Amz-Log-Type", "X-Amz-Client-Context", "Accept"]
    )
    values = strategies.sampled_from(["Event", "DryRun", "Tail", "?", "eyJ9", "\xff", "a, b", ""])
    headers = draw(strategies.dictionaries(names, values, max_size=2))
    return Wire(method, "/" + "/".join(segments) + (f"?{query}" if query else ""), headers, body)


@strategies.composite
def _garbage(draw: Draw) -> Garbage:
    if draw(strategies.booleans()):
        return Garbage(draw(strategies.binary(max_size=200)))
    wire = draw(_wires())
    lines = [f"{wire.method} {wire.target} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {SIGNED}"]
    lines.append(f"Content-Length: {len(wire.body)}")
    data = bytearray("\r\n".join([*lines, "", ""]).encode("latin-1") + wire.body)
    for _ in range(draw(strategies.integers(0, 3))):
        place = draw(strategies.integers(0, len(data) - 1))
        data[place : place + draw(strategies.integers(0, 4))] = draw(strategies.binary(max_size=4))
    return Garbage(bytes(data))


@strategies.composite
def anything(draw: Draw) -> Call | Wire | Garbage:
    """Most are calls."""
    number = draw(strategies.integers(0, 9))
    return draw(_garbage() if number == 8 else _wires() if number == 9 else _calls())


# What is sent


@dataclass
class Memory:
    """Texts of earlier answers, by the name of their member, and calls that succeeded; the newest of each."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    calls: dict[str, list[Call]] = field(default_factory=dict)
    _KEPT = 20

    def succeeded(self, call: Call) -> None:
        self.learn(call.members)
        known = self.calls.setdefault(call.operation.name, [])
        known.append(call)
        del known[: -self._KEPT]

    def learn(self, answer: object, name: str = "") -> None:
        if isinstance(answer, Mapping):
            for key, value in answer.items():
                self.learn(value, str(key).removeprefix("Next"))
        elif isinstance(answer, Sequence) and not isinstance(answer, str):
            for value in answer[:5]:
                self.learn(value, name)
        elif isinstance(answer, str) and 0 < len(answer) <= 300:
            known = self.texts.setdefault(name, [])
            if answer not in known:
                known.append(answer)
                del known[: -self._KEPT]

    def recall(self, seen: Seen, name: str) -> str:
        """Rather one of the member's own name than any that fits."""
        own = [text for text in self.texts.get(name, ()) if fits(seen.shape, text)]
        fitting = own or [text for text in LIKELY if fits(seen.shape, text)]
        if not fitting:
            fitting = [text for texts in self.texts.values() for text in texts if fits(seen.shape, text)]
        return fitting[seen.number % len(fitting)] if fitting else "x"


def settled(call: Call, memory: Memory) -> Call:
    """With everything that was to be remembered."""
    own = {name: _plain(value, memory, name) for name, value in call.members.items()}
    known = memory.calls.get(call.operation.name)
    if not known or call.repeats is None:
        return Call(call.operation, own)
    earlier = known[call.repeats % len(known)]
    return Call(call.operation, {**earlier.members, **{name: own[name] for name in call.changes}})


def wire_of(call: Call) -> Wire:
    """As a client would write it that checks nothing."""
    shape = call.operation.input
    path: dict[str, str] = {}
    query = list(call.operation.literal_query)
    headers: dict[str, str] = {}
    content: dict[str, Any] = {}
    body = b""
    for name, value in call.members.items():
        assert shape is not None
        member = shape.members[name]
        if member.location == "uri":
            path[member.wire_name] = quote(_text(value), safe="")
        elif member.location == "querystring":
            query += [
                (member.wire_name, _text(item)) for item in (value if isinstance(value, list) else [value])
            ]
        elif member.location == "header":
            headers[member.wire_name] = _text(value)
        elif name == shape.payload:
            body = value if isinstance(value, bytes) else json.dumps(_jsonable(value)).encode()
        else:
            content[member.wire_name] = _jsonable(value)
    if content:
        body = json.dumps(content).encode()
    segments = [
        path.get(part[1:-1], "") if part.startswith("{") else part for part in call.operation.segments
    ]
    target = "/" + "/".join(segments) + (f"?{urlencode(query)}" if query else "")
    return Wire(call.operation.method, target, headers, body)


def _plain(value: Any, memory: Memory, name: str) -> Any:
    match value:
        case Seen():
            return memory.recall(value, name)
        case dict():
            return {_plain(key, memory, name): _plain(item, memory, str(key)) for key, item in value.items()}
        case list():
            return [_plain(item, memory, name) for item in value]
    return value


def _jsonable(value: Any) -> Any:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.timestamp()
        case dict():
            return {_text(key): _jsonable(item) for key, item in value.items()}
        case list():
            return [_jsonable(item) for item in value]
    return value


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case datetime():
            return value.isoformat()
        case bytes():
            return value.decode("latin-1")
    return json.dumps(_jsonable(value))
