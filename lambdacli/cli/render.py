"""Everything the command line writes: the only user of print and of rich.

stdout carries what can be piped on, stderr everything that is said to a person. Colour only repeats what the
words say."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.status import Status

_STYLES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}
_ACTIVITY_DELAY_SECONDS = 0.3

_colour_choice = "auto"


def choose_colour(choice: str) -> None:
    """`--color on|off|auto` for the rest of this process."""
    global _colour_choice
    _colour_choice = choice


def paint(text: str, style: str, stream: TextIO) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if _has_colour(stream) and text else text


def _has_colour(stream: TextIO) -> bool:
    if _colour_choice != "auto":
        return _colour_choice == "on"
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


# To stdout


def output(text: str = "") -> None:
    print(text, flush=True)


def output_text(text: str) -> None:
    """Text that has its line ends already."""
    print(text, end="", flush=True)


def output_styled(text: str, style: str) -> None:
    print(paint(text, style, sys.stdout), flush=True)


def output_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False), flush=True)


def output_json_line(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, separators=(",", ":")), flush=True)


def output_payload(payload: bytes) -> None:
    """The bytes as they are; only a terminal gets a line end of its own."""
    sys.stdout.flush()
    sys.stdout.buffer.write(payload)
    if sys.stdout.isatty() and payload and not payload.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def output_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    for index, row in enumerate((headings, *rows)):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        print(paint(line, "bold", sys.stdout) if index == 0 else line)
    sys.stdout.flush()


def output_fields(fields: Sequence[tuple[str, str]]) -> None:
    """`name  value`, the names in one column; a value of several lines stays in its column."""
    width = max((len(name) for name, _ in fields), default=0)
    for name, value in fields:
        first, *others = value.splitlines() or [""]
        print(f"{paint(name.ljust(width), 'dim', sys.stdout)}  {first}".rstrip())
        for other in others:
            print(f"{'':{width}}  {other}")
    sys.stdout.flush()


def give_up_stdout() -> None:
    """After a broken pipe: Python must not stumble over it again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# To stderr


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def note(text: str) -> None:
    say(f"{paint('note:', 'cyan', sys.stderr)} {text}")


def debug(text: str) -> None:
    say(paint(f"debug: {text}", "dim", sys.stderr))


def error(message: str, hints: Sequence[str] = ()) -> None:
    say(f"{paint('error:', 'red', sys.stderr)} {message}")
    if hints:
        say("")
    for hint in hints:
        say(f"{paint('hint:', 'yellow', sys.stderr)} {hint}")


@contextmanager
def activity(text: str) -> Iterator[None]:
    """A spinner beside the text while something takes its time; nothing when it is quick or unwatched."""
    if not sys.stderr.isatty() or not _has_colour(sys.stderr):
        yield
        return
    spinner = _Spinner(text)
    timer = threading.Timer(_ACTIVITY_DELAY_SECONDS, spinner.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        spinner.stop()


class _Spinner:
    """Started by a timer's thread, stopped by the main one, whichever comes first."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lock = threading.Lock()
        self._is_over = False
        self._status: Status | None = None

    def start(self) -> None:
        from rich.console import Console

        with self._lock:
            if not self._is_over:
                self._status = Console(stderr=True).status(self._text)
                self._status.start()

    def stop(self) -> None:
        with self._lock:
            self._is_over = True
            if self._status is not None:
                self._status.stop()


# Log lines


def output_log_line(line: dict[str, Any], *, with_function: bool) -> None:
    moment = datetime.fromtimestamp(line["timestamp"] / 1000)
    when = f"{moment:%Y-%m-%d %H:%M:%S}.{line['timestamp'] % 1000:03d}"
    name = f" {paint(line['function'], 'cyan', sys.stdout)}" if with_function else ""
    print(f"{paint(when, 'dim', sys.stdout)}{name}  {_log_text(line['message'], sys.stdout)}", flush=True)


def say_log(text: str) -> None:
    """The log of one invocation, as the function wrote it."""
    for line in text.splitlines():
        say(_log_text(line, sys.stderr))


def output_event(event: dict[str, Any]) -> None:
    """A live line of the service."""
    moment = datetime.fromisoformat(event["time"]).astimezone()
    level = str(event.get("level", "info")).lower()
    style = {"error": "red", "warning": "yellow"}.get(level)
    text = event["text"] if style is None else f"{paint(level, style, sys.stdout)}: {event['text']}"
    name = f"{paint(event['function'], 'cyan', sys.stdout)}  " if event.get("function") else ""
    print(f"{paint(f'{moment:%H:%M:%S}', 'dim', sys.stdout)}  {name}{text}", flush=True)


def _log_text(message: str, stream: TextIO) -> str:
    message = message.rstrip("\r\n")
    style = log_style(message)
    return paint(message, style, stream) if style else message


def log_style(message: str) -> str | None:
    """Which kind of line this is; Lambda's own lines step back, errors stand out."""
    first = message.split(None, 1)[0].rstrip(":").upper() if message.strip() else ""
    if first in ("START", "END", "INIT_START", "INIT_REPORT"):
        return "dim"
    if first == "REPORT":
        return "cyan"
    if first in ("[ERROR]", "ERROR", "[CRITICAL]", "TRACEBACK") or "Task timed out after" in message:
        return "red"
    if first in ("[WARNING]", "WARNING", "WARN"):
        return "yellow"
    return None
