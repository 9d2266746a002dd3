"""Versions and aliases that really run: each its own code, side by side with `$LATEST`."""

from __future__ import annotations

import json
from collections import Counter

import boto3
import pytest

from tests.real.house import Project, opened

pytestmark = pytest.mark.real

CODE = """
import os
VERSION = "{version}"
def handler(event, context):
    stream = context.log_stream_name.partition("[")[2].partition("]")[0]
    invoked = context.invoked_function_arn.rpartition(":")[2]
    return [VERSION, context.function_version, invoked, os.environ["AWS_LAMBDA_FUNCTION_VERSION"], stream]
"""


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path) as project:
        project.function("demo", CODE.format(version="one"))
        project.start()
        yield project


def client_of(project: Project):
    return boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{project.port}",
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="none",
    )


def test_version_keeps_running_what_was_published(project):
    client = client_of(project)
    assert project.invoke("demo") == ["one", "$LATEST", "demo", "$LATEST", "$LATEST"]
    client.publish_version(FunctionName="demo")
    client.create_alias(FunctionName="demo", Name="live", FunctionVersion="1")
    project.write("demo/app.py", CODE.format(version="two"))
    assert project.invoke("demo:1") == ["one", "1", "1", "1", "1"]
    assert project.invoke("demo:live") == ["one", "1", "live", "1", "1"]
    # The watch may need a moment to see the change.
    while (answer := project.invoke("demo"))[0] == "one":
        assert answer[1] == "$LATEST"
    assert answer[0] == "two"


def test_change_of_latest_leaves_the_environments_of_a_version_alone(project):
    client = client_of(project)
    client.publish_version(FunctionName="demo")
    project.invoke("demo:1")
    project.write("demo/app.py", CODE.format(version="two"))
    while project.invoke("demo")[0] == "one":
        pass
    project.invoke("demo:1")
    environments = json.loads(project.lam("envs", "demo", "--json").stdout)["environments"]
    of_version = [each for each in environments if "[1]" in each["stream"]]
    assert [each["invocations"] for each in of_version] == [2]


def test_publishing_leaves_the_warm_environment_warm(project):
    client = client_of(project)
    project.invoke("demo")
    client.publish_version(FunctionName="demo")
    project.invoke("demo")
    (environment,) = json.loads(project.lam("envs", "demo", "--json").stdout)["environments"]
    assert environment["invocations"] == 2


def test_weighted_alias_runs_both_versions_and_says_which(project):
    client = client_of(project)
    client.publish_version(FunctionName="demo")
    project.write("demo/app.py", CODE.format(version="two"))
    client.publish_version(FunctionName="demo")
    client.create_alias(
        FunctionName="demo",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    seen = Counter()
    for _ in range(60):
        answer = client.invoke(FunctionName="demo", Qualifier="live")
        code, version, qualifier, *_ = json.loads(answer["Payload"].read())
        assert answer["ExecutedVersion"] == version
        assert (code, qualifier) == ({"1": "one", "2": "two"}[version], "live")
        seen[version] += 1
    assert min(seen["1"], seen["2"]) > 10


def test_versions_and_aliases_survive_a_restart(project):
    client = client_of(project)
    client.publish_version(FunctionName="demo")
    client.create_alias(FunctionName="demo", Name="live", FunctionVersion="1")
    project.write("demo/app.py", CODE.format(version="two"))
    project.lam("stop")
    project.start()
    assert project.invoke("demo:live")[0] == "one"
    assert project.invoke("demo")[0] == "two"
