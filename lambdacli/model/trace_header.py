"""The trace header that a chain of requests hands on, X-Amzn-Trace-Id: read and written. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from lambdacli.model.limits import LINEAGE_LOOPS, LINEAGE_REQUESTS
from lambdacli.model.record import record

_LINEAGE = re.compile(r"([0-9]{1,5}):([0-9a-f]{8}):([0-9]{1,3})")


@record
class Lineage:
    """How far a chain has come, as in `Lineage=2:7569cfea:0`."""

    requests: int
    """Invocations in this chain so far."""
    function: str
    """Eight hexadecimal digits that stand for the function whose return is counted."""
    loops: int
    """How often that function was invoked again."""

    def __str__(self) -> str:
        return f"{self.requests}:{self.function}:{self.loops}"


@record
class TraceHeader:
    root: str | None = None
    parent: str | None = None
    sampled: str | None = None
    lineage: Lineage | None = None
    others: tuple[str, ...] = ()
    """Further fields as they came, as `Self=…`: whoever hands the header on keeps them."""

    def with_lineage(self, lineage: Lineage) -> TraceHeader:
        return replace(self, lineage=lineage)

    def __str__(self) -> str:
        fields = {
            "Root": self.root,
            "Parent": self.parent,
            "Sampled": self.sampled,
            "Lineage": self.lineage,
        }
        told = [f"{name}={value}" for name, value in fields.items() if value is not None]
        return ";".join([*told, *self.others])


def parse_trace_header(text: str) -> TraceHeader:
    """What cannot be read is left out: a caller may send anything. Names count in any case, as the API's own
    answers write them in small letters."""
    found: dict[str, str] = {}
    others: list[str] = []
    for field in text.split(";"):
        name, _, value = (part.strip() for part in field.partition("="))
        known = name.capitalize()
        if known not in ("Root", "Parent", "Sampled", "Lineage"):
            others += [f"{name}={value}"] if name and value else []
        elif value:
            found.setdefault(known, value)
    lineage = parse_lineage(found.get("Lineage", ""))
    return TraceHeader(found.get("Root"), found.get("Parent"), found.get("Sampled"), lineage, tuple(others))


def parse_lineage(text: str) -> Lineage | None:
    match = _LINEAGE.fullmatch(text)
    if match is None:
        return None
    requests, loops = int(match[1]), int(match[3])
    if not 1 <= requests <= LINEAGE_REQUESTS or loops > LINEAGE_LOOPS:
        return None
    return Lineage(requests, match[2], loops)
