"""A project with a home, a service and processes of its own, driven through the `lam` command as users do."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from lambdacli.client import http, local
from tests.real.random_writes import HEADERS

REPOSITORY = Path(__file__).parents[2]
PYTHON_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
DEADLINE_SECONDS = 20.0


def wait_until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS) -> Any:
    """Returns the condition's value as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)
    return value


def is_alive(pid: int) -> bool:
    """A zombie is not: in a container nobody may collect an orphan."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def processes_with(*marks: str) -> dict[int, str]:
    """Living processes that carry a mark in their arguments, variables or current folder."""
    found = {}
    wanted = [os.fsencode(mark) for mark in marks]
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        said = b""
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                said += Path(entry.path, name).read_bytes() + b"\0"
        with contextlib.suppress(OSError):
            said += os.fsencode(os.readlink(f"{entry.path}/cwd"))
        if any(mark in said for mark in wanted) and is_alive(int(entry.name)):
            found[int(entry.name)] = command_of(int(entry.name))
    return found


def children_of(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            children += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    return [child for child in children if is_alive(child)]


class Project:
    """Made by the fixture `project`; what it starts is gone when the test is over, or the test fails."""

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self.mark = f"lam-test-{uuid.uuid4().hex}"
        self.root = root
        self.folder = root / "project" if folder is None else folder
        self.folder.mkdir(parents=True, exist_ok=True)
        # Short, for a socket's path has 104 bytes.
        self.runtime_folder = Path(tempfile.mkdtemp(prefix="lam-test-", dir="/tmp"))
        self.expected_errors: list[str] = []
        """Parts of log lines that a test provokes; any other error in service.log fails it."""
        home = root / "home"
        home.mkdir(exist_ok=True)
        self.variables = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
            "XDG_RUNTIME_DIR": str(self.runtime_folder),
            "LAM_TEST_MARK": self.mark,
            **{name: os.environ[name] for name in ("LAM_WALLS",) if name in os.environ},
        }

    # Its files

    @property
    def state(self) -> Path:
        return self.folder / ".lam"

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def function(self, name: str, code: str, settings: str = "") -> None:
        """Adds one function with its own folder to lam.yaml; `settings` is further text of its entry."""
        self.write(f"{name}/app.py", code)
        yaml = self.folder / "lam.yaml"
        entry = f"  {name}:\n    runtime: {PYTHON_RUNTIME}\n    handler: app.handler\n    code: {name}\n"
        entry += "".join(f"    {line}\n" for line in settings.splitlines())
        yaml.write_text((yaml.read_text() if yaml.exists() else "functions:\n") + entry)

    def log_text(self) -> str:
        """The service's own log."""
        file = self.state / "service.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def log_messages(self) -> list[str]:
        """What the functions' streams hold, of all functions."""
        files = sorted((self.state / "logs").rglob("*.ndjson"))
        return [json.loads(line)["m"] for file in files for line in file.read_text().split("\n")[:-1]]

    # The command

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "lambdacli", *arguments]

    def lam(
        self,
        *arguments: str,
        code: int | None = 0,
        more: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """With a code of None, any will do."""
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        done = subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.folder,
            env={**self.variables, **(more or {})},
            capture_output=True,
            text=True,
            timeout=60,
            **given,
        )
        assert code in (None, done.returncode), (
            f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def at_terminal(self, *arguments: str, answer: str = "", code: int = 0) -> str:
        """What a person sees of a verb who types this."""
        ours, theirs = pty.openpty()
        with open(ours, "r+b", buffering=0) as terminal:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env={**self.variables, "TERM": "xterm", "COLUMNS": "110"},
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
            )
            os.close(theirs)
            terminal.write(answer.encode())
            seen = b""
            with contextlib.suppress(OSError):  # its end
                while piece := terminal.read(4096):
                    seen += piece
            assert process.wait(60) == code, seen
        return seen.decode()

    def begin(
        self, *arguments: str, more: Mapping[str, str] | None = None, apart: bool = False
    ) -> subprocess.Popen[str]:
        """A verb that runs on; stdout and stderr in one stream, unless they are wanted apart."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.variables, **(more or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if apart else subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def start(self, *options: str) -> dict[str, Any]:
        """Starts the service on a free port and returns its status."""
        self.lam("start", "--detach", *(options or ("--port", "0")))
        return self.status()

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.lam("status", "--json").stdout))

    # The service

    @property
    def record(self) -> dict[str, Any]:
        return dict(json.loads((self.state / "service.json").read_text()))

    @property
    def service_pid(self) -> int:
        return int(self.record["pid"])

    @property
    def port(self) -> int:
        return int(self.record["endpoint"].rpartition(":")[2])

    @property
    def endpoint(self) -> local.Endpoint:
        return local.Endpoint(
            http.UnixAddress(Path(self.record["socket"])), read_timeout_seconds=DEADLINE_SECONDS
        )

    def invoke(self, name: str, event: object = None, kind: str | None = None) -> Any:
        """Over the socket, without the price of starting a command. The parsed payload."""
        answer = local.invoke(self.endpoint, local.InvokeInput(name, json.dumps(event).encode(), kind))
        return json.loads(answer.payload) if answer.payload else None

    def ask(self, method: str, path: str, given: object) -> tuple[int, bytes]:
        """At the port, as any SDK asks; an invocation is asynchronous. The status and the body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        with contextlib.closing(connection):
            headers = {**HEADERS, "X-Amz-Invocation-Type": "Event"}
            connection.request(method, path, json.dumps(given), headers)
            response = connection.getresponse()
            return response.status, response.read()

    def tell_of_successes(self, name: str, arn: str) -> None:
        """From now on: a destination of the function."""
        config = {"DestinationConfig": {"OnSuccess": {"Destination": arn}}}
        status, body = self.ask("PUT", f"/2019-09-25/functions/{name}/event-invoke-config", config)
        assert status == 200, body

    @property
    def keeper_pid(self) -> int:
        (keeper,) = [pid for pid in children_of(self.service_pid) if "keeper_program.py" in command_of(pid)]
        return keeper

    @property
    def guardian_pid(self) -> int:
        """Of the only environment: the parent of its main process."""
        (environment,) = json.loads(self.lam("envs", "--json").stdout)["environments"]
        stat = Path(f"/proc/{environment['process_id']}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[1])

    def processes(self) -> dict[int, str]:
        """Everything that this project has started and that still lives."""
        return processes_with(self.mark, str(self.root), str(self.folder))

    def assert_all_gone(self, seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while left := self.processes():
            assert time.monotonic() < deadline, f"still there after {seconds:g} s: {left}"
            time.sleep(0.02)

    def close(self) -> None:
        try:
            subprocess.run(
                self.command("stop", "--now"),
                cwd=self.folder,
                env=self.variables,
                capture_output=True,
                timeout=30,
            )
            self.assert_all_gone()
        finally:
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.runtime_folder, ignore_errors=True)
        self._assert_quiet_log()

    def _assert_quiet_log(self) -> None:
        text = self.log_text()
        noise = [
            line
            for line in text.splitlines()
            if any(word in line for word in ("Traceback", " ERROR ", " CRITICAL ", "Warning:", "was never"))
            and not any(expected in line for expected in self.expected_errors)
        ]
        assert not noise, text


@contextlib.contextmanager
def opened(root: Path, folder: Path | None = None) -> Iterator[Project]:
    project = Project(root, folder)
    try:
        yield project
    finally:
        project.close()
