"""The values of a template's parameters: given, or their defaults; checked as CloudFormation checks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from lambdacli.project.cloudformation.document import Document
from lambdacli.project.cloudformation.dynamic import AWS, imported
from lambdacli.project.cloudformation.faults import Fault, problem_of
from lambdacli.project.cloudformation.places import Steps
from lambdacli.project.cloudformation.template import (
    DynamicReference,
    Lookup,
    MissingParameter,
    MissingParameters,
    Parameter,
    TemplateError,
)
from lambdacli.project.cloudformation.texts import named, text_of
from lambdacli.project.records import Problem

_ATTRIBUTES = frozenset(
    (
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    )
)
_SIMPLE_TYPES = frozenset(("String", "Number", "List<Number>", "CommaDelimitedList", "List<String>"))
_STORED = re.compile(r"AWS::SSM::Parameter::Value<(?P<inner>.+)>")
_OF_ACCOUNT = re.compile(r"(List<)?AWS::[A-Za-z0-9]+(::[A-Za-z0-9]+)+(>)?")


def read_parameters(
    document: Document, overrides: Mapping[str, str], lookup: Lookup | None
) -> tuple[dict[str, Parameter], list[Problem]]:
    """The parameters, and overrides that the template has no parameter for. Raises TemplateError."""
    declared: Mapping[str, Any] = document.values.get("Parameters") or {}
    faults: list[Fault] = []
    missing: list[MissingParameter] = []
    parameters: dict[str, Parameter] = {}
    for name, declaration in declared.items():
        path: Steps = ("Parameters", name)
        try:
            _check_declaration(path, declaration)
            given = overrides.get(name, declaration.get("Default"))
            place = document.places.of(path)
            is_secret = text_of(declaration.get("NoEcho", False)) == "true"
            if given is None:
                description = text_of(declaration.get("Description")) or ""
                missing.append(MissingParameter(name, declaration["Type"], description, is_secret, place))
                continue
            value = _checked(path, name, declaration, given, lookup)
            is_given = name in overrides
            parameters[name] = Parameter(name, declaration["Type"], value, is_secret, is_given, place)
        except Fault as fault:
            faults.append(fault)
    problems = [problem_of(fault, document.places) for fault in faults]
    folder = document.file.parent
    if missing:
        raise MissingParameters(folder, (*problems, _missing(missing)), tuple(missing))
    if problems:
        raise TemplateError(folder, tuple(problems))
    return parameters, _of_nothing(document, overrides, declared)


def _missing(missing: list[MissingParameter]) -> Problem:
    first = missing[0].place
    names = [each.name for each in missing]
    message = f"Parameters: [{', '.join(names)}] must have values"
    hint = "give them: --parameter-overrides " + " ".join(f"{name}=…" for name in names)
    return Problem(first.file, first.line, first.column, f"Parameters.{names[0]}", message, hint)


def _of_nothing(
    document: Document, overrides: Mapping[str, str], declared: Mapping[str, Any]
) -> list[Problem]:
    unknown = [name for name in overrides if name not in declared]
    if not unknown:
        return []
    place = document.places.of(("Parameters",))
    message = f"Parameters: [{', '.join(unknown)}] do not exist in the template"
    return [Problem(place.file, place.line, place.column, "Parameters", message, "these values are not used")]


def _check_declaration(path: Steps, declaration: Any) -> None:
    if not isinstance(declaration, dict):
        raise Fault(
            path, "Template format error: Every Parameters member must be a mapping", "give it a Type"
        )
    if re.fullmatch("[A-Za-z0-9]{1,255}", str(path[-1])) is None:
        raise Fault(path, f"Template format error: Parameter name {path[-1]} is non alphanumeric.")
    for key in declaration:
        if key not in _ATTRIBUTES:
            raise Fault((*path, key), f"Invalid template parameter property '{key}'", _known_attributes())
    kind = declaration.get("Type")
    if kind is None:
        raise Fault(path, "Template format error: Every Parameters object must contain a Type member.")
    if not isinstance(kind, str) or not _is_type(kind):
        message = f"Template format error: Unrecognized parameter type: {text_of(kind) or named(kind)}"
        raise Fault((*path, "Type"), message, "String, Number, CommaDelimitedList, List<Number> or AWS::…")
    if "Default" in declaration and text_of(declaration["Default"]) is None:
        hint = (
            "a list is written as one text, with commas" if isinstance(declaration["Default"], list) else ""
        )
        raise Fault((*path, "Default"), "Template format error: Every Default member must be a string.", hint)
    if text_of(declaration.get("NoEcho", False)) not in ("true", "false"):
        raise Fault((*path, "NoEcho"), "Template format error: NoEcho must be true or false.")
    allowed = declaration.get("AllowedValues", [])
    if not isinstance(allowed, list) or any(text_of(value) is None for value in allowed):
        message = "Template format error: Every AllowedValues member must be a list of strings."
        raise Fault((*path, "AllowedValues"), message)


def _known_attributes() -> str:
    return "known are " + ", ".join(sorted(_ATTRIBUTES))


def _is_type(kind: str) -> bool:
    if kind in _SIMPLE_TYPES:
        return True
    stored = _STORED.fullmatch(kind)
    if stored is not None:
        return stored["inner"] in _SIMPLE_TYPES or _is_of_account(stored["inner"])
    return _is_of_account(kind)


def _is_of_account(kind: str) -> bool:
    return _OF_ACCOUNT.fullmatch(kind) is not None and kind.startswith("List<") == kind.endswith(">")


def _checked(
    path: Steps, name: str, declaration: Mapping[str, Any], given: Any, lookup: Lookup | None
) -> str | list[str]:
    text = text_of(given)
    if text is None:
        raise Fault(path, f"Parameter '{name}' must be a text, not {named(given)}")
    kind: str = declaration["Type"]
    stored = _STORED.fullmatch(kind)
    if stored is not None:
        kind = stored["inner"]
        if lookup is None:
            unasked = f"{{{{resolve:ssm:{text}}}}}"
            return [unasked] if _is_list(kind) else unasked
        text = _stored(path, text, lookup)
    values = [item.strip() for item in text.split(",")] if _is_list(kind) else [text]
    for value in values:
        if kind in ("Number", "List<Number>") and _number(value) is None:
            raise Fault(path, f"Parameter '{name}' must be a number.", f'it is "{value}"')
        if stored is None:
            _check_constraints(path, name, declaration, value)
    return values if _is_list(kind) else text


def _is_list(kind: str) -> bool:
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def _stored(path: Steps, name: str, lookup: Lookup) -> str:
    reference = DynamicReference("ssm", name)
    value = lookup(reference)
    if value is None:
        message = f"Unable to fetch parameters [{name}] from parameter store for this account."
        made = f"put it there: {AWS} ssm put-parameter --name {name} --type String --value …"
        raise Fault(path, message, f"{made}, or say it in lam.yaml: {imported(reference)}")
    return value


def _check_constraints(path: Steps, name: str, declaration: Mapping[str, Any], value: str) -> None:
    said = _broken_constraint(path, name, declaration, value)
    if said is None:
        return
    description = text_of(declaration.get("ConstraintDescription"))
    if description:
        said = f"Parameter '{name}' failed to satisfy constraint: {description}"
    shown = "" if text_of(declaration.get("NoEcho", False)) == "true" else f'it is "{value}"'
    raise Fault(path, said, shown)


def _broken_constraint(path: Steps, name: str, declaration: Mapping[str, Any], value: str) -> str | None:
    allowed = declaration.get("AllowedValues")
    if allowed is not None and value not in [text_of(each) for each in allowed]:
        choices = ", ".join(text_of(each) or "" for each in allowed)
        return f"Parameter '{name}' must be one of AllowedValues [{choices}]"
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and not _compiled((*path, "AllowedPattern"), text_of(pattern)).fullmatch(value):
        return f"Parameter '{name}' must match pattern {text_of(pattern)}"
    shortest = _bound(path, declaration, "MinLength")
    if shortest is not None and len(value) < shortest:
        return f"Parameter '{name}' must contain at least {shortest:g} characters"
    longest = _bound(path, declaration, "MaxLength")
    if longest is not None and len(value) > longest:
        return f"Parameter '{name}' must contain at most {longest:g} characters"
    number = _number(value)
    least, most = _bound(path, declaration, "MinValue"), _bound(path, declaration, "MaxValue")
    if number is not None and least is not None and number < least:
        return f"Parameter '{name}' must be a number not less than {least:g}"
    if number is not None and most is not None and number > most:
        return f"Parameter '{name}' must be a number not greater than {most:g}"
    return None


def _bound(path: Steps, declaration: Mapping[str, Any], key: str) -> float | None:
    if key not in declaration:
        return None
    text = text_of(declaration[key])
    bound = _number(text) if text is not None else None
    if bound is None:
        raise Fault((*path, key), f"Template format error: {key} must be a number.")
    return bound


def _compiled(path: Steps, pattern: str | None) -> re.Pattern[str]:
    compiled = _pattern(pattern) if pattern is not None else None
    if compiled is None:
        raise Fault(path, "Template format error: AllowedPattern must be a regular expression.")
    return compiled


@cache
def _pattern(pattern: str) -> re.Pattern[str] | None:
    try:
        # CloudFormation uses Java's, which has more than Python's; what cannot be read is told.
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
