"""What is there is told, and what is told is there: verbs, keys, rooms, templates."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from lambdacli.cli.app import VERBS
from lambdacli.project.scaffold import TEMPLATES
from lambdacli.project.schema import FUNCTION, TOP_LEVEL

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_examples_and_stands_in_the_documents(verb: str) -> None:
    examples = importlib.import_module(VERBS[verb].module).EXAMPLES
    assert examples.strip().startswith(f"lam {verb}")
    assert f"lam {verb}" in README
    assert f"`lam {verb}`" in CHANGELOG


@pytest.mark.parametrize("key", [key.name for key in (*FUNCTION, *TOP_LEVEL)])
def test_every_key_of_lam_yaml_stands_in_the_readme(key: str) -> None:
    table = re.findall(r"^\| (.*?) \|", README, re.MULTILINE)
    assert any(f"`{key}`" in cell for cell in table)


def test_the_architecture_names_exactly_the_rooms_that_are_there() -> None:
    rooms = {entry.name for entry in (ROOT / "lambdacli").iterdir() if (entry / "__init__.py").is_file()}
    told = set(re.findall(r"^\| `(\w+)` \|", ARCHITECTURE, re.MULTILINE))
    assert told == rooms


def test_every_template_has_its_folder_and_no_folder_is_without_template() -> None:
    assert {entry.name for entry in (ROOT / "templates").iterdir() if entry.is_dir()} == set(TEMPLATES)


@pytest.mark.parametrize("file", sorted((ROOT / "lambdacli").rglob("*.py")), ids=str)
def test_every_module_begins_by_telling_its_job(file: Path) -> None:
    first = file.read_text().removeprefix("#!python\n").splitlines()[0]
    assert first.startswith('"""') and len(first) > 12, f"{file} begins with {first!r}"
