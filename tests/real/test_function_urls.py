"""Functions called by their own URLs: by real HTTP clients, and byte by byte."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from house import Project, opened, wait_until

pytestmark = [pytest.mark.real, pytest.mark.slow]

PAGE = "http://localhost:5173"
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
)
SITE = """
import base64, json, sys, time

def handler(event, context):
    path = event["rawPath"]
    if path == "/page":
        return {"statusCode": 200, "headers": {"Content-Type": "text/html", "X-Name": "caf\\u00e9"},
                "cookies": ["a=1; Path=/", "b=2; HttpOnly"], "body": "<h1>hello</h1>"}
    if path == "/bytes":
        return {"statusCode": 200, "isBase64Encoded": True, "headers": {"Content-Type": "image/png"},
                "body": base64.b64encode(bytes(range(256))).decode()}
    if path == "/text":
        return "just text"
    if path == "/fail":
        raise ValueError("no")
    if path == "/exit":
        sys.exit(3)
    if path == "/slow":
        time.sleep(30)
    if path == "/dated":
        ours = {"date": "yesterday", "X-Amzn-RequestId": "mine", "x-amzn-trace-id": "mine"}
        return {"statusCode": 200, "headers": {**ours, "x-mine": "yes"}}
    if path == "/odd":
        return {"statusCode": "none of these"}
    if path == "/large":
        return {"statusCode": 200, "body": "x" * 6_300_000}
    if path == "/arn":
        return context.invoked_function_arn
    return event
"""
RULES = "methods: [GET, PUT], headers: [content-type], expose: [x-name], max_age: 9"
CORS = f"cors: {{origins: ['{PAGE}'], {RULES}}}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with opened(tmp_path_factory.mktemp("urls")) as project:
        project.function("site", SITE, f"timeout: 1\nurl:\n  {CORS}")
        project.function("bare", SITE, "url: true")
        project.function("closed", SITE, "url: true\nconcurrency: 0")
        project.function("signed", SITE, "url: {auth: AWS_IAM, cors: true}")
        project.function("none", SITE)
        project.start()
        yield project


class Caller:
    """One HTTP client; a name below localhost is called as a browser would, without asking any resolver."""

    def __init__(self, project: Project, function: str, form: str = "name") -> None:
        told = json.loads(project.lam("status", "--json").stdout)["urls"]
        url = next(each["url"] for each in told if each["function"] == function)
        self.host, self.port = url.removeprefix("http://").strip("/").rsplit(":", 1)
        self.url_id = self.host.partition(".")[0]
        self.by_name = form == "name"

    def __call__(
        self, method: str, path: str = "/", body: Any = None, headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        target = path if self.by_name else f"/_url/{self.url_id}{path}"
        named = {"Host": f"{self.host}:{self.port}"} if self.by_name else {}
        return urllib3.request(
            method,
            f"http://127.0.0.1:{self.port}{target}",
            body=body,
            headers={**named, **(headers or {})},
            retries=False,
            redirect=False,
        )


@pytest.fixture(params=["name", "path"])
def site(request: pytest.FixtureRequest, project: Project) -> Caller:
    return Caller(project, "site", request.param)


def lambda_of(project: Project) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=project.record["endpoint"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )


def raw(project: Project, request: bytes) -> tuple[int, str]:
    """Status and body of what is sent byte by byte."""
    with socket.create_connection(("127.0.0.1", project.port), 20) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body.decode()


# What a function sees and says


def test_an_event_tells_the_request(site: Caller) -> None:
    answer = site(
        "PUT", "/a%20b//c?x=1&x=2", b'{"in":1}', {"Content-Type": "application/json", "Cookie": "c=d"}
    )
    event = answer.json()
    assert (event["rawPath"], event["rawQueryString"]) == ("/a%20b//c", "x=1&x=2")
    assert (event["queryStringParameters"], event["cookies"]) == ({"x": "1,2"}, ["c=d"])
    assert (event["body"], event["isBase64Encoded"]) == ('{"in":1}', False)
    assert event["headers"]["host"] == f"{site.host}:{site.port}"
    assert event["requestContext"]["domainName"] == site.host
    assert event["requestContext"]["apiId"] == site.url_id
    assert event["requestContext"]["accountId"] == "anonymous"
    assert event["requestContext"]["http"]["method"] == "PUT"
    assert event["requestContext"]["requestId"] == answer.headers["x-amzn-RequestId"]


def test_an_answer_has_its_status_headers_and_cookies(site: Caller) -> None:
    answer = site("GET", "/page")
    assert (answer.status, answer.data) == (200, b"<h1>hello</h1>")
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["X-Name"].encode("latin-1") == "café".encode()
    assert answer.headers.getlist("Set-Cookie") == ["a=1; Path=/", "b=2; HttpOnly"]
    assert {"date", "x-amzn-trace-id"} <= {name.lower() for name in answer.headers}


def test_what_the_front_says_itself_is_said_once(site: Caller) -> None:
    answer = site("GET", "/dated")
    assert answer.headers["x-mine"] == "yes"
    for name in ("Date", "x-amzn-RequestId", "X-Amzn-Trace-Id"):
        (value,) = answer.headers.getlist(name)
        assert value not in ("yesterday", "mine")


def test_bytes_go_both_ways(site: Caller) -> None:
    assert site("GET", "/bytes").data == bytes(range(256))
    event = site("POST", "/", bytes(range(256)), {"Content-Type": "image/png"}).json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (bytes(range(256)), True)


def test_a_text_needs_no_form(site: Caller) -> None:
    answer = site("GET", "/text")
    assert (answer.data, answer.headers["Content-Type"]) == (b"just text", "application/json")


@pytest.mark.parametrize("path", ["/fail", "/odd", "/large", "/exit", "/slow"])
def test_what_no_answer_can_be_made_of_is_a_bad_gateway(site: Caller, path: str) -> None:
    answer = site("GET", path, headers={"Origin": PAGE})
    assert (answer.status, answer.data) == (502, b"Internal Server Error")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_a_function_without_concurrency_is_throttled(project: Project) -> None:
    answer = Caller(project, "closed")("GET")
    assert answer.status == 429
    assert answer.headers["x-amzn-ErrorType"] == "TooManyRequestsException"
    assert answer.json()["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    points = json.loads(project.lam("metrics", "closed", "--json").stdout)["points"]
    counted = {each["metric"]: each["sum"] for each in points}
    assert counted["Url4xxCount"] == counted["UrlRequestCount"] == counted["Throttles"] == 1
    assert 0 < counted["UrlRequestLatency"] < 60_000


def test_the_log_has_a_line_of_each_request(project: Project) -> None:
    site = Caller(project, "site")
    site("GET", "/line?a=1")
    found = wait_until(
        lambda: re.search(
            r" site GET /line\?a=1 200 [0-9.]+ ms (cold|warm)$", project.log_text(), re.MULTILINE
        ),
        "a line in the service's log",
    )
    assert found


# Odd requests


@pytest.mark.parametrize(
    ("line", "status", "expected"),
    [
        pytest.param("GET / HTTP/1.1", 200, {"rawPath": "/"}, id="a plain one"),
        pytest.param("GET ? HTTP/1.1", 400, None, id="no path"),
        pytest.param("GET /? HTTP/1.1", 200, {"rawPath": "/", "rawQueryString": ""}, id="an empty query"),
        pytest.param("GET //a///b/ HTTP/1.1", 200, {"rawPath": "//a///b/"}, id="double slashes"),
        pytest.param("GET /a%2Fb%2e%2E/../c HTTP/1.1", 200, {"rawPath": "/a%2Fb%2e%2E/../c"}, id="escapes"),
        pytest.param("GET /%zz%00%ff HTTP/1.1", 200, {"rawPath": "/%zz%00%ff"}, id="wrong escapes"),
        pytest.param("GET /caf\xe9 HTTP/1.1", 400, None, id="bytes that are not escaped"),
        pytest.param("GET http://evil.example/x HTTP/1.1", 200, {"rawPath": "/x"}, id="a whole URL"),
        pytest.param(
            "DELETE /_lam/v1/stop HTTP/1.1", 200, {"rawPath": "/_lam/v1/stop"}, id="our own route's path"
        ),
        pytest.param(
            "GET /2015-03-31/functions/ HTTP/1.1", 200, {"rawPath": "/2015-03-31/functions/"}, id="the API's"
        ),
        pytest.param("PATCH / HTTP/1.1", 200, {"rawPath": "/"}, id="PATCH"),
        pytest.param("OPTIONS / HTTP/1.1", 200, {"rawPath": "/"}, id="OPTIONS of no browser"),
        pytest.param("GET / HTTP/1.0", 200, {"rawPath": "/"}, id="an old client"),
        pytest.param("GIVE / HTTP/1.1", 400, None, id="an unknown method"),
        pytest.param("CONNECT evil.example:80 HTTP/1.1", 400, None, id="a proxy's question"),
    ],
)
def test_odd_requests_are_answered(
    project: Project, line: str, status: int, expected: dict[str, object] | None
) -> None:
    host = Caller(project, "bare").host
    found, body = raw(project, f"{line}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert found == status, body
    assert "Traceback" not in body
    if expected is not None:
        assert expected.items() <= json.loads(body).items()


def test_odd_headers_are_answered(project: Project) -> None:
    host = Caller(project, "bare").host
    fields = [
        f"Host: {host}",
        "Connection: close",
        "X-Long: " + "x" * 10_000,
        "X-Bytes: caf\xe9",
        "X-Empty:",
        "X-Twice: 1",
        "x-twice: 2",
    ]
    status, body = raw(project, "\r\n".join(["GET / HTTP/1.1", *fields, "", ""]).encode("latin-1"))
    headers = json.loads(body)["headers"]
    assert status == 200
    assert headers["x-long"] == "x" * 10_000
    assert (headers["x-bytes"], headers["x-empty"], headers["x-twice"]) == ("café", "", "1,2")


def test_head_gets_no_body(project: Project) -> None:
    answer = Caller(project, "bare")("HEAD", "/page")
    assert (answer.status, answer.data, answer.headers["Content-Length"]) == (200, b"", "14")


def test_a_chunked_upload_is_one_body(project: Project) -> None:
    site = Caller(project, "bare")
    connection = http.client.HTTPConnection("127.0.0.1", project.port, timeout=20)
    pieces = (piece for piece in [b"one,", b"", b"two"] if piece)
    connection.request(
        "POST", "/", pieces, {"Host": site.host, "Content-Type": "text/plain"}, encode_chunked=True
    )
    event = json.loads(connection.getresponse().read())
    connection.close()
    assert event["body"] == "one,two"
    assert event["headers"]["content-length"] == "7"
    assert "transfer-encoding" not in event["headers"]


@pytest.mark.parametrize(
    ("size", "content_type", "status"),
    [
        pytest.param(5 * 1024 * 1024, "text/plain", 200, id="text"),
        pytest.param(6 * 1024 * 1024, "text/plain", 413, id="with all around it, it is larger"),
        pytest.param(5 * 1024 * 1024, "image/png", 413, id="bytes are a third longer"),
        pytest.param(80 * 1024 * 1024, "text/plain", 413, id="more than is kept at all"),
    ],
)
def test_an_event_is_at_most_six_megabytes(
    project: Project, size: int, content_type: str, status: int
) -> None:
    answer = Caller(project, "bare")("POST", "/text", b"x" * size, {"Content-Type": content_type})
    assert answer.status == status


# Pages


def test_a_preflight_is_answered_without_the_function(site: Caller, project: Project) -> None:
    runs = sum(message.startswith("START ") for message in project.log_messages())
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = site("OPTIONS", "/any", headers=asked)
    assert (answer.status, answer.data) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"
    assert answer.headers["Access-Control-Max-Age"] == "9"
    assert sum(message.startswith("START ") for message in project.log_messages()) == runs


def test_a_page_that_is_named_may_read_the_answer(site: Caller) -> None:
    answer = site("GET", "/page", headers={"Origin": PAGE, "Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Expose-Headers"] == "x-name"
    assert answer.headers["Vary"] == "Origin"


def test_another_page_may_not(site: Caller) -> None:
    answer = site("GET", "/page", headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_a_configuration_the_function_answers_for_itself(project: Project) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "PUT"}
    answer = Caller(project, "bare")("OPTIONS", "/", headers=asked)
    assert answer.json()["requestContext"]["http"]["method"] == "OPTIONS"
    assert "Access-Control-Allow-Origin" not in answer.headers


# Who may call


def test_a_url_made_over_the_api_needs_two_statements(project: Project) -> None:
    client = lambda_of(project)
    made = client.create_function_url_config(FunctionName="none", AuthType="NONE")
    try:
        none = Caller(project, "none")
        assert made["FunctionUrl"] == f"http://{none.host}:{none.port}/"
        refused = none("GET")
        assert refused.status == 403
        assert refused.headers["x-amzn-ErrorType"] == "AccessDeniedException"
        assert refused.json()["Message"].startswith("Forbidden. For troubleshooting Function URL")
        for number, more in enumerate(
            (
                {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
                {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
            )
        ):
            assert none("GET").status == 403
            client.add_permission(FunctionName="none", StatementId=f"s{number}", Principal="*", **more)
        assert none("GET").status == 200
    finally:
        client.delete_function_url_config(FunctionName="none")
    assert none("GET").status == 403
    assert none("GET").json() == {"Message": None}


@pytest.mark.parametrize("form", ["name", "path"])
def test_an_unknown_url_is_forbidden(project: Project, form: str) -> None:
    nobody = Caller(project, "site", form)
    nobody.host, nobody.url_id = nobody.host.replace(nobody.url_id, "0" * 32), "0" * 32
    answer = nobody("GET", "/page")
    assert (answer.status, answer.json()) == (403, {"Message": None})


def test_another_region_is_another_url(project: Project) -> None:
    site = Caller(project, "site")
    site.host = site.host.replace("us-east-1", "eu-west-1")
    assert site("GET", "/page").status == 403


def test_the_port_in_the_name_is_not_asked(project: Project) -> None:
    """Who comes through a tunnel or a container's port says the one that he knows."""
    site = Caller(project, "site")
    site.host += ":1"
    assert site("GET", "/page", headers={"Host": site.host}).status == 200


def signature(
    caller: Caller, method: str, path: str, body: bytes = b"", key: str = "AKIAX"
) -> dict[str, str]:
    target = path if caller.by_name else f"/_url/{caller.url_id}{path}"
    host = f"{caller.host}:{caller.port}" if caller.by_name else f"127.0.0.1:{caller.port}"
    request = AWSRequest(method, f"http://{host}{target}", data=body)
    SigV4Auth(Credentials(key, "secret"), "lambda", "us-east-1").add_auth(request)
    return dict(request.headers.items())


@pytest.mark.parametrize("form", ["name", "path"])
def test_a_url_with_iam_takes_signed_requests_only(project: Project, form: str) -> None:
    signed = Caller(project, "signed", form)
    assert signed("GET").json()["Message"].startswith("Forbidden.")
    malformed = signed("GET", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x"})
    assert (malformed.status, malformed.headers["x-amzn-ErrorType"]) == (403, "IncompleteSignatureException")
    assert signed("GET", headers={"Authorization": "Bearer x"}).status == 403
    event = signed("GET", "/in", headers=signature(signed, "GET", "/in")).json()
    assert event["requestContext"]["authorizer"]["iam"]["accessKey"] == "AKIAX"
    assert event["requestContext"]["accountId"] == "000000000000"
    preflight = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    assert signed("OPTIONS", headers=preflight).headers["Access-Control-Allow-Origin"] == "*"


def test_an_account_that_no_policy_names_may_not(project: Project) -> None:
    signed = Caller(project, "signed")
    headers = signature(signed, "GET", "/", key="111122223333")
    assert signed("GET", "/", headers=headers).status == 403


# Aliases, and changes while it runs


def test_the_url_of_an_alias_runs_the_alias(project: Project) -> None:
    client = lambda_of(project)
    version = client.publish_version(FunctionName="none")["Version"]
    client.create_alias(FunctionName="none", Name="live", FunctionVersion=version)
    client.create_function_url_config(FunctionName="none", Qualifier="live", AuthType="NONE")
    for number, more in enumerate(
        (
            {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
            {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
        )
    ):
        client.add_permission(
            FunctionName="none", Qualifier="live", StatementId=f"s{number}", Principal="*", **more
        )
    live = Caller(project, "none:live")
    assert live("GET", "/arn").data.decode().endswith(":function:none:live")
    client.delete_alias(FunctionName="none", Name="live")
    assert live("GET", "/arn").status == 403


def test_the_verbs_tell_the_urls(project: Project) -> None:
    site = Caller(project, "site")
    url = f"http://{site.host}:{site.port}/"
    assert url in project.lam("list").stdout
    assert url in project.lam("show", "site").stdout
    assert "not served" not in project.lam("show", "site").stderr
    shown = json.loads(project.lam("list", "--json").stdout)["functions"]
    assert {each["name"]: each["urls"] for each in shown}["site"] == [url]
    assert url in project.lam("start", "--detach").stderr + project.lam("start", "--detach").stdout
