"""Aliases as rows: the only module that knows their table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from lambdacli.model.alias import Alias
from lambdacli.model.arn import FunctionKey
from lambdacli.store.database import queries, transaction
from lambdacli.store.documents import from_text, to_text
from lambdacli.store.rows import key_row

_KEPT_IN_COLUMNS = frozenset({"function", "name"})
_NO_LIMIT = -1


class AliasStore:
    """They go with their function, by the database's own rule."""

    def __init__(
        self, connection: sqlite3.Connection, on_change: Callable[[FunctionKey], None] = lambda key: None
    ) -> None:
        """`on_change` is called after an alias of a function was stored or deleted."""
        self._connection = connection
        self._on_change = on_change

    def get(self, function: FunctionKey, name: str) -> Alias | None:
        row = self._query("get_alias", **key_row(function), alias=name).fetchone()
        return None if row is None else _from_row(function, row)

    def list(self, function: FunctionKey, *, after: str = "", count: int = _NO_LIMIT) -> Sequence[Alias]:
        """Those behind a name, in the order of their names."""
        rows = self._query("aliases_after", **key_row(function), after=after, count=count)
        return [_from_row(function, row) for row in rows]

    def put(self, alias: Alias) -> None:
        self._query(
            "put_alias",
            **key_row(alias.function),
            alias=alias.name,
            document=to_text(alias, _KEPT_IN_COLUMNS),
        )
        self._on_change(alias.function)

    def delete(self, function: FunctionKey, name: str) -> None:
        """With its settings."""
        with transaction(self._connection):
            self._query("delete_alias", **key_row(function), alias=name)
            self._query("delete_settings_of_qualifier", **key_row(function), qualifier=name)
        self._on_change(function)

    def _query(self, name: str, /, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(queries()[name], values)


def _from_row(function: FunctionKey, row: sqlite3.Row) -> Alias:
    return from_text(Alias, row["document"], function=function, name=row["alias"])
