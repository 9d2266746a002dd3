"""One execution environment: performs what the state tables ask, from init to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from lambdacli import runtimes
from lambdacli.environments import failure, report
from lambdacli.environments.command import Exit, StartError
from lambdacli.environments.debugging.held_time import HeldTime
from lambdacli.environments.dialogue import Dialogue
from lambdacli.environments.environment_log import EnvironmentLog
from lambdacli.environments.failure import Failure
from lambdacli.environments.intake import Intake
from lambdacli.environments.launcher import Launcher
from lambdacli.environments.phase import Begin, Happening, Phase, Settlement, wants_whole
from lambdacli.environments.placement import Placement
from lambdacli.environments.runtime_api import NextEvent
from lambdacli.environments.state import (
    ENVIRONMENT_STEPS,
    EnvironmentEvent,
    EnvironmentState,
    RuntimeEvent,
    RuntimeState,
    step,
)
from lambdacli.model import limits
from lambdacli.model.environment import EnvironmentDescription, StartReason
from lambdacli.model.later import Later
from lambdacli.model.outcome import Beginning, Invocation, Outcome, Report, response_too_large
from lambdacli.model.runtime_names import runtime_label, runtime_version_arn
from lambdacli.runtimes.base import InvalidEntrypoint
from lambdacli.telemetry.logs import LogBook

if TYPE_CHECKING:
    from lambdacli.environments.debugging.debuggee import Debuggee
    from lambdacli.environments.debugging.door import DebugDoor

TELL_OF_WAITING_SECONDS = 0.2

TURNS_FOR_A_CONNECTION, TURNS_FOR_THE_REST = 4, 100
"""How often the loop turns until a new connection is read, and the socket of one that streamed is empty."""


class Environment:
    """Only its pool calls `initialise`, `invoke` and `close`; only its dialogue with the runtime the
    Listener methods."""

    def __init__(
        self,
        placement: Placement,
        launcher: Launcher,
        logs: LogBook,
        on_change: Callable[[Environment], None],
        debug_door: DebugDoor | None = None,
    ) -> None:
        self.placement = placement
        self.state = EnvironmentState.NEW
        self.invocations = 0
        self.started_at = time.time()
        self.start_reason = StartReason.FIRST
        self.notices: tuple[str, ...] = ()
        self._launcher = launcher
        self._berth = launcher.berth(placement)
        self.stream_name = self._berth.stream_name
        try:
            stream = logs.open_stream(placement.key.function, placement.log_group, self.stream_name)
        except BaseException:
            launcher.discard(self._berth, placement.key)
            raise
        self._sandbox = self._berth.sandbox
        self._log = EnvironmentLog(stream, self._sandbox.output_fd())
        self.dialogue = Dialogue(self)
        self._berth.api.serve(self.dialogue)
        self._on_change = on_change
        self._time = HeldTime()
        self._held_told = 0.0
        self._debug_door = debug_door
        self._debuggee: Debuggee | None = None
        self._processes = 0
        """Counts process trees, so that the end of a former one is not taken for the end of this one."""
        self._happenings: asyncio.Queue[Happening] = asyncio.Queue()
        """What happens while no invocation is there to take it."""
        self._phase: Phase | None = None
        self._work: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._init_ms: float | None = None
        self._failed_init_ms = 0.0
        self._is_breaking = False

    def __repr__(self) -> str:
        return f"<Environment {self.placement.key.function.name} {self.state} {self.dialogue.state}>"

    # What the pool asks

    async def initialise(self) -> None:
        """The init phase: leaves the environment IDLE, or RESET when the init failed."""
        self._step(EnvironmentEvent.START)
        await self._berth.open()
        runtime = runtimes.name_of(self.placement.runtime)
        function = self.placement.key.function
        arn = runtime_version_arn(function.region, runtime.identifier)
        self._log.add(report.init_start_line(runtime_label(runtime), arn))
        began = self._time.now()
        problem = await self._start_runtime(began + self._init_seconds, request_id="", timeout_seconds=0)
        elapsed_ms = (self._time.now() - began) * 1000
        if problem is None:
            self._init_ms = elapsed_ms
            self._step(EnvironmentEvent.READY)
            self._rest()
            return
        self._failed_init_ms = elapsed_ms
        self._log.add(report.init_report_line(elapsed_ms, "init", problem.status, problem.error_type))
        await self._break()

    @property
    def _init_seconds(self) -> float:
        if not self.placement.is_provisioned:
            return limits.INIT_SECONDS
        return max(limits.PROVISIONED_INIT_SECONDS, self.placement.timeout_seconds)

    def invoke(
        self, invocation: Invocation, answer: Callable[[Outcome], None], begin: Begin = wants_whole
    ) -> Later[Settlement]:
        """One invocation. `answer` is called as soon as the caller's answer is known, for a stream at its
        end; the phase may go on."""
        began = self._time.now()
        phase = Phase(invocation, answer, begin, began, began + self.placement.timeout_seconds)
        try:
            needs_init = self.state is EnvironmentState.RESET
            self._step(EnvironmentEvent.INVOKE)
            self.invocations += 1
            if needs_init:
                self._work_on(phase, self._begin_anew(phase))
            elif (debuggee := self._to_wait_for(invocation)) is not None:
                self._work_on(phase, self._begin_attached(phase, debuggee))
            else:
                self._begin(phase)
        except Exception as error:
            self._give_up(phase, error)
        return phase.settled

    async def close(self) -> None:
        """Ends every process and gives everything back. Without extensions there is no grace: SIGKILL at
        once."""
        if self.state in (EnvironmentState.CLOSING, EnvironmentState.GONE):
            return
        self._step(EnvironmentEvent.CLOSE)
        self._leave_phase()
        if self._timer is not None:
            self._timer.cancel()
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])
        await self._end_processes()
        self._log.close()
        await self._berth.close()
        self._launcher.give_back(self.placement.key)
        self._step(EnvironmentEvent.ENDED)

    @property
    def is_settling(self) -> bool:
        """The caller has its answer; the runtime has not asked for the next event, or is being ended, yet."""
        return self._is_breaking or self.dialogue.state is RuntimeState.RESPONDED

    @property
    def is_lost(self) -> bool:
        """It served until its place was killed, or is of no more use: another environment has to take what
        comes. To load a debugger again would take the next invocation's own time."""
        is_to_load = self._debug_door is not None and self.state is EnvironmentState.RESET
        return self.invocations > 0 and (self._berth.is_lost or is_to_load)

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
            processes=0 if use is None else use.tasks,
            process_id=self._sandbox.process(),
            is_frozen=self._sandbox.is_frozen,
            walls=self._sandbox.walls,
            start_kind=self._berth.start_kind,
        )

    # Init

    async def _start_runtime(self, deadline: float, request_id: str, timeout_seconds: int) -> Failure | None:
        """Starts the processes and waits until the runtime asks for its first event."""
        if self._processes:
            await self._end_processes()
        self._happenings = asyncio.Queue()
        self._processes += 1
        number = self._processes
        try:
            plan = self._berth.plan()
            self.notices = (*plan.notices, *self._berth.notices())
            self.dialogue.start()
            self._await_debugger()
            async with asyncio.timeout(self._time.wait_for(deadline)):
                await self._berth.start(plan, lambda exit: self._exited(number, exit))
        except TimeoutError:
            self.dialogue.step(RuntimeEvent.TIMEOUT)
            return failure.timed_out(request_id, timeout_seconds)
        except InvalidEntrypoint as error:
            return failure.invalid_entrypoint(request_id, str(error))
        except StartError as error:
            return failure.not_started(request_id, plan.arguments[0], self.placement.task_root, error)
        self._sandbox.watch(self._breached, is_init=True)
        happening = await self._next_happening(deadline)
        self._sandbox.unwatch()
        if happening is None:
            self.dialogue.step(RuntimeEvent.TIMEOUT)
            return failure.timed_out(request_id, timeout_seconds)
        match happening.event:
            case RuntimeEvent.NEXT:
                return None
            case RuntimeEvent.INIT_ERROR:
                self._log.drain()
                return failure.init_error(happening.payload, happening.error_type)
            case _:
                return self._broken(happening, request_id)

    def _await_debugger(self) -> None:
        """What is started now listens for one."""
        if self._debug_door is None or self.placement.debugging is None:
            return
        waits = self.placement.debugging.waits
        self._debuggee = self._debug_door.debuggee(self._berth.dial_debugger, self._time, waits=waits)
        if waits:
            self._tell_of_waiting(self._debug_door)

    def _tell_of_waiting(self, door: DebugDoor) -> None:
        self._log.add(f"lam: waiting for a debugger at 127.0.0.1:{door.port}\n")

    # One invocation: each step is taken within the call that brings it about

    async def _begin_anew(self, phase: Phase) -> None:
        """Its processes are gone: it starts with an init, within the function's own time."""
        request_id = phase.invocation.request_id
        problem = await self._start_runtime(phase.deadline, request_id, self.placement.timeout_seconds)
        if problem is None:
            self._begin(phase)
            return
        elapsed_ms = (self._time.now() - phase.began) * 1000
        self._log.add(report.init_report_line(elapsed_ms, "invoke", problem.status, problem.error_type))
        self._log.add(report.start_line(request_id, self.placement.key.version))
        await self._break_after(phase, self._lost(phase, problem))

    def _to_wait_for(self, invocation: Invocation) -> Debuggee | None:
        debugging = invocation.debugging or self.placement.debugging
        if self._debuggee is None or debugging is None or not debugging.waits or self._debuggee.is_attached:
            return None
        return self._debuggee

    async def _begin_attached(self, phase: Phase, debuggee: Debuggee) -> None:
        assert self._debug_door is not None
        # The debugger that its init has waited for may be about to say that it is there.
        loop = asyncio.get_running_loop()
        telling = loop.call_later(TELL_OF_WAITING_SECONDS, self._tell_of_waiting, self._debug_door)
        try:
            await debuggee.wait_for_debugger()
        finally:
            telling.cancel()
        self._begin(phase)

    def _begin(self, phase: Phase) -> None:
        self._log.add(
            report.start_line(phase.invocation.request_id, self.placement.key.version), is_held=True
        )
        self._phase = phase
        if self.dialogue.state is RuntimeState.READY:  # else it has just ended, which is learned below
            self._hand_over(phase.invocation, phase.deadline)
        self._sandbox.watch(self._breached)
        if self._timer is None:
            self._wait_for_deadline(phase.deadline)
        while self._phase is phase and not self._happenings.empty():
            self._take(phase, self._happenings.get_nowait())

    def _hand_over(self, invocation: Invocation, deadline: float) -> None:
        event = NextEvent(
            request_id=invocation.request_id,
            deadline_ms=int((time.time() + deadline - self._time.now()) * 1000),
            invoked_arn=invocation.invoked_arn,
            payload=invocation.payload,
            client_context=invocation.client_context,
            trace_id=invocation.trace_id,
        )
        # Written while it still stands: it wakes once, and finds its event.
        self.dialogue.tell(event)
        self._sandbox.thaw()

    # What the runtime said (Listener)

    def happened(self, happening: Happening) -> None:
        phase = self._phase
        if phase is None:
            self._happenings.put_nowait(happening)
            return
        try:
            self._take(phase, happening)
        except Exception as error:
            self._give_up(phase, error)

    def take_stream(self, content_type: str) -> Intake | None:
        if self._phase is None:
            return None
        # What was printed before the first piece is in the file before that leaves.
        self._log.drain()
        self._phase.intake = Intake(self._phase.begin(Beginning(content_type, self.notices)))
        return self._phase.intake

    def overflowed(self, intake: Intake) -> None:
        if self._phase is not None:
            self._log.drain()
            self._tell(self._phase, self._too_large(intake.maximum_bytes))

    def _take(self, phase: Phase, happening: Happening) -> None:
        match happening.event:
            case RuntimeEvent.RESPONSE | RuntimeEvent.ERROR:
                # START and what the function printed came before its answer: they are in the file before the
                # answer leaves.
                self._log.drain()
                if self._sandbox.is_over_memory():
                    self._fall(phase, failure.out_of_memory(phase.invocation.request_id))
                    return
                self._tell(phase, self._answer_of(phase, happening))
                self._on_change(self)
            case RuntimeEvent.NEXT if phase.has_answered:
                self._leave_phase()
                self._sandbox.unwatch()
                phase.ended = self._time.now()
                # Not now: the answer is on its way, and leaves before END and REPORT are made.
                asyncio.get_running_loop().call_soon(self._complete, phase)
            case RuntimeEvent.NEXT:
                pass  # of the init, or a client that asked twice
            case _:
                self._fall(phase, self._broken(happening, phase.invocation.request_id))

    def _tell(self, phase: Phase, outcome: Outcome) -> None:
        if not phase.has_answered:  # else its stream was too large, and the caller knows
            phase.answer(outcome)
            phase.has_answered = True

    def _complete(self, phase: Phase) -> None:
        if self.state is not EnvironmentState.RUNNING:
            return  # it was closed meanwhile
        try:
            settlement = self._settle(phase, None)
            self._step(EnvironmentEvent.SETTLED)
            self._rest()
            phase.settled.set_result(settlement)
        except Exception as error:
            self._give_up(phase, error)

    def _fall(self, phase: Phase, problem: Failure) -> None:
        """The processes cannot go on: the caller hears why, and they are ended."""
        self._leave_phase()
        self._work_on(phase, self._break_after(phase, self._lost(phase, problem)))

    def _lost(self, phase: Phase, problem: Failure) -> Settlement:
        phase.ended = self._time.now()
        settlement = self._settle(phase, problem)
        if not phase.has_answered:
            is_cut = phase.intake is not None and phase.intake.pieces is not None
            is_truncated = is_cut and problem.caller_error_type == failure.EXIT
            error_type = failure.TRUNCATED if is_truncated else problem.caller_error_type
            phase.answer(self._outcome(problem.payload, error_type))
        self._is_breaking = True
        self._on_change(self)
        return settlement

    async def _break_after(self, phase: Phase, settlement: Settlement) -> None:
        await self._break()
        phase.settled.set_result(settlement)

    def _wait_for_deadline(self, deadline: float) -> None:
        delay = self._time.wait_for(deadline)
        self._timer = asyncio.get_running_loop().call_later(delay, self._deadline_came)

    def _deadline_came(self) -> None:
        """One timer for many invocations: each ends later than the one before, for which it was set."""
        self._timer = None
        phase = self._phase
        if phase is None:
            return
        now = self._time.now()
        if now < phase.deadline or not phase.is_late:
            # What came in time may still lie unread, however late this loop comes to look: one more turn.
            phase.is_late = now >= phase.deadline
            self._wait_for_deadline(phase.deadline)
            return
        try:
            self.dialogue.step(RuntimeEvent.TIMEOUT)
            self._fall(phase, failure.timed_out(phase.invocation.request_id, self.placement.timeout_seconds))
        except Exception as error:
            self._give_up(phase, error)

    def _give_up(self, phase: Phase, error: BaseException) -> None:
        """What fails inside lam is told to who waits for the invocation, not to who brought that about."""
        self._leave_phase()
        phase.settled.set_exception(error)

    def _leave_phase(self) -> None:
        self._phase = None
        self.dialogue.intake = None  # nobody waits for what still comes

    def _work_on(self, phase: Phase, work: Coroutine[Any, Any, None]) -> None:
        """For the steps that take their time."""

        def done(task: asyncio.Task[None]) -> None:
            self._work = None
            if not task.cancelled() and (error := task.exception()) is not None:
                self._give_up(phase, error)

        self._work = asyncio.get_running_loop().create_task(work)
        self._work.add_done_callback(done)

    def _answer_of(self, phase: Phase, happening: Happening) -> Outcome:
        if happening.is_too_large:
            return self._too_large(limits.RESPONSE_BYTES)
        if happening.event is not RuntimeEvent.ERROR:
            return self._outcome(happening.payload, None)
        # In a stream the trailer has the first word: the document may be missing.
        told = happening.error_type if phase.intake is not None else None
        return self._outcome(happening.payload, told or failure.error_type_of(happening.payload))

    def _too_large(self, maximum_bytes: int) -> Outcome:
        return self._outcome(response_too_large(maximum_bytes), "Function.ResponseSizeTooLarge")

    def _outcome(self, payload: bytes, error_type: str | None) -> Outcome:
        return Outcome(
            payload=payload,
            executed_version=self.placement.key.version,
            function_error=None if error_type is None else "Unhandled",
            error_type=error_type,
            notices=self.notices,
            log_stream=self.stream_name,
            is_cold=self._init_ms is not None or self._failed_init_ms > 0,
        )

    def _settle(self, phase: Phase, problem: Failure | None) -> Settlement:
        request_id = phase.invocation.request_id
        duration_ms = (phase.ended - phase.began) * 1000
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
        self._tell_what_was_held()
        tail = self._log.end_invocation(report.end_line(request_id), report.report_line(request_id, figures))
        return Settlement(figures, tail)

    def _tell_what_was_held(self) -> None:
        """In the log of the invocation that was held, or had to wait for the init that was."""
        held = self._time.held_seconds - self._held_told
        if held >= report.HELD_SECONDS_TOLD:
            self._held_told += held
            self._log.drain()
            self._log.add(report.held_line(held))

    # What happens to the processes

    def _exited(self, number: int, exit: Exit, turns: int = 0) -> None:
        if number != self._processes or self.dialogue.state in (RuntimeState.DEAD, RuntimeState.STOPPING):
            return
        if self._may_be_unread(turns):
            asyncio.get_running_loop().call_soon(self._exited, number, exit, turns + 1)
            return
        self.dialogue.step(RuntimeEvent.EXITED)
        self._end_debuggee()
        if self.state is EnvironmentState.IDLE:
            self._ended_while_idle()
            return
        self.happened(Happening(RuntimeEvent.EXITED, exit=exit))

    def _may_be_unread(self, turns: int) -> bool:
        """What it sent just before its end, maybe on a connection that is not even accepted."""
        if self.dialogue.state is RuntimeState.STREAMING:
            is_all_read = self._phase is None or self._phase.intake is None or self._phase.intake.is_cut
            return not is_all_read and turns < TURNS_FOR_THE_REST
        return self.dialogue.state is RuntimeState.RUNNING and turns < TURNS_FOR_A_CONNECTION

    def _rest(self) -> None:
        """Until the next invocation nothing in it makes progress."""
        if self.dialogue.state is RuntimeState.DEAD:  # it ended right after it had asked for its next event
            self._ended_while_idle()
        elif self.placement.freezes:
            self._sandbox.freeze()

    def _ended_while_idle(self) -> None:
        """Between invocations nobody waits for it: the next invocation starts with an init, which first ends
        whatever the main process left running."""
        self._log.drain()
        self.dialogue.dismiss()
        self._step(EnvironmentEvent.BROKEN)
        self._on_change(self)

    def _breached(self, what: str) -> None:
        self.happened(Happening(RuntimeEvent.KILL, breach=what))

    def _broken(self, happening: Happening, request_id: str) -> Failure:
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
        self._end_debuggee()
        if self.dialogue.state is RuntimeState.FAILED:
            self.dialogue.step(RuntimeEvent.KILL)
        elif self.dialogue.state not in (RuntimeState.STOPPING, RuntimeState.DEAD):
            self.dialogue.step(RuntimeEvent.SHUTDOWN)
        await self._sandbox.end_processes()
        # Not before: a runtime that still lived would complain of it in the function's log.
        self.dialogue.dismiss()
        if self.dialogue.state is RuntimeState.STOPPING:
            self.dialogue.step(RuntimeEvent.EXITED)
        self._log.end_processes()

    def _end_debuggee(self) -> None:
        if self._debuggee is not None:
            self._debuggee.end()
            self._debuggee = None

    # Plumbing

    async def _next_happening(self, deadline: float) -> Happening | None:
        """The next thing that happens, or None at the deadline. What happened before is never taken for a
        timeout, however late this loop comes to look."""
        while True:
            try:
                async with asyncio.timeout(self._time.wait_for(deadline)):
                    return await self._happenings.get()
            except TimeoutError:
                if not self._happenings.empty():
                    return self._happenings.get_nowait()
            if self._time.now() >= deadline:
                return None

    def _step(self, event: EnvironmentEvent) -> None:
        self.state = step(ENVIRONMENT_STEPS, self.state, event)
