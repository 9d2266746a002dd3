"""What freezing and thawing cost a warm invoke: the same function with and without, side by side."""

from __future__ import annotations

from functools import partial

from benchmarks import lam, wrk
from benchmarks.figures import interleave, median
from benchmarks.findings import Bar, Finding, unmeasured
from benchmarks.payloads import echo_payload
from benchmarks.stage import Stage
from benchmarks.target import Target

WHAT = "freeze and thaw per warm invoke, p50"
BAR = Bar(100)
SECONDS = 1.0
FUNCTIONS = (
    lam.Function("frozen", folder="echo", settings={"freeze": "true"}),
    lam.Function("thawed", folder="echo", settings={"freeze": "false"}),
)


def run(stage: Stage) -> list[Finding]:
    try:
        with lam.project(FUNCTIONS) as service:
            return [_compare(service, stage.options.rounds)]
    except lam.LamError as reason:
        return [unmeasured(WHAT, "µs", str(reason), BAR)]


def _compare(service: lam.Lam, rounds: int) -> Finding:
    targets = {name: service.target(name) for name in ("frozen", "thawed")}
    for target in targets.values():
        wrk.load(target, echo_payload(), callers=1, seconds=SECONDS)
    figures = interleave(
        {name: partial(_p50_ms, target) for name, target in targets.items()},
        rounds,
    )
    pairs = zip(figures["frozen"], figures["thawed"], strict=True)
    cost = median([(frozen - thawed) * 1000 for frozen, thawed in pairs])
    both = f"{median(figures['frozen']):.3f} ms with, {median(figures['thawed']):.3f} ms without"
    return Finding(WHAT, "µs", cost, BAR, note=both)


def _p50_ms(target: Target) -> float:
    return wrk.load(target, echo_payload(), callers=1, seconds=SECONDS).p50_ms
