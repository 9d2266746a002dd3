"""Installs what requirements.txt or pyproject.toml asks for, once, into a folder named by what decides it."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from lambdacli.project.making import BuildError, Progress, Run, made_once, run_as_child, run_tool

REQUIREMENTS = "requirements.txt"
PYPROJECT = "pyproject.toml"
_LOCK = "uv.lock"
_asking_for_uv = threading.Lock()

_DESCRIBE_INTERPRETER = (
    "import sys, sysconfig;"
    "print(sys.implementation.cache_tag, sys.version_info[:3], sysconfig.get_platform())"
)


def requirements_of(folder: Path) -> Path | None:
    """The file of a code folder that names its packages, if there is one."""
    if (folder / REQUIREMENTS).is_file():
        return folder / REQUIREMENTS
    pyproject = folder / PYPROJECT
    return pyproject if pyproject.is_file() and _pyproject_asks(_read(pyproject)) else None


def install_requirements(
    requirements: Path,
    interpreter: str,
    cache: Path,
    progress: Progress,
    run: Run | None = None,
) -> Path | None:
    """The folder with the installed packages; None when the file asks for nothing.

    Blocks while it installs. Two callers, in whatever processes, install once: the second waits. `run` is how
    the installer is run; a plain child, if unsaid."""
    files = files_of_requirements(requirements)
    if not asks_for_something(files):
        return None
    target = cache / "python" / _key(files, interpreter)

    def install(folder: Path) -> None:
        # Functions see their packages read-only: what is not compiled now would be so at every cold start.
        words = ["--compile-bytecode", "--python", interpreter]
        run_uv_install(requirements, words, folder, run or run_as_child, progress)

    return made_once(target, install, *told_of_install(requirements), progress)


def told_of_install(what: object) -> tuple[str, str]:
    """What is said when an install starts, and when it waits for another one of the same."""
    return f"installing {what}", f"waiting for another install of {what}"


def files_of_requirements(requirements: Path) -> dict[Path, str]:
    """The text of the file and of every file it names by -r or -c, in the order they are met; of a
    pyproject.toml, itself and its lock file."""
    if requirements.name == PYPROJECT:
        lock = requirements.with_name(_LOCK)
        return {file: _read(file) for file in (requirements, lock) if file == requirements or lock.is_file()}
    texts: dict[Path, str] = {}
    waiting = deque([requirements])
    while waiting:
        file = waiting.popleft()
        if file in texts:
            continue
        texts[file] = _read(file)
        for line in requirement_lines(texts[file]):
            included = re.fullmatch(r"(?:-r|-c|--requirements?|--constraints?)(?:\s+|=)?(\S+)", line)
            if included is not None and "://" not in included[1]:
                waiting.append(file.parent / included[1])
    return texts


def requirement_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        # A # begins a comment only after a blank: it is also part of addresses.
        stripped = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        if stripped:
            yield stripped


def asks_for_something(files: dict[Path, str]) -> bool:
    return any(
        _pyproject_asks(text) if file.name == PYPROJECT else file.name != _LOCK and _text_asks(text)
        for file, text in files.items()
    )


def _text_asks(text: str) -> bool:
    return any(
        not line.startswith("-") or line.startswith(("-e", "--editable")) for line in requirement_lines(text)
    )


def _pyproject_asks(text: str) -> bool:
    import tomllib

    try:
        project = tomllib.loads(text).get("project", {})
    except tomllib.TOMLDecodeError:
        return True  # uv tells what is wrong with it
    return bool(project.get("dependencies")) or "dependencies" in project.get("dynamic", ())


def names_only_poetry_packages(folder: Path) -> bool:
    """Poetry's own table, which nothing but Poetry reads, names the packages."""
    if requirements_of(folder) is not None or not (folder / PYPROJECT).is_file():
        return False
    import tomllib

    document = tomllib.loads(_read(folder / PYPROJECT))
    return bool(set(document.get("tool", {}).get("poetry", {}).get("dependencies", {})) - {"python"})


def run_uv_install(
    requirements: Path, words: Sequence[str], folder: Path, run: Run, progress: Progress
) -> None:
    """uv installs into the folder what the file asks for."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    quiet = ("--no-progress", "--color", "never", "--system-certs")
    failure = f"{requirements} could not be installed"
    locked = folder.with_suffix(".txt")
    is_locked = requirements.name == PYPROJECT and requirements.with_name(_LOCK).is_file()
    source = locked if is_locked else requirements
    try:
        if is_locked:
            export = (
                "export",
                "--frozen",
                "--no-dev",
                "--no-emit-project",
                "--no-editable",
                "-o",
                str(locked),
            )
            run_tool((_uv(), *export, *quiet), requirements.parent, environment, failure, run, progress)
        install = (
            _uv(),
            "pip",
            "install",
            *quiet,
            *words,
            "--target",
            str(folder),
            "-r",
            str(source),
        )
        run_tool(install, requirements.parent, environment, failure, run, progress)
    finally:
        locked.unlink(missing_ok=True)


def _uv() -> str:
    # Python gathers what it knows of itself at the first question; a second thread finds it half done.
    with _asking_for_uv:
        import uv

        return uv.find_uv_bin()


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise BuildError(f"{file} cannot be read: {error.strerror}") from error


def _key(files: dict[Path, str], interpreter: str) -> str:
    described = subprocess.run([interpreter, "-I", "-S", "-c", _DESCRIBE_INTERPRETER], capture_output=True)
    if described.returncode != 0:
        raise BuildError(f"{interpreter} does not run: {described.stderr.decode(errors='replace').strip()}")
    digest = hashlib.sha256(described.stdout)
    for text in files.values():
        digest.update(b"\0" + text.encode())
    return digest.hexdigest()[:32]
