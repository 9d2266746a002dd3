"""What can be done with a noun: one verb of `lam NOUN VERB`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Action:
    run: Callable[..., int]
    summary: str
    examples: str
    further_options: Callable[[Sequence[str]], Sequence[Any]] | None = None
    """Options that there are only because of the other words of the command."""
