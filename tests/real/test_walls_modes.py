"""The same life of a function in both kinds of walls, and what stands still between its invocations."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.real.functions_house import House, open_house, told_of, wait_until

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
]

LIFE = """\
import json, os, signal, subprocess, sys, tempfile, threading, time

KEPT = os.path.join(tempfile.gettempdir(), "kept")
runs = 0


def handler(event, context):
    global runs
    runs += 1
    what = event.get("do")
    if what == "fail":
        raise ValueError("no")
    if what == "sleep":
        time.sleep(60)
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "leave":
        sys.exit(4)
    if what == "write":
        with open(KEPT, "w") as file:
            file.write("kept")
    if what == "escape":
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
    return {"runs": runs, "has_kept": os.path.exists(KEPT)}
"""

COUNTER = """\
import os, subprocess, sys, tempfile, threading, time

counted = 0
FILE = os.path.join(tempfile.gettempdir(), "counted")
CHILD = '''
import os, sys, time
count = 0
while True:
    time.sleep(0.01)
    count += 1
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(count))
    os.replace(sys.argv[1] + ".new", sys.argv[1])
'''


def count():
    global counted
    while True:
        time.sleep(0.01)
        counted += 1


def has_counted():
    try:
        with open(FILE) as file:
            return int(file.read())
    except OSError:
        return 0


threading.Thread(target=count, daemon=True).start()
subprocess.Popen([sys.executable, "-I", "-S", "-c", CHILD, FILE], start_new_session=True)


def handler(event, context):
    first = [counted, has_counted()]
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline and event and (
        counted < first[0] + event or has_counted() < first[1] + event
    ):
        time.sleep(0.005)
    return {"first": first, "last": [counted, has_counted()]}
"""

FUNCTIONS: dict[str, dict[str, object]] = {
    "life": {"handler": "life.handler", "timeout": 2},
    "counter": {"handler": "counter.handler", "timeout": 10, "memory": 1769},
    "restless": {"handler": "counter.handler", "timeout": 10, "memory": 1769, "freeze": False},
}
FILES = {"code/life.py": LIFE, "code/counter.py": COUNTER}
SECONDS_APART = 1.5


@dataclass(frozen=True)
class Mode:
    house: House
    walls: str


@pytest.fixture(scope="module", params=["linux", "portable"])
def mode(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mode]:
    wanted = "auto" if request.param == "linux" else "portable"
    folder = tmp_path_factory.mktemp(request.param) / "house"
    with open_house(folder, FUNCTIONS, FILES, variables={"LAM_WALLS": wanted}) as house:
        if house.is_walled != (request.param == "linux"):
            assert request.param == "linux", "the portable walls were wanted"
            pytest.skip("this machine's kernel does not grant the walls of Linux")
        yield Mode(house, request.param)


def environment_of(house: House, name: str) -> dict[str, object]:
    (environment,) = json.loads(house.lam("envs", name, "--json").stdout)["environments"]
    return dict(environment)


def processes_of(house: House, name: str) -> list[int]:
    """All below the guardian of the only environment."""
    main = environment_of(house, name)["process_id"]
    assert isinstance(main, int)
    guardian = psutil.Process(main).parent()
    assert guardian is not None
    return [process.pid for process in guardian.children(recursive=True)]


def cpu_ticks(pids: list[int]) -> int:
    """Of user and system time, as the kernel counts them."""
    fields = [told_of(pid, "stat").rpartition(b")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields)


def wait_apart() -> None:
    """Nothing can be waited for where nothing is to happen."""
    moment = time.monotonic() + SECONDS_APART
    wait_until(lambda: time.monotonic() > moment, "the time between two looks")


def test_a_life(mode: Mode) -> None:
    house = mode.house
    assert house.invoke("life", {"do": "write"}).json == {"runs": 1, "has_kept": True}
    assert house.invoke("life", {}).json == {"runs": 2, "has_kept": True}
    assert environment_of(house, "life")["walls"] == mode.walls

    failed = house.invoke("life", {"do": "fail"})
    assert (failed.json["errorType"], failed.function_error) == ("ValueError", "Unhandled")
    assert failed.json["stackTrace"][-1].startswith('  File "/var/task/life.py", line ')
    assert house.invoke("life", {}).json == {"runs": 4, "has_kept": True}

    for what, error_type, message in (
        ("sleep", "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
        ("crash", "Runtime.ExitError", "Runtime exited with error: signal: segmentation fault"),
        ("leave", "Runtime.ExitError", "Runtime exited with error: exit status 4"),
    ):
        broken = house.invoke("life", {"do": what})
        assert (broken.json["errorType"], broken.plain(broken.json["errorMessage"])) == (
            error_type,
            f"RequestId: <id> Error: {message}",
        )
        # Another process, the same /tmp.
        assert house.invoke("life", {}).json == {"runs": 1, "has_kept": True}
    assert len({stream for stream, _ in house.events("life")}) == 1


def test_a_stop_leaves_nothing(tmp_path: Path, mode: Mode) -> None:
    wanted = {"LAM_WALLS": mode.house.environment["LAM_WALLS"]}
    with open_house(tmp_path / "house", {"life": FUNCTIONS["life"]}, FILES, variables=wanted) as house:
        house.invoke("life", {"do": "write"})
        house.invoke("life", {"do": "escape"})
        assert len(processes_of(house, "life")) == 2
        left = house.processes()
        temporary = house.state / "tmp"
        assert temporary.exists() != house.is_walled or list(temporary.iterdir()) == []
    # That no process is left is seen when a house is closed.
    assert [process for process in left if process.is_running()] == []
    assert not temporary.exists() or list(temporary.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_whatever_guards_an_environment_may_be_killed(tmp_path: Path, mode: Mode) -> None:
    """The guardian, its template or house, and the keeper, each in a life of its own."""
    wanted = {"LAM_WALLS": mode.house.environment["LAM_WALLS"]}
    with open_house(tmp_path / "house", {"life": FUNCTIONS["life"]}, FILES, variables=wanted) as house:
        for generation in itertools.count():
            assert house.invoke("life", {"do": "escape"}).function_error is None
            wait_until(lambda: len(processes_of(house, "life")) == 2, "its processes")
            own = processes_of(house, "life")
            victim = psutil.Process(own[0]).parents()[generation]
            if victim.pid == house.service.pid:
                break
            victim.kill()
            wait_until(lambda own=own: not set(own) & set(psutil.pids()), "the end of its processes")
        assert generation >= 3
        assert house.service.poll() is None


def test_nothing_advances_between_invocations(mode: Mode) -> None:
    house = mode.house
    began = house.invoke("counter", 20).json
    assert min(began["last"]) >= 20, "they count while it runs"
    assert environment_of(house, "counter")["is_frozen"] is True
    before = house.invoke("counter", 5).json["last"]
    pids = processes_of(house, "counter")
    assert len(pids) == 2
    wait_until(lambda: is_still(pids), "all stand still")
    ticks = cpu_ticks(pids)
    wait_apart()
    assert cpu_ticks(pids) == ticks
    after = house.invoke("counter", 5).json
    # What elapsed would have been worth about 150; a few go by until all stand, and after they go on.
    assert all(late - early < 30 for early, late in zip(before, after["first"], strict=True)), (before, after)
    assert all(last >= first + 5 for first, last in zip(after["first"], after["last"], strict=True))


def test_who_must_goes_on_between_invocations(mode: Mode) -> None:
    house = mode.house
    before = house.invoke("restless", 5).json["last"]
    assert environment_of(house, "restless")["is_frozen"] is False
    pids = processes_of(house, "restless")
    ticks = cpu_ticks(pids)
    wait_until(lambda: cpu_ticks(pids) > ticks, "time used without an invocation")
    wait_apart()
    after = house.invoke("restless", 0).json["first"]
    assert all(late - early > 30 for early, late in zip(before, after, strict=True)), (before, after)


def is_still(pids: list[int]) -> bool:
    states = [told_of(pid, "stat").rpartition(b")")[2].split()[0] for pid in pids]
    return set(states) == {b"T"}
