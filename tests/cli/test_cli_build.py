"""`lam build`: which functions, what is told of them, and what is written."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode

import pytest

YAML = """\
functions:
  orders: {runtime: python3.13, handler: app.handler, code: orders}
  billing: {runtime: python3.13, handler: app.handler, code: billing, architecture: arm64}
"""


@pytest.fixture
def two(project):
    (project / "lam.yaml").write_text(YAML)
    for name in ("orders", "billing"):
        (project / name).mkdir()
        (project / name / "app.py").write_text(f"# {name}\n")
    return project


def test_all_functions_are_built_and_told_with_hash_and_size(lam, two):
    result = lam("build", "--zips", "dist")
    assert result.exit_code == 0
    heading, *rows = result.out.splitlines()
    assert heading.split() == ["NAME", "BY", "ZIPPED", "UNZIPPED", "SHA256", "TOOK"]
    assert [row.split()[:2] for row in rows] == [["orders", "none"], ["billing", "none"]]
    for row in rows:
        content = (two / "dist" / f"{row.split()[0]}.zip").read_bytes()
        assert b64encode(hashlib.sha256(content).digest()).decode() in row


def test_named_functions_only_in_the_order_of_the_words(lam, two):
    rows = json.loads(lam("build", "billing", "--json").out)
    assert [row["name"] for row in rows] == ["billing"]
    expected = {"runtime": "python3.13", "architecture": "arm64", "method": "none", "notes": []}
    assert {name: rows[0][name] for name in expected} == expected
    assert rows[0]["largest"] == [{"name": "app.py", "unzipped_bytes": 10}]
    assert not (two / "dist").exists()


def test_one_that_cannot_be_built_is_told_and_the_others_are_built(lam, two):
    (two / "orders" / "requirements.txt").write_text("./nothing-there\n")
    result = lam("build")
    assert result.exit_code == 1
    assert [line.split()[0] for line in result.out.splitlines()[1:]] == ["billing"]
    assert result.err.startswith(f"error: orders: {two}/orders/requirements.txt could not be installed:\n")
    first, second = json.loads(lam("build", "--json").out)
    assert "could not be installed" in first["error"] and "sha256" in second


def test_a_name_that_is_not_there_is_told_with_the_nearest(lam, two):
    result = lam("build", "order")
    assert result.exit_code == 1
    assert result.err == "error: lam.yaml has no function order\n\nhint: did you mean orders?\n"


def test_without_a_project_it_says_how_to_make_one(lam, project):
    (project / "lam.yaml").unlink()
    assert "there is no lam.yaml or template here or above" in lam("build").err


def test_a_broken_lam_yaml_is_told_line_by_line(lam, project):
    (project / "lam.yaml").write_text("functions:\n  orders: {runtime: python3.13, handler: 1 2}\n")
    result = lam("build")
    assert result.exit_code == 1 and "lam.yaml:2:" in result.err


@pytest.mark.parametrize(
    ("folder", "ignored", "is_refused"),
    [
        ("orders/dist", "", True),
        ("orders/dist", "dist/\n", False),
        ("orders/.lam/zips", "", False),
        ("dist", "", False),
    ],
)
def test_zips_are_not_written_where_they_would_be_packed(lam, two, folder, ignored, is_refused):
    (two / "orders" / ".lamignore").write_text(ignored)
    result = lam("build", "--zips", folder)
    assert result.exit_code == int(is_refused)
    assert (two / folder).exists() is not is_refused
    assert ("is in the code of orders, and its zips would be packed too" in result.err) is is_refused


def test_a_project_file_that_is_a_program_is_told_as_such(lam, project):
    (project / "lam.yaml").unlink()
    (project / "serverless.ts").touch()
    for verb in ("build", "validate"):
        told = lam(verb).err
        assert told.startswith(
            "error: serverless.ts is a program, which lam does not run; `npx serverless print"
        )


def test_parameters_and_stages_decide_of_what_is_built(lam, project, monkeypatch):
    (project / "lam.yaml").unlink()
    (project / "app.py").touch()
    (project / "serverless.yml").write_text(
        "service: shop\nprovider: {name: aws, runtime: python3.13}\nfunctions: {hello: {handler: app.main}}\n"
    )
    monkeypatch.setenv("LAM_STAGE", "qa")
    assert [row["name"] for row in json.loads(lam("build", "--json").out)] == ["shop-qa-hello"]
    for words in (("--stage", "prod"), ("--parameter-overrides", "stage=prod")):
        assert [row["name"] for row in json.loads(lam("build", "--json", *words).out)] == ["shop-prod-hello"]
