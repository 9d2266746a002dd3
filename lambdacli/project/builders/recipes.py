"""Which way a function is built, from what was written down and from the files of its code folder; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from lambdacli.model.build import BuildMethod, BuildSettings
from lambdacli.model.record import record
from lambdacli.project.build import requirements_of
from lambdacli.project.npm import names_packages

TYPESCRIPT = (".ts", ".mts", ".cts", ".tsx", ".jsx")
JAVASCRIPT = (".js", ".mjs", ".cjs")

_TARGET = re.compile(r"^build-([A-Za-z0-9_-]+)\s*:(?!=)", re.MULTILINE)


@record
class Seen:
    """What a look at a code folder tells."""

    names: frozenset[str] = frozenset()
    """Of what lies at its top."""
    makefile_targets: frozenset[str] = frozenset()
    """Of its Makefile, after `build-`."""
    handler_suffixes: frozenset[str] = frozenset()
    """With which the file that the handler names is there."""
    names_python_packages: bool = False
    names_npm_packages: bool = False

    def has_suffix(self, *suffixes: str) -> bool:
        return any(name.endswith(suffixes) for name in self.names)


def method_of(family: str, name: str, build: BuildSettings | None, seen: Seen) -> BuildMethod:
    """`family` is the runtime's, `name` the function's. What was written down wins."""
    if build is not None and build.method is not None:
        return build.method
    if ((build and build.name) or name) in seen.makefile_targets:
        return BuildMethod.MAKEFILE
    match family:
        case "python":
            return BuildMethod.PYTHON if seen.names_python_packages else BuildMethod.NONE
        case "nodejs":
            if seen.handler_suffixes & {*TYPESCRIPT} and not seen.handler_suffixes & {*JAVASCRIPT}:
                return BuildMethod.ESBUILD
            return BuildMethod.NPM if seen.names_npm_packages else BuildMethod.NONE
        case "provided" if "bootstrap" not in seen.names:
            return _compiled(seen)
        case "java" if "pom.xml" in seen.names:
            return BuildMethod.MAVEN
        case "java" if seen.names & {"build.gradle", "build.gradle.kts"}:
            return BuildMethod.GRADLE
        case "ruby" if "Gemfile" in seen.names and "vendor" not in seen.names:
            return BuildMethod.BUNDLER
        case "dotnet" if seen.has_suffix(".csproj", ".fsproj"):
            return BuildMethod.DOTNET
    return BuildMethod.NONE


def _compiled(seen: Seen) -> BuildMethod:
    if "Cargo.toml" in seen.names:
        return BuildMethod.RUST
    return BuildMethod.GO if seen.has_suffix(".go") else BuildMethod.NONE


def look_at(folder: Path, family: str, handler: str) -> Seen:
    names = frozenset(_names(folder))
    is_python, is_nodejs = family == "python", family == "nodejs"
    return Seen(
        names=names,
        makefile_targets=frozenset(_targets(folder / "Makefile")) if "Makefile" in names else frozenset(),
        handler_suffixes=frozenset(_suffixes(folder, handler)) if is_nodejs else frozenset(),
        names_python_packages=is_python and requirements_of(folder) is not None,
        names_npm_packages=is_nodejs and names_packages(folder),
    )


def module_of(handler: str) -> str:
    """`src/app.handler` → `src/app`."""
    return handler.rpartition(".")[0]


def _names(folder: Path) -> Iterable[str]:
    return (path.name for path in folder.iterdir()) if folder.is_dir() else ()


def _targets(makefile: Path) -> list[str]:
    text = makefile.read_text(errors="replace")
    # Targets of this name that know nothing of the folder to be filled are for something else.
    return _TARGET.findall(text) if "ARTIFACTS_DIR" in text else []


def _suffixes(folder: Path, handler: str) -> list[str]:
    module = module_of(handler)
    return [
        suffix for suffix in (*TYPESCRIPT, *JAVASCRIPT) if module and (folder / f"{module}{suffix}").is_file()
    ]
