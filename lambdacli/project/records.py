"""What a lam.yaml says, as frozen records, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from lambdacli.model.build import BuildSettings
from lambdacli.model.captured import CaptureRules
from lambdacli.model.event import HistoryBounds
from lambdacli.model.function import Debugging, FileSystem, LocalLayer, Logging, Network, Vpc
from lambdacli.model.http_apis import HttpApi
from lambdacli.model.identity import Identities
from lambdacli.model.layer import Substitutions
from lambdacli.model.record import record
from lambdacli.model.schedule import Schedule
from lambdacli.project.declared import (
    Declared,
    DeclaredEventInvoke,
    DeclaredMapping,
    DeclaredPermission,
    GivenPolicy,
)
from lambdacli.project.stack.declared import Finding, NeighbourCall
from lambdacli.project.urls import DeclaredUrl


@record
class Problem:
    file: Path
    line: int
    column: int
    key_path: str
    message: str
    hint: str = ""

    def text(self, folder: Path) -> str:
        """One line, the file named as seen from this folder."""
        file = self.file.relative_to(folder) if self.file.is_relative_to(folder) else self.file
        key = f" {self.key_path}:" if self.key_path else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{file}:{self.line}:{self.column}:{key} {self.message}{hint}"


class ConfigError(Exception):
    """A lam.yaml that cannot be used. Its text has one line per problem."""

    def __init__(self, folder: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(folder, problems)
        self.folder = folder
        self.problems = problems
        self.base: Project | None = None
        """Of a template: the project without it, which knows where its values are asked for."""

    def __str__(self) -> str:
        return "\n".join(problem.text(self.folder) for problem in self.problems)


@record
class S3Code:
    """A package that lies in S3."""

    bucket: str
    key: str
    version: str | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@record
class TemplateSettings:
    """What only a template can say of a function."""

    logical_id: str = ""
    """It can be called by this name too."""
    other_names: tuple[str, ...] = ()
    inline_code: str | None = None
    """The text of its one module, `index`."""
    stored_code: S3Code | None = None
    """Where its code lies instead."""
    built_from: Path | None = None
    """Its code is a build of this folder: a change of a file in it makes the build an old one."""
    patterns: tuple[str, ...] = ()
    """Globs of the files that its package has; one with `!` leaves out, and the last that fits counts."""
    dead_letter_target: str | None = None
    tracing: str = "PassThrough"
    kms_key_arn: str | None = None
    vpc: Vpc | None = None
    file_systems: tuple[FileSystem, ...] = ()
    snap_start: str = "None"
    logging: Logging = field(default_factory=Logging)


OF_LAM_YAML = TemplateSettings()


@record
class FunctionSettings:
    """One function as lam.yaml or a template wants it; all paths are absolute."""

    name: str
    runtime: str
    handler: str
    role: str
    code: Path
    """A folder, or a .zip file."""
    description: str
    memory_mb: int
    timeout_seconds: int
    ephemeral_storage_mb: int
    architecture: str
    variables: Mapping[str, str] | None
    """None: neither `env` nor `env_file` was written."""
    tags: Mapping[str, str]
    layers: tuple[Path | LocalLayer | str, ...]
    """Folders, .zip files (a template says how they are built), or ARNs, in order; the ARN of a layer
    without a version means its newest one."""
    reserved_concurrency: int | None
    virtual_environment: Path | None
    env_files: tuple[Path, ...] = ()
    freezes: bool = True
    preloads: bool = True
    has_cpu_share: bool = True
    network: Network = Network.HOST
    url: DeclaredUrl | None = None
    debugging: Debugging | None = None
    template: TemplateSettings = OF_LAM_YAML
    build: BuildSettings | None = None
    """None: the files alone tell how the code is made."""
    is_role_given: bool = False
    """Otherwise the role is made where the function is deployed to."""
    policies: tuple[GivenPolicy, ...] = ()
    """What a role that is made may do, beside what the settings imply."""
    alias: str | None = None
    """What callers use, and what a deployment moves; None: the one that the deployment names."""
    dead_letter: str | None = None
    """The ARN of a queue or topic."""
    event_invoke: DeclaredEventInvoke | None = None
    provisioned_concurrency: int | None = None
    """Of the alias, once that leads to a version."""
    log_retention_days: int | None = None
    """None: as it is."""
    permissions: tuple[DeclaredPermission, ...] = ()
    mappings: tuple[DeclaredMapping, ...] = ()

    @property
    def layer_paths(self) -> tuple[Path, ...]:
        return tuple(layer.path for layer in self.local_layers)

    @property
    def local_layers(self) -> tuple[LocalLayer, ...]:
        return tuple(
            LocalLayer(layer) if isinstance(layer, Path) else layer
            for layer in self.layers
            if not isinstance(layer, str)
        )


@record
class Project:
    file: Path
    region: str
    account: str
    port: int
    is_port_chosen: bool
    """The port was written down: when it is taken, that is an error; a default slides on."""
    services: Mapping[str, str]
    """Addresses of neighbour services by the names of SERVICES."""
    max_environments: int | None
    account_concurrency: int
    idle_exit_minutes: int
    functions: tuple[FunctionSettings, ...]
    is_region_chosen: bool = False
    """The region was written down; else a samconfig.toml may say it, or the machine."""
    substitutions: Substitutions = field(default_factory=Substitutions)
    """What stands for layers of other accounts."""
    file_systems: Mapping[str, Path] = field(default_factory=dict)
    """Folders by the ARNs of the access points they stand for."""
    is_strict: bool = False
    is_durable: bool = False
    """An accepted event survives a power cut."""
    has_stream_bandwidth: bool = True
    """Streamed responses flow as fast as on AWS, and no faster."""
    capture: CaptureRules = field(default_factory=CaptureRules)
    history: HistoryBounds = field(default_factory=HistoryBounds)
    """What is kept of events that came to their end."""
    identities: Identities = field(default_factory=Identities)
    checks_signatures: bool = False
    keys: Path | None = None
    """The file with the access keys; None: where every project of this user has it."""
    warnings: tuple[Problem, ...] = field(default=())
    apis: tuple[HttpApi, ...] = ()
    template_file: Path | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of the template."""
    imports: Mapping[str, str] = field(default_factory=dict)
    jwt_keys: Mapping[str, Path] = field(default_factory=dict)
    """Files with key sets, by their issuers: for a template's authorizers."""
    declared: tuple[Declared, ...] = ()
    neighbour_calls: tuple[NeighbourCall, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What became of a template's properties."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why a function of the template is not among them, by each of its names."""
    further_files: tuple[Path, ...] = ()
    """Those that were read beside `file`."""

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def watched_paths(self) -> frozenset[Path]:
        """Folders and files whose changes may change a function."""
        paths = {self.folder}
        for function in self.functions:
            paths.update((function.code, *function.layer_paths, *function.env_files))
            if function.template.built_from is not None:
                paths.add(function.template.built_from)
        paths.update(self.further_files)
        return frozenset((*paths, *self.substitute_paths))

    @property
    def files(self) -> Mapping[str, str]:
        """The names of those that describe the functions, by the functions' names."""
        of_template = self.file if self.template_file is None else self.template_file
        return {
            function.name: (of_template if function.template.logical_id else self.file).name
            for function in self.functions
        }

    @property
    def names(self) -> Mapping[str, str]:
        """Of functions, by the other names that they have in a template."""
        own = {function.name for function in self.functions}
        return {
            other: function.name
            for function in self.functions
            for other in (function.template.logical_id, *function.template.other_names)
            if other and other not in own
        }

    @property
    def substitute_paths(self) -> tuple[Path, ...]:
        return tuple(each for each in self.substitutions.by_arn.values() if isinstance(each, Path))
