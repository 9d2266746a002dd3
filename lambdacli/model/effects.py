"""What is kept and shown but has no effect here, in sentences for `lam show` and the log. Pure."""

from __future__ import annotations

import platform

from lambdacli.model.function import Function, Logging
from lambdacli.model.mapping import READ_KINDS, EventSourceMapping
from lambdacli.model.runtime_management import RuntimeManagement
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.model.scaling import Scaling

UNREAD_SOURCE = "it is kept, but lam does not read such sources yet"

_OTHER_NAMES = {"amd64": "x86_64", "aarch64": "arm64"}


def without_effect(function: Function, machine: str = platform.machine()) -> list[str]:
    """`machine` is what this one's processors are called."""
    notes = (
        _architecture(function.architecture, _OTHER_NAMES.get(machine.lower(), machine.lower())),
        _tracing(function),
        _key(function),
        _vpc(function),
        _snap_start(function),
        *(f"LogFormat JSON: {note}" for note in of_logging(function.logging, function.runtime)),
    )
    return [note for note in notes if note is not None]


def _architecture(declared: str, machine: str) -> str | None:
    if declared in (machine, "x86_64"):
        return None  # the default asks for nothing in particular
    return f"architecture {declared} is only declared: the function runs on this machine's {machine}"


def _tracing(function: Function) -> str | None:
    if function.tracing != "Active":
        return None
    return "TracingConfig Active has no effect yet: nothing is sent to X-Ray"


def _key(function: Function) -> str | None:
    if function.kms_key_arn is None:
        return None
    return "KMSKeyArn has no effect here: variables and code are not encrypted"


def _vpc(function: Function) -> str | None:
    if function.vpc is None or function.vpc.is_empty:
        return None
    return f"VpcConfig has no effect here: the function's network is `{function.network}`, as without it"


def _snap_start(function: Function) -> str | None:
    if function.snap_start == "None":
        return None
    return "SnapStart has no effect yet: no snapshots are taken, published versions start as any other"


def of_logging(logging: Logging, runtime: str) -> list[str]:
    """What JSON does not change."""
    if logging.format != "JSON":
        return []
    notes = ["START, END and REPORT stay lines of text, and SystemLogLevel leaves none out"]
    if runtime in RUNTIMES and RUNTIMES[runtime].family != "nodejs":
        notes.append("what the function logs stays as it writes it, and is not left out by level")
    return notes


def of_mapping(mapping: EventSourceMapping) -> list[str]:
    if mapping.source.kind in READ_KINDS:
        return []
    return [
        f"event source mapping {mapping.uuid} of {mapping.source.name} is kept, but lam does not read "
        f"{mapping.source.kind} yet: it does not invoke {mapping.function_arn}"
    ]


def runtime_management_without_effect(version: str, management: RuntimeManagement) -> list[str]:
    return [
        f"runtime management {management.update_on} of {version} has no effect: the runtime is the one that "
        "is installed on this machine"
    ]


def scaling_without_effect(version: str, scaling: Scaling) -> list[str]:
    return [f"the scaling config of {version} has no effect: there are no capacity providers here"]
