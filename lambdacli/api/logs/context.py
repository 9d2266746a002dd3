"""What an operation of CloudWatch Logs is given, and what it refuses with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lambdacli.model.identity import Identity
from lambdacli.telemetry.log_groups import LogGroup, LogGroups


class LogsRefusal(Exception):
    """Answered under AWS's name for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsContext:
    account: str
    region: str
    groups: LogGroups
    now: Callable[[], datetime]
    """Real time, as log events have it."""
    identity: Identity | None = None
    """Who calls, where signatures are checked."""

    @property
    def now_ms(self) -> int:
        return int(self.now().timestamp() * 1000)

    def group_arn(self, name: str) -> str:
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{name}"

    def existing(self, name: str) -> LogGroup:
        group = self.groups.group(self.account, self.region, name)
        if group is None:
            raise LogsRefusal("ResourceNotFoundException", "The specified log group does not exist.")
        return group


def invalid(message: str) -> LogsRefusal:
    return LogsRefusal("InvalidParameterException", message)
