"""How routes are written, and where an API is."""

from __future__ import annotations

import pytest

from lambdacli.model.http_apis import ApiKind, HttpApi, RouteError, parse_route, shape_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /", "GET /"),
        ("get /items/{id}", "GET /items/{id}"),
        ("  ANY   /{proxy+} ", "ANY /{proxy+}"),
        ("POST /a.b/~c/@d/e-f_g", "POST /a.b/~c/@d/e-f_g"),
        ("$default", "$default"),
    ],
)
def test_a_route(text, shown):
    assert str(parse_route(text)) == shown


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", '"" is no route', "a method and a path, for example GET /items/{id}"),
        ("/items", '"/items" is no route', "a method and a path, for example GET /items/{id}"),
        ("GET /a b", '"GET /a b" is no route', "a method and a path, for example GET /items/{id}"),
        (
            "FETCH /a",
            "FETCH is no method of a route",
            "one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, ANY",
        ),
        ("GET items", "the path items does not begin with a slash", "write GET /items"),
        ("GET /a//b", "the path /a//b has an empty segment", "leave out the slash too many"),
        ("GET /a/", "the path /a/ has an empty segment", "leave out the slash too many"),
        (
            "GET /a?b=1",
            "the path /a?b=1 has a query",
            "a route is a path only; the query is in the event",
        ),
        (
            "GET /x{id}",
            "x{id} is no parameter",
            "a parameter is a whole segment, as {id}, or {proxy+} at the end",
        ),
        ("GET /{a+}/b", "{a+} does not end the path /{a+}/b", "only the last segment may have a +"),
        ("GET /{a}/{a}", "{a} stands twice in /{a}/{a}", "give each parameter a name of its own"),
    ],
)
def test_what_is_no_route_says_why(text, message, hint):
    with pytest.raises(RouteError) as caught:
        parse_route(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_names_of_parameters_tell_no_routes_apart():
    assert shape_of(parse_route("GET /a/{x}")) == shape_of(parse_route("GET /a/{y}"))
    assert shape_of(parse_route("GET /a/{x}")) != shape_of(parse_route("GET /a/{x+}"))
    assert shape_of(parse_route("GET /a/{x}")) != shape_of(parse_route("POST /a/{x}"))


@pytest.mark.parametrize(
    ("api", "host", "prefix"),
    [
        (HttpApi("shop"), "shop.execute-api.eu-west-1.localhost", "/_api/shop"),
        (HttpApi("shop", stage="dev"), "shop.execute-api.eu-west-1.localhost", "/_api/shop/dev"),
        (HttpApi("front", ApiKind.ALB), "front.elb.eu-west-1.localhost", "/_alb/front"),
    ],
)
def test_where_an_api_is(api, host, prefix):
    assert (api.host("eu-west-1"), api.path_prefix) == (host, prefix)
