"""A function as the service keeps it: code and configuration, frozen. Change = `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from lambdacli.model import limits
from lambdacli.model.arn import LATEST, FunctionKey


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


@dataclass(frozen=True, slots=True)
class FolderCode:
    """Code that runs from the developer's own folder and follows its changes."""

    folder: Path


@dataclass(frozen=True, slots=True)
class ArchiveCode:
    """A package that was uploaded: kept by its content's hash."""

    sha256: str
    """Base64 of the SHA-256 of the zip, as CodeSha256 shows it."""
    size_bytes: int


Code = FolderCode | ArchiveCode


@dataclass(frozen=True, slots=True)
class Function:
    """`$LATEST` of one function."""

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
    layers: tuple[Path, ...] = ()
    """Local folders that are merged into /opt, in order."""
    reserved_concurrency: int | None = None
    virtual_environment: Path | None = None
    freezes: bool = True
    """Between invocations its environments make no progress."""
    preloads: bool = True
    """Its environments are forked from a process that has third-party modules loaded."""
    has_cpu_share: bool = True
    """It gets CPU time in proportion to its memory."""
    network: Network = Network.HOST
    state: State = State.ACTIVE
    version: str = LATEST

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def log_group(self) -> str:
        return f"/aws/lambda/{self.key.name}"
