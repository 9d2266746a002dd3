"""Whether Lambda may take on the role that a function is given, as far as the role is known here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdacli.api.operations.context import Context
from lambdacli.model.arn import FunctionKey
from lambdacli.model.role_trust import decide_assumption, require_assumable


def check_role(context: Context, request: Mapping[str, Any], function: FunctionKey) -> None:
    """A role that nobody has told of is believed to be a good one."""
    role: str | None = request.get("Role")
    trust = None if role is None else context.trust_of(role)
    if role is not None and trust is not None:
        require_assumable(decide_assumption(role, trust, function.arn))
