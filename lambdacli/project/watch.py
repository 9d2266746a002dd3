"""Watches the project's folder and its code folders, and tells which files changed."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import queue
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserver

from lambdacli.package.ignore import is_ignored

log = logging.getLogger("lam.project")

_POLLING_SECONDS = 1.0

_MOVE_SECONDS = 0.05
"""How long the first half of a move waits for its second, which never comes when the file went elsewhere. All
that changed after it waits too; watchdog's own half second is longer than a change may take to count."""

if sys.platform == "linux":
    with contextlib.suppress(ImportError):
        from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

        InotifyMoveEventGrouper.delay = _MOVE_SECONDS

# Opening, reading and changes of rights leave the content as it was: they are not asked for at all.
_FOLDER_EVENTS: list[type[FileSystemEvent]] = [DirCreatedEvent, DirDeletedEvent, DirMovedEvent]
_EVENTS: list[type[FileSystemEvent]] = [
    *_FOLDER_EVENTS,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
_EVENTS_THAT_CHANGE_THE_PLAN = (DirCreatedEvent, DirDeletedEvent, DirMovedEvent)


@dataclass(frozen=True, slots=True, order=True)
class PlannedWatch:
    folder: Path
    is_recursive: bool
    is_for_folders_only: bool
    """Only its folders' coming and going is of interest."""


def plan_watches(paths: set[Path]) -> set[PlannedWatch]:
    """What to watch, as the folders stand now.

    A folder's own level and each of its subfolders are watched apart, so that .lam and .git, which change
    with every invocation and commit, cost nothing. The folder above tells when a watched one vanishes or
    comes back; of a path that is not there, the nearest folder above that is."""
    planned: set[PlannedWatch] = set()
    for path in paths:
        if not path.is_dir():
            above = next(parent for parent in path.parents if parent.is_dir())
            planned.add(PlannedWatch(above, is_recursive=False, is_for_folders_only=False))
            planned.add(PlannedWatch(above.parent, is_recursive=False, is_for_folders_only=True))
            continue
        planned.add(PlannedWatch(path.parent, is_recursive=False, is_for_folders_only=True))
        planned.add(PlannedWatch(path, is_recursive=False, is_for_folders_only=False))
        for child in _subfolders(path):
            if not is_ignored(child.relative_to(path)):
                planned.add(PlannedWatch(child, is_recursive=True, is_for_folders_only=False))
    return _without_covered(planned)


def _subfolders(folder: Path) -> list[Path]:
    try:
        return [child for child in folder.iterdir() if child.is_dir() and not child.is_symlink()]
    except OSError:
        return []  # it vanished meanwhile; the folder above will tell


def _without_covered(planned: set[PlannedWatch]) -> set[PlannedWatch]:
    recursive = {watch.folder for watch in planned if watch.is_recursive}
    levels = {watch.folder for watch in planned if not watch.is_for_folders_only}

    def is_covered(watch: PlannedWatch) -> bool:
        if not recursive.isdisjoint(watch.folder.parents):
            return True
        if watch.is_for_folders_only:
            return watch.folder in levels
        return not watch.is_recursive and watch.folder in recursive

    return {watch for watch in planned if not is_covered(watch)}


class Watcher:
    """Calls `on_change` from a thread of its own with each path that changed; the same one may come several
    times for one save. `on_message` takes what a person should know."""

    def __init__(
        self,
        on_change: Callable[[Path], None],
        on_message: Callable[[str], None] = log.warning,
        observer_class: Callable[[], BaseObserver] = Observer,
    ) -> None:
        self._on_change = on_change
        self._on_message = on_message
        self._observer = observer_class()
        self._handler = _Handler(self)
        # Everything below belongs to the thread alone: watchdog calls back with its own lock held, so a lock
        # of ours, taken in the other order by `set_folders`, could stop both for ever.
        self._wanted: set[Path] = set()
        self._present: set[Path] = set()
        self._watches: dict[PlannedWatch, ObservedWatch] = {}
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="lam-watch", daemon=True)

    def start(self) -> None:
        # watchdog adds a new subfolder twice when its creation and its first file come together, keeps one
        # watch, and warns about it: nothing is lost, and nobody can do anything with the line.
        warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)
        self._observer.start()
        self._thread.start()

    def stop(self) -> None:
        """Ends the threads; may be called twice."""
        if self._thread.is_alive():
            self._work.put(None)
            self._thread.join()
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def set_folders(self, folders: set[Path]) -> None:
        """From now on these count, and no others. A path may also be a single file, or not be there yet.

        Returns when they are being watched."""
        wanted = {folder.absolute() for folder in folders}
        if threading.current_thread() is self._thread:
            self._want(wanted)
            return
        if not self._thread.is_alive():
            raise RuntimeError("the watcher is not running")
        done: Future[None] = Future()

        def change() -> None:
            try:
                self._want(wanted)
            except Exception as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        self._work.put(change)
        done.result()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:
                # One change that could not be followed must not end the watching of all others.
                log.exception("a change of the project's files could not be followed")

    def accept(self, event: FileSystemEvent) -> None:
        """From watchdog's thread."""
        self._work.put(lambda: self._handle(event))

    def _handle(self, event: FileSystemEvent) -> None:
        changed = [Path(os.fsdecode(path)) for path in (event.src_path, event.dest_path) if path]
        if isinstance(event, (DirDeletedEvent, DirMovedEvent)):
            self._forget(changed[0])
        if isinstance(event, _EVENTS_THAT_CHANGE_THE_PLAN):
            present_before = self._present
            self._apply_plan()
            # A folder may have come with all that is in it before its watch was there to tell.
            changed += sorted((self._present ^ present_before) - set(changed))
        for path in changed:
            if self._counts(path):
                self._on_change(path)

    def _counts(self, path: Path) -> bool:
        return any(
            path == wanted or (path.is_relative_to(wanted) and not is_ignored(path.relative_to(wanted)))
            for wanted in self._wanted
        )

    def _want(self, paths: set[Path]) -> None:
        self._wanted = paths
        self._apply_plan()

    def _apply_plan(self) -> None:
        planned = plan_watches(self._wanted)
        for gone in self._watches.keys() - planned:
            self._observer.unschedule(self._watches.pop(gone))
        tried: set[PlannedWatch] = set()
        try:
            # Again until nothing is new: what came between looking and watching has told nobody.
            while new := plan_watches(self._wanted) - self._watches.keys() - tried:
                for watch in sorted(new):
                    self._schedule(watch)
                tried |= new
            if tried:
                self._probe()
        except OSError as error:
            if isinstance(self._observer, PollingObserver):
                raise
            self._fall_back(error)
        self._present = {path for path in self._wanted if path.exists()}

    def _schedule(self, watch: PlannedWatch) -> None:
        events = _FOLDER_EVENTS if watch.is_for_folders_only else _EVENTS
        try:
            self._watches[watch] = self._observer.schedule(
                self._handler, str(watch.folder), recursive=watch.is_recursive, event_filter=events
            )
        except (FileNotFoundError, NotADirectoryError):
            return  # it vanished since the plan was made; the folder above tells when it comes back

    def _forget(self, folder: Path) -> None:
        """What was watched at or below a vanished folder would never speak again, even if it comes back."""
        for watch in [watch for watch in self._watches if watch.folder.is_relative_to(folder)]:
            self._observer.unschedule(self._watches.pop(watch))

    def _probe(self) -> None:
        # watchdog tells of the system's limit only for the top of a recursive watch; below it stays silent.
        # So one more folder is tried: that fails when nothing is left.
        with tempfile.TemporaryDirectory(prefix="lam-watch-") as folder:
            self._observer.unschedule(self._observer.schedule(FileSystemEventHandler(), folder))

    def _fall_back(self, error: OSError) -> None:
        is_limit = error.errno in (errno.ENOSPC, errno.EMFILE)
        hint = "; raise fs.inotify.max_user_watches to be told at once" if is_limit else ""
        self._on_message(f"{error.strerror}: files are looked at every {_POLLING_SECONDS:g} s instead{hint}")
        self._observer.stop()
        self._observer.join()
        self._watches.clear()
        self._observer = cast(BaseObserver, PollingObserver(timeout=_POLLING_SECONDS))
        self._observer.start()
        self._apply_plan()


class _Handler(FileSystemEventHandler):
    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._watcher.accept(event)
