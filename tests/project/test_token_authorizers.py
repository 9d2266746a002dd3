"""JWT and Cognito authorizers of templates check tokens by the key sets that lam.yaml names."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.model.http_apis import Authorizer, AuthorizerKind, HttpApi
from lambdacli.project.loading import load_project
from lambdacli.project.records import ConfigError, Project

ISSUER = "https://login.example.com"
POOL = "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/eu-west-1_abc"
POOL_ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
HEADER = ("$request.header.Authorization",)

SAM = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Front:
    Type: AWS::Serverless::{api}
    Properties: {{StageName: dev, Auth: {{DefaultAuthorizer: {default}, Authorizers: {{Own: {own}}}}}}}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      Events:
        Get:
          Type: {api}
          Properties: {{{member}: !Ref Front, Path: /a, Method: get, Auth: {auth}}}
"""
JWT = f"{{JwtConfiguration: {{issuer: '{ISSUER}', audience: [app]}}, IdentitySource: $request.header.X}}"
POOLED = f"{{UserPoolArn: '{POOL}', AuthorizationScopes: [shop/read]}}"


def load(folder: Path, text: str, keys: str = "") -> Project:
    (folder / "template.yaml").write_text(text)
    if keys:
        (folder / "lam.yaml").write_text(f"jwt_keys: {{'{keys}': jwks.json}}\n")
    return load_project(folder / "template.yaml")


def sam(api: str, own: str, auth: str = "{}", default: str = "Own") -> str:
    member = "ApiId" if api == "HttpApi" else "RestApiId"
    return SAM.format(api=api, own=own, auth=auth, member=member, default=default)


def authorizer(project: Project) -> Authorizer:
    (api,) = project.apis
    (found,) = api.authorizers.values()
    return found


def told(project: Project) -> str:
    return " ".join(f"{each.subject}: {each.text}" for each in project.findings)


@pytest.mark.parametrize("keys", [ISSUER, f"{ISSUER}/"])
def test_a_jwt_authorizer_of_sam_has_the_keys_of_its_issuer(tmp_path: Path, keys: str) -> None:
    project = load(tmp_path, sam("HttpApi", JWT), keys)
    assert authorizer(project) == Authorizer(
        "Own",
        AuthorizerKind.JWT,
        identity=("$request.header.X",),
        issuer=ISSUER,
        audiences=("app",),
        keys=tmp_path / "jwks.json",
    )
    assert f"tokens of {ISSUER} are checked by jwks.json" in told(project)


def test_a_pool_of_cognito_is_an_issuer(tmp_path: Path) -> None:
    project = load(tmp_path, sam("Api", POOLED), POOL_ISSUER)
    assert authorizer(project) == Authorizer(
        "Own", AuthorizerKind.USER_POOL, identity=HEADER, issuer=POOL_ISSUER, keys=tmp_path / "jwks.json"
    )


def test_without_keys_the_authorizer_is_there_and_lets_nobody_in(tmp_path: Path) -> None:
    project = load(tmp_path, sam("HttpApi", JWT))
    (api,) = project.apis
    assert authorizer(project).keys is None and api.routes[0].authorizer == "Own"
    assert f"name the key set of {ISSUER} in lam.yaml, below jwt_keys" in told(project)


@pytest.mark.parametrize(
    ("auth", "authorizer", "scopes"),
    [
        ("{}", "Own", ("shop/read",)),
        ("{AuthorizationScopes: [shop/write]}", "Own", ("shop/write",)),
        ("{Authorizer: NONE}", None, ()),
    ],
)
def test_a_route_has_its_own_scopes_or_those_of_the_authorizer(
    tmp_path: Path, auth: str, authorizer: str | None, scopes: tuple[str, ...]
) -> None:
    (api,) = load(tmp_path, sam("Api", POOLED, auth)).apis
    assert (api.routes[0].authorizer, api.routes[0].scopes) == (authorizer, scopes)


@pytest.mark.parametrize(
    ("api", "own", "auth", "default", "problem"),
    [
        ("HttpApi", "{JwtConfiguration: {audience: [a]}}", "{}", "Own", "has no issuer"),
        ("Api", "{UserPoolArn: somewhere}", "{}", "Own", "names no user pool"),
        ("Api", POOLED, "{Authorizer: Another}", "Own", "Another is no authorizer of the API; known are Own"),
        ("Api", POOLED, "{}", "Another", "Another is no authorizer of the API; known are Own"),
    ],
)
def test_what_leads_to_no_authorizer_is_wrong_and_never_an_open_route(
    tmp_path: Path, api: str, own: str, auth: str, default: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, sam(api, own, auth, default))
    assert problem in str(caught.value)


PLAIN = f"""
Resources:
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      Role: arn:aws:iam::000000000000:role/r
      Code: {{ZipFile: 'x = 1'}}
  Front: {{Type: 'AWS::ApiGateway::RestApi', Properties: {{Name: front}}}}
  Pool:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      Name: pool
      RestApiId: !Ref Front
      Type: COGNITO_USER_POOLS
      ProviderARNs: ['{POOL}']
      IdentitySource: method.request.header.Authorization
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Front
      ResourceId: !GetAtt Front.RootResourceId
      HttpMethod: GET
      AuthorizationType: COGNITO_USER_POOLS
      AuthorizerId: !Ref Pool
      AuthorizationScopes: [shop/read]
      Integration:
        Type: AWS_PROXY
        Uri: !Sub >-
          arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{Hello.Arn}}/invocations
"""


def test_a_method_of_api_gateway_itself_asks_its_pool(tmp_path: Path) -> None:
    project = load(tmp_path, PLAIN, POOL_ISSUER)
    (api,) = project.apis
    assert isinstance(api, HttpApi)
    assert (api.routes[0].authorizer, api.routes[0].scopes) == ("pool", ("shop/read",))
    assert authorizer(project).keys == tmp_path / "jwks.json"
