"""Installs a function's requirements.txt once, into a cache folder named by all that decides its content."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import uv

MESSAGE_LINES = 20

_DESCRIBE_INTERPRETER = (
    "import sys, sysconfig;"
    "print(sys.implementation.cache_tag, sys.version_info[:3], sysconfig.get_platform())"
)


class BuildError(Exception):
    """Dependencies that could not be installed: which file, then the installer's own last words."""


Run = Callable[[Sequence[str], Path, Mapping[str, str], Callable[[str], None]], int]
"""Runs a command in a folder with an environment, hands over each line that it prints, returns its exit
code."""


def install_requirements(
    requirements: Path,
    interpreter: str,
    cache: Path,
    progress: Callable[[str], None],
    run: Run | None = None,
) -> Path | None:
    """The folder with the installed packages; None when the file asks for nothing.

    Blocks while it installs. Two callers, in whatever processes, install once: the second waits. `run` is how
    the installer is run; a plain child, if unsaid."""
    files = _with_included(requirements)
    if not any(_asks_for_something(text) for text in files.values()):
        return None
    target = cache / "python" / _key(files, interpreter)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with lock(
        target.with_suffix(".lock"), lambda: progress(f"waiting for another install of {requirements}")
    ):
        if not target.is_dir():
            progress(f"installing {requirements}")
            _install(requirements, interpreter, target, progress, run or run_as_child)
    return target


def _with_included(requirements: Path) -> dict[Path, str]:
    """The text of the file and of every file it names by -r or -c, in the order they are met."""
    texts: dict[Path, str] = {}
    waiting = deque([requirements])
    while waiting:
        file = waiting.popleft()
        if file in texts:
            continue
        try:
            texts[file] = file.read_text()
        except OSError as error:
            raise BuildError(f"{file} cannot be read: {error.strerror}") from error
        for line in _lines(texts[file]):
            included = re.fullmatch(r"(?:-r|-c|--requirements?|--constraints?)(?:\s+|=)?(\S+)", line)
            if included is not None and "://" not in included[1]:
                waiting.append(file.parent / included[1])
    return texts


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        # A # begins a comment only after a blank: it is also part of addresses.
        stripped = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        if stripped:
            yield stripped


def _asks_for_something(text: str) -> bool:
    return any(not line.startswith("-") or line.startswith(("-e", "--editable")) for line in _lines(text))


def _key(files: dict[Path, str], interpreter: str) -> str:
    described = subprocess.run([interpreter, "-I", "-S", "-c", _DESCRIBE_INTERPRETER], capture_output=True)
    if described.returncode != 0:
        raise BuildError(f"{interpreter} does not run: {described.stderr.decode(errors='replace').strip()}")
    digest = hashlib.sha256(described.stdout)
    for text in files.values():
        digest.update(b"\0" + text.encode())
    return digest.hexdigest()[:32]


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


def _install(
    requirements: Path, interpreter: str, target: Path, progress: Callable[[str], None], run: Run
) -> None:
    """Under the lock: into a folder beside the target, renamed when all is there."""
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)  # of an install that was killed
    try:
        _run_uv(requirements, interpreter, partial, progress, run)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _run_uv(
    requirements: Path, interpreter: str, folder: Path, progress: Callable[[str], None], run: Run
) -> None:
    # Functions see their packages read-only: what is not compiled now would be compiled at every cold start.
    command = [uv.find_uv_bin(), "pip", "install", "--no-progress", "--color", "never", "--compile-bytecode"]
    command += ["--system-certs", "--python", interpreter, "--target", str(folder), "-r", str(requirements)]
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    last_lines: deque[str] = deque(maxlen=MESSAGE_LINES)

    def take(line: str) -> None:
        last_lines.append(line.rstrip())
        progress(line.strip())

    if run(command, requirements.parent, environment, take) != 0:
        raise BuildError(f"{requirements} could not be installed:\n" + "\n".join(last_lines))


def run_as_child(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], take: Callable[[str], None]
) -> int:
    """A plain child of this process, for those who have nobody to keep it."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                take(line)
        except BaseException:
            process.kill()
            raise
    return process.returncode
