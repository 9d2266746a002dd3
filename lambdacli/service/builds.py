"""Which functions are being built, by what and for how long: for whoever waits for them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lambdacli.model.record import record
from lambdacli.project.making import Progress, Run

logger = logging.getLogger("lam.placements")

_TOLD_SECONDS = 1.0
"""What took less is not worth a word."""


@record
class Built:
    tool: str | None
    seconds: float


class Builds:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self._running: dict[Building, float] = {}
        self._last: dict[str, Built] = {}

    def of(self, name: str, run: Run) -> Building:
        """For one function that is made ready, which may need no build; `run` runs its programs."""
        return Building(self, name, run)

    def told(self, name: str | None) -> list[dict[str, object]]:
        """Those under way, and how the last one of each function ended that came to its end; of one function,
        if it is named."""
        now = self.monotonic()
        running = {each.name: Built(each.tool, now - began) for each, began in list(self._running.items())}
        ended = {each: built for each, built in list(self._last.items()) if each not in running}
        return [
            {"function": each, "tool": built.tool, "seconds": round(built.seconds, 1), "is_running": running}
            for running, builds in ((True, running), (False, ended))
            for each, built in builds.items()
            if name in (None, each)
        ]

    def began(self, building: Building) -> None:
        self._running.setdefault(building, self.monotonic())

    def ended(self, building: Building, *, is_done: bool) -> None:
        began = self._running.pop(building, None)
        if began is None:
            return
        built = Built(building.tool, self.monotonic() - began)
        self._last.pop(building.name, None)
        if is_done:
            self._last[building.name] = built
        if is_done and built.seconds >= _TOLD_SECONDS:
            logger.info("%s: built%s in %.1f s", building.name, with_tool(built.tool), built.seconds)


class Building:
    """One function on its way: a build begins with the first word of it. Used by the thread that builds."""

    def __init__(self, builds: Builds, name: str, run: Run) -> None:
        self.name = name
        self.tool: str | None = None
        self._builds = builds
        self._run = run

    def __repr__(self) -> str:
        return f"<Building of {self.name}{with_tool(self.tool)}>"

    def progress(self, text: str) -> None:
        if not text:
            return  # installers set their words apart by empty lines
        self._builds.began(self)
        logger.info("%s: %s", self.name, text)

    def run(
        self, arguments: Sequence[str], folder: Path, variables: Mapping[str, str], take: Progress
    ) -> int:
        self.tool = tool_of(arguments[0])
        self._builds.began(self)
        return self._run(arguments, folder, variables, take)

    def end(self, *, is_done: bool) -> None:
        self._builds.ended(self, is_done=is_done)


def tool_of(program: str) -> str | None:
    """As a person knows it. Python is how others are started, who are known by nothing else."""
    name = Path(program).name
    return None if name.startswith("python") else name


def with_tool(tool: str | None) -> str:
    return "" if tool is None else f" with {tool}"
