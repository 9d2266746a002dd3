"""The syntax of a serverless.yml's variables, `${source(parameter):address, fallback}`. Pure."""

from __future__ import annotations

import re
from typing import Any

from lambdacli.model.record import record

_OPENING = re.compile(r"\$\{(?=[A-Za-z][\w.-]*(?:\(|:(?!:)))")
"""What CloudFormation itself would put in, `${AWS::Region}` or `${Table.Arn}`, is none of these variables."""
_SOURCE = re.compile(r"[A-Za-z][\w.-]*")
_BLANKS = re.compile(r"\s*")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z")


class VariableSyntaxError(Exception):
    """What is wrong, then what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint


@record
class Literal:
    value: Any


@record
class Source:
    name: str
    parameters: tuple[Text, ...]
    address: Text | None


@record
class Variable:
    """The first of its choices that has a value counts."""

    choices: tuple[Source | Literal | Variable | Text, ...]
    written: str


@record
class Text:
    """Pieces of a text; variables stand between them."""

    pieces: tuple[str | Variable, ...]

    @property
    def is_plain(self) -> bool:
        return not any(isinstance(piece, Variable) for piece in self.pieces)

    @property
    def only_variable(self) -> Variable | None:
        """The variable that is all of the text: its value need not be a text."""
        piece = self.pieces[0] if len(self.pieces) == 1 else None
        return piece if isinstance(piece, Variable) else None


def parse_text(text: str) -> Text:
    """Raises VariableSyntaxError."""
    if "${" not in text:
        return Text((text,))
    pieces: list[str | Variable] = []
    plain = ""
    position = 0
    while position < len(text):
        if text.startswith("\\${", position):
            plain += "${"
            position += 3
        elif _OPENING.match(text, position):
            if plain:
                pieces.append(plain)
            plain = ""
            variable, position = _variable(text, position)
            pieces.append(variable)
        else:
            plain += text[position]
            position += 1
    if plain or not pieces:
        pieces.append(plain)
    return Text(tuple(pieces))


def _variable(text: str, start: int) -> tuple[Variable, int]:
    """The variable whose `${` stands here, and where the rest begins."""
    choices: list[Source | Literal | Variable | Text] = []
    position = start + 2
    while True:
        choice, position = _choice(text, _after_blanks(text, position), start)
        choices.append(choice)
        position = _after_blanks(text, position)
        if text.startswith("}", position):
            return Variable(tuple(choices), text[start : position + 1]), position + 1
        if not text.startswith(",", position):
            raise _unclosed(text, start)
        position += 1


def _choice(text: str, position: int, start: int) -> tuple[Source | Literal | Variable | Text, int]:
    if _OPENING.match(text, position):
        return _variable(text, position)
    if text.startswith(("'", '"'), position):
        return _quoted(text, position, start)
    name = _SOURCE.match(text, position)
    if name is not None and text.startswith(("(", ":"), name.end()):
        return _source(text, name[0], name.end(), start)
    word = text[position : _end_of(text, position, ",}", start)].strip()
    if word in _WORDS:
        return Literal(_WORDS[word]), position + len(word)
    if _NUMBER.match(word):
        return Literal(float(word) if "." in word else int(word)), position + len(word)
    if not word:
        raise VariableSyntaxError(f"{_shown(text, start)} has an empty fallback", "'' is the empty text")
    raise VariableSyntaxError(f"{word!r} in {_shown(text, start)} names no source", f"a text is '{word}'")


def _source(text: str, name: str, position: int, start: int) -> tuple[Source, int]:
    parameters: list[Text] = []
    address: Text | None = None
    if text.startswith("(", position):
        position += 1
        while True:
            end = _end_of(text, position, ",)", start)
            written = text[position:end].strip()
            if written or parameters or text[end] == ",":
                parameters.append(parse_text(_unquoted(written)))
            position = end + 1
            if text[end] == ")":
                break
    if text.startswith(":", position):
        end = _end_of(text, position + 1, ",}", start)
        address = parse_text(_unquoted(text[position + 1 : end].strip()))
        position = end
    return Source(name, tuple(parameters), address), position


def _quoted(text: str, position: int, start: int) -> tuple[Text, int]:
    quote = text[position]
    end = text.find(quote, position + 1)
    while end > 0 and text[end - 1] == "\\":
        end = text.find(quote, end + 1)
    if end < 0:
        raise _unclosed(text, start)
    return parse_text(text[position + 1 : end].replace("\\" + quote, quote)), end + 1


def _end_of(text: str, position: int, ends: str, start: int) -> int:
    """Where one of these characters stands outside of inner variables and quotes."""
    depth = 0
    while position < len(text):
        character = text[position]
        if depth == 0 and character in ends:
            return position
        if text.startswith("${", position):
            depth += 1
        elif character == "}":
            depth -= 1
        elif character in "'\"":
            closing = text.find(character, position + 1)
            position = position if closing < 0 else closing
        position += 1
    raise _unclosed(text, start)


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if is_quoted else text


def _after_blanks(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    assert blanks is not None
    return blanks.end()


def _shown(text: str, start: int) -> str:
    rest = " ".join(text[start:].split())
    return rest if len(rest) <= 60 else rest[:57] + "..."


def _unclosed(text: str, start: int) -> VariableSyntaxError:
    return VariableSyntaxError(f"the variable {_shown(text, start)} is never closed", "end it with }")
