"""Memory: of the service after its start and after load, and of each warm environment with all around it."""

from __future__ import annotations

import asyncio

from benchmarks import lam, processes, wrk
from benchmarks.callers import Answer, crowd
from benchmarks.findings import Bar, Finding
from benchmarks.payloads import compact, echo_payload
from benchmarks.stage import Stage

LOAD_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0


def run(stage: Stage) -> list[Finding]:
    wanted = stage.options.environments
    functions = [lam.Function("echo"), lam.Function("pause")]
    with lam.project(functions, max_environments=max(wanted, 40)) as service:
        after_start = processes.rss_mb(service.pid)
        wrk.load(service.target("echo"), echo_payload(), callers=32, seconds=LOAD_SECONDS)
        after_load = processes.rss_mb(service.pid)
    with lam.project(functions, max_environments=max(wanted, 40)) as service:
        warm = _fill(service, wanted)
        below = service.below()
        each = processes.pss_mb(below) / warm
        with_many = processes.rss_mb(service.pid)
    note = f"all {len(below)} processes below the service over {warm} environments, the shared ones included"
    return [
        Finding("service after its start, RSS", "MB", after_start, Bar(45)),
        Finding("service after 5 s of 32 callers, RSS", "MB", after_load, Bar(45)),
        Finding(f"service with {warm} warm environments, RSS", "MB", with_many, Bar(45)),
        Finding("a warm environment, PSS", "MB", each, Bar(3), note=note),
    ]


def _fill(service: lam.Lam, wanted: int) -> int:
    """Invokes so many at once that each needs an environment of its own; longer ones until all overlap."""
    seconds = 1.0
    while True:
        bodies = [compact({"seconds": seconds, "number": number}) for number in range(wanted)]
        answers = asyncio.run(crowd(service.target("pause"), bodies))
        failed = [item for item in answers if not isinstance(item, Answer) or item.status != 200]
        if failed:
            raise lam.LamError(f"{len(failed)} of {wanted} invocations failed, such as {failed[0]!r:.200}")
        warm = sum(service.environments().values())
        if warm >= wanted or seconds >= LONGEST_PAUSE_SECONDS:
            return warm
        seconds *= 2
