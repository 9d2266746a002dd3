"""The OUTFILE of an invocation: written whole or not at all, and proved to be writable before the call."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lambdacli.cli.errors import CommandError

# Opening these would truncate a redirected stdout behind the back of its writer.
_STDOUT_NAMES = frozenset({"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})


def is_stdout(name: str) -> bool:
    return name in _STDOUT_NAMES


@contextmanager
def replaced_file(name: str) -> Iterator[IO[bytes]]:
    """A file that takes `name`'s place when the block ends well. A device or pipe is written directly."""
    target = Path(os.path.realpath(name))
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as device:
                yield device
            return
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        file = temporary.open("xb")
    except OSError as error:
        raise CommandError(f"cannot write {name}: {error.strerror}") from error
    try:
        with file:
            yield file
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
