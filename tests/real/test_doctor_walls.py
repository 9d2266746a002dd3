"""`lam doctor` tells the truth about the walls: each thing it calls granted is what a function finds."""

from __future__ import annotations

import json
import os
import sys

import pytest
from functions_house import House, open_house, wait_until

pytestmark = pytest.mark.real

CODE = """
import os, resource, subprocess

def look(event, context):
    disk = os.statvfs("/tmp")
    return {
        "is_task_there": os.environ["LAMBDA_TASK_ROOT"] == "/var/task",
        "tmp_mb": disk.f_blocks * disk.f_frsize // 1024 ** 2,
        "sees": os.path.exists(event["secret"]),
        "processes": len([name for name in os.listdir("/proc") if name.isdigit()])
        if os.path.exists("/proc") else None,
        "limit": resource.getrlimit(resource.RLIMIT_NPROC)[0],
    }

def network(event, context):
    return os.readlink("/proc/self/ns/net") if os.path.exists("/proc/self/ns/net") else ""
"""
FUNCTIONS = {
    "look": {"handler": "app.look", "ephemeral_storage": 600, "timeout": 20},
    "network": {"handler": "app.network", "network": "isolated", "timeout": 20},
}
WALLS_GIVE = ("walls", "private /tmp", "process namespace", "isolated network")


def grants_of(house: House) -> dict[str, dict[str, object]]:
    done = house.lam("doctor", "--json")
    assert done.returncode == 0, done.stderr
    return {grant["name"]: grant for grant in json.loads(done.stdout)["grants"]}


@pytest.mark.parametrize("wanted", ["auto", "portable"])
def test_what_the_doctor_says_is_what_a_function_finds(tmp_path, wanted: str) -> None:
    variables = {} if wanted == "auto" else {"LAM_WALLS": wanted}
    with open_house(tmp_path / "house", FUNCTIONS, {"code/app.py": CODE}, variables=variables) as house:
        told = grants_of(house)
        walls = json.loads(house.lam("status", "--json").stdout)["walls"]
        (house.folder / "secret").write_text("of the developer")
        found = house.invoke("look", {"secret": str(house.folder / "secret")}).json
        own = os.readlink("/proc/self/ns/net") if sys.platform == "linux" else ""
        is_isolated = house.invoke("network").json != own

        is_linux = walls == "linux"
        if wanted == "portable":
            assert not is_linux
            assert "LAM_WALLS=portable" in str(told["walls"]["detail"])
            assert "LAM_WALLS=portable" in str(told["walls"]["remedy"])
        assert {name: told[name]["is_granted"] for name in WALLS_GIVE} == dict.fromkeys(WALLS_GIVE, is_linux)
        assert (found["is_task_there"], found["sees"]) == (is_linux, not is_linux)
        assert (found["tmp_mb"] == 600) is told["private /tmp"]["is_granted"]
        assert is_isolated is told["isolated network"]["is_granted"]
        if sys.platform == "linux":
            assert (found["processes"] == 2) is told["process namespace"]["is_granted"]
        if told["process limit"]["is_granted"]:
            assert found["limit"] == 1025  # its guardian counts too
        is_root = os.getuid() == 0
        assert told["user per environment"]["is_granted"] is (is_linux and is_root)
        assert told["templates"]["is_granted"] is (sys.platform == "linux")
        silent = [grant["name"] for grant in told.values() if not grant["is_granted"] and not grant["remedy"]]
        assert silent in ([], ["cgroups"])


def test_the_doctor_leaves_nothing_and_can_be_asked_again(tmp_path) -> None:
    with open_house(tmp_path / "house", {"look": FUNCTIONS["look"]}, {"code/app.py": CODE}) as house:
        first = grants_of(house)
        held = house.descriptors()
        for _ in range(3):
            assert grants_of(house) == first
        wait_until(lambda: len(house.processes()) == 1, "only the keeper is left")
        wait_until(lambda: house.descriptors() <= held, f"no more than {held} descriptors")
