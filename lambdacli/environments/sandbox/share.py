"""Who holds an environment to its share of the processors while it runs invocations: the kernel where it can,
else a throttle. An init gets all there is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

from lambdacli.environments.sandbox.cgroups import Cgroup
from lambdacli.environments.sandbox.cpu_share import cpu_share
from lambdacli.environments.sandbox.throttle import Throttle


class Share(Protocol):
    # These processes from now on: the main one, and all others below the root.
    def attach(self, main: int, root: int) -> None: ...

    # An invocation begins.
    def begin(self) -> None: ...

    def end(self) -> None: ...

    # The processes are about to be ended. Idempotent.
    def detach(self) -> None: ...


class KernelShare:
    """Set at the first invocation, and kept between invocations: nothing runs there."""

    def __init__(self, memory_mb: int, cgroup: Cgroup) -> None:
        self._share = cpu_share(memory_mb, os.cpu_count() or 1)
        self._cgroup = cgroup
        self._is_set = False

    def attach(self, main: int, root: int) -> None:
        """Whoever is in the cgroup is meant."""

    def begin(self) -> None:
        if not self._is_set:
            self._is_set = True
            self._cgroup.set_cpu_share(self._share)

    def end(self) -> None:
        """Setting it anew for each invocation would cost more than all the rest."""

    def detach(self) -> None:
        if self._is_set:
            self._is_set = False
            self._cgroup.set_cpu_share(None)


def share_of(
    memory_mb: int, cgroup: Cgroup | None, stop: Callable[[], None], go: Callable[[], None]
) -> Share:
    if cgroup is not None and cgroup.limits_cpu:
        return KernelShare(memory_mb, cgroup)
    return Throttle(memory_mb, stop, go)
