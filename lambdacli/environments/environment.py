"""One execution environment: performs what the state tables ask, from init to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from lambdacli import runtimes
from lambdacli.environments import failure, report
from lambdacli.environments.failure import Failure
from lambdacli.environments.launcher import Launcher, new_stream_name
from lambdacli.environments.log_channel import LogChannel
from lambdacli.environments.placement import Placement
from lambdacli.environments.process import Exit, StartError
from lambdacli.environments.runtime_api import (
    NextEvent,
    Refusal,
    RuntimeApi,
    transition_refused,
    unknown_request_id,
)
from lambdacli.environments.state import (
    ENVIRONMENT_STEPS,
    RUNTIME_STEPS,
    EnvironmentEvent,
    EnvironmentState,
    IllegalStep,
    RuntimeEvent,
    RuntimeState,
    step,
)
from lambdacli.model import limits
from lambdacli.model.environment import EnvironmentDescription, StartReason
from lambdacli.model.outcome import RESPONSE_TOO_LARGE_PAYLOAD, Invocation, Outcome, Report
from lambdacli.model.runtime_names import runtime_label, runtime_version_arn
from lambdacli.runtimes.base import InvalidEntrypoint, StartPlan
from lambdacli.telemetry.logs import LogBook
from lambdacli.wire.http import Peer, Response

TAIL_BYTES_KEPT = 8 * limits.LOG_TAIL_BYTES


@dataclass(frozen=True, slots=True)
class _Happening:
    """Something the performing coroutine waits for."""

    event: RuntimeEvent
    payload: bytes = b""
    error_type: str | None = None
    exit: Exit | None = None
    breach: str | None = None
    is_too_large: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of an invocation's phase: its figures and the end of its log."""

    report: Report
    log_tail: bytes


class Environment:
    """Only its pool calls `initialise`, `invoke` and `close`; only its runtime calls the RuntimePort
    methods."""

    def __init__(
        self,
        placement: Placement,
        launcher: Launcher,
        logs: LogBook,
        on_change: Callable[[Environment], None],
        accept: Callable[[Peer], Response | None] | None = None,
    ) -> None:
        self.placement = placement
        self.state = EnvironmentState.NEW
        self.invocations = 0
        self.started_at = time.time()
        self.start_reason = StartReason.FIRST
        self.notices: tuple[str, ...] = ()
        self.stream_name = new_stream_name(placement.key.version)
        self._launcher = launcher
        self._stream = logs.open_stream(placement.key.function, placement.log_group, self.stream_name)
        try:
            self._sandbox = launcher.sandbox(placement)
        except BaseException:
            self._stream.close()
            raise
        self._channel = LogChannel(self._sandbox.output_fd(), self._log)
        self._api = RuntimeApi(self, accept)
        self._address: str | None = None
        self._on_change = on_change
        self._runtime = RuntimeState.DEAD
        self._processes = 0
        """Counts process trees, so that the end of a former one is not taken for the end of this one."""
        self._happenings: asyncio.Queue[_Happening] = asyncio.Queue()
        self._next_waiter: asyncio.Future[NextEvent] | None = None
        self._event: NextEvent | None = None
        self._init_ms: float | None = None
        self._failed_init_ms = 0.0
        self._is_breaking = False
        self._tail = bytearray()
        asyncio.get_running_loop().add_reader(self._channel.fileno(), self._read_output)

    def __repr__(self) -> str:
        return f"<Environment {self.placement.key.function.name} {self.state} {self._runtime}>"

    # What the pool asks

    async def initialise(self) -> None:
        """The init phase: leaves the environment IDLE, or RESET when the init failed."""
        self._step(EnvironmentEvent.START)
        self._address = await self._api.open()
        runtime = runtimes.name_of(self.placement.runtime)
        function = self.placement.key.function
        arn = runtime_version_arn(function.region, runtime.identifier)
        self._log(report.init_start_line(runtime_label(runtime), arn))
        began = time.monotonic()
        problem = await self._start_runtime(began + limits.INIT_SECONDS, request_id="", timeout_seconds=0)
        elapsed_ms = (time.monotonic() - began) * 1000
        if problem is None:
            self._init_ms = elapsed_ms
            self._step(EnvironmentEvent.READY)
            if self._runtime is RuntimeState.DEAD:  # it ended right after it had asked for its first event
                self._ended_while_idle()
            return
        self._failed_init_ms = elapsed_ms
        self._log(report.init_report_line(elapsed_ms, "init", problem.status, problem.error_type))
        await self._break()

    async def invoke(self, invocation: Invocation, answer: Callable[[Outcome], None]) -> Settlement:
        """One invocation. `answer` is called as soon as the caller's answer is known; the phase may go on."""
        needs_init = self.state is EnvironmentState.RESET
        self._step(EnvironmentEvent.INVOKE)
        self.invocations += 1
        began = time.monotonic()
        deadline = began + self.placement.timeout_seconds
        problem: Failure | None = None
        if needs_init:
            problem = await self._start_runtime(
                deadline, invocation.request_id, self.placement.timeout_seconds
            )
            if problem is not None:
                elapsed_ms = (time.monotonic() - began) * 1000
                self._log(report.init_report_line(elapsed_ms, "invoke", problem.status, problem.error_type))
        self._log(report.start_line(invocation.request_id, self.placement.key.version))
        has_answered = False
        if problem is None:
            if self._runtime is RuntimeState.READY:  # else it has just ended, and _run learns how
                self._hand_over(invocation, deadline)
            problem, has_answered = await self._run(invocation, deadline, answer)
        settlement = self._settle(invocation, began, problem)
        if problem is None:
            self._step(EnvironmentEvent.SETTLED)
            if self._runtime is RuntimeState.DEAD:  # it ended right after it had asked for the next event
                self._ended_while_idle()
            return settlement
        if not has_answered:
            answer(self._outcome(problem.payload, problem.caller_error_type))
        self._is_breaking = True
        self._on_change(self)
        await self._break()
        return settlement

    async def close(self) -> None:
        """Ends every process and gives everything back. Without extensions there is no grace: SIGKILL at
        once."""
        if self.state in (EnvironmentState.CLOSING, EnvironmentState.GONE):
            return
        self._step(EnvironmentEvent.CLOSE)
        await self._end_processes()
        await self._api.close()
        asyncio.get_running_loop().remove_reader(self._channel.fileno())
        self._channel.close()
        await self._sandbox.close()
        self._stream.close()
        self._step(EnvironmentEvent.ENDED)

    @property
    def is_settling(self) -> bool:
        """The caller has its answer; the runtime has not asked for the next event, or is being ended, yet."""
        return self._is_breaking or self._runtime is RuntimeState.RESPONDED

    def max_memory_mb(self) -> int:
        return self._sandbox.max_memory_mb()

    def describe(self) -> EnvironmentDescription:
        """Looks at every process: call it off the event loop."""
        use = self._sandbox.use()
        return EnvironmentDescription(
            function=self.placement.key.function,
            stream=self.stream_name,
            state=str(self.state),
            started_at=self.started_at,
            reason=self.start_reason,
            invocations=self.invocations,
            memory_mb=0.0 if use is None else round(use.memory_kb / 1024, 1),
            max_memory_mb=self._sandbox.max_memory_mb(),
            processes=0 if use is None else use.processes,
            process_id=self._sandbox.process_id,
            is_frozen=self._sandbox.is_frozen,
            walls=self._sandbox.walls,
            start_kind=self._sandbox.start_kind,
        )

    # What the runtime asks (RuntimePort)

    async def next_event(self) -> NextEvent:
        was_running = self._runtime is RuntimeState.RUNNING
        self._called(RuntimeEvent.NEXT)
        if was_running:
            assert self._event is not None
            return self._event
        self._dismiss_waiter()
        waiter: asyncio.Future[NextEvent] = asyncio.get_running_loop().create_future()
        self._next_waiter = waiter
        self._happenings.put_nowait(_Happening(RuntimeEvent.NEXT))
        return await waiter

    def respond(self, request_id: str, payload: bytes, *, is_too_large: bool) -> None:
        self._take_answer(request_id, RuntimeEvent.RESPONSE)
        self._happenings.put_nowait(
            _Happening(RuntimeEvent.RESPONSE, payload=payload, is_too_large=is_too_large)
        )

    def fail(self, request_id: str, payload: bytes, error_type: str | None) -> None:
        self._take_answer(request_id, RuntimeEvent.ERROR)
        self._happenings.put_nowait(_Happening(RuntimeEvent.ERROR, payload=payload, error_type=error_type))

    def fail_init(self, payload: bytes, error_type: str | None) -> None:
        self._called(RuntimeEvent.INIT_ERROR)
        self._happenings.put_nowait(
            _Happening(RuntimeEvent.INIT_ERROR, payload=payload, error_type=error_type)
        )

    def refuse_response_mode(self, request_id: str) -> None:
        self._take_answer(request_id, RuntimeEvent.ERROR)
        refused = failure.platform_failure(
            "Runtime.InvalidResponseModeHeader", request_id, "Invalid function response mode"
        )
        self._happenings.put_nowait(_Happening(RuntimeEvent.ERROR, payload=refused.payload))

    def _take_answer(self, request_id: str, event: RuntimeEvent) -> None:
        if self._event is None or request_id != self._event.request_id:
            raise unknown_request_id()
        if self._runtime is not RuntimeState.RUNNING:
            raise unknown_request_id()  # its answer was already accepted
        self._called(event)

    def _called(self, event: RuntimeEvent) -> None:
        """A step that the runtime itself asks for: what is illegal is refused, and changes nothing."""
        try:
            self._runtime_step(event)
        except IllegalStep:
            raise transition_refused(self._runtime, event) from None

    def _runtime_step(self, event: RuntimeEvent) -> None:
        self._runtime = step(RUNTIME_STEPS, self._runtime, event)

    # Init

    async def _start_runtime(self, deadline: float, request_id: str, timeout_seconds: int) -> Failure | None:
        """Starts the processes and waits until the runtime asks for its first event."""
        assert self._address is not None
        await self._end_processes()
        self._happenings = asyncio.Queue()
        self._event = None
        self._processes += 1
        number = self._processes
        try:
            plan = self._launcher.plan(self.placement)
            self.notices = plan.notices
            command = self._launcher.command(
                self.placement,
                plan,
                runtime_api=self._address,
                temporary=self._sandbox.temporary,
                log_stream=self.stream_name,
            )
            self._runtime_step(RuntimeEvent.START)
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                await self._sandbox.start(command, lambda exit: self._exited(number, exit))
        except TimeoutError:
            self._runtime_step(RuntimeEvent.TIMEOUT)
            return failure.timed_out(request_id, timeout_seconds)
        except InvalidEntrypoint as error:
            return failure.platform_failure("Runtime.InvalidEntrypoint", request_id, str(error))
        except StartError as error:
            text = f"fork/exec {_inside(plan, self.placement)}: {str(error).lower()}"
            return failure.platform_failure("Runtime.InvalidEntrypoint", request_id, text)
        self._sandbox.watch(self._breached)
        happening = await self._next_happening(deadline)
        self._sandbox.unwatch()
        if happening is None:
            self._runtime_step(RuntimeEvent.TIMEOUT)
            return failure.timed_out(request_id, timeout_seconds)
        match happening.event:
            case RuntimeEvent.NEXT:
                return None
            case RuntimeEvent.INIT_ERROR:
                self._channel.drain()
                return failure.init_error(happening.payload, happening.error_type)
            case _:
                return self._broken(happening, request_id)

    # One invocation

    def _hand_over(self, invocation: Invocation, deadline: float) -> None:
        self._runtime_step(RuntimeEvent.INVOKE)
        self._event = NextEvent(
            request_id=invocation.request_id,
            deadline_ms=int((time.time() + deadline - time.monotonic()) * 1000),
            invoked_arn=invocation.invoked_arn,
            payload=invocation.payload,
            client_context=invocation.client_context,
            trace_id=invocation.trace_id,
        )
        assert self._next_waiter is not None
        self._next_waiter.set_result(self._event)
        self._next_waiter = None

    async def _run(
        self, invocation: Invocation, deadline: float, answer: Callable[[Outcome], None]
    ) -> tuple[Failure | None, bool]:
        """From handing the event over until the runtime asks for the next one. Returns what broke, if
        anything, and whether the caller was answered before it broke."""
        self._sandbox.watch(self._breached)
        has_answered = False
        while True:
            happening = await self._next_happening(deadline)
            if happening is None:
                self._runtime_step(RuntimeEvent.TIMEOUT)
                return failure.timed_out(invocation.request_id, self.placement.timeout_seconds), has_answered
            match happening.event:
                case RuntimeEvent.RESPONSE | RuntimeEvent.ERROR:
                    # What the function printed came before its answer: it is logged before the answer leaves.
                    self._channel.drain()
                    if self._sandbox.is_over_memory():
                        return failure.out_of_memory(invocation.request_id), has_answered
                    answer(self._answer_of(happening))
                    has_answered = True
                    self._on_change(self)
                case RuntimeEvent.NEXT if has_answered:
                    self._sandbox.unwatch()
                    return None, True
                case RuntimeEvent.NEXT:
                    continue  # of the init, or a client that asked twice
                case _:
                    return self._broken(happening, invocation.request_id), has_answered

    def _answer_of(self, happening: _Happening) -> Outcome:
        if happening.is_too_large:
            return self._outcome(RESPONSE_TOO_LARGE_PAYLOAD, "Function.ResponseSizeTooLarge")
        if happening.event is RuntimeEvent.ERROR:
            return self._outcome(happening.payload, failure.error_type_of(happening.payload))
        return self._outcome(happening.payload, None)

    def _outcome(self, payload: bytes, error_type: str | None) -> Outcome:
        return Outcome(
            payload=payload,
            executed_version=self.placement.key.version,
            function_error=None if error_type is None else "Unhandled",
            error_type=error_type,
            notices=self.notices,
        )

    def _settle(self, invocation: Invocation, began: float, problem: Failure | None) -> Settlement:
        self._channel.drain()
        self._channel.end_line()
        duration_ms = (time.monotonic() - began) * 1000
        if problem is not None and problem.status == "timeout":
            duration_ms = float(self.placement.timeout_seconds * 1000)
        init_ms, self._init_ms = self._init_ms, None
        # A failed first init is billed although no Init Duration is shown (AWS, since August 2025).
        billed_init_ms = (init_ms or 0.0) + self._failed_init_ms
        self._failed_init_ms = 0.0
        figures = Report(
            duration_ms=duration_ms,
            billed_duration_ms=report.billed_ms(duration_ms, billed_init_ms),
            memory_mb=self.placement.memory_mb,
            max_memory_used_mb=self._sandbox.max_memory_mb(),
            init_duration_ms=init_ms,
            status=None if problem is None else problem.status,
            error_type=None if problem is None else problem.error_type,
        )
        self._log(report.end_line(invocation.request_id))
        self._log(report.report_line(invocation.request_id, figures))
        tail = bytes(self._tail[-limits.LOG_TAIL_BYTES :])
        self._tail.clear()
        return Settlement(figures, tail)

    # What happens to the processes

    def _exited(self, number: int, exit: Exit) -> None:
        if number != self._processes or self._runtime in (RuntimeState.DEAD, RuntimeState.STOPPING):
            return
        self._runtime_step(RuntimeEvent.EXITED)
        if self.state is EnvironmentState.IDLE:
            self._ended_while_idle()
            return
        self._happenings.put_nowait(_Happening(RuntimeEvent.EXITED, exit=exit))

    def _ended_while_idle(self) -> None:
        """Between invocations nobody waits for it: the next invocation starts with an init, which first ends
        whatever the main process left running."""
        self._channel.drain()
        self._dismiss_waiter()
        self._step(EnvironmentEvent.BROKEN)
        self._on_change(self)

    def _breached(self, what: str) -> None:
        self._happenings.put_nowait(_Happening(RuntimeEvent.KILL, breach=what))

    def _broken(self, happening: _Happening, request_id: str) -> Failure:
        if happening.breach == "memory":
            return failure.out_of_memory(request_id)
        if happening.breach is not None:
            return failure.killed(request_id)
        assert happening.exit is not None
        is_over = happening.exit.peak_memory_kb > self.placement.memory_mb * 1024
        if happening.exit.signal_number == 9 and is_over:
            return failure.out_of_memory(request_id)
        return failure.exited(request_id, happening.exit)

    async def _break(self) -> None:
        """Ends the processes; what is left is a place with its /tmp, ready to start new ones."""
        await self._end_processes()
        self._is_breaking = False
        if self.state not in (EnvironmentState.CLOSING, EnvironmentState.GONE):
            self._step(EnvironmentEvent.BROKEN)
            self._on_change(self)

    async def _end_processes(self) -> None:
        self._processes += 1
        if self._runtime is RuntimeState.FAILED:
            self._runtime_step(RuntimeEvent.KILL)
        elif self._runtime not in (RuntimeState.STOPPING, RuntimeState.DEAD):
            self._runtime_step(RuntimeEvent.SHUTDOWN)
        await self._sandbox.end_processes()
        # Not before: a runtime that still lived would complain of it in the function's log.
        self._dismiss_waiter()
        if self._runtime is RuntimeState.STOPPING:
            self._runtime_step(RuntimeEvent.EXITED)
        self._channel.drain()
        self._channel.flush()  # what these processes left unfinished is not for the next ones to finish

    def _dismiss_waiter(self) -> None:
        """Answers a `next` that will get no event any more."""
        if self._next_waiter is not None and not self._next_waiter.done():
            self._next_waiter.set_exception(Refusal(500, "InternalServerError", "Internal Server Error"))
        self._next_waiter = None

    # Plumbing

    async def _next_happening(self, deadline: float) -> _Happening | None:
        """The next thing that happens, or None at the deadline. What happened before is never taken for a
        timeout, however late this loop comes to look."""
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await self._happenings.get()
        except TimeoutError:
            return None if self._happenings.empty() else self._happenings.get_nowait()

    def _step(self, event: EnvironmentEvent) -> None:
        self.state = step(ENVIRONMENT_STEPS, self.state, event)

    def _read_output(self) -> None:
        if not self._channel.read():
            asyncio.get_running_loop().remove_reader(self._channel.fileno())

    def _log(self, message: str, timestamp_ms: int | None = None) -> None:
        self._stream.write(message, timestamp_ms)
        self._tail += message.encode(errors="replace")
        if not message.endswith("\n"):
            self._tail += b"\n"
        if len(self._tail) > TAIL_BYTES_KEPT:
            del self._tail[: len(self._tail) - limits.LOG_TAIL_BYTES]


def _inside(plan: StartPlan, placement: Placement) -> str:
    """The program's path as the function knows it."""
    program = plan.arguments[0]
    root = str(placement.task_root)
    return "/var/task" + program.removeprefix(root) if program.startswith(root + "/") else program
