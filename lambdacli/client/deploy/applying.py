"""Does the steps of a plan, one after the other, and says how long each took."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdacli.client.deploy.patience import Patient, Waiting
from lambdacli.client.deploy.target import Json, Refused, Target
from lambdacli.model.deployment import Answered, Contents, Members, Step


class StepFailed(Exception):
    """What was done before it stays done; the next deployment goes on from there."""

    def __init__(self, step: Step, position: int, refusal: Refused) -> None:
        super().__init__(f"{step.title}: {refusal.message or refusal.code}")
        self.step = step
        self.position = position
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Told:
    """Who hears of the steps as they are done."""

    begun: Callable[[Step], None] = lambda step: None
    done: Callable[[Step, float], None] = lambda step, seconds: None


def apply(
    steps: Sequence[Step],
    target: Target,
    contents: Callable[[str], bytes],
    told: Told | None = None,
    waiting: Waiting | None = None,
) -> Mapping[str, Json]:
    """What the calls answered, by their steps. `contents` gives a package by its hash."""
    told, waiting = told or Told(), waiting or Waiting()
    patient = Patient(target, waiting)
    answers: dict[str, Json] = {}
    for position, step in enumerate(steps, start=1):
        told.begun(step)
        begun = waiting.now()
        try:
            parameters = _filled(step.parameters, answers, contents)
            answer = patient.change(
                step.service,
                step.operation,
                parameters,
                step.function,
                are_rights_new=any(before.service == "iam" for before in steps[: position - 1]),
            )
            if step.changes_function and step.function is not None:
                patient.wait_until_ready(step.function, step.operation)
        except Refused as error:
            raise StepFailed(step, position, error) from error
        answers[step.id] = answer
        told.done(step, waiting.now() - begun)
    return answers


def _filled(value: Any, answers: Mapping[str, Members], contents: Callable[[str], bytes]) -> Any:
    if isinstance(value, Answered):
        found: Any = answers[value.step]
        for name in value.member.split("."):
            found = found[name]
        return found if value.form == "{}" else value.form.format(found)
    if isinstance(value, Contents):
        return contents(value.sha256)
    if isinstance(value, Mapping):
        return {name: _filled(each, answers, contents) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(each, answers, contents) for each in value]
    return value
