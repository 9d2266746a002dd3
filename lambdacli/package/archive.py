"""A code folder as a zip: the same files give the same bytes, on every machine and always."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, cast

from lambdacli.package.files import CodeFile, code_files

# The oldest time a zip can hold; the real ones would change the hash of unchanged code.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_PIECE_BYTES = 1 << 20


def write_package(
    folder: Path,
    write: Callable[[bytes], object],
    *,
    is_compressed: bool = False,
    skips_unfit: bool = False,
) -> None:
    write_files(code_files(folder, skips_unfit=skips_unfit), write, is_compressed=is_compressed)


def write_files(
    files: Iterable[CodeFile], write: Callable[[bytes], object], *, is_compressed: bool = False
) -> None:
    """Of files sorted by name. Times and modes are fixed, nothing is compressed: another zlib compresses
    otherwise, and the hash would be another one. `is_compressed` is for a package that must be small. A file
    that vanishes meanwhile is left out."""
    import zipfile  # a quarter of a megabyte, which a service that packs nothing does without

    how = zipfile.ZIP_DEFLATED if is_compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(cast(IO[bytes], _Forward(write)), "w", how) as package:
        for file in files:
            # A name may hold bytes that are no text: a zip's may not.
            entry = zipfile.ZipInfo(file.name.encode(errors="replace").decode(), _TIMESTAMP)
            entry.compress_type = how
            entry.create_system = _UNIX  # so that the mode below is read
            entry.external_attr = (0o100755 if file.is_executable else 0o100644) << 16
            try:
                source = file.path.open("rb")
            except FileNotFoundError:
                continue
            with source, package.open(entry, "w", force_zip64=file.status.st_size >= 2**31) as target:
                shutil.copyfileobj(source, target, _PIECE_BYTES)


def package_bytes(folder: Path, *, is_compressed: bool = False) -> bytes:
    target = io.BytesIO()
    write_package(folder, target.write, is_compressed=is_compressed)
    return target.getvalue()


def archive_of_text(name: str, text: str) -> bytes:
    """A package of one file, as ever the same."""
    import zipfile

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        entry = zipfile.ZipInfo(name, _TIMESTAMP)
        entry.create_system = _UNIX
        entry.external_attr = 0o100644 << 16
        package.writestr(entry, text)
    return target.getvalue()


class _Forward:
    """The least that zipfile writes to. It cannot seek, so every destination gets the same bytes."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def write(self, data: bytes) -> int:
        self._write(data)
        return len(data)

    def flush(self) -> None: ...
