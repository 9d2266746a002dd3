"""The kinds of values in lam.yaml that tell what stands around a function: who invokes it, what it reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from lambdacli.model.errors import RequestError
from lambdacli.model.mapping import STREAMS, SourceKind, kind_of_source
from lambdacli.model.permission import Permission, function_statement
from lambdacli.model.policy_document import PolicyError, PolicyKind, policy_of
from lambdacli.model.record import record
from lambdacli.project.declared import (
    DeclaredEventInvoke,
    DeclaredMapping,
    DeclaredPermission,
    GivenPolicy,
    document_of,
    statement_id_of,
)
from lambdacli.project.kinds import Choice, Flag, Group, JsonSchema, Kind, Number, Text, seconds
from lambdacli.project.policies import document_members
from lambdacli.project.yaml_nodes import Complain, found

ARN_PATTERN = r"arn:[a-zA-Z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+"
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""Those that CloudWatch Logs takes."""

_ARN = Text(pattern=ARN_PATTERN, says="an ARN such as arn:aws:sqs:us-east-1:000000000000:orders")


@record
class Retention:
    """Days from CloudWatch's list."""

    def read(self, node: Node, complain: Complain) -> int | None:
        days = Number(RETENTION_DAYS[0], RETENTION_DAYS[-1]).read(node, complain)
        if days is not None and days not in RETENTION_DAYS:
            nearest_days = min(RETENTION_DAYS, key=lambda each: abs(each - days))
            complain(node, "", f"CloudWatch keeps no logs for {days} days", f"did you mean {nearest_days}?")
            return None
        return days

    def json_schema(self) -> JsonSchema:
        return {"type": "integer", "enum": list(RETENTION_DAYS)}


@record
class TargetArn:
    """The ARN of something that Lambda can send to."""

    services: tuple[str, ...]

    def read(self, node: Node, complain: Complain) -> str | None:
        arn = _ARN.read(node, complain)
        if arn is not None and arn.split(":")[2] not in self.services:
            kinds = ", ".join(self.services)
            complain(node, "", f"{arn} is of {arn.split(':')[2]}; Lambda sends there to {kinds} only", "")
            return None
        return arn

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": f"^arn:[a-zA-Z0-9-]+:({'|'.join(self.services)}):"}


@record
class Policies:
    """What the execution role may do: names, documents, statements or templates."""

    def read(self, node: Node, complain: Complain) -> tuple[GivenPolicy, ...] | None:
        elements = node.value if isinstance(node, SequenceNode) else [node]
        read = (_policy(each, _below(complain, f"[{at}]")) for at, each in enumerate(elements))
        return tuple(policy for policy in read if policy is not None)

    def json_schema(self) -> JsonSchema:
        element: JsonSchema = {"anyOf": [{"type": "string"}, {"type": "object"}]}
        return {"anyOf": [element, {"type": "array", "items": element}]}


def _policy(node: Node, complain: Complain) -> GivenPolicy | None:
    if isinstance(node, ScalarNode):
        return Text().read(node, complain)
    if not isinstance(node, MappingNode):
        complain(node, "", f"must be the name of a policy or a document, not {found(node)}", "")
        return None
    members = document_members(node, complain)
    document = document_of(members)
    if document is None:
        return members  # a template and its parameters
    try:
        policy_of(document, PolicyKind.IDENTITY)
    except PolicyError as error:
        complain(node, "", str(error), "")
        return None
    return members


# Asynchronous events


_EVERYWHERE = ("sqs", "sns", "lambda", "events")
_EVENT_INVOKE = Group({"retries": Number(0, 2), "max_age": seconds(60, 21_600)})
_DESTINATIONS = Group({"on_success": TargetArn(_EVERYWHERE), "on_failure": TargetArn((*_EVERYWHERE, "s3"))})


@record
class EventInvoke:
    def read(self, node: Node, complain: Complain) -> DeclaredEventInvoke | None:
        values: Mapping[str, Any] | None = _EVENT_INVOKE.read(node, complain)
        if values is None:
            return None
        return DeclaredEventInvoke(values.get("retries"), values.get("max_age"))

    def json_schema(self) -> JsonSchema:
        return _EVENT_INVOKE.json_schema()


@record
class Destinations:
    def read(self, node: Node, complain: Complain) -> DeclaredEventInvoke | None:
        values: Mapping[str, Any] | None = _DESTINATIONS.read(node, complain)
        if values is None:
            return None
        return DeclaredEventInvoke(on_success=values.get("on_success"), on_failure=values.get("on_failure"))

    def json_schema(self) -> JsonSchema:
        return _DESTINATIONS.json_schema()


# Who may invoke


_ANY_FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:any"

_PERMISSION: Mapping[str, tuple[str, Kind]] = {
    "id": ("StatementId", Text(100, r"[a-zA-Z0-9-_]+", "letters, digits, hyphens and underscores")),
    "principal": ("Principal", Text(256, r"[^\s]+", "a service, an account, an ARN or *")),
    "action": ("Action", Text(140, r"lambda:(\*|[a-zA-Z]+)", "an action such as lambda:InvokeFunction")),
    "source_arn": ("SourceArn", _ARN),
    "source_account": ("SourceAccount", Text(None, r"[0-9]{12}", 'an account of 12 digits, in quotes: "…"')),
    "organization": ("PrincipalOrgID", Text(None, r"o-[a-z0-9]{10,32}", "an organization such as o-a1b2…")),
}


@record
class Permissions:
    """A list of principals, or of mappings that say more."""

    def read(self, node: Node, complain: Complain) -> tuple[DeclaredPermission, ...] | None:
        read = _elements(node, "principals", complain, _permission)
        if read is None:
            return None
        ids = [permission.statement_id for permission in read]
        for statement_id in {each for each in ids if ids.count(each) > 1}:
            complain(node, "", f"two permissions have the id {statement_id}", "give one another `id`")
        return tuple(read)

    def json_schema(self) -> JsonSchema:
        return _list_schema(_PERMISSION)


def _permission(node: Node, complain: Complain) -> DeclaredPermission | None:
    members = _members_or_text(node, "principal", _PERMISSION, complain)
    if members is None:
        return None
    if "Principal" not in members:
        complain(node, "", "has no principal", "for example `principal: s3.amazonaws.com`")
        return None
    members.setdefault("Action", "lambda:InvokeFunction")
    statement_id = str(members.pop("StatementId", None) or statement_id_of(members))
    try:
        function_statement(Permission(statement_id, members["Action"], members["Principal"]), _ANY_FUNCTION)
    except RequestError as error:
        complain(node, "", error.message or "", "")
        return None
    return DeclaredPermission(statement_id, members)


# What is read


@record
class _Patterns:
    """Event patterns: as mappings, or as JSON in a text."""

    def read(self, node: Node, complain: Complain) -> dict[str, Any] | None:
        elements = node.value if isinstance(node, SequenceNode) else [node]
        texts = [_pattern(each, _below(complain, f"[{at}]")) for at, each in enumerate(elements)]
        return {"Filters": [{"Pattern": text} for text in texts if text is not None]}

    def json_schema(self) -> JsonSchema:
        element: JsonSchema = {"anyOf": [{"type": "string"}, {"type": "object"}]}
        return {"anyOf": [element, {"type": "array", "items": element}]}


def _pattern(node: Node, complain: Complain) -> str | None:
    if isinstance(node, MappingNode):
        return json.dumps(typed_value(node), separators=(",", ":"))
    text = Text().read(node, complain)
    if text is None:
        return None
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        complain(node, "", "must be an event pattern: a mapping, or JSON of one", "")
        return None
    return text


def typed_value(node: Node) -> Any:
    """With the types that YAML gives it: a pattern tells numbers from texts."""
    if isinstance(node, MappingNode):
        return {str(key.value): typed_value(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [typed_value(each) for each in node.value]
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:bool":
        return node.value.lower() in ("true", "yes", "on")
    if node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
        try:
            return json.loads(node.value)
        except ValueError:
            return str(node.value)
    return str(node.value)


@record
class _Wrapped:
    """A value that the API wants within a structure."""

    kind: Kind
    wrap: Callable[[Any], Any]

    def read(self, node: Node, complain: Complain) -> object | None:
        value = self.kind.read(node, complain)
        return None if value is None else self.wrap(value)

    def json_schema(self) -> JsonSchema:
        return self.kind.json_schema()


_SOURCE: Mapping[str, tuple[str, Kind]] = {
    "source": ("EventSourceArn", _ARN),
    "batch_size": ("BatchSize", Number(1, 10_000)),
    "window": ("MaximumBatchingWindowInSeconds", seconds(0, 300)),
    "enabled": ("Enabled", Flag()),
    "filters": ("FilterCriteria", _Patterns()),
    "starting_position": ("StartingPosition", Choice(("LATEST", "TRIM_HORIZON"))),
    "report_failures": (
        "FunctionResponseTypes",
        _Wrapped(Flag(), lambda is_wanted: ["ReportBatchItemFailures"] if is_wanted else []),
    ),
    "max_concurrency": (
        "ScalingConfig",
        _Wrapped(Number(2, 1000), lambda number: {"MaximumConcurrency": number}),
    ),
    "on_failure": (
        "DestinationConfig",
        _Wrapped(TargetArn(("sqs", "sns", "s3")), lambda arn: {"OnFailure": {"Destination": arn}}),
    ),
    "retries": ("MaximumRetryAttempts", Number(0, 10_000)),
    "max_age": ("MaximumRecordAgeInSeconds", seconds(60, 604_800)),
    "bisect": ("BisectBatchOnFunctionError", Flag()),
    "parallelization": ("ParallelizationFactor", Number(1, 10)),
    "tumbling_window": ("TumblingWindowInSeconds", seconds(0, 900)),
}

_KINDS = frozenset({SourceKind.SQS}) | STREAMS


@record
class Sources:
    """A list of ARNs of queues and streams, or of mappings that say more."""

    def read(self, node: Node, complain: Complain) -> tuple[DeclaredMapping, ...] | None:
        read = _elements(node, "queues and streams", complain, _source)
        if read is None:
            return None
        arns = [mapping.source_arn for mapping in read]
        for arn in {each for each in arns if arns.count(each) > 1}:
            complain(node, "", f"{arn} is named twice", "one mapping reads a source")
        return tuple(read)

    def json_schema(self) -> JsonSchema:
        return _list_schema(_SOURCE)


def _source(node: Node, complain: Complain) -> DeclaredMapping | None:
    members = _members_or_text(node, "source", _SOURCE, complain)
    if members is None:
        return None
    arn = members.pop("EventSourceArn", None)
    if arn is None:
        complain(node, "", "has no source", "for example `source: arn:aws:sqs:us-east-1:000000000000:orders`")
        return None
    kind = kind_of_source(arn)
    if kind not in _KINDS:
        complain(node, "", f"{arn} is no queue of SQS and no stream of Kinesis or DynamoDB", _hint_of(kind))
        return None
    if kind in STREAMS:
        members.setdefault("StartingPosition", "LATEST")
    return DeclaredMapping(arn, members)


def _hint_of(kind: SourceKind | None) -> str:
    if kind is None:
        return "Lambda reads queues of SQS and streams of Kinesis and DynamoDB from here"
    return (
        f"the settings of {kind} have no words here: CreateEventSourceMapping makes such a mapping, which "
        "deployments leave alone, and `policies` gives the role its rights"
    )


# Lists of mappings


def _elements(
    node: Node, of_what: str, complain: Complain, read: Callable[[Node, Complain], Any]
) -> list[Any] | None:
    if not isinstance(node, SequenceNode):
        complain(node, "", f"must be a list of {of_what}, not {found(node)}", "begin each with a hyphen")
        return None
    values = [read(element, _below(complain, f"[{index}]")) for index, element in enumerate(node.value)]
    return [value for value in values if value is not None]


def _members_or_text(
    node: Node, alone: str, table: Mapping[str, tuple[str, Kind]], complain: Complain
) -> dict[str, Any] | None:
    """A text stands for the member that is called `alone`."""
    if isinstance(node, ScalarNode):
        member, kind = table[alone]
        value = kind.read(node, complain)
        return None if value is None else {member: value}
    values = Group({name: kind for name, (_, kind) in table.items()}).read(node, complain)
    return None if values is None else {table[name][0]: value for name, value in values.items()}


def _list_schema(table: Mapping[str, tuple[str, Kind]]) -> JsonSchema:
    members: JsonSchema = {
        "type": "object",
        "properties": {name: kind.json_schema() for name, (_, kind) in table.items()},
        "additionalProperties": False,
    }
    return {"type": "array", "items": {"anyOf": [{"type": "string"}, members]}}


def _below(complain: Complain, path: str) -> Complain:
    def complain_there(node: Node, below: str, message: str, hint: str) -> None:
        complain(node, path + below, message, hint)

    return complain_there
