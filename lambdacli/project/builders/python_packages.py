"""A Python function's packages as Lambda needs them: wheels for its Python and architecture, by uv."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lambdacli.project.build import (
    PYPROJECT,
    asks_for_something,
    files_of_requirements,
    requirement_lines,
    run_uv_install,
    told_of_install,
)
from lambdacli.project.builders.inputs import digest_of_file, digest_of_folder, key_of
from lambdacli.project.builders.workshop import Target, Workshop
from lambdacli.project.making import BuildError, made_once

_FIRST_ON_AL2023 = (3, 12)
_PROCESSORS = {"x86_64": "x86_64", "arm64": "aarch64"}

_LOCAL = re.compile(
    r"(?:(?:-e|--editable)[\s=]+)?"
    r"(?:[A-Za-z0-9._-]+(?:\[[^]]*\])?\s*@\s*)?"
    r"(?:file:(?://)?)?([^\s;\[]+)"
)
_PINNED = re.compile(r"===?\s*[^\s*,]+(?![^;#]*\*)|@|^\.|/|\.whl")
_SHEBANG = re.compile(rb"\A#!(?:/bin/sh\n'''exec'[^\n]*\n' '''|[^\n]*python[^\n]*)\n")
_OF_THIS_INSTALL = frozenset({"uv_cache.json", "direct_url.json", "REQUESTED"})


def install_for_lambda(
    requirements: Path, version: tuple[int, ...], target: Target, workshop: Workshop
) -> Path | None:
    """The folder with the packages; None when the file asks for nothing. Installed once per content, for
    however many functions."""
    files = files_of_requirements(requirements)
    if not asks_for_something(files):
        return None
    python = ".".join(map(str, version[:2]))
    tag = platform_tag(version, target.architecture)
    local = [
        digest_of_folder(path) if path.is_dir() else digest_of_file(path) for path in _local_paths(files)
    ]
    key = key_of((python, tag, *files.values(), *local))
    words = [
        "--python",
        sys.executable,
        "--python-version",
        python,
        "--python-platform",
        tag,
        "--no-compile-bytecode",
    ]

    def install(folder: Path) -> None:
        _install(requirements, [*words, *_editables(files)], folder, workshop)
        _refuse_compiled(folder, requirements, target)
        normalise(folder, python)

    what = f"{requirements} for {python}, {target.architecture}"
    return made_once(
        workshop.cache / "lambda-python" / key, install, *told_of_install(what), workshop.progress
    )


def platform_tag(version: tuple[int, ...], architecture: str) -> str:
    """The newest manylinux whose C library the runtime's Amazon Linux has: 2.34 on AL2023, 2.26 on AL2."""
    generation = "manylinux_2_34" if version[:2] >= _FIRST_ON_AL2023 else "manylinux2014"
    return f"{_PROCESSORS[architecture]}-{generation}"


def unpinned(files: Mapping[Path, str]) -> list[str]:
    """The packages whose version is left to the day of the install."""
    if any(file.name in (PYPROJECT, "uv.lock") for file in files):
        return [] if any(file.name == "uv.lock" for file in files) else ["its packages"]
    lines = [line for text in files.values() for line in requirement_lines(text)]
    return [line for line in lines if not line.startswith("-") and _PINNED.search(line) is None]


def _install(requirements: Path, words: list[str], folder: Path, workshop: Workshop) -> None:
    wheels_only = [*words, "--only-binary", ":all:"]
    try:
        run_uv_install(requirements, wheels_only, folder, workshop.run, workshop.progress)
    except BuildError:
        # Something has no wheel. Pure Python can be built here; what was compiled is refused afterwards.
        workshop.progress(f"{requirements}: not all of it has wheels; building")
        run_uv_install(requirements, words, folder, workshop.run, workshop.progress)


def _refuse_compiled(folder: Path, requirements: Path, target: Target) -> None:
    compiled = sorted(
        file.parent.name.removesuffix(".dist-info")
        for file in folder.glob("*.dist-info/WHEEL")
        if re.search(r"^Tag: \S+-(linux|macosx|win)_?\w*$", file.read_text(), re.MULTILINE)
    )
    if compiled:
        raise BuildError(
            f"{requirements}: {', '.join(compiled)} has no wheel for Lambda on {target.architecture}, and "
            "what is compiled here would not do: choose a version that has one, or bring it as a layer"
        )


def _editables(files: Mapping[Path, str]) -> list[str]:
    lines = [
        line for file, text in files.items() if file.name != PYPROJECT for line in requirement_lines(text)
    ]
    # A link to the sources would lead nowhere there.
    return ["--no-editable"] if any(line.startswith(("-e", "--editable")) for line in lines) else []


def _local_paths(files: Mapping[Path, str]) -> Iterator[Path]:
    """Folders and files of this machine that the lines name: their content decides too."""
    for file, text in files.items():
        for line in requirement_lines(text) if file.name.endswith(".txt") else ():
            named = _LOCAL.match(line)
            if named is not None and "/" in named[1] and "://" not in named[1]:
                yield file.parent / named[1]


# What an install leaves that tells of this machine


def normalise(folder: Path, python: str) -> None:
    """The same packages are the same bytes afterwards, wherever they were installed."""
    for lock in folder.glob(".lock"):
        lock.unlink()
    for script in _scripts(folder):
        _replace(
            script, _SHEBANG.sub(f"#!/var/lang/bin/python{python}\n".encode(), script.read_bytes(), count=1)
        )
    for information in folder.glob("*.dist-info"):
        for name in _OF_THIS_INSTALL:
            (information / name).unlink(missing_ok=True)
        record = information / "RECORD"
        if record.is_file():
            _replace(record, _record(record, folder).encode())


def _scripts(folder: Path) -> list[Path]:
    found = [path for path in (folder / "bin").glob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in found if _SHEBANG.match(path.read_bytes())]


def _record(record: Path, folder: Path) -> str:
    rows = list(csv.reader(io.StringIO(record.read_text())))
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(sorted(_rows_that_hold(rows, folder)))
    return written.getvalue()


def _rows_that_hold(rows: Iterable[list[str]], folder: Path) -> Iterator[tuple[str, str, str]]:
    for row in rows:
        name = row[0] if row else ""
        # Scripts are told by a path that leads out of where wheels are usually unpacked.
        file = folder / re.sub(r"\A(?:\.\./)+", "", name)
        if not name or not file.is_file() or name.endswith(".pyc"):
            continue
        own = (name, *(row[1:3] if len(row) > 2 else ("", "")))
        is_script = file.parent == folder / "bin"
        yield (name, *_hash_and_size(file)) if is_script else (own[0], own[1], own[2])


def _hash_and_size(file: Path) -> tuple[str, str]:
    content = file.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"sha256={digest}", str(len(content))


def _replace(file: Path, content: bytes) -> None:
    """The file may be a link to the one in uv's own cache: that is never written to."""
    mode = file.stat().st_mode
    file.unlink()
    file.write_bytes(content)
    file.chmod(mode)
