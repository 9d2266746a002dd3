"""Event source mappings as rows: the only module that knows their table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lambdacli.model.arn import FunctionKey
from lambdacli.model.mapping import Checkpoint, EventSourceMapping
from lambdacli.store.database import queries, transaction
from lambdacli.store.documents import from_text, to_text
from lambdacli.store.rows import key_of, key_row

_KEPT_IN_COLUMNS = frozenset({"uuid", "function", "qualifier"})
_NO_LIMIT = -1


class MappingStore:
    """They stay when their function goes."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        on_change: Callable[[EventSourceMapping], None] = lambda mapping: None,
    ) -> None:
        """`on_change` hears of each that was put or deleted."""
        self._connection = connection
        self._on_change = on_change

    def get(self, account: str, region: str, uuid: str) -> EventSourceMapping | None:
        row = self._query("get_mapping", account=account, region=region, uuid=uuid).fetchone()
        return None if row is None else _from_row(row)

    def list(
        self,
        account: str,
        region: str,
        *,
        source_arn: str | None = None,
        after: str = "",
        count: int = _NO_LIMIT,
    ) -> Sequence[EventSourceMapping]:
        """Those behind a UUID, in the order of their UUIDs."""
        rows = self._query(
            "mappings_after",
            account=account,
            region=region,
            source_arn=source_arn,
            after=after,
            count=count,
        )
        return [_from_row(row) for row in rows]

    def list_all(self) -> Sequence[EventSourceMapping]:
        return [_from_row(row) for row in self._query("all_mappings")]

    def of_function(self, function: FunctionKey) -> Sequence[EventSourceMapping]:
        """With those of its versions and aliases, in the order of their UUIDs."""
        return [_from_row(row) for row in self._query("mappings_of_function", **key_row(function))]

    def put(self, mapping: EventSourceMapping) -> None:
        self._query(
            "put_mapping",
            **key_row(mapping.function),
            uuid=mapping.uuid,
            qualifier=mapping.qualifier or "",
            source_arn=mapping.source.arn or "",
            document=to_text(mapping, _KEPT_IN_COLUMNS),
        )
        self._on_change(mapping)

    def delete(self, mapping: EventSourceMapping) -> None:
        key = mapping.function
        with transaction(self._connection):
            self._query("delete_mapping", account=key.account, region=key.region, uuid=mapping.uuid)
            self._query("delete_checkpoints", account=key.account, region=key.region, uuid=mapping.uuid)
        self._on_change(mapping)

    # How far they are read

    def checkpoints(self, mapping: EventSourceMapping) -> Mapping[str, Checkpoint]:
        """By the shard's id."""
        key = mapping.function
        rows = self._query(
            "checkpoints_of_mapping", account=key.account, region=key.region, uuid=mapping.uuid
        )
        return {row["shard"]: from_text(Checkpoint, row["document"]) for row in rows}

    def put_checkpoint(self, mapping: EventSourceMapping, shard: str, checkpoint: Checkpoint) -> None:
        """Of a mapping that is gone by now nothing is kept."""
        key = mapping.function
        if self.get(key.account, key.region, mapping.uuid) is None:
            return
        self._query(
            "put_checkpoint",
            account=key.account,
            region=key.region,
            uuid=mapping.uuid,
            shard=shard,
            document=to_text(checkpoint, frozenset()),
        )

    def put_result(self, mapping: EventSourceMapping, result: str) -> None:
        """What came of its last batch."""
        key = mapping.function
        current = self.get(key.account, key.region, mapping.uuid)
        if current is not None and current.last_result != result:
            self.put(replace(current, last_result=result))

    def _query(self, name: str, /, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(queries()[name], values)


def _from_row(row: sqlite3.Row) -> EventSourceMapping:
    return from_text(
        EventSourceMapping,
        row["document"],
        uuid=row["uuid"],
        function=key_of(row),
        qualifier=row["qualifier"] or None,
    )
