"""Which module of `operations` answers which operation of the model: imported when it is first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore import xform_name

from lambdacli.api.operations.context import Context

OperationFunction = Callable[[Context, dict[str, Any]], Any]
"""It takes the context and its members; it answers members, or a Reply with headers too. A few wait."""

MODULES: Mapping[str, tuple[str, ...]] = {
    "functions": (
        "CreateFunction",
        "GetFunction",
        "GetFunctionConfiguration",
        "ListFunctions",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "DeleteFunction",
    ),
    "versions": ("PublishVersion", "ListVersionsByFunction"),
    "aliases": ("CreateAlias", "GetAlias", "ListAliases", "UpdateAlias", "DeleteAlias"),
    "layers": (
        "PublishLayerVersion",
        "ListLayers",
        "ListLayerVersions",
        "GetLayerVersion",
        "GetLayerVersionByArn",
        "DeleteLayerVersion",
    ),
    "layer_permissions": (
        "AddLayerVersionPermission",
        "RemoveLayerVersionPermission",
        "GetLayerVersionPolicy",
    ),
    "invoke": ("Invoke", "InvokeAsync"),
    "invoke_stream": ("InvokeWithResponseStream",),
    "concurrency": ("PutFunctionConcurrency", "GetFunctionConcurrency", "DeleteFunctionConcurrency"),
    "provisioned_concurrency": (
        "PutProvisionedConcurrencyConfig",
        "GetProvisionedConcurrencyConfig",
        "DeleteProvisionedConcurrencyConfig",
        "ListProvisionedConcurrencyConfigs",
    ),
    "event_invoke": (
        "PutFunctionEventInvokeConfig",
        "UpdateFunctionEventInvokeConfig",
        "GetFunctionEventInvokeConfig",
        "DeleteFunctionEventInvokeConfig",
        "ListFunctionEventInvokeConfigs",
    ),
    "event_source_mappings": (
        "CreateEventSourceMapping",
        "GetEventSourceMapping",
        "ListEventSourceMappings",
        "UpdateEventSourceMapping",
        "DeleteEventSourceMapping",
    ),
    "function_urls": (
        "CreateFunctionUrlConfig",
        "GetFunctionUrlConfig",
        "UpdateFunctionUrlConfig",
        "DeleteFunctionUrlConfig",
        "ListFunctionUrlConfigs",
    ),
    "runtime_management": ("PutRuntimeManagementConfig", "GetRuntimeManagementConfig"),
    "recursion": ("PutFunctionRecursionConfig", "GetFunctionRecursionConfig"),
    "scaling": ("PutFunctionScalingConfig", "GetFunctionScalingConfig"),
    "code_signing": (
        "CreateCodeSigningConfig",
        "GetCodeSigningConfig",
        "ListCodeSigningConfigs",
        "UpdateCodeSigningConfig",
        "DeleteCodeSigningConfig",
        "ListFunctionsByCodeSigningConfig",
        "PutFunctionCodeSigningConfig",
        "GetFunctionCodeSigningConfig",
        "DeleteFunctionCodeSigningConfig",
    ),
    "tags": ("ListTags", "TagResource", "UntagResource"),
    "account": ("GetAccountSettings",),
    "permissions": (
        "AddPermission",
        "RemovePermission",
        "GetPolicy",
        "PutResourcePolicy",
        "GetResourcePolicy",
        "DeleteResourcePolicy",
    ),
}

BUILT: Mapping[str, str] = {name: module for module, names in MODULES.items() for name in names}


@cache
def function_of(operation: str) -> OperationFunction | None:
    """None: it is not built."""
    if operation not in BUILT:
        return None
    module = importlib.import_module(f"lambdacli.api.operations.{BUILT[operation]}")
    function: OperationFunction = getattr(module, xform_name(operation))
    return function
