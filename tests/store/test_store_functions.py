"""Functions survive the file; lam.yaml's never shadow those made over the API."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import ArchiveCode, FolderCode, Function, Network, Origin, State
from lambdacli.store import database
from lambdacli.store.database import DatabaseTooNewError, open_database, queries, transaction
from lambdacli.store.functions import FunctionStore, _to_row

HERE = ("000000000000", "us-east-1")


def made(name="f", *, origin=Origin.API, place=HERE, **changes):
    plain = Function(
        key=FunctionKey(*place, name),
        runtime="python3.13",
        handler="app.handler",
        role="arn:aws:iam::000000000000:role/r",
        code=FolderCode(Path("/code")),
        origin=origin,
        revision_id="one",
        last_modified=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    )
    return replace(plain, **changes)


FULL = made(
    "full",
    code=ArchiveCode("c2hh", 12),
    description="d é",
    memory_mb=256,
    timeout_seconds=9,
    ephemeral_storage_mb=1024,
    architecture="arm64",
    variables={"B": "2", "A": "1"},
    tags={"k": "v"},
    layers=(Path("/one"), Path("/two")),
    reserved_concurrency=0,
    virtual_environment=Path("/venv"),
    state=State.FAILED,
    freezes=False,
    preloads=False,
    has_cpu_share=False,
    network=Network.ISOLATED,
)


@pytest.fixture
def connection(tmp_path):
    with closing(open_database(tmp_path / "deep" / "state.db")) as connection:
        yield connection


@pytest.fixture
def store(connection):
    return FunctionStore(connection)


@pytest.mark.parametrize("function", [made(), made(variables={}), FULL], ids=["plain", "empty", "full"])
def test_function_comes_back_whole_from_the_file(connection, store, function):
    store.put(function)
    reopened = FunctionStore(connection)
    assert reopened.get(function.key) == store.get(function.key) == function
    assert list(reopened.get(function.key).variables or ()) == list(function.variables or ())


def test_put_replaces_and_delete_removes(connection, store):
    store.put(made())
    store.put(made(memory_mb=512))
    assert FunctionStore(connection).get(made().key).memory_mb == 512
    assert store.delete(made().key)
    assert not store.delete(made().key)
    assert store.get(made().key) is None
    assert FunctionStore(connection).list_all() == []


def test_lists_are_sorted_and_keep_to_their_place(store):
    elsewhere = made("a", place=("111111111111", "us-east-1"))
    for function in (made("c"), made("b"), elsewhere, made("d", place=("000000000000", "eu-west-1"))):
        store.put(function)
    assert [function.name for function in store.list(*HERE)] == ["b", "c"]
    assert [function.name for function in store.list_all()] == ["d", "b", "c", "a"]


def project(name, **changes):
    return made(name, origin=Origin.PROJECT, **changes)


def test_project_functions_are_replaced_and_vanished_ones_removed(connection, store):
    store.replace_project_functions(*HERE, [project("a"), project("b")])
    store.replace_project_functions(*HERE, [project("b"), project("c")])
    assert [function.name for function in store.list(*HERE)] == ["b", "c"]
    assert FunctionStore(connection).list(*HERE) == store.list(*HERE)


def test_unchanged_project_function_keeps_its_revision(store):
    store.replace_project_functions(*HERE, [project("same"), project("other")])
    later = {"revision_id": "two", "last_modified": datetime(2026, 6, 1, tzinfo=UTC)}
    store.replace_project_functions(
        *HERE, [project("same", **later), project("other", memory_mb=256, **later)]
    )
    assert store.get(made("same").key) == project("same")
    assert store.get(made("other").key) == project("other", memory_mb=256, **later)


def test_function_made_over_the_api_is_a_conflict_and_stays(store):
    store.put(made("taken"))
    conflicts = store.replace_project_functions(*HERE, [project("taken", memory_mb=256), project("free")])
    assert conflicts == [made("taken").key]
    assert store.get(made("taken").key) == made("taken")
    assert store.get(made("free").key) == project("free")
    assert store.replace_project_functions(*HERE, []) == []
    assert [function.name for function in store.list(*HERE)] == ["taken"]


def test_project_functions_of_another_place_are_left_alone(store):
    other = project("far", place=("000000000000", "eu-west-1"))
    store.replace_project_functions("000000000000", "eu-west-1", [other])
    store.replace_project_functions(*HERE, [])
    assert store.list_all() == [other]


def test_failed_replacement_changes_nothing(connection, store):
    store.replace_project_functions(*HERE, [project("a")])
    unstorable = project("b", memory_mb="much")
    with pytest.raises(sqlite3.IntegrityError):
        store.replace_project_functions(*HERE, [unstorable])
    assert [function.name for function in store.list(*HERE)] == ["a"]
    assert FunctionStore(connection).list_all() == store.list_all()


# The database itself


def test_database_is_in_wal_mode_and_at_the_newest_version(connection):
    pragmas = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}
    assert pragmas == PRAGMAS


PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 1,
    "foreign_keys": 1,
    "user_version": len(database.MIGRATIONS),
}


def test_database_of_a_newer_lam_is_refused_with_advice(tmp_path):
    path = tmp_path / "state.db"
    with closing(open_database(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(
        DatabaseTooNewError, match=r"state\.db was written by a newer version of lam .* Upgrade lam"
    ):
        open_database(path)


def test_reopening_keeps_what_is_there(tmp_path):
    path = tmp_path / "state.db"
    for expected in ([], [FULL]):
        with closing(open_database(path)) as connection:
            store = FunctionStore(connection)
            assert store.list_all() == expected
            store.put(FULL)


def test_functions_of_an_older_schema_get_the_defaults(tmp_path, monkeypatch):
    path = tmp_path / "state.db"
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", database.MIGRATIONS[:1])
        with closing(open_database(path)) as connection, transaction(connection):
            row = {name: value for name, value in _to_row(made()).items() if name not in SINCE_SCHEMA_2}
            names = ", ".join(row)
            places = ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO functions ({names}) VALUES ({places})", row)
    with closing(open_database(path)) as connection:
        assert FunctionStore(connection).list_all() == [made()]


SINCE_SCHEMA_2 = ("freezes", "preloads", "has_cpu_share", "network")


def test_transaction_rolls_back_on_any_error(connection, store):
    with pytest.raises(KeyboardInterrupt), transaction(connection):
        connection.execute(queries()["put_function"], _to_row(FULL))
        raise KeyboardInterrupt
    assert FunctionStore(connection).list_all() == []


def test_every_query_is_understood_by_the_schema(connection):
    names = {"account": "", "region": "", "name": ""} | _to_row(FULL)
    for statement in queries().values():
        connection.execute(f"EXPLAIN {statement}", names)
