"""CloudWatch's filter patterns: read once, then asked of each log event. Pure.

By hand and no grammar of a parser library: three small languages, whose errors name the place."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from lambdacli.model.record import record

Matches = Callable[[str], bool]

MOST_REGEXES = 2
"""In a pattern of JSON or of fields."""


class PatternError(ValueError):
    """What is wrong with a pattern."""


@lru_cache(maxsize=64)
def compile_pattern(pattern: str) -> Matches:
    """Asked of a message, it says whether the pattern matches."""
    text = pattern.strip()
    if not text:
        return lambda message: True
    if text.startswith("{"):
        return _json_pattern(text)
    if text.startswith("["):
        return _fields_pattern(text)
    return _terms_pattern(text)


# Terms: `ERROR "Task timed out" -EXITING ?WARN %ERR[0-9]+%`

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]*)%|([^\s"]+))')
_PLAIN_TERM = re.compile(r"\w+")


def _terms_pattern(text: str) -> Matches:
    needed: list[Matches] = []
    optional: list[Matches] = []
    unwanted: list[Matches] = []
    position = 0
    while text[position:].strip():
        match = _TERM.match(text, position)
        if match is None:
            raise PatternError(f"Invalid character(s) in term '{text[position:].strip()}'")
        position = match.end()
        mark, quoted, regex, plain = match.groups()
        {"": needed, "?": optional, "-": unwanted}[mark].append(_term(quoted, regex, plain))
    return lambda message: (
        all(matches(message) for matches in needed)
        and not any(matches(message) for matches in unwanted)
        # Beside other terms AWS ignores those with a question mark.
        and (bool(needed or unwanted) or any(matches(message) for matches in optional))
    )


def _term(quoted: str | None, regex: str | None, plain: str | None) -> Matches:
    if regex is not None:
        found = _regex(regex)
        return lambda message: found.search(message) is not None
    if quoted is None:
        assert plain is not None
        if _PLAIN_TERM.fullmatch(plain) is None:
            raise PatternError(f"Invalid character(s) in term '{plain}'")
    wanted = plain if quoted is None else _unescaped(quoted)
    assert wanted is not None
    return lambda message: wanted in message


# JSON: `{ $.level = "ERROR" && ($.ms > 100 || $.retries[*] NOT EXISTS) }`

_Test = Callable[[Any], bool]
_Steps = tuple[str | int | None, ...]
"""Members and indexes on the way into a document; None is any of them."""

_JSON_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>&&|\|\||!=|<=|>=|[=<>(){}])
      | (?P<selector>\$(?:\.?\['[^']*'\]|\.[\w*-]+|\[(?:\d+|\*)\])+)
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | %(?P<regex>[^%]*)%
      | (?P<word>[^\s(){}&|=<>!"]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.?\['([^']*)'\]|\.([\w*-]+)|\[(\d+|\*)\]")
_MISSING = object()


def _json_pattern(text: str) -> Matches:
    reader = _Reader(text, _JSON_TOKEN)
    reader.expect("{")
    test = _either(reader, _json_comparison)
    reader.expect("}")
    reader.expect_end()

    def matches(message: str) -> bool:
        if not message.lstrip().startswith("{"):
            return False
        try:
            document = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return test(document)

    return matches


def _json_comparison(reader: _Reader) -> _Test:
    steps = _steps(reader.take("selector"))
    word = reader.take_if("word")
    if word == "NOT":
        reader.expect_word("EXISTS")
        return lambda document: all(value is _MISSING for value in _selected(document, steps))
    if word == "IS":
        wanted = {"NULL": None, "TRUE": True, "FALSE": False}.get(reader.take("word"), _MISSING)
        if wanted is _MISSING:
            raise reader.failure("IS is followed by NULL, TRUE or FALSE")
        return lambda document: any(value is wanted for value in _selected(document, steps))
    if word is not None:
        raise reader.failure(f"'{word}' is no operator")
    compare = _comparison(reader)
    return lambda document: any(compare.of_json(value) for value in _selected(document, steps))


def _steps(selector: str) -> _Steps:
    found: list[str | int | None] = []
    for quoted, name, index in _STEP.findall(selector):
        if index:
            found.append(None if index == "*" else int(index))
        else:
            found.append(None if name == "*" else name or quoted)
    return tuple(found)


def _selected(document: Any, steps: _Steps) -> Iterator[Any]:
    if not steps:
        yield document
        return
    step, *others = steps
    rest = tuple(others)
    if step is None:
        values = document.values() if isinstance(document, dict) else document
        found = list(values) if isinstance(document, (dict, list)) else []
        if not found:
            yield _MISSING
        for value in found:
            yield from _selected(value, rest)
    elif isinstance(step, int):
        is_there = isinstance(document, list) and step < len(document)
        yield from _selected(document[step], rest) if is_there else iter((_MISSING,))
    else:
        is_there = isinstance(document, dict) and step in document
        yield from _selected(document[step], rest) if is_there else iter((_MISSING,))


# Fields: `[ip, user, ..., status = 4*, bytes > 1000]`

_FIELD_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>&&|\|\||!=|<=|>=|[=<>(),\[\]])
      | (?P<rest>\.\.\.)
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | %(?P<regex>[^%]*)%
      | (?P<word>[^\s(),\[\]&|=<>!"]+)
    )""",
    re.VERBOSE,
)
_FIELD = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')


def _fields_pattern(text: str) -> Matches:
    reader = _Reader(text, _FIELD_TOKEN)
    reader.expect("[")
    tests: list[_Test | None] = []
    """None stands for any number of fields."""
    while True:
        tests.append(_field(reader))
        if not reader.skip(","):
            break
    reader.expect("]")
    reader.expect_end()
    if tests.count(None) > 1:
        raise PatternError("Invalid filter pattern: '...' may stand once")
    return lambda message: _fields_match(tests, [_field_text(found) for found in _FIELD.finditer(message)])


def _field(reader: _Reader) -> _Test | None:
    if reader.take_if("rest") is not None:
        return None
    if reader.is_at(",") or reader.is_at("]"):
        return lambda field: True  # a field without a name
    if reader.has_lone_name():
        reader.take("word")
        return lambda field: True
    return _either(reader, _field_comparison)


def _field_comparison(reader: _Reader) -> _Test:
    reader.take("word")
    compare = _comparison(reader)
    return compare.of_text


def _fields_match(tests: Sequence[_Test | None], fields: Sequence[str]) -> bool:
    if None in tests:
        gap = tests.index(None)
        missing = len(fields) - (len(tests) - 1)
        if missing < 0:
            return False
        tests = [*tests[:gap], *[lambda field: True] * missing, *tests[gap + 1 :]]
    return len(tests) == len(fields) and all(
        test(field) for test, field in zip(tests, fields, strict=True) if test is not None
    )


def _field_text(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group is not None)


# What both have


class _Reader:
    def __init__(self, text: str, token: re.Pattern[str]) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        self._next = 0
        self._regexes = 0
        position = 0
        while text[position:].strip():
            match = token.match(text, position)
            if match is None:
                raise PatternError(f"Invalid filter pattern: cannot be read at '{text[position:].strip()}'")
            position = match.end()
            assert match.lastgroup is not None
            self._tokens.append((match.lastgroup, match[match.lastgroup]))

    def take(self, kind: str) -> str:
        found = self.take_if(kind)
        if found is None:
            raise self.failure(f"a {kind} was expected")
        return found

    def take_if(self, kind: str) -> str | None:
        if self._next < len(self._tokens) and self._tokens[self._next][0] == kind:
            self._next += 1
            return self._tokens[self._next - 1][1]
        return None

    def is_at(self, sign: str) -> bool:
        return self._next < len(self._tokens) and self._tokens[self._next] == ("sign", sign)

    def skip(self, sign: str) -> bool:
        is_there = self.is_at(sign)
        self._next += is_there
        return is_there

    def expect(self, sign: str) -> None:
        if not self.skip(sign):
            raise self.failure(f"'{sign}' was expected")

    def expect_word(self, word: str) -> None:
        if self.take("word") != word:
            raise self.failure(f"'{word}' was expected")

    def expect_end(self) -> None:
        if self._next < len(self._tokens):
            raise self.failure("nothing more was expected")

    def has_lone_name(self) -> bool:
        following = self._tokens[self._next : self._next + 2]
        kinds = [kind for kind, _ in following]
        return kinds[:1] == ["word"] and (
            len(following) < 2 or following[1] in (("sign", ","), ("sign", "]"))
        )

    def regex(self, text: str) -> re.Pattern[str]:
        self._regexes += 1
        if self._regexes > MOST_REGEXES:
            raise PatternError(f"Invalid filter pattern: more than {MOST_REGEXES} regular expressions")
        return _regex(text)

    def failure(self, expected: str) -> PatternError:
        before = self._tokens[self._next - 1][1] if self._next else "its beginning"
        return PatternError(f"Invalid filter pattern: {expected} after '{before}'")


def _either(reader: _Reader, comparison: Callable[[_Reader], _Test]) -> _Test:
    tests = [_both(reader, comparison)]
    while reader.skip("||"):
        tests.append(_both(reader, comparison))
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _both(reader: _Reader, comparison: Callable[[_Reader], _Test]) -> _Test:
    tests = [_one(reader, comparison)]
    while reader.skip("&&"):
        tests.append(_one(reader, comparison))
    return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)


def _one(reader: _Reader, comparison: Callable[[_Reader], _Test]) -> _Test:
    if not reader.skip("("):
        return comparison(reader)
    test = _either(reader, comparison)
    reader.expect(")")
    return test


_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@record
class _Comparison:
    sign: str
    number: float | None
    """What is compared as a number; otherwise `text` is, whole."""
    text: re.Pattern[str] | None

    def of_json(self, value: Any) -> bool:
        """What is not there equals nothing, and differs from nothing."""
        if isinstance(value, bool) or value is None or value is _MISSING:
            return False
        if self.number is not None:
            is_number = isinstance(value, (int, float))
            return _OPERATORS[self.sign](value, self.number) if is_number else self.sign == "!="
        if not isinstance(value, (str, int, float)):
            return False
        return self._is_like(value if isinstance(value, str) else f"{value:g}")

    def of_text(self, field: str) -> bool:
        if self.number is None:
            return self._is_like(field)
        number = _number(field)
        return self.sign == "!=" if number is None else _OPERATORS[self.sign](number, self.number)

    def _is_like(self, text: str) -> bool:
        assert self.text is not None
        return (self.text.search(text) is not None) == (self.sign == "=")


def _comparison(reader: _Reader) -> _Comparison:
    sign = reader.take("sign")
    if sign not in _OPERATORS:
        raise reader.failure("an operator was expected")
    quoted, regex = reader.take_if("quoted"), reader.take_if("regex")
    word = None if quoted is not None or regex is not None else reader.take("word")
    number = None if word is None else _number(word)
    if number is not None:
        return _Comparison(sign, number, None)
    if sign not in ("=", "!="):
        raise reader.failure(f"'{sign}' needs a number")
    if regex is not None:
        return _Comparison(sign, None, reader.regex(regex))
    return _Comparison(sign, None, _wildcards(word if quoted is None else _unescaped(quoted)))


def _number(text: str) -> float | None:
    try:
        return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) else None
    except ValueError:
        return None


def _wildcards(text: str | None) -> re.Pattern[str]:
    assert text is not None
    return re.compile("^" + ".*".join(re.escape(part) for part in text.split("*")) + r"\Z", re.DOTALL)


def _regex(text: str) -> re.Pattern[str]:
    if "(" in text or ")" in text:
        raise PatternError("Invalid filter pattern: a regular expression may hold no parentheses")
    try:
        return re.compile(text, re.ASCII)
    except re.error as error:
        raise PatternError(f"Invalid filter pattern: %{text}% is no regular expression ({error})") from None


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
