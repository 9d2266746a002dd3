"""What every mapping has around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lambdacli.model.clock import Clock
from lambdacli.model.function import Function
from lambdacli.model.metric import Metric
from lambdacli.sources.progress import Rest


@dataclass(frozen=True, slots=True)
class Surroundings:
    clock: Clock
    """The one clock: windows, and waits between tries."""
    places: Callable[[], int]
    """How many environments this machine has room for: more batches would only wait, no longer hidden."""
    count: Callable[[Function, Metric, float], None]
    rest: Rest
