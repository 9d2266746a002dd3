"""What a service holds and uses stays what it was over many invokes and cold starts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from benchmarks import lam, processes
from benchmarks.callers import procession
from benchmarks.findings import Bar, Finding
from benchmarks.payloads import distinct_payload
from benchmarks.stage import Stage

STAGES = 5
SHORT = (10_000, 50)
LONG = (100_000, 2_000)
CALLERS = 8
IDLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    descriptors: int
    rss_mb: float
    cpu_us_per_invoke: float
    processes: int
    """Below the service."""


def run(stage: Stage) -> list[Finding]:
    invokes, colds = LONG if stage.options.is_long else SHORT
    with lam.project([lam.Function("echo"), lam.Function("empty")]) as service:
        # More callers than later: afterwards no rare coincidence asks for one more environment.
        _one_stage(service, 0, invokes // STAGES // 4, 2, callers=4 * CALLERS)
        snapshots: list[Snapshot] = []
        wrong = 0
        for number in range(STAGES):
            snapshot, wrong_here = _one_stage(
                service, (number + 1) * invokes, invokes // STAGES, colds // STAGES
            )
            snapshots.append(snapshot)
            wrong += wrong_here
        idle = _idle_percent(service)
    first, last = snapshots[0], snapshots[-1]
    after = f"after {invokes:,} invokes and {colds:,} cold starts"
    fifth = f"after the first {STAGES}th of them"
    return [
        Finding(f"descriptors {after}", "", last.descriptors, Bar(1.05, fifth), first.descriptors),
        Finding("  RSS of the service", "MB", last.rss_mb, Bar(1.1, fifth), first.rss_mb),
        Finding(
            "  its CPU time per invoke",
            "µs",
            last.cpu_us_per_invoke,
            Bar(1.15, fifth),
            first.cpu_us_per_invoke,
        ),
        Finding("  processes below it", "", last.processes, Bar(1.05, fifth), first.processes),
        Finding("  its CPU use when idle", "%", idle, Bar(1)),
        Finding("  wrong answers", "errors", wrong, Bar(0)),
    ]


def _one_stage(
    service: lam.Lam, start: int, invokes: int, colds: int, callers: int = CALLERS
) -> tuple[Snapshot, int]:
    target = service.target("echo")
    for _ in range(colds):
        service.cold("empty")
    before = processes.cpu_seconds(service.pid)
    bodies = (distinct_payload(start + number) for number in range(invokes))
    wrong = asyncio.run(procession(target, bodies, callers))
    used = processes.cpu_seconds(service.pid) - before
    snapshot = Snapshot(
        processes.descriptors(service.pid),
        processes.rss_mb(service.pid),
        used * 1_000_000 / invokes,
        len(service.below()),
    )
    return snapshot, wrong


def _idle_percent(service: lam.Lam) -> float:
    before = processes.cpu_seconds(service.pid)
    time.sleep(IDLE_SECONDS)
    return (processes.cpu_seconds(service.pid) - before) / IDLE_SECONDS * 100
