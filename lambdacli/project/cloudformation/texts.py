"""How CloudFormation writes a value where a text is asked for. Pure."""

from __future__ import annotations

from typing import Any

MAX_TEXT = 1_000_000
"""No template can be longer, so no text of one is: joined texts can hold each other many times."""


def text_of(value: Any) -> str | None:
    """None: it is no text, number or boolean."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to write numbers of thousands of digits.
        return str(value) if value.bit_length() < 8000 else f"{value:x}"
    if isinstance(value, float):
        return repr(value)
    return None


def integer_of(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal() and len(value) < 20:
        try:
            return int(value)
        except ValueError:
            return None
    return None


def named(value: Any) -> str:
    """What stands there, in a person's words."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = text_of(value) or "an empty text"
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'
