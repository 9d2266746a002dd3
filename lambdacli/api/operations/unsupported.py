"""The operations of the model that lam does not build: each is answered with an error that names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COVERAGE_TABLE = "COVERAGE.md"


@dataclass(frozen=True, slots=True)
class Gap:
    """Operations that are missing for one reason."""

    subject: str
    explanation: str
    """What is not built, and what to do instead; whole sentences."""
    operations: tuple[str, ...]


_NOT_YET = Gap(
    "not yet",
    f"It is not built into lam yet; {COVERAGE_TABLE} in lam's repository lists what is.",
    (
        "AddLayerVersionPermission",
        "AddPermission",
        "CreateAlias",
        "CreateCodeSigningConfig",
        "CreateEventSourceMapping",
        "CreateFunctionUrlConfig",
        "DeleteAlias",
        "DeleteCodeSigningConfig",
        "DeleteEventSourceMapping",
        "DeleteFunctionCodeSigningConfig",
        "DeleteFunctionEventInvokeConfig",
        "DeleteFunctionUrlConfig",
        "DeleteLayerVersion",
        "DeleteProvisionedConcurrencyConfig",
        "DeleteResourcePolicy",
        "GetAlias",
        "GetCodeSigningConfig",
        "GetEventSourceMapping",
        "GetFunctionCodeSigningConfig",
        "GetFunctionEventInvokeConfig",
        "GetFunctionRecursionConfig",
        "GetFunctionScalingConfig",
        "GetFunctionUrlConfig",
        "GetLayerVersion",
        "GetLayerVersionByArn",
        "GetLayerVersionPolicy",
        "GetPolicy",
        "GetProvisionedConcurrencyConfig",
        "GetResourcePolicy",
        "GetRuntimeManagementConfig",
        "InvokeWithResponseStream",
        "ListAliases",
        "ListCodeSigningConfigs",
        "ListEventSourceMappings",
        "ListFunctionEventInvokeConfigs",
        "ListFunctionUrlConfigs",
        "ListFunctionsByCodeSigningConfig",
        "ListLayerVersions",
        "ListLayers",
        "ListProvisionedConcurrencyConfigs",
        "ListVersionsByFunction",
        "PublishLayerVersion",
        "PublishVersion",
        "PutFunctionCodeSigningConfig",
        "PutFunctionEventInvokeConfig",
        "PutFunctionRecursionConfig",
        "PutFunctionScalingConfig",
        "PutProvisionedConcurrencyConfig",
        "PutResourcePolicy",
        "PutRuntimeManagementConfig",
        "RemoveLayerVersionPermission",
        "RemovePermission",
        "UpdateAlias",
        "UpdateCodeSigningConfig",
        "UpdateEventSourceMapping",
        "UpdateFunctionEventInvokeConfig",
        "UpdateFunctionUrlConfig",
    ),
)

GAPS = (
    Gap(
        "durable executions",
        "Durable executions are not built into lam. Run the function that needs them on AWS; here a function "
        "without DurableConfig runs as an ordinary one.",
        (
            "CheckpointDurableExecution",
            "DeleteDurableExecution",
            "GetDurableExecution",
            "GetDurableExecutionHistory",
            "GetDurableExecutionState",
            "ListDurableExecutionsByFunction",
            "PauseDurableExecution",
            "ResumeDurableExecution",
            "SendDurableExecutionCallbackFailure",
            "SendDurableExecutionCallbackHeartbeat",
            "SendDurableExecutionCallbackSuccess",
            "StopDurableExecution",
        ),
    ),
    Gap(
        "capacity providers",
        "Capacity providers are not built into lam: there are no managed instances on this machine. Leave "
        "CapacityProviderConfig out, and the function runs here on demand.",
        (
            "CreateCapacityProvider",
            "DeleteCapacityProvider",
            "GetCapacityProvider",
            "ListCapacityProviders",
            "ListFunctionVersionsByCapacityProvider",
            "UpdateCapacityProvider",
        ),
    ),
    _NOT_YET,
)

_GAP_OF: Mapping[str, Gap] = {name: gap for gap in GAPS for name in gap.operations}

NAMES = frozenset(_GAP_OF)


def explanation(operation: str) -> str:
    """Also of an operation that a newer botocore knows and this file does not."""
    return f"lam does not answer {operation}. {_GAP_OF.get(operation, _NOT_YET).explanation}"
