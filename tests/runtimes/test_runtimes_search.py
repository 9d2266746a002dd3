"""Which Node.js and which Ruby are found and taken, and what they are started with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes import nodejs, ruby
from lambdacli.runtimes.base import NotInstalled, Start
from lambdacli.runtimes.nodejs import Node
from lambdacli.runtimes.ruby import Ruby


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without interpreters and an empty PATH; what the system has is of other versions."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", "")
    names = ["NVM_DIR", "FNM_DIR", "VOLTA_HOME", "ASDF_DATA_DIR", "MISE_DATA_DIR", "NODENV_ROOT", "N_PREFIX"]
    for name in (*names, "RBENV_ROOT", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def program(path: Path) -> Path:
    """One that cannot be run: where its path tells the version nobody asks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "place",
    [
        ".nvm/versions/node/v91.2.3/bin",
        ".volta/tools/image/node/91.2.3/bin",
        ".asdf/installs/nodejs/91.2.3/bin",
        ".local/share/mise/installs/node/91.2.3/bin",
        ".nodenv/versions/91.2.3/bin",
        ".local/share/fnm/node-versions/v91.2.3/installation/bin",
        ".fnm/node-versions/v91.2.3/installation/bin",
    ],
)
def test_version_managers_of_node_are_found_without_being_asked(machine: Path, place: str) -> None:
    expected = program(machine / "home" / place / "node")
    assert nodejs.search()[91] == Node(expected, (91, 2, 3))


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("NVM_DIR", "versions/node/v92.0.1/bin"),
        ("N_PREFIX", "n/versions/node/92.0.1/bin"),
        ("FNM_DIR", "node-versions/v92.0.1/installation/bin"),
        ("VOLTA_HOME", "tools/image/node/92.0.1/bin"),
        ("NODENV_ROOT", "versions/92.0.1/bin"),
    ],
)
def test_their_places_may_be_chosen(
    machine: Path, monkeypatch: pytest.MonkeyPatch, name: str, below: str
) -> None:
    monkeypatch.setenv(name, str(machine / "else"))
    expected = program(machine / "else" / below / "node")
    assert nodejs.search()[92].path == expected


def test_the_newest_release_of_a_version_is_taken(machine: Path) -> None:
    versions = machine / "home" / ".nvm" / "versions" / "node"
    program(versions / "v91.9.0" / "bin" / "node")
    newest = program(versions / "v91.10.0" / "bin" / "node")
    assert nodejs.search()[91] == Node(newest, (91, 10, 0))


def test_shims_are_passed_over_and_links_followed(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = program(machine / "home" / ".nodenv" / "versions" / "91.2.3" / "bin" / "node")
    shims = machine / "shims"
    shims.mkdir()
    (shims / "node").write_text("#!/bin/sh\nexit 1\n")
    (shims / "node").chmod(0o755)
    manager = program(machine / "volta-shim")
    links = machine / "links"
    links.mkdir()
    (links / "node").symlink_to(manager)
    monkeypatch.setenv("PATH", f"{shims}:{links}")
    assert nodejs.search()[91].path == real


def test_a_node_below_an_accidental_number_is_asked(machine: Path) -> None:
    assert nodejs.version_in(Path("/home/me/1.2.3/bin/node"), nodejs.MANAGER_FOLDERS) is None
    assert nodejs.version_in(Path("/n/versions/22.1.0/bin/node"), nodejs.MANAGER_FOLDERS) == (22, 1, 0)


@pytest.mark.parametrize(
    "place",
    [
        ".rbenv/versions/9.4.1/bin",
        ".rvm/rubies/ruby-9.4.1/bin",
        ".rubies/ruby-9.4.1/bin",
        ".asdf/installs/ruby/9.4.1/bin",
        ".local/share/mise/installs/ruby/9.4.1/bin",
    ],
)
def test_version_managers_of_ruby_are_found_without_being_asked(machine: Path, place: str) -> None:
    expected = program(machine / "home" / place / "ruby")
    assert ruby.search()[(9, 4)] == Ruby(expected, (9, 4))


@pytest.mark.parametrize(
    ("wanted", "there", "taken"),
    [
        (22, [20, 22, 24], 22),
        (22, [18, 20], 20),
        (22, [20, 24], 24),
        (8, [20, 24], 20),
        (26, [18, 24], 24),
    ],
)
def test_nearest_node(monkeypatch: pytest.MonkeyPatch, wanted: int, there: list[int], taken: int) -> None:
    have = {major: Node(Path("/x"), (major, 0, 0)) for major in there}
    monkeypatch.setattr(nodejs, "installed", lambda: have)
    assert nodejs.chosen(wanted).major == taken


@pytest.mark.parametrize(
    ("wanted", "there", "taken"),
    [
        ((3, 4), [(3, 1), (3, 4), (4, 0)], (3, 4)),
        ((3, 4), [(3, 2), (3, 3), (4, 0)], (3, 3)),
        ((3, 3), [(3, 2), (3, 4)], (3, 4)),
        ((4, 0), [(3, 1), (3, 4)], (3, 4)),
        ((2, 5), [(3, 1), (3, 4)], (3, 1)),
    ],
)
def test_nearest_ruby(wanted: tuple[int, int], there: list[tuple[int, int]], taken: tuple[int, int]) -> None:
    assert ruby.nearest(wanted, {version: Ruby(Path("/x"), version) for version in there}) == taken


@pytest.mark.parametrize(("module", "word"), [(nodejs, "Node.js"), (ruby, "Ruby")])
def test_a_machine_without_any_is_told(monkeypatch: pytest.MonkeyPatch, module, word: str) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(module, "installed", dict)
    with pytest.raises(NotInstalled, match=f"no {word} is installed here.*install it"):
        module.find(RuntimeName("nodejs22.x" if module is nodejs else "ruby3.4"))


def start(tmp_path: Path, runtime: str, dependencies: tuple[Path, ...] = (), **variables: str) -> Start:
    return Start(
        runtime=RuntimeName(runtime),
        task_root=tmp_path / "code",
        opt_root=tmp_path / "opt",
        runtime_root=tmp_path / "runtime",
        dependencies=dependencies,
        variables=variables,
        memory_mb=512,
    )


def test_plan_of_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodejs, "installed", lambda: {22: Node(Path("/bin/node"), (22, 1, 0))})
    own, sdk = tmp_path / "nodejs" / "a" / "node_modules", tmp_path / nodejs.SDK_CACHE / "b" / "node_modules"
    plan = nodejs.plan(start(tmp_path, "nodejs22.x", (own, sdk)))
    assert plan.arguments == (
        "/bin/node",
        "--expose-gc",
        "--max-http-header-size",
        "81920",
        "--max-semi-space-size=25",
        "--max-old-space-size=461",
        str(tmp_path / "runtime" / "index.mjs"),
    )
    assert plan.variables["NODE_PATH"].split(":") == [
        str(own),
        f"{tmp_path}/opt/nodejs/node22/node_modules",
        f"{tmp_path}/opt/nodejs/node_modules",
        str(sdk),
        f"{tmp_path}/runtime/node_modules",
        f"{tmp_path}/runtime",
        f"{tmp_path}/code",
    ]
    assert (plan.has_framed_log, plan.notices) == (True, ())
    assert json.loads(plan.private_variables["_LAM_PLACES"])["direct"] is True
    other = nodejs.plan(start(tmp_path, "nodejs24.x"))
    assert other.notices == (
        "nodejs24.x is not installed here; running on Node.js 22 (/bin/node), the nearest that is",
    )


def test_what_a_wrapper_started_may_have_something_before_its_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodejs, "installed", lambda: {22: Node(Path("/bin/node"), (22, 1, 0))})
    wrapper = tmp_path / "opt" / "wrapper"
    wrapper.parent.mkdir()
    wrapper.write_text("#!/bin/sh\n")
    wrapper.chmod(0o755)
    plan = nodejs.plan(start(tmp_path, "nodejs22.x", AWS_LAMBDA_EXEC_WRAPPER="/opt/wrapper"))
    assert plan.arguments[:2] == (str(wrapper), "/bin/node")
    assert json.loads(plan.private_variables["_LAM_PLACES"])["direct"] is False


def test_plan_of_ruby_on_another_version_finds_what_that_one_bundled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ruby, "installed", lambda: {(3, 1): Ruby(Path("/bin/ruby3.1"), (3, 1))})
    plan = ruby.plan(start(tmp_path, "ruby3.4"))
    assert plan.arguments == ("/bin/ruby3.1", str(tmp_path / "runtime" / "lib" / "bootstrap.rb"))
    assert plan.variables["GEM_PATH"].split(":") == [
        f"{tmp_path}/code/vendor/bundle/ruby/3.4.0",
        f"{tmp_path}/opt/ruby/gems/3.4.0",
        f"{tmp_path}/runtime",
        f"{tmp_path}/runtime/ruby/3.4.0",
        f"{tmp_path}/code/vendor/bundle/ruby/3.1.0",
    ]
    assert plan.notices == (
        "ruby3.4 is not installed here; running on Ruby 3.1 (/bin/ruby3.1), the nearest that is",
    )
