"""One process of a tree."""

from __future__ import annotations

from lambdacli.model.record import record


@record
class Member:
    pid: int
    threads: int
