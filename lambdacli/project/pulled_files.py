"""Compares pulled code and variables with what a project has, and puts them there, each file whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lambdacli.model.record import record
from lambdacli.project.dotenv import dotenv_line, parse_dotenv


@record
class CodeChange:
    """What bringing a package's files into a folder would do."""

    new: tuple[str, ...]
    differing: tuple[str, ...]
    """Files that are there with another content."""


def code_change(unpacked: Path, folder: Path) -> CodeChange:
    new: list[str] = []
    differing: list[str] = []
    for name in sorted(_names(unpacked)):
        there = folder / name
        if not os.path.lexists(there):
            new.append(name)
        elif not _is_same(unpacked / name, there):
            differing.append(name)
    return CodeChange(tuple(new), tuple(differing))


def bring_code(unpacked: Path, folder: Path, change: CodeChange) -> None:
    """Each file appears whole; what the package does not have stays."""
    for name in (*change.new, *change.differing):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            raise IsADirectoryError(21, "is a folder, and the package has a file of this name", str(target))
        with replaced(target) as temporary:
            shutil.copy2(unpacked / name, temporary, follow_symlinks=False)


def replace_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with replaced(target) as temporary:
        shutil.copyfile(source, temporary)


def write_text(file: Path, text: str, mode: int | None = None) -> None:
    """Whole or not at all; a file that was there keeps its mode, if none is wanted."""
    with replaced(file) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
        if mode is not None:
            temporary.chmod(mode)
        elif file.exists():
            temporary.chmod(file.stat().st_mode & 0o7777)


@contextmanager
def replaced(file: Path) -> Iterator[Path]:
    """A name beside the file, whose content becomes the file's in the end."""
    file = file.parent.resolve() / file.name
    with tempfile.TemporaryDirectory(prefix=".lam-pull-", dir=file.parent) as folder:
        temporary = Path(folder) / file.name
        yield temporary
        temporary.replace(file)


def env_file_text(text: str, variables: Mapping[str, str]) -> str:
    """The env file with these variables: lines that say the same stay, others are added, and the last
    counts."""
    present = {variable.name: variable.value for variable in parse_dotenv(text)}
    lines = [dotenv_line(name, value) for name, value in variables.items() if present.get(name) != value]
    between = "" if not lines or not text or text.endswith("\n") else "\n"
    return text + between + "".join(lines)


def ignored_text(text: str, name: str) -> str:
    """The .gitignore with a line for this path."""
    lines = {line.strip() for line in text.splitlines()}
    if lines & {name, f"/{name}"}:
        return text
    between = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{between}/{name}\n"


def _names(folder: Path) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        for name in (*files, *links):
            yield os.path.relpath(os.path.join(root, name), folder)


def _is_same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and os.readlink(one) == os.readlink(other)
    return other.is_file() and one.read_bytes() == other.read_bytes()
