"""Changes single settings in the text of a lam.yaml: comments, order and forms of all else stay."""

from __future__ import annotations

import difflib
import io
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from yaml import MappingNode, Node

from lambdacli.model.record import record
from lambdacli.project.kinds import Written
from lambdacli.project.schema import FUNCTION, Key
from lambdacli.project.yaml_nodes import parse_yaml

_LONGEST_LINE = 4096
_INDENTATIONS = ((2, 2, 0), (2, 4, 2), (4, 4, 2), (4, 4, 0), (4, 6, 4), (2, 3, 1))
"""(of mappings, of lists, of their hyphens), the most usual first."""


@record
class Edit:
    text: str
    is_new: bool
    """The function was not there before."""
    changed: tuple[str, ...]
    """Keys of the function that were written."""


def with_settings(
    text: str,
    name: str,
    settings: Mapping[str, object],
    *,
    moved_variables: Iterable[str] = (),
    substitutes: Mapping[str, str] | None = None,
) -> Edit:
    """The lam.yaml in which the function has these settings. What has this value already, in whatever form,
    is left as it is written; variables and tags are added to those that are there. A function that says what
    its role may do has one of its own, so none is named. `moved_variables` are taken out of `env`;
    `substitutes` stand for layers."""
    line_end = "\r\n" if "\n" in text and text.count("\n") == text.count("\r\n") else "\n"
    text = text.replace(line_end, "\n")
    writer, document = _loaded(text)
    functions = _below(document, "functions")
    is_new = functions.get(name) is None
    function = _below(functions, name)
    nodes = _nodes(text, name)
    changed = [
        key.name
        for key in FUNCTION
        if key.name in settings
        and not (key.name == "role" and "policies" in nodes)
        and _write(function, key, settings[key.name], nodes)
    ]
    variables = function.get("env")
    for variable in moved_variables:
        if isinstance(variables, dict) and variables.pop(variable, None) is not None:
            changed.append("env")
    if variables is not None and not variables:
        del function["env"]
    for arn, path in (substitutes or {}).items():
        _below(document, "layers")[arn] = path
    out = io.StringIO()
    writer.dump(document, out)
    return Edit(out.getvalue().replace("\n", line_end), is_new, tuple(dict.fromkeys(changed)))


def _write(function: CommentedMap, key: Key, value: object, nodes: Mapping[str, Node]) -> bool:
    if key.name in ("env", "tags") and isinstance(value, Mapping):
        return _write_entries(function, key, value, nodes.get(key.name))
    if _is_same(key, value, nodes.get(key.name)):
        return False
    function[key.name] = _quoted(value)
    return True


def _write_entries(function: CommentedMap, key: Key, value: Mapping[str, object], node: Node | None) -> bool:
    present = {} if node is None else _read(key, node) or {}
    missing = {name: each for name, each in value.items() if present.get(name) != each}
    if not missing:
        return False
    entries = _below(function, key.name)
    for name, each in missing.items():
        entries[name] = _quoted(each)
    return True


def _is_same(key: Key, value: object, node: Node | None) -> bool:
    wanted = parse_yaml(yaml.safe_dump(value))
    assert wanted is not None
    present = _plain(key.default) if node is None else _read(key, node)
    return bool(present == _read(key, wanted))


def _read(key: Key, node: Node) -> Any:
    return _plain(key.kind.read(node, lambda *problem: None))


def _plain(value: object) -> Any:
    if isinstance(value, Written):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _quoted(value: object) -> object:
    """Texts that lam's own reader would take for something else are put into quotes."""
    if isinstance(value, Mapping):
        return CommentedMap((name, _quoted(each)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return [_quoted(each) for each in value]
    if isinstance(value, str):
        try:
            is_plain = yaml.safe_load(value) == value
        except yaml.YAMLError:
            is_plain = False
        return value if is_plain else DoubleQuotedScalarString(value)
    return value


def _nodes(text: str, name: str) -> dict[str, Node]:
    """Where each setting of the function stands: its own, or that of the defaults."""
    root = parse_yaml(text)
    members = _members(root)
    own = _members(_members(members.get("functions")).get(name))
    return _members(members.get("defaults")) | own


def _members(node: Node | None) -> dict[str, Node]:
    if not isinstance(node, MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value}


# ruamel


def _loaded(text: str) -> tuple[YAML, CommentedMap]:
    """With the indentation under which the text comes out as it went in, or most nearly so."""
    best: tuple[float, YAML, CommentedMap] | None = None
    for (mapping, sequence, offset), is_explicit in itertools.product(_INDENTATIONS, (False, True)):
        writer = YAML()
        writer.preserve_quotes = True
        writer.width = _LONGEST_LINE
        writer.explicit_start = is_explicit
        writer.indent(mapping=mapping, sequence=sequence, offset=offset)
        document = writer.load(text)
        if document is None:
            return writer, _comments_only(text)
        out = io.StringIO()
        writer.dump(document, out)
        if out.getvalue() == text:
            return writer, document
        likeness = difflib.SequenceMatcher(
            None, out.getvalue().splitlines(), text.splitlines(), autojunk=False
        ).ratio()
        if best is None or likeness > best[0]:
            best = (likeness, writer, document)
    assert best is not None
    return best[1], best[2]


def _comments_only(text: str) -> CommentedMap:
    document = CommentedMap()
    lines = [line.lstrip("# ").rstrip() for line in text.splitlines() if line.startswith("#")]
    if lines:
        document.yaml_set_start_comment("\n".join(lines))
    return document


def _below(mapping: CommentedMap, name: str) -> CommentedMap:
    if mapping.get(name) is None:
        mapping[name] = CommentedMap()
    found: CommentedMap = mapping[name]
    return found
