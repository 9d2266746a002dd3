"""Execution roles of a template: their trust and policies, where all of a role's are known."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lambdacli.model.identity import Role
from lambdacli.model.managed_policies import managed_policy
from lambdacli.model.nearest import nearest
from lambdacli.model.policy_document import PolicyDocument, PolicyError, PolicyKind, policy_of
from lambdacli.project.stack.around import SERVERLESS_FUNCTION, Around
from lambdacli.project.stack.values import Values

_BASIC = "AWSLambdaBasicExecutionRole"
_OPEN = "it is not known here, so the role may do everything"


def roles_of(around: Around) -> dict[str, Role]:
    """By name. A role of which a policy is not known is left out: what is half known refuses nothing."""
    return {**dict(_of_serverless_functions(around)), **dict(_of_resources(around))}


def _of_serverless_functions(around: Around) -> Iterator[tuple[str, Role]]:
    for resource in around.of_type(SERVERLESS_FUNCTION):
        values = Values(resource, around.notes)
        given = values.raw("Policies")
        if given is None or "Role" in values:
            continue
        policies = given if isinstance(given, list) else [given]
        documents = [managed_policy(_BASIC)]
        documents += [_policy(values, f"Policies.{n}", each) for n, each in enumerate(policies)]
        known = [each for each in documents if each is not None]
        if len(known) == len(documents):
            values.used("Policies", "the policies of the function's role, which count with `auth`")
            yield f"{resource.whole_id}Role", Role(policies=tuple(known))


def _of_resources(around: Around) -> Iterator[tuple[str, Role]]:
    attached: dict[str, list[Any]] = {}
    for resource in around.of_type("AWS::IAM::Policy"):
        for name in Values(resource, around.notes).texts("Roles"):
            attached.setdefault(name, []).append(resource.properties.get("PolicyDocument"))
    for resource in around.of_type("AWS::IAM::Role"):
        values = Values(resource, around.notes)
        documents = [
            _policy(values, f"ManagedPolicyArns.{number}", arn)
            for number, arn in enumerate(values.texts("ManagedPolicyArns"))
        ]
        for number, policy in values.each_below("Policies"):
            documents.append(_policy(values, f"Policies.{number}", policy.raw("PolicyDocument")))
        documents += [_policy(values, "", each) for each in attached.get(resource.name, [])]
        known = [each for each in documents if each is not None]
        trust = _document(values, "AssumeRolePolicyDocument", PolicyKind.TRUST)
        if len(known) == len(documents):
            yield resource.name, Role(trust, tuple(known))
        elif trust is not None:
            yield resource.name, Role(trust)


def _policy(values: Values, path: str, given: Any) -> PolicyDocument | None:
    """A managed policy, a document, or one of SAM's policy templates."""
    if isinstance(given, str):
        found = managed_policy(given)
        if found is None:
            values.ignored(path, _OPEN)
        return found
    if not isinstance(given, Mapping):
        values.complain(path, "must be the name of a policy or a document")
        return None
    if "Statement" in given:
        return _checked(values, path, given, PolicyKind.IDENTITY)
    (name, parameters), *more = list(given.items()) or [("", None)]
    template = None if more else _sam_templates().get(str(name))
    if values.resource.type == SERVERLESS_FUNCTION and _sam_templates():
        fault = _fault_of_template(str(name), parameters, template, path.rpartition(".")[2])
        if fault is not None:
            message = f"Resource with id [{values.resource.logical_id}] is invalid. {fault}"
            near = nearest(str(name), _sam_templates()) if template is None else None
            values.complain(path, message, f"do you mean {near}?" if near else "")
            return None
    if template is None:
        values.ignored(path, f"{name}: {_OPEN}")
        return None
    filled = _filled(template["Definition"], parameters if isinstance(parameters, Mapping) else {}, values)
    return _checked(values, path, filled, PolicyKind.IDENTITY)


def _fault_of_template(name: str, parameters: Any, template: Any, index: str) -> str | None:
    """In the words of AWS's translator."""
    if template is None:
        return f"Policy at index {index} in the 'Policies' property is not valid"
    if not isinstance(parameters, Mapping):
        return f"Must specify valid parameter values for policy template '{name}'"
    missing = [each for each in template["Parameters"] if each not in parameters]
    if missing:
        return f"Following required parameters of template '{name}' don't have values: {missing}"
    return None


def _document(values: Values, name: str, kind: PolicyKind) -> PolicyDocument | None:
    given = values.raw(name)
    return _checked(values, name, given, kind) if isinstance(given, Mapping) else None


def _checked(values: Values, path: str, given: Mapping[str, Any], kind: PolicyKind) -> PolicyDocument | None:
    try:
        return policy_of(_plain(given), kind, values.subject(path))
    except PolicyError as error:
        values.warn(path, str(error), "the role may do everything here")
        return None


def _plain(given: Mapping[str, Any]) -> dict[str, object]:
    """YAML takes a version for a date."""
    told: dict[str, object] = json.loads(json.dumps(given, default=str))
    return told


@cache
def _sam_templates() -> Mapping[str, Any]:
    """As AWS's translator brings them; without it none is known."""
    spec = importlib.util.find_spec("samtranslator")
    if spec is None or spec.origin is None:
        return {}
    file = Path(spec.origin).parent / "policy_templates_data" / "policy_templates.json"
    try:
        found: Mapping[str, Any] = json.loads(file.read_bytes())["Templates"]
    except (OSError, ValueError, KeyError):
        return {}
    return found


def _filled(value: Any, parameters: Mapping[str, Any], values: Values) -> Any:
    if isinstance(value, list):
        return [_filled(each, parameters, values) for each in value]
    if not isinstance(value, Mapping):
        return value
    if "Ref" in value:
        return parameters.get(value["Ref"], _pseudo(value["Ref"]))
    if "Fn::Sub" in value:
        return _substituted(value["Fn::Sub"], parameters, values)
    return {name: _filled(each, parameters, values) for name, each in value.items()}


def _substituted(told: Any, parameters: Mapping[str, Any], values: Values) -> str:
    text, own = (told, {}) if isinstance(told, str) else (told[0], told[1])
    names = {name: _filled(each, parameters, values) for name, each in own.items()}

    def put(found: re.Match[str]) -> str:
        return str(names.get(found[1], parameters.get(found[1], _pseudo(found[1]))))

    return re.sub(r"\$\{([^}]+)\}", put, text)


def _pseudo(name: str) -> str:
    """Any account and region: a policy that is wider than on AWS refuses nothing that it would allow."""
    return {"AWS::Partition": "aws"}.get(name, "*")
