"""A template that cannot be read without values of Parameter Store is read again when they are known."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from lambdacli.project.loading import Surroundings, load_project
from lambdacli.project.records import ConfigError
from lambdacli.service.dynamic_values import DynamicValues
from lambdacli.service.project_stack import ProjectStack
from lambdacli.service.stored_code import StoredCode

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Names: {Type: AWS::SSM::Parameter::Value<List<String>>, Default: /names}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      MemorySize: "{{resolve:ssm:/memory}}"
      Environment: {Variables: {SECOND: !Select [1, !Ref Names]}}
"""
STORED = {"/names": "a,b", "/memory": "256"}


class Neighbours:
    def __init__(self, stored: dict[str, str]) -> None:
        self.stored = stored
        self.regions: list[str] = []

    async def look_up(self, project, references):
        self.regions.append(project.region)
        return {each: self.stored.get(each.name) for each in references}


@pytest.fixture
def follow(tmp_path):
    """Reads as the service does; how often it was read, the neighbours, and the project or what is wrong."""
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text('[default.deploy.parameters]\nregion = "eu-west-1"\n')

    async def follow(stored):
        values = DynamicValues(SimpleNamespace(monotonic=lambda: 1.0))
        neighbours = Neighbours(stored)
        readings = []

        def read():
            try:
                readings.append(load_project(file, Surroundings(lookup=values)))
            except ConfigError as error:
                readings.append(str(error))
                stack.look_up(error.base)

        stack = ProjectStack(None, neighbours, values, StoredCode(None, None, None), None, read)
        read()
        await stack.settle()
        return readings, neighbours

    return lambda stored: asyncio.run(follow(stored))


def test_values_that_are_there_make_it_readable(follow):
    readings, neighbours = follow(STORED)
    (function,) = readings[-1].functions
    assert (function.memory_mb, function.variables) == (256, {"SECOND": "b"})
    assert set(neighbours.regions) == {"eu-west-1"}


def test_values_that_are_not_there_are_asked_for_once_and_told(follow):
    readings, neighbours = follow({})
    assert "Unable to fetch parameters [/names] from parameter store" in readings[-1]
    assert len(neighbours.regions) == len(readings) - 1 <= 2
