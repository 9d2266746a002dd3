"""An alias: a name for a version, or for two between which invocations are shared out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from lambdacli.model.arn import FunctionKey
from lambdacli.model.record import record


@record
class Alias:
    function: FunctionKey
    name: str
    version: str
    description: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    """The share of each additional version; the rest goes to `version`."""
    revision_id: str = ""

    @property
    def arn(self) -> str:
        return self.function.qualified_arn(self.name)

    @property
    def versions(self) -> tuple[str, ...]:
        return (self.version, *self.weights)
