"""A thousand invocations of a 100 ms function at once, from one event loop: on a fresh service, and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from benchmarks import lam
from benchmarks.callers import Answer, crowd, is_other
from benchmarks.figures import interleave, median
from benchmarks.findings import Bar, Finding
from benchmarks.payloads import compact
from benchmarks.peers import NotInstalled, ministack
from benchmarks.stage import Stage
from benchmarks.target import Target

CROWD = 1000
BUDGET_SECONDS = 60.0
BARS = (Bar(0.5, ministack.NAME), Bar(0.75, f"{ministack.NAME}, with full walls"))


def run(stage: Stage) -> list[Finding]:
    wrong = {"lam": 0, ministack.NAME: 0}
    again: dict[str, list[float]] = {"lam": [], ministack.NAME: []}
    samples: dict[str, str] = {}

    def measure(name: str, fresh: Callable[[], AbstractContextManager[Target]]) -> Callable[[], float]:
        def once() -> float:
            with fresh() as target:
                first, wrong_first, sample = asyncio.run(_all_at_once(target))
                second, wrong_second, _ = asyncio.run(_all_at_once(target))
            wrong[name] += wrong_first + wrong_second
            again[name].append(second)
            if sample:
                samples[name] = sample
            return first

        return once

    subjects = {"lam": measure("lam", _fresh_lam)}
    absent = ""
    try:
        stage.peer_home(ministack)
        subjects[ministack.NAME] = measure(ministack.NAME, lambda: _fresh_peer(stage))
    except NotInstalled as reason:
        absent = f"{ministack.NAME}: {reason}"
    firsts = interleave(subjects, stage.options.rounds, BUDGET_SECONDS)
    rounds = len(firsts["lam"])
    notes = [absent] if absent else ["the peer's best round, for its rounds differ by far"]
    if rounds < stage.options.rounds:
        notes.append(f"{rounds} rounds in the time it has")
    if wrong[ministack.NAME]:
        notes.append(
            f"{ministack.NAME}: {wrong[ministack.NAME]} not right, such as {samples[ministack.NAME]}"
        )
    note = "; ".join(part for part in notes if part)
    findings = []
    for what, figures in ((f"{CROWD:,} at once of 100 ms, fresh", firsts), ("  the same again", again)):
        base = min(figures[ministack.NAME]) if figures.get(ministack.NAME) else None
        findings += [Finding(what, "s", median(figures["lam"]), bar, base, note) for bar in BARS]
        note = ""
    sample = samples.get("lam", "")
    return [*findings, Finding("  not right", "errors", wrong["lam"], Bar(0), note=sample)]


async def _all_at_once(target: Target) -> tuple[float, int, str]:
    """Seconds, how many were not right, and one of those."""
    bodies = [compact({"seconds": 0.1, "number": number}) for number in range(CROWD)]
    began = time.perf_counter()
    answers = await crowd(target, bodies)
    took = time.perf_counter() - began
    bad = [answer for body, answer in zip(bodies, answers, strict=True) if not _is_right(body, answer)]
    return took, len(bad), _short(bad[0]) if bad else ""


def _is_right(body: bytes, answer: Answer | OSError) -> bool:
    return isinstance(answer, Answer) and answer.status == 200 and not is_other(body, answer.body)


def _short(answer: Answer | OSError) -> str:
    return repr(answer) if isinstance(answer, OSError) else f"{answer.status} {answer.body[:120]!r}"


@contextmanager
def _fresh_lam() -> Iterator[Target]:
    with lam.project([lam.Function("pause")]) as service:
        yield service.target("pause")


@contextmanager
def _fresh_peer(stage: Stage) -> Iterator[Target]:
    with stage.run_peer(ministack, ["pause"]) as targets:
        yield targets["pause"]
