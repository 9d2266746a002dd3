"""Colour on a terminal: it only repeats what the words say."""

# The fast path loads this: nothing may be imported that Python has not loaded already.
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_STYLES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}

_choice = "auto"


def choose_colour(choice: str) -> None:
    """`--color on|off|auto` for the rest of this process."""
    global _choice
    _choice = choice


def paint(text: str, style: str, stream: "TextIO") -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if has_colour(stream) and text else text


def has_colour(stream: "TextIO") -> bool:
    if _choice != "auto":
        return _choice == "on"
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()
