"""`lam invoke` against a scripted service: what is sent, what is printed, which exit code."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path

import pytest
from fake_service import FakeService, Scripted, refusal

pytestmark = pytest.mark.real

LOG = (
    "START RequestId: r-1 Version: $LATEST\nhello\nEND RequestId: r-1\n"
    "REPORT RequestId: r-1\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\n"
)
ISSUE_LINE = (
    ["invoke", "--function-name", "demo-lambda", "--cli-binary-format", "raw-in-base64-out", "--payload"],
    ['{"key1": "value1", "key2": "value2", "key3": "value3" }', "--region", "us-east-1"],
)


def tail_of(text: str) -> str:
    return base64.b64encode(text.encode()[-4096:]).decode()


def answered(service: FakeService, body: bytes = b'"done"', **headers: str) -> None:
    service.function("demo-lambda")
    service.invocation(
        "demo-lambda", body, X_Amz_Executed_Version="$LATEST", x_amzn_RequestId="r-1", **headers
    )


def test_the_line_of_the_issue_writes_the_payload_and_prints_aws_json(lam, service, project):
    answered(service)
    result = lam(*ISSUE_LINE[0], *ISSUE_LINE[1], "response.json")
    assert result.err == ""
    assert result.out == '{\n    "StatusCode": 200,\n    "ExecutedVersion": "$LATEST"\n}\n'
    assert result.exit_code == 0
    assert (project / "response.json").read_bytes() == b'"done"'
    (call,) = service.calls()
    assert call.target == "/2015-03-31/functions/demo-lambda/invocations"
    assert call.body == ISSUE_LINE[1][0].encode()
    assert "/us-east-1/lambda/aws4_request" in call.headers["authorization"]
    assert "x-amz-log-type" not in call.headers
    assert "x-amz-invocation-type" not in call.headers


def test_the_line_of_the_issue_as_event_prints_202_and_leaves_an_empty_file(lam, service, project):
    service.invocation("demo-lambda", b"", 202, x_amzn_RequestId="r-1")
    result = lam(*ISSUE_LINE[0], *ISSUE_LINE[1], "--invocation-type", "Event", "response.json")
    assert (result.exit_code, result.out, result.err) == (0, '{\n    "StatusCode": 202\n}\n', "")
    assert (project / "response.json").read_bytes() == b""
    assert service.calls()[0].headers["x-amz-invocation-type"] == "Event"


def test_without_outfile_the_answer_goes_to_stdout_and_the_log_to_stderr(lam, service, project):
    answered(service, X_Amz_Log_Result=tail_of(LOG))
    (project / "event.json").write_text('{"a": 1}')
    result = lam("invoke", "demo-lambda", "-e", "event.json")
    assert (result.exit_code, result.out, result.err) == (0, '"done"', LOG)
    (call,) = service.calls()
    assert call.body == b'{"a": 1}'
    assert call.headers["x-amz-log-type"] == "Tail"
    assert "authorization" not in call.headers


def test_event_without_outfile_says_its_status_on_stderr(lam, service):
    service.invocation("demo-lambda", b"", 202, x_amzn_RequestId="r-1")
    result = lam("invoke", "demo-lambda", "--invocation-type", "Event")
    assert (result.exit_code, result.out, result.err) == (0, "", "202 accepted, request r-1\n")
    assert "x-amz-log-type" not in service.calls()[0].headers


def test_dry_run_says_its_status_on_stderr(lam, service):
    service.invocation("demo-lambda", b"", 204)
    result = lam("invoke", "demo-lambda", "--invocation-type", "DryRun")
    assert (result.exit_code, result.out, result.err) == (0, "", "204 it could be invoked\n")


FAILURE = b'{"errorMessage": "boom", "errorType": "ValueError", "requestId": "r-1", "stackTrace": []}'


def test_a_function_error_exits_with_1(lam, service):
    answered(service, FAILURE, X_Amz_Function_Error="Unhandled", X_Amz_Log_Result=tail_of(LOG))
    result = lam("invoke", "demo-lambda")
    assert (result.exit_code, result.out) == (1, FAILURE.decode())
    assert result.err == LOG + "error: the function failed: ValueError: boom\n"


def test_a_function_error_exits_with_0_when_asked(lam, service):
    answered(service, FAILURE, X_Amz_Function_Error="Unhandled")
    assert lam("invoke", "demo-lambda", "--exit-zero").exit_code == 0


def test_aws_json_has_the_order_and_the_log_of_the_aws_cli(lam, service):
    answered(service, FAILURE, X_Amz_Function_Error="Unhandled", X_Amz_Log_Result="bG9n")
    result = lam("invoke", "--function-name", "demo-lambda", "--log-type", "Tail", "out.json")
    assert result.out == (
        '{\n    "StatusCode": 200,\n    "FunctionError": "Unhandled",\n    "LogResult": "bG9n",\n'
        '    "ExecutedVersion": "$LATEST"\n}\n'
    )
    assert result.exit_code == 1
    assert service.calls()[0].headers["x-amz-log-type"] == "Tail"


def test_every_flag_of_the_aws_cli_reaches_the_service(lam, service):
    service.invocation("demo-lambda")
    lam(
        *[
            "invoke",
            "--function-name",
            "demo-lambda",
            "--invocation-type",
            "RequestResponse",
            "--log-type",
            "None",
        ],
        *["--client-context", "eyJhIjoxfQ==", "--durable-execution-name", "run-1", "--qualifier", "live"],
        *["--tenant-id", "t1", "--payload", "{}", "out.json"],
    )
    (call,) = service.calls()
    assert call.target == "/2015-03-31/functions/demo-lambda/invocations?Qualifier=live"
    wanted = {
        "x-amz-invocation-type": "RequestResponse",
        "x-amz-log-type": "None",
        "x-amz-client-context": "eyJhIjoxfQ==",
        "x-amz-durable-execution-name": "run-1",
        "x-amz-tenant-id": "t1",
    }
    assert {name: call.headers[name] for name in wanted} == wanted


def test_plain_json_as_client_context_is_encoded(lam, service):
    service.invocation("demo-lambda")
    lam("invoke", "demo-lambda", "--client-context", '{"a":1}')
    assert base64.b64decode(service.calls()[0].headers["x-amz-client-context"]) == b'{"a":1}'


def test_an_arn_is_escaped_in_the_path(lam, service):
    lam("invoke", "arn:aws:lambda:us-east-1:000000000000:function:demo-lambda:1")
    assert service.calls()[0].target.startswith(
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ademo-lambda%3A1/"
    )


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_stdout_as_outfile_precedes_the_aws_json(lam, service, name):
    answered(service)
    result = lam("invoke", "--function-name", "demo-lambda", name)
    assert result.out == '"done"{\n    "StatusCode": 200,\n    "ExecutedVersion": "$LATEST"\n}\n'


def test_a_second_positional_is_the_outfile(lam, service, project):
    answered(service)
    result = lam("invoke", "demo-lambda", "out.json")
    assert json.loads(result.out)["StatusCode"] == 200
    assert (project / "out.json").read_bytes() == b'"done"'


def test_the_outfile_is_replaced_whole_and_keeps_its_mode_and_link(lam, service, project):
    answered(service, b"\x00\xff")
    (project / "real.bin").write_text("a much longer text that was there before")
    (project / "real.bin").chmod(0o640)
    (project / "link.bin").symlink_to("real.bin")
    lam("invoke", "demo-lambda", "link.bin", "--payload", "{}")
    assert (project / "link.bin").is_symlink()
    assert (project / "real.bin").read_bytes() == b"\x00\xff"
    assert (project / "real.bin").stat().st_mode & 0o777 == 0o640


def test_an_outfile_that_cannot_be_written_costs_no_invocation(lam, service):
    answered(service)
    result = lam("invoke", "demo-lambda", "missing/out.json")
    assert (result.exit_code, result.out) == (1, "")
    assert result.err == "error: cannot write missing/out.json: No such file or directory\n"
    assert service.calls() == []


def test_a_refused_invocation_leaves_the_outfile_as_it_was(lam, service, project):
    service.answers["POST", "/2015-03-31/functions/demo-lambda/invocations"] = refusal(
        429, "TooManyRequestsException", "Rate Exceeded."
    )
    (project / "out.json").write_text("before")
    result = lam("invoke", "--function-name", "demo-lambda", "out.json")
    assert result.exit_code == 1
    assert result.err.startswith(
        "error: TooManyRequestsException: Rate Exceeded.\n\nhint: its concurrency is used up"
    )
    assert sorted(os.listdir(project)) == ["lam.yaml", "out.json"]
    assert (project / "out.json").read_text() == "before"


def test_the_only_function_needs_no_name(lam, service):
    answered(service)
    result = lam("invoke", "--payload", "{}")
    assert (result.exit_code, result.out) == (0, '"done"')
    assert result.err == "note: invoking demo-lambda, the only function\n"


@pytest.mark.parametrize("word", ["event.json", '{"a": 1}', "[1]"])
def test_an_event_in_the_place_of_the_outfile_is_refused_and_not_overwritten(lam, service, project, word):
    (project / "event.json").write_text("{}")
    result = lam("invoke", "demo-lambda", word)
    assert result.exit_code == 2
    assert "is the file for the answer" in result.err
    assert (project / "event.json").read_text() == "{}"
    assert service.calls() == []


def test_with_function_name_an_existing_outfile_is_replaced_as_the_aws_cli_does(lam, service, project):
    answered(service)
    (project / "out.json").write_text("before")
    assert lam("invoke", "--function-name", "demo-lambda", "out.json").exit_code == 0
    assert (project / "out.json").read_bytes() == b'"done"'


def test_a_missing_package_is_told_where_to_be_named(lam, service):
    answered(
        service,
        b'{"errorType": "Runtime.ImportModuleError", "errorMessage": "No module named \'requests\'"}',
        X_Amz_Function_Error="Unhandled",
    )
    result = lam("invoke", "demo-lambda")
    assert result.exit_code == 1
    assert "hint: name its package in requirements.txt" in result.err


def test_of_two_functions_one_must_be_named(lam, service):
    service.function("one")
    service.function("two")
    result = lam("invoke")
    assert (result.exit_code, result.err) == (2, "error: name a function\n\nhint: there is one, two\n")
    assert service.calls() == []


def test_an_unknown_function_gets_the_nearest_name_and_the_problems_of_lam_yaml(lam, service):
    service.function("demo-lambda")
    service.status["problems"] = ["lam.yaml:3:1: unknown key handlr"]
    result = lam("invoke", "demo-lamda")
    assert result.exit_code == 1
    assert result.err == (
        "note: lam.yaml is not taken in as it is now: lam.yaml:3:1: unknown key handlr\n"
        "error: ResourceNotFoundException: Function not found: "
        "arn:aws:lambda:us-east-1:000000000000:function:demo-lamda:$LATEST\n\n"
        "hint: lam.yaml has problems, so its functions may be missing:\n"
        "lam.yaml:3:1: unknown key handlr\n"
        "hint: did you mean demo-lambda?\n"
    )


def test_a_function_that_was_left_out_says_why(lam, service):
    service.function("other")
    service.status["project"] = "/shop/template.yaml"
    service.answers["GET", "/_lam/v1/left-out"] = Scripted(body=b'{"why": "it is a container image"}')
    result = lam("invoke", "Resize")
    assert result.exit_code == 1
    assert result.err.splitlines()[2:] == [
        "hint: Resize was left out of template.yaml: it is a container image"
    ]


def test_an_unknown_function_of_a_template_with_problems_is_not_said_to_need_making(lam, service):
    service.status |= {"problems": ["template.yaml:3: a"], "project": "/shop/template.yaml"}
    result = lam("invoke", "Hello")
    assert result.err.endswith(
        "hint: template.yaml has problems, so its functions may be missing:\ntemplate.yaml:3: a\n"
    )


def test_a_function_of_another_region_gets_a_hint_about_the_region(lam, service):
    service.function("demo-lambda")
    result = lam("invoke", "demo-lambda", "--region", "eu-west-1")
    assert result.err.endswith("hint: demo-lambda exists, but not in eu-west-1: leave out --region\n")


def test_a_payload_that_is_no_json_is_shown_back(lam, service):
    service.answers["POST", "/2015-03-31/functions/demo-lambda/invocations"] = refusal(
        400, "InvalidRequestContentException", "Could not parse request body into json: …"
    )
    result = lam("invoke", "demo-lambda", "--payload", "{key:\n  value}")
    assert result.err == (
        "error: InvalidRequestContentException: Could not parse request body into json: …\n\n"
        "hint: the payload that was sent begins with: {key: value}\n"
        "it must be JSON: quote it for your shell, or put it into a file: -e FILE\n"
    )


def test_a_cold_start_is_asked_for_by_a_header(lam, service):
    answered(service)
    lam("invoke", "demo-lambda", "--cold")
    lam("invoke", "demo-lambda")
    assert [call.headers.get("x-lam-cold") for call in service.calls()] == ["1", None]


def test_no_other_service_can_be_asked_for_a_cold_start(lam, service):
    result = lam("invoke", "demo-lambda", "--cold", "--endpoint-url", "http://127.0.0.1:1")
    assert (result.exit_code, result.err) == (
        2,
        "error: --cold is understood by the project's own service only\n\nhint: leave out --endpoint-url\n",
    )


def test_notices_become_notes(lam, service):
    answered(service, X_Lam_Notice="python3.13 is not here: ran on python3.11 | second")
    assert lam("invoke", "demo-lambda").err == (
        "note: python3.13 is not here: ran on python3.11\nnote: second\n"
    )


def test_a_tail_without_its_beginning_is_fetched_whole(lam, service):
    long_log = LOG.replace("hello", "\n".join(f"line {number:04d}" for number in range(600)))
    lines = [
        json.dumps({"timestamp": 1, "function": "demo-lambda", "stream": "s", "message": line}).encode()
        + b"\n"
        for line in long_log.splitlines()
    ]
    service.answers["GET", "/_lam/v1/logs"] = Scripted(body=lines)
    answered(service, X_Amz_Log_Result=tail_of(long_log))
    assert lam("invoke", "demo-lambda").err == long_log
    assert service.seen[-1].target == "/_lam/v1/logs?request_id=r-1"


def test_an_answer_that_is_lost_is_not_asked_for_again(lam, service):
    class Broken:
        def __iter__(self):
            yield b"half"
            raise BrokenPipeError

    service.answers["POST", "/2015-03-31/functions/demo-lambda/invocations"] = Scripted(body=Broken())
    result = lam("invoke", "demo-lambda")
    assert result.exit_code == 1
    assert "the function may have run" in result.err
    assert len(service.calls()) == 1


def test_a_read_timeout_ends_the_waiting_and_sends_nothing_again(lam, service):
    import threading

    is_over = threading.Event()

    class Slow:
        def __iter__(self):
            is_over.wait(10)
            yield b"late"

    service.answers["POST", "/2015-03-31/functions/demo-lambda/invocations"] = Scripted(body=Slow())
    result = lam("invoke", "demo-lambda", "--cli-read-timeout", "1")
    is_over.set()
    assert result.exit_code == 1
    assert "did not answer in time" in result.err
    assert len(service.calls()) == 1


def test_flags_without_a_meaning_say_so_in_one_line(lam, service):
    answered(service)
    result = lam(
        "invoke",
        "demo-lambda",
        "--profile",
        "dev",
        "--no-cli-pager",
        "--query",
        "StatusCode",
        "--no-paginate",
    )
    assert result.exit_code == 0
    assert result.err == "note: without a meaning here: --query, --profile, --no-paginate, --no-cli-pager\n"


@pytest.mark.parametrize(
    ("flags", "printed"),
    [
        (["--query", "StatusCode"], "200\n"),
        (["--output", "text"], "$LATEST\t200\n"),
        (["--output", "yaml"], "StatusCode: 200\nExecutedVersion: $LATEST\n"),
        (["--query", "ExecutedVersion", "--output", "text"], "$LATEST\n"),
    ],
)
def test_query_and_output_shape_the_aws_json(lam, service, flags, printed):
    answered(service)
    assert lam("invoke", "demo-lambda", "out.json", *flags).out == printed


def test_a_wrong_query_costs_no_invocation(lam, service):
    answered(service)
    result = lam("invoke", "demo-lambda", "out.json", "--query", "a[")
    assert result.exit_code == 2
    assert result.err.startswith("error: --query a[: ")
    assert service.calls() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "b", "c"], "NAME and OUTFILE are all that may be named; got a b c"),
        (["--function-name", "a", "b", "c"], "--function-name is given, so only OUTFILE may follow; got b c"),
        (["a", "--payload", "{}", "-e", "f"], "--payload and --event exclude each other"),
        (["", "out"], "the function's name is empty"),
        (["a", "--endpoint-url", "localhost:4566"], None),
    ],
)
def test_wrong_usage_exits_with_2(lam, service, arguments, message):
    result = lam("invoke", *arguments)
    assert result.exit_code == 2
    if message:
        assert result.err.startswith(f"error: {message}\n")
    assert service.calls() == []


def test_an_endpoint_url_goes_there_signed_and_starts_nothing(lam, tcp_service, project):
    answered(tcp_service, X_Amz_Log_Result=tail_of("cut off\n" + LOG))
    url = tcp_service.status["endpoint"]
    result = lam("invoke", "demo-lambda", "--endpoint-url", url, "--region", "eu-west-1")
    assert (result.exit_code, result.out) == (0, '"done"')
    assert result.err == "… (only the last 4 KB of the log)\ncut off\n" + LOG
    (call,) = tcp_service.seen
    assert "/eu-west-1/lambda/aws4_request" in call.headers["authorization"]
    assert not (project / ".lam").exists()


def test_an_endpoint_nobody_listens_at_is_a_clear_error(lam):
    result = lam("invoke", "demo", "--endpoint-url", "http://127.0.0.1:1")
    assert (result.exit_code, result.err) == (
        1,
        "error: cannot connect to http://127.0.0.1:1: Connection refused\n",
    )


def test_debug_tells_the_exchange_with_an_endpoint_url(lam, tcp_service):
    answered(tcp_service)
    err = lam("invoke", "demo-lambda", "--debug", "--endpoint-url", tcp_service.status["endpoint"]).err
    assert "debug: POST /2015-03-31/functions/demo-lambda/invocations" in err
    assert "debug: 200 after" in err


ATTACHMENT = {
    "function": "demo-lambda",
    "language": "python",
    "port": 23456,
    "seen_as": "/var/task",
    "notes": ["port 20000 is taken"],
}


@pytest.mark.parametrize(("option", "header"), [("--debug", "1"), ("--debug-wait", "wait")])
def test_a_debugged_invocation_says_first_where_to_attach(lam, service, project, option, header):
    answered(service)
    told = {**ATTACHMENT, "folder": str(project)}
    service.answers["POST", "/_lam/v1/debug"] = Scripted(body=json.dumps(told).encode())
    result = lam("invoke", "demo-lambda", option)
    assert (result.exit_code, result.out) == (0, '"done"')
    assert result.err.startswith("lam: attach a debugger to demo-lambda at 127.0.0.1:23456\n")
    assert "port 20000 is taken" in result.err and '"remoteRoot": "/var/task"' in result.err
    assert ("waiting for a debugger" in result.err) is (header == "wait")
    assert service.calls()[-1].headers["x-lam-debug"] == header


@pytest.mark.parametrize(
    "words",
    [
        ["--debug", "--invocation-type", "Event"],
        ["--debug-wait", "--qualifier", "live"],
        ["--debug-wait", "--endpoint-url", "http://127.0.0.1:1"],
    ],
)
def test_what_cannot_be_debugged_is_refused_before_it_is_sent(lam, service, words):
    assert lam("invoke", "demo-lambda", *words).exit_code == 2
    assert service.calls() == []


def test_the_aws_cli_prints_the_same(tcp_service, project, monkeypatch, lam, tmp_path):
    pytest.importorskip("awscli")
    import subprocess

    answered(tcp_service, FAILURE, X_Amz_Function_Error="Unhandled", X_Amz_Log_Result="bG9n")
    url = tcp_service.status["endpoint"]
    arguments = ["--function-name", "demo-lambda", "--log-type", "Tail", "--endpoint-url", url]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    for output in ("json", "text"):
        flags = [*arguments, "--region", "us-east-1", "--output", output]
        aws = subprocess.run(
            [sys.executable, "-m", "awscli", "lambda", "invoke", *flags, str(tmp_path / "aws.out")],
            capture_output=True,
            text=True,
            check=False,
        )
        ours = lam("invoke", *flags, str(tmp_path / "lam.out"))
        assert ours.out == aws.stdout
        assert Path(tmp_path / "lam.out").read_bytes() == Path(tmp_path / "aws.out").read_bytes()
