"""What is wrong at one place of a template, while it is being read."""

from __future__ import annotations

from lambdacli.project.cloudformation.places import Places, Steps
from lambdacli.project.records import Problem


class Fault(Exception):
    """`is_wrong`: the cloud refuses it too. Otherwise only this machine has no value for it."""

    def __init__(self, path: Steps, message: str, hint: str = "", *, is_wrong: bool = True) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.hint = hint
        self.is_wrong = is_wrong


def problem_of(fault: Fault, places: Places) -> Problem:
    place = places.of(fault.path)
    path = ".".join(str(step) for step in fault.path)
    return Problem(place.file, place.line, place.column, path, fault.message, fault.hint)
