"""Tests of which region a verb with --remote asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.cli.options import AwsFlags
from lambdacli.cli.remote import aws_of


@pytest.mark.parametrize(
    ("text", "flag", "region"),
    [
        ("region: eu-west-1", None, "eu-west-1"),
        ("region: eu-west-1", "eu-north-1", "eu-north-1"),
        ("functions: {}", None, "us-west-2"),
        ("regions: eu-west-1", None, "us-west-2"),
    ],
    ids=["lam.yaml says it", "a flag says another", "nobody but the environment", "lam.yaml has a mistake"],
)
def test_the_region_is_the_one_that_a_deployment_goes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, flag: str | None, region: str
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    (tmp_path / "lam.yaml").write_text(text)
    assert aws_of(AwsFlags(region=flag), str(tmp_path)).region == region
