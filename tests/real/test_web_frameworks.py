"""The web frameworks that people use, unchanged, behind every front: by a real HTTP client."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urljoin

import pytest
from web_house import Site, urls_of, web_project

from tests.real.streams_house import gate
from tests.real.toolchains import need

pytestmark = [pytest.mark.real, pytest.mark.slow]

PAGE = "http://page.example"
FRONTS = ("url", "web", "rest", "balancer")
TEXT_BYTES = {"url": 5_900_000, "web": 5_900_000, "rest": 4_400_000, "balancer": 1_000_000}
"""Nearly the most that fits: a REST API with binary media types sends all as base64, a third longer."""


@dataclass(frozen=True)
class App:
    name: str
    function: str = "app"
    """The one with a URL."""
    ending: str = ""
    """Of the names of its APIs."""
    fronts: Sequence[str] = FRONTS
    balancer_has_all_values: bool = True
    """Of queries and headers that are repeated."""
    not_there: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    """What it cannot do on AWS either."""

    @property
    def framework(self) -> str:
        return self.name.partition(" ")[0]


class Visited(Site):
    """A front of an app."""

    def __init__(self, url: str, app: App, front: str) -> None:
        super().__init__(url)
        self.app = app
        self.front = front


# What every app answers


def a_page_and_its_letters(site: Visited) -> None:
    answer = site.ask("GET /")
    assert (answer.status, answer.data.decode()) == (200, "<h1>Käse & Brot</h1>")
    assert answer.headers["content-type"].replace(" ", "").lower() == "text/html;charset=utf-8"


def path_and_query(site: Visited) -> None:
    answer = site.ask("GET /items/7?q=a%20b&q=%C3%A4%26&other=1")
    values = ["ä&"] if site.front == "balancer" and not site.app.balancer_has_all_values else ["a b", "ä&"]
    assert answer.json() == {"item": "7", "q": values}
    assert answer.headers["x-framework"] == site.app.framework
    assert answer.headers["content-type"].startswith("application/json")


def a_path_beyond_ascii(site: Visited) -> None:
    assert site.json("GET /items/K%C3%A4se%20%E6%9D%B1%E4%BA%AC") == {"item": "Käse 東京", "q": []}


def head(site: Visited) -> None:
    answer = site.ask("HEAD /items/7")
    assert (answer.status, answer.data) == (200, b"")
    assert answer.headers["x-framework"] == site.app.framework


def json_posted(site: Visited) -> None:
    document = '{"name": "Käse", "list": [1, 2.5, null, {"deep": true}]}'.encode()
    told = site.json("POST /json", document, content_type="application/json")
    assert told == {"name": "Käse", "list": [1, 2.5, None, {"deep": True}]}


def a_form(site: Visited) -> None:
    form = b"name=K%C3%A4se+und+Brot&colour=red&colour=blue"
    told = site.json("POST /form", form, content_type="application/x-www-form-urlencoded")
    assert told == {"name": "Käse und Brot", "colour": ["red", "blue"]}


def a_file(site: Visited) -> None:
    data = bytes(range(256)) * 400
    fields = {"note": "Grüße", "file": ("some.bin", data, "application/octet-stream")}
    assert site.json("POST /upload", fields) == {
        "name": "some.bin",
        "note": "Grüße",
        "type": "application/octet-stream",
        "digest": hashlib.sha256(data).hexdigest(),
    }


def a_picture(site: Visited) -> None:
    answer = site.ask("GET /picture", accept="image/png")
    assert answer.headers["content-type"] == "image/png"
    assert (answer.data[:8], len(answer.data)) == (b"\x89PNG\r\n\x1a\n", 69)


def an_encoded_answer(site: Visited) -> None:
    answer = site.ask("GET /zipped", accept_encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json() == {"zipped": True}


def cookies(site: Visited) -> None:
    set_cookies = site.ask("GET /login").headers.getlist("set-cookie")
    jar = SimpleCookie()
    for each in set_cookies:
        jar.load(each)
    assert {name: morsel.value for name, morsel in jar.items()} == {"user": "ada", "theme": "dark"}
    assert jar["user"]["httponly"] is True
    sent = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
    assert site.json("GET /me", cookie=sent) == {"user": "ada", "theme": "dark"}
    assert site.json("GET /me") == {"user": None, "theme": None}


def a_redirect(site: Visited) -> None:
    answer = site.ask("GET /old")
    assert answer.status == 302
    target = urljoin(f"{site.url}/old", answer.headers["location"])
    assert site.json(f"GET {target.removeprefix(site.url)}") == {"item": "7", "q": ["moved"]}


def another_page_asks_first(site: Visited) -> None:
    asked = {"access_control_request_method": "GET", "access_control_request_headers": "x-token"}
    answer = site.ask("OPTIONS /items/7", origin=PAGE, **asked)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "GET" in answer.headers["access-control-allow-methods"]
    assert "x-token" in answer.headers["access-control-allow-headers"].lower()


def another_page_reads(site: Visited) -> None:
    answer = site.ask("GET /items/7", origin=PAGE)
    assert answer.headers.getlist("access-control-allow-origin") == [PAGE]
    assert answer.headers["access-control-allow-credentials"] == "true"


def not_found_by_the_framework(site: Visited) -> None:
    answer = site.ask("GET /nowhere")
    assert answer.status == 404
    assert answer.data not in (b"", b'{"message":"Not Found"}')


def failed_by_the_framework(site: Visited) -> None:
    answer = site.ask("GET /broken")
    assert answer.status == 500
    assert answer.data not in (b"", b'{"message":"Internal Server Error"}')


def much_sent(site: Visited) -> None:
    text = b"z" * TEXT_BYTES[site.front]
    told = site.json("POST /measure", text, content_type="text/plain")
    assert told == {"length": len(text), "digest": hashlib.sha256(text).hexdigest()}


def many_bytes_sent(site: Visited) -> None:
    data = os.urandom(min(4_400_000, TEXT_BYTES[site.front]))
    told = site.json("POST /measure", data, content_type="application/octet-stream")
    assert told == {"length": len(data), "digest": hashlib.sha256(data).hexdigest()}


def much_answered(site: Visited) -> None:
    length = TEXT_BYTES[site.front]
    assert site.ask(f"GET /large?length={length}").data == b"x" * length


CASES = [
    a_page_and_its_letters,
    path_and_query,
    a_path_beyond_ascii,
    head,
    json_posted,
    a_form,
    a_file,
    a_picture,
    an_encoded_answer,
    cookies,
    a_redirect,
    another_page_asks_first,
    another_page_reads,
    not_found_by_the_framework,
    failed_by_the_framework,
    much_sent,
    many_bytes_sent,
    much_answered,
]
APPS = [
    App("fastapi by mangum"),
    App("flask by serverless-wsgi", balancer_has_all_values=False),
    # It takes the path to be escaped, which that of an HTTP API is not.
    App("flask by apig-wsgi", "apig", "-apig", not_there={"web": a_path_beyond_ascii}),
    App("express by serverless-express"),
    App("express by serverless-http", "serverless-http", "-serverless-http"),
    App("hono by its adapter"),
    App("hono by its adapter, streamed", "streamed", fronts=["url"]),
    App("powertools by its resolvers"),
]


@pytest.mark.parametrize("framework", sorted({app.framework for app in APPS}))
def test_an_app_runs_unchanged(framework: str, tmp_path: Path, subtests: pytest.Subtests) -> None:
    if framework in ("express", "hono"):
        need("node", "npm")
    with web_project(framework, tmp_path) as project:
        urls = urls_of(project)
        for app in [app for app in APPS if app.framework == framework]:
            for front in app.fronts:
                url = urls[app.function if front == "url" else f"{front}{app.ending}"]
                with contextlib.closing(Visited(url, app, front)) as site:
                    _visit(site, subtests)
        if framework == "hono":
            with subtests.test("an event stream"), contextlib.closing(Site(urls["streamed"])) as streamed:
                an_event_stream(streamed)


def _visit(site: Visited, subtests: pytest.Subtests) -> None:
    for case in CASES:
        if site.app.not_there.get(site.front) is not case:
            with subtests.test(f"{site.app.name}, {site.front}: {case.__name__.replace('_', ' ')}"):
                case(site)


def an_event_stream(site: Site) -> None:
    with gate() as door, site.stream(f"GET /events?port={door.port}") as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        pieces = answer.stream()
        assert next(pieces) == b"event: step\ndata: begun\nid: 1\n\n"
        door.open()
        assert b"".join(pieces) == b"event: step\ndata: ended\ndata: well\nid: 2\n\n"
