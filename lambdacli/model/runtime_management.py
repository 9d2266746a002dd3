"""When a version gets a newer build of its runtime."""

from __future__ import annotations

from lambdacli.model.record import record


@record
class RuntimeManagement:
    update_on: str = "Auto"
    version_arn: str | None = None
    """The build that it stays with; only for `Manual`."""


MANUAL = "Manual"
