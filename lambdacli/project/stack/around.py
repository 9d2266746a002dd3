"""What the readers of a template's resources share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lambdacli.model.layer import NO_SUBSTITUTIONS, Substitutions
from lambdacli.project.cloudformation.template import Resource, Template, TemplateError
from lambdacli.project.sam_build import SamBuild
from lambdacli.project.stack.values import Notes, Values, resource_ignored

SERVERLESS_FUNCTION = "AWS::Serverless::Function"
LAMBDA_FUNCTION = "AWS::Lambda::Function"
FUNCTIONS = (SERVERLESS_FUNCTION, LAMBDA_FUNCTION)
LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")


@dataclass(frozen=True)
class Around:
    template: Template
    build: SamBuild
    notes: Notes = field(default_factory=Notes)
    substitutions: Substitutions = NO_SUBSTITUTIONS
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What `--env-vars` says, by functions' names; under "Parameters", for all."""

    jwt_keys: Mapping[str, Path] = field(default_factory=dict)
    """Files with key sets, by their issuers."""

    whole: tuple[Template, ...] = ()
    """All templates of the project, where there are several: nested stacks are handed what is in others."""

    def keys_of(self, issuer: str) -> Path | None:
        """An address is the same with a slash behind it."""
        return next(
            (file for own, file in self.jwt_keys.items() if own.rstrip("/") == issuer.rstrip("/")), None
        )

    @property
    def account(self) -> str:
        return self.template.account

    @property
    def region(self) -> str:
        return self.template.region

    def of_type(self, *types: str) -> list[Resource]:
        return [each for each in self.template.resources.values() if each.type in types]

    @cached_property
    def by_reference(self) -> Mapping[str, Resource]:
        """Resources by all that properties may name them by: what Ref gives, and the ARN; in this template,
        the logical id."""
        found: dict[str, Resource] = {}
        for template in self._all:
            for resource in template.resources.values():
                own = resource.logical_id if template is self.template else None
                for name in (self.arn_of(resource), resource.reference, own):
                    if name:
                        found.setdefault(name, resource)
        return found

    @cached_property
    def _functions(self) -> tuple[Resource, ...]:
        everything = (each for template in self._all for each in template.resources.values())
        return tuple(each for each in everything if each.type in FUNCTIONS)

    @property
    def _all(self) -> tuple[Template, ...]:
        """This one first."""
        return (self.template, *(each for each in self.whole if each is not self.template))

    def meant_by(self, value: object, *types: str) -> Resource | None:
        """The resource of one of these types that a value of a property names."""
        found = self.by_reference.get(value) if isinstance(value, str) else None
        return found if found is not None and (not types or found.type in types) else None

    def arn_of(self, resource: Resource) -> str | None:
        template = next(each for each in self._all if each.within == resource.within)
        try:
            value = template.attribute(resource.logical_id, "Arn")
        except TemplateError:
            return None  # the type has no such attribute
        return value if isinstance(value, str) else None

    def function_arn(self, resource: Resource) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{resource.name}"

    def function_of(self, values: Values, key: str = "FunctionName") -> tuple[Resource, str | None] | None:
        """The function that a resource is about; one of elsewhere makes the resource one without effect."""
        named = self.function_named(values.raw(key))
        if named is None:
            resource_ignored(values.resource, self.notes, "its function is not in this template")
        return named

    def function_named(self, value: object) -> tuple[Resource, str | None] | None:
        """By name or ARN, or the URI by which API Gateway calls it; with the qualifier behind it."""
        if not isinstance(value, str):
            return None
        text = value
        if "/functions/" in text:
            text = text.split("/functions/", 1)[1].removesuffix("/invocations")
        for resource in self._functions:
            for name in (self.function_arn(resource), resource.reference, resource.name):
                if text == name:
                    return resource, None
                if text.startswith(f"{name}:"):
                    return resource, text.removeprefix(f"{name}:")
        return None
