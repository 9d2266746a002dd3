"""`kill -9` while events are sent, run and told: whatever got its 202 is executed, and its end heard of, by
this service or the next."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from lambdacli.engine.endings import OF_ONE_LANE
from tests.real.event_crash import Plan, crash
from tests.real.event_evidence import executed, told
from tests.real.house import opened

pytestmark = pytest.mark.real

KILLS = int(os.environ.get("LAM_CRASH_KILLS", "4"))
EVENTS = int(os.environ.get("LAM_CRASH_EVENTS", "400"))
SENDERS = 4
ENVIRONMENTS = 4


@pytest.mark.parametrize("durability", ["process", "full"])
def test_every_event_with_a_202_is_executed_and_told_however_often_the_service_is_killed(
    tmp_path: Path, durability: str
) -> None:
    seed = int(os.environ.get("LAM_CRASH_SEED", "0")) or random.randrange(1, 1 << 32)
    print(f"LAM_CRASH_SEED={seed}")
    with opened(tmp_path) as project:
        seen = crash(project, Plan(EVENTS, SENDERS, KILLS, ENVIRONMENTS, durability, seed))
    ran = executed(seen.accepted, seen.executions, seen.kills)
    heard = told(seen.accepted, seen.records, seen.kills)
    print(f"{len(seen.accepted)} accepted, {len(ran.repetitions)} executed again, {seen.seconds:.1f} s")
    assert len(seen.accepted) == len(set(seen.accepted)) == EVENTS
    assert ran.lost == ()
    assert heard.lost == ()
    # An event is seen again only after a kill at which it was on disk as running, or as not told yet.
    assert ran.unexplained == ()
    assert heard.unexplained == ()
    # Of those that wait to be told, only what was being told is told again.
    assert ran.most_at_one_kill <= ENVIRONMENTS
    assert heard.most_at_one_kill <= OF_ONE_LANE
    # Not by the database's word alone: each had begun shortly before the kill.
    assert ran.longest_seconds_before < 5
