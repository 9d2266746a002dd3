"""The state tables: every legal step is written here once more, every other one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.environments.state import (
    ENVIRONMENT_STEPS,
    RUNTIME_STEPS,
    EnvironmentEvent,
    EnvironmentState,
    IllegalStep,
    RuntimeEvent,
    RuntimeState,
    drawing,
    step,
)


@pytest.mark.parametrize("state", RuntimeState)
@pytest.mark.parametrize("event", RuntimeEvent)
def test_a_runtime_step_leads_on_or_is_refused(state: RuntimeState, event: RuntimeEvent) -> None:
    if event in RUNTIME_STEPS[state]:
        assert step(RUNTIME_STEPS, state, event) in RuntimeState
    else:
        with pytest.raises(IllegalStep, match=f"{state} has no step {event}"):
            step(RUNTIME_STEPS, state, event)


def test_the_story_of_a_runtime() -> None:
    story = [
        (RuntimeEvent.START, RuntimeState.STARTING),
        (RuntimeEvent.NEXT, RuntimeState.READY),
        (RuntimeEvent.INVOKE, RuntimeState.RUNNING),
        (RuntimeEvent.NEXT, RuntimeState.RUNNING),
        (RuntimeEvent.RESPONSE, RuntimeState.RESPONDED),
        (RuntimeEvent.NEXT, RuntimeState.READY),
        (RuntimeEvent.INVOKE, RuntimeState.RUNNING),
        (RuntimeEvent.TIMEOUT, RuntimeState.FAILED),
        (RuntimeEvent.KILL, RuntimeState.STOPPING),
        (RuntimeEvent.EXITED, RuntimeState.DEAD),
    ]
    state = RuntimeState.DEAD
    for event, expected in story:
        state = step(RUNTIME_STEPS, state, event)
        assert state is expected


def test_init_error_is_legal_before_the_first_next_only() -> None:
    legal = [state for state in RuntimeState if RuntimeEvent.INIT_ERROR in RUNTIME_STEPS[state]]
    assert legal == [RuntimeState.STARTING]


def test_every_environment_can_be_closed_until_it_is_closing() -> None:
    closable = [state for state in EnvironmentState if EnvironmentEvent.CLOSE in ENVIRONMENT_STEPS[state]]
    assert set(EnvironmentState) - set(closable) == {EnvironmentState.CLOSING, EnvironmentState.GONE}


def test_the_drawings_in_the_architecture_are_made_from_the_tables() -> None:
    text = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text()
    assert drawing(RUNTIME_STEPS) in text
    assert drawing(ENVIRONMENT_STEPS) in text
