"""From one lam to another, and to the project's own service: versions and aliases that really run."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import time

import boto3
import pytest

from tests.real.house import PYTHON_RUNTIME, opened, wait_until

pytestmark = pytest.mark.real

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
CODE = "import os\ndef handler(event, context):\n    return [os.environ.get('TABLE'), {version}]\n"
SETTINGS = f"""\
env: {{TABLE: orders, DB_PASSWORD: hunter2hunter2}}
url: true
sources: [{{source: "{QUEUE}", batch_size: 5}}]
event_invoke: {{retries: 1}}
destinations: {{on_failure: "{QUEUE}"}}
dead_letter: "{QUEUE}"
permissions: [{{id: bucket, principal: s3.amazonaws.com, source_arn: "arn:aws:s3:::uploads"}}]
layers: [layers/shared]
provisioned: 1
concurrency: 5
log_retention: 14
"""


@pytest.fixture
def here(tmp_path):
    with opened(tmp_path / "here") as project:
        project.write("layers/shared/python/shared.py", "NAME = 'shared'\n")
        project.function("demo", CODE.format(version=1), SETTINGS)
        yield project


@pytest.fixture
def there(tmp_path):
    with opened(tmp_path / "there") as project:
        project.write("lam.yaml", "functions:\n")
        project.start()
        if importlib.util.find_spec("moto") is not None:
            # What is not there cannot be read, on AWS either.
            client_of(project, "sqs").create_queue(QueueName="orders")
        yield project


def to(there) -> tuple[str, str]:
    return "--endpoint-url", f"http://127.0.0.1:{there.port}"


def client_of(project, service="lambda"):
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{project.port}",
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="none",
    )


def test_what_is_deployed_runs_there_and_is_as_planned(here, there):
    deployed = here.lam("deploy", *to(there))
    assert "hunter2" not in deployed.stdout + deployed.stderr
    assert there.invoke("demo:live") == ["orders", 1]
    client = client_of(there)
    found = client.get_function(FunctionName="demo", Qualifier="live")
    assert found["Configuration"]["Version"] == "1"
    assert found["Configuration"]["DeadLetterConfig"] == {"TargetArn": QUEUE}
    (mapping,) = client.list_event_source_mappings(FunctionName="demo:live")["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["EventSourceArn"]) == (5, QUEUE)
    policy = json.loads(client.get_policy(FunctionName="demo", Qualifier="live")["Policy"])
    assert {each["Sid"] for each in policy["Statement"]} == {"bucket", "lam-url", "lam-url-invoke"}
    assert client.get_function_url_config(FunctionName="demo", Qualifier="live")["AuthType"] == "NONE"
    assert "nothing to do" in here.lam("deploy", *to(there)).stdout
    assert "nothing differs" in here.lam("drift", *to(there)).stdout


def test_drift_there_is_told_and_repaired(here, there):
    here.lam("deploy", *to(there))
    client = client_of(there)
    client.update_function_configuration(FunctionName="demo", MemorySize=512)
    client.delete_function_url_config(FunctionName="demo", Qualifier="live")
    uuid = client.list_event_source_mappings()["EventSourceMappings"][0]["UUID"]
    client.update_event_source_mapping(UUID=uuid, BatchSize=7, Enabled=False)
    told = here.lam("drift", *to(there), code=1).stdout
    assert "memory: 512 there, 128 wanted  (changed by hand since it was deployed)" in told
    assert "url AuthType: nothing there, NONE wanted" in told
    assert "BatchSize: 7 there, 5 wanted" in told and "Enabled: false there, true wanted" in told
    here.lam("deploy", *to(there))
    assert "nothing differs" in here.lam("drift", *to(there)).stdout


def test_a_killed_command_is_finished_by_the_next(here, there):
    """Killed as soon as the function is there, whatever it was doing then."""
    deploying = here.begin("deploy", *to(there))
    client = client_of(there)
    wait_until(lambda: client.list_functions()["Functions"], "the function is there")
    os.kill(deploying.pid, signal.SIGKILL)
    deploying.communicate()
    here.lam("deploy", *to(there))
    assert "nothing to do" in here.lam("deploy", *to(there)).stdout
    versions = client.list_versions_by_function(FunctionName="demo")["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST", "1"]


def test_an_interrupted_command_says_where_it_stopped(here, there):
    deploying = here.begin("deploy", *to(there))
    client = client_of(there)
    wait_until(lambda: client.list_functions()["Functions"], "the function is there")
    deploying.send_signal(signal.SIGINT)
    told, _ = deploying.communicate(timeout=20)
    # It may just have been through, or be ending.
    assert deploying.returncode in (0, 130, -signal.SIGINT)
    if deploying.returncode == 130:
        assert "goes on from there" in told
    here.lam("deploy", *to(there))
    assert "nothing to do" in here.lam("deploy", *to(there)).stdout


def test_rollback_moves_the_alias_and_deploy_moves_it_forward(here, there):
    here.lam("deploy", *to(there))
    here.write("demo/app.py", CODE.format(version=2))
    here.lam("deploy", *to(there))
    assert there.invoke("demo:live") == ["orders", 2]
    refused = here.lam("rollback", *to(there), code=1)
    assert "error: this would move 1 alias back at " in refused.stderr and "--yes does it" in refused.stderr
    assert there.invoke("demo:live") == ["orders", 2]
    assert "2 → 1" in here.lam("rollback", "--yes", *to(there)).stdout
    assert there.invoke("demo:live") == ["orders", 1]
    here.lam("deploy", *to(there))
    assert there.invoke("demo:live") == ["orders", 2]
    assert len(client_of(there).list_versions_by_function(FunctionName="demo")["Versions"]) == 3


def test_nothing_is_deleted_that_lam_yaml_never_had(here, there):
    client = client_of(there)
    here.lam("deploy", *to(there))
    file = here.folder / "lam.yaml"
    file.write_text(
        file.read_text()
        .replace(f"  demo:\n    runtime: {PYTHON_RUNTIME}", f"  other:\n    runtime: {PYTHON_RUNTIME}")
        .replace("sources:", "#")
    )
    here.lam("deploy", *to(there))
    assert {each["FunctionName"] for each in client.list_functions()["Functions"]} == {"demo", "other"}
    (mapping,) = client.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["FunctionArn"].endswith(":demo:live")


def test_a_second_deployment_of_20_functions_does_nothing_and_is_quick(tmp_path, there):
    with opened(tmp_path / "many") as project:
        for number in range(20):
            project.function(f"many-{number}", CODE.format(version=number))
        project.lam("deploy", *to(there))
        durations = []
        for _ in range(3):
            begun = time.monotonic()
            told = project.lam("deploy", *to(there), "--debug")
            durations.append(time.monotonic() - begun)
            assert "nothing to do: 20 functions" in told.stdout
            sent = [line for line in told.stderr.splitlines() if line.startswith("debug: ")]
            assert sent and not any(
                f" {method} " in line for line in sent for method in ("POST", "PUT", "DELETE")
            )
        print(f"20 functions, nothing changed: {min(durations):.2f} s")
        assert min(durations) < 1.5
        project.write("many-7/app.py", CODE.format(version=77))
        told = project.lam("deploy", *to(there), "--debug").stderr
        assert told.count("/code →") == 1
        assert there.invoke("many-7:live") == [None, 77]


def test_in_its_own_service_a_deployment_is_a_version_that_stays_as_it_is(here):
    here.start()
    assert here.lam("deploy", "--plan").stdout.count("publish a version of demo") == 1
    here.lam("deploy")
    here.write("demo/app.py", CODE.format(version=2))
    wait_until(lambda: here.invoke("demo") == ["orders", 2], "the change is seen")
    assert here.invoke("demo:live") == ["orders", 1]
    here.lam("deploy")
    assert here.invoke("demo:live") == ["orders", 2]
    here.lam("rollback", "-y")
    assert here.invoke("demo:live") == ["orders", 1]
    assert "alias live: 1 there, 2 wanted" in here.lam("drift", code=1).stdout


def test_what_lam_yaml_says_around_a_function_is_seen_over_the_api(here):
    here.start()
    client = client_of(here)
    (mapping,) = client.list_event_source_mappings(FunctionName="demo")["EventSourceMappings"]
    assert (mapping["EventSourceArn"], mapping["BatchSize"]) == (QUEUE, 5)
    config = client.get_function_event_invoke_config(FunctionName="demo")
    assert config["MaximumRetryAttempts"] == 1
    assert config["DestinationConfig"]["OnFailure"] == {"Destination": QUEUE}
    policy = json.loads(client.get_policy(FunctionName="demo")["Policy"])
    assert [each["Sid"] for each in policy["Statement"]] == ["bucket"]
    assert client.get_function(FunctionName="demo")["Configuration"]["DeadLetterConfig"]["TargetArn"] == QUEUE


def test_a_service_that_is_not_there_is_told(here):
    told = here.lam("deploy", "--endpoint-url", "http://127.0.0.1:9", code=1).stderr
    assert "127.0.0.1:9" in told and "reachable" in told
