"""Stacks within a stack: opens the templates that a template names by local paths, each once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lambdacli.project.cloudformation.document import Document, read_document
from lambdacli.project.cloudformation.faults import Fault
from lambdacli.project.cloudformation.places import Place, Steps
from lambdacli.project.cloudformation.resolver import Resolver
from lambdacli.project.cloudformation.resource_types import NESTED_STACKS
from lambdacli.project.cloudformation.template import (
    MissingParameters,
    Surroundings,
    Template,
)
from lambdacli.project.cloudformation.texts import named, text_of

_ELSEWHERE = ("s3://", "https://", "http://")


@dataclass
class NestedStacks:
    """Of one template. `stack` is its own name."""

    document: Document
    surroundings: Surroundings
    stack: str
    open_template: Callable[[Document, Surroundings], Template]

    def __post_init__(self) -> None:
        self._opened: dict[str, Template] = {}

    def opened(self, resolver: Resolver, logical_id: str) -> Template | None:
        """None: its template lies elsewhere. Raises Fault, or the TemplateError of what is wrong in it."""
        if logical_id in self._opened:
            return self._opened[logical_id]
        resource = self.document.values["Resources"][logical_id]
        member = NESTED_STACKS[resource["Type"]]
        path: Steps = ("Resources", logical_id, "Properties", member)
        properties = resource.get("Properties") or {}
        location = self._location(resolver, properties.get(member), path)
        if location is None:
            return None
        file = Path(os.path.normpath(self.document.file.parent / location))
        self._check_file(file, location, path)
        document = read_document(file)
        self._check_parameters(document, properties.get("Parameters") or {}, logical_id)
        around = replace(
            self.surroundings,
            overrides=self._given(resolver, document, logical_id),
            stack=f"{self.stack}-{logical_id}",
            within=(*self.surroundings.within, logical_id),
            files=(*self.surroundings.files, self.document.file),
        )
        try:
            template = self.open_template(document, around)
        except MissingParameters as error:
            names = ", ".join(each.name for each in error.missing)
            hint = f"write them below Parameters; {self._place(error.missing[0].place)} declares the first"
            raise Fault(path[:3], f"Parameters: [{names}] must have values", hint) from error
        self._opened[logical_id] = template
        return template

    def _location(self, resolver: Resolver, written: Any, path: Steps) -> str | None:
        try:
            location = resolver.value(written, path)
        except Fault as fault:
            if fault.is_wrong:
                raise
            return None  # it is told with the resource's properties
        return location if is_local(location) else None

    def _check_file(self, file: Path, location: str, path: Steps) -> None:
        if not file.is_file():
            raise Fault(path, f"{location} does not exist", "it is looked for beside this template")
        chain = (*self.surroundings.files, self.document.file)
        if file in chain:
            names = " → ".join(each.name for each in (*chain[chain.index(file) :], file))
            raise Fault(path, f"Circular dependency: {names}", "a stack cannot hold itself")

    def _check_parameters(self, document: Document, given: Any, logical_id: str) -> None:
        path: Steps = ("Resources", logical_id, "Properties", "Parameters")
        if not isinstance(given, dict):
            raise Fault(path, f"Parameters must be a mapping, not {named(given)}")
        declared = document.values.get("Parameters")
        for name in given:
            if not isinstance(declared, dict) or name not in declared:
                message = f"Parameters: [{name}] do not exist in the template"
                raise Fault(
                    (*path, name),
                    message,
                    f"{os.path.relpath(document.file, self.document.file.parent)} declares none of this name",
                )

    def _given(self, resolver: Resolver, document: Document, logical_id: str) -> Mapping[str, str]:
        """What has no value on this machine leaves the nested template's default."""
        path: Steps = ("Resources", logical_id, "Properties", "Parameters")
        given: dict[str, str] = {}
        for name, value in (self._properties(logical_id).get("Parameters") or {}).items():
            declaration = document.values["Parameters"][name]
            try:
                resolved = resolver.setting_value(value, (*path, name), "AWS::CloudFormation::Stack")
            except Fault as fault:
                if fault.is_wrong or not isinstance(declaration, dict) or "Default" not in declaration:
                    raise
                continue
            text = _text(resolved)
            if text is None:
                if value == {"Ref": "AWS::NoValue"}:
                    continue
                message = "Value of property Parameters must be an object with String values"
                raise Fault((*path, name), message, f"it is {named(resolved)}")
            given[name] = text
        return given

    def _place(self, place: Place) -> str:
        return f"{os.path.relpath(place.file, self.document.file.parent)}:{place.line}"

    def _properties(self, logical_id: str) -> Mapping[str, Any]:
        return self.document.values["Resources"][logical_id].get("Properties") or {}


def is_local(location: object) -> bool:
    """Not in S3, nor in the repository of applications."""
    return isinstance(location, str) and location != "" and not location.startswith(_ELSEWHERE)


def _text(value: Any) -> str | None:
    """A list is one text, with commas."""
    if isinstance(value, list):
        texts = [text_of(each) for each in value]
        return None if None in texts else ",".join(each for each in texts if each is not None)
    return text_of(value)
