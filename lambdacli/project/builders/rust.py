"""Rust: `cargo lambda build` where it is installed, else `cargo build` for musl, into `bootstrap`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lambdacli.model.build import BuildSettings
from lambdacli.model.record import record
from lambdacli.project.builders.inputs import digest_of_folder, key_of
from lambdacli.project.builders.workshop import Target, Workshop
from lambdacli.project.kept import is_kept, note_size
from lambdacli.project.making import BuildError, lock, made_of_sources

_HOW = "install Rust (https://rustup.rs)"
_PROCESSORS = {"x86_64": "x86_64", "arm64": "aarch64"}
_SEPARATOR = "\x1f"


@record
class Compiler:
    """How this machine compiles for a target: the words for cargo, and which file it then makes."""

    words: tuple[str, ...]
    product: str


def build_bootstrap(
    folder: Path, function: str, settings: BuildSettings, target: Target, workshop: Workshop
) -> Path:
    cargo = workshop.tool("cargo", folder / "Cargo.toml", _HOW)
    binary = chosen_binary(binaries(folder), settings.name, function, folder)
    compiler = _compiler(folder, binary, target)
    root = _workspace(folder)
    words = (*compiler.words, "--release", "--bin", binary, *settings.arguments)

    def key() -> str:
        inputs = [digest_of_folder(each) for each in dict.fromkeys((root, *_beside(folder)))]
        return key_of((folder.relative_to(root), Path(cargo).resolve(), *words, target, *inputs))

    def build(product: Path) -> None:
        # What was compiled before stays for the next time, beside the sources of nobody.
        kept = workshop.cache / "rust-targets" / hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
        kept.mkdir(parents=True, exist_ok=True)
        is_kept(kept)
        waits = f"waiting for another build below {root}"
        with lock(kept.with_suffix(".lock"), lambda: workshop.progress(waits)):
            variables = {"CARGO_TARGET_DIR": str(kept), **_flags(root)}
            workshop.build((cargo, *words), folder, variables, folder / "Cargo.toml")
            shutil.copy(kept / compiler.product, product / "bootstrap")
            note_size(kept)

    starts, waits = f"compiling {folder}", f"waiting for another build of {folder}"
    return made_of_sources(workshop.cache / "rust", key, build, starts, waits, workshop.progress)


def binaries(folder: Path) -> tuple[str, ...]:
    """The programs that the package makes, as cargo finds them."""
    manifest = _manifest(folder)
    named = [str(each["name"]) for each in manifest.get("bin", ()) if "name" in each]
    if (folder / "src" / "main.rs").is_file() and "package" in manifest:
        is_named = any(each.get("path") == "src/main.rs" for each in manifest.get("bin", ()))
        named += [] if is_named else [str(manifest["package"]["name"])]
    for entry in sorted((folder / "src" / "bin").glob("*")):
        named += [entry.stem] if entry.suffix == ".rs" or (entry / "main.rs").is_file() else []
    return tuple(dict.fromkeys(named))


def chosen_binary(found: tuple[str, ...], wanted: str | None, function: str, folder: Path) -> str:
    """The one that was named, that is called like the function, or the only one."""
    for name in (wanted, function) if wanted is None else (wanted,):
        if name in found:
            return name
    if wanted is None and len(found) == 1:
        return found[0]
    told = f"it has {', '.join(found)}" if found else "it makes none"
    raise BuildError(f"{folder / 'Cargo.toml'}: no program {wanted or function}; {told}: name one by `name`")


def _compiler(folder: Path, binary: str, target: Target) -> Compiler:
    if not target.is_shipped:
        return Compiler(("build",), f"release/{binary}")
    if shutil.which("cargo-lambda") is not None:
        processor = "--arm64" if target.architecture == "arm64" else "--x86-64"
        return Compiler(("lambda", "build", "--flatten", binary, processor), "lambda/bootstrap")
    triple = f"{_PROCESSORS[target.architecture]}-unknown-linux-musl"
    if triple not in _targets():
        raise BuildError(
            f"{folder / 'Cargo.toml'} cannot be compiled for {target.architecture} here: "
            f"rustup target add {triple}, or install cargo-lambda (https://www.cargo-lambda.info)"
        )
    return Compiler(("build", "--target", triple), f"{triple}/release/{binary}")


def _targets() -> frozenset[str]:
    """Those whose standard library is there; a Rust without rustup tells it by its folders."""
    told = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=False)
    library = Path(told.stdout.strip()) / "lib" / "rustlib"
    return frozenset(each.name for each in library.glob("*")) if told.returncode == 0 else frozenset()


def _flags(root: Path) -> Mapping[str, str]:
    """Panics would tell where the sources lay, and the hash with them."""
    home = os.environ.get("CARGO_HOME") or str(Path.home() / ".cargo")
    remapped = [
        f"--remap-path-prefix={home}=/cargo",
        f"--remap-path-prefix={root}=/source",
        "-Cstrip=symbols",
    ]
    before = os.environ.get("CARGO_ENCODED_RUSTFLAGS") or _SEPARATOR.join(
        os.environ.get("RUSTFLAGS", "").split()
    )
    return {"CARGO_ENCODED_RUSTFLAGS": _SEPARATOR.join([*filter(None, [before]), *remapped])}


def _workspace(folder: Path) -> Path:
    for each in (folder, *folder.parents):
        if (each / "Cargo.toml").is_file() and "workspace" in _manifest(each):
            return each
    return folder


def _beside(folder: Path) -> Iterator[Path]:
    """Packages of this machine that the manifest names: their content decides too."""
    manifest = _manifest(folder)
    for kind in ("dependencies", "build-dependencies"):
        for wanted in manifest.get(kind, {}).values():
            if isinstance(wanted, dict) and "path" in wanted:
                yield (folder / str(wanted["path"])).resolve()


def _manifest(folder: Path) -> dict[str, Any]:
    file = folder / "Cargo.toml"
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise BuildError(f"{file} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise BuildError(f"{file} is no TOML: {error}") from error
