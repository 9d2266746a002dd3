"""The AWS CLI from create to delete: versions, a weighted alias, its invocations."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from functions_house import VERSION, House, open_house

pytestmark = pytest.mark.real

ROLE = "arn:aws:iam::000000000000:role/r"
CODE = 'def handler(event, context):\n    return ["{name}", context.function_version]\n'


@pytest.fixture
def house(tmp_path: Path) -> Any:
    with open_house(tmp_path, {}, {}) as house:
        yield house


@pytest.fixture
def aws(house: House) -> Callable[..., Any]:
    def run(*words: str, code: int = 0) -> Any:
        command = [sys.executable, "-m", "awscli", "--endpoint-url", house.endpoint, "lambda", *words]
        done = house.run(command)
        assert done.returncode == code, f"{words}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout) if code == 0 and done.stdout else done.stderr

    return run


def package(house: House, name: str) -> str:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("app.py", CODE.format(name=name))
    file = house.folder / f"{name}.zip"
    file.write_bytes(out.getvalue())
    return f"fileb://{file}"


def test_create_publish_alias_weighted_invoke_delete(house: House, aws: Callable[..., Any]) -> None:
    named = ("--function-name", "story")
    settings = ("--runtime", VERSION, "--handler", "app.handler", "--role", ROLE, "--memory-size", "1024")
    created = aws("create-function", *named, *settings, "--zip-file", package(house, "one"))
    assert created["State"] == "Pending"
    aws("wait", "function-active-v2", *named)
    assert aws("publish-version", *named)["Version"] == "1"
    aws("update-function-code", *named, "--zip-file", package(house, "two"))
    aws("wait", "function-updated-v2", *named)
    assert aws("publish-version", *named, "--description", "second")["Version"] == "2"
    versions = aws("list-versions-by-function", *named)["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST", "1", "2"]

    routing = '{"AdditionalVersionWeights": {"2": 0.5}}'
    alias = ("--name", "live", "--function-version", "1", "--routing-config", routing)
    assert aws("create-alias", *named, *alias)["RoutingConfig"] == json.loads(routing)
    seen: Counter[str] = Counter()
    out = house.folder / "out.json"
    while len(seen) < 2 and sum(seen.values()) < 30:
        told = aws("invoke", *named, "--qualifier", "live", str(out))
        name, version = json.loads(out.read_text())
        assert (told["StatusCode"], told["ExecutedVersion"]) == (200, version)
        assert name == {"1": "one", "2": "two"}[version]
        seen[version] += 1
    assert set(seen) == {"1", "2"}

    refused = aws("delete-function", *named, "--qualifier", "2", code=255)
    assert "Unable to delete version because the following aliases reference it: [live]" in refused
    aws("update-alias", *named, "--name", "live", "--function-version", "2", "--routing-config", "{}")
    aws("delete-alias", *named, "--name", "live")
    aws("delete-function", *named, "--qualifier", "2")
    aws("delete-function", *named)
    gone = aws("get-function", *named, code=255)
    assert "ResourceNotFoundException" in gone
