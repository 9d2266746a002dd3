"""Lengths of time as people write them: `90s`, `2m`, `1h30m`."""

from __future__ import annotations

import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,9}[smhdw])+", re.ASCII)


def seconds_of(text: str) -> int | None:
    """None for what is not one."""
    if _DURATION.fullmatch(text) is None:
        return None
    return sum(int(part[:-1]) * _SECONDS[part[-1]] for part in re.findall(r"\d+[smhdw]", text))
