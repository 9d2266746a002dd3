"""Which files of a folder were chosen by an ordered list of globs, where one with `!` leaves out; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lambdacli.package.ignore import expression_of_glob

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_GROUP = re.compile(r"([@?*+!]?)\(([^()]*)\)")
_COUNTS = {"@": "", "": "", "?": "?", "*": "*", "+": "+"}


@dataclass(frozen=True, slots=True)
class Choice:
    """All files, but for what the patterns say: of those that match a file the last one decides."""

    patterns: tuple[tuple[bool, re.Pattern[str]], ...] = ()
    """Whether files are taken or left out, and which."""

    def takes(self, name: str) -> bool:
        for is_taken, expression in reversed(self.patterns):
            if expression.fullmatch(name):
                return is_taken
        return True


EVERYTHING = Choice()


def parse_choice(globs: Sequence[str]) -> Choice:
    """Globs of whole paths below the folder, with `**`, `{a,b}` and `(a|b)`."""
    return Choice(
        tuple((not glob.startswith("!"), _compiled(glob.removeprefix("!"))) for glob in globs if glob)
    )


def _compiled(glob: str) -> re.Pattern[str]:
    words = [_expression(each.removeprefix("./")) for each in _without_braces(glob)]
    return re.compile("|".join(f"(?:{word})" for word in words), re.DOTALL)


def _without_braces(glob: str) -> Iterator[str]:
    found = _BRACES.search(glob)
    if found is None:
        yield glob
        return
    for each in found[1].split(","):
        yield from _without_braces(glob[: found.start()] + each + glob[found.end() :])


def _expression(glob: str) -> str:
    parts, position = [], 0
    for group in _GROUP.finditer(glob):
        parts.append(expression_of_glob(glob[position : group.start()]))
        inside = "|".join(expression_of_glob(each) for each in group[2].split("|"))
        parts.append(
            f"(?!(?:{inside})(?:/|\\Z))[^/]*" if group[1] == "!" else f"(?:{inside}){_COUNTS[group[1]]}"
        )
        position = group.end()
    return "".join((*parts, expression_of_glob(glob[position:])))
