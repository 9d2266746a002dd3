"""One invocation in its environment: what is known of it until its end, and what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lambdacli.environments.command import Exit
from lambdacli.environments.intake import Intake
from lambdacli.environments.state import RuntimeEvent
from lambdacli.model.later import Later
from lambdacli.model.outcome import Beginning, Invocation, Outcome, Report
from lambdacli.model.piece_stream import PieceStream
from lambdacli.model.record import record

Begin = Callable[[Beginning], PieceStream | None]
"""Told when the runtime begins to stream: where to, or None if the caller wants the whole."""


def wants_whole(beginning: Beginning) -> None:
    return None


@record
class Happening:
    """What the runtime said, or what became of its processes."""

    event: RuntimeEvent
    payload: bytes = b""
    error_type: str | None = None
    exit: Exit | None = None
    breach: str | None = None
    is_too_large: bool = False


@record
class Settlement:
    """The end of an invocation's phase: its figures and the end of its log."""

    report: Report
    log_tail: bytes


@dataclass(slots=True)
class Phase:
    """From its event until the runtime asks for the next; times are the environment's own."""

    invocation: Invocation
    answer: Callable[[Outcome], None]
    begin: Begin
    began: float
    deadline: float
    intake: Intake | None = None
    """What the runtime streams."""
    settled: Later[Settlement] = field(default_factory=Later)
    has_answered: bool = False
    is_late: bool = False
    ended: float = 0.0
