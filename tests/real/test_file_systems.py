"""File systems of functions, in each kind of walls: shared between functions and kept; nothing else can be
written."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.real.functions_house import VERSION, House
from tests.real.walled import WALLED, open_in_mode

pytestmark = pytest.mark.real

ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0"
NAMED = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-fedcba9876543210f"
FILES = {
    "code/app.py": "def handler(event, context):\n    return event\n",
    "shared/given": "by the developer",
}
FUNCTIONS = {"echo": {"handler": "app.handler"}}
NOTES = """
import os

def handler(event, context):
    folder = event["folder"]
    for name, text in event.get("write", {}).items():
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), "a") as file:
            file.write(text)
    return {
        os.path.relpath(os.path.join(parent, name), folder): open(os.path.join(parent, name)).read()
        for parent, _, names in os.walk(folder)
        for name in names
    }
"""


def create(house: House, name: str, arn: str, mount: str) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", NOTES)
    house.client().create_function(
        FunctionName=name,
        Runtime=VERSION,
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/r",
        Code={"ZipFile": package.getvalue()},
        Timeout=20,
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        FileSystemConfigs=[{"Arn": arn, "LocalMountPath": mount}],
    )


def seen(house: House, name: str, folder: str, **write: str) -> Any:
    return house.invoke(name, {"folder": folder, "write": write}).json


@pytest.mark.parametrize("mode", WALLED)
def test_file_system_is_shared_and_kept(mode: str) -> None:
    with open_in_mode(mode, FUNCTIONS, FILES, {"file_systems": {NAMED: "shared"}}) as house:
        create(house, "writer", ACCESS_POINT, "/mnt/data")
        create(house, "reader", ACCESS_POINT, "/mnt/other")
        assert seen(house, "writer", "/mnt/data", **{"a": "1", "b/c": "x"}) == {"a": "1", "b/c": "x"}
        # Another function, so another environment: it may change what the first one made, folders too.
        both = seen(house, "reader", "/mnt/other", **{"a": "2", "b/d": "y"})
        assert both == {"a": "12", "b/c": "x", "b/d": "y"}
        kept = house.state / "file-systems" / "fsap-0123456789abcdef0"
        assert (kept / "a").read_text() == "12"
        elsewhere = house.invoke("writer", {"folder": "/var/task", "write": {"a": ""}})
        assert elsewhere.json["errorMessage"].startswith("[Errno 30] Read-only file system")

        create(house, "named", NAMED, "/mnt/named")
        assert seen(house, "named", "/mnt/named", mine="x") == {"given": "by the developer", "mine": "x"}
        assert (house.folder / "shared" / "mine").read_text() == "x"

        # What lam.yaml says counts at once: from now on it is another folder.
        lam_yaml = house.folder / "lam.yaml"
        lam_yaml.write_text(lam_yaml.read_text().replace(": shared", ": elsewhere"))
        assert seen(house, "named", "/mnt/named", mine="y") == {"mine": "y"}
        assert (house.folder / "elsewhere" / "mine").read_text() == "y"


def test_portable_walls_say_why_they_mount_nothing() -> None:
    with open_in_mode("portable", FUNCTIONS, FILES) as house:
        create(house, "f", ACCESS_POINT, "/mnt/lam-test-nothing")
        with pytest.raises(ClientError) as caught:
            house.invoke("f", {})
        error = caught.value.response["Error"]
        assert error["Code"] == "EFSMountFailureException"
        folder = house.state / "file-systems" / "fsap-0123456789abcdef0"
        hint = f"make /mnt/lam-test-nothing a link to {folder}"
        assert hint in error["Message"]
        assert any(hint in note for note in json.loads(house.lam("show", "f", "--json").stdout)["notes"])
