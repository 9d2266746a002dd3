"""The events of producers, member by member."""

from __future__ import annotations

from datetime import UTC, datetime

from lambdacli.service.produced_events import eventbridge_event, s3_event, sns_event

TOPIC = "arn:aws:sns:eu-west-1:000000000000:orders"


def test_a_topic_tells_its_message_its_attributes_and_itself():
    event = sns_event(
        topic_arn=TOPIC,
        subscription_arn=f"{TOPIC}:1",
        message_id="id",
        message="text",
        subject=None,
        attributes={"a": {"Type": "String", "Value": "v"}, "b": {"Type": "Binary", "Value": b"\0"}},
        now=datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC),
    )
    (record,) = event["Records"]
    assert (record["EventSource"], record["EventVersion"], record["EventSubscriptionArn"]) == (
        "aws:sns",
        "1.0",
        f"{TOPIC}:1",
    )
    told = record["Sns"]
    assert told["Timestamp"] == "2026-01-02T03:04:05.678Z"
    assert (told["Subject"], told["Message"], told["TopicArn"]) == (None, "text", TOPIC)
    assert told["MessageAttributes"] == {
        "a": {"Type": "String", "Value": "v"},
        "b": {"Type": "Binary", "Value": "AA=="},
    }


def test_a_rule_tells_the_event_as_targets_get_it():
    told = {"id": "1", "time": 1_795_282_121.2, "detail": {}, "ingestion-time": 1.0}
    assert eventbridge_event(told) == {"id": "1", "time": "2026-11-21T17:28:41Z", "detail": {}}


def test_a_key_is_encoded_as_s3_does_it_which_leaves_slashes_as_they_are():
    record = {"s3": {"bucket": {"name": "b"}, "object": {"key": "a%2Fb+c%2B%C3%A9.jpg"}}}
    (found,) = s3_event({"Records": [record]})["Records"]
    assert found["s3"]["object"]["key"] == "a/b+c%2B%C3%A9.jpg"


def test_a_bucket_tells_who_and_in_which_order_beside_what():
    record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}
    (found,) = s3_event({"Records": [record]})["Records"]
    assert found["eventName"] == "ObjectCreated:Put"
    assert found["s3"]["bucket"] == {"ownerIdentity": {"principalId": "EXAMPLE"}, "name": "b"}
    assert found["s3"]["object"]["key"] == "k"
    assert {"userIdentity", "requestParameters", "responseElements"} <= found.keys()
    assert len(found["s3"]["object"]["sequencer"]) == 16
