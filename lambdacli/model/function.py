"""A function as the service keeps it: code and configuration, frozen. Change = `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from lambdacli.model import limits
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.build import BuildSettings, LayerBuild
from lambdacli.model.record import record


class Origin(StrEnum):
    PROJECT = "lam.yaml"
    API = "api"


class State(StrEnum):
    PENDING = "Pending"
    ACTIVE = "Active"
    INACTIVE = "Inactive"
    FAILED = "Failed"


class Network(StrEnum):
    """Which network a function's processes see."""

    HOST = "host"
    ISOLATED = "isolated"


@record
class Debugging:
    """That a debugger can attach to a function."""

    port: int | None = None
    """None: one that follows from the function's name."""
    waits: bool = False
    """No event is taken before a debugger is attached."""


@record
class FolderCode:
    """Code that runs from the developer's own folder and follows its changes."""

    folder: Path


@record
class ArchiveCode:
    """A package that was uploaded: kept by its content's hash."""

    sha256: str
    """Base64 of the SHA-256 of the zip, as CodeSha256 shows it."""
    size_bytes: int


Code = FolderCode | ArchiveCode


@record
class LocalLayer:
    """A folder or zip of the developer's own, named in lam.yaml or a template."""

    path: Path
    frozen: ArchiveCode | None = None
    """What it held when a version of the function was published."""
    build: LayerBuild | None = None
    """None: its folder alone tells how it is made."""


@record
class PublishedLayer:
    """A layer version by its ARN, and what it holds: that stays when the layer version is deleted."""

    arn: str
    code: Code
    """A folder, where lam.yaml says that it stands for the ARN."""
    size_bytes: int
    """As CodeSize shows it."""


Layer = LocalLayer | PublishedLayer


@record
class Logging:
    """LoggingConfig. `group` None is the function's own; levels are only set for JSON."""

    format: str = "Text"
    application_level: str | None = None
    system_level: str | None = None
    group: str | None = None


@record
class Vpc:
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    allows_ipv6: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.subnet_ids and not self.security_group_ids


@record
class FileSystem:
    """A mounted access point."""

    arn: str
    mount_path: str

    @property
    def access_point(self) -> str:
        return self.arn.rpartition("/")[2]


@record
class Function:
    """One version of a function, `$LATEST` or a published one. Tags and reserved concurrency belong to the
    whole function; only `$LATEST` carries them."""

    key: FunctionKey
    runtime: str
    handler: str
    role: str
    code: Code
    origin: Origin
    revision_id: str
    last_modified: datetime
    description: str = ""
    memory_mb: int = limits.MEMORY_MB_DEFAULT
    timeout_seconds: int = limits.TIMEOUT_SECONDS_DEFAULT
    ephemeral_storage_mb: int = limits.EPHEMERAL_STORAGE_MB_DEFAULT
    architecture: str = "x86_64"
    variables: Mapping[str, str] | None = None
    """None: never set, which the API shows as an absent `Environment`."""
    tags: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()
    """Merged into /opt, in order."""
    reserved_concurrency: int | None = None
    virtual_environment: Path | None = None
    freezes: bool = True
    """Between invocations its environments make no progress."""
    preloads: bool = True
    """Its environments are forked from a process that has third-party modules loaded."""
    has_cpu_share: bool = True
    """It gets CPU time in proportion to its memory."""
    network: Network = Network.HOST
    debugging: Debugging | None = None
    build: BuildSettings | None = None
    """How the code is made of its folder, where the files there do not tell."""
    dead_letter_target: str | None = None
    """The ARN of a queue or topic."""
    tracing: str = "PassThrough"
    kms_key_arn: str | None = None
    vpc: Vpc | None = None
    """None: never set, which the API shows as an absent `VpcConfig`; an empty one was taken away."""
    file_systems: tuple[FileSystem, ...] = ()
    snap_start: str = "None"
    logging: Logging = Logging()
    state: State = State.ACTIVE
    version: str = LATEST
    was_folder: bool = False
    """A version published from a folder, beside which its packages are installed."""
    build_id: str = ""
    """Changes with code and configuration, but not with what only gives the function a new revision, as
    publishing does: environments of one build can run another invocation of it."""

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def is_latest(self) -> bool:
        return self.version == LATEST

    @property
    def log_group(self) -> str:
        return self.logging.group or own_log_group(self.key.name)


def own_log_group(function_name: str) -> str:
    return f"/aws/lambda/{function_name}"


def log_stream_name(at: datetime, function_name: str, version: str, group: str, unique: str) -> str:
    """In a group that is not the function's own, the stream's name says whose it is."""
    owner = "" if group == own_log_group(function_name) else function_name
    return f"{at:%Y/%m/%d}/{owner}[{version}]{unique}"
