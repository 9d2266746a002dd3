"""`lam init`: what is planned and written, and that nothing is ever overwritten or half-made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambdacli.project import scaffold
from lambdacli.project.config import load_project
from lambdacli.project.resources import resource_folder
from lambdacli.project.scaffold import (
    TEMPLATES,
    ScaffoldError,
    create,
    create_function_files,
    plan_new_function,
    with_function,
)

SETTINGS = {"runtime": "python3.13", "handler": "app.handler", "code": "new"}
ENTRY = "  new:\n    runtime: python3.13\n    handler: app.handler\n    code: new\n"


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_table_of_templates_equals_the_folders():
    assert {path.name for path in resource_folder("templates").iterdir()} == set(TEMPLATES)


def test_a_new_project_has_its_function_event_and_test(tmp_path):
    created = create_function_files(tmp_path, "demo")
    assert [str(path.relative_to(tmp_path)) for path in created.files] == [
        "demo/lam.yaml",
        "demo/.gitignore",
        "demo/events/event.json",
        "demo/lambda_function.py",
        "demo/test_lambda_function.py",
    ]
    assert created.next_steps == (
        "cd demo",
        "lam invoke demo --event events/event.json",
        "python3 -m unittest",
    )
    assert (tmp_path / "demo" / "lam.yaml").read_text() == (
        "functions:\n  demo:\n    runtime: python3.13\n    handler: lambda_function.lambda_handler\n"
    )
    assert (tmp_path / "demo" / ".gitignore").read_text() == ".lam/\n"


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_makes_a_project_without_problems(tmp_path, template):
    create_function_files(tmp_path, "demo", template)
    project = load_project(tmp_path / "demo" / "lam.yaml")
    assert project.warnings == ()
    assert [(function.name, function.runtime) for function in project.functions] == [
        ("demo", TEMPLATES[template].runtime)
    ]


def test_the_caller_may_choose_the_runtime(tmp_path):
    create_function_files(tmp_path, "demo", "nodejs", "nodejs24.x")
    assert load_project(tmp_path / "demo" / "lam.yaml").functions[0].runtime == "nodejs24.x"


def test_scripts_are_executable_and_others_are_not(tmp_path):
    create_function_files(tmp_path, "demo", "custom")
    folder = tmp_path / "demo"
    assert {path.name: os.access(path, os.X_OK) for path in folder.iterdir() if path.is_file()} == {
        "lam.yaml": False,
        ".gitignore": False,
        "bootstrap": True,
        "function.sh": False,
        "test.sh": True,
    }


def test_without_a_name_the_project_is_made_here_under_the_folders_name(tmp_path):
    here = tmp_path / "orders"
    here.mkdir()
    created = create_function_files(here)
    assert load_project(here / "lam.yaml").functions[0].name == "orders"
    assert created.next_steps == ("lam invoke orders --event events/event.json", "python3 -m unittest")


def test_inside_a_project_a_function_is_added(tmp_path):
    (tmp_path / "lam.yaml").write_text("# mine\nregion: eu-central-1  # near\n\nfunctions: {}\n")
    (tmp_path / "src").mkdir()
    created = create_function_files(tmp_path / "src", "demo", "nodejs")
    assert (tmp_path / "lam.yaml").read_text() == (
        "# mine\nregion: eu-central-1  # near\n\nfunctions:\n"
        "  demo:\n    runtime: nodejs22.x\n    handler: index.handler\n    code: src/demo\n"
    )
    assert [str(path.relative_to(tmp_path)) for path in created.files] == [
        "src/demo/events/event.json",
        "src/demo/index.mjs",
        "src/demo/index.test.mjs",
        "lam.yaml",
    ]
    assert created.next_steps == (
        "lam invoke demo --event demo/events/event.json",
        "(cd demo && node --test)",
    )
    (function,) = load_project(tmp_path / "lam.yaml").functions
    assert function.code == tmp_path / "src" / "demo"


def test_planning_writes_nothing(tmp_path):
    plan_new_function(tmp_path, "demo")
    assert tree(tmp_path) == {}


def test_an_ignore_file_that_is_there_already_is_left_alone(tmp_path):
    (tmp_path / ".gitignore").write_text("*.log\n")
    create_function_files(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "*.log\n"
    assert (tmp_path / "lam.yaml").is_file()


@pytest.mark.parametrize(
    ("template", "runtime", "says"),
    [
        (
            "python",
            "python9.9",
            "python9.9 is no runtime that a function can be made with; did you mean python3.9?",
        ),
        ("python", "ptyhon3.12", "did you mean python3.12?"),
        ("python", "java21", "the template python is for python runtimes such as python3.13, not java21"),
        (
            "nodejs",
            "python3.13",
            "the template nodejs is for nodejs runtimes such as nodejs22.x, not python3.13",
        ),
    ],
)
def test_a_runtime_that_does_not_fit_is_refused_and_nothing_is_written(tmp_path, template, runtime, says):
    with pytest.raises(ScaffoldError) as caught:
        create_function_files(tmp_path, "demo", template, runtime)
    assert says in str(caught.value)
    assert tree(tmp_path) == {}


def test_files_in_the_way_are_listed_and_nothing_is_written(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "lambda_function.py").write_text("mine")
    (tmp_path / "demo" / "test_lambda_function.py").symlink_to("gone")
    with pytest.raises(ScaffoldError) as caught:
        create_function_files(tmp_path, "demo")
    assert str(caught.value) == (
        "nothing was written, for these exist already: demo/lambda_function.py, demo/test_lambda_function.py"
    )
    assert tree(tmp_path) == {"demo/lambda_function.py": "mine"}


def test_a_file_that_appears_after_planning_is_not_overwritten(tmp_path):
    plan = plan_new_function(tmp_path, "demo")
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "test_lambda_function.py").write_text("mine")
    with pytest.raises(ScaffoldError) as caught:
        create(plan)
    assert str(caught.value).endswith("test_lambda_function.py: File exists")
    assert tree(tmp_path) == {"demo/test_lambda_function.py": "mine"}


def test_when_lam_yaml_cannot_be_changed_the_function_is_taken_back(tmp_path, monkeypatch):
    (tmp_path / "lam.yaml").write_text("functions: {}\n")
    plan = plan_new_function(tmp_path, "demo")

    def fail(file: Path, text: str) -> None:
        raise OSError(28, "No space left on device", str(file))

    monkeypatch.setattr(scaffold, "_replace", fail)
    with pytest.raises(ScaffoldError) as caught:
        create(plan)
    assert str(caught.value) == f"nothing was written: {tmp_path / 'lam.yaml'}: No space left on device"
    assert [path.name for path in tmp_path.iterdir()] == ["lam.yaml"]


@pytest.mark.parametrize(
    ("lam_yaml", "name", "template", "expected"),
    [
        (
            None,
            "a.b",
            "python",
            "'a.b' is no name for a function: Lambda takes 1 to 64 letters, digits, hyphens and underscores",
        ),
        (
            None,
            "a/b",
            "python",
            "'a/b' is no name for a function: Lambda takes 1 to 64 letters, digits, hyphens",
        ),
        (
            None,
            None,
            "python",
            "the folder's name 'my project' is no name for a function (Lambda takes 1 to 64 letters, digits,"
            " hyphens and underscores); give one",
        ),
        (None, "demo", "cobol", "there is no template cobol; choose from python, nodejs, ruby, custom"),
        (
            "functions:\n  demo: {runtime: python3.13, handler: a.b}\n",
            "demo",
            "python",
            "{folder}/lam.yaml has a function demo already; choose another name",
        ),
        ("region: 5\n", "demo", "python", "lam.yaml has problems; mend them first:\nlam.yaml:1:9: region: "),
    ],
)
def test_what_cannot_be_made_is_told(tmp_path, lam_yaml, name, template, expected):
    folder = tmp_path / "my project"
    folder.mkdir()
    if lam_yaml is not None:
        (folder / "lam.yaml").write_text(lam_yaml)
    with pytest.raises(ScaffoldError) as caught:
        plan_new_function(folder, name, template)
    assert str(caught.value).startswith(expected.format(folder=folder))


def test_a_second_project_in_the_same_place_is_refused(tmp_path):
    here = tmp_path / "demo"
    here.mkdir()
    (here / "lam.yaml").write_text("functions: {}\n")
    with pytest.raises(ScaffoldError) as caught:
        plan_new_function(here)
    assert str(caught.value) == f"{here / 'lam.yaml'} exists already; to add a function, give it a name"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"functions:\n{ENTRY}"),
        ("region: us-east-1 # near", f"region: us-east-1 # near\nfunctions:\n{ENTRY}"),
        ("functions:\n", f"functions:\n{ENTRY}"),
        ("functions: # all\n\n# end\nport: 1\n", f"functions: # all\n{ENTRY}\n# end\nport: 1\n"),
        ("functions: {} # none yet\nport: 1\n", f"functions: # none yet\n{ENTRY}port: 1\n"),
        ("functions: ~\n", f"functions:\n{ENTRY}"),
        (
            "functions:\n  a:\n    runtime:   x # why\n\n# the rest\nport: 1\n",
            f"functions:\n  a:\n    runtime:   x # why\n{ENTRY}\n# the rest\nport: 1\n",
        ),
        (
            "functions:\n  a:\n    env: {X1: 1}\n\n  b:\n    layers:\n    - x\n",
            f"functions:\n  a:\n    env: {{X1: 1}}\n\n  b:\n    layers:\n    - x\n\n{ENTRY}",
        ),
        (
            'functions:\n    a:\n        x: "1"\n',
            'functions:\n    a:\n        x: "1"\n' + ENTRY.replace("  ", "    "),
        ),
        (
            "functions:\n  a:\n    description: |\n      text\n\n# end\n",
            f"functions:\n  a:\n    description: |\n      text\n\n{ENTRY}# end\n",
        ),
        ("functions:\r\n  a:\r\n", "functions:\r\n  a:\r\n" + ENTRY.replace("\n", "\r\n")),
        (
            "functions: {a: {x: 'q'}} # c\nport: 1\n",
            "functions: {a: {x: 'q'}, new: {runtime: python3.13, handler: app.handler, code: new}} # c\n"
            "port: 1\n",
        ),
    ],
)
def test_a_function_is_added_and_all_else_stays_as_it_was(before, after):
    assert with_function(before, "new", SETTINGS) == after


def test_a_name_of_digits_stays_a_text():
    assert (
        with_function("", "12", {"runtime": "python3.13"}) == "functions:\n  '12':\n    runtime: python3.13\n"
    )


def test_a_project_that_a_template_describes_gets_no_function_of_lam_yaml(tmp_path):
    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    with pytest.raises(ScaffoldError, match=r"template\.yaml describes this project; add the function to it"):
        plan_new_function(tmp_path, "orders")
