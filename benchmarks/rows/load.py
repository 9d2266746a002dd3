"""Requests per second with 8 and 32 callers, every answer checked, against the best of the peers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from benchmarks import wrk
from benchmarks.callers import procession
from benchmarks.figures import interleave, medians
from benchmarks.findings import Bar, Finding, best
from benchmarks.payloads import distinct_payload, echo_payload
from benchmarks.peers import NotInstalled, ministack, serverless_offline
from benchmarks.stage import Stage
from benchmarks.target import Target

CALLERS = (8, 32)
LEAST = 2.5
SECONDS = 2.0
BUDGET_SECONDS = 45.0
DISTINCT = 2000


def run(stage: Stage) -> list[Finding]:
    targets: dict[str, Target] = {"lam": stage.lam.target("echo"), "uvloop echo": stage.echo}
    absent: list[str] = []
    # AWS's emulator has one environment and ends when two callers meet in it: it is no peer here.
    for peer in (serverless_offline, ministack):
        try:
            targets[peer.NAME] = stage.echo_peer(peer)
        except NotInstalled as reason:
            absent.append(f"{peer.NAME}: {reason}")
    findings: list[Finding] = []
    for callers in CALLERS:
        findings += _with(stage, targets, absent, callers)
    return [*findings, *_distinct(targets)]


def _distinct(targets: dict[str, Target]) -> list[Finding]:
    """wrk sends everybody the same: whether answers go to whom they belong is seen with distinct payloads."""
    wrong: dict[str, float] = {}
    for name, target in targets.items():
        bodies = (distinct_payload(number) for number in range(DISTINCT))
        try:
            wrong[name] = asyncio.run(procession(target, bodies, max(CALLERS)))
        except (OSError, asyncio.IncompleteReadError):
            wrong[name] = DISTINCT
    what = f"wrong of {DISTINCT:,} distinct answers, {max(CALLERS)} callers"
    told = ", ".join(f"{name} {count:,.0f}" for name, count in wrong.items() if name != "lam")
    return [Finding(what, "errors", wrong["lam"], Bar(0), note=f"beside it: {told}")]


def _with(stage: Stage, targets: dict[str, Target], absent: list[str], callers: int) -> list[Finding]:
    what = f"requests per second, {callers} callers"
    errors = dict.fromkeys(targets, 0)

    def measure(name: str) -> Callable[[], float]:
        def once() -> float:
            done = wrk.load(targets[name], echo_payload(), callers, SECONDS)
            errors[name] += done.errors
            return done.requests_per_second

        return once

    for name, target in targets.items():
        # The environments start; a peer may answer wrongly meanwhile, and lam may not.
        errors[name] += wrk.load(target, echo_payload(), callers, SECONDS).errors
    subjects = {name: measure(name) for name in targets}
    figures = medians(interleave(subjects, stage.options.rounds, BUDGET_SECONDS))
    others = {name: figures[name] for name in figures if name not in ("lam", "uvloop echo")}
    findings = [Finding(what, "/s", figures["lam"], _bar(name), value) for name, value in others.items()]
    findings = [
        Finding(item.what, item.unit, item.figure, item.bar, item.base, _errors_of(item, errors))
        for item in findings
    ]
    winner = best(others, at_least=True)
    if winner is None:
        findings.append(Finding(what, "/s", figures["lam"], Bar(LEAST, "best peer", at_least=True)))
    note = "; ".join(absent)
    findings.append(
        Finding(what, "/s", figures["lam"], Bar(None, "uvloop echo"), figures["uvloop echo"], note)
    )
    findings.append(Finding(f"errors, {callers} callers", "errors", errors["lam"], Bar(0)))
    return findings


def _bar(name: str) -> Bar:
    return Bar(LEAST, name, at_least=True)


def _errors_of(item: Finding, errors: dict[str, int]) -> str:
    name = item.bar.against if item.bar is not None else None
    return f"{name} gave {errors[name]} wrong answers or broken connections" if name and errors[name] else ""
