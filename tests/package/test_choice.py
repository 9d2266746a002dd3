"""Globs that choose the files of a package, in order."""

from __future__ import annotations

import pytest

from lambdacli.package.choice import parse_choice
from lambdacli.package.files import Part, merged_files

FILES = (
    "app.js",
    "src/a.js",
    "src/a.test.js",
    "src/deep/b.js",
    "node_modules/x/index.js",
    "docs/x.md",
    ".env",
)


@pytest.mark.parametrize(
    ("globs", "taken"),
    [
        pytest.param((), FILES, id="nothing said: every file"),
        pytest.param(("!docs/**",), FILES[:5] + FILES[6:], id="an exclusion"),
        pytest.param(("!**", "src/**"), FILES[1:4], id="nothing but one folder"),
        pytest.param(("src/**", "!**"), (), id="the last one that fits counts"),
        pytest.param(("!./**", "app.js"), ("app.js",), id="./ is the folder itself"),
        pytest.param(("!**", "src/*.js"), FILES[1:3], id="a star stays in its folder"),
        pytest.param(("!**", "*.js"), ("app.js",), id="without a slash: the top only"),
        pytest.param(("!**", "**/*.js", "!**/*.test.js"), (*FILES[:2], *FILES[3:5]), id="any depth"),
        pytest.param(("!**", "{src,docs}/**", "!**/*.{md,test.js}"), (FILES[1], FILES[3]), id="braces"),
        pytest.param(("!**", "(docs|node_modules)/**"), FILES[4:6], id="alternatives"),
        pytest.param(("!**", "src/!(a*).js", "**/!(a*|x*).js"), ("src/deep/b.js", FILES[4]), id="all but"),
        pytest.param(("!.*",), FILES[:6], id="a dot is nothing special"),
        pytest.param(("!src",), FILES, id="a folder without its files is no file"),
        pytest.param(("!**", "src/[ab].js"), ("src/a.js",), id="one letter of several"),
    ],
)
def test_files_are_chosen_by_the_last_glob_that_fits(globs, taken):
    choice = parse_choice(globs)
    assert tuple(name for name in FILES if choice.takes(name)) == taken


def test_a_file_in_an_excluded_folder_can_be_asked_for(tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    part = Part(
        tmp_path, choice=parse_choice(("!node_modules/**", "node_modules/x/**", "!src/**", "!docs/**"))
    )
    assert [file.name for file in merged_files([part])] == [".env", "app.js", "node_modules/x/index.js"]
