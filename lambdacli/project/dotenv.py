"""Reads and writes `.env` files: KEY=VALUE lines, quotes, comments. As on Lambda, nothing is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lambdacli.model.record import record

_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$", "`": "`", "\n": ""}

_BARE = re.compile(r"[A-Za-z0-9_./:@,+=%-]*")
_WRITTEN = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


@record
class Variable:
    name: str
    value: str
    line: int


class DotenvError(Exception):
    """A line that cannot be read."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message


def parse_dotenv(text: str) -> tuple[Variable, ...]:
    """The variables in the order of the file; a name that is written twice comes twice: the last counts."""
    return tuple(_variables(text.removeprefix("\ufeff").replace("\r\n", "\n")))


def dotenv_line(name: str, value: str) -> str:
    """A line that `parse_dotenv` reads as this."""
    if _BARE.fullmatch(value):
        return f"{name}={value}\n"
    escaped = "".join(_WRITTEN.get(character, character) for character in value)
    return f'{name}="{escaped}"\n'


def _variables(text: str) -> Iterator[Variable]:
    position = 0
    while position < len(text):
        blank = _REST_OF_LINE.match(text, position)
        if blank is not None:
            position = blank.end()
            continue
        line = text.count("\n", 0, position) + 1
        name = _NAME.match(text, position)
        if name is None:
            raise DotenvError(line, f"{_line_at(text, position)!r} is not of the form NAME=VALUE")
        if not text.startswith("=", name.end()):
            raise DotenvError(line, f"no = after {name[1]}")
        value, position = _value(text, name.end() + 1, line)
        yield Variable(name[1], value, line)


def _value(text: str, start: int, line: int) -> tuple[str, int]:
    """The value that starts here, and where the next line begins."""
    while text.startswith((" ", "\t"), start):
        start += 1
    quote = text[start : start + 1]
    if quote not in ("'", '"'):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        # A # begins a comment only after a blank: KEY=a#b is a value.
        return re.split(r"(?:^|[ \t])#", text[start:end], maxsplit=1)[0].rstrip(), end + 1
    value, end = (_double_quoted if quote == '"' else _single_quoted)(text, start + 1, line)
    rest = _REST_OF_LINE.match(text, end)
    if rest is None:
        raise DotenvError(line, f"{_line_at(text, end).strip()!r} stands after the closing quote")
    return value, rest.end()


def _single_quoted(text: str, start: int, line: int) -> tuple[str, int]:
    end = text.find("'", start)
    if end < 0:
        raise DotenvError(line, "the single quote that opens here is never closed")
    return text[start:end], end + 1


def _double_quoted(text: str, start: int, line: int) -> tuple[str, int]:
    parts: list[str] = []
    position = start
    while position < len(text):
        character = text[position]
        if character == '"':
            return "".join(parts), position + 1
        if character == "\\" and position + 1 < len(text):
            escaped = text[position + 1]
            # An unknown escape keeps its backslash: Windows paths and patterns are meant as written.
            parts.append(_ESCAPES.get(escaped, "\\" + escaped))
            position += 2
            continue
        parts.append(character)
        position += 1
    raise DotenvError(line, "the double quote that opens here is never closed")


def _line_at(text: str, position: int) -> str:
    return text[position:].split("\n", 1)[0]
