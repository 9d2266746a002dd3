"""Events while the service is killed again and again: none is lost, only what was in flight is repeated."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from benchmarks.findings import Bar, Finding
from benchmarks.stage import Stage
from lambdacli.engine.endings import OF_ONE_LANE
from tests.real.event_crash import Evidence, Plan, crash
from tests.real.event_evidence import Findings, executed, told
from tests.real.house import opened

EVENTS, SENDERS, KILLS, ENVIRONMENTS = 10_000, 8, 20, 8


def run(stage: Stage) -> list[Finding]:
    durabilities = ("process", "full") if stage.options.is_long else ("process",)
    return [finding for durability in durabilities for finding in _crashed(durability)]


def _crashed(durability: str) -> list[Finding]:
    seed = random.randrange(1, 1 << 32)
    with tempfile.TemporaryDirectory(prefix="lam-bench-crash-") as folder, opened(Path(folder)) as project:
        seen = crash(project, Plan(EVENTS, SENDERS, KILLS, ENVIRONMENTS, durability, seed))
    return findings(seen, f"{len(seen.kills)} kills, durability {durability}", seed)


def findings(seen: Evidence, how: str, seed: int) -> list[Finding]:
    ran = executed(seen.accepted, seen.executions, seen.kills)
    heard = told(seen.accepted, seen.records, seen.kills)
    note = f"seed {seed}; {seen.seconds:.0f} s in all"
    return [
        Finding(f"events lost of {len(seen.accepted):,}, {how}", "events", len(ran.lost), Bar(0), note=note),
        Finding("  ends that nobody heard of", "events", len(heard.lost), Bar(0)),
        *_repeated("executed", ran, ENVIRONMENTS),
        *_repeated("told", heard, OF_ONE_LANE),
    ]


def _repeated(how: str, found: Findings, at_once: int) -> list[Finding]:
    return [
        Finding(f"  {how} again", "times", len(found.repetitions)),
        Finding("    of one that was not in flight at a kill", "times", len(found.unexplained), Bar(0)),
        Finding("    at one kill, the most", "times", found.most_at_one_kill, Bar(at_once)),
    ]
