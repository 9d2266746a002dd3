"""A real event that a function got, kept so that it can be looked at and sent again."""

from __future__ import annotations

from datetime import datetime

from lambdacli.model.arn import FunctionKey
from lambdacli.model.record import record

DEFAULT_EVENTS = 20
MOST_EVENTS = 10_000

DEFAULT_REDACTIONS = (
    "authorization",
    "cookie",
    "cookies",
    "set-cookie",
    "*password*",
    "*secret*",
    "*token*",
    "x-api-key",
)


@record
class CaptureRules:
    """How much is kept, and what of it never."""

    events: int = DEFAULT_EVENTS
    """Per function; 0 keeps none."""
    redactions: tuple[str, ...] = DEFAULT_REDACTIONS


@record
class CapturedEvent:
    function: FunctionKey
    request_id: str
    at: datetime
    """When its last attempt began."""
    payload: bytes
    version: str
    invoked_arn: str
    error_type: str | None = None
    """None: the function succeeded."""
    is_redacted: bool = False

    @property
    def is_failed(self) -> bool:
        return self.error_type is not None
