"""What browsers are told, as tables."""

from __future__ import annotations

import pytest

from lambdacli.model.function_url import Cors
from lambdacli.triggers.cors import answer_preflight, is_preflight, with_cors
from lambdacli.triggers.http_request import Header

PAGE = "https://page.example"
EVERYBODY = Cors(allow_origins=("*",), allow_methods=("*",), allow_headers=("*",), max_age_seconds=60)
ONE = Cors(
    allow_origins=(PAGE, "http://localhost:5173"),
    allow_methods=("GET", "PUT"),
    allow_headers=("x-a", "content-type"),
    expose_headers=("x-b", "date"),
)
TRUSTED = Cors(allow_origins=("*",), allow_methods=("*",), allow_headers=("*",), allow_credentials=True)


def asked(origin: str = PAGE, method: str = "PUT", headers: str = "x-a") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        pytest.param("OPTIONS", asked(), True, id="asked by a browser"),
        pytest.param("OPTIONS", {"origin": PAGE}, False, id="no method asked for"),
        pytest.param("OPTIONS", {"access-control-request-method": "PUT"}, False, id="no origin"),
        pytest.param("GET", asked(), False, id="another method"),
    ],
)
def test_what_is_a_preflight(method: str, headers: dict[str, str], expected: bool) -> None:
    assert is_preflight(method, headers) is expected


@pytest.mark.parametrize(
    ("cors", "headers", "expected"),
    [
        pytest.param(
            EVERYBODY,
            asked(),
            [
                ("Access-Control-Allow-Origin", "*"),
                ("Access-Control-Allow-Methods", "*"),
                ("Access-Control-Allow-Headers", "*"),
                ("Access-Control-Max-Age", "60"),
            ],
            id="everybody may",
        ),
        pytest.param(
            ONE,
            asked(),
            [
                ("Access-Control-Allow-Origin", PAGE),
                ("Vary", "Origin"),
                ("Access-Control-Allow-Methods", "GET, PUT"),
                ("Access-Control-Allow-Headers", "x-a, content-type"),
            ],
            id="this page may",
        ),
        pytest.param(ONE, asked("https://other.example"), [("Vary", "Origin")], id="another page may not"),
        pytest.param(ONE, asked(f"{PAGE}.evil"), [("Vary", "Origin")], id="a page named alike may not"),
        pytest.param(Cors(allow_methods=("*",)), asked(), [("Vary", "Origin")], id="no page is named"),
        pytest.param(
            TRUSTED,
            asked(),
            [
                ("Access-Control-Allow-Origin", PAGE),
                ("Access-Control-Allow-Credentials", "true"),
                ("Vary", "Origin"),
                ("Access-Control-Allow-Methods", "PUT"),
                ("Access-Control-Allow-Headers", "x-a"),
            ],
            id="with credentials everything is named",
        ),
    ],
)
def test_a_preflight_is_answered(cors: Cors, headers: dict[str, str], expected: list[Header]) -> None:
    answer = answer_preflight(cors, headers)
    assert (answer.status, list(answer.headers), answer.body) == (200, expected, b"")


@pytest.mark.parametrize(
    ("cors", "headers", "expected"),
    [
        pytest.param(ONE, {}, [("X", "1"), ("access-control-allow-origin", "own")], id="no browser asks"),
        pytest.param(
            ONE,
            {"origin": PAGE},
            [
                ("X", "1"),
                ("Access-Control-Allow-Origin", PAGE),
                ("Vary", "Origin"),
                ("Access-Control-Expose-Headers", "x-b, date"),
            ],
            id="the configuration wins over the function",
        ),
        pytest.param(
            EVERYBODY, {"origin": "null"}, [("X", "1"), ("Access-Control-Allow-Origin", "*")], id="everybody"
        ),
    ],
)
def test_an_answer_gets_the_headers_of_its_configuration(
    cors: Cors, headers: dict[str, str], expected: list[Header]
) -> None:
    assert list(with_cors(cors, headers, [("X", "1"), ("access-control-allow-origin", "own")])) == expected
