"""The Runtime API from the runtime's side: the check list of what AWS answers."""

from __future__ import annotations

import asyncio
import math
import re
import time
from pathlib import Path

import pytest
from scripted import Stage, stage

from lambdacli.environments.command import Exit
from lambdacli.environments.runtime_api import RuntimeApi
from lambdacli.environments.state import EnvironmentState

pytestmark = pytest.mark.real

LIMIT = 6_291_556


def scene(folder: Path, play, **options: object) -> None:  # type: ignore[no-untyped-def]
    async def run() -> None:
        async with asyncio.timeout(20), stage(folder, **options) as on:  # type: ignore[arg-type]
            await play(on)

    asyncio.run(run())


def test_an_event_carries_the_headers_of_lambda(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        on.invoke("8476a536-e9f4-11e8-9739-2dfe598c3fcd", b'{"a": 1}')
        event = await on.waiting
        assert event.status == 200
        assert event.body == b'{"a": 1}'
        assert event.headers["content-type"] == "application/json"
        assert event.headers["lambda-runtime-aws-request-id"] == "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
        assert event.headers["lambda-runtime-invoked-function-arn"].endswith(":function:f")
        assert re.fullmatch(r"\d{13}", event.headers["lambda-runtime-deadline-ms"])
        assert "lambda-runtime-client-context" not in event.headers
        assert "lambda-runtime-trace-id" not in event.headers
        client.close()

    scene(tmp_path, play)


def test_next_without_an_answer_gives_the_same_event_again(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        on.invoke("r1", b"[1]")
        first = await on.waiting
        again = await client.next()
        assert (again.body, again.headers) == (first.body, first.headers)
        client.close()

    scene(tmp_path, play)


def test_an_answer_is_accepted_once_and_only_for_the_running_invocation(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        for wrong in ("", "other"):
            refused = await client.respond(wrong)
            assert refused.status in (400, 404)
        refused = await client.respond("other")
        assert refused.json == {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}
        accepted = await client.respond("r1", b'"yes"')
        assert (accepted.status, accepted.body) == (202, b'{"status":"OK"}\n')
        second = await client.respond("r1", b'"no"')
        assert (second.status, second.json["errorType"]) == (400, "InvalidRequestID")
        assert (await invoking.answered()).payload == b'"yes"'
        client.close()

    scene(tmp_path, play)


def test_an_init_error_after_the_first_next_is_refused(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        on.invoke("r1")
        await on.waiting
        refused = await client.post("init/error", b"{}")
        assert refused.status == 403
        assert refused.json == {
            "errorMessage": "State transition from Running to InitError failed for runtime. "
            "Error: State transition is not allowed",
            "errorType": "InvalidStateTransition",
        }
        client.close()

    scene(tmp_path, play)


def test_the_largest_answer_passes_and_one_byte_more_does_not(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        first = on.invoke("r1")
        await on.waiting
        assert (await client.respond("r1", b"x" * LIMIT)).status == 202
        following = asyncio.ensure_future(client.next())
        await first.settled
        second = on.invoke("r2")
        await following
        refused = await client.respond("r2", b"x" * (LIMIT + 1))
        assert refused.status == 413
        assert refused.json == {
            "errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).",
            "errorType": "RequestEntityTooLarge",
        }
        outcome = await second.answered()
        assert outcome.payload == (
            b'{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).",'
            b'"errorType":"Function.ResponseSizeTooLarge"}'
        )
        following = asyncio.ensure_future(client.next())
        await second.settled
        third = on.invoke("r3")
        await following
        await client.respond("r3", b"3")
        assert (await third.answered()).payload == b"3"
        assert on.box.starts == 1
        client.close()

    scene(tmp_path, play)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:9001"},
    ],
    ids=lambda headers: " ".join(*headers.items()),
)
def test_a_web_page_is_refused_and_changes_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        page = on.client()
        for what in ("invocation/r1/response", "invocation/r1/error", "init/error"):
            assert (await page.post(what, b'"evil"', headers)).status == 403
        stolen = await page.call("GET", "/2018-06-01/runtime/invocation/next", headers=headers)
        assert (stolen.status, stolen.json["errorType"]) == (403, "AccessDenied")
        assert invoking.outcome is None
        assert (await client.respond("r1", b'"mine"')).status == 202
        assert (await invoking.answered()).payload == b'"mine"'

    scene(tmp_path, play)


def test_an_error_that_is_too_large_counts_as_an_answer_that_is(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        refused = await client.post("invocation/r1/error", b"x" * (LIMIT + 1))
        assert (refused.status, refused.json["errorType"]) == (413, "RequestEntityTooLarge")
        outcome = await invoking.answered()
        assert (outcome.function_error, outcome.error_type) == ("Unhandled", "Function.ResponseSizeTooLarge")
        assert b'"errorType":"Function.ResponseSizeTooLarge"' in outcome.payload

    scene(tmp_path, play)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/2018-06-01/ping", 200),
        ("GET", "/2018-06-01/nowhere", 404),
        ("GET", "/", 404),
        ("POST", "/2018-06-01/runtime/invocation/next", 405),
        ("GET", "/2018-06-01/runtime/init/error", 405),
        ("GET", "/2018-06-01/runtime/invocation/r1/response", 405),
        ("PUT", "/2022-07-01/telemetry", 202),
        ("POST", "/2020-01-01/extension/register", 501),
    ],
)
def test_other_paths_and_methods(tmp_path: Path, method: str, path: str, status: int) -> None:
    async def play(on: Stage) -> None:
        waiting = await on.initialised()
        client = on.client()
        assert (await client.call(method, path)).status == status
        client.close()
        waiting.close()

    scene(tmp_path, play)


def test_a_response_mode_that_is_not_streaming_fails_the_invocation(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        refused = await client.post(
            "invocation/r1/response", b"1", {"Lambda-Runtime-Function-Response-Mode": "wild"}
        )
        assert (refused.status, refused.json["errorType"]) == (400, "InvalidFunctionResponseMode")
        outcome = await invoking.answered()
        assert outcome.function_error == "Unhandled"
        assert outcome.error_type == "Runtime.InvalidResponseModeHeader"
        client.close()

    scene(tmp_path, play)


def test_an_error_cause_for_tracing_is_taken_out_of_the_error(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        await client.post(
            "invocation/r1/error",
            b'{"errorMessage":"m","errorCause":{"x":1},"errorType":"T"}',
            {"Content-Type": "application/vnd.aws.lambda.error.cause+json"},
        )
        assert (await invoking.answered()).payload == b'{"errorMessage":"m","errorType":"T"}'
        client.close()

    scene(tmp_path, play)


# The life of an environment


def lines(log: str) -> list[str]:
    """Log lines without figures."""
    return [re.sub(r"\d+(\.\d+)?(?= ms| MB)", "#", line) for line in log.splitlines()]


def test_a_cold_invocation_logs_init_start_end_and_report(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        on.box.print(b"hello\n")
        await client.respond("r1", b"1")
        assert (await invoking.answered()).function_error is None
        client_next = asyncio.ensure_future(client.next())
        settlement = await invoking.settled
        found = lines(on.log())
        assert found[0].startswith(
            "INIT_START Runtime Version: provided:al2023.v1\tRuntime Version ARN: arn:"
        )
        assert found[1:] == [
            "START RequestId: r1 Version: $LATEST",
            "hello",
            "END RequestId: r1",
            "REPORT RequestId: r1\tDuration: # ms\tBilled Duration: # ms\tMemory Size: # MB\t"
            "Max Memory Used: # MB\tInit Duration: # ms\t",
        ]
        assert settlement.log_tail.decode() == on.log()
        assert on.environment.state is EnvironmentState.IDLE
        client_next.cancel()
        client.close()

    scene(tmp_path, play)


def test_what_was_printed_before_the_answer_is_in_the_file_when_the_caller_has_it(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        on.box.print(b"line\n" * 2000)
        await client.respond("r1", b"1")
        await invoking.answered()
        assert on.log().count("line\n") == 2000
        client.close()

    scene(tmp_path, play)


def test_an_init_error_is_tried_again_inside_the_invocation_and_then_reported(tmp_path: Path) -> None:
    body = b'{"errorMessage":"m","errorType":"RuntimeError","requestId":"","stackTrace":[]}'

    async def play(on: Stage) -> None:
        initialising = asyncio.ensure_future(on.environment.initialise())
        await on.box.started.wait()
        client = on.client()
        await client.post("init/error", body, {"Lambda-Runtime-Function-Error-Type": "RuntimeError"})
        await initialising
        client.close()
        assert on.environment.state is EnvironmentState.RESET
        invoking = on.invoke("r1")
        await on.box.started.wait()
        again = on.client()
        await again.post(
            "init/error", body, {"Lambda-Runtime-Function-Error-Type": "Runtime.ImportModuleError"}
        )
        await invoking.settled
        assert invoking.outcome is not None
        assert invoking.outcome.payload == body
        assert lines(on.log())[1:] == [
            "INIT_REPORT Init Duration: # ms\tPhase: init\tStatus: error\tError Type: Runtime.Unknown",
            "INIT_REPORT Init Duration: # ms\tPhase: invoke\tStatus: error\t"
            "Error Type: Runtime.ImportModuleError",
            "START RequestId: r1 Version: $LATEST",
            "END RequestId: r1",
            "REPORT RequestId: r1\tDuration: # ms\tBilled Duration: # ms\tMemory Size: # MB\t"
            "Max Memory Used: # MB\tStatus: error\tError Type: Runtime.ImportModuleError",
        ]
        assert on.box.starts == 2
        again.close()

    scene(tmp_path, play)


def test_a_runtime_that_exits_resets_its_environment_and_the_next_invocation_starts_it_again(
    tmp_path: Path,
) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        on.box.exit(2)
        await invoking.settled
        client.close()
        assert invoking.outcome is not None
        assert invoking.outcome.payload == (
            b'{"errorType":"Runtime.ExitError",'
            b'"errorMessage":"RequestId: r1 Error: Runtime exited with error: exit status 2"}'
        )
        assert on.environment.state is EnvironmentState.RESET
        second = on.invoke("r2")
        await on.box.started.wait()
        again = on.client()
        await again.next()
        await again.respond("r2", b"2")
        waiting = asyncio.ensure_future(again.next())
        settlement = await second.settled
        assert settlement.report.init_duration_ms is None
        assert on.log().count("INIT_START") == 1
        waiting.cancel()
        again.close()

    scene(tmp_path, play)


def test_a_timeout_reports_the_limit_and_resets(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        settlement = await invoking.settled
        client.close()
        assert invoking.outcome is not None
        assert invoking.outcome.payload == (
            b'{"errorType":"Sandbox.Timedout",'
            b'"errorMessage":"RequestId: r1 Error: Task timed out after 1.00 seconds"}'
        )
        assert settlement.report.duration_ms == 1000.0
        assert "\tDuration: 1000.00 ms\t" in on.log()
        assert on.log().endswith("\tStatus: timeout\n")
        assert on.environment.state is EnvironmentState.RESET

    scene(tmp_path, play, timeout_seconds=1)


def test_the_deadline_after_an_init_inside_the_invocation_is_when_it_is_killed(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        first = await on.initialised()
        on.box.exit(1)
        assert on.environment.state is EnvironmentState.RESET
        first.close()
        began = time.time()
        on.invoke("r1")
        await on.box.started.wait()
        client = on.client()
        while time.time() < began + 0.5:  # an init that takes its time
            await client.call("GET", "/2018-06-01/ping")
        event = await client.next()
        deadline = int(event.headers["lambda-runtime-deadline-ms"]) / 1000
        assert began + 2.9 < deadline < began + 3.4

    scene(tmp_path, play, timeout_seconds=3)


def test_an_answer_that_came_in_the_same_turn_as_the_deadline_counts(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        began = time.monotonic()
        invoking = on.invoke("r1")
        await on.waiting

        def answer() -> None:
            on.environment.dialogue.respond("r1", b'"just in time"', is_too_large=False)

        loop = asyncio.get_running_loop()
        loop.call_at(loop.time() + began + 1.2 - time.monotonic(), answer)
        while time.monotonic() < began + 1.3:
            pass  # a busy loop finds the deadline and the answer at once, the deadline first
        assert (await invoking.answered()).payload == b'"just in time"'
        client.close()

    scene(tmp_path, play, timeout_seconds=1)


def test_a_runtime_that_does_not_ask_again_after_its_answer_times_out_behind_the_caller(
    tmp_path: Path,
) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        await client.respond("r1", b"1")
        assert (await invoking.answered()).function_error is None
        assert on.environment.is_settling
        settlement = await invoking.settled
        assert settlement.report.status == "timeout"
        assert on.environment.state is EnvironmentState.RESET
        client.close()

    scene(tmp_path, play, timeout_seconds=1)


def test_a_breach_of_the_memory_limit_is_out_of_memory(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        on.box.breach("memory")
        settlement = await invoking.settled
        assert settlement.report.error_type == "Runtime.OutOfMemory"
        assert invoking.outcome is not None
        assert b"signal: killed" in invoking.outcome.payload
        client.close()

    scene(tmp_path, play)


def test_an_answer_from_above_the_memory_limit_does_not_count(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        on.box.is_over = True
        await client.respond("r1", b"1")
        outcome = await invoking.answered()
        assert outcome.error_type == "Runtime.OutOfMemory"
        client.close()

    scene(tmp_path, play)


def test_a_runtime_that_exits_while_idle_is_started_again_by_the_next_invocation(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        on.box.exit(1)
        assert on.environment.state is EnvironmentState.RESET
        assert (await on.waiting).status == 500
        client.close()
        invoking = on.invoke("r1")
        while on.box.starts < 2:
            await asyncio.sleep(0)
        again = on.client()
        await again.next()
        await again.respond("r1", b"1")
        assert (await invoking.answered()).payload == b"1"
        again.close()

    scene(tmp_path, play)


def test_a_function_without_bootstrap_fails_its_init_at_once(tmp_path: Path) -> None:
    text = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"

    async def play(on: Stage) -> None:
        await on.environment.initialise()
        invoking = on.invoke("r1")
        await invoking.settled
        assert invoking.outcome is not None
        assert invoking.outcome.payload.decode() == (
            '{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: r1 Error: ' + text + '"}'
        )
        assert "Phase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint" in on.log()

    scene(tmp_path, play, invalid=text)


@pytest.mark.parametrize(
    ("exit", "reason"),
    [
        (Exit(0, None, 0), "Runtime exited without providing a reason"),
        (Exit(129, None, 0), "Runtime exited with error: exit status 129"),
        (Exit(None, 9, 0), "Runtime exited with error: signal: killed"),
        (Exit(None, 11, 0), "Runtime exited with error: signal: segmentation fault"),
        (Exit(None, 6, 0), "Runtime exited with error: signal: aborted"),
    ],
)
def test_the_words_for_an_exit(exit: Exit, reason: str) -> None:
    assert exit.reason == reason


def test_who_was_made_ready_ahead_may_be_silent_for_as_long_as_it_takes() -> None:
    assert RuntimeApi(None)._server._limits.header_timeout_seconds == math.inf
