"""Calls that are tried again: when there are too many, when a function is changing, when a role is new."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lambdacli.client.deploy.target import Json, Refused, Target
from lambdacli.model.deployment import Members

_THROTTLED_TRIES = 8
_LONGEST_PAUSE_SECONDS = 20.0
ROLE_SECONDS = 60.0
"""How long a new role may take until Lambda can assume it."""
READY_SECONDS = 300.0
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Waiting:
    """How time passes; tests have their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Patient:
    """A target that is asked again when asking again can help."""

    def __init__(self, target: Target, waiting: Waiting | None = None) -> None:
        self._target = target
        self._waiting = waiting or Waiting()

    @property
    def name(self) -> str:
        return self._target.name

    @property
    def is_aws(self) -> bool:
        return self._target.is_aws

    def call(self, service: str, operation: str, parameters: Members) -> Json:
        pause = 0.5
        for _ in range(_THROTTLED_TRIES):
            try:
                return self._target.call(service, operation, parameters)
            except Refused as error:
                if not error.is_throttled:
                    raise
            self._waiting.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        return self._target.call(service, operation, parameters)

    def change(
        self,
        service: str,
        operation: str,
        parameters: Members,
        function: str | None,
        *,
        are_rights_new: bool = False,
    ) -> Json:
        """As `call`; waits for a role that is too new, for rights that were only just given, and for another
        change of the function or of its mapping to end."""
        begun = self._waiting.now()
        while True:
            try:
                return self.call(service, operation, parameters)
            except Refused as error:
                waited = self._waiting.now() - begun
                is_too_early = _is_role_too_new(error) or (are_rights_new and _lacks_rights(error))
                if is_too_early and waited < ROLE_SECONDS:
                    self._waiting.sleep(2.0)
                elif _is_changing(error) and function is not None and waited < READY_SECONDS:
                    self.wait_until_ready(function, operation)
                    self._waiting.sleep(_LOOK_SECONDS)
                else:
                    raise

    def wait_until_ready(self, function: str, operation: str, qualifier: str | None = None) -> None:
        begun = self._waiting.now()
        parameters = {"FunctionName": function, **({"Qualifier": qualifier} if qualifier else {})}
        while True:
            found = self.call("lambda", "GetFunctionConfiguration", parameters)
            if found.get("State") == "Failed" or found.get("LastUpdateStatus") == "Failed":
                reason = found.get("StateReason") or found.get("LastUpdateStatusReason") or "no reason given"
                raise Refused(operation, "Failed", f"{function} was not changed: {reason}")
            if found.get("State") != "Pending" and found.get("LastUpdateStatus") != "InProgress":
                return
            if self._waiting.now() - begun > READY_SECONDS:
                raise Refused(operation, "NotReady", f"{function} is not ready after {READY_SECONDS:g} s")
            self._waiting.sleep(_LOOK_SECONDS)


def _is_role_too_new(error: Refused) -> bool:
    return error.code == "InvalidParameterValueException" and "cannot be assumed by Lambda" in error.message


_WITHOUT_RIGHTS = ("execution role does not have permissions", "ensure the role can perform")
"""The second for streams («unconfirmed»)."""


def _lacks_rights(error: Refused) -> bool:
    """Of the execution role, to read a source, or to send to a queue or topic."""
    is_refused = error.code == "InvalidParameterValueException"
    return is_refused and any(words in error.message for words in _WITHOUT_RIGHTS)


def _is_changing(error: Refused) -> bool:
    if error.code == "ResourceInUseException":
        return error.operation in ("UpdateEventSourceMapping", "DeleteEventSourceMapping")
    is_conflict = error.code == "ResourceConflictException"
    return is_conflict and ("in progress" in error.message or "in the following state" in error.message)
