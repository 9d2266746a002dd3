"""What a value of a template refers to, taken or not. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lambdacli.model.record import record
from lambdacli.project.cloudformation.places import Steps

VARIABLE = re.compile(r"\$\{([^}]*)\}")


@record
class Reference:
    path: Steps
    name: str
    """A parameter, a pseudo parameter or a logical id."""
    attribute: str | None = None
    """None: it is a Ref."""


def references(value: Any, path: Steps, conditions: Mapping[str, bool] | None = None) -> Iterator[Reference]:
    """Malformed ones are not there: whoever resolves them tells. With conditions, only those of the
    values that Fn::If takes."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from references(item, (*path, index), conditions)
        return
    if not isinstance(value, dict):
        return
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            if isinstance(argument, str):
                yield Reference(path, argument)
            return
        if name == "Fn::GetAtt":
            yield from _of_attribute(argument, path)
            return
        if name == "Fn::Sub":
            yield from _of_text(argument, path)
        if name == "Fn::If" and conditions is not None and _is_choice(argument, conditions):
            index = 1 if conditions[argument[0]] else 2
            yield from references(argument[index], (*path, name, index), conditions)
            return
    for key, item in value.items():
        yield from references(item, (*path, key), conditions)


def _is_choice(argument: Any, conditions: Mapping[str, bool]) -> bool:
    if not isinstance(argument, list) or len(argument) != 3:
        return False
    return isinstance(argument[0], str) and argument[0] in conditions


def _of_attribute(argument: Any, path: Steps) -> Iterator[Reference]:
    parts = split_attribute(argument)
    if parts is None:
        return
    logical_id, attribute = parts
    yield Reference(path, logical_id, attribute if isinstance(attribute, str) else "")
    yield from references(attribute, path)


def split_attribute(argument: Any) -> tuple[str, Any] | None:
    """The logical id and the attribute of a GetAtt, which may itself be resolved."""
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    if not isinstance(argument, list) or len(argument) < 2 or not isinstance(argument[0], str):
        return None
    if len(argument) > 2:
        if not all(isinstance(part, str) for part in argument):
            return None
        return argument[0], ".".join(argument[1:])
    return argument[0], argument[1]


def _of_text(argument: Any, path: Steps) -> Iterator[Reference]:
    text, own = (
        (argument[0], argument[1]) if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    )
    if not isinstance(text, str):
        return
    for variable in variables(text):
        if isinstance(own, dict) and variable in own:
            continue
        name, _, attribute = variable.partition(".")
        yield Reference(path, name, attribute or None)


def variables(text: str) -> Iterator[str]:
    """The names in `${…}`; `${!…}` is a text that stays."""
    for match in VARIABLE.finditer(text):
        if is_variable(match[1]):
            yield match[1]


def is_variable(name: str) -> bool:
    return name != "" and all(letter.isalnum() or letter in "_.:" for letter in name)
