"""An environment without processes: the test plays the runtime over HTTP and moves the sandbox by hand."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lambdacli.environments.command import Command, Exit
from lambdacli.environments.environment import Environment
from lambdacli.environments.phase import Settlement
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.runtime_api import RuntimeApi
from lambdacli.environments.sandbox.memory import TreeUse
from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.outcome import Invocation, Outcome
from lambdacli.runtimes.base import InvalidEntrypoint, StartPlan
from lambdacli.telemetry.logs import LogBook

KEY = FunctionKey("000000000000", "us-east-1", "f")


class ScriptedSandbox:
    """Satisfies Sandbox; `exit` and `breach` make things happen."""

    walls = "portable"

    def __init__(self) -> None:
        self.is_frozen = False
        self.starts = 0
        self.ends = 0
        self.is_over = False
        self._read_fd, self._write_fd = os.pipe()
        self._on_exit: Callable[[Exit], None] | None = None
        self._on_breach: Callable[[str], None] | None = None
        self.started = asyncio.Event()

    async def open(self, runtime_api: str) -> None: ...

    def prepare(self, command: Command) -> None: ...

    def process(self) -> int | None:
        return 4711

    def is_lost(self) -> bool:
        return False

    def use(self) -> TreeUse | None:
        return TreeUse(20_480, 2, False) if self.started.is_set() else None

    def freeze(self) -> None:
        self.is_frozen = True

    def thaw(self) -> None:
        self.is_frozen = False

    async def start(self, command: Command, on_exit: Callable[[Exit], None]) -> None:
        self.starts += 1
        self._on_exit = on_exit
        self.started.set()

    def output_fd(self) -> int:
        return self._read_fd

    def watch(self, on_breach: Callable[[str], None], *, is_init: bool = False) -> None:
        self._on_breach = on_breach

    def unwatch(self) -> None:
        self._on_breach = None

    def is_over_memory(self) -> bool:
        return self.is_over

    def max_memory_mb(self) -> int:
        return 30

    async def end_processes(self) -> None:
        self.ends += 1
        self.started.clear()

    async def close(self) -> None:
        if self._write_fd >= 0:
            os.close(self._write_fd)
            self._write_fd = -1

    # What the test does

    def print(self, data: bytes) -> None:
        os.write(self._write_fd, data)

    def exit(
        self, code: int | None = 0, signal_number: int | None = None, peak_memory_kb: int = 1000
    ) -> None:
        assert self._on_exit is not None
        self._on_exit(Exit(code, signal_number, peak_memory_kb))

    def breach(self, what: str) -> None:
        assert self._on_breach is not None
        self._on_breach(what)


class ScriptedBerth:
    is_lost = False

    def __init__(self, box: ScriptedSandbox, invalid: str | None) -> None:
        self.sandbox = box
        self.api = RuntimeApi(None)
        self.stream_name = "2026/01/01/[$LATEST]0"
        self.start_kind = "spawned"
        self.runtime_api = ""
        self._invalid = invalid

    async def open(self) -> None:
        self.runtime_api = await self.api.open()

    def plan(self) -> StartPlan:
        if self._invalid is not None:
            raise InvalidEntrypoint(self._invalid)
        return StartPlan(("/bin/true",))

    def notices(self) -> tuple[str, ...]:
        return ()

    async def start(self, plan: StartPlan, on_exit: Callable[[Exit], None]) -> None:
        await self.sandbox.start(Command(plan.arguments, {}, Path("/")), on_exit)

    async def close(self) -> None:
        await self.api.close()
        await self.sandbox.close()


class ScriptedLauncher:
    def __init__(self, invalid: str | None = None) -> None:
        self.box = ScriptedSandbox()
        self.place = ScriptedBerth(self.box, invalid)

    def berth(self, placement: Placement) -> ScriptedBerth:
        return self.place

    def give_back(self, key: PlacementKey) -> None: ...

    def discard(self, berth: ScriptedBerth, key: PlacementKey) -> None: ...

    @property
    def runtime_api(self) -> str:
        return self.place.runtime_api


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, str]:
        parsed = json.loads(self.body)
        assert isinstance(parsed, dict)
        return parsed


class RuntimeClient:
    """One connection to the Runtime API, as a runtime holds it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def call(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        if self._writer is None:
            host, _, port = self._address.rpartition(":")
            self._reader, self._writer = await asyncio.open_connection(host, int(port))
        assert self._reader is not None
        sent = {"Host": self._address, "Content-Length": str(len(body)), **(headers or {})}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status_line, *header_lines = head.decode().rstrip("\r\n").split("\r\n")
        found = dict(line.split(": ", 1) for line in header_lines)
        found = {name.lower(): value for name, value in found.items()}
        answer = await self._reader.readexactly(int(found.get("content-length", "0")))
        return Answer(int(status_line.split()[1]), found, answer)

    async def next(self) -> Answer:
        return await self.call("GET", "/2018-06-01/runtime/invocation/next")

    async def post(self, what: str, body: bytes = b"null", headers: dict[str, str] | None = None) -> Answer:
        return await self.call("POST", f"/2018-06-01/runtime/{what}", body, headers)

    async def respond(self, request_id: str, body: bytes = b"null") -> Answer:
        return await self.post(f"invocation/{request_id}/response", body)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@dataclass
class Stage:
    environment: Environment
    launcher: ScriptedLauncher
    logs: LogBook
    log_folder: Path
    clients: list[RuntimeClient] = field(default_factory=list)

    @property
    def box(self) -> ScriptedSandbox:
        return self.launcher.box

    async def initialised(self) -> RuntimeClient:
        """Through a good init, until the runtime waits for its first event."""
        initialising = asyncio.ensure_future(self.environment.initialise())
        await self.box.started.wait()
        client = self.client()
        self.waiting = asyncio.ensure_future(client.next())
        await initialising
        return client

    def client(self) -> RuntimeClient:
        client = RuntimeClient(self.launcher.runtime_api)
        self.clients.append(client)
        return client

    def invoke(self, request_id: str = "r1", payload: bytes = b"{}") -> Invoking:
        return Invoking(self.environment, Invocation(request_id, KEY.arn, payload))

    def log(self) -> str:
        """Everything in the stream's file, figures blanked out."""
        text = ""
        for file in sorted(self.log_folder.rglob("*.ndjson")):
            for line in file.read_text().splitlines():
                text += json.loads(line)["m"]
        return text


class Invoking:
    def __init__(self, environment: Environment, invocation: Invocation) -> None:
        self.outcome: Outcome | None = None
        self.settled: asyncio.Future[Settlement] = asyncio.ensure_future(
            environment.invoke(invocation, self._answer)
        )
        self._answered = asyncio.Event()

    def _answer(self, outcome: Outcome) -> None:
        assert self.outcome is None, "a caller is answered once"
        self.outcome = outcome
        self._answered.set()

    async def answered(self) -> Outcome:
        await asyncio.wait_for(self._answered.wait(), 5)
        assert self.outcome is not None
        return self.outcome


@asynccontextmanager
async def stage(
    folder: Path, *, timeout_seconds: int = 3, invalid: str | None = None
) -> AsyncIterator[Stage]:
    placement = Placement(
        key=PlacementKey(KEY, "$LATEST", "1"),
        runtime="provided.al2023",
        handler="h",
        task_root=folder,
        log_group="/aws/lambda/f",
        memory_mb=128,
        timeout_seconds=timeout_seconds,
        ephemeral_storage_mb=512,
        credentials=Credentials("a", "b", "c"),
    )
    launcher = ScriptedLauncher(invalid)
    logs = LogBook(folder / "logs")
    environment = Environment(placement, launcher, logs, lambda _: None)  # type: ignore[arg-type]
    on = Stage(environment, launcher, logs, folder / "logs")
    try:
        yield on
    finally:
        await environment.close()
        for client in on.clients:
            client.close()
