"""Packages from S3: a real client against a server that answers as S3 does."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from lambdacli.model import limits
from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.service.s3 import S3Packages
from lambdacli.service.sessions import own_credentials
from tests.s3_server import S3Server, open_s3

OBJECTS = {
    ("code", "a/b.zip", None): b"newest",
    ("code", "a/b.zip", "v1"): b"first",
    ("code", "huge.zip", None): limits.UNZIPPED_CODE_BYTES + 1,
}


@pytest.fixture
def server() -> Iterator[S3Server]:
    with open_s3(OBJECTS) as server:
        yield server


def packages(endpoint: str | None, **environment: str) -> S3Packages:
    return S3Packages(lambda: endpoint, lambda: own_credentials("123456789012"), environment)


def fetch(
    source: S3Packages, bucket: str = "code", key: str = "a/b.zip", version: str | None = None
) -> bytes:
    return source.fetch(bucket, key, version, "eu-central-1")


def test_object_and_its_versions_are_fetched(server) -> None:
    source = packages(server.address)
    assert fetch(source) == b"newest"
    assert fetch(source, version="v1") == b"first"
    assert all("ASIALAM0123456789012" in each and "eu-central-1" in each for each in server.signatures)


def test_keys_of_the_services_own_environment_are_used(server) -> None:
    fetch(packages(server.address, AWS_ACCESS_KEY_ID="AKIAMINE", AWS_SECRET_ACCESS_KEY="s"))
    assert "AKIAMINE" in server.signatures[0]


@pytest.mark.parametrize(
    ("bucket", "key", "message"),
    [
        (
            "code",
            "no.zip",
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key "
            "does not exist.",
        ),
        (
            "none",
            "a/b.zip",
            "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified "
            "bucket does not exist",
        ),
        ("code", "huge.zip", "Unzipped size must be smaller than 262144000 bytes"),
    ],
)
def test_refusals_are_worded_as_aws_words_them(server, bucket, key, message) -> None:
    with pytest.raises(InvalidParameterValueException) as caught:
        fetch(packages(server.address), bucket, key)
    assert caught.value.message == message


def test_without_an_endpoint_it_is_said_what_to_configure() -> None:
    with pytest.raises(InvalidParameterValueException, match=r"services: \{s3: "):
        fetch(packages(None))


def test_server_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(InvalidParameterValueException, match=r"services\.s3") as caught:
        fetch(packages(endpoint))
    assert endpoint in str(caught.value.message)
