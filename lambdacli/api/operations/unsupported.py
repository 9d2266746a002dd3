"""The operations of the model that lam does not build: each is answered with an error that names it."""

from __future__ import annotations

NAMES = frozenset(
    {
        "CheckpointDurableExecution",
        "CreateCapacityProvider",
        "DeleteCapacityProvider",
        "DeleteDurableExecution",
        "GetCapacityProvider",
        "GetDurableExecution",
        "GetDurableExecutionHistory",
        "GetDurableExecutionState",
        "ListCapacityProviders",
        "ListDurableExecutionsByFunction",
        "ListFunctionVersionsByCapacityProvider",
        "PauseDurableExecution",
        "ResumeDurableExecution",
        "SendDurableExecutionCallbackFailure",
        "SendDurableExecutionCallbackHeartbeat",
        "SendDurableExecutionCallbackSuccess",
        "StopDurableExecution",
        "UpdateCapacityProvider",
    }
)

COVERAGE_TABLE = "COVERAGE.md"

_ADVICE = {
    "DurableExecution": (
        "Durable executions are not built into lam. Run the function that needs them on AWS; here a function "
        "without DurableConfig runs as an ordinary one."
    ),
    "CapacityProvider": (
        "Capacity providers are not built into lam: there are no managed instances on this machine. Leave "
        "CapacityProviderConfig out, and the function runs here on demand."
    ),
}
"""By a part of the operation's name: what will not be built, and what to do instead."""

_NOT_YET = f"It is not built into lam yet; {COVERAGE_TABLE} in lam's repository lists what is."


def advice(operation: str) -> str:
    """Also for an operation that a newer botocore knows and this file does not."""
    return next((text for part, text in _ADVICE.items() if part in operation), _NOT_YET)


def explanation(operation: str) -> str:
    return f"lam does not answer {operation}. {advice(operation)}"
