"""Provisioned concurrency with real processes: environments that are ready before anybody calls."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.real.functions_house import House, open_house, wait_until

pytestmark = pytest.mark.real

MODULE = """\
import os, time

if os.environ.get("FAILS"):
    raise ValueError("not today")

served = 0


def handler(event, context):
    global served
    served += 1
    if event.get("exits"):
        os._exit(3)
    time.sleep(event.get("sleep", 0))
    return [os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], served]
"""

FUNCTION = {"handler": "app.handler", "timeout": 20}
FUNCTIONS: dict[str, dict[str, object]] = {name: FUNCTION for name in ("kept", "moves", "dies", "spills")}
FUNCTIONS["full"] = FUNCTION | {"concurrency": 1}
FUNCTIONS["fails"] = FUNCTION | {"env": {"FAILS": "1"}}
READY = "READY"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("provisioned")
    with open_house(folder, FUNCTIONS, {"code/app.py": MODULE}) as house:
        yield house


@pytest.fixture(scope="module")
def client(house: House) -> Any:
    return house.client()


def provision(client: Any, name: str, qualifier: str, count: int) -> dict[str, Any]:
    answer: dict[str, Any] = client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )
    return answer


def shown(client: Any, name: str, qualifier: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
    return answer


def wait_for(client: Any, name: str, qualifier: str, status: str = READY) -> dict[str, Any]:
    wait_until(
        lambda: shown(client, name, qualifier)["Status"] == status, f"{name}:{qualifier} is {status}", 30
    )
    return shown(client, name, qualifier)


def processes(house: House, name: str) -> list[int]:
    told = json.loads(house.lam("envs", name, "--json").stdout)
    return [environment["process_id"] for environment in told["environments"]]


def test_environments_are_ready_before_the_first_invocation(house: House, client: Any) -> None:
    client.publish_version(FunctionName="kept")
    answer = provision(client, "kept", "1", 2)
    assert (answer["Status"], answer["AllocatedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 0)
    ready = wait_for(client, "kept", "1")
    assert ready["AllocatedProvisionedConcurrentExecutions"] == 2
    assert ready["AvailableProvisionedConcurrentExecutions"] == 2
    assert house.invoke("kept:1").json[:2] == ["provisioned-concurrency", 1]
    assert house.invoke("kept").json[0] == "on-demand"
    client.delete_provisioned_concurrency_config(FunctionName="kept", Qualifier="1")
    wait_until(lambda: house.invoke("kept:1").json[0] == "on-demand", "the kept ones have gone")


def test_one_that_dies_is_made_again(house: House, client: Any) -> None:
    client.publish_version(FunctionName="dies")
    provision(client, "dies", "1", 1)
    wait_for(client, "dies", "1")
    assert house.invoke("dies:1", {"exits": True}).function_error == "Unhandled"
    wait_for(client, "dies", "1")
    assert house.invoke("dies:1").json[:2] == ["provisioned-concurrency", 1]
    (process,) = processes(house, "dies")
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: processes(house, "dies") not in ([], [None], [process]), "there is another one")
    wait_for(client, "dies", "1")
    assert house.invoke("dies:1").json[:2] == ["provisioned-concurrency", 1]


def test_init_that_fails_is_told_and_not_repeated(house: House, client: Any) -> None:
    client.publish_version(FunctionName="fails")
    provision(client, "fails", "1", 1)
    failed = wait_for(client, "fails", "1", "FAILED")
    assert failed["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"


def test_alias_takes_its_environments_along(house: House, client: Any) -> None:
    client.publish_version(FunctionName="moves")
    client.create_alias(FunctionName="moves", Name="live", FunctionVersion="1")
    provision(client, "moves", "live", 1)
    wait_for(client, "moves", "live")
    (house.folder / "code/app.py").write_text(MODULE + "# changed\n")
    assert client.publish_version(FunctionName="moves")["Version"] == "2"
    client.update_alias(FunctionName="moves", Name="live", FunctionVersion="2")
    moved = wait_for(client, "moves", "live")
    assert moved["AllocatedProvisionedConcurrentExecutions"] == 1
    assert house.invoke("moves:live").json[0] == "provisioned-concurrency"
    wait_until(lambda: house.invoke("moves:1").json[0] == "on-demand", "the old version's have gone")


def test_more_callers_than_provisioned_spill_over(house: House, client: Any) -> None:
    client.publish_version(FunctionName="spills")
    provision(client, "spills", "1", 1)
    wait_for(client, "spills", "1")
    kinds: list[str] = []

    def call() -> None:
        kinds.append(house.invoke("spills:1", {"sleep": 1}).json[0])

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(kinds) == ["on-demand", "on-demand", "provisioned-concurrency"]


def test_reservation_that_is_provisioned_for_one_version_leaves_nothing_to_the_others(
    house: House, client: Any
) -> None:
    client.publish_version(FunctionName="full")
    provision(client, "full", "1", 1)
    wait_for(client, "full", "1")
    with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
        house.invoke("full")
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
    assert house.invoke("full:1").json == ["provisioned-concurrency", 1]
