"""Other AWS services at lam's endpoint: through boto3 from outside and inside, across kills, to the end."""

from __future__ import annotations

import contextlib
import http.server
import importlib.util
import io
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.real.house import Project, is_alive, opened, wait_until
from tests.real.toolchains import missing, need

pytestmark = pytest.mark.real

RECORDER = """
import json
def handler(event, context):
    print("EVENT " + json.dumps(event))
"""

SPEAKER = """
import boto3
def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="inside")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="from inside")
    boto3.client("s3").create_bucket(Bucket="inside")
    return {"url": url, "account": boto3.client("sts").get_caller_identity()["Account"]}
"""


@pytest.fixture(autouse=True)
def _moto_is_here() -> None:
    if importlib.util.find_spec("moto") is None:
        missing("moto")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        project.function("recorder", RECORDER)
        yield project


def client(project: Project, service: str, key: str = "test", **config: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=project.record["endpoint"],
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def neighbours(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = project.status()["neighbours"]
    return found


def events(project: Project) -> list[Any]:
    return [
        json.loads(text.removeprefix("EVENT "))
        for text in project.log_messages()
        if text.startswith("EVENT ")
    ]


def permitted(project: Project, *services: str) -> str:
    """The recorder's ARN, which these services may invoke."""
    functions = client(project, "lambda")
    for service in services:
        functions.add_permission(
            FunctionName="recorder",
            StatementId=service,
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
        )
    arn: str = functions.get_function(FunctionName="recorder")["Configuration"]["FunctionArn"]
    return arn


def test_every_service_answers_at_the_one_endpoint(project: Project) -> None:
    project.start()
    assert neighbours(project)["running"] is False
    sqs = client(project, "sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    assert url == f"{project.record['endpoint']}/000000000000/jobs"
    sqs.send_message(QueueUrl=url, MessageBody="one")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "one"

    topic = client(project, "sns").create_topic(Name="news")["TopicArn"]
    assert topic == "arn:aws:sns:us-east-1:000000000000:news"

    dynamodb = client(project, "dynamodb")
    dynamodb.create_table(
        TableName="things",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="things", Item={"id": {"S": "1"}})
    assert dynamodb.get_item(TableName="things", Key={"id": {"S": "1"}})["Item"] == {"id": {"S": "1"}}
    assert client(project, "dynamodbstreams").list_streams()["Streams"] == []

    assert client(project, "events").list_event_buses()["EventBuses"][0]["Name"] == "default"
    assert client(project, "lambda").list_functions()["Functions"][0]["FunctionName"] == "recorder"
    told = neighbours(project)
    assert told["running"] and told["durable"] is False
    assert "what they hold is not durable" in project.lam("status").stdout
    assert "what they hold is not durable" in project.log_text()


def test_objects_of_any_size_are_carried_both_ways(project: Project) -> None:
    project.start()
    s3 = client(project, "s3")
    s3.create_bucket(Bucket="large")
    body = os.urandom(1024 * 1024) * 120  # more than a request to Lambda may hold
    s3.put_object(Bucket="large", Key="a/b c+é.bin", Body=body)  # with Expect: 100-continue
    s3.upload_fileobj(io.BytesIO(body), "large", "parts")
    assert s3.head_object(Bucket="large", Key="a/b c+é.bin")["ContentLength"] == len(body)
    assert s3.get_object(Bucket="large", Key="a/b c+é.bin")["Body"].read() == body
    assert s3.get_object(Bucket="large", Key="parts", Range="bytes=0-9")["Body"].read() == body[:10]


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_addresses_and_posted_forms_need_no_header(project: Project, version: str) -> None:
    project.start()
    s3 = client(project, "s3", signature_version=version)
    s3.create_bucket(Bucket="shared")
    put = s3.generate_presigned_url("put_object", {"Bucket": "shared", "Key": "k"})
    _send("PUT", put, b"hello", "text/plain")
    with urllib.request.urlopen(
        s3.generate_presigned_url("get_object", {"Bucket": "shared", "Key": "k"}), timeout=20
    ) as answer:
        assert answer.read() == b"hello"
    form = s3.generate_presigned_post("shared", "posted")
    parts = [*form["fields"].items(), ("file", "by a form")]
    body = "".join(
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts
    )
    _send("POST", form["url"], f"{body}--edge--\r\n".encode(), "multipart/form-data; boundary=edge")
    assert s3.get_object(Bucket="shared", Key="posted")["Body"].read() == b"by a form"


def _send(method: str, url: str, body: bytes, kind: str) -> None:
    request = urllib.request.Request(url, body, {"Content-Type": kind}, method=method)
    urllib.request.urlopen(request, timeout=20).close()


def test_an_access_key_selects_the_same_account_as_for_lambda(project: Project) -> None:
    project.start()
    url = client(project, "sqs", key="111122223333").create_queue(QueueName="theirs")["QueueUrl"]
    assert "/111122223333/" in url
    assert "QueueUrls" not in client(project, "sqs").list_queues()
    assumed = client(project, "sts").assume_role(
        RoleArn="arn:aws:iam::444455556666:role/other", RoleSessionName="session"
    )["Credentials"]
    theirs = client(project, "sqs", key=assumed["AccessKeyId"]).create_queue(QueueName="q")["QueueUrl"]
    assert "/444455556666/" in theirs


def test_plain_boto3_in_a_function_finds_the_same_services(project: Project) -> None:
    project.function("speaker", SPEAKER, "timeout: 30")
    project.start()
    answer = project.invoke("speaker")
    assert answer["account"] == "000000000000"
    messages = client(project, "sqs").receive_message(QueueUrl=answer["url"])["Messages"]
    assert [message["Body"] for message in messages] == ["from inside"]
    assert client(project, "s3").list_buckets()["Buckets"][0]["Name"] == "inside"


def test_topics_buckets_and_rules_invoke_functions_that_permit_it(project: Project) -> None:
    project.start()
    arn = permitted(project, "sns", "s3", "events")
    sns, s3, rules = client(project, "sns"), client(project, "s3"), client(project, "events")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    attributes = {"kind": {"DataType": "String", "StringValue": "test"}}
    sns.publish(TopicArn=topic, Subject="s", Message="m", MessageAttributes=attributes)
    s3.create_bucket(Bucket="incoming")
    wanted = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="incoming", NotificationConfiguration=wanted)
    s3.put_object(Bucket="incoming", Key="k", Body=b"x")
    rules.put_rule(Name="mine", EventPattern=json.dumps({"source": ["me"]}))
    rules.put_targets(Rule="mine", Targets=[{"Id": "1", "Arn": arn}, {"Id": "2", "Arn": arn, "Input": "[1]"}])
    entry = {"Source": "me", "DetailType": "d", "Detail": '{"a": 1}'}
    assert rules.put_events(Entries=[entry])["FailedEntryCount"] == 0
    wait_until(lambda: len(events(project)) >= 4, "all four were invoked")
    found = events(project)
    (record,) = [event["Records"][0] for event in found if "Sns" in str(event)]
    assert record["Sns"]["TopicArn"] == topic
    assert record["Sns"]["MessageAttributes"] == {"kind": {"Type": "String", "Value": "test"}}
    (bucket,) = [e["Records"][0]["s3"]["bucket"] for e in found if "Records" in e and "s3" in e["Records"][0]]
    assert (bucket["name"], bucket["arn"]) == ("incoming", "arn:aws:s3:::incoming")
    assert [1] in found
    (event,) = [event for event in found if "detail-type" in event]
    assert (event["source"], event["detail"], event["account"]) == ("me", {"a": 1}, "000000000000")


def test_a_topic_without_permission_does_not_invoke_and_the_log_says_why(project: Project) -> None:
    project.start()
    arn = permitted(project)
    sns = client(project, "sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="m")
    log = project.log_text()
    assert f"sns.amazonaws.com may not invoke {arn} for {topic}" in log
    assert "lam permission add recorder --principal sns.amazonaws.com" in log
    assert events(project) == []


def test_a_secret_is_rotated_by_its_function(project: Project) -> None:
    project.start()
    arn = permitted(project, "secretsmanager")
    secrets = client(project, "secretsmanager")
    secrets.create_secret(Name="s", SecretString="1")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        secrets.rotate_secret(SecretId="s", RotationLambdaARN=f"{arn}-not-there")
    secrets.rotate_secret(SecretId="s", RotationLambdaARN=arn)
    steps = [event["Step"] for event in events(project)]
    assert steps == ["createSecret", "setSecret", "testSecret", "finishSecret"]


def test_what_they_hold_survives_a_killed_service_and_ends_with_stop(project: Project) -> None:
    project.start()
    client(project, "sqs").create_queue(QueueName="kept")
    pid = neighbours(project)["pid"]
    os.kill(project.service_pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(project.service_pid), "the service is gone")
    assert is_alive(pid)
    project.start()
    arn = permitted(project, "sns")
    assert len(client(project, "sqs").list_queues()["QueueUrls"]) == 1
    assert neighbours(project)["pid"] == pid
    assert f"the neighbour services of a former service still run (pid {pid})" in project.log_text()
    sns = client(project, "sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="to the new service")
    wait_until(lambda: events(project), "the new service is found")
    project.lam("stop")
    assert not is_alive(pid)
    assert not list(project.state.glob("neighbours.json")) and not list(
        project.runtime_folder.rglob("*.sock")
    )


def test_stop_ends_them_when_the_service_is_killed_already(project: Project) -> None:
    project.start()
    client(project, "sqs").create_queue(QueueName="q")
    pid = neighbours(project)["pid"]
    os.kill(project.service_pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(project.service_pid), "the service is gone")
    assert f"stopped the neighbour services that were left (pid {pid})" in project.lam("stop").stderr
    assert not is_alive(pid)


def test_when_they_are_killed_the_next_request_starts_new_ones(project: Project) -> None:
    project.start()
    client(project, "sqs").create_queue(QueueName="lost")
    os.kill(pid := neighbours(project)["pid"], signal.SIGKILL)
    wait_until(lambda: not neighbours(project)["running"], "it is gone")
    assert "QueueUrls" not in client(project, "sqs").list_queues()
    assert neighbours(project)["pid"] != pid


def test_many_first_requests_start_one_process(project: Project) -> None:
    project.start()
    threads = [
        threading.Thread(target=lambda n=number: client(project, "sqs").create_queue(QueueName=f"q{n}"))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(client(project, "sqs").list_queues()["QueueUrls"]) == 8
    assert project.log_text().count("the neighbour services (moto) start") == 1


def test_two_projects_never_share_them(project: Project, tmp_path: Path) -> None:
    project.start()
    client(project, "sqs").create_queue(QueueName="mine")
    with opened(tmp_path / "second") as second:
        second.function("other", RECORDER)
        second.start()
        assert "QueueUrls" not in client(second, "sqs").list_queues()
        assert neighbours(second)["pid"] != neighbours(project)["pid"]
        second.lam("stop")
    assert len(client(project, "sqs").list_queues()["QueueUrls"]) == 1


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.seen.append((self.path, self.headers["X-Amz-Target"]))  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"QueueUrls": ["http://elsewhere/1/q"]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def elsewhere() -> Iterator[tuple[int, list[Any]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Elsewhere) as server:
        server.seen = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], server.seen  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


def test_a_service_that_lam_yaml_names_is_asked_instead(project: Project) -> None:
    with elsewhere() as (port, seen):
        yaml = project.folder / "lam.yaml"
        yaml.write_text(f"services: {{sqs: 'http://127.0.0.1:{port}/base'}}\n{yaml.read_text()}")
        project.start()
        assert client(project, "sqs").list_queues()["QueueUrls"] == ["http://elsewhere/1/q"]
        assert seen == [("/base/", "AmazonSQS.ListQueues")]
    assert neighbours(project)["running"] is False
    with pytest.raises(ClientError, match="cannot be reached"):
        client(project, "sqs").list_queues()


@pytest.mark.parametrize(
    ("service", "operation"),
    [("cloudwatch", "list_metrics"), ("xray", "get_groups")],
)
def test_what_lam_itself_would_tell_is_never_handed_over(
    project: Project, service: str, operation: str
) -> None:
    project.start()
    with pytest.raises(ClientError) as caught:
        getattr(client(project, service), operation)()
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert "lam does not serve" in caught.value.response["Error"]["Message"]
    assert neighbours(project)["running"] is False


def test_code_of_a_function_comes_from_the_embedded_s3(project: Project) -> None:
    project.start()
    with zipfile.ZipFile(project.root / "code.zip", "w") as archive:
        archive.write(project.folder / "recorder" / "app.py", "app.py")
    s3 = client(project, "s3")
    s3.create_bucket(Bucket="code")
    s3.upload_file(str(project.root / "code.zip"), "code", "k")
    client(project, "lambda").create_function(
        FunctionName="uploaded",
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Role="arn:aws:iam::000000000000:role/r",
        Handler="app.handler",
        Code={"S3Bucket": "code", "S3Key": "k"},
    )
    assert project.invoke("uploaded") is None


KINESIS = """
import {
  KinesisClient, CreateStreamCommand, ListStreamsCommand, PutRecordCommand,
} from "@aws-sdk/client-kinesis";
const keys = { accessKeyId: "test", secretAccessKey: "test" };
const kinesis = new KinesisClient({
  endpoint: process.argv[2], region: "us-east-1", credentials: keys, maxAttempts: 1,
});
await kinesis.send(new CreateStreamCommand({ StreamName: "s", ShardCount: 1 }));
const put = (size) => kinesis.send(
  new PutRecordCommand({ StreamName: "s", PartitionKey: "p", Data: new Uint8Array(size) }),
);
const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => put(n * 100000)));
const names = (await kinesis.send(new ListStreamsCommand({}))).StreamNames;
const handler = kinesis.config.requestHandler.constructor.name;
console.log(JSON.stringify([handler, names, answers.map((a) => a.ShardId)]));
kinesis.destroy();
"""


def test_the_javascript_kinesis_client_is_understood(project: Project, tmp_path: Path) -> None:
    need("node", "npm")
    folder = tmp_path / "js"
    folder.mkdir()
    (folder / "put.mjs").write_text(KINESIS)
    words = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "@aws-sdk/client-kinesis"]
    installed = subprocess.run(words, capture_output=True, text=True, timeout=180)
    assert installed.returncode == 0, installed.stderr
    project.start()
    done = subprocess.run(
        ["node", str(folder / "put.mjs"), project.record["endpoint"]],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["NodeHttp2Handler", ["s"], ["shardId-000000000000"] * 6]


def test_without_the_extra_the_error_says_what_to_install(project: Project, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    # A finder that knows no moto, as where the extra is not installed.
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util\nfind = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'moto' else find(name, *rest)\n"
    )
    project.variables["PYTHONPATH"] = f"{hidden}{os.pathsep}{project.variables['PYTHONPATH']}"
    project.expected_errors.append("moto")
    project.start()
    for service, operation in (("sqs", "list_queues"), ("s3", "list_buckets"), ("sns", "list_topics")):
        with pytest.raises(ClientError, match=r"pip install 'lambdacli\[services\]'"):
            getattr(client(project, service), operation)()
    assert "pip install 'lambdacli[services]'" in project.lam("status").stdout


def test_with_auth_only_known_keys_get_in(tmp_path: Path) -> None:
    with opened(tmp_path) as project:
        project.function("speaker", SPEAKER, "timeout: 30")
        keys = project.write("keys.yaml", "AKIAKNOWN:\n  secret: test\n  account: '777788889999'\n")
        yaml = project.folder / "lam.yaml"
        yaml.write_text(f"auth: true\nkeys: {keys}\n{yaml.read_text()}")
        project.start()
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            client(project, "sqs").list_queues()
        url = client(project, "sqs", key="AKIAKNOWN").create_queue(QueueName="q")["QueueUrl"]
        assert "/777788889999/" in url
        assert project.invoke("speaker")["account"] == "000000000000"
