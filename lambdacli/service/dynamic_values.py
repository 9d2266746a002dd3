"""Values of `{{resolve:…}}` that a template asks for, as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambdacli.model.clock import Clock

if TYPE_CHECKING:
    from lambdacli.project.cloudformation.template import DynamicReference

MISSING_SECONDS = 1.0
"""How long a value that was not there is not asked for again."""


class DynamicValues:
    """A template is read without waiting: one that is not known yet stays as it is written, is asked for
    afterwards, and the template is read again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[DynamicReference, str] = {}
        self._missing: dict[DynamicReference, float] = {}
        self._wanted: set[DynamicReference] = set()

    def __call__(self, reference: DynamicReference) -> str | None:
        if reference in self._known:
            return self._known[reference]
        asked_at = self._missing.get(reference)
        if asked_at is not None and self._clock.monotonic() - asked_at < MISSING_SECONDS:
            return None
        self._wanted.add(reference)
        return reference.as_written

    @property
    def wanted(self) -> frozenset[DynamicReference]:
        return frozenset(self._wanted)

    def learn(self, values: Mapping[DynamicReference, str | None]) -> bool:
        """Whether the template is to be read again."""
        self._wanted -= values.keys()
        for reference, value in values.items():
            if value is None:
                self._missing[reference] = self._clock.monotonic()
            else:
                self._known[reference] = value
        return bool(values)
