"""JSON without the `json` package, whose imports take longer than a warm invoke."""

# Python's own scanner, written in C; a Python without it has none of the speed that this is for.
from _json import make_scanner


class _Plain:
    """What the scanner asks of a decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


_scan = make_scanner(_Plain)  # type: ignore[arg-type]  # any object with these members will do


def parse(text: str) -> object:
    """The first JSON value of a text; ValueError when there is none."""
    try:
        value, _ = _scan(text, 0)
    except StopIteration as error:
        raise ValueError("not JSON") from error
    return value
