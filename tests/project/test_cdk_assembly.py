"""A cdk.out becomes one template in which every reference leads to what it meant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lambdacli.project.cloudformation.template import Surroundings, Template, TemplateError
from lambdacli.project.foreign.cdk import load
from lambdacli.project.foreign.rewriting import Rewriting
from tests.cdk_app import CODE, LAYER, write_app

NESTED_HELLO = "ApiInnerNestedStack2Hello4"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return write_app(tmp_path)


def loaded(path: Path) -> Template:
    return load(path, Surroundings())[0]


def changed(file: Path, change: Any) -> None:
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def test_all_stacks_are_one_template_without_what_is_the_toolkits(out: Path) -> None:
    template = loaded(out)
    assert [*template.resources] == [
        "OrdersA1",
        "Shared3",
        "Hello4",
        "Told5",
        "Jobs6",
        "Role7",
        "Files8",
        NESTED_HELLO,
        "ProdDataOrdersA1",
    ]
    assert (template.parameters, template.conditions, template.problems) == ({}, {}, ())


def test_code_and_layers_are_the_assets_of_the_assembly(out: Path) -> None:
    resources = loaded(out).resources
    assert resources["Hello4"].properties["Code"] == f"asset.{CODE}"
    assert resources["Told5"].properties["Code"] == f"asset.{CODE}"
    assert resources[NESTED_HELLO].properties["Code"] == f"asset.{CODE}"
    assert resources["Shared3"].properties["Content"] == f"asset.{LAYER}"


def test_functions_are_called_by_their_construct_paths(out: Path) -> None:
    resources = loaded(out).resources
    assert resources["Hello4"].metadata["lam:names"] == ["Api/Hello/Resource", "Api/Hello"]
    assert resources["Told5"].metadata["lam:names"] == ["Api/Told/Resource", "Api/Told"]
    assert resources[NESTED_HELLO].metadata["lam:names"] == ["Api/Inner/Hello/Resource", "Api/Inner/Hello"]


def test_references_between_stacks_have_their_values(out: Path) -> None:
    template = loaded(out)
    variables = template.resources["Hello4"].properties["Environment"]["Variables"]
    queue = template.resources["Jobs6"].reference
    assert variables == {
        "TABLE": template.resources["OrdersA1"].reference,
        "STACK": "Api",
        "NESTED": template.resources[NESTED_HELLO].reference,
        "QUEUE": f"{queue} in Api",
    }
    assert template.outputs["Name"].value == template.resources[NESTED_HELLO].reference


def test_a_nested_stack_has_what_its_parent_gives_it(out: Path) -> None:
    template = loaded(out)
    queue = template.resources["Jobs6"].reference
    assert template.resources[NESTED_HELLO].properties["Environment"]["Variables"] == {
        "PARENT": queue,
        "TEXT": f"queue {queue}",
        "STACK": "Api-InnerNestedStack2",
    }


def test_a_resource_stands_where_its_stacks_template_has_it(out: Path) -> None:
    hello = loaded(out).resources["Hello4"]
    lines = (out / "Api.template.json").read_text().splitlines()
    assert hello.file == out / "Api.template.json"
    assert lines[hello.line - 1].strip().startswith('"Hello4"')
    assert lines[hello.position_of("Properties.Handler") - 1].strip() == '"Handler": "app.handler",'


def test_a_buckets_notifications_are_its_own(out: Path) -> None:
    resources = loaded(out).resources
    rules = [{"Name": "prefix", "Value": "in/"}]
    arn = "arn:aws:lambda:us-east-1:000000000000:function:Hello4"
    assert resources["Files8"].properties["NotificationConfiguration"]["LambdaConfigurations"] == [
        {"Event": event, "Function": arn, "Filter": {"S3Key": {"Rules": rules}}}
        for event in ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("manifest.json", {"OrdersA1", "Hello4", NESTED_HELLO, "ProdDataOrdersA1"}),
        ("Api.template.json", {"OrdersA1", "Hello4", NESTED_HELLO}),
        ("Data.template.json", {"OrdersA1"}),
        ("assembly-Prod", {"OrdersA1"}),
        ("assembly-Prod/ProdData.template.json", {"OrdersA1"}),
    ],
)
def test_a_part_of_the_assembly_can_be_named(out: Path, path: str, expected: set[str]) -> None:
    tables_and_functions = {
        logical_id
        for logical_id, resource in loaded(out / path).resources.items()
        if resource.type in ("AWS::DynamoDB::Table", "AWS::Lambda::Function") and logical_id != "Told5"
    }
    assert tables_and_functions == expected


def test_one_stack_alone_gives_its_name_and_environment(out: Path) -> None:
    def change(manifest: Any) -> None:
        manifest["artifacts"]["Data"]["environment"] = "aws://111122223333/eu-west-1"

    changed(out / "manifest.json", change)
    template = loaded(out / "Data.template.json")
    assert (template.stack, template.account, template.region) == ("Data", "111122223333", "eu-west-1")
    assert loaded(out).region == "us-east-1"


def test_parameters_of_a_stack_are_overridden_by_name(out: Path) -> None:
    def change(template: Any) -> None:
        template["Parameters"]["Size"] = {"Type": "Number"}
        template["Resources"]["Hello4"]["Properties"]["MemorySize"] = {"Ref": "Size"}

    changed(out / "Api.template.json", change)
    template, _ = load(out, Surroundings(overrides={"Size": "512", "Unknown": "x"}))
    assert str(template.resources["Hello4"].properties["MemorySize"]) == "512"
    with pytest.raises(TemplateError, match="Size"):
        loaded(out)


def test_assets_of_the_toolkits_first_version_are_found(out: Path) -> None:
    def change(template: Any) -> None:
        parameter = f"AssetParameters{CODE}S3Bucket01"
        template["Parameters"][parameter] = {"Type": "String"}
        code = {"S3Bucket": {"Ref": parameter}, "S3Key": {"Fn::Join": ["", ["x", "y"]]}}
        template["Resources"]["Hello4"]["Properties"]["Code"] = code

    changed(out / "Api.template.json", change)
    assert loaded(out).resources["Hello4"].properties["Code"] == f"asset.{CODE}"


def test_the_files_that_were_read_are_told(out: Path) -> None:
    _, files = load(out, Surroundings())
    assert [str(file.relative_to(out)) for file in files] == [
        "manifest.json",
        "Data.template.json",
        "Api.template.json",
        "ApiInner.nested.template.json",
        "assembly-Prod/ProdData.template.json",
    ]


def test_a_nested_stack_whose_template_is_missing_is_remarked(out: Path) -> None:
    def change(template: Any) -> None:
        del template["Outputs"]["Name"]
        del template["Resources"]["Hello4"]["Properties"]["Environment"]

    changed(out / "Api.template.json", change)
    changed(out / "Api.assets.json", lambda assets: assets["files"].clear())
    (out / "ApiInner.nested.template.json").unlink()
    (problem,) = [each for each in loaded(out).problems if "nested" in each.message]
    assert (problem.file.name, problem.key_path) == ("Api.template.json", "Resources.InnerNestedStack2")


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        (lambda out: (out / "manifest.json").write_text("{"), "manifest.json:1:2: not valid JSON"),
        (lambda out: (out / "manifest.json").write_text("[]"), "manifest.json:1:1: must be a mapping"),
        (lambda out: (out / "manifest.json").write_text("{}"), "manifest.json:1:1: names no stack"),
        (lambda out: (out / "Data.assets.json").unlink(), "Data.assets.json:1:1: cannot be read"),
        (lambda out: (out / "Data.template.json").unlink(), "Data.template.json:1:1: cannot be read"),
        (lambda out: shutil.rmtree(out / "assembly-Prod"), "manifest.json:1:1: cannot be read"),
    ],
)
def test_an_assembly_that_cannot_be_read_is_told(out: Path, break_it: Any, expected: str) -> None:
    break_it(out)
    with pytest.raises(TemplateError, match=expected):
        loaded(out)


def test_a_template_that_is_not_of_the_assembly_is_told(out: Path) -> None:
    (out / "Other.template.json").write_text("{}")
    with pytest.raises(TemplateError, match=r"its templates are Data\.template\.json, Api\.template\.json"):
        loaded(out / "Other.template.json")


# Carrying values over


REWRITING = Rewriting(
    name=lambda name: f"New{name}",
    reference={"Given": {"Ref": "Parent"}, "Text": "plain"}.get,
    attribute=lambda name, attribute: "output" if attribute == "Outputs.X" else None,
    imported={"known": {"Ref": "There"}}.get,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "A"}, {"Ref": "NewA"}),
        ({"Ref": "Given"}, {"Ref": "Parent"}),
        ({"Fn::GetAtt": ["A", "Arn"]}, {"Fn::GetAtt": ["NewA", "Arn"]}),
        ({"Fn::GetAtt": "A.Arn"}, {"Fn::GetAtt": ["NewA", "Arn"]}),
        ({"Fn::GetAtt": ["A", "Outputs.X"]}, "output"),
        ({"Fn::Sub": "${A} ${A.Arn} ${!Kept}"}, {"Fn::Sub": "${NewA} ${NewA.Arn} ${!Kept}"}),
        ({"Fn::Sub": "-${Text}-${A.Outputs.X}"}, {"Fn::Sub": "-plain-output"}),
        ({"Fn::Sub": "-${Given}"}, {"Fn::Sub": ["-${Value1}", {"Value1": {"Ref": "Parent"}}]}),
        (
            {"Fn::Sub": ["${own} ${A}", {"own": {"Ref": "B"}}]},
            {"Fn::Sub": ["${own} ${NewA}", {"own": {"Ref": "NewB"}}]},
        ),
        ({"Condition": "C"}, {"Condition": "NewC"}),
        ({"Fn::If": ["C", {"Ref": "A"}, "b"]}, {"Fn::If": ["NewC", {"Ref": "NewA"}, "b"]}),
        ({"Fn::FindInMap": ["M", "a", "b"]}, {"Fn::FindInMap": ["NewM", "a", "b"]}),
        ({"Fn::ImportValue": "known"}, {"Ref": "There"}),
        ({"Fn::ImportValue": "unknown"}, {"Fn::ImportValue": "unknown"}),
        ({"Fn::Join": ["", [{"Ref": "A"}]]}, {"Fn::Join": ["", [{"Ref": "NewA"}]]}),
        ({"a": 1, "b": [None, True]}, {"a": 1, "b": [None, True]}),
    ],
)
def test_a_value_is_carried_over_as(value: Any, expected: Any) -> None:
    assert REWRITING.of(value) == expected


def test_pseudo_parameters_keep_their_names() -> None:
    plain = Rewriting(lambda name: name, lambda name: None, lambda name, attribute: None, lambda name: None)
    value = {"Fn::Sub": "${AWS::Region}", "x": {"Ref": "AWS::NoValue"}}
    assert plain.of(value) == value
