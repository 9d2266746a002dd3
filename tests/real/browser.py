"""A headless Chromium of this machine, told what to do by its DevTools protocol over a pipe."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.real.toolchains import missing

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SECONDS = 30.0

OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    # It speaks to the test's own servers only.
    "--disable-background-networking",
    "--disable-component-update",
    "--no-proxy-server",
)


AT_3_AND_4 = """\
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""It reads commands from descriptor 3, and writes to 4."""


class Page:
    """One tab."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        target = wire.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = wire.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Log"):
            self.tell(f"{part}.enable")

    def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._wire.ask(method, self._session, **parameters)

    def open(self, url: str) -> None:
        with self.loading():
            told = self.tell("Page.navigate", url=url)
            assert "errorText" not in told, told

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """What is done within leads to another page, which is there afterwards."""
        self._wire.forget("Page.loadEventFired")
        yield
        self._wire.wait_for("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of an expression; a promise is waited for."""
        told = self.tell("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({json.dumps(selector)}).textContent"))

    def wait_until(self, condition: str) -> None:
        """Asked in the page, again and again."""
        deadline = time.monotonic() + SECONDS
        again = f"new Promise((told) => setTimeout(() => told(Boolean({condition})), 10))"
        while not self.run(again):
            assert time.monotonic() < deadline, f"not within {SECONDS:g} s: {condition}"

    def complaints(self) -> list[str]:
        """What its console has shown of errors."""
        said = [event["params"] for event in self._wire.events if event["method"] == "Log.entryAdded"]
        return [each["entry"]["text"] for each in said if each["entry"]["level"] == "error"]


class _Wire:
    """Messages are JSON, with a zero byte after each."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads = reads
        self._writes = writes
        self._received = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while (told := self._next()).get("id") != self._number:
            self.events.append(told)
        assert "error" not in told, (method, told["error"])
        return dict(told["result"])

    def forget(self, method: str) -> None:
        self.events = [event for event in self.events if event["method"] != method]

    def wait_for(self, method: str) -> None:
        while not any(event["method"] == method for event in self.events):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._reads], [], [], deadline - time.monotonic())
            assert ready, f"Chromium said nothing within {SECONDS:g} s"
            piece = os.read(self._reads, 1 << 20)
            assert piece, "Chromium has ended"
            self._received += piece
        message, _, self._received = self._received.partition(b"\0")
        return dict(json.loads(message))


@contextlib.contextmanager
def open_page(folder: Path) -> Iterator[Page]:
    """In a browser of its own, which ends with it and keeps its files in this folder."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        missing("Chromium")
    options = [*OPTIONS, f"--user-data-dir={folder / 'profile'}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # which it refuses to make as root
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        commands, to_browser = _pipe(stack)
        from_browser, answers = _pipe(stack)
        command = [
            sys.executable,
            "-I",
            "-c",
            AT_3_AND_4,
            str(commands),
            str(answers),
            str(program),
            *options,
        ]
        with (folder / "log").open("wb") as log:
            browser = subprocess.Popen(
                command,
                pass_fds=(commands, answers),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        stack.callback(_end, browser)
        wire = _Wire(from_browser, to_browser)
        os.close(answers)
        yield Page(wire)
        wire.ask("Browser.close")
        browser.wait(SECONDS)


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    """With numbers that are not in the way of 3 and 4."""
    ends = []
    for low in os.pipe():
        ends.append(fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(low)
        stack.callback(_close, ends[-1])
    return ends[0], ends[1]


def _close(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)


def _end(browser: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(browser.pid, signal.SIGKILL)
    browser.wait(SECONDS)
