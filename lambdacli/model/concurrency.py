"""How an account's concurrency is shared out: what functions claim, and what is left for all others. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from lambdacli.model.arn import FunctionKey
from lambdacli.model.limits import UNRESERVED_CONCURRENCY_MINIMUM


def claims(
    account: str, region: str, reserved: Mapping[FunctionKey, int], provisioned: Mapping[FunctionKey, int]
) -> Mapping[FunctionKey, int]:
    """What each function takes out of the common pool: its reservation, which holds its provisioned
    environments too, or else those alone."""
    found = {**provisioned, **reserved}
    return {key: count for key, count in found.items() if (key.account, key.region) == (account, region)}


def unreserved_minimum(account_concurrency: int) -> int:
    """What nobody may claim; an account of less can claim nothing at all."""
    return min(UNRESERVED_CONCURRENCY_MINIMUM, account_concurrency)
