"""The logs service behind boto3: what functions wrote, and what others put beside it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

import boto3
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from lambdacli.api.logs import operations
from lambdacli.api.logs.context import LogsContext
from lambdacli.api.logs.dispatch import NAMES, LogsApi
from lambdacli.model.arn import FunctionKey
from lambdacli.telemetry.log_groups import GroupSettings, LogGroups
from lambdacli.telemetry.logs import LogBook, LogQuery
from lambdacli.wire.http import Peer, Request
from tests.api.conftest import _Raw, public_functions

ACCOUNT, REGION = "000000000000", "eu-west-1"
GROUP = "/aws/lambda/demo"
ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"
FIRST, SECOND = "2026/01/02/[$LATEST]aaaa", "2026/01/02/[1]bbbb"
NOW = 1_800_000_000_000
DAY = 86_400_000


class House:
    def __init__(self, folder) -> None:
        self.book = LogBook(folder)
        self.groups = LogGroups(folder, self.book)
        self.api = LogsApi(self.context)

    def context(self, request: Request) -> LogsContext:
        return LogsContext(
            account=ACCOUNT,
            region=REGION,
            groups=self.groups,
            now=lambda: datetime.fromtimestamp(NOW / 1000, UTC),
        )

    def write(self, stream: str, *events: tuple[int, str], group: str = GROUP) -> None:
        log = self.book.open_stream(FunctionKey(ACCOUNT, REGION, "demo"), group, stream)
        log.write_all(events)
        log.close()

    def send(self, target: str, body: bytes, method: str = "POST"):
        request = Request(method, "/", "", {"x-amz-target": target}, body, Peer(is_unix=True))
        return asyncio.run(self.api.handle(request))


@pytest.fixture(scope="module")
def mounted():
    client = boto3.client(
        "logs",
        region_name=REGION,
        endpoint_url="http://127.0.0.1:4566",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    houses = []

    def answer(request, **_):
        assert urlsplit(request.url).path == "/"
        target = request.headers["X-Amz-Target"]
        target = target if isinstance(target, str) else target.decode()
        response = houses[-1].send(target, request.body)
        headers = HTTPHeaders()
        for name, value in response.headers.items():
            headers[name] = value
        return AWSResponse(request.url, response.status, headers, _Raw(response.body))

    client.meta.events.register("before-send.logs.*", answer)
    return client, houses


@pytest.fixture
def house(tmp_path, mounted):
    house = House(tmp_path / "logs")
    mounted[1].append(house)
    return house


@pytest.fixture
def client(house, mounted):
    return mounted[0]


def code_of(call, **members) -> tuple[str, str]:
    with pytest.raises(call.__self__.exceptions.ClientError) as error:
        call(**members)
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def messages(answer) -> list[str]:
    return [event["message"] for event in answer["events"]]


# Groups and streams


def test_a_functions_group_and_its_streams_are_described(house, client):
    house.write(FIRST, (1000, "a"), (2000, "b"))
    house.write(SECOND, (1500, "c"))
    [group] = client.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert group.pop("storedBytes") > 0
    assert group == {
        "logGroupName": GROUP,
        "creationTime": 1000,
        "metricFilterCount": 0,
        "arn": f"{ARN}:*",
        "logGroupClass": "STANDARD",
        "logGroupArn": ARN,
    }
    first, second = client.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert first.pop("storedBytes") > 0
    assert first == {
        "logStreamName": FIRST,
        "creationTime": 1000,
        "firstEventTimestamp": 1000,
        "lastEventTimestamp": 2000,
        "lastIngestionTime": 2000,
        "arn": f"{ARN}:log-stream:{FIRST}",
    }
    assert second["logStreamName"] == SECOND


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["/aws/lambda/demo", "/aws/lambda/other", "mine"]),
        ({"logGroupNamePrefix": "/aws"}, ["/aws/lambda/demo", "/aws/lambda/other"]),
        ({"logGroupNamePattern": "e"}, ["/aws/lambda/demo", "/aws/lambda/other", "mine"]),
        ({"logGroupNamePattern": "oth"}, ["/aws/lambda/other"]),
        ({"logGroupIdentifiers": [ARN, "mine"]}, ["/aws/lambda/demo", "mine"]),
        ({"logGroupClass": "INFREQUENT_ACCESS"}, []),
    ],
)
def test_groups_are_found_by_their_names(house, client, asked, names):
    for name in ("mine", "/aws/lambda/other", GROUP):
        client.create_log_group(logGroupName=name)
    answer = client.describe_log_groups(**asked)
    assert [group["logGroupName"] for group in answer["logGroups"]] == names
    assert "nextToken" not in answer


def test_groups_and_streams_come_page_by_page(house, client):
    for number in range(7):
        client.create_log_group(logGroupName=f"group-{number}")
        client.create_log_stream(logGroupName="group-0", logStreamName=f"stream-{number}")
    groups = client.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 3})
    pages = [[group["logGroupName"] for group in page["logGroups"]] for page in groups]
    assert [len(page) for page in pages] == [3, 3, 1]
    streams = client.get_paginator("describe_log_streams").paginate(
        logGroupName="group-0", descending=True, PaginationConfig={"PageSize": 7}
    )
    [page] = list(streams)
    assert [stream["logStreamName"][-1] for stream in page["logStreams"]] == list("6543210")


def test_streams_are_ordered_by_their_last_event(house, client):
    house.write("a", (3000, "x"))
    house.write("b", (1000, "x"))
    client.create_log_stream(logGroupName=GROUP, logStreamName="c")
    answer = client.describe_log_streams(logGroupIdentifier=ARN, orderBy="LastEventTime", descending=True)
    assert [stream["logStreamName"] for stream in answer["logStreams"]] == ["a", "b", "c"]


def test_a_group_lives_from_its_creation_to_its_deletion(house, client):
    client.create_log_group(logGroupName="mine", tags={"k": "v"})
    [group] = client.describe_log_groups()["logGroups"]
    assert (group["creationTime"], group["storedBytes"]) == (NOW, 0)
    arn = group["logGroupArn"]
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"k": "v"}
    client.tag_resource(resourceArn=arn, tags={"l": "w"})
    client.untag_resource(resourceArn=arn, tagKeys=["k"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"l": "w"}
    client.put_retention_policy(logGroupName="mine", retentionInDays=7)
    assert client.describe_log_groups()["logGroups"][0]["retentionInDays"] == 7
    client.delete_retention_policy(logGroupName="mine")
    assert "retentionInDays" not in client.describe_log_groups()["logGroups"][0]
    client.create_log_stream(logGroupName="mine", logStreamName="s")
    client.delete_log_group(logGroupName="mine")
    assert client.describe_log_groups()["logGroups"] == []


@pytest.mark.parametrize("is_whole_group", [False, True])
def test_a_stream_that_is_deleted_while_it_is_written_begins_anew(house, client, is_whole_group):
    log = house.book.open_stream(FunctionKey(ACCOUNT, REGION, "demo"), GROUP, FIRST)
    log.write("before", 1000)
    if is_whole_group:
        client.delete_log_group(logGroupName=GROUP)
    else:
        client.delete_log_stream(logGroupName=GROUP, logStreamName=FIRST)
        assert client.describe_log_streams(logGroupName=GROUP)["logStreams"] == []
    log.write("after", 2000)
    log.close()
    assert messages(client.get_log_events(logGroupName=GROUP, logStreamName=FIRST)) == ["after"]


# Events


def test_the_newest_events_of_a_stream_come_first_and_tokens_lead_both_ways(house, client):
    house.write(FIRST, *[(1000 + number, f"m{number}") for number in range(10)])

    def get(**more):
        return client.get_log_events(logGroupName=GROUP, logStreamName=FIRST, limit=4, **more)

    newest = get()
    assert messages(newest) == ["m6", "m7", "m8", "m9"]
    before = get(nextToken=newest["nextBackwardToken"])
    assert messages(before) == ["m2", "m3", "m4", "m5"]
    assert messages(get(nextToken=before["nextForwardToken"])) == ["m6", "m7", "m8", "m9"]
    oldest = get(startFromHead=True)
    assert messages(oldest) == ["m0", "m1", "m2", "m3"]
    assert oldest["events"][0] == {"timestamp": 1000, "message": "m0", "ingestionTime": 1000}


def test_at_the_end_of_a_stream_the_same_token_comes_back_until_there_is_more(house, client):
    house.write(FIRST, (1000, "a"))

    def get(token=None):
        more = {} if token is None else {"nextToken": token}
        return client.get_log_events(logGroupName=GROUP, logStreamName=FIRST, startFromHead=True, **more)

    token = get()["nextForwardToken"]
    end = get(token)
    assert (messages(end), end["nextForwardToken"]) == ([], token)
    house.write(FIRST, (1000, "b"))
    assert messages(get(token)) == ["b"]


def test_a_stream_without_events_has_tokens_too(house, client):
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName=FIRST)
    empty = client.get_log_events(logGroupName=GROUP, logStreamName=FIRST)
    assert empty["events"] == []
    house.write(FIRST, (1000, "a"))
    answer = client.get_log_events(
        logGroupName=GROUP, logStreamName=FIRST, nextToken=empty["nextForwardToken"]
    )
    assert messages(answer) == ["a"]


def test_events_of_all_streams_come_in_the_order_of_time(house, client):
    house.write(FIRST, (1000, "a"), (3000, "c"), (2500, "late"))
    house.write(SECOND, (2000, "b"), (4000, "d"))
    answer = client.filter_log_events(logGroupName=GROUP)
    assert messages(answer) == ["a", "b", "late", "c", "d"]
    first = answer["events"][0]
    assert len(first.pop("eventId")) == 56
    assert first == {"logStreamName": FIRST, "timestamp": 1000, "message": "a", "ingestionTime": 1000}
    ids = [event["eventId"] for event in client.filter_log_events(logGroupName=GROUP)["events"]]
    assert len(set(ids)) == 5
    assert ids[0] == client.filter_log_events(logGroupName=GROUP, limit=1)["events"][0]["eventId"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"startTime": 2000}, ["b", "c", "d"]),
        ({"endTime": 3000}, ["a", "b"]),
        ({"startTime": 2000, "endTime": 4000}, ["b", "c"]),
        ({"logStreamNames": [SECOND]}, ["b", "d"]),
        ({"logStreamNamePrefix": "2026/01/02/[$"}, ["a", "c"]),
        ({"logStreamNamePrefix": "2027"}, []),
        ({"filterPattern": "?a ?d"}, ["a", "d"]),
        ({"filterPattern": "%[bc]%", "startTime": 2500}, ["c"]),
        ({"startFromHead": False}, ["d", "c", "b", "a"]),
    ],
)
def test_events_are_filtered(house, client, asked, found):
    house.write(FIRST, (1000, "a"), (3000, "c"))
    house.write(SECOND, (2000, "b"), (4000, "d"))
    assert messages(client.filter_log_events(logGroupName=GROUP, **asked)) == found


@pytest.mark.parametrize("more", [{}, {"startFromHead": False}, {"filterPattern": "m"}])
def test_events_come_page_by_page_and_each_once(house, client, more):
    expected = []
    for stream in (FIRST, SECOND):
        house.write(stream, *[(1000 + number // 3, f"m{stream}{number}") for number in range(10)])
        expected += [f"m{stream}{number}" for number in range(10)]
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, PaginationConfig={"PageSize": 3}, **more
    )
    got = [messages(page) for page in pages]
    assert [len(page) for page in got] == [3] * 6 + [2]
    assert sorted(message for page in got for message in page) == sorted(expected)


def test_a_page_holds_no_more_than_a_megabyte(house, client):
    house.write(FIRST, *[(1000 + number, "x" * 300_000) for number in range(5)])
    pages = list(client.get_paginator("filter_log_events").paginate(logGroupName=GROUP))
    assert [len(page["events"]) for page in pages] == [3, 2]


def test_half_a_line_is_not_read(house, client):
    house.write(FIRST, (1000, "whole"))
    [file] = (house.groups._folder / ACCOUNT / REGION).glob("*/*.ndjson")
    with file.open("ab") as out:
        out.write(b'{"t": 2000, "m": "cut')
    assert messages(client.filter_log_events(logGroupName=GROUP)) == ["whole"]
    assert client.describe_log_streams(logGroupName=GROUP)["logStreams"][0]["lastEventTimestamp"] == 1000


def test_events_are_put_and_what_is_out_of_time_is_told(house, client):
    client.create_log_group(logGroupName="mine")
    client.create_log_stream(logGroupName="mine", logStreamName="s")
    moments = [NOW - 15 * DAY, NOW - 5 * DAY, NOW, NOW + DAY]
    events = [{"timestamp": moment, "message": str(moment)} for moment in moments]
    answer = client.put_log_events(logGroupName="mine", logStreamName="s", logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 3}
    found = client.filter_log_events(logGroupName="mine")
    assert messages(found) == [str(NOW - 5 * DAY), str(NOW)]


def test_a_follower_hears_of_what_is_put(house, client):
    async def play():
        house.groups.create_group(ACCOUNT, REGION, "mine", GroupSettings(NOW))
        follower = house.book.follow(LogQuery(ACCOUNT, REGION))
        house.groups.put(ACCOUNT, REGION, "mine", "s", [(NOW, "hello")])
        return follower.queue.get_nowait()

    event = asyncio.run(play())
    assert (event.group, event.stream, event.message) == ("mine", "s", "hello")


def test_what_is_older_than_its_group_keeps_is_not_shown(house, client):
    house.write(FIRST, (NOW - 8 * DAY, "old"), (NOW - 6 * DAY, "new"))
    client.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    assert messages(client.filter_log_events(logGroupName=GROUP)) == ["new"]
    assert messages(client.get_log_events(logGroupName=GROUP, logStreamName=FIRST)) == ["new"]


# Refusals

NO_GROUP = ("ResourceNotFoundException", "The specified log group does not exist.")
NO_STREAM = ("ResourceNotFoundException", "The specified log stream does not exist.")


@pytest.mark.parametrize(
    ("operation", "members", "refusal"),
    [
        ("filter_log_events", {"logGroupName": "none"}, NO_GROUP),
        ("describe_log_streams", {"logGroupName": "none"}, NO_GROUP),
        ("create_log_stream", {"logGroupName": "none", "logStreamName": "s"}, NO_GROUP),
        ("delete_log_group", {"logGroupName": "none"}, NO_GROUP),
        ("put_retention_policy", {"logGroupName": "none", "retentionInDays": 7}, NO_GROUP),
        ("list_tags_for_resource", {"resourceArn": ARN + "x"}, NO_GROUP),
        ("get_log_events", {"logGroupName": GROUP, "logStreamName": "none"}, NO_STREAM),
        ("delete_log_stream", {"logGroupName": GROUP, "logStreamName": "none"}, NO_STREAM),
        ("filter_log_events", {"logGroupName": GROUP, "logStreamNames": ["none"]}, NO_STREAM),
        (
            "create_log_group",
            {"logGroupName": GROUP},
            ("ResourceAlreadyExistsException", "The specified log group already exists"),
        ),
        (
            "create_log_stream",
            {"logGroupName": GROUP, "logStreamName": FIRST},
            ("ResourceAlreadyExistsException", "The specified log stream already exists"),
        ),
        (
            "create_log_group",
            {"logGroupName": "a b"},
            (
                "InvalidParameterException",
                "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+",
            ),
        ),
        (
            "filter_log_events",
            {"logGroupName": GROUP, "filterPattern": "a:b"},
            ("InvalidParameterException", "Invalid character(s) in term 'a:b'"),
        ),
        (
            "filter_log_events",
            {"logGroupName": GROUP, "nextToken": "garbage"},
            ("InvalidParameterException", "The specified nextToken is invalid."),
        ),
        (
            "describe_log_groups",
            {"nextToken": "garbage"},
            ("InvalidParameterException", "The specified nextToken is invalid."),
        ),
        (
            "describe_log_streams",
            {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "2"},
            ("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix."),
        ),
        (
            "put_log_events",
            {
                "logGroupName": GROUP,
                "logStreamName": FIRST,
                "logEvents": [{"timestamp": NOW, "message": "b"}, {"timestamp": NOW - 1, "message": "a"}],
            },
            (
                "InvalidParameterException",
                "Log events in a single PutLogEvents request must be in chronological order.",
            ),
        ),
        (
            "create_log_stream",
            {"logGroupName": GROUP, "logStreamName": "é" * 100},
            ("InvalidParameterException", f"'{'é' * 100}' is too long for a file of this machine"),
        ),
    ],
)
def test_a_request_is_refused(house, client, operation, members, refusal):
    house.write(FIRST, (1000, "a"))
    assert code_of(getattr(client, operation), **members) == refusal


@pytest.mark.parametrize("members", [{}, {"logGroupName": GROUP, "logGroupIdentifier": GROUP}])
def test_one_way_of_naming_a_group_is_needed(house, client, members):
    code, _ = code_of(client.filter_log_events, **members)
    assert code == "InvalidParameterException"


def test_what_is_not_built_is_named(house, client):
    code, message = code_of(client.start_query, logGroupName=GROUP, startTime=0, endTime=1, queryString="x")
    assert code == "NotBuiltException"
    assert message.startswith("lam does not answer StartQuery of CloudWatch Logs. It answers ")
    assert house.send("Logs_20140328.StartLiveTail", b"{}").status == 501


@pytest.mark.parametrize("target", ["", "Logs_20140328.Nonsense", "Other.GetLogEvents"])
def test_an_unknown_operation_is_refused(house, target):
    response = house.send(target, b"{}")
    assert (response.status, json.loads(response.body)["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"logGroupName": 5}'])
def test_what_cannot_be_read_is_refused(house, body):
    response = house.send("Logs_20140328.FilterLogEvents", body)
    assert (response.status, json.loads(response.body)["__type"]) == (400, "SerializationException")


def test_a_fault_of_our_own_tells_an_id(house, monkeypatch, caplog):
    def broken(context, request):
        raise OSError("disk")

    broken.__name__ = "describe_log_groups"
    monkeypatch.setattr(operations, "describe_log_groups", broken)
    response = house.send("Logs_20140328.DescribeLogGroups", b"{}")
    assert (response.status, json.loads(response.body)["__type"]) == (500, "ServiceUnavailableException")
    assert response.headers["x-amzn-RequestId"] in caplog.text


def test_every_function_of_the_operations_is_one_that_is_answered():
    assert public_functions(operations) == {xform_name(name) for name in NAMES}
