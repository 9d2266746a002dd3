"""The settings of CreateFunction and the Updates: what is refused, and which fields they set. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambdacli.api import attachments
from lambdacli.model import limits, variables
from lambdacli.model.errors import InvalidParameterValueException, not_built
from lambdacli.model.function import Logging
from lambdacli.model.runtime_names import LISTED_IN_ERRORS, RETIRED, RUNTIMES

_NO_LOGGING = Logging()


def fields(
    request: Mapping[str, Any], function_name: str, former_logging: Logging = _NO_LOGGING
) -> dict[str, Any]:
    """The fields of a Function that a checked request sets; raises for what Lambda or lam refuses."""
    _refuse_not_built(request)
    _check_runtime(request.get("Runtime"))
    _check_limits(request)
    found = {field: request[member] for member, field in _FIELDS.items() if member in request}
    if "EphemeralStorage" in request:
        found["ephemeral_storage_mb"] = request["EphemeralStorage"]["Size"]
    if "Environment" in request:
        found["variables"] = _checked_variables(request["Environment"].get("Variables", {}))
    return found | attachments.fields(request, function_name, former_logging)


_FIELDS = {
    "Runtime": "runtime",
    "Handler": "handler",
    "Role": "role",
    "Description": "description",
    "Timeout": "timeout_seconds",
    "MemorySize": "memory_mb",
}


# What lam does not do yet: refused by name unless the value asks for nothing.


def _refuse_not_built(request: Mapping[str, Any]) -> None:
    for member, asks_for_nothing in _NOT_BUILT.items():
        if member in request and not asks_for_nothing(request[member]):
            raise not_built(member)


def _is_empty(value: Any) -> bool:
    """Nothing, or nothing but nothings."""
    return not any(value.values()) if isinstance(value, Mapping) else not value


def _never(value: Any) -> bool:
    return False


_NOT_BUILT: Mapping[str, Callable[[Any], bool]] = {
    "PublishTo": _never,
    "ImageConfig": _is_empty,
    "PackageType": lambda value: value == "Zip",
    "TenancyConfig": _never,
    "CapacityProviderConfig": _never,
    "DurableConfig": _never,
    "RuntimeConfig": _never,
    "AcceleratorConfig": _never,
}


# What Lambda refuses.


def _check_runtime(runtime: str | None) -> None:
    if runtime is None or runtime in RUNTIMES:
        return
    if runtime in RETIRED:
        raise no_longer_supported(runtime)
    raise InvalidParameterValueException(
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        f"[{LISTED_IN_ERRORS}] or be a valid ARN"
    )


def no_longer_supported(runtime: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(
        f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
        "functions. We recommend you use a supported runtime while creating or updating functions."
    )


def _check_limits(request: Mapping[str, Any]) -> None:
    """The service's own bounds, which are narrower than the model's; the model's were checked before."""
    given = (
        ("timeout", request.get("Timeout"), limits.TIMEOUT_SECONDS_MAXIMUM),
        ("memorySize", request.get("MemorySize"), limits.MEMORY_MB_MAXIMUM),
        (
            "ephemeralStorage.size",
            request.get("EphemeralStorage", {}).get("Size"),
            limits.EPHEMERAL_STORAGE_MB_MAXIMUM,
        ),
    )
    for place, value, maximum in given:
        if value is not None and value > maximum:
            raise InvalidParameterValueException(
                f"1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: "
                f"Member must have value less than or equal to {maximum}"
            )


def check_name_length(name: str) -> None:
    if len(name) > limits.FUNCTION_NAME_LENGTH:
        raise InvalidParameterValueException(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limits.FUNCTION_NAME_LENGTH}"
        )


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise InvalidParameterValueException("Number of tags exceeds resource tag limit.")
    return dict(tags)


def _checked_variables(given: Mapping[str, str]) -> dict[str, str]:
    reserved = variables.reserved_names(given)
    if reserved:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if variables.is_too_large(given):
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you "
            f"have provided exceeded the 4KB limit. String measured: {variables.measured_text(given)}"
        )
    return dict(given)
