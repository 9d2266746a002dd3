"""What a schedule's function gets: the event, or what is set instead of it. Pure."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambdacli.model.schedule import Schedule, TargetInput, Transformer
from lambdacli.model.schedule_expression import ScheduleKind

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(?:'([^']*)'|\"([^\"]*)\"|([0-9]+))\]")


class BadInputError(ValueError):
    """An input that names what cannot be, in words for a person."""


def event_of(schedule: Schedule, due: datetime, event_id: str) -> bytes:
    """`event_id` is new for each time."""
    if schedule.kind is ScheduleKind.SCHEDULER:
        return _of_scheduler(schedule, due, event_id)
    return _of_rule(schedule.input, _scheduled_event(schedule, due, event_id, "aws.events", {}))


def check_input(told: TargetInput) -> None:
    """A BadInputError for what can never make an event."""
    if told.constant is not None:
        try:
            json.loads(told.constant)
        except ValueError:
            raise BadInputError("must be JSON: a text stands in quotes of its own") from None
    paths = () if told.transformer is None else tuple(path for _, path in told.transformer.paths)
    for path in (*paths, *(() if told.path is None else (told.path,))):
        _steps(path)


def new_event_id() -> str:
    return str(uuid.uuid4())


def _scheduled_event(
    schedule: Schedule, due: datetime, event_id: str, source: str, detail: object
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": source,
        "account": schedule.function.account,
        "time": _time(due),
        "region": schedule.function.region,
        "resources": [schedule.arn],
        "detail": detail,
    }


# Scheduler


def _of_scheduler(schedule: Schedule, due: datetime, event_id: str) -> bytes:
    """Its own event has an empty document as text where a rule's has an empty one."""
    told = schedule.input.constant
    if told is None:
        return _bytes(_scheduled_event(schedule, due, event_id, "aws.scheduler", "{}"))
    for keyword, value in {
        "schedule-arn": schedule.arn,
        "scheduled-time": _time(due),
        "execution-id": event_id,
        "attempt-number": "1",
    }.items():
        told = told.replace(f"<aws.scheduler.{keyword}>", value)
    return told.encode()


# Rules


def _of_rule(told: TargetInput, event: Mapping[str, Any]) -> bytes:
    if told.constant is not None:
        return told.constant.encode()
    if told.path is not None:
        return _bytes(_at(told.path, event))
    if told.transformer is not None:
        return _transformed(told.transformer, event)
    return _bytes(event)


def _transformed(transformer: Transformer, event: Mapping[str, Any]) -> bytes:
    """Within quotes a value is text, elsewhere JSON. A template that is no document is one text."""
    arn = str(event["resources"][0])
    known: dict[str, Any] = {
        "aws.events.rule-arn": arn,
        "aws.events.rule-name": arn.rsplit("/", 1)[-1],
        "aws.events.event": event,
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": event["time"],
        **{name: _at(path, event) for name, path in transformer.paths},
    }
    filled = _filled(transformer.template, known)
    try:
        json.loads(filled)
    except ValueError:
        plain = _PLACEHOLDER.sub(
            lambda match: _text(known[match[1]]) if match[1] in known else match[0], transformer.template
        )
        return _bytes(plain)
    return filled.encode()


def _filled(template: str, known: Mapping[str, Any]) -> str:
    pieces: list[str] = []
    in_quotes = False
    place = 0
    while place < len(template):
        match = _PLACEHOLDER.match(template, place)
        if match is not None and match[1] in known:
            value = known[match[1]]
            pieces.append(json.dumps(_text(value))[1:-1] if in_quotes else json.dumps(value))
            place = match.end()
            continue
        if template[place] == "\\" and in_quotes:
            pieces.append(template[place : place + 2])
            place += 2
            continue
        in_quotes ^= template[place] == '"'
        pieces.append(template[place])
        place += 1
    return "".join(pieces)


def _at(path: str, event: Mapping[str, Any]) -> Any:
    """None for what is not there."""
    found: Any = event
    for step in _steps(path):
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and step < len(found) else None
        else:
            found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _steps(path: str) -> list[str | int]:
    if not path.startswith("$"):
        raise BadInputError(f"the path {path} must begin with $")
    steps: list[str | int] = []
    place = 1
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            raise BadInputError(f"the path {path} cannot be read from {path[place:]} on")
        name = next((each for each in match.groups()[:3] if each is not None), None)
        steps.append(int(match[4]) if name is None else name)
        place = match.end()
    return steps


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()
