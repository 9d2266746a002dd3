"""Packages of code, kept by the hash of their content: the zip as it came, and its files beside it."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lambdacli.model import limits
from lambdacli.model.errors import InvalidParameterValueException, RequestEntityTooLargeException
from lambdacli.model.function import ArchiveCode, Code, FolderCode
from lambdacli.package.archive import write_package
from lambdacli.package.files import PackageError, code_files

_ARCHIVE = "package.zip"
_FOLDER = "task"
_TEMPORARY = "unfinished-"


class CodeStore:
    """`<root>/<hex of SHA-256>/` for each package. Its methods may run in threads, several at once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._described: dict[Path, tuple[bytes, ArchiveCode]] = {}

    def __repr__(self) -> str:
        return f"<CodeStore in {self._root}>"

    def add(self, package: bytes, zipped_limit: int = limits.ZIPPED_CODE_BYTES) -> ArchiveCode:
        """Keeps a zip and its files; refuses with AWS's words what Lambda would refuse."""
        code = _measured(package, zipped_limit)
        home = self._home(code)
        if not home.is_dir():
            with self._unpacked(package) as unfinished:
                _rename_unless_there(unfinished, home)
        return code

    def check(self, package: bytes, zipped_limit: int = limits.ZIPPED_CODE_BYTES) -> ArchiveCode:
        """The same refusals and the same answer as `add`, and nothing kept."""
        code = _measured(package, zipped_limit)
        with self._unpacked(package):
            return code

    def folder(self, code: ArchiveCode) -> Path:
        return self._home(code) / _FOLDER

    def archive(self, code: ArchiveCode) -> Path:
        return self._home(code) / _ARCHIVE

    def unzipped_bytes(self, code: Code | bytes) -> int:
        """What the files of a folder or package take, as Lambda counts them."""
        match code:
            case FolderCode(folder):
                return size_of_files(folder)
            case ArchiveCode():
                archive: Path | IO[bytes] = self.archive(code)
            case bytes():
                archive = io.BytesIO(code)
        import zipfile

        with zipfile.ZipFile(archive) as package:
            return sum(entry.file_size for entry in package.infolist())

    def describe_folder(self, folder: Path) -> ArchiveCode:
        """Hash and size that this folder's package has; recomputed only when a file changed. What cannot be
        packed is left out: to look at a function must not fail."""
        state = _fingerprint(folder)
        known = self._described.get(folder)
        if known is not None and known[0] == state:
            return known[1]
        code = _measured_folder(folder, skips_unfit=True)
        self._described[folder] = (state, code)
        return code

    def keep_folder(self, folder: Path) -> ArchiveCode:
        """A folder's files as they are now, as a package: nothing is compressed, so only what is unpacked is
        measured against Lambda's limits."""
        unfinished = self._root / f"{_TEMPORARY}{uuid.uuid4().hex}"
        unfinished.mkdir(parents=True, mode=0o755)
        try:
            archive = unfinished / _ARCHIVE
            with archive.open("wb") as file:
                code = _measured_folder(folder, file.write)
            home = self._home(code)
            if not home.is_dir():
                _unpack(archive, unfinished / _FOLDER)
                _rename_unless_there(unfinished, home)
            return code
        except PackageError as error:
            raise InvalidParameterValueException(str(error)) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def collect_garbage(self, keep: Iterable[ArchiveCode]) -> int:
        """Removes every other package and what a killed service left half made: for the start, before
        anything runs. Returns how many went."""
        kept = {self._home(code) for code in keep}
        unused = [entry for entry in _entries(self._root) if entry not in kept]
        for entry in unused:
            shutil.rmtree(entry)
        return len(unused)

    @contextmanager
    def _unpacked(self, package: bytes) -> Iterator[Path]:
        unfinished = self._root / f"{_TEMPORARY}{uuid.uuid4().hex}"
        unfinished.mkdir(parents=True, mode=0o755)
        try:
            archive = unfinished / _ARCHIVE
            archive.write_bytes(package)
            _unpack(archive, unfinished / _FOLDER)
            yield unfinished
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _home(self, code: ArchiveCode) -> Path:
        return self._root / base64.b64decode(code.sha256).hex()


def _measured(package: bytes, zipped_limit: int) -> ArchiveCode:
    if not package:
        raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
    if len(package) > zipped_limit:
        raise RequestEntityTooLargeException(f"Zipped size must be smaller than {zipped_limit} bytes")
    return ArchiveCode(_base64(hashlib.sha256(package).digest()), len(package))


def _measured_folder(
    folder: Path, keep: Callable[[bytes], object] = lambda data: None, *, skips_unfit: bool = False
) -> ArchiveCode:
    digest = hashlib.sha256()
    size_bytes = 0

    def write(data: bytes) -> None:
        nonlocal size_bytes
        digest.update(data)
        size_bytes += len(data)
        keep(data)

    write_package(folder, write, skips_unfit=skips_unfit)
    return ArchiveCode(_base64(digest.digest()), size_bytes)


# Unpacking


def _unpack(archive: Path, folder: Path) -> None:
    # Zips are large to know, and a service of folders sees none.
    from lambdacli.package.unpacking import Empty, NotUnpackable, TooLarge, unpack

    try:
        unpack(archive, folder, limits.UNZIPPED_CODE_BYTES)
    except TooLarge:
        raise _too_large() from None
    except Empty:
        raise InvalidParameterValueException("Uploaded file must be a non-empty zip") from None
    except NotUnpackable:
        raise _not_unzippable() from None


def _too_large() -> InvalidParameterValueException:
    return InvalidParameterValueException(
        f"Unzipped size must be smaller than {limits.UNZIPPED_CODE_BYTES} bytes"
    )


def _not_unzippable() -> InvalidParameterValueException:
    return InvalidParameterValueException(
        "Could not unzip uploaded file. Please check your file, then try to upload again."
    )


def _rename_unless_there(unfinished: Path, home: Path) -> None:
    try:
        unfinished.rename(home)
    except OSError as error:
        # Another thread was quicker with the same content.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


# Folders


def size_of_files(folder: Path) -> int:
    """Of those that its package would hold."""
    return sum(file.status.st_size for file in code_files(folder, skips_unfit=True))


def _fingerprint(folder: Path) -> bytes:
    """Changes with every name, size, mode or time of a file; much cheaper than reading them."""
    digest = hashlib.sha256()
    for file in code_files(folder, skips_unfit=True):
        of = file.status
        line = f"{file.name}\0{of.st_size}\0{of.st_mode}\0{of.st_mtime_ns}\0{of.st_ino}\n"
        digest.update(os.fsencode(line))
    return digest.digest()


def _entries(root: Path) -> list[Path]:
    return list(root.iterdir()) if root.is_dir() else []


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
