"""AWS's runtime interface emulator, built with Go or found on the PATH, with AWS's own Python client."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import peers, processes
from benchmarks.target import Target, invocation_path

NAME = "aws-lambda-rie"
MODULE = "github.com/aws/aws-lambda-runtime-interface-emulator"


def install(home: Path) -> str:
    _emulator(home)
    return f"{NAME}, {peers.python_environment(home, 'awslambdaric')}"


def _emulator(home: Path) -> None:
    ready = shutil.which(NAME)
    if ready is not None:
        shutil.copy2(ready, home / NAME)
        return
    go = {"GOBIN": str(home), "GOFLAGS": "-modcacherw"}
    peers.step([_go(), "install", f"{MODULE}/cmd/{NAME}@latest"], home, go)


@contextlib.contextmanager
def run(home: Path, folder: Path, functions: Sequence[str]) -> Iterator[Mapping[str, Target]]:
    """Serves one function only: it knows a single name and has a single environment."""
    (function,) = functions
    port = processes.free_port()
    command = [
        *(str(home / NAME), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{processes.free_port()}"),
        *(str(home / "venv" / "bin" / "python"), "-m", "awslambdaric", "app.handler"),
    ]
    settings = {"AWS_LAMBDA_FUNCTION_TIMEOUT": "60", "AWS_REGION": "us-east-1"}
    log = folder / "log"
    variables = peers.variables(folder, settings)
    with peers.with_log(log), processes.running(command, folder / function, variables, log):
        processes.wait_for(lambda: processes.accepts(port), "the emulator accepts connections")
        yield {function: Target(port, invocation_path("function"))}


def _go() -> str:
    """Go's own installer puts it where no PATH leads by itself."""
    found = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if found is None:
        raise peers.NotInstalled("neither aws-lambda-rie nor go is on the PATH")
    return found
