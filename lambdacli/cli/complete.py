"""`lam __complete`: what a shell offers after Tab. Starts nothing and never fails."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from lambdacli.cli import render
from lambdacli.client import control, http, local
from lambdacli.model.location import Place, locate


def complete(arguments: Sequence[str]) -> int:
    try:
        names = _names_for(list(arguments))
    except Exception:
        # An error text in the middle of somebody's command line helps nobody.
        return 0
    for name in names:
        render.output(name)
    return 0


def _names_for(arguments: list[str]) -> list[str]:
    match arguments:
        case ["functions"]:
            return _functions(locate(Path.cwd(), os.environ))
        case ["events"]:
            return _event_files(locate(Path.cwd(), os.environ))
        case ["event", *words]:
            return _samples(words)
        case ["event-options", "generate", *words]:
            return _sample_options(words)
    return []


def _functions(place: Place) -> list[str]:
    return _running_names(place) or _declared_names(place)


def _event_files(place: Place) -> list[str]:
    """The events that the project keeps, also when the shell stands elsewhere in it."""
    if place.project_file is None:
        return []
    folder = place.project_file.parent
    found = [*sorted(folder.glob("events/*.json")), *sorted(folder.glob("*/events/*.json"))]
    return [os.path.relpath(file) for file in found]


def _samples(words: list[str]) -> list[str]:
    """Services, then the types of one, for the words behind `lam event`."""
    from lambdacli.samples import catalogue

    match _plain(words):
        case ["generate" | "list"]:
            return catalogue.services()
        case ["generate", service]:
            return catalogue.types(service)
    return []


def _sample_options(words: list[str]) -> list[str]:
    from lambdacli.samples import generator

    service, type_ = _plain(words)
    via = [after for before, after in pairwise(words) if before == "--via"]
    wish = generator.Wish(service, type_, tuple(via[0].split(",")) if via else ())
    return [parameter.option for _, parameter in generator.parameters(wish).values()]


def _plain(words: list[str]) -> list[str]:
    """Without options, and without what follows one."""
    return [
        word
        for before, word in pairwise(["", *words])
        if not word.startswith("-") and not before.startswith("-")
    ]


def _running_names(place: Place) -> list[str]:
    try:
        running = control.find(place)
        return [] if running is None else [str(each["name"]) for each in local.functions(running.endpoint)]
    except (control.ControlError, http.HttpError, local.ApiError):
        return []


def _declared_names(place: Place) -> list[str]:
    return [] if place.project_file is None else names_in(place.project_file.read_text().splitlines())


def names_in(lines: Iterable[str]) -> list[str]:
    """The keys right below `functions:`. A YAML parser would take longer to load than the shell waits."""
    names: list[str] = []
    indent: int | None = None
    is_inside = False
    for line in lines:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        depth = len(line) - len(line.lstrip())
        if depth == 0:
            is_inside, indent = bool(re.match(r"functions\s*:", line)), None
        elif is_inside:
            indent = depth if indent is None else indent
            match = re.match(r"""["']?([A-Za-z0-9_-]+)["']?\s*:""", stripped)
            if depth == indent and match:
                names.append(match[1])
    return names
