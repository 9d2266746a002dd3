"""How a function's key stands in every table's rows."""

from __future__ import annotations

import sqlite3

from lambdacli.model.arn import FunctionKey


def key_row(key: FunctionKey) -> dict[str, str]:
    return {"account": key.account, "region": key.region, "name": key.name}


def key_of(row: sqlite3.Row) -> FunctionKey:
    return FunctionKey(row["account"], row["region"], row["name"])
