"""Event source mappings through the real boto3 client: what each source allows, shows and refuses."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import pytest

from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.mapping import SourceKind, defaults_for, kind_of_source
from tests.api_house import ACCOUNT, REGION

IPV = "InvalidParameterValueException"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
FIFO = f"{QUEUE}.fifo"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t/stream/2026-01-01T00:00:00.000"
MSK = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/c/4a6d7a3e"
BROKER = f"arn:aws:mq:{REGION}:{ACCOUNT}:broker:b:b-1"
CLUSTER = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:docs"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:s"
NOT_THERE = "00000000-0000-4000-8000-000000000000"

BASIC_AUTH = {"Type": "BASIC_AUTH", "URI": SECRET}
POLLERS = {"MinimumPollers": 1, "MaximumPollers": 3}
SERVERS = ["kafka:1000", "kafka:2000"]
SELF_MANAGED = {
    "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": SERVERS}},
    "SourceAccessConfigurations": [BASIC_AUTH],
    "Topics": ["topic"],
    "StartingPosition": "LATEST",
}
SOURCES = {
    "SQS": {"EventSourceArn": QUEUE},
    "FIFO": {"EventSourceArn": FIFO},
    "Kinesis": {"EventSourceArn": STREAM, "StartingPosition": "LATEST"},
    "DynamoDB": {"EventSourceArn": TABLE, "StartingPosition": "TRIM_HORIZON"},
    "MSK": {"EventSourceArn": MSK, "Topics": ["topic"], "StartingPosition": "LATEST"},
    "Kafka": SELF_MANAGED,
    "MQ": {"EventSourceArn": BROKER, "Queues": ["q"], "SourceAccessConfigurations": [BASIC_AUTH]},
    "DocumentDB": {
        "EventSourceArn": CLUSTER,
        "StartingPosition": "LATEST",
        "SourceAccessConfigurations": [BASIC_AUTH],
        "DocumentDBEventSourceConfig": {"DatabaseName": "d"},
    },
}


@pytest.fixture
def client(house):
    """The function f with the version 1 and the alias live."""
    house.create("f", Publish=True)
    house.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return house.client


@pytest.fixture
def create(client):
    def create(source="SQS", **members):
        return client.create_event_source_mapping(**{"FunctionName": "f", **SOURCES[source], **members})

    return create


@pytest.fixture
def create_refused(client, refused):
    def create_refused(source="SQS", **members):
        members = {"FunctionName": "f", **SOURCES[source], **members}
        given = {name: value for name, value in members.items() if value is not None}
        return refused("create_event_source_mapping", **given)

    return create_refused


def shown(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# Its life


def test_mapping_is_made_read_changed_and_deleted(client, create, refused):
    created = create(Tags={"k": "v"})
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 202
    uuid = created["UUID"]
    assert isinstance(created["LastModified"], datetime)
    assert shown(created) == {
        "UUID": uuid,
        "EventSourceMappingArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{uuid}",
        "EventSourceArn": QUEUE,
        "FunctionArn": FUNCTION,
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "LastModified": created["LastModified"],
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
    }
    assert shown(client.get_event_source_mapping(UUID=uuid)) == shown(created) | {"State": "Enabled"}
    updated = client.update_event_source_mapping(UUID=uuid, BatchSize=5)
    assert updated["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (updated["State"], updated["BatchSize"]) == ("Updating", 5)
    assert updated["LastModified"] > created["LastModified"]
    deleted = client.delete_event_source_mapping(UUID=uuid)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert shown(deleted) == shown(updated) | {"State": "Deleting"}
    expected = ("ResourceNotFoundException", 404, "The resource you requested does not exist.")
    for operation in ("get", "update", "delete"):
        assert refused(f"{operation}_event_source_mapping", UUID=uuid) == expected


def test_states_follow_what_is_asked(client, create):
    created = create(Enabled=False)
    assert created["State"] == "Disabled"
    uuid = created["UUID"]
    states = [
        (
            client.update_event_source_mapping(UUID=uuid, **members)["State"],
            client.get_event_source_mapping(UUID=uuid)["State"],
        )
        for members in ({}, {"Enabled": True}, {"BatchSize": 1}, {"Enabled": False})
    ]
    assert states == [
        ("Updating", "Disabled"),
        ("Enabling", "Enabled"),
        ("Updating", "Enabled"),
        ("Disabling", "Disabled"),
    ]


STREAM_DEFAULTS = {
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "BisectBatchOnFunctionError": False,
    "DestinationConfig": {"OnFailure": {}},
    "FunctionResponseTypes": [],
    "LastProcessingResult": "No records processed",
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
    "StateTransitionReason": "User action",
}
OTHER_DEFAULTS = {
    "BatchSize": 100,
    "LastProcessingResult": "No records processed",
    "StateTransitionReason": "USER_INITIATED",
}


@pytest.mark.parametrize(
    ("source", "defaults"),
    [
        ("Kinesis", STREAM_DEFAULTS),
        ("DynamoDB", STREAM_DEFAULTS),
        ("MSK", OTHER_DEFAULTS),
        ("Kafka", OTHER_DEFAULTS),
        ("MQ", OTHER_DEFAULTS),
        ("DocumentDB", OTHER_DEFAULTS),
    ],
)
def test_each_source_has_its_defaults(client, create, source, defaults):
    uuid = create(source)["UUID"]
    mapping = shown(client.get_event_source_mapping(UUID=uuid))
    consumer = {"ConsumerGroupId": uuid}
    own = {
        "MSK": {"AmazonManagedKafkaEventSourceConfig": consumer},
        "Kafka": {"SelfManagedKafkaEventSourceConfig": consumer},
        "DocumentDB": {"DocumentDBEventSourceConfig": {"DatabaseName": "d", "FullDocument": "Default"}},
    }
    usual = ("UUID", "EventSourceMappingArn", "FunctionArn", "LastModified", "State")
    assert {name: value for name, value in mapping.items() if name not in usual} == {
        **defaults,
        **SOURCES[source],
        **own.get(source, {}),
    }


@pytest.mark.parametrize("kind", SourceKind)
def test_defaults_are_known_for_every_kind(kind):
    assert defaults_for(kind)["batch_size"] in (10, 100)


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (QUEUE, SourceKind.SQS),
        (STREAM, SourceKind.KINESIS),
        (f"{STREAM}/consumer/c:1545084650", SourceKind.KINESIS),
        (TABLE, SourceKind.DYNAMODB),
        (MSK, SourceKind.MSK),
        (f"arn:aws:kafka:{REGION}:{ACCOUNT}:vpc-connection/1/c/2", SourceKind.MSK),
        (BROKER, SourceKind.MQ),
        (CLUSTER, SourceKind.DOCUMENT_DB),
        (f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t", None),
        ("arn:aws:s3:::bucket", None),
    ],
)
def test_arn_tells_the_kind_of_source(arn, kind):
    assert kind_of_source(arn) is kind


FILTER = json.dumps({"body": {"a": [1]}})
DATA_FILTER = json.dumps({"data": {"a": [1]}})
REGISTRY = {
    "SchemaRegistryURI": f"arn:aws:glue:{REGION}:{ACCOUNT}:registry/r",
    "EventRecordFormat": "JSON",
    "AccessConfigs": [{"Type": "BASIC_AUTH", "URI": SECRET}],
    "SchemaValidationConfigs": [{"Attribute": "KEY"}],
}


@pytest.mark.parametrize(
    ("source", "members"),
    [
        (
            "SQS",
            {
                "BatchSize": 500,
                "MaximumBatchingWindowInSeconds": 1,
                "FilterCriteria": {"Filters": [{"Pattern": FILTER}]},
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 2},
                "MetricsConfig": {"Metrics": ["EventCount"]},
                "KMSKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k",
            },
        ),
        ("SQS", {"ProvisionedPollerConfig": {"MinimumPollers": 2, "MaximumPollers": 10_000}}),
        (
            "Kinesis",
            {
                "StartingPosition": "AT_TIMESTAMP",
                "StartingPositionTimestamp": datetime(2020, 1, 1, tzinfo=UTC),
                "ParallelizationFactor": 10,
                "MaximumRecordAgeInSeconds": 60,
                "MaximumRetryAttempts": 0,
                "BisectBatchOnFunctionError": True,
                "FilterCriteria": {"Filters": [{"Pattern": DATA_FILTER}] * 5},
                "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
            },
        ),
        (
            "DynamoDB",
            {
                "TumblingWindowInSeconds": 900,
                "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::bucket"}},
            },
        ),
        (
            "MSK",
            {
                "AmazonManagedKafkaEventSourceConfig": {
                    "ConsumerGroupId": "g",
                    "SchemaRegistryConfig": REGISTRY,
                },
                "ProvisionedPollerConfig": POLLERS | {"PollerGroupName": "p"},
                "MaximumRetryAttempts": 3,
                "MaximumRecordAgeInSeconds": 100,
                "BisectBatchOnFunctionError": True,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "MetricsConfig": {"Metrics": ["EventCount", "ErrorCount", "KafkaMetrics"]},
                "LoggingConfig": {"SystemLogLevel": "DEBUG"},
                "SourceAccessConfigurations": [{"Type": "SASL_SCRAM_512_AUTH", "URI": SECRET}],
            },
        ),
        (
            "Kafka",
            {
                "SourceAccessConfigurations": [
                    {"Type": "VPC_SUBNET", "URI": "subnet:subnet-1"},
                    {"Type": "VPC_SECURITY_GROUP", "URI": "security_group:sg-1"},
                ],
                "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g", "ConsumptionMode": "Stream"},
                "DestinationConfig": {"OnFailure": {"Destination": "kafka://failed"}},
            },
        ),
        (
            "MQ",
            {
                "SourceAccessConfigurations": [BASIC_AUTH, {"Type": "VIRTUAL_HOST", "URI": "/"}],
                "MaximumBatchingWindowInSeconds": 300,
            },
        ),
        (
            "DocumentDB",
            {
                "DocumentDBEventSourceConfig": {
                    "DatabaseName": "d",
                    "CollectionName": "c",
                    "FullDocument": "UpdateLookup",
                }
            },
        ),
    ],
)
def test_every_setting_is_kept_and_shown(client, create, source, members):
    uuid = create(source, **members)["UUID"]
    mapping = client.get_event_source_mapping(UUID=uuid)
    assert {name: mapping[name] for name in members} == members


@pytest.mark.parametrize(
    ("members", "shown_members"),
    [
        ({}, {"MaximumRetryAttempts": -1}),
        ({"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}, {"MaximumRetryAttempts": 10}),
        (
            {"SelfManagedKafkaEventSourceConfig": {"ConsumptionMode": "Queue"}, "StartingPosition": None},
            {"MaximumRetryAttempts": 0},
        ),
    ],
    ids=["for ever", "ten times before the destination", "not at all from a queue"],
)
def test_provisioned_kafka_has_retries(create, members, shown_members):
    created = create("Kafka", ProvisionedPollerConfig={"MinimumPollers": 7}, **members)
    expected = shown_members | {
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "FunctionResponseTypes": [],
        "ProvisionedPollerConfig": {"MinimumPollers": 7, "MaximumPollers": 200},
    }
    assert {name: created[name] for name in expected} == expected


# Whom it invokes


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("f", FUNCTION),
        (FUNCTION, FUNCTION),
        ("function:f:$LATEST", f"{FUNCTION}:$LATEST"),
        ("f:live", f"{FUNCTION}:live"),
        (f"{FUNCTION}:1", f"{FUNCTION}:1"),
    ],
)
def test_function_is_shown_as_it_was_named(client, create, name, arn):
    created = create(FunctionName=name)
    assert created["FunctionArn"] == arn
    assert client.get_event_source_mapping(UUID=created["UUID"])["FunctionArn"] == arn


@pytest.mark.parametrize("name", ["nope", "f:nope", "f:2"])
def test_function_that_is_not_there_is_refused(client, create, create_refused, refused, name):
    expected = (IPV, 400, "Function does not exist")
    assert create_refused(FunctionName=name) == expected
    uuid = create()["UUID"]
    assert refused("update_event_source_mapping", UUID=uuid, FunctionName=name) == expected


def test_mapping_can_be_moved_to_another_function(house, client, create):
    uuid = create()["UUID"]
    house.create("g")
    moved = client.update_event_source_mapping(UUID=uuid, FunctionName="g")
    assert moved["FunctionArn"].endswith(":function:g")
    assert client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"] == []
    assert len(client.list_event_source_mappings(FunctionName="g")["EventSourceMappings"]) == 1


def test_mapping_outlives_its_function(client, create):
    uuid = create()["UUID"]
    client.delete_function(FunctionName="f")
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    assert client.update_event_source_mapping(UUID=uuid, BatchSize=3)["BatchSize"] == 3
    client.delete_event_source_mapping(UUID=uuid)


@pytest.mark.parametrize(("source", "is_refused"), [("MQ", True), ("SQS", False)])
def test_slow_functions_are_refused_where_the_poller_gives_up(
    client, create, create_refused, source, is_refused
):
    client.update_function_configuration(FunctionName="f", Timeout=900)
    if not is_refused:
        assert create(source)["UUID"]
        return
    code, status, message = create_refused(source)
    assert (code, status) == (IPV, 400)
    assert "900 seconds" in message


# Refusals


UNSUPPORTED = "Unsupported {} parameter for given event source mapping type."
NULL_POSITION = (
    "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
    "Member must not be null."
)
TOO_LARGE = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
AGE = "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)"
OTHER_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"


@pytest.mark.parametrize(
    ("source", "members", "message"),
    [
        pytest.param(
            "SQS",
            {"FunctionName": "nope", "EventSourceArn": None},
            "Unrecognized event source.",
            id="no source, before the function",
        ),
        pytest.param(
            "SQS", {"EventSourceArn": "arn:aws:s3:::b"}, "Unrecognized event source.", id="a bucket"
        ),
        pytest.param("Kafka", {"EventSourceArn": MSK}, "Unrecognized event source.", id="two sources"),
        pytest.param(
            "SQS",
            {"FunctionName": "nope", "DestinationConfig": {"OnSuccess": {"Destination": OTHER_QUEUE}}},
            UNSUPPORTED.format("DestinationConfig"),
            id="destination of a queue, before the function",
        ),
        pytest.param(
            "SQS",
            {"StartingPosition": "LATEST"},
            "StartingPosition is not valid for SQS event sources.",
            id="position in a queue",
        ),
        *(
            pytest.param(source, {member: value}, UNSUPPORTED.format(member), id=f"{member} of {source}")
            for source, member, value in [
                ("MQ", "StartingPosition", "LATEST"),
                ("SQS", "ParallelizationFactor", 1),
                ("MSK", "TumblingWindowInSeconds", 0),
                ("SQS", "MaximumRecordAgeInSeconds", -1),
                ("SQS", "MaximumRetryAttempts", 0),
                ("MQ", "BisectBatchOnFunctionError", False),
                ("MQ", "FunctionResponseTypes", ["ReportBatchItemFailures"]),
                ("Kinesis", "ScalingConfig", {"MaximumConcurrency": 2}),
                ("Kinesis", "ProvisionedPollerConfig", POLLERS),
                ("DocumentDB", "FilterCriteria", {"Filters": [{"Pattern": FILTER}]}),
                ("MQ", "MetricsConfig", {"Metrics": ["EventCount"]}),
                ("SQS", "LoggingConfig", {"SystemLogLevel": "WARN"}),
                ("SQS", "Topics", ["topic"]),
                ("MSK", "Queues", ["q"]),
                ("SQS", "SourceAccessConfigurations", [BASIC_AUTH]),
                ("Kafka", "AmazonManagedKafkaEventSourceConfig", {"ConsumerGroupId": "g"}),
                ("MSK", "SelfManagedKafkaEventSourceConfig", {"ConsumerGroupId": "g"}),
                ("SQS", "DocumentDBEventSourceConfig", {"DatabaseName": "d"}),
            ]
        ),
        *(
            pytest.param(
                source,
                {"SourceAccessConfigurations": None, "StartingPosition": None},
                "Required 'sourceAccessConfigurations' parameter is missing.",
                id=f"no access to {source}",
            )
            for source in ("Kafka", "MQ", "DocumentDB")
        ),
        *(
            pytest.param(source, {"StartingPosition": None}, NULL_POSITION, id=f"no position in {source}")
            for source in ("Kinesis", "DynamoDB", "MSK", "Kafka", "DocumentDB")
        ),
        pytest.param(
            "DynamoDB",
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1},
            f"Unsupported starting position for arn type: {TABLE}",
            id="a table at a time",
        ),
        pytest.param(
            "Kinesis", {"StartingPosition": "AT_TIMESTAMP"}, "Need to specify a timestamp", id="no time"
        ),
        pytest.param("SQS", {"BatchSize": 11}, TOO_LARGE, id="large batch without window"),
        pytest.param(
            "FIFO",
            {"BatchSize": 11, "MaximumBatchingWindowInSeconds": 1},
            "Maximum batch size must be between 1 and 10 inclusive",
            id="large batch in order",
        ),
        pytest.param(
            "FIFO",
            {"MaximumBatchingWindowInSeconds": 1},
            "Batching window is not supported for FIFO queues",
            id="window in order",
        ),
        pytest.param("Kinesis", {"MaximumRecordAgeInSeconds": 0}, AGE, id="no age"),
        pytest.param("Kinesis", {"MaximumRecordAgeInSeconds": 59}, AGE, id="too young"),
        *(
            pytest.param(
                source,
                {"FilterCriteria": {"Filters": [{"Pattern": pattern}]}},
                "Invalid filter pattern definition.",
                id=f"filter {pattern} of {source}",
            )
            for source, pattern in [
                ("SQS", '"text"'),
                ("SQS", "1"),
                ("SQS", "null"),
                ("SQS", '{"body": [1]'),
                ("SQS", ""),
                ("SQS", '{"body": "x"}'),
                ("Kinesis", '{"data": ["text"]}'),
                ("Kinesis", '{"$or": [{"data": ["text"]}, {"partitionKey": ["1"]}]}'),
                ("DynamoDB", '{"dynamodb": ["text"]}'),
            ]
        ),
        pytest.param(
            "SQS",
            {"Tags": {f"k{number}": "" for number in range(51)}},
            "Number of tags exceeds resource tag limit.",
            id="too many tags",
        ),
    ],
)
def test_mapping_is_refused_in_the_words_of_aws(create_refused, source, members, message):
    assert create_refused(source, **members) == (IPV, 400, message)


@pytest.mark.parametrize(
    ("source", "members", "part"),
    [
        ("Kinesis", {"StartingPositionTimestamp": 1}, "only valid when StartingPosition is AT_TIMESTAMP"),
        (
            "Kinesis",
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 9_999_999_999},
            "cannot be in the future",
        ),
        ("MSK", {"Topics": None}, "'topics' parameter is missing"),
        ("MQ", {"Queues": None}, "'queues' parameter is missing"),
        ("DocumentDB", {"DocumentDBEventSourceConfig": None}, "'databaseName' parameter is missing"),
        ("MQ", {"SourceAccessConfigurations": [{"Type": "IAM_AUTH", "URI": "x"}]}, "Unsupported IAM_AUTH"),
        (
            "MQ",
            {"SourceAccessConfigurations": [{"Type": "VIRTUAL_HOST", "URI": "/"}]},
            "BASIC_AUTH access configuration is required",
        ),
        (
            "Kafka",
            {"SourceAccessConfigurations": [{"Type": "VPC_SUBNET", "URI": "subnet-1"}]},
            "Invalid URI of VPC_SUBNET",
        ),
        ("Kafka", {"SourceAccessConfigurations": [{"Type": "BASIC_AUTH"}]}, "Invalid URI of BASIC_AUTH"),
        ("Kafka", {"SourceAccessConfigurations": [{"URI": "x"}]}, "Unsupported  access configuration"),
        ("Kinesis", {"TumblingWindowInSeconds": 1, "ParallelizationFactor": 2}, "ParallelizationFactor"),
        (
            "Kinesis",
            {"DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:events:{REGION}:{ACCOUNT}:b"}}},
            "Unsupported OnFailure destination",
        ),
        (
            "Kinesis",
            {"DestinationConfig": {"OnFailure": {"Destination": "kafka://t"}}},
            "Unsupported OnFailure destination",
        ),
        (
            "Kinesis",
            {"DestinationConfig": {"OnSuccess": {"Destination": QUEUE}}},
            "Unsupported DestinationConfig parameter",
        ),
        ("MSK", {"MaximumRetryAttempts": 1}, "MaximumRetryAttempts requires ProvisionedPollerConfig"),
        (
            "Kafka",
            {
                "SelfManagedKafkaEventSourceConfig": {"ConsumptionMode": "Queue"},
                "StartingPosition": None,
                "MaximumRetryAttempts": -1,
                "ProvisionedPollerConfig": POLLERS,
            },
            "MaximumRetryAttempts -1 is not supported",
        ),
        (
            "Kafka",
            {"SelfManagedKafkaEventSourceConfig": {"ConsumptionMode": "Queue"}},
            "StartingPosition is not supported",
        ),
        (
            "Kafka",
            {
                "SelfManagedKafkaEventSourceConfig": {"ConsumptionMode": "Queue"},
                "StartingPosition": None,
                "MaximumBatchingWindowInSeconds": 1,
            },
            "MaximumBatchingWindowInSeconds is not supported",
        ),
        (
            "SQS",
            {
                "ScalingConfig": {"MaximumConcurrency": 2},
                "ProvisionedPollerConfig": {"MinimumPollers": 2},
            },
            "cannot be used together",
        ),
        ("SQS", {"ProvisionedPollerConfig": {"MinimumPollers": 1}}, "greater than or equal to 2"),
        ("MSK", {"ProvisionedPollerConfig": {"MaximumPollers": 2001}}, "less than or equal to 2000"),
        (
            "MSK",
            {"ProvisionedPollerConfig": {"MinimumPollers": 3, "MaximumPollers": 2}},
            "MinimumPollers must be less",
        ),
        ("SQS", {"ProvisionedPollerConfig": {"PollerGroupName": "g"}}, "Unsupported PollerGroupName"),
        ("SQS", {"MetricsConfig": {"Metrics": ["ErrorCount"]}}, "Unsupported metric ErrorCount"),
        ("SQS", {"FilterCriteria": {"Filters": [{"Pattern": FILTER}] * 6}}, "limit of 5"),
    ],
)
def test_mapping_is_refused_where_the_words_are_ours(create_refused, source, members, part):
    code, status, message = create_refused(source, **members)
    assert (code, status) == (IPV, 400)
    assert part in message


def test_source_that_cannot_be_found_is_refused(house, client, create_refused, monkeypatch):
    asked = []

    async def missing(source, function):
        asked.append(source.arn)
        raise InvalidParameterValueException(f"Stream not found: {source.arn}")

    monkeypatch.setattr(house, "check_source", missing)
    assert create_refused("Kinesis") == (IPV, 400, f"Stream not found: {STREAM}")
    assert asked == [STREAM]
    assert client.list_event_source_mappings()["EventSourceMappings"] == []


# Duplicates


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("SQS", f'An event source mapping with SQS arn (" {QUEUE} ") and function (" f ") already exists.'),
        (
            "Kinesis",
            f'The event source arn (" {STREAM} ") and function (" f ") provided mapping already exists.',
        ),
        (
            "Kafka",
            'An event source mapping with event source ("kafka:1000,kafka:2000"), '
            f'function ("{FUNCTION}"), topics ("topic") already exists.',
        ),
    ],
)
def test_second_mapping_of_the_same_two_is_a_conflict(client, create, create_refused, source, text):
    uuid = create(source)["UUID"]
    assert create_refused(source) == (
        "ResourceConflictException",
        409,
        f"{text} Please update or delete the existing mapping with UUID {uuid}",
    )


def test_other_sources_topics_and_versions_are_no_duplicates(create):
    create()
    create(FunctionName="f:live")
    create(EventSourceArn=OTHER_QUEUE)
    create("Kafka")
    create("Kafka", Topics=["other"])
    create("DocumentDB")
    create("DocumentDB", DocumentDBEventSourceConfig={"DatabaseName": "other"})


def test_servers_in_another_order_are_the_same_source(create, create_refused):
    create("Kafka")
    endpoints = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": SERVERS[::-1]}}
    assert create_refused("Kafka", SelfManagedEventSource=endpoints)[1] == 409


def test_move_onto_another_mapping_is_a_conflict(client, create, refused):
    create()
    uuid = create(FunctionName="f:live")["UUID"]
    assert refused("update_event_source_mapping", UUID=uuid, FunctionName="f")[1] == 409


# Updates


@pytest.mark.parametrize(
    ("source", "members", "empty"),
    [
        ("SQS", {"FilterCriteria": {"Filters": [{"Pattern": FILTER}]}}, {"FilterCriteria": {}}),
        ("SQS", {"FilterCriteria": {"Filters": [{"Pattern": FILTER}]}}, {"FilterCriteria": {"Filters": []}}),
        ("SQS", {"ScalingConfig": {"MaximumConcurrency": 2}}, {"ScalingConfig": {}}),
        ("SQS", {"ProvisionedPollerConfig": {"MinimumPollers": 2}}, {"ProvisionedPollerConfig": {}}),
        ("SQS", {"MetricsConfig": {"Metrics": ["EventCount"]}}, {"MetricsConfig": {"Metrics": []}}),
        ("SQS", {"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"}, {"KMSKeyArn": ""}),
        ("SQS", {"FunctionResponseTypes": ["ReportBatchItemFailures"]}, {"FunctionResponseTypes": []}),
        (
            "Kinesis",
            {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}},
            {"DestinationConfig": {"OnFailure": {}}},
        ),
        (
            "MSK",
            {"ProvisionedPollerConfig": POLLERS, "MaximumRetryAttempts": 2},
            {"ProvisionedPollerConfig": {}},
        ),
        ("MSK", {"LoggingConfig": {"SystemLogLevel": "INFO"}}, {"LoggingConfig": {}}),
    ],
)
def test_empty_member_takes_a_setting_away(client, create, source, members, empty):
    plain = create(source)
    usual = ("UUID", "EventSourceMappingArn", "LastModified", "State", "AmazonManagedKafkaEventSourceConfig")
    client.delete_event_source_mapping(UUID=plain["UUID"])
    uuid = create(source, **members)["UUID"]
    client.update_event_source_mapping(UUID=uuid, **empty)
    now = client.get_event_source_mapping(UUID=uuid)
    for each in (plain, now):
        for name in (*usual, "ResponseMetadata"):
            each.pop(name, None)
    assert now == plain


@pytest.mark.parametrize("source", SOURCES)
def test_empty_members_of_other_sources_change_nothing(create, source):
    plain = create(source, Enabled=False, FunctionName="f:live")
    empty = create(
        source,
        Enabled=False,
        FilterCriteria={"Filters": []},
        DestinationConfig={"OnFailure": {}},
        FunctionResponseTypes=[],
        ScalingConfig={},
        ProvisionedPollerConfig={"PollerGroupName": ""},
        SelfManagedKafkaEventSourceConfig={},
        AmazonManagedKafkaEventSourceConfig={},
    )
    assert empty.keys() == plain.keys()


@pytest.mark.parametrize(
    ("source", "members", "part"),
    [
        ("SQS", {"BatchSize": 11}, TOO_LARGE),
        ("SQS", {"ParallelizationFactor": 2}, UNSUPPORTED.format("ParallelizationFactor")),
        ("SQS", {"FilterCriteria": {"Filters": [{"Pattern": "1"}]}}, "Invalid filter pattern definition."),
        (
            "MSK",
            {"AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "other"}},
            "ConsumerGroupId cannot be updated.",
        ),
        (
            "Kafka",
            {"SelfManagedKafkaEventSourceConfig": {"ConsumptionMode": "Queue"}},
            "ConsumptionMode cannot be updated.",
        ),
        (
            "MQ",
            {"SourceAccessConfigurations": [BASIC_AUTH, {"Type": "VIRTUAL_HOST", "URI": "/"}]},
            "VIRTUAL_HOST cannot be updated.",
        ),
    ],
)
def test_update_is_refused_and_changes_nothing(client, create, refused, source, members, part):
    uuid = create(source)["UUID"]
    before = shown(client.get_event_source_mapping(UUID=uuid))
    assert refused("update_event_source_mapping", UUID=uuid, **members) == (IPV, 400, part)
    assert shown(client.get_event_source_mapping(UUID=uuid)) == before


def test_consumer_keeps_its_group_and_mode(client, create):
    config = {"ConsumerGroupId": "g", "ConsumptionMode": "Stream"}
    uuid = create("Kafka", SelfManagedKafkaEventSourceConfig=config)["UUID"]
    updated = client.update_event_source_mapping(
        UUID=uuid, SelfManagedKafkaEventSourceConfig={"SchemaRegistryConfig": REGISTRY}
    )
    assert updated["SelfManagedKafkaEventSourceConfig"] == config | {"SchemaRegistryConfig": REGISTRY}


# Lists


def test_mappings_are_listed_by_function_and_source(client, create):
    by_name = {
        "plain": create()["UUID"],
        "live": create(FunctionName="f:live")["UUID"],
        "other": create(EventSourceArn=OTHER_QUEUE)["UUID"],
    }

    def listed(**members):
        answer = client.list_event_source_mappings(**members)
        return {each["UUID"] for each in answer["EventSourceMappings"]}

    assert listed() == set(by_name.values())
    assert listed(EventSourceArn=QUEUE) == {by_name["plain"], by_name["live"]}
    assert listed(FunctionName="f") == {by_name["plain"], by_name["other"]}
    assert listed(FunctionName=f"{FUNCTION}:live") == {by_name["live"]}
    assert listed(FunctionName="f", EventSourceArn=OTHER_QUEUE) == {by_name["other"]}
    assert listed(FunctionName="nope") == set()


@pytest.mark.parametrize("members", [{}, {"FunctionName": "f"}], ids=["all", "of a function"])
def test_pages_follow_each_other_and_hold_at_most_a_hundred(client, create, members):
    uuids = {create(EventSourceArn=f"{QUEUE}-{number}")["UUID"] for number in range(103)}
    pages = list(
        client.get_paginator("list_event_source_mappings").paginate(
            **members, PaginationConfig={"PageSize": 500}
        )
    )
    assert [len(page["EventSourceMappings"]) for page in pages] == [100, 3]
    assert {each["UUID"] for page in pages for each in page["EventSourceMappings"]} == uuids
    first = client.list_event_source_mappings(MaxItems=2, **members)
    assert len(first["EventSourceMappings"]) == 2


def test_mapping_of_a_kind_that_is_not_read_warns(create, caplog):
    with caplog.at_level(logging.WARNING, logger="lam.settings"):
        create()
        uuid = create("Kafka")["UUID"]
    assert caplog.messages == [
        f"f: event source mapping {uuid} of kafka:1000,kafka:2000 is kept, but lam does not read "
        f"self-managed Kafka yet: it does not invoke {FUNCTION}"
    ]
