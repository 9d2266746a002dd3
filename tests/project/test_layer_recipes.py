"""Which way a layer's folder is built is told by what lies in it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from lambdacli.model.build import BuildMethod, BuildSettings, LayerBuild
from lambdacli.model.function import LocalLayer
from lambdacli.project.builders.layers import layer_recipe, layer_to_run, layers_of
from lambdacli.project.builders.packages import Package
from lambdacli.project.builders.recipes import Seen
from lambdacli.project.builders.workshop import Workshop
from lambdacli.project.config import load_project

PYTHON = Seen(frozenset({"requirements.txt", "own.py"}), names_python_packages=True)
NODE = Seen(frozenset({"package.json", "own.js"}), names_npm_packages=True)


@pytest.mark.parametrize(
    ("family", "seen", "method", "target"),
    [
        pytest.param("python", PYTHON, BuildMethod.PYTHON, None, id="requirements are installed"),
        pytest.param("nodejs", NODE, BuildMethod.NPM, None, id="package.json is installed"),
        pytest.param("ruby", PYTHON, BuildMethod.NONE, None, id="what another language names is not"),
        pytest.param(
            "python",
            Seen(frozenset({"requirements.txt", "python"}), names_python_packages=True),
            BuildMethod.NONE,
            None,
            id="a folder that is laid out for Python stands as it is",
        ),
        pytest.param(
            "nodejs",
            Seen(frozenset({"package.json", "nodejs"}), names_npm_packages=True),
            BuildMethod.NONE,
            None,
            id="a folder that is laid out for Node.js stands as it is",
        ),
        pytest.param(
            "python",
            Seen(frozenset({"Makefile"}), frozenset({"shared", "other"}), names_python_packages=True),
            BuildMethod.MAKEFILE,
            "shared",
            id="a Makefile with a target for the folder makes it",
        ),
        pytest.param(
            "python",
            Seen(frozenset({"Makefile"}), frozenset({"SharedLayer"})),
            BuildMethod.MAKEFILE,
            "SharedLayer",
            id="the only target is the layer's, whatever it is called",
        ),
        pytest.param(
            "python",
            Seen(frozenset({"Makefile"}), frozenset({"One", "Two"})),
            BuildMethod.NONE,
            None,
            id="two targets of other names leave it open",
        ),
        pytest.param("provided", Seen(frozenset({"bin"})), BuildMethod.NONE, None, id="files are a layer"),
    ],
)
def test_a_layer_is_built_as_its_folder_tells(family, seen, method, target):
    assert layer_recipe(family, "shared", seen) == BuildSettings(method, target)


MAKEFILE = 'build-Made:\n\tmkdir -p "$(ARTIFACTS_DIR)/python"\n\tcp own.py "$(ARTIFACTS_DIR)/python"\n'


@pytest.mark.parametrize(
    ("method", "place"),
    [
        pytest.param(BuildMethod.PYTHON, "python/own.py", id="Python's files lie below python"),
        pytest.param(BuildMethod.NPM, "nodejs/own.py", id="Node.js's below nodejs"),
        pytest.param(BuildMethod.MAKEFILE, "python/own.py", id="a Makefile's where its target puts them"),
        pytest.param(BuildMethod.NONE, "own.py", id="a layer that is not built stands as it is"),
    ],
)
def test_a_layer_of_a_template_is_laid_out_the_same_to_run_and_to_send(tmp_path, method, place):
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "own.py").write_text("x = 1\n")
    if method == BuildMethod.MAKEFILE:
        (sources / "Makefile").write_text(MAKEFILE)
    layer = LocalLayer(sources, build=LayerBuild(method, "Made", architecture="x86_64"))
    workshop = Workshop(tmp_path / "cache", lambda line: None)

    def install(folder: Path) -> Path | None:
        raise AssertionError(f"{folder} names no packages")

    runs = layer_to_run(layer, sources, "provided.al2023", install, workshop)
    assert (runs / place).is_file()
    (tmp_path / "lam.yaml").write_text("functions: {f: {runtime: provided.al2023}}\n")
    (function,) = load_project(tmp_path / "lam.yaml").functions
    (made,) = layers_of([replace(function, layers=(layer, layer))], workshop)
    assert isinstance(made.result, Package) and made.name == "Made"
    assert place in zipfile.ZipFile(io.BytesIO(made.result.content())).namelist()
