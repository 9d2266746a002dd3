"""How many environments a capacity provider keeps for a version."""

from __future__ import annotations

from lambdacli.model.record import record


@record
class Scaling:
    """None: not set."""

    minimum_environments: int | None = None
    maximum_environments: int | None = None
