"""What a call to another service is, and how long it is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from lambdacli.model.delivery import Sender, TargetError

SERVICE_NAMES = {"sqs": "SQS", "sns": "SNS", "events": "EventBridge", "s3": "S3"}


@dataclass(frozen=True, slots=True)
class Patience:
    """In real seconds: a network has no clock that could be moved."""

    connect_seconds: float = 5.0
    read_seconds: float = 10.0
    answer_seconds: float = 20.0
    """For all of it, whatever else takes its time: a name that is not resolved, an answer in drops."""


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Call:
    """One request to come: where to, in whose name, and within which chain."""

    service: str
    region: str
    endpoint: str
    arn: str
    sender: Sender
    trace_header: str | None

    @property
    def service_name(self) -> str:
        return SERVICE_NAMES[self.service]


def not_that_service(call: Call) -> TargetError:
    return TargetError(
        f"what answers at {call.endpoint} is not {call.service_name}: name its address in lam.yaml, "
        f"`services.{call.service}`"
    )
