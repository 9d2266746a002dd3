"""The service log's line of each request that reached a function by HTTP."""

from __future__ import annotations

import logging
import time

from lambdacli.triggers.http_request import HttpRequest

logger = logging.getLogger("lam.http")


def log_access(
    function: str, request: HttpRequest, status: int, began: float, *, is_cold: bool | None
) -> None:
    """`began` is a moment of `time.perf_counter`. Neither cold nor warm: no environment took it."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    log_line(function, f"{request.method} {target}", str(status), began, is_cold=is_cold)


def log_line(function: str, what: str, how: str, began: float, *, is_cold: bool | None) -> None:
    """What was done for a caller, and how it ended."""
    start = "" if is_cold is None else " cold" if is_cold else " warm"
    milliseconds = (time.perf_counter() - began) * 1000
    text = f"{function} {what} {how} {milliseconds:.1f} ms{start}"
    # Not by `info`, which looks for the line of code that said it: nobody is told of that.
    if logger.isEnabledFor(logging.INFO):
        logger.handle(logging.LogRecord(logger.name, logging.INFO, "", 0, text, None, None))
