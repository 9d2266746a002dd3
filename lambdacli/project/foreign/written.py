"""Values with their places, and a template's document made of them: what is copied keeps its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from lambdacli.model.record import record
from lambdacli.project.cloudformation.document import Document
from lambdacli.project.cloudformation.places import Place, Places, Steps
from lambdacli.project.records import Problem


@record
class Written:
    """A value of a document. What is not there has the value None and the place of what it is missing in."""

    value: Any
    places: Places
    path: Steps = ()

    def __bool__(self) -> bool:
        return self.value is not None

    @property
    def place(self) -> Place:
        return self.places.of(self.path)

    @property
    def name(self) -> str:
        return ".".join(str(step) for step in self.path)

    def at(self, *keys: str) -> Written:
        """The member below these keys."""
        current: Written = self
        for key in keys:
            value = current.value.get(key) if isinstance(current.value, Mapping) else None
            current = Written(value, self.places, (*current.path, key))
        return current

    def members(self) -> Iterator[tuple[str, Written]]:
        if isinstance(self.value, Mapping):
            for key, value in self.value.items():
                yield str(key), Written(value, self.places, (*self.path, key))

    def items(self) -> Iterator[Written]:
        """A single value counts as a list of one, nothing as an empty one."""
        if isinstance(self.value, list):
            for index, value in enumerate(self.value):
                yield Written(value, self.places, (*self.path, index))
        elif self.value is not None:
            yield self

    def text(self, default: str = "") -> str:
        return default if self.value is None or isinstance(self.value, Mapping | list) else str(self.value)


class TemplateWriter:
    """Gathers resources. A value that is None is left out, with its key."""

    def __init__(self, source: Document) -> None:
        self.source = source
        self.problems: list[Problem] = []
        """Mistakes: without a remedy there is no template."""
        self.remarks: list[Problem] = []
        """What is left out here, and why."""
        self._sections: dict[str, dict[str, Any]] = {"Resources": {}}
        self._known: dict[Steps, Place] = {}

    def add(
        self,
        logical_id: str,
        kind: str,
        properties: Mapping[str, Any],
        at: Written,
        metadata: Mapping[str, Any] | None = None,
        depends_on: Sequence[str] = (),
    ) -> None:
        path: Steps = ("Resources", logical_id)
        self._known[path] = at.place
        resource = {"Type": kind, "Properties": properties, "Metadata": metadata or None}
        copied = self._copied(resource, path)
        if depends_on:
            copied["DependsOn"] = list(depends_on)
        self._sections["Resources"][logical_id] = copied

    def has(self, logical_id: str) -> bool:
        return logical_id in self._sections["Resources"]

    def properties(self, logical_id: str) -> dict[str, Any]:
        """Of a resource that was added, to be added to."""
        properties: dict[str, Any] = self._sections["Resources"][logical_id].setdefault("Properties", {})
        return properties

    def output(self, name: str, value: Any, at: Written, export: str = "") -> None:
        given = {"Value": value, "Export": {"Name": export} if export else None}
        self._known[("Outputs", name)] = at.place
        self._sections.setdefault("Outputs", {})[name] = self._copied(given, ("Outputs", name))

    def merge(self, section: str, name: str, given: Written) -> None:
        """What somebody wrote himself goes over what was made for him."""
        sections = self._sections.setdefault(section, {})
        path: Steps = (section, name)
        self._known[path] = given.place
        sections[name] = self._merged(sections.get(name), given, path)

    def document(self) -> Document:
        return Document(self.source.file, self._sections, Places(self.source.file, self._known))

    def complain(self, at: Written, message: str, hint: str = "") -> None:
        self.problems.append(_problem(at, message, hint))

    def remark(self, at: Written, message: str, hint: str = "") -> None:
        self.remarks.append(_problem(at, message, hint))

    def _merged(self, old: Any, given: Written, path: Steps) -> Any:
        if isinstance(old, dict) and isinstance(given.value, Mapping):
            members = {key: self._merged(old.get(key), each, (*path, key)) for key, each in given.members()}
            return {**old, **members}
        return self._copied(given, path)

    def _copied(self, value: Any, path: Steps) -> Any:
        if isinstance(value, Written):
            self._known[path] = value.place
            if isinstance(value.value, Mapping):
                return {key: self._copied(each, (*path, key)) for key, each in value.members()}
            if isinstance(value.value, list):
                return [self._copied(each, (*path, index)) for index, each in enumerate(value.items())]
            return value.value
        if isinstance(value, Mapping):
            copied = {key: self._copied(each, (*path, key)) for key, each in value.items()}
            return {key: each for key, each in copied.items() if each is not None}
        if isinstance(value, list | tuple):
            return [self._copied(each, (*path, index)) for index, each in enumerate(value)]
        return value


@record
class NamedFunction:
    """A function of the service, as its events need to know it."""

    key: str
    """Its short name, below `functions`."""
    identifier: str
    """What logical ids begin with."""
    written: Written
    target: Mapping[str, Any] = field(default_factory=dict)
    """Its ARN, with the alias of its provisioned concurrency."""

    @property
    def logical_id(self) -> str:
        return f"{self.identifier}LambdaFunction"

    @property
    def arn(self) -> Mapping[str, Any]:
        return {"Fn::GetAtt": [self.logical_id, "Arn"]}


def _problem(at: Written, message: str, hint: str) -> Problem:
    place = at.place
    return Problem(place.file, place.line, place.column, at.name, message, hint)
