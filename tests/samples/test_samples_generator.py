"""What is asked of an event is in it: parameters, counts, seeds, changes, and everything it travels in."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser import models
from boto3.dynamodb.types import TypeDeserializer  # type: ignore[import-untyped]
from events_made import ACCOUNT, ALL, NOW, REGION, made

from lambdacli.samples import catalogue, generator
from lambdacli.samples.catalogue import _document
from lambdacli.samples.filling import most_records
from lambdacli.samples.forms import FORMS
from lambdacli.samples.paths import paths_of, steps_of, value_at
from lambdacli.samples.sample import Parameter, SampleError
from lambdacli.samples.words import _FORMATS, _IDS

NAMES = [" ".join(each) for each in ALL]


# Documents


@pytest.mark.parametrize("name", NAMES)
def test_a_document_tells_who_calls_how_and_every_parameter_changes_its_event(name: str) -> None:
    sample = catalogue.sample(*name.split())
    assert sample.summary.endswith(".")
    assert sample.call in ("sync", "async", "mapping")
    for parameter in sample.parameters.values():
        assert parameter.help.endswith("."), parameter
        assert parameter.kind in ("text", "integer", "number", "flag", "json")
        assert not parameter.choices or parameter.default in parameter.choices
    plain = _as_carried_first(name, {})
    for parameter in sample.parameters.values():
        needed = {each: text for each, text in _needed(parameter.name).items() if each in sample.parameters}
        changed = _as_carried_first(name, {parameter.name: _other(parameter), **needed})
        assert changed != plain, f"{parameter.option} changes nothing"


def _as_carried_first(name: str, given: dict[str, Any]) -> Any:
    sample = catalogue.sample(*name.split())
    return made(name, via="" if sample.is_direct else generator.ways(sample)[0], **given)


def _other(parameter: Parameter) -> str | bool:
    if parameter.kind == "flag":
        return True
    if parameter.choices:
        return parameter.choices[-1]
    if parameter.kind == "json":
        return (
            '["a"]' if isinstance(parameter.default, list) or parameter.name == "cookies" else '{"id": "x"}'
        )
    return "7" if parameter.kind in ("integer", "number") else "something-else"


def _needed(name: str) -> dict[str, str]:
    """Some say something about another one only."""
    return {"binary": {"body": "x"}, "key": {"item": '{"something-else": 1}'}}.get(name, {})


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_made_up_anew_and_the_same_seed_makes_the_same_bytes(name: str) -> None:
    first, again, other = (json.dumps(_seeded(name, seed)) for seed in (7, 7, 8))
    assert first == again
    if re.search(r"\$\{(?!time)[a-z0-9_]+:|\$\{uuid", _source(name)):
        assert first != other


def _seeded(name: str, seed: int) -> Any:
    sample = catalogue.sample(*name.split())
    return made(name, via="" if sample.is_direct else generator.ways(sample)[0], seed=seed)


def _source(name: str) -> str:
    sample = catalogue.sample(*name.split())
    parameters = [parameter.default for parameter in sample.parameters.values()]
    return json.dumps([sample.event, sample.values, parameters])


def test_the_language_of_the_documents_has_no_word_that_none_of_them_uses() -> None:
    documents = [json.dumps(_document(service, type_)) for service, type_ in ALL]
    text = "".join(documents)
    assert [name for name in FORMS if f'"={name}"' not in text] == []
    assert [name for name in _IDS if f"${{{name}:" not in text and f"${{{name}}}" not in text] == []
    assert [name for name in _FORMATS if f"${{time:{name}" not in text] == []


@pytest.mark.parametrize(("service", "type_"), ALL)
def test_a_document_has_no_value_that_it_does_not_use(service: str, type_: str) -> None:
    document = _document(service, type_)
    text = json.dumps(document)
    assert [name for name in document.get("values", {}) if f"${{{name}}}" not in text] == []


# Records


@pytest.mark.parametrize("name", [name for name in NAMES if "=records" in _source(name)])
def test_events_with_records_have_as_many_as_asked_for(name: str) -> None:
    most = most_records(catalogue.sample(*name.split()).event)
    if most is not None:
        with pytest.raises(SampleError, match=f"never has more records than {most}"):
            made(name, count=most + 1)
        return
    records = _records(made(name, count=3))
    assert len(records) == 3
    assert len({json.dumps(record) for record in records}) == 3
    assert len(_records(made(name))) == 1


def _records(event: Any) -> list[Any]:
    if "awslogs" in event:
        logs: list[Any] = _unzipped(event)["logEvents"]
        return logs
    for key in ("Records", "records", "messages", "events", "rmqMessagesByQueue"):
        if key in event:
            found = event[key]
            return next(iter(found.values())) if isinstance(found, dict) else found
    raise AssertionError(event)


@pytest.mark.parametrize("name", [name for name in NAMES if "=records" not in _source(name)])
def test_events_without_records_take_no_count(name: str) -> None:
    if catalogue.sample(*name.split()).is_direct:
        with pytest.raises(SampleError, match="has no records"):
            made(name, count=1)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("kinesis record", "kinesis.sequenceNumber"),
        ("dynamodb insert", "dynamodb.SequenceNumber"),
        ("sqs fifo", "attributes.SequenceNumber"),
        ("kafka record", "offset"),
        ("logs subscription", "id"),
    ],
)
def test_later_records_have_greater_numbers(name: str, path: str) -> None:
    numbers = [value_at(record, path) for record in _records(made(name, count=20))]
    assert numbers == sorted(set(numbers))
    assert isinstance(numbers[0], int) or len({len(number) for number in numbers}) == 1


# Contents


def test_what_depends_on_a_parameter_follows_it() -> None:
    record = made("sqs message", body="grüß Gott", queue="orders")["Records"][0]
    assert record["md5OfBody"] == hashlib.md5("grüß Gott".encode()).hexdigest()
    assert record["eventSourceARN"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
    assert "md5OfMessageAttributes" not in record
    stored = made("s3 put", key="a b/ü+(1).txt")["Records"][0]["s3"]["object"]
    assert stored["key"] == "a+b/%C3%BC%2B%281%29.txt"
    assert int(stored["sequencer"], 16)
    fifo = made("sqs fifo", body="x")["Records"][0]["attributes"]
    assert fifo["MessageDeduplicationId"] == hashlib.sha256(b"x").hexdigest()


def test_the_digest_of_message_attributes_is_the_one_that_sqs_tells() -> None:
    from moto.sqs.models import Message

    attributes = {"b": "text", "a": 5, "c": {"Type": "Binary", "Value": base64.b64encode(b"\0\1").decode()}}
    record = made("sqs message", attributes=json.dumps(attributes))["Records"][0]
    message = Message("1", "body", {})
    message.message_attributes = {
        "a": {"DataType": "Number", "StringValue": "5"},
        "b": {"DataType": "String", "StringValue": "text"},
        "c": {"DataType": "Binary", "BinaryValue": b"\0\1"},
    }
    assert record["md5OfMessageAttributes"] == message.attribute_md5
    assert record["messageAttributes"]["a"]["dataType"] == "Number"


def test_an_item_is_plain_json_and_gets_its_types() -> None:
    item = {"id": "1", "n": 2.5, "list": [None, True], "map": {"a": "b"}}
    change = made("dynamodb modify", item=json.dumps(item), key="id,n")["Records"][0]["dynamodb"]
    deserialize = TypeDeserializer().deserialize
    assert {name: deserialize(value) for name, value in change["NewImage"].items()} == {
        **item,
        "n": deserialize({"N": "2.5"}),
    }
    assert change["Keys"] == {"id": {"S": "1"}, "n": {"N": "2.5"}}


QUERIES: list[tuple[str, str, str, Any]] = [
    ("apigateway rest", "a=1&a=2&b=x%20y", "queryStringParameters", {"a": "2", "b": "x y"}),
    ("apigateway rest", "a=1&a=2", "multiValueQueryStringParameters", {"a": ["1", "2"]}),
    ("apigateway rest", "", "queryStringParameters", None),
    ("apigateway http", "a=1&a=2&b=x%20y", "queryStringParameters", {"a": "1,2", "b": "x y"}),
    ("alb request", "a=1&a=2&b=x%20y", "queryStringParameters", {"a": "2", "b": "x%20y"}),
    (
        "alb multi-value",
        "a=1&a=2&b=x%20y",
        "multiValueQueryStringParameters",
        {"a": ["1", "2"], "b": ["x%20y"]},
    ),
    ("vpc-lattice request", "a=1&a=2", "queryStringParameters", {"a": ["1", "2"]}),
    ("apigateway websocket-connect", "a=1", "queryStringParameters", {"a": "1"}),
]


@pytest.mark.parametrize(("name", "query", "path", "expected"), QUERIES)
def test_a_query_is_told_as_each_producer_tells_it(name: str, query: str, path: str, expected: Any) -> None:
    assert made(name, query=query)[path] == expected


@pytest.mark.parametrize("name", ["apigateway http", "function-url request", "apigateway websocket-connect"])
def test_no_query_is_no_member(name: str) -> None:
    assert "queryStringParameters" not in made(name, query="")


def test_bodies_and_headers_of_requests() -> None:
    event = made(
        "apigateway rest", method="POST", body='{"a":1}', headers='{"content-type": "x/y", "A": "b"}'
    )
    assert (event["body"], event["isBase64Encoded"]) == ('{"a":1}', False)
    assert event["headers"]["content-type"] == "x/y" and "Content-Type" not in event["headers"]
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}
    event = made("apigateway http", method="POST", body="ü", binary=True, stage="v1", path="/a")
    assert (base64.b64decode(event["body"]).decode(), event["isBase64Encoded"]) == ("ü", True)
    assert (event["rawPath"], event["headers"]["content-length"]) == ("/v1/a", "2")
    assert "body" not in made("apigateway http")
    assert made("apigateway rest", path="/a/b")["pathParameters"] == {"proxy": "a/b"}


@pytest.mark.parametrize(
    ("region", "arn", "host"),
    [
        ("eu-west-1", "arn:aws:sns:", "sns.eu-west-1.amazonaws.com/"),
        ("cn-north-1", "arn:aws-cn:sns:", "sns.cn-north-1.amazonaws.com.cn/"),
        ("us-gov-west-1", "arn:aws-us-gov:sns:", "sns.us-gov-west-1.amazonaws.com/"),
    ],
)
def test_arns_and_hosts_are_those_of_the_region(region: str, arn: str, host: str) -> None:
    message = made("sns message", region=region)["Records"][0]["Sns"]
    assert message["TopicArn"] == f"{arn}{region}:{ACCOUNT}:example-topic"
    assert message["UnsubscribeUrl"].startswith(f"https://{host}")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("iso", "2026-03-04T05:06:07Z"),
        ("iso_ms", "2026-03-04T05:06:07.089Z"),
        ("iso_plus", "2026-03-04T05:06:07.089+0000"),
        ("epoch", 1772600767),
        ("epoch_ms", 1772600767089),
        ("epoch_us", 1772600767089000),
        ("epoch_fraction", 1772600767.089),
        ("clf", "04/Mar/2026:05:06:07 +0000"),
        ("mail", "Wed, 04 Mar 2026 05:06:07 +0000"),
        ("http", "Wed, 04 Mar 2026 05:06:07 GMT"),
        ("slashed_day", "2026/03/04"),
        ("rabbitmq", "Mar 4, 2026, 5:06:07 AM"),
        ("stream_label", "2026-03-04T05:06:07.089"),
    ],
)
def test_moments_are_written_as_aws_writes_them(form: str, text: str | float) -> None:
    assert _FORMATS[form](NOW) == text


def test_midnight_and_noon_are_twelve_in_rabbitmqs_words() -> None:
    assert _FORMATS["rabbitmq"](NOW - timedelta(hours=5)) == "Mar 4, 2026, 12:06:07 AM"
    assert _FORMATS["rabbitmq"](NOW + timedelta(hours=7)) == "Mar 4, 2026, 12:06:07 PM"


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("s3 put", {"size": "many"}, "--size: many is not a whole number"),
        ("s3 put", {"size": "true"}, "--size: true is not a whole number"),
        ("sqs message", {"attributes": "{"}, "--attributes: { is not JSON"),
        ("sqs message", {"attributes": "[]"}, "--attributes: [] is not a JSON object"),
        ("secretsmanager rotation", {"step": "x"}, "--step: x is none of createSecret, setSecret, "),
    ],
)
def test_a_wrong_parameter_is_refused(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(SampleError, match=re.escape(message)):
        made(name, **given)


# Changes


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a.b[0].c", ["a", "b", "0", "c"]),
        ("a.0.b", ["a", "0", "b"]),
        ('a["b.c"].d', ["a", "b.c", "d"]),
        ("['a b'].c", ["a b", "c"]),
        ("detail-type", ["detail-type"]),
    ],
)
def test_a_path_has_steps(path: str, steps: list[str]) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize("path", ["", "a..b", "a[", "a]b", ".", "a.b."])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(SampleError, match="is no path"):
        made("sqs message", changes=(f"{path}=1",))


CHANGES: list[tuple[str, str, str, Any]] = [
    ("sqs message", "Records[0].body=hello", "Records[0].body", "hello"),
    # Where there is text, what is written stays text.
    (
        "sqs message",
        "Records[0].attributes.ApproximateReceiveCount=3",
        "Records.0.attributes.ApproximateReceiveCount",
        "3",
    ),
    ("sqs message", 'Records[0].body={"a": 1}', "Records[0].body", '{"a": 1}'),
    ("sqs message", 'Records[0].body="quoted"', "Records[0].body", "quoted"),
    ("sns message", "Records[0].Sns.Subject=x", "Records[0].Sns.Subject", "x"),
    ("apigateway rest", "body=null", "body", None),
    ("apigateway rest", 'requestContext.identity={"a": [1]}', "requestContext.identity.a", [1]),
    ("apigateway rest", "headers.X-Mine=1", "headers.X-Mine", 1),
    ("apigateway rest", "stageVariables.name=v", "stageVariables.name", "v"),
    ("apigateway http", "queryStringParameters.a=b", "queryStringParameters.a", "b"),
    ("codepipeline job", "CodePipeline.job.id=7", "CodePipeline.job.id", "7"),
    ("eventbridge event", 'detail.a.b={"c": 1}', "detail.a.b.c", 1),
    ("eventbridge event", "detail=[1]", "detail", [1]),
    (
        "sqs message",
        'Records[0].messageAttributes.x={"stringValue": "1"}',
        "Records[0].messageAttributes.x.stringValue",
        "1",
    ),
    ("iot rule", "more=1", "more", 1),
    (
        "documentdb insert",
        "events[0].event.clusterTime.$timestamp.t=5",
        "events[0].event.clusterTime.$timestamp.t",
        5,
    ),
]


@pytest.mark.parametrize(("name", "change", "path", "value"), CHANGES)
def test_a_value_is_put_in_its_place_and_nowhere_else(name: str, change: str, path: str, value: Any) -> None:
    before, after = made(name), made(name, changes=(change,))
    assert value_at(after, path) == value
    assert len(paths_of(after)) >= 1 and before.keys() <= after.keys()


@pytest.mark.parametrize(
    ("name", "change", "message", "hint"),
    [
        (
            "s3 put",
            "Records[0].s3.object.kye=x",
            "there is no Records[0].s3.object.kye",
            "Records[0].s3.object.key?",
        ),
        ("s3 put", "Records[1].awsRegion=x", "there is no Records[1].awsRegion", "Records[0].awsRegion?"),
        (
            "apigateway http",
            "requestContext.stag=x",
            "there is no requestContext.stag",
            "requestContext.stage?",
        ),
        ("sqs message", "zzz=1", "there is no zzz in the event of sqs message", "its keys are Records"),
        ("sqs message", "Records", "--set Records has no =", "--set PATH=VALUE"),
    ],
)
def test_an_unknown_place_is_refused_with_the_nearest(
    name: str, change: str, message: str, hint: str
) -> None:
    with pytest.raises(SampleError) as caught:
        made(name, changes=(change,))
    assert message in str(caught.value)
    assert hint in "".join(caught.value.hints)


# Ways


WAYS = [(name, way) for name in NAMES for way in generator.ways(catalogue.sample(*name.split()))]


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_what_travelled_is_found_again(name: str, way: str) -> None:
    plain = catalogue.sample(*name.split())
    for count in (None, 2):
        if count == 2 and way.split(",")[-1] in ("sns", "eventbridge"):
            continue
        found = _unwrapped(made(name, via=way, count=count), way.split(","))
        assert len(found) == (count or 1)
        for each in found:
            event = json.loads(each) if isinstance(each, str) else each
            assert _shape(event) == _shape(_alone(plain.name, way))


def _alone(name: str, way: str) -> Any:
    service, type_ = name.split()
    if service == "logs":
        return _unzipped(made(name))
    if service == "sns":
        notification = made(name)["Records"][0]["Sns"]
        names = {"SigningCertUrl": "SigningCertURL", "UnsubscribeUrl": "UnsubscribeURL"}
        return {
            names.get(each, each): value for each, value in notification.items() if value not in (None, {})
        }
    if catalogue.sample(service, type_).is_direct:
        return made(name)
    return json.loads(_unwrapped(made(name, via="sns"), ["sns"])[0])


def _unwrapped(event: Any, way: list[str]) -> list[Any]:
    """What came, by hand, out of everything it came in: the carriers from outside in."""
    if way == ["pipes"]:
        return [{"Records": [_unflattened(record)]} for record in event]
    if way[-1] == "pipes":
        return [inner for record in event for inner in _inside({"Records": [_unflattened(record)]}, way[:-1])]
    return _inside(event, way)


def _unflattened(record: dict[str, Any]) -> dict[str, Any]:
    kinesis = (
        "kinesisSchemaVersion",
        "partitionKey",
        "sequenceNumber",
        "data",
        "approximateArrivalTimestamp",
    )
    if record["eventSource"] != "aws:kinesis":
        return record
    others = {name: value for name, value in record.items() if name not in kinesis}
    return {"kinesis": {name: record[name] for name in kinesis}, **others}


def _inside(event: Any, way: list[str]) -> list[Any]:
    *rest, outermost = way
    contents: list[Any] = [_content(each, outermost) for each in _carried(event, outermost)]
    if not rest:
        return contents
    found = []
    for content in contents:
        message = json.loads(content)
        if rest[-1] == "sns" and "TopicArn" in message:
            message = {"Records": [{"Sns": message}]}
        found += _inside(message, rest)
    return found


def _carried(event: Any, carrier: str) -> list[Any]:
    if carrier == "eventbridge":
        return [event["detail"]]
    if carrier == "logs":
        events: list[Any] = (_unzipped(event) if "awslogs" in event else event)["logEvents"]
        return events
    records: list[Any] = event["records" if carrier == "firehose" else "Records"]
    return records


def _content(record: Any, carrier: str) -> Any:
    if carrier == "sqs":
        return record["body"]
    if carrier == "sns":
        return record["Sns"]["Message"]
    if carrier == "logs":
        return record["message"]
    if carrier == "eventbridge":
        return record
    data = base64.b64decode(record["kinesis"]["data"] if carrier == "kinesis" else record["data"])
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()


def _unzipped(event: Any) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))


def _shape(value: Any) -> Any:
    """Its members, without their values."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else type(value).__name__


def test_a_bucket_through_a_topic_and_a_queue_is_what_each_of_them_would_send() -> None:
    event = made("s3 put", via="s3,sns,sqs", bucket="photos", topic="uploads", queue="work", subject="mine")
    record = models.SqsModel.model_validate(event).Records[0]
    assert record.eventSourceARN.endswith(":work")
    notification = models.SnsNotificationModel.model_validate(
        {**json.loads(record.body), "UnsubscribeUrl": json.loads(record.body)["UnsubscribeURL"]}  # type: ignore[arg-type]
    )
    assert (notification.Subject, notification.TopicArn.rpartition(":")[2]) == ("mine", "uploads")
    stored = models.S3Model.model_validate_json(notification.Message)  # type: ignore[arg-type]
    assert stored.Records[0].s3.bucket.name == "photos"
    assert made("s3 put", via="sns,sqs", seed=3) == made("s3 put", via="s3,sns,sqs", seed=3)


def test_raw_delivery_leaves_the_envelope_out_and_keeps_the_attributes() -> None:
    event = made("sns message", via="sqs", raw=True, message="plain", attributes='{"kind": "x", "n": 1}')
    record = event["Records"][0]
    assert record["body"] == "plain"
    assert record["messageAttributes"]["n"]["dataType"] == "Number"
    assert record["messageAttributes"]["kind"]["stringValue"] == "x"
    event = made("s3 put", via="sns,sqs", raw=True)
    assert json.loads(event["Records"][0]["body"])["Records"][0]["eventSource"] == "aws:s3"


def test_changes_are_about_the_event_or_about_what_it_travels_in() -> None:
    changes = (
        "Records[0].awsRegion=inside",
        "sns:Records[0].Sns.Subject=between",
        "sqs:Records[0].messageId=out",
    )
    record = made("s3 put", via="sns,sqs", changes=changes)["Records"][0]
    message = json.loads(record["body"])
    assert (record["messageId"], message["Subject"]) == ("out", "between")
    assert json.loads(message["Message"])["Records"][0]["awsRegion"] == "inside"


@pytest.mark.parametrize(
    ("name", "via", "raw", "message", "hint"),
    [
        ("s3 put", "kinesis", False, "events of s3 put do not travel in kinesis", "--via sns,sqs"),
        (
            "s3 put",
            "sqs,sns",
            False,
            "events of sqs message do not travel in sns",
            "possible for s3 put: --via sns",
        ),
        ("alb request", "sqs", False, "events of alb request do not travel in sqs", "leave out --via"),
        ("s3 put", "nothing", False, "do not travel in nothing", "possible for s3 put"),
        ("s3 test-event", "", False, "s3 test-event never reaches a function by itself", "--via sqs"),
        ("s3 put", "sqs", True, "--raw is about SNS messages that travel on", "--via sns,sqs"),
        ("sns message", "", True, "--raw is about SNS messages that travel on", "--via sns,sqs"),
        ("s3 put", "sqs/no", False, "sqs has no event no", "there is fifo, message"),
    ],
)
def test_an_impossible_way_is_refused_with_the_possible_ones(
    name: str, via: str, raw: bool, message: str, hint: str
) -> None:
    with pytest.raises(SampleError) as caught:
        made(name, via=via, raw=raw)
    assert message in str(caught.value)
    assert hint in "".join(caught.value.hints)


def test_a_carrier_may_be_named_with_its_type() -> None:
    record = made("s3 put", via="sqs/fifo", group="g")["Records"][0]
    assert record["attributes"]["MessageGroupId"] == "g"
