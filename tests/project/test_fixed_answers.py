"""Tests of what a REST API of a template answers by itself, and of APIs that only Globals describe."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from lambdacli.model.http_apis import FixedAnswer, HttpApi
from lambdacli.project.loading import load_project

FUNCTION = """\
F:
  Type: AWS::Serverless::Function
  Properties: {InlineCode: x, Runtime: python3.13, Handler: index.handler, Events: {A: %s}}
"""
IMPLICIT = FUNCTION % "{Type: Api, Properties: {Path: /a, Method: %s}}"
DECIDER = """\
Api:
  Type: AWS::Serverless::Api
  Properties:
    StageName: dev
    Cors: "'*'"
    Auth:
      DefaultAuthorizer: Mine
      %s
      Authorizers: {Mine: {FunctionArn: !GetAtt F.Arn}}
"""
MOCK = """\
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: legacy}}
Ask:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    ResourceId: !GetAtt Api.RootResourceId
    HttpMethod: OPTIONS
    Integration:
      Type: MOCK
      IntegrationResponses: [%s]
"""


def api(folder: Path, resources: str, globals_: str = "{}") -> HttpApi:
    text = f"Transform: AWS::Serverless-2016-10-31\nGlobals: {globals_}\nResources:\n"
    (folder / "template.yaml").write_text(text + indent(resources, "  "))
    (found,) = load_project(folder / "template.yaml").apis
    return found


def preflight(found: HttpApi) -> FixedAnswer:
    (answer,) = [route.fixed for route in found.routes if route.key.method == "OPTIONS"]
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("cors", "method", "headers"),
    [
        (
            "\"'*'\"",
            "get",
            {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET,OPTIONS"},
        ),
        (
            "{AllowOrigin: \"'http://a'\", AllowHeaders: \"'X'\", AllowMethods: \"'GET'\", MaxAge: \"'9'\", "
            "AllowCredentials: true}",
            "get",
            {
                "Access-Control-Allow-Origin": "http://a",
                "Access-Control-Allow-Methods": "GET",
                "Access-Control-Allow-Headers": "X",
                "Access-Control-Max-Age": "9",
                "Access-Control-Allow-Credentials": "true",
            },
        ),
        (
            "\"'*'\"",
            "any",
            {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Allow-Methods": "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT",
            },
        ),
    ],
    ids=["an origin alone", "everything said", "a path that takes all methods"],
)
def test_cors_of_globals_makes_a_preflight_for_each_path_of_the_implicit_api(
    tmp_path: Path, cors: str, method: str, headers: dict[str, Any]
) -> None:
    answer = preflight(api(tmp_path, IMPLICIT % method, f"{{Api: {{Cors: {cors}}}}}"))
    assert dict(answer.headers) == {**headers, "Content-Type": "application/json"}
    assert (answer.status, answer.body) == (200, "{}\n")


def test_a_function_that_takes_options_itself_is_asked(tmp_path: Path) -> None:
    found = api(tmp_path, IMPLICIT % "options", "{Api: {Cors: \"'*'\"}}")
    assert [(str(route.key), route.function) for route in found.routes] == [("OPTIONS /a", "F")]


def test_globals_say_how_an_implicit_http_api_answers_browsers(tmp_path: Path) -> None:
    event = FUNCTION % "{Type: HttpApi, Properties: {Path: /a, Method: GET}}"
    found = api(tmp_path, event, "{HttpApi: {CorsConfiguration: {AllowOrigins: ['http://a']}}}")
    assert found.name == "serverlesshttpapi"
    assert found.cors is not None
    assert found.cors.allow_origins == ("http://a",)


@pytest.mark.parametrize(
    ("said", "authorizer"), [("", "Mine"), ("AddDefaultAuthorizerToCorsPreflight: false", None)]
)
def test_the_default_authorizer_guards_preflights_unless_it_is_told_not_to(
    tmp_path: Path, said: str, authorizer: str | None
) -> None:
    event = FUNCTION % "{Type: Api, Properties: {Path: /a, Method: get, RestApiId: !Ref Api}}"
    found = api(tmp_path, DECIDER % said + event)
    asked = {route.key.method: route.authorizer for route in found.routes}
    assert asked == {"GET": "Mine", "OPTIONS": authorizer}


ORIGIN = "ResponseParameters: {method.response.header.Access-Control-Allow-Origin: \"'*'\"}"


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            f"{{StatusCode: 204, {ORIGIN}}}",
            FixedAnswer(204, (("Access-Control-Allow-Origin", "*"),)),
        ),
        (
            "{StatusCode: '200', ResponseTemplates: {application/json: '{\"ok\": true}'}}",
            FixedAnswer(200, (("Content-Type", "application/json"),), '{"ok": true}'),
        ),
        (
            "{StatusCode: '200', ResponseTemplates: {application/json: '#set($a = 1)'}}",
            FixedAnswer(200, (("Content-Type", "application/json"),)),
        ),
        (
            "{StatusCode: '500', SelectionPattern: '5..'}, {StatusCode: '204'}",
            FixedAnswer(204),
        ),
    ],
    ids=["a preflight", "a text", "a program", "the response without a pattern"],
)
def test_a_mock_integration_is_answered_by_the_api(
    tmp_path: Path, response: str, expected: FixedAnswer
) -> None:
    assert preflight(api(tmp_path, MOCK % response)) == expected
