"""serverless-offline, a plugin of the Serverless Framework, in the last versions that need no login."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import peers, processes
from benchmarks.target import Target, invocation_path

NAME = "serverless-offline"
PACKAGES = ("serverless@3.40.0", "serverless-offline@13.9.0")


def install(home: Path) -> str:
    (home / "package.json").write_text('{"private": true}\n')
    peers.step(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *PACKAGES], home)
    return ", ".join(package.replace("@", " ") for package in PACKAGES)


@contextlib.contextmanager
def run(home: Path, folder: Path, functions: Sequence[str]) -> Iterator[Mapping[str, Target]]:
    (folder / "node_modules").symlink_to(home / "node_modules")
    port = processes.free_port()
    service = {
        "service": "bench",
        "frameworkVersion": "3",
        "provider": {"name": "aws", "runtime": f"python3.{sys.version_info.minor}"},
        "plugins": ["serverless-offline"],
        "custom": {
            "serverless-offline": {
                "host": "127.0.0.1",
                "httpPort": processes.free_port(),
                "lambdaPort": port,
            }
        },
        "functions": {name: {"handler": f"{name}/app.handler", "timeout": 60} for name in functions},
    }
    (folder / "serverless.yml").write_text(json.dumps(service))
    quiet = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "CI": "1"}
    log = folder / "log"
    command = [str(home / "node_modules" / ".bin" / "serverless"), "offline", "start"]
    with peers.with_log(log), processes.running(command, folder, peers.variables(folder, quiet), log):
        processes.wait_for(lambda: processes.accepts(port), "serverless-offline accepts connections")
        yield {name: Target(port, invocation_path(f"bench-dev-{name}")) for name in functions}
