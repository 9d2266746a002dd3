"""What a template has beside functions: what became of its parts, and resources of the services beside
Lambda."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import Any

from lambdacli.model.record import record


@record
class Finding:
    """What became of something in a template, for `lam validate`."""

    file: Path
    line: int
    subject: str
    """A logical id, or the path of a property below it."""
    is_used: bool
    text: str
    """What it is here, or why it has no effect."""


class Step(StrEnum):
    MAKE = "make"
    CONNECT = "connect"
    """Leads to functions, which must be there with their permissions."""


@record
class NeighbourCall:
    """A request to a service beside Lambda."""

    service: str
    """As boto3 calls it."""
    operation: str
    """As boto3 calls it."""
    parameters: Mapping[str, Any]
    subject: str
    """What it makes, in a person's words."""
    file: Path
    line: int
    step: Step = Step.MAKE
    there_already: frozenset[str] = field(default_factory=frozenset)
    """Codes of the errors that say so."""
