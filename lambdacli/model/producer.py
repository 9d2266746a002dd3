"""What invokes functions on somebody's behalf: a service, and what it tells of its source. Pure."""

from __future__ import annotations

from datetime import datetime

from lambdacli.model.arn import FunctionKey
from lambdacli.model.policy import AccessRequest, ContextValue
from lambdacli.model.principals import (
    Caller,
    CallerKind,
    caller_from_arn,
    is_account,
    is_principal_arn,
    is_service_name,
    service_caller,
)
from lambdacli.model.record import record

INVOKE = "lambda:InvokeFunction"


@record
class Producer:
    caller: Caller
    source_arn: str | None = None
    """The bucket, topic, rule or API that the event comes from."""
    source_account: str | None = None
    """Whose that source is; None: as its ARN says."""
    event_source_token: str | None = None


def caller_named(principal: str) -> Caller:
    """Who is meant by a principal as AddPermission takes it; a ValueError for what names nobody."""
    if is_service_name(principal):
        return service_caller(principal)
    if is_account(principal):
        return Caller(CallerKind.ROOT, f"arn:aws:iam::{principal}:root", principal)
    if is_principal_arn(principal):
        return caller_from_arn(principal)
    raise ValueError(
        f"{principal} names no service, account, user or role: write it as s3.amazonaws.com, 123456789012 or "
        "arn:aws:iam::123456789012:role/name"
    )


def invocation_request(
    producer: Producer,
    function: FunctionKey,
    qualifier: str | None = None,
    *,
    action: str = INVOKE,
    at: datetime | None = None,
) -> AccessRequest:
    """What is to be decided when the producer calls the function by this qualifier."""
    context: dict[str, ContextValue] = {}
    if producer.source_arn is not None:
        context["aws:SourceArn"] = producer.source_arn
    account = producer.source_account or _account_in(producer.source_arn)
    if account is not None:
        context["aws:SourceAccount"] = account
    if producer.event_source_token is not None:
        context["lambda:EventSourceToken"] = producer.event_source_token
    return AccessRequest(producer.caller, action, function.qualified_arn(qualifier), context, at)


def _account_in(arn: str | None) -> str | None:
    """ARNs of buckets hold none."""
    fields = (arn or "").split(":", 5)
    return fields[4] if len(fields) > 4 and fields[4] else None
