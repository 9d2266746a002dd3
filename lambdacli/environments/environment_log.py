"""One environment's log: what its processes print and what the platform adds, in order, on the way into its
stream; and the end of the present invocation's part of it."""

from __future__ import annotations

import asyncio

from lambdacli.environments.log_channel import LogChannel
from lambdacli.model import limits
from lambdacli.telemetry.logs import LogStream

TAIL_LENGTH_KEPT = 8 * limits.LOG_TAIL_BYTES


class EnvironmentLog:
    def __init__(self, stream: LogStream, output_fd: int) -> None:
        """Closes both in the end."""
        self._stream = stream
        self._channel = LogChannel(output_fd, self._printed)
        self._tail: list[str] = []
        self._tail_length = 0
        self._has_output = False
        asyncio.get_running_loop().add_reader(output_fd, self._read_output)

    def add(self, message: str, timestamp_ms: int | None = None, *, is_held: bool = False) -> None:
        """A held line is written with the next that is not, or at the next `drain`."""
        if is_held:
            self._stream.hold(message, timestamp_ms)
        else:
            self._stream.write(message, timestamp_ms)
        self._tail.append(message)
        self._tail_length += len(message)
        if self._tail_length > TAIL_LENGTH_KEPT:
            self._tail = [self._end_of_tail().decode(errors="replace")]
            self._tail_length = len(self._tail[0])

    def drain(self) -> None:
        """What was held, and what was printed until now, is in the file."""
        self._channel.drain()
        self._has_output = False
        self._stream.flush()

    def end_invocation(self, end_line: str, report_line: str) -> bytes:
        """The platform's last lines, after all that was printed; the end of the invocation's log, with
        them."""
        self._channel.drain()
        self._channel.end_line()
        self._stream.hold(end_line)
        self._stream.write(report_line)
        self._tail += (end_line, report_line)
        tail = self._end_of_tail()
        self._tail, self._tail_length = [], 0
        return tail

    def end_processes(self) -> None:
        """What these processes left unfinished is not for the next ones to finish."""
        self._channel.drain()
        self._channel.flush()
        self._write_output()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._channel.fileno())
        self._channel.close()
        self._stream.close()

    def _read_output(self) -> None:
        if not self._channel.read():
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
        self._write_output()

    def _printed(self, message: str, timestamp_ms: int | None) -> None:
        self._has_output = True
        self.add(message, timestamp_ms, is_held=True)

    def _write_output(self) -> None:
        """What was just read, in one piece."""
        if self._has_output:
            self._has_output = False
            self._stream.flush()

    def _end_of_tail(self) -> bytes:
        lines = [message if message.endswith("\n") else message + "\n" for message in self._tail]
        return "".join(lines).encode(errors="replace")[-limits.LOG_TAIL_BYTES :]
