"""The lines in the service's log that tell what was set without effect: the one way they are told."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from lambdacli.model.effects import without_effect
from lambdacli.model.function import Function
from lambdacli.model.runtime_names import deprecation_note

logger = logging.getLogger("lam.settings")


def warn(function_name: str, sentences: Iterable[str]) -> None:
    for sentence in sentences:
        logger.warning("%s: %s", function_name, sentence)


def warn_of(function: Function, former: Function | None = None) -> None:
    """Of each thing that is new and has no effect here, and of a runtime near its end."""
    known = [] if former is None else without_effect(former)
    notes = [note for note in without_effect(function) if note not in known]
    if former is None or former.runtime != function.runtime:
        deprecated = deprecation_note(function.runtime, function.last_modified.date())
        notes.extend([] if deprecated is None else [deprecated])
    warn(function.name, notes)
