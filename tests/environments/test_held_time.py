"""The time that stands still while a debugger holds."""

from __future__ import annotations

import pytest

from lambdacli.environments.debugging.held_time import LOOK_AGAIN_SECONDS, SHORTEST_WAIT_SECONDS, HeldTime


class Machine:
    """Its clock is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def time(machine: Machine) -> HeldTime:
    return HeldTime(machine.monotonic)


def test_nobody_who_holds_it_makes_it_real_time(time: HeldTime, machine: Machine) -> None:
    began = time.now()
    machine.seconds += 3
    assert (time.now() - began, time.held_seconds) == (3, 0)


def test_what_was_held_does_not_pass(time: HeldTime, machine: Machine) -> None:
    began = time.now()
    machine.seconds += 1
    time.hold("breakpoint")
    machine.seconds += 60
    assert (time.now() - began, time.held_seconds) == (1, 60)
    time.go_on("breakpoint")
    machine.seconds += 1
    assert (time.now() - began, time.held_seconds) == (2, 60)


def test_it_goes_on_when_the_last_one_lets_go(time: HeldTime, machine: Machine) -> None:
    began = time.now()
    time.hold("one")
    time.hold("other")
    machine.seconds += 5
    time.go_on("one")
    time.go_on("one")
    machine.seconds += 5
    time.go_on("other")
    machine.seconds += 1
    assert (time.now() - began, time.held_seconds) == (1, 10)


def test_who_holds_it_twice_holds_it_once(time: HeldTime, machine: Machine) -> None:
    time.hold("breakpoint")
    machine.seconds += 2
    time.hold("breakpoint")
    time.go_on("breakpoint")
    machine.seconds += 1
    assert time.held_seconds == 2


@pytest.mark.parametrize(
    ("left", "is_held", "wait"),
    [
        (3.0, False, 3.0),
        (-1.0, False, SHORTEST_WAIT_SECONDS),
        (3.0, True, 3.0),
        (0.001, True, LOOK_AGAIN_SECONDS),
    ],
)
def test_a_deadline_is_looked_at_again_when_it_may_have_come(
    time: HeldTime, left: float, is_held: bool, wait: float
) -> None:
    if is_held:
        time.hold("breakpoint")
    assert time.wait_for(time.now() + left) == pytest.approx(wait)
