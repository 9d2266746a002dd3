"""Functions survive the file; lam.yaml's never shadow those made over the API."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.code_signing import CodeSigningBinding
from lambdacli.model.function import (
    ArchiveCode,
    FileSystem,
    FolderCode,
    Function,
    LocalLayer,
    Logging,
    Network,
    Origin,
    PublishedLayer,
    State,
    Vpc,
)
from lambdacli.store import database
from lambdacli.store.database import DatabaseTooNewError, open_database, queries, transaction
from lambdacli.store.functions import FunctionStore
from lambdacli.store.kinds import CODE_SIGNING
from lambdacli.store.settings import SettingStore

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
    layers=(
        LocalLayer(Path("/one")),
        LocalLayer(Path("/two"), ArchiveCode("dHdv", 7)),
        PublishedLayer("arn:aws:lambda:us-east-1:000000000000:layer:l:1", ArchiveCode("bGF5", 3), 3),
        PublishedLayer("arn:aws:lambda:us-east-1:111111111111:layer:l:1", FolderCode(Path("/three")), 9),
    ),
    reserved_concurrency=0,
    virtual_environment=Path("/venv"),
    state=State.FAILED,
    freezes=False,
    preloads=False,
    has_cpu_share=False,
    network=Network.ISOLATED,
    dead_letter_target="arn:aws:sqs:us-east-1:000000000000:q",
    tracing="Active",
    kms_key_arn="arn:aws:kms:us-east-1:000000000000:key/k",
    vpc=Vpc(("subnet-1",), ("sg-1", "sg-2"), True),
    file_systems=(FileSystem("arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/a", "/mnt/a"),),
    snap_start="PublishedVersions",
    logging=Logging("JSON", "DEBUG", "WARN", "/mine"),
    build_id="b",
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
    unstorable = project("b", reserved_concurrency="much")
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


def test_transaction_rolls_back_on_any_error(connection, store):
    store.put(FULL)
    key = {"account": HERE[0], "region": HERE[1], "name": "full"}
    with pytest.raises(KeyboardInterrupt), transaction(connection):
        connection.execute(queries()["delete_function"], key)
        raise KeyboardInterrupt
    assert FunctionStore(connection).list_all() == [FULL]


def test_every_query_is_understood_by_the_schema(connection):
    for name, statement in queries().items():
        values = dict.fromkeys(re.findall(r":(\w+)", statement), "")
        try:
            connection.execute(f"EXPLAIN {statement}", values)
        except sqlite3.Error as error:
            pytest.fail(f"{name}: {error}")


AT_START_OR_SMALL = {
    "all_functions",
    "all_mappings",
    "captured_of_all",
    "code_in_use",
    "count_functions",
    "event_lanes",
    "find_event",
    "find_finished",
    "functions_of_origin",
    "functions_with_folders",
    "ids_beginning",
    "layer_code_in_use",
    "last_event_numbers",
    "layers_in_use",
    "make_event_lane",
    "reservations",
    "trim_history",
}
"""Asked when the service starts, lam.yaml is read or a person looks for one event, or reads an index of the
few that count. A new lane is a constant row; what goes from the history is looked for from its old end."""


@pytest.mark.parametrize("name", sorted(queries().keys() - AT_START_OR_SMALL))
def test_what_a_request_asks_is_found_by_an_index(connection, name):
    values = dict.fromkeys(re.findall(r":(\w+)", queries()[name]), "")
    plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {queries()[name]}", values)]
    assert not [step for step in plan if step.startswith("SCAN") and "VIRTUAL" not in step], plan
    assert not [step for step in plan if "TEMP B-TREE" in step], plan


def test_function_and_its_first_settings_are_stored_together_or_not_at_all(connection, store):
    with pytest.raises(TypeError):
        store.put(FULL, {CODE_SIGNING: object()})
    assert FunctionStore(connection).list_all() == []
    store.put(FULL, {CODE_SIGNING: CodeSigningBinding("arn:config")})
    assert SettingStore(connection).get(CODE_SIGNING, FULL.key) == CodeSigningBinding("arn:config")


# Versions


def published(store, function, **changes):
    return store.publish(replace(function, revision_id="after"), replace(function, **changes))


def test_versions_are_numbered_and_never_get_a_number_twice(store):
    store.put(made(tags={"k": "v"}, reserved_concurrency=3))
    first = published(store, made(), revision_id="v1")
    assert (first.version, first.revision_id, first.tags, first.reserved_concurrency) == ("1", "v1", {}, None)
    store.put(made(memory_mb=512))
    assert published(store, made(memory_mb=512)).version == "2"
    store.delete_version(made().key, "2")
    assert published(store, made(memory_mb=512)).version == "3"
    assert [each.version for each in store.versions(made().key)] == ["$LATEST", "1", "3"]
    assert store.get(made().key, "2") is None
    assert store.get(made().key, "1").memory_mb == 128


def test_nothing_new_is_published_when_nothing_changed(store):
    store.put(made())
    first = published(store, made(), description="one")
    again = published(store, made(revision_id="other"), description="two")
    assert again == first
    assert store.get(made().key).revision_id == "after"


def test_versions_survive_a_change_of_their_function_and_go_with_it(connection, store):
    store.put(FULL)
    version = published(store, FULL)
    store.put(replace(FULL, tags={}))
    assert FunctionStore(connection).get(FULL.key, "1") == version
    store.delete(FULL.key)
    assert FunctionStore(connection).get(FULL.key, "1") is None
    assert store.get(FULL.key, "1") is None
    store.put(FULL)
    assert published(store, FULL).version == "1"


def test_lists_go_on_behind_a_name_and_a_version(store):
    for name in ("a", "b", "c"):
        store.put(made(name))
        published(store, made(name))
    assert [each.name for each in store.list(*HERE, after="a", count=1)] == ["b"]
    rest = store.list_with_versions(*HERE, after=("a", "$LATEST"), count=2)
    assert [(each.name, each.version) for each in rest] == [("a", "1"), ("b", "$LATEST")]
    assert [each.version for each in store.versions(made("a").key, after="$LATEST")] == ["1"]


@pytest.mark.parametrize("version", ["", "x", "-1", "01", "0", "9" * 30, "１"])
def test_what_is_no_number_of_a_version_is_not_there(store, version):
    store.put(made())
    assert store.get(made().key, version) is None


def test_usage_counts_every_stored_package(store):
    store.put(made("folder"))
    store.put(made("zip", code=ArchiveCode("c2hh", 12)))
    published(store, made("zip", code=ArchiveCode("c2hh", 12)))
    usage = store.usage(*HERE)
    assert (usage.functions, usage.code_bytes) == (2, 24)
    assert list(store.code_in_use()) == [ArchiveCode("c2hh", 12)]
