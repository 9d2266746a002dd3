"""The table of routes that `lam start` and `lam status` print: which request leads to which function."""

from lambdacli.cli.colour import paint

# The fast path loads this: nothing may be imported that Python has not loaded already.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

_HEADINGS = ("API", "ROUTE", "FUNCTION", "URL")


def routes_table(status: "dict[str, Any]", stream: "TextIO") -> "list[str]":
    """No lines where no function stands behind HTTP."""
    rows = [
        (
            f"{api['name']} ({api['kind']})",
            route["route"],
            _guarded(route["function"], route["authorizer"]),
            route["url"],
        )
        for api in status.get("apis", [])
        for route in api["routes"]
    ]
    rows += [
        ("function URL", "ANY /", _guarded(each["function"], each["auth"].replace("NONE", "")), each["url"])
        for each in status.get("urls", [])
    ]
    if not rows:
        return []
    widths = [max(len(row[column]) for row in (_HEADINGS, *rows)) for column in range(len(_HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (_HEADINGS, *rows)
    ]
    return [paint(lines[0], "bold", stream), *lines[1:]]


def _guarded(function: str, by: "str | None") -> str:
    return f"{function} [{by}]" if by else function
