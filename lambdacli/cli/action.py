"""What can be done with a noun: one verb of `lam NOUN VERB`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    run: Callable[..., int]
    summary: str
    examples: str
