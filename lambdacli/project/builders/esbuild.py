"""TypeScript and JavaScript bundled by esbuild: the project's own, or one of a fixed version from npm."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from lambdacli.model.build import BuildSettings
from lambdacli.project import npm as npm_packages
from lambdacli.project.builders import node_packages
from lambdacli.project.builders.inputs import digest_of_file, digest_of_folder, key_of
from lambdacli.project.builders.recipes import JAVASCRIPT, TYPESCRIPT, module_of
from lambdacli.project.builders.workshop import Workshop
from lambdacli.project.kept import ALWAYS, is_kept, note_size, prune
from lambdacli.project.making import TRIES, BuildError, lock
from lambdacli.project.npm import Npm

VERSION = "0.28.2"
"""Another one writes other bytes."""

_CLOCK_SECONDS = 0.02
"""By so much the time of a saved file may lie behind."""
_SDK = ("@aws-sdk", "@smithy")


def bundle(
    folder: Path, handler: str, runtime_major: int, settings: BuildSettings, workshop: Workshop
) -> Path:
    """The folder with the bundle. It is made again when a file that went into the last one has changed,
    wherever that lies."""
    folder = folder.resolve()
    entries = settings.entry_points or (_entry_of(folder, handler),)
    npm = node_packages.find_npm(folder / entries[0], workshop, runtime_major)
    modules = _modules(folder, npm, workshop)
    program = _program(folder, npm, workshop)
    named = npm_packages.named_packages(folder)
    words = esbuild_options(handler, entries, runtime_major, named, settings.arguments)
    cache = workshop.cache / "esbuild"
    cache.mkdir(parents=True, exist_ok=True)
    general = key_of((digest_of_folder(folder), digest_of_file(program.resolve()), modules, *words))
    listed, partial = cache / f"{general}.json", cache / f"{general}.partial"
    with lock(
        cache / f"{general}.lock", lambda: workshop.progress(f"waiting for another bundle of {folder}")
    ):
        known = cache / _exact(general, _listed_inputs(listed), folder)
        if listed.is_file() and is_kept(known):
            return known
        workshop.progress(f"bundling {folder}")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            for _ in range(TRIES):
                started = time.time()
                inputs = _run(program, words, folder, partial, modules, npm, workshop)
                if not _is_any_changed(inputs, folder, started - _CLOCK_SECONDS):
                    break
                workshop.progress("the sources changed meanwhile")
            product = cache / _exact(general, inputs, folder)
            if not is_kept(product):
                partial.rename(product)
                note_size(product)
            listed.write_text(json.dumps(inputs))
        except BuildError as error:
            raise error.logged(cache / f"{general}.log") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    prune(workshop.cache, ALWAYS)
    return product


def _is_any_changed(inputs: Sequence[str], folder: Path, since: float) -> bool:
    try:
        return any((folder / name).stat().st_mtime >= since for name in inputs)
    except FileNotFoundError:
        return True


def esbuild_options(
    handler: str,
    entries: Sequence[str],
    runtime_major: int,
    named: dict[str, str],
    arguments: Sequence[str],
) -> list[str]:
    """The words for esbuild. `named` are the packages of package.json; what was written down comes last, and
    so wins."""
    words = ["--bundle", "--platform=node", f"--target=node{runtime_major}"]
    if not any(argument.startswith("--format") for argument in arguments):
        words.append("--format=cjs")
    elif "--format=esm" in arguments and not any("out-extension" in argument for argument in arguments):
        # Beside no package.json, only this ending says that it is a module.
        words.append("--out-extension:.js=.mjs")
    if module_of(handler) in [os.path.splitext(os.path.normpath(entry))[0] for entry in entries]:
        words.append("--outbase=.")
    # The runtime brings the SDK; a version that package.json names is bundled instead.
    words += [f"--external:{scope}/*" for scope in _SDK if not any(name.startswith(scope) for name in named)]
    return [*words, *arguments, *entries]


def _entry_of(folder: Path, handler: str) -> str:
    module = module_of(handler)
    for suffix in (*TYPESCRIPT, *JAVASCRIPT):
        if (folder / f"{module}{suffix}").is_file():
            return f"{module}{suffix}"
    raise BuildError(
        f"{folder} has no file {module}.ts or {module}.js for esbuild to begin with: name one in entry_points"
    )


def _modules(folder: Path, npm: Npm, workshop: Workshop) -> Path | None:
    """What package.json names, unless it is installed beside the sources or above them."""
    has_own = any((each / "node_modules").is_dir() for each in (folder, *folder.parents))
    if has_own or not npm_packages.asks_for_packages(folder):
        return None
    return npm_packages.install_packages(folder, npm, workshop.cache, workshop.progress).resolve()


def _program(folder: Path, npm: Npm, workshop: Workshop) -> Path:
    own = node_packages.beside("esbuild", folder)
    if own is not None:
        return own
    version = npm_packages.named_packages(folder).get("esbuild", VERSION)
    names = [f"esbuild@{version}"]
    brought = npm_packages.install_sdk(
        names, npm, workshop.cache, workshop.progress, folder="esbuild-program"
    )
    return brought / ".bin" / "esbuild"


def _run(
    program: Path,
    words: Sequence[str],
    folder: Path,
    product: Path,
    modules: Path | None,
    npm: Npm,
    workshop: Workshop,
) -> list[str]:
    """The paths of what went in, relative to the folder."""
    meta = product.with_suffix(".meta")
    variables = {"PATH": node_packages.search_path(npm.node)}
    if modules is not None:
        variables["NODE_PATH"] = str(modules)
    command = [str(program), *words, f"--outdir={product}", f"--metafile={meta}", "--log-level=warning"]
    try:
        workshop.build(command, folder, variables, folder)
        inputs = sorted(json.loads(meta.read_text())["inputs"])
    finally:
        meta.unlink(missing_ok=True)
    for file in sorted(product.rglob("*")):
        if file.suffix == ".map":
            _forget_places_of_sources(file, folder, modules)
        elif file.suffix in JAVASCRIPT and modules is not None:
            # Comments and names tell where packages lay, as seen from the sources.
            place = os.path.relpath(modules, folder)
            file.write_bytes(file.read_bytes().replace(place.encode(), b"node_modules"))
    return inputs


def _forget_places_of_sources(source_map: Path, folder: Path, modules: Path | None) -> None:
    document = json.loads(source_map.read_text())
    document["sources"] = [
        _seen_from(Path(os.path.normpath(source_map.parent / source)), folder, modules)
        for source in document.get("sources", ())
    ]
    source_map.write_text(json.dumps(document))


def _seen_from(source: Path, folder: Path, modules: Path | None) -> str:
    if modules is not None and source.is_relative_to(modules.parent):
        return str(source.relative_to(modules.parent))
    return os.path.relpath(source, folder)


def _listed_inputs(listed: Path) -> list[str]:
    try:
        inputs: list[str] = json.loads(listed.read_text())
    except (OSError, ValueError):
        return []
    return inputs


def _exact(general: str, inputs: Sequence[str], folder: Path) -> str:
    return key_of((general, *(f"{name}\0{digest_of_file(folder / name)}" for name in inputs)))
