"""Doubles behind our own protocols, shared by all rooms' tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import Function
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, InvokeAnswer, Outcome, StreamedAnswer
from lambdacli.model.piece_stream import PieceStream
from lambdacli.model.provisioned import Progress, ProvisionedConcurrency, ProvisioningStatus


class SteppingClock:
    """Each look at it is one second after the last; nothing is ever called back."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def call_later(self, delay_seconds: float, callback: Callable[[], None]):
        raise AssertionError("nothing here waits")

    def call_at(self, moment: datetime, callback: Callable[[], None]):
        raise AssertionError("nothing here waits")


class ManualClock:
    """Time passes when told."""

    def __init__(self) -> None:
        self._now = 100.0
        self._timers: list[ManualTimer] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)

    def monotonic(self) -> float:
        return self._now

    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> ManualTimer:
        self._timers.append(ManualTimer(self._now + delay_seconds, callback))
        return self._timers[-1]

    def call_at(self, moment: datetime, callback: Callable[[], None]) -> ManualTimer:
        return self.call_later(max(0.0, (moment - self.now()).total_seconds()), callback)

    async def pass_by(self, seconds: float) -> None:
        self._now += seconds
        due = sorted((timer for timer in self._timers if timer.at <= self._now), key=lambda timer: timer.at)
        self._timers = [timer for timer in self._timers if timer.at > self._now]
        for timer in due:
            if not timer.is_cancelled:
                timer.callback()
        for _ in range(20):
            await asyncio.sleep(0)


class ManualTimer:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at, self.callback, self.is_cancelled = at, callback, False

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class ScriptedInvoker:
    """Answers every invocation with the same answer, or raises; keeps what it was given."""

    answer: InvokeAnswer | Exception = field(
        default_factory=lambda: InvokeAnswer(Outcome(b'"done"', executed_version="$LATEST"))
    )
    invocations: list[tuple[Function, Invocation, bool]] = field(default_factory=list)
    pieces: tuple[bytes, ...] = ()
    """Streamed, to who takes them as they come, before the outcome."""
    breaks_off: Exception | None = None

    def invoke(self, function: Function, invocation: Invocation, *, want_log_tail: bool):
        self.invocations.append((function, invocation, want_log_tail))
        answer: Later[InvokeAnswer] = Later()
        if isinstance(self.answer, Exception):
            answer.set_exception(self.answer)
        else:
            answer.set_result(self.answer)
        return answer

    async def stream(self, function: Function, invocation: Invocation) -> StreamedAnswer:
        self.invocations.append((function, invocation, False))
        if isinstance(self.answer, Exception):
            raise self.answer
        told = self.answer.outcome
        pieces, outcome, log_tail = PieceStream(), Later[Outcome](), Later[bytes]()
        for piece in self.pieces or ([told.payload] if told.function_error is None else []):
            pieces.write(piece)
        pieces.end()
        if self.breaks_off is None:
            outcome.set_result(told)
        else:
            outcome.set_exception(self.breaks_off)
        log_tail.set_result(self.answer.log_tail or b"")
        content_type = "text/plain" if self.pieces else None
        return StreamedAnswer(content_type, told.executed_version, told.notices, pieces, outcome, log_tail)


@dataclass
class KeptEvents:
    accepted: list[tuple[Function, Invocation]] = field(default_factory=list)
    qualifiers: list[str | None] = field(default_factory=list)

    def accept(self, function: Function, invocation: Invocation, qualifier: str | None) -> Later[None]:
        self.accepted.append((function, invocation))
        self.qualifiers.append(qualifier)
        accepted: Later[None] = Later()
        accepted.set_result(None)
        return accepted


class NoPackages:
    """Nobody here asks S3."""

    def fetch(self, bucket: str, key: str, version: str | None, region: str) -> bytes:
        raise AssertionError(f"asked for s3://{bucket}/{key}")


@dataclass
class ScriptedProvisioning:
    """Every setting has come as far as the test says."""

    answer: Progress = field(default_factory=lambda: Progress(0, 0, ProvisioningStatus.IN_PROGRESS))

    def progress(self, key: FunctionKey, qualifier: str, setting: ProvisionedConcurrency) -> Progress:
        return self.answer
