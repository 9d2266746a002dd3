"""Which version an alias goes back to, and which functions go back together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambdacli.project.rollback import (
    Deployed,
    NoVersionBefore,
    movable,
    note_of_deployment,
    of_last_deployment,
    rollback_steps,
    version_before,
)


@pytest.mark.parametrize(
    ("deployed", "before"),
    [
        (Deployed("3", "", (1, 2, 3)), "2"),
        (Deployed("5", "", (1, 2, 5)), "2"),
        (Deployed("5", note_of_deployment("m", "1"), (1, 2, 5)), "1"),
        (Deployed("5", note_of_deployment("m", "4"), (1, 2, 5)), "2"),
        (Deployed("2", "lam rollback m", (1, 2, 5)), "1"),
        (Deployed("3", "somebody's own words", (2, 3)), "2"),
    ],
)
def test_the_version_before_is_what_the_alias_led_to(deployed, before):
    assert version_before("demo", deployed) == before


@pytest.mark.parametrize("deployed", [Deployed("1", "", (1,)), Deployed("$LATEST", "", (1,))])
def test_without_a_version_before_nothing_is_moved(deployed):
    with pytest.raises(NoVersionBefore, match="demo"):
        version_before("demo", deployed)


def test_the_functions_of_the_last_deployment_go_back_together():
    found = {
        "a": Deployed("2", note_of_deployment("2026-01-01", "1"), (1, 2)),
        "b": Deployed("7", note_of_deployment("2026-02-02", "6"), (6, 7)),
        "c": Deployed("4", note_of_deployment("2026-02-02", "3"), (3, 4)),
    }
    assert of_last_deployment(found) == ("b", "c")
    steps = rollback_steps({name: "live" for name in found}, found, ("b", "c"), "now")
    assert [step.parameters["FunctionVersion"] for step in steps] == ["6", "3"]


def test_a_rollback_that_was_stopped_goes_on_with_what_is_left():
    found = {
        "a": Deployed("7", note_of_deployment("2026-02-02", "6"), (5, 6, 7)),
        "b": Deployed("4", note_of_deployment("2026-02-02", "3"), (2, 3, 4)),
        "old": Deployed("2", note_of_deployment("2026-01-01", "1"), (1, 2)),
    }
    live = {name: "live" for name in found}
    for name, left in (("a", ("b",)), ("b", ("a", "b"))):
        (step,) = rollback_steps(live, found, (name,), "2026-03-03")
        moved = step.parameters
        found[name] = replace(found[name], version=moved["FunctionVersion"], description=moved["Description"])
        assert of_last_deployment(found) == left


def test_what_was_new_in_the_last_deployment_keeps_nobody_from_going_back():
    found = {
        "new": Deployed("1", note_of_deployment("m", None), (1,)),
        "changed": Deployed("2", note_of_deployment("m", "1"), (1, 2)),
    }
    moved, faults = movable(found, ("new", "changed"))
    assert moved == ("changed",)
    assert [str(fault) for fault in faults] == ["new has no version before 1"]
    with pytest.raises(NoVersionBefore, match="new has no version"):
        movable(found, ("new",))
