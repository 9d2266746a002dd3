"""Which interpreter is found and taken, and what it is started with."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

from lambdacli import runtimes
from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes import python
from lambdacli.runtimes.base import Start
from lambdacli.runtimes.python import Interpreter, nearest, search

OWN = (sys.version_info.major, sys.version_info.minor)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without interpreters and an empty PATH."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", "")
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def program(path: Path, *, head: bytes = b"\x7fELF", is_executable: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head)
    path.chmod(0o755 if is_executable else 0o644)
    return path


def on_path(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    monkeypatch.setenv("PATH", ":".join(map(str, folders)))


def found(version: tuple[int, int]) -> Path | None:
    interpreter = search().get(version)
    return None if interpreter is None else interpreter.path


def test_the_first_on_the_path_is_taken(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = program(machine / "a" / "python3.91"), program(machine / "b" / "python3.91")
    on_path(monkeypatch, first.parent, second.parent)
    assert found((3, 91)) == first
    on_path(monkeypatch, second.parent, first.parent)
    assert found((3, 91)) == second


@pytest.mark.parametrize(
    ("name", "head", "is_executable"),
    [
        ("python3.91", b"#!/bin/sh\n", True),
        ("python3.91", b"\x7fELF", False),
        ("python3.91t", b"\x7fELF", True),
        ("python3.91-config", b"\x7fELF", True),
        ("python2.7", b"\x7fELF", True),
        ("python3.7", b"\x7fELF", True),
        ("python4.0", b"\x7fELF", True),
        ("python3", b"\x7fELF", True),
        ("Python3.91", b"\x7fELF", True),
    ],
)
def test_what_is_no_interpreter_is_not_found(
    machine: Path, monkeypatch: pytest.MonkeyPatch, name: str, head: bytes, is_executable: bool
) -> None:
    program(machine / "bin" / name, head=head, is_executable=is_executable)
    on_path(monkeypatch, machine / "bin", machine / "missing")
    versions = search()
    assert (3, 91) not in versions
    assert all((3, 8) <= version < (4, 0) for version in versions)


def test_a_link_is_followed_so_that_it_is_found_without_its_folder(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = program(machine / "real" / "bin" / "python3.91")
    (machine / "bin").mkdir()
    (machine / "bin" / "python3.91").symlink_to(real)
    (machine / "bin" / "python3.92").symlink_to(machine / "nowhere")
    on_path(monkeypatch, machine / "bin")
    assert found((3, 91)) == real
    assert found((3, 92)) is None


@pytest.mark.parametrize("installs", ["versions", "installs/python"])
def test_shims_lead_to_what_their_manager_installed_in_their_place_on_the_path(
    machine: Path, monkeypatch: pytest.MonkeyPatch, installs: str
) -> None:
    manager = machine / "manager"
    program(manager / "shims" / "python3.91", head=b"#!/usr/bin/env bash\n")
    program(manager / installs / "3.91.9" / "bin" / "python3.91")
    newest = program(manager / installs / "3.91.10" / "bin" / "python3.91")
    later = program(machine / "usr" / "python3.91")
    on_path(monkeypatch, manager / "shims", later.parent)
    assert found((3, 91)) == newest
    on_path(monkeypatch, later.parent, manager / "shims")
    assert found((3, 91)) == later


@pytest.mark.parametrize(
    "place",
    [
        ".pyenv/versions/3.91.2/bin",
        ".local/share/uv/python/cpython-3.91.2-linux-x86_64-gnu/bin",
        ".local/share/mise/installs/python/3.91.2/bin",
        ".asdf/installs/python/3.91.2/bin",
        ".local/share/rye/py/cpython@3.91.2/bin",
    ],
)
def test_version_managers_are_found_without_the_path(machine: Path, place: str) -> None:
    expected = program(machine / "home" / place / "python3.91")
    assert found((3, 91)) == expected


def test_places_of_version_managers_may_be_chosen(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyenv = program(machine / "p" / "versions" / "3.91.0" / "bin" / "python3.91")
    uv = program(machine / "u" / "cpython-3.92.0" / "bin" / "python3.92")
    monkeypatch.setenv("PYENV_ROOT", str(machine / "p"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(machine / "u"))
    assert (found((3, 91)), found((3, 92))) == (pyenv, uv)


def test_a_virtual_environment_is_not_the_functions(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(machine / "venv" / "bin" / "python3.91")
    (machine / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    on_path(monkeypatch, machine / "venv" / "bin")
    assert found((3, 91)) is None


def test_our_own_interpreter_is_always_there(machine: Path) -> None:
    assert OWN in search()


@pytest.mark.parametrize(
    ("wanted", "there", "taken"),
    [
        ((3, 13), [(3, 12), (3, 13), (3, 14)], (3, 13)),
        ((3, 13), [(3, 11), (3, 12)], (3, 12)),
        ((3, 13), [(3, 12), (3, 14)], (3, 14)),
        ((3, 8), [(3, 11), (3, 12)], (3, 11)),
        ((3, 15), [(3, 9), (3, 12)], (3, 12)),
        ((3, 13), [(3, 7), (3, 6), (3, 11)], (3, 11)),
    ],
)
def test_nearest(wanted: tuple[int, int], there: list[tuple[int, int]], taken: tuple[int, int]) -> None:
    have = {version: Interpreter(Path("/x"), version) for version in there}
    assert nearest(wanted, have).version == taken


def start(tmp_path: Path, runtime: str = "python3.13", **variables: str) -> Start:
    return Start(
        runtime=RuntimeName(runtime),
        task_root=tmp_path / "code",
        opt_root=tmp_path / "opt",
        runtime_root=tmp_path / "runtime",
        dependencies=(tmp_path / "dependencies",),
        variables=variables,
    )


def test_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have = {(3, 12): Interpreter(Path("/bin/python3.12"), (3, 12))}
    monkeypatch.setattr(python, "installed", lambda: have)
    plan = python.plan(start(tmp_path, "python3.12"))
    assert plan.arguments == ("/bin/python3.12", str(tmp_path / "runtime" / "bootstrap.py"))
    assert plan.variables == {"PYTHONPATH": str(tmp_path / "runtime"), "LC_CTYPE": "C.UTF-8"}
    assert plan.has_framed_log
    assert plan.notices == ()
    assert json.loads(plan.private_variables["_LAM_PLACES"])["search_path"] == [
        str(tmp_path / "code"),
        str(tmp_path / "dependencies"),
        str(tmp_path / "opt" / "python" / "lib" / "python3.12" / "site-packages"),
        str(tmp_path / "opt" / "python"),
    ]
    other = python.plan(start(tmp_path, "python3.11"))
    assert other.variables == {"PYTHONPATH": str(tmp_path / "runtime")}
    assert other.notices == (
        "python3.11 is not installed here; running on python3.12 (/bin/python3.12), the nearest that is",
    )


def test_prepare_puts_the_sdk_and_the_bootstrap_there_and_may_be_called_again(tmp_path: Path) -> None:
    root = tmp_path / "runtime"
    for _ in range(2):
        python.prepare(root)
        assert (root / "bootstrap.py").read_text() == python.bootstrap()
        assert (root / "boto3" / "__init__.py").is_file()
        assert (root / "botocore" / "__init__.py").is_file()
        # What an earlier installation of lam left there is replaced.
        (root / "bootstrap.py").write_text("old")
        (root / "boto3").unlink()
        (root / "boto3").symlink_to("/nowhere")


def test_the_bootstrap_is_made_of_all_its_parts_and_none_hides_a_name_of_another() -> None:
    assert {file.stem for file in python.BOOTSTRAP.glob("*.py")} == set(python.PARTS)
    program = ast.parse(python.bootstrap())
    defined = [part.name for part in program.body if isinstance(part, ast.FunctionDef | ast.ClassDef)]
    named = [part.targets[0] for part in program.body if isinstance(part, ast.Assign)]
    defined += [target.id for target in named if isinstance(target, ast.Name)]
    assert sorted(defined) == sorted(set(defined))
    assert not [node for node in ast.walk(program) if isinstance(node, ast.ImportFrom) and node.level]


def test_families() -> None:
    assert runtimes.module_of(RuntimeName("python3.13")) is python
    with pytest.raises(runtimes.NotBuilt, match=r"the runtime java21 is not built into lam yet"):
        runtimes.module_of(RuntimeName("java21"))
    # An identifier that AWS has retired is run on what is nearest.
    assert runtimes.name_of("python3.6").version == (3, 6)
