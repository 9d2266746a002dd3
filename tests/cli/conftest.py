"""A project in a temporary folder, a fake service at its socket, and `lam` called in this process."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fake_service
import pytest

from lambdacli.cli import app, colour
from lambdacli.client import control
from lambdacli.model.location import Place, locate


@dataclass(frozen=True)
class Result:
    exit_code: int
    out: str
    err: str


Lam = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder; nothing of the developer's own home and environment is seen."""
    # Socket paths are short: a worker's own temporary folder may be too deep.
    runtime_dir = tempfile.mkdtemp(prefix="lam-", dir="/tmp")
    for name in [name for name in os.environ if name.startswith(("AWS_", "LAM_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime_dir)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "100")
    # Programs that a test starts find this checkout from whatever folder they stand in.
    monkeypatch.setenv("PYTHONPATH", str(Path(app.__file__).parents[2]))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "lam.yaml").write_text("functions:\n  demo-lambda:\n    runtime: python3.13\n")
    monkeypatch.chdir(folder)
    yield folder
    shutil.rmtree(runtime_dir)


@pytest.fixture
def place(project: Path) -> Place:
    return locate(project, os.environ)


@pytest.fixture
def lam(project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Lam]:
    def call(*arguments: str, stdin: bytes | None = None) -> Result:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        exit_code = app.run(arguments)
        out, err = capfd.readouterr()
        return Result(exit_code, out, err)

    yield call
    colour.choose_colour("auto")


@pytest.fixture
def service(place: Place) -> Iterator[fake_service.FakeService]:
    """Answers at the project's socket, so that no verb starts one."""
    fake = fake_service.FakeService()
    fake.status = fake_service.status_of(
        os.getpid(), str(place.socket_path), str(place.state_dir), project=str(place.project_file)
    )
    server = fake_service.serve(fake, str(place.socket_path))
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def tcp_service() -> Iterator[fake_service.FakeService]:
    """The same over TCP; its address is in `status["endpoint"]`."""
    fake = fake_service.FakeService()
    server = fake_service.serve(fake, ("127.0.0.1", 0))
    fake.status = {"endpoint": f"http://127.0.0.1:{server.server_address[1]}"}
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def startable(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """`lam start` starts the fake as a program of its own; whatever was started is ended."""
    program = [sys.executable, fake_service.__file__, "lambdacli.service"]
    monkeypatch.setattr(control, "SERVICE_COMMAND", program)
    started: list[subprocess.Popen[bytes]] = []
    start_process = subprocess.Popen

    def kept(*arguments, **options):
        # A real `lam` ends and leaves its child to init; this process stays, so it must reap.
        started.append(start_process(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(control.subprocess, "Popen", kept)
    yield place
    for process in started:
        process.kill()
        process.communicate()
