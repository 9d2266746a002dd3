"""What `lam doctor` says of the walls: decisions as tables, apart from looking at this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lambdacli.environments.command import WallsRefused
from lambdacli.environments.sandbox import grants
from lambdacli.environments.sandbox.cgroup_search import Found
from lambdacli.environments.sandbox.grants import APPARMOR, CLONE, MOST_NETWORKS, MOST_USERS, Findings, decide
from lambdacli.environments.sandbox.outbound import Program

ALL_CGROUPS = Found(None, ())
NO_CGROUPS = Found(None, ("memory", "cpu", "pids"), "cgroup /a is not writable for this user", "systemd-run")
PASTA = Program("pasta", "/usr/bin/pasta")

WALLED_ROOT = Findings(is_root=True, cgroups=ALL_CGROUPS, program=PASTA)
WALLED = replace(WALLED_ROOT, is_root=False)
REFUSED = replace(WALLED, walls="portable", refusal=WallsRefused("user namespace", "Operation not permitted"))
ASKED = replace(WALLED, walls="portable", is_portable_wanted=True)
MAC = replace(WALLED, walls="portable", is_linux=False)


def told(found: Findings) -> dict[str, grants.Grant]:
    return {grant.name: grant for grant in decide(found)}


def missing(found: Findings) -> set[str]:
    return {grant.name for grant in decide(found) if not grant.is_granted}


PORTABLE_LACKS = {
    "walls",
    "private /tmp",
    "process namespace",
    "process limit",
    "user per environment",
    "isolated network",
    "isolated network's way out",
}


@pytest.mark.parametrize(
    ("found", "lacks"),
    [
        (WALLED_ROOT, set()),
        (WALLED, {"user per environment"}),
        (replace(WALLED, cgroups=NO_CGROUPS), {"user per environment", "cgroups"}),
        (replace(WALLED_ROOT, program=None), {"isolated network's way out"}),
        (
            replace(WALLED, way_out_problem="pasta: no"),
            {"user per environment", "isolated network's way out"},
        ),
        (replace(WALLED, kernel=(5, 13)), {"user per environment", "process limit"}),
        (replace(WALLED_ROOT, kernel=(5, 13)), set()),
        (
            replace(WALLED_ROOT, network_refusal=WallsRefused("network", "No space left on device")),
            {"isolated network", "isolated network's way out"},
        ),
        (replace(WALLED_ROOT, uses_cgroups=False), {"cgroups"}),
        (REFUSED, PORTABLE_LACKS),
        (ASKED, PORTABLE_LACKS),
        (MAC, PORTABLE_LACKS | {"freeze", "templates"}),
    ],
)
def test_what_is_missing(found: Findings, lacks: set[str]) -> None:
    assert missing(found) == lacks


@pytest.mark.parametrize("found", [WALLED_ROOT, WALLED, REFUSED, ASKED, MAC, replace(WALLED, program=None)])
def test_each_says_what_was_found_and_what_is_missing_how_to_get_it(found: Findings) -> None:
    every = decide(found)
    assert len({grant.name for grant in every}) == len(every)
    assert [grant.name for grant in every if not grant.detail] == []
    silent = {grant.name for grant in every if not grant.is_granted and not (grant.weakens and grant.remedy)}
    assert silent <= {"isolated network's way out", "walls"}  # whose causes are told elsewhere, or unknown


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (REFUSED, "the kernel refused: user namespace: Operation not permitted"),
        (ASKED, "LAM_WALLS=portable"),
        (MAC, "only Linux"),
    ],
)
def test_why_the_walls_are_portable(found: Findings, words: str) -> None:
    assert words in told(found)["walls"].detail


def refused(step: str, text: str = "Operation not permitted", **more: object) -> Findings:
    return replace(REFUSED, refusal=WallsRefused(step, text), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (refused("read-only folders", "Function not implemented", kernel=(5, 10)), "Linux 5.12 or newer"),
        (
            refused("user namespace", "No space left", sysctls={MOST_USERS: "0"}),
            "max_user_namespaces=",
        ),
        (refused("user namespace", sysctls={CLONE: "0"}), "unprivileged_userns_clone=1"),
        (refused("private mounts", "Permission denied", sysctls={APPARMOR: "1"}), "apparmor_restrict_"),
        (refused("map of users", sysctls={APPARMOR: "1", CLONE: "1", MOST_USERS: "9"}), "apparmor_restrict_"),
        (refused("/proc", is_proc_covered=True), "systempaths=unconfined"),
        (refused("user namespace", has_seccomp=True), "seccomp=unconfined"),
        (refused("mount namespace", has_seccomp=True, is_root=True), "seccomp=unconfined"),
        (refused("mount namespace", is_root=True), "--privileged"),
        (refused("mount namespace", is_root=True, sysctls={CLONE: "0", APPARMOR: "1"}), "--privileged"),
        (ASKED, "without LAM_WALLS=portable"),
        (MAC, "on Linux"),
    ],
)
def test_the_usual_causes_have_a_remedy(found: Findings, words: str) -> None:
    assert words in grants.remedy(found)


def test_a_cause_that_is_not_known_has_none() -> None:
    assert grants.remedy(refused("/tmp", "Input/output error")) == ""


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (replace(WALLED, program=None), "passt"),
        (replace(WALLED, way_out_problem="pasta: Failed to open /dev/net/tun: Permission denied"), "chmod"),
        (replace(WALLED, way_out_problem="pasta: unrecognized option"), "newer version"),
    ],
)
def test_ways_to_a_way_out(found: Findings, words: str) -> None:
    assert words in told(found)["isolated network's way out"].remedy


def test_a_network_namespace_that_is_forbidden() -> None:
    refusal = WallsRefused("network", "No space left on device")
    found = replace(WALLED, network_refusal=refusal, sysctls={MOST_NETWORKS: "0"})
    assert "max_net_namespaces" in told(found)["isolated network"].remedy
    assert "do not start" in told(found)["isolated network"].weakens


@pytest.mark.parametrize(
    ("release", "version"),
    [("6.1.0-18-amd64", (6, 1)), ("5.15.153.1-microsoft", (5, 15)), ("23.4", (23, 4)), ("?", (0, 0))],
)
def test_kernel_versions(release: str, version: tuple[int, int]) -> None:
    assert grants.kernel_version(release) == version


PROC = "22 26 0:21 / /proc rw,relatime - proc proc rw\n"


@pytest.mark.parametrize(
    ("mounts", "is_covered"),
    [
        (PROC, False),
        (PROC + "30 22 0:27 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n", False),
        (PROC + "31 22 0:50 / /proc/acpi ro,relatime - tmpfs tmpfs ro\n", True),
        (PROC + "32 22 0:21 /bus /proc/bus ro,relatime - proc proc rw\n", True),
        ("", False),
    ],
)
def test_a_container_covers_parts_of_proc(mounts: str, is_covered: bool) -> None:
    assert grants.is_proc_covered(mounts) is is_covered


def test_filters_of_system_calls() -> None:
    assert grants.has_seccomp("NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n")
    assert not grants.has_seccomp("Seccomp:\t0\nSeccomp_filters:\t0\n")
    assert not grants.has_seccomp(Path("/dev/null").read_text())
