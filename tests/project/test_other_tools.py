"""A template is deployed by the tool that it was written for, with the arguments that its files settle."""

from __future__ import annotations

import pytest

from lambdacli.project.other_tools import Asked, own_tool
from tests.cdk_app import write_app

SAM = "Transform: AWS::Serverless-2016-10-31\nResources: {}\n"
CONFIG = """
version = 0.1
[default.deploy.parameters]
stack_name = "shop"
region = "eu-west-1"
profile = "work"
[prod.deploy.parameters]
stack_name = "shop-prod"
[dev.build.parameters]
cached = true
"""


@pytest.mark.parametrize(
    ("name", "text", "config", "asked", "command", "why", "stacks"),
    [
        pytest.param(
            "template.yaml",
            SAM,
            CONFIG,
            Asked(),
            "sam build && sam deploy",
            "samconfig.toml says stack shop, region eu-west-1, profile work",
            ("shop",),
            id="SAM with what is settled",
        ),
        pytest.param(
            "orders.yaml",
            SAM,
            CONFIG,
            Asked(profile="mine", region="eu-north-1"),
            "sam build -t orders.yaml && sam deploy --profile mine --region eu-north-1",
            "samconfig.toml says stack shop",
            ("shop",),
            id="SAM with another file, profile and region",
        ),
        pytest.param(
            "template.yaml",
            SAM,
            CONFIG,
            Asked(config_environment="prod"),
            "sam build --config-env prod && sam deploy --config-env prod",
            "samconfig.toml says stack shop-prod",
            ("shop-prod",),
            id="SAM with another environment of samconfig",
        ),
        pytest.param(
            "template.yaml",
            SAM,
            None,
            Asked(),
            "sam build && sam deploy --guided",
            "",
            (),
            id="SAM that was never deployed",
        ),
        pytest.param(
            "stack.yaml",
            "Resources: {}\n",
            None,
            Asked(region="eu-west-1"),
            "aws cloudformation package --template-file stack.yaml --s3-bucket BUCKET "
            "--output-template-file packaged.yaml --region eu-west-1 && aws cloudformation deploy "
            "--template-file packaged.yaml --stack-name NAME --capabilities CAPABILITY_NAMED_IAM "
            "--region eu-west-1",
            "",
            (),
            id="CloudFormation alone",
        ),
        pytest.param(
            "serverless.yml",
            "service: shop\n",
            None,
            Asked(profile="my work"),
            "serverless deploy --aws-profile 'my work'",
            "",
            (),
            id="Serverless Framework",
        ),
    ],
)
def test_a_templates_own_tool_is_told(tmp_path, name, text, config, asked, command, why, stacks):
    (tmp_path / name).write_text(text)
    if config is not None:
        (tmp_path / "samconfig.toml").write_text(config)
    tool = own_tool(tmp_path / name, asked)
    assert (tool.command, tool.why, tool.stacks) == (command, why, stacks)


def test_an_app_of_the_cdk_is_deployed_whole_or_by_a_stack(tmp_path):
    out = write_app(tmp_path)
    whole = own_tool(out / "manifest.json", Asked(profile="work"))
    assert whole.command == "cdk deploy --all --profile work"
    assert whole.stacks == ("Data", "Api", "Prod-Data")
    assert own_tool(out / "Api.template.json", Asked()).command == "cdk deploy Api"
