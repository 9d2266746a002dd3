"""A package's files, onto a disk: nothing outside of the folder is ever written, and no more than allowed."""

from __future__ import annotations

import errno
import lzma
import os
import posixpath
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

_PIECE_BYTES = 1 << 20
_DEEPEST = 256
"""Folders within folders: what makes and removes them calls itself for each."""

# What the file system says to names that no package should hold.
_UNUSABLE_NAME = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EILSEQ,
        errno.EINVAL,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ENOTDIR,
    }
)


class NotUnpackable(Exception):
    """No zip, or one whose entries cannot be files of one folder."""


class Empty(NotUnpackable):
    """It has no entries."""


class TooLarge(Exception):
    """What it holds is more than may be unpacked."""


_BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
)


def unpack(archive: Path, folder: Path, limit_bytes: int) -> None:
    """Into a folder that is not there yet; no more than this is written."""
    try:
        with zipfile.ZipFile(archive) as package:
            _unpack_entries(package, folder, limit_bytes)
    except _BROKEN_ARCHIVE:
        raise NotUnpackable from None
    except OSError as error:
        # bz2 tells broken data as an OSError without a number; a full disk is no fault of the package.
        if error.errno is not None and error.errno not in _UNUSABLE_NAME:
            raise
        raise NotUnpackable from None


def _unpack_entries(package: zipfile.ZipFile, folder: Path, limit_bytes: int) -> None:
    entries = package.infolist()
    if not entries:
        raise Empty
    if sum(entry.file_size for entry in entries) > limit_bytes:
        raise TooLarge
    folder.mkdir(mode=0o755)
    budget = _Budget(limit_bytes)
    links: list[tuple[str, str]] = []
    for entry in entries:
        name = _safe_name(entry)
        path = folder / name
        mode = entry.external_attr >> 16
        if entry.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            path.chmod((mode & 0o777 or 0o755) | 0o755)
        elif stat.S_ISLNK(mode):
            links.append((name, package.read(entry).decode()))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            with package.open(entry) as source, path.open("wb") as target:
                budget.copy(source, target)
            # A function may be another user of this machine than the one who unpacks it.
            path.chmod((mode & 0o777 or 0o644) | 0o444)
    _make_links(folder, links)


def _safe_name(entry: zipfile.ZipInfo) -> str:
    is_encrypted = entry.flag_bits & 0x1
    name = entry.filename
    if is_encrypted or not name or name.startswith("/") or ".." in name.split("/"):
        raise NotUnpackable
    if name.count("/") > _DEEPEST:
        raise NotUnpackable
    return name


def _make_links(folder: Path, links: list[tuple[str, str]]) -> None:
    """Links come last, so that no file is written through one, and no link stands behind another."""
    root = os.path.realpath(folder)
    for name, target in links:
        parent = posixpath.dirname(posixpath.normpath(name))
        destination = posixpath.normpath(posixpath.join(parent, target))
        if target.startswith("/") or destination.split("/")[0] == "..":
            raise NotUnpackable
        if os.path.realpath(folder / parent) != os.path.normpath(os.path.join(root, parent)):
            raise NotUnpackable
        (folder / parent).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    # Only now are all of them there: one may lead on through another.
    if not all(_is_within(os.path.realpath(folder / name), root) for name, _ in links):
        raise NotUnpackable


def _is_within(path: str, root: str) -> bool:
    return path == root or path.startswith(root + os.sep)


class _Budget:
    """Counts what really comes out: the sizes that a zip declares may lie."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes

    def copy(self, source: IO[bytes], target: IO[bytes]) -> None:
        while piece := source.read(_PIECE_BYTES):
            self._left -= len(piece)
            if self._left < 0:
                raise TooLarge
            target.write(piece)
