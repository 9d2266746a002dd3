"""The life of the embedded neighbour services: started when first asked for, found again, ended with lam."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from lambdacli import __version__
from lambdacli.model import neighbours as model
from lambdacli.model.neighbours import Neighbours

logger = logging.getLogger("lam.neighbours")

INSTALL = "pip install 'lambdacli[services]'"
NOT_DURABLE = "what they hold is not durable"
NEEDED = ("moto", "flask", "flask_cors")
START_SECONDS = 60.0
_LOG_BYTES_MAXIMUM = 4 * 1024 * 1024
_LAST_LINES = 5


class NoNeighbours(Exception):
    """The neighbour services cannot be had: why, and what to do."""


class NeighbourServices:
    """Does not belong to the service's processes: a service that is killed leaves it to the next one, with
    all that it holds. Whoever ends in good order ends it."""

    def __init__(self, state: Path, socket: Path) -> None:
        self._state = state
        self._socket = socket.with_name(f"{socket.stem}-neighbours.sock")
        self._process: subprocess.Popen[bytes] | None = None
        """Set when this service started it."""
        self._starting: asyncio.Task[Neighbours] | None = None
        self._is_found_again = False

    @property
    def is_installed(self) -> bool:
        return all(importlib.util.find_spec(name) is not None for name in NEEDED)

    def status(self) -> Mapping[str, object]:
        found = model.living(self._state)
        if found is None:
            hint = "they start at the first request for another service" if self.is_installed else INSTALL
            return {"running": False, "hint": hint}
        return {"running": True, "pid": found.pid, "moto": found.moto, "durable": False}

    @property
    def running(self) -> Path | None:
        """Where they answer, for who does not want them started."""
        found = model.living(self._state)
        return Path(found.socket) if found is not None and found.version == __version__ else None

    async def socket(self, wanted_by: str) -> Path:
        """Where they answer, once they do. `wanted_by` names the service that is asked for."""
        found = model.living(self._state)
        if found is not None and found.version == __version__:
            self._note(found)
            return Path(found.socket)
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(wanted_by))
        # Whoever leaves does not end the start that others wait for.
        return Path((await asyncio.shield(self._starting)).socket)

    async def close(self) -> None:
        if self._starting is not None and not self._starting.done():
            await asyncio.wait({self._starting})
        await asyncio.to_thread(self._end)

    def _note(self, found: Neighbours) -> None:
        if self._process is None and not self._is_found_again:
            self._is_found_again = True
            logger.info("the neighbour services of a former service still run (pid %d)", found.pid)

    async def _start(self, wanted_by: str) -> Neighbours:
        if not self.is_installed:
            raise NoNeighbours(
                f"{wanted_by} is not served here: lam embeds moto for services beside Lambda, and it is not "
                f"installed. Install it with {INSTALL}, or name an endpoint under `services:` in lam.yaml."
            )
        logger.info("a request for %s waits: the neighbour services (moto) start", wanted_by)
        begun = time.monotonic()
        await asyncio.to_thread(self._end)  # of another version
        found = await asyncio.to_thread(self._spawn)
        logger.info(
            "the neighbour services (moto %s) serve after %.1f s (pid %d); %s",
            found.moto,
            time.monotonic() - begun,
            found.pid,
            NOT_DURABLE,
        )
        return found

    def _spawn(self) -> Neighbours:
        """Returns when it answers."""
        # `-P`: a function's own json.py must not become moto's.
        command = [sys.executable, "-P", "-m", "lambdacli.service.neighbours_program"]
        command += ["--state-dir", str(self._state), "--socket", str(self._socket)]
        log = model.log_file(self._state)
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > _LOG_BYTES_MAXIMUM:
                log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            begin = output.tell()
            self._process = subprocess.Popen(
                command,
                cwd=self._state,
                env=_variables(os.environ),
                stdin=subprocess.DEVNULL,
                bufsize=0,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        process = self._process
        assert process.stdout is not None
        with process.stdout as said:
            # Readable when it is ready, and when it has ended.
            if select.select([said], [], [], START_SECONDS)[0] and said.read(1):
                found = model.living(self._state)
                assert found is not None, "it said that it is ready"
                return found
        process.kill()
        process.wait()
        text = log.read_bytes()[begin:].decode(errors="replace").strip()
        last = " | ".join(text.splitlines()[-_LAST_LINES:]) or "they said nothing"
        raise NoNeighbours(f"The neighbour services do not start: {last}. Their log is {log}.")

    def _end(self) -> None:
        found = model.living(self._state)
        if found is not None:
            model.end(self._state, found)
        if self._process is not None:
            self._process.kill()  # one that never became ready
            self._process.wait()
            self._process = None


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """None of the user's credentials or endpoints: what moto itself calls by boto3 is this machine's."""
    return {name: value for name, value in environment.items() if not name.startswith(("AWS_", "MOTO_"))}
