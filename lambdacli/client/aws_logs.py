"""What deployed functions wrote to CloudWatch Logs, past and live, each line once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lambdacli.client.aws import Aws, AwsError
from lambdacli.client.local import ApiError, Json

POLL_SECONDS = 1.0
OVERLAP_MS = 30_000
"""How late a line may come to be found all the same: CloudWatch takes in lines in no strict order."""

_MINUTE_MS = 60_000
_BACKWARD_MS = (10 * _MINUTE_MS, 2 * 60 * _MINUTE_MS, 24 * 60 * _MINUTE_MS, 14 * 24 * 60 * _MINUTE_MS)
"""Where the last lines are looked for, before the whole log is read."""


class Seen:
    """Which lines there were: of those that may still come again."""

    def __init__(self) -> None:
        self._moments: dict[str, int] = {}
        self.newest_ms: int | None = None

    def is_new(self, event: Json) -> bool:
        """Once true for each line."""
        event_id, moment = str(event["eventId"]), int(event["timestamp"])
        if event_id in self._moments:
            return False
        self._moments[event_id] = moment
        self.newest_ms = moment if self.newest_ms is None else max(self.newest_ms, moment)
        return True

    @property
    def next_start_ms(self) -> int | None:
        """From when on is to be asked next; what lies before it is forgotten."""
        if self.newest_ms is None:
            return None
        start = self.newest_ms - OVERLAP_MS
        self._moments = {each: moment for each, moment in self._moments.items() if moment >= start}
        return start


@dataclass(frozen=True, slots=True)
class LogGroup:
    name: str
    function: str
    """Whose lines are wanted."""
    is_shared: bool = False
    """Other functions write there, too; a stream's name then says whose it is."""

    def has(self, event: Json) -> bool:
        return not self.is_shared or f"/{self.function}[" in str(event["logStreamName"])


def log_group_of(aws: Aws, name: str) -> LogGroup:
    """Of a function, or of whoever wrote to a group that is named itself."""
    if name.startswith("/"):
        return LogGroup(name, name.removeprefix("/aws/lambda/"))
    own = LogGroup(f"/aws/lambda/{name}", name)
    try:
        told = aws.call("lambda", "get_function_configuration", FunctionName=name)
    except (ApiError, AwsError) as error:
        # A function that is gone may still have lines, and whoever reads logs may not be let to see it.
        if isinstance(error, ApiError) and error.status != 404:
            raise
        return own
    group = told.get("LoggingConfig", {}).get("LogGroup", own.name)
    return own if group == own.name else LogGroup(group, name, is_shared=True)


def log_lines(
    aws: Aws,
    group: LogGroup,
    *,
    since_ms: int | None,
    text: str | None,
    limit: int | None,
    follow: bool,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Json]:
    """As the project's own service tells them. Following, a group that is not there yet is waited for."""
    seen = Seen()
    began_ms = now_ms()
    for event in _past(aws, group, seen, since_ms, text, limit, began_ms, is_awaited=follow):
        yield _line(group, event)
    while follow:
        wait(POLL_SECONDS)
        start = seen.next_start_ms
        floor = began_ms - OVERLAP_MS if since_ms is None else since_ms
        found = _read(aws, group, floor if start is None else max(start, floor), None, is_awaited=True)
        new = [event for event in found if seen.is_new(event)]
        for event in sorted(new, key=_moment_of):
            if _is_wanted(group, event, text):
                yield _line(group, event)


def _past(
    aws: Aws,
    group: LogGroup,
    seen: Seen,
    since_ms: int | None,
    text: str | None,
    limit: int | None,
    now_ms: int,
    *,
    is_awaited: bool,
) -> list[Json]:
    """In order; only the last ones, where there is a limit."""
    if since_ms is not None or limit is None:
        starts: list[int] = [since_ms or 0]
    else:
        starts = [*(now_ms - back for back in _BACKWARD_MS), 0]
    lines: list[Json] = []
    end: int | None = None
    for start in starts:
        found = _read(aws, group, start, end, is_awaited=is_awaited)
        new = [event for event in found if seen.is_new(event) and _is_wanted(group, event, text)]
        lines = [*new, *lines]
        end = start - 1
        if limit is not None and len(lines) >= limit:
            break
    lines.sort(key=_moment_of)
    return lines if limit is None else lines[-limit:]


def _read(
    aws: Aws, group: LogGroup, start_ms: int, end_ms: int | None, *, is_awaited: bool
) -> Iterator[Json]:
    """Events of a stretch of time, page by page; a page may be empty although others follow."""
    parameters: dict[str, Any] = {"logGroupName": group.name, "startTime": max(start_ms, 0)}
    if end_ms is not None:
        if end_ms < parameters["startTime"]:
            return
        parameters["endTime"] = end_ms
    while True:
        try:
            page = aws.call("logs", "filter_log_events", **parameters)
        except ApiError as error:
            if is_awaited and error.code == "ResourceNotFoundException":
                return
            raise
        yield from page.get("events", ())
        token = page.get("nextToken")
        if not token or token == parameters.get("nextToken"):
            return
        parameters["nextToken"] = token


def _is_wanted(group: LogGroup, event: Json, text: str | None) -> bool:
    return group.has(event) and (text is None or text in str(event["message"]))


def _moment_of(event: Json) -> int:
    return int(event["timestamp"])


def _line(group: LogGroup, event: Json) -> Json:
    return {
        "timestamp": event["timestamp"],
        "function": group.function,
        "stream": event["logStreamName"],
        "message": event["message"],
    }
