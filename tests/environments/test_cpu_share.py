"""A memory size's share of the processors, and the duty cycle that keeps an environment to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from lambdacli.environments.sandbox.cpu_share import DutyCycle, Run, Stop, cpu_share


@pytest.mark.parametrize(
    ("memory_mb", "cores", "share"),
    [
        (128, 8, 0.07236),
        (512, 8, 0.28943),
        (1024, 8, 0.57886),
        (1769, 8, 1.0),
        (3538, 8, 2.0),
        (10_240, 8, 5.78858),
        (10_240, 2, 2.0),
        (1769, 1, 1.0),
        (3008, 1, 1.0),
    ],
)
def test_share_of_a_memory_size(memory_mb: int, cores: int, share: float) -> None:
    assert cpu_share(memory_mb, cores) == pytest.approx(share, rel=1e-4)


MS = 1_000_000


@pytest.mark.parametrize(
    ("looks", "decisions"),
    [
        # (second, processor ms used so far) → decision. Half a core of two: 10 ms a period.
        ([(0.0, 0)], [Run(0.010 / 1.5)]),
        ([(0.010, 10), (0.020, 20)], [Run(0.010 + 0.005 / 1.5), Stop(0.040)]),
        # Late: what was used too much is owed.
        ([(0.100, 100)], [Stop(0.100 + (0.010 + 0.040) / 0.5)]),
        # Nothing is saved beyond a period.
        ([(9.0, 0), (9.010, 15)], [Run(9.0 + 0.010 / 1.5), Stop(9.030)]),
        # Neither a clock nor a figure that goes back gives anything away.
        ([(0.010, 5), (0.005, 2)], [Run(0.010 + 0.010 / 1.5), Run(0.005 + 0.010 / 1.5)]),
    ],
)
def test_decisions(looks: list[tuple[float, float]], decisions: list[Run | Stop]) -> None:
    cycle = DutyCycle(0.5, cores=2, now=0.0, used_ns=0)
    for (now, used_ms), expected in zip(looks, decisions, strict=True):
        decision = cycle.decide(now, round(used_ms * MS))
        assert type(decision) is type(expected)
        assert decision.until == pytest.approx(expected.until)


def test_who_may_use_the_whole_machine_is_never_asked_about_again() -> None:
    cycle = DutyCycle(2.0, cores=2, now=0.0, used_ns=0)
    assert cycle.decide(1.0, 5000 * MS) == Run(math.inf)


def test_it_is_not_asked_more_often_than_every_millisecond() -> None:
    cycle = DutyCycle(0.5, cores=64, now=0.0, used_ns=0)
    assert cycle.decide(0.0, 0) == Run(0.001)


# Two seconds of an environment


@dataclass
class Simulated:
    used_ns: int = 0
    stops: int = 0
    highest_in_a_period_ns: int = 0


def simulate(
    share: float, cores: int, threads: float, lateness: float = 0.0, seconds: float = 2.0
) -> Simulated:
    """An environment that uses `threads` cores whenever it is let; timers come `lateness` seconds late."""
    found = Simulated()
    cycle = DutyCycle(share, cores, now=0.0, used_ns=0)
    now, tick = 0.0, 0.0001
    is_running, ask_at = True, 0.0
    history = [0]
    while now < seconds:
        if now >= ask_at:
            decision = cycle.decide(now, found.used_ns)
            is_running = isinstance(decision, Run)
            found.stops += not is_running
            ask_at = decision.until + lateness
        if is_running:
            found.used_ns += round(threads * tick * 1e9)
        history.append(found.used_ns)
        now += tick
    found.highest_in_a_period_ns = max(b - a for a, b in zip(history, history[200:], strict=False))
    return found


@pytest.mark.parametrize("lateness", [0.0, 0.001])
@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("share", [0.07, 0.07236, 0.1, 0.2894, 0.5, 0.75, 0.95, 1.0])
def test_use_stays_at_the_share(share: float, threads: int, lateness: float) -> None:
    found = simulate(share, cores=4, threads=threads, lateness=lateness)
    assert found.used_ns / 2e9 == pytest.approx(share, rel=0.10)


@pytest.mark.parametrize("share", [1.5, 2.5, 3.9])
def test_use_above_one_core_stays_at_the_share(share: float) -> None:
    assert simulate(share, cores=4, threads=4).used_ns / 2e9 == pytest.approx(share, rel=0.10)


@pytest.mark.parametrize("share", [0.07, 0.5, 1.0])
def test_no_period_gets_more_than_two_periods_worth(share: float) -> None:
    found = simulate(share, cores=4, threads=1)
    assert found.highest_in_a_period_ns <= 2 * share * 20 * MS + 2 * MS


@pytest.mark.parametrize("share", [0.07, 0.5, 1.0])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.9])
def test_who_uses_less_than_the_share_is_never_stopped(share: float, part: float) -> None:
    found = simulate(share, cores=4, threads=share * part)
    assert found.stops == 0
