"""Why a payload is no JSON, told as Lambda's own parser (Jackson) tells it, with line and column. Pure.

Slow and only asked when a fast parser has refused: it may find nothing wrong, for Jackson takes some things
that stricter parsers do not (half a surrogate pair, a byte order mark)."""

from __future__ import annotations

import re

_VALUES = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"
_SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"
_DEEPEST = 1000
_LONGEST_TOKEN = 256

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[ \t\r\n]*")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_PLAIN_TEXT = re.compile(rb'[^"\\\x00-\x1f\x80-\xff]*')
_TOKEN = re.compile(rb"[A-Za-z0-9_$\x80-\xff]*")
_DIGITS = re.compile(rb"[0-9]*")

_OPEN_NAMES = {ord("{"): "Object", ord("["): "Array"}
_CLOSERS = {ord("{"): ord("}"), ord("["): ord("]")}


def explain(payload: bytes) -> str | None:
    """The parser's complaint and the place of it, on two lines; None if Jackson would take the payload."""
    try:
        _Reader(payload).document()
    except _Unreadable as complaint:
        return str(complaint)
    return None


class _Unreadable(Exception): ...


class _Reader:
    """`at` is the next byte to read. Places count from 1: a character's own for an unexpected one, else
    the place behind what was read, as Jackson counts."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = len(_BYTE_ORDER_MARK) if data.startswith(_BYTE_ORDER_MARK) else 0
        self.open: list[tuple[int, int]] = []

    def document(self) -> None:
        self.skip_space()
        if self.is_at_end:
            raise self.failure("No content to map due to end-of-input")
        self.value()
        self.skip_space()
        if not self.is_at_end:
            self.value()
            raise self.failure("Trailing token found after value: not allowed")

    def value(self) -> None:
        """One value with all that it holds; open containers stand in a list, not on the stack."""
        while True:
            byte = self.take()
            if byte not in _OPEN_NAMES:
                self.scalar(byte)
            elif self.enters(byte):
                continue
            if not self.another_follows():
                return

    def enters(self, opener: int) -> bool:
        """Goes into a container up to its first value; false if it is empty and closed again."""
        self.open.append((opener, self.at - 1))
        if len(self.open) > _DEEPEST:
            raise self.failure(
                f"Document nesting depth ({len(self.open)}) exceeds the maximum allowed ({_DEEPEST}, from "
                "`StreamReadConstraints.getMaxNestingDepth()`)"
            )
        self.skip_space()
        self.expect_more_before_close()
        if self.data[self.at] == _CLOSERS[opener]:
            self.at += 1
            self.open.pop()
            return False
        if opener == ord("{"):
            self.name()
        return True

    def another_follows(self) -> bool:
        """Behind a value: closes what ends here, and goes on to the next value of what stays open."""
        while self.open:
            opener, _ = self.open[-1]
            self.skip_space()
            self.expect_more_before_close()
            byte = self.take()
            if byte == _CLOSERS[opener]:
                self.open.pop()
            elif byte == ord(","):
                self.skip_space()
                self.expect_more_between()
                if opener == ord("{"):
                    self.name()
                return True
            elif byte in _CLOSERS.values():
                raise self.mismatched(byte)
            else:
                raise self.unexpected(f"was expecting comma to separate {_OPEN_NAMES[opener]} entries")
        return False

    def name(self) -> None:
        if self.take() != ord('"'):
            raise self.unexpected("was expecting double-quote to start field name")
        self.text("name", " in field name")
        self.skip_space()
        self.expect_more_between()
        if self.take() != ord(":"):
            raise self.unexpected("was expecting a colon to separate field name and value")
        self.skip_space()
        self.expect_more_between()

    # Values that hold no others

    def scalar(self, first: int) -> None:
        if first == ord('"'):
            self.text("string value", ": was expecting closing quote for a string value")
        elif first == ord("-") or chr(first).isdecimal():
            self.number(first)
        elif first == ord("]") and not self.is_in_array:
            raise self.mismatched(first) if self.open else self.unexpected_value()
        elif first in b"]},":
            raise self.unexpected("expected a value")
        elif first == ord("+"):
            raise self.unexpected_in_number(
                "JSON spec does not allow numbers to have plus signs: enable "
                "`JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow"
            )
        elif chr(first).isalpha() or first in b"_$":
            self.token()
        else:
            raise self.unexpected_value()

    def token(self) -> None:
        start = self.at - 1
        self.at = self.end_of(_TOKEN)
        token = self.data[start : self.at].decode(errors="replace")
        if token in ("true", "false", "null"):
            return
        if not self.is_at_end:
            self.at += 1
        if token in ("NaN", "Infinity"):
            raise self.failure(
                f"Non-standard token '{token}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
            )
        shown = token if len(token) < _LONGEST_TOKEN else f"{token[:_LONGEST_TOKEN]}..."
        raise self.failure(f"Unrecognized token '{shown}': was expecting ({_VALUES})")

    def number(self, first: int) -> None:
        if first == ord("-"):
            self.expect_more_in_value()
            first = self.take()
            if not chr(first).isdecimal():
                raise self.unexpected_in_number(
                    "expected digit (0-9) to follow minus sign, for valid numeric value"
                )
        whole_end = self.end_of(_DIGITS)
        if first == ord("0") and whole_end > self.at:
            self.at += 1
            raise self.failure("Invalid numeric value: Leading zeroes not allowed")
        self.at = whole_end
        if self.data[self.at : self.at + 1] == b".":
            self.at += 1
            self.digits("Decimal point not followed by a digit")
        if self.data[self.at : self.at + 1] in (b"e", b"E"):
            self.at += 1
            if self.data[self.at : self.at + 1] in (b"+", b"-"):
                self.at += 1
            self.digits("Exponent indicator not followed by a digit")
        if not self.open and not self.is_at_end and self.data[self.at] not in b" \t\r\n":
            self.at += 1
            raise self.unexpected("Expected space separating root-level values")

    def digits(self, complaint: str) -> None:
        end = self.end_of(_DIGITS)
        if end == self.at:
            self.expect_more_in_value()
            self.at += 1
            raise self.unexpected_in_number(complaint)
        self.at = end

    def text(self, what: str, unfinished: str) -> None:
        """The rest of a quoted text."""
        while True:
            self.at = self.end_of(_PLAIN_TEXT)
            if self.is_at_end:
                raise self.failure(f"Unexpected end-of-input{unfinished}")
            byte = self.take()
            if byte == ord('"'):
                return
            if byte == ord("\\"):
                self.escape()
            elif byte < 0x20:
                raise self.failure(
                    f"Illegal unquoted character ({self.described(byte)}): has to be escaped using "
                    f"backslash to be included in {what}",
                    at=self.at - 1,
                )
            else:
                self.multibyte(byte)

    def escape(self) -> None:
        if self.is_at_end:
            raise self.failure("Unexpected end-of-input in character escape sequence")
        byte = self.take()
        if byte in b'"\\/bfnrt':
            return
        if byte != ord("u"):
            raise self.failure(f"Unrecognized character escape {self.described(byte)}", at=self.at - 1)
        for _ in range(4):
            if self.is_at_end:
                raise self.failure("Unexpected end-of-input in character escape sequence")
            if self.take() not in b"0123456789abcdefABCDEF":
                raise self.unexpected("expected a hex-digit for character escape sequence")

    def multibyte(self, first: int) -> None:
        following = (
            1 if first >> 5 == 0b110 else 2 if first >> 4 == 0b1110 else 3 if first >> 3 == 0b11110 else 0
        )
        if following == 0:
            raise self.failure(f"Invalid UTF-8 start byte 0x{first:x}")
        start = self.at - 1
        for _ in range(following):
            if self.is_at_end:
                raise self.failure("Unexpected end-of-input in a multi-byte UTF-8 character")
            byte = self.take()
            if byte >> 6 != 0b10:
                raise self.failure(f"Invalid UTF-8 middle byte 0x{byte:x}")
        try:
            self.data[start : self.at].decode()
        except UnicodeDecodeError:
            # Jackson takes overlong forms and lone surrogates here; the runtimes that read them would fail.
            raise self.failure(f"Invalid UTF-8 start byte 0x{first:x}") from None

    # Reading on

    @property
    def is_at_end(self) -> bool:
        return self.at >= len(self.data)

    @property
    def is_in_array(self) -> bool:
        return bool(self.open) and self.open[-1][0] == ord("[")

    def take(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def skip_space(self) -> None:
        self.at = self.end_of(_SPACE)

    def end_of(self, pattern: re.Pattern[bytes]) -> int:
        match = pattern.match(self.data, self.at)
        assert match is not None, "these patterns match nothing too"
        return match.end()

    def expect_more_before_close(self) -> None:
        if self.is_at_end:
            opener, start = self.open[-1]
            raise self.failure(
                f"Unexpected end-of-input: expected close marker for {_OPEN_NAMES[opener]} "
                f"(start marker at {self.place(start)})"
            )

    def expect_more_between(self) -> None:
        if self.is_at_end:
            opener, _ = self.open[-1]
            raise self.failure(f"Unexpected end-of-input within/between {_OPEN_NAMES[opener]} entries")

    def expect_more_in_value(self) -> None:
        if self.is_at_end:
            raise self.failure("Unexpected end-of-input in a Number value")

    # Complaints

    def failure(self, message: str, *, at: int | None = None) -> _Unreadable:
        return _Unreadable(f"{message}\n at {self.place(self.at if at is None else at)}")

    def unexpected(self, comment: str) -> _Unreadable:
        """About the byte just taken."""
        described = self.described(self.data[self.at - 1])
        return self.failure(f"Unexpected character ({described}): {comment}", at=self.at - 1)

    def unexpected_value(self) -> _Unreadable:
        return self.unexpected(f"expected a valid value ({_VALUES})")

    def unexpected_in_number(self, comment: str) -> _Unreadable:
        described = self.described(self.data[self.at - 1])
        return self.failure(f"Unexpected character ({described}) in numeric value: {comment}", at=self.at - 1)

    def mismatched(self, closer: int) -> _Unreadable:
        opener, start = self.open[-1]
        return self.failure(
            f"Unexpected close marker '{chr(closer)}': expected '{chr(_CLOSERS[opener])}' "
            f"(for {_OPEN_NAMES[opener]} starting at {self.place(start)})",
            at=self.at - 1,
        )

    def described(self, byte: int) -> str:
        if byte < 0x20 or 0x7F <= byte <= 0x9F:
            return f"(CTRL-CHAR, code {byte})"
        return f"'{chr(byte)}' (code {byte})"

    def place(self, at: int) -> str:
        line, line_start = 1, 0
        for match in _LINE_END.finditer(self.data, 0, at):
            line, line_start = line + 1, match.end()
        return _SOURCE.format(line, at - line_start + 1)
