"""Folders of functions made over the API are followed as long as the functions run from them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import ArchiveCode, FolderCode, Function, Origin
from lambdacli.service.hot_folders import HotFolders
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore


def function(name, folder, origin=Origin.API):
    return Function(
        key=FunctionKey("000000000000", "us-east-1", name),
        runtime="python3.13",
        handler="app.handler",
        role="arn:aws:iam::000000000000:role/r",
        code=FolderCode(folder),
        origin=origin,
        revision_id="r",
        last_modified=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def functions(tmp_path):
    connection = open_database(tmp_path / "state.db")
    yield FunctionStore(connection)
    connection.close()


async def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_who_is_there_at_the_start_who_comes_and_who_goes(tmp_path, functions):
    folders = {name: tmp_path / name for name in ("first", "second", "third", "project")}
    for folder in folders.values():
        folder.mkdir()
    functions.put(function("first", folders["first"]))
    functions.put(function("project", folders["project"], Origin.PROJECT))
    changed = []

    async def run():
        hot = HotFolders(functions, lambda key: changed.append(key.name))
        hot.start()
        try:
            (folders["first"] / "app.py").write_text("1")
            await until(lambda: "first" in changed)

            for added in (function("second", folders["second"]), function("same", folders["first"])):
                functions.put(added)
                hot.function_changed(added.key)
            (folders["second"] / "app.py").write_text("1")
            await until(lambda: "second" in changed)

            packaged = replace(function("first", folders["first"]), code=ArchiveCode("", 0))
            functions.put(packaged)
            hot.function_changed(packaged.key)
            gone = function("second", folders["second"])
            functions.delete(gone.key)
            hot.function_changed(gone.key)
            changed.clear()
            for name in ("project", "second", "first"):
                (folders[name] / "app.py").write_text("22")
            await until(lambda: "same" in changed)
        finally:
            hot.stop()

    asyncio.run(run())
    assert set(changed) == {"same"}
