"""The addresses at which code can be had: what they answer, for how long, and that nobody can make one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from lambdacli.api.code_links import CodeDownloads, CodeLinks
from lambdacli.wire.http import Request
from tests.api_house import LOOPBACK, zip_of


class Clock:
    def __init__(self):
        self.at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def now(self):
        return self.at


@pytest.fixture
def clock(house):
    clock = Clock()
    house.code_links = CodeLinks(clock.now)
    return clock


@pytest.fixture
def download(house, clock):
    def get(location, method="GET"):
        parts = urlsplit(location)
        request = Request(method, parts.path, parts.query, {}, b"", LOOPBACK)
        downloads = CodeDownloads(house.code_links, house.functions, house.code)

        async def answer():
            response = await downloads.handle(request)
            body = response.body
            return response.status, body if isinstance(body, bytes) else b"".join([p async for p in body])

        return asyncio.run(answer())

    return get


def test_a_function_is_had_as_the_package_that_was_uploaded(house, download):
    house.create(Code={"ZipFile": zip_of()})
    location = house.client.get_function(FunctionName="hello")["Code"]["Location"]
    assert download(location) == (200, zip_of())


def test_a_folder_is_had_as_the_package_whose_hash_is_shown(house, download, tmp_path):
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "app.py").write_text("x = 1")
    house.create("f", Code={"S3Bucket": "hot-reload", "S3Key": str(folder)})
    shown = house.client.get_function(FunctionName="f")
    status, package = download(shown["Code"]["Location"])
    assert status == 200
    assert zipfile.ZipFile(io.BytesIO(package)).read("app.py") == b"x = 1"
    digest = base64.b64encode(hashlib.sha256(package).digest()).decode()
    assert digest == shown["Configuration"]["CodeSha256"]


def test_a_layer_is_had_as_the_package_that_was_published(house, download):
    package = zip_of(**{"python/x.py": ""})
    made = house.client.publish_layer_version(LayerName="tools", Content={"ZipFile": package})
    assert download(made["Content"]["Location"]) == (200, package)


def test_an_address_opens_for_ten_minutes(house, download, clock):
    house.create()
    location = house.client.get_function(FunctionName="hello")["Code"]["Location"]
    clock.at += timedelta(minutes=9, seconds=59)
    assert download(location)[0] == 200
    clock.at += timedelta(seconds=1)
    status, body = download(location)
    assert status == 403
    assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in body


@pytest.mark.parametrize(
    "change",
    [
        lambda location: location.partition("?")[0],
        lambda location: location.replace("X-Amz-Expires=600", "X-Amz-Expires=6000"),
        lambda location: location.replace("X-Amz-Date=2026", "X-Amz-Date=2027"),
        lambda location: location.replace("/package/", "/folder/"),
        lambda location: location[:-1] + ("0" if location[-1] != "0" else "1"),
        lambda location: location + "%C3%A9",
    ],
    ids=[
        "without its signature",
        "longer",
        "later",
        "to something else",
        "with another signature",
        "strange",
    ],
)
def test_a_changed_address_opens_nothing(house, download, change):
    house.create()
    location = house.client.get_function(FunctionName="hello")["Code"]["Location"]
    status, body = download(change(location))
    assert (status, b"<Message>Access Denied</Message>" in body) == (403, True)


def test_what_is_gone_is_not_found(house, download, tmp_path):
    (tmp_path / "app.py").write_text("")
    house.create("f", Code={"S3Bucket": "hot-reload", "S3Key": str(tmp_path)})
    location = house.client.get_function(FunctionName="f")["Code"]["Location"]
    house.client.delete_function(FunctionName="f")
    assert download(location)[0] == 404


def test_nothing_is_written_there(house, download):
    house.create()
    location = house.client.get_function(FunctionName="hello")["Code"]["Location"]
    assert download(location, "PUT")[0] == 405
