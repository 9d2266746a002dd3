"""Go: `go build` into `bootstrap`, the same bytes wherever the module lies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lambdacli.model.build import BuildSettings
from lambdacli.project.builders.inputs import digest_of_folder, key_of
from lambdacli.project.builders.workshop import Target, Workshop
from lambdacli.project.making import BuildError, made_of_sources

_PROCESSORS = {"x86_64": "amd64", "arm64": "arm64"}
# Not `target` and the like: a package may be called so.
_OUTCOMES = frozenset({"node_modules", ".aws-sam"})
_REPLACE = re.compile(r"=>\s*(\.{1,2}/\S*)")
_USE = re.compile(r"^\s*(?:use\s+)?(\.{1,2}(?:/\S*)?)\s*$", re.MULTILINE)


def build_bootstrap(folder: Path, settings: BuildSettings, target: Target, workshop: Workshop) -> Path:
    go = workshop.tool("go", folder, "install Go (https://go.dev/dl)")
    module = _module_of(folder)
    variables = {
        "GOOS": target.system,
        "GOARCH": _PROCESSORS[target.architecture],
        "CGO_ENABLED": "0",
    }
    # Paths, the state of the repository and times would be told to nobody but the hash.
    words = ["build", "-trimpath", "-buildvcs=false", "-tags=lambda.norpc"]
    words += ["-ldflags=-s -w -buildid=" if target.is_shipped else "-ldflags=-buildid="]
    words += settings.arguments

    def key() -> str:
        inputs = [digest_of_folder(each, _OUTCOMES) for each in dict.fromkeys((module, *_beside(module)))]
        return key_of((folder.relative_to(module), Path(go).resolve(), *variables.values(), *words, *inputs))

    def build(product: Path) -> None:
        workshop.build((go, *words, "-o", str(product / "bootstrap"), "."), folder, variables, folder)

    starts, waits = f"compiling {folder}", f"waiting for another build of {folder}"
    return made_of_sources(workshop.cache / "go", key, build, starts, waits, workshop.progress)


def _module_of(folder: Path) -> Path:
    for each in (folder, *folder.parents):
        if (each / "go.mod").is_file():
            return each
    raise BuildError(f"{folder} is in no Go module: make one by `go mod init`")


def _beside(module: Path) -> Iterator[Path]:
    """Modules of this machine that go.mod or go.work name: their content decides too."""
    for relative in _REPLACE.findall((module / "go.mod").read_text()):
        yield (module / relative).resolve()
    for each in (module, *module.parents):
        if (each / "go.work").is_file():
            for relative in _USE.findall((each / "go.work").read_text()):
                yield (each / relative).resolve()
            return
