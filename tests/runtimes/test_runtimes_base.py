"""Wrappers and bootstraps: what is executed in the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambdacli.model.runtime_names import RUNTIMES, RuntimeName
from lambdacli.runtimes import MODULES, provided
from lambdacli.runtimes.base import InvalidEntrypoint, Start, exec_wrapper, real_path

COMMAND = ("/bin/python3.13", "/runtime/bootstrap.py")


@pytest.fixture
def start(tmp_path: Path) -> Start:
    for folder in ("code", "opt"):
        (tmp_path / folder).mkdir()
    return Start(
        runtime=RuntimeName("provided.al2023"),
        task_root=tmp_path / "code",
        opt_root=tmp_path / "opt",
        runtime_root=tmp_path / "runtime",
        dependencies=(),
        variables={},
    )


def script(path: Path, *, is_executable: bool = True) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755 if is_executable else 0o644)
    return path


def wrapped(start: Start, wrapper: str) -> tuple[str, ...]:
    own = {"AWS_LAMBDA_EXEC_WRAPPER": wrapper}
    return exec_wrapper(
        Start(start.runtime, start.task_root, start.opt_root, start.runtime_root, (), own), COMMAND
    )


def test_without_a_wrapper_the_command_stays(start: Start) -> None:
    assert exec_wrapper(start, COMMAND) == COMMAND
    assert wrapped(start, "") == COMMAND


@pytest.mark.parametrize(("folder", "name"), [("code", "/var/task/w"), ("opt", "/opt/w")])
def test_a_wrapper_of_the_package_or_a_layer(start: Start, tmp_path: Path, folder: str, name: str) -> None:
    expected = script(tmp_path / folder / "w")
    assert wrapped(start, name) == (str(expected), *COMMAND)


def test_a_wrapper_elsewhere(start: Start, tmp_path: Path) -> None:
    expected = script(tmp_path / "anywhere")
    assert wrapped(start, str(expected)) == (str(expected), *COMMAND)


@pytest.mark.parametrize(
    ("make", "status", "says"),
    [
        (lambda path: None, 127, "does not exist"),
        (lambda path: path.mkdir(), 127, "does not exist"),
        (lambda path: script(path, is_executable=False), 126, "is not an executable"),
    ],
    ids=["missing", "a folder", "not executable"],
)
def test_a_wrapper_that_cannot_run(start: Start, make, status: int, says: str) -> None:  # type: ignore[no-untyped-def]
    make(start.task_root / "w")
    shell, option, text, name = wrapped(start, "/var/task/w")
    assert (shell, option, name) == ("/bin/sh", "-c", "/var/task/w")
    assert text == f'echo "$0: {says}" >&2; exit {status}'


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("/var/task", "code"),
        ("/var/task/a/b", "code/a/b"),
        ("/var/task//a", "code/a"),
        ("/opt", "opt"),
        ("/opt/bin/x", "opt/bin/x"),
    ],
)
def test_paths_inside_lie_here(start: Start, tmp_path: Path, path: str, real: str) -> None:
    assert real_path(path, start) == tmp_path / real


@pytest.mark.parametrize("path", ["/var/tasks/a", "/optional", "/usr/bin/x"])
def test_other_paths_are_this_machines(start: Start, path: str) -> None:
    assert real_path(path, start) == Path(path)


# provided.*


def test_bootstrap_of_the_package_comes_before_the_layers(start: Start) -> None:
    layer = script(start.opt_root / "bootstrap")
    assert provided.plan(start).arguments == (str(layer),)
    own = script(start.task_root / "bootstrap")
    plan = provided.plan(start)
    assert plan.arguments == (str(own),)
    assert (plan.variables, plan.private_variables, plan.has_framed_log) == ({}, {}, False)


def test_a_bootstrap_that_is_not_executable_is_none(start: Start) -> None:
    script(start.task_root / "bootstrap", is_executable=False)
    layer = script(start.opt_root / "bootstrap")
    assert provided.plan(start).arguments == (str(layer),)


@pytest.mark.parametrize(
    "make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.touch(0o644)]
)
def test_no_bootstrap(start: Start, make) -> None:  # type: ignore[no-untyped-def]
    make(start.task_root / "bootstrap")
    with pytest.raises(InvalidEntrypoint) as caught:
        provided.plan(start)
    assert str(caught.value) == ("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")


def test_wrappers_are_for_managed_runtimes_only(start: Start) -> None:
    own = script(start.task_root / "bootstrap")
    script(start.task_root / "w")
    wrapping = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/w"}
    given = Start(start.runtime, start.task_root, start.opt_root, start.runtime_root, (), wrapping)
    assert provided.plan(given).arguments == (str(own),)
    assert os.access(own, os.X_OK)


def test_what_is_only_built_is_what_has_no_module():
    without = {name for name, each in RUNTIMES.items() if each.family not in MODULES}
    assert {name for name, each in RUNTIMES.items() if each.is_only_built} == without
