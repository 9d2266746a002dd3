"""A code folder as a deployment package: the same files give the same bytes, everywhere and always."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from lambdacli.project.ignore import IgnorePattern, is_ignored, is_matched, parse_ignore_file

IGNORE_FILE = ".lamignore"

# The oldest time a zip can hold; the real ones would change the hash of unchanged code.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


class PackageError(Exception):
    """A folder that cannot be packed: what is wrong, then what to do."""


@dataclass(frozen=True, slots=True)
class CodeFile:
    path: Path
    name: str
    """Its place in the package, with slashes."""
    is_executable: bool


def code_files(folder: Path) -> tuple[CodeFile, ...]:
    """The files that belong to the package of a folder, sorted by name."""
    ignore_file = folder / IGNORE_FILE
    patterns = parse_ignore_file(ignore_file.read_text()) if ignore_file.is_file() else ()
    found = _walk(folder, PurePosixPath(), patterns, folder.resolve(), frozenset({folder.resolve()}))
    return tuple(sorted(found, key=lambda file: file.name))


def write_package(folder: Path, target: BinaryIO) -> None:
    files = code_files(folder)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for file in files:
            entry = zipfile.ZipInfo(file.name, _TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # unix, so that the mode below is read
            entry.external_attr = (0o100755 if file.is_executable else 0o100644) << 16
            entry.file_size = file.path.stat().st_size
            with file.path.open("rb") as source, package.open(entry, "w") as written:
                shutil.copyfileobj(source, written)


def package_bytes(folder: Path) -> bytes:
    target = io.BytesIO()
    write_package(folder, target)
    return target.getvalue()


def _walk(
    folder: Path,
    inside: PurePosixPath,
    patterns: tuple[IgnorePattern, ...],
    root: Path,
    above: frozenset[Path],
) -> Iterator[CodeFile]:
    """Symbolic links are followed as long as they stay inside the root: the package holds what they show."""
    for path in folder.iterdir():
        relative = inside / path.name
        is_folder = os.path.isdir(path)  # unlike Path.is_dir, false for a link that leads to itself
        if is_ignored(relative) or is_matched(patterns, relative, is_folder=is_folder):
            continue
        if relative == PurePosixPath(IGNORE_FILE):
            continue
        if path.is_symlink():
            _check_link(path, relative, root, above)
        if is_folder:
            yield from _walk(path, relative, patterns, root, above | {path.resolve()})
        elif path.is_file():
            yield CodeFile(path, str(relative), is_executable=bool(path.stat().st_mode & 0o111))


def _check_link(path: Path, relative: PurePosixPath, root: Path, above: frozenset[Path]) -> None:
    advice = f"replace it, or leave it out by a line in {IGNORE_FILE}"
    if not path.exists():
        raise PackageError(
            f"{relative} is a symbolic link to {os.readlink(path)}, which does not exist; {advice}"
        )
    target = path.resolve()
    if not target.is_relative_to(root):
        raise PackageError(f"{relative} is a symbolic link that leads outside, to {target}; {advice}")
    if target in above:
        raise PackageError(f"{relative} is a symbolic link to a folder that holds it; {advice}")
