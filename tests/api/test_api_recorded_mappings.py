"""What AWS was recorded to answer to mistakes: of event source mappings."""

from __future__ import annotations

import pytest

from tests.api_house import ACCOUNT, REGION
from tests.recorded_rows import ARN, CONFLICT, IPV, NAME, NO_RESOURCE, RNF, UUID, furnish, refused

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:somequeue"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t/stream/2025-01-01T00:00:00.000"
SERVERS = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000", "kafka:2000"]}}
KAFKA = {
    "SelfManagedEventSource": SERVERS,
    "Topics": ["topic"],
    "StartingPosition": "LATEST",
    "SourceAccessConfigurations": [
        {"Type": "BASIC_AUTH", "URI": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:s"}
    ],
}
OF_QUEUE = {"EventSourceArn": QUEUE}
OF_STREAM = {"EventSourceArn": STREAM, "StartingPosition": "LATEST"}
WINDOW = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"


def mapping(**members):
    return ("create_event_source_mapping", {"FunctionName": NAME, **members})


def create(row, code, message, *, given=(), **members):
    return refused(
        row, "create_event_source_mapping", code, message, given=given, **{"FunctionName": NAME} | members
    )


def again(row, message, **members):
    text = f"{message} already exists. Please update or delete the existing mapping with UUID <uuid>"
    return create(row, CONFLICT, text, given=[mapping(**members)], **members)


MAPPINGS = [
    create("no source", IPV, "Unrecognized event source.", FunctionName="doesnotexist"),
    create(
        "missing function",
        IPV,
        "Function does not exist",
        FunctionName="doesnotexist",
        EventSourceArn=QUEUE,
    ),
    create(
        "destination of a queue",
        IPV,
        "Unsupported DestinationConfig parameter for given event source mapping type.",
        FunctionName="doesnotexist",
        EventSourceArn=QUEUE,
        DestinationConfig={"OnSuccess": {"Destination": f"{QUEUE}2"}},
    ),
    create(
        "Kafka without access",
        IPV,
        "Required 'sourceAccessConfigurations' parameter is missing.",
        Topics=["topic"],
        SelfManagedEventSource={"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}},
    ),
    *(
        create(
            f"{row} without position",
            IPV,
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null.",
            EventSourceArn=source,
        )
        for row, source in (("stream", STREAM), ("table", TABLE))
    ),
    create(
        "table from a time",
        IPV,
        f"Unsupported starting position for arn type: {TABLE}",
        EventSourceArn=TABLE,
        StartingPosition="AT_TIMESTAMP",
        StartingPositionTimestamp=1,
    ),
    create("large batch at once", IPV, WINDOW, BatchSize=11, **OF_QUEUE),
    refused(
        "large batch at once",
        "update_event_source_mapping",
        IPV,
        WINDOW,
        given=[mapping(**OF_QUEUE)],
        UUID="<uuid>",
        BatchSize=11,
    ),
    *(
        create(
            f"filter {pattern}",
            IPV,
            "Invalid filter pattern definition.",
            FilterCriteria={"Filters": [{"Pattern": pattern}]},
            **OF_QUEUE,
        )
        for pattern in (
            *('"text"', "1", "null", '["a"]', '{"a": "b"}', '{"a": 1}', '{"a": null}', '{"a": ["b"}', "{"),
            '{"a": [{"unknown": "b"}]}',
        )
    ),
    again(
        "queue twice",
        f'An event source mapping with SQS arn (" {QUEUE} ") and function (" {NAME} ")',
        **OF_QUEUE,
    ),
    again(
        "stream twice",
        f'The event source arn (" {STREAM} ") and function (" {NAME} ") provided mapping',
        **OF_STREAM,
    ),
    again(
        "Kafka twice",
        f'An event source mapping with event source ("kafka:1000,kafka:2000"), function ("{ARN}"), '
        'topics ("topic")',
        **KAFKA,
    ),
    *(
        refused("missing", f"{verb}_event_source_mapping", RNF, NO_RESOURCE, UUID=UUID, **members)
        for verb, members in (("get", {}), ("delete", {}), ("update", {"Enabled": False}))
    ),
]


@pytest.mark.parametrize("row", MAPPINGS)
def test_mistake_is_answered_as_recorded(house, row):
    furnish(house)
    answered, recorded = row.asked(house)
    assert answered == recorded
    assert row.is_modelled(house)
