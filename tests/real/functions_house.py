"""A whole service with functions in a project of its own, and the three ways to invoke them: boto3, the AWS
CLI, lam."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psutil
import yaml
from botocore.config import Config

from lambdacli.model.location import locate, prepare
from lambdacli.runtimes import python as python_runtime
from tests.real.toolchains import network_variables

REPOSITORY = Path(__file__).parents[2]
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
INTERPRETERS = python_runtime.search()
"""Found before any test gets a HOME of its own."""

WALLS = {name: os.environ[name] for name in ("LAM_WALLS",) if name in os.environ}
"""Which walls this run of the tests is about, when not this machine's own."""

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Answer:
    """What any of the three clients got; `log` holds the tail's lines."""

    status: int
    payload: bytes
    function_error: str | None
    version: str | None
    log: str
    request_id: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.payload)

    def plain(self, text: str) -> str:
        """With this invocation's id blanked out."""
        return text.replace(self.request_id, "<id>")


@dataclass
class House:
    folder: Path
    environment: dict[str, str]
    service: subprocess.Popen[bytes]
    state: Path
    record: dict[str, Any]
    functions: tuple[str, ...] = ()
    user: Mapping[str, Any] = field(default_factory=dict)
    """How to start a process as the one whose house it is."""

    @property
    def endpoint(self) -> str:
        return str(self.record["endpoint"])

    def client(self, service: str = "lambda", **config: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=90, **config),
        )

    @functools.cached_property
    def is_walled(self) -> bool:
        """Whether its functions live behind the walls of Linux: not if those were not wanted, or refused."""
        return bool(json.loads(self.lam("status", "--json").stdout)["walls"] == "linux")

    def seen(self, file: Path, code: str = "code") -> str:
        """What a function with this code folder calls a file of this machine."""
        if not self.is_walled:
            return str(file)
        for folder, name in {
            self.folder / code: "/var/task",
            self.folder / "layer": "/opt",
            self.state / "runtime" / "opt": "/opt",
            self.state / "runtime" / "python": "/var/runtime",
        }.items():
            if file.is_relative_to(folder):
                return str(Path(name) / file.relative_to(folder))
        raise AssertionError(f"no function sees {file}")

    # Three ways to invoke

    def invoke(self, name: str, payload: object = None, **more: Any) -> Answer:
        """Through boto3."""
        given = {} if payload is None else {"Payload": json.dumps(payload).encode()}
        client = self.client()
        try:
            answer = client.invoke(FunctionName=name, LogType="Tail", **given, **more)
            return Answer(
                answer["StatusCode"],
                answer["Payload"].read(),
                answer.get("FunctionError"),
                answer.get("ExecutedVersion"),
                base64.b64decode(answer.get("LogResult", "")).decode(errors="replace"),
                answer["ResponseMetadata"]["RequestId"],
                answer["ResponseMetadata"]["HTTPHeaders"],
            )
        finally:
            client.close()

    def invoke_by_aws_cli(self, name: str, payload: object = None) -> Answer:
        out = self.folder / f"{name}.out.json"
        words = ["--endpoint-url", self.endpoint, "lambda", "invoke", "--function-name", name]
        words += ["--log-type", "Tail", "--payload", json.dumps(payload or {}), str(out)]
        done = self.run([sys.executable, "-m", "awscli", *words])
        assert done.returncode == 0, done.stderr
        return self._told(json.loads(done.stdout), out.read_bytes())

    def invoke_by_lam(self, name: str, payload: object = None) -> Answer:
        out = self.folder / f"{name}.out.json"
        done = self.lam(
            "invoke", name, str(out), "--log-type", "Tail", "--payload", json.dumps(payload or {})
        )
        told = json.loads(done.stdout)
        assert done.returncode == (1 if "FunctionError" in told else 0), done.stderr
        return self._told(told, out.read_bytes())

    @staticmethod
    def _told(told: dict[str, Any], payload: bytes) -> Answer:
        log = base64.b64decode(told.get("LogResult", "")).decode(errors="replace")
        found = re.search(r"RequestId: (\S+)", log)
        return Answer(
            told["StatusCode"],
            payload,
            told.get("FunctionError"),
            told.get("ExecutedVersion"),
            log,
            found[1] if found else "",
        )

    def lam(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, "-m", "lambdacli", *words])

    def run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            stdin=subprocess.DEVNULL,
            **self.user,
        )

    # What it leaves and holds

    def events(self, name: str) -> list[tuple[str, str]]:
        """(stream, message) of every log event of a function, stream by stream."""
        folder = self.state / "logs" / "000000000000" / "us-east-1" / f"%2Faws%2Flambda%2F{name}"
        return [
            (file.stem, json.loads(line)["m"])
            for file in sorted(folder.glob("*.ndjson"))
            for line in file.read_text().split("\n")[:-1]  # the last may be half written
        ]

    def log(self, name: str) -> str:
        """All that a function logged."""
        return "".join(
            message if message.endswith("\n") else message + "\n" for _, message in self.events(name)
        )

    def journal(self) -> str:
        """The service's own log."""
        return (self.state / "service.log").read_text()

    def processes(self) -> list[psutil.Process]:
        """Everything below the service: the keeper, the guardians, the functions' own."""
        return psutil.Process(self.service.pid).children(recursive=True)

    def functions_processes(self) -> list[int]:
        """Everything that was started for one of this house's functions, wherever it hangs now: it was told
        where their code lies, or is shown it by a mount."""
        mark = f"LAMBDA_TASK_ROOT={self.folder}/".encode()
        shown = f" {self.folder}/".encode()
        return [
            pid
            for pid in psutil.pids()
            if mark in told_of(pid, "environ") or shown in told_of(pid, "mountinfo")
        ]

    def descriptors(self) -> int:
        """Open ones of the service."""
        return psutil.Process(self.service.pid).num_fds()

    def threads(self) -> int:
        return psutil.Process(self.service.pid).num_threads()


def told_of(pid: int, what: str) -> bytes:
    """A file of /proc; nothing when the process is gone, or somebody else's."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/{what}").read_bytes()
    return b""


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def open_house(
    folder: Path,
    functions: Mapping[str, Mapping[str, object]],
    files: Mapping[str, str],
    settings: Mapping[str, object] | None = None,
    variables: Mapping[str, str] | None = None,
    user: int | None = None,
) -> Iterator[House]:
    """Writes the project, starts its service at a free port, and sees at the end that nothing is left.

    Files that begin with #! become executable. Another user's house is his, and so is its service."""
    folder = folder.resolve()
    (folder / "home").mkdir(parents=True)
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if text.startswith("#!"):
            file.chmod(0o755)
    defaults = {"runtime": VERSION, "code": "code"}
    project = {
        **(settings or {}),
        "functions": {name: {**defaults, **own} for name, own in functions.items()},
    }
    (folder / "lam.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    interpreters = [str(found.path.parent) for found in INTERPRETERS.values()]
    environment = {
        **KEYS,
        **network_variables(),
        "HOME": str(folder / "home"),
        "PATH": os.pathsep.join([*interpreters, os.environ["PATH"]]),
        "PYTHONPATH": str(REPOSITORY),
        "LANG": "C.UTF-8",
        **WALLS,
        **(variables or {}),
    }
    place = locate(folder, environment)
    prepare(place)
    # Many machines write core files; here they are told to, so that one left behind is noticed.
    command = ["/bin/sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh"]
    command += [sys.executable, "-m", "lambdacli.service", "--project", str(folder / "lam.yaml")]
    command += ["--state-dir", str(place.state_dir), "--socket", str(place.socket_path)]
    command += ["--cache-dir", str(place.cache_dir), "--port", "0"]
    if user is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
    as_user: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    with (place.state_dir / "service.log").open("wb") as log:
        service = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log, **as_user)
    house = House(folder, environment, service, place.state_dir, {}, tuple(functions), as_user)
    try:
        wait_until(lambda: place.socket_path.exists() or service.poll() is not None, "the service starts", 30)
        assert service.poll() is None, house.journal()
        house.record = json.loads(place.service_file.read_text())
        yield house
    finally:
        left = house.processes() if service.poll() is None else []
        service.send_signal(signal.SIGTERM)
        try:
            service.wait(30)
        finally:
            service.kill()
            service.wait()
    assert service.returncode == 0, house.journal()
    assert [process for process in left if process.is_running()] == []
    assert house.functions_processes() == []
    assert not place.socket_path.exists()
    assert "Traceback" not in house.journal(), house.journal()
    # A runtime that is ended between invocations says nothing about it.
    logs = (house.state / "logs").rglob("*.ndjson")
    assert [file for file in logs if "the Runtime API answered" in file.read_text()] == []
