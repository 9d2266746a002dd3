"""A template as a project reads it: everything resolved, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lambdacli.model.record import record
from lambdacli.project.cloudformation.places import Place, Places
from lambdacli.project.records import ConfigError, Problem


class TemplateError(ConfigError):
    """A template that the cloud would refuse, or that needs a value that nobody gave."""


@record
class DynamicReference:
    """`{{resolve:ssm:name:version}}` or `{{resolve:secretsmanager:id:SecretString:key:stage:version}}`."""

    service: str
    """ssm, ssm-secure or secretsmanager."""
    name: str
    version: str = ""
    """Of the parameter, or of the secret."""
    json_key: str = ""
    """Of the secret's value, which the lookup gives whole."""
    version_stage: str = ""
    is_decrypted: bool = False
    """A SecureString is wanted in plain text, as the Serverless Framework's `${ssm:…}` takes it."""

    @property
    def as_written(self) -> str:
        parts = [self.service, self.name]
        if self.service == "secretsmanager":
            parts += ["SecretString", self.json_key, self.version_stage]
        parts += [self.version]
        return f"{{{{resolve:{':'.join(parts).rstrip(':')}}}}}"

    @property
    def import_name(self) -> str:
        """Below `imports` of lam.yaml."""
        return f"{self.service.removesuffix('-secure')}:{self.name}"


Lookup = Callable[[DynamicReference], str | None]
"""Asks Parameter Store or Secrets Manager; None: it has no such value."""


@record
class MissingParameter:
    name: str
    type: str
    description: str
    is_secret: bool
    place: Place


class MissingParameters(TemplateError):
    """Parameters without a Default for which no value was given; whoever can ask may ask for them."""

    def __init__(self, folder: Path, problems: tuple[Problem, ...], missing: tuple[MissingParameter, ...]):
        super().__init__(folder, problems)
        self.missing = missing


@record
class Parameter:
    name: str
    type: str
    value: Any
    """A text, or a list of texts for list types."""
    is_secret: bool
    """NoEcho: never printed."""
    is_given: bool
    """By an override; otherwise it is the Default."""
    place: Place


@record
class Output:
    name: str
    value: Any
    description: str
    export: str | None
    place: Place


@record
class Resource:
    """One resource that its condition lets be made."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    """Resolved, with what Globals say merged in; `AWS::NoValue` is gone."""
    metadata: Mapping[str, Any]
    depends_on: tuple[str, ...]
    name: str
    """The physical name: as the template says, otherwise chosen here, the same at every reading."""
    reference: str
    """What Ref gives: a queue's URL, a topic's ARN, most others' name."""
    place: Place
    places: Places = field(repr=False, compare=False)
    path: tuple[str | int, ...] = field(repr=False, compare=False, default=())
    """Of the resource in its document."""
    within: tuple[str, ...] = ()
    """Logical ids of the nested stacks that lead to it."""

    @property
    def whole_id(self) -> str:
        """As its logical id, and no other resource of the project has it."""
        return "".join((*self.within, self.logical_id))

    @property
    def file(self) -> Path:
        return self.place.file

    @property
    def line(self) -> int:
        return self.place.line

    def position_of(self, path: str) -> int:
        """The line of `Properties.Events.Api.Path` and its like; list items by number: `Properties.Layers.0`.
        What Globals gave stands there; what has no place of its own has that of what it stands in."""
        return self.place_of(path).line

    def place_of(self, path: str) -> Place:
        steps = (int(step) if step.isdigit() else step for step in path.split("."))
        return self.places.of((*self.path, *steps))


@dataclass(frozen=True)
class Template:
    file: Path
    description: str
    stack: str
    region: str
    account: str
    uses_sam: bool
    resources: Mapping[str, Resource]
    """As written, SAM types too, in the order of the file; those whose condition is false are not there."""
    left_out: Mapping[str, str]
    """Resources that a false condition leaves out: logical id → the condition's name."""
    outputs: Mapping[str, Output]
    parameters: Mapping[str, Parameter]
    conditions: Mapping[str, bool]
    problems: tuple[Problem, ...]
    """What is not wrong but has no value here, such as an attribute of a type that nothing here makes."""
    nested: Mapping[str, Template]
    """The stacks within this one, by their logical ids; those whose templates lie elsewhere are not there."""
    within: tuple[str, ...]
    """Logical ids of the stacks that lead to this one."""
    _attribute: Callable[[str, str], Any] = field(repr=False, compare=False)
    _translate: Callable[[], Mapping[str, Resource]] = field(repr=False, compare=False)

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def whole(self) -> tuple[Template, ...]:
        """This one, and all within it."""
        return (self, *(each for nested in self.nested.values() for each in nested.whole))

    def attribute(self, logical_id: str, name: str) -> Any:
        """What GetAtt gives. Raises TemplateError for what the type does not have."""
        return self._attribute(logical_id, name)

    @cached_property
    def transformed(self) -> Mapping[str, Resource]:
        """The resources that CloudFormation would get: SAM's translated, by AWS's own translator (a second of
        import). Raises TemplateError for what the translator refuses."""
        return self._translate()


@record
class Surroundings:
    """What a template does not say itself."""

    overrides: Mapping[str, str] = field(default_factory=dict)
    """Values of parameters."""
    imports: Mapping[str, Any] = field(default_factory=dict)
    """Exports of other stacks by name (`network-VpcId`), and attributes of resources that nothing here makes
    (`Database.Endpoint.Address`)."""
    region: str = "us-east-1"
    account: str = "000000000000"
    stack: str | None = None
    """AWS::StackName; without one, the folder's name."""
    endpoint: str = "http://127.0.0.1:4566"
    """What queues' URLs begin with."""
    lookup: Lookup | None = None
    """Without one, dynamic references stay as they are written."""
    within: tuple[str, ...] = ()
    """Logical ids of the nested stacks that lead to the template."""
    files: tuple[Path, ...] = ()
    """Templates of the stacks around it, the outermost first."""
