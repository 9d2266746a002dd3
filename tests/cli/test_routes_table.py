"""The table of routes that `lam start` and `lam status` print."""

from __future__ import annotations

import io

from lambdacli.cli.routes_table import routes_table


def test_without_routes_there_is_no_table() -> None:
    assert routes_table({}, io.StringIO()) == []
    assert (
        routes_table({"apis": [{"name": "x", "kind": "http", "routes": []}], "urls": []}, io.StringIO()) == []
    )


def test_routes_and_urls_stand_in_one_table() -> None:
    routes = [
        {"route": "GET /", "function": "items", "authorizer": None, "url": "http://h/_api/"},
        {"route": "$default", "function": "all", "authorizer": "mine", "url": "http://h/_api/"},
    ]
    status = {
        "apis": [{"name": "default", "kind": "http", "routes": routes}],
        "urls": [
            {"function": "site", "url": "http://id.lambda-url.r.localhost/", "auth": "NONE"},
            {"function": "site:live", "url": "http://di.lambda-url.r.localhost/", "auth": "AWS_IAM"},
        ],
    }
    assert routes_table(status, io.StringIO()) == [
        "API             ROUTE     FUNCTION             URL",
        "default (http)  GET /     items                http://h/_api/",
        "default (http)  $default  all [mine]           http://h/_api/",
        "function URL    ANY /     site                 http://id.lambda-url.r.localhost/",
        "function URL    ANY /     site:live [AWS_IAM]  http://di.lambda-url.r.localhost/",
    ]
