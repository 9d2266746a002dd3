"""Targets by the service in their ARN: whom dead letters and destination records go to."""

from __future__ import annotations

from collections.abc import Mapping

from lambdacli.model.delivery import (
    LIMITS,
    Message,
    Sender,
    TargetError,
    is_first_in_first_out,
    is_too_large,
    service_of,
    size_at,
)
from lambdacli.targets.base import Target
from lambdacli.targets.calls import PATIENCE, Patience
from lambdacli.targets.clients import Clients, EndpointOf
from lambdacli.targets.eventbridge import BusTarget
from lambdacli.targets.function import Accept, FunctionTarget
from lambdacli.targets.s3 import BucketTarget
from lambdacli.targets.sns import TopicTarget
from lambdacli.targets.sqs import QueueTarget


class Targets:
    """All of them as one: sends to whatever the ARN names."""

    def __init__(self, endpoint_of: EndpointOf, accept: Accept, patience: Patience = PATIENCE) -> None:
        self._clients = clients = Clients(endpoint_of, patience)
        self._by_service: Mapping[str, Target] = {
            "sqs": QueueTarget(clients),
            "sns": TopicTarget(clients),
            "events": BusTarget(clients),
            "lambda": FunctionTarget(accept),
            "s3": BucketTarget(clients),
        }

    def close(self) -> None:
        self._clients.close()

    async def send(self, arn: str, message: Message, sender: Sender) -> None:
        target = self._by_service.get(service_of(arn))
        if target is None:
            raise TargetError(f"Lambda sends nothing to {arn}: set another target", is_final=True)
        if is_first_in_first_out(arn):
            raise TargetError(
                f"Lambda does not send to FIFO queues and topics, as {arn}: set a standard one", is_final=True
            )
        if is_too_large(message, arn):
            raise TargetError(
                f"the message for {arn} has {size_at(message, arn)} bytes, and it takes at most "
                f"{LIMITS[service_of(arn)]}: give the event less content, or set a bucket as destination of "
                "failures",
                is_final=True,
            )
        await target.send(arn, message, sender)
