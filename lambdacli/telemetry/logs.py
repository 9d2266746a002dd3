"""Log events as append-only files, one per stream, and the ways to read and follow them."""

from __future__ import annotations

import asyncio
import heapq
import json
import logging
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from json.encoder import encode_basestring as quoted
from pathlib import Path
from urllib.parse import quote, unquote

from lambdacli.model.arn import FunctionKey
from lambdacli.model.record import record

_log = logging.getLogger("lam.logs")

GROUP_PREFIX = "/aws/lambda/"
SHARED = "@shared"
"""Beside the groups' folders, and no name of one: an empty file for each group that holds streams of
functions that it is not named after."""
SETTINGS = "@group.json"
"""In a group's folder: what was said of the group. No file of a stream has such a name."""
HOLD_SECONDS = 0.05
"""How late an event that is held may be in its file when nothing follows it."""
FOLLOWER_BACKLOG = 10_000
"""Events kept for a follower that reads slowly; then the oldest are dropped for it (the files keep all)."""


@record
class LogEvent:
    timestamp_ms: int
    group: str
    stream: str
    message: str

    @property
    def function(self) -> str:
        return _function_of(self.group, self.stream)


@record
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
    """One environment's stream. Each event is in its file when `write` returns, or `flush` after `hold`."""

    def __init__(
        self, file: Path, group: str, name: str, publish: Callable[[str, str, list[tuple[int, str]]], None]
    ) -> None:
        """`publish` gets group, name, and times and messages of what has just been written."""
        self.name = name
        self.path = file
        self._group = group
        self._publish = publish
        self._held: list[tuple[int, str]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._file: FileIO | None = None
        self._is_closed = False
        self._opened()

    def write(self, message: str, timestamp_ms: int | None = None) -> None:
        self._keep(message, timestamp_ms)
        self.flush()

    def write_all(self, events: Iterable[tuple[int, str]]) -> None:
        """Times and messages, in one call of the system."""
        self._held += events
        self.flush()

    def hold(self, message: str, timestamp_ms: int | None = None) -> None:
        """Written together with what follows, or in a moment: several events, one call of the system."""
        self._keep(message, timestamp_ms)
        # Not cancelled when something follows: one timer serves all that is held until it is due.
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(HOLD_SECONDS, self._flush_late)

    def flush(self) -> None:
        if not self._held:
            return
        held, self._held = self._held, []
        lines = "".join([f'{{"t": {moment}, "m": {quoted(message)}}}\n' for moment, message in held])
        data = lines.encode(errors="replace")
        file = self._opened()
        written = file.write(data)
        while written < len(data):
            written += file.write(data[written:])
        self._publish(self._group, self.name, held)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._is_closed:
            try:
                self.flush()
            finally:
                self._is_closed = True
                self.let_go()

    def let_go(self) -> None:
        """Of its file, which is removed: the next line makes it anew."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> FileIO:
        if self._file is None:
            assert not self._is_closed, f"{self.name} is closed"
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab", buffering=0)
        return self._file

    def _keep(self, message: str, timestamp_ms: int | None) -> None:
        self._held.append((int(time.time() * 1000) if timestamp_ms is None else timestamp_ms, message))

    def _flush_late(self) -> None:
        self._timer = None
        try:
            self.flush()
        except OSError as error:
            _log.error("lines of %s could not be written (%s)", self.name, error.strerror)


class Follower:
    """Gets every event from the moment it was made; None when the log book closes."""

    def __init__(self, query: LogQuery) -> None:
        self.query = query
        self.queue: asyncio.Queue[LogEvent | None] = asyncio.Queue(FOLLOWER_BACKLOG)

    def offer(self, key: FunctionKey, event: LogEvent) -> None:
        query = self.query
        if (key.account, key.region) != (query.account, query.region):
            return
        if query.function not in (None, event.function) or query.text not in event.message:
            return
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(event)


class LogBook:
    """All streams of one state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._followers: list[Follower] = []
        self._streams: weakref.WeakSet[LogStream] = weakref.WeakSet()

    def open_stream(self, key: FunctionKey, group: str, name: str) -> LogStream:
        root = self._folder / key.account / key.region
        file = root / quote(group, safe="") / f"{quote(name, safe='')}.ndjson"
        if group != GROUP_PREFIX + key.name:
            (root / SHARED).mkdir(parents=True, exist_ok=True)
            (root / SHARED / quote(group, safe="")).touch()

        def publish(group: str, stream: str, events: list[tuple[int, str]]) -> None:
            if self._followers:
                for moment, message in events:
                    self._publish(key, LogEvent(moment, group, stream, message))

        stream = LogStream(file, group, name, publish)
        self._streams.add(stream)
        return stream

    def follow(self, query: LogQuery) -> Follower:
        follower = Follower(query)
        self._followers.append(follower)
        return follower

    def unfollow(self, follower: Follower) -> None:
        if follower in self._followers:
            self._followers.remove(follower)

    def forget_before(self, moment: float) -> int:
        """Removes streams that nobody wrote to since, or for as long as their group
        says that it keeps them. For the start; returns how many went."""
        now, count = time.time(), 0
        for group in self._folder.glob("*/*/*"):
            days = _retention_days(group)
            oldest = moment if days is None else now - days * 86_400
            for file in [file for file in group.glob("*.ndjson") if file.stat().st_mtime < oldest]:
                file.unlink(missing_ok=True)
                count += 1
        return count

    def remove(self, file: Path) -> None:
        """A stream's file, or another of a group's. Who still writes to it makes it anew."""
        file.unlink(missing_ok=True)
        for stream in self._streams:
            if stream.path == file:
                stream.let_go()

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
        events = (
            event for event in merged if event.timestamp_ms >= query.since_ms and query.text in event.message
        )
        return list(events if query.limit is None else deque(events, max(0, query.limit)))

    def _read_invocation(self, query: LogQuery, request_id: str) -> list[LogEvent]:
        """From the end of the stream's former invocation to this one's REPORT: a cold start's init is part of
        it."""
        for file in sorted(self._files(query), key=lambda file: file.stat().st_mtime, reverse=True):
            span = _span_of_invocation(file, request_id)
            if span is not None:
                return list(self._stream_events(file, 0, span))
        return []

    def _files(self, query: LogQuery) -> Iterator[Path]:
        root = self._folder / query.account / query.region
        for file in _all_files(root) if query.function is None else _files_of(root, query.function):
            if file.stat().st_mtime * 1000 >= query.since_ms:
                yield file

    def _stream_events(
        self, file: Path, since_ms: int, span: tuple[int, int | None] = (0, None)
    ) -> Iterator[LogEvent]:
        group, stream = unquote(file.parent.name), unquote(file.stem)
        position, end = span
        with file.open("rb") as lines:
            lines.seek(position)
            for line in lines:
                position += len(line)
                if not line.endswith(b"\n") or (end is not None and position > end):
                    return  # being written, or cut off by a crash
                try:
                    row = json.loads(line)
                except ValueError:
                    continue  # a full disk cut it off, and the next was written behind it
                if row["t"] >= since_ms:
                    yield LogEvent(row["t"], group, stream, row["m"])

    def _publish(self, key: FunctionKey, event: LogEvent) -> None:
        for follower in self._followers:
            follower.offer(key, event)


def _retention_days(group: Path) -> int | None:
    try:
        days = json.loads((group / SETTINGS).read_bytes())["retention_days"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return days if isinstance(days, int) else None


def _all_files(root: Path) -> Iterator[Path]:
    return root.glob("*/*.ndjson")


def _files_of(root: Path, function: str) -> Iterator[Path]:
    own = GROUP_PREFIX + function
    for file in (root / quote(own, safe="")).glob("*.ndjson"):
        if _function_of(own, unquote(file.stem)) == function:
            yield file
    for group in (root / SHARED).glob("*"):
        yield from (root / group.name).glob(f"*%2F{quote(function, safe='')}%5B*.ndjson")


def _function_of(group: str, stream: str) -> str:
    """A stream in a group of another name says whose it is, as `2026/01/02/orders[$LATEST]…`."""
    owner, bracket, _ = stream.rpartition("/")[2].partition("[")
    return owner if owner and bracket else group.removeprefix(GROUP_PREFIX)


def _span_of_invocation(file: Path, request_id: str) -> tuple[int, int | None] | None:
    """Where in a stream's file the events of an invocation stand; no end while it runs. Files may be large:
    none of their lines is kept."""
    mark = json.dumps(request_id, ensure_ascii=False)[1:-1].encode(errors="replace")
    start, report = b'"m": "START RequestId: ' + mark + b" ", b'"m": "REPORT RequestId: '
    begin = position = 0
    is_found = False
    with file.open("rb") as lines:
        for line in lines:
            position += len(line)
            head = line[:200]
            is_found = is_found or start in head
            if report in head:
                if is_found:
                    return begin, position
                begin = position
    return (begin, None) if is_found else None
