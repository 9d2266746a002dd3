"""Whatever stands in a template, reading it gives a template or the one declared error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdacli.project.cloudformation.document import Document, read_document, values_of
from lambdacli.project.cloudformation.loading import template_of
from lambdacli.project.cloudformation.places import Places
from lambdacli.project.cloudformation.template import Surroundings, TemplateError

FILE = Path("/nowhere/template.yaml")

NAMES = st.sampled_from(["A", "B", "Queue", "F", "FRole", "P", "AWS::Region", "AWS::NoValue", "C", "M", ""])
TEXTS = (
    NAMES
    | st.text(max_size=6)
    | st.sampled_from(["A.Arn", "${A}", "${A.Arn}${!B}", "{{resolve:ssm:/a}}", "{{resolve:x", "10.0.0.0/16"])
)
LEAVES = TEXTS | st.integers() | st.floats() | st.booleans() | st.none()
FUNCTIONS = st.sampled_from(
    [
        *(
            "Ref",
            "Condition",
            "Fn::And",
            "Fn::Base64",
            "Fn::Cidr",
            "Fn::Equals",
            "Fn::FindInMap",
            "Fn::GetAZs",
        ),
        *(
            "Fn::GetAtt",
            "Fn::If",
            "Fn::ImportValue",
            "Fn::Join",
            "Fn::Length",
            "Fn::Not",
            "Fn::Or",
            "Fn::Select",
        ),
        *("Fn::Split", "Fn::Sub", "Fn::ToJsonString", "Fn::Transform", "Fn::Foo"),
    ]
)


def nested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(values, max_size=4)
        | st.dictionaries(TEXTS, values, max_size=3)
        | st.dictionaries(FUNCTIONS, values, min_size=1, max_size=1)
    )


VALUES = st.recursive(LEAVES, nested, max_leaves=12)
TYPES = st.sampled_from(
    [
        *("AWS::SQS::Queue", "AWS::Serverless::Function", "AWS::Lambda::Version", "AWS::Lambda::Url", "X"),
        *("AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::IAM::Role", "AWS::Foo::Bar", "AWS::SSM::Parameter"),
    ]
)
PROPERTIES = st.sampled_from(
    [
        *(
            "QueueName",
            "FunctionName",
            "Events",
            "Path",
            "Name",
            "Value",
            "FifoQueue",
            "EventBusName",
            "Role",
        ),
        *("AutoPublishAlias", "Environment", "TargetFunctionArn", "BucketName"),
    ]
)
RESOURCES = st.fixed_dictionaries(
    {"Type": TYPES},
    optional={
        "Properties": st.dictionaries(PROPERTIES, VALUES, max_size=4) | VALUES,
        "Metadata": VALUES,
        "DependsOn": VALUES,
        "Condition": NAMES | VALUES,
        "IgnoreGlobals": VALUES,
    },
)
SECTIONS: dict[str, st.SearchStrategy[Any]] = {
    "Transform": st.sampled_from(
        ["AWS::Serverless-2016-10-31", ["AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"]]
    )
    | VALUES,
    "Parameters": st.dictionaries(
        NAMES,
        st.fixed_dictionaries(
            {"Type": st.sampled_from(["String", "Number", "CommaDelimitedList", "List<Number>"])},
            optional={
                "Default": LEAVES,
                "AllowedValues": VALUES,
                "AllowedPattern": LEAVES,
                "NoEcho": LEAVES,
                "MinValue": LEAVES,
                "MaxLength": LEAVES,
            },
        )
        | VALUES,
        max_size=2,
    )
    | VALUES,
    "Mappings": st.dictionaries(NAMES, VALUES, max_size=2) | VALUES,
    "Conditions": st.dictionaries(NAMES, VALUES, max_size=3) | VALUES,
    "Globals": st.fixed_dictionaries({"Function": st.dictionaries(PROPERTIES, VALUES, max_size=2)}) | VALUES,
    "Outputs": st.dictionaries(NAMES, st.fixed_dictionaries({"Value": VALUES}) | VALUES, max_size=2) | VALUES,
    "Description": LEAVES,
    "Metadata": VALUES,
}
TEMPLATES = st.fixed_dictionaries(
    {"Resources": st.dictionaries(NAMES, RESOURCES, min_size=1, max_size=4) | VALUES}, optional=SECTIONS
)


@pytest.fixture(autouse=True)
def _without_translator(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its own tests; here it would be asked a thousand times for names that nobody made."""

    def translated(document: Document, *told: Any) -> Document:
        return document

    monkeypatch.setattr("lambdacli.project.cloudformation.transform.translated", translated)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEMPLATES)
def test_any_document_gives_a_template_or_the_declared_error(values: dict[str, Any]) -> None:
    document = Document(FILE, values, Places(FILE, {}))
    surroundings = Surroundings(lookup=lambda reference: '{"a": 1}' if reference.name == "/a" else None)
    try:
        template = template_of(document, surroundings)
    except TemplateError as error:
        assert error.problems
        assert str(error)
        return
    for resource in template.resources.values():
        assert resource.name
        assert isinstance(resource.reference, str)
    assert template.transformed is not None


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES)
def test_any_property_gives_a_value_or_the_declared_error(value: Any) -> None:
    values = {
        "Transform": ["AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"],
        "Parameters": {"P": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        "Conditions": {"C": {"Fn::Equals": ["a", "a"]}},
        "Mappings": {"M": {"A": {"B": ["x"]}}},
        "Resources": {
            "A": {"Type": "AWS::SQS::Queue"},
            "F": {"Type": "AWS::Serverless::Function", "Properties": {"Environment": value}},
        },
    }
    try:
        template = template_of(Document(FILE, values, Places(FILE, {})), Surroundings())
    except TemplateError:
        return
    assert "F" in template.resources


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.text(alphabet=st.sampled_from(" \n\t-:{}[],&*!|>'\"#%@ab1.<~?Ref"), max_size=80) | st.text(max_size=40)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    for file in (FILE, FILE.with_suffix(".json")):
        try:
            values_of(text, file)
        except TemplateError as error:
            assert all(problem.line >= 1 for problem in error.problems)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES)
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    text = json.dumps({"a": value}, indent=1)
    try:
        read, places = values_of(text, FILE.with_suffix(".json"))
    except TemplateError:
        assert "NaN" in text or "Infinity" in text or "\\ud" in text
        return
    assert read == json.loads(text)
    assert places.of(("a",)).line == 2


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"", b"\xef\xbb\xbf", b"[" * 100_000, b"{" * 100_000, b"- " * 100_000, b'{"a":' * 100_000],
    ids=["no UTF-8", "empty", "a mark only", "brackets", "braces", "dashes", "objects"],
)
@pytest.mark.parametrize("name", ["template.yaml", "template.json"])
def test_a_file_that_is_no_template_is_refused(content: bytes, name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(TemplateError):
        read_document(file)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(TemplateError, match="cannot be read"):
            read_document(file)


def test_a_long_chain_of_names_is_refused_not_raised(tmp_path: Path) -> None:
    resources: dict[str, Any] = {"Q0": {"Type": "AWS::SQS::Queue"}}
    for number in range(1, 600):
        name = {"Fn::GetAtt": [f"Q{number - 1}", "QueueName"]}
        resources[f"Q{number}"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}
    resources = dict(reversed(resources.items()))
    file = tmp_path / "template.yaml"
    file.write_text(yaml.safe_dump({"Resources": resources}, sort_keys=False))
    with pytest.raises(TemplateError, match="too many steps"):
        template_of(read_document(file), Surroundings())
