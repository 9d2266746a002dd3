"""The walls of Linux, put up by the process that is to live inside them: namespaces, mounts, identity.

Two stages. A *house* is put up once per function version: a root of its own that shows the function's folders
at Lambda's paths, read-only, and nothing else of the developer's. A *room* is put up per environment inside a
house: its own processes, /tmp, host names and identity.

Plain system calls through ctypes; standard library only, Python 3.8 syntax: it also runs on users'
interpreters."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any

from . import network

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_MOUNT_SETATTR = 442
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}
KEYCTL_JOIN_SESSION_KEYRING = 1
AT_FDCWD = -100
AT_RECURSIVE = 0x8000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4

PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522

UID, GID = 993, 990
"""Whom a function finds itself to be, as on Lambda."""
USER = "sbx_user1051"

_libc = ctypes.CDLL(None, use_errno=True)


class WallError(Exception):
    """The kernel refused one step; which one and why is for `lam doctor`."""

    def __init__(self, step: str, number: int) -> None:
        super().__init__("%s: %s" % (step, os.strerror(number)))
        self.step, self.number = step, number


# The house: once per function version


def put_up_house(layout: Sequence[tuple[str, str, str]], scaffold: str, uid_base: int | None) -> None:
    """Puts this process into a root of its own. Without root it becomes root of a user namespace first, so
    that it may mount at all; with root the mounts come first, while every folder can still be reached, and it
    then becomes an unprivileged user. The next child is the first of a process namespace of its own."""
    _leave_keyring()
    if uid_base is None:
        uid, gid = os.getuid(), os.getgid()
        _call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, says="user namespace")
        _write_own_maps(0, uid, 0, gid)
        _build_root(layout, scaffold)
        return
    _call("unshare", CLONE_NEWNS, says="mount namespace")
    _build_root(layout, scaffold)
    _become_unprivileged(uid_base)
    _call("unshare", CLONE_NEWNS | CLONE_NEWPID, says="process namespace")


def _become_unprivileged(uid_base: int) -> None:
    """Only a process outside may write a map of many users: a child that stays behind does."""
    ask_read, ask_write = os.pipe()
    me = os.getpid()
    proc = os.open("/proc", os.O_RDONLY)
    writer = os.fork()
    if writer == 0:
        status = 1
        try:
            os.close(ask_write)
            os.read(ask_read, 1)
            for name in ("uid_map", "gid_map"):
                _write_at(proc, "%d/%s" % (me, name), "0 %d 65536" % uid_base)
            status = 0
        finally:
            os._exit(status)
    os.close(ask_read)
    _call("unshare", CLONE_NEWUSER, says="user namespace")
    os.close(ask_write)
    _, status = os.waitpid(writer, 0)
    os.close(proc)
    if status != 0:
        raise WallError("map of users", 1)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _build_root(layout: Sequence[tuple[str, str, str]], scaffold: str) -> None:
    _mount(None, "/", None, MS_REC | MS_PRIVATE, says="private mounts")
    _mount("tmpfs", scaffold, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m", says="root folder")
    umask = os.umask(0)
    try:
        for kind, target, source in layout:
            _lay(kind, scaffold + target, source)
    finally:
        os.umask(umask)
    _set_attributes(scaffold, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, says="read-only folders")
    # What follows is mounted behind the attributes: what is shared stays writable, and proc must stay whole,
    # or no room may mount its own.
    for place, source in [(place, source) for kind, place, source in layout if kind == "share"]:
        _mount(source, scaffold + place, None, MS_BIND | MS_REC, says="sharing " + source)
        _set_attributes(scaffold + place, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, says="sharing " + source)
    _mount("/proc", scaffold + "/proc", None, MS_BIND | MS_REC, says="proc")
    os.chdir(scaffold)
    # The old root is stacked over the new one for a moment, and is then let go.
    if _libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b".") != 0:
        raise WallError("pivot_root", ctypes.get_errno())
    if _libc.umount2(b".", MNT_DETACH) != 0:
        raise WallError("letting the old root go", ctypes.get_errno())
    os.chdir("/")


def _lay(kind: str, place: str, source: str) -> None:
    """One entry of the layout, below the scaffold."""
    if kind in ("folder", "share"):
        os.makedirs(place, 0o755, exist_ok=True)
    elif kind == "link":
        os.makedirs(os.path.dirname(place), 0o755, exist_ok=True)
        os.symlink(source, place)
    elif kind == "empty":
        _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4k", says=place)
    elif kind == "show":
        if os.path.isdir(source):
            os.makedirs(place, 0o755, exist_ok=True)
        elif not os.path.lexists(place):
            os.makedirs(os.path.dirname(place), 0o755, exist_ok=True)
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
        _mount(source, place, None, MS_BIND | MS_REC, says="showing " + source)
    else:
        raise ValueError(kind)


def show_own_processes() -> None:
    """For the first process of the house's namespace: what loads modules ahead sees no others either."""
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, says="/proc")


def _leave_keyring() -> None:
    """The developer's session keyring, which every child inherits, and whose keys every possessor may read. A
    kernel without keys has none to hide."""
    number = SYS_KEYCTL.get(os.uname().machine)
    if number is not None:
        _libc.syscall(number, KEYCTL_JOIN_SESSION_KEYRING, None)


# The room: once per environment


def new_process_namespace() -> int:
    """For the next child. Returns what `old_process_namespace` takes to end that."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    _call("unshare", CLONE_NEWPID, says="process namespace")
    return own


def old_process_namespace(own: int) -> None:
    if _libc.setns(own, CLONE_NEWPID) != 0:
        raise WallError("process namespace", ctypes.get_errno())
    os.close(own)


def put_up_room(room: dict[str, Any]) -> list[int]:
    """For the first process of a process namespace, in a house of which it is root. Returns the descriptors
    that the service needs of a network of its own."""
    flags = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS
    if room["network"] == "isolated":
        flags |= CLONE_NEWNET
    _call("unshare", flags, says="mount, ipc and host name namespaces")
    size = "mode=1777,size=%dm" % room["temporary_mb"]
    _mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, size, says="/tmp")
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, says="/proc")
    _show_file("/etc/hosts", room["hosts"])
    if room["resolver"] is not None:
        _show_file("/etc/resolv.conf", room["resolver"])
    try:
        descriptors = network.open_network(room) if room["network"] == "isolated" else []
    except OSError as error:
        raise WallError("network of the environment", error.errno or 0) from None
    name = b"sandbox.localdomain"
    if _libc.sethostname(name, len(name)) != 0:
        raise WallError("host name", ctypes.get_errno())
    if room["uid"] is not None:
        os.setresgid(room["uid"], room["uid"], room["uid"])
        os.setresuid(room["uid"], room["uid"], room["uid"])
        _libc.prctl(PR_SET_DUMPABLE, 1)  # else its own maps would not be its own to write
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", CLONE_NEWUSER, says="user namespace of the environment")
    _write_own_maps(UID, uid, GID, gid)
    # Nobody in it becomes root of a namespace of his own, where there would be more of the kernel to try.
    try:
        _write_at(None, "/proc/sys/user/max_user_namespaces", "0")
    except OSError as error:
        raise WallError("no further user namespaces", error.errno or 0) from None
    # Who guards the environment is the same user as the function: it must not be traced or read by it.
    _libc.prctl(PR_SET_DUMPABLE, 0)
    return descriptors


def _show_file(place: str, text: str) -> None:
    """The file is kept alive by its mount alone. It is made in a folder that is never the one of what it is
    to cover, which may be a link."""
    place = os.path.realpath(place)
    folder = "/var" if place.startswith("/run/") else "/run"
    _mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k", says=folder)
    with open(folder + "/file", "w") as file:
        file.write(text)
    os.chmod(folder + "/file", 0o444)
    _mount(folder + "/file", place, None, MS_BIND, says=place)
    _set_attributes(place, MOUNT_ATTR_RDONLY, says=place)
    if _libc.umount2(folder.encode(), MNT_DETACH) != 0:
        raise WallError(folder, ctypes.get_errno())


def give_up_privileges() -> None:
    """The last step before the function's own program: what it does not have now it never gets back."""
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _libc.capset(header, nothing) != 0:
        raise WallError("giving up privileges", ctypes.get_errno())
    _libc.prctl(PR_SET_DUMPABLE, 1)


# System calls


def _call(name: str, *arguments: int, says: str) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        raise WallError(says, ctypes.get_errno())


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None, *, says: str
) -> None:
    def text(value: str | None) -> bytes | None:
        return None if value is None else os.fsencode(value)

    if _libc.mount(text(source), text(target), text(kind), ctypes.c_ulong(flags), text(options)) != 0:
        raise WallError(says, ctypes.get_errno())


def _set_attributes(place: str, attributes: int, *, says: str) -> None:
    """For the mounts at a place and all below it; adds only, so what the system has locked stays locked."""
    wanted = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    path = os.fsencode(place)
    if _libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path, AT_RECURSIVE, wanted, ctypes.sizeof(wanted)) != 0:
        raise WallError(says, ctypes.get_errno())


def _write_own_maps(inner_uid: int, uid: int, inner_gid: int, gid: int) -> None:
    try:
        for name, line in (
            ("setgroups", "deny"),
            ("uid_map", "%d %d 1" % (inner_uid, uid)),
            ("gid_map", "%d %d 1" % (inner_gid, gid)),
        ):
            _write_at(None, "/proc/self/" + name, line)
    except OSError as error:
        raise WallError("map of users", error.errno or 0) from None


def _write_at(folder: int | None, path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
