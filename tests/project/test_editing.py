"""Single settings of a lam.yaml are changed, and nothing else of its text."""

from __future__ import annotations

import pytest

from lambdacli.project.config import load_project
from lambdacli.project.editing import with_settings

STYLES = {
    "two spaces": "functions:\n  a:\n    runtime: python3.13\n    layers:\n    - x\n",
    "hyphens set in": "functions:\n  a:\n    runtime: python3.13\n    layers:\n      - x\n      - y\n",
    "four spaces": "functions:\n    a:\n        runtime: python3.13\n        layers:\n          - x\n",
    "a beginning": "---\nfunctions:\n  a:\n    runtime: python3.13\n",
    "quotes": "functions:\n  'a':\n    runtime: \"python3.13\"\n    handler: 'app.handler'\n",
    "comments": "# top\n\nfunctions:  # all\n  # before\n  a:\n    runtime: python3.13  # why\n\n# end\n",
    "on one line": "functions: {a: {runtime: python3.13, handler: app.handler}}\n",
    "long lines": f"functions:\n  a:\n    runtime: python3.13\n    description: {'word ' * 60}end\n",
}


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES)
def test_what_is_so_already_leaves_the_text_as_it_is(text):
    edit = with_settings(text, "a", {"runtime": "python3.13"})
    assert (edit.text, edit.is_new, edit.changed) == (text, False, ())


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES)
def test_one_setting_changes_its_own_lines_only(text):
    edit = with_settings(text, "a", {"runtime": "python3.12", "memory": 256})
    assert edit.changed == ("runtime", "memory")
    changed = set(edit.text.splitlines()) ^ set(text.splitlines())
    assert all("runtime" in line or "memory" in line for line in changed)


@pytest.mark.parametrize(
    ("written", "settings"),
    [
        ("memory: 1GB", {"memory": 1024}),
        ("timeout: 5m", {"timeout": 300}),
        ("url: {auth: NONE}", {"url": True}),
        ("url: {cors: true}", {"url": {"cors": {"origins": "*", "methods": ["*"], "headers": ["*"]}}}),
        ("tags: {n: 1}", {"tags": {"n": "1"}}),
        ("env: {FLAG: true}", {"env": {"FLAG": "true"}}),
        ("layers: [b:1]", {"layers": ["b:1"]}),
        ("", {"memory": 128, "timeout": 3, "description": "", "architecture": "x86_64"}),
        ("description: ''", {"description": ""}),
    ],
)
def test_another_form_of_the_same_is_the_same(written, settings):
    text = f"functions:\n  a:\n    runtime: python3.13\n    {written}\n"
    assert with_settings(text, "a", settings).changed == ()


def test_what_the_defaults_say_is_not_repeated():
    text = "defaults:\n  memory: 512\nfunctions:\n  a:\n    runtime: python3.13\n"
    assert with_settings(text, "a", {"memory": 512}).text == text
    assert "\n    memory: 128\n" in with_settings(text, "a", {"memory": 128}).text


@pytest.mark.parametrize(
    "text", ["", "# a comment\n", "region: eu-west-1\n", "functions:\n", "functions: {}\n"]
)
def test_a_function_is_added_to_whatever_is_there(text, tmp_path):
    edit = with_settings(text, "new", {"runtime": "python3.13", "handler": "app.handler"})
    assert edit.is_new
    assert all(line in edit.text for line in text.splitlines() if line.startswith(("#", "region")))
    (tmp_path / "lam.yaml").write_text(edit.text)
    (function,) = load_project(tmp_path / "lam.yaml").functions
    assert (function.name, function.runtime) == ("new", "python3.13")


@pytest.mark.parametrize(
    "value", ["yes", "on", "080", "1e3", "null", "~", "", " a", "a: b", "#x", "- x", "é\n\t\\"]
)
def test_texts_come_back_as_they_were(value, tmp_path):
    settings = {"runtime": "python3.13", "handler": "app.handler", "env": {"VALUE": value}}
    (tmp_path / "lam.yaml").write_text(with_settings("", "a", settings).text)
    (function,) = load_project(tmp_path / "lam.yaml").functions
    assert function.variables == {"VALUE": value}


def test_variables_are_added_to_those_that_are_there():
    text = "functions:\n  a:\n    runtime: python3.13\n    env:\n      A: a  # mine\n"
    edit = with_settings(text, "a", {"env": {"A": "a", "B": "b"}})
    assert edit.text == text + "      B: b\n"


def test_variables_that_moved_are_taken_out():
    text = "functions:\n  a:\n    runtime: python3.13\n    env:\n      A: a\n      B: b\n"
    one = with_settings(text, "a", {"env_file": ".env"}, moved_variables=["A"])
    assert one.changed == ("env_file", "env")
    assert one.text == text.replace("      A: a\n", "") + "    env_file: .env\n"
    assert "env:" not in with_settings(text, "a", {}, moved_variables=["A", "B"]).text


def test_substitutes_stand_at_the_top():
    text = "functions:\n  a:\n    runtime: python3.13\n"
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:tools:1"
    edit = with_settings(text, "a", {"layers": [arn]}, substitutes={arn: "layers/tools-1.zip"})
    assert edit.text.endswith(f"layers:\n  {arn}: layers/tools-1.zip\n")


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES)
def test_lines_keep_the_ends_that_they_have(text):
    settings = {"runtime": "python3.12", "memory": 256}
    edit = with_settings(text.replace("\n", "\r\n"), "a", settings)
    assert edit.text == with_settings(text, "a", settings).text.replace("\n", "\r\n")
