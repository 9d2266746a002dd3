"""Whether Lambda may take on a function's role, and send and read by it, as far as the role is known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambdacli.api.operations.context import Context
from lambdacli.model.arn import FunctionKey
from lambdacli.model.delivery import service_of
from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.role_trust import decide_assumption, require_assumable
from lambdacli.model.sending_rights import READING_RIGHTS, RIGHTS, missing_right, sender


def check_role(context: Context, request: Mapping[str, Any], function: FunctionKey) -> None:
    """A role that nobody has told of is believed to be a good one."""
    role: str | None = request.get("Role")
    trust = None if role is None else context.trust_of(role)
    if role is not None and trust is not None:
        require_assumable(decide_assumption(role, trust, function.arn))


def check_dead_letter_role(
    context: Context, role_arn: str, function: FunctionKey, target_arn: str | None
) -> None:
    missing = None if target_arn is None else _missing_right(context, role_arn, function, target_arn)
    if target_arn is not None and missing is not None:
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {missing} on "
            f"{service_of(target_arn).upper()}"
        )


def check_destination_role(
    context: Context, role_arn: str, function: FunctionKey, destination_arn: str
) -> None:
    missing = _missing_right(context, role_arn, function, destination_arn)
    if missing is not None:
        raise InvalidParameterValueException(
            f"The function's execution role does not have permissions to call {missing} on {destination_arn}"
        )


def check_reading_role(context: Context, role_arn: str, function: FunctionKey, source_arn: str) -> None:
    missing = _missing_right(context, role_arn, function, source_arn, READING_RIGHTS)
    if missing is None:
        return
    if service_of(source_arn) == "sqs":
        raise InvalidParameterValueException(
            f"The function execution role does not have permissions to call {missing} on SQS"
        )
    *actions, last = (each.partition(":")[2] for each in READING_RIGHTS[service_of(source_arn)])
    raise InvalidParameterValueException(
        f"Cannot access stream {source_arn}. Please ensure the role can perform the {', '.join(actions)}, "
        f"and {last} Actions on your stream in IAM."
    )


def _missing_right(
    context: Context,
    role_arn: str,
    function: FunctionKey,
    arn: str,
    rights: Mapping[str, Sequence[str]] = RIGHTS,
) -> str | None:
    caller = sender(role_arn, function)
    policies = context.known_policies_of(caller)
    return None if policies is None else missing_right(caller, function, arn, policies, rights)
