"""Resolves the intrinsic functions of a template, as CloudFormation does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.project.cloudformation import dynamic
from lambdacli.project.cloudformation.document import Document, read_values
from lambdacli.project.cloudformation.faults import Fault
from lambdacli.project.cloudformation.intrinsics import (
    EXTENDED,
    SIMPLE,
    check_length,
    find_in_map,
    zones,
)
from lambdacli.project.cloudformation.places import Steps
from lambdacli.project.cloudformation.pseudo import NO_VALUE, partition_of, pseudo_parameters
from lambdacli.project.cloudformation.references import VARIABLE, is_variable, split_attribute
from lambdacli.project.cloudformation.resource_types import (
    NESTED_STACKS,
    ResourceType,
    Thing,
    chosen_name,
    is_known,
    resource_type,
)
from lambdacli.project.cloudformation.shape import LANGUAGE_EXTENSIONS, transforms
from lambdacli.project.cloudformation.template import (
    Parameter,
    Surroundings,
    Template,
    TemplateError,
)
from lambdacli.project.cloudformation.texts import named, text_of


class _Nothing:
    def __repr__(self) -> str:
        return NO_VALUE


NOTHING: Any = _Nothing()
"""What AWS::NoValue gives: whatever has it is not there."""

_LOGICAL = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition")
_IN_MAPS = ("Ref", "Fn::FindInMap")
_IN_EXTENDED_MAPS = (*_IN_MAPS, "Fn::If", "Fn::Join", "Fn::Length", "Fn::Select", "Fn::Split", "Fn::Sub")
_SECURE_REFUSED = ("AWS::Lambda::", "AWS::Serverless::")


@record
class Generated:
    """A resource that SAM makes beside what is written."""

    type: str
    properties: Mapping[str, Any]


class Resolver:
    def __init__(
        self,
        document: Document,
        parameters: Mapping[str, Parameter],
        surroundings: Surroundings,
        stack: str,
        generated: Callable[[str], Generated | None],
        nested: Callable[[Resolver, str], Template | None] = lambda resolver, logical_id: None,
    ) -> None:
        """Of a document whose shape was checked. `nested` opens a stack within it; None: it lies
        elsewhere."""
        self._document = document
        self._parameters = parameters
        self._surroundings = surroundings
        self._stack = stack
        self._generated = generated
        self._nested = nested
        self.pseudo = pseudo_parameters(stack, surroundings.region, surroundings.account)
        self._mappings: Mapping[str, Any] = document.values.get("Mappings") or {}
        self._conditions: Mapping[str, Any] = document.values.get("Conditions") or {}
        self._resources: Mapping[str, Any] = document.values["Resources"]
        self._is_extended = LANGUAGE_EXTENSIONS in transforms(document.values)
        self._known_conditions: dict[str, bool] = {}
        self._known_settings: dict[tuple[str, str], Any] = {}
        self._under_way: list[str] = []
        self._numbers: dict[str, int] = {}

    # Conditions

    def condition(self, name: str, path: Steps) -> bool:
        if name in self._known_conditions:
            return self._known_conditions[name]
        if name not in self._conditions:
            message = f"Template error: unresolved condition dependency {name} in {_block_of(path)}"
            raise Fault(path, message, _nearest_of(name, self._conditions, "Conditions"))
        with self._within(f"condition {name}", path):
            value = self._truth(self._conditions[name], ("Conditions", name))
        self._known_conditions[name] = value
        return value

    def _truth(self, value: Any, path: Steps) -> bool:
        if isinstance(value, dict) and len(value) == 1:
            ((name, argument),) = value.items()
            below = (*path, name)
            if name == "Condition" and isinstance(argument, str):
                return self.condition(argument, below)
            if name == "Fn::Equals":
                return self._equals(argument, below)
            if name == "Fn::Not":
                return not self._several(name, argument, below, 1, 1)[0]
            if name == "Fn::And":
                return all(self._several(name, argument, below, 2, 10))
            if name == "Fn::Or":
                return any(self._several(name, argument, below, 2, 10))
        message = (
            "Template format error: Conditions can only be boolean operations on parameters and other "
            "conditions"
        )
        raise Fault(path, message, "write Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition")

    def _several(self, name: str, argument: Any, path: Steps, least: int, most: int) -> list[bool]:
        if not isinstance(argument, list) or not least <= len(argument) <= most:
            count = (
                "1 boolean parameter"
                if most == 1
                else f"at least {least} and at most {most} boolean parameters"
            )
            raise Fault(path, f"Template error: every {name} object requires a list of {count}.")
        return [self._truth(item, (*path, index)) for index, item in enumerate(argument)]

    def _equals(self, argument: Any, path: Steps) -> bool:
        if not isinstance(argument, list) or len(argument) != 2:
            raise Fault(
                path, "Template error: every Fn::Equals object requires a list of 2 string parameters."
            )
        first, second = (self.value(item, (*path, index)) for index, item in enumerate(argument))
        texts = text_of(first), text_of(second)
        if None in texts:
            return bool(first == second)
        return texts[0] == texts[1]

    # Values

    def setting_value(self, value: Any, path: Steps, kind: str) -> Any:
        """A resource's property, or what is in one: dynamic references are resolved, too."""
        return self._asked(self.value(value, path), path, kind)

    def property_value(self, logical_id: str, name: str, value: Any) -> Any:
        key = (logical_id, name)
        if key in self._known_settings:
            return self._known_settings[key]
        path: Steps = ("Resources", logical_id, "Properties", name)
        return self.setting_value(value, path, self._type_of(logical_id))

    def nearest_of(self, name: str) -> str:
        return _nearest_of(name, (*self._parameters, *self._resources), "the template")

    def value(self, value: Any, path: Steps) -> Any:
        if isinstance(value, dict):
            return self._mapping(value, path)
        if isinstance(value, list):
            items = [self.value(item, (*path, index)) for index, item in enumerate(value)]
            return [item for item in items if item is not NOTHING]
        return value

    def _mapping(self, value: Mapping[str, Any], path: Steps) -> Any:
        function = next((name for name in value if _is_function(name)), None)
        if function is not None and (len(value) == 1 or function.startswith("Fn::")):
            if len(value) > 1 and function != "Fn::Transform" and not function.startswith("Fn::ForEach::"):
                others = ", ".join(name for name in value if name != function)
                raise Fault(path, f"{function} must stand alone in its mapping", f"beside it stands {others}")
            return self._function(function, value, path)
        made = {name: self.value(item, (*path, name)) for name, item in value.items()}
        return {name: item for name, item in made.items() if item is not NOTHING}

    def _function(self, name: str, around: Mapping[str, Any], path: Steps) -> Any:
        argument, below = around[name], (*path, name)
        if name in EXTENDED and not self._is_extended:
            raise Fault(
                below, f"Template error: {name} is not supported", f"add `Transform: {LANGUAGE_EXTENSIONS}`"
            )
        if name == "Ref":
            return self._ref(argument, below)
        if name == "Fn::GetAtt":
            return self._get_attribute(argument, below)
        if name == "Fn::Sub":
            return self._substitute(argument, below)
        if name == "Fn::If":
            return self._if(argument, below)
        if name == "Fn::FindInMap":
            return self._find_in_map(argument, below)
        if name == "Fn::ImportValue":
            return self._import(self.value(argument, below), below)
        if name == "Fn::GetAZs":
            return zones(self.value(argument, below), below, self._surroundings.region)
        if name == "Fn::Transform":
            return self._transform(around, below)
        if name in SIMPLE:
            return SIMPLE[name](self.value(argument, below), below)
        if name in _LOGICAL:
            message = f"Template error: {name} can only be used in the Conditions of a template"
            raise Fault(below, message, "give it a name there, and use Fn::If here")
        if name.startswith("Fn::ForEach::"):
            message = f"{name}: loops are unrolled on AWS only"
            raise Fault(below, message, "write its properties out one by one")
        known = (*SIMPLE, "Fn::GetAtt", "Fn::Sub", "Fn::If", "Fn::FindInMap", "Fn::ImportValue", "Fn::GetAZs")
        near = nearest(name, known)
        message = f"Template error: {name} is not a function that a template can use here"
        raise Fault(below, message, f"do you mean {near}?" if near else "")

    # Ref and GetAtt

    def _ref(self, name: Any, path: Steps) -> Any:
        if not isinstance(name, str):
            raise Fault(path, "Template error: every Ref object must have a single String value.")
        if name == NO_VALUE:
            return NOTHING
        if name in self.pseudo:
            return self.pseudo[name]
        parameter = self._parameters.get(name)
        if parameter is not None:
            return parameter.value
        thing, kind = self._thing(
            name, path, f"Unresolved resource dependencies [{name}] in the {_block(path)}"
        )
        return kind.reference(thing)

    def _get_attribute(self, argument: Any, path: Steps) -> Any:
        parts = split_attribute(argument)
        attribute = self.value(parts[1], (*path, 1)) if parts is not None else None
        if parts is None or not parts[0] or not isinstance(attribute, str) or not attribute:
            message = (
                "Template error: every Fn::GetAtt object requires two non-empty parameters, the "
                "resource name "
                "and the resource attribute"
            )
            raise Fault(path, message, "for example !GetAtt Queue.Arn")
        return self.attribute(parts[0], attribute, path)

    def attribute(self, logical_id: str, attribute: str, path: Steps) -> Any:
        given = self._surroundings.imports.get(f"{logical_id}.{attribute}")
        if given is not None and logical_id in self._resources:
            return given
        undefined = f"instance of Fn::GetAtt references undefined resource {logical_id}"
        thing, kind = self._thing(logical_id, path, undefined)
        if self._type_of(logical_id) in NESTED_STACKS and logical_id in self._resources:
            return self._output_of(logical_id, attribute, path)
        read = kind.attributes.get(attribute)
        if read is not None:
            value = read(thing)
            if value is not None:
                return value
        name = self._type_of(logical_id)
        if read is None and is_known(name) and attribute not in kind.unknown and kind.is_used:
            message = (
                f"Template error: resource {logical_id} does not support attribute type {attribute} "
                "in Fn::GetAtt"
            )
            known = ", ".join((*kind.attributes, *kind.unknown))
            raise Fault(path, message, f"{name} has {known}" if known else f"{name} has no attributes")
        message = f"{attribute} of {logical_id} has no value here: nothing on this machine makes {name}"
        hint = f"give it one in lam.yaml, below imports: `{logical_id}.{attribute}: …`"
        raise Fault(path, message, hint, is_wrong=False)

    def nested(self, logical_id: str, path: Steps) -> Template | None:
        with self._within(f"stack {logical_id}", path):
            return self._nested(self, logical_id)

    def _output_of(self, logical_id: str, attribute: str, path: Steps) -> Any:
        """Of a nested stack."""
        template = self.nested(logical_id, path)
        hint = f"give it one in lam.yaml, below imports: `{logical_id}.{attribute}: …`"
        if template is None:
            message = f"{attribute} of {logical_id} has no value here: its template is not on this machine"
            raise Fault(path, message, hint, is_wrong=False)
        file = os.path.relpath(template.file, self._document.file.parent)
        name = attribute.removeprefix("Outputs.")
        found = template.outputs.get(name) if name != attribute else None
        if found is not None:
            return found.value
        if any(problem.key_path.startswith(f"Outputs.{name}.") for problem in template.problems):
            message = f"{attribute} of {logical_id} has no value here, for it has none in {file}"
            raise Fault(path, message, hint, is_wrong=False)
        message = (
            f"Template error: resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt"
        )
        known = ", ".join(f"Outputs.{each}" for each in template.outputs)
        raise Fault(path, message, f"{file} has {known or 'no outputs'}")

    def _thing(self, logical_id: str, path: Steps, undefined: str) -> tuple[Thing, ResourceType]:
        resource = self._resources.get(logical_id)
        generated = None if resource is not None else self._generated(logical_id)
        if resource is None and generated is None:
            hint = _nearest_of(logical_id, (*self._parameters, *self._resources), "the template")
            prefix = "Template error: " if undefined.startswith("instance") else "Template format error: "
            raise Fault(path, prefix + undefined, hint)
        if path[0] == "Conditions":
            message = (
                f"Template format error: Unresolved dependencies [{logical_id}]. Cannot reference "
                f"resources in "
                "the Conditions block of the template"
            )
            raise Fault(path, message)
        if resource is not None:
            condition = resource.get("Condition")
            if isinstance(condition, str) and not self.condition(
                condition, ("Resources", logical_id, "Condition")
            ):
                hint = f"its condition {condition} is false: use Fn::If with {condition} here, too"
                raise Fault(path, f"Template format error: {_sentence(undefined)}", hint)
        return self.thing(logical_id, path), resource_type(self._type_of(logical_id))

    def thing(self, logical_id: str, path: Steps) -> Thing:
        kind = resource_type(self._type_of(logical_id))
        return Thing(
            logical_id=logical_id,
            name=self._name(logical_id, kind, path),
            stack=self._stack,
            region=self._surroundings.region,
            account=self._surroundings.account,
            partition=partition_of(self._surroundings.region),
            url_suffix=self.pseudo["AWS::URLSuffix"],
            endpoint=self._surroundings.endpoint,
            setting=lambda setting: self._setting(logical_id, setting, path),
            number=self._number(logical_id),
        )

    def _type_of(self, logical_id: str) -> str:
        resource = self._resources.get(logical_id)
        if resource is not None:
            return str(resource["Type"])
        generated = self._generated(logical_id)
        assert generated is not None
        return generated.type

    def _name(self, logical_id: str, kind: ResourceType, path: Steps) -> str:
        given = self._setting(logical_id, kind.name_property, path) if kind.name_property else None
        text = text_of(given)
        if text:
            return text
        has_suffix = (
            bool(kind.suffix) and text_of(self._setting(logical_id, kind.suffix_setting, path)) == "true"
        )
        return chosen_name(kind, logical_id, self._stack, has_suffix, self._surroundings.within)

    def _setting(self, logical_id: str, setting: str, path: Steps) -> Any:
        """A property of a resource that others need to name it. None: it is not written."""
        key = (logical_id, setting)
        if key in self._known_settings:
            known = self._known_settings[key]
            return None if known is NOTHING else known
        properties = self._properties_of(logical_id)
        if setting not in properties:
            return None
        where: Steps = ("Resources", logical_id, "Properties", setting)
        with self._within(f"{logical_id}.{setting}", path):
            value = self.setting_value(properties[setting], where, self._type_of(logical_id))
        self._known_settings[key] = value
        return None if value is NOTHING else value

    def _properties_of(self, logical_id: str) -> Mapping[str, Any]:
        resource = self._resources.get(logical_id)
        if resource is not None:
            return resource.get("Properties") or {}
        generated = self._generated(logical_id)
        return generated.properties if generated is not None else {}

    def _number(self, logical_id: str) -> int:
        """Versions of one function are numbered in the order of the template."""
        if self._type_of(logical_id) != "AWS::Lambda::Version" or logical_id not in self._resources:
            return 1
        if not self._numbers:
            counts: dict[str, int] = {}
            for each, resource in self._resources.items():
                if resource["Type"] == "AWS::Lambda::Version":
                    function = repr((resource.get("Properties") or {}).get("FunctionName"))
                    counts[function] = self._numbers[each] = counts.get(function, 0) + 1
        return self._numbers[logical_id]

    # Sub, If, FindInMap, ImportValue, Transform

    def _substitute(self, argument: Any, path: Steps) -> str:
        text, own = argument, {}
        if isinstance(argument, list) and len(argument) == 2:
            text, own = argument
        if not isinstance(text, str) or not isinstance(own, dict):
            message = (
                "Template error: One or more Fn::Sub intrinsic functions don't specify expected "
                "arguments. Specify "
                "a string as first argument, and an optional second argument to specify a mapping of "
                "values to "
                "replace in the string"
            )
            raise Fault(path, message)
        parts: list[str] = []
        end = total = 0
        for match in VARIABLE.finditer(text):
            part = self._variable(match[1], own, path)
            parts += (text[end : match.start()], part)
            total += len(part)
            check_length(total, path)
            end = match.end()
        return "".join((*parts, text[end:]))

    def _variable(self, name: str, own: Mapping[str, Any], path: Steps) -> str:
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if not is_variable(name):
            message = (
                "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
                "underscores, periods, and colons"
            )
            raise Fault(path, message, f"it is ${{{name}}}; for a text that stays, write ${{!{name}}}")
        if name in own:
            value = self.value(own[name], (*path, 1, name))
        elif "." in name and self._generated(name) is None:
            logical_id, attribute = name.split(".", 1)
            value = self.attribute(logical_id, attribute, path)
        else:
            value = self._ref(name, path)
        text = "" if value is NOTHING else text_of(value)
        if text is None:
            message = f"Template error: variable {name} in Fn::Sub expression does not resolve to a string"
            raise Fault(path, message, f"it is {named(value)}; Fn::Join makes a text of a list")
        return text

    def _if(self, argument: Any, path: Steps) -> Any:
        if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
            message = "Template error: Fn::If requires a list argument with three elements"
            raise Fault(path, message, "the name of a condition, the value if it is true, the value if not")
        index = 1 if self.condition(argument[0], path) else 2
        return self.value(argument[index], (*path, index))

    def _find_in_map(self, argument: Any, path: Steps) -> Any:
        self._check_map_keys(argument, path)
        resolved = self.value(argument, path)
        if isinstance(argument, list) and len(argument) == 4 and argument[3] and resolved[3:] == [{}]:
            resolved[3] = {"DefaultValue": NOTHING}
        return find_in_map(resolved, path, self._mappings, is_extended=self._is_extended)

    def _check_map_keys(self, argument: Any, path: Steps) -> None:
        taken = _IN_EXTENDED_MAPS if self._is_extended else _IN_MAPS
        for index, key in enumerate(argument[:3] if isinstance(argument, list) else []):
            for name in key if isinstance(key, dict) else ():
                if name not in taken:
                    message = f"Template error: {name} cannot stand within Fn::FindInMap"
                    hint = "only " + " and ".join(_IN_MAPS) + f", or add `Transform: {LANGUAGE_EXTENSIONS}`"
                    raise Fault((*path, index), message, hint)

    def _import(self, argument: Any, path: Steps) -> Any:
        name = text_of(argument)
        if not name:
            message = "Template error: every Fn::ImportValue object must have a String-typed value."
            raise Fault(path, message, f"it is {named(argument)}")
        value = self._surroundings.imports.get(name)
        if value is None:
            hint = f"give it in lam.yaml, below imports: `{name}: …`"
            raise Fault(path, f"No export named {name} found.", hint, is_wrong=False)
        return value

    def _transform(self, around: Mapping[str, Any], path: Steps) -> Any:
        argument = around["Fn::Transform"]
        name = argument.get("Name") if isinstance(argument, dict) else None
        if name != "AWS::Include":
            message = (
                f"the macro {name} runs on AWS only" if isinstance(name, str) else "Fn::Transform has no Name"
            )
            raise Fault(
                path, message, "write what it makes, or build for this machine without it", is_wrong=False
            )
        parameters = argument.get("Parameters")
        location = self.value(parameters.get("Location"), path) if isinstance(parameters, dict) else None
        if not isinstance(location, str) or not location:
            raise Fault(path, "AWS::Include has no Location", "write Parameters: Location: …")
        if location.startswith("s3://"):
            raise Fault(
                path, f"{location} is in S3", "name a local file, as `sam package` takes it", is_wrong=False
            )
        file = Path(os.path.normpath(self._document.file.parent / location))
        with self._within(f"include of {file.name}", path):
            included = _included(file, location, path)
            if isinstance(included, dict):
                included = {
                    **included,
                    **{key: item for key, item in around.items() if key != "Fn::Transform"},
                }
            return self.value(included, path)

    # Dynamic references

    def _asked(self, value: Any, path: Steps, kind: str) -> Any:
        if isinstance(value, str):
            return self._asked_text(value, path, kind) if dynamic.has_references(value) else value
        if isinstance(value, dict):
            return {name: self._asked(item, (*path, name), kind) for name, item in value.items()}
        if isinstance(value, list):
            return [self._asked(item, (*path, index), kind) for index, item in enumerate(value)]
        return value

    def _asked_text(self, text: str, path: Steps, kind: str) -> str:
        lookup = self._surroundings.lookup
        for match in dynamic.REFERENCE.finditer(text):
            reference = dynamic.parse_reference(match[1], path)
            if reference.service == "ssm-secure" and kind.startswith(_SECURE_REFUSED):
                written = "/".join(map(str, path[2:]))
                message = f"SSM Secure reference is not supported in: [{kind}/{written}]"
                raise Fault(path, message, "let the function read it, or use Secrets Manager")
        return text if lookup is None else dynamic.resolved(text, path, lookup)

    @contextmanager
    def _within(self, what: str, path: Steps) -> Iterator[None]:
        if what in self._under_way:
            names = ", ".join((*self._under_way[self._under_way.index(what) :], what))
            raise Fault(path, f"Circular dependency: [{names}]", "each needs the next one's value")
        self._under_way.append(what)
        try:
            yield
        finally:
            self._under_way.pop()


def _included(file: Path, location: str, path: Steps) -> Any:
    try:
        return read_values(file)[0]
    except TemplateError as error:
        raise Fault(path, f"AWS::Include of {location}: {error.problems[0].message}") from error
    except ValueError as error:
        raise Fault(path, f"AWS::Include of {location}: that names no file") from error


def _is_function(name: str) -> bool:
    return name == "Ref" or name.startswith("Fn::")


def _block(path: Steps) -> str:
    return f"{path[0] if path else 'Resources'} block of the template"


def _block_of(path: Steps) -> str:
    return "Fn::If" if "Fn::If" in path else f"the {_block(path)}"


def _sentence(undefined: str) -> str:
    return undefined[0].upper() + undefined[1:]


def _nearest_of(name: str, known: Any, section: str) -> str:
    near = nearest(name, known)
    return f"do you mean {near}?" if near else f"{section} has nothing of this name"
