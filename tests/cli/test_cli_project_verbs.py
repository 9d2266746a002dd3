"""`lam validate` and `lam init`: thin covers of the project room, which is replaced here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from lambdacli.project.records import ConfigError
from lambdacli.project.stack.declared import Finding


class Problem:
    def __init__(self, text: str) -> None:
        self._text = text

    def text(self, folder: Path) -> str:
        assert folder == Path.cwd()
        return self._text


DEMO = SimpleNamespace(name="demo", runtime="python3.13")


@pytest.fixture
def config(monkeypatch):
    """A project.loading whose answer the test sets: `problems`, or `functions`, `findings` and `warnings`."""
    module = ModuleType("lambdacli.project.loading")

    def load_project(file: Path, around: object):
        module.asked.append(file)
        if module.problems:
            raise ConfigError(Path.cwd(), tuple(module.problems))
        return SimpleNamespace(functions=module.functions, warnings=module.warnings, findings=module.findings)

    module.asked, module.problems, module.functions, module.warnings = [], [], [DEMO], []
    module.findings = []
    module.Surroundings, module.load_project = SimpleNamespace, load_project
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_a_valid_file_says_so(lam, config, project):
    config.warnings = [Problem("lam.yaml:2:1: tags have no effect here")]
    result = lam("validate")
    assert (result.exit_code, result.out) == (0, f"{project}/lam.yaml: no problems, 1 function\n")
    assert result.err == "note: lam.yaml:2:1: tags have no effect here\n"
    assert config.asked == [project / "lam.yaml"]


def test_what_became_of_a_template_is_told_by_line(lam, config, project):
    config.findings = [
        Finding(project / "template.yaml", 4, "Hello", True, "a function of python3.13"),
        Finding(project / "template.yaml", 9, "Hello.Properties.Tracing", False, "nothing is sent to X-Ray"),
    ]
    assert lam("validate").out.splitlines()[:2] == [
        "template.yaml:4: used    Hello: a function of python3.13",
        "template.yaml:9: ignored Hello.Properties.Tracing: nothing is sent to X-Ray",
    ]


def test_every_problem_is_printed(lam, config):
    config.problems = [Problem("lam.yaml:3:1: unknown key handlr"), Problem("lam.yaml:4:1: no such runtime")]
    result = lam("validate", "lam.yaml")
    assert result.exit_code == 1
    assert result.out == "lam.yaml:3:1: unknown key handlr\nlam.yaml:4:1: no such runtime\n"
    assert result.err == "error: 2 problems in lam.yaml\n"


def test_a_folder_stands_for_its_lam_yaml(lam, config, project):
    assert lam("validate", str(project)).exit_code == 0
    assert config.asked == [project / "lam.yaml"]


def test_a_function_that_does_not_run_here_is_told(lam, project):
    java = "{runtime: java21, handler: 'shop.App::handle', code: .}"
    (project / "lam.yaml").write_text(f"functions:\n  app: {java}\n")
    result = lam("validate")
    assert result.exit_code == 0
    assert "app: java21 does not run here, `lam build` makes its package" in result.err


def test_a_folder_that_is_no_project_is_told(lam, config, project):
    (project / "empty").mkdir()
    result = lam("validate", "empty")
    assert result.exit_code == 1
    assert result.err.startswith("error: empty has neither a lam.yaml nor a template, a serverless.yml or ")


def test_a_missing_file_is_named(lam, config):
    result = lam("validate", "other.yaml")
    assert (result.exit_code, result.err) == (1, "error: there is no file other.yaml\n")


@pytest.fixture
def scaffold(monkeypatch):
    module = ModuleType("lambdacli.project.scaffold")
    module.asked = []

    class ScaffoldError(Exception): ...

    def create_function_files(start: Path, name=None, template="python", runtime=None):
        module.asked.append((start, name, template, runtime))
        if name == "taken":
            raise ScaffoldError("nothing was written, for these exist already: taken/lam.yaml")
        return SimpleNamespace(
            files=[start / "x" / "lam.yaml"], next_steps=["cd x", "lam invoke x"], changed=None
        )

    module.ScaffoldError, module.create_function_files = ScaffoldError, create_function_files
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_init_says_what_it_made_and_what_comes_next(lam, scaffold, project):
    result = lam("init", "x", "--template", "ruby", "--runtime", "ruby3.4")
    assert (result.exit_code, result.out) == (0, "")
    assert result.err == "made x/lam.yaml\n\nnext:\n  cd x\n  lam invoke x\n"
    assert scaffold.asked == [(project, "x", "ruby", "ruby3.4")]


@pytest.mark.parametrize(
    ("flags", "template"),
    [
        ([], "python"),
        (["--runtime", "python3.12"], "python"),
        (["--runtime", "nodejs22.x"], "nodejs"),
        (["--runtime", "provided.al2023"], "custom"),
    ],
)
def test_init_asks_nothing_when_piped(lam, scaffold, project, flags, template):
    assert lam("init", *flags, stdin=b"").exit_code == 0
    assert scaffold.asked[0][1:3] == (None, template)


def test_init_asks_at_a_terminal(lam, scaffold, project, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    answers = iter(["worker", "nodejs"])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    assert lam("init").exit_code == 0
    assert scaffold.asked == [(project, "worker", "nodejs", None)]


@pytest.mark.parametrize("runtime", ["java21", "dotnet8", "python9"])
def test_init_refuses_a_runtime_that_it_has_no_template_for(lam, project, runtime):
    (project / "lam.yaml").unlink()
    result = lam("init", "x", "--runtime", runtime)
    assert (result.exit_code, result.out) == (1, "")
    assert result.err.startswith("error: ") and runtime in result.err
    assert list(project.iterdir()) == []


def test_init_passes_a_refusal_on(lam, scaffold):
    result = lam("init", "taken")
    assert (result.exit_code, result.err) == (
        1,
        "error: nothing was written, for these exist already: taken/lam.yaml\n",
    )


def test_without_a_project_there_is_nothing_to_check(lam, config, project):
    (project / "lam.yaml").unlink()
    result = lam("validate")
    assert (result.exit_code, result.err) == (
        1,
        "error: there is no lam.yaml or template here or above\n\nhint: `lam init NAME` makes one\n",
    )


def test_the_schema_for_editors_is_printed(lam, project):
    result = lam("validate", "--schema")
    assert result.exit_code == 0
    assert json.loads(result.out)["title"] == "lam.yaml"
