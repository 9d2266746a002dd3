"""Functions made over the API of a whole service: what waits for them, where their code comes from, and
the log groups they are given."""

from __future__ import annotations

import importlib.util
import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from functions_house import VERSION, House, open_house, wait_until

from tests.s3_server import open_s3

pytestmark = pytest.mark.real

ROLE = "arn:aws:iam::000000000000:role/r"
ECHO = "def handler(event, context):\n    return event\n"
VARIABLES = """
import os

def handler(event, context):
    print("seen by", context.log_group_name)
    return [os.environ.get(name) for name in event]
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("api")
    functions = {"echo": {"handler": "echo.handler"}}
    with open_house(folder, functions, {"code/echo.py": ECHO}) as house:
        yield house


def zip_of(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("app.py", text)
    return out.getvalue()


def create(house: House, name: str, code: object, **more: Any) -> Any:
    given = {"ZipFile": zip_of(code)} if isinstance(code, str) else code
    return house.client().create_function(
        FunctionName=name, Runtime=VERSION, Handler="app.handler", Role=ROLE, Code=given, Timeout=20, **more
    )


# Waiting


def test_boto3s_waiters_and_the_aws_clis_are_satisfied(house: House) -> None:
    client = house.client()
    assert create(house, "waited", ECHO, Publish=True)["State"] == "Pending"
    words = [sys.executable, "-m", "awscli", "--endpoint-url", house.endpoint, "lambda", "wait"]
    for waiter in ("function-exists", "function-active", "function-active-v2", "function-updated-v2"):
        assert house.run([*words, waiter, "--function-name", "waited"]).returncode == 0
    client.get_waiter("function_active_v2").wait(FunctionName="waited")
    client.get_waiter("published_version_active").wait(FunctionName="waited", Qualifier="1")
    client.update_function_configuration(FunctionName="waited", MemorySize=256)
    client.get_waiter("function_updated_v2").wait(FunctionName="waited")
    client.update_function_code(FunctionName="waited", ZipFile=zip_of(VARIABLES))
    client.get_waiter("function_updated").wait(FunctionName="waited")
    seen = house.invoke("waited", ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
    assert seen.json == ["256"]


# Code from a folder


def test_folder_given_over_the_api_is_followed(house: House) -> None:
    source = house.folder / "elsewhere"
    source.mkdir()
    (source / "app.py").write_text("def handler(event, context):\n    return 'first'\n")
    create(house, "hot", {"S3Bucket": "hot-reload", "S3Key": str(source)}, Publish=True)
    assert house.invoke("hot").json == "first"
    (source / "app.py").write_text("def handler(event, context):\n    return 'second'\n")
    wait_until(lambda: house.invoke("hot").json == "second", "the change counts")
    assert house.invoke("hot", Qualifier="1").json == "first"

    other = house.folder / "another"
    other.mkdir()
    (other / "app.py").write_text("def handler(event, context):\n    return 'third'\n")
    house.client().update_function_code(FunctionName="hot", S3Bucket="hot-reload", S3Key=str(other))
    assert house.invoke("hot").json == "third"
    (other / "app.py").write_text("def handler(event, context):\n    return 'fourth'\n")
    wait_until(lambda: house.invoke("hot").json == "fourth", "the change in the new folder counts")
    house.client().delete_function(FunctionName="hot")


@pytest.mark.parametrize("key", ["relative/folder", "/", "/no/such/folder/of/mine"])
def test_what_is_no_folder_is_refused(house: House, key: str) -> None:
    with pytest.raises(ClientError, match="With S3Bucket hot-reload, S3Key must be"):
        create(house, "nowhere", {"S3Bucket": "hot-reload", "S3Key": key})


def test_package_that_no_s3_has_is_refused_with_what_to_do(house: House) -> None:
    """With the extra `services` there is an S3 here; without it, somebody has to say where there is one."""
    has_neighbours = importlib.util.find_spec("moto") is not None
    said = (
        "S3 Error Code: NoSuchBucket"
        if has_neighbours
        else r"name its address in lam.yaml, as in `services: "
    )
    with pytest.raises(ClientError, match=said):
        create(house, "nowhere", {"S3Bucket": "bucket", "S3Key": "key.zip"})


def test_package_comes_from_the_s3_of_lam_yaml_and_its_refusals_too(tmp_path: Path) -> None:
    objects = {
        ("code", "echo.zip", None): zip_of(ECHO),
        ("code", "echo.zip", "older"): zip_of("def handler(event, context):\n    return 'older'\n"),
        ("code", "broken.zip", None): b"no zip",
    }
    functions = {"echo": {"handler": "echo.handler"}}
    with open_s3(objects) as s3:
        settings = {"services": {"s3": s3.address}}
        with open_house(tmp_path / "s3", functions, {"code/echo.py": ECHO}, settings) as house:
            create(house, "f", {"S3Bucket": "code", "S3Key": "echo.zip"})
            assert house.invoke("f", "new").json == "new"
            update = house.client().update_function_code
            update(FunctionName="f", S3Bucket="code", S3Key="echo.zip", S3ObjectVersion="older")
            assert house.invoke("f", "new").json == "older"
            for key, message in {
                "no.zip": "S3 Error Code: NoSuchKey",
                "broken.zip": "Could not unzip",
            }.items():
                with pytest.raises(ClientError, match=message):
                    update(FunctionName="f", S3Bucket="code", S3Key=key)
            assert house.invoke("f", "new").json == "older"


# Logs


def test_logs_go_to_the_group_that_was_given_and_are_found(house: House) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "LogGroup": "/shared/group"}
    create(house, "logger", VARIABLES, LoggingConfig=logging)
    wanted = ["AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL"]
    assert house.invoke("logger", wanted).json == ["/shared/group", "JSON", "WARN"]
    [file] = (house.state / "logs" / "000000000000" / "us-east-1" / "%2Fshared%2Fgroup").glob("*")
    assert "%2Flogger%5B%24LATEST%5D" in file.name
    assert "seen by /shared/group" in house.lam("logs", "logger").stdout
    assert "seen by" not in house.lam("logs", "echo").stdout
    house.client().update_function_configuration(FunctionName="logger", LoggingConfig={"LogFormat": "Text"})
    assert house.invoke("logger", wanted[1:]).json == [None, None]
    notes = house.lam("show", "logger").stderr
    assert "LogFormat" not in notes


def test_lam_show_and_the_log_tell_what_has_no_effect(house: House) -> None:
    create(house, "traced", ECHO, TracingConfig={"Mode": "Active"}, SnapStart={"ApplyOn": "None"})
    shown = house.lam("show", "traced")
    assert ["tracing", "Active"] in [line.split() for line in shown.stdout.splitlines()]
    assert "TracingConfig Active has no effect yet" in shown.stderr
    assert "traced: TracingConfig Active has no effect yet" in house.journal()


# The end


def test_delete_takes_all_that_belongs_to_the_function_and_leaves_its_logs(house: House) -> None:
    client = house.client()
    create(house, "gone", ECHO, Publish=True)
    client.create_alias(FunctionName="gone", Name="live", FunctionVersion="1")
    client.put_function_concurrency(FunctionName="gone", ReservedConcurrentExecutions=3)
    assert house.invoke("gone", 1, Qualifier="live").json == 1
    client.delete_function(FunctionName="gone")
    for qualifier in (None, "1", "live"):
        more = {} if qualifier is None else {"Qualifier": qualifier}
        with pytest.raises(ClientError, match="Function not found"):
            client.get_function(FunctionName="gone", **more)
    assert "START RequestId" in house.log("gone")
    create(house, "gone", ECHO)
    assert client.list_aliases(FunctionName="gone")["Aliases"] == []
    assert client.publish_version(FunctionName="gone")["Version"] == "1"
    assert "Concurrency" not in client.get_function(FunctionName="gone")
