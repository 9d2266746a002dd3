"""`.env` files: what is read as what, and how a bad line is told."""

from __future__ import annotations

import pytest

from lambdacli.project.dotenv import DotenvError, Variable, parse_dotenv


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("KEY=value", {"KEY": "value"}),
        ("KEY=", {"KEY": ""}),
        ("KEY=\nNEXT=1\n", {"KEY": "", "NEXT": "1"}),
        ("  export KEY = value  \n", {"KEY": "value"}),
        ("# a comment\n\nKEY=value # why\n", {"KEY": "value"}),
        ("KEY=a#b", {"KEY": "a#b"}),
        ("KEY= # nothing", {"KEY": ""}),
        ("KEY='a # \"b\" \\n $X'", {"KEY": 'a # "b" \\n $X'}),
        (r'KEY="a\tb\n\"c\" \d \\"', {"KEY": 'a\tb\n"c" \\d \\'}),
        ('KEY="first\nsecond" # end\nNEXT=1', {"KEY": "first\nsecond", "NEXT": "1"}),
        ("KEY=$HOME ${HOME}", {"KEY": "$HOME ${HOME}"}),
        ("KEY=a\r\nNEXT=b\r\n", {"KEY": "a", "NEXT": "b"}),
        ("\ufeffKEY=a", {"KEY": "a"}),
        ("KEY=a=b==", {"KEY": "a=b=="}),
        ("KEY=1\nKEY=2", {"KEY": "2"}),
        ("", {}),
    ],
)
def test_a_file_is_read_as_written(text, expected):
    assert {variable.name: variable.value for variable in parse_dotenv(text)} == expected


def test_each_variable_knows_its_line():
    text = 'FIRST="a\nb"\n\n# note\nSECOND=2\n'
    assert parse_dotenv(text) == (Variable("FIRST", "a\nb", 1), Variable("SECOND", "2", 5))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("A=1\nnonsense", 2, "no = after nonsense"),
        ("A=1\n=x", 2, "'=x' is not of the form NAME=VALUE"),
        ("\n1A=x", 2, "'1A=x' is not of the form NAME=VALUE"),
        ('A="never\nclosed', 1, "the double quote that opens here is never closed"),
        ("A='never", 1, "the single quote that opens here is never closed"),
        ('A="x" y', 1, "'y' stands after the closing quote"),
    ],
)
def test_a_bad_line_is_told_with_its_number(text, line, message):
    with pytest.raises(DotenvError) as caught:
        parse_dotenv(text)
    assert (caught.value.line, caught.value.message) == (line, message)
