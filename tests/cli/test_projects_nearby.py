"""Tests of what a folder that is no project is told to name."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.cli.projects_nearby import way_to_one

TEMPLATE = "Resources: {A: {Type: 'AWS::SQS::Queue'}}"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([], "`lam init NAME` makes one"),
        (["stack.yaml"], "there is stack.yaml: name one, as in `-t stack.yaml`"),
        (
            ["orders/template.yaml", "users/serverless.yml"],
            "there is orders/template.yaml, users/serverless.yml: name one, as in `-t orders/template.yaml`",
        ),
        (
            [f"{name}/template.yaml" for name in "abcde"],
            "there is a/template.yaml, b/template.yaml, c/template.yaml, d/template.yaml …: "
            "name one, as in `-t a/template.yaml`",
        ),
        (["node_modules/x/template.yaml", ".aws-sam/build/template.yaml"], "`lam init NAME` makes one"),
        (["services/a/b/c/template.yaml"], "`lam init NAME` makes one"),
    ],
)
def test_a_folder_that_is_no_project_tells_the_templates_that_it_has(
    tmp_path: Path, files: list[str], told: str
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TEMPLATE)
    assert way_to_one(tmp_path) == told


def test_a_file_of_another_kind_is_no_template(tmp_path: Path) -> None:
    (tmp_path / "deployment.yaml").write_text("Resources: none")
    assert way_to_one(tmp_path) == "`lam init NAME` makes one"
