"""Layer versions, the ARNs that name them, and what stands for those that cannot be fetched. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from pathlib import Path

from lambdacli.model.function import ArchiveCode
from lambdacli.model.record import record

_ARN = re.compile(
    r"arn:[a-zA-Z0-9-]+:lambda:(?P<region>[a-zA-Z0-9-]+):(?P<account>\d{12}):layer:(?P<name>[a-zA-Z0-9-_]+)"
    r"(?::(?P<number>[0-9]{1,18}))?",
    re.ASCII,
)


@record
class LayerKey:
    """Where a layer lives: its versions are numbered within it."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{self.name}"

    def version_arn(self, number: int) -> str:
        return f"{self.arn}:{number}"


@record
class LayerReference:
    """A layer as an ARN names it; without a number, the layer itself."""

    key: LayerKey
    number: int | None


@record
class LayerVersion:
    key: LayerKey
    number: int
    code: ArchiveCode
    created_at: datetime
    description: str = ""
    license_info: str | None = None
    runtimes: tuple[str, ...] = ()
    """Those it says it is for; nobody is kept from using it with others."""
    architectures: tuple[str, ...] = ()
    policy: str | None = None
    """Who else may use it, as the JSON text that the API shows."""
    policy_revision_id: str | None = None

    @property
    def arn(self) -> str:
        return self.key.version_arn(self.number)


@record
class Substitutions:
    """What stands for layers that cannot be fetched: a folder, a zip, or the ARN of a layer that is here."""

    by_arn: Mapping[str, Path | str] = field(default_factory=dict)
    """The ARN of one version, or of all versions of a layer."""

    def of(self, arn: str) -> Path | str | None:
        return self.by_arn.get(arn) or self.by_arn.get(without_version(arn))


NO_SUBSTITUTIONS = Substitutions()


def parse_layer_arn(text: str) -> LayerReference | None:
    match = _ARN.fullmatch(text)
    if match is None:
        return None
    key = LayerKey(match["account"], match["region"], match["name"])
    return LayerReference(key, None if match["number"] is None else int(match["number"]))


def without_version(arn: str) -> str:
    return re.sub(r":[0-9]+$", "", arn)


def substitution_hint(arn: str) -> str:
    """What to write into lam.yaml for a layer that is not here."""
    return f"`{without_version(arn)}: ./a-folder` below `layers:` at the top level of lam.yaml stands for it"
