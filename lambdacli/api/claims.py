"""What is claimed of an account's concurrency in the region of a request."""

from __future__ import annotations

from collections import Counter

from lambdacli.api.operations.context import Context
from lambdacli.model.arn import FunctionKey
from lambdacli.model.concurrency import claims
from lambdacli.store.kinds import PROVISIONED


def unclaimed(context: Context, *, but: FunctionKey | None = None) -> int:
    """What is left for all others; the claim of `but` does not count."""
    provisioned: Counter[FunctionKey] = Counter()
    for key, _, setting in context.settings.all(PROVISIONED):
        provisioned[key] += setting.requested
    found = claims(context.account, context.region, context.functions.reservations(), provisioned)
    return context.account_concurrency - sum(count for key, count in found.items() if key != but)
