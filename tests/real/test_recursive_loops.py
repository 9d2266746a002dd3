"""Functions that invoke themselves, by every way that a chain of requests can take: stopped, and named."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.functions_house import House, open_house, wait_until
from tests.real.toolchains import missing, need

pytestmark = pytest.mark.real

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
STOPPED = "recursive loop: " + ARN
SECONDS = 60.0

PYTHON = """
import json, os
import boto3

def turn_of(event):
    print("TURN", os.environ["_X_AMZN_TRACE_ID"])
    if "Records" not in event:
        return event
    record = event["Records"][0]
    return json.loads(record["Sns"]["Message"]) if "Sns" in record else {"until": 100}

def by_lambda(event, context):
    turn = turn_of(event)
    if turn["until"] > 1:
        told = {**turn, "until": turn["until"] - 1}
        functions = boto3.client("lambda")
        try:
            functions.invoke(
                FunctionName=context.function_name, InvocationType=turn["kind"], Payload=json.dumps(told)
            )
        except functions.exceptions.RecursiveInvocationException as error:
            print("STOPPED", error)

def by_topic(event, context):
    boto3.client("sns").publish(TopicArn=os.environ["TOPIC"], Message=json.dumps(turn_of(event)))

def by_bucket(event, context):
    turn_of(event)
    boto3.client("s3").put_object(Bucket="loop", Key="again", Body=b"x")

def by_destination(event, context):
    turn_of(event)
    return os.environ["_X_AMZN_TRACE_ID"]

def by_queue(event, context):
    boto3.client("sqs").send_message(QueueUrl=event["url"], MessageBody="from inside")
    raise ValueError("so that a dead letter is sent, too")

def hears(event, context):
    print("HEARD", json.dumps(event["requestContext"]), "responseContext" in event)
"""
NODE = """
const { LambdaClient, InvokeCommand } = require("@aws-sdk/client-lambda");
const client = new LambdaClient();
exports.handler = async (event, context) => {
  console.log("TURN " + process.env._X_AMZN_TRACE_ID);
  const Payload = JSON.stringify(event);
  await client.send(
    new InvokeCommand({ FunctionName: context.functionName, InvocationType: "Event", Payload })
  );
};
"""


def function(handler: str, **more: object) -> dict[str, object]:
    return {"handler": f"app.{handler}", "memory": 512, "timeout": 60, **more}


FUNCTIONS = {
    "self": function("by_lambda"),
    "topic": function("by_topic", env={"TOPIC": "arn:aws:sns:us-east-1:000000000000:loop"}),
    "bucket": function("by_bucket"),
    "ping": function("by_destination"),
    "pong": function("by_destination"),
    "queue": function("by_queue"),
    "hears": function("hears"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("loops") / "p"
    with open_house(folder, FUNCTIONS, {"code/app.py": PYTHON}) as house:
        yield house


@pytest.fixture
def _moto_is_here() -> None:
    if importlib.util.find_spec("moto") is None:
        missing("moto")


def turns(house: House, name: str) -> list[str]:
    """The headers with which a function ran, one after another."""
    return [line.partition("TURN ")[2] for line in house.log(name).splitlines() if "TURN Root=" in line]


def sent(house: House, name: str, event: object) -> str:
    answer = house.client().invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    request_id: str = answer["ResponseMetadata"]["RequestId"]
    return request_id


def stops(house: House, name: str) -> int:
    return house.log(name).count(STOPPED + name + " was invoked 16 times")


def wait_for_stop(house: House, name: str, former: int = 0) -> None:
    wait_until(lambda: stops(house, name) > former, f"the loop of {name} is stopped", SECONDS)


def counted(house: House, name: str) -> float:
    points = json.loads(house.lam("metrics", name, "--json").stdout)["points"]
    return sum(each["sum"] for each in points if each["metric"] == "RecursiveInvocationsDropped")


def last_event(house: House, name: str) -> dict[str, Any]:
    """The one that was stopped: the log says its id."""
    [*_, line] = [line for line in house.log(name).splitlines() if STOPPED in line]
    request_id = line.removeprefix("RequestId: ").partition(" ")[0]
    wait_until(
        lambda: json.loads(house.lam("queue", "show", request_id, "--json").stdout)["state"] == "finished",
        "everybody has heard",
    )
    shown: dict[str, Any] = json.loads(house.lam("queue", "show", request_id, "--json").stdout)
    return shown


def test_a_function_that_waits_for_itself_is_stopped_at_sixteen(house: House) -> None:
    former, dropped = len(turns(house, "self")), counted(house, "self")
    house.client().invoke(FunctionName="self", Payload=b'{"kind": "RequestResponse", "until": 100}')
    wait_for_stop(house, "self")
    ran = turns(house, "self")[former:]
    assert len(ran) == 16
    assert sorted(header.partition("Lineage=")[2].split(":")[0] for header in ran) == sorted(
        str(number) for number in range(1, 17)
    )
    assert len({header.partition(";")[0] for header in ran}) == 1
    assert "STOPPED An error occurred (RecursiveInvocationException)" in house.log("self")
    assert STOPPED + "self was invoked 16 times" in house.journal()
    assert counted(house, "self") - dropped == 1
    assert "RecursiveInvocationsDropped" in house.lam("metrics", "self").stdout


def test_a_caller_who_hands_a_chain_on_gets_400(house: House) -> None:
    header = ""

    def hand_on(params: dict[str, Any], **_: object) -> None:
        if header:
            params["headers"]["X-Amzn-Trace-Id"] = header

    client = house.client()
    client.meta.events.register("before-call", hand_on)
    for _ in range(16):
        header = json.loads(client.invoke(FunctionName="ping", Payload=b"{}")["Payload"].read())
    with pytest.raises(client.exceptions.RecursiveInvocationException) as caught:
        client.invoke(FunctionName="ping", Payload=b"{}")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert client.invoke(FunctionName="ping", InvocationType="DryRun")["StatusCode"] == 204


def test_events_of_a_loop_end_at_the_destination_on_failure(house: House) -> None:
    house.client().put_function_event_invoke_config(
        FunctionName="self", DestinationConfig={"OnFailure": {"Destination": ARN + "hears"}}
    )
    former, former_stops = len(turns(house, "self")), stops(house, "self")
    sent(house, "self", {"kind": "Event", "until": 100})
    wait_for_stop(house, "self", former_stops)
    assert len(turns(house, "self")) - former == 16
    event = last_event(house, "self")
    assert (event["condition"], event["attempts_used"]) == ("RecursiveInvocation", 0)
    [attempt] = event["attempts"]
    assert (attempt["kind"], attempt["error_type"]) == ("refused", "RecursiveInvocationException")
    wait_until(lambda: event["request_id"] in house.log("hears"), "the destination hears", SECONDS)
    [line] = [
        line for line in house.log("hears").splitlines() if event["request_id"] in line and "HEARD" in line
    ]
    assert '"condition": "RecursiveInvocation", "approximateInvokeCount": 0} False' in line
    assert "RecursiveInvocation" in house.lam("queue", "show", event["request_id"]).stdout


def test_what_is_allowed_runs_on(house: House) -> None:
    client = house.client()
    client.put_function_recursion_config(FunctionName="self", RecursiveLoop="Allow")
    try:
        former, dropped, told = len(turns(house, "self")), counted(house, "self"), stops(house, "self")
        sent(house, "self", {"kind": "Event", "until": 20})
        wait_until(lambda: len(turns(house, "self")) - former == 20, "all twenty run", SECONDS)
        assert (counted(house, "self"), stops(house, "self")) == (dropped, told)
    finally:
        client.put_function_recursion_config(FunctionName="self", RecursiveLoop="Terminate")


def test_two_functions_that_are_each_others_destination_are_stopped(house: House) -> None:
    client = house.client()
    for name, other in (("ping", "pong"), ("pong", "ping")):
        client.put_function_event_invoke_config(
            FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": ARN + other}}
        )
    former = len(turns(house, "ping")) + len(turns(house, "pong"))
    told = stops(house, "ping") + stops(house, "pong")
    sent(house, "ping", {})
    wait_until(lambda: stops(house, "ping") + stops(house, "pong") > told, "the loop is stopped", SECONDS)
    assert len(turns(house, "ping")) + len(turns(house, "pong")) - former == 33


def permitted(house: House, name: str, service: str) -> str:
    house.client().add_permission(
        FunctionName=name,
        StatementId=service,
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
    )
    return ARN + name


@pytest.mark.usefixtures("_moto_is_here")
def test_a_loop_through_a_topic_is_stopped(house: House) -> None:
    topic = house.client("sns").create_topic(Name="loop")["TopicArn"]
    house.client("sns").subscribe(
        TopicArn=topic, Protocol="lambda", Endpoint=permitted(house, "topic", "sns")
    )
    sent(house, "topic", {})
    wait_for_stop(house, "topic")
    assert len(turns(house, "topic")) == 16


@pytest.mark.usefixtures("_moto_is_here")
def test_a_loop_through_a_bucket_is_stopped(house: House) -> None:
    s3 = house.client("s3")
    s3.create_bucket(Bucket="loop")
    wanted = {"LambdaFunctionArn": permitted(house, "bucket", "s3"), "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="loop", NotificationConfiguration={"LambdaFunctionConfigurations": [wanted]}
    )
    sent(house, "bucket", {})
    wait_for_stop(house, "bucket")
    assert len(turns(house, "bucket")) == 16


@pytest.mark.usefixtures("_moto_is_here")
def test_messages_of_a_queue_carry_the_chain(house: House) -> None:
    sqs = house.client("sqs")
    url = sqs.create_queue(QueueName="carries")["QueueUrl"]
    house.client().put_function_event_invoke_config(
        FunctionName="queue",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:carries"}},
    )
    sent(house, "queue", {"url": url})
    found: list[dict[str, Any]] = []

    def both_came() -> bool:
        more = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], WaitTimeSeconds=1)
        found.extend(more.get("Messages", ()))
        return len(found) == 2

    wait_until(both_came, "two messages come", SECONDS)
    headers = {message["Attributes"]["AWSTraceHeader"] for message in found}
    assert len(headers) == 1
    assert ";Lineage=1:" in headers.pop()
    # Who sends from outside of any chain has none.
    sqs.send_message(QueueUrl=url, MessageBody="from outside")
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], WaitTimeSeconds=5)["Messages"]
    assert "AWSTraceHeader" not in message["Attributes"]


@pytest.mark.parametrize("runtime", ["nodejs22.x", "nodejs24.x"])
def test_the_sdk_for_javascript_hands_the_chain_on(tmp_path: Path, runtime: str) -> None:
    need("node", "npm")
    functions = {"node": {"runtime": runtime, "handler": "app.handler", "memory": 512, "timeout": 60}}
    with open_house(tmp_path / "p", functions, {"code/app.js": NODE}) as house:
        sent(house, "node", {})
        wait_until(lambda: bool(house.events("node")), "it starts", SECONDS * 2)
        if "lam fetches it by npm" in house.log("node"):
            pytest.skip("npm reaches no registry here")
        wait_for_stop(house, "node")
        assert len(turns(house, "node")) == 16
