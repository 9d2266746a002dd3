"""Real events that the service kept, as the payloads of new invocations."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError
from lambdacli.client import local
from lambdacli.client.local import Endpoint


@dataclass(frozen=True, slots=True)
class KeptEvent:
    request_id: str
    function: str
    invoked_arn: str
    payload: bytes
    summary: dict[str, Any]

    def note_what_is_missing(self) -> None:
        if self.summary["is_redacted"]:
            render.note("values were taken out of this event before it was kept (`capture:` in lam.yaml)")


def find(endpoint: Endpoint, request_id: str) -> KeptEvent:
    """By the beginning of its request id."""
    try:
        found = local.captured_event(endpoint, request_id)
    except local.ApiError as error:
        raise CommandError(str(error), "`lam events` lists those that are kept") from error
    payload = base64.b64decode(found.pop("payload_base64"))
    return KeptEvent(found["request_id"], found["function"], found["invoked_arn"], payload, found)


def last_of(endpoint: Endpoint, function: str, *, is_failed_only: bool) -> KeptEvent:
    found = local.captured_events(endpoint, function, is_failed_only=is_failed_only)
    if found:
        return find(endpoint, found[0]["request_id"])
    if function not in connect.function_names(endpoint):
        raise connect.not_found(endpoint, function, f"there is no function {function}")
    what = f"{function} failed with" if is_failed_only else f"{function} got"
    raise CommandError(f"no event is kept that {what}", "`lam events` lists those that are kept")


def indented(payload: bytes) -> bytes:
    """As a person reads it; what is no JSON stays as it is."""
    try:
        document = json.loads(payload)
    except ValueError:
        return payload
    return json.dumps(document, indent=2, ensure_ascii=False).encode(errors="surrogatepass") + b"\n"
