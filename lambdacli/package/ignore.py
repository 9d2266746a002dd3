"""Which files of a code folder count: built-in rules for packages and watching, and a folder's .lamignore."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from itertools import pairwise
from pathlib import PurePath

_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".lam",
        ".venv",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".idea",
    }
)
# 4913 is the file by which vim tries whether a folder can be written to.
_FILES = ("*.pyc", "*.pyo", "*.sw[a-p]", "*.swx", "*~", "4913", ".#*", "#*#", ".*.kate-swp", "*___jb_*___")
_DESKTOP_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_NO_CODE = re.compile("|".join(translate(pattern) for pattern in _FILES))


def is_ignored(relative: PurePath) -> bool:
    """Files that never are code: version control, caches, editors' droppings; relative to the code folder."""
    parts = relative.parts
    if any(part in _FOLDERS for part in parts):
        return True
    if any(pair == ("node_modules", ".cache") for pair in pairwise(parts)):
        return True
    name = relative.name
    return name in _DESKTOP_FILES or _NO_CODE.match(name) is not None


@dataclass(frozen=True, slots=True)
class IgnorePattern:
    """One line of .lamignore, as .gitignore reads it."""

    expression: re.Pattern[str]
    is_negated: bool
    is_for_folders: bool


def parse_ignore_file(text: str) -> tuple[IgnorePattern, ...]:
    patterns = []
    for line in text.splitlines():
        glob = line.rstrip()
        if not glob or glob.startswith("#"):
            continue
        is_negated = glob.startswith("!")
        glob = glob.removeprefix("!").removeprefix("\\")
        is_for_folders = glob.endswith("/")
        patterns.append(IgnorePattern(re.compile(_expression(glob.rstrip("/"))), is_negated, is_for_folders))
    return tuple(patterns)


def is_matched(patterns: tuple[IgnorePattern, ...], relative: PurePath, *, is_folder: bool) -> bool:
    """Whether the patterns leave this path out; the last one that matches decides."""
    text = relative.as_posix()
    for pattern in reversed(patterns):
        if (is_folder or not pattern.is_for_folders) and pattern.expression.fullmatch(text):
            return not pattern.is_negated
    return False


def _expression(glob: str) -> str:
    # A slash at the start or in the middle ties the pattern to the folder of the .lamignore.
    prefix = "" if "/" in glob else "(?:.*/)?"
    return prefix + expression_of_glob(glob.removeprefix("/"))


def expression_of_glob(glob: str) -> str:
    """Of a whole path: `*` and `?` stay within a folder, `**` does not."""
    parts: list[str] = []
    position = 0
    while position < len(glob):
        if glob.startswith("**/", position):
            parts.append("(?:.*/)?")
            position += 3
        elif glob.startswith("**", position):
            parts.append(".*")
            position += 2
        elif glob[position] == "*":
            parts.append("[^/]*")
            position += 1
        elif glob[position] == "?":
            parts.append("[^/]")
            position += 1
        elif glob[position] == "[" and "]" in glob[position + 2 :]:
            end = glob.index("]", position + 2)
            inside = glob[position + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"[{'^' + inside[1:] if inside.startswith('!') else inside}]")
            position = end + 1
        else:
            parts.append(re.escape(glob[position]))
            position += 1
    return "".join(parts)
