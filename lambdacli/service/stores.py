"""Everything that is kept below the state folder: opened once, and closed once."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from lambdacli.model.arn import FunctionKey
from lambdacli.model.layer import LayerKey
from lambdacli.model.mapping import EventSourceMapping
from lambdacli.model.metric import MetricPoint
from lambdacli.service.layers import Layers
from lambdacli.service.settings import StartFailure
from lambdacli.store.aliases import AliasStore
from lambdacli.store.captured import CapturedEvents
from lambdacli.store.code import CodeStore
from lambdacli.store.code_signing import CodeSigningStore
from lambdacli.store.database import DatabaseTooNewError, open_database, open_durably
from lambdacli.store.events import EventStore
from lambdacli.store.functions import FunctionStore
from lambdacli.store.group_commit import GroupCommit
from lambdacli.store.layers import LayerStore
from lambdacli.store.mappings import MappingStore
from lambdacli.store.metrics import MetricStore
from lambdacli.store.settings import SettingStore
from lambdacli.telemetry.capture import Capture
from lambdacli.telemetry.log_groups import LogGroups
from lambdacli.telemetry.logs import LogBook
from lambdacli.telemetry.metrics import Metrics

LOG_DAYS = 30
"""AWS keeps logs for ever unless told otherwise; a laptop's disk is not for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhenChanged:
    """Who is told of what was written."""

    function: Callable[[FunctionKey], None]
    settings: Callable[[FunctionKey], None]
    """Its aliases too."""
    layer: Callable[[LayerKey], None]
    mapping: Callable[[EventSourceMapping], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    database: Path
    commits: GroupCommit
    events: EventStore
    functions: FunctionStore
    aliases: AliasStore
    settings: SettingStore
    layers: LayerStore
    mappings: MappingStore
    code_signing: CodeSigningStore
    counted: MetricStore
    metrics: Metrics
    captured: CapturedEvents
    capture: Capture
    code: CodeStore
    merged_layers: Layers
    logs: LogBook
    log_groups: LogGroups

    def metrics_since(self, function: FunctionKey, minute: int) -> list[MetricPoint]:
        self.metrics.flush()
        return self.counted.since(function, minute)

    def remove_leftovers(self) -> None:
        """What a former service left that nobody can need any more; for the start, when nothing runs yet."""
        self.code.collect_garbage([*self.functions.code_in_use(), *self.layers.code_in_use()])
        self.merged_layers.forget_all()
        self.logs.forget_before(time.time() - LOG_DAYS * 86_400)


@contextlib.asynccontextmanager
async def open_stores(state: Path, when_changed: WhenChanged) -> AsyncIterator[Stores]:
    async with AsyncExitStack() as stack:
        file = state / "lam.db"
        database = stack.enter_context(contextlib.closing(_open_database(file)))
        commits = GroupCommit(database, lambda: open_durably(file))
        stack.push_async_callback(commits.close)
        counted, captured = MetricStore(database), CapturedEvents(database)
        metrics, capture = Metrics(counted.add), Capture(captured.put)
        metrics.start()
        stack.callback(metrics.stop)
        stack.callback(capture.flush)
        code, logs = CodeStore(state / "code"), LogBook(state / "logs")
        yield Stores(
            database=file,
            commits=commits,
            events=EventStore(database, commits),
            functions=FunctionStore(database, when_changed.function),
            aliases=AliasStore(database, when_changed.settings),
            settings=SettingStore(database, when_changed.settings),
            layers=LayerStore(database, when_changed.layer),
            mappings=MappingStore(database, when_changed.mapping),
            code_signing=CodeSigningStore(database),
            counted=counted,
            metrics=metrics,
            captured=captured,
            capture=capture,
            code=code,
            merged_layers=Layers(state / "opt", code),
            logs=logs,
            log_groups=LogGroups(state / "logs", logs),
        )


def is_full(error: OSError | sqlite3.Error) -> bool:
    """The disk."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _open_database(file: Path) -> sqlite3.Connection:
    try:
        return open_database(file)
    except (DatabaseTooNewError, sqlite3.DatabaseError) as error:
        if isinstance(error, sqlite3.Error) and is_full(error):
            raise
        raise StartFailure(f"{file}: {error}") from error
