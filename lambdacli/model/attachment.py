"""Where an editor attaches to a function, and what it must know for that."""

from __future__ import annotations

from pathlib import Path

from lambdacli.model.record import record

HOST = "127.0.0.1"


@record
class Attachment:
    function: str
    language: str
    """The family of its runtime: python, nodejs or ruby."""
    port: int
    folder: Path
    """With the function's code, on this machine."""
    seen_as: str
    """What the function calls this folder."""
    notes: tuple[str, ...] = ()
