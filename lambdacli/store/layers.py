"""Layer versions as rows: the only module that knows their tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from lambdacli.model.function import ArchiveCode
from lambdacli.model.layer import LayerKey, LayerVersion
from lambdacli.store.database import queries, transaction
from lambdacli.store.documents import from_text, to_text

_KEPT_IN_COLUMNS = frozenset({"key", "number", "code"})
_NO_LIMIT = -1
_BEYOND_ALL_NUMBERS = 2**63 - 1


class LayerStore:
    def __init__(
        self, connection: sqlite3.Connection, on_change: Callable[[LayerKey], None] = lambda key: None
    ) -> None:
        """`on_change` is called after a version was published or deleted."""
        self._connection = connection
        self._on_change = on_change

    # Reading

    def get(self, key: LayerKey, number: int) -> LayerVersion | None:
        if number > _BEYOND_ALL_NUMBERS:
            return None
        row = self._query("get_layer_version", **_key_row(key), number=number).fetchone()
        return None if row is None else _from_row(row)

    def newest(self, key: LayerKey) -> LayerVersion | None:
        row = self._query("newest_layer_version", **_key_row(key)).fetchone()
        return None if row is None else _from_row(row)

    def list(
        self,
        account: str,
        region: str,
        *,
        runtime: str | None = None,
        architecture: str | None = None,
        after: str = "",
        count: int = _NO_LIMIT,
    ) -> Sequence[LayerVersion]:
        """The newest version that fits of each layer behind a name, in the order of their names."""
        rows = self._query(
            "layers_after",
            account=account,
            region=region,
            runtime=runtime,
            architecture=architecture,
            after=after,
            count=count,
        )
        return [_from_row(row) for row in rows]

    def versions(
        self,
        key: LayerKey,
        *,
        runtime: str | None = None,
        architecture: str | None = None,
        before: int = _BEYOND_ALL_NUMBERS,
        count: int = _NO_LIMIT,
    ) -> Sequence[LayerVersion]:
        """Those that fit below a number, newest first."""
        rows = self._query(
            "layer_versions_before",
            **_key_row(key),
            runtime=runtime,
            architecture=architecture,
            before=before,
            count=count,
        )
        return [_from_row(row) for row in rows]

    def code_in_use(self) -> Iterable[ArchiveCode]:
        rows = self._query("layer_code_in_use")
        return [ArchiveCode(row["code_sha256"], row["code_bytes"]) for row in rows]

    def code_bytes(self, account: str, region: str) -> int:
        """What one account and region holds; every version counts."""
        found: int = self._query("layer_bytes", account=account, region=region).fetchone()["bytes"]
        return found

    # Writing

    def publish(self, candidate: LayerVersion) -> LayerVersion:
        """Stores the candidate under its layer's next number."""
        with transaction(self._connection):
            (number,) = self._query("next_layer_number", **_key_row(candidate.key)).fetchone()
            version = replace(candidate, number=number)
            self._write(version)
        self._on_change(version.key)
        return version

    def put(self, version: LayerVersion) -> None:
        """Stores a version again, with another policy."""
        self._write(version)

    def delete(self, key: LayerKey, number: int) -> bool:
        """Whether it was there."""
        if number > _BEYOND_ALL_NUMBERS:
            return False
        was_here = self._query("delete_layer_version", **_key_row(key), number=number).rowcount > 0
        if was_here:
            self._on_change(key)
        return was_here

    def _write(self, version: LayerVersion) -> None:
        self._query(
            "put_layer_version",
            **_key_row(version.key),
            number=version.number,
            code_sha256=version.code.sha256,
            code_bytes=version.code.size_bytes,
            document=to_text(version, _KEPT_IN_COLUMNS),
        )

    def _query(self, name: str, /, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(queries()[name], values)


def _key_row(key: LayerKey) -> dict[str, str]:
    return {"account": key.account, "region": key.region, "name": key.name}


def _from_row(row: sqlite3.Row) -> LayerVersion:
    return from_text(
        LayerVersion,
        row["document"],
        key=LayerKey(row["account"], row["region"], row["name"]),
        number=row["number"],
        code=ArchiveCode(row["code_sha256"], row["code_bytes"]),
    )
