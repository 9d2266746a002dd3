"""Whether a document has the form of a template: sections, names, resources and what stands in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lambdacli.model.nearest import nearest
from lambdacli.project.cloudformation.faults import Fault
from lambdacli.project.cloudformation.places import Steps
from lambdacli.project.cloudformation.texts import named

SAM_TRANSFORM = "AWS::Serverless-2016-10-31"
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"

_SECTIONS = (
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
)
_MAPPINGS = (
    "Conditions",
    "Globals",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
)
_RESOURCE_KEYS = (
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
)
_SAM_RESOURCE_KEYS = ("Connectors", "IgnoreGlobals")
_OUTPUT_KEYS = ("Condition", "Description", "Export", "Value")
_TYPE = re.compile(
    r"(Custom::[A-Za-z0-9_@-]{1,60}|[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}(::MODULE)?)"
)


_SAM = "AWS::Serverless"
_DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")


def transforms(values: Mapping[str, Any]) -> tuple[str, ...]:
    written = values.get("Transform")
    listed = written if isinstance(written, list) else [written]
    names = (each.get("Name") if isinstance(each, dict) else each for each in listed)
    return tuple(name for name in names if isinstance(name, str))


def faults_of_shape(values: Mapping[str, Any]) -> Iterator[Fault]:
    misspelt = [name for name in transforms(values) if name.startswith(_SAM) and name != SAM_TRANSFORM]
    for name in misspelt:
        yield Fault(("Transform",), f"No transform named {name}.", f"do you mean {SAM_TRANSFORM}?")
    uses_sam = bool(misspelt) or SAM_TRANSFORM in transforms(values)
    yield from _faults_of_sections(values, uses_sam)
    for section in _MAPPINGS:
        if section in values and not isinstance(values[section], dict):
            yield _of_no_mapping((section,), values[section])
    resources = values.get("Resources")
    if not isinstance(resources, dict):
        return
    for logical_id, resource in resources.items():
        yield from _faults_of_resource(("Resources", logical_id), resource, uses_sam)
    yield from _unrecognized(resources, uses_sam)
    conditions = values.get("Conditions")
    for name in conditions if isinstance(conditions, dict) else ():
        if _is_loop(name):
            yield _of_loop(("Conditions", name), "conditions")
    outputs = values.get("Outputs")
    if isinstance(outputs, dict):
        for name, output in outputs.items():
            yield from _faults_of_output(("Outputs", name), output)
    for section in ("Conditions", "Mappings", "Outputs", "Parameters", "Resources"):
        if isinstance(values.get(section), dict):
            yield from _nulls(values[section], (section,))


def _of_no_mapping(path: Steps, value: Any) -> Fault:
    where = "/".join(str(step) for step in path)
    if value is None:
        return Fault(path, f"[/{where}] 'null' values are not allowed in templates", "fill it or take it out")
    return Fault(path, f"Template format error: [/{where}] must be a mapping, not {named(value)}")


def _faults_of_sections(values: Mapping[str, Any], uses_sam: bool) -> Iterator[Fault]:
    known = (*_SECTIONS, "Globals") if uses_sam else _SECTIONS
    for section in values:
        if section in known:
            continue
        near = nearest(section, known)
        hint = f"do you mean {near}?" if near else "known are " + ", ".join(known)
        if section == "Globals":
            hint = f"add `Transform: {SAM_TRANSFORM}`"
        yield Fault((section,), f"Invalid template property or properties [{section}]", hint)
    version = values.get("AWSTemplateFormatVersion")
    if "AWSTemplateFormatVersion" in values and version != "2010-09-09":
        message = "Template format error: unsupported value for AWSTemplateFormatVersion."
        yield Fault(("AWSTemplateFormatVersion",), message, 'write "2010-09-09"')
    description = values.get("Description", "")
    if not isinstance(description, str):
        yield Fault(("Description",), "Template format error: Description must be a string.")
    if not values.get("Resources") and ("Resources" not in values or isinstance(values["Resources"], dict)):
        yield Fault((), "Template format error: At least one Resources member must be defined.")


def _faults_of_resource(path: Steps, resource: Any, uses_sam: bool) -> Iterator[Fault]:
    logical_id = path[-1]
    if _is_loop(logical_id):
        yield _of_loop(path, "resources")
        return
    if re.fullmatch("[A-Za-z0-9]{1,255}", str(logical_id)) is None:
        message = f"Template format error: Resource name {logical_id} is non alphanumeric."
        yield Fault(path, message, "letters and digits only")
    if not isinstance(resource, dict):
        message = f"Template format error: [/Resources/{logical_id}] resource definition is malformed"
        yield Fault(path, message, "give it a Type and Properties")
        return
    known = (*_RESOURCE_KEYS, *_SAM_RESOURCE_KEYS) if uses_sam else _RESOURCE_KEYS
    for key in resource:
        if key not in known:
            near = nearest(key, known)
            hint = f"do you mean {near}?" if near else "should it stand below Properties?"
            yield Fault((*path, key), f"Invalid template resource property '{key}'", hint)
    kind = resource.get("Type")
    if not isinstance(kind, str):
        message = (
            f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type "
            "member."
        )
        yield Fault(path, message, "for example Type: AWS::Lambda::Function")
    for key in ("Properties", "Metadata"):
        if key in resource and resource[key] is not None and not isinstance(resource[key], dict):
            yield Fault((*path, key), f"Template format error: Any {key} member must be a JSON object.")
    properties = resource.get("Properties")
    for name in properties if isinstance(properties, dict) else ():
        if _is_loop(name):
            yield _of_loop((*path, "Properties", name), "properties")
    policy = resource.get("DeletionPolicy", "Delete")
    if isinstance(policy, str) and policy not in _DELETION_POLICIES:
        message = f"Template format error: Unrecognized DeletionPolicy {policy} for resource {logical_id}"
        yield Fault((*path, "DeletionPolicy"), message, f"known are {', '.join(_DELETION_POLICIES)}")
    condition = resource.get("Condition", "")
    if condition is not None and not isinstance(condition, str):
        yield Fault((*path, "Condition"), "Template format error: Every Condition member must be a string.")
    depends = resource.get("DependsOn", [])
    named_ids = depends if isinstance(depends, list) else [depends]
    if any(not isinstance(each, str) and each is not None for each in named_ids):
        yield Fault(
            (*path, "DependsOn"), "Template format error: DependsOn must be a string or list of strings."
        )


def _unrecognized(resources: Mapping[str, Any], uses_sam: bool) -> Iterator[Fault]:
    for logical_id, resource in resources.items():
        kind = resource.get("Type") if isinstance(resource, dict) else None
        if not isinstance(kind, str):
            continue
        is_sam = kind.startswith("AWS::Serverless::")
        if _TYPE.fullmatch(kind) is not None and (uses_sam or not is_sam):
            continue
        hint = f"add `Transform: {SAM_TRANSFORM}`" if is_sam else "types are written AWS::Service::Kind"
        message = f"Template format error: Unrecognized resource types: [{kind}]"
        yield Fault(("Resources", logical_id, "Type"), message, hint)


def _is_loop(name: object) -> bool:
    return str(name).startswith("Fn::ForEach::")


def _of_loop(path: Steps, what: str) -> Fault:
    return Fault(path, f"{path[-1]}: loops are unrolled on AWS only", f"write its {what} out one by one")


def _faults_of_output(path: Steps, output: Any) -> Iterator[Fault]:
    if _is_loop(path[-1]):
        yield _of_loop(path, "outputs")
        return
    if not isinstance(output, dict) or "Value" not in output:
        message = (
            f"Template format error: Output {path[-1]} is malformed. Every Outputs member must contain a "
            "Value object"
        )
        yield Fault(path, message)
        return
    for key in output:
        if key not in _OUTPUT_KEYS:
            hint = "known are " + ", ".join(_OUTPUT_KEYS)
            yield Fault((*path, key), f"Invalid output property '{key}'", hint)
    export = output.get("Export")
    if "Export" in output and not (isinstance(export, dict) and set(export) == {"Name"}):
        message = (
            f"Template format error: Output {path[-1]} is malformed. The Name field of every Export member "
            "must be specified"
        )
        yield Fault((*path, "Export"), message)
    condition = output.get("Condition", "")
    if not isinstance(condition, str):
        yield Fault((*path, "Condition"), "Template format error: Every Condition member must be a string.")


def _nulls(value: Any, path: Steps) -> Iterator[Fault]:
    if value is None:
        where = "/".join(str(step) for step in path)
        message = f"[/{where}] 'null' values are not allowed in templates"
        yield Fault(path, message, "fill it, or take the key out")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _nulls(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nulls(item, (*path, index))
