"""Where the resource policies of functions, versions and aliases are kept: as a setting of each."""

from __future__ import annotations

from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.permission import ResourcePolicy
from lambdacli.store.kinds import RESOURCE_POLICY
from lambdacli.store.settings import WHOLE_FUNCTION, SettingStore


def policy_place(qualifier: str | None) -> str:
    """Under which qualifier the policy of a call lies: `$LATEST` cannot have one of its own."""
    return WHOLE_FUNCTION if qualifier in (None, LATEST) else qualifier


def policy_of(settings: SettingStore, key: FunctionKey, qualifier: str | None) -> ResourcePolicy | None:
    return settings.get(RESOURCE_POLICY, key, policy_place(qualifier))
