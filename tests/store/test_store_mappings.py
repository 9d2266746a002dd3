"""Event source mappings and code signing configs in the database: whole, and in one of an older lam."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.code_signing import CodeSigningConfig, SigningPolicy
from lambdacli.model.mapping import (
    AccessConfiguration,
    DocumentSelection,
    EventSourceMapping,
    KafkaConsumer,
    Pollers,
    SchemaRegistry,
    Source,
    SourceKind,
)
from lambdacli.store.code_signing import CodeSigningStore
from lambdacli.store.database import open_database
from lambdacli.store.mappings import MappingStore

HERE = ("000000000000", "us-east-1")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
ACCESS = (AccessConfiguration("BASIC_AUTH", "arn:secret"),)

FULL = EventSourceMapping(
    uuid="00000000-0000-4000-8000-000000000001",
    function=FunctionKey(*HERE, "f"),
    qualifier="live",
    source=Source(SourceKind.SELF_MANAGED_KAFKA, None, ("a:1", "b:2"), "topic", "queue"),
    last_modified=NOW,
    is_enabled=False,
    last_result="OK",
    tags={"k": "v"},
    batch_size=7,
    window_seconds=3,
    starting_position="AT_TIMESTAMP",
    starting_timestamp=NOW,
    parallelization=2,
    max_record_age_seconds=60,
    max_retries=0,
    bisects_on_error=True,
    tumbling_window_seconds=9,
    response_types=("ReportBatchItemFailures",),
    failure_destination="kafka://failed",
    filters=('{"a": ["é"]}',),
    max_concurrency=5,
    pollers=Pollers(1, 2, "g"),
    metrics=("EventCount",),
    log_level="WARN",
    access=ACCESS,
    consumer=KafkaConsumer("group", SchemaRegistry("uri", "JSON", ACCESS, ("KEY",)), "Stream"),
    documents=DocumentSelection("d", "c", "Default"),
    kms_key_arn="arn:key",
)
PLAIN = EventSourceMapping(
    uuid="00000000-0000-4000-8000-000000000002",
    function=FunctionKey(*HERE, "f"),
    qualifier=None,
    source=Source(SourceKind.SQS, "arn:queue"),
    last_modified=NOW,
)
CONFIG = CodeSigningConfig(
    *HERE, "csc-1", ("arn:profile",), NOW, SigningPolicy.ENFORCE, "description", {"k": "v"}
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


def test_the_full_mapping_sets_every_field():
    assert all(getattr(FULL, each.name) != getattr(PLAIN, each.name) for each in fields(FULL) if _may(each))


def _may(each):
    return each.name not in ("function", "last_modified")


@pytest.mark.parametrize("mapping", [FULL, PLAIN], ids=["full", "plain"])
def test_mapping_comes_back_whole_after_a_restart(path, mapping):
    with closing(open_database(path)) as connection:
        MappingStore(connection).put(mapping)
    with closing(open_database(path)) as connection:
        store = MappingStore(connection)
        assert store.get(*HERE, mapping.uuid) == mapping
        assert store.of_function(mapping.function) == store.list(*HERE) == [mapping]
        store.delete(mapping)
        assert store.get(*HERE, mapping.uuid) is None


def test_mappings_keep_to_their_place(path):
    elsewhere = replace(PLAIN, function=FunctionKey(HERE[0], "eu-west-1", "f"))
    with closing(open_database(path)) as connection:
        store = MappingStore(connection)
        store.put(PLAIN)
        store.put(elsewhere)
        assert store.list(*HERE) == [PLAIN]
        store.delete(PLAIN)
        assert store.of_function(elsewhere.function) == [elsewhere]


def test_code_signing_config_comes_back_whole_after_a_restart(path):
    with closing(open_database(path)) as connection:
        CodeSigningStore(connection).put(CONFIG)
    with closing(open_database(path)) as connection:
        store = CodeSigningStore(connection)
        assert store.get(*HERE, CONFIG.id) == CONFIG
        assert store.get(HERE[0], "eu-west-1", CONFIG.id) is None
        store.delete(CONFIG)
        assert store.list(*HERE, after="", count=1) == []
