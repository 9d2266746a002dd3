"""What a REST API of a template answers by itself: mock integrations, most of them preflights of CORS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lambdacli.model.http_apis import ANY, METHODS, FixedAnswer, Route, RouteKey
from lambdacli.project.stack.values import Values, text_of

PREFLIGHT = "OPTIONS"

_HEADER = "method.response.header."
_JSON = "application/json"
_NO_CONTENT = 204
_TEMPLATE_SIGNS = "$#"
_SAM_BODY = "{}\n"


def mock_answer(integration: Values | None) -> FixedAnswer | None:
    """Of an `AWS::ApiGateway::Method`; None where it is no mock integration."""
    if integration is None or (integration.text("Type") or "").upper() != "MOCK":
        return None
    return _answer(
        integration.raw("IntegrationResponses"), "StatusCode", "ResponseParameters", "ResponseTemplates"
    )


def mock_answer_of_definition(integration: Values) -> FixedAnswer | None:
    """The same as OpenAPI's extension writes it."""
    if (integration.text("type") or "").upper() != "MOCK":
        return None
    responses = integration.raw("responses")
    told = list(responses.values()) if isinstance(responses, Mapping) else []
    return _answer(told, "statusCode", "responseParameters", "responseTemplates")


def preflight_answer(cors: Values | str, methods: Iterable[str]) -> FixedAnswer:
    """As SAM's `Cors` of an API makes it for each of its paths."""
    if isinstance(cors, str):
        origin, said = cors, dict[str, str | None]()
    else:
        origin = cors.text("AllowOrigin") or "*"
        said = {
            "Access-Control-Allow-Headers": cors.text("AllowHeaders"),
            "Access-Control-Max-Age": cors.text("MaxAge"),
            "Access-Control-Allow-Credentials": "true" if cors.flag("AllowCredentials") else None,
        }
    own = None if isinstance(cors, str) else cors.text("AllowMethods")
    told = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": own or ",".join(_named(methods)),
        **said,
    }
    headers = tuple((name, _unquoted(value)) for name, value in told.items() if value)
    return FixedAnswer(200, (*headers, ("Content-Type", _JSON)), _SAM_BODY)


def _named(methods: Iterable[str]) -> list[str]:
    there = {*methods, PREFLIGHT}
    return sorted(set(METHODS) - {ANY} if ANY in there else there)


def preflights(routes: Iterable[Route], cors: Values | str, authorizer: str | None) -> list[Route]:
    """For each path that has no method of that name itself."""
    methods: dict[str, list[str]] = {}
    for route in routes:
        methods.setdefault(route.key.path, []).append(route.key.method)
    return [
        Route(RouteKey(PREFLIGHT, path), "", authorizer, fixed=preflight_answer(cors, there))
        for path, there in methods.items()
        if PREFLIGHT not in there
    ]


def _answer(responses: Any, status: str, parameters: str, templates: str) -> FixedAnswer:
    told = [each for each in responses if isinstance(each, Mapping)] if isinstance(responses, list) else []
    chosen = next((each for each in told if not each.get("SelectionPattern")), told[0] if told else {})
    code = text_of(chosen.get(status)) or ""
    given = chosen.get(parameters)
    headers = tuple(
        (name.removeprefix(_HEADER), _unquoted(value))
        for name, value in (given.items() if isinstance(given, Mapping) else ())
        if name.startswith(_HEADER) and isinstance(value, str)
    )
    status_code = int(code) if code.isdigit() else 200
    has_type = status_code == _NO_CONTENT or any(name.lower() == "content-type" for name, _ in headers)
    own = () if has_type else (("Content-Type", _JSON),)
    return FixedAnswer(status_code, (*headers, *own), _body(chosen.get(templates)))


def _body(templates: Any) -> str:
    """A template that does more than stand there is not run."""
    written = templates.get(_JSON) if isinstance(templates, Mapping) else None
    is_plain = isinstance(written, str) and not any(sign in written for sign in _TEMPLATE_SIGNS)
    return written if is_plain and isinstance(written, str) else ""


def _unquoted(value: str) -> str:
    """Static values stand in single quotes."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value
