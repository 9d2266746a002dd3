"""The rules for a function's own environment variables. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from lambdacli.model.limits import ENVIRONMENT_VARIABLES_BYTES

RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
        "AWS_LAMBDA_MAX_CONCURRENCY",
    }
)

NAME_PATTERN = r"[a-zA-Z]([a-zA-Z0-9_])+"


def reserved_names(variables: Mapping[str, str]) -> list[str]:
    return sorted(name for name in variables if name in RESERVED)


def measured_text(variables: Mapping[str, str]) -> str:
    """The text whose UTF-8 length Lambda holds against its 4 KB limit."""
    return json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)


def is_too_large(variables: Mapping[str, str]) -> bool:
    return len(measured_text(variables).encode()) > ENVIRONMENT_VARIABLES_BYTES
