"""Which version an alias goes back to, and which functions go back together."""

from __future__ import annotations

import pytest

from lambdacli.project.rollback import (
    Deployed,
    NoVersionBefore,
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
