"""The JSON Schema that is shipped for editors says what the reader says."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from lambdacli.project import schema
from lambdacli.project.config import ConfigError, load_project

ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0"
SHIPPED = Path(schema.__file__).with_name("lam.schema.json")
DEMO = "functions:\n  demo:\n    runtime: python3.13\n    handler: app.handler\n"


def test_the_shipped_file_is_up_to_date():
    assert SHIPPED.read_text() == schema.json_schema_text(), (
        "python -m lambdacli.project.schema > lambdacli/project/lam.schema.json"
    )


def test_it_is_valid_itself():
    jsonschema.Draft202012Validator.check_schema(schema.json_schema())


def test_every_example_of_the_table_satisfies_its_own_rule():
    for key in (*schema.TOP_LEVEL, *schema.FUNCTION):
        jsonschema.Draft202012Validator(key.kind.json_schema()).validate(key.example)


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("", True),
        ("functions:\n", True),
        (DEMO, True),
        (DEMO + "    memory: 512\n", True),
        (DEMO + "    memory: 512MB\n", True),
        (DEMO + "    memory: 1 gb\n", True),
        (DEMO + "    memory: 64\n", False),
        (DEMO + "    memory: 1TB\n", False),
        (DEMO + "    timeout: 5m\n", True),
        (DEMO + "    timeout: 901\n", False),
        (DEMO + "    timeout:\n", False),
        (DEMO + "    env: {DEBUG: true, LEVEL: 3, EMPTY: }\n", True),
        (DEMO + "    env:\n", True),
        (DEMO + "    env: {AWS_REGION: x}\n", False),
        (DEMO + "    env: {_X: x}\n", False),
        (DEMO + "    env: {LIST: [1]}\n", False),
        (DEMO + "    env: [1]\n", False),
        (DEMO + "history: {days: 30, events: 5000, size: 2GB}\n", True),
        (DEMO + "history: {days: 0}\n", False),
        (DEMO + "history: {weeks: 1}\n", False),
        (DEMO + "    layers: [.]\n", True),
        (DEMO + "    layers: [., ., ., ., ., .]\n", False),
        (DEMO + "    layers: ['arn:aws:lambda:us-east-1:000000000000:layer:x:1', x, 'x:1']\n", True),
        (DEMO + "layers: {'arn:aws:lambda:us-east-1:123456789012:layer:x': .}\n", True),
        (DEMO + "layers: {'arn:aws:s3:::x': .}\n", False),
        (DEMO + "layers: {'arn:aws:lambda:us-east-1:123456789012:layer:x': 5}\n", False),
        (DEMO + "layers: [.]\n", False),
        (DEMO + "    http: GET /items/{id}\n", True),
        (DEMO + "    http: [get /, {route: $default, api: default}]\n", True),
        (DEMO + "    http: /items\n", False),
        (DEMO + "    http: {api: shop}\n", False),
        (DEMO + "apis: {shop: {type: rest, timeout: 29s, stage: dev, binary: image/*}, x: }\n", True),
        (DEMO + "apis: {shop: {payload: 1.0, cors: {origins: '*'}}}\n", True),
        (DEMO + "apis: {shop: {type: soap}}\n", False),
        (DEMO + "apis: {Shop: {}}\n", False),
        (DEMO + "apis: {shop: {authorizers: {m: {function: f}}}}\n", False),
        (DEMO + "    architecture: arm64\n", True),
        (DEMO + "    architecture: arm\n", False),
        (DEMO + "    concurrency: 0\n", True),
        (DEMO + "    concurrency: 901\n", False),
        (DEMO + "    tags: {team: a}\n", True),
        (DEMO + "    tags: {'AWS:x': a}\n", False),
        (DEMO + "    description: 5\n", False),
        (DEMO + "    role: admin\n", False),
        (DEMO + "    freeze: false\n    preload: true\n    cpu_share: no\n    network: isolated\n", True),
        (DEMO + "    freeze: 0\n", False),
        (DEMO + "    preload: never\n", False),
        (DEMO + "    network: vpc\n", False),
        (DEMO + "    url: true\n", True),
        (DEMO + "    url: {auth: AWS_IAM, cors: {origins: ['*'], methods: GET, max_age: 5}}\n", True),
        (DEMO + "    url: {cors: true, invoke_mode: RESPONSE_STREAM}\n", True),
        (DEMO + "    url: yes please\n", False),
        (DEMO + "    url: {auth: none}\n", False),
        (DEMO + "    url: {cors: {origin: x}}\n", False),
        (DEMO + "    runtme: x\n", False),
        (DEMO.replace("demo", "a.b"), False),
        (DEMO.replace("python3.13", "python3.7"), False),
        (DEMO.replace("app.handler", "a b"), False),
        ("region: eu-central-1\naccount: '012345678901'\nport: 4566\nservices: {sqs: 'http://h:1'}\n", True),
        ("account: 123456789012\n", True),
        ("account: 12x\n", False),
        ("region: Europe\n", False),
        ("port: 0\n", False),
        ("port: '80'\n", False),
        ("services: {sqz: 'http://h:1'}\n", False),
        ("max_environments: 0\n", False),
        ("account_concurrency: 10\n", True),
        ("account_concurrency: 0\n", False),
        ("idle_exit_minutes: 0\n", False),
        (f"file_systems:\n  {ACCESS_POINT}: shared\nstrict: true\n", True),
        (f"file_systems:\n  {ACCESS_POINT}: 5\n", False),
        ("file_systems:\n  arn:aws:s3:us-east-1:000000000000:b: shared\n", False),
        ("file_systems: shared\n", False),
        ("strict: 1\n", False),
        ("runtime: python3.13\n", False),
        ("- a\n", False),
    ],
)
def test_schema_and_reader_agree(tmp_path, text, is_right):
    file = tmp_path / "lam.yaml"
    file.write_text(text)
    try:
        load_project(file)
        is_right_for_the_reader = True
    except ConfigError:
        is_right_for_the_reader = False
    validator = jsonschema.Draft202012Validator(schema.json_schema())
    assert (is_right_for_the_reader, validator.is_valid(yaml.safe_load(text))) == (is_right, is_right)
