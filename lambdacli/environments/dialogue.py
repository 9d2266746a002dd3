"""What the runtime says and is told over its API, as steps of its state table."""

from __future__ import annotations

import asyncio
from typing import Protocol

from lambdacli.environments import failure
from lambdacli.environments.intake import Intake
from lambdacli.environments.phase import Happening
from lambdacli.environments.runtime_api import NextEvent, Refusal, transition_refused, unknown_request_id
from lambdacli.environments.state import RUNTIME_STEPS, IllegalStep, RuntimeEvent, RuntimeState, step
from lambdacli.model.later import Later

EXIT_AFTER_CUT_SECONDS = 0.25
"""A runtime that leaves in the middle of its response has mostly died: its exit says more than the cut, and
is learned a little later."""


class Listener(Protocol):
    """The environment, to which all this matters."""

    def happened(self, happening: Happening) -> None: ...

    # Where a response goes that begins to come; None: nobody waits for it any more.
    def take_stream(self, content_type: str) -> Intake | None: ...

    # The caller need not wait for the end of what is thrown away.
    def overflowed(self, intake: Intake) -> None: ...


class Dialogue:
    """The RuntimePort of one environment, for one runtime process after the other."""

    def __init__(self, listener: Listener) -> None:
        self.state = RuntimeState.DEAD
        self.intake: Intake | None = None
        """What the runtime streams, as long as somebody waits for it."""
        self._listener = listener
        self._waiter: Later[NextEvent] | None = None
        """A `next` that has no event yet."""
        self._event: NextEvent | None = None

    def __repr__(self) -> str:
        return f"<Dialogue {self.state}>"

    # What the environment does

    def step(self, event: RuntimeEvent) -> None:
        self.state = step(RUNTIME_STEPS, self.state, event)

    def start(self) -> None:
        """Another process is going to speak."""
        self.step(RuntimeEvent.START)
        self._event = None

    def tell(self, event: NextEvent) -> None:
        self.step(RuntimeEvent.INVOKE)
        self._event = event
        assert self._waiter is not None
        self._waiter.set_result(event)
        self._waiter = None

    def dismiss(self) -> None:
        """Answers a `next` that will get no event any more."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Refusal(500, "InternalServerError", "Internal Server Error"))
        self._waiter = None

    # What the runtime asks (RuntimePort)

    def next_event(self) -> Later[NextEvent]:
        state = self.state
        self._called(RuntimeEvent.NEXT)
        waiter: Later[NextEvent] = Later()
        if state is RuntimeState.RUNNING:
            assert self._event is not None
            waiter.set_result(self._event)
            return waiter
        self.dismiss()
        self._waiter = waiter
        if state is not RuntimeState.STREAMING:
            self._listener.happened(Happening(RuntimeEvent.NEXT))
        elif self.intake is not None and self.intake.is_cut:
            self._stays_cut(self.intake)
        return waiter

    def respond(self, request_id: str, payload: bytes, *, is_too_large: bool) -> None:
        self._take_answer(request_id, RuntimeEvent.RESPONSE)
        self._listener.happened(Happening(RuntimeEvent.RESPONSE, payload=payload, is_too_large=is_too_large))

    def fail(self, request_id: str, payload: bytes, error_type: str | None) -> None:
        self._take_answer(request_id, RuntimeEvent.ERROR)
        self._listener.happened(Happening(RuntimeEvent.ERROR, payload=payload, error_type=error_type))

    def fail_init(self, payload: bytes, error_type: str | None) -> None:
        self._called(RuntimeEvent.INIT_ERROR)
        self._listener.happened(Happening(RuntimeEvent.INIT_ERROR, payload=payload, error_type=error_type))

    def refuse_response_mode(self, request_id: str) -> None:
        self._take_answer(request_id, RuntimeEvent.ERROR)
        refused = failure.platform_failure(
            "Runtime.InvalidResponseModeHeader", request_id, "Invalid function response mode"
        )
        self._listener.happened(Happening(RuntimeEvent.ERROR, payload=refused.payload))

    def begin_stream(self, request_id: str, content_type: str) -> Intake:
        self._take_answer(request_id, RuntimeEvent.STREAM)
        self.intake = self._listener.take_stream(content_type)
        if self.intake is None:
            raise unknown_request_id()  # it broke just now
        return self.intake

    def stream_overflowed(self, intake: Intake) -> None:
        if self.intake is intake and intake.pieces is not None:
            self._listener.overflowed(intake)

    def end_stream(self, intake: Intake, error: bytes | None, error_type: str | None) -> None:
        if self.intake is not None and self.intake is not intake:
            raise unknown_request_id()
        self._called(RuntimeEvent.RESPONSE if error is None else RuntimeEvent.ERROR)
        self._stream_ended(intake, error, error_type)

    def cut_stream(self, intake: Intake) -> None:
        if self.intake is intake:
            intake.is_cut = True
            asyncio.get_running_loop().call_later(EXIT_AFTER_CUT_SECONDS, self._stays_cut, intake)

    # How

    def _take_answer(self, request_id: str, event: RuntimeEvent) -> None:
        if self._event is None or request_id != self._event.request_id:
            raise unknown_request_id()
        if self.state is not RuntimeState.RUNNING:
            raise unknown_request_id()  # its answer was already accepted
        self._called(event)

    def _called(self, event: RuntimeEvent) -> None:
        """A step that the runtime itself asks for: what is illegal is refused, and changes nothing."""
        try:
            self.step(event)
        except IllegalStep:
            raise transition_refused(self.state, event) from None

    def _stays_cut(self, intake: Intake) -> None:
        """The runtime lives, and so does its environment; only this response is lost."""
        if self.intake is intake and self.state is RuntimeState.STREAMING:
            assert self._event is not None
            self.step(RuntimeEvent.ERROR)
            lost = failure.truncated(self._event.request_id)
            self._stream_ended(intake, lost.payload, lost.caller_error_type)

    def _stream_ended(self, intake: Intake, error: bytes | None, error_type: str | None) -> None:
        if error is not None:
            happening = Happening(RuntimeEvent.ERROR, payload=error, error_type=error_type)
        else:
            happening = Happening(
                RuntimeEvent.RESPONSE, payload=intake.whole(), is_too_large=intake.is_too_large
            )
        self._listener.happened(happening)
        if self._waiter is not None and self.state is RuntimeState.RESPONDED:
            self.step(RuntimeEvent.NEXT)  # it had asked already
            self._listener.happened(Happening(RuntimeEvent.NEXT))
