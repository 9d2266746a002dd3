"""What is told of an execution environment: its state, its figures, and why it was started."""

from __future__ import annotations

from enum import StrEnum

from lambdacli.model.arn import FunctionKey
from lambdacli.model.record import record


class StartReason(StrEnum):
    """Recorded where it was decided: in the pool."""

    FIRST = "first invocation of this code"
    BUSY = "all others were busy"
    COLD = "asked for by --cold"
    LEFT = "the others had left, unused for long"
    EVICTED = "the others had given way to others' environments"
    FAILED = "after a failure"
    PROVISIONED = "kept ready by provisioned concurrency"


@record
class EnvironmentDescription:
    """One environment as it is at this moment."""

    function: FunctionKey
    stream: str
    state: str
    started_at: float
    """Seconds since 1970."""
    reason: StartReason
    invocations: int
    memory_mb: float
    """What its processes hold now; 0 when there are none."""
    max_memory_mb: int
    processes: int
    """Processes and threads."""
    process_id: int | None
    """Of the function's main process; None while there is none."""
    is_frozen: bool
    walls: str
    start_kind: str
