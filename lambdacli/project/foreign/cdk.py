"""What `cdk synth` wrote (a cdk.out folder) as one template: its stacks, their nested ones, and assets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lambdacli.project.cloudformation.document import Document, read_document
from lambdacli.project.cloudformation.loading import template_of
from lambdacli.project.cloudformation.template import Surroundings, Template, TemplateError
from lambdacli.project.foreign.cdk_manifest import Assembly, StackArtifact, read_assembly
from lambdacli.project.foreign.rewriting import Rewriting
from lambdacli.project.foreign.serverless_functions import SHORT_NAMES
from lambdacli.project.foreign.written import TemplateWriter, Written
from lambdacli.project.records import Problem

MANIFEST = "manifest.json"

_NESTED = "AWS::CloudFormation::Stack"
_NOTIFICATIONS = "Custom::S3BucketNotifications"
_OF_THE_TOOLKIT = ("AWS::CDK::Metadata",)
_TOOLKIT_PARAMETER = "BootstrapVersion"
_TOOLKIT_CONDITION = "CDKMetadataAvailable"
_OLD_ASSETS = "AssetParameters"
_CODE = {
    "AWS::Lambda::Function": "Code",
    "AWS::Lambda::LayerVersion": "Content",
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}
_PATH = "aws:cdk:path"
_ASSET = "aws:asset:path"


def load(path: Path, surroundings: Surroundings) -> tuple[Template, tuple[Path, ...]]:
    """`path` is a cdk.out, an assembly's folder within one, its manifest.json, or the template of one of its
    stacks: that one then, with those that it depends on. The files are those that it was read from.

    Raises TemplateError with every problem that was found."""
    path = path.absolute()
    assembly = read_assembly(path if path.is_dir() else path.parent)
    chosen = None if path.is_dir() or path.name == MANIFEST else path
    stacks = assembly.stacks if chosen is None else assembly.needed_by(chosen)
    merging = _Merging(assembly, stacks)
    document = merging.document()
    region, account = _environment(stacks)
    around = replace(
        surroundings,
        region=region or surroundings.region,
        account=account or surroundings.account,
        stack=stacks[0].stack_name if len(stacks) == 1 else surroundings.stack,
        overrides=merging.overrides(surroundings.overrides),
    )
    template = template_of(document, around)
    problems = (*merging.remarks, *template.problems)
    return replace(template, problems=problems), (assembly.folder / MANIFEST, *merging.files)


def _environment(stacks: Sequence[StackArtifact]) -> tuple[str | None, str | None]:
    """Region and account, where all stacks are for the same ones."""
    regions = {stack.region for stack in stacks}
    accounts = {stack.account for stack in stacks}
    return (
        regions.pop() if len(regions) == 1 else None,
        accounts.pop() if len(accounts) == 1 else None,
    )


@dataclass
class _Scope:
    """One template of the assembly, and what it is within the whole."""

    artifact: StackArtifact
    document: Document
    stack_name: str
    names: dict[str, str] = field(default_factory=dict)
    """Logical ids, conditions, mappings and parameters that are called otherwise in the whole."""
    nested: dict[str, _Scope] = field(default_factory=dict)
    parent: _Scope | None = None
    nested_id: str = ""
    """In the parent."""

    def section(self, name: str) -> Mapping[str, Any]:
        found = self.document.values.get(name)
        return found if isinstance(found, Mapping) else {}

    @property
    def resources(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for logical_id, resource in self.section("Resources").items():
            if isinstance(resource, Mapping) and resource.get("Type") not in _OF_THE_TOOLKIT:
                yield logical_id, resource

    @cached_property
    def given(self) -> Mapping[str, Any]:
        """Values that the parent hands to a nested stack's parameters."""
        if self.parent is None:
            return {}
        resource = self.parent.section("Resources")[self.nested_id]
        return (resource.get("Properties") or {}).get("Parameters") or {}


class _Merging:
    """From the templates of an assembly to one, in which every reference leads to what it meant."""

    def __init__(self, assembly: Assembly, stacks: Sequence[StackArtifact]) -> None:
        self.assembly = assembly
        manifest = Document(assembly.folder / MANIFEST, {}, read_document(assembly.folder / MANIFEST).places)
        self._writer = TemplateWriter(manifest)
        self._scopes = [
            scope
            for stack in stacks
            for scope in self._opened(_Scope(stack, read_document(stack.file), stack.stack_name))
        ]
        self._name_all()

    @property
    def remarks(self) -> tuple[Problem, ...]:
        return tuple(self._writer.remarks)

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(scope.document.file for scope in self._scopes))

    def overrides(self, given: Mapping[str, str]) -> Mapping[str, str]:
        """Of parameters that there are; a name that two stacks declare differently means both."""
        found: dict[str, str] = {}
        for scope in self._scopes:
            for name in scope.section("Parameters"):
                if name in given:
                    found[scope.names.get(name, name)] = given[name]
        return found

    def document(self) -> Document:
        for scope in self._scopes:
            self._merge(scope)
        if self._writer.problems:
            raise TemplateError(self.assembly.folder, tuple(self._writer.problems))
        return self._writer.document()

    # Stacks within stacks

    def _opened(self, scope: _Scope) -> Iterator[_Scope]:
        yield scope
        for logical_id, resource in scope.resources:
            if resource.get("Type") != _NESTED:
                continue
            file = self._nested_file(scope, resource)
            if file is None:
                at = Written(resource, scope.document.places, ("Resources", logical_id))
                message = "the template of this nested stack is not in the assembly"
                self._writer.remark(at, message, "its resources are missing")
                continue
            name = f"{scope.stack_name}-{logical_id}"
            document = read_document(file)
            nested = _Scope(scope.artifact, document, name, parent=scope, nested_id=logical_id)
            scope.nested[logical_id] = nested
            yield from self._opened(nested)

    def _nested_file(self, scope: _Scope, resource: Mapping[str, Any]) -> Path | None:
        path = (resource.get("Metadata") or {}).get(_ASSET)
        folder = scope.artifact.file.parent
        if isinstance(path, str) and (folder / path).is_file():
            return folder / path
        return scope.artifact.asset_in(str((resource.get("Properties") or {}).get("TemplateURL")))

    # Names

    def _name_all(self) -> None:
        """A name that an earlier template has already is put behind the stack's."""
        taken: dict[str, set[str]] = {"Resources": set(), "Conditions": set(), "Mappings": set()}
        parameters: dict[str, Any] = {}
        for scope in self._scopes:
            prefix = "".join(character for character in scope.stack_name if character.isalnum())
            for section, names in taken.items():
                for name in scope.section(section):
                    if name in names:
                        scope.names[name] = _free(f"{prefix}{name}", names)
                    names.add(scope.names.get(name, name))
            for name, declaration in scope.section("Parameters").items():
                if scope.parent is None and parameters.setdefault(name, declaration) != declaration:
                    scope.names[name] = _free(f"{prefix}{name}", parameters)
                    parameters[scope.names[name]] = declaration

    @cached_property
    def _exports(self) -> list[tuple[_Scope, str, Any]]:
        return [
            (scope, output["Export"]["Name"], output.get("Value"))
            for scope in self._scopes
            for output in scope.section("Outputs").values()
            if isinstance(output, Mapping) and isinstance((output.get("Export") or {}).get("Name"), str)
        ]

    # Values

    def _rewriting(self, scope: _Scope) -> Rewriting:
        return Rewriting(
            name=lambda name: scope.names.get(name, name),
            reference=lambda name: self._referenced(scope, name),
            attribute=lambda name, attribute: self._attribute(scope, name, attribute),
            imported=lambda name: self._imported(scope, name),
        )

    def _referenced(self, scope: _Scope, name: str) -> Any:
        if name == "AWS::StackName":
            return scope.stack_name
        if scope.parent is not None and name in scope.section("Parameters"):
            if name in scope.given:
                return self._rewriting(scope.parent).of(scope.given[name])
            return scope.section("Parameters")[name].get("Default", "")
        return None

    def _attribute(self, scope: _Scope, name: str, attribute: str) -> Any:
        nested = scope.nested.get(name)
        if nested is None or not attribute.startswith("Outputs."):
            return None
        output = nested.section("Outputs").get(attribute.removeprefix("Outputs."))
        return None if output is None else self._rewriting(nested).of(output.get("Value"))

    def _imported(self, scope: _Scope, name: Any) -> Any:
        """Two stages may export the same name, each for itself."""
        exports = [(exporting, value) for exporting, told, value in self._exports if told == name]
        folder = scope.artifact.file.parent
        own = [each for each in exports if each[0].artifact.file.parent == folder]
        if not exports:
            return None
        exporting, value = (own or exports)[0]
        return self._rewriting(exporting).of(value)

    # Sections

    def _merge(self, scope: _Scope) -> None:
        rewriting = self._rewriting(scope)
        for logical_id, resource in scope.resources:
            # The resources of a nested stack stand for it.
            if resource.get("Type") == _NOTIFICATIONS or logical_id in scope.nested:
                continue
            rewritten = self._resource(scope, logical_id, resource, rewriting)
            self._put("Resources", scope, logical_id, rewritten)
        for logical_id, resource in scope.resources:
            if resource.get("Type") == _NOTIFICATIONS:
                self._notify(scope, logical_id, rewriting.of(resource.get("Properties") or {}))
        for name, condition in scope.section("Conditions").items():
            if name != _TOOLKIT_CONDITION:
                self._put("Conditions", scope, name, rewriting.of(condition))
        for name, mapping in scope.section("Mappings").items():
            self._put("Mappings", scope, name, mapping)
        if scope.parent is not None:
            return
        for name, declaration in scope.section("Parameters").items():
            if name != _TOOLKIT_PARAMETER:
                is_old = name.startswith(_OLD_ASSETS) and isinstance(declaration, Mapping)
                self._put(
                    "Parameters", scope, name, {"Default": "", **declaration} if is_old else declaration
                )
        for name, output in scope.section("Outputs").items():
            self._put("Outputs", scope, name, rewriting.of(output))

    def _put(self, section: str, scope: _Scope, name: str, value: Any) -> None:
        written = Written(value, scope.document.places, (section, name))
        self._writer.merge(section, scope.names.get(name, name), written)

    def _resource(
        self, scope: _Scope, logical_id: str, resource: Mapping[str, Any], rewriting: Rewriting
    ) -> dict[str, Any]:
        rewritten: dict[str, Any] = rewriting.of(resource)
        if isinstance(resource.get("Condition"), str):
            rewritten["Condition"] = rewriting.name(resource["Condition"])
        depends = resource.get("DependsOn")
        if depends:
            each = depends if isinstance(depends, list) else [depends]
            left = [name for name in each if isinstance(name, str) and self._is_kept(scope, name)]
            rewritten["DependsOn"] = [rewriting.name(name) for name in left]
        metadata = dict(rewritten.get("Metadata") or {})
        path = metadata.get(_PATH) or scope.artifact.construct_paths.get(logical_id)
        if isinstance(path, str):
            metadata[_PATH] = path
            metadata[SHORT_NAMES] = list(dict.fromkeys((path, path.removesuffix("/Resource"))))
        code = _CODE.get(str(resource.get("Type")))
        if code is not None:
            self._take_asset(scope, code, resource, rewritten, metadata)
        if metadata:
            rewritten["Metadata"] = metadata
        return rewritten

    @staticmethod
    def _is_kept(scope: _Scope, name: str) -> bool:
        resource = scope.section("Resources").get(name)
        kind = resource.get("Type") if isinstance(resource, Mapping) else None
        return name not in scope.nested and kind not in (*_OF_THE_TOOLKIT, _NOTIFICATIONS)

    def _take_asset(
        self,
        scope: _Scope,
        code: str,
        resource: Mapping[str, Any],
        rewritten: dict[str, Any],
        metadata: dict[str, Any],
    ) -> None:
        """Code that would lie in the toolkit's bucket lies in a folder or archive of the assembly."""
        location = (resource.get("Properties") or {}).get(code)
        path: Path | None = None
        if isinstance(location, Mapping) and isinstance(location.get("S3Key"), str):
            path = scope.artifact.asset_in(location["S3Key"])
        told = metadata.pop(_ASSET, None)
        if path is None and isinstance(told, str):
            path = Path(os.path.normpath(scope.artifact.file.parent / told))
        if path is None:
            return
        relative = os.path.relpath(path, self.assembly.folder)
        rewritten["Properties"] = {**(rewritten.get("Properties") or {}), code: relative}
        metadata[_ASSET] = relative

    def _notify(self, scope: _Scope, logical_id: str, properties: Mapping[str, Any]) -> None:
        """A bucket's notifications, which the toolkit lets a function of its own set up."""
        bucket = properties.get("BucketName")
        name = bucket.get("Ref") if isinstance(bucket, Mapping) else None
        at = Written(properties, scope.document.places, ("Resources", logical_id))
        if not isinstance(name, str) or not self._writer.has(name):
            self._writer.remark(at, "notifies of a bucket that is not in the assembly", "it does not fire")
            return
        configured = properties.get("NotificationConfiguration") or {}
        notifications = [
            notification
            for each in configured.get("LambdaFunctionConfigurations") or ()
            for notification in _notifications(each)
        ]
        written = self._writer.properties(name).setdefault("NotificationConfiguration", {})
        written.setdefault("LambdaConfigurations", []).extend(notifications)


def _notifications(configured: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """As CloudFormation writes them: one for each kind of event."""
    rules = ((configured.get("Filter") or {}).get("Key") or {}).get("FilterRules")
    for event in configured.get("Events") or ():
        notification = {"Event": event, "Function": configured.get("LambdaFunctionArn")}
        yield {**notification, "Filter": {"S3Key": {"Rules": rules}}} if rules else notification


def _free(name: str, taken: set[str] | Mapping[str, Any]) -> str:
    number = 2
    free = name
    while free in taken:
        free = f"{name}{number}"
        number += 1
    return free
