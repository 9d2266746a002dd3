"""Which route a message selects, and which expressions are none."""

from __future__ import annotations

import pytest

from lambdacli.model.http_apis import RouteError
from lambdacli.model.route_selection import parse_selection


@pytest.mark.parametrize(
    ("expression", "message", "selected"),
    [
        ("$request.body.action", '{"action": "send"}', "send"),
        ("${request.body.action}", '{"action": "send"}', "send"),
        ("$request.body.data.kind", '{"data": {"kind": "send"}}', "send"),
        ("${request.body.kind}-${request.body.version}", '{"kind": "send", "version": 2}', "send-2"),
        ("v$request.body.version", '{"version": 1.5}', "v1.5"),
        ("$request.body.is_new", '{"is_new": true}', "true"),
        ("$request.body.action", '{"action": ""}', ""),
        ("\\$default", "no JSON", "$default"),
        ("$request.body.action", '{"action": null}', None),
        ("$request.body.action", '{"action": {"a": 1}}', None),
        ("$request.body.action", '{"other": "send"}', None),
        ("$request.body.action", '["action"]', None),
        ("$request.body.action", '"send"', None),
        ("$request.body.action", "send", None),
        ("$request.body.action", "", None),
        ("$request.body.a.b", '{"a": "text"}', None),
        ("$request.body.action", "[" * 100_000, None),
    ],
)
def test_what_a_message_selects(expression, message, selected):
    assert parse_selection(expression).route_of(message) == selected


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "the expression is empty"),
        ("$", "$ has a $ that begins nothing"),
        ("${request.body.a", "has a $ that begins nothing"),
        ("a\\", "has a \\ that begins nothing"),
        ("$request.header.a", "asks for more than a message has: $request.header.a"),
        ("$request.body", "asks for more than a message has: $request.body"),
        ("${request.body..a}", "asks for more than a message has"),
        ("$context.routeKey", "asks for more than a message has: $context.routeKey"),
    ],
)
def test_what_is_no_expression(expression, problem):
    with pytest.raises(RouteError) as caught:
        parse_selection(expression)
    assert problem in caught.value.message
    assert "$request.body.action" in caught.value.hint
