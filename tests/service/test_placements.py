"""Placements are remembered as long as the version that they were made for is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import Function
from lambdacli.service.placements import Placements
from tests.model.test_effects import PLAIN


def test_placement_of_a_deleted_version_is_forgotten_and_the_others_stay() -> None:
    versions = {
        version: replace(PLAIN, version=version, build_id=version) for version in ("$LATEST", "1", "2")
    }

    def find(key: FunctionKey, version: str) -> Function | None:
        return versions.get(version) if key == PLAIN.key else None

    nothing: Any = None
    placements = Placements(find, nothing, nothing, nothing, nothing, nothing, nothing)
    first, second = versions["1"], versions["2"]
    made: Any = object()
    for version in (first, second):
        placements._ready[version.key, version.version] = (placements.generation(version), made)
    del versions["1"]
    placements.forget_gone(PLAIN.key)
    assert placements.ready(first) is None
    assert placements.ready(second) is made
