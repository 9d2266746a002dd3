"""Makes each thing in the cache once, whole or not at all, by programs whose last words tell a failure."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lambdacli.project.kept import ALWAYS, is_kept, note_size, prune

_MESSAGE_LINES = 20
TRIES = 5
_LOGGED_LINES = 50_000


class BuildError(Exception):
    """What could not be installed or built: which file, then the program's own last words."""

    def __init__(self, message: str, output: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.output = output
        """All that the program printed."""

    def logged(self, log: Path) -> BuildError:
        """The same, and where the rest can be read, if that is more than is told."""
        if len(self.output) <= _MESSAGE_LINES:
            return self
        log.write_text("".join(f"{line}\n" for line in self.output))
        return BuildError(f"{self}\nall {len(self.output)} lines of it are in {log}")


Progress = Callable[[str], None]

Run = Callable[[Sequence[str], Path, Mapping[str, str], Progress], int]
"""Runs a command in a folder with an environment, hands over each line that it prints, returns its exit
code."""


def made_once(
    target: Path, make: Callable[[Path], None], starts: str, waits: str, progress: Progress
) -> Path:
    """`make` fills a folder beside the target, which becomes the target when all is there.

    Blocks meanwhile. Of two callers, in whatever processes, the second waits for the first. What is made is
    in use from then on; others, that nobody used for long, may go for it."""
    while not is_kept(target):
        if _made(target, make, starts, waits, progress):
            prune(target.parent.parent, ALWAYS)
    return target


def made_of_sources(
    place: Path,
    key: Callable[[], str],
    make: Callable[[Path], None],
    starts: str,
    waits: str,
    progress: Progress,
) -> Path:
    """As `made_once`, in a folder called as the content of the sources: what is found there was made of just
    that. Sources that are saved while they are built are built again."""
    for _ in range(TRIES):
        name = key()

        def make_of_these(folder: Path, name: str = name) -> None:
            make(folder)
            if key() != name:
                raise _SourcesChanged

        try:
            return made_once(place / name, make_of_these, starts, waits, progress)
        except _SourcesChanged:
            progress("the sources changed meanwhile")
    raise BuildError(f"{starts}: the sources changed each of {TRIES} times while they were built")


class _SourcesChanged(Exception):
    """What was made may be of neither the old nor the new."""


def _made(target: Path, make: Callable[[Path], None], starts: str, waits: str, progress: Progress) -> bool:
    """Whether it was not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with lock(target.with_suffix(".lock"), lambda: progress(waits)):
        if target.is_dir():
            return False
        progress(starts)
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)  # of one that was killed
        partial.mkdir()
        try:
            make(partial)
            partial.rename(target)
            note_size(target)
        except BuildError as error:
            raise error.logged(target.with_suffix(".log")) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return True


@contextmanager
def lock(file: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    # The kernel lets go of it when its holder dies, so a killed install blocks nobody.
    with file.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def run_tool(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    failure: str,
    run: Run,
    progress: Progress,
) -> None:
    """A BuildError of this failure, with the last lines that were printed, unless the program succeeds."""
    lines: deque[str] = deque(maxlen=_LOGGED_LINES)

    def take(line: str) -> None:
        lines.append(line.rstrip())
        progress(line.strip())

    if run(command, folder, environment, take) != 0:
        printed = list(lines)
        raise BuildError(f"{failure}:\n" + "\n".join(printed[-_MESSAGE_LINES:]), printed)


def run_as_child(command: Sequence[str], folder: Path, environment: Mapping[str, str], take: Progress) -> int:
    """A plain child of this process, for those who have nobody to keep it."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                take(line)
        except BaseException:
            process.kill()
            raise
    return process.returncode
