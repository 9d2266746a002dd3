"""From the nodes of a lam.yaml to values by the table of keys; gathers what is wrong on the way."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from yaml import MappingNode, Node

from lambdacli.model.record import record
from lambdacli.project.records import Problem
from lambdacli.project.schema import (
    FUNCTION,
    FUNCTION_NAME_PATTERN,
    TOP_LEVEL,
    Key,
    unknown_key_hint,
)
from lambdacli.project.yaml_nodes import Complain, YamlError, entries, found, is_nothing, parse_yaml


@record
class Entry:
    """A value that was read, and where it stands."""

    value: Any
    node: Node
    path: str


Settings = dict[str, Entry]


class NodeReader:
    """Knows the keys and their kinds, and nothing of what their values mean together."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.folder = file.parent
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def _root(self) -> Node | None:
        try:
            text = self.file.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._add(self.file, 1, 1, "", f"not UTF-8: byte {error.start + 1} cannot be read")
            return None
        except OSError as error:
            self._add(self.file, 1, 1, "", f"cannot be read: {error.strerror}")
            return None
        try:
            root = parse_yaml(text)
        except YamlError as error:
            self._add(self.file, error.line, error.column, "", error.message, error.hint)
            return None
        if root is None:
            return MappingNode("tag:yaml.org,2002:map", [])
        if not isinstance(root, MappingNode) and not is_nothing(root):
            self._complain(
                root, "", f"lam.yaml must be a mapping, not {found(root)}", "begin with `functions:`"
            )
            return None
        return root

    def _read_functions(self, node: Node) -> dict[str, tuple[Node, Settings]]:
        functions: dict[str, tuple[Node, Settings]] = {}
        if not self._is_mapping(node, "functions"):
            return functions
        for name, key, value in self._entries(node, "functions"):
            path = f"functions.{name}"
            if re.fullmatch(FUNCTION_NAME_PATTERN, name) is None:
                hint = "1 to 64 letters, digits, hyphens and underscores"
                self._complain(key, path, "not a name that Lambda takes for a function", hint)
            if self._is_mapping(value, path):
                functions[name] = (key, self._read_settings(value, path))
        return functions

    def _read_settings(self, node: Node, path: str) -> Settings:
        settings: Settings = {}
        for name, key, value in self._entries(node, path):
            self._read_key(FUNCTION, name, key, value, path, settings)
        return settings

    def _read_key(
        self, keys: tuple[Key, ...], name: str, key: Node, value: Node, parent: str, into: Settings
    ) -> None:
        path = f"{parent}.{name}" if parent else name
        row = next((row for row in keys if row.name == name), None)
        if row is None:
            hint = unknown_key_hint(name, is_top_level=keys is TOP_LEVEL)
            self._complain(key, path, "unknown key", hint)
            return
        read = row.kind.read(value, self._complain_below(path))
        if read is not None:
            into[name] = Entry(read, value, path)

    def _is_mapping(self, node: Node, path: str) -> bool:
        """Nothing counts as an empty mapping: `demo:` alone takes all from the defaults."""
        if isinstance(node, MappingNode) or is_nothing(node):
            return True
        self._complain(node, path, f"must be a mapping, not {found(node)}", "")
        return False

    def _entries(self, node: Node, path: str) -> list[tuple[str, Node, Node]]:
        return list(entries(node, self._complain_below(path)))

    def _absolute(self, text: str) -> Path:
        return Path(os.path.normpath(self.folder / Path(text).expanduser()))

    # Problems

    def _complain_below(self, path: str) -> Complain:
        def complain(node: Node, below: str, message: str, hint: str) -> None:
            self._complain(node, (path + below).removeprefix("."), message, hint)

        return complain

    def _complain(self, node: Node, path: str, message: str, hint: str) -> None:
        self._add(self.file, *position_of(node), path, message, hint)

    def _add(self, file: Path, line: int, column: int, path: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(file, line, column, path, message, hint))


def value_of(settings: Settings, name: str, keys: tuple[Key, ...]) -> Any:
    """What was written, else the table's default."""
    if name in settings:
        return settings[name].value
    return next(key.default for key in keys if key.name == name)


def where(name: str, own: Settings, defaults: Settings, otherwise: tuple[Node, str]) -> tuple[Node, str]:
    """The place to name for a fault of what both levels give together."""
    return next(
        ((level[name].node, level[name].path) for level in (own, defaults) if name in level), otherwise
    )


def position_of(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
