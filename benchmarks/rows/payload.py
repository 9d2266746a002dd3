"""1 MB there and back, against the same JSON in plain Python plus the same bytes over the loopback."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks import floors
from benchmarks.callers import Caller
from benchmarks.figures import interleave, medians
from benchmarks.findings import Bar, Finding
from benchmarks.payloads import large_document
from benchmarks.stage import Stage

WHAT = "1 MB payload, echo, p50"
TIMES = 9


def run(stage: Stage) -> list[Finding]:
    document = large_document()
    with Caller(stage.lam.target("echo")) as lam, Caller(stage.echo) as echo:

        def exchange_ms(caller: Caller) -> Callable[[], float]:
            def once() -> float:
                figures = []
                for _ in range(TIMES):
                    began = time.perf_counter()
                    answer = caller.post(document)
                    figures.append((time.perf_counter() - began) * 1000)
                    assert answer.status == 200 and len(answer.body) >= len(document), answer.body[:200]
                return sorted(figures)[TIMES // 2]

            return once

        exchange_ms(lam)()
        figures = medians(
            interleave(
                {
                    "lam": exchange_ms(lam),
                    "copy": exchange_ms(echo),
                    "json": lambda: floors.json_ms(document),
                },
                stage.options.rounds,
            )
        )
    note = f"JSON alone {figures['json']:.2f} ms, the copy over the loopback {figures['copy']:.2f} ms"
    floor = figures["json"] + figures["copy"]
    return [Finding(WHAT, "ms", figures["lam"], Bar(1.3, "JSON and the copy"), floor, note)]
