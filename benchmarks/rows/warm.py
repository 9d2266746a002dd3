"""A warm invoke of a Python echo function, 1 KB, one caller, logs on: p50 as wrk sees it."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import wrk
from benchmarks.figures import interleave, medians
from benchmarks.findings import Bar, Finding
from benchmarks.payloads import echo_payload
from benchmarks.peers import NotInstalled, ministack, rie, serverless_offline
from benchmarks.stage import Stage
from benchmarks.target import Target

WHAT = "warm invoke, 1 caller, 1 KB, p50"
BARS = {
    "uvloop echo": Bar(6, "uvloop echo"),
    serverless_offline.NAME: Bar(0.5, serverless_offline.NAME),
    rie.NAME: Bar(0.4, rie.NAME),
}
SECONDS = 1.0
BUDGET_SECONDS = 60.0


def run(stage: Stage) -> list[Finding]:
    targets: dict[str, Target] = {"lam": stage.lam.target("echo"), "uvloop echo": stage.echo}
    absent: dict[str, str] = {}
    for peer in (serverless_offline, ministack, rie):
        try:
            targets[peer.NAME] = stage.echo_peer(peer)
        except NotInstalled as reason:
            absent[peer.NAME] = str(reason)
    errors = dict.fromkeys(targets, 0)

    def measure(name: str) -> Callable[[], float]:
        def once() -> float:
            done = wrk.load(targets[name], echo_payload(), callers=1, seconds=SECONDS)
            errors[name] += done.errors
            return done.p50_ms

        return once

    for target in targets.values():
        wrk.load(target, echo_payload(), callers=1, seconds=SECONDS)  # the cold start and the first calls
    figures = medians(
        interleave({name: measure(name) for name in targets}, stage.options.rounds, BUDGET_SECONDS)
    )
    findings = []
    for against in ("uvloop echo", serverless_offline.NAME, ministack.NAME, rie.NAME):
        bar = BARS.get(against, Bar(None, against))
        if against in absent:
            findings.append(Finding(WHAT, "ms", figures["lam"], bar, note=f"{against}: {absent[against]}"))
            continue
        note = f"{against} gave {errors[against]} wrong answers" if errors[against] else ""
        findings.append(Finding(WHAT, "ms", figures["lam"], bar, figures[against], note))
    findings.append(Finding("  its errors", "errors", float(errors["lam"]), Bar(0)))
    return findings
