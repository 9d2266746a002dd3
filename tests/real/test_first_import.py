"""What is installed with its compiled modules is not compiled again by the first function that imports it."""

from __future__ import annotations

from pathlib import Path

import pytest
from functions_house import open_house

pytestmark = pytest.mark.real

HANDLER = """
import os, sys

def handler(event, context):
    import boto3, own
    return {"sdk": sys.modules["boto3"].__cached__, "own": own.__cached__, "code": sorted(os.listdir("."))}
"""


def test_portable_walls_keep_compiled_modules_out_of_the_code_and_find_the_sdks(tmp_path: Path) -> None:
    functions = {"f": {"handler": "app.handler", "timeout": 20, "memory": 1769}}
    files = {"code/app.py": HANDLER, "code/own.py": ""}
    with open_house(tmp_path / "house", functions, files, variables={"LAM_WALLS": "portable"}) as house:
        answer = house.invoke("f").json
    assert "/bytecode/" not in answer["sdk"]
    assert "/__pycache__/" in answer["sdk"]
    assert "/bytecode/" in answer["own"]
    assert "__pycache__" not in answer["code"]
