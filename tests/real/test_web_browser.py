"""A page in a real browser: served, posted to, and calling other functions' URLs, by their own names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, open_page
from web_house import urls_of, web_project

from tests.real.streams_house import gate
from tests.real.toolchains import need

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def urls(tmp_path: Path) -> Iterator[dict[str, str]]:
    need("node")
    with web_project("site", tmp_path / "site") as project:
        yield urls_of(project)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with open_page(tmp_path / "browser") as page:
        yield page


def test_a_page_of_a_function_in_a_browser(page: Page, urls: dict[str, str]) -> None:
    page.open(urls["page"])
    assert page.run("[document.title, document.characterSet, isSecureContext]") == ["Orders", "UTF-8", True]
    assert page.run("document.getElementById('picture').naturalWidth") == 1
    assert (page.text("#ordered"), page.text("#visitor")) == ("nothing", "new")
    assert page.complaints() == []

    # A form is posted; the answer leads back, with a cookie.
    page.run("document.querySelector('input').value = 'Käse & Brot'")
    with page.loading():
        page.run("document.querySelector('button').click()")
    assert (page.text("#ordered"), page.text("#visitor")) == ("Käse & Brot", "known")
    assert page.run("document.cookie") == ""  # HttpOnly

    # Functions at other origins: the browser asks before it sends, and keeps what CORS does not open.
    page.run(f"takeStock({json.dumps(urls['stock'])})")
    assert page.text("#stock") == "3 by mine"
    assert page.complaints() == []
    page.run(f"takeStock({json.dumps(urls['closed'])})")
    assert page.text("#stock") == "TypeError"
    assert any("blocked by CORS policy" in each for each in page.complaints())

    # An event stream: each piece is there when it was written, and the browser comes again after its end.
    with gate() as door:
        page.run(f"listen({json.dumps(urls['news'] + f'?port={door.port}')})")
        page.wait_until("document.querySelectorAll('#news li').length === 1")
        assert page.text("#news") == "Käse is here"
        door.open()
        page.wait_until("document.getElementById('news').dataset.state === 'closed'")
    assert page.text("#news") == "Käse is hereKäse is gone"
