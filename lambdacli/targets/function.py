"""Hands an event to another function of this service: without HTTP, as its own Invoke would accept it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lambdacli.model.arn import FunctionKey, parse_function_reference
from lambdacli.model.delivery import Message, Sender, TargetError
from lambdacli.model.errors import (
    AccessDeniedException,
    InvalidParameterValueException,
    InvalidRequestContentException,
    RequestEntityTooLargeException,
    RequestError,
    SerializationException,
    ValidationException,
)

Accept = Callable[[FunctionKey, str | None, bytes, str | None], Awaitable[None]]
"""Called with the function, the qualifier, the event and the trace header; RequestError if it is refused."""

_FINAL = (
    AccessDeniedException,
    InvalidParameterValueException,
    InvalidRequestContentException,
    RequestEntityTooLargeException,
    SerializationException,
    ValidationException,
)


class FunctionTarget:
    def __init__(self, accept: Accept) -> None:
        self._accept = accept

    async def send(self, arn: str, message: Message, sender: Sender) -> None:
        reference = parse_function_reference(arn)
        if reference.account is None or reference.region is None:
            raise TargetError(f"{arn} is not the ARN of a function: set another one", is_final=True)
        key = FunctionKey(reference.account, reference.region, reference.name)
        try:
            await self._accept(key, reference.qualifier, message.body, message.trace_header)
        except RequestError as error:
            raise TargetError(
                f"{arn} did not take the event: {error.code}: {error.message}",
                is_final=isinstance(error, _FINAL),
            ) from error
