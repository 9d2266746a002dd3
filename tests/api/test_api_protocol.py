"""Every operation and every error, both ways, against botocore's own serializer and parser."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from lambdacli.api import protocol
from lambdacli.api.shapes import load_model
from lambdacli.model import errors
from lambdacli.model.errors import RequestError, SerializationException

MODEL = load_model()
SERVICE = botocore.session.get_session().get_service_model("lambda")
NUMBER = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def invented(shape, path="top"):
    """A value for every member, of the right type; names the place it stands in."""
    match shape.type:
        case "structure":
            return {name: invented(member.shape, name) for name, member in shape.members.items()}
        case "list":
            return [invented(shape.element, f"{path}{index}") for index in range(2)]
        case "map":
            return {f"{path} {index}": invented(shape.value, f"{path}{index}") for index in range(2)}
        case "integer" | "long":
            return len(path) + 1
        case "double":
            return len(path) + 0.5
        case "boolean":
            return True
        case "timestamp":
            return MOMENT
        case "blob":
            return f"bytes of {path}".encode()
        case "string":
            return f"{path}: 100% of /a?b=c&d+é"
    raise AssertionError(shape.type)


def for_headers(shape, value):
    """Headers carry plain text only."""
    plain = {
        name: f"plain {name}"
        for name, member in shape.members.items()
        if member.location == "header" and member.shape.type == "string"
    }
    return value | plain


@pytest.mark.parametrize("name", MODEL.operations)
def test_request_that_botocore_writes_is_read_back_whole(name):
    operation = MODEL.operations[name]
    given = for_headers(operation.input, invented(operation.input))
    serializer = create_serializer("rest-json", include_validation=False)
    wire = serializer.serialize_to_request(given, SERVICE.operation_model(name))
    prepare_request_dict(wire, "http://127.0.0.1:4566")
    request = create_request_object(wire).prepare()
    url = urlsplit(request.url)
    query = protocol.parse_query(url.query)
    headers = {
        key.lower(): value if isinstance(value, str) else value.decode()
        for key, value in request.headers.items()
    }

    found, uri = protocol.route(MODEL, request.method, url.path, query)
    body = request.body or b""

    assert found is operation
    assert (
        protocol.parse(found, uri, query, headers, body if isinstance(body, bytes) else body.encode())
        == given
    )


@pytest.mark.parametrize("name", [name for name, entry in MODEL.operations.items() if entry.output])
def test_response_is_read_back_whole_by_botocore(name):
    operation = MODEL.operations[name]
    given = for_headers(operation.output, invented(operation.output))
    payload = operation.output.payload
    is_stream = payload is not None and operation.output.members[payload].shape.is_event_stream
    if is_stream:
        given[payload] = b"already encoded"

    response = protocol.serialise(operation, given, "some-id")

    assert response.headers["x-amzn-RequestId"] == "some-id"
    if is_stream:
        assert response.body == given.pop(payload)
        assert response.headers["X-Amz-Executed-Version"] == given["ExecutedVersion"]
        return
    parsed = parsed_by_botocore(response, SERVICE.operation_model(name).output_shape)
    del parsed["ResponseMetadata"]
    if payload is not None:
        parsed[payload] = parsed[payload].encode()
    assert parsed == given


def parsed_by_botocore(response, shape):
    headers = {key.lower(): value for key, value in response.headers.items()}
    sought = (
        {member.serialization.get("name", "").lower(): member for member in shape.members.values()}
        if shape
        else {}
    )
    # botocore looks headers up in a dictionary that ignores case.
    headers |= {
        member.serialization["name"]: headers[name]
        for name, member in sought.items()
        if member.serialization.get("location") == "header" and name in headers
    }
    answer = {"status_code": response.status, "headers": headers, "body": response.body}
    return create_parser("rest-json").parse(answer, shape)


@pytest.mark.parametrize("name", [name for name, entry in MODEL.operations.items() if not entry.output])
def test_operation_without_output_answers_an_empty_body(name):
    response = protocol.serialise(MODEL.operations[name], {}, "some-id")
    assert (response.status, response.body) == (MODEL.operations[name].status, b"")


@pytest.mark.parametrize("code", MODEL.errors)
def test_error_of_the_model_is_read_back_whole_by_botocore(code):
    members = {
        name: f"the {name}"
        for name in MODEL.errors[code].members
        if name not in ("Type", "message", "Message")
    }
    error = getattr(errors, code)("what happened", **members)

    response = protocol.serialise_error(MODEL, error, "some-id")

    shape = SERVICE.shape_for(code)
    # As botocore does: first the general form, then the members of the shape that the code names.
    general = parsed_by_botocore(response, None)
    modelled = parsed_by_botocore(response, shape)
    assert response.status == shape.metadata["error"]["httpStatusCode"]
    assert general["Error"] == {"Code": code, "Message": "what happened"}
    assert modelled.keys() == shape.members.keys()
    assert modelled.items() >= members.items()
    assert modelled["Type"] == ("User" if response.status < 500 else "Service")


@pytest.mark.parametrize("code", MODEL.errors)
def test_error_of_the_model_has_its_exception(code):
    assert issubclass(getattr(errors, code), RequestError)


UNMODELLED = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, RequestError) and kind.__name__ not in MODEL.errors
    if kind is not RequestError
]


@pytest.mark.parametrize("kind", UNMODELLED)
def test_error_outside_the_model_has_a_status_of_its_own(kind):
    response = protocol.serialise_error(MODEL, kind("what happened"), "some-id")
    assert response.status in (400, 403, 404, 413, 501)
    assert response.headers["x-amzn-ErrorType"] == kind.__name__
    assert "what happened" in json.loads(response.body).values()


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (errors.ResourceNotFoundException("m"), 404, {"Type": "User", "Message": "m"}),
        (errors.ResourceConflictException("m"), 409, {"Type": "User", "message": "m"}),
        (errors.ServiceException("m"), 500, {"Type": "Service", "Message": "m"}),
        (errors.ValidationException("m"), 400, {"message": "m"}),
        (errors.InvalidParameterValueException("m", has_type=False), 400, {"message": "m"}),
        (errors.AccessDeniedException(None), 403, {"Message": None}),
    ],
)
def test_error_bodies_have_the_recorded_keys(error, status, body):
    response = protocol.serialise_error(MODEL, error, "some-id")
    assert (response.status, json.loads(response.body)) == (status, body)


def test_throttle_carries_its_reason_in_the_body_and_the_wait_in_a_header():
    error = errors.TooManyRequestsException(
        "Rate Exceeded.", Reason="ReservedFunctionConcurrentInvocationLimitExceeded", retryAfterSeconds="1"
    )
    response = protocol.serialise_error(MODEL, error, "some-id")
    assert response.headers["Retry-After"] == "1"
    assert json.loads(response.body) == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }


@pytest.mark.parametrize(
    ("method", "path", "query", "name"),
    [
        ("GET", "/2015-03-31/functions/", "", "ListFunctions"),
        ("GET", "/2015-03-31/functions/f/", "", "GetFunction"),
        ("GET", "/2018-10-31/layers", "find=LayerVersion&Arn=x", "GetLayerVersionByArn"),
        ("GET", "/2018-10-31/layers", "", "ListLayers"),
        (
            "GET",
            "/2019-09-30/functions/f/provisioned-concurrency",
            "List=ALL",
            "ListProvisionedConcurrencyConfigs",
        ),
        (
            "GET",
            "/2019-09-30/functions/f/provisioned-concurrency",
            "Qualifier=1",
            "GetProvisionedConcurrencyConfig",
        ),
        ("PATCH", "/2015-03-31/functions", "", None),
        ("POST", "/2015-03-31/functions//invocations", "", None),
        ("GET", "/", "", None),
    ],
)
def test_route(method, path, query, name):
    found = protocol.route(MODEL, method, path, protocol.parse_query(query))
    assert (found[0].name if found else None) == name


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b"{",
            "Could not parse request body into json: Unexpected end-of-input: expected close marker for ",
        ),
        (b"[]", "Start of structure or map expected as the request body."),
        (b'{"Timeout": "3"}', "class java.lang.String can not be converted to an Integer"),
        (
            b'{"Timeout": 2147483648}',
            f"{NUMBER} can not be converted to an Integer",
        ),
        (
            b'{"Timeout": -1e300}',
            f"{NUMBER} can not be converted to an Integer",
        ),
        (b'{"Timeout": true}', "class java.lang.Boolean can not be converted to an Integer"),
        (
            b'{"Environment": {"Variables": {"NAME": 1}}}',
            "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String",
        ),
        (b'{"Environment": []}', "Start of list found where not expected"),
        (b'{"Layers": {}}', "Start of structure or map found where not expected."),
        (b'{"Code": {"ZipFile": "?"}}', "Invalid base64 in a member that holds bytes"),
    ],
)
def test_body_of_the_wrong_form_is_a_serialization_error(body, message):
    with pytest.raises(SerializationException) as caught:
        protocol.parse(MODEL.operations["CreateFunction"], {}, [], {}, body)
    assert caught.value.message.startswith(message)


def test_nulls_and_unknown_members_of_a_body_are_absent():
    parsed = protocol.parse(
        MODEL.operations["CreateFunction"],
        {},
        [],
        {},
        b'{"Timeout": null, "Unknown": 1, "MemorySize": 128.0}',
    )
    assert parsed == {"MemorySize": 128}


@pytest.mark.parametrize(
    ("operation", "member", "text"),
    [
        ("ListFunctions", "MaxItems", ""),
        ("ListFunctions", "MaxItems", "ten"),
        ("ListFunctions", "MaxItems", "2147483648"),
        ("ListFunctions", "MaxItems", "9" * 5000),
        ("GetDurableExecution", "IncludeExecutionData", "yes"),
        ("ListDurableExecutionsByFunction", "StartedAfter", "soon"),
        ("ListDurableExecutionsByFunction", "StartedAfter", "1e20"),
        ("ListDurableExecutionsByFunction", "StartedAfter", "nan"),
        ("ListDurableExecutionsByFunction", "StartedAfter", "99999-01-01"),
    ],
)
def test_query_value_of_the_wrong_form_is_a_serialization_error(operation, member, text):
    shape = MODEL.operations[operation].input
    with pytest.raises(SerializationException, match=r"can not be converted to an? "):
        protocol.parse(
            MODEL.operations[operation],
            {name: "f" for name, given in shape.members.items() if given.location == "uri"},
            [(shape.members[member].wire_name, text)],
            {},
            b"",
        )


@pytest.mark.parametrize("seconds", ["1e20", "-1e20", '"9e99"'])
def test_moment_beyond_the_calendar_is_a_serialization_error(seconds):
    body = b'{"StartingPositionTimestamp": %s}' % seconds.encode()
    with pytest.raises(SerializationException, match="can not be converted to a Timestamp"):
        protocol.parse(MODEL.operations["CreateEventSourceMapping"], {}, [], {}, body)
