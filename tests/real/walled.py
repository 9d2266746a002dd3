"""A house in each of the ways that functions are kept apart: `root` and `rootless` have Linux's walls,
`portable` has none."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.real.functions_house import REPOSITORY, House, open_house
from tests.real.toolchains import missing

NOBODY = 65534
WALLED = ("root", "rootless")
MODES = (*WALLED, "portable")


@contextlib.contextmanager
def open_in_mode(
    mode: str,
    functions: Mapping[str, Mapping[str, object]],
    files: Mapping[str, str],
    settings: Mapping[str, object] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[House]:
    """Lies where every user can reach it; pytest's own folders are for their owner only."""
    if sys.platform != "linux" and mode != "portable":
        pytest.skip("these walls are Linux's")
    user = user_of(mode)
    place = Path(tempfile.mkdtemp(prefix="lam-walled-"))
    place.chmod(0o755)
    sockets = place / "project" / "run"
    sockets.mkdir(parents=True, mode=0o700)
    own = {"XDG_RUNTIME_DIR": str(sockets), **(variables or {})}
    if mode == "portable":
        own["LAM_WALLS"] = "portable"
    try:
        with open_house(place / "project", functions, files, settings, own, user) as house:
            walls = json.loads(house.lam("status", "--json").stdout)["walls"]
            if mode != "portable" and walls != "linux":
                missing("what walls are made of (`lam doctor` tells more)")
            assert walls == ("portable" if mode == "portable" else "linux")
            yield house
    finally:
        shutil.rmtree(place)


def user_of(mode: str) -> int | None:
    """Who runs the service, if somebody else than who runs the tests."""
    if mode == "root" and os.getuid() != 0:
        missing("root")
    if mode != "rootless" or os.getuid() != 0:
        return None
    words = [sys.executable, "-c", "import lambdacli.service.main"]
    variables = {"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        words, env=variables, cwd="/", user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True
    )
    if done.returncode != 0:
        missing("an interpreter that a user without rights can run")
    return NOBODY
