"""`--remote` and `lam pull`, with another lam's endpoint, or moto's, in the place of AWS."""

from __future__ import annotations

import json
import time

import boto3
import pytest

from tests.real.house import opened

pytestmark = pytest.mark.real

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
CODE = """\
import json, time

def handler(event, context):
    print("given", json.dumps(event))
    if event == "fail":
        raise ValueError("no")
    if event == "long":
        print("x" * 6000)
    return {"given": event, "version": context.function_version}
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("cloud")) as project:
        project.function("demo", CODE, "memory: 256\nenv:\n  TABLE: orders")
        project.start()
        yield project


@pytest.fixture
def laptop(tmp_path, cloud):
    """Knows AWS only: its own service must never be started."""
    with opened(tmp_path) as project:
        project.variables |= KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{cloud.port}"}
        yield project
        assert not (project.state / "service.json").exists()


def test_a_deployed_function_answers_as_a_local_one(cloud, laptop):
    there = cloud.lam("invoke", "demo", "--payload", '{"a": 1}')
    here = laptop.lam("invoke", "demo", "--remote", "--payload", '{"a": 1}')
    assert json.loads(here.stdout) == json.loads(there.stdout) == {"given": {"a": 1}, "version": "$LATEST"}
    lines = here.stderr.splitlines()
    assert [line.split()[0] for line in lines] == [line.split()[0] for line in there.stderr.splitlines()][-4:]
    assert 'given {"a": 1}' in lines


def test_a_deployed_function_that_fails_is_exit_code_1(laptop):
    failed = laptop.lam("invoke", "demo", "--remote", "--payload", '"fail"', code=1)
    assert json.loads(failed.stdout)["errorType"] == "ValueError"
    assert "error: the function failed: ValueError: no" in failed.stderr
    assert laptop.lam("invoke", "demo", "--remote", "--payload", '"fail"', "--exit-zero").returncode == 0


def test_a_log_that_was_cut_says_so(laptop):
    done = laptop.lam("invoke", "demo", "--remote", "--payload", '"long"')
    assert done.stderr.startswith("… (only the last 4 KB of the log)\n")


def test_other_types_and_versions(cloud, laptop):
    client = boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{cloud.port}",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )
    number = client.publish_version(FunctionName="demo")["Version"]
    done = laptop.lam("invoke", "demo", "--remote", "--qualifier", number)
    assert json.loads(done.stdout)["version"] == number
    assert laptop.lam("invoke", "demo", "--remote", "--invocation-type", "DryRun").stderr.startswith("204 ")
    queued = laptop.lam("invoke", "demo", "--remote", "--invocation-type", "Event", "--payload", '"queued"')
    assert queued.stderr.startswith("202 accepted, request ")
    assert json.loads(laptop.lam("invoke", "demo", "--remote", "--stream", "--payload", "3").stdout) == {
        "given": 3,
        "version": "$LATEST",
    }
    failed = laptop.lam("invoke", "demo", "--remote", "--stream", "--payload", '"fail"', code=1)
    assert "ValueError" in failed.stderr


def test_an_outfile_and_aws_json(laptop):
    done = laptop.lam("invoke", "demo", "answer.json", "--remote", "--payload", "1", "--query", "StatusCode")
    assert done.stdout == "200\n"
    assert json.loads((laptop.folder / "answer.json").read_text())["given"] == 1


def test_a_function_that_is_not_there_says_what_is(laptop):
    failed = laptop.lam("invoke", "demmo", "--remote", code=1)
    assert "ResourceNotFoundException: Function not found" in failed.stderr
    assert "hint: did you mean demo?" in failed.stderr


@pytest.mark.parametrize(
    ("variables", "message", "hint"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "there are no AWS credentials", "--profile"),
        ({"AWS_REGION": ""}, "no region is named", "--region"),
        ({"AWS_PROFILE": "nope"}, "The config profile (nope) could not be found", "~/.aws/config"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "nobody answers", "AWS_ENDPOINT_URL"),
    ],
    ids=["no keys", "no region", "no such profile", "nobody there"],
)
def test_what_keeps_it_from_being_asked_is_told(laptop, variables, message, hint):
    failed = laptop.lam("invoke", "demo", "--remote", code=1, more=variables)
    assert f"error: {message}" in failed.stderr
    assert hint in failed.stderr


def test_what_only_the_own_service_understands_is_refused(laptop):
    failed = laptop.lam("invoke", "demo", "--remote", "--cold", code=2)
    assert "--cold: only the project's own service understands this" in failed.stderr


def test_functions_of_an_account_are_listed(laptop):
    done = laptop.lam("list", "--remote")
    assert done.stdout.splitlines()[1].split()[0] == "demo"
    assert "256 MB" in done.stdout


def test_logs_of_a_deployed_function(cloud, laptop):
    laptop.lam("invoke", "demo", "--remote", "--payload", '"for the log"')
    here = laptop.lam("logs", "demo", "--remote", "--filter", "for the log")
    there = cloud.lam("logs", "demo", "--filter", "for the log")
    assert here.stdout == there.stdout != ""
    last = laptop.lam("logs", "demo", "--remote", "-n", "1", "--json").stdout.splitlines()
    assert [json.loads(line)["message"].split()[0] for line in last] == ["REPORT"]


def test_logs_are_followed_and_each_line_comes_once(cloud, laptop):
    cloud.invoke("demo", "before following")
    following = laptop.begin("logs", "demo", "--remote", "--follow", "--filter", "following")
    try:
        assert following.stdout is not None
        assert "before following" in following.stdout.readline()
        for number in range(3):
            cloud.invoke("demo", f"following {number}")
            assert f"following {number}" in following.stdout.readline()
    finally:
        following.terminate()
        rest, _ = following.communicate()
    assert rest == ""


def test_logs_of_moto_are_read_too(tmp_path):
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        client = boto3.client(
            "logs",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="y",
        )
        client.create_log_group(logGroupName="/aws/lambda/f")
        client.create_log_stream(logGroupName="/aws/lambda/f", logStreamName="s")
        now = time.time_ns() // 1_000_000
        client.put_log_events(
            logGroupName="/aws/lambda/f",
            logStreamName="s",
            logEvents=[{"timestamp": now + number, "message": f"line {number}"} for number in range(3)],
        )
        with opened(tmp_path) as project:
            project.variables |= KEYS | {"AWS_ENDPOINT_URL": url}
            done = project.lam("logs", "/aws/lambda/f", "--remote", "--json")
            assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == [
                "line 0",
                "line 1",
                "line 2",
            ]
            missing = project.lam("logs", "/aws/lambda/g", "--remote", code=1)
            assert "there is no log group /aws/lambda/g" in missing.stderr
    finally:
        server.stop()
