"""GetAccountSettings: the limits of one region, and what is used of them."""

from __future__ import annotations

from typing import Any

from lambdacli.api.operations.context import Context
from lambdacli.model import limits
from lambdacli.model.function import ArchiveCode


def get_account_settings(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    functions = context.functions.list(context.account, context.region)
    reserved = sum(function.reserved_concurrency or 0 for function in functions)
    # A folder that runs in place takes none of the storage.
    stored = sum(function.code.size_bytes for function in functions if isinstance(function.code, ArchiveCode))
    return {
        "AccountLimit": {
            "TotalCodeSize": limits.CODE_STORAGE_BYTES,
            "CodeSizeUnzipped": limits.UNZIPPED_CODE_BYTES,
            "CodeSizeZipped": limits.ZIPPED_CODE_BYTES,
            "ConcurrentExecutions": limits.ACCOUNT_CONCURRENCY,
            "UnreservedConcurrentExecutions": limits.ACCOUNT_CONCURRENCY - reserved,
        },
        "AccountUsage": {"TotalCodeSize": stored, "FunctionCount": len(functions)},
    }
