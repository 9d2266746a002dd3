"""A file of many events, one JSON document per line: all of it is checked before any is sent."""

from __future__ import annotations

import contextlib
import json
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from os import fstat
from pathlib import Path
from typing import IO

from lambdacli.cli.errors import CommandError

TOLD_AT_MOST = 10
"""Of the lines at fault: a file of the wrong kind has thousands."""
_BLANKS = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    document: bytes


@contextlib.contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """A file that can be read twice: what comes through a pipe is kept on disk meanwhile."""
    if name == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise CommandError("the events should come from stdin, but that is closed")
        with _kept(sys.stdin.buffer) as file:
            yield file
        return
    try:
        file = Path(name).expanduser().open("rb")
    except OSError as error:
        raise CommandError(f"--events: cannot read {name}: {error.strerror}") from error
    with file:
        if stat.S_ISREG(fstat(file.fileno()).st_mode):
            yield file
            return
        with _kept(file) as kept:
            yield kept


@contextlib.contextmanager
def _kept(source: IO[bytes]) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(source, file)
        yield file


def lines(file: IO[bytes], longest: int) -> Iterator[Line]:
    """From the file's begin, without the blank ones. Of one that is longer, only so much that this shows."""
    file.seek(0)
    number = 0
    while piece := file.readline(longest + 2):
        number += 1
        rest = piece
        while not rest.endswith(b"\n") and (rest := file.readline(longest)):
            pass
        document = piece.strip(_BLANKS)
        if document:
            yield Line(number, document)


def check(file: IO[bytes], name: str, longest: int) -> int:
    """How many events there are; an error that names the lines if one of them can be none."""
    import msgspec

    read_over = msgspec.json.Decoder(msgspec.Raw)
    count, faults = 0, 0
    told: list[str] = []
    for line in lines(file, longest):
        count += 1
        if len(line.document) <= longest:
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                line.document.decode()  # the reader does not look into strings
                read_over.decode(line.document)
                continue
        fault = fault_of(line.document, longest)
        if fault is not None:
            faults += 1
            if len(told) < TOLD_AT_MOST:
                told.append(f"line {line.number}: {fault}")
    if faults:
        more = [] if faults <= TOLD_AT_MOST else [f"… and {faults - TOLD_AT_MOST} more"]
        raise CommandError(
            "\n".join([f"{name} is not one JSON document per line; nothing was sent", *told, *more]),
            "`jq -c . FILE` writes each document on one line, `jq -c '.[]' FILE` each one of an array"
            if faults == count
            else None,
        )
    if not count:
        raise CommandError(f"there is no event in {name}", "write one JSON document per line")
    return count


def fault_of(document: bytes, longest: int) -> str | None:
    """What keeps a line from being an event; None if the service may take it. Pure."""
    if len(document) > longest:
        return f"it is longer than the {longest} bytes that Lambda takes"
    try:
        json.loads(document.decode())
    except UnicodeDecodeError as error:
        return f"byte {error.start + 1} is not UTF-8"
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as error:
        return f"not JSON: {error}".replace("line 1 ", "")
    return None
