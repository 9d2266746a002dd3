"""State folders that an older lam left: one per schema that ever was, opened by this one."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import ArchiveCode, FolderCode, LocalLayer, Network, Origin, State
from lambdacli.model.mapping import Pollers, Source, SourceKind
from lambdacli.store.aliases import AliasStore
from lambdacli.store.code import CodeStore
from lambdacli.store.database import MIGRATIONS, open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.mappings import MappingStore
from tests.api_house import zip_of
from tests.real.house import opened

FORMER = Path(__file__).with_name("former_states")
SCHEMAS = range(1, len(MIGRATIONS))
HERE = ("000000000000", "us-east-1")


def restored(schema: int, path: Path, sha256: str = "c2hh") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((FORMER / f"schema_{schema}.sql").read_text().replace("SHA", sha256))
    return path


def test_there_is_a_former_state_for_every_schema_but_the_newest():
    assert sorted(file.name for file in FORMER.iterdir()) == sorted(f"schema_{each}.sql" for each in SCHEMAS)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_functions_of_an_older_state_are_all_there(tmp_path, schema):
    with closing(open_database(restored(schema, tmp_path / "lam.db"))) as connection:
        functions = {each.name: each for each in FunctionStore(connection).list_all()}
    uploaded, full = functions["uploaded"], functions["full"]
    assert uploaded.code == ArchiveCode("c2hh", 12)
    assert uploaded.origin is Origin.API
    assert uploaded.variables is None
    assert (full.code, full.origin) == (FolderCode(Path("/project/full")), Origin.PROJECT)
    assert (full.description, full.memory_mb, full.timeout_seconds) == ('d é "quoted"', 256, 9)
    assert full.variables == {"B": "2", "A": "1"}
    assert list(full.variables) == ["B", "A"]
    assert full.layers == (LocalLayer(Path("/one")), LocalLayer(Path("/two")))
    assert (full.tags, full.reserved_concurrency, full.state) == ({"k": "v"}, 0, State.FAILED)
    assert full.virtual_environment == Path("/venv")
    assert full.last_modified == datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    isolated = Network.HOST if schema == 1 else Network.ISOLATED
    assert (full.freezes, full.preloads, full.network) == (schema == 1, schema == 1, isolated)
    assert full.build_id == full.revision_id == "one"


@pytest.mark.parametrize("schema", [each for each in SCHEMAS if each >= 3])
def test_versions_and_aliases_of_an_older_state_are_all_there(tmp_path, schema):
    key = FunctionKey(*HERE, "uploaded")
    with closing(open_database(restored(schema, tmp_path / "lam.db"))) as connection:
        functions = FunctionStore(connection)
        first = functions.get(key, "1")
        assert (first.description, first.revision_id) == ("first", "v1")
        assert AliasStore(connection).get(key, "live").version == "1"
        latest = functions.get(key)
        assert functions.publish(latest, latest).version == "5"


@pytest.mark.parametrize("schema", [each for each in SCHEMAS if each >= 5])
def test_event_source_mappings_of_an_older_state_are_all_there(tmp_path, schema):
    with closing(open_database(restored(schema, tmp_path / "lam.db"))) as connection:
        [mapping] = MappingStore(connection).list(*HERE)
    assert (mapping.function_arn, mapping.is_enabled) == (
        "arn:aws:lambda:us-east-1:000000000000:function:f:live",
        False,
    )
    assert mapping.source == Source(SourceKind.SELF_MANAGED_KAFKA, None, ("a:1", "b:2"), "topic", "queue")
    assert (mapping.tags, mapping.filters) == ({"k": "v"}, ('{"a": ["é"]}',))
    assert mapping.pollers == Pollers(1, 2, "g")
    assert mapping.starting_timestamp == datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


@pytest.mark.real
@pytest.mark.parametrize("schema", SCHEMAS)
def test_service_starts_with_an_older_state_and_runs_what_was_uploaded(tmp_path, schema):
    package = zip_of()
    with opened(tmp_path) as project:
        project.write("lam.yaml", "functions: {}\n")
        code = CodeStore(project.state / "code").add(package)
        assert code.sha256 == base64.b64encode(hashlib.sha256(package).digest()).decode()
        runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
        database = restored(schema, project.state / "lam.db", code.sha256)
        with closing(sqlite3.connect(database)) as connection, connection:
            _run_on(connection, schema, runtime)
        project.start()
        shown = json.loads(project.lam("list", "--json").stdout)["functions"]
        # lam.yaml does not have the other one any more.
        assert [each["name"] for each in shown] == ["uploaded"]
        assert project.invoke("uploaded", {"a": 1}) == {"a": 1}


def _run_on(connection: sqlite3.Connection, schema: int, runtime: str) -> None:
    """The Python that is here: the folders were made with another."""
    if schema < 3:
        connection.execute("UPDATE functions SET runtime = ?", [runtime])
    else:
        connection.execute("UPDATE versions SET document = json_set(document, '$.runtime', ?)", [runtime])
