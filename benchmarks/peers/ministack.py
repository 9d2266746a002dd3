"""ministack from PyPI, with its local executor, which needs no Docker."""

from __future__ import annotations

import contextlib
import io
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import boto3  # type: ignore[import-untyped]

from benchmarks import peers, processes
from benchmarks.target import Target, invocation_path

NAME = "ministack"
PACKAGE = "ministack"

# It listens on all addresses and has no option for that; whoever reaches it can run code. The launcher lets
# every listener of its process bind to loopback.
LAUNCHER = """\
import importlib.metadata, socket, sys
bind = socket.socket.bind
def bind_to_loopback(self, address):
    if self.family == socket.AF_INET and address[0] in ("", "0.0.0.0"):
        address = ("127.0.0.1", *address[1:])
    return bind(self, address)
socket.socket.bind = bind_to_loopback
sys.argv = ["ministack"]
(script,) = importlib.metadata.entry_points(group="console_scripts", name="ministack")
sys.exit(script.load()())
"""


def install(home: Path) -> str:
    return peers.python_environment(home, PACKAGE)


@contextlib.contextmanager
def run(home: Path, folder: Path, functions: Sequence[str]) -> Iterator[Mapping[str, Target]]:
    port = processes.free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }
    log = folder / "log"
    # The interpreter of its functions is the first python3 on the PATH.
    variables = peers.variables(folder, settings)
    variables["PATH"] = f"{home / 'venv' / 'bin'}:{variables['PATH']}"
    command = [str(home / "venv" / "bin" / "python"), "-c", LAUNCHER]
    with peers.with_log(log), processes.running(command, folder, variables, log):
        processes.wait_for(lambda: processes.accepts(port), "ministack accepts connections")
        for name in functions:
            _create(port, name, (folder / name / "app.py").read_text())
        yield {name: Target(port, invocation_path(name)) for name in functions}


def _create(port: int, name: str, source: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zip_file:
        zip_file.writestr("app.py", source)
    client = boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_function(
        FunctionName=name,
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/bench",
        Code={"ZipFile": archive.getvalue()},
        Timeout=60,
    )
    client.close()
