"""Which service a request is meant for, and how a refusal reads to that service's SDK."""

from __future__ import annotations

import json

import pytest

from lambdacli.service.neighbour_requests import (
    anonymous_service,
    endpoint_named,
    refusal,
    service_of,
    unsigned_service,
)
from lambdacli.wire.http import Peer, Request

DAY = "20261121"


def request(method="POST", path="/", query="", **headers):
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, query, told, b"", Peer(False))


def signed(service, key="test"):
    scope = f"{key}/{DAY}/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("header", "service"),
    [
        pytest.param(signed("sqs"), "sqs", id="the scope of the signature names it"),
        pytest.param(signed("lambda"), None, id="lambda is served here"),
        pytest.param(signed("sqs", key="a/b"), "sqs", id="a slash in the access key is the key's"),
        pytest.param(signed("S3"), "s3", id="however it is written"),
        pytest.param(
            f"AWS4-ECDSA-P256-SHA256 Credential=test/{DAY}/s3/aws4_request, SignedHeaders=host, Signature=0",
            "s3",
            id="a signature for all regions names none",
        ),
        pytest.param("AWS AKIA:c2lnbmF0dXJl", "s3", id="only S3 takes version 2"),
        pytest.param("Bearer token", None, id="a header of another kind names no service"),
        pytest.param("AWS4-HMAC-SHA256 Credential=test", None, id="a broken scope names none"),
    ],
)
def test_a_signature_says_which_service_is_meant(header, service):
    assert service_of(request(authorization=header)) == service


@pytest.mark.parametrize(
    ("query", "service"),
    [
        pytest.param(f"X-Amz-Credential=k%2F{DAY}%2Fus-east-1%2Fs3%2Faws4_request", "s3", id="presigned"),
        pytest.param(f"X-Amz-Credential=k%2F{DAY}%2Fus-east-1%2Flambda%2Faws4_request", None, id="lambda's"),
        pytest.param("AWSAccessKeyId=k&Expires=1&Signature=s", "s3", id="presigned by version 2"),
        pytest.param("AWSAccessKeyId=k", None, id="half of version 2"),
        pytest.param("X-Amz-Credential=k", None, id="no scope"),
        pytest.param("list-type=2", None, id="nothing signed"),
    ],
)
def test_a_presigned_url_says_which_service_is_meant(query, service):
    assert service_of(request("GET", "/bucket/key", query)) == service


FORM = "application/x-www-form-urlencoded; charset=utf-8"


@pytest.mark.parametrize(
    ("asked", "service"),
    [
        pytest.param(request(content_type=FORM), "sts", id="a web identity is changed for credentials"),
        pytest.param(
            request(x_amz_target="AWSCognitoIdentityProviderService.SignUp"), "cognito-idp", id="sign up"
        ),
        pytest.param(request(x_amz_target="AmazonSQS.SendMessage"), None, id="SQS is always signed"),
        pytest.param(
            request(path="/bucket", content_type="multipart/form-data; boundary=x"), "s3", id="posted form"
        ),
        pytest.param(
            request("PUT", "/cloudformation_us-east-1/cfnresponse"), "cloudformation", id="custom resource"
        ),
        pytest.param(request(path="/2015-03-31/functions"), None, id="the Lambda API"),
        pytest.param(request("GET", "/bucket/key"), None, id="an object is not public"),
    ],
)
def test_what_nobody_signs_is_told_by_its_form(asked, service):
    assert unsigned_service(asked) == service


def test_without_signatures_a_path_that_is_none_of_lambdas_is_one_of_s3s():
    assert anonymous_service(request("GET", "/bucket/key")) == "s3"
    assert anonymous_service(request("GET", "/2015-03-31/functions/")) is None
    assert anonymous_service(request("GET", "/")) is None


@pytest.mark.parametrize(
    ("services", "service", "target", "endpoint"),
    [
        ({"sqs": "http://a"}, "sqs", "", "http://a"),
        ({"sqs": "http://a"}, "sns", "", None),
        ({"stepfunctions": "http://a"}, "states", "", "http://a"),
        ({"cloudwatch": "http://a"}, "monitoring", "", "http://a"),
        ({"dynamodb": "http://a"}, "dynamodb", "DynamoDBStreams_20120810.ListStreams", "http://a"),
        (
            {"dynamodb": "http://a", "dynamodbstreams": "http://b"},
            "dynamodb",
            "DynamoDBStreams_20120810.ListStreams",
            "http://b",
        ),
        (
            {"dynamodb": "http://a", "dynamodbstreams": "http://b"},
            "dynamodb",
            "DynamoDB_20120810.GetItem",
            "http://a",
        ),
    ],
)
def test_lam_yaml_names_services_its_own_way(services, service, target, endpoint):
    assert endpoint_named(services, service, request(x_amz_target=target)) == endpoint


def test_a_refusal_reads_as_the_service_would_write_it():
    rest = refusal(request(), "s3", 501, "No", "a < b")
    assert rest.body == b"<Error><Code>No</Code><Message>a &lt; b</Message></Error>"
    query = refusal(request(content_type=FORM), "sns", 501, "No", "why")
    assert b"<ErrorResponse><Error>" in query.body
    document = refusal(request(content_type="application/x-amz-json-1.0"), "sqs", 501, "No", "why")
    assert document.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert json.loads(document.body) == {"__type": "No", "message": "why"}
    binary = refusal(request(smithy_protocol="rpc-v2-cbor"), "monitoring", 501, "No", "why")
    assert binary.body == b"\xa2\x79\x00\x06__type\x79\x00\x02No\x79\x00\x07message\x79\x00\x03why"
