"""The schedules of a function in lam.yaml: expressions, or mappings that say more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from lambdacli.model.arn import FunctionKey
from lambdacli.model.record import record
from lambdacli.model.schedule import (
    LONGEST_NAME,
    BadScheduleError,
    Origin,
    Schedule,
    read_expression,
    rule_arn,
    schedule_arn,
    zone_named,
)
from lambdacli.model.schedule_expression import ScheduleKind
from lambdacli.model.schedule_members import schedule_of
from lambdacli.project.deploy_kinds import typed_value
from lambdacli.project.http_kinds import below
from lambdacli.project.kinds import Flag, Group, JsonSchema, Kind, Text
from lambdacli.project.yaml_nodes import Complain, found

_FORMS = ("rate", "cron", "at")
_EXAMPLE = "for example `schedule: rate(5 minutes)`"
_NAME = Text(LONGEST_NAME, r"[.\-_A-Za-z0-9]+", "letters, digits, dots, hyphens and underscores")


@record
class DeclaredSchedule:
    """One of a function's, in the members of AWS's APIs."""

    kind: ScheduleKind
    members: Mapping[str, Any]
    target: Mapping[str, Any]
    name: str | None
    """None: the function's, and which of its schedules it is."""
    line: int


@record
class ScheduleList:
    """One expression or mapping, or a list of them."""

    def read(self, node: Node, complain: Complain) -> tuple[DeclaredSchedule, ...] | None:
        if not isinstance(node, SequenceNode):
            single = _schedule(node, complain)
            return None if single is None else (single,)
        read = [_schedule(each, below(complain, f"[{number}]")) for number, each in enumerate(node.value)]
        return tuple(each for each in read if each is not None)

    def json_schema(self) -> JsonSchema:
        expression: JsonSchema = {"type": "string", "pattern": r"^(rate|cron|at)\(.+\)$"}
        one: JsonSchema = {"anyOf": [expression, {**_MAPPING.json_schema(), "type": "object"}]}
        return {"anyOf": [*one["anyOf"], {"type": "array", "items": one}]}  # type: ignore[misc]


@record
class _Written:
    """As it is written, whatever YAML takes it for: a moment is none of its own here."""

    def read(self, node: Node, complain: Complain) -> str | None:
        if isinstance(node, ScalarNode) and node.value:
            return str(node.value)
        complain(node, "", f"must be a text, not {found(node)}", _EXAMPLE)
        return None

    def json_schema(self) -> JsonSchema:
        return {"type": "string"}


@record
class _Zone:
    def read(self, node: Node, complain: Complain) -> str | None:
        name = Text().read(node, complain)
        try:
            return None if name is None else zone_named(name)
        except BadScheduleError as error:
            complain(node, "", error.message, error.why)
            return None

    def json_schema(self) -> JsonSchema:
        return {"type": "string"}


@record
class _Input:
    """JSON, or what YAML has for it."""

    def read(self, node: Node, complain: Complain) -> str | None:
        value = typed_value(node)
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            try:
                json.loads(value)
            except ValueError as error:
                complain(node, "", f"is no JSON: {error}", "")
                return None
            return value
        return json.dumps(value)

    def json_schema(self) -> JsonSchema:
        return {}


_KINDS: Mapping[str, Kind] = {
    "rate": _Written(),
    "cron": _Written(),
    "at": _Written(),
    "timezone": _Zone(),
    "input": _Input(),
    "enabled": Flag(),
    "name": _NAME,
}
_MAPPING = Group(_KINDS)


def schedules_of(
    declared: tuple[DeclaredSchedule, ...], function: FunctionKey, file_name: str
) -> tuple[Schedule, ...]:
    """What was read can be made."""
    found_schedules = []
    for number, each in enumerate(declared, start=1):
        suffix = "-schedule" if len(declared) == 1 else f"-schedule-{number}"
        name = each.name or f"{function.name[: LONGEST_NAME - len(suffix)]}{suffix}"
        make_arn = rule_arn if each.kind is ScheduleKind.RULE else schedule_arn
        found_schedules.append(
            schedule_of(
                each.kind,
                name,
                make_arn(function.account, function.region, name),
                (function, None),
                each.members,
                each.target,
                Origin.LAM_YAML,
                f"{file_name}:{each.line}",
            )
        )
    return tuple(found_schedules)


def _schedule(node: Node, complain: Complain) -> DeclaredSchedule | None:
    if isinstance(node, ScalarNode):
        text = _Written().read(node, complain)
        return None if text is None else _declared(node, text, {}, complain)
    if not isinstance(node, MappingNode):
        complain(node, "", f"must be an expression or a mapping, not {found(node)}", _EXAMPLE)
        return None
    told = _MAPPING.read(node, complain)
    if told is None:
        return None
    forms = [form for form in _FORMS if form in told]
    if len(forms) != 1:
        what = "has neither rate, cron nor at" if not forms else f"has both {' and '.join(forms)}"
        complain(node, "", what, "one of them says when")
        return None
    form = forms[0]
    value = str(told[form])
    text = value if value.startswith(f"{form}(") else f"{form}({value})"

    def complain_of_form(at: Node, path: str, message: str, hint: str) -> None:
        complain(_value_of(node, form), f".{form}{path}", message, hint)

    return _declared(node, text, told, complain_of_form)


def _declared(node: Node, text: str, told: Mapping[str, Any], complain: Complain) -> DeclaredSchedule | None:
    """A rule, unless it says what only Scheduler knows."""
    is_rule = "timezone" not in told and not text.startswith("at(")
    kind = ScheduleKind.RULE if is_rule else ScheduleKind.SCHEDULER
    try:
        read_expression(text, kind)
    except BadScheduleError as error:
        complain(node, "", error.message, error.why)
        return None
    members = {"ScheduleExpression": text, "State": "DISABLED" if told.get("enabled") is False else "ENABLED"}
    if "timezone" in told:
        members["ScheduleExpressionTimezone"] = told["timezone"]
    target = {"Input": told["input"]} if "input" in told else {}
    name = told.get("name")
    return DeclaredSchedule(
        kind, members, target, None if name is None else str(name), node.start_mark.line + 1
    )


def _value_of(node: MappingNode, name: str) -> Node:
    return next((value for key, value in node.value if getattr(key, "value", None) == name), node)
