"""The background service from its start to its end, with real processes: nobody is cut, nobody is left."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import boto3
import pytest
from house import (
    PYTHON_RUNTIME,
    Project,
    children_of,
    command_of,
    is_alive,
    opened,
    processes_with,
    wait_until,
)

from lambdacli import __version__
from lambdacli.client import http, local

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
]

ECHO = """
def handler(event, context):
    print("echoing", event)
    return event
"""

SLOW = """
import time

def handler(event, context):
    print("began", event["name"])
    time.sleep(event["seconds"])
    print("slept")
    return "slept " + str(event["seconds"])
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        project.write("lam.yaml", "functions:\n")
        yield project


class Lines:
    """What a running command prints, line by line as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.text = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line
        self.process.stdout.close()

    def wait_for(self, part: str) -> None:
        wait_until(lambda: part in self.text or self.process.poll() is not None, f"{part!r}")
        assert part in self.text

    def ended(self, seconds: float = 20) -> int:
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        return code


def begin_slow(project: Project, pool: ThreadPoolExecutor, seconds: float, name: str = "1"):
    """An invocation that is certainly running when this returns."""
    answer = pool.submit(project.invoke, "slow", {"name": name, "seconds": seconds})
    wait_until(lambda: f"began {name}\n" in project.log_messages(), "the invocation runs")
    return answer


def refuses_connections(port: int, socket_path: str) -> bool:
    for family, address in ((socket.AF_INET, ("127.0.0.1", port)), (socket.AF_UNIX, socket_path)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(address)
            except (ConnectionRefusedError, FileNotFoundError):
                continue
            return False
    return True


# Start, status, stop


def test_start_status_stop(project: Project) -> None:
    project.function("echo", ECHO)
    assert "not running" in project.lam("status", code=1).stdout
    assert not project.state.exists(), "asking makes nothing"
    said = project.lam("start", "--detach", "--port", "0").stderr
    assert said.startswith(f"lam {__version__} serves http://127.0.0.1:")
    status = project.status()
    assert status["running"] and status["version"] == __version__
    assert is_alive(status["pid"]) and "lambdacli.service" in command_of(status["pid"])
    assert f"pid {status['pid']}" in said and status["endpoint"] in said
    assert status["socket"].startswith(str(project.runtime_folder))
    assert status["project"] == str(project.folder / "lam.yaml")
    assert (status["functions"], status["running_invocations"], status["problems"]) == (1, 0, [])
    shown = project.lam("status").stdout
    assert f"pid {status['pid']}" in shown
    assert f"export AWS_ENDPOINT_URL={status['endpoint']}" in shown
    assert f"stopped (pid {status['pid']})" in project.lam("stop").stderr
    project.assert_all_gone()
    assert json.loads(project.lam("status", "--json", code=1).stdout)["running"] is False
    assert "not running" in project.lam("stop").stderr
    assert not (project.state / "service.json").exists()
    assert not Path(status["socket"]).exists()


def test_start_of_a_running_service_says_so(project: Project) -> None:
    pid = project.start()["pid"]
    said = project.lam("start", "--detach").stderr
    assert "already serves" in said and f"pid {pid}" in said
    said = project.lam("start", "--detach", "--port", "1234").stderr
    assert "keeps the options it was started with" in said


def test_foreground_shows_the_lines_of_others_and_ends_with_one_interrupt(project: Project) -> None:
    project.function("echo", ECHO)
    lines = Lines(project.begin("start", "--port", "0"))
    lines.wait_for(" serves http://127.0.0.1:")
    wait_until(lambda: (project.state / "service.json").exists(), "its record")
    service = project.service_pid
    # The live lines begin a moment after the announcement.
    number = 0

    def has_shown() -> bool:
        nonlocal number
        number += 1
        project.lam("invoke", "echo", "--payload", json.dumps({"number": number}))
        return "echoing {'number'" in lines.text

    wait_until(has_shown, "the function's line")
    lines.wait_for("REPORT RequestId")
    lines.process.send_signal(signal.SIGINT)
    assert lines.ended() == 0
    assert lines.text.endswith("stopped\n")
    assert not is_alive(service)
    project.assert_all_gone()


def test_second_interrupt_of_the_foreground_cuts(project: Project) -> None:
    project.function("slow", SLOW, "timeout: 60")
    lines = Lines(project.begin("start", "--port", "0"))
    lines.wait_for(" serves http://127.0.0.1:")
    with ThreadPoolExecutor() as pool:
        answer = begin_slow(project, pool, 30)
        lines.process.send_signal(signal.SIGINT)
        lines.wait_for("^C again cuts them")
        lines.process.send_signal(signal.SIGINT)
        assert lines.ended() == 130
        assert isinstance(answer.exception(10), (http.AnswerLost, local.ApiError))
    project.assert_all_gone()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_foreground_that_is_ended_while_it_starts_leaves_nothing(
    project: Project, number: signal.Signals
) -> None:
    command = project.begin("start", "--port", "0")
    wait_until(
        lambda: [said for said in project.processes().values() if "lambdacli.service" in said],
        "the service's process",
    )
    command.send_signal(number)
    said, _ = command.communicate(timeout=20)
    project.assert_all_gone()
    assert "Traceback" not in said


def test_foreground_service_ends_with_a_command_that_lost_its_reader(project: Project) -> None:
    project.function("echo", ECHO)
    read, write = os.pipe()
    command = subprocess.Popen(
        project.command("start", "--port", "0"),
        cwd=project.folder,
        env=project.variables,
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    os.close(read)

    def has_ended() -> bool:
        # Lines that it cannot show. Not by the command, which would start a service in the ended one's place.
        with suppress(OSError, ValueError, http.HttpError, local.ApiError):
            project.invoke("echo", 1)
        return command.poll() is not None

    wait_until(has_ended, "the command's end")
    project.assert_all_gone()


@pytest.mark.parametrize("verb", [["invoke", "echo", "--payload", "1"], ["list"], ["logs"], ["show", "echo"]])
def test_every_other_verb_starts_the_service(project: Project, verb: list[str]) -> None:
    project.function("echo", ECHO)
    project.lam(*verb)
    assert is_alive(project.service_pid)


def test_verbs_at_the_same_instant_start_one_service(project: Project) -> None:
    project.function("echo", ECHO)
    commands = [project.begin("invoke", "echo", "--payload", str(number)) for number in range(6)]
    said = [command.communicate(timeout=60)[0] for command in commands]
    assert [command.returncode for command in commands] == [0] * 6, said
    services = [pid for pid, command in project.processes().items() if "lambdacli.service" in command]
    assert services == [project.service_pid]
    assert project.log_text().count(" serves at ") == 1


def test_command_with_another_runtime_folder_finds_the_service(project: Project) -> None:
    """XDG_RUNTIME_DIR decides where the socket lies, and differs between a desktop, cron and sudo."""
    project.function("echo", ECHO)
    pid = project.start()["pid"]
    more = {"XDG_RUNTIME_DIR": str(project.root)}
    assert project.lam("invoke", "echo", "--payload", "1", more=more).stdout == "1"
    assert json.loads(project.lam("status", "--json", more=more).stdout)["pid"] == pid


# One instance


def test_a_second_service_by_hand_is_refused(project: Project) -> None:
    status = project.start()
    second = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "lambdacli.service", "--state-dir", str(project.state)),
            *("--socket", status["socket"], "--cache-dir", str(project.root / "cache"), "--port", "0"),
        ],
        env=project.variables,
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert second.returncode == 1
    assert second.stderr == (f"error: a service with the state folder {project.state} is running already\n")
    assert project.status()["pid"] == status["pid"]


def test_idle_service_ends_with_its_environments(project: Project) -> None:
    project.function("echo", ECHO)
    project.start("--port", "0", "--idle-exit", "0.02")
    project.invoke("echo")
    project.assert_all_gone()
    assert "nobody needed the service for 0.02 minutes" in project.log_text()
    project.lam("invoke", "echo", "--payload", "1")


def test_idle_service_waits_for_an_invocation(project: Project) -> None:
    project.function("slow", SLOW, "timeout: 20")
    project.start("--port", "0", "--idle-exit", "0.03")
    with ThreadPoolExecutor() as pool:
        assert begin_slow(project, pool, 3).result(10) == "slept 3"
    project.assert_all_gone()


def test_idle_service_waits_for_whoever_follows_logs(project: Project) -> None:
    project.function("echo", ECHO)
    project.start("--port", "0", "--idle-exit", "0.05")
    pid = project.service_pid
    following = Lines(project.begin("logs", "--follow"))
    began = time.monotonic()

    def is_much_later() -> bool:
        assert is_alive(pid) and following.process.poll() is None
        return time.monotonic() > began + 4

    wait_until(is_much_later, "more than the idle time")
    project.invoke("echo", "seen")
    following.wait_for("echoing seen")
    following.process.send_signal(signal.SIGINT)
    following.ended()
    project.assert_all_gone()


def test_service_of_another_version_is_drained_and_replaced(project: Project) -> None:
    project.function("slow", SLOW, "timeout: 20")
    other = project.root / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("import lambdacli\nlambdacli.__version__ = '0.0.1'\n")
    path = f"{other}{os.pathsep}{project.variables['PYTHONPATH']}"
    project.lam("start", "--detach", "--port", "0", more={"PYTHONPATH": path})
    old = project.status()
    assert old["version"] == "0.0.1"
    assert "the next verb that needs the service replaces it" in project.lam("status").stderr
    with ThreadPoolExecutor() as pool:
        answer = begin_slow(project, pool, 1.5)
        done = project.lam("invoke", "slow", "--payload", json.dumps({"name": "2", "seconds": 0}))
        assert f"replacing the running service of version 0.0.1 by {__version__}" in done.stderr
        assert done.stdout == '"slept 0"'
        assert answer.result(0) == "slept 1.5"
    assert not is_alive(old["pid"])
    assert project.status()["version"] == __version__


# Draining


def ask_to_end(project: Project, way: str) -> subprocess.Popen[str] | None:
    if way == "SIGTERM":
        os.kill(project.service_pid, signal.SIGTERM)
        return None
    return project.begin("stop")


@pytest.mark.parametrize("way", ["SIGTERM", "lam stop"])
def test_running_invocation_finishes_while_nobody_new_comes_in(project: Project, way: str) -> None:
    project.function("slow", SLOW, "timeout: 20")
    status = project.start()
    port = project.port
    with ThreadPoolExecutor() as pool:
        answer = begin_slow(project, pool, 1.5)
        stopping = ask_to_end(project, way)
        wait_until(lambda: refuses_connections(port, status["socket"]), "closed doors")
        assert not answer.done()
        assert answer.result(10) == "slept 1.5"
    if stopping is not None:
        said, _ = stopping.communicate(timeout=20)
        assert said.endswith(f"stopped (pid {status['pid']})\n"), said
        assert not is_alive(status["pid"])
    project.assert_all_gone()
    assert [line.split()[0] for line in project.log_messages()][-3:] == ["slept", "END", "REPORT"]


def test_accepted_event_has_its_attempt_before_the_end(project: Project) -> None:
    project.function("slow", SLOW, "timeout: 20")
    project.start()
    project.invoke("slow", {"name": "event", "seconds": 0.5}, "Event")
    project.lam("stop")
    project.assert_all_gone()
    assert [line.split()[0] for line in project.log_messages()][-3:] == ["slept", "END", "REPORT"]


def test_verbs_know_of_a_service_that_drains(project: Project) -> None:
    project.function("slow", SLOW, "timeout: 20")
    status = project.start()
    port = project.port
    with ThreadPoolExecutor() as pool:
        answer = begin_slow(project, pool, 3)
        os.kill(status["pid"], signal.SIGTERM)
        wait_until(lambda: refuses_connections(port, status["socket"]), "closed doors")
        shown = project.lam("status", code=1).stdout
        assert f"stopping (pid {status['pid']})" in shown
        event = json.dumps({"name": "2", "seconds": 0})
        done = project.lam("invoke", "slow", "--payload", event)
        assert f"waiting for the previous service (pid {status['pid']})" in done.stderr
        assert done.stdout == '"slept 0"'
        assert answer.result(0) == "slept 3"
    assert project.service_pid != status["pid"]


@pytest.mark.parametrize("is_draining", [False, True])
def test_stop_now_cuts(project: Project, is_draining: bool) -> None:
    project.function("slow", SLOW, "timeout: 100")
    status = project.start()
    port = project.port
    with ThreadPoolExecutor() as pool:
        answer = begin_slow(project, pool, 60)
        if is_draining:
            os.kill(status["pid"], signal.SIGTERM)
            wait_until(lambda: refuses_connections(port, status["socket"]), "closed doors")
        began = time.monotonic()
        project.lam("stop", "--now")
        assert time.monotonic() - began < 4
        assert isinstance(answer.exception(1), (http.AnswerLost, local.ApiError))
    project.assert_all_gone(2)
    assert "slept\n" not in project.log_messages()


def test_an_installer_that_hangs_does_not_hold_the_end(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as index, ThreadPoolExecutor() as pool:
        # An index that takes every question and answers none.
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        project.function("needy", ECHO)
        project.write("needy/requirements.txt", f"--index-url {address}\nnothing-of-that-name\n")
        project.start()
        answer = pool.submit(project.invoke, "needy")
        index.settimeout(20)
        question, _ = index.accept()
        with question:
            began = time.monotonic()
            project.lam("stop", "--now")
            assert time.monotonic() - began < 4
            project.assert_all_gone(2)
        assert isinstance(answer.exception(1), (http.AnswerLost, local.ApiError))
    assert not list((project.root / "home").rglob("*.partial")), "nothing half installed stays"


def test_stalled_upload_does_not_hold_the_end(project: Project) -> None:
    project.function("echo", ECHO)
    project.start()
    with socket.create_connection(("127.0.0.1", project.port)) as upload:
        upload.sendall(
            b"POST /2015-03-31/functions/echo/invocations HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: x\r\nContent-Length: 1000\r\n\r\n{"
        )
        began = time.monotonic()
        project.lam("stop")
        assert time.monotonic() - began < 15
    project.assert_all_gone()


def test_a_start_tidies_up_what_nobody_needs(project: Project) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", ECHO)
    project.function("echo", ECHO)
    project.start()
    client = boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{project.port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_function(
        FunctionName="made",
        Runtime=PYTHON_RUNTIME,
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/lambda",
        Code={"ZipFile": package.getvalue()},
    )
    client.close()
    assert (project.invoke("made", 1), project.invoke("echo", 2)) == (1, 2)
    project.lam("stop")

    code = project.state / "code"
    (kept,) = code.iterdir()
    for name in ("0" * 64, "unfinished-1"):
        shutil.copytree(kept, code / name)
    merged = project.write(".lam/opt/of-before/x", "x")
    streams = {"made": [], "echo": []}
    for file in (project.state / "logs").rglob("*.ndjson"):
        streams["made" if "made" in str(file) else "echo"].append(file)
    now = time.time()
    for file in streams["echo"]:
        os.utime(file, (now, now - 31 * 86_400))
    for file in streams["made"]:
        os.utime(file, (now, now - 29 * 86_400))

    project.start()
    assert list(code.iterdir()) == [kept]
    assert not merged.exists()
    assert [file.exists() for file in (*streams["echo"], *streams["made"])] == [False, True]
    assert (project.invoke("made", 3), project.invoke("echo", 4)) == (3, 4)


# Nothing is left

NASTY = '''
import os, signal, subprocess, sys, time

SLEEPER = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if sys.argv[2] == "silent":
    os.closerange(0, 64)
time.sleep(1000)
"""

def sleep_as(mark, kind):
    os.execv(sys.executable, [sys.executable, "-c", SLEEPER, mark, kind])

def is_marked(process):
    said = b""
    for name in ("cmdline", "environ"):
        try:
            with open(f"/proc/{process}/{name}", "rb") as file:
                said += file.read()
        except OSError:
            pass
    return b"-nasty" in said

def fork_and(work):
    if os.fork() == 0:
        try:
            work()
        finally:
            os._exit(1)

def daemon(mark, kind):
    os.setsid()
    os.chdir("/")
    fork_and(lambda: sleep_as(mark, kind))
    os._exit(0)

def handler(event, context):
    mark = event["mark"]
    if event.get("is_tame"):
        return mark
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    fork_and(lambda: sleep_as(mark, "forked"))
    fork_and(lambda: fork_and(lambda: sleep_as(mark, "twice")))
    fork_and(lambda: (os.setsid(), sleep_as(mark, "session")))
    fork_and(lambda: daemon(mark, "daemon"))
    fork_and(lambda: sleep_as(mark, "silent"))
    subprocess.Popen(["sleep", "1000"], env={"MARK": mark + " spawned"}, start_new_session=True)
    os.close(1)
    os.close(2)
    # They stand still as soon as there is an answer: each has begun by then.
    while sum(map(is_marked, filter(str.isdigit, os.listdir("/proc")))) < 6:
        time.sleep(0.01)
    return mark
'''
KINDS = 6


def bring_up_the_nasty(project: Project) -> None:
    project.function("nasty", NASTY, "timeout: 20\nmemory: 1769")
    project.start()
    assert project.invoke("nasty", {"mark": f"{project.mark}-nasty"}) == f"{project.mark}-nasty"
    wait_until(lambda: len(processes_with(f"{project.mark}-nasty")) == KINDS, "all of its processes")


@pytest.mark.parametrize("way", ["lam stop", "lam stop --now", "SIGTERM", "SIGINT", "SIGKILL"])
def test_no_process_outlives_the_service(project: Project, way: str) -> None:
    bring_up_the_nasty(project)
    service = project.service_pid
    if way.startswith("lam"):
        project.lam(*way.split()[1:])
        assert not processes_with(f"{project.mark}-nasty"), "gone when the command returns"
    else:
        os.kill(service, getattr(signal, way))
    project.assert_all_gone()


def test_service_survives_the_death_of_the_keeper(project: Project) -> None:
    bring_up_the_nasty(project)
    service, keeper = project.service_pid, project.keeper_pid
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: not processes_with(f"{project.mark}-nasty"), "the environment's death")
    # Whoever comes before the service knows shares the fate of the environment.
    wait_until(lambda: "idle" not in project.status()["environments"], "the news of it")
    assert project.invoke("nasty", {"mark": "again", "is_tame": True}) == "again"
    assert project.service_pid == service and project.keeper_pid != keeper


def test_service_survives_the_death_of_a_guardian(project: Project) -> None:
    bring_up_the_nasty(project)
    service, keeper = project.service_pid, project.keeper_pid
    os.kill(project.guardian_pid, signal.SIGKILL)
    wait_until(lambda: not processes_with(f"{project.mark}-nasty"), "the environment's death")
    # Whoever comes before the service knows shares the fate of the environment.
    wait_until(lambda: "idle" not in project.status()["environments"], "the news of it")
    assert project.invoke("nasty", {"mark": "again", "is_tame": True}) == "again"
    assert (project.service_pid, project.keeper_pid) == (service, keeper)


def test_keeper_or_guardian_dies_under_a_running_invocation(project: Project) -> None:
    project.function("slow", SLOW, "timeout: 60")
    project.start()
    with ThreadPoolExecutor() as pool:
        for number, victim in enumerate(("keeper", "guardian")):
            answer = begin_slow(project, pool, 50, f"{number}")
            os.kill(project.keeper_pid if victim == "keeper" else project.guardian_pid, signal.SIGKILL)
            assert "errorType" in answer.result(10), victim
            # What was made ready ahead goes too; whoever comes before the service knows shares its fate.
            event = {"name": "again", "seconds": 0}
            wait_until(lambda event=event: project.invoke("slow", event) == "slept 0", "a new environment")


def test_verbs_find_their_way_after_a_killed_service(project: Project) -> None:
    project.function("echo", ECHO)
    project.start()
    made = project.root / "made.zip"
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-c", str(made), str(project.folder / "echo" / "app.py")],
        check=True,
    )
    subprocess.run(
        [
            *(sys.executable, "-P", "-m", "awscli", "lambda", "create-function", "--function-name", "made"),
            *("--runtime", "python3.13", "--handler", "app.handler", "--zip-file", f"fileb://{made}"),
            *("--role", "arn:aws:iam::000000000000:role/r", "--endpoint-url", project.status()["endpoint"]),
        ],
        env={
            **project.variables,
            "AWS_ACCESS_KEY_ID": "lam",
            "AWS_SECRET_ACCESS_KEY": "lam",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert project.invoke("made", 1) == 1
    pid, stale = project.service_pid, Path(project.record["socket"])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), "its death")
    assert stale.exists() and (project.state / "service.json").exists()
    assert "not running" in project.lam("status", code=1).stdout
    assert project.lam("invoke", "echo", "--payload", "2").stdout == "2"
    assert project.lam("invoke", "made", "--payload", "3").stdout == "3"
    assert project.service_pid != pid
    os.kill(project.service_pid, signal.SIGKILL)
    assert "not running" in project.lam("stop").stderr
    project.assert_all_gone()


def test_record_of_a_dead_service_never_points_at_another(project: Project, tmp_path: Path) -> None:
    """Numbers of processes are used again, after a restart of the machine above all."""
    project.start()
    (tmp_path / "b").mkdir()
    with opened(tmp_path / "b") as other:
        other.write("lam.yaml", "functions: {}\n")
        innocent = other.start()["pid"]
        os.kill(project.service_pid, signal.SIGKILL)
        record = {**project.record, "pid": innocent}
        (project.state / "service.json").write_text(json.dumps(record))
        assert "not running" in project.lam("stop", "--now").stderr
        assert is_alive(innocent)


# Ports


def test_default_port_slides_past_a_taken_one(project: Project) -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        def is_taken_by_us() -> bool:
            try:
                holder.bind(("127.0.0.1", 4566))
            except OSError:
                return False
            return True

        # Another test's could be given back before the service looks; one that stays taken is just as well.
        with suppress(AssertionError):
            wait_until(is_taken_by_us, "the default port", 30)
            holder.listen()
        project.lam("start", "--detach")
        assert 4566 < project.port < 4566 + 100


@pytest.mark.parametrize("source", ["--port", "lam.yaml"])
def test_chosen_port_that_is_taken_is_an_error(project: Project, source: str) -> None:
    # With a warning of lam.yaml in the log before it: what counts is the error.
    project.write("lam.yaml", "functions:\n  f:\n    runtime: python3.8\n    handler: app.handler\n")
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        if source == "lam.yaml":
            project.write("lam.yaml", f"port: {port}\nfunctions: {{}}\n")
        options = ["--port", str(port)] if source == "--port" else []
        done = project.lam("start", "--detach", *options, code=1)
        assert done.stderr == (
            f"error: port {port} cannot be used (Address already in use)\n\n"
            "hint: choose another with --port or `port:` in lam.yaml\n"
        )
        project.assert_all_gone()
        if source == "lam.yaml":
            assert f"port {port} cannot be used" in project.lam("list", code=1).stderr
    assert "serves" in project.lam("start", "--detach", *options).stderr
    assert project.port == port


def test_a_changed_port_counts_after_a_stop_and_status_says_so(project: Project) -> None:
    project.lam("start", "--detach")
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    project.write("lam.yaml", f"port: {port}\nfunctions: {{}}\n")
    assert project.status()["notices"] == [f"lam.yaml says port {port} now: it counts after `lam stop`"]
    project.lam("stop")
    project.lam("start", "--detach")
    assert project.port == port
    assert project.status()["notices"] == []


# The state


def test_state_and_socket_are_for_their_owner_only(project: Project) -> None:
    project.function("echo", ECHO)
    old_mask = os.umask(0)
    try:
        status = project.start()
    finally:
        os.umask(old_mask)
    socket_path = Path(status["socket"])
    modes = [path.stat().st_mode & 0o777 for path in (project.state, socket_path.parent, socket_path)]
    assert modes == [0o700, 0o700, 0o600]
    assert (project.state / ".gitignore").read_text() == "*\n"


def test_service_does_not_hold_the_folder_it_was_started_in(project: Project) -> None:
    project.function("echo", ECHO)
    elsewhere = project.folder / "elsewhere"
    elsewhere.mkdir()
    project.lam("start", "--detach", "--port", "0", cwd=elsewhere)
    assert os.readlink(f"/proc/{project.service_pid}/cwd") == str(project.state)
    elsewhere.rmdir()
    assert project.invoke("echo", 1) == 1


@pytest.mark.parametrize("name", ["deep" * 55, "with blanks and 'quotes'", "grüße 世界 ☃"])
def test_any_path_of_a_project_works(tmp_path: Path, name: str) -> None:
    folder = tmp_path
    while len(name) > 100:
        folder, name = folder / name[:100], name[100:]
    folder /= name
    with opened(tmp_path, folder) as project:
        project.function("echo", ECHO)
        assert json.loads(project.lam("invoke", "echo", "--payload", '"é"').stdout) == "é"
        assert "echoing é" in project.lam("logs", "echo").stdout
        project.lam("stop")
        project.assert_all_gone()


# Growth


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def temporary_folders(project: Project) -> int:
    """None where each environment has a /tmp of its own."""
    folder = project.state / "tmp"
    return len(list(folder.iterdir())) if folder.exists() else 0


def below(pid: int) -> list[int]:
    children = children_of(pid)
    return [*children, *(process for child in children for process in below(child))]


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_neither_descriptors_nor_memory_grow(project: Project) -> None:
    project.write("lam.yaml", "max_environments: 1\nfunctions:\n")
    project.function("echo", ECHO)
    code = project.folder / "echo" / "app.py"
    project.start()
    pid = project.service_pid
    for number in range(50):
        project.invoke("echo", number)
    before, memory_before = descriptors(pid), resident_mb(pid)
    keeper_before = descriptors(project.keeper_pid)
    below_before, folders_before = len(below(pid)), temporary_folders(project)
    for number in range(500):
        assert project.invoke("echo", number) == number
    for number in range(50):
        code.write_text(f"def handler(event, context):\n    return {number}\n")
        wait_until(lambda number=number: project.invoke("echo") == number, "the new code")  # a cold start
    # Cold starts that follow each other closely keep one more environment ready ahead.
    wait_until(
        lambda: descriptors(pid) <= before + 4, f"no more descriptors than {before}: {descriptors(pid)}"
    )
    wait_until(lambda: len(below(pid)) <= below_before + 2, "no more processes than before")
    assert descriptors(project.keeper_pid) == keeper_before
    assert resident_mb(pid) - memory_before < 10
    wait_until(lambda: temporary_folders(project) <= folders_before + 1, "no more folders than before")
