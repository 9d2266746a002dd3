"""The other tools: each is installed by its ordinary name into a cache of its own, and run on loopback."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from benchmarks.target import Target

INSTALL_SECONDS = 300.0
INSTALLED = "installed"
"""The file of a home that says that it is complete, and which versions are in it."""


class NotInstalled(Exception):
    """Why a peer cannot be had on this machine; its row says so."""


class Peer(Protocol):
    """A module of this package."""

    NAME: str

    def install(self, home: Path) -> str:
        """Into a folder of its own; returns the versions it has there. NotInstalled when that fails."""

    def run(
        self, home: Path, folder: Path, functions: Sequence[str]
    ) -> AbstractContextManager[Mapping[str, Target]]:
        """Serves the functions whose folders, each with an app.py, lie in `folder`; gone at the end."""


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "lam-benchmarks"


def installed(peer: Peer, cache: Path) -> Path:
    """Its home in the cache; installs it the first time."""
    home = cache / peer.NAME
    if (home / INSTALLED).exists():
        return home
    home.mkdir(parents=True, exist_ok=True)
    versions = peer.install(home)
    (home / INSTALLED).write_text(versions + "\n")
    return home


def step(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> str:
    """One command of an installation. Where our own modules lie is no business of the peer's interpreter."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**inherited, **(more or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except FileNotFoundError:
        raise NotInstalled(f"{command[0]} is not on the PATH") from None
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"`{_short(command)}` took longer than {INSTALL_SECONDS:g} s") from None
    if done.returncode != 0:
        raise NotInstalled(f"`{_short(command)}` failed: {last_words(done.stderr or done.stdout)}")
    return done.stdout


def python_environment(home: Path, package: str) -> str:
    """A virtual environment with one package and what it needs; returns the package's version."""
    python = str(home / "venv" / "bin" / "python")
    step([sys.executable, "-m", "venv", "--clear", str(home / "venv")], home)
    step([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package], home)
    ask = f"import importlib.metadata as metadata; print(metadata.version({package!r}))"
    return f"{package} {step([python, '-c', ask], home).strip()}"


def _short(command: Sequence[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:3]])


def last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"


def variables(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the developer's own settings and credentials."""
    return {"HOME": str(home), "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **more}


@contextlib.contextmanager
def with_log(log: Path) -> Iterator[None]:
    """Adds the last line that a peer wrote to what went wrong with it."""
    try:
        yield
    except TimeoutError as error:
        text = log.read_text(errors="replace") if log.exists() else ""
        raise NotInstalled(f"it did not start ({error}): {last_words(text)}") from error
