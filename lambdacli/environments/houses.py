"""The houses and templates that environments are forked from: one per function version, kept while it is
used.

A template of a language loads ahead the modules that the function's first environment was seen to load. One
that cannot be forked well with a module (it prints, it keeps threads) is replaced by one without it. An
interpreter that can be no template at all gets a house in which each environment is started afresh."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lambdacli.environments.command import WallsRefused
from lambdacli.environments.placement import PlacementKey
from lambdacli.environments.process import House
from lambdacli.environments.process_tree import ProcessTree

logger = logging.getLogger("lam.environments")

TRIES = 4
"""Templates that are started for one function version until one has no problem with what it preloads."""


@dataclass(slots=True)
class _Entry:
    house: House
    is_template: bool
    leases: int = 0
    is_retired: bool = False
    is_recorded: bool = False
    """One of its environments has told what it loads, or is about to."""
    loads: int = 0
    """How often it has loaded more."""
    loading: asyncio.Future[None] | None = None
    """While it loads; nothing is forked from it before it is known that all went well."""
    is_unfit: bool = False
    """It holds a module that must be loaded by each environment itself."""

    def retire(self) -> None:
        """Nothing more is opened in it; it goes with the last of its environments."""
        self.is_retired = True
        self._close_unused()

    def leave(self) -> None:
        self.leases -= 1
        self._close_unused()

    def _close_unused(self) -> None:
        if self.is_retired and self.leases == 0:
            self.house.close()


@dataclass(slots=True)
class _Knowledge:
    """What is known of a function over its versions."""

    preload: list[object] = field(default_factory=list)
    unfit: list[object] = field(default_factory=list)
    no_templates: set[str] = field(default_factory=set)
    """Interpreters that cannot be one: they may lack ctypes."""


Build = Callable[[bool], House]
"""Starts a house: with a template of its language, or without."""


class Houses:
    def __init__(self, on_change: Callable[[PlacementKey], None]) -> None:
        self._on_change = on_change
        """What was made ready ahead is out of date: the next ones will have more loaded."""
        self._entries: dict[PlacementKey, _Entry] = {}
        self._knowledge: dict[object, _Knowledge] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_closed = False

    def lease(self, key: PlacementKey, build: Build, *, template: str | None) -> Lease:
        """`template` is the interpreter that is to be one, if any."""
        return Lease(self, key, build, template)

    def enter(self, key: PlacementKey, build: Build, *, template: str | None) -> _Entry:
        """One lease more of what is now used for the key; who has it leaves it again."""
        known = self._known(key)
        entry = self._entries.get(key)
        if entry is None or entry.house.is_gone:
            is_template = template is not None and template not in known.no_templates
            entry = _Entry(build(is_template), is_template)
            self._entries[key] = entry
            if is_template and known.preload:
                self._preload_soon(key, entry, build)
        entry.leases += 1
        return entry

    def preload_of(self, key: PlacementKey) -> list[object]:
        """What the function's environments were seen to load, as far as it may be loaded ahead."""
        return list(self._known(key).preload)

    def recorded(self, key: PlacementKey, preload: Sequence[object], build: Build) -> None:
        """An environment has told what it loaded."""
        known = self._known(key)
        fresh = [module for module in preload if module not in known.unfit]
        if fresh == known.preload:
            return
        known.preload = fresh
        entry = self._entries.get(key)
        if entry is not None and entry.is_template:
            self._preload_soon(key, entry, build)

    def no_template(self, key: PlacementKey, entry: _Entry, template: str, reason: WallsRefused) -> None:
        """This interpreter can be none: environments are started afresh, and no template is tried again."""
        known = self._known(key)
        if template not in known.no_templates:
            known.no_templates.add(template)
            logger.warning(
                "%s: %s cannot load modules ahead (%s): each environment starts afresh, which takes longer",
                key.function.name,
                template,
                reason,
            )
        if self._entries.get(key) is entry:
            self.retire(key)

    def retire(self, key: PlacementKey) -> None:
        """Nothing more is opened in what is used now."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.retire()

    def forget(self, function: object) -> None:
        self._knowledge.pop(function, None)

    async def close(self) -> None:
        self.is_closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for entry in self._entries.values():
            entry.house.close()
        self._entries.clear()

    def _preload_soon(self, key: PlacementKey, entry: _Entry, build: Build) -> None:
        entry.loading = asyncio.get_running_loop().create_future()
        self._spawn(self._preload(key, entry, build, entry.loading))

    async def _preload(
        self, key: PlacementKey, entry: _Entry, build: Build, done: asyncio.Future[None]
    ) -> None:
        """Until a template has loaded all that is fit for it. Who was to be forked from one that is not waits
        for all of it, and is then forked from its successor."""
        try:
            await self._preload_what_fits(key, entry, build, done)
        finally:
            if not done.done():
                done.set_result(None)

    async def _preload_what_fits(
        self, key: PlacementKey, entry: _Entry, build: Build, done: asyncio.Future[None]
    ) -> None:
        known = self._known(key)
        for _ in range(TRIES):
            if not await _is_built(entry.house):
                return  # whoever opens something in it hears why
            wanted = tuple(known.preload)
            problem = "it ended" if entry.house.is_gone else await entry.house.preload(wanted)
            if problem is None:
                entry.loads += 1
                self._on_change(key)
                return
            if entry.house.is_gone and self._entries.get(key) is not entry:
                return
            logger.debug("%s: %s is not loaded ahead", key.function.name, problem)
            known.unfit.append(problem)
            known.preload = [module for module in known.preload if module != problem]
            if problem not in wanted:  # the template itself has ended: modules are not to blame one by one
                known.preload = []
            entry.is_unfit = True
            if self._entries.get(key) is not entry:
                return
            self.retire(key)
            entry = _Entry(build(True), is_template=True, is_recorded=True, loading=done)
            self._entries[key] = entry

    def _known(self, key: PlacementKey) -> _Knowledge:
        return self._knowledge.setdefault(key.function, _Knowledge())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _is_built(house: House) -> bool:
    try:
        await house.built()
    except WallsRefused:
        return False
    return True


class Lease:
    """One environment's hold on the house it is opened in."""

    def __init__(self, houses: Houses, key: PlacementKey, build: Build, template: str | None) -> None:
        self._houses = houses
        self._key = key
        self._build = build
        self._template = template
        self._is_released = False
        self._enter()

    def _enter(self) -> None:
        self._entry = self._houses.enter(self._key, self._build, template=self._template)
        self._loads = self._entry.loads

    @property
    def is_outdated(self) -> bool:
        return self._entry.is_retired or self._entry.loads != self._loads

    @property
    def is_template(self) -> bool:
        return self._entry.is_template

    @property
    def wants_record(self) -> bool:
        """Asked once per house: one environment tells for all."""
        if self._entry.is_recorded:
            return False
        self._entry.is_recorded = True
        return True

    def known_preload(self) -> list[object]:
        return self._houses.preload_of(self._key)

    async def open(self, room: Mapping[str, object] | None, output_fd: int) -> ProcessTree:
        """WallsRefused when the house could not be built."""
        while self._entry.loading is not None and not self._entry.loading.done():
            await asyncio.shield(self._entry.loading)
        if self._entry.is_unfit:
            self._move()
        try:
            await self._entry.house.built()
        except WallsRefused as refusal:
            if self._template is None or not self._is_for_a_template(refusal):
                raise
            self._houses.no_template(self._key, self._entry, self._template, refusal)
            self._move()
            await self._entry.house.built()
        tree = self._entry.house.open(room, output_fd)
        tree.on_record = lambda preload: self._houses.recorded(self._key, preload, self._build)
        return tree

    def _is_for_a_template(self, refusal: WallsRefused) -> bool:
        """It was no wall, and nobody has told the house to end: without a template it might be built."""
        return self._entry.is_template and not refusal.step and not self._houses.is_closed

    def _move(self) -> None:
        """To whoever has come after its house."""
        left = self._entry
        self._enter()
        left.leave()

    def release(self) -> None:
        if not self._is_released:
            self._is_released = True
            self._entry.leave()
