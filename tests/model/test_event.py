"""Which state of an event follows which."""

from __future__ import annotations

import itertools

import pytest

from lambdacli.model.event import EventState, EventStep, IllegalEventStepError, state_after

LEGAL = {
    ("queued", "claim"): "running",
    ("queued", "retry"): "queued",
    ("queued", "drop"): "finished",
    ("running", "retry"): "queued",
    ("running", "reclaim"): "queued",
    ("running", "finish"): "delivering",
    ("delivering", "retry"): "delivering",
    ("delivering", "sent"): "finished",
    ("delivering", "drop"): "finished",
}


@pytest.mark.parametrize(("state", "step"), list(itertools.product(EventState, EventStep)))
def test_what_the_table_does_not_have_is_an_error(state, step):
    if (state, step) in LEGAL:
        assert state_after(state, step) == LEGAL[state, step]
        return
    with pytest.raises(IllegalEventStepError, match=f"an event that is {state} cannot {step}"):
        state_after(state, step)
