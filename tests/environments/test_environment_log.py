"""What an environment prints and what the platform says: one order, in the file and in the tail."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

from lambdacli.environments.environment_log import EnvironmentLog
from lambdacli.model import limits
from lambdacli.model.arn import FunctionKey
from lambdacli.telemetry.logs import LogBook

KEY = FunctionKey("000000000000", "us-east-1", "f")


def play(folder: Path, story: Callable[[EnvironmentLog, int, Callable[[], str]], None]) -> str:
    """What is in the file in the end; the story gets the log, the pipe's other end, and what is in the file
    meanwhile."""

    def written() -> str:
        events = [line for file in folder.rglob("*.ndjson") for line in file.read_text().splitlines()]
        return "".join(json.loads(event)["m"] for event in events)

    async def run() -> None:
        read_fd, write_fd = os.pipe()
        log = EnvironmentLog(LogBook(folder).open_stream(KEY, "/aws/lambda/f", "s"), read_fd)
        try:
            story(log, write_fd, written)
        finally:
            os.close(write_fd)
            log.close()

    asyncio.run(run())
    return written()


def test_a_held_line_and_what_was_printed_after_it_are_in_the_file_when_it_is_drained(tmp_path: Path) -> None:
    def story(log: EnvironmentLog, output: int, written: Callable[[], str]) -> None:
        log.add("START\n", is_held=True)
        os.write(output, b"printed\n")
        assert written() == ""
        log.drain()
        assert written() == "START\nprinted\n"

    play(tmp_path, story)


def test_the_tail_is_what_this_invocation_has_logged(tmp_path: Path) -> None:
    tails: list[bytes] = []

    def story(log: EnvironmentLog, output: int, written: Callable[[], str]) -> None:
        for number in (b"1", b"2"):
            os.write(output, b"printed " + number)
            tails.append(log.end_invocation("END\n", "REPORT\n"))

    assert play(tmp_path, story) == "printed 1END\nREPORT\nprinted 2END\nREPORT\n"
    assert tails == [b"printed 1\nEND\nREPORT\n", b"printed 2\nEND\nREPORT\n"]


def test_of_a_long_log_the_tail_is_the_end(tmp_path: Path) -> None:
    tails: list[bytes] = []

    def story(log: EnvironmentLog, output: int, written: Callable[[], str]) -> None:
        for number in range(5000):
            log.add(f"line {number}\n", is_held=True)
        tails.append(log.end_invocation("END\n", "REPORT\n"))

    everything = play(tmp_path, story).encode()
    assert tails == [everything[-limits.LOG_TAIL_BYTES :]]


def test_what_processes_leave_unfinished_the_next_ones_do_not_finish(tmp_path: Path) -> None:
    messages: list[str] = []

    def story(log: EnvironmentLog, output: int, written: Callable[[], str]) -> None:
        os.write(output, b"half a li")
        log.end_processes()
        messages.append(written())
        os.write(output, b"ne\n")

    assert play(tmp_path, story) == "half a line\n"
    assert messages == ["half a li"]
