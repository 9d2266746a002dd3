"""What the rows of one run share: options, the floor's server, one service, the peers. Each starts when it is
first asked for, and ends with the run."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import floors, lam, peers
from benchmarks.peers import NotInstalled, Peer
from benchmarks.target import Target

FUNCTIONS = (
    lam.Function("echo"),
    lam.Function("empty"),
    lam.Function("sdk"),
)


@dataclass(frozen=True, slots=True)
class Options:
    rounds: int = 5
    with_peers: bool = True
    environments: int = 50
    is_long: bool = False


@dataclass(slots=True)
class Stage:
    options: Options
    folder: Path
    _running: contextlib.ExitStack
    _lam: lam.Lam | None = None
    _echo: Target | None = None
    _homes: dict[str, Path | NotInstalled] = field(default_factory=dict)
    _echo_peers: dict[str, Target | NotInstalled] = field(default_factory=dict)

    @property
    def lam(self) -> lam.Lam:
        if self._lam is None:
            self._lam = self._running.enter_context(lam.project(FUNCTIONS))
        return self._lam

    @property
    def echo(self) -> Target:
        if self._echo is None:
            self._echo = self._running.enter_context(floors.echo(self.folder / "echo.log"))
        return self._echo

    def echo_peer(self, peer: Peer) -> Target:
        """The peer's echo function, served for the whole run; NotInstalled if it cannot be had."""
        if peer.NAME not in self._echo_peers:
            try:
                served = self._running.enter_context(self.run_peer(peer, ["echo"]))
                self._echo_peers[peer.NAME] = served["echo"]
            except NotInstalled as reason:
                self._echo_peers[peer.NAME] = reason
        found = self._echo_peers[peer.NAME]
        if isinstance(found, NotInstalled):
            raise found
        return found

    @contextlib.contextmanager
    def run_peer(self, peer: Peer, functions: Sequence[str]) -> Iterator[Mapping[str, Target]]:
        """A fresh one."""
        home = self.peer_home(peer)
        with tempfile.TemporaryDirectory(prefix=f"{peer.NAME}-", dir=self.folder) as name:
            for function in functions:
                shutil.copytree(lam.FUNCTIONS / function, Path(name) / function)
            with peer.run(home, Path(name), functions) as targets:
                yield targets

    def peer_home(self, peer: Peer) -> Path:
        """Where it is installed. A failure is one for the whole run: it may have taken minutes."""
        if not self.options.with_peers:
            raise NotInstalled("left out by --no-peers")
        if peer.NAME not in self._homes:
            try:
                self._homes[peer.NAME] = peers.installed(peer, peers.cache_folder())
            except NotInstalled as reason:
                self._homes[peer.NAME] = reason
        found = self._homes[peer.NAME]
        if isinstance(found, NotInstalled):
            raise found
        return found

    def peer_versions(self) -> list[str]:
        """Of those that were used."""
        homes = [home for home in self._homes.values() if isinstance(home, Path)]
        return [(home / peers.INSTALLED).read_text().strip() for home in homes]


@contextlib.contextmanager
def stage(options: Options) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="lam-bench-stage-") as name, contextlib.ExitStack() as running:
        yield Stage(options, Path(name), running)


def describe(error: Exception) -> str:
    """One line of why something was not measured."""
    if isinstance(error, subprocess.CalledProcessError):
        return f"{error}: {peers.last_words(str(error.stderr or ''))}"
    return str(error) or type(error).__name__
