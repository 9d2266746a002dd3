"""Functions as rows: the only module that knows their table."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import ArchiveCode, Code, FolderCode, Function, Network, Origin, State
from lambdacli.store.database import queries, transaction


class FunctionStore:
    """Reads come from memory: one service owns the database, and every invocation looks its function up."""

    def __init__(
        self, connection: sqlite3.Connection, on_change: Callable[[FunctionKey], None] = lambda key: None
    ) -> None:
        """`on_change` is called after a function was stored or deleted, whoever did it."""
        self._connection = connection
        self._on_change = on_change
        rows = connection.execute(queries()["all_functions"])
        self._functions = {function.key: function for function in map(_from_row, rows)}

    def __repr__(self) -> str:
        return f"<FunctionStore of {len(self._functions)} functions>"

    def get(self, key: FunctionKey) -> Function | None:
        return self._functions.get(key)

    def list(self, account: str, region: str) -> Sequence[Function]:
        """In the order of their names."""
        here = (
            function
            for key, function in self._functions.items()
            if (key.account, key.region) == (account, region)
        )
        return sorted(here, key=lambda function: function.name)

    def list_all(self) -> Sequence[Function]:
        return sorted(
            self._functions.values(),
            key=lambda function: (function.key.account, function.key.region, function.key.name),
        )

    def put(self, function: Function) -> None:
        self._connection.execute(queries()["put_function"], _to_row(function))
        self._functions[function.key] = function
        self._on_change(function.key)

    def delete(self, key: FunctionKey) -> bool:
        """Whether there was such a function."""
        self._connection.execute(queries()["delete_function"], _key_row(key))
        was_here = self._functions.pop(key, None) is not None
        if was_here:
            self._on_change(key)
        return was_here

    def replace_project_functions(
        self, account: str, region: str, functions: Iterable[Function]
    ) -> Sequence[FunctionKey]:
        """Makes the functions of lam.yaml exactly these, in one transaction; all must live in this place.

        What did not change keeps its revision. A function made over the API is never shadowed: the keys of
        such conflicts come back, and their lam.yaml entries stay out."""
        wanted: dict[FunctionKey, Function] = {}
        conflicts: list[FunctionKey] = []
        for function in functions:
            assert (function.key.account, function.key.region) == (account, region), function.key
            current = self._functions.get(function.key)
            if current is not None and current.origin is Origin.API:
                conflicts.append(function.key)
            else:
                wanted[function.key] = function if current is None else _keep_revision(function, current)
        vanished = [
            function.key
            for function in self.list(account, region)
            if function.origin is Origin.PROJECT and function.key not in wanted
        ]
        changed = [function for key, function in wanted.items() if self._functions.get(key) != function]
        self._apply(changed, vanished)
        return conflicts

    def _apply(self, changed: Collection[Function], vanished: Collection[FunctionKey]) -> None:
        with transaction(self._connection):
            for key in vanished:
                self._connection.execute(queries()["delete_function"], _key_row(key))
            for function in changed:
                self._connection.execute(queries()["put_function"], _to_row(function))
        for key in vanished:
            del self._functions[key]
        for function in changed:
            self._functions[function.key] = function
        for key in (*vanished, *(function.key for function in changed)):
            self._on_change(key)


def _keep_revision(wanted: Function, current: Function) -> Function:
    same = replace(wanted, revision_id=current.revision_id, last_modified=current.last_modified)
    return current if same == current else wanted


# Rows ↔ records


def _key_row(key: FunctionKey) -> dict[str, str]:
    return {"account": key.account, "region": key.region, "name": key.name}


def _to_row(function: Function) -> dict[str, Any]:
    archive = function.code if isinstance(function.code, ArchiveCode) else None
    return {
        **_key_row(function.key),
        "runtime": function.runtime,
        "handler": function.handler,
        "role": function.role,
        "code_folder": str(function.code.folder) if isinstance(function.code, FolderCode) else None,
        "code_sha256": archive.sha256 if archive else None,
        "code_size_bytes": archive.size_bytes if archive else None,
        "origin": function.origin.value,
        "revision_id": function.revision_id,
        "last_modified": function.last_modified.isoformat(),
        "description": function.description,
        "memory_mb": function.memory_mb,
        "timeout_seconds": function.timeout_seconds,
        "ephemeral_storage_mb": function.ephemeral_storage_mb,
        "architecture": function.architecture,
        "variables": None if function.variables is None else json.dumps(dict(function.variables)),
        "tags": json.dumps(dict(function.tags)),
        "layers": json.dumps([str(layer) for layer in function.layers]),
        "reserved_concurrency": function.reserved_concurrency,
        "virtual_environment": str(function.virtual_environment) if function.virtual_environment else None,
        "state": function.state.value,
        "freezes": function.freezes,
        "preloads": function.preloads,
        "has_cpu_share": function.has_cpu_share,
        "network": function.network.value,
    }


def _from_row(row: sqlite3.Row) -> Function:
    return Function(
        key=FunctionKey(row["account"], row["region"], row["name"]),
        runtime=row["runtime"],
        handler=row["handler"],
        role=row["role"],
        code=_code(row),
        origin=Origin(row["origin"]),
        revision_id=row["revision_id"],
        last_modified=datetime.fromisoformat(row["last_modified"]),
        description=row["description"],
        memory_mb=row["memory_mb"],
        timeout_seconds=row["timeout_seconds"],
        ephemeral_storage_mb=row["ephemeral_storage_mb"],
        architecture=row["architecture"],
        variables=None if row["variables"] is None else json.loads(row["variables"]),
        tags=json.loads(row["tags"]),
        layers=tuple(Path(layer) for layer in json.loads(row["layers"])),
        reserved_concurrency=row["reserved_concurrency"],
        virtual_environment=Path(row["virtual_environment"]) if row["virtual_environment"] else None,
        state=State(row["state"]),
        freezes=bool(row["freezes"]),
        preloads=bool(row["preloads"]),
        has_cpu_share=bool(row["has_cpu_share"]),
        network=Network(row["network"]),
    )


def _code(row: sqlite3.Row) -> Code:
    if row["code_folder"] is not None:
        return FolderCode(Path(row["code_folder"]))
    return ArchiveCode(row["code_sha256"], row["code_size_bytes"])
