"""Where an event comes from: one of --payload in its forms and --event."""

from __future__ import annotations

import array
import base64
import binascii
import fcntl
import os
import stat
import sys
import termios
from pathlib import Path

from lambdacli.cli import render
from lambdacli.cli.errors import CommandError, WrongUsage


def read_payload(payload: str | None, event_file: str | None, *, is_base64: bool) -> bytes:
    """The bytes to send. `is_base64` decodes what stands in the command, on stdin or behind `file://`;
    `fileb://`, `@` and --event are always taken as they are."""
    if payload is not None and event_file is not None:
        raise WrongUsage("--payload and --event exclude each other")
    if event_file is not None:
        return _file(event_file, "--event")
    if payload is None:
        if _is_something_piped():
            render.note("stdin is not read; `--payload -` sends it as the event")
        return b""
    if payload.startswith("fileb://"):
        return _file(payload.removeprefix("fileb://"), "--payload")
    if payload.startswith("@"):
        return _file(payload.removeprefix("@"), "--payload")
    if payload.startswith("file://"):
        written = _file(payload.removeprefix("file://"), "--payload")
    elif payload == "-":
        written = _stdin()
    else:
        # The bytes of the command line, also those that are not UTF-8.
        written = payload.encode(errors="surrogateescape")
    return _decoded(written) if is_base64 else written


def read_client_context(text: str | None) -> str | None:
    """The API wants base64; plain JSON, which base64 can never look like, is encoded here."""
    if text is None:
        return None
    if text.startswith("file://"):
        text = _file(text.removeprefix("file://"), "--client-context").decode()
    text = text.strip()
    return base64.b64encode(text.encode()).decode() if text.startswith("{") else text


def _file(name: str, option: str) -> bytes:
    if name == "-":
        return _stdin()
    try:
        return Path(name).expanduser().read_bytes()
    except OSError as error:
        raise CommandError(f"{option}: cannot read {name}: {error.strerror}") from error


def _is_something_piped() -> bool:
    """Data that waits in a pipe. A pipe that is merely there (a script's, a cron job's) says nothing."""
    try:
        if not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
            return False
        waiting = array.array("i", [0])
        fcntl.ioctl(sys.stdin.fileno(), termios.FIONREAD, waiting)
        return waiting[0] > 0
    except (OSError, ValueError, AttributeError):
        return False


def _stdin() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise CommandError("the payload should come from stdin, but that is closed")
    return sys.stdin.buffer.read()


def _decoded(written: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(written.split()), validate=True)
    except binascii.Error as error:
        raise CommandError(
            f"the payload is not base64: {error}", "plain JSON needs --cli-binary-format raw-in-base64-out"
        ) from error
