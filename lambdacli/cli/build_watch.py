"""Tells who waits for an invocation that its function is still being built."""

import sys

from lambdacli.cli.colour import has_colour

# The fast path loads this when somebody waits: nothing may be imported that takes time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LOOK_SECONDS = 1.0
"""What is answered sooner is not asked about."""


class BuildWatch:
    """A line at a terminal while it lasts; one line at its end."""

    def __init__(self, ask: "Callable[[], list[dict[str, Any]]]") -> None:
        """`ask` gives what the service knows of the function's build."""
        self._ask = ask
        self._is_building = False
        self._is_live = sys.stderr.isatty() and has_colour(sys.stderr)

    def look(self) -> None:
        found = self._ask()
        running = [build for build in found if build["is_running"]]
        if running:
            self._is_building = True
            self._show(running[0])
        elif self._is_building:
            self._is_building = False
            self._clear()
            for build in found:
                sys.stderr.write(f"{_words('built', build)} in {build['seconds']:.1f} s\n")
            sys.stderr.flush()

    def end(self) -> None:
        """The answer is here."""
        if self._is_building:
            self.look()
        if self._is_building:
            self._clear()

    def _show(self, build: "dict[str, Any]") -> None:
        if self._is_live:
            sys.stderr.write(f"\r\x1b[K{_words('building', build)} … {build['seconds']:.0f} s")
            sys.stderr.flush()

    def _clear(self) -> None:
        if self._is_live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _words(doing: str, build: "dict[str, Any]") -> str:
    tool = f" with {build['tool']}" if build["tool"] else ""
    return f"{doing} {build['function']}{tool}"
