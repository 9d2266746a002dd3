"""A house and a room of Linux's walls, really put up: through the keeper, with plain programs inside."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lambdacli.environments.command import Command, Exit, WallsRefused
from lambdacli.environments.keeper.guardian import SETTLE_SECONDS
from lambdacli.environments.process import House, Keeper
from lambdacli.environments.process_tree import ProcessTree
from lambdacli.environments.sandbox.base import Layout
from lambdacli.environments.sandbox.layout import GROUPS, PASSWORDS, system_only
from lambdacli.environments.sandbox.linux import room_of
from tests.real.toolchains import missing

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="these walls are Linux's"),
]

IS_ROOT = os.getuid() == 0
BASE = 1_750_000_000
ROOM_UID = 1234 if IS_ROOT else None


@dataclass
class Site:
    folder: Path
    keeper: Keeper
    said: bytearray = field(default_factory=bytearray)

    def house(self, more: Sequence[tuple[str, str, str]] = ()) -> House:
        layout: Layout = [*system_only(self.folder), *more]
        return self.keeper.house(
            layout=layout, scaffold=self.folder / "root", uid_base=BASE if IS_ROOT else None
        )

    async def say(self, house: House, script: str, **changes: object) -> str:
        """What a shell prints in a new room of this house."""
        read_fd, write_fd = os.pipe()
        if IS_ROOT:
            os.fchown(write_fd, BASE + 1234, -1)
        try:
            tree = house.open({**room(), **changes}, write_fd)
            await tree.ready()
            ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
            tree.on_exit = ended.set_result
            tree.start(
                Command(("/bin/sh", "-c", script), {"PATH": "/usr/bin:/bin"}, Path("/")), is_held=False
            )
            await tree.started()
            await ended
            await tree.end()
        finally:
            os.close(write_fd)
            with os.fdopen(read_fd) as output:
                text = output.read()
        return text


def room(**changes: object) -> Mapping[str, object]:
    return {**room_of("127.9.8.7:9001", 1, None, ROOM_UID), **changes}


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lam-walls-") as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "root").mkdir()
        (place / "passwd").write_text(PASSWORDS)
        (place / "group").write_text(GROUPS)
        yield place


def play(folder: Path, story: Callable[[Site], Awaitable[None]]) -> None:
    async def run() -> None:
        keeper = Keeper()
        keeper.start()
        try:
            await asyncio.wait_for(story(Site(folder, keeper)), 30)
        finally:
            keeper.close()

    asyncio.run(run())


async def built(house: House) -> House:
    try:
        await house.built()
    except WallsRefused as refusal:
        missing(f"what walls are made of ({refusal})")
    return house


def test_a_room_is_lambdas_inside(folder: Path) -> None:
    async def story(site: Site) -> None:
        house = await built(site.house())
        script = "id -u; id -g; id -un; hostname; pwd; getent hosts sandbox.localdomain | cut -d' ' -f1"
        lines = (await site.say(house, script)).split()
        assert lines == ["993", "990", "sbx_user1051", "sandbox.localdomain", "/", "127.9.8.7"]
        house.close()

    play(folder, story)


def test_the_first_process_is_the_guardian_and_the_second_the_function(folder: Path) -> None:
    async def story(site: Site) -> None:
        house = await built(site.house())
        assert (await site.say(house, "echo $$; ls -d /proc/[0-9]*")).split()[:3] == [
            "2",
            "/proc/1",
            "/proc/2",
        ]
        house.close()

    play(folder, story)


def test_rooms_of_a_house_have_each_their_own_tmp(folder: Path) -> None:
    async def story(site: Site) -> None:
        house = await built(site.house())
        script = (
            "ls /tmp; echo x >/tmp/mine; head -c 2000000 /dev/zero >/tmp/large || true; stat -c %s /tmp/large"
        )
        for _ in range(2):
            lines = (await site.say(house, script)).splitlines()
            assert int(lines[-1]) == (1 << 20) - 4096  # the size of the room, less the page of the other file
            assert "mine" not in lines[0]
        house.close()

    play(folder, story)


def test_what_is_shown_is_read_only_and_what_is_covered_is_empty(folder: Path) -> None:
    (folder / "code" / ".lam").mkdir(parents=True)
    (folder / "code" / ".lam" / "lam.db").write_text("secret")
    (folder / "code" / "app.py").write_text("")

    async def story(site: Site) -> None:
        more = [("show", "/var/task", str(folder / "code")), ("empty", "/var/task/.lam", "")]
        house = await built(site.house(more))
        script = "ls -A /var/task /var/task/.lam; (echo x >/var/task/app.py) 2>/dev/null || echo refused"
        assert (await site.say(house, script)).split() == [
            *("/var/task:", ".lam", "app.py"),
            *("/var/task/.lam:", "refused"),
        ]
        house.close()

    play(folder, story)
    assert (folder / "code" / "app.py").read_text() == ""
    assert not any((folder / "root").iterdir())  # all of it was mounted in the house only


def test_a_step_of_a_house_that_is_refused_names_itself(folder: Path) -> None:
    async def story(site: Site) -> None:
        await built(site.house())
        house = site.house([("show", "/var/task", str(folder / "nothing"))])
        with pytest.raises(WallsRefused) as refused:
            await house.built()
        assert refused.value.step == f"showing {folder / 'nothing'}"
        assert "No such file" in refused.value.text

    play(folder, story)


@pytest.mark.skipif(not IS_ROOT, reason="only as root is a room a user of its own")
def test_a_room_that_is_refused_says_why_and_its_house_goes_on(folder: Path) -> None:
    async def story(site: Site) -> None:
        house = await built(site.house())
        read_fd, write_fd = os.pipe()
        tree: ProcessTree = house.open(room(uid=1 << 20), write_fd)  # no user of this house
        with pytest.raises(WallsRefused):
            await tree.ready()
        os.close(read_fd)
        os.close(write_fd)
        assert (await site.say(house, "echo lives")).strip() == "lives"
        house.close()

    play(folder, story)


def test_with_its_house_every_room_ends(folder: Path) -> None:
    async def story(site: Site) -> None:
        house = await built(site.house())
        read_fd, write_fd = os.pipe()
        tree = house.open(room(), write_fd)
        await tree.ready()
        tree.start(Command(("/bin/sleep", "1000"), {}, Path("/")), is_held=False)
        await tree.started()
        os.close(write_fd)
        house.close()
        await asyncio.to_thread(os.read, read_fd, 1)  # its end: nobody holds the other side any more
        os.close(read_fd)
        await tree.end()

    play(folder, story)


SAID = ['{"preload": 7}', "[]", "7", '"x"', "{}", "[" * 100_000, "\\377\\376", '{"preload": {"a": 1}}']


@pytest.mark.parametrize("text", SAID, ids=range(len(SAID)))
def test_whatever_a_function_says_of_itself_its_guardian_goes_on(folder: Path, text: str) -> None:
    (folder / "said").write_bytes(text.encode().decode("unicode_escape").encode("latin-1"))

    async def story(site: Site) -> None:
        records: list[object] = []
        read_fd, write_fd = os.pipe()
        tree = site.keeper.open(write_fd)
        ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        tree.on_record, tree.on_exit = records.append, ended.set_result
        script = f"cat {folder / 'said'} >&63; echo >&63; exit 5"
        command = Command(("/bin/bash", "-c", script), {"PATH": "/usr/bin:/bin"}, Path("/"), has_standby=True)
        tree.start(command, is_held=False)
        await tree.started()
        assert (await ended).code == 5
        await tree.end()
        assert records == []
        os.close(read_fd)
        os.close(write_fd)

    play(folder, story)


def test_a_function_that_says_much_is_not_listened_to_without_end(folder: Path) -> None:
    async def story(site: Site) -> None:
        read_fd, write_fd = os.pipe()
        tree = site.keeper.open(write_fd)
        ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        tree.on_exit = ended.set_result
        script = "trap '' PIPE; head -c 50000000 /dev/zero >&63; exit 6"
        command = Command(("/bin/bash", "-c", script), {"PATH": "/usr/bin:/bin"}, Path("/"), has_standby=True)
        tree.start(command, is_held=False)
        await tree.started()
        assert tree.guardian is not None
        assert (await ended).code == 6
        resident = Path(f"/proc/{tree.guardian}/status").read_text().partition("VmHWM:")[2].split()[0]
        assert int(resident) < 40_000
        await tree.end()
        os.close(read_fd)
        os.close(write_fd)

    play(folder, story)


@pytest.mark.parametrize("is_walled", [True, False])
def test_a_freeze_before_the_end_does_not_stop_who_comes_after(folder: Path, is_walled: bool) -> None:
    async def story(site: Site) -> None:
        read_fd, write_fd = os.pipe()
        tree = (await built(site.house())).open(room(), write_fd) if is_walled else site.keeper.open(write_fd)
        await tree.ready()
        tree.start(Command(("/bin/sleep", "1000"), {}, Path("/")), is_held=False)
        await tree.started()
        tree.freeze()
        await tree.kill()
        ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        tree.on_exit = ended.set_result
        # Longer than it takes until a guardian looks whether all stand still.
        script = f"sleep {4 * SETTLE_SECONDS}; exit 4"
        tree.start(Command(("/bin/sh", "-c", script), {"PATH": "/usr/bin:/bin"}, Path("/")), is_held=False)
        await tree.started()
        assert (await ended).code == 4
        await tree.end()
        os.close(read_fd)
        os.close(write_fd)

    play(folder, story)
