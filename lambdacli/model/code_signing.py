"""A code signing config: whose signatures a function's code may carry, and what becomes of other code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from lambdacli.model.record import record


class SigningPolicy(StrEnum):
    """What happens to code that no allowed publisher has signed."""

    WARN = "Warn"
    ENFORCE = "Enforce"


@record
class CodeSigningConfig:
    account: str
    region: str
    id: str
    publishers: tuple[str, ...]
    """ARNs of versions of signing profiles."""
    last_modified: datetime
    policy: SigningPolicy = SigningPolicy.WARN
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:code-signing-config:{self.id}"


@record
class CodeSigningBinding:
    """The config that a function's code has to satisfy."""

    config_arn: str
