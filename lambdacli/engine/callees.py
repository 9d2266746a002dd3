"""What an event's function is now: its version, what was set for its events, and how much of it may run."""

from __future__ import annotations

import random

from lambdacli.engine.concurrency import Ledger
from lambdacli.engine.routing import version_for
from lambdacli.model.arn import LATEST, FunctionKey, is_version
from lambdacli.model.event import Refusal, RefusalKind
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.function import Function, State
from lambdacli.store.aliases import AliasStore
from lambdacli.store.functions import FunctionStore
from lambdacli.store.kinds import EVENT_INVOKE
from lambdacli.store.settings import SettingStore


class Callees:
    """Asked for each attempt: an event that waited runs what its function is by then."""

    def __init__(
        self, functions: FunctionStore, aliases: AliasStore, settings: SettingStore, ledger: Ledger
    ) -> None:
        self._functions = functions
        self._aliases = aliases
        self._settings = settings
        self._ledger = ledger

    def function(self, key: FunctionKey, qualifier: str | None) -> Function | None:
        """The version that one invocation runs; None if the function, version or alias is not there."""
        if qualifier is None or is_version(qualifier):
            return self._functions.get(key, qualifier or LATEST)
        alias = self._aliases.get(key, qualifier)
        return None if alias is None else self._functions.get(key, version_for(alias, random.random()))

    def event_config(self, key: FunctionKey, qualifier: str | None) -> EventInvokeConfig | None:
        """Exactly the qualifier's own: that of `$LATEST` does not count for a version."""
        return self._settings.get(EVENT_INVOKE, key, qualifier or LATEST)

    def room(self, key: FunctionKey, qualifier: str | None) -> int | None:
        """How many more would be admitted now; None where the code will not run whatever comes."""
        function = self.function(key, qualifier)
        if function is None or self._is_closed(key):
            return None
        return self._ledger.room(key, function.version)

    def refusal(self, key: FunctionKey, qualifier: str | None, function: Function | None) -> Refusal | None:
        """What is known before it is tried."""
        if function is None:
            message = f"Function not found: {key.qualified_arn(qualifier)}"
            return Refusal(RefusalKind.GONE, "ResourceNotFoundException", message)
        if self._is_closed(key):
            return Refusal(RefusalKind.ZERO_RESERVED, "TooManyRequestsException", "Rate Exceeded.")
        if function.state is not State.ACTIVE:
            message = f"The function is currently in the following state: {function.state.value}"
            return Refusal(RefusalKind.SERVICE_ERROR, "ResourceConflictException", message)
        return None

    def _is_closed(self, key: FunctionKey) -> bool:
        """All that is reserved for it is nothing."""
        latest = self._functions.get(key)
        return latest is not None and latest.reserved_concurrency == 0
