"""What builds left in the cache: what is in use, how much there is, and what goes when that is too much."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from lambdacli.model.record import record

_DAY_SECONDS = 86_400.0
_HELD_AT_MOST = 512
"""Open files; what was used longer ago is still protected by its day."""

_held: OrderedDict[Path, int] = OrderedDict()
_holding = threading.Lock()


@record
class Bounds:
    """What was used within the last `spared_seconds` stays, whatever it measures."""

    total_bytes: int
    unused_seconds: float
    spared_seconds: float = _DAY_SECONDS


ALWAYS = Bounds(total_bytes=5 * 1024**3, unused_seconds=30 * _DAY_SECONDS)
"""Held to whenever something new was made."""
ON_REQUEST = Bounds(total_bytes=0, unused_seconds=_DAY_SECONDS)


@record
class Kept:
    """One folder that a build made."""

    folder: Path
    size_bytes: int
    used_at: float


def is_kept(folder: Path) -> bool:
    """Whether it is there. It is used now, and nobody removes it while this process lives."""
    if not folder.is_dir():
        return False
    # Where nothing can be written nothing is removed either.
    with contextlib.suppress(OSError):
        _hold(folder)
    return folder.is_dir()


def _hold(folder: Path) -> None:
    mark = _mark_of(folder)
    with _holding:
        held = _held.pop(folder, None)
        if held is not None and not _is_same_file(held, mark):
            os.close(held)
            held = None
        if held is None:
            held = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(held, fcntl.LOCK_SH)
        _held[folder] = held
        if len(_held) > _HELD_AT_MOST:
            os.close(_held.popitem(last=False)[1])
        os.utime(mark)


def note_size(folder: Path) -> None:
    """Once it is made: nobody measures it again."""
    _mark_of(folder).write_text(str(_size_of(folder)))


def all_kept(cache: Path) -> tuple[Kept, ...]:
    return tuple(_described(folder) for folder in _folders(cache))


def doomed(kept: Sequence[Kept], bounds: Bounds, now: float) -> tuple[Kept, ...]:
    """Those that go, the longest unused first; pure."""
    total = sum(each.size_bytes for each in kept)
    going = []
    for each in sorted(kept, key=lambda each: each.used_at):
        unused = now - each.used_at
        if unused <= bounds.spared_seconds:
            break
        if unused > bounds.unused_seconds or total > bounds.total_bytes:
            going.append(each)
            total -= each.size_bytes
    return tuple(going)


def prune(cache: Path, bounds: Bounds) -> tuple[Kept, ...]:
    """Removes what is beyond the bounds and in nobody's use; what is gone."""
    now = time.time()
    gone = tuple(each for each in doomed(all_kept(cache), bounds, now) if _removed(each.folder))
    for file in (*cache.glob("measured/*"), *cache.glob("esbuild/*.json"), *cache.glob("*/*.log")):
        if now - file.stat().st_mtime > ALWAYS.unused_seconds:
            file.unlink(missing_ok=True)
    return gone


def _removed(folder: Path) -> bool:
    """Neither who makes it nor who uses it may be there."""
    gone = folder.with_suffix(".gone")
    with folder.with_suffix(".lock").open("a") as making, _mark_of(folder).open("a") as using:
        try:
            for file in (making, using):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(gone, ignore_errors=True)
            folder.rename(gone)
        except OSError:
            return False
    shutil.rmtree(gone, ignore_errors=True)
    return True


def _folders(cache: Path) -> Iterator[Path]:
    for mark in (*cache.glob("*/*.lock"), *cache.glob("*/*.used")):
        folder = mark.with_suffix("")
        # One that an earlier version made has no mark of its use.
        if folder.is_dir() and (mark.suffix == ".used" or not _mark_of(folder).exists()):
            yield folder


def _described(folder: Path) -> Kept:
    mark = _mark_of(folder)
    try:
        used_at, told = mark.stat().st_mtime, mark.read_text()
    except OSError:
        used_at, told = folder.stat().st_mtime, ""
    return Kept(folder, int(told) if told.isdecimal() else _size_of(folder), used_at)


def _mark_of(folder: Path) -> Path:
    return folder.with_suffix(".used")


def _is_same_file(held: int, path: Path) -> bool:
    """The whole cache may have been removed by hand meanwhile."""
    try:
        return os.path.samestat(os.fstat(held), path.stat())
    except FileNotFoundError:
        return False


def _size_of(folder: Path) -> int:
    places = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    return sum(place.lstat().st_size for place in places)
