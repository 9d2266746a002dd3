"""Events as producers word them for functions. Pure."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def sns_event(
    *,
    topic_arn: str,
    subscription_arn: str,
    message_id: str,
    message: str,
    subject: str | None,
    attributes: Mapping[str, Mapping[str, Any]],
    now: datetime | None = None,
) -> dict[str, Any]:
    """As a topic sends it to a function; the signature is none that anybody could check."""
    region = topic_arn.split(":")[3]
    moment = (now or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    address = f"https://sns.{region}.amazonaws.com/"
    notification = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic_arn,
        "Subject": subject,
        "Message": message,
        "Timestamp": moment,
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": f"{address}SimpleNotificationService-EXAMPLE.pem",
        "UnsubscribeUrl": f"{address}?Action=Unsubscribe&SubscriptionArn={subscription_arn}",
        "MessageAttributes": {
            name: {"Type": told["Type"], "Value": _text(told["Value"])} for name, told in attributes.items()
        },
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": notification,
    }
    return {"Records": [record]}


def s3_event(told: Mapping[str, Any]) -> dict[str, Any]:
    """With what S3 says in each record beside what is told: nobody here has a principal id of S3's."""
    return {"Records": [_s3_record(record) for record in told["Records"]]}


def _s3_record(told: Mapping[str, Any]) -> dict[str, Any]:
    nobody = {"principalId": "EXAMPLE"}
    stored = dict(told["s3"])
    stored["bucket"] = {"ownerIdentity": nobody, **stored["bucket"]}
    stored["object"] = {
        "sequencer": f"{time.time_ns():016X}",
        **stored["object"],
        "key": _as_s3_encodes(stored["object"]["key"]),
    }
    others = {name: value for name, value in told.items() if name != "s3"}
    return {
        "userIdentity": nobody,
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "EXAMPLE", "x-amz-id-2": "EXAMPLE"},
        **others,
        "s3": stored,
    }


def _as_s3_encodes(form_encoded: str) -> str:
    """S3 leaves slashes as they are, so code that never decodes a key works for `folder/name`."""
    return form_encoded.replace("%2F", "/")


def eventbridge_event(told: Mapping[str, Any]) -> dict[str, Any]:
    """`told` may have its time as a number, and more than targets get."""
    names = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
    event = {name: told[name] for name in names if name in told}
    if isinstance(event.get("time"), int | float):
        moment = datetime.fromtimestamp(event["time"], UTC)
        event["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return event


def _text(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
