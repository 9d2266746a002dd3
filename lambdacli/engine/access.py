"""Whether a producer may invoke a function: the policy of what it calls, read and asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from lambdacli.model.arn import FunctionKey
from lambdacli.model.permission import ResourcePolicy
from lambdacli.model.policy import Decision, decide
from lambdacli.model.policy_document import PolicyDocument, PolicyKind, parse_policy
from lambdacli.model.producer import INVOKE, Producer, invocation_request
from lambdacli.store.policies import policy_of
from lambdacli.store.settings import SettingStore


class Access:
    """Asks the policies as they are stored now: nothing of them is remembered but how their texts read."""

    def __init__(self, settings: SettingStore) -> None:
        self._settings = settings

    def may_invoke(
        self,
        producer: Producer,
        function: FunctionKey,
        qualifier: str | None = None,
        *,
        action: str = INVOKE,
        at: datetime | None = None,
    ) -> Decision:
        """By the policy of exactly the function, version or alias that is called: what an alias permits, its
        version does not."""
        request = invocation_request(producer, function, qualifier, action=action, at=at)
        return decide(request, self.policies_of(function, qualifier))

    def policies_of(self, function: FunctionKey, qualifier: str | None = None) -> Sequence[PolicyDocument]:
        policy = policy_of(self._settings, function, qualifier)
        return () if policy is None else (_read(policy, function.qualified_arn(qualifier)),)


@lru_cache(maxsize=256)
def _read(policy: ResourcePolicy, arn: str) -> PolicyDocument:
    return parse_policy(policy.text, PolicyKind.RESOURCE, f"the policy of {arn}")
