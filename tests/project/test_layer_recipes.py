"""Which way a layer's folder is built is told by what lies in it."""

from __future__ import annotations

import pytest

from lambdacli.model.build import BuildMethod, BuildSettings
from lambdacli.project.builders.layers import layer_recipe
from lambdacli.project.builders.recipes import Seen

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
