"""Responses that are streamed: from a function's write to its caller, and everything that ends them."""

from __future__ import annotations

import base64
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.real.functions_house import House, open_house, wait_until
from tests.real.streams_house import RUNTIME, gate, streaming
from tests.real.toolchains import need

pytestmark = pytest.mark.real

MEGABYTE = 1024 * 1024

NODE = """\
exports.two = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/plain");
  stream.write("one,");
  const net = require("node:net");
  const gate = net.connect(event.port, "127.0.0.1");
  await new Promise((go) => gate.once("data", go));
  gate.destroy();
  stream.write("two");
  stream.end();
});
exports.prelude = awslambda.streamifyResponse(async (event, stream) => {
  const metadata = { statusCode: 201, headers: { "x-mine": "é" }, cookies: ["a=1"] };
  stream = awslambda.HttpResponseStream.from(stream, metadata);
  stream.write("body");
  stream.end();
});
exports.late = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("one,");
  await new Promise((go) => setImmediate(go));
  throw new TypeError("late");
});
exports.dies = awslambda.streamifyResponse(async (event, stream) => {
  await new Promise((go) => stream.write("one,", go));
  await new Promise((go) => setTimeout(go, 50));
  process.exit(3);
});
exports.piped = awslambda.streamifyResponse(async (event, stream) => {
  const { pipeline } = require("node:stream/promises");
  const { Readable } = require("node:stream");
  await pipeline(Readable.from(function* () { for (let i = 0; i < 1000; i++) yield `${i}\\n`; }()), stream);
});
exports.plain = async (event) => event;
"""

PYTHON = "def handler(event, context): return {'given': event}\n"

NODES = ("nodejs22.x", "nodejs24.x")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    own = {"runtime": "provided.al2023", "code": "own", "handler": "x", "timeout": 30}
    functions: dict[str, dict[str, object]] = {
        "streams": own,
        "hasty": {**own, "timeout": 1},
        "python": {"handler": "app.handler", "code": "python"},
    }
    for runtime in NODES:
        for handler in ("two", "prelude", "late", "dies", "piped", "plain"):
            functions[f"{handler}-{runtime[6:8]}"] = {
                "runtime": runtime,
                "code": "node",
                "handler": f"app.{handler}",
                "timeout": 10,
            }
    files = {"own/bootstrap": RUNTIME, "node/app.js": NODE, "python/app.py": PYTHON}
    settings = {"stream_bandwidth": "unlimited"}
    with open_house(tmp_path_factory.mktemp("streaming") / "p", functions, files, settings) as house:
        yield house


def test_each_piece_leaves_when_it_is_written(house: House) -> None:
    house.invoke("streams", {"answer": "warm"})
    with gate() as door:
        steps = [["write", "one"], ["knock", door.port], ["wait"], ["write", "two"], ["end"]]
        with streaming(house, "streams", {"steps": steps}, LogType="Tail") as stream:
            assert stream.answer["StatusCode"] == 200
            assert stream.answer["ExecutedVersion"] == "$LATEST"
            headers = stream.answer["ResponseMetadata"]["HTTPHeaders"]
            assert headers["content-type"] == "application/vnd.amazon.eventstream"
            assert stream.piece() == b"one"
            door.open()
            assert stream.piece() == b"two"
            rest, complete = stream.rest()
    assert rest == b""
    log = base64.b64decode(complete.pop("LogResult")).decode()
    assert complete == {}
    assert log.startswith(f"START RequestId: {stream.request_id}")
    assert 'answered 202 {"status":"OK"}' in log
    assert "\nREPORT RequestId" in log and "Status:" not in log


def test_the_first_byte_is_there_within_milliseconds(house: House) -> None:
    delays = []
    for _ in range(21):
        with gate() as door:
            steps = [["stamp"], ["knock", door.port], ["wait"], ["end"]]
            with streaming(house, "streams", {"steps": steps}) as stream:
                written = int(stream.piece())
                delays.append((time.monotonic_ns() - written) / 1e6)
                door.open()
                stream.rest()
    assert statistics.median(delays) < 20, delays


def test_without_a_log_type_there_is_no_log(house: House) -> None:
    with streaming(house, "streams", {"steps": [["write", "x"], ["end"]]}) as stream:
        assert stream.rest() == (b"x", {})


def test_a_stream_without_a_byte_is_complete(house: House) -> None:
    with streaming(house, "streams", {"steps": [["end"]]}) as stream:
        assert stream.rest() == (b"", {})


# What does not stream


@pytest.mark.parametrize(
    ("name", "event", "payload"),
    [
        ("streams", {"answer": [1, 2]}, b"[1, 2]"),
        ("python", {"a": 1}, b'{"given": {"a": 1}}'),
        ("plain-24", {"a": 1}, b'{"a":1}'),
    ],
)
def test_an_answer_that_is_not_streamed_is_one_piece(
    house: House, name: str, event: dict, payload: bytes
) -> None:
    if name.startswith("plain"):
        need("node")
    with streaming(house, name, event) as stream:
        assert stream.piece() == payload
        assert stream.rest() == (b"", {})


def test_an_error_before_the_first_byte_is_told_at_the_end(house: House) -> None:
    error = {"errorType": "Mine", "errorMessage": "no"}
    with streaming(house, "streams", {"error": error}) as stream:
        payload, complete = stream.rest()
    assert payload == b""
    assert complete.pop("ErrorCode") == "Mine"
    assert json.loads(complete.pop("ErrorDetails")) == error
    assert complete == {}


def test_a_buffered_invoke_gets_the_whole_stream(house: House) -> None:
    steps = [["write", "one,"], ["write", "two"], ["end"]]
    answer = house.invoke("streams", {"steps": steps})
    assert (answer.status, answer.payload, answer.function_error) == (200, b"one,two", None)


def test_a_stream_that_is_too_large_for_a_buffered_invoke_is_an_error(house: House) -> None:
    fits = house.invoke("streams", {"steps": [["flood", 6, MEGABYTE], ["flood", 1, 100], ["end"]]})
    assert len(fits.payload) == 6 * MEGABYTE + 100
    answer = house.invoke("streams", {"steps": [["flood", 6, MEGABYTE], ["flood", 1, 101], ["end"]]})
    assert answer.function_error == "Unhandled"
    assert answer.payload == (
        b'{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).",'
        b'"errorType":"Function.ResponseSizeTooLarge"}'
    )
    assert "answered 413" in answer.log


def test_a_dry_run_streams_nothing(house: House) -> None:
    answer = house.client().invoke_with_response_stream(FunctionName="streams", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert list(answer["EventStream"]) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"FunctionName": "nobody"}, "ResourceNotFoundException"),
        ({"FunctionName": "streams", "Payload": b"{"}, "InvalidRequestContentException"),
        ({"FunctionName": "streams", "InvocationType": "Event"}, "ValidationException"),
        ({"FunctionName": "streams", "Payload": bytes(6 * MEGABYTE + 1)}, "RequestEntityTooLargeException"),
    ],
    ids=["no function", "no JSON", "an event", "too large"],
)
def test_what_is_refused_is_refused_before_the_stream(house: House, given: dict, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        house.client().invoke_with_response_stream(**given)
    assert caught.value.response["Error"]["Code"] == code


# Ends


def test_trailers_are_an_error_in_mid_stream(house: House) -> None:
    error = {"errorType": "Mine.Late", "errorMessage": "no"}
    event = {"steps": [["write", "one"], ["fail", "Mine.Late", error]]}
    with streaming(house, "streams", event, LogType="Tail") as stream:
        payload, complete = stream.rest()
    assert (payload, complete["ErrorCode"]) == (b"one", "Mine.Late")
    assert json.loads(complete["ErrorDetails"]) == error
    assert "answered 202" in base64.b64decode(complete["LogResult"]).decode()
    buffered = house.invoke("streams", event)
    assert (buffered.function_error, buffered.json) == ("Unhandled", error)


def test_a_runtime_that_dies_in_mid_stream_truncates_it(house: House) -> None:
    with gate() as door:
        # What it wrote before its end arrives, although its end is known before that is read.
        steps = [["write", "one"], ["knock", door.port], ["wait"], ["flood", 3, 65536], ["exit", 3]]
        with streaming(house, "streams", {"steps": steps}, LogType="Tail") as stream:
            assert stream.piece() == b"one"
            door.open()
            payload, complete = stream.rest()
    assert (payload, complete["ErrorCode"]) == (bytes(3 * 65536), "Runtime.TruncatedResponse")
    assert "Runtime exited with error: exit status 3" in complete["ErrorDetails"]
    log = base64.b64decode(complete["LogResult"]).decode()
    assert log.rstrip().endswith("Status: error\tError Type: Runtime.ExitError")
    buffered = house.invoke("streams", {"steps": [["write", "one"], ["exit", 3]]})
    assert buffered.json["errorType"] == "Runtime.ExitError"


def test_a_runtime_that_leaves_in_mid_stream_and_lives_serves_on(house: House) -> None:
    house.invoke("streams", {"answer": "warm"})
    environments = len({stream for stream, _ in house.events("streams")})
    with streaming(house, "streams", {"steps": [["write", "one"], ["cut"]]}) as stream:
        payload, complete = stream.rest()
    assert (payload, complete["ErrorCode"]) == (b"one", "Runtime.TruncatedResponse")
    assert house.invoke("streams", {"answer": "again"}).json == "again"
    assert len({stream for stream, _ in house.events("streams")}) == environments


def test_a_timeout_in_mid_stream(house: House) -> None:
    event = {"steps": [["write", "one"], ["sleep", 20], ["end"]]}
    begun = time.monotonic()
    with streaming(house, "hasty", event, LogType="Tail") as stream:
        assert stream.piece() == b"one"
        assert time.monotonic() - begun < 0.9
        payload, complete = stream.rest()
    assert (payload, complete["ErrorCode"]) == (b"", "Sandbox.Timedout")
    assert "Task timed out after 1.00 seconds" in complete["ErrorDetails"]
    assert base64.b64decode(complete["LogResult"]).decode().rstrip().endswith("Status: timeout")
    assert house.invoke("hasty", {"answer": "again"}).json == "again"


def test_a_second_answer_in_mid_stream_is_refused(house: House) -> None:
    event = {"steps": [["write", "one"], ["post", "response"], ["post", "error"], ["end"]]}
    with streaming(house, "streams", event, LogType="Tail") as stream:
        payload, complete = stream.rest()
    log = base64.b64decode(complete.pop("LogResult")).decode()
    assert (payload, complete) == (b"one", {})
    assert log.count("posted 400") == 2 and "InvalidRequestID" in log


def test_a_caller_who_hangs_up_does_not_stop_the_function(house: House) -> None:
    with gate() as door:
        steps = [["write", "one"], ["knock", door.port], ["wait"], ["flood", 50, MEGABYTE], ["tell"], ["end"]]
        with streaming(house, "streams", {"steps": steps}) as stream:
            assert stream.piece() == b"one"
        door.open()
        assert door.told() == 50 * MEGABYTE + 3
    report = f"REPORT RequestId: {stream.request_id}"
    wait_until(lambda: report in house.log("streams"), "the function comes to its end")
    line = next(line for line in house.log("streams").splitlines() if line.startswith(report))
    assert "Status" not in line
    assert house.invoke("streams", {"answer": "again"}).json == "again"


# Large ones


def test_a_slow_reader_holds_the_function_back(house: House) -> None:
    with gate() as door:
        steps = [["knock", door.port], ["count", 50, MEGABYTE], ["end"]]
        with streaming(house, "streams", {"steps": steps}) as stream:
            written = 0
            while (told := door.told(within=1.0)) is not None:
                written = told
            # What is on its way: buffers of three sockets and of the service.
            assert 0 < written < 30 * MEGABYTE
            payload, complete = stream.rest()
    assert (len(payload), complete) == (50 * MEGABYTE, {})


def test_memory_stays_flat_under_a_large_stream(house: House) -> None:
    service = psutil.Process(house.service.pid)
    event = {"steps": [["flood", 50, MEGABYTE], ["end"]]}
    with streaming(house, "streams", event) as stream:
        stream.rest()
    before = most = service.memory_info().rss
    size = 0
    with streaming(house, "streams", {"steps": [["flood", 100, MEGABYTE], ["end"]]}) as stream:
        for message in stream.events:
            if "PayloadChunk" in message:
                size += len(message["PayloadChunk"]["Payload"])
            most = max(most, service.memory_info().rss)
    assert size == 100 * MEGABYTE
    assert most - before < 12 * MEGABYTE


def test_a_stream_of_more_than_lambda_carries_is_cut_off(house: House) -> None:
    event = {"steps": [["flood", 201, MEGABYTE], ["end"]]}
    with streaming(house, "streams", event, LogType="Tail") as stream:
        payload, complete = stream.rest()
    assert len(payload) == 200 * MEGABYTE
    assert complete["ErrorCode"] == "Function.ResponseSizeTooLarge"
    assert "(209715200 bytes)" in complete["ErrorDetails"]
    assert "answered 413" in base64.b64decode(complete["LogResult"]).decode()


def test_after_its_burst_a_stream_flows_as_fast_as_on_aws(tmp_path) -> None:  # type: ignore[no-untyped-def]
    functions = {"streams": {"runtime": "provided.al2023", "code": "own", "handler": "x", "timeout": 30}}
    with open_house(tmp_path / "p", functions, {"own/bootstrap": RUNTIME}) as house:
        begun = time.monotonic()
        with streaming(house, "streams", {"steps": [["flood", 6, MEGABYTE], ["end"]]}) as stream:
            stream.rest()
        burst = time.monotonic() - begun
        begun = time.monotonic()
        with streaming(house, "streams", {"steps": [["flood", 9, MEGABYTE], ["end"]]}) as stream:
            payload, complete = stream.rest()
        elapsed = time.monotonic() - begun
    assert (len(payload), complete) == (9 * MEGABYTE, {})
    assert burst < 1.3 < elapsed < 4


# The command line


def test_lam_prints_each_piece_when_it_comes(house: House) -> None:
    with gate() as door:
        steps = [["write", "one,"], ["knock", door.port], ["wait"], ["write", "two"], ["end"]]
        words = ["invoke", "streams", "--stream", "--payload", json.dumps({"steps": steps})]
        with subprocess.Popen(
            [sys.executable, "-m", "lambdacli", *words],
            cwd=house.folder,
            env=house.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as lam:
            assert lam.stdout is not None and lam.stderr is not None
            assert lam.stdout.read(4) == b"one,"
            door.open()
            assert lam.stdout.read() == b"two"
            assert b"\nREPORT RequestId" in lam.stderr.read()
    assert lam.returncode == 0


# Node.js


@pytest.fixture(params=NODES)
def node(request: pytest.FixtureRequest) -> str:
    need("node")
    return str(request.param)[6:8]


def test_a_node_function_streams(house: House, node: str) -> None:
    with gate() as door, streaming(house, f"two-{node}", {"port": door.port}) as stream:
        assert stream.piece() == b"one,"
        door.open()
        assert stream.rest() == (b"two", {})


def test_the_prelude_comes_as_it_was_written(house: House, node: str) -> None:
    with streaming(house, f"prelude-{node}", {}) as stream:
        payload, complete = stream.rest()
    head, _, body = payload.partition(bytes(8))
    assert json.loads(head) == {"statusCode": 201, "headers": {"x-mine": "é"}, "cookies": ["a=1"]}
    assert (body, complete) == (b"body", {})


def test_a_node_function_fails_in_mid_stream(house: House, node: str) -> None:
    for _ in range(3):  # and serves on
        with streaming(house, f"late-{node}", {}) as stream:
            payload, complete = stream.rest()
        details = json.loads(complete["ErrorDetails"])
        assert (payload, complete["ErrorCode"]) == (b"one,", "TypeError")
        assert (details["errorType"], details["errorMessage"]) == ("TypeError", "late")


def test_a_node_function_dies_in_mid_stream(house: House, node: str) -> None:
    with streaming(house, f"dies-{node}", {}) as stream:
        payload, complete = stream.rest()
    assert (payload, complete["ErrorCode"]) == (b"one,", "Runtime.TruncatedResponse")
    assert "exit status 3" in complete["ErrorDetails"]


def test_a_pipeline_arrives_whole(house: House, node: str) -> None:
    with streaming(house, f"piped-{node}", {}) as stream:
        assert stream.rest() == ("".join(f"{i}\n" for i in range(1000)).encode(), {})
