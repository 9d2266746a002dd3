"""`--remote` and `lam pull`, with another lam's endpoint, or moto's, in the place of AWS."""

from __future__ import annotations

import json
import time

import boto3
import pytest

from lambdacli.model.function_url import Cors
from lambdacli.project.config import load_project
from lambdacli.project.urls import DeclaredUrl
from tests.api_house import zip_of
from tests.real.house import PYTHON_RUNTIME, opened

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


@pytest.fixture
def laptop_that_runs(tmp_path, cloud):
    with opened(tmp_path) as project:
        project.variables |= KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{cloud.port}"}
        yield project


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


# lam pull


def client_of(cloud):
    return boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{cloud.port}",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )


def deployed(client, name, code=CODE, **settings):
    made = {
        "FunctionName": name,
        "Runtime": PYTHON_RUNTIME,
        "Handler": "app.handler",
        "Role": "arn:aws:iam::000000000000:role/orders",
        "Code": {"ZipFile": zip_of(**{"app.py": code})},
    }
    client.create_function(**made | settings)


def test_a_pulled_function_runs_and_pulling_again_changes_nothing(cloud, laptop_that_runs):
    laptop = laptop_that_runs
    done = laptop.lam("pull", "demo")
    assert "1 file → demo" in done.stderr
    text = (laptop.folder / "lam.yaml").read_text()
    assert text == (
        "region: us-east-1\n"
        'account: "000000000000"\n'
        "functions:\n"
        "  demo:\n"
        f"    runtime: {PYTHON_RUNTIME}\n"
        "    handler: app.handler\n"
        "    code: demo\n"
        "    memory: 256\n"
        "    env:\n"
        "      TABLE: orders\n"
        "    role: arn:aws:iam::000000000000:role/lam\n"
    )
    again = laptop.lam("pull", "demo")
    assert "code in demo is what is deployed" in again.stderr
    assert "nothing changed" in again.stderr
    assert (laptop.folder / "lam.yaml").read_text() == text
    assert json.loads(laptop.lam("invoke", "demo", "--payload", "1").stdout)["given"] == 1


def test_all_settings_of_a_function_come_with_it(cloud, laptop_that_runs):
    laptop, client = laptop_that_runs, client_of(cloud)
    layer = client.publish_layer_version(
        LayerName="tools", Content={"ZipFile": zip_of(**{"python/tools.py": "NAME = 'tools'"})}
    )
    deployed(
        client,
        "full",
        "import os, tools\n\n"
        "def handler(event, context):\n"
        "    return [tools.NAME, os.environ['API_TOKEN']]\n",
        Description="takes: orders",
        Timeout=20,
        MemorySize=512,
        EphemeralStorage={"Size": 1024},
        Environment={"Variables": {"API_TOKEN": 'a "b" #c\n', "ON": "yes", "PORT": "080"}},
        Tags={"team": "orders"},
        Layers=[layer["LayerVersionArn"]],
        TracingConfig={"Mode": "Active"},
    )
    client.put_function_concurrency(FunctionName="full", ReservedConcurrentExecutions=5)
    client.create_function_url_config(FunctionName="full", AuthType="AWS_IAM", Cors={"AllowOrigins": ["*"]})
    done = laptop.lam("pull", "full", "--env-file", ".env")
    assert "active tracing: acts on AWS only" in done.stderr
    assert "API_TOKEN" not in (laptop.folder / "lam.yaml").read_text() + done.stderr
    assert (laptop.folder / ".env").stat().st_mode & 0o777 == 0o600
    assert "/.env" in (laptop.folder / ".gitignore").read_text().splitlines()
    (function,) = load_project(laptop.folder / "lam.yaml").functions
    assert (function.description, function.timeout_seconds, function.memory_mb) == ("takes: orders", 20, 512)
    assert (function.ephemeral_storage_mb, function.reserved_concurrency) == (1024, 5)
    assert function.variables == {"API_TOKEN": 'a "b" #c\n', "ON": "yes", "PORT": "080"}
    assert function.tags == {"team": "orders"}
    assert function.url == DeclaredUrl("AWS_IAM", cors=Cors(allow_origins=("*",)))
    assert function.role == "arn:aws:iam::000000000000:role/orders"
    assert json.loads(laptop.lam("invoke", "full").stdout) == ["tools", 'a "b" #c\n']
    assert "nothing changed" in laptop.lam("pull", "full", "--env-file", ".env").stderr


def test_only_what_differs_is_written_and_comments_stay(cloud, laptop_that_runs):
    laptop, client = laptop_that_runs, client_of(cloud)
    deployed(
        client, "mine", Timeout=30, MemorySize=512, Environment={"Variables": {"FIRST": "new", "SECOND": "b"}}
    )
    laptop.write("code/app.py", CODE)
    before = (
        "# our project\n"
        "defaults:\n"
        "    timeout: 30s   # as everywhere\n"
        "\n"
        "functions:\n"
        "    other:\n"
        f"        runtime: {PYTHON_RUNTIME}\n"
        "        handler: 'app.handler'\n"
        "        code: code\n"
        "    # the one that matters\n"
        "    mine:\n"
        f"        runtime: {PYTHON_RUNTIME}\n"
        "        handler: app.handler   # in code/\n"
        "        code: code\n"
        "        memory: 256MB  # enough\n"
        "        env:\n"
        "            FIRST: old  # changes\n"
        "            LOCAL: only here\n"
        "        role: arn:aws:iam::000000000000:role/orders\n"
    )
    laptop.write("lam.yaml", before)
    done = laptop.lam("pull", "mine")
    assert "lam.yaml: changed memory, env" in done.stderr
    after = (laptop.folder / "lam.yaml").read_text()
    assert after == before.replace("256MB  #", "512    #").replace("FIRST: old  #", "FIRST: new  #").replace(
        "LOCAL: only here\n", "LOCAL: only here\n            SECOND: b\n"
    )


def test_local_code_is_not_written_over_without_a_word_for_it(cloud, laptop_that_runs):
    laptop = laptop_that_runs
    laptop.write("demo/app.py", "mine")
    laptop.write("demo/notes.txt", "mine too")
    refused = laptop.lam("pull", "demo", code=1)
    assert "1 file in demo differ from the deployed code: app.py; nothing was written" in refused.stderr
    assert not (laptop.folder / "lam.yaml").exists()
    asked = laptop.at_terminal("pull", "demo", answer="n\n", code=130)
    assert "Write over?" in asked
    assert (laptop.folder / "demo" / "app.py").read_text() == "mine"
    laptop.at_terminal("pull", "demo", answer="y\n")
    assert (laptop.folder / "demo" / "app.py").read_text() == CODE
    laptop.write("demo/app.py", "mine again")
    done = laptop.lam("pull", "demo", "--force")
    assert "1 file → demo, 1 of them written over" in done.stderr
    assert (laptop.folder / "demo" / "notes.txt").read_text() == "mine too"


def test_a_template_is_not_written_into(cloud, laptop_that_runs):
    laptop = laptop_that_runs
    template = "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n"
    laptop.write("template.yaml", template)
    assert "it belongs to another tool" in laptop.lam("pull", "demo", code=1).stderr
    assert (laptop.folder / "template.yaml").read_text() == template


def test_a_version_is_pulled_by_its_number_or_alias(cloud, laptop_that_runs):
    laptop, client = laptop_that_runs, client_of(cloud)
    deployed(client, "aliased", "def handler(event, context): return 1\n", Publish=True)
    client.create_alias(FunctionName="aliased", Name="live", FunctionVersion="1")
    client.update_function_code(
        FunctionName="aliased", ZipFile=zip_of(**{"app.py": "def handler(event, context): return 2\n"})
    )
    for qualifier, answer in (("live", "1"), ("1", "1"), ("$LATEST", "2")):
        laptop.lam("pull", f"aliased:{qualifier}", "--force")
        assert laptop.lam("invoke", "aliased").stdout == answer


def test_code_goes_where_it_is_wanted_and_a_zip_stays_a_zip(cloud, laptop_that_runs):
    laptop, client = laptop_that_runs, client_of(cloud)
    deployed(client, "zipped")
    laptop.lam("pull", "zipped", "--code", "src/zipped")
    assert (laptop.folder / "src" / "zipped" / "app.py").read_text() == CODE
    laptop.write("lam.yaml", (laptop.folder / "lam.yaml").read_text().replace("src/zipped", "zipped.zip"))
    (laptop.folder / "zipped.zip").write_bytes(zip_of(**{"app.py": "old"}))
    assert "zipped.zip is another package" in laptop.lam("pull", "zipped", code=1).stderr
    laptop.lam("pull", "zipped", "--force")
    assert (laptop.folder / "zipped.zip").read_bytes() == zip_of(**{"app.py": CODE})


def test_secrets_in_lam_yaml_are_told_of_but_not_shown(cloud, laptop_that_runs):
    laptop, client = laptop_that_runs, client_of(cloud)
    deployed(client, "secretive", Environment={"Variables": {"DB_PASSWORD": "hunter2", "TABLE": "t"}})
    done = laptop.lam("pull", "secretive")
    assert "DB_PASSWORD: secrets by their names" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_function_of_moto_is_pulled_but_for_its_code(tmp_path):
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        given = {
            "endpoint_url": url,
            "region_name": "eu-west-1",
            "aws_access_key_id": "x",
            "aws_secret_access_key": "y",
        }
        iam = boto3.client("iam", **given)
        role = iam.create_role(RoleName="orders", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client = boto3.client("lambda", **given)
        deployed(client, "orders", Role=role, Timeout=9, Tags={"team": "x"}, Runtime="python3.13")
        with opened(tmp_path) as project:
            project.variables |= KEYS | {"AWS_ENDPOINT_URL": url, "AWS_REGION": "eu-west-1"}
            failed = project.lam("pull", "orders", code=1)
            assert "the code could not be had from awslambda-eu-west-1-tasks" in failed.stderr
            assert "`--no-code` brings the settings only; nothing was written" in failed.stderr
            assert list(project.folder.iterdir()) == []
            project.lam("pull", "orders", "--no-code")
            assert (project.folder / "lam.yaml").read_text() == (
                "region: eu-west-1\n"
                'account: "123456789012"\n'
                "functions:\n"
                "  orders:\n"
                "    runtime: python3.13\n"
                "    handler: app.handler\n"
                "    timeout: 9\n"
                "    tags:\n"
                "      team: x\n"
                f"    role: {role}\n"
            )
    finally:
        server.stop()
