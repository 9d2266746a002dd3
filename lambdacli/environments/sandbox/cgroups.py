"""Makes, reads and removes cgroups for environments, below a folder that the service may write."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from lambdacli.environments.sandbox.cgroup_files import (
    LIMITING,
    V2,
    Dialect,
    Figure,
    Write,
    figure_in,
    limit_writes,
    share_writes,
)
from lambdacli.environments.sandbox.usage import began_at

REMOVE_SECONDS = 2.0
MOVE_ROUNDS = 100
"""A process may fork while it is moved: its child is found in the next round."""
CLOCK_SECONDS = 1.0
"""How exactly the beginning of a process is known."""
SERVICE_LEAF = "lam-service"
PARENT = "lam-"


class CgroupError(Exception):
    """The kernel refused what it had seemed to allow; the text says what."""


class Cgroup:
    """The cgroup of one environment: in version 1 a folder for each controller, in version 2 only one."""

    def __init__(self, dialect: Dialect, folders: Mapping[str, Path]) -> None:
        self._dialect = dialect
        self._folders = folders

    def add(self, pid: int) -> None:
        """With everything that it starts from now on. ProcessLookupError when it is gone."""
        for folder in _distinct(self._folders):
            write(folder / "cgroup.procs", str(pid))

    @property
    def limits_cpu(self) -> bool:
        return "cpu" in self._folders

    def set_cpu_share(self, share: float | None) -> None:
        """In cores; None: as much as there is."""
        for order in share_writes(self._dialect, share):
            self._write(order)

    def was_out_of_memory(self) -> bool:
        """Whether the kernel killed here for want of memory. Version 1 kills one process, not all."""
        return bool(self._read(self._dialect.out_of_memory_kills))

    async def remove(self, seconds: float = REMOVE_SECONDS) -> bool:
        """Waits until all of its processes are gone, which somebody else has to see to. False when they are
        not in time; the next service that starts here removes it then."""
        return await _remove_all(_distinct(self._folders), seconds)

    def limit(self, memory_bytes: int, tasks: int) -> None:
        for order in limit_writes(self._dialect, memory_bytes, tasks):
            self._write(order)

    def _write(self, order: Write) -> None:
        folder = self._folders.get(order.controller)
        if folder is None:
            return  # no such controller here: Cgroups.controllers says so
        try:
            write(folder / order.file, order.text)
        except OSError:
            if not order.is_optional:
                raise

    def _read(self, figure: Figure) -> int | None:
        folder = self._folders.get(figure.controller)
        try:
            return None if folder is None else figure_in(read(folder / figure.file), figure.key)
        except OSError:
            return None


class Cgroups:
    """The service's hold on the folders in which it may make cgroups: `open` first, `close` at last."""

    def __init__(
        self,
        dialect: Dialect,
        folders: Mapping[str, Path],
        *,
        must_move: bool = False,
        pid: int | None = None,
    ) -> None:
        """`folders` by controller: for version 2 the same one for each. With `must_move` the processes in it,
        ours and those of who started us, go to a leaf first: a cgroup with processes cannot hand out
        controllers."""
        self._dialect = dialect
        self._folders = dict(folders)
        self._must_move = must_move
        self._pid = os.getpid() if pid is None else pid
        self._parents: dict[str, Path] = {}

    @property
    def version(self) -> int:
        return self._dialect.version

    @property
    def controllers(self) -> frozenset[str]:
        """What is really limited here, of memory, cpu and pids. Final once it is open."""
        return frozenset(self._parents or self._folders) & frozenset(LIMITING)

    async def open(self) -> None:
        """Takes possession. CgroupError when the kernel refuses; nothing is limited then."""
        await self._remove_leftovers()
        try:
            if self._dialect is V2:
                self._hand_out()
            self._parents = {name: folder / f"{PARENT}{self._pid}" for name, folder in self._folders.items()}
            for parent in _distinct(self._parents):
                make_folder(parent)
            if self._dialect is V2:
                self._enable(_distinct(self._parents)[0], self.controllers)
        except OSError as error:
            self._parents = {}
            raise CgroupError(f"{error.filename or 'cgroup'}: {error.strerror}") from error

    def make(self, name: str, memory_bytes: int, tasks: int) -> Cgroup:
        """A new one with its limits; processes are added afterwards."""
        assert self._parents, "cgroups are made between open and close"
        cgroup = Cgroup(self._dialect, {key: parent / name for key, parent in self._parents.items()})
        made: list[Path] = []
        try:
            for parent in _distinct(self._parents):
                make_folder(parent / name)
                made.append(parent / name)
            cgroup.limit(memory_bytes, tasks)
        except OSError:
            for folder in made:
                with contextlib.suppress(OSError):
                    remove_folder(folder)
            raise
        return cgroup

    async def close(self, seconds: float = REMOVE_SECONDS) -> bool:
        """Removes all that was made here and is free of processes; whether that is all."""
        parents, self._parents = self._parents, {}
        folders = [folder for parent in _distinct(parents) for folder in _with_children(parent)]
        return await _remove_all(folders, seconds)

    def _hand_out(self) -> None:
        """Makes the controllers of a version 2 folder usable below it."""
        folder = _distinct(self._folders)[0]
        if self._must_move:
            self._move_processes(folder, folder / SERVICE_LEAF)
        wanted = frozenset(self._folders) & frozenset(LIMITING)
        granted = self._enable(folder, wanted)
        self._folders = {name: path for name, path in self._folders.items() if name in granted}

    def _move_processes(self, folder: Path, leaf: Path) -> None:
        with contextlib.suppress(FileExistsError):
            make_folder(leaf)
        for _ in range(MOVE_ROUNDS):
            pids = read(folder / "cgroup.procs").split()
            if not pids:
                return
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    write(leaf / "cgroup.procs", pid.decode())
        raise OSError(errno.EBUSY, "its processes cannot be moved", str(folder))

    @staticmethod
    def _enable(folder: Path, wanted: frozenset[str]) -> frozenset[str]:
        granted = set()
        for name in sorted(wanted):
            with contextlib.suppress(OSError):
                write(folder / "cgroup.subtree_control", f"+{name}")
                granted.add(name)
        if not granted:
            raise OSError(errno.EBUSY, "its controllers cannot be handed out", str(folder))
        return frozenset(granted)

    async def _remove_leftovers(self) -> None:
        """Of services that were killed. What still lives in them has lost its service and is killed."""
        parents = [path for folder in _distinct(self._folders) for path in _leftovers(folder, self._pid)]
        found = [cgroup for parent in parents for cgroup in _with_children(parent)]
        for cgroup in found:
            _kill_processes(cgroup)
        await _remove_all(found, REMOVE_SECONDS)


def _leftovers(folder: Path, own_pid: int) -> list[Path]:
    found = []
    for path in folder.glob(f"{PARENT}*"):
        number = path.name.removeprefix(PARENT)
        if number.isdigit() and (int(number) == own_pid or not _is_in_use(path, int(number))):
            found.append(path)
    return found


def _is_in_use(folder: Path, pid: int) -> bool:
    """Whether the service that made the folder lives. A process that began after it only got its number."""
    began = began_at(pid)
    try:
        return began is not None and began <= folder.stat().st_ctime + CLOCK_SECONDS
    except OSError:
        return False


def _kill_processes(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in read(folder / "cgroup.procs").split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def _with_children(parent: Path) -> Iterator[Path]:
    """Innermost first, as they have to be removed."""
    for path in sorted(parent.iterdir()) if parent.is_dir() else ():
        if path.is_dir():
            yield from _with_children(path)
    yield parent


async def _remove_all(folders: list[Path], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    pause = 0.001
    remaining = folders
    while remaining := [folder for folder in remaining if not _has_removed(folder)]:
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.05)
    return True


def _has_removed(folder: Path) -> bool:
    try:
        remove_folder(folder)
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    return True


def _distinct(folders: Mapping[str, Path]) -> list[Path]:
    return list(dict.fromkeys(folders.values()))


# What the kernel is asked


def write(path: Path, text: str) -> None:
    """One write: the kernel takes each as an order of its own, and never makes a file for it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def read(path: Path) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def make_folder(path: Path) -> None:
    os.mkdir(path)


def remove_folder(path: Path) -> None:
    os.rmdir(path)
