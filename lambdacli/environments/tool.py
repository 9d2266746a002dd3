"""Runs one program to its end under the keeper: an installer, say, that must not outlive the service."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from lambdacli.environments.command import Command, Exit
from lambdacli.environments.log_channel import LogChannel
from lambdacli.environments.process import Keeper


async def run_to_end(keeper: Keeper, command: Command, take: Callable[[str], None]) -> int:
    """The exit code, 128 + n for a signal. `take` gets each line of its output. Cancelled, it ends the
    program."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Exit] = loop.create_future()
    read_fd, write_fd = os.pipe()
    channel = LogChannel(read_fd, lambda line, _timestamp: take(line))
    loop.add_reader(read_fd, channel.read)

    def note_end(exit: Exit) -> None:
        if not ended.done():  # cancelled: nobody asks any more
            ended.set_result(exit)

    tree = keeper.run(command, write_fd, note_end)
    try:
        await tree.started()
        exit = await ended
    finally:
        await tree.end()
        loop.remove_reader(read_fd)
        os.close(write_fd)
        channel.close()
    return exit.code if exit.code is not None else 128 + (exit.signal_number or 0)
