"""A Node.js function's packages as Lambda needs them, by npm, and programs that npm brings."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lambdacli.project import npm as npm_packages
from lambdacli.project.builders.workshop import Target, Workshop
from lambdacli.project.making import BuildError
from lambdacli.project.npm import LOCK_FILES, Npm

LEFT_OUT = frozenset({".bin", ".package-lock.json"})
"""What npm keeps in node_modules for itself."""

_PROCESSORS = {"x86_64": "x64", "arm64": "arm64"}


def install_for_lambda(folder: Path, runtime_major: int, target: Target, workshop: Workshop) -> Path:
    """The folder node_modules with what package.json names, for the target."""
    machine = ("--os=linux", f"--cpu={_PROCESSORS[target.architecture]}", "--libc=glibc")
    # Scripts of packages compile for this machine, and start programs that are for the other one.
    scripts = () if target.is_here else ("--ignore-scripts",)
    npm = find_npm(folder / "package.json", workshop, runtime_major, (*machine, *scripts))
    return npm_packages.install_packages(folder, npm, workshop.cache, workshop.progress)


def find_npm(wanted_by: Path, workshop: Workshop, major: int, options: tuple[str, ...] = ()) -> Npm:
    """For a runtime's Node.js of this major version."""
    node = workshop.node or Path(workshop.tool("node", wanted_by, "install Node.js (https://nodejs.org)"))
    program = npm_packages.find_npm(node)
    if program is None:
        raise BuildError(f"{wanted_by} is built by npm, which is not on the PATH: install npm")
    return Npm(program, node, major, workshop.run, options)


def unlocked(folder: Path) -> str | None:
    """Why another day may bring other versions; None: a lock file says all of them."""
    if any((folder / name).is_file() for name in LOCK_FILES) or npm_packages.followed_yarn_lock(folder):
        return None
    others = [name for name in npm_packages.OTHER_LOCK_FILES if (folder / name).is_file()]
    why = f"npm does not read {others[0]}" if others else "package.json has no lock file beside it"
    return f"{why}: another day may bring other versions"


def uncompiled(modules: Path) -> list[str]:
    """Packages that are to be compiled when they are installed, and were not."""
    return sorted(
        str(file.parent.relative_to(modules))
        for pattern in ("*/binding.gyp", "@*/*/binding.gyp")
        for file in modules.glob(pattern)
        if next(file.parent.rglob("*.node"), None) is None
    )


def search_path(node: Path) -> str:
    return os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])


def beside(name: str, folder: Path) -> Path | None:
    """A program that the project itself installed, in this folder or above it."""
    for each in (folder, *folder.parents):
        found = shutil.which(name, path=str(each / "node_modules" / ".bin"))
        if found is not None:
            return Path(found)
    return None
