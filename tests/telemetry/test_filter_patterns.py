"""CloudWatch's filter patterns, each with what it finds and what it passes by."""

from __future__ import annotations

import json

import pytest

from lambdacli.telemetry.patterns import PatternError, compile_pattern

ACCESS = '127.0.0.1 frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
DOCUMENT = json.dumps(
    {
        "level": "ERROR",
        "ms": 120.5,
        "ip": "10.0.0.1",
        "ok": True,
        "nothing": None,
        "a.b": "dotted",
        "users": [{"name": "ann", "age": 7}, {"name": "bob"}],
        "code": 404,
        "empty": [],
    }
)


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        (" ", "anything", True),
        # Terms.
        ("ERROR", "[ERROR] no", True),
        ("ERROR", "[error] no", False),
        ("ERROR no", "no ERROR", True),
        ("ERROR yes", "no ERROR", False),
        ('"Task timed out"', "… Task timed out after 3.00 seconds", True),
        ('"Task timed out"', "timed out Task", False),
        ('"say \\"hi\\""', 'say "hi"', True),
        ("?ERROR ?WARN", "WARN low", True),
        ("?ERROR ?WARN", "INFO", False),
        ("?ERROR ?WARN INFO", "INFO", True),
        ("ERROR -EXITING", "ERROR", True),
        ("ERROR -EXITING", "ERROR EXITING", False),
        ('-"RequestId: 1"', "RequestId: 1", False),
        ("-EXITING", "here", True),
        ("%ERR[0-9]+%", "ERR42", True),
        ("%ERR[0-9]+%", "ERR", False),
        ("%^ERR%", "no ERR", False),
        ("REPORT %Duration: \\d{4}%", "REPORT Duration: 1234", True),
        # JSON.
        ('{ $.level = "ERROR" }', DOCUMENT, True),
        ("{$.level=ERROR}", DOCUMENT, True),
        ('{ $.level = "ERR*" }', DOCUMENT, True),
        ("{ $.level = *RO* }", DOCUMENT, True),
        ('{ $.level != "ERROR" }', DOCUMENT, False),
        ('{ $.level != "INFO" }', DOCUMENT, True),
        ("{ $.level = %^E.+R$% }", DOCUMENT, True),
        ("{ $.ms > 120 }", DOCUMENT, True),
        ("{ $.ms >= 1.205e2 }", DOCUMENT, True),
        ("{ $.ms < -1 }", DOCUMENT, False),
        ("{ $.code = 404 }", DOCUMENT, True),
        ("{ $.code = 4* }", DOCUMENT, True),
        ("{ $.code = 5* }", DOCUMENT, False),
        ("{ $.ip = 10.0.* }", DOCUMENT, True),
        ("{ $.ok IS TRUE }", DOCUMENT, True),
        ("{ $.ok IS FALSE }", DOCUMENT, False),
        ("{ $.nothing IS NULL }", DOCUMENT, True),
        ("{ $.missing IS NULL }", DOCUMENT, False),
        ("{ $.missing NOT EXISTS }", DOCUMENT, True),
        ("{ $.nothing NOT EXISTS }", DOCUMENT, False),
        ("{ $.missing != 1 }", DOCUMENT, False),
        ("{ $.['a.b'] = dotted }", DOCUMENT, True),
        ("{ $.users[0].name = ann }", DOCUMENT, True),
        ("{ $.users[2].name = ann }", DOCUMENT, False),
        ("{ $.users[*].name = bob }", DOCUMENT, True),
        ("{ $.users[*].age > 7 }", DOCUMENT, False),
        ("{ $.empty[*] NOT EXISTS }", DOCUMENT, True),
        ("{ $.* = 404 }", DOCUMENT, True),
        ("{ $.level = ERROR && $.ms > 500 }", DOCUMENT, False),
        ("{ $.level = INFO || $.ms > 100 }", DOCUMENT, True),
        # && binds closer than ||.
        ("{ $.code = 404 || $.code = 1 && $.code = 2 }", DOCUMENT, True),
        ("{ ($.code = 404 || $.code = 1) && $.code = 2 }", DOCUMENT, False),
        ("{ $.level = ERROR }", "level ERROR", False),
        ("{ $.level = ERROR }", "[1]", False),
        ("{ $.level = ERROR }", "{broken", False),
        # Fields.
        ("[ip, user, time, request, status, bytes]", ACCESS, True),
        ("[ip, user, time, request, status]", ACCESS, False),
        ("[ip, user, time, request = *.html*, status = 4*, bytes > 1000]", ACCESS, True),
        ("[ip, user, time, request, status = 5*, bytes]", ACCESS, False),
        ("[ip = 127.0.0.1, ...]", ACCESS, True),
        ("[..., status = 404, bytes]", ACCESS, True),
        ("[ip, ..., bytes < 1000]", ACCESS, False),
        ("[ip, ..., a, b, c, d, e, f, g]", ACCESS, False),
        ("[ip, user = fr*, , , status, bytes]", ACCESS, True),
        ("[w1 = ERROR || w1 = %WARN%, w2]", "[WARNING] low", True),
        ("[w1 != ERROR && w1 != WARNING, w2]", "WARNING low", False),
        ("[w1, w2 != 5]", "a b", True),
    ],
)
def test_a_pattern_matches(pattern, message, matches):
    assert compile_pattern(pattern)(message) is matches


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a:b", "Invalid character(s) in term 'a:b'"),
        ('"open', "Invalid character(s) in term '\"open'"),
        ("%(a)%", "Invalid filter pattern: a regular expression may hold no parentheses"),
        ("{ $.a = 1", "Invalid filter pattern: '}' was expected after '1'"),
        ("{ a = 1 }", "Invalid filter pattern: a selector was expected after '{'"),
        ("{ $.a EXISTS }", "Invalid filter pattern: 'EXISTS' is no operator after 'EXISTS'"),
        ("{ $.a IS NOT }", "Invalid filter pattern: IS is followed by NULL, TRUE or FALSE after 'NOT'"),
        ("{ $.a > b }", "Invalid filter pattern: '>' needs a number after 'b'"),
        ("{ $.a = 1 } x", "Invalid filter pattern: nothing more was expected after '}'"),
        ("{ $.a = }", "Invalid filter pattern: a word was expected after '='"),
        ("[a, ..., ...]", "Invalid filter pattern: '...' may stand once"),
        ("[a = %1% || a = %2% || a = %3%]", "Invalid filter pattern: more than 2 regular expressions"),
        ("[a", "Invalid filter pattern: ']' was expected after 'a'"),
    ],
)
def test_what_is_no_pattern_is_told(pattern, said):
    with pytest.raises(PatternError) as error:
        compile_pattern(pattern)
    assert str(error.value) == said


def test_a_broken_regular_expression_is_told():
    with pytest.raises(PatternError, match=r"^Invalid filter pattern: %\[% is no regular expression"):
        compile_pattern("%[%")
