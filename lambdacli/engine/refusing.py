"""Why an invocation that nobody waits for did not run, of what was raised instead of its answer."""

from __future__ import annotations

import logging

from lambdacli.model.errors import RecursiveInvocationException, RequestError, TooManyRequestsException
from lambdacli.model.event import Refusal, RefusalKind

logger = logging.getLogger("lam.events")

ERROR_LENGTH = 1024


def refusal_of(error: BaseException, subject: str) -> Refusal:
    """`subject` is what could not be run, for the log: what is no refusal is a fault of lam's own."""
    if isinstance(error, TooManyRequestsException):
        return Refusal(RefusalKind.THROTTLED, error.code, error.members.get("Reason") or "Rate Exceeded.")
    if isinstance(error, RecursiveInvocationException):
        return Refusal(RefusalKind.LOOP, error.code, error.message or "")
    if isinstance(error, RequestError):
        return Refusal(RefusalKind.SERVICE_ERROR, error.code, (error.message or "")[:ERROR_LENGTH])
    logger.error("%s could not be run inside lam", subject, exc_info=error)
    return Refusal(RefusalKind.SERVICE_ERROR, type(error).__name__, str(error)[:ERROR_LENGTH])
