"""Our own verbs below /_lam/v1: what the command line asks that Lambda's API has no word for."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote

from lambdacli.api.control import clock, metrics, sources
from lambdacli.api.control.captured import ROUTE as CAPTURED
from lambdacli.api.control.captured import CapturedRoutes
from lambdacli.api.control.debug import Debuggers, DebugRoutes
from lambdacli.api.control.metrics import MetricsSince
from lambdacli.api.control.queue import QueueRoutes
from lambdacli.api.control.schedules import ScheduleRoutes, Schedules
from lambdacli.api.control.settings_shown import ShownSettings
from lambdacli.engine.event_desk import EventDesk
from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import MovableClock
from lambdacli.model.effects import without_effect
from lambdacli.model.environment import EnvironmentDescription
from lambdacli.model.function import (
    ArchiveCode,
    Debugging,
    FolderCode,
    Function,
    Layer,
    LocalLayer,
    Origin,
    PublishedLayer,
)
from lambdacli.model.grant import Grant
from lambdacli.model.record import record
from lambdacli.model.template_options import TemplateOptions, options_of
from lambdacli.sources.supervisor import Described
from lambdacli.telemetry.logs import LogBook, LogEvent, LogQuery
from lambdacli.wire.http import Request, Response

PREFIX = "/_lam/v1/"

LIVE_BACKLOG = 100
"""Lines on their way to one watcher; what comes before these waits, and is dropped, in its source's own
queue."""

Document = Mapping[str, object]


@record
class ControlContext:
    """What these verbs can reach; given at wiring."""

    place: Callable[[], tuple[str, str]]
    """Account and region of the project as it is now."""
    name_of: Callable[[str], str]
    """A function's own name, by the one that it has in a template."""
    other_names: Callable[[], Mapping[str, str]]
    """Own names by all that functions have in a template; of each, the last is what people call it."""
    template: Callable[[TemplateOptions], bool]
    """From now on these count too; False: there is no template."""
    status: Callable[[], Document]
    stop: Callable[[bool], None]
    functions: Callable[[], Sequence[Function]]
    environments: Callable[[], Awaitable[list[EnvironmentDescription]]]
    """All there are, in the order in which they were started."""
    doctor: Callable[[], Awaitable[list[Grant]]]
    """What this machine grants, looked at now."""
    problems: Callable[[Function], Sequence[str]]
    """What of its settings cannot be kept here."""
    left_out: Callable[[str], str | None]
    """Why the project's function of this name is not there."""
    described_in: Callable[[str], str]
    """The file that has the function of this name, or would have it."""
    settings: Callable[[FunctionKey], ShownSettings]
    """What was set for it, its versions and its aliases."""
    events: EventDesk
    """The queue of asynchronous events."""
    schedules: Schedules
    told_schedules: Callable[[Request], Awaitable[Response]]
    """Takes those of the neighbour services."""
    debuggers: Debuggers
    logs: LogBook
    clock: MovableClock
    metrics: MetricsSince
    captured: CapturedRoutes
    """The real events that functions got."""
    follow_journal: Callable[[], AsyncIterator[Mapping[str, str]]]
    settle_project: Callable[[], Awaitable[None]]
    """Takes in what lam.yaml says now, if it changed."""
    produced: Callable[[Request], Awaitable[Response]]
    """Invokes a function on behalf of another service."""
    urls: Callable[[], Mapping[FunctionKey, Sequence[str]]]
    """Of each function that has some of its own."""
    sources: Callable[[], Sequence[Described]]
    """Every event source mapping, and how it is doing."""
    builds: Callable[[str | None], Sequence[Document]]
    """Of all functions, or of the one that is named."""
    begin_builds: Callable[[], Awaitable[Document]]
    """Ahead of anybody who calls."""


class Control:
    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._queue = QueueRoutes(context.events, context.place)
        self._debug = DebugRoutes(context.debuggers, context.functions, context.place, context.settle_project)
        self._schedules = ScheduleRoutes(context.schedules, context.settle_project)
        self._routes: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
            ("GET", "status"): self._status,
            ("POST", "stop"): self._stop,
            ("GET", "functions"): self._functions,
            ("GET", "environments"): self._environments,
            ("GET", "doctor"): self._doctor,
            ("GET", "logs"): self._logs,
            ("GET", "events"): self._events,
            ("GET", "metrics"): self._metrics,
            ("GET", "left-out"): self._left_out,
            ("GET", "builds"): self._builds,
            ("POST", "builds"): self._begin_builds,
            ("GET", "sources"): self._sources,
            ("GET", "debug"): self._debug.list_all,
            ("POST", "debug"): self._debug.open,
            ("GET", "clock"): self._clock,
            ("POST", "template"): self._template,
            ("POST", "clock/advance"): self._advance_clock,
            ("POST", "clock/reset"): self._reset_clock,
            ("GET", "schedules"): self._schedules.list_all,
            ("POST", "schedules/fire"): self._schedules.fire,
            ("POST", "schedules/told"): context.told_schedules,
            ("POST", "produced"): context.produced,
        }

    async def handle(self, request: Request) -> Response:
        route = request.path.removeprefix(PREFIX)
        if request.method == "GET" and route.startswith("functions/"):
            return await self._function(unquote(route.removeprefix("functions/")))
        if route == CAPTURED or route.startswith(f"{CAPTURED}/"):
            return await self._context.captured.handle(request)
        if route == "queue" or route.startswith("queue/"):
            return await self._queue.handle(request, route)
        verb = self._routes.get((request.method, route))
        if verb is None:
            return _answer(404, {"message": f"there is no {request.method} {request.path}"})
        return await verb(request)

    async def _status(self, request: Request) -> Response:
        await self._context.settle_project()
        return _answer(200, self._context.status())

    async def _stop(self, request: Request) -> Response:
        is_now = bool(json.loads(request.body or b"{}").get("now"))
        self._context.stop(is_now)
        return _answer(202, {"now": is_now})

    async def _functions(self, request: Request) -> Response:
        await self._context.settle_project()
        urls = self._context.urls()
        shown = [
            self._summary(function) | {"urls": list(urls.get(function.key, ()))}
            for function in self._context.functions()
        ]
        return _answer(200, {"functions": shown})

    async def _template(self, request: Request) -> Response:
        await self._context.settle_project()
        try:
            options = options_of(json.loads(request.body))
        except ValueError as error:
            return _answer(400, {"message": str(error)})
        return _answer(200, {"counts": self._context.template(options)})

    async def _left_out(self, request: Request) -> Response:
        return _answer(200, {"why": self._context.left_out(_asked(request).get("function", ""))})

    async def _function(self, name: str) -> Response:
        await self._context.settle_project()
        name = self._context.name_of(name)
        of_that_name = [function for function in self._context.functions() if function.name == name]
        if not of_that_name:
            return _answer(404, {"message": f"there is no function {name}"})
        place = self._context.place()
        here = [each for each in of_that_name if (each.key.account, each.key.region) == place]
        function = (here or of_that_name)[0]
        environments = [
            _environment_of(each)
            for each in await self._context.environments()
            if each.function == function.key
        ]
        details = self._summary(function) | self._details(function)
        return _answer(200, {**details, "environments": environments})

    def _summary(self, function: Function) -> dict[str, object]:
        is_own = function.origin is Origin.PROJECT
        origin = self._context.described_in(function.name) if is_own else str(function.origin)
        others = [
            other for other, name in self._context.other_names().items() if is_own and name == function.name
        ]
        return {**_identity(function), "origin": origin, "other_names": others}

    def _details(self, function: Function) -> dict[str, object]:
        settings = self._context.settings(function.key)
        notes = [*self._context.problems(function), *without_effect(function), *settings.notes]
        if function.origin is Origin.API:
            notes.append(f"made over the API: not in {self._context.described_in(function.name)}")
        return {**_configuration(function), **settings.sections, "notes": notes}

    def _named(self, asked: Mapping[str, str]) -> str | None:
        name = asked.get("function")
        return None if name is None else self._context.name_of(name)

    async def _environments(self, request: Request) -> Response:
        wanted = self._named(_asked(request))
        place = self._context.place()
        described = [
            _environment(each)
            for each in await self._context.environments()
            if (each.function.account, each.function.region) == place and wanted in (None, each.function.name)
        ]
        return _answer(200, {"environments": described})

    async def _sources(self, request: Request) -> Response:
        await self._context.settle_project()
        wanted = self._named(_asked(request))
        return _answer(200, sources.told(self._context.sources(), self._context.place(), wanted))

    async def _doctor(self, request: Request) -> Response:
        return _answer(200, {"grants": [asdict(grant) for grant in await self._context.doctor()]})

    async def _logs(self, request: Request) -> Response:
        asked = _asked(request)
        account, region = self._context.place()
        query = LogQuery(
            account=account,
            region=region,
            function=self._named(asked),
            since_ms=int(asked.get("since_ms", "0")),
            text=asked.get("filter", ""),
            request_id=asked.get("request_id"),
            limit=int(asked["limit"]) if "limit" in asked else None,
        )
        is_followed = asked.get("follow", "0") not in ("0", "false")
        return Response(200, {"Content-Type": "application/x-ndjson"}, self._log_lines(query, is_followed))

    async def _log_lines(self, query: LogQuery, is_followed: bool) -> AsyncIterator[bytes]:
        follower = self._context.logs.follow(query) if is_followed else None
        try:
            began_ms = int(time.time() * 1000)
            seen: set[tuple[str, int, str]] = set()
            for event in await asyncio.to_thread(self._context.logs.read, query):
                if event.timestamp_ms >= began_ms - 1000:
                    # May have been offered to the follower too, while the files were being read.
                    seen.add((event.stream, event.timestamp_ms, event.message))
                yield _log_line(event)
            while follower is not None and (fresh := await follower.queue.get()) is not None:
                if (fresh.stream, fresh.timestamp_ms, fresh.message) not in seen:
                    yield _log_line(fresh)
        finally:
            if follower is not None:
                self._context.logs.unfollow(follower)

    async def _metrics(self, request: Request) -> Response:
        asked = _asked(request)
        function = FunctionKey(*self._context.place(), self._named(asked) or "")
        since_ms = max(0, int(asked.get("since_ms", "0")))
        return _answer(200, metrics.told(self._context.metrics, function, since_ms))

    async def _builds(self, request: Request) -> Response:
        return _answer(200, {"builds": self._context.builds(self._named(_asked(request)))})

    async def _begin_builds(self, request: Request) -> Response:
        return _answer(200, await self._context.begin_builds())

    async def _clock(self, request: Request) -> Response:
        return _answer(200, clock.told(self._context.clock.read()))

    async def _advance_clock(self, request: Request) -> Response:
        try:
            return _answer(200, await clock.advance(self._context.clock, request))
        except clock.RefusedMove as refused:
            return _answer(400, {"message": str(refused)})

    async def _reset_clock(self, request: Request) -> Response:
        return _answer(200, clock.reset(self._context.clock))

    async def _events(self, request: Request) -> Response:
        return Response(200, {"Content-Type": "application/x-ndjson"}, self._live_lines())

    async def _live_lines(self) -> AsyncIterator[bytes]:
        """The service's own lines and every function's log lines, as they come, until the service stops."""
        follower = self._context.logs.follow(LogQuery(*self._context.place()))
        lines: asyncio.Queue[bytes | None] = asyncio.Queue(LIVE_BACKLOG)

        async def take_logs() -> None:
            while (event := await follower.queue.get()) is not None:
                entry = {
                    "time": _iso(event),
                    "level": "log",
                    "text": event.message,
                    "function": event.function,
                }
                await lines.put(_line(entry))
            await lines.put(None)

        async def take_journal() -> None:
            async for entry in self._context.follow_journal():
                await lines.put(_line(entry))

        takers = [asyncio.ensure_future(take_logs()), asyncio.ensure_future(take_journal())]
        try:
            while (line := await lines.get()) is not None:
                yield line
        finally:
            for taker in takers:
                taker.cancel()
            self._context.logs.unfollow(follower)


def _identity(function: Function) -> dict[str, object]:
    match function.code:
        case FolderCode(folder):
            code = str(folder)
        case ArchiveCode(sha256):
            code = f"zip {sha256}"
    return {
        "name": function.name,
        "runtime": function.runtime,
        "handler": function.handler,
        "memory_mb": function.memory_mb,
        "timeout_seconds": function.timeout_seconds,
        "code": code,
        "arn": function.key.arn,
        "last_modified": function.last_modified.isoformat(timespec="milliseconds"),
        "state": str(function.state),
    }


def _debugging(debugging: Debugging | None) -> str | None:
    if debugging is None:
        return None
    port = "" if debugging.port is None else f" at port {debugging.port}"
    return f"on{port}" + (", events wait for a debugger" if debugging.waits else "")


def _configuration(function: Function) -> dict[str, object]:
    return {
        "description": function.description,
        "architecture": function.architecture,
        "ephemeral_storage_mb": function.ephemeral_storage_mb,
        "variables": dict(function.variables or {}),
        "layers": [_layer(layer) for layer in function.layers],
        "tags": dict(function.tags),
        "reserved_concurrency": function.reserved_concurrency,
        "log_group": function.log_group,
        "freeze": function.freezes,
        "preload": function.preloads,
        "cpu_share": function.has_cpu_share,
        "network": function.network.value,
        "debug": _debugging(function.debugging),
        **_attachments(function),
    }


def _attachments(function: Function) -> dict[str, object]:
    """What leads to other services, where it was set."""
    vpc = function.vpc
    found = {
        "log_format": None if function.logging.format == "Text" else function.logging.format,
        "log_level": function.logging.application_level,
        "dead_letter_target": function.dead_letter_target,
        "tracing": None if function.tracing == "PassThrough" else function.tracing,
        "kms_key": function.kms_key_arn,
        "subnets": None if vpc is None else list(vpc.subnet_ids),
        "security_groups": None if vpc is None else list(vpc.security_group_ids),
        "snap_start": None if function.snap_start == "None" else function.snap_start,
        "file_systems": {each.mount_path: each.arn for each in function.file_systems},
    }
    return {name: value for name, value in found.items() if value}


def _layer(layer: Layer) -> str:
    match layer:
        case LocalLayer(path):
            return str(path)
        case PublishedLayer(arn, FolderCode(folder)):
            return f"{arn}, for which {folder} stands"
        case PublishedLayer(arn):
            return arn


def _environment(described: EnvironmentDescription) -> dict[str, object]:
    return {
        "function": described.function.name,
        **_environment_of(described),
        "age_seconds": round(max(0.0, time.time() - described.started_at), 1),
        "reason": str(described.reason),
        "memory_mb": described.memory_mb,
        "processes": described.processes,
        "process_id": described.process_id,
        "is_frozen": described.is_frozen,
        "walls": described.walls,
        "start_kind": described.start_kind,
    }


def _environment_of(described: EnvironmentDescription) -> dict[str, object]:
    """What `lam show` tells of each of a function's environments."""
    return {
        "state": described.state,
        "stream": described.stream,
        "invocations": described.invocations,
        "started_at": datetime.fromtimestamp(described.started_at, UTC).isoformat(timespec="seconds"),
        "max_memory_mb": described.max_memory_mb,
    }


def _asked(request: Request) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(request.query).items()}


def _log_line(event: LogEvent) -> bytes:
    return _line(
        {
            "timestamp": event.timestamp_ms,
            "function": event.function,
            "stream": event.stream,
            "message": event.message,
        }
    )


def _iso(event: LogEvent) -> str:
    moment = time.gmtime(event.timestamp_ms // 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{event.timestamp_ms % 1000:03d}+00:00"


def _line(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode(errors="replace") + b"\n"


def _answer(status: int, document: Document) -> Response:
    return Response(status, {"Content-Type": "application/json"}, _line(document))
