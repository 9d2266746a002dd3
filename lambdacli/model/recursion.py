"""Whether invocations that lead back to their own function are stopped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recursion:
    loop: str = "Terminate"
