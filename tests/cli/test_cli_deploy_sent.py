"""What is sent, where to, and what stands in the output."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lambdacli.cli import render
from lambdacli.cli.deploy import do_steps
from lambdacli.cli.deploying import Deploying, _region
from lambdacli.cli.errors import CommandError
from lambdacli.model.build import BuildMethod
from lambdacli.model.deployment import Contents, Step
from lambdacli.package.files import Part
from lambdacli.project.builders.packages import Measured
from lambdacli.project.builders.packages import Package as Built
from lambdacli.project.config import load_project
from lambdacli.project.packing import Packages


@pytest.mark.parametrize("region", ["us-east-1", "eu-north-1"])
def test_a_region_in_lam_yaml_comes_before_that_of_the_machine(tmp_path, monkeypatch, region):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    file = tmp_path / "lam.yaml"
    file.write_text(f"region: {region}\nfunctions:\n")
    assert _region(load_project(file), None) == region


class Sending:
    name, is_aws = "AWS", True

    def call(self, service, operation, parameters):
        assert operation == "CreateFunctionUrlConfig", "nothing else is sent"
        return {"FunctionUrl": "https://x"}


def test_files_that_change_after_the_plan_are_not_sent_as_what_was_planned(tmp_path):
    (tmp_path / "app.py").write_text("changed since")
    built = Built("demo", BuildMethod.NONE, (Part(tmp_path),), None, Measured("planned", 1, 1, False))
    packages = Packages(_contents={"planned": built.content})
    step = Step("object", "upload", "s3", "PutObject", {"Body": Contents("planned")})
    work = Deploying(None, (), Sending(), None, "aws", Path())
    with pytest.raises(CommandError, match=r"step 1 of 1, upload: .* were changed after the plan"):
        do_steps(work, [step], packages.contents)


def test_with_json_nothing_else_stands_in_the_output(tmp_path, capfd):
    function = SimpleNamespace(name="demo", alias=None)
    destination = SimpleNamespace(
        reads_project=False, is_code_only=False, alias=None, here=SimpleNamespace(region="us-east-1")
    )
    work = Deploying(None, (function,), Sending(), destination, "aws", Path())
    step = Step("url", "create the URL", "lambda", "CreateFunctionUrlConfig", {}, function="demo")
    assert do_steps(work, [step], lambda sha256: b"", render.say) == 0
    told = capfd.readouterr()
    assert told.out == "" and "demo  https://x" in told.err
