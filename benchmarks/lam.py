"""A project of its own with its own service, driven by the real command and the real API."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks import processes
from benchmarks.callers import Answer, Caller
from benchmarks.machine import REPOSITORY
from benchmarks.target import Target, invocation_path

COMMAND = str(Path(sys.executable).with_name("lam"))
PYTHON_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
FUNCTIONS = Path(__file__).with_name("functions")
COLD_HEADER = {"X-Lam-Cold": "1", "X-Amz-Log-Type": "Tail"}
COLD_SECONDS = 10.0
ONE_CPU_MB = 1769
"""The memory with which a function has one processor, as a peer that sets no limit gives it."""
_INIT_DURATION = re.compile(r"Init Duration: ([0-9.]+) ms")


class LamError(Exception):
    """What lam was asked for and cannot do; its own words."""


@dataclass(frozen=True, slots=True)
class Function:
    """`name` is also its folder in benchmarks/functions, if no other is named."""

    name: str
    folder: str = ""
    runtime: str = PYTHON_RUNTIME
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColdStart:
    caller_ms: float
    init_ms: float
    is_forced: bool
    """By the header; otherwise by a change of the code."""


class Lam:
    def __init__(self, folder: Path, runtime_folder: Path) -> None:
        self.folder = folder
        self.variables = environment(folder.parent / "home", runtime_folder)
        self._edits = 0

    def write(
        self, functions: Sequence[Function], max_environments: int, settings: Mapping[str, str] | None = None
    ) -> None:
        lines = [f"{key}: {value}" for key, value in (settings or {}).items()]
        lines += [f"max_environments: {max_environments}", "functions:"]
        for function in functions:
            shutil.copytree(FUNCTIONS / (function.folder or function.name), self.folder / function.name)
            lines += [f"  {function.name}:", f"    runtime: {function.runtime}", "    handler: app.handler"]
            lines += [f"    code: {function.name}", "    timeout: 60"]
            lines.append(f"    memory: {ONE_CPU_MB}")
            lines += [f"    {key}: {value}" for key, value in function.settings.items()]
        (self.folder / "lam.yaml").write_text("\n".join(lines) + "\n")

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != 0:
            raise LamError(f"lam {arguments[0]}: {first_problem(done.stdout, done.stderr)}")
        return done.stdout

    # The service

    @property
    def pid(self) -> int:
        return int(self._record()["pid"])

    @property
    def socket(self) -> Path:
        return Path(self._record()["socket"])

    def target(self, function: str) -> Target:
        return Target(int(self._record()["endpoint"].rpartition(":")[2]), invocation_path(function))

    def url_target(self, function: str) -> Target:
        """By its path: wrk asks a resolver, which may not know the name. Nobody signs."""
        told = json.loads(self.command("list", "--json"))["functions"]
        (url,) = next(each["urls"] for each in told if each["name"] == function)
        url_id = str(urlsplit(url).hostname).partition(".")[0]
        return Target(self.target(function).port, f"/_url/{url_id}/", authorization="none")

    def environments(self) -> dict[str, int]:
        """How many are in which state."""
        return dict(json.loads(self.command("status", "--json"))["environments"])

    def below(self) -> list[int]:
        """Everything that the service started: keepers, templates, guardians and runtimes."""
        return [process.pid for process in processes.descendants(self.pid)]

    # Invocations

    def invoke(self, function: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        with Caller(self.target(function), self.socket) as caller:
            return right(caller.post(body, headers))

    def cold(self, function: str) -> ColdStart:
        """One invocation in a fresh environment. Where the service does not know the header, the code is
        changed, and the first invocation that meets the change is the cold one."""
        started = self._timed(function)
        if started is not None:
            return ColdStart(*started, is_forced=True)
        self._edits += 1
        source = next((self.folder / function).glob("app.*"))
        source.write_text(f"{source.read_text()}\n")
        deadline = time.monotonic() + COLD_SECONDS
        while time.monotonic() < deadline:
            started = self._timed(function)
            if started is not None:
                return ColdStart(*started, is_forced=False)
        raise LamError(f"no cold start of {function} within {COLD_SECONDS:g} s of a change of its code")

    def _timed(self, function: str) -> tuple[float, float] | None:
        """What the caller saw and the init took; None if the environment was a warm one."""
        with Caller(self.target(function), self.socket) as caller:
            began = time.perf_counter()
            answer = right(caller.post(b"{}", COLD_HEADER))
            took = (time.perf_counter() - began) * 1000
        init_ms = init_duration_ms(base64.b64decode(answer.headers.get("x-amz-log-result", "")).decode())
        return None if init_ms is None else (took, init_ms)

    def _record(self) -> dict[str, str]:
        return dict(json.loads((self.folder / ".lam" / "service.json").read_text()))


def first_problem(stdout: str, stderr: str) -> str:
    """`lam validate` tells its problems on stdout and counts them on stderr; the first is enough."""
    lines = [line.strip() for line in (stdout or stderr).splitlines() if line.strip()]
    return lines[0][:300] if lines else "it said nothing"


def init_duration_ms(log: str) -> float | None:
    found = _INIT_DURATION.search(log)
    return float(found[1]) if found else None


def right(answer: Answer) -> Answer:
    error = answer.headers.get("x-amz-function-error")
    if answer.status != 200 or error:
        raise LamError(f"an invocation failed: {answer.status} {error or ''} {answer.body[:200]!r}")
    return answer


def environment(home: Path, runtime_folder: Path) -> dict[str, str]:
    """Nothing of the developer's shell but what finds programs."""
    home.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(REPOSITORY),
        "XDG_RUNTIME_DIR": str(runtime_folder),
    }


@contextlib.contextmanager
def project(
    functions: Sequence[Function], max_environments: int = 1000, settings: Mapping[str, str] | None = None
) -> Iterator[Lam]:
    """A running service, stopped at the end. `settings` are further ones of the whole project."""
    # Short, for a socket's path has 104 bytes.
    with tempfile.TemporaryDirectory(prefix="lam-bench-") as root:
        (Path(root) / "project").mkdir()
        (Path(root) / "run").mkdir(mode=0o700)
        lam = Lam(Path(root) / "project", Path(root) / "run")
        lam.write(functions, max_environments, settings)
        lam.command("validate")
        try:
            lam.command("start", "--detach", "--port", "0", "--idle-exit", "0")
            yield lam
        finally:
            _stop(lam)


def _stop(lam: Lam) -> None:
    """By force what does not stop when it is asked to: nothing of a benchmark stays."""
    try:
        pid = lam.pid
    except FileNotFoundError:
        return  # it never started
    below = processes.descendants(pid)
    try:
        lam.command("stop", "--now")
    finally:
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.kill()
