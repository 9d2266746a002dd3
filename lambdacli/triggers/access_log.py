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
    how = "" if is_cold is None else " cold" if is_cold else " warm"
    milliseconds = (time.perf_counter() - began) * 1000
    logger.info("%s %s %s %d %.1f ms%s", function, request.method, target, status, milliseconds, how)
