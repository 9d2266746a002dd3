"""What every test may rely on: an empty home, a quick failure for anything that would touch the real one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# Doubles live beside the tests that use them.
for folder in ("environments",):
    sys.path.insert(0, str(Path(__file__).parent / folder))


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """State, cache and sockets go to a folder of the test's own, whatever the developer's environment
    says."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("AWS_", "LAM_"))]:
        if name not in ("LAM_TEST_COMPLETE", "LAM_WALLS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
