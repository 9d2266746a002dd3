"""A template's text as plain values, short tags written out, and the place of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode
from yaml.constructor import SafeConstructor

from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.project.cloudformation.json_places import json_places
from lambdacli.project.cloudformation.places import Place, Places, Steps
from lambdacli.project.cloudformation.tags import LONG_NAMES
from lambdacli.project.cloudformation.template import TemplateError
from lambdacli.project.records import Problem
from lambdacli.project.yaml_nodes import YamlError, entries, found, parse_yaml

MAX_DEPTH = 100
MAX_BYTES = 5_000_000
"""Five times what CloudFormation takes."""
_MAX_VALUES = 500_000
"""Anchors can make much of little."""

_YAML = "tag:yaml.org,2002:"


@record
class Document:
    """Values are dicts with texts for keys, lists, texts, numbers, booleans and None; `!Ref X` is
    `{"Ref": "X"}`. Whoever makes templates from something else (a serverless.yml) makes one of these."""

    file: Path
    values: Mapping[str, Any]
    places: Places


def read_document(file: Path) -> Document:
    """Raises TemplateError for what is no template in YAML or JSON."""
    values, places = read_values(file)
    if values is None:
        raise _refused(Place(file, 1), "an empty template", "it needs at least `Resources:`")
    if not isinstance(values, dict):
        hint = "begin with `Resources:`, or name another file"
        raise _refused(Place(file, 1), "a template must be a mapping", hint)
    return Document(file, values, places)


def read_values(file: Path) -> tuple[Any, Places]:
    """Whatever a file says: a template, or something that one includes."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _refused(Place(file, 1), f"cannot be read: {error.strerror}", "") from error
    if len(content) > MAX_BYTES:
        message = f"{len(content):,} bytes are more than a template may have"
        raise _refused(Place(file, 1), message, "CloudFormation takes 1 MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte {error.start + 1} cannot be read"
        raise _refused(Place(file, 1), message, "save the file as UTF-8") from error
    return values_of(text, file)


def values_of(text: str, file: Path) -> tuple[Any, Places]:
    if file.suffix == ".json" or text.lstrip()[:1] == "{":
        try:
            return _from_json(text, file)
        except json.JSONDecodeError as error:
            if file.suffix == ".json":
                place = Place(file, error.lineno, error.colno)
                raise _refused(place, f"not valid JSON: {error.msg}", "") from error
    return _from_yaml(text, file)


# JSON


def _from_json(text: str, file: Path) -> tuple[Any, Places]:
    def pairs(read: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(read)
        if len(made) < len(read):
            names = [name for name, _ in read]
            twice = next(name for name in names if names.count(name) > 1)
            lines = [
                number for number, line in enumerate(text.splitlines(), 1) if f"{json.dumps(twice)}:" in line
            ]
            raise _refused(Place(file, lines[-1] if lines else 1), f"{twice} is written twice", "keep one")
        return made

    def constant(name: str) -> Any:
        raise _refused(Place(file, 1), f"{name} is no JSON", "write it as a text")

    try:
        values = json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_int=_integer)
    except RecursionError as error:
        raise _too_deep(Place(file, 1)) from error
    places = json_places(text, file, MAX_DEPTH)
    if places is None:
        raise _too_deep(Place(file, 1))
    if r"\u" in text:
        _check_characters(values, Places(file, places), ())
    return values, Places(file, places)


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 300 else float(text)


def _check_characters(value: Any, places: Places, path: Steps) -> None:
    """Half a character of two, which no UTF-8 can write."""
    if isinstance(value, dict):
        for name, item in value.items():
            _check_characters(name, places, (*path, name))
            _check_characters(item, places, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_characters(item, places, (*path, index))
    elif isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise _refused(places.of(path), "half of a character that takes two (\\ud800 to \\udfff)", "")


# YAML


def _from_yaml(text: str, file: Path) -> tuple[Any, Places]:
    try:
        root = parse_yaml(text)
    except YamlError as error:
        raise _refused(Place(file, error.line, error.column), error.message, error.hint) from error
    if root is None:
        return None, Places(file, {})
    reader = _NodeReader(file)
    values = reader.value(root, (), 0)
    if reader.problems:
        raise TemplateError(file.parent, tuple(reader.problems))
    return values, Places(file, reader.places)


class _NodeReader:
    def __init__(self, file: Path) -> None:
        self._file = file
        self.places: dict[Steps, Place] = {}
        self.problems: list[Problem] = []
        self._scalars = SafeConstructor()
        self._count = 0

    def value(self, node: Node, path: Steps, depth: int) -> Any:
        self._count += 1
        if depth > MAX_DEPTH:
            raise _too_deep(self._place(node))
        if self._count > _MAX_VALUES:
            message = f"more than {_MAX_VALUES:,} values"
            raise _refused(self._place(node), message, "its anchors may hold each other many times")
        if path not in self.places:
            self.places[path] = self._place(node)
        if not node.tag.startswith("!"):
            return self._plain(node, path, depth)
        name = LONG_NAMES.get(node.tag)
        if name is None:
            near = nearest(node.tag, LONG_NAMES)
            self._complain(node, path, f"unknown tag {node.tag}", f"do you mean {near}?" if near else "")
            return None
        value = self._plain(node, (*path, name), depth + 1)
        if name == "Fn::GetAtt" and isinstance(value, str) and "." in value:
            value = value.split(".", 1)
        return {name: value}

    def _plain(self, node: Node, path: Steps, depth: int) -> Any:
        if isinstance(node, MappingNode):
            made = {}
            for name, key, value in entries(node, self._complain_below(path)):
                self.places[(*path, name)] = self._place(key)
                made[name] = self.value(value, (*path, name), depth + 1)
            return made
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, path)

    def _scalar(self, node: ScalarNode, path: Steps) -> Any:
        kind = node.tag.removeprefix(_YAML)
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return self._scalars.construct_yaml_bool(node)
            if kind == "int":
                return self._scalars.construct_yaml_int(node)
            if kind == "float":
                return self._scalars.construct_yaml_float(node)
        except (ValueError, KeyError, OverflowError, IndexError):
            return node.value
        if node.tag.startswith(_YAML) and kind not in ("str", "timestamp", "value", "merge"):
            self._complain(node, path, f"templates have no {found(node)}", "write it as a text")
        return node.value

    def _place(self, node: Node) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _complain_below(self, path: Steps) -> Any:
        def complain(node: Node, below: str, message: str, hint: str) -> None:
            self._complain(node, (*path, *below.removeprefix(".").split(".", 1)), message, hint)

        return complain

    def _complain(self, node: Node, path: Steps, message: str, hint: str) -> None:
        place = self._place(node)
        self.problems.append(
            Problem(self._file, place.line, place.column, written(path), message, hint),
        )


def written(path: Steps) -> str:
    return ".".join(str(step) for step in path if step != "")


def _too_deep(place: Place) -> TemplateError:
    return _refused(place, f"nested more than {MAX_DEPTH} levels deep", "an anchor may hold itself")


def _refused(place: Place, message: str, hint: str) -> TemplateError:
    problem = Problem(place.file, place.line, place.column, "", message, hint)
    return TemplateError(place.file.parent, (problem,))
