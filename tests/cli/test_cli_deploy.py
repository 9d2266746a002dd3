"""What deploy says before it does anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.cli.deploy import do_steps, of_stack
from lambdacli.cli.deploying import Deploying, _region, change_text, refuse_foreign
from lambdacli.cli.errors import CommandError
from lambdacli.client.aws import Account, Aws, AwsError
from lambdacli.model.deployment import Change, Step, Wanted, WantedFunction
from lambdacli.project.config import load_project


@pytest.mark.parametrize(
    ("file", "command"),
    [("template.yaml", "sam deploy"), ("serverless.yml", "serverless deploy"), ("cdk.out", "cdk deploy")],
)
def test_another_tools_project_is_deployed_by_that_tool(file, command):
    with pytest.raises(CommandError) as caught:
        refuse_foreign(Path(file))
    assert command in caught.value.hints[0]
    assert "--code-only" in caught.value.hints[1]


def test_a_template_of_any_name_is_one(tmp_path):
    file = tmp_path / "orders.yaml"
    file.write_text("Resources:\n  A:\n    Type: AWS::SQS::Queue\n")
    with pytest.raises(CommandError) as caught:
        refuse_foreign(file)
    assert "sam deploy" in caught.value.hints[0]


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


@pytest.mark.parametrize("file", [None, Path("lam.yaml"), Path("lam.yml")])
def test_a_project_of_ours_is_deployed_by_us(file):
    refuse_foreign(file)


class Stack:
    name, is_aws = "AWS", True

    def call(self, service, operation, parameters):
        assert (service, operation, parameters["StackName"]) == (
            "cloudformation",
            "ListStackResources",
            "shop",
        )
        if "NextToken" not in parameters:
            return {"StackResourceSummaries": [], "NextToken": "more"}
        kinds = {"Orders": "AWS::Lambda::Function", "Table": "AWS::DynamoDB::Table"}
        summaries = [
            {"LogicalResourceId": name, "PhysicalResourceId": f"shop-{name}-1A2B", "ResourceType": kind}
            for name, kind in kinds.items()
        ]
        return {"StackResourceSummaries": summaries}


def test_a_stacks_functions_have_the_names_that_it_gave_them():
    wanted = Wanted((WantedFunction("orders-api", "live"), WantedFunction("named", "live")))
    found = of_stack(Stack(), wanted, "shop", {"orders-api": "Orders", "named": "Named"})
    assert [function.name for function in found.functions] == ["shop-Orders-1A2B", "named"]


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
