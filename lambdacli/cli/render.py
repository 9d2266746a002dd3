"""Everything the command line writes: the only user of print and of rich.

stdout carries what can be piped on, stderr everything that is said to a person."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lambdacli.cli.colour import has_colour, paint
from lambdacli.cli.log_text import log_line, log_text
from lambdacli.cli.routes_table import routes_table

if TYPE_CHECKING:
    from rich.status import Status

_ACTIVITY_DELAY_SECONDS = 0.3
_PROGRESS_SECONDS = 0.1
_PLAIN_PROGRESS_SECONDS = 5.0
_BAR_WIDTH = 50
_SPARKS = "▁▂▃▄▅▆▇█"
_PLAIN_SPARKS = "_.:-=+*#"

# To stdout


def output(text: str = "") -> None:
    print(text, flush=True)


def output_text(text: str) -> None:
    """Text that has its line ends already."""
    print(text, end="", flush=True)


def output_styled(text: str, style: str) -> None:
    print(paint(text, style, sys.stdout), flush=True)


def output_marked(mark: str, style: str, text: str) -> None:
    print(f"{paint(mark, style, sys.stdout)}  {text}", flush=True)


def output_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False), flush=True)


def output_json_line(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, separators=(",", ":")), flush=True)


def output_line(line: bytes) -> None:
    """One of many: nobody waits for it to be flushed."""
    sys.stdout.buffer.write(line + b"\n")


def output_payload(payload: bytes) -> None:
    """The bytes as they are; only a terminal gets a line end of its own."""
    sys.stdout.flush()
    sys.stdout.buffer.write(payload)
    if sys.stdout.isatty() and payload and not payload.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def output_piece(piece: bytes) -> None:
    """Of an answer that is still coming: it is to be seen now."""
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def end_pieces(last: bytes) -> None:
    """Only a terminal gets a line end of its own."""
    if sys.stdout.isatty() and last and not last.endswith(b"\n"):
        output_piece(b"\n")


def output_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    for index, row in enumerate((headings, *rows)):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        print(paint(line, "bold", sys.stdout) if index == 0 else line)
    sys.stdout.flush()


def output_bars(bars: Sequence[tuple[str, int]]) -> None:
    """A histogram: label, bar, count."""
    most = max((count for _, count in bars), default=0)
    width = max((len(label) for label, _ in bars), default=0)
    for label, count in bars:
        length = round(count * _BAR_WIDTH / most) if most else 0
        bar = paint(_bar_mark() * length, "cyan", sys.stdout)
        print(f"{label.rjust(width)}  {bar}{' ' if length else ''}{count}")
    sys.stdout.flush()


def _bar_mark() -> str:
    return "█" if _can_show("█") else "#"


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def output_sparklines(lines: Sequence[tuple[str, str, Sequence[float]]]) -> None:
    """`name  ▁▁▄▁█  figure`, the columns of each line in proportion to its highest."""
    marks = _SPARKS if _can_show(_SPARKS) else _PLAIN_SPARKS
    width = max((len(name) for name, _, _ in lines), default=0)
    for name, figure, columns in lines:
        line = paint(sparkline(columns, marks), "cyan", sys.stdout)
        print(f"{paint(name.ljust(width), 'dim', sys.stdout)}  {line}  {figure}")
    sys.stdout.flush()


def sparkline(columns: Sequence[float], marks: str) -> str:
    """The first mark is for nothing at all, and for that only."""
    highest = max(columns, default=0.0)
    steps = len(marks) - 1
    return "".join(marks[0 if value <= 0 else max(1, round(value / highest * steps))] for value in columns)


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


def say_styled(text: str, style: str) -> None:
    say(paint(text, style, sys.stderr))


def say_at_once(text: str) -> None:
    """From within a signal's handler, which may have interrupted another line."""
    os.write(2, f"{text}\n".encode())


def say_routes(status: dict[str, Any]) -> None:
    """Which requests lead to which function, and where."""
    for line in routes_table(status, sys.stderr):
        say(line)


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
    if not sys.stderr.isatty() or not has_colour(sys.stderr):
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


@contextmanager
def progress(text: str, total: int) -> Iterator[Callable[[int], None]]:
    """Is told how many more are done. A bar on a terminal, otherwise a line every few seconds."""
    shown: _Progress
    if not sys.stderr.isatty() or not has_colour(sys.stderr):
        shown = _Progress(
            _PLAIN_PROGRESS_SECONDS, lambda done: say(f"{text}: {done} of {total}"), shows_end=False
        )
        yield shown.advance
        return
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn(text),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(text, total=total)
        shown = _Progress(_PROGRESS_SECONDS, lambda done: bar.update(task, completed=done), shows_end=True)
        try:
            yield shown.advance
        finally:
            shown.end()


class _Progress:
    """Shows what is done at most so often: counting is done thousands of times a second."""

    def __init__(self, every_seconds: float, show: Callable[[int], None], *, shows_end: bool) -> None:
        self._every_seconds = every_seconds
        self._show = show
        self._shows_end = shows_end
        self._done = 0
        self._shown_at = time.monotonic()

    def advance(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._shown_at >= self._every_seconds:
            self._shown_at = now
            self._show(self._done)

    def end(self) -> None:
        if self._shows_end:
            self._show(self._done)


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
    print(log_line(line, sys.stdout, with_function=with_function), flush=True)


def say_log(text: str) -> None:
    """The log of one invocation, as the function wrote it."""
    for line in text.splitlines():
        say(log_text(line, sys.stderr))


def output_event(event: dict[str, Any]) -> None:
    """A live line of the service."""
    moment = datetime.fromisoformat(event["time"]).astimezone()
    level = str(event.get("level", "info")).lower()
    style = {"error": "red", "warning": "yellow"}.get(level)
    text = event["text"] if style is None else f"{paint(level, style, sys.stdout)}: {event['text']}"
    name = f"{paint(event['function'], 'cyan', sys.stdout)}  " if event.get("function") else ""
    print(f"{paint(f'{moment:%H:%M:%S}', 'dim', sys.stdout)}  {name}{text}", flush=True)
