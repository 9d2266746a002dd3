"""What becomes of a batch, by what came of its invocation. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lambdacli.model.event import Refusal, RefusalKind
from lambdacli.model.outcome import Outcome
from lambdacli.sources.base import Record

REPORTS = "ReportBatchItemFailures"

_RETRY_FIRST_SECONDS = 1.0
_RETRY_LONGEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class QueueSettlement:
    """Of a batch of a queue."""

    done: tuple[Record, ...] = ()
    """They are deleted."""
    failed: tuple[Record, ...] = ()
    """They come again when their visibility timeout is over."""
    is_slowing: bool = False
    """Fewer batches should run at once."""
    retry_in: float | None = None
    """Seconds; the batch is then tried again as it is, for its code did not run."""


def settle_queue(
    batch: Sequence[Record],
    result: Outcome | Refusal,
    *,
    reports: bool,
    refusals: int = 0,
    hidden_for: float = 0.0,
) -> QueueSettlement:
    """`refusals` came before this one; the batch is still hidden for so many seconds."""
    everything = tuple(batch)
    if isinstance(result, Refusal):
        wait = retry_after(refusals)
        if is_passing(result) and wait < hidden_for:
            return QueueSettlement(retry_in=wait, is_slowing=True)
        return QueueSettlement(failed=everything, is_slowing=True)
    if result.function_error is not None:
        # Functions that report failures are believed to know what they do: AWS does not slow them down.
        return QueueSettlement(failed=everything, is_slowing=not reports)
    if not reports:
        return QueueSettlement(done=everything)
    failed = reported_failures(result.payload, {record.id for record in batch})
    if failed is None:
        return QueueSettlement(failed=everything)
    return QueueSettlement(
        done=tuple(record for record in batch if record.id not in failed),
        failed=tuple(record for record in batch if record.id in failed),
    )


def is_passing(refusal: Refusal) -> bool:
    """The same batch may be taken a moment later."""
    return refusal.kind in (RefusalKind.THROTTLED, RefusalKind.ZERO_RESERVED, RefusalKind.SERVICE_ERROR)


def retry_after(refusals: int) -> float:
    """Seconds until a batch that was refused is tried again."""
    return min(_RETRY_LONGEST_SECONDS, _RETRY_FIRST_SECONDS * 2.0 ** min(refusals, 16))


def reported_failures(
    payload: bytes, ids: Collection[str], *, takes_empty_text: bool = False
) -> frozenset[str] | None:
    """What the function says did not work. None: its answer is none that counts, so everything failed."""
    try:
        answer = json.loads(payload) if payload.strip() else None
    except (ValueError, RecursionError):
        return None
    if answer is None or (takes_empty_text and answer == ""):
        return frozenset()
    if not isinstance(answer, dict):
        return None
    items = answer.get("batchItemFailures")
    if items is None:
        return frozenset()
    if not isinstance(items, list):
        return None
    named = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    failed = frozenset(each for each in named if isinstance(each, str) and each in ids)
    return failed if all(isinstance(each, str) and each in failed for each in named) else None
