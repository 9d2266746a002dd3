"""The kinds of `apis` and `http` in lam.yaml: what stands there, each value with its node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from lambdacli.model.http_apis import (
    METHODS,
    ApiKind,
    AuthorizerKind,
    RouteError,
    RouteKey,
    parse_route,
    parse_websocket_route,
)
from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.model.route_selection import parse_selection
from lambdacli.project.kinds import Choice, Flag, JsonSchema, Kind, PathText, Text, seconds
from lambdacli.project.texts import STAGE_VARIABLES
from lambdacli.project.urls import CorsSettings
from lambdacli.project.yaml_nodes import Complain, entries, found, is_nothing, scalar_text

API_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
STAGE = r"\$default|[a-zA-Z0-9_-]{1,128}"
WRITTEN_AUTHORIZERS = (AuthorizerKind.TOKEN, AuthorizerKind.REQUEST, AuthorizerKind.JWT)
AUTHORIZER_NAME = r"[a-zA-Z0-9_-]{1,128}"

_IDENTITY = (
    r"\$?((method|route)\.)?request\.(header|querystring)\.[^\s.]+|\$?stageVariables\.\w+|\$?context\.[\w.]+"
)


@record
class At:
    """A value that was read, and where it stands."""

    value: Any
    node: Node


Members = dict[str, At]


@record
class Member:
    name: str
    kind: Kind
    description: str
    aliases: tuple[str, ...] = ()


@record
class Record:
    """A mapping with known keys."""

    members: tuple[Member, ...]
    required: tuple[str, ...] = ()

    def read(self, node: Node, complain: Complain) -> Members | None:
        if not isinstance(node, MappingNode) and not is_nothing(node):
            complain(node, "", f"must be a mapping, not {found(node)}", "")
            return None
        values: Members = {}
        for name, key, value in entries(node, complain):
            member = next((each for each in self.members if each.name == name), None)
            if member is None:
                complain(key, f".{name}", "unknown key", self._hint(name))
                continue
            read = member.kind.read(value, below(complain, f".{name}"))
            if read is not None:
                values[name] = At(read, value)
        return values

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {
            "type": ["object", "null"],
            "properties": {
                each.name: {"description": each.description, **each.kind.json_schema()}
                for each in self.members
            },
            "additionalProperties": False,
        }
        return {**schema, "type": "object", "required": list(self.required)} if self.required else schema

    def _hint(self, name: str) -> str:
        lowered = name.lower().replace("-", "_")
        for member in self.members:
            if lowered in member.aliases:
                return f"did you mean {member.name}?"
        names = [each.name for each in self.members]
        near = nearest(lowered, names)
        return f"did you mean {near}?" if near else f"known are {', '.join(names)}"


@record
class Named:
    """A mapping whose keys are names of the user's own."""

    kind: Kind
    pattern: str
    says: str
    """What a name must be."""

    def read(self, node: Node, complain: Complain) -> dict[str, At] | None:
        if not isinstance(node, MappingNode) and not is_nothing(node):
            complain(node, "", f"must be a mapping, not {found(node)}", "")
            return None
        values: dict[str, At] = {}
        for name, key, value in entries(node, complain):
            if re.fullmatch(self.pattern, name) is None:
                complain(key, f".{name}", f"the name must be {self.says}", "")
                continue
            read = self.kind.read(value, below(complain, f".{name}"))
            if read is not None:
                values[name] = At(read, key)
        return values

    def json_schema(self) -> JsonSchema:
        return {
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^({self.pattern})$"},
            "additionalProperties": self.kind.json_schema(),
        }


@record
class ListOf:
    """A list; one value alone stands for a list of one."""

    kind: Kind

    def read(self, node: Node, complain: Complain) -> tuple[At, ...] | None:
        if not isinstance(node, SequenceNode):
            read = self.kind.read(node, complain)
            return None if read is None else (At(read, node),)
        values = []
        for index, element in enumerate(node.value):
            read = self.kind.read(element, below(complain, f"[{index}]"))
            if read is not None:
                values.append(At(read, element))
        return tuple(values)

    def json_schema(self) -> JsonSchema:
        element = self.kind.json_schema()
        return {"anyOf": [element, {"type": "array", "items": element}]}


@record
class PayloadFormat:
    """1.0 or 2.0; YAML reads them as numbers where they have no quotes."""

    def read(self, node: Node, complain: Complain) -> str | None:
        text = scalar_text(node)
        if text in ("1.0", "2.0"):
            return text
        complain(node, "", f'must be "1.0" or "2.0", not {found(node)}', "")
        return None

    def json_schema(self) -> JsonSchema:
        return {"enum": ["1.0", "2.0", 1, 2]}


@record
class RouteText:
    def read(self, node: Node, complain: Complain) -> RouteKey | None:
        if not isinstance(node, ScalarNode) or is_nothing(node):
            complain(node, "", f"must be a route, not {found(node)}", "for example GET /items/{id}")
            return None
        try:
            return parse_route(str(node.value))
        except RouteError as error:
            complain(node, "", error.message, error.hint)
            return None

    def json_schema(self) -> JsonSchema:
        letters = ("".join(f"[{letter}{letter.lower()}]" for letter in method) for method in METHODS)
        return {"type": "string", "pattern": rf"^\s*(\$default|({'|'.join(letters)})\s+/\S*)\s*$"}


ROUTE = Record(
    (
        Member("route", RouteText(), "Method and path, or $default.", ("path", "key")),
        Member("api", Text(), "The API of `apis`; otherwise the one called default."),
        Member("authorizer", Text(), "One of the API's authorizers.", ("auth", "auth_type")),
        Member("scopes", ListOf(Text()), "Of which a token must have one.", ("scope",)),
    ),
    required=("route",),
)


@record
class WebSocketRouteText:
    def read(self, node: Node, complain: Complain) -> RouteKey | None:
        if not isinstance(node, ScalarNode) or is_nothing(node):
            complain(node, "", f"must be a route, not {found(node)}", "for example $connect")
            return None
        try:
            return parse_websocket_route(str(node.value))
        except RouteError as error:
            complain(node, "", error.message, error.hint)
            return None

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^\s*(\$(connect|disconnect|default)|[^\s$].*)\s*$"}


WEBSOCKET_ROUTE = Record(
    (
        Member("route", WebSocketRouteText(), "$connect, $disconnect, $default, or a word.", ("key",)),
        Member("api", Text(), "The API of `apis`; otherwise the only one of type websocket."),
        Member("authorizer", Text(), "One of the API's authorizers ($connect).", ("auth",)),
        Member(
            "answer",
            Flag(),
            "Whether the body that the function answers is sent to the client.",
            ("answers", "respond", "response", "route_response", "route_response_selection_expression"),
        ),
    ),
    required=("route",),
)


@record
class SelectionText:
    def read(self, node: Node, complain: Complain) -> str | None:
        text = scalar_text(node)
        if text is None:
            complain(
                node, "", f"must be an expression, not {found(node)}", "for example $request.body.action"
            )
            return None
        try:
            parse_selection(text)
        except RouteError as error:
            complain(node, "", error.message, error.hint)
            return None
        return text

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "minLength": 1}


@record
class Routes:
    """One route or several; each is its text, or a mapping that says more."""

    text: Kind
    record: Record
    example: str

    def read(self, node: Node, complain: Complain) -> tuple[At, ...] | None:
        return self._kind.read(node, complain)

    def json_schema(self) -> JsonSchema:
        return self._kind.json_schema()

    @property
    def _kind(self) -> ListOf:
        return ListOf(_RouteOrText(self.text, self.record, self.example))


@record
class _RouteOrText:
    text: Kind
    record: Record
    example: str

    def read(self, node: Node, complain: Complain) -> Members | None:
        if not isinstance(node, MappingNode):
            key = self.text.read(node, complain)
            return None if key is None else {"route": At(key, node)}
        members = self.record.read(node, complain)
        if members is not None and "route" not in members:
            if all(name != "route" for name, _, _ in entries(node, _silently)):
                complain(node, "", "has no route", f"for example `route: {self.example}`")
            return None
        return members

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self.text.json_schema(), self.record.json_schema()]}


HTTP_ROUTES = Routes(RouteText(), ROUTE, "GET /items/{id}")
WEBSOCKET_ROUTES = Routes(WebSocketRouteText(), WEBSOCKET_ROUTE, "$connect")

AUTHORIZER = Record(
    (
        Member("type", Choice(WRITTEN_AUTHORIZERS), "token, request or jwt."),
        Member("function", Text(), "The function that decides; not for jwt.", ("lambda", "handler")),
        Member(
            "identity",
            ListOf(Text(pattern=_IDENTITY, says="a source such as $request.header.Authorization")),
            "Where it is told who calls; without it nobody is asked.",
            ("identity_source", "identity_sources", "identitysource"),
        ),
        Member(
            "cache",
            seconds(0, 3600),
            "For how long an answer counts.",
            ("ttl", "cache_ttl", "result_ttl", "authorizer_result_ttl_in_seconds"),
        ),
        Member("payload", PayloadFormat(), "What a request authorizer of an HTTP API is asked in."),
        Member("issuer", Text(), "Who must have issued the token (jwt)."),
        Member("audience", ListOf(Text()), "For whom the token must be (jwt).", ("audiences",)),
        Member("keys", PathText(), "A file with the issuer's JSON Web Key Set (jwt).", ("jwks", "key_set")),
    ),
    required=("type",),
)

API = Record(
    (
        Member(
            "type",
            Choice(tuple(ApiKind)),
            "rest, http, alb or websocket; otherwise http.",
            ("kind", "protocol"),
        ),
        Member(
            "payload",
            PayloadFormat(),
            "The format of events of an HTTP API; otherwise 2.0.",
            ("payload_format", "payload_format_version"),
        ),
        Member(
            "stage",
            Text(pattern=STAGE, says="a name of letters, digits, - and _, or $default"),
            "The stage; otherwise $default, or dev for rest and websocket.",
            ("stage_name",),
        ),
        Member("stage_variables", STAGE_VARIABLES, "Variables of the stage.", ("variables",)),
        Member("cors", CorsSettings(), "What browsers are told (http)."),
        Member(
            "timeout",
            seconds(1, 900),
            "How long a client waits; the function itself runs on. Otherwise 29s, or 30s for http.",
        ),
        Member(
            "binary",
            ListOf(Text(pattern=r"[^\s/]+/[^\s/]+", says="a media type such as image/png")),
            "Media types that are handed on as base64 (rest).",
            ("binary_media_types", "binary_types"),
        ),
        Member(
            "multi_value_headers",
            Flag(),
            "Whether events have all values of repeated headers (alb).",
            ("multivalueheaders",),
        ),
        Member(
            "selection",
            SelectionText(),
            "What of a message says which route takes it; otherwise $request.body.action (websocket).",
            ("route_selection", "route_selection_expression", "routeselectionexpression"),
        ),
        Member(
            "authorizers",
            Named(AUTHORIZER, AUTHORIZER_NAME, "1 to 128 letters, digits, - and _"),
            "Who decides who may call, by names that routes use.",
        ),
    )
)


@record
class Apis:
    def read(self, node: Node, complain: Complain) -> dict[str, At] | None:
        return self._kind.read(node, complain)

    def json_schema(self) -> JsonSchema:
        return self._kind.json_schema()

    @property
    def _kind(self) -> Named:
        return Named(API, API_NAME, "lower-case letters, digits and hyphens, for it becomes a host's name")


def below(complain: Complain, path: str) -> Complain:
    def complain_below(at: Node, further: str, message: str, hint: str) -> None:
        complain(at, f"{path}{further}", message, hint)

    return complain_below


def value_in(members: Mapping[str, At], name: str, default: Any = None) -> Any:
    return members[name].value if name in members else default


def texts_in(members: Mapping[str, At], name: str) -> tuple[str, ...]:
    return tuple(each.value for each in value_in(members, name, ()))


def _silently(at: Node, path: str, message: str, hint: str) -> None:
    pass
