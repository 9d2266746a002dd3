"""However an environment ends, and in whichever phase, it gives everything back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from scripted import KEY, Invoking, ScriptedBerth, ScriptedLauncher, Stage, stage

from lambdacli.environments.environment import Environment
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.state import EnvironmentState
from lambdacli.model import limits
from lambdacli.model.credentials import Credentials
from lambdacli.telemetry.logs import LogBook

pytestmark = pytest.mark.real


def scene(folder: Path, play: Callable[[Stage], Awaitable[None]], **options: int) -> None:
    async def run() -> None:
        async with asyncio.timeout(20), stage(folder, **options) as on:  # type: ignore[arg-type]
            await play(on)

    asyncio.run(run())


def open_descriptors() -> set[str]:
    return {
        f"{entry.name}:{os.readlink(entry.path)}"
        for entry in os.scandir("/dev/fd")
        if os.path.lexists(entry.path)
    }


async def in_init(on: Stage) -> asyncio.Future[None]:
    initialising = asyncio.ensure_future(on.environment.initialise())
    await on.box.started.wait()
    return initialising


async def in_init_with_a_client(on: Stage) -> asyncio.Future[None]:
    initialising = await in_init(on)
    await on.client().call("GET", "/2018-06-01/ping")
    return initialising


async def idle(on: Stage) -> None:
    await on.initialised()


async def running(on: Stage) -> asyncio.Future[object]:
    await on.initialised()
    invoking = on.invoke()
    await on.waiting
    return invoking.settled  # type: ignore[return-value]


async def answered(on: Stage) -> asyncio.Future[object]:
    client = await on.initialised()
    invoking = on.invoke()
    await on.waiting
    await client.respond("r1")
    await invoking.answered()
    return invoking.settled  # type: ignore[return-value]


async def reset(on: Stage) -> None:
    await on.initialised()
    invoking = on.invoke()
    await on.waiting
    on.box.exit(1)
    await invoking.settled
    assert on.environment.state is EnvironmentState.RESET


async def new(on: Stage) -> None:
    pass


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="reads the list of descriptors")
@pytest.mark.parametrize(
    "reach", [new, in_init, in_init_with_a_client, idle, running, answered, reset], ids=lambda it: it.__name__
)
def test_closing_gives_everything_back(
    tmp_path: Path, reach: Callable[[Stage], Awaitable[asyncio.Future[object] | None]]
) -> None:
    async def run() -> None:
        async with asyncio.timeout(20):
            before = open_descriptors()
            tasks = asyncio.all_tasks()
            async with stage(tmp_path) as on:
                under_way = await reach(on)
                if under_way is not None:
                    under_way.cancel()
                    await asyncio.gather(under_way, return_exceptions=True)
                await on.environment.close()
                assert on.environment.state is EnvironmentState.GONE
                assert reach is new or on.box.ends >= 1
                await on.environment.close()  # once more does no harm
                for client in on.clients:
                    client.close()
                waiting = getattr(on, "waiting", None)
                if waiting is not None:
                    await asyncio.gather(waiting, return_exceptions=True)
            while asyncio.all_tasks() != tasks or open_descriptors() != before:
                await asyncio.sleep(0.01)

    asyncio.run(run())


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="reads the list of descriptors")
def test_what_could_not_be_made_holds_nothing(tmp_path: Path) -> None:
    class NoRoom(ScriptedLauncher):
        def berth(self, placement: Placement) -> ScriptedBerth:
            raise OSError(28, "No space left on device")

    placement = Placement(
        PlacementKey(KEY, "$LATEST", "1"),
        "provided.al2023",
        "h",
        tmp_path,
        "/aws/lambda/f",
        128,
        3,
        512,
        Credentials("a", "b", "c"),
    )

    async def run() -> None:
        launcher = NoRoom()
        os.close(launcher.box._read_fd)
        os.close(launcher.box._write_fd)
        before = open_descriptors()
        with pytest.raises(OSError, match="No space left"):
            Environment(placement, launcher, LogBook(tmp_path), lambda _: None)  # type: ignore[arg-type]
        assert open_descriptors() == before

    asyncio.run(run())


def test_a_failed_invocations_environment_is_told_to_be_about_to_be_free(tmp_path: Path) -> None:
    """While its processes are being ended: a caller in a loop then waits for it."""

    async def play(on: Stage) -> None:
        await on.initialised()
        ended, told = asyncio.Event(), []
        end = on.box.end_processes

        async def end_slowly() -> None:
            await ended.wait()
            await end()

        on.box.end_processes = end_slowly  # type: ignore[method-assign]
        on.environment._on_change = lambda it: told.append((it.state, it.is_settling))
        invoking = on.invoke()
        await on.waiting
        on.box.exit(1)
        await invoking.answered()
        assert told == [(EnvironmentState.RUNNING, True)]
        ended.set()
        await invoking.settled
        assert told[1:] == [(EnvironmentState.RESET, False)]

    scene(tmp_path, play)


def test_a_start_that_never_comes_about_is_cut_as_an_init(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "INIT_SECONDS", 0.05)

    async def play(on: Stage) -> None:
        async def start(*_: object) -> None:
            await asyncio.get_running_loop().create_future()

        on.box.start = start  # type: ignore[method-assign, assignment]
        await on.environment.initialise()
        assert on.environment.state is EnvironmentState.RESET
        assert "\tPhase: init\tStatus: timeout\n" in on.log()
        outcome = await on.invoke().answered()
        assert outcome.error_type == "Sandbox.Timedout"

    scene(tmp_path, play, timeout_seconds=1)


def test_an_answer_after_the_timeout_is_refused_and_disturbs_nobody(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        first = on.invoke("r1")
        await on.waiting
        assert (await first.answered()).error_type == "Sandbox.Timedout"
        late = await client.respond("r1", b'"late"')
        assert (late.status, late.json["errorType"]) == (400, "InvalidRequestID")
        await first.settled
        late = await client.respond("r1", b'"late"')
        assert (late.status, late.json["errorType"]) == (400, "InvalidRequestID")
        assert (await client.next()).status == 403

        second = await started_again(on, "r2")
        again = on.client()
        event = await again.next()
        assert event.headers["lambda-runtime-aws-request-id"] == "r2"
        # The old one's answer does not count as this one's.
        assert (await client.respond("r1", b'"late"')).status == 400
        await again.respond("r2", b'"right"')
        assert (await second.answered()).payload == b'"right"'

    scene(tmp_path, play, timeout_seconds=1)


def test_a_client_that_lost_its_connection_asks_again(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        lost = await on.initialised()
        lost.close()
        client = on.client()
        waiting = asyncio.ensure_future(client.next())
        # Its predecessor is answered, and what it waited for is not lost on it.
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await on.waiting
        assert (await client_ping(on)).status == 200
        for request_id in ("r1", "r2"):
            invoking = on.invoke(request_id)
            event = await waiting
            assert event.headers["lambda-runtime-aws-request-id"] == request_id
            await client.respond(request_id, b"1")
            await invoking.answered()
            waiting = asyncio.ensure_future(client.next())
            await invoking.settled

    scene(tmp_path, play)


def test_a_client_that_lost_its_connection_with_the_event_gets_it_again(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        lost = await on.initialised()
        invoking = on.invoke("r1", b"[1]")
        await on.waiting
        lost.close()
        client = on.client()
        event = await client.next()
        assert (event.body, event.headers["lambda-runtime-aws-request-id"]) == (b"[1]", "r1")
        await client.respond("r1", b"[2]")
        assert (await invoking.answered()).payload == b"[2]"

    scene(tmp_path, play)


def test_output_of_one_invocation_is_not_mixed_into_the_next(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        for request_id in ("r1", "r2"):
            invoking = on.invoke(request_id)
            await on.waiting
            on.box.print(f"half a line of {request_id}".encode())
            await client.respond(request_id)
            on.waiting = asyncio.ensure_future(client.next())
            tail = (await invoking.settled).log_tail.decode()
            assert f"\nhalf a line of {request_id}\nEND RequestId: {request_id}\n" in tail

    scene(tmp_path, play)


def test_a_tail_holds_the_last_of_a_line_that_is_longer(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke()
        await on.waiting
        for _ in range(3):
            on.box.print(b"a" * 20_000)
            await asyncio.sleep(0)
        on.box.print(b"the end\n")
        await client.respond("r1")
        on.waiting = asyncio.ensure_future(client.next())
        tail = (await invoking.settled).log_tail
        assert len(tail) == limits.LOG_TAIL_BYTES
        assert b"aaathe end\nEND RequestId: r1\n" in tail

    scene(tmp_path, play)


def test_a_runtime_that_ends_in_the_turn_in_which_it_asks_again_is_not_left_idle(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        on.environment.dialogue.respond("r1", b"1", is_too_large=False)
        asking = asyncio.ensure_future(on.environment.dialogue.next_event())
        asyncio.get_running_loop().call_soon(on.box.exit, 1)
        await invoking.settled
        await asyncio.gather(asking, return_exceptions=True)
        assert on.environment.state is EnvironmentState.RESET
        second = await started_again(on, "r2")
        again = on.client()
        await again.next()
        await again.respond("r2", b"2")
        assert (await second.answered()).payload == b"2"
        client.close()

    scene(tmp_path, play)


async def started_again(on: Stage, request_id: str) -> Invoking:
    """An invocation of a reset environment, as far as its new processes."""
    invoking = on.invoke(request_id)
    await on.box.started.wait()
    return invoking


async def client_ping(on: Stage) -> object:
    return await on.client().call("GET", "/2018-06-01/ping")
