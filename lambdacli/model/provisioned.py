"""Provisioned concurrency: environments of a version that are initialised before anybody calls. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from lambdacli.model.alias import Alias
from lambdacli.model.arn import LATEST
from lambdacli.model.record import record

INIT_FAILURE = "FUNCTION_ERROR_INIT_FAILURE"


class ProvisioningStatus(StrEnum):
    IN_PROGRESS = "IN_PROGRESS"
    READY = "READY"
    FAILED = "FAILED"


@record
class ProvisionedConcurrency:
    """Of a version or an alias."""

    requested: int
    last_modified: datetime


@record
class Progress:
    """How far a setting has come."""

    allocated: int
    available: int
    status: ProvisioningStatus
    reason: str | None = None


def shares(requested: int, alias: Alias) -> Mapping[str, int]:
    """What each version of an alias gets: by its weight, as far as whole environments allow. Whether AWS
    splits them so was never confirmed."""
    others = {version: round(requested * weight) for version, weight in alias.weights.items()}
    found = {alias.version: requested - sum(others.values()), **others}
    return {version: count for version, count in found.items() if count and version != LATEST}


def by_version(settings: Mapping[str, ProvisionedConcurrency], aliases: Iterable[Alias]) -> Mapping[str, int]:
    """How many environments of each version of a function are to be kept, for its settings by qualifier."""
    found: Counter[str] = Counter()
    known = {alias.name: alias for alias in aliases}
    for qualifier, setting in settings.items():
        if qualifier in known:
            found.update(shares(setting.requested, known[qualifier]))
        else:
            found[qualifier] += setting.requested
    return dict(found)
