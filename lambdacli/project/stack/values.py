"""The properties of a resource, read by kind; gathers what is wrong, and remembers what nobody asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambdacli.project.cloudformation.dynamic import has_references
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.records import Problem
from lambdacli.project.stack.declared import Finding

_ASKED_LATER = "its value is asked for when the service runs"


@dataclass(slots=True)
class Notes:
    """What is told of a template while it is read."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """Why a function that somebody may ask for is none here, by each of its names."""


class Values:
    """A mapping within a resource. Numbers and flags may be texts, as values of parameters are."""

    def __init__(
        self,
        resource: Resource,
        notes: Notes,
        values: Mapping[str, Any] | None = None,
        path: str = "Properties",
    ) -> None:
        self.resource = resource
        self.notes = notes
        self.values = resource.properties if values is None else values
        self.path = path
        self._asked: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    # Kinds

    def raw(self, name: str) -> Any:
        self._asked.add(name)
        return self.values.get(name)

    def text(self, name: str) -> str | None:
        value = self.raw(name)
        text = text_of(value)
        if value is not None and text is None:
            self.complain(name, f"must be a text, not {_told(value)}")
        return text

    def number(self, name: str, minimum: int, maximum: int) -> int | None:
        value = self.raw(name)
        if value is None:
            return None
        text = text_of(value) or ""
        if has_references(text):
            self.ignored(name, _ASKED_LATER)
            return None
        number = int(text) if text.lstrip("-").isdigit() and not isinstance(value, bool) else None
        if number is None or not minimum <= number <= maximum:
            self.complain(name, f"must be a number from {minimum} to {maximum}, not {_told(value)}")
            return None
        return number

    def flag(self, name: str) -> bool | None:
        value = self.raw(name)
        if value is None or isinstance(value, bool):
            return value
        found = {"true": True, "false": False}.get(str(value).lower())
        if found is None:
            self.complain(name, f"must be true or false, not {_told(value)}")
        return found

    def choice(self, name: str, *choices: str) -> str | None:
        text = self.text(name)
        if text is not None and text not in choices:
            self.complain(name, f"must be {' or '.join(choices)}, not {text}")
            return None
        return text

    def texts(self, name: str) -> tuple[str, ...]:
        """A list; one text alone is a list of one."""
        value = self.raw(name)
        if value is None:
            return ()
        elements = value if isinstance(value, list | tuple) else [value]
        found = [text_of(each) for each in elements]
        if any(each is not None and has_references(each) for each in found):
            self.ignored(name, _ASKED_LATER)
            found = [each for each in found if each is None or not has_references(each)]
        if any(each is None for each in found):
            self.complain(name, f"must be a list of texts, not {_told(value)}")
        return tuple(each for each in found if each is not None)

    def below(self, name: str) -> Values | None:
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.complain(name, f"must be a mapping, not {_told(value)}")
            return None
        return Values(self.resource, self.notes, value, f"{self.path}.{name}")

    def each_below(self, name: str) -> Iterator[tuple[str, Values]]:
        """The mappings of a mapping or list, with their keys or numbers."""
        value = self.raw(name)
        if value is None:
            return
        if isinstance(value, Mapping):
            pairs = [(str(key), each) for key, each in value.items()]
        elif isinstance(value, list | tuple):
            pairs = [(str(number), each) for number, each in enumerate(value)]
        else:
            self.complain(name, f"must be a mapping or a list, not {_told(value)}")
            return
        for key, each in pairs:
            if isinstance(each, Mapping):
                yield key, Values(self.resource, self.notes, each, f"{self.path}.{name}.{key}")
            elif each is not None:
                self.complain(f"{name}.{key}", f"must be a mapping, not {_told(each)}")

    def of_names(self, name: str) -> dict[str, str] | None:
        """A mapping of names to texts; None: it is not there."""
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.complain(name, f"must be a mapping, not {_told(value)}")
            return None
        found: dict[str, str] = {}
        for key, each in value.items():
            text = "" if each is None else text_of(each)
            if text is None:
                self.complain(f"{name}.{key}", f"must be a text, not {_told(each)}")
            else:
                found[str(key)] = text
        return found

    # What is told

    def complain(self, name: str, message: str, hint: str = "") -> None:
        self.notes.problems.append(self._problem(name, message, hint))

    def warn(self, name: str, message: str, hint: str = "") -> None:
        self.notes.warnings.append(self._problem(name, message, hint))

    def used(self, name: str, text: str) -> None:
        self._find(name, True, text)

    def ignored(self, name: str, why: str) -> None:
        self._asked.add(name)
        self._find(name, False, why)

    def rest(self, reasons: Mapping[str, str], otherwise: str) -> None:
        """What nobody asked for has no effect."""
        for name in self.values:
            if name not in self._asked and self.values[name] is not None:
                self.ignored(name, reasons.get(name, otherwise))

    def line(self, name: str = "") -> int:
        return self.resource.position_of(f"{self.path}.{name}" if name else self.path)

    def subject(self, name: str = "") -> str:
        return ".".join(filter(None, (self.resource.logical_id, self.path, name)))

    def _problem(self, name: str, message: str, hint: str) -> Problem:
        place = self.resource.place_of(f"{self.path}.{name}" if name else self.path)
        return Problem(place.file, place.line, place.column, self.subject(name), message, hint)

    def _find(self, name: str, is_used: bool, text: str) -> None:
        place = self.resource.place_of(f"{self.path}.{name}" if name else self.path)
        self.notes.findings.append(Finding(place.file, place.line, self.subject(name), is_used, text))


def text_of(value: object) -> str | None:
    """Of a scalar, as CloudFormation makes a text of it; None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    return None


def resource_used(resource: Resource, notes: Notes, text: str) -> None:
    place = resource.place
    notes.findings.append(Finding(place.file, place.line, resource.logical_id, True, text))


def resource_ignored(resource: Resource, notes: Notes, why: str) -> None:
    place = resource.place
    notes.findings.append(Finding(place.file, place.line, resource.logical_id, False, why))


def _told(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
