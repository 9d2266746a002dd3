"""Finds, starts and stops the background service of a project. It is the only starter of the service."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambdacli import __version__
from lambdacli.client import http, local
from lambdacli.client.local import Endpoint, Json
from lambdacli.model import neighbours
from lambdacli.model.location import Place, is_private, prepare
from lambdacli.model.template_options import NO_OPTIONS, TemplateOptions

# `-P` keeps the current folder off the module path: a function's own json.py must not become the service's.
SERVICE_COMMAND = (sys.executable, "-P", "-m", "lambdacli.service")
START_SECONDS = 20.0
FORCED_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02
_LAST_LINES = 20
_LOG_BYTES_MAXIMUM = 4 * 1024 * 1024

Tell = Callable[[str], None]


class ControlError(Exception):
    """The service could not be started, found or stopped; `hint` says what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class StartOptions:
    port: int | None = None
    is_anonymous: bool = False
    are_other_users_allowed: bool = False
    idle_exit_minutes: float | None = None
    is_strict: bool = False
    are_signatures_checked: bool = False
    time_scale: float = 1.0
    template: TemplateOptions = NO_OPTIONS

    def arguments(self) -> list[str]:
        arguments = []
        if self.port is not None:
            arguments += ["--port", str(self.port)]
        if self.is_anonymous:
            arguments.append("--anonymous")
        if self.are_other_users_allowed:
            arguments.append("--allow-other-users")
        if self.are_signatures_checked:
            arguments.append("--auth")
        if self.idle_exit_minutes is not None:
            arguments += ["--idle-exit", f"{self.idle_exit_minutes:g}"]
        if self.is_strict:
            arguments.append("--strict")
        if self.time_scale != 1.0:
            arguments += ["--time-scale", f"{self.time_scale:g}"]
        return [*arguments, *self.template.arguments()]


@dataclass(frozen=True, slots=True)
class Running:
    """A service that answers."""

    socket_path: Path
    status: Json
    process: subprocess.Popen[bytes] | None = None
    """Set when this command started it."""

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(http.UnixAddress(self.socket_path))

    @property
    def pid(self) -> int:
        return int(self.status["pid"])

    @property
    def version(self) -> str:
        return str(self.status["version"])


# Find


def find(place: Place) -> Running | None:
    """The service of this place if it answers. Starts nothing."""
    for socket_path in _possible_sockets(place):
        endpoint = Endpoint(http.UnixAddress(socket_path))
        try:
            return Running(socket_path, local.status(endpoint))
        except http.NotConnected:
            continue
        except http.ReadTimedOut as error:
            raise ControlError(
                "the service runs but does not answer", f"see {log_file(place)}, or end it: `lam stop --now`"
            ) from error
        except http.AnswerLost:
            continue  # it ended while it was asked
    return None


def log_file(place: Place) -> Path:
    return place.state_dir / "service.log"


def recorded_pid(place: Place) -> int | None:
    """The process id in service.json, while that process is really the service of this place."""
    pid = _service_record(place).get("pid")
    return pid if isinstance(pid, int) and _is_service_of(place, pid) else None


_known: list[Running] = []


def take_over(running: Running) -> None:
    """The next verb uses this service, which was found already, even if it has ended since: an answer that is
    lost must not start another one."""
    _known.append(running)


# Start


def ensure_running(place: Place, options: StartOptions, tell: Tell, *, is_detached: bool = True) -> Running:
    """The service of this place, started when it is not running, replaced when its version is another."""
    if _known:
        return _known.pop()
    running = find(place)
    if running is not None and running.version == __version__:
        return running
    with _start_lock(place, tell):
        running = find(place)
        if running is not None and running.version == __version__:
            return running
        if running is not None:
            tell(f"replacing the running service of version {running.version} by {__version__}")
            stop(running, tell, now=False)
        _wait_for_predecessor(place, tell)
        return _start(place, options, is_detached=is_detached)


def _start(place: Place, options: StartOptions, *, is_detached: bool) -> Running:
    with _held_signals() as let_through:
        process, log_begin = _spawn(place, options, is_detached=is_detached)
        try:
            let_through()
            return _when_ready(place, process, log_begin)
        except BaseException:
            # A start that failed or was interrupted leaves nothing behind.
            process.terminate()
            raise


@contextlib.contextmanager
def _held_signals() -> Iterator[Callable[[], None]]:
    """What would interrupt us waits until it is let through: an exception in the middle of starting a process
    would leave one that nobody knows of."""
    came: list[int] = []
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) not in (
                signal.SIG_IGN,
                None,
            ):  # what is ignored stays so in the child
                before[number] = signal.signal(number, lambda number, _: came.append(number))

    def let_through() -> None:
        while before:
            signal.signal(*before.popitem())
        while came:
            signal.raise_signal(came.pop())

    try:
        yield let_through
    finally:
        let_through()


def _when_ready(place: Place, process: subprocess.Popen[bytes], log_begin: int) -> Running:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        # Asked before the socket: a child that ended cannot be the one that answers.
        exit_code = process.poll()
        if running := find(place):
            is_ours = running.pid == process.pid
            return Running(running.socket_path, running.status, process if is_ours else None)
        if exit_code is not None:
            said = _last_words(log_file(place), log_begin)
            raise ControlError(
                said or f"the service ended at once, with exit code {exit_code}",
                None if "hint: " in said else f"its log is {log_file(place)}",
            )
        time.sleep(_POLL_SECONDS)
    raise ControlError(
        f"the service did not answer within {START_SECONDS:.0f} seconds", f"its log is {log_file(place)}"
    )


def _spawn(place: Place, options: StartOptions, *, is_detached: bool) -> tuple[subprocess.Popen[bytes], int]:
    command = [*SERVICE_COMMAND, "--state-dir", str(place.state_dir), "--socket", str(place.socket_path)]
    command += ["--cache-dir", str(place.cache_dir)]
    if place.project_file is not None:
        command += ["--project", str(place.project_file)]
    if keys := os.environ.get("LAM_KEYS"):
        command += ["--keys", os.path.abspath(os.path.expanduser(keys))]
    command += options.arguments()
    log = log_file(place)
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAXIMUM:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        begin = output.tell()
        process = subprocess.Popen(
            command,
            cwd=place.state_dir,  # not in a folder that may be removed under it
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=is_detached,
            # In the foreground it stays in our session, but ^C at the terminal reaches only us:
            # we decide which signal it gets.
            process_group=None if is_detached else 0,
        )
    return process, begin


@contextlib.contextmanager
def _start_lock(place: Place, tell: Tell) -> Iterator[None]:
    """One starter at a time; whoever waited finds the service running."""
    prepare(place)
    with (place.state_dir / "start.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("another command is starting the service; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wait_for_predecessor(place: Place, tell: Tell) -> None:
    """A service that was told to stop closes its socket and drains: two at once would share its state."""
    pid = recorded_pid(place)
    if pid is not None:
        tell(f"waiting for the previous service (pid {pid}) to finish its invocations")
    deadline = time.monotonic() + START_SECONDS
    while _is_state_in_use(place):
        if time.monotonic() > deadline:
            who = "the previous service" if pid is None else f"the previous service (pid {pid})"
            raise ControlError(
                f"{who} still finishes its invocations", "wait for it, or cut them with `lam stop --now`"
            )
        time.sleep(_POLL_SECONDS)


def _is_state_in_use(place: Place) -> bool:
    """The service holds this lock from before its first file is opened until its process is gone."""
    with (place.state_dir / "service.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


# Stop


def stop_service(place: Place, tell: Tell, *, now: bool) -> int | None:
    """Stops whatever service this place has, also one that drains already or, with `now`, one that hangs.
    Returns its process id, None when there was none."""
    try:
        running = find(place)
    except ControlError:
        if not now:
            raise
        running = None
    if running is not None:
        stop(running, tell, now=now)
        return running.pid
    pid = recorded_pid(place)
    if pid is not None:
        if now:
            os.kill(pid, signal.SIGTERM)  # the second time, if it drains: that cuts
        _wait_until_gone(pid, None, tell, is_forced=now)
    return pid


def stop_neighbours(place: Place) -> int | None:
    """Ends the neighbour services that a killed service left. Returns their process id, None when there were
    none."""
    left = neighbours.living(place.state_dir)
    if left is None:
        return None
    neighbours.end(place.state_dir, left)
    return left.pid


def stop(running: Running, tell: Tell, *, now: bool) -> None:
    """Returns when the service's process is gone; without `now` its invocations finish first."""
    with contextlib.suppress(http.HttpError):
        local.stop(running.endpoint, now=now)
    _wait_until_gone(running.pid, running.endpoint, tell, is_forced=now)


def _wait_until_gone(pid: int, endpoint: Endpoint | None, tell: Tell, *, is_forced: bool) -> None:
    begun = time.monotonic()
    next_word = begun + 1.0
    told = ""
    while _is_alive(pid):
        waited = time.monotonic() - begun
        if is_forced and waited > FORCED_STOP_SECONDS:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > next_word:
            next_word += 1.0
            word = _drain_word(endpoint)
            if word != told:
                tell(word)
                told = word
        time.sleep(_POLL_SECONDS)


def _drain_word(endpoint: Endpoint | None) -> str:
    count = None
    if endpoint is not None:
        with contextlib.suppress(http.HttpError, local.ApiError):
            count = local.status(endpoint).get("running_invocations")
    if not count:
        return "waiting for the service to end"
    noun = "invocation" if count == 1 else "invocations"
    return f"waiting for {count} running {noun}; `lam stop --now` cuts them"


# What a place and a process say


def _possible_sockets(place: Place) -> list[Path]:
    """The recorded one first: it was chosen by the service's XDG_RUNTIME_DIR, which may differ from ours. A
    socket in a folder that is not ours alone may be anybody's: it is not asked, nor sent anything."""
    recorded = _service_record(place).get("socket")
    paths = [Path(recorded)] if isinstance(recorded, str) else []
    paths += [place.socket_path] if place.socket_path not in paths else []
    return [path for path in paths if is_private(path.parent)]


def _service_record(place: Place) -> Json:
    try:
        record = json.loads(place.service_file.read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """In a container nobody may reap an orphan: its number stays although it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def _is_service_of(place: Place, pid: int) -> bool:
    """Process ids are reused: a stale record must not make a stranger look like our service, nor that of
    another project."""
    if not _is_alive(pid):
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        listed = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        command = listed.stdout
    return "lambdacli.service" in command and f" {place.state_dir} " in command


def _last_words(log: Path, begin: int) -> str:
    """What a process that ended at once wrote: its error, or the end of its traceback."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(begin)
        said = file.read().decode(errors="replace").strip()
        _, mark, error = f"\n{said}".rpartition("\nerror: ")
        return error if mark else "\n".join(said.splitlines()[-_LAST_LINES:])
    return ""
