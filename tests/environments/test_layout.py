"""What a house shows, as a table over a temporary folder; nothing is mounted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lambdacli.environments.sandbox.layout import Shown, layout, system_only


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    for name in ("home", "code", "opt", "runtime", "keeper", "state", "identity", "python/bin"):
        (tmp_path / name).mkdir(parents=True)
    return Shown(
        task_root=tmp_path / "code",
        opt_root=tmp_path / "opt",
        runtime_root=tmp_path / "runtime",
        language_root=tmp_path / "python",
        dependencies=(),
        keeper=tmp_path / "keeper",
        state=tmp_path / "state",
        home=tmp_path / "home",
        identity=tmp_path / "identity",
    )


def change(shown: Shown, **fields: object) -> Shown:
    return replace(shown, **fields)  # type: ignore[arg-type]  # names are checked by replace


def places(shown: Shown) -> dict[str, tuple[str, str]]:
    """By place: how and what; the last entry is what is seen."""
    return {place: (kind, source) for kind, place, source in layout(shown)}


def test_the_functions_folders_are_at_lambdas_places(shown: Shown) -> None:
    found = places(shown)
    assert found["/var/task"] == ("show", str(shown.task_root))
    assert found["/var/lang"] == ("show", str(shown.language_root))
    assert found["/opt"] == ("folder", "")
    assert found["/var/runtime"] == ("folder", "")
    assert found["/tmp"] == ("folder", "")


def test_a_state_folder_in_the_code_folder_is_covered_after_the_code_is_shown(shown: Shown) -> None:
    inside = change(shown, state=shown.task_root / "deep" / ".lam")
    entries = [(kind, place) for kind, place, _ in layout(inside)]
    assert entries.index(("empty", "/var/task/deep/.lam")) > entries.index(("show", "/var/task"))


def test_code_that_the_service_itself_keeps_is_not_covered(shown: Shown) -> None:
    kept = change(shown, task_root=shown.state / "code")
    (shown.state / "code").mkdir()
    assert "empty" not in {kind for kind, _, _ in layout(kept)}


def test_a_code_folder_that_has_vanished_is_empty(shown: Shown) -> None:
    assert places(change(shown, task_root=shown.task_root / "gone"))["/var/task"] == ("folder", "")


def test_links_in_the_runtimes_folder_are_followed_and_dead_ones_left_out(
    shown: Shown, tmp_path: Path
) -> None:
    (tmp_path / "boto3").mkdir()
    (shown.runtime_root / "boto3").symlink_to(tmp_path / "boto3")
    (shown.runtime_root / "dead").symlink_to(tmp_path / "nothing")
    (shown.runtime_root / "bootstrap.py").write_text("")
    found = places(shown)
    assert found["/var/runtime/boto3"] == ("show", str(tmp_path / "boto3"))
    assert found["/var/runtime/bootstrap.py"] == ("show", str(shown.runtime_root / "bootstrap.py"))
    assert "/var/runtime/dead" not in found


def test_packages_keep_the_name_of_their_folder(shown: Shown, tmp_path: Path) -> None:
    folders = (tmp_path / "a" / "node_modules", tmp_path / "b" / "node_modules")
    found = places(change(shown, dependencies=folders))
    assert found["/var/packages/0/node_modules"] == ("show", str(folders[0]))
    assert found["/var/packages/1/node_modules"] == ("show", str(folders[1]))


def test_an_interpreter_is_also_where_it_really_is(shown: Shown) -> None:
    assert places(shown)[str(shown.language_root)] == ("show", str(shown.language_root))


def test_an_interpreter_of_the_system_is_there_already(shown: Shown) -> None:
    shown_once = [entry for entry in layout(change(shown, language_root=Path("/usr"))) if entry[1] == "/usr"]
    assert len(shown_once) == 1


def test_an_interpreter_in_the_home_shows_itself_only(shown: Shown) -> None:
    root = shown.home / ".pyenv" / "versions" / "3.12.1"
    root.mkdir(parents=True)
    sources = sources_below(change(shown, language_root=root), shown.home)
    assert sources == {str(root)}


@pytest.mark.parametrize("above", [0, 1])
def test_an_interpreter_right_in_the_home_does_not_lay_it_open(shown: Shown, above: int) -> None:
    """~/bin/node: what is above its folder is the home."""
    root = [shown.home, *shown.home.parents][above]
    (root / "bin").mkdir(exist_ok=True)
    (root / "documents").mkdir(exist_ok=True)
    found = places(change(shown, language_root=root))
    assert found["/var/lang"] == ("folder", "")
    assert found["/var/lang/bin"] == ("show", str(root / "bin"))
    assert found[str(root / "bin")] == ("show", str(root / "bin"))
    assert {str(root), str(root / "documents"), str(shown.home)} & {
        source for _, source in found.values()
    } == set()


def test_a_runtime_that_the_function_brings_has_no_language(shown: Shown) -> None:
    assert "/var/lang" not in places(change(shown, language_root=None))


def test_of_the_devices_only_harmless_ones_are_there(tmp_path: Path) -> None:
    devices = {place for _, place, _ in system_only(tmp_path) if place.startswith("/dev/")}
    assert {"/dev/null", "/dev/urandom", "/dev/stdout"} <= devices
    assert not devices & {"/dev/shm", "/dev/mem", "/dev/kvm", "/dev/fuse", "/dev/pts", "/dev/ptmx"}


def test_the_system_is_shown_without_homes_and_services(tmp_path: Path) -> None:
    sources = {source for kind, _, source in system_only(tmp_path) if kind == "show"}
    for hidden in ("/", "/home", "/root", "/run", "/var", "/sys", "/proc", "/tmp", "/dev", "/boot"):
        assert hidden not in sources


def sources_below(shown: Shown, folder: Path) -> set[str]:
    found = {source for kind, _, source in layout(shown) if kind == "show"}
    return {source for source in found if Path(source).is_relative_to(folder)}
