"""Stacks within a stack: what they are handed, what they hand back, and what is told of wrong ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambdacli.project.loading import load_project
from lambdacli.project.records import ConfigError, FunctionSettings, Project

SAM = "Transform: AWS::Serverless-2016-10-31\n"
PARENT = """\
Resources:
  Orders: {Type: AWS::SQS::Queue}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      Environment: {Variables: {TABLE: !GetAtt Child.Outputs.Table, CALLEE: !Sub "${Child.Outputs.Arn}"}}
      Events: {Get: {Type: Api, Properties: {Path: /top, Method: get}}}
  Child:
    Type: AWS::Serverless::Application
    Properties:
      Location: child/template.yaml
      Parameters: {Queue: !GetAtt Orders.Arn, Names: [a, b], Default: !Ref AWS::NoValue}
"""
CHILD = """\
Globals: {Function: {Runtime: python3.13, Timeout: 9}}
Parameters:
  Queue: {Type: String}
  Names: {Type: CommaDelimitedList}
  Default: {Type: String, Default: "7"}
Resources:
  Things: {Type: AWS::Serverless::SimpleTable}
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      CodeUri: src
      Layers: [!Ref Layer]
      Environment:
        Variables: {SECOND: !Select [1, !Ref Names], WITHIN: !Ref AWS::StackName, DAYS: !Ref Default}
      Events:
        Read: {Type: SQS, Properties: {Queue: !Ref Queue}}
        Get: {Type: Api, Properties: {Path: /things, Method: get}}
        Every: {Type: Schedule, Properties: {Schedule: rate(5 minutes)}}
  Lone: {Type: AWS::Serverless::Function, Properties: {Handler: app.handler, FunctionName: own-name}}
Outputs:
  Table: {Value: !Ref Things}
  Arn: {Value: !GetAtt Function.Arn}
"""


def written(folder: Path, parent: str = PARENT, child: str = CHILD) -> Path:
    folder = folder / "shop"
    (folder / "child" / "src").mkdir(parents=True)
    (folder / "child" / "layer").mkdir()
    (folder / "child" / "template.yaml").write_text(SAM + child)
    (folder / "template.yaml").write_text(SAM + parent)
    return folder / "template.yaml"


def refusal(file: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_project(file)
    return "\n".join(problem.text(file.parent) for problem in caught.value.problems)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return load_project(written(tmp_path))


def function(project: Project, name: str) -> FunctionSettings:
    return next(each for each in project.functions if each.name == name)


def test_functions_are_called_behind_their_stack_and_by_their_names(project):
    assert [each.name for each in project.functions] == ["Function", "Child-Function", "own-name"]
    called = {"Child/Function": "Child-Function", "Child/Lone": "own-name", "Lone": "own-name"}
    assert project.names == called


def test_parameters_go_down_and_outputs_come_up(project):
    arn = "arn:aws:lambda:us-east-1:000000000000:function:Child-Function"
    assert function(project, "Function").variables == {"TABLE": "shop-Child-Things", "CALLEE": arn}
    expected = {"SECOND": "b", "WITHIN": "shop-Child", "DAYS": "7"}
    assert function(project, "Child-Function").variables == expected


def test_globals_and_paths_are_those_of_the_stacks_own_template(project, tmp_path):
    top, own = function(project, "Function"), function(project, "Child-Function")
    assert (top.timeout_seconds, own.timeout_seconds) == (3, 9)
    assert (top.code, own.code) == (tmp_path / "shop", tmp_path / "shop" / "child" / "src")
    assert own.layer_paths == (tmp_path / "shop" / "child" / "layer",)
    assert own.role == "arn:aws:iam::000000000000:role/ChildFunctionRole"
    assert tmp_path / "shop" / "child" / "template.yaml" in project.further_files


def test_each_stack_has_apis_schedules_mappings_and_neighbours_of_its_own(project):
    routes = {api.name: [str(route.key) for route in api.routes] for api in project.apis}
    assert routes == {"serverlessrestapi": ["GET /top"], "childserverlessrestapi": ["GET /things"]}
    assert [(each.name, each.function.name) for each in project.schedules] == [
        ("ChildFunctionEvery", "Child-Function")
    ]
    sources = [each.members.get("EventSourceArn") for each in project.declared if "Queue" not in each.name]
    assert "arn:aws:sqs:us-east-1:000000000000:shop-Orders" in sources
    made = [call.subject for call in project.neighbour_calls]
    assert made == ["the queue shop-Orders", "the table shop-Child-Things"]


def test_a_fresh_build_of_a_nested_stack_lies_below_its_name(tmp_path):
    file = written(tmp_path)
    built = file.parent / ".aws-sam" / "build" / "Child"
    (built / "Function").mkdir(parents=True)
    (built / "template.yaml").write_text("Resources: {Function: {Properties: {CodeUri: Function}}}\n")
    os.utime(built / "template.yaml", (2e9, 2e9))
    assert function(load_project(file), "Child-Function").code == built / "Function"


def test_routes_of_one_stack_may_lead_to_an_api_of_another(tmp_path):
    parent = """\
Resources:
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: own, ProtocolType: HTTP}}
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: ./child/template.yaml, Parameters: {Api: !Ref Api}}
"""
    child = """\
Parameters: {Api: {Type: String}}
Resources:
  Own: {Type: AWS::Serverless::Function, Properties: {Handler: app.handler, Runtime: python3.13}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Own.Arn}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: GET /own, Target: !Sub "integrations/${Integration}"}
"""
    (api,) = load_project(written(tmp_path, parent, child)).apis
    assert [(str(route.key), route.function) for route in api.routes] == [("GET /own", "Child-Own")]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            "child/template.yaml",
            "child/missing.yaml",
            "template.yaml:14:7: Resources.Child.Properties.Location: child/missing.yaml does not exist",
            id="a file that is not there",
        ),
        pytest.param(
            "child/template.yaml",
            "template.yaml",
            "Resources.Child.Properties.Location: Circular dependency: template.yaml → template.yaml",
            id="a template that holds itself",
        ),
        pytest.param(
            "Names: [a, b]",
            "Nmaes: x",
            "template.yaml:15:47: Resources.Child.Properties.Parameters.Nmaes: "
            "Parameters: [Nmaes] do not exist in the template",
            id="a parameter that it does not have",
        ),
        pytest.param(
            "Names: [a, b], ",
            "",
            "template.yaml:13:5: Resources.Child.Properties: Parameters: [Names] must have values; write "
            "them below Parameters; child/template.yaml:5 declares the first",
            id="a parameter that is missing",
        ),
        pytest.param(
            "Outputs.Table",
            "Outputs.Tabel",
            "resource Child does not support attribute type Outputs.Tabel in Fn::GetAtt; "
            "child/template.yaml has Outputs.Table, Outputs.Arn",
            id="an output that it does not have",
        ),
        pytest.param(
            "!GetAtt Orders.Arn",
            "!GetAtt Function.Arn",
            "Circular dependency between resources: [Child, Function]",
            id="a circle of parameters and outputs",
        ),
    ],
)
def test_what_is_wrong_between_the_two_is_told_where_the_stack_stands(tmp_path, old, new, told):
    assert told in refusal(written(tmp_path, PARENT.replace(old, new)))


def test_an_error_within_names_the_nested_file_and_line(tmp_path):
    told = refusal(written(tmp_path, child=CHILD.replace("!Ref Things", "!Ref Thing")))
    assert told.startswith("child/template.yaml:24:11: Outputs.Table.Value: ")
    (tmp_path / "other").mkdir()
    told = refusal(written(tmp_path / "other", child=CHILD.replace("CodeUri: src", "CodeUri: x")))
    assert told == "child/template.yaml:14:7: Function.Properties.CodeUri: x does not exist"


@pytest.mark.parametrize(
    "resource",
    [
        "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://s3.amazonaws.com/b/t.yaml'}}",
        "{Type: AWS::Serverless::Application, Properties: {Location: {ApplicationId: a}}}",
        "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !ImportValue base}}",
    ],
)
def test_a_template_that_lies_elsewhere_is_told_and_an_output_of_it_may_be_imported(tmp_path, resource):
    file = written(tmp_path, f"Resources:\n  Far: {resource}\n" + PARENT.partition("\n")[2])
    project = load_project(file)
    assert any("does not run here" in each.message for each in project.warnings)
    file.write_text(file.read_text().replace("!GetAtt Child.Outputs.Table", "!GetAtt Far.Outputs.Table"))
    assert "below imports: `Far.Outputs.Table: …`" in refusal(file)
    (file.parent / "lam.yaml").write_text("imports: {Far.Outputs.Table: things}\n")
    variables = function(load_project(file), "Function").variables
    assert variables is not None and variables["TABLE"] == "things"
