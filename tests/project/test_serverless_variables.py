"""Variables of a serverless.yml: what they become, and what is told where they cannot become anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lambdacli.project.cloudformation.document import Document
from lambdacli.project.cloudformation.places import Place, Places, Steps
from lambdacli.project.cloudformation.template import DynamicReference, TemplateError
from lambdacli.project.foreign.variables import VariableInputs, with_values

FILES: dict[str, str | bytes] = {
    "more.yml": 'deep: {k: v, list: [a, b]}\ntemplate: "hey ${self:custom.name}"\n',
    "data.json": '{"list": ["q"]}',
    "note.txt": " hello \n",
    "program.js": "module.exports = {}",
    "prod.yml": "size: 3\n",
    "broken.txt": b"\xff\xfe",
}

SERVICE: dict[str, Any] = {
    "service": "shop",
    "provider": {"name": "aws", "stage": "dev"},
    "params": {"default": {"size": 1, "who": "x-${sls:stage}"}, "prod": {"size": 2}},
    "stages": {"default": {"params": {"newer": "n"}}, "prod": {"params": {"newer": "p"}}},
}

CUSTOM: dict[Any, Any] = {
    "name": "orders",
    "list": ["a", "b"],
    "map": {"default": {"z": 1, "y": "${self:custom.name}"}},
    "yes": True,
    "five": "${env:NOPE, 5}",
    1234: "numbered",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path


def document(folder: Path, **custom: Any) -> Document:
    file = folder / "serverless.yml"
    return Document(file, {**SERVICE, "custom": {**CUSTOM, **custom}}, Places(file, {}))


def read(file: Path) -> Document:
    known: dict[Steps, Place] = {("deep", "k"): Place(file, 1, 11)} if file.name == "more.yml" else {}
    return Document(file, yaml.safe_load(file.read_text()), Places(file, known))


def value(folder: Path, text: str, inputs: VariableInputs | None = None) -> Any:
    return with_values(document(folder, x=text), inputs or VariableInputs(), read).values["custom"]["x"]


IN_PROD = VariableInputs(options={"stage": "prod"}, environment={"EMPTY": "", "SET": "set"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${self:service}", "shop"),
        ("${self:provider.stage}", "dev"),
        ("${sls:stage}", "prod"),
        ("${opt:stage, 'dev'}", "prod"),
        ("${opt:other, 'dev'}", "dev"),
        ("${opt:other, self:custom.name}", "orders"),
        ("${env:SET}", "set"),
        ("${env:EMPTY, 'unused'}", ""),
        ("${env:NOPE, 5}", 5),
        ("${env:NOPE, -2.5}", -2.5),
        ("${env:NOPE, true}", True),
        ("${env:NOPE, null}", None),
        ('${env:NOPE, "a, b"}', "a, b"),
        ("${env:NOPE, env:NEITHER, 'third'}", "third"),
        ("${env:NOPE, ''}", ""),
        ("${env:NOPE, '${self:custom.name}s'}", "orderss"),
        ("${env:NOPE, ${self:custom.name}}", "orders"),
        ("${env:NOPE,\n  'next line'}", "next line"),
        ("a-${self:custom.five}-${self:custom.yes}", "a-5-true"),
        ("${self:custom.list}", ["a", "b"]),
        ("${self:custom.list.1}", "b"),
        ("${self:custom.1234}", "numbered"),
        ("${self:custom.map.${sls:stage}, self:custom.map.default}", {"z": 1, "y": "orders"}),
        ("${self:custom.map.default.y}", "orders"),
        ("${self:provider.region, 'unset'}", "unset"),
        ("${aws:region}", "us-east-1"),
        ("${aws:accountId}", "000000000000"),
        ("${param:size}", 2),
        ("${param:who}", "x-prod"),
        ("${param:newer}", "p"),
        ("${strToBool(true)}", True),
        ("${strToBool(${env:NOPE, '0'})}", False),
        ("${file(./more.yml)}", {"deep": {"k": "v", "list": ["a", "b"]}, "template": "hey orders"}),
        ("${file(./more.yml):deep.k}", "v"),
        ("${file(more.yml):deep.list.1}", "b"),
        ("${file('./more.yml'):template}", "hey orders"),
        ("${file(./data.json):list.0}", "q"),
        ("${file(./${sls:stage}.yml):size}", 3),
        ("${file(./nowhere.yml):a, 'none'}", "none"),
        ("${file(./note.txt)}", " hello \n"),
        ("${ssm:/shop/key}", "{{resolve:ssm:/shop/key}}"),
        ("${ssm:/shop/key~true}", "{{resolve:ssm:/shop/key}}"),
        ("${ssm(eu-west-1):/shop/key}", "{{resolve:ssm:/shop/key}}"),
        (
            "${ssm:/aws/reference/secretsmanager/shop}",
            "{{resolve:secretsmanager:shop:SecretString}}",
        ),
        ("\\${self:custom.name}", "${self:custom.name}"),
        (
            "${AWS::Region} ${Table.Arn} ${Table} ${!Literal}",
            "${AWS::Region} ${Table.Arn} ${Table} ${!Literal}",
        ),
        ("${ self:custom.name }", "${ self:custom.name }"),
    ],
)
def test_a_variable_becomes(folder: Path, text: str, expected: Any) -> None:
    assert value(folder, text, IN_PROD) == expected


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("${env:NOPE}", "${env:NOPE} has no value", "set NOPE in the environment"),
        ("${opt:nope}", "${opt:nope} has no value", "${opt:nope, 'value'}"),
        ("${param:nope}", "${param:nope} has no value", "params: default: nope"),
        ("${self:custom.nope.deeper}", "${self:custom.nope.deeper} has no value", "fallback"),
        ("${cf:network.VpcId}", "${cf:network.VpcId} has no value", "imports: network.VpcId"),
        ("${s3:bucket/key}", "${s3:bucket/key} has no value", "imports: bucket/key"),
        ("${file(./nowhere.yml)}", "${file(./nowhere.yml)} has no value", "fallback"),
        ("${file(./program.js):x}", "./program.js is a program", ".yml or .json"),
        ("${file()}", "file needs one path", "${file(./name.yml):key}"),
        ("${file(./broken.txt)}", "./broken.txt is not UTF-8", ""),
        ("a${self:custom.list}b", "is a list and stands within a text", "stand alone"),
        ("${slf:service}", "slf is no source of variables here", "did you mean self?"),
        ("${vault:secret}", "vault is no source of variables here", "known are aws"),
        ("${env:}", "env does not say which", "${env:name}"),
        ("${sls:nope}", "sls has no nope", "known are stage"),
        ("${strToBool(maybe)}", "strToBool cannot tell what 'maybe' is", "true, false, 1 and 0"),
        ("${self:custom.a, }", "has an empty fallback", "''"),
        ("${opt:a, b}", "'b' in ${opt:a, b} names no source", "a text is 'b'"),
        ("${self:custom.a", "is never closed", "end it with }"),
        ("${opt:a, 'b}", "is never closed", "end it with }"),
        ("${self:custom.x}", "leads back to itself: custom.x → custom.x", ""),
        ("${self:custom}", "leads back to itself: custom → custom.x → custom", ""),
    ],
)
def test_a_variable_without_value_is_told(folder: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(TemplateError) as caught:
        value(folder, text)
    (problem,) = caught.value.problems
    assert problem.key_path == "custom.x"
    assert message in problem.message
    assert hint in problem.hint


def test_a_circle_over_several_values_names_each_of_them(folder: Path) -> None:
    with pytest.raises(TemplateError, match=r"custom\.x → custom\.z → custom\.x"):
        with_values(document(folder, x="${self:custom.z}", z="${self:custom.x}"), VariableInputs(), read)


def test_a_part_of_what_holds_the_variable_is_no_circle(folder: Path) -> None:
    custom = {"a": "${self:custom.b.c}", "b": {"c": 1, "d": "${self:custom.a}"}}
    values = with_values(document(folder, **custom), VariableInputs(), read).values["custom"]
    assert (values["a"], values["b"]) == (1, {"c": 1, "d": 1})


def test_a_fault_is_told_once_where_it_stands_and_not_by_all_that_lead_to_it(folder: Path) -> None:
    custom = {"x": "${env:NOPE}", "y": "${self:custom.x}", "z": "-${self:custom.y}"}
    with pytest.raises(TemplateError) as caught:
        with_values(document(folder, **custom), VariableInputs(), read)
    assert [problem.key_path for problem in caught.value.problems] == ["custom.x"]


def test_parameters_of_the_command_line_come_before_those_of_the_file(folder: Path) -> None:
    assert value(folder, "${param:size}", VariableInputs(parameters={"size": "9"})) == "9"


def test_values_of_other_stacks_and_buckets_come_from_the_imports(folder: Path) -> None:
    inputs = VariableInputs(imports={"network.VpcId": "vpc-1", "bucket/key": "content"})
    assert value(folder, "${cf(eu-west-1):network.VpcId} ${s3:bucket/key}", inputs) == "vpc-1 content"


def test_parameters_and_secrets_are_looked_up_where_somebody_can(folder: Path) -> None:
    kept = {
        DynamicReference("ssm", "/a", is_decrypted=True): "one",
        DynamicReference("ssm", "/a"): "kept secret",
        DynamicReference("secretsmanager", "s"): '{"user": "u"}',
    }
    inputs = VariableInputs(lookup=kept.get)
    assert value(folder, "${ssm:/a}", inputs) == "one"
    assert value(folder, "${ssm(noDecrypt):/a}", inputs) == "kept secret"
    assert value(folder, "${ssm:/b, 'none'}", inputs) == "none"
    assert value(folder, "${ssm:/aws/reference/secretsmanager/s}", inputs) == {"user": "u"}
    assert value(folder, "${ssm(raw):/aws/reference/secretsmanager/s}", inputs) == '{"user": "u"}'
    with pytest.raises(TemplateError, match="Parameter Store has no /b here"):
        value(folder, "${ssm:/b}", inputs)


def test_what_the_environment_says_is_not_read_for_variables(folder: Path) -> None:
    inputs = VariableInputs(environment={"ODD": "${self:nope}"})
    assert value(folder, "${env:ODD}", inputs) == "${self:nope}"


def test_what_came_from_another_file_stands_there(folder: Path) -> None:
    filled = with_values(document(folder, x="${file(./more.yml)}"), VariableInputs(), read)
    assert filled.places.of(("custom", "x", "deep", "k")) == Place(folder / "more.yml", 1, 11)
