"""Which AWS service a request is meant for, and how that service would word a refusal. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from lambdacli.wire.messages import Request, Response

LAMBDA = "lambda"

EXECUTE_API = "execute-api"
"""Signed for it is what is sent to the clients of WebSocket APIs, and to HTTP APIs."""

OWN = {
    EXECUTE_API: "APIs of other projects",
    "logs": "CloudWatch Logs: `lam logs` shows what functions log",
    "monitoring": "CloudWatch metrics",
    "xray": "X-Ray",
}
"""Never handed over, by the names in signatures: what they would tell is lam's own to tell."""

ACCOUNT_HEADER = "x-lam-account"
"""What the access key of a request selects, told to the neighbour services; empty when it selects none."""
DEFAULT_ACCOUNT_HEADER = "x-lam-default-account"
"""Whose the request is otherwise, unless its access key is one that the neighbours gave out."""

_SCOPE = re.compile(r"Credential=[^,]*?/\d{8}/(?:[a-z0-9-]*/)?([A-Za-z0-9.-]+)/aws4_request")
_VERSION_2 = re.compile(r"AWS [^:\s]+:\S")
_LAMBDA_PATH = re.compile(r"/20\d\d-\d\d-\d\d/")
_STACK_ANSWER = re.compile(r"/cloudformation_[a-z0-9-]+/cfnresponse")
_FORM = "application/x-www-form-urlencoded"

_UNSIGNED_TARGETS = {
    "AWSCognitoIdentityService": "cognito-identity",
    "AWSCognitoIdentityProviderService": "cognito-idp",
}

_NAMES_IN_LAM_YAML = {
    "appconfig": "appconfigdata",
    "eventbridge": "events",
    "monitoring": "cloudwatch",
    "ses": "sesv2",
    "states": "stepfunctions",
}
"""Of services that signatures call otherwise."""


def service_of(request: Request) -> str | None:
    """By the name that signatures use; None is the Lambda API, or nobody that can be told."""
    header = request.headers.get("authorization")
    if header is None:
        return _presigned_service(request) or unsigned_service(request)
    if "/lambda/aws4_request" in header:
        return None
    found = _SCOPE.search(header)
    if found is not None:
        return None if found[1] == LAMBDA else found[1].lower()
    return "s3" if _VERSION_2.match(header) else None


def unsigned_service(request: Request) -> str | None:
    """For whom a request is that nobody signs, on AWS too: tokens are changed for credentials, a form uploads
    a file, a custom resource tells that it is done."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    target = request.headers.get("x-amz-target", "").partition(".")[0]
    if target:
        return _UNSIGNED_TARGETS.get(target)
    if request.method == "POST" and request.path == "/" and kind == _FORM:
        return "sts"
    if request.method == "POST" and kind == "multipart/form-data":
        return "s3"
    if request.method == "PUT" and _STACK_ANSWER.fullmatch(request.path):
        return "cloudformation"
    return None


def anonymous_service(request: Request) -> str | None:
    """Where unsigned requests are let in at all: what is no path of Lambda's is one of S3's."""
    if _LAMBDA_PATH.match(request.path) or request.path == "/":
        return None
    return "s3"


def endpoint_named(services: Mapping[str, str], service: str, request: Request) -> str | None:
    """The address that lam.yaml has for it."""
    is_stream = request.headers.get("x-amz-target", "").startswith("DynamoDBStreams_")
    if service == "dynamodb" and is_stream and "dynamodbstreams" in services:
        return services["dynamodbstreams"]
    return services.get(_NAMES_IN_LAM_YAML.get(service, service))


def refusal(request: Request, service: str, status: int, code: str, message: str) -> Response:
    """In the form in which the caller's SDK reads errors of that service."""
    kind = request.headers.get("content-type", "")
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        told = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return Response(status, told, _cbor({"__type": code, "message": message}))
    if service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{_escaped(message)}</Message></Error>"
        return Response(status, {"Content-Type": "application/xml"}, body.encode())
    if kind.startswith(_FORM):
        body = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{_escaped(message)}</Message></Error>"
        body = f"<ErrorResponse>{body}</ErrorResponse>"
        return Response(status, {"Content-Type": "text/xml"}, body.encode())
    document = json.dumps({"__type": code, "message": message}).encode()
    kind = kind if "json" in kind else "application/json"
    return Response(status, {"Content-Type": kind, "x-amzn-ErrorType": code}, document)


def _presigned_service(request: Request) -> str | None:
    if "X-Amz-Credential" in request.query:
        scope = dict(parse_qsl(request.query)).get("X-Amz-Credential", "").split("/")
        service = scope[-2].lower() if len(scope) > 3 else LAMBDA
        return None if service == LAMBDA else service
    return "s3" if is_presigned_by_version_2(request.query) else None


def is_presigned_by_version_2(query: str) -> bool:
    """Only S3 still takes them."""
    return {"AWSAccessKeyId", "Signature"} <= {pair.partition("=")[0] for pair in query.split("&")}


def _cbor(texts: Mapping[str, str]) -> bytes:
    """A map of up to 23 texts."""
    return bytes([0xA0 | len(texts)]) + b"".join(_cbor_text(each) for pair in texts.items() for each in pair)


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2) + data


def _escaped(text: str) -> str:
    from xml.sax.saxutils import escape  # brings an HTTP client with it, which the service does not need

    return escape(text)
