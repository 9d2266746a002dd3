"""Recursive loops: the lineage that an invocation hands on, and when its function is stopped. Pure.

AWS says that it counts in the trace header's Lineage and stops at about 16; the header shows a counter, a
hash and a counter. That the first counts the chain's invocations, and the last the returns of the one
function that the hash names, is read out of recorded headers; which function that is was never told. Here it
is the first, and another one where the first seems to be outside of the loop: that is looked at each time
the chain has doubled its length, so that every loop is found, whatever came before it."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import RecursiveInvocationException
from lambdacli.model.limits import LINEAGE_LOOPS, LINEAGE_REQUESTS, RECURSIVE_INVOCATIONS
from lambdacli.model.record import record
from lambdacli.model.recursion import Recursion
from lambdacli.model.trace_header import Lineage, parse_trace_header

_PROMPT_RETURN = 16
"""One of so many invocations of the chain has to be the watched function's; one that comes less often is
taken to be outside of the loop. In loops of up to eight functions, each of them comes often enough."""


@record
class Arrival:
    """An invocation that has come to its function."""

    function: FunctionKey
    trace_header: str
    """What the function gets, and hands on with whatever it sends."""
    invocations: int
    """How often this chain is known to have invoked the function, this time included."""
    is_stopped: bool

    @property
    def loop(self) -> str:
        """For the log."""
        root = parse_trace_header(self.trace_header).root
        return (
            f"recursive loop: {self.function.arn} was invoked {RECURSIVE_INVOCATIONS} times by one chain of "
            f"requests (trace {root or 'without a root'}), and is not invoked again. Let it write to another "
            "place than the one that invokes it, or, if the loop is meant, set its RecursiveLoop to Allow"
        )


def begins_chain(trace_header: str) -> bool:
    """Nothing was counted before; what is set for the function then plays no part."""
    return "lineage" not in trace_header.lower()


def begin(trace_header: str, function: FunctionKey) -> str:
    """What the first function of a chain gets. Most invocations are the first of theirs: nothing is read."""
    begun = f"Lineage=1:{mark_of(function)}:0"
    return f"{trace_header};{begun}" if trace_header else begun


def arrive(trace_header: str, function: FunctionKey, recursion: Recursion) -> Arrival:
    """A retry of the same event arrives with the header of its first attempt: it is no step of the chain."""
    if begins_chain(trace_header):
        return Arrival(function, begin(trace_header, function), 1, is_stopped=False)
    header = parse_trace_header(trace_header)
    mark = mark_of(function)
    if recursion.loop == "Allow" and header.lineage is not None:
        # Nobody counts it, so a chain looks to others as if the function were not in it.
        return Arrival(function, trace_header, 1, is_stopped=False)
    lineage = _next(header.lineage, mark)
    invocations = lineage.loops + 1 if lineage.function == mark else 1
    if invocations > RECURSIVE_INVOCATIONS:
        return Arrival(function, trace_header, invocations, is_stopped=True)
    return Arrival(function, str(header.with_lineage(lineage)), invocations, is_stopped=False)


def require_no_loop(arrival: Arrival) -> None:
    if arrival.is_stopped:
        # AWS's wording was never recorded; this is how its documentation describes the error.
        raise RecursiveInvocationException(
            "Lambda has detected your function being invoked in a recursive loop with other Amazon Web "
            "Services resources and stopped your function's invocation."
        )


@lru_cache(maxsize=1024)
def mark_of(function: FunctionKey) -> str:
    """All versions and aliases of a function are one."""
    return hashlib.sha256(function.arn.encode()).hexdigest()[:8]


def _next(lineage: Lineage | None, mark: str) -> Lineage:
    if lineage is None:
        return Lineage(1, mark, 0)
    requests = min(lineage.requests + 1, LINEAGE_REQUESTS)
    if lineage.function == mark:
        return Lineage(requests, mark, min(lineage.loops + 1, LINEAGE_LOOPS))
    if _is_power_of_two(requests) and _seems_outside(lineage, requests):
        return Lineage(requests, mark, 0)
    return Lineage(requests, lineage.function, lineage.loops)


def _seems_outside(lineage: Lineage, requests: int) -> bool:
    return lineage.loops == 0 or (lineage.loops + 1) * _PROMPT_RETURN < requests


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
