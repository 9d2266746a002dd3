"""Code signing configs as rows: the only module that knows their table."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from lambdacli.model.code_signing import CodeSigningConfig
from lambdacli.store.database import queries
from lambdacli.store.documents import from_text, to_text

_KEPT_IN_COLUMNS = frozenset({"account", "region", "id"})


class CodeSigningStore:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, account: str, region: str, config_id: str) -> CodeSigningConfig | None:
        row = self._query("get_code_signing_config", account=account, region=region, id=config_id).fetchone()
        return None if row is None else _from_row(row)

    def list(self, account: str, region: str, *, after: str, count: int) -> Sequence[CodeSigningConfig]:
        """Those behind an id, in the order of their ids."""
        rows = self._query(
            "code_signing_configs_after", account=account, region=region, after=after, count=count
        )
        return [_from_row(row) for row in rows]

    def put(self, config: CodeSigningConfig) -> None:
        self._query(
            "put_code_signing_config",
            account=config.account,
            region=config.region,
            id=config.id,
            document=to_text(config, _KEPT_IN_COLUMNS),
        )

    def delete(self, config: CodeSigningConfig) -> None:
        self._query("delete_code_signing_config", account=config.account, region=config.region, id=config.id)

    def _query(self, name: str, /, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(queries()[name], values)


def _from_row(row: sqlite3.Row) -> CodeSigningConfig:
    return from_text(
        CodeSigningConfig, row["document"], account=row["account"], region=row["region"], id=row["id"]
    )
