"""Jackson's complaints; the first two were recorded from AWS, the others follow the parser's own rules."""

from __future__ import annotations

import pytest

from lambdacli.api.json_errors import explain

VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def place(line, column):
    return (
        "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
        f"line: {line}, column: {column}]"
    )


@pytest.mark.parametrize(
    ("payload", "complaint", "line", "column"),
    [
        (b'"\x87"', "Invalid UTF-8 start byte 0x87", 1, 3),
        (b"\x99", f"Unexpected character ((CTRL-CHAR, code 153)): expected a valid value {VALUES}", 1, 1),
        (b"   ", "No content to map due to end-of-input", 1, 4),
        (b"hello", f"Unrecognized token 'hello': was expecting {VALUES}", 1, 6),
        (b"hello world", f"Unrecognized token 'hello': was expecting {VALUES}", 1, 7),
        (b"nul", f"Unrecognized token 'nul': was expecting {VALUES}", 1, 4),
        (b"'a'", f"Unexpected character (''' (code 39)): expected a valid value {VALUES}", 1, 1),
        (
            b"NaN",
            "Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow",
            1,
            4,
        ),
        (
            b"{",
            f"Unexpected end-of-input: expected close marker for Object (start marker at {place(1, 1)})",
            1,
            2,
        ),
        (
            b'{"a":\n [1',
            f"Unexpected end-of-input: expected close marker for Array (start marker at {place(2, 2)})",
            2,
            4,
        ),
        (b'{"a":', "Unexpected end-of-input within/between Object entries", 1, 6),
        (b"[1,", "Unexpected end-of-input within/between Array entries", 1, 4),
        (b'{"a', "Unexpected end-of-input in field name", 1, 4),
        (b'"a', "Unexpected end-of-input: was expecting closing quote for a string value", 1, 3),
        (
            b'{"a":1,}',
            "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
            1,
            8,
        ),
        (
            b"{a:1}",
            "Unexpected character ('a' (code 97)): was expecting double-quote to start field name",
            1,
            2,
        ),
        (
            b'{"a" 1}',
            "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
            1,
            6,
        ),
        (
            b'{"a":1 "b":2}',
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
            1,
            8,
        ),
        (
            b"[1 2]",
            "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
            1,
            4,
        ),
        (b"[1,]", "Unexpected character (']' (code 93)): expected a value", 1, 4),
        (
            b"[1}",
            f"Unexpected close marker '}}': expected ']' (for Array starting at {place(1, 1)})",
            1,
            3,
        ),
        (b"\r\n\r\n}", "Unexpected character ('}' (code 125)): expected a value", 3, 1),
        (b"01", "Invalid numeric value: Leading zeroes not allowed", 1, 3),
        (
            b"-a",
            "Unexpected character ('a' (code 97)) in numeric value: expected digit (0-9) to follow "
            "minus sign, "
            "for valid numeric value",
            1,
            2,
        ),
        (
            b"[1.]",
            "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by a digit",
            1,
            4,
        ),
        (b"1a", "Unexpected character ('a' (code 97)): Expected space separating root-level values", 1, 2),
        (b'"a\\x"', "Unrecognized character escape 'x' (code 120)", 1, 4),
        (
            b'"\\u12g4"',
            "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence",
            1,
            6,
        ),
        (
            b'"a\nb"',
            "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to "
            "be included "
            "in string value",
            1,
            3,
        ),
        (b'"\xc3("', "Invalid UTF-8 middle byte 0x28", 1, 4),
        (b'"\xed\xa0\x80"', "Invalid UTF-8 start byte 0xed", 1, 5),
        (b"{} {}", "Trailing token found after value: not allowed", 1, 6),
        (
            b"[" * 1001,
            "Document nesting depth (1001) exceeds the maximum allowed (1000, from "
            "`StreamReadConstraints.getMaxNestingDepth()`)",
            1,
            1002,
        ),
    ],
)
def test_complaint(payload, complaint, line, column):
    assert explain(payload) == f"{complaint}\n at {place(line, column)}"


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b" [ ] ",
        b"null",
        b'{"a": [1, -2.5e+3, {"b": "\\u00e9\\n\xc3\xa9"}, true], "c": {}}',
        b'"\\ud800"',
        b"\xef\xbb\xbf{}",
        b"[" * 1000 + b"]" * 1000,
    ],
)
def test_what_the_parser_takes(payload):
    assert explain(payload) is None
