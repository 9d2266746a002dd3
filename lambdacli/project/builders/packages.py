"""Functions as Lambda would be sent them: built for their runtime and architecture, hashed, measured."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from lambdacli.model.build import BuildMethod, BuildSettings
from lambdacli.model.limits import UNZIPPED_CODE_BYTES, ZIPPED_CODE_BYTES
from lambdacli.model.record import record
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.package.archive import write_files
from lambdacli.package.choice import parse_choice
from lambdacli.package.files import CodeFile, PackageError, Part, code_files, merged_files
from lambdacli.project.build import files_of_requirements, names_only_poetry_packages, requirements_of
from lambdacli.project.builders import (
    esbuild,
    go,
    lambda_builders,
    makefile,
    node_packages,
    python_packages,
    rust,
)
from lambdacli.project.builders.inputs import key_of
from lambdacli.project.builders.machine_code import unfit_files
from lambdacli.project.builders.recipes import look_at, method_of
from lambdacli.project.builders.workshop import Target, Workshop
from lambdacli.project.making import BuildError
from lambdacli.project.npm import names_packages
from lambdacli.project.records import FunctionSettings

_AT_ONCE = 4
_LARGEST = 5
_JUST_NOW_SECONDS = 2.0


@record
class Folder:
    """Files of a package below one folder, for who wants to know what takes the room."""

    name: str
    unzipped_bytes: int


@record
class Measured:
    """What is known of a package once its bytes were made."""

    sha256: str
    """Base64, as CodeSha256 shows it."""
    zipped_bytes: int
    unzipped_bytes: int
    is_compressed: bool
    largest: tuple[Folder, ...] = ()
    notes: tuple[str, ...] = ()


@record
class Package:
    """The package of one function. Its bytes are made whenever they are asked for, and nothing is copied."""

    function: str
    method: BuildMethod
    parts: tuple[Part, ...]
    """Folders that make it up; none, if it is a zip already."""
    archive: Path | None
    measured: Measured
    seconds: float = 0.0
    """How long it took to build."""

    @property
    def sha256(self) -> str:
        return self.measured.sha256

    @property
    def needs_bucket(self) -> bool:
        """Too large to be sent in a request: AWS takes it from S3."""
        return self.measured.zipped_bytes > ZIPPED_CODE_BYTES

    def write_to(self, write: Callable[[bytes], object]) -> None:
        if self.archive is not None:
            write(self.archive.read_bytes())
        else:
            write_files(merged_files(self.parts), write, is_compressed=self.measured.is_compressed)

    def content(self) -> bytes:
        target = io.BytesIO()
        self.write_to(target.write)
        return target.getvalue()


def built(function: FunctionSettings, workshop: Workshop) -> Package:
    """What Lambda would be sent of this function. Blocks while it builds; raises BuildError."""
    started = time.monotonic()
    name = function.name
    if function.code.is_dir():
        try:
            method, parts, notes = _prepared(function, workshop)
        except OSError as error:
            raise BuildError(f"{name}: {error}") from error
        is_ours = method.makes_code
        measured = _measured(name, function.architecture, parts, is_ours=is_ours, workshop=workshop)
    else:
        method, parts, notes = BuildMethod.NONE, (), ()
        measured = _measured_archive(function.code)
    _refuse_too_large(function, measured)
    archive = None if parts else function.code
    seconds = time.monotonic() - started
    return Package(name, method, parts, archive, _with_notes(measured, notes), seconds)


def built_layer(
    name: str, folder: Path, runtime: str, architecture: str, settings: BuildSettings, workshop: Workshop
) -> Package:
    """The package of a layer that is built: what it holds lies where the runtime looks for it below /opt."""
    started = time.monotonic()
    method, target = settings.method or BuildMethod.NONE, Target(architecture)
    version = RUNTIMES[runtime].version
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = (Part(folder),)
    if method == BuildMethod.PYTHON:
        if requirements_of(folder) is not None:
            parts, notes = _python(folder, version, target, workshop)
        parts = tuple(_below("python", part) for part in parts)
    elif method == BuildMethod.NPM:
        if names_packages(folder):
            parts, notes = _nodejs(folder, version[0], target, workshop)
        parts = tuple(_below("nodejs", part) for part in parts)
    elif method != BuildMethod.NONE:
        made = made_by(method, name, folder, runtime, "", settings, target, workshop)
        parts = (Part(made, is_fixed=True),)
    measured = _measured(name, architecture, parts, is_ours=method.makes_code, workshop=workshop)
    seconds = time.monotonic() - started
    return Package(name, method, parts, None, _with_notes(measured, notes), seconds)


def _below(folder: str, part: Part) -> Part:
    return replace(part, prefix=f"{folder}/{part.prefix}".rstrip("/"))


def built_all(
    functions: Sequence[FunctionSettings], workshop: Workshop, on_done: Callable[[FunctionSettings], None]
) -> list[Package | BuildError]:
    """Several at once, in the order given; what they share is installed once."""

    def build(function: FunctionSettings) -> Package | BuildError:
        try:
            return built(function, workshop)
        except BuildError as error:
            return error
        finally:
            on_done(function)

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(build, functions))


def _prepared(
    function: FunctionSettings, workshop: Workshop
) -> tuple[BuildMethod, tuple[Part, ...], tuple[str, ...]]:
    """The parts of the package, and what should be said of them."""
    folder, runtime = function.code, RUNTIMES[function.runtime]
    choice = parse_choice(function.template.patterns)
    seen = look_at(folder, runtime.family, function.handler)
    method = method_of(runtime.family, function.name, function.build, seen)
    target = Target(function.architecture)
    match method:
        case BuildMethod.NONE:
            notes = []
            if runtime.family == "python" and function.build is None and names_only_poetry_packages(folder):
                notes.append(
                    "what [tool.poetry] in pyproject.toml names is left out: name it in [project], or export "
                    "it (poetry export -o requirements.txt)"
                )
            return method, (Part(folder, choice=choice),), tuple(notes)
        case BuildMethod.PYTHON:
            parts, told = _python(folder, runtime.version, target, workshop)
            # What is installed is put into the package after its files were chosen.
            own = tuple(part if part.is_fixed else replace(part, choice=choice) for part in parts)
            return method, own, told
        case BuildMethod.NPM:
            parts, told = _nodejs(folder, runtime.version[0], target, workshop)
            return method, tuple(replace(part, choice=choice) for part in parts), told
    settings = function.build or BuildSettings()
    made = made_by(
        method, function.name, folder, function.runtime, function.handler, settings, target, workshop
    )
    return method, (*_beside(function), Part(made, is_fixed=True)), ()


def _beside(function: FunctionSettings) -> tuple[Part, ...]:
    """Files of the sources that were asked for by name lie beside what was made of the others."""
    patterns = function.template.patterns
    if all(pattern.startswith("!") for pattern in patterns):
        return ()
    return (Part(function.code, choice=parse_choice(("!**", *patterns))),)


def _python(
    folder: Path, version: tuple[int, ...], target: Target, workshop: Workshop
) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    requirements = requirements_of(folder)
    if requirements is None:
        raise BuildError(f"{folder} has neither a requirements.txt nor a pyproject.toml with dependencies")
    installed = python_packages.install_for_lambda(requirements, version, target, workshop)
    if installed is None:
        return (Part(folder),), ()
    unpinned = python_packages.unpinned(files_of_requirements(requirements))
    notes = _another_day(requirements.name, "does not pin", unpinned)
    return (Part(installed, is_fixed=True), Part(folder)), notes


def _nodejs(
    folder: Path, major: int, target: Target, workshop: Workshop
) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    modules = node_packages.install_for_lambda(folder, major, target, workshop)
    unlocked = node_packages.unlocked(folder)
    notes = [] if unlocked is None else [unlocked]
    uncompiled = node_packages.uncompiled(modules)
    if uncompiled:
        notes.append(
            f"{', '.join(uncompiled)} must be compiled on {target.architecture}, which this machine is not: "
            "it will not load there"
        )
    # What lies beside the code was installed for this machine, and for development.
    own = Part(folder, leaves_out=frozenset({"node_modules"}))
    return (Part(modules, "node_modules", node_packages.LEFT_OUT, is_fixed=True), own), tuple(notes)


def _another_day(file: str, fault: str, names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    shown = ", ".join(names[:_LARGEST]) + (" and others" if len(names) > _LARGEST else "")
    return (f"{file} {fault} {shown}: another day may bring other versions",)


def made_by(
    method: BuildMethod,
    name: str,
    folder: Path,
    runtime: str,
    handler: str,
    settings: BuildSettings,
    target: Target,
    workshop: Workshop,
) -> Path:
    """The folder with what was made of the sources."""
    match method:
        case BuildMethod.ESBUILD:
            return esbuild.bundle(folder, handler, RUNTIMES[runtime].version[0], settings, workshop)
        case BuildMethod.MAKEFILE:
            return makefile.make_artifacts(folder, settings.name or name, target, workshop)
        case BuildMethod.GO:
            return go.build_bootstrap(folder, settings, target, workshop)
        case BuildMethod.RUST:
            return rust.build_bootstrap(folder, name, settings, target, workshop)
        case _:
            return lambda_builders.build_artifacts(folder, method, runtime, handler, target, workshop)


# The bytes


def _measured(
    name: str, architecture: str, parts: tuple[Part, ...], *, is_ours: bool, workshop: Workshop
) -> Measured:
    """Reads every file only if one has changed since it was read last."""
    try:
        state, changed_at = _state(merged_files([part for part in parts if not part.is_fixed]))
        place = key_of((architecture, *(f"{part.folder}\0{part.prefix}\0{part.choice}" for part in parts)))
        memory = workshop.cache / "measured" / f"{place}.json"
        known = _remembered(memory, state)
        if known is not None:
            return known
        files = merged_files(parts)
        if not files:
            raise BuildError(f"{name}: {parts[-1].folder} holds no file that could be sent")
        measured = _measured_files(name, architecture, files, is_strict=is_ours or len(parts) > 1)
    except (PackageError, OSError) as error:
        raise BuildError(f"{name}: {error}") from error
    # A file that is saved twice at once may look as before.
    if time.time() - changed_at > _JUST_NOW_SECONDS:
        _remember(memory, state, measured)
    return measured


def _measured_files(name: str, architecture: str, files: Sequence[CodeFile], *, is_strict: bool) -> Measured:
    unzipped = sum(file.status.st_size for file in files)
    unfit = list(unfit_files(files, architecture))
    notes = [f"{file} is for {machine}, and the function for {architecture}" for file, machine in unfit]
    if unfit and is_strict:
        raise BuildError(f"{name}: {'; '.join(notes[:_LARGEST])}")
    sha256, zipped = _hashed(files, is_compressed=False)
    is_compressed = zipped > ZIPPED_CODE_BYTES and unzipped <= UNZIPPED_CODE_BYTES
    if is_compressed:
        sha256, zipped = _hashed(files, is_compressed=True)
    return Measured(sha256, zipped, unzipped, is_compressed, largest_folders(files), tuple(notes))


def _hashed(files: Sequence[CodeFile], *, is_compressed: bool) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0

    def take(data: bytes) -> None:
        nonlocal size
        digest.update(data)
        size += len(data)

    write_files(files, take, is_compressed=is_compressed)
    return base64.b64encode(digest.digest()).decode(), size


def _measured_archive(archive: Path) -> Measured:
    try:
        with archive.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").digest()
        with zipfile.ZipFile(archive) as package:
            unzipped = sum(entry.file_size for entry in package.infolist())
    except (OSError, zipfile.BadZipFile) as error:
        raise BuildError(f"{archive} cannot be read as a zip: {error}") from error
    return Measured(base64.b64encode(digest).decode(), archive.stat().st_size, unzipped, is_compressed=True)


def largest_folders(files: Iterable[CodeFile]) -> tuple[Folder, ...]:
    """Those at the top of the package and right below node_modules; files at the top stand for themselves."""
    sizes: Counter[str] = Counter()
    for file in files:
        parts = file.name.split("/")
        depth = 1 if parts[0] != "node_modules" else 3 if parts[1].startswith("@") else 2
        sizes["/".join(parts[:depth])] += file.status.st_size
    ordered = sorted(sizes.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Folder(name, size) for name, size in ordered[:_LARGEST])


def _refuse_too_large(function: FunctionSettings, measured: Measured) -> None:
    """Lambda counts the layers too. Those that are only named by an ARN are not here to be weighed."""
    layers = [(path, _size_of_layer(path)) for path in function.layer_paths]
    total = measured.unzipped_bytes + sum(size for _, size in layers)
    if total <= UNZIPPED_CODE_BYTES:
        return
    others = [Folder(f"layer {path.name}", size) for path, size in layers]
    ordered = sorted([*measured.largest, *others], key=lambda each: -each.unzipped_bytes)[:_LARGEST]
    named = ", ".join(f"{each.name} {_megabytes(each.unzipped_bytes)}" for each in ordered)
    with_layers = " with its layers" if layers else ""
    raise BuildError(
        f"{function.name} is {_megabytes(total)} unzipped{with_layers}; Lambda allows "
        f"{_megabytes(UNZIPPED_CODE_BYTES)}. The largest: {named}. Leave out what is not needed (.lamignore)"
    )


def _size_of_layer(path: Path) -> int:
    if path.is_dir():
        return sum(file.status.st_size for file in code_files(path, skips_unfit=True))
    return _measured_archive(path).unzipped_bytes


def _with_notes(measured: Measured, notes: tuple[str, ...]) -> Measured:
    told = [*notes, *measured.notes]
    if measured.zipped_bytes > ZIPPED_CODE_BYTES:
        told.append(
            f"{_megabytes(measured.zipped_bytes)} zipped is more than the {_megabytes(ZIPPED_CODE_BYTES)} "
            "that a request may carry: it goes by way of S3"
        )
    return replace(measured, notes=tuple(told))


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"


# What was measured before


def _state(files: Iterable[CodeFile]) -> tuple[str, float]:
    """Changes with whatever a file may be changed by, and when one was changed last."""
    digest, newest = hashlib.sha256(), 0
    for file in files:
        of = file.status
        line = f"{file.name}\0{of.st_size}\0{of.st_mode}\0{of.st_mtime_ns}\0{of.st_ctime_ns}\0{of.st_ino}\n"
        digest.update(os.fsencode(line))
        newest = max(newest, of.st_ctime_ns)
    return digest.hexdigest(), newest / 1e9


def _remembered(memory: Path, state: str) -> Measured | None:
    try:
        document = json.loads(memory.read_text())
        if document.pop("state") != state:
            return None
        largest = tuple(Folder(**each) for each in document.pop("largest"))
        notes = tuple(document.pop("notes"))
        return Measured(**document, largest=largest, notes=notes)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(memory: Path, state: str, measured: Measured) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    partial = memory.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}")
    partial.write_text(json.dumps({"state": state, **asdict(measured)}))
    partial.rename(memory)
