"""Functions and their published versions as rows: the only module that knows their tables."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lambdacli.model.arn import LATEST, FunctionKey, is_version
from lambdacli.model.function import ArchiveCode, Function, Origin
from lambdacli.model.record import record
from lambdacli.store.database import queries, transaction
from lambdacli.store.documents import from_text, to_text
from lambdacli.store.rows import key_of, key_row
from lambdacli.store.settings import SettingKind, setting_row

_KEPT_IN_COLUMNS = frozenset({"key", "origin", "tags", "reserved_concurrency", "version"})
_MAKES_NO_VERSION = frozenset({*_KEPT_IN_COLUMNS, "revision_id", "last_modified", "state", "build_id"})
"""Fields that may change without there being anything to publish."""

_REMEMBERED = 10_000
"""How many versions are kept in memory: every invocation looks its own up."""

_NO_LIMIT = -1
_NO_SETTINGS: Mapping[SettingKind[Any], Any] = {}


@record
class Usage:
    """What one account and region holds."""

    functions: int
    code_bytes: int


class FunctionStore:
    """One service owns the database, so what was read stays true until it is written here."""

    def __init__(
        self, connection: sqlite3.Connection, on_change: Callable[[FunctionKey], None] = lambda key: None
    ) -> None:
        """`on_change` is called after a function was stored or deleted, whoever did it."""
        self._connection = connection
        self._on_change = on_change
        self._known: dict[FunctionKey, dict[str, Function]] = {}
        self._known_count = 0

    def __repr__(self) -> str:
        return f"<FunctionStore of {self.count()} functions>"

    # Reading

    def get(self, key: FunctionKey, version: str = LATEST) -> Function | None:
        of_key = self._known.get(key)
        known = None if of_key is None else of_key.get(version)
        if known is not None or not is_version(version):
            return known
        row = self._query("get_function", **key_row(key), number=_number(version)).fetchone()
        return None if row is None else self._remember(_from_row(row))

    def list(
        self, account: str, region: str, *, after: str = "", count: int = _NO_LIMIT
    ) -> Sequence[Function]:
        """`$LATEST` of each function behind a name, in the order of their names."""
        rows = self._query("functions_after", account=account, region=region, after=after, count=count)
        return [_from_row(row) for row in rows]

    def list_with_versions(
        self, account: str, region: str, *, after: tuple[str, str] = ("", LATEST), count: int = _NO_LIMIT
    ) -> Sequence[Function]:
        """Every version of every function behind a name and version; `$LATEST` comes first."""
        name, version = after
        rows = self._query(
            "all_versions_after",
            account=account,
            region=region,
            after=name,
            after_number=_number(version),
            count=count,
        )
        return [_from_row(row) for row in rows]

    def versions(
        self, key: FunctionKey, *, after: str | None = None, count: int = _NO_LIMIT
    ) -> Sequence[Function]:
        """`$LATEST`, then the published ones as they were published; `after` leaves out all up to it."""
        number = -1 if after is None else _number(after)
        rows = self._query("versions_after", **key_row(key), after_number=number, count=count)
        return [_from_row(row) for row in rows]

    def list_all(self) -> Sequence[Function]:
        """`$LATEST` of every function of all accounts and regions."""
        return [_from_row(row) for row in self._query("all_functions")]

    def of_project(self) -> Sequence[Function]:
        return [_from_row(row) for row in self._query("functions_of_origin", origin=Origin.PROJECT.value)]

    def with_folders(self, origin: Origin) -> Sequence[Function]:
        """Those whose `$LATEST` runs from a folder."""
        return [_from_row(row) for row in self._query("functions_with_folders", origin=origin.value)]

    def count(self) -> int:
        found: int = self._query("count_functions").fetchone()[0]
        return found

    def reservations(self) -> dict[FunctionKey, int]:
        """The reserved concurrency of every function that has one."""
        return {key_of(row): row["reserved_concurrency"] for row in self._query("reservations")}

    def usage(self, account: str, region: str) -> Usage:
        row = self._query("usage", account=account, region=region).fetchone()
        return Usage(row["functions"], row["bytes"])

    def code_in_use(self) -> Iterable[ArchiveCode]:
        """Of functions, and of the layers that they were given: those may be deleted meanwhile."""
        rows = [*self._query("code_in_use"), *self._query("layers_in_use")]
        return [ArchiveCode(row["code_sha256"], row["code_bytes"]) for row in rows]

    # Writing

    def put(self, function: Function, settings: Mapping[SettingKind[Any], Any] = _NO_SETTINGS) -> None:
        """Stores `$LATEST` and what belongs to the whole function, these settings with it or not at all."""
        with transaction(self._connection):
            self._write(function)
            for kind, setting in settings.items():
                self._query("put_setting", **setting_row(kind, function.key, setting))
        self._remember(function)
        self._on_change(function.key)

    def publish(self, latest: Function, candidate: Function) -> Function:
        """Stores the candidate under the next number, and `$LATEST` as it is from now on; or nothing, if
        `$LATEST` is what it was when the last version was published: that version is the answer then."""
        with transaction(self._connection):
            row = self._query("published", **key_row(latest.key)).fetchone()
            content = _content(replace(latest, code=candidate.code, layers=candidate.layers))
            if row["published"] == content:
                last = self.get(latest.key, str(row["last_version"]))
                if last is not None:
                    return last
            number = row["last_version"] + 1
            version = replace(candidate, version=str(number), tags={}, reserved_concurrency=None)
            self._query("put_version", **_version_row(version))
            self._query("set_published", **key_row(latest.key), number=number, published=content)
            self._write(latest)
        self._remember(latest)
        return self._remember(version)

    def delete(self, key: FunctionKey) -> bool:
        """With its versions, aliases and settings. Whether there was such a function."""
        was_here = self._query("delete_function", **key_row(key)).rowcount > 0
        self._forget(key)
        if was_here:
            self._on_change(key)
        return was_here

    def delete_version(self, key: FunctionKey, version: str) -> None:
        """One that was published, with its settings; what is no number of a version is not there."""
        if not is_version(version):
            return
        with transaction(self._connection):
            self._query("delete_version", **key_row(key), number=_number(version))
            self._query("delete_settings_of_qualifier", **key_row(key), qualifier=version)
        self._forget(key)
        self._on_change(key)

    def replace_project_functions(
        self, account: str, region: str, functions: Iterable[Function]
    ) -> Sequence[FunctionKey]:
        """Makes the functions of lam.yaml exactly these, in one transaction; all must live in this place.

        What did not change keeps its revision. A function made over the API is never shadowed: the keys of
        such conflicts come back, and their lam.yaml entries stay out."""
        wanted: dict[FunctionKey, Function] = {}
        conflicts: list[FunctionKey] = []
        changed: list[Function] = []
        for function in functions:
            assert (function.key.account, function.key.region) == (account, region), function.key
            current = self.get(function.key)
            if current is not None and current.origin is Origin.API:
                conflicts.append(function.key)
                continue
            wanted[function.key] = function
            if current is None or not _is_same(function, current):
                changed.append(function)
        vanished = [
            function.key
            for function in self.of_project()
            if (function.key.account, function.key.region) == (account, region) and function.key not in wanted
        ]
        self._apply(changed, vanished)
        return conflicts

    def _apply(self, changed: Collection[Function], vanished: Collection[FunctionKey]) -> None:
        with transaction(self._connection):
            for key in vanished:
                self._query("delete_function", **key_row(key))
            for function in changed:
                self._write(function)
        for key in vanished:
            self._forget(key)
        for function in changed:
            self._remember(function)
        for key in (*vanished, *(function.key for function in changed)):
            self._on_change(key)

    def _write(self, latest: Function) -> None:
        assert latest.is_latest, latest
        self._query("put_function", **_function_row(latest))
        self._query("put_version", **_version_row(latest))

    def _query(self, name: str, /, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(queries()[name], values)

    # Memory

    def _remember(self, function: Function) -> Function:
        of_key = self._known.setdefault(function.key, {})
        self._known_count += function.version not in of_key
        of_key[function.version] = function
        if self._known_count > _REMEMBERED:
            self._forget(next(iter(self._known)))
        return function

    def _forget(self, key: FunctionKey) -> None:
        self._known_count -= len(self._known.pop(key, ()))


def _is_same(wanted: Function, current: Function) -> bool:
    """But for what every reading of lam.yaml makes anew."""
    return current == replace(
        wanted,
        revision_id=current.revision_id,
        last_modified=current.last_modified,
        build_id=current.build_id,
    )


def _content(function: Function) -> str:
    """Equal for two states of `$LATEST` between which there is nothing to publish."""
    return hashlib.sha256(to_text(function, _MAKES_NO_VERSION).encode()).hexdigest()


# Rows ↔ records


def _number(version: str) -> int:
    return 0 if version == LATEST else int(version)


def _function_row(latest: Function) -> Mapping[str, Any]:
    return {
        **key_row(latest.key),
        "origin": latest.origin.value,
        "tags": json.dumps(dict(latest.tags)),
        "reserved_concurrency": latest.reserved_concurrency,
    }


def _version_row(version: Function) -> Mapping[str, Any]:
    archive = version.code if isinstance(version.code, ArchiveCode) else None
    return {
        **key_row(version.key),
        "number": _number(version.version),
        "code_sha256": archive.sha256 if archive else None,
        "code_bytes": archive.size_bytes if archive else None,
        "document": to_text(version, _KEPT_IN_COLUMNS),
    }


def _from_row(row: sqlite3.Row) -> Function:
    is_latest = row["number"] == 0
    return from_text(
        Function,
        row["document"],
        key=key_of(row),
        origin=Origin(row["origin"]),
        tags=json.loads(row["tags"]) if is_latest else {},
        reserved_concurrency=row["reserved_concurrency"] if is_latest else None,
        version=LATEST if is_latest else str(row["number"]),
    )
