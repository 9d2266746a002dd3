"""Which files of a code folder belong to its package, and what is said of links that lead nowhere good."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lambdacli.package.choice import EVERYTHING, Choice
from lambdacli.package.ignore import IgnorePattern, is_ignored, is_matched, parse_ignore_file

IGNORE_FILE = ".lamignore"


class PackageError(Exception):
    """A folder that cannot be packed: what is wrong, then what to do."""


@dataclass(frozen=True, slots=True)
class CodeFile:
    path: Path
    name: str
    """Its place in the package, with slashes."""
    status: os.stat_result

    @property
    def is_executable(self) -> bool:
        return bool(self.status.st_mode & 0o111)


def code_files(
    folder: Path, *, skips_unfit: bool = False, leaves_out: frozenset[str] = frozenset()
) -> tuple[CodeFile, ...]:
    """The files that belong to the package of a folder, sorted by name; without these of its top.

    What cannot be packed is a PackageError, or, for who only looks, left out."""
    return tuple(
        sorted(_walk(folder, _patterns(folder), skips_unfit, leaves_out), key=lambda file: file.name)
    )


def belongs(folder: Path, name: PurePosixPath) -> bool:
    """Whether a file would be of the folder's package, if it were there."""
    patterns = _patterns(folder)
    above = [each for each in name.parents if each != PurePosixPath()]
    return not _is_left_out(name, patterns, is_folder=False) and not any(
        _is_left_out(each, patterns, is_folder=True) for each in above
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A folder that is part of a package."""

    folder: Path
    prefix: str = ""
    """The folder of the package in which its files lie; nothing is the top."""
    leaves_out: frozenset[str] = frozenset()
    """Names at its top that do not belong to the package."""
    choice: Choice = EVERYTHING
    """Which of its files do, by their names in the package."""
    is_fixed: bool = False
    """What it holds never changes: another content would lie elsewhere."""


def merged_files(parts: Sequence[Part]) -> tuple[CodeFile, ...]:
    """The files of a package that has several parts, sorted by name; a later part wins."""
    files: dict[str, CodeFile] = {}
    for part in parts:
        for file in code_files(part.folder, leaves_out=part.leaves_out):
            name = str(PurePosixPath(part.prefix, file.name))
            if part.choice.takes(name):
                files[name] = CodeFile(file.path, name, file.status)
    return tuple(files[name] for name in sorted(files))


def _patterns(folder: Path) -> tuple[IgnorePattern, ...]:
    try:
        return parse_ignore_file((folder / IGNORE_FILE).read_text(encoding="utf-8-sig", errors="replace"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ()


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder on the way through the whole; `above` are the real places of it and of those that hold it."""

    folder: Path
    inside: PurePosixPath
    real: Path
    above: frozenset[Path]


def _walk(
    root: Path, patterns: tuple[IgnorePattern, ...], skips_unfit: bool, leaves_out: frozenset[str]
) -> Iterator[CodeFile]:
    """Symbolic links are followed as long as they stay inside the root: the package holds what they show.
    Keeps its own list of what is left to do: folders can be deeper than functions may call each other."""
    real_root = root.resolve()
    places = [_Place(root, PurePosixPath(), real_root, frozenset({real_root}))]
    while places:
        place = places.pop()
        try:
            for entry in _entries(place):
                relative = place.inside / entry.name
                is_folder = os.path.isdir(
                    entry
                )  # unlike the entry's own, false for a link that leads to itself
                if str(relative) in leaves_out or _is_left_out(relative, patterns, is_folder=is_folder):
                    continue
                path = place.folder / entry.name
                problem = _problem_of_link(path, real_root, place.above) if entry.is_symlink() else None
                if problem is not None:
                    if skips_unfit:
                        continue
                    raise _unfit(relative, problem, "replace it")
                if is_folder:
                    # To resolve each would look at all folders above it again.
                    real = path.resolve() if entry.is_symlink() else place.real / entry.name
                    places.append(_Place(path, relative, real, place.above | {real}))
                elif entry.is_file():
                    yield CodeFile(path, str(relative), entry.stat())
        except FileNotFoundError:
            continue  # it vanished meanwhile
        except OSError as error:
            if not skips_unfit:
                raise _unfit(place.inside, f"cannot be read: {error.strerror}", "change that") from error


def _entries(place: _Place) -> list[os.DirEntry[str]]:
    with os.scandir(place.folder) as entries:
        return list(entries)


def _is_left_out(relative: PurePosixPath, patterns: tuple[IgnorePattern, ...], *, is_folder: bool) -> bool:
    if is_ignored(relative) or is_matched(patterns, relative, is_folder=is_folder):
        return True
    return relative == PurePosixPath(IGNORE_FILE)


def _problem_of_link(path: Path, root: Path, above: frozenset[Path]) -> str | None:
    if not path.exists():
        return f"is a symbolic link to {os.readlink(path)}, which does not exist"
    target = path.resolve()
    if not target.is_relative_to(root):
        return f"is a symbolic link that leads outside, to {target}"
    if target in above:
        return "is a symbolic link to a folder that holds it"
    return None


def _unfit(relative: PurePosixPath, problem: str, remedy: str) -> PackageError:
    return PackageError(f"{relative} {problem}; {remedy}, or leave it out by a line in {IGNORE_FILE}")
