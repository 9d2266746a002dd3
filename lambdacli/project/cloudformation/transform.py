"""SAM to CloudFormation by AWS's own translator, imported only when it is asked; it needs no network."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

from lambdacli.model.record import record
from lambdacli.project.cloudformation.document import Document, read_values
from lambdacli.project.cloudformation.places import Places, Steps
from lambdacli.project.cloudformation.template import Parameter, TemplateError
from lambdacli.project.records import Problem

_BUCKET = "lam-local-code"
_PACKAGES = {
    "AWS::Serverless::Function": ("CodeUri", "Code"),
    "AWS::Serverless::LayerVersion": ("ContentUri", "Content"),
}
_DEFINITIONS = {
    "AWS::Serverless::Api": "DefinitionBody",
    "AWS::Serverless::HttpApi": "DefinitionBody",
    "AWS::Serverless::StateMachine": "Definition",
}
_APPLICATION = "AWS::Serverless::Application"


@record
class _Session:
    """The translator asks a boto3 session for nothing but its region."""

    region_name: str


def translated(document: Document, parameters: Mapping[str, Parameter], region: str) -> Document:
    """Raises TemplateError for what the translator refuses. Code of this machine stays a path, as `aws
    cloudformation package` takes it."""
    values, packages = _prepared(document)
    made = _translate(document, values, _texts(parameters), region)
    for resource in made["Resources"].values():
        _restore(resource, packages)
    moved = _moved(document, made["Resources"])
    return Document(document.file, made, Places(document.file, document.places.known, moved))


def _translate(
    document: Document, values: dict[str, Any], parameters: dict[str, Any], region: str
) -> dict[str, Any]:
    try:
        from samtranslator.model.exceptions import InvalidDocumentException
        from samtranslator.parser.parser import Parser
        from samtranslator.translator.arn_generator import ArnGenerator
        from samtranslator.translator.translator import Translator
    except ImportError as error:
        hint = "install it: pip install aws-sam-translator"
        raise _refused(document, (), f"the SAM translator is missing: {error}", hint) from error
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    ArnGenerator.BOTO_SESSION_REGION_NAME = region
    translator = Translator(None, Parser(), boto_session=_Session(region))
    try:
        made: dict[str, Any] = translator.translate(values, parameters)
    except InvalidDocumentException as error:
        raise TemplateError(document.file.parent, tuple(_causes(document, error))) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # It trusts the form of many values that it reads.
        message = f"the SAM translator stumbled: {type(error).__name__}: {error}"
        raise _refused(
            document, (), message, "one of the SAM resources has a value of another form"
        ) from error
    return made


def _causes(document: Document, error: Any) -> list[Problem]:
    found = []
    for cause in error.causes:
        logical_id = getattr(cause, "_logical_id", None)
        path: Steps = ("Resources", logical_id) if isinstance(logical_id, str) else ()
        found.append(_problem(document, path, str(cause.message)))
    return found or [_problem(document, (), str(error.message))]


def _texts(parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    return {
        name: ",".join(parameter.value) if isinstance(parameter.value, list) else parameter.value
        for name, parameter in parameters.items()
    }


# What is here and not in S3


def _prepared(document: Document) -> tuple[dict[str, Any], dict[str, Any]]:
    """A copy that the translator may change, where packages have an address in S3, and what each means."""
    values = copy.deepcopy(dict(document.values), _NoMemo())
    packages: dict[str, Any] = {}
    for logical_id, resource in list(values["Resources"].items()):
        kind = resource["Type"]
        properties = resource.setdefault("Properties", {})
        if kind in _PACKAGES:
            _prepare_package(logical_id, kind, properties, packages)
        elif kind in _DEFINITIONS:
            _prepare_definition(document, logical_id, _DEFINITIONS[kind], properties)
        elif kind == _APPLICATION and not isinstance(properties.get("Location"), str):
            # It would be asked of the repository of applications, over the network.
            del values["Resources"][logical_id]
    return values, packages


def _prepare_package(
    logical_id: str, kind: str, properties: dict[str, Any], packages: dict[str, Any]
) -> None:
    setting, _ = _PACKAGES[kind]
    if properties.get("PackageType") == "Image":
        properties.setdefault("ImageUri", f"{logical_id.lower()}:latest")
        return
    if "InlineCode" in properties or "ImageUri" in properties:
        return
    written = properties.get(setting, ".")
    is_remote = isinstance(written, dict) and "Bucket" in written
    if is_remote or (isinstance(written, str) and written.startswith("s3://")):
        return
    packages[logical_id] = written
    properties[setting] = f"s3://{_BUCKET}/{logical_id}"


def _prepare_definition(
    document: Document, logical_id: str, setting: str, properties: dict[str, Any]
) -> None:
    location = properties.get("DefinitionUri")
    if not isinstance(location, str) or location.startswith("s3://"):
        return
    try:
        definition = read_values(document.file.parent / location)[0]
    except TemplateError as error:
        path: Steps = ("Resources", logical_id, "Properties", "DefinitionUri")
        raise _refused(document, path, f"{location}: {error.problems[0].message}", "") from error
    del properties["DefinitionUri"]
    properties[setting] = definition


def _restore(resource: dict[str, Any], packages: Mapping[str, Any]) -> None:
    properties = resource.get("Properties", {})
    for _, setting in _PACKAGES.values():
        code = properties.get(setting)
        if isinstance(code, dict) and code.get("S3Bucket") == _BUCKET:
            properties[setting] = packages[code["S3Key"]]


def _moved(document: Document, made: Mapping[str, Any]) -> dict[Steps, Steps]:
    """What was generated stands where the resource stands that it was generated for."""
    written = sorted(document.values["Resources"], key=len, reverse=True)
    moved: dict[Steps, Steps] = dict(document.places.moved)
    for logical_id in made:
        if logical_id in document.values["Resources"]:
            continue
        source = next((each for each in written if logical_id.startswith(each)), None)
        if source is not None:
            moved["Resources", logical_id] = ("Resources", source)
    return moved


class _NoMemo(dict[int, Any]):
    """An anchor's value becomes a value of its own at each place: the translator changes what it gets."""

    def get(self, key: int, default: Any = None) -> Any:
        return default


def _refused(document: Document, path: Steps, message: str, hint: str) -> TemplateError:
    return TemplateError(document.file.parent, (_problem(document, path, message, hint),))


def _problem(document: Document, path: Steps, message: str, hint: str = "") -> Problem:
    place = document.places.of(path)
    return Problem(place.file, place.line, place.column, ".".join(map(str, path)), message, hint)
