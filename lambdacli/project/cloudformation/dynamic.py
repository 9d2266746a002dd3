"""References to parameters and secrets that a text holds: `{{resolve:service:…}}`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from lambdacli.project.cloudformation.faults import Fault
from lambdacli.project.cloudformation.places import Steps
from lambdacli.project.cloudformation.template import DynamicReference
from lambdacli.project.cloudformation.texts import text_of

REFERENCE = re.compile(r"\{\{resolve:([^{}]*)\}\}")
_PARAMETER = re.compile(r"[a-zA-Z0-9_.\-/]+")
_SECRET_ARN_PARTS = 7
AWS = 'aws --endpoint-url "$AWS_ENDPOINT_URL"'
"""Whoever has not set the variable is told so by the AWS CLI, and makes nothing on AWS by mistake."""


def has_references(text: str) -> bool:
    return "{{resolve:" in text


def resolved(text: str, path: Steps, find: Callable[[DynamicReference], str | None]) -> str:
    """Every reference in the text replaced by its value."""

    def value(match: re.Match[str]) -> str:
        reference = parse_reference(match[1], path)
        found = find(reference)
        if found is None:
            raise _not_found(reference, path)
        is_known = not has_references(found)  # what is asked for only afterwards stays as it is written
        return _member(found, reference, path) if reference.json_key and is_known else found

    return REFERENCE.sub(value, text)


def parse_reference(text: str, path: Steps) -> DynamicReference:
    service, _, rest = text.partition(":")
    if service in ("ssm", "ssm-secure"):
        return _parameter(service, rest, path)
    if service == "secretsmanager":
        return _secret(rest, path)
    message = f"Could not parse dynamic reference: {{{{resolve:{text}}}}}"
    raise Fault(path, message, "services are ssm, ssm-secure and secretsmanager")


def _parameter(service: str, rest: str, path: Steps) -> DynamicReference:
    name, _, version = rest.partition(":")
    if _PARAMETER.fullmatch(name) is None or not (version.isdecimal() or version == ""):
        message = (
            f"Incorrect format is used in the following SSM reference: [{{{{resolve:{service}:{rest}}}}}]"
        )
        raise Fault(
            path, message, f"write {{{{resolve:{service}:name}}}} or {{{{resolve:{service}:name:1}}}}"
        )
    return DynamicReference(service, name, version)


def _secret(rest: str, path: Steps) -> DynamicReference:
    parts = rest.split(":")
    length = _SECRET_ARN_PARTS if parts[0] == "arn" else 1
    name, more = ":".join(parts[:length]), parts[length:]
    kind, key, stage, version = (*more, "", "", "", "")[:4]
    if not name or len(more) > 4 or kind not in ("", "SecretString") or (stage and version):
        message = f"Could not parse SecretId or its parts in {{{{resolve:secretsmanager:{rest}}}}}"
        hint = "write {{resolve:secretsmanager:id:SecretString:key:stage:version}}, a stage or a version"
        raise Fault(path, message, hint)
    return DynamicReference("secretsmanager", name, version, key, stage)


def _not_found(reference: DynamicReference, path: Steps) -> Fault:
    name = reference.name
    if reference.service == "secretsmanager":
        message = f"Secrets Manager can't find the specified secret {name}."
        hint = f"make it: {AWS} secretsmanager create-secret --name {name} --secret-string …"
    else:
        message = f"Parameters: [{reference.service}:{name}:{reference.version}] cannot be found."
        hint = f"put it there: {AWS} ssm put-parameter --name {name} --type String --value …"
    return Fault(path, message, f"{hint}, or say it in lam.yaml: {imported(reference)}", is_wrong=False)


def imported(reference: DynamicReference) -> str:
    return f"`imports: {{'{reference.import_name}': …}}`"


def _member(secret: str, reference: DynamicReference, path: Steps) -> str:
    key = reference.json_key
    try:
        values: Any = json.loads(secret)
    except (ValueError, RecursionError):
        values = None
    found = text_of(values.get(key)) if isinstance(values, dict) else None
    if found is None:
        message = f"Could not find a value associated with JSONKey in SecretString: {key} of {reference.name}"
        raise Fault(path, message, "the secret's value is a JSON object with this key", is_wrong=False)
    return found
