"""What deploy says before it does anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.cli.deploy import _confirm, do_steps
from lambdacli.cli.deploying import Deploying, _region, change_text
from lambdacli.cli.errors import CommandError
from lambdacli.client.aws import Account, Aws, AwsError
from lambdacli.model.deployment import Change, Step
from lambdacli.project.config import load_project
from tests.real.house import PYTHON_RUNTIME

SAM = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: {PYTHON_RUNTIME}, Handler: app.handler, CodeUri: .}}
"""


def test_another_tools_project_is_deployed_by_that_tool(lam, project):
    (project / "lam.yaml").unlink()
    (project / "template.yaml").write_text(SAM)
    (project / "samconfig.toml").write_text('[default.deploy.parameters]\nstack_name = "shop"\n')
    for verb in ("deploy", "drift"):
        told = lam(verb, "--to", "aws")
        assert told.exit_code == 1
        assert told.err.splitlines() == [
            "error: template.yaml is not deployed by lam: it may describe more than functions",
            "",
            "hint: `sam build && sam deploy` deploys it (samconfig.toml says stack shop)",
            "hint: `lam deploy --to aws --code-only` only brings the code of its functions up to date",
        ]


def test_functions_of_a_template_beside_lam_yaml_are_left_to_its_tool(lam, project):
    (project / "stack.yaml").write_text(SAM)
    (project / "app.py").touch()
    (project / "lam.yaml").write_text("template: stack.yaml\n")
    told = lam("deploy", "--to", "aws", "--plan")
    assert told.exit_code == 1 and "Orders of stack.yaml is not deployed by lam" in told.err
    assert "`sam build -t stack.yaml && sam deploy --guided` deploys it" in told.err


def test_what_cannot_be_undone_is_not_done_where_nobody_can_be_asked():
    def step(title: str, *, is_destructive: bool) -> Step:
        return Step(title, title, "lambda", "Invoke", {}, is_destructive=is_destructive)

    harmless, harmful = step("publish", is_destructive=False), step("delete the URL", is_destructive=True)
    _confirm([harmless], False)
    _confirm([harmful], True)
    with pytest.raises(CommandError) as refused:
        _confirm([harmless, harmful], False)
    assert str(refused.value) == "this would do 1 step that cannot be undone: delete the URL"
    assert refused.value.hints == ("--yes does it",)


def test_the_region_is_the_projects_or_else_the_profiles(tmp_path, monkeypatch):
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\n[profile work]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    project = load_project(_lam_yaml(tmp_path, ""))
    assert _region(project, Aws(Account())) == "eu-west-1"
    assert _region(project, Aws(Account("work"))) == "eu-north-1"
    assert _region(project, Aws(Account("work", "us-west-2"))) == "us-west-2"
    with pytest.raises(AwsError, match="missing"):
        _region(project, Aws(Account("missing")))
    said = load_project(_lam_yaml(tmp_path, "region: eu-south-2\n"))
    assert _region(said, Aws(Account("work"))) == "eu-south-2"


def _lam_yaml(folder: Path, text: str) -> Path:
    file = folder / "lam.yaml"
    file.write_text(f"{text}functions: {{}}\n")
    return file


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change("memory", "128", "256"), "memory: 128 → 256"),
        (Change("url AuthType", None, "NONE"), "url AuthType: NONE"),
        (Change("tag a", "b", None), "tag a: b → nothing"),
        (Change("env.TOKEN", "••••••", "••••••"), "env.TOKEN: another value, not shown"),
    ],
)
def test_a_change_is_told_from_what_to_what(change, text):
    assert change_text(change) == text


def test_aws_and_a_service_nearby_exclude_each_other(lam, project):
    (project / "lam.yaml").write_text("functions:\n")
    told = lam("deploy", "--to", "aws", "--endpoint-url", "http://127.0.0.1:1")
    assert told.exit_code == 2 and "AWS_ENDPOINT_URL" in told.err


def test_a_function_that_is_not_there_has_a_near_one(lam, project, service):
    (project / "app.py").touch()
    (project / "lam.yaml").write_text("functions:\n  orders: {runtime: python3.13, handler: app.handler}\n")
    told = lam("deploy", "order")
    assert told.exit_code == 1 and "did you mean orders?" in told.err


class Interrupted:
    """Somebody presses ^C during the second call."""

    name, is_aws = "AWS", True
    calls = 0

    def call(self, service, operation, parameters):
        self.calls += 1
        if self.calls == 2:
            raise KeyboardInterrupt
        return {}


def test_an_interrupt_says_where_it_was_and_that_the_next_goes_on(capfd):
    steps = [Step(f"{number}", f"step of {number}", "lambda", "TagResource", {}) for number in range(3)]
    work = Deploying(None, (), Interrupted(), None, "aws", Path())
    assert do_steps(work, steps, lambda sha256: b"") == 130
    told = capfd.readouterr().err
    assert "interrupted at step 2 of 3: step of 1" in told and "goes on from there" in told
