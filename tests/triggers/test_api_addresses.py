"""Which API a request is for."""

from __future__ import annotations

import pytest
from api_calls import routes

from lambdacli.model.http_apis import ApiKind, HttpApi
from lambdacli.triggers.api_addresses import address_of, api_at, path_of, shown_name

APIS = {
    "default": HttpApi("default", routes=routes("GET /items", "GET /", "GET /shop/x", "$default")),
    "shop": HttpApi("shop", ApiKind.REST, "1.0", "dev", routes=routes("GET /items")),
    "front": HttpApi("front", ApiKind.ALB, routes=routes("GET /items")),
}


@pytest.mark.parametrize(
    ("host", "path", "name", "seen"),
    [
        ("shop.execute-api.eu-west-1.localhost:4566", "/dev/items", "shop", "/dev/items"),
        ("SHOP.execute-api.EU-west-1.localhost.", "/", "shop", "/"),
        ("front.elb.eu-west-1.localhost", "/a", "front", "/a"),
        ("shop.execute-api.eu-west-1.localhost", "/_api/default/x", "shop", "/_api/default/x"),
        ("127.0.0.1:4566", "/_api/shop/dev/items", "shop", "/dev/items"),
        ("127.0.0.1:4566", "/_api/shop/", "shop", "/"),
        ("127.0.0.1:4566", "/_api/shop", "shop", "/"),
        ("127.0.0.1:4566", "/_alb/front/a/b/", "front", "/a/b/"),
        ("127.0.0.1:4566", "/_api/default/items", "default", "/items"),
        ("127.0.0.1:4566", "/_api/items/", "default", "/items/"),
        ("127.0.0.1:4566", "/_api/a%2Fb//c", "default", "/a%2Fb//c"),
        ("127.0.0.1:4566", "/_api//items", "default", "//items"),
        ("127.0.0.1:4566", "/_api/", "default", "/"),
        ("127.0.0.1:4566", "/_api", "default", "/"),
        ("127.0.0.1:4566", "/_api/front/a", "default", "/front/a"),
    ],
)
def test_an_api_and_the_path_that_it_sees(host, path, name, seen):
    found = api_at(APIS, address_of(host, path), "eu-west-1")
    assert found == (APIS[name], seen)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("shop.execute-api.us-east-1.localhost", "/"),
        ("nobody.execute-api.eu-west-1.localhost", "/"),
        ("front.execute-api.eu-west-1.localhost", "/"),
        ("shop.elb.eu-west-1.localhost", "/"),
        ("127.0.0.1", "/_alb/shop/"),
    ],
)
def test_no_api_is_there(host, path):
    assert api_at(APIS, address_of(host, path), "eu-west-1") is None


def test_a_route_is_told_as_short_as_it_can_be():
    told = [path_of(api, route, APIS) for api in APIS.values() for route in api.routes]
    assert told == [
        "/_api/items",
        "/_api/",
        "/_api/default/shop/x",
        "/_api/",
        "/_api/shop/dev/items",
        "/_alb/front/items",
    ]


def test_an_api_of_a_template_is_reached_by_what_people_call_it_too():
    apis = {
        "httpapi": HttpApi("httpapi", routes=routes("GET /items"), other_names=("orders", "HttpApi")),
        "plain": HttpApi("plain", routes=routes("GET /"), other_names=("Plain",)),
        "twice": HttpApi("twice", routes=routes("GET /"), other_names=("same",)),
        "again": HttpApi("again", routes=routes("GET /"), other_names=("same", "plain")),
    }
    for name, found in [
        ("orders", "httpapi"),
        ("HttpApi", "httpapi"),
        ("httpapi", "httpapi"),
        ("plain", "plain"),
        ("same", None),
    ]:
        at = api_at(apis, address_of("127.0.0.1", f"/_api/{name}/items"), "eu-west-1")
        assert (at and at[0].name) == found
    assert api_at(apis, address_of("orders.execute-api.eu-west-1.localhost", "/"), "eu-west-1") is None
    assert [shown_name(api, apis) for api in apis.values()] == ["orders", "plain", "twice", "again"]
    api = apis["httpapi"]
    assert path_of(api, api.routes[0], apis) == "/_api/orders/items"
