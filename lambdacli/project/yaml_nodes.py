"""Reads a YAML file into nodes that know their line and column, and finds what is wrong with it as YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

_Loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_MERGE = "tag:yaml.org,2002:merge"
MAX_DEPTH = 300

_PLAIN_TYPES = ("str", "int", "float", "bool", "timestamp")

Complain = Callable[[Node, str, str, str], None]
"""Takes the node at fault, what to add to its key path, the message and a hint (or an empty text)."""


class YamlError(Exception):
    """Text that is not YAML; line and column count from 1."""

    def __init__(self, line: int, column: int, message: str, hint: str = "") -> None:
        super().__init__(line, column, message)
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint


def parse_yaml(text: str) -> Node | None:
    """The root node; None for a text with nothing but comments."""
    # Looked for here, since the C loader tells the place of such a character in bytes.
    forbidden = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if forbidden is not None:
        position = forbidden.start()
        line = text.count("\n", 0, position) + 1
        column = position - (text.rfind("\n", 0, position) + 1) + 1
        raise YamlError(line, column, f"the character #x{ord(forbidden[0]):02x} is not allowed in YAML")
    _check_depth(text)
    try:
        node: Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _explained(text, error) from error
    return node


def _check_depth(text: str) -> None:
    """The C loader calls itself for each level, and would take the whole process with it."""
    if not _may_be_deep(text):
        return
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                mark = event.start_mark
                assert mark is not None
                raise YamlError(mark.line + 1, mark.column + 1, f"nested more than {MAX_DEPTH} levels deep")
    except yaml.MarkedYAMLError as error:
        raise _explained(text, error) from error


def _may_be_deep(text: str) -> bool:
    """A level is a bracket, or a dash or key that stands further to the right than the one around it."""
    if text.count("[") + text.count("{") > MAX_DEPTH:
        return True
    return any(
        len(line) > MAX_DEPTH and len(line) - len(line.lstrip(" -?:")) > MAX_DEPTH
        for line in text.splitlines()
    )


def _explained(text: str, error: yaml.MarkedYAMLError) -> YamlError:
    mark = error.problem_mark or error.context_mark
    assert mark is not None
    lines = text.splitlines()
    line_text = lines[mark.line] if mark.line < len(lines) else ""
    indentation = line_text[: len(line_text) - len(line_text.lstrip())]
    if "\t" in indentation:
        return YamlError(
            mark.line + 1,
            indentation.index("\t") + 1,
            "a tab stands in the indentation",
            "YAML is indented with blanks only",
        )
    message = "not valid YAML: " + (error.problem or "unreadable")
    if error.context:
        message += f" ({error.context})"
    hint = "put a text that holds `: ` into quotes" if "mapping values are not allowed" in message else ""
    return YamlError(mark.line + 1, mark.column + 1, message, hint)


def entries(node: Node, complain: Complain) -> Iterator[tuple[str, Node, Node]]:
    """Name, key node and value node of each entry of a mapping, `<<` merged in; a key written twice is told.

    What is no mapping yields nothing: the caller has told it."""
    if isinstance(node, MappingNode):
        yield from _merged(node, complain, ()).values()


def _merged(
    node: MappingNode, complain: Complain, within: tuple[Node, ...]
) -> dict[str, tuple[str, Node, Node]]:
    own: dict[str, tuple[str, Node, Node]] = {}
    merged: dict[str, tuple[str, Node, Node]] = {}
    for key, value in node.value:
        if key.tag == _MERGE:
            for source in value.value if isinstance(value, SequenceNode) else [value]:
                if not isinstance(source, MappingNode):
                    complain(value, ".<<", f"must name a mapping, not {found(source)}", "")
                elif source is node or source in within:
                    complain(key, ".<<", "merges a mapping into itself", "")
                else:
                    for name, entry in _merged(source, complain, (*within, node)).items():
                        merged.setdefault(name, entry)
            continue
        if not isinstance(key, ScalarNode):
            complain(key, "", f"a key must be a text, not {found(key)}", "")
            continue
        if key.value in own:
            first = own[key.value][1].start_mark.line + 1
            complain(key, f".{key.value}", f"written twice (first in line {first})", "keep one of them")
            continue
        own[key.value] = (key.value, key, value)
    return {**merged, **own}


def is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and _type_name(node) == "null"


def scalar_text(node: Node) -> str | None:
    """The text of a scalar as a variable's value: as written, but true and false in small letters.

    YAML 1.1 also reads yes, no, on and off as booleans; here they stay what was typed, as in YAML 1.2."""
    if not isinstance(node, ScalarNode):
        return None
    kind = _type_name(node)
    if kind == "null":
        return ""
    text: str = node.value
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower()
    return text if kind in _PLAIN_TYPES else None


def found(node: Node) -> str:
    """What stands there, in a person's words."""
    if isinstance(node, MappingNode):
        return "a mapping" if node.tag.endswith(":map") else f"the tag {node.tag}"
    if isinstance(node, SequenceNode):
        return "a list" if node.tag.endswith(":seq") else f"the tag {node.tag}"
    kind = _type_name(node)
    if kind == "null":
        return "nothing"
    if kind == "str":
        return f'the text "{_shortened(node.value)}"'
    if kind in ("int", "float"):
        return f"the number {node.value}"
    if kind in ("bool", "timestamp"):
        return str(node.value)
    return f"the tag {node.tag}"


def _type_name(node: Node) -> str:
    prefix, _, name = node.tag.rpartition(":")
    return str(name) if prefix == "tag:yaml.org,2002" else str(node.tag)


def _shortened(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 40 else one_line[:37] + "..."
