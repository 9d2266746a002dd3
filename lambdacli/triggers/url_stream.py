"""A streamed response behind a function URL: its head from the prelude, its body as it comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lambdacli.model.errors import RequestError
from lambdacli.model.outcome import Outcome, StreamedAnswer
from lambdacli.model.record import record
from lambdacli.triggers.http_request import HttpAnswer
from lambdacli.triggers.payload_v2 import JSON, UnusableAnswer, head_of_prelude
from lambdacli.wire.messages import BrokenOff

STREAMED = "RESPONSE_STREAM"
INTEGRATION = "application/vnd.awslambda.http-integration-response"
"""What a runtime calls a stream that begins with a prelude."""
_BYTES = "application/octet-stream"
_DELIMITER = b"\0" * 8
_LONGEST_PRELUDE = 1024 * 1024
"""Without a delimiter by then there is none: nobody writes so many headers."""


@record
class Head:
    answer: HttpAnswer
    first: bytes
    """Of the body: what came together with the prelude."""


async def begin(answer: StreamedAnswer) -> Head | None:
    """None for a function that failed before it said anything. A result that the runtime did not stream is
    the body as it is: in this mode nobody looks for a statusCode in it."""
    if answer.content_type is None:
        outcome = await answer.outcome
        if outcome.function_error is None:
            return Head(HttpAnswer(200, [("Content-Type", JSON)]), b"")
        await answer.pieces.aclose()
        return None
    has_prelude = answer.content_type.partition(";")[0].strip().lower() == INTEGRATION
    try:
        return await (_after_prelude(answer) if has_prelude else _with_first_piece(answer))
    except BaseException:
        await answer.pieces.aclose()
        raise


async def _with_first_piece(answer: StreamedAnswer) -> Head | None:
    """Runtimes begin a stream before the handler runs: only its first byte says that it did not fail at
    once."""
    headers = [("Content-Type", answer.content_type or _BYTES)]
    async for pieces in answer.pieces:
        return Head(HttpAnswer(200, headers), b"".join(pieces))
    outcome = await answer.outcome
    return Head(HttpAnswer(200, headers), b"") if outcome.function_error is None else None


async def _after_prelude(answer: StreamedAnswer) -> Head | None:
    held = bytearray()
    async for pieces in answer.pieces:
        at = max(0, len(held) - len(_DELIMITER) + 1)
        held += b"".join(pieces)
        end = held.find(_DELIMITER, at)
        if end >= 0:
            head = head_of_prelude(bytes(held[:end]), _BYTES)
            return Head(head, bytes(held[end + len(_DELIMITER) :]))
        if len(held) > _LONGEST_PRELUDE:
            raise UnusableAnswer(f"no prelude ends within the stream's first {_LONGEST_PRELUDE} bytes")
    outcome = await answer.outcome
    if outcome.function_error is not None:
        return None
    raise UnusableAnswer("the stream ended within its prelude")


class StreamedBody:
    """The pieces, and at their end whether that was one. Not a generator: one that was never begun would not
    close what it reads."""

    def __init__(self, first: bytes, answer: StreamedAnswer, ended: Callable[[Outcome | None], None]) -> None:
        """`ended` is called once: with the outcome, or with None if the client left before."""
        self._first = first
        self._answer = answer
        self._ended: Callable[[Outcome | None], None] | None = ended

    def __aiter__(self) -> StreamedBody:
        return self

    async def __anext__(self) -> bytes | Sequence[bytes]:
        if self._first:
            first, self._first = self._first, b""
            return first
        async for pieces in self._answer.pieces:
            return pieces
        try:
            outcome = await self._answer.outcome
        except RequestError as error:
            raise BrokenOff(str(error)) from error
        self._tell(outcome)
        if outcome.function_error is not None:
            raise BrokenOff(f"the function failed: {outcome.error_type}")
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._tell(None)
        await self._answer.pieces.aclose()

    def _tell(self, outcome: Outcome | None) -> None:
        if self._ended is not None:
            ended, self._ended = self._ended, None
            ended(outcome)
