"""What is counted, per function, version and minute; the names are CloudWatch's."""

from __future__ import annotations

from enum import StrEnum

from lambdacli.model.arn import FunctionKey
from lambdacli.model.record import record


class Metric(StrEnum):
    INVOCATIONS = "Invocations"
    """Code was executed, with success or not; what was throttled or refused is none."""
    ERRORS = "Errors"
    THROTTLES = "Throttles"
    DURATION = "Duration"
    """Milliseconds of an invocation, without a cold start."""
    CONCURRENT_EXECUTIONS = "ConcurrentExecutions"
    """Of the whole function, whichever version is counted."""
    ASYNC_EVENTS_RECEIVED = "AsyncEventsReceived"
    ASYNC_EVENT_AGE = "AsyncEventAge"
    """Milliseconds from the acceptance of an event to each attempt."""
    ASYNC_EVENTS_DROPPED = "AsyncEventsDropped"
    DEAD_LETTER_ERRORS = "DeadLetterErrors"
    DESTINATION_DELIVERY_FAILURES = "DestinationDeliveryFailures"
    RECURSIVE_INVOCATIONS_DROPPED = "RecursiveInvocationsDropped"
    URL_REQUEST_COUNT = "UrlRequestCount"
    """Of a function URL, like the three that follow: counted under the alias that it leads to, or $LATEST."""
    URL_REQUEST_LATENCY = "UrlRequestLatency"
    """Milliseconds from a request to the end of its answer."""
    URL_4XX_COUNT = "Url4xxCount"
    URL_5XX_COUNT = "Url5xxCount"
    ITERATOR_AGE = "IteratorAge"
    """Milliseconds from the arrival of a batch's last record in its stream to the end of its invocation."""
    POLLED_EVENTS = "PolledEventCount"
    """This and what follows: of event source mappings that want their events counted."""
    FILTERED_OUT_EVENTS = "FilteredOutEventCount"
    INVOKED_EVENTS = "InvokedEventCount"
    FAILED_INVOKE_EVENTS = "FailedInvokeEventCount"
    DELETED_EVENTS = "DeletedEventCount"
    DROPPED_EVENTS = "DroppedEventCount"


@record
class Statistics:
    total: float
    count: int
    least: float
    most: float


@record
class MetricPoint:
    """What was counted within one minute."""

    function: FunctionKey
    version: str
    metric: Metric
    minute: int
    """Minutes since 1970, in real time."""
    statistics: Statistics
