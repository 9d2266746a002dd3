"""Log events as append-only files, one per stream, and the ways to read and follow them."""

from __future__ import annotations

import asyncio
import heapq
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from urllib.parse import quote, unquote

from lambdacli.model.arn import FunctionKey

GROUP_PREFIX = "/aws/lambda/"
FOLLOWER_BACKLOG = 10_000
"""Events kept for a follower that reads slowly; then the oldest are dropped for it (the files keep all)."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    timestamp_ms: int
    group: str
    stream: str
    message: str

    @property
    def function(self) -> str:
        return self.group.removeprefix(GROUP_PREFIX)


@dataclass(frozen=True, slots=True)
class LogQuery:
    account: str
    region: str
    function: str | None = None
    since_ms: int = 0
    text: str = ""
    request_id: str | None = None
    limit: int | None = None
    """Only the newest so many."""


class LogStream:
    """One environment's stream. Each event is in its file when `write` returns."""

    def __init__(self, file: Path, group: str, name: str, publish: Callable[[LogEvent], None]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._group = group
        self._publish = publish
        self._file: TextIOWrapper = file.open("a", encoding="utf-8", errors="surrogateescape")

    def write(self, message: str, timestamp_ms: int | None = None) -> None:
        moment = int(time.time() * 1000) if timestamp_ms is None else timestamp_ms
        self._file.write(json.dumps({"t": moment, "m": message}, ensure_ascii=False) + "\n")
        self._file.flush()
        self._publish(LogEvent(moment, self._group, self.name, message))

    def close(self) -> None:
        self._file.close()


class Follower:
    """Gets every event from the moment it was made; None when the log book closes."""

    def __init__(self, query: LogQuery) -> None:
        self.query = query
        self.queue: asyncio.Queue[LogEvent | None] = asyncio.Queue(FOLLOWER_BACKLOG)

    def offer(self, event: LogEvent) -> None:
        if self.query.function not in (None, event.function) or self.query.text not in event.message:
            return
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(event)


class LogBook:
    """All streams of one state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._followers: list[Follower] = []

    def open_stream(self, key: FunctionKey, group: str, name: str) -> LogStream:
        file = (
            self._folder / key.account / key.region / quote(group, safe="") / f"{quote(name, safe='')}.ndjson"
        )
        return LogStream(file, group, name, self._publish)

    def follow(self, query: LogQuery) -> Follower:
        follower = Follower(query)
        self._followers.append(follower)
        return follower

    def unfollow(self, follower: Follower) -> None:
        if follower in self._followers:
            self._followers.remove(follower)

    def is_followed(self) -> bool:
        return bool(self._followers)

    def end_followers(self) -> None:
        """No more events for anybody: the service is stopping."""
        for follower in self._followers:
            if follower.queue.full():
                follower.queue.get_nowait()
            follower.queue.put_nowait(None)

    def read(self, query: LogQuery) -> list[LogEvent]:
        """Events in the order of time. Reads files: call it off the event loop."""
        if query.request_id is not None:
            return self._read_invocation(query, query.request_id)
        streams = [self._stream_events(file, query.since_ms) for file in self._files(query)]
        merged = heapq.merge(*streams, key=lambda event: event.timestamp_ms)
        events = [
            event for event in merged if event.timestamp_ms >= query.since_ms and query.text in event.message
        ]
        return events if query.limit is None else events[max(0, len(events) - query.limit) :]

    def _read_invocation(self, query: LogQuery, request_id: str) -> list[LogEvent]:
        """From the end of the stream's former invocation to this one's REPORT: a cold start's init is part of
        it."""
        start, report = f"START RequestId: {request_id} ", f"REPORT RequestId: {request_id}\t"
        for file in sorted(self._files(query), key=lambda file: file.stat().st_mtime, reverse=True):
            if start not in file.read_text(encoding="utf-8", errors="replace"):
                continue
            collected: list[LogEvent] = []
            for event in self._stream_events(file, 0):
                collected.append(event)
                if event.message.startswith("REPORT RequestId: "):
                    if event.message.startswith(report):
                        return collected
                    collected = []
            return collected if any(event.message.startswith(start) for event in collected) else []
        return []

    def _files(self, query: LogQuery) -> Iterator[Path]:
        root = self._folder / query.account / query.region
        wanted = "*" if query.function is None else quote(GROUP_PREFIX + query.function, safe="")
        for file in root.glob(f"{wanted}/*.ndjson"):
            if file.stat().st_mtime * 1000 >= query.since_ms:
                yield file

    def _stream_events(self, file: Path, since_ms: int) -> Iterator[LogEvent]:
        group, stream = unquote(file.parent.name), unquote(file.stem)
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.endswith("\n"):
                    return  # being written, or cut off by a crash
                row = json.loads(line)
                if row["t"] >= since_ms:
                    yield LogEvent(row["t"], group, stream, row["m"])

    def _publish(self, event: LogEvent) -> None:
        for follower in self._followers:
            follower.offer(event)
