"""Follows one asynchronous event to its end: each attempt on stderr, its answer on stdout."""

from __future__ import annotations

from typing import Any

from lambdacli.cli import render
from lambdacli.cli.errors import CommandError
from lambdacli.client import local
from lambdacli.client.http import HttpError
from lambdacli.client.local import Endpoint


def follow(endpoint: Endpoint, request_id: str, *, exit_zero: bool) -> int:
    told = 0
    event: dict[str, Any] | None = None
    for event in local.event_changes(endpoint, request_id):
        for number, attempt in enumerate(event["attempts"][told:], start=told):
            render.note(_told(attempt, event["attempts"][number - 1] if number else None))
        told = len(event["attempts"])
    if event is None or event["condition"] is None:
        _refuse_purged(endpoint, request_id)
        raise CommandError(
            f"the service ended before event {request_id} did",
            "it is on disk, and goes on when the service is started again: `lam queue show` tells",
        )
    if event["answer"] is not None:
        render.output_payload(event["answer"].encode())
    if event["condition"] == "Success":
        return 0
    render.error(f"the event ended without success: {event['condition']}")
    return 0 if exit_zero else 1


def _refuse_purged(endpoint: Endpoint, request_id: str) -> None:
    try:
        local.queued_event(endpoint, request_id)
    except local.ApiError as error:
        raise CommandError(
            f"event {request_id} was purged from the queue before it came to its end"
        ) from error
    except HttpError:
        return


def _told(attempt: dict[str, Any], before: dict[str, Any] | None) -> str:
    """What went wrong in the same words twice is told once."""
    error = _error_of(attempt)
    is_same = before is not None and before["kind"] == attempt["kind"] and _error_of(before) == error != ""
    again = attempt["next_due_at"]
    told = f"{attempt['kind']}: {'the same' if is_same else error or 'ok'}"
    return told if again is None else f"{told}; again at {again[11:19]}"


def _error_of(attempt: dict[str, Any]) -> str:
    return " ".join(str(attempt[name]) for name in ("error_type", "error_message") if attempt[name])
