"""Who wins when names collide, and what each runtime sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.variables import environment_variables
from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes.base import StartPlan

PLACES: dict[str, str | None] = {
    "task_root": "/code",
    "runtime_api": "127.64.0.1:9001",
    "runtime_root": "/state/runtime",
    "opt_root": "/state/opt",
    "temporary": "/state/tmp/f-1",
    "log_stream": "2026/01/02/[$LATEST]ab",
}


def variables(
    runtime: str = "python3.13", plan: StartPlan | None = None, **own: dict[str, str]
) -> dict[str, str]:
    placement = Placement(
        key=PlacementKey(FunctionKey("123456789012", "eu-west-1", "f"), "7", "g"),
        runtime=runtime,
        handler="app.handler",
        task_root=Path("/code"),
        log_group="/aws/lambda/f",
        memory_mb=512,
        timeout_seconds=3,
        ephemeral_storage_mb=512,
        credentials=Credentials("key", "secret", "token"),
        **own,  # type: ignore[arg-type]
    )
    return environment_variables(placement, RuntimeName(runtime), plan or StartPlan(("/x",)), **PLACES)


PLAIN = {
    "_HANDLER": "app.handler",
    "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1",
    "_AWS_XRAY_DAEMON_PORT": "2000",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/02/[$LATEST]ab",
    "AWS_LAMBDA_RUNTIME_API": "127.64.0.1:9001",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
    "LAMBDA_TASK_ROOT": "/code",
    "LAMBDA_RUNTIME_DIR": "/state/runtime",
    "LANG": "en_US.UTF-8",
    "LD_LIBRARY_PATH": (
        "/var/lang/lib:/lib64:/usr/lib64:/state/runtime:/state/runtime/lib:/code:/code/lib:/state/opt/lib"
    ),
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/state/opt/bin",
    "PWD": "/code",
    "SHLVL": "0",
    "TMPDIR": "/state/tmp/f-1",
    "TZ": ":UTC",
}


def test_all_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_HOST", "1")
    assert variables() == PLAIN


@pytest.mark.parametrize("runtime", ["provided.al2023", "provided.al2"])
def test_own_runtimes_have_no_execution_environment(runtime: str) -> None:
    assert variables(runtime) == {name: value for name, value in PLAIN.items() if name != "AWS_EXECUTION_ENV"}


@pytest.mark.parametrize(
    "name", ["LANG", "TZ", "PATH", "LD_LIBRARY_PATH", "AWS_XRAY_CONTEXT_MISSING", "TMPDIR", "OWN"]
)
def test_what_is_preset_gives_way(name: str) -> None:
    assert variables(variables={name: "own"}) == {**PLAIN, name: "own"}


@pytest.mark.parametrize(
    "name", ["_HANDLER", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT"]
)
def test_what_is_reserved_does_not(name: str) -> None:
    assert variables(variables={name: "own"}) == PLAIN


def test_a_runtimes_own_variables() -> None:
    plan = StartPlan(
        ("/x",),
        variables={"PYTHONPATH": "/state/runtime", "LC_CTYPE": "C.UTF-8"},
        private_variables={"_LAM_PLACES": "{}"},
        has_framed_log=True,
    )
    own = {"PYTHONPATH": "mine", "_LAM_PLACES": "stolen"}
    assert variables(plan=plan, variables=own) == {
        **PLAIN,
        "PYTHONPATH": "mine",
        "LC_CTYPE": "C.UTF-8",
        "_LAM_PLACES": "{}",
        "_LAMBDA_TELEMETRY_LOG_FD": "62",
    }


def test_endpoints_of_local_services_give_way_to_the_functions_own() -> None:
    endpoints = {"AWS_ENDPOINT_URL_SQS": "http://a", "AWS_ENDPOINT_URL_S3": "http://b"}
    found = variables(endpoint_variables=endpoints, variables={"AWS_ENDPOINT_URL_S3": "http://own"})
    assert found["AWS_ENDPOINT_URL_SQS"] == "http://a"
    assert found["AWS_ENDPOINT_URL_S3"] == "http://own"
