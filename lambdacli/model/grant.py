"""One thing that lam would like to have of this machine, and whether it has it."""

from __future__ import annotations

from lambdacli.model.record import record


@record
class Grant:
    name: str
    is_granted: bool
    detail: str
    """What was found."""
    weakens: str = ""
    """Which promise is weaker without it."""
    remedy: str = ""
    """How to get it."""
