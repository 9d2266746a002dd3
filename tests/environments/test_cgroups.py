"""Cgroups: which are found, what is written into them, and that nothing stays behind."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from lambdacli.environments.sandbox import cgroup_search, cgroups
from lambdacli.environments.sandbox.cgroup_files import V1, V2, figure_in, share_writes
from lambdacli.environments.sandbox.cgroup_search import Found, Ourselves, find_cgroups
from lambdacli.environments.sandbox.cgroups import Cgroup, CgroupError, Cgroups

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has cgroups")

US = 4711
MB = 1 << 20

# What is written


@pytest.mark.parametrize(
    ("share", "v2", "v1"),
    [
        (None, "max 20000", "-1"),
        (0.0724, "1448 20000", "1448"),
        (0.01, "1000 20000", "1000"),  # the kernel takes no less
        (1.0, "20000 20000", "20000"),
        (2.5, "50000 20000", "50000"),
    ],
)
def test_texts_of_a_share(share: float | None, v2: str, v1: str) -> None:
    assert [(write.file, write.text) for write in share_writes(V2, share)] == [("cpu.max", v2)]
    assert [(write.file, write.text) for write in share_writes(V1, share)] == [
        ("cpu.cfs_period_us", "20000"),
        ("cpu.cfs_quota_us", v1),
    ]


@pytest.mark.parametrize(
    ("data", "key", "figure"),
    [
        (b"low 0\noom 3\noom_kill 2\noom_group_kill 1\n", b"oom_kill", 2),
        (b"oom_kill_disable 0\nunder_oom 0\n", b"oom_kill", None),
        (b"", b"oom_kill", None),
    ],
)
def test_figures_of_a_file(data: bytes, key: bytes, figure: int | None) -> None:
    assert figure_in(data, key) == figure


# A folder that behaves like the kernel's, version 2


class Imitation:
    """Makes the files of a cgroup with its folder, moves processes, hands out controllers, and refuses what
    the kernel refuses."""

    FILES: ClassVar = {
        "": ("cgroup.procs", "cgroup.subtree_control"),
        "memory": ("memory.max", "memory.swap.max", "memory.oom.group", "memory.current", "memory.peak",
                   "memory.events"),
        "cpu": ("cpu.max",),
        "pids": ("pids.max",),
    }  # fmt: skip

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        monkeypatch.setattr(cgroups, "write", self.write)
        monkeypatch.setattr(cgroups, "make_folder", self.make_folder)
        monkeypatch.setattr(cgroups, "remove_folder", self.remove_folder)

    def make_root(self, controllers: str, pids: list[int], *, is_kernels: bool = False) -> None:
        self._fill(self.root, controllers.split(), is_kernels=is_kernels)
        self._set_processes(self.root, pids)

    def _fill(self, folder: Path, controllers: list[str], *, is_kernels: bool = False) -> None:
        for name in ("", *controllers):
            for file in self.FILES[name]:
                (folder / file).write_text("")
        (folder / "cgroup.controllers").write_text(" ".join(controllers) + "\n")
        if not is_kernels:
            (folder / "cgroup.type").write_text("domain\n")

    def _set_processes(self, folder: Path, pids: list[int]) -> None:
        (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))

    def processes(self, folder: Path) -> list[int]:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]

    def make_folder(self, path: Path) -> None:
        path.mkdir()
        self._fill(path, (path.parent / "cgroup.subtree_control").read_text().split())

    def remove_folder(self, path: Path) -> None:
        if not path.is_dir():
            raise FileNotFoundError(path)
        if self.processes(path) or any(child.is_dir() for child in path.iterdir()):
            raise OSError(errno.EBUSY, "Device or resource busy", str(path))
        for file in path.iterdir():
            file.unlink()
        path.rmdir()

    def write(self, path: Path, text: str) -> None:
        if not path.is_file():
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
        if path.name == "cgroup.procs":
            self._move(int(text), path.parent)
        elif path.name == "cgroup.subtree_control":
            self._hand_out(path.parent, text)
        else:
            path.write_text(text)

    def _move(self, pid: int, target: Path) -> None:
        for file in self.root.rglob("cgroup.procs"):
            self._set_processes(file.parent, [each for each in self.processes(file.parent) if each != pid])
        if (target / "cgroup.subtree_control").read_text():
            raise OSError(errno.EBUSY, "Device or resource busy", str(target))
        self._set_processes(target, [*self.processes(target), pid])

    def _hand_out(self, folder: Path, order: str) -> None:
        if self.processes(folder) and (folder / "cgroup.type").exists():
            raise OSError(errno.EBUSY, "Device or resource busy", str(folder))
        if order[1:] not in (folder / "cgroup.controllers").read_text().split():
            raise OSError(errno.EINVAL, "Invalid argument", str(folder))
        file = folder / "cgroup.subtree_control"
        file.write_text(f"{file.read_text()} {order[1:]}".strip())


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imitation:
    return Imitation(tmp_path, monkeypatch)


def ourselves(
    cgroup: str = "0::/\n", *, is_root: bool = False, has_systemd: bool = True, family: tuple[int, ...] = ()
) -> Ourselves:
    return Ourselves(cgroup, US, is_root, has_systemd, frozenset({US, *family}))


def found(place: Imitation, own: Ourselves) -> tuple[Cgroups, Found]:
    result = find_cgroups(place.root, own)
    assert result.cgroups is not None, result
    return result.cgroups, result


def test_a_delegated_folder_is_used_after_its_processes_moved_to_a_leaf(kernel: Imitation) -> None:
    kernel.make_root("cpu memory pids", [US, US + 1])
    groups, result = found(kernel, ourselves(family=(US + 1,)))
    assert (result.missing, result.reason, result.advice) == ((), "", "")
    assert kernel.processes(kernel.root) == [US, US + 1]  # finding changes nothing

    async def story() -> None:
        await groups.open()
        assert kernel.processes(kernel.root) == []
        assert kernel.processes(kernel.root / "lam-service") == [US, US + 1]
        assert groups.controllers == {"memory", "cpu", "pids"}

        cgroup = groups.make("one", 128 * MB, 1024)
        folder = kernel.root / f"lam-{os.getpid()}" / "one"
        texts = {
            name: (folder / name).read_text()
            for name in ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max")
        }
        assert texts == {
            "memory.max": str(128 * MB),
            "memory.swap.max": "0",
            "memory.oom.group": "1",
            "pids.max": "1024",
        }
        cgroup.set_cpu_share(0.5)
        assert (folder / "cpu.max").read_text() == "10000 20000"
        cgroup.add(99)
        assert kernel.processes(folder) == [99]
        (folder / "memory.events").write_text("oom 1\noom_kill 0\n")
        assert not cgroup.was_out_of_memory()
        (folder / "memory.events").write_text("oom 1\noom_kill 1\n")
        assert cgroup.was_out_of_memory()

        assert not await cgroup.remove(seconds=0)
        kernel._set_processes(folder, [])
        assert await cgroup.remove()
        assert await groups.close()
        assert not folder.parent.exists()

    asyncio.run(story())


def test_removing_waits_until_the_processes_are_gone(kernel: Imitation) -> None:
    kernel.make_root("memory cpu pids", [US])
    groups, _ = found(kernel, ourselves())

    async def story() -> None:
        await groups.open()
        cgroup = groups.make("one", 128 * MB, 1024)
        cgroup.add(99)
        removing = asyncio.ensure_future(cgroup.remove(seconds=20))
        await asyncio.sleep(0)
        assert not removing.done()
        kernel._move(99, kernel.root / "lam-service")
        assert await removing
        assert await groups.close()

    asyncio.run(story())


def test_close_removes_what_was_forgotten(kernel: Imitation) -> None:
    kernel.make_root("memory cpu pids", [US])
    groups, _ = found(kernel, ourselves())

    async def story() -> None:
        await groups.open()
        for name in ("one", "two"):
            groups.make(name, 128 * MB, 1024)
        assert await groups.close()
        assert await groups.close()

    asyncio.run(story())
    assert [path.name for path in kernel.root.iterdir() if path.is_dir()] == ["lam-service"]


def test_leftovers_of_dead_services_are_removed(kernel: Imitation) -> None:
    kernel.make_root("memory cpu pids", [US])
    gone = f"lam-{2**22 + 1}"
    alive = f"lam-{os.getppid()}"
    for name in (gone, alive, "lam-other", "foreign"):
        kernel.make_folder(kernel.root / name)
        kernel.make_folder(kernel.root / name / "inner")
    groups, _ = found(kernel, ourselves())
    asyncio.run(groups.open())
    left = {path.name for path in kernel.root.iterdir() if path.is_dir()}
    assert left == {alive, "lam-other", "foreign", "lam-service", f"lam-{os.getpid()}"}


def test_a_program_that_got_a_dead_services_number_protects_nothing(
    kernel: Imitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.make_root("memory cpu pids", [US])
    leftover = kernel.root / f"lam-{os.getppid()}"
    kernel.make_folder(leftover)
    monkeypatch.setattr(cgroups, "began_at", lambda pid: time.time() + 60)
    groups, _ = found(kernel, ourselves())
    asyncio.run(groups.open())
    assert not leftover.exists()


def test_a_second_service_in_the_same_folder_finds_the_leaf(kernel: Imitation) -> None:
    kernel.make_root("memory cpu pids", [])
    kernel.make_folder(kernel.root / "lam-service")
    kernel._set_processes(kernel.root / "lam-service", [US, 1])
    groups, _ = found(kernel, ourselves("0::/lam-service\n"))
    asyncio.run(groups.open())
    assert (kernel.root / f"lam-{os.getpid()}").is_dir()
    assert kernel.processes(kernel.root / "lam-service") == [US, 1]


def test_a_refusal_leaves_nothing_half_made(kernel: Imitation, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.make_root("memory cpu pids", [US])
    groups, _ = found(kernel, ourselves())
    asyncio.run(groups.open())

    def refuse(path: Path, text: str) -> None:
        if path.name == "pids.max":
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))
        kernel.write(path, text)

    monkeypatch.setattr(cgroups, "write", refuse)
    with pytest.raises(PermissionError):
        groups.make("one", 128 * MB, 1024)
    assert not (kernel.root / f"lam-{os.getpid()}" / "one").exists()


def test_processes_that_cannot_be_moved_are_told(kernel: Imitation, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.make_root("memory cpu pids", [US])
    groups, _ = found(kernel, ourselves())
    monkeypatch.setattr(cgroups, "write", lambda path, text: None)
    with pytest.raises(CgroupError, match="its processes cannot be moved"):
        asyncio.run(groups.open())


def test_who_is_given_less_says_so_and_uses_it(kernel: Imitation) -> None:
    kernel.make_root("memory pids", [US])
    groups, result = found(kernel, ourselves())
    assert result.missing == ("cpu",)
    assert result.reason == "cgroup / was not given: cpu"
    assert "Delegate=cpu memory pids" in result.advice

    async def story() -> None:
        await groups.open()
        cgroup = groups.make("one", 128 * MB, 1024)
        cgroup.set_cpu_share(0.5)  # somebody else has to hold it to its share
        assert groups.controllers == {"memory", "pids"}
        assert await groups.close()

    asyncio.run(story())


# Who may use what


@pytest.mark.parametrize(
    ("own", "pids", "is_kernels", "reason", "advice"),
    [
        # A terminal's scope: the shell lives there too.
        (ourselves(), [US, 5], False, "other programs live in cgroup /", cgroup_search.AS_USER),
        (ourselves(has_systemd=False), [US, 5], False, "other programs live in cgroup /",
         cgroup_search.IN_CONTAINER),
        (ourselves(is_root=True), [US], True, "cgroup / belongs to systemd", cgroup_search.AS_ROOT),
        (ourselves("0::/../..\n"), [5], False, "cgroup /../.. is not to be seen from here",
         cgroup_search.AS_USER),
    ],
)  # fmt: skip
def test_what_is_not_ours_is_left_alone(
    kernel: Imitation, own: Ourselves, pids: list[int], is_kernels: bool, reason: str, advice: str
) -> None:
    kernel.make_root("memory cpu pids", pids, is_kernels=is_kernels)
    assert find_cgroups(kernel.root, own) == Found(None, ("memory", "cpu", "pids"), reason, advice)


def test_what_systemd_marks_as_delegated_is_ours(kernel: Imitation, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.make_root("memory cpu pids", [US, 5])
    monkeypatch.setattr(os, "getxattr", lambda path, name: b"1" if name == "user.delegate" else b"")
    assert found(kernel, ourselves())[1].missing == ()


def test_root_owns_its_container(kernel: Imitation) -> None:
    kernel.make_root("memory cpu pids", [1, US, 5])
    # Without a cgroup namespace the path is the host's.
    groups, _ = found(kernel, ourselves("0::/docker/abc\n", is_root=True, has_systemd=False))
    asyncio.run(groups.open())
    assert kernel.processes(kernel.root / "lam-service") == [1, US, 5]


def test_the_kernels_own_root_needs_no_leaf(kernel: Imitation) -> None:
    kernel.make_root("memory cpu pids", [1, US], is_kernels=True)
    groups, _ = found(kernel, ourselves(is_root=True, has_systemd=False))
    asyncio.run(groups.open())
    assert kernel.processes(kernel.root) == [1, US]


def test_no_controllers_and_no_cgroups_at_all(kernel: Imitation) -> None:
    nothing = find_cgroups(kernel.root, ourselves())
    assert (nothing.cgroups, nothing.reason) == (None, f"no cgroups of ours are mounted at {kernel.root}")
    kernel.make_root("", [US])
    assert find_cgroups(kernel.root, ourselves()).reason == "cgroup / was given no controllers"
    assert find_cgroups(kernel.root, ourselves()).advice == cgroup_search.FOR_USERS


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_what_is_not_writable_is_told(kernel: Imitation) -> None:
    kernel.make_root("memory cpu pids", [US])
    (kernel.root / "cgroup.subtree_control").chmod(0o444)
    assert find_cgroups(kernel.root, ourselves()).reason == "cgroup / is not writable for this user"


def version_1(root: Path, *names: str) -> None:
    for name in names:
        (root / name / "inner").mkdir(parents=True)
        (root / name / "inner" / "cgroup.procs").write_text(f"{US}\n")


V1_TEXT = "5:pids:/inner\n4:memory:/inner\n2:cpu,cpuacct:/inner\n1:name=systemd:/\n0::/\n"


def test_version_1_is_taken_where_version_2_has_no_controllers(tmp_path: Path) -> None:
    version_1(tmp_path, "memory", "pids", "cpu,cpuacct")
    for name in ("cpu", "cpuacct"):
        (tmp_path / name).symlink_to("cpu,cpuacct")
    (tmp_path / "unified").mkdir()
    (tmp_path / "unified" / "cgroup.controllers").write_text("hugetlb\n")
    (tmp_path / "unified" / "cgroup.procs").write_text(f"{US}\n")
    result = find_cgroups(tmp_path, ourselves(V1_TEXT))
    assert result.missing == ()
    assert result.cgroups is not None
    assert result.cgroups.version == 1
    assert result.cgroups.controllers == {"memory", "cpu", "pids"}


def test_version_1_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version_1(tmp_path, "memory", "pids")
    result = find_cgroups(tmp_path, ourselves(V1_TEXT, is_root=True))
    assert result.missing == ("cpu",)
    assert result.reason == "cgroup version 1 is not mounted for: cpu"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    result = find_cgroups(tmp_path, ourselves(V1_TEXT))
    assert (result.cgroups, result.missing) == (None, ("memory", "cpu", "pids"))
    assert result.reason == "cgroup version 1 is not writable for this user: memory, pids"
    assert result.advice == cgroup_search.V1_AS_USER


# This machine's own


@contextmanager
def opened() -> Iterator[tuple[asyncio.Runner, Cgroups]]:
    result = find_cgroups()
    if result.cgroups is None or result.missing or result.cgroups.version != 1:
        pytest.skip(f"cgroup version 1 cannot be written here: {result.reason or 'version 2'}")
    with asyncio.Runner() as runner:
        runner.run(result.cgroups.open())
        try:
            yield runner, result.cgroups
        finally:
            assert runner.run(result.cgroups.close())


@contextmanager
def waiting(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """Does its work once a line comes, so that it can be put into a cgroup before."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", "import sys\nsys.stdin.readline()\n" + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def go(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def processes_of(cgroup: Cgroup) -> list[int]:
    try:
        return [int(pid) for pid in (cgroup._folders["memory"] / "cgroup.procs").read_text().split()]
    except FileNotFoundError:
        return []


def line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.real
def test_more_memory_than_the_limit_is_killed_by_the_kernel() -> None:
    with opened() as (runner, groups), waiting("x = bytearray(640 << 20)\nprint('survived')") as process:
        cgroup = groups.make("eats", 64 * MB, 1024)
        cgroup.add(process.pid)
        assert processes_of(cgroup) == [process.pid]
        assert not cgroup.was_out_of_memory()
        go(process)
        assert process.wait(20) == -signal.SIGKILL
        assert cgroup.was_out_of_memory()
        assert runner.run(cgroup.remove())


@pytest.mark.real
def test_processes_beyond_the_limit_cannot_be_made() -> None:
    code = """
import os
made = 0
try:
    while True:
        if os.fork() == 0:
            sys.stdin.readline()
            os._exit(0)
        made += 1
except BlockingIOError:
    print(made, flush=True)
sys.stdin.readline()
"""
    with opened() as (runner, groups), waiting(code) as process:
        cgroup = groups.make("forks", 512 * MB, 20)
        cgroup.add(process.pid)
        go(process)
        assert line(process) == b"19"
        for child in psutil.Process(process.pid).children():
            child.kill()
        process.kill()
        assert runner.run(cgroup.remove())


@pytest.mark.real
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_processor_time_stays_at_the_share(share: float) -> None:
    code = """
import time
began, used = time.monotonic(), time.process_time()
while time.monotonic() - began < 1:
    pass
print((time.process_time() - used) / (time.monotonic() - began), flush=True)
"""
    with opened() as (runner, groups), waiting(code) as process:
        cgroup = groups.make("spins", 512 * MB, 20)
        cgroup.set_cpu_share(share)
        cgroup.add(process.pid)
        go(process)
        # A busy machine gives less, never more.
        assert share / 4 <= float(line(process)) <= share * 1.25
        process.wait(20)
        assert runner.run(cgroup.remove())


@pytest.mark.real
def test_who_is_gone_cannot_be_added() -> None:
    with opened() as (runner, groups), waiting("") as process:
        process.kill()
        process.wait()
        cgroup = groups.make("late", 64 * MB, 20)
        with pytest.raises(ProcessLookupError):
            cgroup.add(process.pid)
        assert runner.run(cgroup.remove())


@pytest.mark.real
def test_what_a_killed_service_left_is_ended_and_removed() -> None:
    with opened() as (_, groups), waiting("while True:\n    pass") as process:
        cgroup = groups.make("orphaned", 64 * MB, 20)
        cgroup.add(process.pid)
        again = find_cgroups().cgroups
        assert again is not None
        asyncio.run(again.open())  # of the same number: what lies there is not its own
        assert process.wait(20) == -signal.SIGKILL
        assert processes_of(cgroup) == []
