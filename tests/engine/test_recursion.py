"""Which chains of requests are loops, and where they are stopped."""

from __future__ import annotations

from itertools import chain, cycle, islice, repeat

import pytest

from lambdacli.engine.recursion import Arrival, arrive, mark_of, require_no_loop
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import RecursiveInvocationException
from lambdacli.model.recursion import Recursion

FRESH = "Root=1-67f6cc3c-2501b4910e004349426d8006;Parent=73146ee07a1ed731;Sampled=0"
FOREVER = 3000


def key(name: str) -> FunctionKey:
    return FunctionKey("000000000000", "us-east-1", name)


def walk(names, allowed=()) -> tuple[list[str], Arrival]:
    """Those that ran, and the arrival at which the chain ended."""
    header, ran = FRESH, []
    for name in names:
        arrival = arrive(header, key(name), Recursion("Allow" if name in allowed else "Terminate"))
        if arrival.is_stopped:
            break
        ran.append(name)
        header = arrival.trace_header
    return ran, arrival


def test_headers_look_as_recorded_ones():
    first = arrive(FRESH, key("a"), Recursion())
    assert first.trace_header == f"{FRESH};Lineage=1:{mark_of(key('a'))}:0"
    again = arrive(first.trace_header, key("a"), Recursion())
    assert again.trace_header == f"{FRESH};Lineage=2:{mark_of(key('a'))}:1"
    other = arrive(first.trace_header, key("b"), Recursion())
    assert other.trace_header == f"{FRESH};Lineage=2:{mark_of(key('b'))}:0"


def test_a_mark_is_of_the_function_wherever_it_lives():
    marks = {mark_of(FunctionKey(a, r, n)) for a in ("1" * 12, "2" * 12) for r in ("x", "y") for n in "ab"}
    assert len(marks) == 8
    assert all(len(mark) == 8 for mark in marks)


@pytest.mark.parametrize(
    ("chain_of_functions", "stopped", "ran_times"),
    [
        (repeat("a"), "a", {"a": 16}),
        (cycle("ab"), "b", {"a": 17, "b": 16}),
        (chain("p", repeat("a")), "a", {"p": 1, "a": 16}),
        (chain("p", cycle("ab")), "a", {"p": 1, "a": 16, "b": 16}),
        (cycle("abc"), "a", {"a": 17, "b": 17, "c": 17}),
        (chain("pq", repeat("a")), "a", {"p": 1, "q": 1, "a": 17}),
    ],
)
def test_a_loop_is_stopped_at_its_seventeenth_turn_or_little_later(chain_of_functions, stopped, ran_times):
    ran, last = walk(chain_of_functions)
    assert last.function == key(stopped)
    assert {name: ran.count(name) for name in set(ran)} == ran_times


@pytest.mark.parametrize("length", range(1, 9))
@pytest.mark.parametrize("before", [0, 1, 5, 16, 40])
def test_every_loop_is_stopped_whatever_came_before_it(length, before):
    lead = [f"lead{number}" for number in range(before)]
    loop = [f"loop{number}" for number in range(length)]
    ran, last = walk(islice(chain(lead, cycle(loop)), FOREVER))
    assert last.is_stopped
    turns = (len(ran) - before) / length
    assert 16 <= turns <= 16 + 2 * max(length, before) / length + 1


def test_even_a_very_long_loop_is_stopped():
    _, last = walk(islice(cycle([f"f{number}" for number in range(50)]), FOREVER))
    assert last.is_stopped


def test_a_loop_after_another_one_that_ended_by_itself_is_stopped():
    ran, last = walk(islice(chain("aaaa", cycle("bc")), FOREVER))
    assert last.is_stopped
    assert len(ran) < 200


@pytest.mark.parametrize(
    ("chain_of_functions", "allowed"),
    [
        ([f"f{number}" for number in range(200)], ""),
        (["a"] * 16, ""),
        (["a"] * 200, "a"),
        (islice(cycle("ab"), 200), "ab"),
        (["a"] * 100 + ["b"] * 16, "a"),
    ],
)
def test_what_is_no_loop_or_is_allowed_passes(chain_of_functions, allowed):
    _, last = walk(chain_of_functions, allowed)
    assert not last.is_stopped


def test_a_function_that_allows_loops_does_not_allow_them_for_another():
    ran, last = walk(islice(cycle("ab"), FOREVER), allowed="a")
    assert last.function == key("b")
    assert ran.count("b") == 16


def test_a_retry_is_no_step_of_the_chain():
    header = walk(["a"] * 16)[1].trace_header
    before_last = walk(["a"] * 15)[1].trace_header
    assert {arrive(before_last, key("a"), Recursion()).trace_header for _ in range(3)} == {header}


def test_a_stopped_invocation_is_refused_and_the_loop_named():
    arrival = walk(repeat("orders"))[1]
    assert (arrival.is_stopped, arrival.invocations) == (True, 17)
    with pytest.raises(RecursiveInvocationException, match="recursive loop"):
        require_no_loop(arrival)
    assert "us-east-1:000000000000:function:orders was invoked 16 times" in arrival.loop
    assert "(trace 1-67f6cc3c-2501b4910e004349426d8006)" in arrival.loop
    require_no_loop(walk("a")[1])


def test_a_header_that_is_not_there_begins_a_chain():
    assert arrive("", key("a"), Recursion()).trace_header == f"Lineage=1:{mark_of(key('a'))}:0"
