"""`lam event`: lists, makes, writes and sends events; its options are those of the event that is named."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from lambdacli.cli.app import load_verb
from lambdacli.cli.event import setting_in
from lambdacli.samples import catalogue, generator


def made(lam, *words: str):
    result = lam("event", "generate", *words)
    assert (result.exit_code, result.err) == (0, "")
    return json.loads(result.out)


def test_the_list_has_every_event_with_how_it_calls(lam):
    rows = [line.split() for line in lam("event", "list").out.splitlines()]
    assert rows[0] == ["SERVICE", "TYPE", "CALL", "WHEN"]
    assert len(rows) == 1 + sum(len(catalogue.types(service)) for service in catalogue.services())
    rows = [line.split()[:3] for line in lam("event", "list", "sqs").out.splitlines()[1:]]
    assert rows == [["sqs", "fifo", "mapping"], ["sqs", "message", "mapping"]]


def test_the_list_as_json_tells_parameters_and_ways(lam):
    (event,) = json.loads(lam("event", "list", "ses", "--json").out)["events"]
    assert (event["service"], event["type"], event["call"], event["via"]) == ("ses", "receipt", "async", [])
    assert event["parameters"]["subject"] == "The mail's subject."


def test_an_event_is_of_the_project_and_of_now(lam, project):
    (project / "lam.yaml").write_text(
        'region: eu-central-1\naccount: "111122223333"  # ours\nfunctions: {}\n'
    )
    record = made(lam, "s3", "put", "--via", "sqs", "--bucket", "photos")["Records"][0]
    assert record["eventSourceARN"] == "arn:aws:sqs:eu-central-1:111122223333:example-queue"
    told = json.loads(record["body"])["Records"][0]
    assert told["s3"]["bucket"]["name"] == "photos"
    age = datetime.now(UTC) - datetime.fromisoformat(told["eventTime"])
    assert timedelta(0) <= age < timedelta(minutes=1)
    record = made(lam, "sqs", "message", "--region", "us-west-2", "--account", "444455556666")["Records"][0]
    assert record["eventSourceARN"] == "arn:aws:sqs:us-west-2:444455556666:example-queue"


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("account: 000000000001\n", "000000000001"),
        ("functions:\n  a: {}\n'account' : '000000000001'\n", "000000000001"),
        ("functions:\n  account: 000000000001\n", None),
        ("# account: 000000000001\n", None),
        ("account: ${ACCOUNT}\n", None),
    ],
)
def test_a_setting_is_read_without_a_yaml_parser(text, account):
    assert setting_in(text, "account") == account


def test_the_options_stand_before_or_behind_the_names(lam):
    behind = made(lam, "s3", "put", "--seed", "3", "--via=sns,sqs", "--bucket", "b", "--raw", "--count", "2")
    before = made(lam, "--seed=3", "--via", "sns,sqs", "--raw", "--count", "2", "--bucket", "b", "s3", "put")
    assert behind == before
    assert len(behind["Records"]) == 2


def test_the_same_seed_makes_the_same_bytes_in_every_process(project):
    command = [sys.executable, "-m", "lambdacli", "event", "generate", "logs", "subscription", "--seed", "5"]
    first, second = (subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2))
    assert first == second != b""


def test_a_seed_fixes_the_time_and_a_time_is_what_was_said(lam):
    assert made(lam, "eventbridge", "schedule", "--seed", "1")["time"] == "2026-01-01T12:00:00Z"
    words = ("eventbridge", "schedule", "--time", "2027-05-06T07:08:09+02:00")
    assert made(lam, *words)["time"] == "2027-05-06T05:08:09Z"


def test_the_only_event_of_a_service_needs_no_type(lam):
    assert made(lam, "secretsmanager", "--step", "setSecret")["Step"] == "setSecret"


def test_a_parameter_is_read_from_a_file(lam, project):
    (project / "body.json").write_text('{"grüß": "Gott"}')
    record = made(lam, "sqs", "message", "--body", "file://body.json")["Records"][0]
    assert json.loads(record["body"]) == {"grüß": "Gott"}


def test_places_are_set(lam):
    event = made(lam, "apigateway", "rest", "--set", "body=null", "--set", "headers.X-Mine=a")
    assert event["headers"]["X-Mine"] == "a"


def test_an_event_is_written_to_a_file(lam, project):
    result = lam("event", "generate", "sns", "--message", "hi", "-o", "events.json")
    assert (result.exit_code, result.out) == (0, "")
    assert json.loads((project / "events.json").read_text())["Records"][0]["Sns"]["Message"] == "hi"


def test_an_event_is_sent_as_invoke_sends_it(lam, service):
    service.invocation("demo", b'{"done": 1}')
    result = lam("event", "generate", "sqs", "message", "--count", "2", "--send", "demo")
    assert result.exit_code == 0
    (request,) = service.calls()
    assert "/functions/demo/" in request.target
    assert len(json.loads(request.body)["Records"]) == 2
    assert result.out == lam("invoke", "demo", "--payload", request.body.decode()).out


@pytest.mark.parametrize(
    ("words", "message", "hints"),
    [
        ((), "name a service and one of its events", ["there is alb, alexa, "]),
        (("s3",), "name one of the events of s3", ["there is acl-put, "]),
        (("sqz", "message"), "no events are known of sqz", ["did you mean sqs?"]),
        (("s3", "putt"), "s3 has no event putt", ["did you mean put?"]),
        (("s3", "put", "--bukcet", "b"), "no such option: --bukcet", ["did you mean --bucket?"]),
        (("s3", "put", "--size", "big"), "--size: big is not a whole number", []),
        (("s3", "put", "--count", "0"), "--count 0: an event has at least one record", []),
        (("alb", "request", "--count", "2"), "an event of alb request has no records", ["leave out --count"]),
        (("s3", "put", "--via", "kinesis"), "events of s3 put do not travel in kinesis", ["--via sns,sqs"]),
        (("s3", "put", "--set", "Recrds=1"), "there is no Recrds in the event of s3 put", ["Records?"]),
        (("s3", "put", "--time", "noon"), "--time noon is no time", ["2026-01-31T12:00:00Z"]),
        (("s3", "put", "--account", "1"), "--account 1: an account has 12 digits", []),
        (
            ("s3", "put", "--qualifier", "a"),
            "--invocation-type and --qualifier are about --send",
            ["--send NAME"],
        ),
    ],
)
def test_what_cannot_be_made_is_one_clear_error(lam, words, message, hints):
    result = lam("event", "generate", *words)
    assert (result.exit_code, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}")
    for hint in hints:
        assert hint in result.err


def test_a_missing_file_is_an_error_of_its_own(lam):
    result = lam("event", "generate", "sqs", "message", "--body", "file://none")
    assert (result.exit_code, result.err) == (1, "error: cannot read none: No such file or directory\n")


def test_the_help_shows_what_can_be_said_about_the_event_and_its_carriers(lam):
    result = lam("event", "generate", "s3", "put", "--via", "sns,sqs", "--help")
    assert (result.exit_code, result.err) == (0, "")
    sections = [line for line in result.out.splitlines() if line.startswith("About ")]
    assert sections == ["About s3 put:", "About sns message:", "About sqs message:"]
    assert "--bucket TEXT" in result.out and "Otherwise example-bucket." in result.out
    # What a carrier carries is the event.
    assert "--message TEXT" not in result.out and "--body TEXT" not in result.out


def test_making_an_event_loads_nothing_large():
    program = (
        "import sys; from lambdacli.cli.app import run; run(['event', 'generate', 's3', 'put'])\n"
        "large = {'boto3', 'botocore', 'yaml', 'ruamel', 'rich', 'http.client', 'lambdacli.client.local'}\n"
        "print(sorted(large & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("service", catalogue.services())
def test_no_parameter_hides_an_option_that_every_event_has(service):
    always = {name for option in load_verb("event").commands["generate"].params for name in option.opts}
    for type_ in catalogue.types(service):
        own = generator.parameters(generator.Wish(service, type_)).values()
        assert not always & {parameter.option for _, parameter in own}
