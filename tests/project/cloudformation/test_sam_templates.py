"""SAM templates: Globals merged, where things stand, and what AWS's translator makes of them."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from lambdacli.project.cloudformation.template import (
    MissingParameters,
    Template,
    TemplateError,
)
from tests.project.cloudformation.loaded import load_template

SAM = "Transform: AWS::Serverless-2016-10-31\n"

SHOP = (
    SAM
    + """\
Parameters:
  Stage: {Type: String, Default: dev}
  Token: {Type: String, Default: hush, NoEcho: true}
Globals:
  Function:
    Runtime: python3.13
    Timeout: 3
    Architectures: [arm64]
    Layers: [!Ref Tools]
    Environment:
      Variables:
        STAGE: !Ref Stage
        TABLE: nowhere
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Tools:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: python3.13}
    Properties: {ContentUri: tools}
  Items:
    Type: AWS::Serverless::SimpleTable
  Jobs:
    Type: AWS::SQS::Queue
  Hello:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    DependsOn: Items
    Properties:
      CodeUri: hello
      Handler: app.handler
      Timeout: 10
      Architectures: [x86_64]
      Layers:
        - arn:aws:lambda:us-east-1:123456789012:layer:other:3
      Environment:
        Variables:
          TABLE: !Ref Items
      Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Items}}]
      AutoPublishAlias: live
      FunctionUrlConfig: {AuthType: NONE}
      Events:
        Get: {Type: Api, Properties: {Path: /items, Method: get}}
        Work: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 3}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
  Other:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [Layers, Environment]
    Properties: {Handler: other.handler}
  OnlyProd:
    Type: AWS::SQS::Queue
    Condition: IsProd
Outputs:
  Url:
    Description: Where it is
    Value: !Sub https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/items
  Role: {Value: !GetAtt HelloRole.Arn, Export: {Name: !Sub "${AWS::StackName}-role"}}
  Prod: {Condition: IsProd, Value: !Ref OnlyProd}
"""
)


def load(folder: Path, text: str, **given: Any) -> Template:
    file = folder / "template.yaml"
    file.write_text(text)
    return load_template(file, stack="shop", **given)


def test_globals_are_merged_as_sam_merges_them(tmp_path: Path) -> None:
    resources = load(tmp_path, SHOP).resources
    properties = resources["Hello"].properties
    assert properties["Runtime"] == "python3.13"
    assert properties["Timeout"] == 10
    assert properties["Architectures"] == ["x86_64"]
    assert properties["Layers"] == [
        "arn:aws:lambda:us-east-1:000000000000:layer:Tools:1",
        "arn:aws:lambda:us-east-1:123456789012:layer:other:3",
    ]
    assert properties["Environment"] == {"Variables": {"STAGE": "dev", "TABLE": "shop-Items"}}
    assert resources["Other"].properties == {
        "Runtime": "python3.13",
        "Timeout": 3,
        "Architectures": ["arm64"],
        "Handler": "other.handler",
    }


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("Type", 27),
        ("Properties.Timeout", 33),
        ("Properties.Runtime", 7),
        ("Properties.Environment.Variables.STAGE", 13),
        ("Properties.Environment.Variables.TABLE", 39),
        ("Properties.Layers.0", 10),
        ("Properties.Events.Work.Properties.BatchSize", 45),
        ("Properties.Events.Work.Nothing", 45),
        ("Nothing", 26),
    ],
)
def test_each_value_stands_where_it_was_written(path: str, line: int, tmp_path: Path) -> None:
    assert load(tmp_path, SHOP).resources["Hello"].position_of(path) == line


def test_what_a_template_says_of_itself(tmp_path: Path) -> None:
    template = load(tmp_path, SHOP, overrides={"Unused": "1"})
    assert list(template.resources) == ["Tools", "Items", "Jobs", "Hello", "Other"]
    assert template.left_out == {"OnlyProd": "IsProd"}
    assert template.conditions == {"IsProd": False}
    assert template.resources["Tools"].metadata == {"BuildMethod": "python3.13"}
    assert template.resources["Hello"].depends_on == ("Items",)
    assert template.resources["Hello"].line == 26
    assert list(template.outputs) == ["Url", "Role"]
    url = template.outputs["Url"]
    assert url.value == "https://serverlessrestapi.execute-api.us-east-1.amazonaws.com/Prod/items"
    assert (url.description, template.outputs["Role"].export) == ("Where it is", "shop-role")
    assert template.parameters["Token"].is_secret
    assert not template.parameters["Stage"].is_given
    (problem,) = template.problems
    assert problem.message == "Parameters: [Unused] do not exist in the template"


def test_an_override_is_used_and_conditions_follow(tmp_path: Path) -> None:
    template = load(tmp_path, SHOP, overrides={"Stage": "prod"})
    assert template.parameters["Stage"].is_given
    assert "OnlyProd" in template.resources
    assert template.outputs["Prod"].value.endswith("/000000000000/shop-OnlyProd")


def test_missing_parameters_are_named_for_whoever_can_ask(tmp_path: Path) -> None:
    text = "Parameters:\n  Key: {Type: String, NoEcho: true, Description: the key}\n  Size: {Type: Number}\n"
    text += "Resources: {Q: {Type: AWS::SQS::Queue}}\n"
    with pytest.raises(MissingParameters) as refused:
        load(tmp_path, text)
    first, second = refused.value.missing
    assert (first.name, first.type, first.description, first.is_secret) == ("Key", "String", "the key", True)
    assert (second.name, second.place.line) == ("Size", 3)


def test_without_a_lookup_dynamic_references_stay(tmp_path: Path) -> None:
    text = "Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {X: '{{resolve:ssm:/a}}'}}\n"
    assert load(tmp_path, text).resources["Q"].properties == {"X": "{{resolve:ssm:/a}}"}


def test_what_nothing_here_knows_is_told_only_where_it_is_needed(tmp_path: Path) -> None:
    text = """\
Resources:
  Database: {Type: AWS::RDS::DBInstance}
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties: {Body: !GetAtt Database.Endpoint.Address, Name: shop}
Outputs:
  Address: {Value: !GetAtt Database.Endpoint.Address}
"""
    template = load(tmp_path, text)
    assert template.resources["Dashboard"].properties == {"Name": "shop"}
    assert template.outputs == {}
    assert [problem.line for problem in template.problems] == [5, 7]


def test_an_import_comes_before_what_would_be_chosen_here(tmp_path: Path) -> None:
    text = "Resources:\n  T: {Type: AWS::DynamoDB::Table}\nOutputs:\n  A: {Value: !GetAtt T.StreamArn}\n"
    template = load(tmp_path, text, imports={"T.StreamArn": "arn:aws:dynamodb:::real"})
    assert template.outputs["A"].value == "arn:aws:dynamodb:::real"
    assert template.attribute("T", "StreamArn") == "arn:aws:dynamodb:::real"


# AWS's translator


def test_sam_resources_become_those_of_cloudformation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*told: Any) -> None:
        raise AssertionError("the translator needs no network")

    monkeypatch.setattr(socket.socket, "connect", connect)
    template = load(tmp_path, SHOP, region="eu-central-1")
    made = template.transformed
    assert made["Hello"].type == "AWS::Lambda::Function"
    assert made["Hello"].properties["Code"] == "hello"
    assert made["Hello"].properties["Environment"] == template.resources["Hello"].properties["Environment"]
    assert made["Other"].properties["Code"] == "."
    assert made["Items"].type == "AWS::DynamoDB::Table"
    assert made["HelloWork"].type == "AWS::Lambda::EventSourceMapping"
    assert made["HelloWork"].properties["EventSourceArn"] == template.attribute("Jobs", "Arn")
    assert made["HelloWork"].line == template.resources["Hello"].line
    assert made["HelloNightly"].properties["ScheduleExpression"] == "rate(1 day)"
    assert made["HelloAliaslive"].type == "AWS::Lambda::Alias"
    assert made["HelloUrl"].reference == template.attribute("HelloUrl", "FunctionArn")
    assert made["HelloUrl"].reference.endswith(":function:Hello:live")
    assert "/items" in made["ServerlessRestApi"].properties["Body"]["paths"]
    assert made["ServerlessRestApi"].reference == "serverlessrestapi"
    assert {each.type for each in made.values() if each.logical_id.startswith("HelloGetPermission")} == {
        "AWS::Lambda::Permission"
    }
    layer = next(each for each in made.values() if each.type == "AWS::Lambda::LayerVersion")
    assert (layer.properties["Content"], layer.reference) == ("tools", template.resources["Tools"].reference)
    assert "OnlyProd" not in made
    assert template.transformed is made


def test_generated_names_are_the_same_before_and_after_the_translation(tmp_path: Path) -> None:
    template = load(tmp_path, SHOP)
    before = {name: template.attribute(*name) for name in (("HelloRole", "Arn"), ("HelloUrl", "FunctionArn"))}
    made = template.transformed
    assert before["HelloRole", "Arn"] == made["Hello"].properties["Role"]
    assert before["HelloUrl", "FunctionArn"] == made["HelloUrl"].reference


def test_what_the_translator_refuses_is_told_with_the_line_of_its_resource(tmp_path: Path) -> None:
    text = SAM + "Resources:\n  A: {Type: AWS::SQS::Queue}\n  F:\n    Type: AWS::Serverless::Function\n"
    text += "    Properties: {Handler: a.b, Runtime: python3.13, Events: {E: {Type: Nothing}}}\n"
    template = load(tmp_path, text)
    with pytest.raises(TemplateError) as refused:
        _ = template.transformed
    (problem,) = refused.value.problems
    assert problem.line == 4
    assert "Resource with id [F] is invalid" in problem.message


def test_a_definition_of_this_machine_is_read_and_an_application_of_the_repository_left_out(
    tmp_path: Path,
) -> None:
    (tmp_path / "api.yaml").write_text("openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/a: {}}\n")
    text = (
        SAM
        + """\
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionUri: api.yaml}}
  App:
    Type: AWS::Serverless::Application
    Properties:
      Location: {ApplicationId: "arn:aws:serverlessrepo:a:1:applications/b", SemanticVersion: 1.0.0}
"""
    )
    made = load(tmp_path, text).transformed
    assert list(made["Api"].properties["Body"]["paths"]) == ["/a"]
    assert "App" not in made


def test_a_template_of_cloudformation_is_its_own_translation(tmp_path: Path) -> None:
    template = load(tmp_path, "Resources:\n  Q: {Type: AWS::SQS::Queue}\n")
    assert template.transformed == template.resources


def test_json_has_lines_too(tmp_path: Path) -> None:
    file = tmp_path / "stack.template.json"
    file.write_text(
        '{\n  "Resources": {\n    "Q": {\n      "Type": "AWS::SQS::Queue",\n      "Properties": {"X":\n'
        '        {"Fn::Join": ["/", ["a",\n          {"Ref": "Nothing"}]]}}}}}'
    )
    with pytest.raises(TemplateError, match=r"Unresolved resource dependencies \[Nothing\]") as refused:
        load_template(file)
    assert [problem.line for problem in refused.value.problems] == [7]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("Number", "!Ref Pin"), ("String", "!Select [!Ref Pin, [a]]"), ("String", "!Join [!Ref Pin, !Ref Pin]")],
)
def test_no_problem_tells_a_value_that_is_not_to_be_echoed(tmp_path, kind, value):
    file = tmp_path / "template.yaml"
    file.write_text(
        f"Parameters:\n  Pin: {{Type: {kind}, NoEcho: true, Default: hunter2}}\n"
        f"Resources:\n  Topic: {{Type: AWS::SNS::Topic, Properties: {{TopicName: {value}}}}}\n"
    )
    for overrides in ({}, {"Pin": "hunter2-too"}):
        with pytest.raises(TemplateError) as caught:
            load_template(file, overrides=overrides)
        assert "hunter2" not in str(caught.value) + str(caught.value.problems)


def test_the_default_of_a_map_may_be_nothing(tmp_path):
    file = tmp_path / "template.yaml"
    file.write_text(
        "Transform: AWS::LanguageExtensions\nMappings: {M: {a: {b: c}}}\nResources:\n"
        "  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n"
        "      TopicName: !FindInMap [M, z, b, {DefaultValue: !Ref AWS::NoValue}]\n"
        "      DisplayName: !FindInMap [M, a, b, {DefaultValue: !Ref AWS::NoValue}]\n"
    )
    assert load_template(file).resources["Topic"].properties == {"DisplayName": "c"}
