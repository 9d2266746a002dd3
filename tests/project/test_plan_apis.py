"""The steps that bring HTTP APIs before functions: what differs, and nothing that is somebody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambdacli.model.comparing import is_api_of
from lambdacli.model.deployment import (
    Actual,
    ActualApi,
    Answered,
    Wanted,
    WantedApi,
    WantedFunction,
    WantedRoute,
)
from lambdacli.model.masking import MASK
from lambdacli.project.plan_apis import creation_steps, steps_of_api, with_api_statements

URI = "arn:aws:lambda:us-east-1:123456789012:function:{}:live"
JWT = {
    "AuthorizerType": "JWT",
    "IdentitySource": ["$request.header.Authorization"],
    "JwtConfiguration": {"Issuer": "https://issuer.example", "Audience": ["shop"]},
}
API = WantedApi(
    name="shop",
    tag="items",
    owners=frozenset({"items", "orders"}),
    arn_prefix="arn:aws:execute-api:us-east-1:123456789012:",
    stage="$default",
    payload="2.0",
    timeout_milliseconds=30_000,
    cors={"AllowOrigins": ["*"], "AllowHeaders": ["Content-Type"]},
    authorizers={"users": JWT},
    routes=(
        WantedRoute("GET /items", "items"),
        WantedRoute("POST /orders", "orders", "users", ("write",)),
    ),
    uris={name: URI.format(name) for name in ("items", "orders")},
)
THERE = ActualApi(
    "a1",
    cors={"AllowOrigins": ["*"], "AllowHeaders": ["content-type"], "AllowCredentials": False, "MaxAge": 0},
    stage={"StageName": "$default", "AutoDeploy": True},
    integrations=tuple(
        {
            "IntegrationId": f"i-{name}",
            "IntegrationUri": URI.format(name),
            "PayloadFormatVersion": "2.0",
            "TimeoutInMillis": 30_000,
        }
        for name in ("items", "orders")
    ),
    routes=(
        {"RouteId": "r1", "RouteKey": "GET /items", "Target": "integrations/i-items"},
        {
            "RouteId": "r2",
            "RouteKey": "POST /orders",
            "Target": "integrations/i-orders",
            "AuthorizationType": "JWT",
            "AuthorizerId": "z1",
            "AuthorizationScopes": ["write"],
        },
    ),
    authorizers=({"AuthorizerId": "z1", "Name": "users", **JWT},),
)
MADE = ["CreateStage", "CreateAuthorizer", *["CreateIntegration"] * 2, *["CreateRoute"] * 2]
STRANGER = {"RouteId": "r9", "RouteKey": "GET /by-hand", "Target": "integrations/i-items"}


def operations(wanted: WantedApi, there: ActualApi | None) -> list[str]:
    return [step.operation for step in (*creation_steps(wanted, there), *steps_of_api(wanted, there))]


@pytest.mark.parametrize(
    ("wanted", "there", "planned"),
    [
        pytest.param(API, THERE, [], id="nothing differs"),
        pytest.param(
            API,
            None,
            [
                "CreateApi",
                "CreateStage",
                "CreateAuthorizer",
                *["CreateIntegration"] * 2,
                *["CreateRoute"] * 2,
            ],
            id="all is new",
        ),
        pytest.param(
            API,
            ActualApi("a1", cors=THERE.cors),
            MADE,
            id="stopped after the first call",
        ),
        pytest.param(replace(API, cors=None), THERE, ["DeleteCorsConfiguration"], id="CORS ends"),
        pytest.param(replace(API, cors={"AllowOrigins": ["a"]}), THERE, ["UpdateApi"], id="CORS changes"),
        pytest.param(replace(API, stage_variables={"a": "b"}), THERE, ["UpdateStage"], id="stage variables"),
        pytest.param(replace(API, payload="1.0"), THERE, ["UpdateIntegration"] * 2, id="payload format"),
        pytest.param(
            replace(API, routes=(WantedRoute("GET /items", "orders"), API.routes[1])),
            THERE,
            ["UpdateRoute", "DeleteIntegration"],
            id="a route leads elsewhere",
        ),
        pytest.param(
            replace(API, routes=(*API.routes[:1], replace(API.routes[1], authorizer=None, scopes=()))),
            THERE,
            ["UpdateRoute"],
            id="a route is open now",
        ),
        pytest.param(
            API, replace(THERE, routes=(*THERE.routes, STRANGER)), ["DeleteRoute"], id="a route by hand"
        ),
        pytest.param(
            replace(API, is_whole=False, routes=API.routes[:1], authorizers={}),
            THERE,
            [],
            id="one function alone leaves what is of the others",
        ),
        pytest.param(
            replace(API, authorizers={"users": {**JWT, "IdentitySource": ["$request.querystring.t"]}}),
            THERE,
            ["UpdateAuthorizer"],
            id="an authorizer looks elsewhere",
        ),
    ],
)
def test_an_api_is_brought_to_what_is_wanted(wanted, there, planned):
    assert operations(wanted, there) == planned


def test_what_is_deleted_is_asked_about_and_named():
    (step,) = steps_of_api(API, replace(THERE, routes=(*THERE.routes, STRANGER)))
    assert step.is_destructive
    assert step.title == "delete the route GET /by-hand of the API shop"


def test_a_route_tells_its_function_and_not_a_number():
    moved = replace(API, routes=(WantedRoute("GET /items", "orders"), API.routes[1]), is_whole=False)
    (step,) = steps_of_api(moved, THERE)
    (change,) = step.changes
    assert (change.what, change.before, change.after) == ("route GET /items function", "items", "orders")


def test_stage_variables_that_may_be_secrets_are_not_shown():
    before = replace(THERE, stage={"AutoDeploy": True, "StageVariables": {"DB_PASSWORD": "hunter1"}})
    wanted = replace(API, stage_variables={"DB_PASSWORD": "hunter2", "color": "blue"})
    (step,) = steps_of_api(wanted, before)
    assert [(change.what, change.before, change.after) for change in step.changes] == [
        ("stage $default variable DB_PASSWORD", MASK, MASK),
        ("stage $default variable color", None, "blue"),
    ]


def test_an_api_may_invoke_its_functions_and_no_others():
    wanted = Wanted((), apis=(API,))
    invoked = with_api_statements(WantedFunction("items", "live"), wanted, Actual(apis={"shop": THERE}))
    source = "arn:aws:execute-api:us-east-1:123456789012:a1/*/*"
    assert invoked.statements["lam-api-shop"]["SourceArn"] == source
    new = with_api_statements(WantedFunction("items", "live"), wanted, Actual())
    form = "arn:aws:execute-api:us-east-1:123456789012:{}/*/*"
    assert new.statements["lam-api-shop"]["SourceArn"] == Answered("api shop", "ApiId", form)
    assert with_api_statements(WantedFunction("mail", "live"), wanted, Actual()).statements == {}


@pytest.mark.parametrize(
    ("tags", "uris", "is_ours"),
    [
        pytest.param({"lam:function": "items"}, [], True, id="made for a function of ours"),
        pytest.param({"lam:function": "gone"}, [URI.format("orders")], True, id="leads to one of ours"),
        pytest.param({"lam:function": "mail"}, [URI.format("mail")], False, id="another project's"),
        pytest.param({}, [URI.format("orders")], False, id="made by hand"),
    ],
)
def test_names_of_apis_are_not_unique_so_what_they_lead_to_tells(tags, uris, is_ours):
    integrations = [{"IntegrationUri": uri} for uri in uris]
    assert is_api_of(API.owners, {"Tags": tags}, integrations) is is_ours
