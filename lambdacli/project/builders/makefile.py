"""Makefile builds: `make build-NAME` in a copy of the sources puts into $ARTIFACTS_DIR what is to run."""

from __future__ import annotations

import shutil
from pathlib import Path

from lambdacli.package.files import code_files
from lambdacli.project.builders.inputs import OUTCOMES, digest_of_folder, key_of
from lambdacli.project.builders.workshop import Target, Workshop
from lambdacli.project.making import BuildError, made_of_sources


def make_artifacts(folder: Path, name: str, target: Target, workshop: Workshop) -> Path:
    if not (folder / "Makefile").is_file():
        raise BuildError(f"{folder} has no Makefile: write one with a target build-{name}")
    make = workshop.tool("make", folder / "Makefile", "install make")
    what = f"build-{name} of {folder / 'Makefile'}"

    def key() -> str:
        # What the recipe reads of the target's machine is its own affair; another may be built otherwise.
        return key_of((digest_of_folder(folder), name, target.architecture, target.system))

    def build(product: Path) -> None:
        copy = product.with_suffix(".source")
        shutil.rmtree(copy, ignore_errors=True)
        try:
            _copy(folder, copy)
            variables = {"ARTIFACTS_DIR": str(product), "LAM_ARCHITECTURE": target.architecture}
            workshop.build((make, f"build-{name}"), copy, variables, what)
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        if not any(product.iterdir()):
            raise BuildError(f"{what} left $ARTIFACTS_DIR empty: copy what is to run into it")

    starts, waits = f"making {what}", f"waiting for another {what}"
    return made_of_sources(workshop.cache / "makefile", key, build, starts, waits, workshop.progress)


def _copy(folder: Path, copy: Path) -> None:
    """A recipe may write beside its sources, where it would set off another build."""
    copy.mkdir()
    for file in code_files(folder, skips_unfit=True, leaves_out=OUTCOMES):
        target = copy / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file.path, target)
