"""How often and how long a function's events are tried, and who hears of the outcome."""

from __future__ import annotations

from datetime import datetime

from lambdacli.model.record import record


@record
class EventInvokeConfig:
    """Of `$LATEST`, a version or an alias. None: not set, so Lambda's own value counts."""

    last_modified: datetime
    maximum_retry_attempts: int | None = None
    maximum_event_age_seconds: int | None = None
    on_success: str | None = None
    """A destination's ARN."""
    on_failure: str | None = None
