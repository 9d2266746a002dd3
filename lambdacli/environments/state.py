"""Every state of an environment and of the runtime inside it, and every legal step between them.

The tables are the law: a missing entry is an illegal step. Nothing else assigns a state. ARCHITECTURE.md's
drawings are made from these tables."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar


class RuntimeState(StrEnum):
    """The runtime process, as the Runtime API sees it."""

    STARTING = "starting"
    READY = "ready"
    RUNNING = "running"
    STREAMING = "streaming"
    RESPONDED = "responded"
    FAILED = "failed"
    STOPPING = "stopping"
    DEAD = "dead"


class RuntimeEvent(StrEnum):
    START = "start"
    NEXT = "next"
    INIT_ERROR = "init_error"
    INVOKE = "invoke"
    STREAM = "stream"
    RESPONSE = "response"
    ERROR = "error"
    TIMEOUT = "timeout"
    SHUTDOWN = "shutdown"
    KILL = "kill"
    EXITED = "exited"


class EnvironmentState(StrEnum):
    """The whole environment: what the pool may do with it."""

    NEW = "new"
    INITIALISING = "initialising"
    IDLE = "idle"
    RESET = "reset"
    """Its processes are gone; /tmp is kept; the next invoke starts with an init of its own."""
    RUNNING = "running"
    CLOSING = "closing"
    GONE = "gone"


class EnvironmentEvent(StrEnum):
    START = "start"
    READY = "ready"
    INVOKE = "invoke"
    SETTLED = "settled"
    BROKEN = "broken"
    CLOSE = "close"
    ENDED = "ended"


RUNTIME_STEPS: dict[RuntimeState, dict[RuntimeEvent, RuntimeState]] = {
    RuntimeState.STARTING: {
        RuntimeEvent.NEXT: RuntimeState.READY,
        RuntimeEvent.INIT_ERROR: RuntimeState.FAILED,
        RuntimeEvent.TIMEOUT: RuntimeState.FAILED,
        RuntimeEvent.SHUTDOWN: RuntimeState.STOPPING,
        RuntimeEvent.EXITED: RuntimeState.DEAD,
    },
    RuntimeState.READY: {
        # A client that lost its connection asks again.
        RuntimeEvent.NEXT: RuntimeState.READY,
        RuntimeEvent.INVOKE: RuntimeState.RUNNING,
        RuntimeEvent.SHUTDOWN: RuntimeState.STOPPING,
        RuntimeEvent.EXITED: RuntimeState.DEAD,
    },
    RuntimeState.RUNNING: {
        # The same event is given again.
        RuntimeEvent.NEXT: RuntimeState.RUNNING,
        RuntimeEvent.STREAM: RuntimeState.STREAMING,
        RuntimeEvent.RESPONSE: RuntimeState.RESPONDED,
        RuntimeEvent.ERROR: RuntimeState.RESPONDED,
        RuntimeEvent.TIMEOUT: RuntimeState.FAILED,
        RuntimeEvent.SHUTDOWN: RuntimeState.STOPPING,
        RuntimeEvent.EXITED: RuntimeState.DEAD,
    },
    RuntimeState.STREAMING: {
        # It has sent its last piece, and asks on another connection, which was faster.
        RuntimeEvent.NEXT: RuntimeState.STREAMING,
        RuntimeEvent.RESPONSE: RuntimeState.RESPONDED,
        RuntimeEvent.ERROR: RuntimeState.RESPONDED,
        RuntimeEvent.TIMEOUT: RuntimeState.FAILED,
        RuntimeEvent.SHUTDOWN: RuntimeState.STOPPING,
        RuntimeEvent.EXITED: RuntimeState.DEAD,
    },
    RuntimeState.RESPONDED: {
        RuntimeEvent.NEXT: RuntimeState.READY,
        RuntimeEvent.TIMEOUT: RuntimeState.FAILED,
        RuntimeEvent.SHUTDOWN: RuntimeState.STOPPING,
        RuntimeEvent.EXITED: RuntimeState.DEAD,
    },
    RuntimeState.FAILED: {
        RuntimeEvent.KILL: RuntimeState.STOPPING,
        RuntimeEvent.EXITED: RuntimeState.DEAD,
    },
    RuntimeState.STOPPING: {RuntimeEvent.EXITED: RuntimeState.DEAD},
    RuntimeState.DEAD: {RuntimeEvent.START: RuntimeState.STARTING},
}

ENVIRONMENT_STEPS: dict[EnvironmentState, dict[EnvironmentEvent, EnvironmentState]] = {
    EnvironmentState.NEW: {
        EnvironmentEvent.START: EnvironmentState.INITIALISING,
        EnvironmentEvent.CLOSE: EnvironmentState.CLOSING,
    },
    EnvironmentState.INITIALISING: {
        EnvironmentEvent.READY: EnvironmentState.IDLE,
        EnvironmentEvent.BROKEN: EnvironmentState.RESET,
        EnvironmentEvent.CLOSE: EnvironmentState.CLOSING,
    },
    EnvironmentState.IDLE: {
        EnvironmentEvent.INVOKE: EnvironmentState.RUNNING,
        EnvironmentEvent.BROKEN: EnvironmentState.RESET,
        EnvironmentEvent.CLOSE: EnvironmentState.CLOSING,
    },
    EnvironmentState.RESET: {
        EnvironmentEvent.INVOKE: EnvironmentState.RUNNING,
        EnvironmentEvent.CLOSE: EnvironmentState.CLOSING,
    },
    EnvironmentState.RUNNING: {
        EnvironmentEvent.SETTLED: EnvironmentState.IDLE,
        EnvironmentEvent.BROKEN: EnvironmentState.RESET,
        EnvironmentEvent.CLOSE: EnvironmentState.CLOSING,
    },
    EnvironmentState.CLOSING: {EnvironmentEvent.ENDED: EnvironmentState.GONE},
    EnvironmentState.GONE: {},
}

API_STATE_NAMES = {
    RuntimeState.STARTING: "Started",
    RuntimeState.READY: "Ready",
    RuntimeState.RUNNING: "Running",
    RuntimeState.STREAMING: "InvocationResponse",
    RuntimeState.RESPONDED: "RuntimeResponseSent",
    RuntimeState.FAILED: "InitError",
    RuntimeState.STOPPING: "Exited",
    RuntimeState.DEAD: "Exited",
}
"""What the Runtime API's refusals call the states."""

API_TARGET_NAMES = {
    RuntimeEvent.NEXT: "Ready",
    RuntimeEvent.STREAM: "InvocationResponse",
    RuntimeEvent.RESPONSE: "InvocationResponse",
    RuntimeEvent.ERROR: "InvocationErrorResponse",
    RuntimeEvent.INIT_ERROR: "InitError",
}


class IllegalStep(Exception):
    """`{state}` has no step `{event}`."""

    def __init__(self, state: StrEnum, event: StrEnum) -> None:
        super().__init__(f"{state} has no step {event}")
        self.state = state
        self.event = event


S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def step(table: dict[S, dict[E, S]], state: S, event: E) -> S:
    following = table[state].get(event)
    if following is None:
        raise IllegalStep(state, event)
    return following


def drawing(table: dict[S, dict[E, S]]) -> str:
    """A Mermaid state diagram of a table, for ARCHITECTURE.md."""
    lines = ["stateDiagram-v2", f"    [*] --> {next(iter(table))}"]
    for state, steps in table.items():
        lines.extend(f"    {state} --> {following}: {event}" for event, following in steps.items())
        if not steps:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)
