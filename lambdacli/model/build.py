"""How a function's code is made from its sources, where it is not the sources themselves."""

from __future__ import annotations

from enum import StrEnum

from lambdacli.model.record import record


class BuildMethod(StrEnum):
    NONE = "none"
    PYTHON = "python"
    NPM = "npm"
    ESBUILD = "esbuild"
    MAKEFILE = "makefile"
    GO = "go"
    RUST = "rust"
    MAVEN = "maven"
    GRADLE = "gradle"
    BUNDLER = "bundler"
    DOTNET = "dotnet"

    @property
    def makes_code(self) -> bool:
        """The sources themselves do not run; otherwise the method only adds packages to them."""
        return self not in (BuildMethod.NONE, BuildMethod.PYTHON, BuildMethod.NPM, BuildMethod.BUNDLER)


@record
class BuildSettings:
    """What was written down of it; the rest is told by the files."""

    method: BuildMethod | None = None
    name: str | None = None
    """The Makefile's target after `build-`, or the binary of several; the function's name, if unsaid."""
    entry_points: tuple[str, ...] = ()
    """For esbuild; otherwise the file that the handler names."""
    arguments: tuple[str, ...] = ()
    """Further words for esbuild, go build or cargo."""


@record
class LayerBuild:
    """What was written down of how a layer is made."""

    method: BuildMethod = BuildMethod.NONE
    name: str = ""
    """What the layer is called; for a Makefile, the target after `build-`."""
    runtime: str | None = None
    """Lambda is sent what was made for this one; otherwise for that of the function."""
    architecture: str | None = None
    """The same."""
