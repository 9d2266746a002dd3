"""What an environment tells of itself, from its start to its end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lambdacli.environments.state import EnvironmentState
from lambdacli.model.environment import StartReason
from tests.environments.scripted import KEY, stage


def test_an_environment_describes_itself_as_it_is_now(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on:
            new = on.environment.describe()
            assert (new.state, new.invocations, new.memory_mb, new.processes) == ("new", 0, 0.0, 0)
            client = await on.initialised()
            on.environment.start_reason = StartReason.COLD
            invoking = on.invoke("r1")
            await on.waiting
            running = on.environment.describe()
            assert (running.function, running.state, running.reason) == (KEY, "running", StartReason.COLD)
            assert (running.invocations, running.memory_mb, running.processes) == (1, 20.0, 2)
            assert (running.max_memory_mb, running.process_id) == (30, 4711)
            assert (running.is_frozen, running.walls, running.start_kind) == (False, "portable", "spawned")
            assert running.stream == on.environment.stream_name
            await client.respond("r1")
            on.waiting = asyncio.ensure_future(client.next())
            await invoking.settled
            assert on.environment.describe().state == str(EnvironmentState.IDLE)
        assert on.environment.describe().state == "gone"

    asyncio.run(story())
