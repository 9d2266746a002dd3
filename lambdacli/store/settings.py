"""Settings of functions, versions and aliases as rows: one table for every kind of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from lambdacli.model.arn import FunctionKey
from lambdacli.model.record import record
from lambdacli.store.database import queries
from lambdacli.store.documents import from_text, to_text
from lambdacli.store.rows import key_of, key_row

T = TypeVar("T")

WHOLE_FUNCTION = ""
"""The qualifier of a setting that all versions and aliases share."""


@record
class SettingKind(Generic[T]):
    """What is set: its name in the table, and the frozen record that says it."""

    name: str
    record: type[T]


class SettingStore:
    """A setting goes with its function, version or alias."""

    def __init__(
        self, connection: sqlite3.Connection, on_change: Callable[[FunctionKey], None] = lambda key: None
    ) -> None:
        """`on_change` is called after a setting of a function was stored or deleted by itself."""
        self._connection = connection
        self._on_change = on_change

    def get(self, kind: SettingKind[T], key: FunctionKey, qualifier: str = WHOLE_FUNCTION) -> T | None:
        row = self._query("get_setting", **_row(kind, key), qualifier=qualifier).fetchone()
        return None if row is None else from_text(kind.record, row["document"])

    def put(
        self, kind: SettingKind[T], key: FunctionKey, setting: T, qualifier: str = WHOLE_FUNCTION
    ) -> None:
        self._query("put_setting", **setting_row(kind, key, setting, qualifier))
        self._on_change(key)

    def delete(self, kind: SettingKind[T], key: FunctionKey, qualifier: str = WHOLE_FUNCTION) -> bool:
        """Whether it was set."""
        was_set = self._query("delete_setting", **_row(kind, key), qualifier=qualifier).rowcount > 0
        self._on_change(key)
        return was_set

    def of_function(self, kind: SettingKind[T], key: FunctionKey) -> Mapping[str, T]:
        """By qualifier, in their order."""
        rows = self._query("settings_of_function", **_row(kind, key))
        return {row["qualifier"]: from_text(kind.record, row["document"]) for row in rows}

    def all(self, kind: SettingKind[T]) -> Iterator[tuple[FunctionKey, str, T]]:
        """Of every function of all accounts and regions."""
        for row in self._query("settings_of_kind", kind=kind.name):
            yield key_of(row), row["qualifier"], from_text(kind.record, row["document"])

    def _query(self, name: str, /, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(queries()[name], values)


def setting_row(
    kind: SettingKind[T], key: FunctionKey, setting: T, qualifier: str = WHOLE_FUNCTION
) -> dict[str, str]:
    return {**_row(kind, key), "qualifier": qualifier, "document": to_text(setting)}


def _row(kind: SettingKind[Any], key: FunctionKey) -> dict[str, str]:
    return {"kind": kind.name, **key_row(key)}
