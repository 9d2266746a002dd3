"""How far the service's clock is from real time, in one line. Imported by the fast path: the standard library
only, and little of it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def clock_text(clock: "dict[str, Any]") -> str:
    """Empty while it shows real time."""
    offset, scale = clock.get("offset_seconds", 0.0), clock.get("scale", 1.0)
    if not offset and scale == 1:
        return ""
    parts = [f"{length(offset)} ahead of real time"] if offset else []
    if scale != 1:
        parts.append(f"{scale:g} times as fast")
    return ", ".join(parts)


def length(seconds: float) -> str:
    """`2 d 3 h`, `1 m 30 s`, `0.5 s`: what is short beside the rest is left out."""
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + " s"
    parts = []
    rest = int(seconds)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)
