"""The kinds of values in lam.yaml that tell of HTTP: a function's own URL, and which pages may call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from lambdacli.model.function_url import Cors
from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.project.kinds import Choice, Flag, JsonSchema, Kind, Number, Text
from lambdacli.project.yaml_nodes import Complain, entries, found

_LONGEST_ORIGIN = 253
_LONGEST_HEADER = 1024
_LONGEST_METHOD = 6
_MOST_METHODS = 6
_MOST_ENTRIES = 100
_DAY_SECONDS = 86_400

_EVERY_PAGE = Cors(allow_origins=("*",), allow_methods=("*",), allow_headers=("*",))


@record
class DeclaredUrl:
    auth_type: str = "NONE"
    invoke_mode: str = "BUFFERED"
    cors: Cors | None = None


@record
class FunctionUrlSettings:
    """`true`, `false`, or what is to be another way than by default."""

    def read(self, node: Node, complain: Complain) -> DeclaredUrl | bool | None:
        if isinstance(node, ScalarNode):
            has_url = _flag(node, "true, false or a mapping", complain)
            return DeclaredUrl() if has_url else has_url
        told = _read_table(node, _URL, complain)
        return None if told is None else DeclaredUrl(**told)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "boolean"}, _table_schema(_URL)]}


def cors_configuration(cors: Cors) -> dict[str, Any]:
    """As the APIs of Lambda and of API Gateway take it."""
    members = {
        "AllowCredentials": cors.allow_credentials or None,
        "AllowHeaders": list(cors.allow_headers or ()),
        "AllowMethods": list(cors.allow_methods or ()),
        "AllowOrigins": list(cors.allow_origins or ()),
        "ExposeHeaders": list(cors.expose_headers or ()),
        "MaxAge": cors.max_age_seconds or None,
    }
    return {name: value for name, value in members.items() if value not in (None, [])}


@record
class CorsSettings:
    """`true` lets every page call; a mapping says which, and what they may send and read."""

    def read(self, node: Node, complain: Complain) -> Cors | None:
        if isinstance(node, ScalarNode):
            is_open = _flag(node, "true, false or a mapping", complain)
            return _EVERY_PAGE if is_open else None
        told = _read_table(node, _CORS, complain)
        return None if told is None else Cors(**told)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "boolean"}, _table_schema(_CORS)]}


@record
class Texts:
    """One text, or a list of them."""

    maximum: int
    each: Text = field(default_factory=Text)

    def read(self, node: Node, complain: Complain) -> tuple[str, ...] | None:
        if not isinstance(node, SequenceNode):
            text = self.each.read(node, complain)
            return None if text is None else (text,)
        if len(node.value) > self.maximum:
            complain(node, "", f"has {len(node.value)} entries; Lambda allows {self.maximum}", "")
        texts = [
            self.each.read(element, _below(complain, f"[{index}]"))
            for index, element in enumerate(node.value)
        ]
        return tuple(text for text in texts if text is not None)

    def json_schema(self) -> JsonSchema:
        element = self.each.json_schema()
        return {"anyOf": [element, {"type": "array", "items": element, "maxItems": self.maximum}]}


_HEADERS = Texts(_MOST_ENTRIES, Text(_LONGEST_HEADER))

_CORS: Mapping[str, tuple[str, Kind]] = {
    "origins": ("allow_origins", Texts(_MOST_ENTRIES, Text(_LONGEST_ORIGIN))),
    "methods": ("allow_methods", Texts(_MOST_METHODS, Text(_LONGEST_METHOD))),
    "headers": ("allow_headers", _HEADERS),
    "expose": ("expose_headers", _HEADERS),
    "max_age": ("max_age_seconds", Number(0, _DAY_SECONDS)),
    "credentials": ("allow_credentials", Flag()),
}

_URL: Mapping[str, tuple[str, Kind]] = {
    "auth": ("auth_type", Choice(("NONE", "AWS_IAM"))),
    "invoke_mode": ("invoke_mode", Choice(("BUFFERED", "RESPONSE_STREAM"))),
    "cors": ("cors", CorsSettings()),
}


def _read_table(
    node: Node, table: Mapping[str, tuple[str, Kind]], complain: Complain
) -> dict[str, Any] | None:
    """By the names of the record's fields; what is wrong is left out, and told."""
    if not isinstance(node, MappingNode):
        complain(node, "", f"must be true, false or a mapping, not {found(node)}", "")
        return None
    told: dict[str, Any] = {}
    for name, key, value in entries(node, complain):
        if name not in table:
            near = nearest(name.lower(), tuple(table))
            hint = f"did you mean {near}?" if near else f"known are {', '.join(table)}"
            complain(key, f".{name}", "unknown key", hint)
            continue
        field_name, kind = table[name]
        read = kind.read(value, _below(complain, f".{name}"))
        if read is not None:
            told[field_name] = read
    return told


def _table_schema(table: Mapping[str, tuple[str, Kind]]) -> JsonSchema:
    return {
        "type": "object",
        "properties": {name: kind.json_schema() for name, (_, kind) in table.items()},
        "additionalProperties": False,
    }


def _flag(node: ScalarNode, wanted: str, complain: Complain) -> bool | None:
    def complain_of_both(at: Node, path: str, _: str, hint: str) -> None:
        complain(at, path, f"must be {wanted}, not {found(node)}", hint)

    return Flag().read(node, complain_of_both)


def _below(complain: Complain, path: str) -> Complain:
    def complain_there(node: Node, below: str, message: str, hint: str) -> None:
        complain(node, path + below, message, hint)

    return complain_there
