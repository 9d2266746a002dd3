"""Paging of lists: which items a page holds, and the marker that leads to the next. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from lambdacli.model.errors import InvalidParameterValueException

Item = TypeVar("Item")


def page(
    items: Sequence[Item], name: Callable[[Item], str], marker: str | None, size: int
) -> tuple[list[Item], str | None]:
    """The page behind a marker, and the next marker if more follows. Items stand in the order of their names.

    A marker holds the last name of its page, so items that come or go in between shift nothing."""
    return page_of(
        lambda last, count: [item for item in items if name(item) > last][:count], name, marker, size
    )


def page_of(
    fetch: Callable[[str, int], Sequence[Item]],
    name: Callable[[Item], str],
    marker: str | None,
    size: int,
    is_name: Callable[[str], bool] = lambda name: True,
) -> tuple[list[Item], str | None]:
    """As `page`, where `fetch` gives the first so many items behind a name ("" is before all). A marker whose
    name is none is of another list."""
    last = "" if not marker else _decoded(marker)
    if last and not is_name(last):
        raise _bad_marker()
    items = fetch(last, size + 1)
    shown = list(items[:size])
    return shown, _encoded(name(shown[-1])) if len(items) > size else None


def _encoded(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _decoded(marker: str) -> str:
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _bad_marker() from None


def _bad_marker() -> InvalidParameterValueException:
    return InvalidParameterValueException("Invalid value for Marker")
