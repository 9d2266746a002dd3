"""One recorded answer of AWS to a mistake, what must stand in the house before it, and how it is compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api_house import ACCOUNT, REGION, ROLE, zip_of

NAME = "f"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}"
MISSING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:doesnotexist"
ELSEWHERE = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:{NAME}"
NOT_REACHABLE = f"Functions from 'eu-central-1' are not reachable in this region ('{REGION}')"
QUALIFIERS_DIFFER = "The derived qualifier from the function name does not match the specified qualifier."
NO_RESOURCE = "The resource you requested does not exist."
WRONG_REVISION = (
    "The Revision Id provided does not match the latest Revision Id. Call the {} API to retrieve the latest "
    "Revision Id"
)
WHOLE_FUNCTIONS_ONLY = (
    "Tags on function aliases and versions are not supported. Please specify a function ARN."
)
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l"
UUID = "11111111-2222-3333-4444-555555555555"

IPV = "InvalidParameterValueException"
RNF = "ResourceNotFoundException"
CONFLICT = "ResourceConflictException"
PRECONDITION = "PreconditionFailedException"

_STATUS = {
    IPV: 400,
    "InvalidRequestContentException": 400,
    "ValidationException": 400,
    "AccessDeniedException": 403,
    RNF: 404,
    "CodeSigningConfigNotFoundException": 404,
    "ProvisionedConcurrencyConfigNotFoundException": 404,
    CONFLICT: 409,
    PRECONDITION: 412,
    "RequestEntityTooLargeException": 413,
}

_CAPITAL_MESSAGE = {RNF, "CodeSigningConfigNotFoundException", "AccessDeniedException"}
_WITHOUT_TYPE = {"ValidationException", "AccessDeniedException"}
_NOT_MODELLED = {"ValidationException", "AccessDeniedException", "RequestEntityTooLargeException"}
_FRAME = "1 validation error detected: Value {} at '{}' failed to satisfy constraint: {}"

CREATE = {"Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE, "Code": {"ZipFile": zip_of()}}

Step = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Answer:
    """On the wire: what boto3 makes of it, and what other SDKs read."""

    status: int
    code_of_boto3: str
    code_of_header: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """`given` are the calls before; a `<name>` in members and message stands for what they answered."""

    operation: str
    members: Mapping[str, Any]
    code: str
    message: str | None
    given: Sequence[Step] = ()
    has_type: bool = True

    def asked(self, house: Any) -> tuple[Answer, Answer]:
        """What the house answers, and what AWS does."""
        learnt = {"sha": _sha(house)}
        for operation, members in self.given:
            _learn(learnt, getattr(house.client, operation)(**_filled(members, learnt)))
        with pytest.raises(ClientError) as caught:
            getattr(house.client, self.operation)(**_filled(self.members, learnt))
        raw = house.last_answer
        told = caught.value.response["Error"]["Code"], raw.headers["x-amzn-ErrorType"]
        answered = Answer(raw.status, *told, json.loads(raw.body))
        return answered, Answer(_STATUS[self.code], self.code, self.code, self._body(learnt))

    def is_modelled(self, house: Any) -> bool:
        """Whether the model lets this operation answer so."""
        return self.code in _NOT_MODELLED or self.code in _modelled(house, self.operation)

    def _body(self, learnt: Mapping[str, str]) -> dict[str, Any]:
        told = "Message" if self.code in _CAPITAL_MESSAGE else "message"
        message = None if self.message is None else _filled(self.message, learnt)
        if not self.has_type or self.code in _WITHOUT_TYPE:
            return {told: message}
        return {"Type": "User", told: message}


def refused(
    name: str,
    operation: str,
    code: str,
    message: str | None,
    *,
    given: Sequence[Step] = (),
    has_type: bool = True,
    **members: Any,
) -> Any:
    row = Refusal(operation, members, code, message, given, has_type)
    return pytest.param(row, id=f"{operation}: {name}")


def invalid(operation: str, path: str, shown: str, constraint: str, *, name: str = "", **members: Any) -> Any:
    """A refusal of the framework's, one violation."""
    message = _FRAME.format(shown, path, constraint)
    row = Refusal(operation, members, "ValidationException", message)
    return pytest.param(row, id=f"{operation}: {name or f'{path} {shown}'}"[:100])


def furnish(house: Any) -> None:
    """The function `f` with two versions, `g` without any, and the layer `l` with one version."""
    house.create(NAME, Publish=True)
    house.client.update_function_configuration(FunctionName=NAME, MemorySize=256)
    house.client.publish_version(FunctionName=NAME)
    house.create("g")
    house.client.publish_layer_version(LayerName="l", Content={"ZipFile": zip_of()})


def _sha(house: Any) -> str:
    sha: str = house.client.get_function_configuration(FunctionName=NAME)["CodeSha256"]
    return sha


def _learn(learnt: dict[str, str], answer: Mapping[str, Any]) -> None:
    if "UUID" in answer:
        learnt["uuid"] = answer["UUID"]
    if "CodeSigningConfig" in answer:
        learnt["csc"] = answer["CodeSigningConfig"]["CodeSigningConfigArn"]


def _filled(value: Any, learnt: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(each, learnt) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, learnt) for each in value]
    if isinstance(value, str):
        for name, text in learnt.items():
            value = value.replace(f"<{name}>", text)
    return value


def _modelled(house: Any, operation: str) -> set[str]:
    name = house.client.meta.method_to_api_mapping[operation]
    return {shape.name for shape in house.client.meta.service_model.operation_model(name).error_shapes}
