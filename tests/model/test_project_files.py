"""Which file makes a folder a project, and where its state lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.model.project_files import project_file_in, state_folder_of

TEMPLATE = "Resources: {}\n"


def lay(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TEMPLATE if "template" in name else "{}\n")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("serverless.yml",), "serverless.yml"),
        (("serverless.yaml",), "serverless.yaml"),
        (("serverless.json",), "serverless.json"),
        (("serverless.yml", "template.yaml"), "template.yaml"),
        (("serverless.yml", "lam.yaml"), "lam.yaml"),
        (("cdk.out/manifest.json", "cdk.json"), "cdk.out/manifest.json"),
        (("cdk.out/manifest.json", "serverless.yml"), "serverless.yml"),
        (("manifest.json",), None),
        (("manifest.json", "cdk.out"), "manifest.json"),
        (("serverless.ts",), None),
    ],
)
def test_a_folder_is_the_project_of(tmp_path: Path, names: tuple[str, ...], expected: str | None) -> None:
    lay(tmp_path, *names)
    found = project_file_in(str(tmp_path))
    assert found == (None if expected is None else str(tmp_path / expected))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("serverless.yml", ".lam"),
        ("cdk.out/manifest.json", ".lam/manifest.json"),
        ("cdk.out/Api.template.json", ".lam/Api.template.json"),
        ("cdk.out/assembly-Prod/manifest.json", ".lam/assembly-Prod-manifest.json"),
    ],
)
def test_the_state_lies(tmp_path: Path, file: str, expected: str) -> None:
    lay(tmp_path, "serverless.yml", "cdk.out/manifest.json", file)
    assert state_folder_of(str(tmp_path / file)) == str(tmp_path / expected)


def test_an_assembly_without_its_mark_is_known_by_its_folders_name(tmp_path: Path) -> None:
    lay(tmp_path, "cdk.out/manifest.json", "other/manifest.json")
    assert project_file_in(str(tmp_path / "cdk.out")) == str(tmp_path / "cdk.out" / "manifest.json")
    assert project_file_in(str(tmp_path / "other")) is None


def test_the_state_of_an_assembly_that_is_the_project_lies_beside_it(tmp_path: Path) -> None:
    lay(tmp_path, "cdk.out/manifest.json")
    assert state_folder_of(str(tmp_path / "cdk.out/manifest.json")) == str(tmp_path / ".lam")
