"""The folders of this machine that stand for access points of EFS and S3 Files."""

from __future__ import annotations

import errno
import logging
import os
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lambdacli.model.errors import EFSMountFailureException
from lambdacli.model.function import FileSystem

logger = logging.getLogger("lam.placements")

_ACL_VERSION, _ACL_OWNER, _ACL_GROUP, _ACL_OTHERS, _NO_ID = 2, 0x01, 0x04, 0x20, 0xFFFFFFFF
_ALL_RIGHTS = 0o7


class FileSystems:
    """lam.yaml's folder of an access point, else one of its id below the state folder."""

    def __init__(self, root: Path, is_walled: Callable[[], bool]) -> None:
        """Without walls nothing can be mounted."""
        self._root = root
        self._is_walled = is_walled
        self._named: Mapping[str, Path] = {}

    def lead_to(self, folders: Mapping[str, Path]) -> bool:
        """By the ARNs of access points, from now on. Whether that is something new."""
        is_new = folders != self._named
        self._named = folders
        return is_new

    def folder(self, file_system: FileSystem) -> Path:
        return self._named.get(file_system.arn, self._root / file_system.access_point)

    def mounts(self, file_systems: Sequence[FileSystem]) -> dict[str, Path]:
        """The folders by where a function finds them, made if need be. Runs in threads."""
        found: dict[str, Path] = {}
        for each in file_systems:
            problem = self.problem(each)
            if problem is not None:
                raise EFSMountFailureException(problem)
            folder = self.folder(each)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if os.getuid() == 0 and self._is_walled():
                    _open_to_all(folder)
            except OSError as error:
                raise EFSMountFailureException(
                    f"{folder}, which stands for {each.access_point}, cannot be used: {error.strerror}"
                ) from error
            found[each.mount_path] = folder
        return found

    def problem(self, file_system: FileSystem) -> str | None:
        """Why it cannot be mounted here."""
        folder = self.folder(file_system)
        is_there = os.path.realpath(file_system.mount_path) == os.path.realpath(folder)
        if self._is_walled() or is_there:
            return None
        return (
            f"{file_system.mount_path} cannot be mounted by the portable walls (`lam doctor` tells what "
            f"Linux's walls lack here): make {file_system.mount_path} a link to {folder}"
        )


def _open_to_all(folder: Path) -> None:
    """Started by root, each environment is a user of its own: what one makes, the others may change too, as
    on Lambda, where they are one user. The default rights count instead of the umask."""
    folder.chmod(0o777)
    if sys.platform != "linux":
        return
    try:
        os.setxattr(folder, "system.posix_acl_default", _everything_for_everybody())
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        logger.warning("%s cannot have default rights: only who made a file in it may change it", folder)


def _everything_for_everybody() -> bytes:
    entries = (struct.pack("<HHI", who, _ALL_RIGHTS, _NO_ID) for who in (_ACL_OWNER, _ACL_GROUP, _ACL_OTHERS))
    return struct.pack("<I", _ACL_VERSION) + b"".join(entries)
