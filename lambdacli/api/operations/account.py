"""GetAccountSettings: the limits of one region, and what is used of them."""

from __future__ import annotations

from typing import Any

from lambdacli.api import claims
from lambdacli.api.operations.context import Context
from lambdacli.model import limits


def get_account_settings(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    here = (context.account, context.region)
    # A folder that runs in place takes none of the storage.
    usage = context.functions.usage(*here)
    code_bytes = usage.code_bytes + context.layers.code_bytes(*here)
    return {
        "AccountLimit": {
            "TotalCodeSize": limits.CODE_STORAGE_BYTES,
            "CodeSizeUnzipped": limits.UNZIPPED_CODE_BYTES,
            "CodeSizeZipped": limits.ZIPPED_CODE_BYTES,
            "ConcurrentExecutions": context.account_concurrency,
            "UnreservedConcurrentExecutions": claims.unclaimed(context),
        },
        "AccountUsage": {"TotalCodeSize": code_bytes, "FunctionCount": usage.functions},
    }
