"""Who made an event, told by its form. Pure."""

from __future__ import annotations

import json
from typing import Any

_OF_RECORDS = {
    "aws:s3": "S3",
    "aws:sqs": "SQS",
    "aws:sns": "SNS",
    "aws:kinesis": "Kinesis",
    "aws:dynamodb": "DynamoDB",
    "aws:ses": "SES",
    "aws:codecommit": "CodeCommit",
}
_LARGEST_LOOKED_AT = 256 * 1024


def kind_of(payload: bytes) -> str:
    """`JSON` for whatever no service of AWS would send."""
    if len(payload) > _LARGEST_LOOKED_AT:
        return "large"
    try:
        event = json.loads(payload)
    except (ValueError, RecursionError):
        return "JSON"
    if not isinstance(event, dict):
        return "JSON"
    return _of_records(event) or _of_http(event) or _of_others(event) or "JSON"


def _of_records(event: dict[str, Any]) -> str | None:
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    if not isinstance(first, dict):
        return None
    source = str(first.get("eventSource") or first.get("EventSource") or "")
    return "CloudFront" if "cf" in first else _OF_RECORDS.get(source)


def _of_http(event: dict[str, Any]) -> str | None:
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return None
    if "elb" in context:
        return "ALB"
    if "eventType" in context and "connectionId" in context:
        return "WebSocket"
    if event.get("version") == "2.0" and "http" in context:
        return "function URL" if ".lambda-url." in str(context.get("domainName")) else "HTTP API"
    return "REST API" if "httpMethod" in event else None


def _of_others(event: dict[str, Any]) -> str | None:
    if "detail-type" in event and "detail" in event:
        return "EventBridge"
    if isinstance(event.get("awslogs"), dict):
        return "CloudWatch Logs"
    if "triggerSource" in event and "userPoolId" in event:
        return "Cognito"
    if "eventSource" in event and "records" in event:
        return "Kafka"
    if "rmqMessagesByQueue" in event or event.get("eventSource") == "aws:mq":
        return "MQ"
    if event.get("eventSource") == "aws:docdb":
        return "DocumentDB"
    if "deliveryStreamArn" in event:
        return "Firehose"
    if "requestPayload" in event and "requestContext" in event:
        return "destination"
    return None
