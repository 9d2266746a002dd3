"""Packages as Lambda would be sent them, by the real tools, from packages of our own: no registry."""

from __future__ import annotations

import io
import json
import os
import subprocess
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lambdacli.model.build import BuildMethod, BuildSettings
from lambdacli.model.function import LocalLayer
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.project.builders import packages
from lambdacli.project.builders.packages import Package, built, built_all, built_layer
from lambdacli.project.builders.runnable import code_to_run
from lambdacli.project.builders.workshop import Workshop, here
from lambdacli.project.config import load_project
from lambdacli.project.making import BuildError, run_as_child
from lambdacli.project.packing import Packages
from lambdacli.project.records import FunctionSettings
from tests.real.toolchains import go_cache, need, need_lambda_builders, need_rust

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def offline(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOFLAGS", "")
    monkeypatch.setenv("GOCACHE", go_cache(tmp_path_factory))
    # Java asks the system where home is, not the environment.
    monkeypatch.setenv("MAVEN_OPTS", f"-Dmaven.repo.local={tmp_path / 'maven'}")
    monkeypatch.setenv("GRADLE_USER_HOME", str(tmp_path / "gradle"))


@pytest.fixture
def workshop(tmp_path) -> Workshop:
    return Workshop(tmp_path / "cache", lambda line: None)


def function(folder: Path, runtime: str = "python3.13", handler: str = "app.handler", **more: object):
    """The settings of one function whose code is the folder."""
    folder.mkdir(exist_ok=True)
    file = folder.parent / "lam.yaml"
    settings = {"runtime": runtime, "handler": handler, "code": str(folder), **more}
    file.write_text(json.dumps({"functions": {"orders": settings}}))
    return load_project(file).functions[0]


def wheel(folder: Path, tag: str = "py3-none-any", **files: str) -> Path:
    path = folder / f"greeting-1.0-{tag}.whl"
    is_pure = str(tag.endswith("any")).lower()
    with zipfile.ZipFile(path, "w") as package:
        for name, text in (files or {"greeting.py": "WORD = 'hello'\n"}).items():
            package.writestr(name, text)
        information = "greeting-1.0.dist-info"
        package.writestr(f"{information}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        package.writestr(
            f"{information}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: {is_pure}\nTag: {tag}\n"
        )
        package.writestr(f"{information}/entry_points.txt", "[console_scripts]\ngreet = greeting:main\n")
        package.writestr(f"{information}/RECORD", "")
    return path


def inside(package: Package) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package.content())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def code(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_code_that_needs_no_build_is_never_copied(tmp_path, workshop):
    settings = function(code(tmp_path / "src", **{"app.py": "x = 1\n", ".lamignore": "notes\n", "notes": ""}))
    package = built(settings, workshop)
    assert package.method == BuildMethod.NONE
    assert [part.folder for part in package.parts] == [tmp_path / "src"]
    assert inside(package) == {"app.py": b"x = 1\n"}
    assert not workshop.cache.exists() or [path.name for path in workshop.cache.iterdir()] == ["measured"]


def test_the_hash_is_that_of_the_bytes_and_follows_them(tmp_path, workshop):
    settings = function(code(tmp_path / "src", **{"app.py": "x = 1\n"}))
    first = built(settings, workshop)
    assert (
        first.sha256 == packages.base64.b64encode(packages.hashlib.sha256(first.content()).digest()).decode()
    )
    (tmp_path / "src" / "app.py").write_text("x = 2\n")
    assert built(settings, workshop).sha256 != first.sha256


def test_what_was_measured_is_not_read_again_until_a_file_changes(tmp_path, workshop, monkeypatch):
    settings = function(code(tmp_path / "src", **{"app.py": "x = 1\n"}))
    monkeypatch.setattr(packages, "_JUST_NOW_SECONDS", -1.0)
    first = built(settings, workshop)
    with monkeypatch.context() as nobody_reads:
        nobody_reads.setattr(packages, "_hashed", None)
        assert built(settings, workshop).measured == first.measured
    (tmp_path / "src" / "app.py").write_text("x = 2\n")
    assert built(settings, workshop).sha256 != first.sha256


def test_a_zip_is_sent_as_it_is(tmp_path, workshop):
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", "x = 1\n")
    settings = replace(function(tmp_path / "src"), code=archive)
    package_of_zip = built(settings, workshop)
    assert package_of_zip.content() == archive.read_bytes()
    assert package_of_zip.measured.unzipped_bytes == 6


# Python


def test_packages_of_python_lie_beside_the_code_without_a_trace_of_this_machine(tmp_path, workshop):
    wheel(tmp_path)
    settings = function(
        code(tmp_path / "src", **{"app.py": "", "requirements.txt": "../greeting-1.0-py3-none-any.whl\n"})
    )
    package = built(settings, workshop)
    files = inside(package)
    assert package.method == BuildMethod.PYTHON and package.measured.notes == ()
    assert {"app.py", "greeting.py", "bin/greet"} < set(files)
    assert files["bin/greet"].startswith(b"#!/var/lang/bin/python3.13\n")
    assert not [
        name for name in files if name.endswith((".pyc", "direct_url.json", "uv_cache.json", ".lock"))
    ]
    assert not [
        name
        for name, content in files.items()
        if str(tmp_path).encode() in content and name != "requirements.txt"
    ]
    assert b"direct_url.json" not in files["greeting-1.0.dist-info/RECORD"]


def test_the_codes_own_file_wins_over_that_of_a_package(tmp_path, workshop):
    wheel(tmp_path)
    files = {"greeting.py": "MINE = 1\n", "requirements.txt": "../greeting-1.0-py3-none-any.whl\n"}
    assert inside(built(function(code(tmp_path / "src", **files)), workshop))["greeting.py"] == b"MINE = 1\n"


@pytest.mark.parametrize(
    ("architecture", "version", "text"),
    [("arm64", "3.13", "ARM = 1\n"), ("x86_64", "3.12", "INTEL = 1\n")],
)
def test_wheels_are_for_the_functions_machine_and_python(tmp_path, workshop, architecture, version, text):
    tags = {
        "ARM = 1\n": "cp313-cp313-manylinux_2_28_aarch64",
        "INTEL = 1\n": "cp312-cp312-manylinux_2_17_x86_64",
    }
    for content, tag in tags.items():
        wheel(tmp_path, tag, **{"greeting.py": content})
    wheel(tmp_path, "cp311-cp311-macosx_11_0_arm64", **{"greeting.py": "MAC = 1\n"})
    requirements = "--no-index\n--find-links ..\ngreeting==1.0\n"
    folder = code(tmp_path / "src", **{"requirements.txt": requirements})
    settings = function(folder, f"python{version}", architecture=architecture)
    assert inside(built(settings, workshop))["greeting.py"].decode() == text


def test_local_packages_are_installed_again_when_their_sources_change(tmp_path, workshop):
    wheel(tmp_path, **{"greeting.py": "WORD = 1\n"})
    folder = code(tmp_path / "src", **{"requirements.txt": "../greeting-1.0-py3-none-any.whl\n"})
    settings = function(folder)
    first = built(settings, workshop)
    wheel(tmp_path, **{"greeting.py": "WORD = 2\n"})
    second = built(settings, workshop)
    assert inside(second)["greeting.py"] == b"WORD = 2\n" != inside(first)["greeting.py"]


def test_functions_that_share_requirements_install_them_once(tmp_path, workshop):
    wheel(tmp_path)
    installs: list[str] = []
    guard = threading.Lock()

    def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], take) -> int:
        with guard:
            installs.append(command[0])
        return run_as_child(command, folder, environment, take)

    functions = []
    for name in ("one", "two", "three", "four"):
        files = {"app.py": name, "requirements.txt": "../greeting-1.0-py3-none-any.whl\n"}
        functions.append(replace(function(code(tmp_path / name, **files)), name=name))
    done: list[FunctionSettings] = []
    results = built_all(functions, replace(workshop, run=run), done.append)
    assert [isinstance(result, Package) and result.function for result in results] == [
        "one",
        "two",
        "three",
        "four",
    ]
    assert len(installs) == 1 and len(done) == 4


def test_an_unpinned_package_is_told(tmp_path, workshop):
    wheel(tmp_path)
    files = {"requirements.txt": "--no-index\n--find-links ..\ngreeting\n"}
    (note,) = built(function(code(tmp_path / "src", **files)), workshop).measured.notes
    assert note == "requirements.txt does not pin greeting: another day may bring other versions"


# Node.js


def local_npm_package(tmp_path: Path) -> dict[str, str]:
    code(
        tmp_path / "local",
        **{"package.json": '{"name": "named", "version": "1.0.0"}', "index.js": "module.exports = 1\n"},
    )
    return {
        "app.js": "require('named')\n",
        "package.json": json.dumps({"dependencies": {"named": "file:../local"}}),
    }


def test_packages_of_npm_take_the_place_of_those_for_development(tmp_path, workshop):
    need("node", "npm")
    files = {**local_npm_package(tmp_path), "node_modules/typescript/index.js": "// large\n"}
    package = built(function(code(tmp_path / "src", **files), "nodejs22.x"), workshop)
    assert set(inside(package)) == {
        *("app.js", "package.json", "node_modules/named/index.js", "node_modules/named/package.json")
    }
    assert package.measured.notes == (
        "package.json has no lock file beside it: another day may bring other versions",
    )


def test_as_it_is_means_with_the_folders_own_packages(tmp_path, workshop):
    files = {**local_npm_package(tmp_path), "node_modules/mine/index.js": "// patched\n"}
    package = built(function(code(tmp_path / "src", **files), "nodejs22.x", build="none"), workshop)
    assert set(inside(package)) == {"app.js", "package.json", "node_modules/mine/index.js"}


def test_patterns_choose_among_the_sources_and_not_among_what_was_installed(tmp_path, workshop):
    wheel(tmp_path)
    sources = {"src/app.py": "", "src/test_app.py": "", "notes.md": ""}
    files = {**sources, "requirements.txt": "../greeting-1.0-py3-none-any.whl\n"}
    settings = function(code(tmp_path / "src", **files))
    chosen = replace(settings.template, patterns=("!**", "src/**", "!**/test_*"))
    names = set(inside(built(replace(settings, template=chosen), workshop)))
    assert {"src/app.py", "greeting.py"} < names and not names & {"src/test_app.py", "notes.md"}
    everything = built(settings, workshop)
    assert {"src/test_app.py", "notes.md"} < set(inside(everything))


# Layers


def test_a_layers_packages_lie_where_the_runtime_looks_for_them(tmp_path, workshop):
    wheel(tmp_path)
    files = {"own.py": "", "requirements.txt": "../greeting-1.0-py3-none-any.whl\n"}
    folder = code(tmp_path / "layer", **files)
    python = BuildSettings(BuildMethod.PYTHON)
    layer = built_layer("tools", folder, "python3.13", "arm64", python, workshop)
    assert {"python/own.py", "python/greeting.py"} < set(inside(layer))
    as_it_is = built_layer("tools", folder, "python3.13", "arm64", BuildSettings(), workshop)
    assert set(inside(as_it_is)) == {"own.py", "requirements.txt"}


def test_a_layers_npm_packages_lie_where_the_runtime_looks_for_them(tmp_path, workshop):
    need("node", "npm")
    folder = code(tmp_path / "layer", **local_npm_package(tmp_path))
    layer = built_layer("tools", folder, "nodejs22.x", "x86_64", BuildSettings(BuildMethod.NPM), workshop)
    assert {"nodejs/app.js", "nodejs/node_modules/named/index.js"} < set(inside(layer))


def test_a_deployed_layer_is_built_and_the_same_every_time(tmp_path, workshop):
    """What a function names by a folder: with packages, laid out already, made by a Makefile, a zip."""
    need("make")
    wheel(tmp_path)
    code(
        tmp_path,
        **{
            "tools/own.py": "x = 1\n",
            "tools/requirements.txt": "../greeting-1.0-py3-none-any.whl\n",
            "plain/python/own.py": "x = 2\n",
            "plain/requirements.txt": "../greeting-1.0-py3-none-any.whl\n",
            "made/Makefile": "build-made:\n\tinstall -D own.py $(ARTIFACTS_DIR)/python/own.py\n",
            "made/own.py": "x = 3\n",
        },
    )
    settings = function(code(tmp_path / "src", **{"app.py": "x = 1\n"}))
    (tmp_path / "ready.zip").write_bytes(built(settings, workshop).content())

    def names_in(deployed: Packages, layer: str) -> tuple[str, set[str]]:
        package = deployed.of_layer(settings, LocalLayer(tmp_path / layer))
        with zipfile.ZipFile(io.BytesIO(deployed.contents(package.sha256))) as archive:
            return package.sha256, set(archive.namelist())

    first, second = Packages(), Packages()
    for each in (first, second):
        each.build([settings], workshop)
    found = {layer: names_in(first, layer) for layer in ("tools", "plain", "made", "ready.zip")}
    assert {"python/own.py", "python/greeting.py"} < found["tools"][1]
    assert found["plain"][1] == {"python/own.py", "requirements.txt"}
    assert found["made"][1] == {"python/own.py"}
    assert found["ready.zip"][1] == {"app.py"}
    assert {layer: names_in(second, layer) for layer in found} == found


# Programs that make the code

BUNDLER = """#!/usr/bin/env node
const fs = require("fs"), path = require("path");
const option = (name) => process.argv.find((word) => word.startsWith(name + "=")).split("=")[1];
const entry = process.argv.filter((word) => !word.startsWith("--")).pop();
const shared = path.join(path.dirname(entry), "../../shared.ts");
fs.mkdirSync(option("--outdir") + "/src", {recursive: true});
fs.writeFileSync(option("--outdir") + "/src/app.js", fs.readFileSync(entry) + fs.readFileSync(shared));
fs.writeFileSync(option("--metafile"), JSON.stringify({inputs: {[entry]: {}, [shared]: {}}}));
"""


def test_a_bundle_is_made_again_when_a_file_outside_the_folder_changed(tmp_path, workshop):
    need("node", "npm")
    folder = code(tmp_path / "src", **{"src/app.ts": "entry\n", "node_modules/.bin/esbuild": BUNDLER})
    (folder / "node_modules/.bin/esbuild").chmod(0o755)
    (tmp_path / "shared.ts").write_text("one\n")
    settings = function(folder, "nodejs22.x", "src/app.handler")
    first = built(settings, workshop)
    assert first.method == BuildMethod.ESBUILD and inside(first) == {"src/app.js": b"entry\none\n"}
    with_data = replace(settings, template=replace(settings.template, patterns=("!docs/**", "data/**")))
    code(folder, **{"data/words.txt": "hello\n"})
    assert set(inside(built(with_data, workshop))) == {"src/app.js", "data/words.txt"}
    (folder / "data/words.txt").unlink()
    told: list[str] = []
    assert built(settings, replace(workshop, progress=told.append)).sha256 == first.sha256 and told == []
    (tmp_path / "shared.ts").write_text("two\n")
    assert inside(built(settings, workshop)) == {"src/app.js": b"entry\ntwo\n"}
    (tmp_path / "shared.ts").write_text("one\n")
    assert built(settings, replace(workshop, progress=told.append)).parts == first.parts


def test_a_makefile_works_on_a_copy_of_the_sources(tmp_path, workshop):
    need("make")
    makefile = "build-orders:\n\techo left > dropping\n\tcp run.sh $(ARTIFACTS_DIR)/bootstrap\n"
    folder = code(tmp_path / "src", **{"Makefile": makefile, "run.sh": "#!/bin/sh\n"})
    (folder / "run.sh").chmod(0o755)
    package = built(function(folder, "provided.al2023", "bootstrap"), workshop)
    assert package.method == BuildMethod.MAKEFILE and inside(package) == {"bootstrap": b"#!/bin/sh\n"}
    assert not (folder / "dropping").exists()


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ("echo that was wrong; exit 3", "that was wrong\nmake: *** "),
        ("true", "left $ARTIFACTS_DIR empty: copy what is to run into it"),
    ],
)
def test_a_makefile_that_fails_tells_its_last_words(tmp_path, workshop, recipe, told):
    need("make")
    folder = code(tmp_path / "src", **{"Makefile": f"# fills $ARTIFACTS_DIR\nbuild-orders:\n\t@{recipe}\n"})
    with pytest.raises(BuildError) as caught:
        built(function(folder, "provided.al2023", "bootstrap"), workshop)
    assert told in str(caught.value)
    assert [path.suffix for path in (workshop.cache / "makefile").iterdir()] == [".lock"]


def test_sources_that_change_while_they_are_built_are_built_again(tmp_path, workshop):
    need("make")
    makefile = "build-orders:\n\tcp run.sh $(ARTIFACTS_DIR)/bootstrap\n"
    folder = code(tmp_path / "src", **{"Makefile": makefile, "run.sh": "one\n"})
    texts = iter(("two\n", "three\n"))

    def run(command: Sequence[str], source: Path, environment: Mapping[str, str], take) -> int:
        (folder / "run.sh").write_text(next(texts, "three\n"))
        return run_as_child(command, source, environment, take)

    settings = function(folder, "provided.al2023", "bootstrap")
    assert inside(built(settings, replace(workshop, run=run))) == {"bootstrap": b"three\n"}
    (folder / "run.sh").write_text("one\n")
    assert inside(built(settings, workshop)) == {"bootstrap": b"one\n"}


def test_where_all_that_a_long_failure_printed_can_be_read_is_told(tmp_path, workshop):
    need("make")
    recipe = "@for i in 1 2 3 4 5 6 7 8 9 10; do echo first $$i; echo second $$i; echo third; done; exit 3"
    folder = code(tmp_path / "src", **{"Makefile": f"# fills $ARTIFACTS_DIR\nbuild-orders:\n\t{recipe}\n"})
    with pytest.raises(BuildError) as caught:
        built(function(folder, "provided.al2023", "bootstrap"), workshop)
    told, _, log = str(caught.value).rpartition(" lines of it are in ")
    assert "first 1\n" not in told and "first 10\n" in told
    lines = Path(log).read_text().splitlines()
    assert told.endswith(f"\nall {len(lines)}") and lines[:2] == ["first 1", "second 1"]


def test_go_is_compiled_for_the_functions_machine(tmp_path, workshop):
    need("go")
    files = {"go.mod": "module orders\ngo 1.21\n", "main.go": "package main\nfunc main() {}\n"}
    settings = function(code(tmp_path / "src", **files), "provided.al2023", "bootstrap", architecture="arm64")
    package = built(settings, workshop)
    assert package.method == BuildMethod.GO and set(inside(package)) == {"bootstrap"}
    assert inside(package)["bootstrap"][18] == 183
    assert str(tmp_path).encode() not in inside(package)["bootstrap"]


def test_a_go_module_beside_the_code_is_part_of_it(tmp_path, workshop):
    need("go")
    code(
        tmp_path / "shared",
        **{"go.mod": "module shared\ngo 1.21\n", "word.go": 'package shared\nvar Word = "one"\n'},
    )
    main = 'package main\nimport "shared"\nfunc main() { println(shared.Word) }\n'
    mod = "module orders\ngo 1.21\nrequire shared v0.0.0\nreplace shared => ../shared\n"
    settings = function(
        code(tmp_path / "src", **{"go.mod": mod, "main.go": main}), "provided.al2023", "bootstrap"
    )
    first = built(settings, workshop)
    assert inside(first)["bootstrap"][18] == 62
    code(tmp_path / "shared", **{"word.go": 'package shared\nvar Word = "two"\n'})
    assert built(settings, workshop).sha256 != first.sha256


def test_rust_runs_here_whatever_the_function_declares(tmp_path, workshop, monkeypatch):
    for name, value in need_rust().items():
        monkeypatch.setenv(name, value)
    files = {
        "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
        "src/main.rs": 'fn main() { println!("hello") }\n',
    }
    folder = code(tmp_path / "src", **files)
    made = code_to_run("orders", folder, "provided.al2023", "bootstrap", None, workshop)
    assert subprocess.run([made / "bootstrap"], capture_output=True).stdout == b"hello\n"
    assert str(tmp_path).encode() not in (made / "bootstrap").read_bytes()
    assert sorted(path.name for path in folder.iterdir() if path.name != "Cargo.lock") == [
        "Cargo.toml",
        "src",
    ]


POM = (
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    "<groupId>shop</groupId><artifactId>orders</artifactId><version>1</version><properties>"
    "<maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target>"
    "</properties></project>"
)
GRADLE = (
    "apply plugin: 'java'\nrepositories { flatDir { dirs 'lib' } }\ndependencies { implementation ':tool' }\n"
)
JAVA = "package shop; public class App { public String handle(String given) { return given; } }\n"
SOURCES = {"src/main/java/shop/App.java": JAVA, "src/main/resources/words.txt": "hello\n"}


def test_java_by_maven_is_its_classes_and_resources(tmp_path, workshop):
    need_lambda_builders("mvn", "javac")
    files = {**SOURCES, "pom.xml": POM}
    try:
        package = built(function(code(tmp_path / "src", **files), "java21", "shop.App::handle"), workshop)
    except BuildError as error:
        if "Could not transfer" not in str(error) and "Could not resolve" not in str(error):
            raise
        pytest.skip("Maven reaches no registry here")
    assert package.method == BuildMethod.MAVEN and set(inside(package)) == {"shop/App.class", "words.txt"}
    assert sorted(path.name for path in (tmp_path / "src").iterdir()) == ["pom.xml", "src"]


def test_java_by_gradle_is_classes_and_libraries_and_the_same_bytes_elsewhere(tmp_path, workshop):
    need_lambda_builders("gradle", "javac")
    files = {**SOURCES, "build.gradle": GRADLE}
    folder = code(tmp_path / "src", **files)
    add_library(folder)
    package = built(function(folder, "java21", "shop.App::handle"), workshop)
    assert package.method == BuildMethod.GRADLE
    names = {"META-INF/MANIFEST.MF", "lib/tool.jar", "shop/App.class", "words.txt"}
    assert set(inside(package)) == names
    assert sorted(path.name for path in folder.iterdir()) == ["build.gradle", "lib", "src"]
    same_elsewhere(package, files, "java21", workshop)
    assert [pid for pid in daemons(tmp_path / "gradle") if is_alive(pid)] == []


def daemons(home: Path) -> list[int]:
    """Those that Gradle started, by the logs that they keep."""
    logs = [log.name for log in home.glob("daemon/*/daemon-*.out.log")]
    return [int(name.removeprefix("daemon-").removesuffix(".out.log")) for name in logs]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def add_library(folder: Path) -> None:
    (folder / "lib").mkdir()
    with zipfile.ZipFile(folder / "lib" / "tool.jar", "w") as jar:
        jar.writestr(zipfile.ZipInfo("tool.txt"), "")


def same_elsewhere(package: Package, files: Mapping[str, str], runtime: str, workshop: Workshop) -> None:
    """Built from nothing, in another folder, on what the files say is another day."""
    (above,) = {part.folder.parents[2] for part in package.parts}
    folder = code(above / "elsewhere" / "src", **files)
    if "build.gradle" in files:
        add_library(folder)
    for file in folder.rglob("*"):
        os.utime(file, (1e9, 1e9))
    other = replace(workshop, cache=above / "elsewhere" / "cache")
    assert built(function(folder, runtime, "shop.App::handle"), other).content() == package.content()


def test_gems_lie_where_ruby_looks_for_them(tmp_path, workshop):
    need_lambda_builders("ruby", "bundle")
    folder = code(tmp_path / "src", **{"Gemfile": 'source "https://rubygems.org"\n', "app.rb": "X = 1\n"})
    package = built(function(folder, "ruby3.4"), workshop)
    assert package.method == BuildMethod.BUNDLER and {"app.rb", "Gemfile"} <= set(inside(package))


@pytest.mark.parametrize(
    ("files", "runtime", "tool"),
    [
        ({"main.go": "", "go.mod": ""}, "provided.al2023", "go"),
        ({"Cargo.toml": ""}, "provided.al2023", "cargo"),
        ({"pom.xml": ""}, "java21", "mvn"),
        ({"build.gradle": ""}, "java21", "gradle"),
        ({"Gemfile": ""}, "ruby3.4", "bundle"),
        ({"Orders.csproj": ""}, "dotnet8", "dotnet"),
        ({"Makefile": "# fills $ARTIFACTS_DIR\nbuild-orders:\n"}, "provided.al2023", "make"),
        ({"app.ts": ""}, "nodejs22.x", "node"),
    ],
)
def test_a_tool_that_is_missing_is_named(tmp_path, workshop, monkeypatch, files, runtime, tool):
    settings = function(code(tmp_path / "src", **files), runtime)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match=rf"is built by {tool}, which is not on the PATH: install"):
        built(settings, workshop)


# What Lambda would refuse, or not run


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(11) + bytes([machine, 0])


def test_a_program_for_another_machine_is_told_and_where_it_was_built_here_refused(tmp_path, workshop):
    need("make")
    folder = code(tmp_path / "src", Makefile="build-orders:\n\tcp made $(ARTIFACTS_DIR)/bootstrap\n")
    (folder / "made").write_bytes(elf(183))
    (folder / "lib.so").write_bytes(elf(183))
    with pytest.raises(BuildError, match=r"orders: bootstrap is for arm64, and the function for x86_64"):
        built(function(folder, "provided.al2023", "bootstrap"), workshop)
    as_it_is = function(folder, "provided.al2023", "bootstrap", build="none")
    assert built(as_it_is, workshop).measured.notes == ("lib.so is for arm64, and the function for x86_64",)


def test_more_than_lambda_unpacks_is_refused_with_the_largest_folders_and_layers(tmp_path, workshop):
    folder, layer = tmp_path / "src", tmp_path / "layer"
    sizes = {folder / "data" / "model.bin": 150, folder / "lib" / "a.bin": 20, layer / "tool.bin": 90}
    for file, megabytes in sizes.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as opened:
            opened.truncate(megabytes * 1024 * 1024)
    with pytest.raises(BuildError) as caught:
        built(function(folder, layers=[str(layer)]), workshop)
    assert str(caught.value) == (
        "orders is 260.0 MB unzipped with its layers; Lambda allows 250.0 MB. The largest: data 150.0 MB, "
        "layer layer 90.0 MB, lib 20.0 MB. Leave out what is not needed (.lamignore)"
    )


def test_a_package_too_large_to_be_sent_is_compressed_and_goes_by_way_of_s3_if_it_still_is(
    tmp_path, workshop
):
    folder = code(tmp_path / "src", **{"app.py": ""})
    (folder / "data.bin").write_bytes(bytes(51 * 1024 * 1024))
    package = built(function(folder), workshop)
    assert package.measured.is_compressed and package.measured.zipped_bytes < 1024 * 1024
    assert not package.needs_bucket and len(package.content()) == package.measured.zipped_bytes
    (folder / "data.bin").write_bytes(os.urandom(51 * 1024 * 1024))
    package = built(function(folder), workshop)
    assert package.needs_bucket
    assert package.measured.notes == (
        "51.0 MB zipped is more than the 50.0 MB that a request may carry: it goes by way of S3",
    )


def test_an_empty_folder_is_refused(tmp_path, workshop):
    with pytest.raises(BuildError, match=r"orders: .* holds no file that could be sent"):
        built(function(tmp_path / "src"), workshop)


def test_code_to_run_is_the_folder_itself_where_nothing_is_made(tmp_path, workshop):
    wheel(tmp_path)
    folder = code(
        tmp_path / "src", **{"app.py": "", "requirements.txt": "../greeting-1.0-py3-none-any.whl\n"}
    )
    for settings in (None, BuildSettings(BuildMethod.NONE)):
        assert code_to_run("orders", folder, "python3.13", "app.handler", settings, workshop) == folder
    assert here().architecture in ("x86_64", "arm64") and "python3.13" in RUNTIMES
