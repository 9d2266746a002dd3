"""Log groups and their streams as CloudWatch shows them: the same files, and what is said of a group."""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, unquote

from lambdacli.model.arn import FunctionKey
from lambdacli.model.record import record
from lambdacli.telemetry.logs import GROUP_PREFIX, SETTINGS, LogBook

_LONGEST_FILE_NAME = 240


class LongName(Exception):
    """A name that no file of this machine can have."""


@record
class GroupSettings:
    """What was said of a group, in its folder."""

    created_ms: int
    retention_days: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@record
class LogGroup:
    name: str
    settings: GroupSettings
    stored_bytes: int


@record
class StreamDescription:
    name: str
    created_ms: int
    first_ms: int | None
    """None while it holds nothing."""
    last_ms: int | None
    stored_bytes: int


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an event stands among those of its group."""

    timestamp_ms: int
    stream: str
    position: int
    """Of its line in the stream's file."""


@record
class PlacedEvent:
    place: Place
    message: str

    @property
    def id(self) -> str:
        """56 digits, and always the same: by it a reader knows what it has already."""
        text = f"{self.place.stream}\n{self.place.position}".encode()
        rest = int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")
        return f"{self.place.timestamp_ms:016d}{rest:040d}"


class LogGroups:
    """Reads files: all but what writes is for a thread."""

    def __init__(self, folder: Path, book: LogBook) -> None:
        self._folder = folder
        self._book = book

    # Groups

    def groups(self, account: str, region: str) -> list[LogGroup]:
        """In the order of their names."""
        root = self._folder / account / region
        folders = [each for each in _entries(root) if each.is_dir() and not each.name.startswith("@")]
        return sorted((_described(folder) for folder in folders), key=lambda group: group.name)

    def group(self, account: str, region: str, name: str) -> LogGroup | None:
        folder = self._group_folder(account, region, name)
        return _described(folder) if folder.is_dir() else None

    def create_group(self, account: str, region: str, name: str, settings: GroupSettings) -> None:
        self._group_folder(account, region, name).mkdir(parents=True)
        self.set(account, region, name, settings)

    def set(self, account: str, region: str, name: str, settings: GroupSettings) -> None:
        file = self._group_folder(account, region, name) / SETTINGS
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(settings)))
        temporary.replace(file)

    def delete_group(self, account: str, region: str, name: str) -> None:
        """Environments that still write to it make it anew, as on AWS."""
        folder = self._group_folder(account, region, name)
        for file in _entries(folder):
            self._book.remove(file)
        folder.rmdir()

    # Streams

    def streams(self, account: str, region: str, group: str) -> list[StreamDescription]:
        """In the order of their names."""
        files = self._group_folder(account, region, group).glob("*.ndjson")
        return sorted(_streams(files), key=lambda stream: stream.name)

    def has_stream(self, account: str, region: str, group: str, stream: str) -> bool:
        return self._stream_file(account, region, group, stream).is_file()

    def create_stream(self, account: str, region: str, group: str, stream: str) -> None:
        self._stream_file(account, region, group, stream).touch()

    def delete_stream(self, account: str, region: str, group: str, stream: str) -> None:
        self._book.remove(self._stream_file(account, region, group, stream))

    def put(
        self, account: str, region: str, group: str, stream: str, events: Sequence[tuple[int, str]]
    ) -> None:
        """Messages with their times; followers hear of them. For the event loop."""
        key = FunctionKey(account, region, group.removeprefix(GROUP_PREFIX))
        log = self._book.open_stream(key, group, stream)
        try:
            log.write_all(events)
        finally:
            log.close()

    # Events

    def events(
        self,
        account: str,
        region: str,
        group: str,
        is_wanted: Callable[[str], bool],
        begin_ms: int,
        end_ms: int | None,
    ) -> Iterator[PlacedEvent]:
        """Of the streams that are wanted, in the order of time; the end does not belong to it."""
        files = self._group_folder(account, region, group).glob("*.ndjson")
        wanted = [(unquote(file.stem), file) for file in files]
        streams = []
        for name, file in wanted:
            with contextlib.suppress(FileNotFoundError):  # it is being deleted
                if is_wanted(name):
                    streams.append(_sorted_events(name, file, begin_ms, end_ms))
        return heapq.merge(*streams, key=lambda event: event.place)

    def _group_folder(self, account: str, region: str, group: str) -> Path:
        return self._folder / account / region / _file_name(group)

    def _stream_file(self, account: str, region: str, group: str, stream: str) -> Path:
        return self._group_folder(account, region, group) / f"{_file_name(stream)}.ndjson"


def _file_name(text: str) -> str:
    name = quote(text, safe="")
    if len(name) > _LONGEST_FILE_NAME:
        raise LongName(f"'{text}' is too long for a file of this machine")
    return name


def settings_of(folder: Path) -> GroupSettings | None:
    """None where nobody has said anything: a function made the group."""
    try:
        return GroupSettings(**json.loads((folder / SETTINGS).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def with_tags(settings: GroupSettings, tags: Mapping[str, str], gone: Iterable[str] = ()) -> GroupSettings:
    removed = set(gone)
    kept = {name: value for name, value in settings.tags.items() if name not in removed}
    return replace(settings, tags={**kept, **tags})


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _described(folder: Path) -> LogGroup:
    streams = list(_streams(folder.glob("*.ndjson")))
    settings = settings_of(folder)
    if settings is None:
        begun = [stream.first_ms for stream in streams if stream.first_ms is not None]
        settings = GroupSettings(min(begun, default=_milliseconds(folder.stat().st_ctime)))
    return LogGroup(unquote(folder.name), settings, sum(stream.stored_bytes for stream in streams))


def _streams(files: Iterable[Path]) -> Iterator[StreamDescription]:
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # it is being deleted
            yield _stream(file)


def _stream(file: Path) -> StreamDescription:
    status = file.stat()
    first, last = _first_and_last(file, status.st_size)
    created = _milliseconds(status.st_ctime) if first is None else first
    return StreamDescription(unquote(file.stem), created, first, last, status.st_size)


def _first_and_last(file: Path, size: int) -> tuple[int | None, int | None]:
    """Times of the first line and the last whole one; a line is at most a message long."""
    with file.open("rb") as lines:
        first = _time_of(lines.readline())
        back = 4096
        while first is not None:
            lines.seek(max(0, size - back))
            whole = lines.read(back).split(b"\n")[:-1]
            for line in reversed(whole if back >= size else whole[1:]):
                last = _time_of(line)
                if last is not None:
                    return first, last
            if back >= size:
                break
            back *= 8
    return first, first


def _time_of(line: bytes) -> int | None:
    """Read without parsing the whole: most lines are only asked for their time."""
    end = line.find(b",", 0, 40)
    digits = line[6:end]
    return int(digits) if line.startswith(b'{"t": ') and digits.isdigit() else None


def _sorted_events(stream: str, file: Path, begin_ms: int, end_ms: int | None) -> list[PlacedEvent]:
    """A function may put its own times on its lines, so that their order is not quite the file's."""
    found = []
    position = 0
    with file.open("rb") as lines:
        for line in lines:
            begin, position = position, position + len(line)
            moment = _time_of(line)
            if moment is None or moment < begin_ms or (end_ms is not None and moment >= end_ms):
                continue
            if not line.endswith(b"\n"):
                break  # being written
            try:
                message = json.loads(line)["m"]
            except (ValueError, KeyError):
                continue  # a full disk cut it off
            found.append(PlacedEvent(Place(moment, stream, begin), message))
    return sorted(found, key=lambda event: event.place)


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def page(
    events: Iterator[PlacedEvent], count: int, most_bytes: int
) -> tuple[list[PlacedEvent], PlacedEvent | None]:
    """As many as fit, at least one; and the next one, if there is one."""
    found: list[PlacedEvent] = []
    size = 0
    for event in events:
        size += len(event.message.encode(errors="replace")) + 26
        if found and (len(found) >= count or size > most_bytes):
            return found, event
        found.append(event)
    return found, None


def from_place(events: Iterator[PlacedEvent], place: Place | None) -> Iterator[PlacedEvent]:
    return events if place is None else itertools.dropwhile(lambda event: event.place < place, events)
