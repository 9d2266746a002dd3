"""The intrinsic functions that compute with values alone: their arguments are resolved already. Pure."""

from __future__ import annotations

import base64
import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Any

from lambdacli.project.cloudformation.faults import Fault
from lambdacli.project.cloudformation.places import Steps
from lambdacli.project.cloudformation.texts import MAX_TEXT, integer_of, named, text_of

_MAX_SUBNETS = 256


def join(argument: Any, path: Steps) -> str:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        raise _join_fault(path)
    delimiter: str = argument[0]
    items: Any = argument[1]
    if not isinstance(items, list):
        raise _join_fault(path, f"the second is {named(items)}")
    texts = [text_of(item) for item in items]
    if None in texts:
        raise _join_fault(path, f"one of the items is {named(items[texts.index(None)])}")
    joined = [text for text in texts if text is not None]
    check_length(sum(map(len, joined)) + len(delimiter) * len(joined), path)
    return delimiter.join(joined)


def _join_fault(path: Steps, hint: str = "") -> Fault:
    message = (
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
        "(2) a list "
        "of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) "
        "to be joined."
    )
    return Fault(path, message, hint)


def split(argument: Any, path: Steps) -> list[str]:
    if isinstance(argument, list) and len(argument) == 2:
        delimiter, text = argument[0], text_of(argument[1])
        if isinstance(delimiter, str) and delimiter and text is not None:
            return text.split(delimiter)
    message = (
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and "
        "(2) a string "
        "to be split or a function that returns a string to be split."
    )
    raise Fault(path, message)


def select(argument: Any, path: Steps) -> Any:
    if not isinstance(argument, list) or len(argument) != 2:
        raise _select_fault(path)
    index, items = integer_of(argument[0]), argument[1]
    if index is None or not isinstance(items, list):
        hint = f"the list is {named(items)}" if index is not None else f"the index is {named(argument[0])}"
        raise _select_fault(path, hint)
    if not 0 <= index < len(items):
        message = f"Template error: Fn::Select  cannot select nonexistent value at index {index}"
        raise Fault(path, message.replace("  ", " "), f"the list has {len(items)}")
    return items[index]


def _select_fault(path: Steps, hint: str = "") -> Fault:
    message = (
        "Template error: every Fn::Select object requires two parameters, an index and a list of strings."
    )
    return Fault(path, message, hint)


def base64_text(argument: Any, path: Steps) -> str:
    text = text_of(argument)
    if text is None:
        message = "Template error: every Fn::Base64 object must have a String-typed value."
        raise Fault(path, message, f"it is {named(argument)}")
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def cidr(argument: Any, path: Steps) -> list[str]:
    if not isinstance(argument, list) or len(argument) not in (2, 3):
        raise _cidr_fault(path, "write [block, count, bits]")
    block, count = text_of(argument[0]), integer_of(argument[1])
    try:
        network = ipaddress.ip_network(block or "", strict=False)
    except ValueError as error:
        raise _cidr_fault(path, f"{named(argument[0])} is no block of addresses") from error
    bits = integer_of(argument[2]) if len(argument) == 3 else 8
    if count is None or not 1 <= count <= _MAX_SUBNETS:
        raise _cidr_fault(path, f"the count is a number from 1 to {_MAX_SUBNETS}")
    if bits is None or not 1 <= bits <= network.max_prefixlen - network.prefixlen:
        raise _cidr_fault(
            path, f"{named(argument[2] if len(argument) == 3 else 8)} bits do not fit in {block}"
        )
    size = 1 << bits
    if count * size > network.num_addresses:
        raise _cidr_fault(path, f"{block} has no room for {count} blocks of {bits} bits")
    first = int(network.network_address)
    return [
        f"{type(network.network_address)(first + each * size)}/{network.max_prefixlen - bits}"
        for each in range(count)
    ]


def _cidr_fault(path: Steps, hint: str) -> Fault:
    message = (
        "Template error: every Fn::Cidr object requires two or three parameters, (1) an IP address "
        "block, (2) "
        "the number of CIDRs to generate and (3) the number of subnet bits."
    )
    return Fault(path, message, hint)


def zones(argument: Any, path: Steps, own_region: str) -> list[str]:
    region = text_of(argument)
    if region is None:
        message = "Template error: every Fn::GetAZs object must have a String-typed value."
        raise Fault(path, message, f"it is {named(argument)}")
    return [(region or own_region) + letter for letter in "abc"]


def length(argument: Any, path: Steps) -> int:
    if not isinstance(argument, list):
        raise Fault(path, "Template error: Fn::Length requires a list.", f"it is {named(argument)}")
    return len(argument)


def to_json_string(argument: Any, path: Steps) -> str:
    if not isinstance(argument, dict | list):
        message = "Template error: Fn::ToJsonString requires an object or an array."
        raise Fault(path, message, f"it is {named(argument)}")
    try:
        text = json.dumps(argument, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise Fault(path, "Template error: Fn::ToJsonString holds a number that JSON has not.") from error
    check_length(len(text), path)
    return text


def find_in_map(argument: Any, path: Steps, mappings: Mapping[str, Any], *, is_extended: bool) -> Any:
    most = 4 if is_extended else 3
    if not isinstance(argument, list) or not 3 <= len(argument) <= most:
        raise _map_fault(path)
    default = argument[3] if len(argument) == 4 else None
    if default is not None and not (isinstance(default, dict) and set(default) == {"DefaultValue"}):
        raise _map_fault(path, "the fourth is `DefaultValue: …`")
    keys = [text_of(key) for key in argument[:3]]
    if None in keys:
        raise _map_fault(path, f"one of them is {named(argument[keys.index(None)])}")
    name, first, second = (key or "" for key in keys)
    if name not in mappings and default is None:
        message = (
            f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
        )
        raise Fault(
            path, message, "known are " + ", ".join(mappings) if mappings else "there are no Mappings"
        )
    found = mappings.get(name, {}).get(first, {}).get(second)
    if found is not None:
        return found
    if default is not None:
        return default["DefaultValue"]
    raise Fault(path, f"Template error: Unable to get mapping for {name}::{first}::{second}")


def _map_fault(path: Steps, hint: str = "") -> Fault:
    message = (
        "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
        "attribute for return value"
    )
    return Fault(path, message, hint)


def check_length(length: int, path: Steps) -> None:
    if length > MAX_TEXT:
        message = f"a text of {length:,} letters"
        raise Fault(path, message, f"no template has room for more than {MAX_TEXT:,}")


SIMPLE: Mapping[str, Callable[[Any, Steps], Any]] = {
    "Fn::Base64": base64_text,
    "Fn::Cidr": cidr,
    "Fn::Join": join,
    "Fn::Length": length,
    "Fn::Select": select,
    "Fn::Split": split,
    "Fn::ToJsonString": to_json_string,
}
EXTENDED = frozenset(("Fn::Length", "Fn::ToJsonString"))
"""Only with the transform AWS::LanguageExtensions."""
