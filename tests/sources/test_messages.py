"""Messages of SQS as events."""

from __future__ import annotations

import json

import pytest

from lambdacli.sources.base import Record, SourceError
from lambdacli.sources.callee import trace_of
from lambdacli.sources.sqs import record_of

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
MESSAGE = {
    "MessageId": "m-1",
    "ReceiptHandle": "handle",
    "MD5OfBody": "5d4",
    "Body": "hällo",
    "Attributes": {"SentTimestamp": "1545082649183", "MessageGroupId": "g", "AWSTraceHeader": "Root=1-2-3"},
}


def test_a_message_becomes_lambdas_record() -> None:
    told = {
        "Author": {"StringValue": "John", "DataType": "String"},
        "Raw": {"BinaryValue": "AQI=", "DataType": "Binary"},
    }
    record = record_of({**MESSAGE, "MessageAttributes": told, "MD5OfMessageAttributes": "b25"}, QUEUE)
    assert json.loads(record.text) == record.fields
    assert list(record.fields) == [
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfMessageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    ]
    nothing: dict[str, list[str]] = {"stringListValues": [], "binaryListValues": []}
    assert record.fields["messageAttributes"] == {
        "Author": {"stringValue": "John", **nothing, "dataType": "String"},
        "Raw": {"binaryValue": "AQI=", **nothing, "dataType": "Binary"},
    }
    assert (record.id, record.handle, record.trace_header) == ("m-1", "handle", "Root=1-2-3")
    assert record.arrived_at == 1545082649.183


@pytest.mark.parametrize(("arn", "group"), [(QUEUE, None), (f"{QUEUE}.fifo", "g")])
def test_only_fifo_queues_have_groups_in_order(arn: str, group: str | None) -> None:
    assert record_of(MESSAGE, arn).group == group


def test_a_message_without_attributes_has_none() -> None:
    record = record_of(MESSAGE, QUEUE)
    assert record.fields["messageAttributes"] == {}
    assert "md5OfMessageAttributes" not in record.fields


@pytest.mark.parametrize("message", [{}, {"MessageId": "m"}, {**MESSAGE, "Attributes": ["x"]}])
def test_what_is_no_message_is_refused(message: dict[str, object]) -> None:
    with pytest.raises(SourceError, match="is no message of SQS"):
        record_of(message, QUEUE)


def traced(*headers: str | None) -> list[Record]:
    return [Record(str(number), b"{}", {}, trace_header=each) for number, each in enumerate(headers)]


@pytest.mark.parametrize(
    ("headers", "root"),
    [
        ((None, "Root=1-a;Lineage=3:0123abcd:1", None), "Root=1-a;"),
        (("Root=1-a;Lineage=3:0123abcd:1", "Root=1-b;Lineage=12:0123abcd:4"), "Root=1-b;"),
    ],
)
def test_a_batch_goes_on_with_the_longest_chain(headers: tuple[str | None, ...], root: str) -> None:
    assert trace_of(traced(*headers)).startswith(root)


@pytest.mark.parametrize("headers", [(), (None,), ("Root=1-a",)])
def test_a_batch_without_a_chain_begins_one(headers: tuple[str | None, ...]) -> None:
    assert trace_of(traced(*headers)).startswith("Root=1-")
    assert "1-a" not in trace_of(traced(*headers))
