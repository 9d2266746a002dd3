"""Isolated cold starts, one after the other: as the caller sees them, and as REPORT tells them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import psutil

from benchmarks import floors, lam
from benchmarks.callers import Caller
from benchmarks.figures import Measure, interleave, median, medians
from benchmarks.findings import Bar, Finding, unmeasured
from benchmarks.peers import NotInstalled, Peer, ministack, rie
from benchmarks.processes import rss_mb
from benchmarks.stage import Stage

EACH_ROUND = 5
ISOLATION_SECONDS = 0.1
"""Between cold starts that are looked at one by one: what a service makes ready after one is ready for the
next."""
BUDGET_SECONDS = 60.0
BY_CHANGE = "by changes of the code: this service does not know X-Lam-Cold"


def run(stage: Stage) -> list[Finding]:
    return [*_python(stage), *_node(stage)]


def _python(stage: Stage) -> list[Finding]:
    service = stage.lam
    service.invoke("empty", b"{}")
    size = _environment_mb(service)
    inits: dict[str, list[float]] = {"empty": [], "sdk": []}
    forced: set[bool] = set()

    def cold(function: str) -> Measure:
        return lambda: _round(service, function, inits[function], forced)

    service.cold("empty"), service.cold("sdk")
    subjects: dict[str, Measure] = {
        "empty": cold("empty"),
        "sdk": cold("sdk"),
        "row": lambda: _round(service, "empty", [], forced, pause=0.0),
        "fork": lambda: floors.fork_ms(size),
    }
    absent: dict[str, str] = {}
    for peer in (rie, ministack):
        try:
            stage.peer_home(peer)
            subjects[peer.NAME] = _first_of(stage, peer)
        except NotInstalled as reason:
            absent[peer.NAME] = str(reason)
    figures = medians(interleave(subjects, stage.options.rounds, BUDGET_SECONDS))
    note = "" if forced == {True} else BY_CHANGE
    what = "cold start, empty Python, as the caller sees it"
    fork = f"bare fork of {size:.0f} MB"
    findings = [
        Finding(what, "ms", figures["empty"], Bar(5), note=note),
        Finding(what, "ms", figures["empty"], Bar(5, fork), figures["fork"]),
    ]
    for name, bar in (
        (rie.NAME, Bar(round(1 / 7, 3), rie.NAME)),
        (ministack.NAME, Bar(None, ministack.NAME)),
    ):
        why = f"{name}: {absent[name]}" if name in absent else ""
        findings.append(Finding(what, "ms", figures["empty"], bar, figures.get(name), why))
    return [
        *findings,
        Finding("  its Init Duration", "ms", median(inits["empty"])),
        Finding("  one right after the other", "ms", figures["row"]),
        Finding('cold start, boto3.client("s3") at import', "ms", figures["sdk"], Bar(25)),
        Finding("  its Init Duration", "ms", median(inits["sdk"])),
    ]


def _node(stage: Stage) -> list[Finding]:
    what, bar = "cold start, empty Node", Bar(10)
    node = shutil.which("node")
    if node is None:
        return [unmeasured(what, "ms", "node is not on the PATH", bar)]
    inits: list[float] = []
    forced: set[bool] = set()
    try:
        with lam.project([lam.Function("node", runtime="nodejs22.x")]) as service:
            service.cold("node")
            figures = interleave(
                {"node": lambda: _round(service, "node", inits, forced)}, stage.options.rounds, BUDGET_SECONDS
            )
    except lam.LamError as reason:
        return [unmeasured(what, "ms", str(reason), bar)]
    note = "" if forced == {True} else BY_CHANGE
    return [
        Finding(what, "ms", median(figures["node"]), bar, note=note),
        Finding("  its Init Duration", "ms", median(inits)),
    ]


def _round(
    service: lam.Lam, function: str, inits: list[float], forced: set[bool], pause: float = ISOLATION_SECONDS
) -> float:
    starts = []
    for _ in range(EACH_ROUND):
        time.sleep(pause)
        starts.append(service.cold(function))
    inits += [start.init_ms for start in starts]
    forced.update(start.is_forced for start in starts)
    return median([start.caller_ms for start in starts])


def _first_of(stage: Stage, peer: Peer) -> Callable[[], float]:
    """The first invocation of a peer that has just been started: it starts its runtime then."""

    def once() -> float:
        with stage.run_peer(peer, ["empty"]) as targets, Caller(targets["empty"]) as caller:
            began = time.perf_counter()
            answer = caller.post(b"{}")
            took = (time.perf_counter() - began) * 1000
        assert answer.status == 200, answer
        return took

    return once


def _environment_mb(service: lam.Lam) -> float:
    """The size of the largest process below the service: the one that a cold start has to make."""
    sizes = []
    for pid in service.below():
        try:
            sizes.append(rss_mb(pid))
        except psutil.NoSuchProcess:
            continue
    return max(sizes)
