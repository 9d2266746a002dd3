"""What this machine grants of the walls, what is weaker without it, and how to get it. Looks first; what it
means is decided apart from that."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lambdacli.environments.command import WallsRefused
from lambdacli.environments.sandbox.cgroup_files import LIMITING
from lambdacli.environments.sandbox.cgroup_search import Found, find_cgroups
from lambdacli.environments.sandbox.outbound import Program, find_program
from lambdacli.model.grant import Grant

APPARMOR = "kernel/apparmor_restrict_unprivileged_userns"
CLONE = "kernel/unprivileged_userns_clone"
MOST_USERS = "user/max_user_namespaces"
MOST_NETWORKS = "user/max_net_namespaces"
SYSCTLS = (APPARMOR, CLONE, MOST_USERS, MOST_NETWORKS)
USABLE_COVERS = ("/proc/sys/fs/binfmt_misc",)
"""Empty folders that are there to be mounted on."""

KERNEL_OF_READ_ONLY_TREES = (5, 12)
KERNEL_OF_COUNTS_PER_NAMESPACE = (5, 14)

AS_FOR_WALLS = "as for the walls"


class Tried(Protocol):
    """What was found out at the start, and can be tried again."""

    @property
    def walls(self) -> str: ...

    @property
    def refusal(self) -> WallsRefused | None: ...

    @property
    def is_portable_wanted(self) -> bool: ...

    @property
    def uses_cgroups(self) -> bool: ...

    # Opens a room with a network of its own, and a way out if there is a program for it; what did not work of
    # the way out, if anything. WallsRefused when there is no such network.
    async def try_own_network(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    is_linux: bool = True
    kernel: tuple[int, int] = (6, 1)
    is_root: bool = False
    walls: str = "linux"
    is_portable_wanted: bool = False
    uses_cgroups: bool = True
    refusal: WallsRefused | None = None
    """Why there are no walls of Linux's."""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    """Those of SYSCTLS that this kernel has."""
    is_proc_covered: bool = False
    has_seccomp: bool = False
    cgroups: Found
    network_refusal: WallsRefused | None = None
    program: Program | None = None
    """That would carry what leaves a network of an environment's own."""
    way_out_problem: str | None = None

    @property
    def has_walls(self) -> bool:
        return self.walls == "linux"


async def grants(tried: Tried) -> list[Grant]:
    """Starts processes, and reads files in a thread."""
    return decide(await _look(tried))


def decide(found: Findings) -> list[Grant]:
    return [
        _walls(found),
        _temporary(found),
        _process_namespace(found),
        _process_limit(found),
        _user_per_environment(found),
        _freeze(found),
        _cgroups(found),
        _isolated_network(found),
        _way_out(found),
        _templates(found),
    ]


# One grant each


def _walls(found: Findings) -> Grant:
    name = "walls"
    if found.has_walls:
        who = "as root, with a user for each environment" if found.is_root else "without root"
        return Grant(name, True, f"Linux namespaces, {who}")
    return Grant(
        name,
        False,
        f"the portable ones: {_why_portable(found)}",
        "functions see your files, processes and /tmp; where AWS has /var/task they see the real folder",
        remedy(found),
    )


def _why_portable(found: Findings) -> str:
    if not found.is_linux:
        return "only Linux has others"
    if found.refusal is not None:
        return f"the kernel refused: {found.refusal}"
    return "LAM_WALLS=portable asks for them"


def _temporary(found: Findings) -> Grant:
    return _with_walls(
        found,
        "private /tmp",
        "one for each environment, of exactly the size of ephemeral_storage",
        "TMPDIR leads to a folder of the environment's own, /tmp itself is everybody's, and "
        "ephemeral_storage is not limited",
    )


def _process_namespace(found: Findings) -> Grant:
    weakens = "functions can see and signal your other processes"
    if not found.is_linux:
        weakens += "; a process that makes a session of its own can outlive its environment"
    return _with_walls(
        found, "process namespace", "nothing outlives its environment, and it sees nobody else", weakens
    )


def _with_walls(found: Findings, name: str, detail: str, weakens: str) -> Grant:
    if found.has_walls:
        return Grant(name, True, detail)
    return Grant(name, False, "only Linux's walls have it", weakens, AS_FOR_WALLS)


def _process_limit(found: Findings) -> Grant:
    name, weakens = "process limit", "more than 1,024 processes end a function a moment later, when lam looks"
    if not found.has_walls:
        return Grant(name, False, "only Linux's walls have an exact one", weakens, AS_FOR_WALLS)
    version = "{}.{}".format(*found.kernel)
    if found.kernel < KERNEL_OF_COUNTS_PER_NAMESPACE and not found.is_root:
        detail = f"Linux {version} counts the processes of a user, not of an environment"
        return Grant(name, False, detail, weakens, "Linux 5.14 or newer, or lam as root")
    return Grant(name, True, "exactly 1,024 for each environment, as on AWS")


def _user_per_environment(found: Findings) -> Grant:
    name = "user per environment"
    if found.has_walls and found.is_root:
        return Grant(name, True, "each is an unprivileged user of its own; others' Runtime APIs refuse it")
    return Grant(
        name,
        False,
        "all environments are root" if found.is_root else "all environments are you",
        "a function that looks for another environment's Runtime API can call it",
        AS_FOR_WALLS
        if found.is_root
        else "lam as root; or `network: isolated`: its Runtime API is reached by nobody else",
    )


def _freeze(found: Findings) -> Grant:
    name = "freeze"
    if found.has_walls:
        return Grant(name, True, "between invocations every process of an environment stands still")
    if found.is_linux:
        return Grant(name, True, "between invocations every process that is found stands still")
    return Grant(
        name,
        False,
        "process groups only",
        "a process that made a session of its own goes on between invocations",
        "Linux",
    )


def _cgroups(found: Findings) -> Grant:
    name, cgroups = "cgroups", found.cgroups
    if cgroups.missing:
        return Grant(name, False, cgroups.reason, _limited_by_lam(cgroups.missing), cgroups.advice)
    if found.uses_cgroups:
        return Grant(name, True, "the kernel itself limits memory, cpu and pids of each environment")
    remedy = "look into the service's log: it says why"
    if found.is_portable_wanted:
        remedy = "start the service without LAM_WALLS=portable"
    return Grant(name, False, "they are here, but not in use", _limited_by_lam(LIMITING), remedy)


def _limited_by_lam(controllers: Sequence[str]) -> str:
    return (
        f"the kernel itself does not limit {', '.join(controllers)}: lam looks every few milliseconds, and a "
        "function may go beyond its limit until then"
    )


def _isolated_network(found: Findings) -> Grant:
    name = "isolated network"
    weakens = "functions with `network: isolated` have this machine's network"
    if not found.has_walls:
        return Grant(name, False, "only Linux's walls have it", weakens, AS_FOR_WALLS)
    if found.network_refusal is None:
        return Grant(name, True, "`network: isolated` has a network of its own")
    is_forbidden = found.sysctls.get(MOST_NETWORKS) == "0"
    return Grant(
        name,
        False,
        str(found.network_refusal),
        "functions with `network: isolated` do not start",
        "sudo sysctl user.max_net_namespaces=15000" if is_forbidden else "remove `network: isolated`",
    )


def _way_out(found: Findings) -> Grant:
    name, weakens = "isolated network's way out", "functions with `network: isolated` reach no other machine"
    if not found.has_walls or found.network_refusal is not None:
        return Grant(name, False, "there is no isolated network", weakens, "as for the isolated network")
    if found.program is None:
        detail = "neither pasta nor slirp4netns is on the PATH that the service was started with"
        remedy = "install pasta (the package passt of Debian, Ubuntu and Fedora); then `lam stop`"
        return Grant(name, False, detail, weakens, remedy)
    if found.way_out_problem is None:
        return Grant(name, True, found.program.path)
    remedy = "install pasta or slirp4netns in a newer version"
    if "tun" in found.way_out_problem:
        remedy = "let this user open /dev/net/tun: sudo chmod 666 /dev/net/tun"
    return Grant(name, False, found.way_out_problem, weakens, remedy)


def _templates(found: Findings) -> Grant:
    name = "templates"
    if found.is_linux:
        return Grant(name, True, "Python environments are forked with their modules loaded")
    weakens = "a cold start of Python takes as long as Python and the function's imports"
    return Grant(name, False, "only on Linux is a fork without a new program safe", weakens, "Linux")


# Causes


def remedy(found: Findings) -> str:
    """For the walls: the usual causes, the surest first."""
    if not found.is_linux:
        return "run lam on Linux"
    if found.refusal is None:
        return "start the service without LAM_WALLS=portable"
    step = found.refusal.step
    if found.kernel < KERNEL_OF_READ_ONLY_TREES:
        return "Linux 5.12 or newer"
    if found.sysctls.get(MOST_USERS) == "0":
        return "sudo sysctl user.max_user_namespaces=15000; then `lam stop`"
    if not found.is_root and found.sysctls.get(CLONE) == "0":
        return "sudo sysctl kernel.unprivileged_userns_clone=1; then `lam stop`"
    if step == "/proc" and found.is_proc_covered:
        return "start the container with --security-opt systempaths=unconfined (podman: unmask=ALL)"
    if not found.is_root and found.sysctls.get(APPARMOR, "0") != "0":
        return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0; then `lam stop`"
    if found.has_seccomp and "namespace" in step:
        return "start the container with --security-opt seccomp=unconfined, or with --privileged"
    if found.is_root and step == "mount namespace":
        return "start the container with --privileged, or lam as an ordinary user"
    return ""


# Looking


async def _look(tried: Tried) -> Findings:
    network_refusal = problem = None
    if tried.walls == "linux":
        try:
            problem = await tried.try_own_network()
        except WallsRefused as refusal:
            network_refusal = refusal

    def look() -> Findings:
        return Findings(
            is_linux=sys.platform == "linux",
            kernel=kernel_version(os.uname().release),
            is_root=os.geteuid() == 0,
            walls=tried.walls,
            is_portable_wanted=tried.is_portable_wanted,
            uses_cgroups=tried.uses_cgroups,
            refusal=tried.refusal,
            sysctls={name: text for name in SYSCTLS if (text := _text(f"/proc/sys/{name}"))},
            is_proc_covered=is_proc_covered(_text("/proc/self/mountinfo")),
            has_seccomp=has_seccomp(_text("/proc/self/status")),
            cgroups=find_cgroups(),
            network_refusal=network_refusal,
            program=find_program(),
            way_out_problem=problem,
        )

    return await asyncio.to_thread(look)


def kernel_version(release: str) -> tuple[int, int]:
    numbers = re.match(r"(\d+)\.(\d+)", release)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def is_proc_covered(mounts: str) -> bool:
    """From /proc/self/mountinfo. Where a container covers a part of /proc, the kernel gives nobody inside a
    new one, in which that part would be open."""
    places = (line.split()[4] for line in mounts.splitlines())
    return any(place.startswith("/proc/") and place not in USABLE_COVERS for place in places)


def has_seccomp(status: str) -> bool:
    """From /proc/self/status: whether system calls are filtered."""
    return re.search(r"^Seccomp:\s*2$", status, re.MULTILINE) is not None


def _text(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError:
        return ""
