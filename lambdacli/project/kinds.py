"""The kinds of values in lam.yaml: how each is read from a node, refused, and told in JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from lambdacli.model import limits
from lambdacli.model.function import Debugging
from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.model.runtime_names import RETIRED, RUNTIMES
from lambdacli.model.variables import NAME_PATTERN, RESERVED
from lambdacli.project.yaml_nodes import Complain, entries, found, is_nothing, scalar_text

JsonSchema = dict[str, object]

_NUMBER = re.compile(r"[0-9]{1,15}")


class Kind(Protocol):
    # The value, or None when something was wrong and `complain` was told.
    def read(self, node: Node, complain: Complain) -> object | None: ...

    # The same rule for an editor. Bounds of a text with a unit are left to `read`.
    def json_schema(self) -> JsonSchema: ...


@record
class Written:
    """A value of a map, and where it stands."""

    value: str
    node: Node


ADDRESS_PATTERN = r"https?://[^/\s]+[^\s]*"


@record
class Text:
    maximum_length: int | None = None
    pattern: str | None = None
    says: str = ""
    """What the pattern asks for, in words that follow "must be"."""

    def read(self, node: Node, complain: Complain) -> str | None:
        if not _is_text(node):
            complain(node, "", f"must be a text, not {found(node)}", _quotes_hint(node))
            return None
        text = str(node.value)
        if self.pattern is not None and re.fullmatch(self.pattern, text) is None:
            complain(node, "", f"must be {self.says}, not {found(node)}", "")
            return None
        if self.maximum_length is not None and len(text) > self.maximum_length:
            complain(node, "", f"has {len(text)} characters; Lambda allows {self.maximum_length}", "")
            return None
        return text

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "string"}
        if self.pattern is not None:
            schema["pattern"] = f"^{self.pattern}$"
        if self.maximum_length is not None:
            schema["maxLength"] = self.maximum_length
        return schema


@record
class Number:
    minimum: int
    maximum: int
    units: Mapping[str, int] | None = None
    """Unit in small letters → how many of the plain number it is; None: no unit may be written."""
    measured_in: str = ""

    def read(self, node: Node, complain: Complain) -> int | None:
        number = self._number(node)
        if number is None or not self.minimum <= number <= self.maximum:
            complain(node, "", f"must be {self._wanted}, not {found(node)}", "")
            return None
        return number

    @property
    def _wanted(self) -> str:
        measure = f" {self.measured_in}" if self.measured_in else ""
        return f"a number from {self.minimum} to {self.maximum}{measure}"

    def _number(self, node: Node) -> int | None:
        if not isinstance(node, ScalarNode):
            return None
        text = str(node.value)
        if self.units is None:
            is_number = not _is_text(node) and _NUMBER.fullmatch(text) is not None
            return int(text) if is_number else None
        match = re.fullmatch(r"([0-9]{1,15}) ?([A-Za-z]*)", text)
        if match is None:
            return None
        factor = self.units.get(match[2].lower()) if match[2] else 1
        return None if factor is None else int(match[1]) * factor

    def json_schema(self) -> JsonSchema:
        plain: JsonSchema = {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}
        if self.units is None:
            return plain
        letters = ("".join(f"[{letter.upper()}{letter}]" for letter in unit) for unit in self.units)
        return {"anyOf": [plain, {"type": "string", "pattern": f"^[0-9]+ ?({'|'.join(letters)})?$"}]}


def megabytes(minimum: int, maximum: int) -> Number:
    return Number(minimum, maximum, {"mb": 1, "gb": 1024}, "MB (512, 512MB or 1GB)")


def seconds(minimum: int, maximum: int) -> Number:
    return Number(minimum, maximum, {"s": 1, "m": 60}, "seconds (30, 30s or 5m)")


@record
class Choice:
    values: tuple[str, ...]

    def read(self, node: Node, complain: Complain) -> str | None:
        if isinstance(node, ScalarNode) and node.value in self.values:
            return str(node.value)
        complain(
            node, "", f"must be {' or '.join(self.values)}, not {found(node)}", _nearest(node, self.values)
        )
        return None

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self.values)}


@record
class Flag:
    """Yes or no; YAML's other words for it (yes, on …) are understood too."""

    def read(self, node: Node, complain: Complain) -> bool | None:
        if isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:bool":
            return str(node.value).lower() in ("true", "yes", "on")
        complain(node, "", f"must be true or false, not {found(node)}", "")
        return None

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


@record
class DebugSwitch:
    """Yes or no, or a mapping with `port` and `wait`, which is a yes."""

    def read(self, node: Node, complain: Complain) -> Debugging | bool | None:
        if not isinstance(node, MappingNode):
            return Debugging() if (is_on := self._flag(node, complain)) else is_on
        port: int | None = None
        waits: bool | None = False
        for name, key, value in entries(node, complain):

            def complain_here(at: Node, path: str, message: str, hint: str, name: str = name) -> None:
                complain(at, f".{name}{path}", message, hint)

            if name == "port":
                port = _DEBUG_PORT.read(value, complain_here)
            elif name == "wait":
                waits = Flag().read(value, complain_here)
            else:
                complain(key, f".{name}", "unknown key", "known are port, wait")
        return Debugging(port, bool(waits))

    @staticmethod
    def _flag(node: Node, complain: Complain) -> bool | None:
        if isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:bool":
            return Flag().read(node, complain)
        complain(node, "", f"must be true, false or a mapping with port and wait, not {found(node)}", "")
        return None

    def json_schema(self) -> JsonSchema:
        mapping: JsonSchema = {
            "type": "object",
            "properties": {"port": _DEBUG_PORT.json_schema(), "wait": Flag().json_schema()},
            "additionalProperties": False,
        }
        return {"anyOf": [Flag().json_schema(), mapping]}


_DEBUG_PORT = Number(1024, 65535)


@record
class RuntimeIdentifier:
    def read(self, node: Node, complain: Complain) -> str | None:
        if not _is_text(node):
            complain(node, "", f"must be a runtime such as {newest_of('python')}, not {found(node)}", "")
            return None
        identifier = str(node.value)
        if identifier in RUNTIMES:
            return identifier
        if identifier in RETIRED:
            successor = newest_of(_family(identifier))
            message = f"{identifier} is retired: Lambda creates no functions with it any more"
            complain(node, "", message, f"use {successor}" if successor else "")
            return None
        successor = newest_of(_family(identifier)) if re.fullmatch("[a-z]+", identifier) else None
        hint = f"did you mean {successor}?" if successor else _nearest(node, tuple(RUNTIMES))
        complain(
            node, "", f"{found(node)} is no runtime of Lambda", hint or f"known are {', '.join(RUNTIMES)}"
        )
        return None

    def json_schema(self) -> JsonSchema:
        return {"enum": list(RUNTIMES)}


@record
class AccountNumber:
    """Twelve digits. Read as written: YAML takes 000000000000 without quotes for the number 0."""

    def read(self, node: Node, complain: Complain) -> str | None:
        text = scalar_text(node)
        if text is None or re.fullmatch("[0-9]{12}", text) is None:
            complain(node, "", f"must be an account number of 12 digits, not {found(node)}", "")
            return None
        return text

    def json_schema(self) -> JsonSchema:
        digits: JsonSchema = {"type": "string", "pattern": "^[0-9]{12}$"}
        return {"anyOf": [digits, {"type": "integer", "minimum": 0, "maximum": 10**12 - 1}]}


@record
class PathText:
    def read(self, node: Node, complain: Complain) -> str | None:
        if not _is_text(node) or not node.value:
            complain(node, "", f"must be a path, not {found(node)}", _quotes_hint(node))
            return None
        return str(node.value)

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "minLength": 1}


@record
class PathList:
    """A list of paths; with `single` also one path without a list."""

    maximum: int | None = None
    is_single_allowed: bool = False

    def read(self, node: Node, complain: Complain) -> tuple[Written, ...] | None:
        if self.is_single_allowed and isinstance(node, ScalarNode):
            path = PathText().read(node, complain)
            return None if path is None else (Written(path, node),)
        if not isinstance(node, SequenceNode):
            wanted = "a path or a list of paths" if self.is_single_allowed else "a list of paths"
            complain(node, "", f"must be {wanted}, not {found(node)}", "")
            return None
        if self.maximum is not None and len(node.value) > self.maximum:
            complain(node, "", f"has {len(node.value)} entries; Lambda allows {self.maximum}", "")
        paths = []
        for index, element in enumerate(node.value):

            def complain_here(at: Node, path: str, message: str, hint: str, index: int = index) -> None:
                complain(at, f"[{index}]{path}", message, hint)

            path = PathText().read(element, complain_here)
            if path is not None:
                paths.append(Written(path, element))
        return tuple(paths)

    def json_schema(self) -> JsonSchema:
        element = PathText().json_schema()
        schema: JsonSchema = {"type": "array", "items": element}
        if self.maximum is not None:
            schema["maxItems"] = self.maximum
        return {"anyOf": [element, schema]} if self.is_single_allowed else schema


LAYER_ARN = re.compile(
    "arn:[a-zA-Z0-9-]+:lambda:"
    "([a-z0-9-]+:[0-9]{12}:layer:[a-zA-Z0-9_-]{1,140}(:[0-9]{1,18})?|::awslayer:[a-zA-Z0-9_-]+)"
)
"""Of a layer, or of one of its versions."""


@record
class LayerSubstitutes:
    """Paths or names of layers by the ARNs of layers, with a version or without."""

    def read(self, node: Node, complain: Complain) -> dict[str, Written] | None:
        if not is_nothing(node) and not isinstance(node, MappingNode):
            complain(node, "", f"must be a mapping of ARNs of layers to paths, not {found(node)}", "")
            return None
        substitutes: dict[str, Written] = {}
        for arn, key, value in entries(node, complain):

            def complain_here(at: Node, path: str, message: str, hint: str, arn: str = arn) -> None:
                complain(at, f".{arn}{path}", message, hint)

            if LAYER_ARN.fullmatch(arn) is None:
                hint = "for example arn:aws:lambda:us-east-1:123456789012:layer:name"
                complain_here(key, "", "not the ARN of a layer", hint)
                continue
            path = PathText().read(value, complain_here)
            if path is not None:
                substitutes[arn] = Written(path, value)
        return substitutes

    def json_schema(self) -> JsonSchema:
        return {
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^{LAYER_ARN.pattern}$"},
            "additionalProperties": PathText().json_schema(),
        }


@record
class Endpoints:
    """Addresses by the names of a closed set."""

    names: tuple[str, ...]

    def read(self, node: Node, complain: Complain) -> dict[str, str] | None:
        if not is_nothing(node) and not isinstance(node, MappingNode):
            example = f"for example `{self.names[0]}: http://127.0.0.1:4100`"
            complain(node, "", f"must be a mapping of services to addresses, not {found(node)}", example)
            return None
        endpoints: dict[str, str] = {}
        for name, key, value in entries(node, complain):
            text = scalar_text(value)
            if name not in self.names:
                hint = _nearest(key, self.names) or f"known are {', '.join(self.names)}"
                complain(key, f".{name}", "not a service that is known here", hint)
            elif text is None or re.fullmatch(ADDRESS_PATTERN, text) is None:
                complain(
                    value,
                    f".{name}",
                    f"must be an address, not {found(value)}",
                    "for example http://127.0.0.1:4100",
                )
            else:
                endpoints[name] = text
        return endpoints

    def json_schema(self) -> JsonSchema:
        return {
            "type": ["object", "null"],
            "propertyNames": {"enum": list(self.names)},
            "additionalProperties": {"type": "string", "pattern": f"^{ADDRESS_PATTERN}$"},
        }


@record
class Group:
    """A few settings that belong together, each of a kind of its own."""

    members: Mapping[str, Kind]

    def read(self, node: Node, complain: Complain) -> dict[str, object] | None:
        names = tuple(self.members)
        if not is_nothing(node) and not isinstance(node, MappingNode):
            complain(node, "", f"must be a mapping of {', '.join(names)}, not {found(node)}", "")
            return None
        values: dict[str, object] = {}
        for name, key, value in entries(node, complain):
            if name not in self.members:
                hint = _nearest(key, names) or f"known are {', '.join(names)}"
                complain(key, f".{name}", "not a known key", hint)
                continue

            def complain_of_member(at: Node, path: str, message: str, hint: str, name: str = name) -> None:
                complain(at, f".{name}{path}", message, hint)

            read = self.members[name].read(value, complain_of_member)
            if read is not None:
                values[name] = read
        return values

    def json_schema(self) -> JsonSchema:
        return {
            "type": ["object", "null"],
            "properties": {name: kind.json_schema() for name, kind in self.members.items()},
            "additionalProperties": False,
        }


ACCESS_POINT_PATTERN = (
    r"arn:aws[a-zA-Z-]*:(elasticfilesystem|s3files):[0-9a-z:-]+:[a-z0-9/-]*access-point/fsap-[0-9a-f]{17,40}"
)


@record
class AccessPoints:
    """Folders by the ARNs of access points."""

    def read(self, node: Node, complain: Complain) -> dict[str, Written] | None:
        if not is_nothing(node) and not isinstance(node, MappingNode):
            complain(node, "", f"must be a mapping of ARNs to folders, not {found(node)}", "")
            return None
        folders: dict[str, Written] = {}
        for name, key, value in entries(node, complain):
            if re.fullmatch(ACCESS_POINT_PATTERN, name) is None:
                complain(
                    key, f".{name}", "not the ARN of an access point", "it ends with access-point/fsap-…"
                )
            elif not _is_text(value) or not value.value:
                complain(value, f".{name}", f"must be a folder, not {found(value)}", _quotes_hint(value))
            else:
                folders[name] = Written(str(value.value), value)
        return folders

    def json_schema(self) -> JsonSchema:
        return {
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^{ACCESS_POINT_PATTERN}$"},
            "additionalProperties": {"type": "string", "minLength": 1},
        }


@record
class Variables:
    """Environment variables: names by Lambda's rules, values of any scalar as their text."""

    def read(self, node: Node, complain: Complain) -> dict[str, Written] | None:
        if not is_nothing(node) and not isinstance(node, MappingNode):
            complain(node, "", f"must be a mapping of names to texts, not {found(node)}", "")
            return None
        variables: dict[str, Written] = {}
        for name, key, value in entries(node, complain):
            fault = variable_name_fault(name)
            text = scalar_text(value)
            if fault is not None:
                complain(key, f".{name}", *fault)
            elif text is None:
                complain(value, f".{name}", f"must be a text, not {found(value)}", "JSON goes into quotes")
            else:
                variables[name] = Written(text, key)
        return variables

    def json_schema(self) -> JsonSchema:
        return {
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^{NAME_PATTERN}$", "not": {"enum": sorted(RESERVED)}},
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        }


def variable_name_fault(name: str) -> tuple[str, str] | None:
    """Message and hint for a name that Lambda refuses."""
    if name in RESERVED:
        return "reserved: Lambda sets this variable itself", "remove it"
    if re.fullmatch(NAME_PATTERN, name) is None:
        return (
            "not a name that Lambda takes for a variable",
            "a letter first, then at least one letter, digit or underscore",
        )
    return None


@record
class Tags:
    """How many there are is counted by the reader, when the defaults' tags have come to the function's."""

    def read(self, node: Node, complain: Complain) -> dict[str, str] | None:
        if not is_nothing(node) and not isinstance(node, MappingNode):
            complain(node, "", f"must be a mapping of names to texts, not {found(node)}", "")
            return None
        tags: dict[str, str] = {}
        for name, key, value in entries(node, complain):
            text = scalar_text(value)
            if not 1 <= len(name) <= 128:
                complain(key, f".{name}", "a tag's name has 1 to 128 characters", "")
            elif name.lower().startswith("aws:"):
                complain(key, f".{name}", "names that begin with aws: belong to AWS", "")
            elif text is None:
                complain(value, f".{name}", f"must be a text, not {found(value)}", "")
            elif len(text) > 256:
                complain(value, f".{name}", f"has {len(text)} characters; Lambda allows 256", "")
            else:
                tags[name] = text
        return tags

    def json_schema(self) -> JsonSchema:
        return {
            "type": ["object", "null"],
            "maxProperties": limits.TAGS_PER_RESOURCE,
            "propertyNames": {"pattern": "^(?![aA][wW][sS]:)", "minLength": 1, "maxLength": 128},
            "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": 256},
        }


def newest_of(family: str) -> str | None:
    """The newest runtime of a family that is past its preview: the table is ordered, newest first."""
    for name in RUNTIMES.values():
        if name.family == family and name.deprecated is not None:
            return name.identifier
    return None


def _family(identifier: str) -> str:
    match = re.match("[a-z]+", identifier)
    letters = match[0] if match else ""
    return {"go": "provided", "dotnetcore": "dotnet", "node": "nodejs"}.get(letters, letters)


def _is_text(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:str"


def _quotes_hint(node: Node) -> str:
    return "put it into quotes" if isinstance(node, ScalarNode) and scalar_text(node) else ""


def _nearest(node: Node, candidates: tuple[str, ...]) -> str:
    if not isinstance(node, ScalarNode):
        return ""
    near = nearest(str(node.value).lower(), candidates)
    return f"did you mean {near}?" if near else ""
