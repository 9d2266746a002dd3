"""Code in S3 is asked for after the template was read, and told of when it is not there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lambdacli.project.records import S3Code
from lambdacli.service.s3 import S3Packages
from lambdacli.service.sessions import own_credentials
from lambdacli.service.stored_code import NotFetchedYet, NotThere, StoredCode
from lambdacli.store.code import CodeStore
from tests.api_house import zip_of
from tests.doubles import SteppingClock
from tests.s3_server import open_s3

HERE = S3Code("code", "hello.zip")


class LaterEachTime(SteppingClock):
    def monotonic(self) -> float:
        return self.now().timestamp() * 2


def stored(folder: Path, endpoint: str | None) -> StoredCode:
    packages = S3Packages(lambda: endpoint, lambda: own_credentials("000000000000"), {})
    return StoredCode(packages, CodeStore(folder), LaterEachTime())


def test_code_is_known_once_it_was_fetched(tmp_path: Path) -> None:
    with open_s3({("code", "hello.zip", None): zip_of()}) as s3:
        code = stored(tmp_path, s3.address)
        with pytest.raises(NotFetchedYet):
            code(HERE)
        assert code.is_wanted and asyncio.run(code.fetch("us-east-1"))
    assert CodeStore(tmp_path).folder(code(HERE)).is_dir()
    assert not code.is_wanted


def test_what_is_not_there_is_told_and_asked_for_again_later(tmp_path: Path) -> None:
    objects: dict[tuple[str, str, str | None], bytes | int] = {}
    with open_s3(objects) as s3:
        code = stored(tmp_path, s3.address)
        with pytest.raises(NotFetchedYet):
            code(HERE)
        assert asyncio.run(code.fetch("us-east-1")), "the template is read again, to tell of it"
        with pytest.raises(NotThere, match=r"s3://code/hello.zip: Error occurred while GetObject"):
            code(HERE)
        assert code.is_wanted and not asyncio.run(code.fetch("us-east-1"))
        objects["code", "hello.zip", None] = zip_of()
        with pytest.raises(NotThere):
            code(HERE)
        assert asyncio.run(code.fetch("us-east-1")) and code(HERE)


def test_without_any_s3_it_is_told_what_to_name(tmp_path: Path) -> None:
    code = stored(tmp_path, None)
    with pytest.raises(NotFetchedYet):
        code(HERE)
    asyncio.run(code.fetch("us-east-1"))
    with pytest.raises(NotThere, match=r"There is no S3 to get s3://code/hello.zip from"):
        code(HERE)
