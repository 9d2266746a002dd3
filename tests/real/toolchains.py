"""Programs that a machine may lack: a test is skipped with the reason, or fails where all must be there."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest


def missing(what: str) -> None:
    reason = f"{what} is not here"
    pytest.fail(reason) if os.environ.get("LAM_TEST_COMPLETE") == "1" else pytest.skip(reason)


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            missing(program)


def need_rust() -> dict[str, str]:
    """The variables with which cargo runs: rustup's looks for compilers in the home of whoever installed
    it."""
    need("cargo")
    rustup = os.environ.get("RUSTUP_HOME") or f"{pwd.getpwuid(os.getuid()).pw_dir}/.rustup"
    variables = {"RUSTUP_HOME": rustup}
    if subprocess.run(
        ["cargo", "--version"], env={**os.environ, **variables}, capture_output=True
    ).returncode:
        missing("a cargo that runs")
    return variables


def need_lambda_builders(*programs: str) -> None:
    need(*programs)
    if importlib.util.find_spec("aws_lambda_builders") is None:
        missing("the extra `build`")


def go_cache(session: pytest.TempPathFactory) -> str:
    """Go compiles its own library once for all tests of a session, not once for each."""
    base = session.getbasetemp()
    return str((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "go-cache")


def aws_cli_2() -> str:
    """The AWS CLI of the system: version 2 is no Python package, and version 1 lacks `aws logs tail`."""
    for folder in os.get_exec_path():
        program = shutil.which("aws", path=folder)
        if program is None:
            continue
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
        if told.startswith("aws-cli/2"):
            return program
    missing("the AWS CLI, version 2,")
    raise AssertionError("missing does not return")


def network_variables() -> dict[str, str]:
    """How this machine reaches package registries."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("SSL_CERT_", "UV_", "NODE_EXTRA_")) or name.lower().endswith("_proxy")
    }


def node_from_npm(folder: Path, major: int) -> Path:
    """A folder for the PATH with a real Node.js of this version, from the npm package `node`."""
    need("npm")
    folder.mkdir(parents=True)
    words = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), f"node@{major}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=180)
    program = folder / "node_modules" / "node" / "bin" / "node"
    if done.returncode != 0 or not program.exists():
        pytest.skip(f"npm does not give Node.js {major} here: {done.stderr.strip()[-200:]}")
    return program.parent
