"""Events that are accepted: per second with 32 senders, beside SQLite alone; and with a long queue."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import lam, processes, wrk
from benchmarks.figures import interleave, medians
from benchmarks.findings import Bar, Finding
from benchmarks.floors import commits
from benchmarks.payloads import compact
from benchmarks.stage import Stage

SENDERS = 32
SECONDS = 2.0
BUDGET_SECONDS = 45.0
LEAST_PER_SECOND = {"process": 8_000, "full": 4_000}
BACKLOG_SHORT, BACKLOG_LONG = 50_000, 1_000_000
CLAIMED_ROUNDS = 3
WARM_EVENTS = 500
FEW = 30_000
"""More than are run in one measurement of claims."""
# One runs long, so that the others wait: what is measured is accepting.
FUNCTION = lam.Function("pause", settings={"concurrency": "1"})
PAYLOAD = compact({"seconds": 50, "text": "x" * 200})
RUN = lam.Function("echo")
KEY = ("000000000000", "us-east-1", "pause")


def run(stage: Stage) -> list[Finding]:
    return [*_accepts(stage), *_with_backlog(stage), *_claims(stage)]


def _accepts(stage: Stage) -> list[Finding]:
    findings: list[Finding] = []
    for durability, least in LEAST_PER_SECOND.items():
        is_durable = durability == "full"
        with lam.project([FUNCTION], settings={"durability": durability}) as service:
            subjects = _subjects(service, is_durable)
            figures = medians(interleave(subjects, stage.options.rounds, BUDGET_SECONDS))
        what = f"events accepted, {SENDERS} senders, durability {durability}"
        alone = "SQLite alone, in groups"
        findings += [
            Finding(what, "/s", figures["events"], Bar(least, at_least=True)),
            Finding("  the same", "/s", figures["events"], Bar(None, alone), figures["floor"]),
            Finding("  the same", "/s", figures["events"], Bar(None, "as many DryRuns"), figures["dry runs"]),
        ]
        bar = Bar(None if is_durable else 3, "a DryRun")
        findings.append(Finding("  one sender, p50", "ms", figures["event"], bar, figures["dry run"]))
    return findings


def _subjects(service: lam.Lam, is_durable: bool) -> dict[str, Callable[[], float]]:
    return {
        "events": lambda: _sent(service, "Event", SENDERS).requests_per_second,
        "dry runs": lambda: _sent(service, "DryRun", SENDERS).requests_per_second,
        "floor": lambda: commits.events_per_second(PAYLOAD, SECONDS / 2, is_durable=is_durable),
        "event": lambda: _sent(service, "Event", 1).p50_ms,
        "dry run": lambda: _sent(service, "DryRun", 1).p50_ms,
    }


def _with_backlog(stage: Stage) -> list[Finding]:
    count = BACKLOG_LONG if stage.options.is_long else BACKLOG_SHORT
    with _waiting(0) as empty, _waiting(count) as full:
        subjects: dict[str, Callable[[], float]] = {
            "empty": lambda: _sent(empty, "Event", SENDERS).requests_per_second,
            "full": lambda: _sent(full, "Event", SENDERS).requests_per_second,
        }
        figures = medians(interleave(subjects, stage.options.rounds, BUDGET_SECONDS))
        memory = processes.rss_mb(full.pid) - processes.rss_mb(empty.pid)
    against = "with an empty queue"
    return [
        Finding(
            f"events accepted, {count:,} waiting",
            "/s",
            figures["full"],
            Bar(0.8, against, at_least=True),
            figures["empty"],
        ),
        Finding("  memory of the service, more than with none", "MB", memory, Bar(100)),
    ]


def _claims(stage: Stage) -> list[Finding]:
    """Claimed, run and finished: the rest of it is the same, however long the queue is."""
    count = BACKLOG_LONG if stage.options.is_long else 5 * FEW
    rounds = min(stage.options.rounds, CLAIMED_ROUNDS)
    with lam.project([RUN]) as few, lam.project([RUN]) as many:
        for service, waiting in ((few, FEW * rounds), (many, count + FEW * rounds)):
            service.command("stop")
            commits.fill(service.folder / ".lam" / "lam.db", waiting, b"{}", (*KEY[:2], RUN.name))
        figures = medians(
            interleave({"few": lambda: _run_per_second(few), "many": lambda: _run_per_second(many)}, rounds)
        )
    return [
        Finding(
            f"events claimed and run, {count:,} waiting",
            "/s",
            figures["many"],
            Bar(0.8, "with few", at_least=True),
            figures["few"],
        )
    ]


def _run_per_second(service: lam.Lam) -> float:
    """Of a service that is started for it, and stopped: two at once would share the machine."""
    service.command("start", "--detach", "--port", "0", "--idle-exit", "0")
    try:
        at_start = _waiting_now(service)
        while at_start - _waiting_now(service) < WARM_EVENTS:
            pass
        began, before = time.perf_counter(), _waiting_now(service)
        time.sleep(SECONDS)
        return (before - _waiting_now(service)) / (time.perf_counter() - began)
    finally:
        service.command("stop")


def _waiting_now(service: lam.Lam) -> int:
    lanes = json.loads(service.command("queue", "--json"))["lanes"]
    return sum(int(lane[state]) for lane in lanes for state in ("queued", "running", "delivering"))


def _sent(service: lam.Lam, kind: str, senders: int) -> wrk.Load:
    load = wrk.load(service.target(FUNCTION.name), PAYLOAD, senders, SECONDS, kind)
    if load.errors:
        raise lam.LamError(f"{load.errors} of the {kind} invocations were not answered right")
    return load


@contextlib.contextmanager
def _waiting(count: int) -> Iterator[lam.Lam]:
    """A service that starts with so many events in its queue."""
    with lam.project([FUNCTION]) as service:
        database: Path = service.folder / ".lam" / "lam.db"
        if count:
            service.command("stop")
            commits.fill(database, count, PAYLOAD, KEY)
            service.command("start", "--detach", "--port", "0", "--idle-exit", "0")
        yield service
