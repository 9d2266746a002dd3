"""An invocation comes to its function: it gets the trace header that the function hands on, or, as one turn
too many of a loop, it is stopped; the logs and a counter tell of that."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from lambdacli.engine.recursion import Arrival, arrive, begin, begins_chain, require_no_loop
from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import Function, log_stream_name
from lambdacli.model.metric import Metric
from lambdacli.model.outcome import Invocation
from lambdacli.model.recursion import Recursion
from lambdacli.store.kinds import RECURSION
from lambdacli.store.settings import SettingStore
from lambdacli.telemetry.logs import LogBook
from lambdacli.telemetry.metrics import Metrics

logger = logging.getLogger("lam.loops")

_STOPS_LOOPS = Recursion()
_STREAM = "recursive-loops"
"""Of all that was stopped on one day: no environment saw it, and a stream for each would be very many."""


class Arrivals:
    def __init__(self, settings: SettingStore, logs: LogBook, metrics: Metrics) -> None:
        self._settings = settings
        self._logs = logs
        self._metrics = metrics

    def recursion_of(self, key: FunctionKey) -> Recursion:
        return self._settings.get(RECURSION, key) or _STOPS_LOOPS

    def let_in(self, function: Function, invocation: Invocation) -> Invocation:
        """RecursiveInvocationException for one that is stopped."""
        came_with = invocation.trace_id or ""
        if begins_chain(came_with):
            return invocation.with_trace(begin(came_with, function.key))
        arrival = arrive(came_with, function.key, self.recursion_of(function.key))
        if arrival.is_stopped:
            self._tell(function, invocation.request_id, arrival)
        require_no_loop(arrival)
        return invocation.with_trace(arrival.trace_header)

    def _tell(self, function: Function, request_id: str, arrival: Arrival) -> None:
        logger.warning("%s is stopped: %s", request_id, arrival.loop)
        self._metrics.count(function.key, function.version, Metric.RECURSIVE_INVOCATIONS_DROPPED)
        name = log_stream_name(
            datetime.now(UTC), function.name, function.version, function.log_group, _STREAM
        )
        try:
            stream = self._logs.open_stream(function.key, function.log_group, name)
            try:
                stream.write(f"RequestId: {request_id} Stopped: {arrival.loop}")
            finally:
                stream.close()
        except OSError as error:
            logger.error("the log of %s could not be written (%s)", function.name, error.strerror)
