"""VS Code's .vscode/launch.json: an entry per function, added to what is there. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

from lambdacli.model.attachment import HOST, Attachment
from lambdacli.model.record import record

Configuration = dict[str, Any]

NAME_PREFIX = "lam: "
_OURS = ("connect", "port", "address", "debugPort", "pathMappings", "localRoot", "remoteRoot", "localfsMap")
"""What must be as we say, or nothing is found; all else of an entry is its owner's once it is written."""
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[\]}])', re.DOTALL)


class LaunchFileError(Exception):
    """The file is nothing that an entry could be added to."""


def configuration(attachment: Attachment, workspace: Path) -> Configuration:
    """How VS Code attaches to one function, from a workspace that is this folder."""
    local = _local(attachment.folder, workspace)
    common = {"name": f"{NAME_PREFIX}{attachment.function}", "request": "attach"}
    mapping = {"localRoot": local, "remoteRoot": attachment.seen_as}
    match attachment.language:
        case "python":
            return {
                **common,
                "type": "debugpy",
                "connect": {"host": HOST, "port": attachment.port},
                "pathMappings": [mapping],
                "justMyCode": True,
                "restart": True,
            }
        case "nodejs":
            return {
                **common,
                "type": "node",
                "address": HOST,
                "port": attachment.port,
                **mapping,
                "skipFiles": ["<node_internals>/**", "/var/runtime/**"],
                "continueOnAttach": True,
                "restart": True,
            }
        case _:
            return {
                **common,
                "type": "rdbg",
                "debugPort": f"{HOST}:{attachment.port}",
                "localfs": True,
                "localfsMap": f"{attachment.seen_as}:{local}",
                "restart": True,
            }


def _local(folder: Path, workspace: Path) -> str:
    if not folder.is_relative_to(workspace):
        return str(folder)
    below = folder.relative_to(workspace).as_posix()
    return "${workspaceFolder}" if below == "." else f"${{workspaceFolder}}/{below}"


def merged(text: str | None, wanted: Sequence[Configuration]) -> str:
    """The file with these entries; without a file, one with them only. The same text when all is there."""
    if text is None or not text.strip():
        return json.dumps({"version": "0.2.0", "configurations": list(wanted)}, indent=4) + "\n"
    for each in wanted:
        text = _with(text, each)
    return text


def _with(text: str, wanted: Configuration) -> str:
    entries = _entries(text)
    known = next((each for each in entries.entries if each.value.get("name") == wanted["name"]), None)
    if known is None:
        return _with_new(text, entries, wanted)
    ours = {key: value for key, value in wanted.items() if key in _OURS}
    kept = {key: value for key, value in known.value.items() if key not in _OURS or key in ours}
    changed = {**wanted, **kept, **ours}
    if changed == known.value:
        return text
    in_order = {**{key: changed[key] for key in known.value if key in changed}, **changed}
    return text[: known.begin] + _indented(in_order, _column(text, known.begin)) + text[known.end :]


@record
class _Entry:
    value: Mapping[str, Any]
    begin: int
    end: int


@record
class _Entries:
    """Of the array of configurations, and where that begins and ends: at its brackets."""

    entries: Sequence[_Entry]
    begin: int
    end: int


def _with_new(text: str, entries: _Entries, wanted: Configuration) -> str:
    if not entries.entries:
        indentation = _column(text, _line_begin(text, entries.begin)) + 4
        new = f"\n{' ' * indentation}{_indented(wanted, indentation)}"
        closing = "" if "\n" in text[entries.begin : entries.end] else f"\n{' ' * (indentation - 4)}"
        return text[: entries.begin + 1] + new + closing + text[entries.begin + 1 :]
    last = entries.entries[-1]
    column = _column(text, last.begin)
    return f"{text[: last.end]},\n{' ' * column}{_indented(wanted, column)}{text[last.end :]}"


def _entries(text: str) -> _Entries:
    """Comments and commas before a closing bracket are blanks to the reader, so that places stay."""
    plain = _TOKENS.sub(_blanked, text)
    decoder = JSONDecoder()
    try:
        document = json.loads(plain)
    except JSONDecodeError as error:
        raise LaunchFileError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    if not isinstance(document, dict):
        raise LaunchFileError("it holds no object")
    begin = _place_of_configurations(plain, decoder)
    if begin is None:
        raise LaunchFileError('it has no array "configurations"')
    found: list[_Entry] = []
    at = _next(plain, begin + 1)
    while plain[at] != "]":
        value, end = decoder.raw_decode(plain, at)
        if not isinstance(value, dict):
            raise LaunchFileError("a configuration is no object")
        found.append(_Entry(value, at, end))
        at = _next(plain, end)
        at = _next(plain, at + 1) if plain[at] == "," else at
    return _Entries(found, begin, at)


def _place_of_configurations(plain: str, decoder: JSONDecoder) -> int | None:
    at = _next(plain, plain.index("{") + 1)
    while plain[at] != "}":
        key, end = decoder.raw_decode(plain, at)
        value_at = _next(plain, _next(plain, end) + 1)
        value, end = decoder.raw_decode(plain, value_at)
        if key == "configurations":
            return value_at if isinstance(value, list) else None
        at = _next(plain, end)
        at = _next(plain, at + 1) if plain[at] == "," else at
    return None


def _blanked(token: re.Match[str]) -> str:
    return token[0] if token[0].startswith('"') else re.sub(r"\S", " ", token[0])


def _next(text: str, at: int) -> int:
    while text[at].isspace():
        at += 1
    return at


def _line_begin(text: str, at: int) -> int:
    begin = text.rfind("\n", 0, at) + 1
    return _next(text, begin)


def _column(text: str, at: int) -> int:
    return at - (text.rfind("\n", 0, at) + 1)


def _indented(value: Mapping[str, Any], column: int) -> str:
    return json.dumps(value, indent=4).replace("\n", "\n" + " " * column)
