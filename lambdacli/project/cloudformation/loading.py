"""From a document to the resolved template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lambdacli.project.cloudformation.dependencies import faults_of_circles
from lambdacli.project.cloudformation.document import Document
from lambdacli.project.cloudformation.faults import Fault, problem_of
from lambdacli.project.cloudformation.generated import generated_resources
from lambdacli.project.cloudformation.globals import faults_of_globals, with_globals
from lambdacli.project.cloudformation.nested import NestedStacks
from lambdacli.project.cloudformation.no_echo import declared_secrets, masked
from lambdacli.project.cloudformation.parameters import read_parameters
from lambdacli.project.cloudformation.places import Steps
from lambdacli.project.cloudformation.references import Reference, references
from lambdacli.project.cloudformation.resolver import NOTHING, Generated, Resolver
from lambdacli.project.cloudformation.resource_types import NESTED_STACKS, resource_type
from lambdacli.project.cloudformation.shape import SAM_TRANSFORM, faults_of_shape, transforms
from lambdacli.project.cloudformation.template import (
    MissingParameters,
    Output,
    Resource,
    Surroundings,
    Template,
    TemplateError,
)
from lambdacli.project.cloudformation.texts import named, text_of
from lambdacli.project.records import Problem


def template_of(document: Document, surroundings: Surroundings) -> Template:
    """Raises TemplateError with every problem that was found."""
    try:
        return _template(document, surroundings)
    except MissingParameters:
        raise
    except TemplateError as error:
        problems = masked(error.problems, declared_secrets(document, surroundings.overrides))
        raise TemplateError(document.file.parent, problems) from None


def _template(document: Document, surroundings: Surroundings) -> Template:
    try:
        return _Loading(document, surroundings).template()
    except Fault as fault:
        raise _error(document, [fault]) from fault
    except RecursionError as error:
        message = "values lead to each other through too many steps"
        raise _error(document, [Fault((), message, "write some of the names out")]) from error


class _Loading:
    def __init__(self, document: Document, surroundings: Surroundings) -> None:
        _raise_any(document, faults_of_shape(document.values))
        self._uses_sam = SAM_TRANSFORM in transforms(document.values)
        _raise_any(document, faults_of_globals(document.values.get("Globals") or {}))
        self._written = document
        self._document = with_globals(document)
        self._surroundings = surroundings
        self._stack = surroundings.stack or _stack_name(document)
        self._parameters, self._problems = read_parameters(
            document, surroundings.overrides, surroundings.lookup
        )
        resources = self._document.values["Resources"]
        self._generated = generated_resources(resources) if self._uses_sam else {}
        self._translation: Document | None = None
        self._nested = NestedStacks(self._document, surroundings, self._stack, template_of)
        self._resolver = self._resolver_of(self._document)

    def template(self) -> Template:
        conditions = self._conditions()
        self._check_references(conditions)
        resources = self._resources(self._document, self._resolver, conditions)
        nested = self._nested_stacks(resources)
        written = self._document.values["Resources"]
        return Template(
            file=self._document.file,
            description=self._document.values.get("Description", ""),
            stack=self._stack,
            region=self._surroundings.region,
            account=self._surroundings.account,
            uses_sam=self._uses_sam,
            resources=resources,
            left_out={
                logical_id: resource["Condition"]
                for logical_id, resource in written.items()
                if not _is_made(resource, conditions)
            },
            outputs=self._outputs(conditions),
            parameters=self._parameters,
            conditions=conditions,
            problems=tuple(self._problems),
            nested=nested,
            within=self._surroundings.within,
            _attribute=self._attribute,
            _translate=self._translate,
        )

    # Before anything is resolved

    def _conditions(self) -> dict[str, bool]:
        conditions: dict[str, bool] = {}
        faults = []
        for name in self._document.values.get("Conditions") or {}:
            try:
                conditions[name] = self._resolver.condition(name, ("Conditions", name))
            except Fault as fault:
                faults.append(fault)
        for logical_id, resource in self._document.values["Resources"].items():
            condition = resource.get("Condition")
            if condition is not None and condition not in conditions and not faults:
                path: Steps = ("Resources", logical_id, "Condition")
                message = (
                    f"Template format error: Unresolved condition dependency {condition} in the "
                    f"Resources block "
                    "of the template"
                )
                faults.append(Fault(path, message, "write it in Conditions"))
        _raise_any(self._document, faults)
        return conditions

    def _check_references(self, conditions: Mapping[str, bool]) -> None:
        """Everything, also what no condition takes: the cloud does not make a template with loose ends."""
        _raise_any(self._document, self._loose_ends())
        written = self._document.values["Resources"]
        made = {name: resource for name, resource in written.items() if _is_made(resource, conditions)}
        _raise_any(self._document, faults_of_circles(made, conditions))

    def _loose_ends(self) -> Iterator[Fault]:
        resources = self._document.values["Resources"]
        for logical_id, resource in resources.items():
            path: Steps = ("Resources", logical_id)
            for key in ("Properties", "Metadata"):
                yield from self._unknown(references(resource.get(key), (*path, key)), "Resources")
            depends = resource.get("DependsOn") or []
            for each in depends if isinstance(depends, list) else [depends]:
                yield from self._unknown(_dependency(each, path, resources), "Resources")
        for name, output in (self._document.values.get("Outputs") or {}).items():
            yield from self._unknown(references(output, ("Outputs", name)), "Outputs")

    def _unknown(self, found: Iterator[Reference], block: str) -> Iterator[Fault]:
        for reference in found:
            name = reference.name
            if reference.attribute is None and (name in self._resolver.pseudo or name in self._parameters):
                continue
            if name in ("AWS::NoValue",) or name in self._document.values["Resources"]:
                continue
            if self._generated_resource(name) is not None or not name:
                continue
            hint = self._resolver.nearest_of(name)
            if reference.attribute is None:
                message = (
                    f"Template format error: Unresolved resource dependencies [{name}] in the {block} block "
                    "of the template"
                )
            else:
                message = f"Template error: instance of Fn::GetAtt references undefined resource {name}"
            yield Fault(reference.path, message, hint)

    # Resources and outputs

    def _resources(
        self, document: Document, resolver: Resolver, conditions: Mapping[str, bool]
    ) -> dict[str, Resource]:
        faults: list[Fault] = []
        made: dict[str, Resource] = {}
        for logical_id, resource in document.values["Resources"].items():
            if not _is_made(resource, conditions):
                continue
            try:
                made[logical_id] = self._resource(document, resolver, logical_id, resource, faults)
            except Fault as fault:
                faults.append(fault)
        _raise_any(document, faults)
        return made

    def _resource(
        self,
        document: Document,
        resolver: Resolver,
        logical_id: str,
        resource: Mapping[str, Any],
        faults: list[Fault],
    ) -> Resource:
        path: Steps = ("Resources", logical_id)
        kind = resource_type(resource["Type"])
        properties: dict[str, Any] = {}
        for name, value in (resource.get("Properties") or {}).items():
            try:
                resolved = resolver.property_value(logical_id, name, value)
            except Fault as fault:
                self._keep(fault, faults, document, is_needed=kind.is_used)
                continue
            if resolved is not NOTHING:
                properties[name] = resolved
        metadata: dict[str, Any] = {}
        for name, value in (resource.get("Metadata") or {}).items():
            try:
                metadata[name] = resolver.value(value, (*path, "Metadata", name))
            except Fault as fault:
                self._keep(fault, faults, document, is_needed=False)
        depends = resource.get("DependsOn") or []
        thing = resolver.thing(logical_id, path)
        return Resource(
            logical_id=logical_id,
            type=resource["Type"],
            properties=properties,
            metadata=metadata,
            depends_on=tuple(depends) if isinstance(depends, list) else (depends,),
            name=thing.name,
            reference=text_of(kind.reference(thing)) or thing.name,
            place=document.places.of(path),
            places=document.places,
            path=path,
            within=self._surroundings.within,
        )

    def _nested_stacks(self, resources: Mapping[str, Resource]) -> dict[str, Template]:
        found: dict[str, Template] = {}
        faults: list[Fault] = []
        for logical_id, resource in resources.items():
            if resource.type not in NESTED_STACKS:
                continue
            try:
                template = self._resolver.nested(logical_id, ("Resources", logical_id))
            except Fault as fault:
                faults.append(fault)
                continue
            if template is not None:
                found[logical_id] = template
        _raise_any(self._document, faults)
        return found

    def _keep(self, fault: Fault, faults: list[Fault], document: Document, *, is_needed: bool) -> None:
        """What has no value here only matters where something is made of it."""
        if fault.is_wrong or is_needed:
            faults.append(fault)
        else:
            self._problems.append(problem_of(fault, document.places))

    def _outputs(self, conditions: Mapping[str, bool]) -> dict[str, Output]:
        made: dict[str, Output] = {}
        faults: list[Fault] = []
        for name, output in (self._document.values.get("Outputs") or {}).items():
            path: Steps = ("Outputs", name)
            try:
                condition = output.get("Condition")
                if condition is None or self._resolver.condition(condition, (*path, "Condition")):
                    made[name] = self._output(name, output, path)
            except Fault as fault:
                self._keep(fault, faults, self._document, is_needed=False)
        _raise_any(self._document, faults)
        return made

    def _output(self, name: str, output: Mapping[str, Any], path: Steps) -> Output:
        value = self._resolver.value(output["Value"], (*path, "Value"))
        text = text_of(value)
        if text is None:
            message = (
                "Template format error: The Value field of every Outputs member must evaluate to a String."
            )
            found = "nothing" if value is NOTHING else named(value)
            raise Fault((*path, "Value"), message, f"it is {found}")
        export = None
        if "Export" in output:
            where: Steps = (*path, "Export", "Name")
            export = text_of(self._resolver.value(output["Export"]["Name"], where))
            if not export:
                message = "Template format error: Output Export Name must evaluate to a String."
                raise Fault(where, message)
        return Output(
            name, text, text_of(output.get("Description")) or "", export, self._document.places.of(path)
        )

    # What is asked of the template later

    def _attribute(self, logical_id: str, name: str) -> Any:
        path: Steps = ("Resources", logical_id)
        try:
            return self._resolver.attribute(logical_id, name, path)
        except Fault as fault:
            raise _error(self._document, [fault]) from fault

    def _translate(self) -> dict[str, Resource]:
        document = self._translated()
        resolver = self._resolver_of(document)
        try:
            conditions = {
                name: resolver.condition(name, ("Conditions", name))
                for name in document.values.get("Conditions") or {}
            }
            return self._resources(document, resolver, conditions)
        except Fault as fault:
            raise _error(document, [fault]) from fault

    def _translated(self) -> Document:
        if not self._uses_sam:
            return self._document
        if self._translation is None:
            from lambdacli.project.cloudformation.transform import translated

            self._translation = translated(self._written, self._parameters, self._surroundings.region)
        return self._translation

    def _resolver_of(self, document: Document) -> Resolver:
        return Resolver(
            document,
            self._parameters,
            self._surroundings,
            self._stack,
            self._generated_resource,
            self._nested.opened,
        )

    def _generated_resource(self, logical_id: str) -> Generated | None:
        if not self._uses_sam:
            return None
        known = self._generated.get(logical_id)
        if known is not None or "." in logical_id:
            return known
        # Only AWS's translator knows the other names; it takes a second to load.
        resource = self._translated().values["Resources"].get(logical_id)
        if resource is None:
            return None
        return Generated(resource["Type"], resource.get("Properties") or {})


def _dependency(each: str, path: Steps, resources: Mapping[str, Any]) -> Iterator[Reference]:
    if each not in resources:
        yield Reference((*path, "DependsOn"), each)


def _is_made(resource: Mapping[str, Any], conditions: Mapping[str, bool]) -> bool:
    condition = resource.get("Condition")
    return condition is None or conditions[condition]


def _stack_name(document: Document) -> str:
    name = re.sub("[^A-Za-z0-9-]+", "-", document.file.parent.name).strip("-")
    return (name if name[:1].isalpha() else f"stack-{name}".rstrip("-"))[:128]


def _raise_any(document: Document, faults: Iterator[Fault] | list[Fault]) -> None:
    found = list(faults)
    if found:
        raise _error(document, found)


def _error(document: Document, faults: list[Fault]) -> TemplateError:
    problems: dict[Problem, None] = {problem_of(fault, document.places): None for fault in faults}
    return TemplateError(document.file.parent, tuple(problems))
