"""Every runtime walks the same way through the real service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.real.functions_house import open_house
from tests.real.house import opened
from tests.real.toolchains import need
from tests.runtimes import driver

pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", driver.LANGUAGES)
def test_walk(tmp_path: Path, name: str) -> None:
    files = driver.files_of(name)
    # The house writes the files again; what must be compiled is there before it starts.
    for file, text in files.items():
        (tmp_path / "p" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "p" / file).write_text(text)
    driver.prepare(name, tmp_path / "p" / name)
    with open_house(tmp_path / "p", driver.functions_of(name), files) as house:
        driver.walk(house, name)


@pytest.mark.parametrize(
    ("template", "program"), [("python", "python3"), ("nodejs", "node"), ("ruby", "ruby"), ("custom", "curl")]
)
def test_a_new_function_of_each_template_answers(tmp_path: Path, template: str, program: str) -> None:
    need(program)
    with opened(tmp_path) as project:
        project.lam("init", "demo", "--template", template)
        folder = project.folder / "demo"
        try:
            answer = project.lam("invoke", "demo", "--event", "events/event.json", cwd=folder)
        finally:
            project.lam("stop", cwd=folder)
        assert json.loads(answer.stdout) == {"message": "Hello, value1!"}
