"""Attempts to get out of an environment, or to harm others from inside: each fails plainly for the function,
and nobody else notices. Which attempt fails in which mode is said by `in_modes`; see walled.py."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.real.functions_house import Answer, House, wait_until
from tests.real.walled import MODES, WALLED, open_in_mode

pytestmark = pytest.mark.real

ATTACKER = Path(__file__).with_name("attacker.py").read_text()
SETTINGS: dict[str, object] = {"code": "functions", "handler": "app.handler", "timeout": 20, "memory": 1769}
FUNCTIONS: dict[str, dict[str, object]] = {
    "attacker": SETTINGS,
    "victim": SETTINGS,
    "late": SETTINGS,
    "small": {**SETTINGS, "memory": 128, "timeout": 60},
    "slow": {**SETTINGS, "timeout": 1},
    "whole": {**SETTINGS, "code": ".", "handler": "functions/app.handler"},
    "shell": {"runtime": "provided.al2023", "handler": "x", "code": "shell", "timeout": 20},
}
SECRET = f"lam-secret-{secrets.token_hex(8)}"
SHELL = r"""#!/bin/sh
cd "${TMPDIR:-/tmp}"
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
    curl -sD head -o /dev/null "$api/next"
    id=$(tr -d '\r' <head | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
    said=$(cd /proc/self/fd; echo *)
    curl -s -o /dev/null -d "\"$said\"" "$api/$id/response"
done
"""


@dataclass(frozen=True)
class Attempt:
    answer: Answer

    @property
    def got(self) -> Any:
        assert self.answer.function_error is None, self.answer.payload
        return self.answer.json["got"]

    @property
    def refused(self) -> str:
        assert self.answer.function_error is None, self.answer.payload
        assert "refused" in self.answer.json, self.answer.payload
        return str(self.answer.json["refused"])

    @property
    def failed(self) -> str:
        """The type of the failure that the caller sees."""
        assert self.answer.function_error == "Unhandled", self.answer.payload
        return str(self.answer.json["errorType"])


@dataclass(frozen=True)
class Scene:
    house: House
    mode: str

    def tries(self, name: str, *words: object, by: str = "attacker") -> Attempt:
        return Attempt(self.house.invoke(by, {"try": name, "with": words}))

    def pid_of(self, function: str) -> int:
        return int(self.tries("who", by=function).got["pid"])

    def unharmed(self, before: dict[str, Any]) -> bool:
        """The victim goes on where it was."""
        now = self.tries("who", by="victim").got
        return bool(now["pid"] == before["pid"] and now["invocations"] > before["invocations"])


def in_modes(*modes: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scene", modes, indirect=True, scope="module")


in_walls = in_modes(*WALLED)
in_every_mode = in_modes(*MODES)


@pytest.fixture(scope="module")
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    files = {"functions/app.py": ATTACKER, "shell/bootstrap": SHELL}
    with open_in_mode(
        request.param, FUNCTIONS, files, variables={"DEVELOPER_SECRET": SECRET, "AWS_PROFILE": SECRET}
    ) as house:
        yield Scene(house, request.param)


@pytest.fixture
def victim(scene: Scene) -> Iterator[dict[str, Any]]:
    """Lives before and after, whatever happened meanwhile."""
    before = scene.tries("who", by="victim").got
    yield before
    assert scene.unharmed(before)


# Files


@in_walls
def test_tmp_of_another_function_is_not_there(scene: Scene, victim: dict[str, Any]) -> None:
    name = f"/tmp/{SECRET}"
    assert scene.tries("write", name, "of the victim", by="victim").got
    assert scene.tries("read", name).refused == "ENOENT"
    assert scene.tries("write", name, "of the attacker").got
    assert scene.tries("read", name, by="victim").got == "of the victim"
    assert not (Path("/tmp") / SECRET).exists()


@in_modes("portable")
def test_each_environment_has_a_temporary_folder_of_its_own(scene: Scene, victim: dict[str, Any]) -> None:
    """That it could find the other's is not promised there."""
    assert scene.tries("who").got["temporary"] != victim["temporary"]


@in_walls
def test_neither_the_state_folder_nor_the_home_can_be_found(scene: Scene) -> None:
    home = Path(scene.house.environment["HOME"])
    (home / f"{SECRET}-in-home").write_text("x")
    (scene.house.state / f"{SECRET}-in-state").write_text("x")
    for part in (f"{SECRET}-in", "lam.db", "service.json", "service.log", ".sock", ".aws", ".ssh"):
        found = scene.tries("find", part).got
        assert [path for path in found if not path.startswith(("/usr/", "/etc/", "/var/lang/"))] == []
    for path in (scene.house.state / "lam.db", home, Path(scene.house.record["socket"]), Path.home()):
        assert scene.tries("read", str(path)).refused == "ENOENT"


@in_walls
def test_the_state_folder_is_empty_where_it_lies_in_the_code_folder(scene: Scene) -> None:
    assert "lam.yaml" in scene.tries("entries", "/var/task", by="whole").got
    assert scene.tries("entries", "/var/task/.lam", by="whole").got == []
    assert scene.tries("write", "/var/task/.lam/new", "x", by="whole").refused in ("EROFS", "EACCES")
    assert scene.tries("unmount", "/var/task/.lam", by="whole").refused == "EPERM"


@in_every_mode
def test_the_developers_variables_are_not_the_functions(scene: Scene) -> None:
    variables = scene.tries("who").got["variables"]
    assert SECRET not in json.dumps(variables)
    assert {"HOME", "USER", "XDG_RUNTIME_DIR", "AWS_PROFILE"} & set(variables) == set()


@in_walls
def test_only_its_own_processes_are_there_and_tell_nothing_of_others(scene: Scene) -> None:
    assert set(scene.tries("processes").got) == {"1", str(scene.pid_of("attacker"))}
    assert scene.tries("find_in_processes", SECRET).got == []
    for name in ("environ", "mem", "maps", "cwd/x", "root/x", "fd/0", "syscall", "stack"):
        assert scene.tries("read", f"/proc/1/{name}").refused in ("EACCES", "EPERM"), name
    pid = scene.house.service.pid
    assert scene.tries("read", f"/proc/{pid}/environ").refused == "ENOENT"


@in_walls
def test_what_is_shown_cannot_be_written(scene: Scene) -> None:
    folders = ["/", "/var", "/var/task", "/opt", "/var/runtime", "/var/lang", "/var/lang/bin", "/etc"]
    folders += ["/usr", "/usr/bin", "/bin", "/dev", "/run", "/sys/devices/system", "/proc", "/proc/sys"]
    assert scene.tries("read_only", folders).got == []
    assert scene.tries("read_only", folders, by="whole").got == []
    for path in ("/var/task/app.py", "/etc/hosts", "/etc/passwd", "/var/runtime/bootstrap.py"):
        assert scene.tries("write", path, "mine").refused in ("EROFS", "EACCES")


@in_walls
def test_tmp_is_full_at_its_size_and_can_be_used_again(scene: Scene, victim: dict[str, Any]) -> None:
    filled = scene.tries("fill_temporary", 64, by="small").got
    assert filled["stopped_by"] == "ENOSPC"
    assert filled["kb"] == 512 * 1024
    assert scene.tries("write", "/tmp/more", "x", by="small").refused == "ENOSPC"
    assert scene.tries("remove", "/tmp/filling", by="small").got
    assert scene.tries("write", "/tmp/more", "x", by="small").got
    assert scene.tries("remove", "/tmp/more", by="small").got


@in_every_mode
def test_a_link_in_its_temporary_folder_leads_to_nothing_of_others(scene: Scene) -> None:
    target = scene.house.folder / "kept"
    target.mkdir(exist_ok=True)
    (target / "file").write_text("x")
    place = scene.tries("who", by="late").got["temporary"] + f"/{secrets.token_hex(4)}"
    assert scene.tries("link", str(target), place, by="late").got
    if scene.mode != "portable":
        assert scene.tries("entries", place, by="late").refused == "ENOENT"
    assert scene.tries("end_at_once", by="late").failed == "Runtime.ExitError"
    scene.tries("who", by="late")
    assert (target / "file").read_text() == "x"


@in_every_mode
def test_a_hundred_thousand_files_are_not_opened(scene: Scene, victim: dict[str, Any]) -> None:
    opened = scene.tries("open_many", 100_000).got
    assert opened["stopped_by"] == "EMFILE"
    assert 1000 < opened["opened"] < 1024


# Descriptors


@in_every_mode
def test_no_descriptor_of_others_is_inherited_by_python(scene: Scene, victim: dict[str, Any]) -> None:
    """Both the first environment, which tells what it has loaded, and a later one, which is a fork."""
    for function in ("attacker", "victim"):
        found = scene.tries("descriptors", by=function).got
        assert found.pop("0") == "/dev/null"
        assert len({found.pop("1"), found.pop("2"), found.pop("62")}) == 1
        assert len(found) == 1, found  # its connection to the Runtime API
        assert next(iter(found.values())).startswith("socket:")


@in_every_mode
def test_no_descriptor_of_others_is_inherited_by_a_shell(scene: Scene) -> None:
    descriptors = set(scene.house.invoke("shell").json.split())
    assert {"0", "1", "2"} <= descriptors <= {"0", "1", "2", "3"}  # 3 is the listing


@in_every_mode
def test_its_output_can_be_opened_by_name(scene: Scene) -> None:
    """Which shells and loggers do; the pipe must be the function's own for it."""
    attempt = scene.tries("say_by_path")
    assert attempt.got
    assert "said to /dev/stderr" in attempt.answer.log


@in_every_mode
@pytest.mark.parametrize("kind", ["endless", "cut", "noise"])
def test_frames_that_lie_harm_only_its_own_log(scene: Scene, victim: dict[str, Any], kind: str) -> None:
    assert scene.tries("print_frames", kind).got
    assert scene.tries("who").got
    assert scene.tries("who").got


@in_every_mode
def test_a_flood_of_lines_leaves_others_alone(scene: Scene, victim: dict[str, Any]) -> None:
    with ThreadPoolExecutor() as pool:
        flood = pool.submit(scene.tries, "flood", 8)
        while not flood.done():
            assert scene.unharmed(victim)
        assert flood.result().got


# Processes


@in_walls
def test_no_more_processes_than_lambda_gives(scene: Scene, victim: dict[str, Any]) -> None:
    forked = scene.tries("fork_until_refused", False).got
    assert forked == {"forked": 1023, "stopped_by": "EAGAIN"}
    assert scene.tries("fork_until_refused", False).got == forked


@in_walls
def test_a_fork_bomb_ends_with_its_invocation(scene: Scene, victim: dict[str, Any]) -> None:
    with ThreadPoolExecutor() as pool:
        bomb = pool.submit(scene.tries, "fork_bomb", by="slow")
        while not bomb.done():
            assert scene.unharmed(victim)
        assert bomb.result().failed in ("Sandbox.Timedout", "Runtime.OutOfMemory", "Runtime.ExitError")
    assert scene.tries("who", by="slow").got["invocations"] == 1
    assert len(scene.tries("processes", by="slow").got) == 2


@in_walls
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT])
def test_a_signal_to_all_reaches_nobody_else(scene: Scene, victim: dict[str, Any], number: int) -> None:
    pid = scene.pid_of("attacker")
    assert scene.tries("send", -1, number).refused == "ESRCH"  # nobody but itself
    assert scene.pid_of("attacker") == pid


@in_walls
def test_signals_to_its_guardian_do_nothing(scene: Scene, victim: dict[str, Any]) -> None:
    numbers = [number for number in range(1, 65) if number not in (32, 33)]
    assert scene.tries("send_to_each", numbers).got == scene.pid_of("attacker")
    assert scene.tries("send", os.getpid(), 0).refused == "ESRCH"
    assert scene.tries("send", scene.house.service.pid, signal.SIGKILL).refused == "ESRCH"


@in_walls
def test_nobody_else_can_be_traced(scene: Scene, victim: dict[str, Any]) -> None:
    assert scene.tries("ptrace", 1).refused == "EPERM"
    for pid in (scene.house.service.pid, *(process.pid for process in scene.house.processes())):
        if pid > 1000:
            assert scene.tries("ptrace", pid).refused in ("ESRCH", "EPERM")


@in_every_mode
def test_a_daemon_that_ignores_signals_does_not_outlive_its_environment(scene: Scene) -> None:
    mark = f"9{secrets.randbelow(10**9):09}"
    assert scene.tries("leave_a_daemon", mark, by="late").got
    assert with_argument(mark)
    assert scene.tries("end_at_once", by="late").failed == "Runtime.ExitError"
    wait_until(lambda: not with_argument(mark), "the daemon ends with its environment")
    assert scene.tries("who", by="late").got["invocations"] == 1


@in_every_mode
def test_a_function_that_stops_itself_times_out(scene: Scene, victim: dict[str, Any]) -> None:
    assert scene.tries("stop_itself", by="slow").failed == "Sandbox.Timedout"
    assert scene.tries("who", by="slow").got["invocations"] == 1


@in_walls
def test_processes_that_wake_each_other_stand_still_all_the_same(
    scene: Scene, victim: dict[str, Any]
) -> None:
    assert scene.tries("count_on", "/tmp/counting", 6, by="late").got
    wait_until(lambda: standing_still(scene, "late"), "they stand still, or are ended")


# Memory


@in_every_mode
@pytest.mark.parametrize("children", [0, 4])
def test_ten_times_the_memory_is_not_had(scene: Scene, victim: dict[str, Any], children: int) -> None:
    assert scene.tries("take_memory", 1280, children, by="small").failed == "Runtime.OutOfMemory"
    assert scene.tries("who", by="small").got["invocations"] == 1


@in_walls
def test_files_in_tmp_are_not_counted_as_memory(scene: Scene) -> None:
    # Other tests of this environment may have left a file.
    assert 512 * 1024 - 64 <= scene.tries("fill_temporary", 1024, by="small").got["kb"] <= 512 * 1024
    assert scene.tries("remove", "/tmp/filling", by="small").got


# The kernel's own


@in_walls
def test_it_has_no_privileges_and_cannot_gain_any(scene: Scene) -> None:
    found = scene.tries("privileges").got
    assert [found[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [""] * 4
    assert found["NoNewPrivs"] == "1"
    assert set(found["Uid"].split()) == {"993"}
    assert set(found["Gid"].split()) == {"990"}
    assert scene.tries("become_root").refused in ("EINVAL", "EPERM")
    assert scene.tries("run", "/bin/su", "-c", "id").got["code"] != 0


@in_modes("root")
def test_as_root_each_environment_is_a_user_of_its_own(scene: Scene, victim: dict[str, Any]) -> None:
    scene.tries("who")
    # Whoever is the house itself, and one user per environment: its guardian and its function.
    owners = Counter(user for process in scene.house.processes() for user in users_of(process)[:1])
    assert owners.pop(0)  # the keeper
    assert owners.pop(min(owners))
    assert len(owners) >= 2
    assert min(owners) > 1_800_000_000
    # Others in this project may have left children of theirs.
    assert min(owners.values()) == 2
    assert victim["groups"] == scene.tries("who").got["groups"] == []


@in_walls
def test_nothing_can_be_mounted_or_unmounted(scene: Scene) -> None:
    assert scene.tries("mount_something").refused == "EPERM"
    for path in ("/", "/var/task", "/etc", "/usr", "/proc"):
        assert scene.tries("remount", path).refused == "EPERM"
        assert scene.tries("unmount", path).refused == "EPERM"
    assert scene.tries("chroot", "/tmp").refused == "EPERM"
    assert scene.tries("make_device", "/tmp/memory").refused == "EPERM"
    assert scene.tries("set_host_name").refused == "EPERM"


@in_walls
def test_it_becomes_root_of_no_namespace_of_its_own(scene: Scene) -> None:
    newns, newuser, newpid, newnet = 0x00020000, 0x10000000, 0x20000000, 0x40000000
    for flags in (newns, newpid, newnet):
        assert scene.tries("unshare", flags).refused == "EPERM"
    assert scene.tries("unshare", newuser).refused == "ENOSPC"
    assert scene.tries("unshare_in_a_child", newuser | newns).got == 0
    assert scene.tries("write", "/proc/sys/user/max_user_namespaces", "100").refused in ("EACCES", "EPERM")
    for kind in ("mnt", "pid", "user", "net", "uts", "ipc"):
        assert scene.tries("join_namespace", f"/proc/1/ns/{kind}").refused == "EACCES"


@in_walls
def test_the_kernels_settings_stay(scene: Scene) -> None:
    settings = ["kernel/hostname", "kernel/core_pattern", "vm/overcommit_memory"]
    settings += ["net/ipv4/ip_forward", "kernel/ns_last_pid", "fs/file-max"]
    for name in settings:
        assert scene.tries("write", f"/proc/sys/{name}", "1").refused in (
            "EACCES",
            "EPERM",
            "EROFS",
            "ENOENT",
        )
    assert scene.tries("write", "/proc/sysrq-trigger", "h").refused in ("EACCES", "EPERM", "ENOENT")


@in_every_mode
def test_limits_cannot_be_raised(scene: Scene) -> None:
    assert scene.tries("raise_limit", "RLIMIT_NOFILE").failed in ("ValueError", "PermissionError")
    if scene.mode != "portable":
        assert scene.tries("raise_limit", "RLIMIT_NPROC").failed in ("ValueError", "PermissionError")


@in_walls
def test_the_developers_keys_are_out_of_reach(scene: Scene) -> None:
    """A session keyring is inherited by every child, and with it all its keys."""
    assert scene.tries("search_key", KEY).refused in ("ENOKEY", "ENOSYS", "EPERM")


# The network


@in_every_mode
def test_binding_the_runtime_apis_port_stops_nobody(scene: Scene, victim: dict[str, Any]) -> None:
    assert scene.tries("bind", "0.0.0.0", 9001).refused == "EADDRINUSE"
    for who in (scene.tries("who").got, victim):
        assert scene.tries("bind", who["api"].partition(":")[0], 9001).refused == "EADDRINUSE"
    scene.tries("bind", "127.0.0.1", 9001)
    scene.tries("end_at_once", by="late")
    assert scene.tries("who", by="late").got


@in_modes("root")
def test_as_root_the_runtime_api_of_another_environment_refuses(scene: Scene, victim: dict[str, Any]) -> None:
    assert scene.tries("ask", victim["api"], "GET", "/2018-06-01/ping").got == 403
    assert scene.tries("ask", victim["api"], "GET", "/2018-06-01/runtime/invocation/next").got == 403
    own = scene.tries("who").got["api"]
    assert scene.tries("ask", own, "GET", "/2018-06-01/ping").got == 200


@in_modes("rootless", "portable")
def test_without_a_user_of_its_own_the_runtime_api_of_another_environment_answers(
    scene: Scene, victim: dict[str, Any]
) -> None:
    """Not promised in the host's network; the isolated one has it."""
    assert scene.tries("ask", victim["api"], "GET", "/2018-06-01/ping").got == 200


@in_walls
def test_the_services_socket_is_not_there(scene: Scene) -> None:
    assert scene.tries("connect_unix", scene.house.record["socket"]).refused == "ENOENT"


@in_every_mode
def test_the_services_own_routes_are_not_for_functions(scene: Scene) -> None:
    address = scene.house.endpoint.removeprefix("http://")
    assert scene.tries("ask", address, "GET", "/_lam/status").got == 404
    assert scene.tries("ask", address, "GET", "/2015-03-31/functions/").got == 200  # as on AWS


KEY = f"lam-key-{secrets.token_hex(4)}"


@pytest.fixture(scope="module", autouse=True)
def developers_key() -> None:
    """In this process's session, which every service that is started here inherits."""
    libc = ctypes.CDLL(None, use_errno=True)
    add_key = {"x86_64": 248, "aarch64": 217}.get(os.uname().machine)
    if add_key is not None:
        libc.syscall(add_key, b"user", KEY.encode(), b"secret", 6, -3)


def with_argument(mark: str) -> list[int]:
    """Processes of this machine that live with this as their last argument."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if (process.info["cmdline"] or [""])[-1] == mark and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def users_of(process: psutil.Process) -> list[int]:
    with contextlib.suppress(psutil.Error):
        return list(process.uids())
    return []


def standing_still(scene: Scene, function: str) -> bool:
    """None of the processes that it has left computes any more."""
    spinning = [process for process in scene.house.processes() if process.num_threads() == 1]
    used = cpu_seconds(spinning)
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        if cpu_seconds(spinning) - used > 0.05:
            return False
        time.sleep(0.05)
    return True


def cpu_seconds(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total
