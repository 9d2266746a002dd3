"""Whether invocations that lead back to their own function are stopped."""

from __future__ import annotations

from lambdacli.model.record import record


@record
class Recursion:
    loop: str = "Terminate"
