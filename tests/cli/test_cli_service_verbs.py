"""`lam start`, `lam stop`, `lam status`, and starting by itself: real processes of a scripted service."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import fake_service
import pytest

from lambdacli import __version__
from lambdacli.client import control

pytestmark = pytest.mark.real


def starts(place) -> list[str]:
    file = place.state_dir / "starts"
    return file.read_text().splitlines() if file.exists() else []


def eventually(condition, deadline_seconds: float = 15):
    deadline = time.monotonic() + deadline_seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.01)
    raise AssertionError("the condition never came true")


def test_start_detached_then_stop(lam, startable):
    result = lam(
        "start",
        "--detach",
        "--port",
        "4600",
        "--anonymous",
        "--allow-other-users",
        "--idle-exit",
        "5",
        "--strict",
    )
    pid = control.recorded_pid(startable)
    assert (result.exit_code, result.out) == (0, "")
    assert result.err == f"lam {__version__} serves http://127.0.0.1:4566 (pid {pid})\n"
    assert starts(startable) == [
        f"--state-dir {startable.state_dir} --socket {startable.socket_path} "
        f"--cache-dir {startable.cache_dir} "
        f"--project {startable.project_file} --port 4600 --anonymous --allow-other-users --idle-exit 5 "
        "--strict"
    ]
    assert os.getsid(pid) == pid
    again = lam("start", "--detach", "--port", "1")
    assert again.err == (
        f"lam {__version__} already serves http://127.0.0.1:4566 (pid {pid})\n"
        "note: it keeps the options it was started with; `lam stop` first to change them\n"
    )
    stopped = lam("stop")
    assert (stopped.exit_code, stopped.err) == (0, f"stopped (pid {pid})\n")
    assert control.recorded_pid(startable) is None
    assert lam("stop").err == "not running\n"


def test_a_verb_starts_the_service_by_itself(lam, startable):
    assert lam("list").err == "no functions yet: `lam init NAME` makes one\n"
    assert len(starts(startable)) == 1
    lam("list")
    assert len(starts(startable)) == 1


def test_starting_at_once_makes_one_service(startable):
    found = []

    def start() -> None:
        found.append(control.ensure_running(startable, control.StartOptions(), lambda _: None))

    threads = [threading.Thread(target=start) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({running.pid for running in found}) == 1
    assert len(starts(startable)) == 1


def test_a_service_that_ends_at_once_shows_its_error(lam, startable, monkeypatch):
    monkeypatch.setenv("LAM_FAKE_FAILURE", "error: port 4600 is taken\n\nhint: another --port")
    result = lam("list")
    assert (result.exit_code, result.out) == (1, "")
    assert result.err == "error: port 4600 is taken\n\nhint: another --port\n"


def test_a_service_that_never_answers_is_ended(lam, startable, monkeypatch):
    monkeypatch.setattr(control, "START_SECONDS", 0.3)
    program = [sys.executable, "-c", "import time; time.sleep(60)", "lambdacli.service"]
    monkeypatch.setattr(control, "SERVICE_COMMAND", program)
    processes = []
    spawn = control._spawn
    monkeypatch.setattr(control, "_spawn", lambda *a, **k: processes.append(spawn(*a, **k)) or processes[-1])
    result = lam("list")
    assert (result.exit_code, result.err) == (
        1,
        "error: the service did not answer within 0 seconds\n\n"
        f"hint: its log is {startable.state_dir}/service.log\n",
    )
    assert processes[0][0].wait(10) == -signal.SIGTERM


def test_a_service_of_another_version_is_replaced(lam, startable, monkeypatch):
    monkeypatch.setenv("LAM_FAKE_VERSION", "0.0.1")
    lam("start", "--detach")
    old_pid = control.recorded_pid(startable)
    monkeypatch.delenv("LAM_FAKE_VERSION")
    assert f"this is lam {__version__}" in lam("status").err
    result = lam("list")
    assert (
        result.err.splitlines()[0] == f"note: replacing the running service of version 0.0.1 by {__version__}"
    )
    assert control.recorded_pid(startable) != old_pid
    assert len(starts(startable)) == 2


def test_stop_tells_what_it_waits_for(lam, startable, monkeypatch):
    monkeypatch.setenv("LAM_FAKE_INVOCATIONS", "2")
    monkeypatch.setenv("LAM_FAKE_DRAIN_SECONDS", "1.5")
    lam("start", "--detach")
    pid = control.recorded_pid(startable)
    assert lam("stop").err == (
        f"waiting for 2 running invocations; `lam stop --now` cuts them\nstopped (pid {pid})\n"
    )


def test_stop_now_does_not_wait(lam, startable, monkeypatch):
    monkeypatch.setenv("LAM_FAKE_DRAIN_SECONDS", "60")
    lam("start", "--detach")
    pid = control.recorded_pid(startable)
    assert lam("stop", "--now").err == f"stopped (pid {pid})\n"


def test_a_service_that_hangs_is_ended_by_stop_now(lam, startable, monkeypatch):
    monkeypatch.setattr(control, "FORCED_STOP_SECONDS", 0.2)
    monkeypatch.setattr("lambdacli.client.local._STATUS_TIMEOUT_SECONDS", 0.2)
    lam("start", "--detach")
    pid = control.recorded_pid(startable)
    os.kill(pid, signal.SIGSTOP)
    assert lam("status").err.startswith("error: the service runs but does not answer\n")
    assert lam("stop", "--now").err.splitlines()[-1] == f"stopped (pid {pid})"
    assert control.recorded_pid(startable) is None


def test_a_killed_service_is_started_anew(lam, startable):
    lam("start", "--detach")
    pid = control.recorded_pid(startable)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: control.recorded_pid(startable) is None)
    assert lam("status").exit_code == 1
    assert lam("list").exit_code == 0
    assert len(starts(startable)) == 2


def test_a_stale_record_with_a_reused_pid_is_ignored(lam, startable):
    startable.state_dir.mkdir()
    record = {"pid": os.getppid(), "socket": "/nowhere/at/all.sock"}
    (startable.state_dir / "service.json").write_text(json.dumps(record))
    assert lam("stop").err == "not running\n"
    assert lam("list").exit_code == 0


FOREGROUND = """
import sys
from lambdacli.client import control
control.SERVICE_COMMAND = [sys.executable, sys.argv[1], "lambdacli.service"]
from lambdacli.cli.app import run
sys.exit(run(sys.argv[2:]))
"""


@pytest.fixture
def foreground(startable, project):
    import fake_service

    process = subprocess.Popen(
        [sys.executable, "-c", FOREGROUND, fake_service.__file__, "start"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_start_in_the_foreground_shows_live_lines_and_stops_at_a_signal(foreground, startable, number):
    assert foreground.stdout.readline() == "09:00:00  demo  cold start\n"
    pid = control.recorded_pid(startable)
    assert os.getsid(pid) == os.getsid(foreground.pid)
    assert os.getpgid(pid) != os.getpgid(foreground.pid)
    foreground.send_signal(number)
    out, err = foreground.communicate(timeout=15)
    assert out == "09:00:00  warning: draining\n".replace("  warning", "  demo  warning")
    assert err == (
        f"lam {__version__} serves http://127.0.0.1:4566 (pid {pid})\n"
        "stopping when the running invocations are finished; ^C again cuts them\nstopped\n"
    )
    assert foreground.returncode == 0
    assert control.recorded_pid(startable) is None


def test_the_third_interrupt_kills_a_service_that_hangs(foreground, startable, monkeypatch):
    foreground.stdout.readline()
    pid = control.recorded_pid(startable)
    os.kill(pid, signal.SIGSTOP)  # it takes no SIGTERM now
    foreground.send_signal(signal.SIGINT)
    eventually(lambda: "stopping" in foreground.stderr.readline())
    foreground.send_signal(signal.SIGINT)
    eventually(lambda: "cutting" in foreground.stderr.readline())
    foreground.send_signal(signal.SIGINT)
    foreground.communicate(timeout=15)
    assert foreground.returncode == 130
    assert control.recorded_pid(startable) is None


def test_a_service_that_dies_in_the_foreground_is_an_error(foreground, startable):
    foreground.stdout.readline()
    os.kill(control.recorded_pid(startable), signal.SIGKILL)
    _, err = foreground.communicate(timeout=15)
    assert err.endswith(
        f"error: the service ended by signal 9\n\nhint: its log is {startable.state_dir}/service.log\n"
    )
    assert foreground.returncode == 1


def test_status_of_a_running_service(lam, service, place, monkeypatch):
    service.status |= {
        "functions": 2,
        "environments": {"idle": 1, "running": 1},
        "running_invocations": 1,
        "problems": ["lam.yaml:3:1: unknown key handlr"],
        "notices": ["no cgroup: memory is watched"],
        "anonymous": True,
    }
    result = lam("status")
    first, *rest = result.out.splitlines(keepends=True)
    assert first.startswith(f"lam {__version__} is running (pid {os.getpid()}, for ")
    assert "".join(rest) == (
        f"project       {place.project_file}\n"
        f"state         {place.state_dir}\n"
        "endpoint      http://127.0.0.1:4566 (anonymous)\n"
        f"socket        {place.socket_path}\n"
        "account       000000000000\n"
        "region        us-east-1\n"
        "functions     2\n"
        "environments  1 idle, 1 running\n"
        "invocations   1 running\n"
        "problem: lam.yaml:3:1: unknown key handlr\n"
        "note: no cgroup: memory is watched\n"
        "\n"
        "To point boto3, the AWS CLI or an SDK at it:\n"
        "\n"
        "export AWS_ENDPOINT_URL=http://127.0.0.1:4566\n"
        "export AWS_ACCESS_KEY_ID=lam\n"
        "export AWS_SECRET_ACCESS_KEY=lam\n"
        "export AWS_REGION=us-east-1\n"
        "export AWS_DEFAULT_REGION=us-east-1\n"
    )
    assert (result.exit_code, result.err) == (0, "")
    assert json.loads(lam("status", "--json").out) == {"running": True, **service.status}


def test_status_of_a_service_that_checks_signatures_exports_no_key(lam, service):
    service.status["auth"] = True
    out = lam("status").out
    assert "http://127.0.0.1:4566 (checks signatures: use a key of its file of keys)\n" in out
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:4566\nexport AWS_REGION=us-east-1\n" in out


def test_start_with_auth_passes_the_file_of_keys_on(lam, startable, monkeypatch):
    monkeypatch.setenv("LAM_KEYS", "mine.yaml")
    assert lam("start", "--detach", "--auth").exit_code == 0
    # The service stands in another folder.
    assert starts(startable)[0].endswith(f"--keys {startable.project_file.parent / 'mine.yaml'} --auth")


def test_auth_and_anonymous_exclude_each_other(lam, startable):
    result = lam("start", "--auth", "--anonymous")
    assert (result.exit_code, result.err) == (2, "error: --auth and --anonymous exclude each other\n")


def test_status_starts_nothing(lam, startable):
    result = lam("status")
    assert (result.exit_code, result.err) == (1, "")
    assert result.out == (f"not running\nproject  {startable.project_file}\nstate    {startable.state_dir}\n")
    assert json.loads(lam("status", "--json").out)["running"] is False
    assert starts(startable) == []
    assert not Path(startable.state_dir).exists()


def test_watching_a_service_that_somebody_else_started(lam, service):
    from fake_service import Scripted

    line = {"time": "2026-11-21T09:00:00+00:00", "level": "error", "text": "boom"}
    service.answers["GET", "/_lam/v1/events"] = Scripted(body=[json.dumps(line).encode() + b"\n"])
    result = lam("start")
    assert (result.exit_code, result.out) == (0, "09:00:00  error: boom\n")
    assert result.err.splitlines()[1:] == [
        "note: following it; ^C leaves it running, `lam stop` stops it",
        "the service has ended",
    ]


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o711])
def test_a_socket_in_a_folder_that_others_may_enter_is_not_asked(place, service, mode):
    folder = place.socket_path.parent
    assert control.find(place) is not None
    asked = len(service.seen)
    folder.chmod(mode)
    assert control.find(place) is None
    assert len(service.seen) == asked
    folder.chmod(0o700)
    assert control.find(place) is not None


def test_a_socket_of_somebody_else_is_not_asked(place, service, monkeypatch):
    uid = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    assert control.find(place) is None
    assert service.seen == []


def test_a_recorded_socket_in_an_open_folder_is_not_asked(place):
    folder = Path(tempfile.mkdtemp(prefix="lam-", dir="/tmp"))
    fake = fake_service.FakeService()
    fake.status = fake_service.status_of(os.getpid(), str(folder / "s"), str(place.state_dir))
    server = fake_service.serve(fake, str(folder / "s"))
    try:
        place.state_dir.mkdir(exist_ok=True)
        place.service_file.write_text(json.dumps({"socket": str(folder / "s")}))
        assert control.find(place) is not None, "recorded, and in a folder of our own"
        folder.chmod(0o777)
        asked = len(fake.seen)
        assert control.find(place) is None
        assert len(fake.seen) == asked
    finally:
        server.shutdown()
        server.server_close()
        shutil.rmtree(folder)
