"""Names that the Serverless Framework makes for the resources of a service. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def identifier_of(name: str) -> str:
    """A function's or a layer's name as logical ids begin with it."""
    return _upper_first(name.replace("-", "Dash").replace("_", "Underscore"))


def plain_identifier(name: str) -> str:
    """A queue's, topic's or bucket's."""
    return _upper_first(re.sub(r"[^0-9A-Za-z]", "", name))


def path_identifier(path: str) -> str:
    """`users/{userId}/some-thing` as UsersUseridVarSomeDashthing."""
    return "".join(_part_identifier(part) for part in path.split("/") if part)


def _part_identifier(part: str) -> str:
    # Only the first letter stays large; a parameter's first character is its bracket.
    lowered = part[:1].upper() + part[1:].lower()
    named = re.sub(r"\{(.*)\}", r"\1Var", lowered.replace("-", "Dash"))
    return _upper_first(re.sub(r"[^0-9A-Za-z]", "", named))


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def source_name(arn: Any) -> str:
    """What an event source is called, from an ARN or from the intrinsic function that gives it."""
    if isinstance(arn, str):
        if arn.startswith("arn:") and ":dynamodb:" in arn:
            return arn.split(":")[5].split("/")[0] if "/" in arn else arn
        return re.split(r"[:/]", arn)[-1]
    if isinstance(arn, Mapping):
        for name, argument in arn.items():
            if name == "Fn::GetAtt":
                return str(argument[0] if isinstance(argument, list) else argument).split(".")[0]
            if name == "Fn::Join" and isinstance(argument, list) and argument and argument[-1]:
                last = argument[-1][-1] if isinstance(argument[-1], list) else argument[-1]
                return source_name(last)
            if isinstance(argument, str):
                return re.split(r"[:/]", argument)[-1] if name == "Fn::Sub" else argument
    return "Source"
