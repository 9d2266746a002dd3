"""Layer versions survive the file; their numbers are given once; code stays while somebody uses it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import (
    ArchiveCode,
    FolderCode,
    Function,
    LocalLayer,
    Origin,
    PublishedLayer,
)
from lambdacli.model.layer import LayerKey, LayerVersion
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.layers import LayerStore

HERE = ("000000000000", "us-east-1")
KEY = LayerKey(*HERE, "tools")


def made(key=KEY, **changes):
    return LayerVersion(
        **{
            "key": key,
            "number": 0,
            "code": ArchiveCode("c2hh", 12),
            "created_at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
            **changes,
        }
    )


@pytest.fixture
def connection(tmp_path):
    with closing(open_database(tmp_path / "state.db")) as connection:
        yield connection


@pytest.fixture
def changes():
    return []


@pytest.fixture
def store(connection, changes):
    return LayerStore(connection, changes.append)


def test_a_version_comes_back_whole_from_the_file(connection, store):
    full = made(
        description="d é",
        license_info="MIT",
        runtimes=("python3.13", "ruby3.4"),
        architectures=("arm64",),
        policy="{}",
        policy_revision_id="r",
    )
    for version in (store.publish(full), store.publish(made())):
        assert LayerStore(connection).get(KEY, version.number) == version
    assert store.get(KEY, 1) == replace(full, number=1)
    store.put(replace(full, number=1, policy=None))
    assert store.get(KEY, 1) == replace(full, number=1, policy=None)


def test_numbers_are_never_given_twice(store, changes):
    assert [store.publish(made()).number for _ in range(2)] == [1, 2]
    assert [store.delete(KEY, number) for number in (1, 2, 2, 10**30)] == [True, True, False, False]
    assert store.newest(KEY) is None
    assert store.publish(made()).number == 3
    assert store.publish(made(LayerKey(*HERE, "other"))).number == 1
    assert changes == [KEY, KEY, KEY, KEY, KEY, LayerKey(*HERE, "other")]


def test_versions_are_listed_newest_first_and_layers_by_name(store):
    for name in ("b", "a", "c"):
        store.publish(made(LayerKey(*HERE, name)))
    store.publish(made(LayerKey(*HERE, "b"), description="newer"))
    store.publish(made(LayerKey("111111111111", HERE[1], "b")))
    listed = [(each.key.name, each.number, each.description) for each in store.list(*HERE)]
    assert listed == [("a", 1, ""), ("b", 2, "newer"), ("c", 1, "")]
    assert [each.key.name for each in store.list(*HERE, after="a", count=1)] == ["b"]
    key = LayerKey(*HERE, "b")
    assert [each.number for each in store.versions(key)] == [2, 1]
    assert [each.number for each in store.versions(key, before=2, count=5)] == [1]
    assert store.newest(key) == store.get(key, 2)


@pytest.mark.parametrize(
    ("filters", "versions", "newest"),
    [
        ({}, [3, 2, 1], 3),
        ({"runtime": "python3.13"}, [2, 1], 2),
        ({"runtime": "python3.13", "architecture": "arm64"}, [1], 1),
        ({"architecture": "arm64"}, [1], 1),
        ({"runtime": "java21"}, [], None),
    ],
)
def test_lists_keep_to_runtime_and_architecture(store, filters, versions, newest):
    store.publish(made(runtimes=("python3.13",), architectures=("x86_64", "arm64")))
    store.publish(made(runtimes=("ruby3.4", "python3.13"), architectures=("x86_64",)))
    store.publish(made())
    assert [each.number for each in store.versions(KEY, **filters)] == versions
    assert [each.number for each in store.list(*HERE, **filters)] == ([] if newest is None else [newest])


def test_code_is_in_use_while_a_layer_or_any_version_of_a_function_has_it(connection, store):
    functions = FunctionStore(connection)
    layer = store.publish(made(code=ArchiveCode("bGF5", 3)))
    assert (list(store.code_in_use()), store.code_bytes(*HERE)) == ([layer.code], 3)
    function = Function(
        key=FunctionKey(*HERE, "f"),
        runtime="python3.13",
        handler="app.handler",
        role="arn:aws:iam::000000000000:role/r",
        code=FolderCode(Path("/code")),
        origin=Origin.API,
        revision_id="one",
        last_modified=datetime(2026, 1, 2, tzinfo=UTC),
        layers=(PublishedLayer(layer.arn, layer.code, 3), LocalLayer(Path("/local"))),
    )
    functions.put(function)
    frozen = LocalLayer(Path("/local"), ArchiveCode("ZnJv", 5))
    functions.publish(function, replace(function, layers=(function.layers[0], frozen)))
    functions.put(replace(function, layers=()))
    store.delete(KEY, 1)
    assert (list(store.code_in_use()), store.code_bytes(*HERE)) == ([], 0)
    assert sorted(functions.code_in_use(), key=lambda code: code.size_bytes) == [layer.code, frozen.frozen]
    functions.delete_version(function.key, "1")
    assert list(functions.code_in_use()) == []


def test_another_layer_is_something_to_publish(connection):
    functions = FunctionStore(connection)
    function = Function(
        key=FunctionKey(*HERE, "f"),
        runtime="python3.13",
        handler="app.handler",
        role="arn:aws:iam::000000000000:role/r",
        code=ArchiveCode("c2hh", 12),
        origin=Origin.API,
        revision_id="one",
        last_modified=datetime(2026, 1, 2, tzinfo=UTC),
        layers=(LocalLayer(Path("/local")),),
    )
    functions.put(function)

    def published(sha256):
        layers = (LocalLayer(Path("/local"), ArchiveCode(sha256, 1)),)
        return functions.publish(function, replace(function, layers=layers)).version

    assert [published(sha256) for sha256 in ("b25l", "b25l", "dHdv")] == ["1", "1", "2"]
