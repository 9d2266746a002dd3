"""Each intrinsic function and resource type, alone and nested, against what was written down by hand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from lambdacli.project.cloudformation.tags import FUNCTIONS, LOGICAL_FUNCTIONS
from lambdacli.project.cloudformation.template import (
    DynamicReference,
    Template,
    TemplateError,
)
from tests.project.cloudformation.loaded import load_template

GOLDEN = Path(__file__).parent / "golden"
FRAME = (GOLDEN / "frame.yaml").read_text()

IMPORTS = {
    "network-VpcId": "vpc-123",
    "dev-Subnets": "subnet-1,subnet-2",
    "Database.Endpoint.Address": "db.example.com",
}
STORED = {
    ("ssm", "/shop/color", "", ""): "teal",
    ("ssm", "/shop/color", "2", ""): "teal 2",
    ("ssm-secure", "/shop/key", "", ""): "s3cr3t",
    ("secretsmanager", "db", "", ""): '{"user":"me","password":"pw"}',
    ("secretsmanager", "db", "", "AWSPREVIOUS"): '{"password":"old"}',
    ("secretsmanager", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db", "", ""): '{"user":"me"}',
}


def lookup(reference: DynamicReference) -> str | None:
    return STORED.get((reference.service, reference.name, reference.version, reference.version_stage))


def load(folder: Path, text: str, **given: Any) -> Template:
    file = folder / "template.yaml"
    file.write_text(text)
    settings: dict[str, Any] = {
        "imports": IMPORTS,
        "account": "123456789012",
        "stack": "shop",
        "lookup": lookup,
        **given,
    }
    return load_template(file, **settings)


def cases(name: str) -> list[Any]:
    return [
        pytest.param(*case[1:], id=case[0]) for case in yaml.safe_load((GOLDEN / f"{name}.yaml").read_text())
    ]


@pytest.mark.parametrize(("written", "expected"), cases("intrinsics"))
def test_intrinsic_functions(written: Any, expected: Any, tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "included.yaml", tmp_path)
    value = written if isinstance(written, str) else str(written).lower()
    template = load(tmp_path, f"{FRAME}      Value: {value}\n")
    assert template.resources["It"].properties["Value"] == expected
    assert template.problems == ()


@pytest.mark.parametrize(("written", "said"), cases("refused"))
def test_what_the_cloud_refuses(written: Any, said: str, tmp_path: Path) -> None:
    text = f"{FRAME}      Value: {written}\n"
    with pytest.raises(TemplateError) as refused:
        load(tmp_path, text)
    assert said in str(refused.value)
    last_line = len(text.splitlines())
    assert {problem.line for problem in refused.value.problems} == {last_line}


@pytest.mark.parametrize(("text", "line", "said"), cases("templates_refused"))
def test_whole_templates_that_the_cloud_refuses(text: str, line: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as refused:
        load(tmp_path, text)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"template.yaml:{line}:")


def resource_cases() -> list[Any]:
    read = yaml.safe_load((GOLDEN / "resources.yaml").read_text())
    return [pytest.param(*case, id=f"{case[0]} {index}") for index, case in enumerate(read)]


@pytest.mark.parametrize(("kind", "properties", "reference", "attributes"), resource_cases())
def test_what_resources_are_called(
    kind: str, properties: dict[str, Any], reference: str, attributes: dict[str, str], tmp_path: Path
) -> None:
    resources: dict[str, Any] = {"It": {"Type": kind, "Properties": properties}}
    outputs: dict[str, Any] = {"Ref": {"Value": {"Ref": "It"}}}
    for name in attributes:
        outputs[name] = {"Value": {"Fn::GetAtt": ["It", name]}}
    document = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources, "Outputs": outputs}
    template = load(tmp_path, yaml.safe_dump(document))
    made = {name: output.value for name, output in template.outputs.items()}
    assert made == {"Ref": reference, **attributes}
    assert template.resources["It"].reference == reference
    for name, value in attributes.items():
        assert template.attribute("It", name) == value


def test_every_intrinsic_function_has_golden_resolutions() -> None:
    written = (GOLDEN / "intrinsics.yaml").read_text() + FRAME
    for name in (*FUNCTIONS, *LOGICAL_FUNCTIONS):
        assert f"!{name} " in written or f"Fn::{name}" in written, name
    assert len(cases("intrinsics")) + len(cases("refused")) + len(resource_cases()) > 200
