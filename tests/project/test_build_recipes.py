"""Which way a function is built, and what each tool is told: decisions, without a tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.model.build import BuildMethod, BuildSettings
from lambdacli.package.files import CodeFile
from lambdacli.project.builders.esbuild import esbuild_options
from lambdacli.project.builders.machine_code import machine_of
from lambdacli.project.builders.node_packages import unlocked
from lambdacli.project.builders.packages import Folder, largest_folders
from lambdacli.project.builders.python_packages import platform_tag, unpinned
from lambdacli.project.builders.recipes import Seen, look_at, method_of
from lambdacli.project.builders.rust import binaries, chosen_binary
from lambdacli.project.building import build_settings_of_metadata
from lambdacli.project.config import ConfigError, load_project
from lambdacli.project.making import BuildError


def seen(*names: str, **others: object) -> Seen:
    return Seen(names=frozenset(names), **others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("family", "settings", "found", "method"),
    [
        pytest.param("python", None, seen("app.py"), "none", id="code alone is sent as it is"),
        pytest.param("python", None, seen(names_python_packages=True), "python", id="packages of Python"),
        pytest.param("nodejs", None, seen(names_npm_packages=True), "npm", id="packages of npm"),
        pytest.param(
            "nodejs",
            None,
            seen(names_npm_packages=True, handler_suffixes=frozenset({".ts"})),
            "esbuild",
            id="a handler in TypeScript is bundled",
        ),
        pytest.param(
            "nodejs",
            None,
            seen(names_npm_packages=True, handler_suffixes=frozenset({".ts", ".js"})),
            "npm",
            id="a handler that was compiled already is not",
        ),
        pytest.param("provided", None, seen("main.go", "go.mod"), "go", id="Go"),
        pytest.param("provided", None, seen("main.go", "bootstrap"), "none", id="there is a bootstrap"),
        pytest.param("provided", None, seen("Cargo.toml", "src"), "rust", id="Rust"),
        pytest.param("provided", None, seen("run.sh"), "none", id="nothing that is known"),
        pytest.param("java", None, seen("pom.xml"), "maven", id="Maven"),
        pytest.param("java", None, seen("build.gradle.kts"), "gradle", id="Gradle"),
        pytest.param("ruby", None, seen("Gemfile", "app.rb"), "bundler", id="gems"),
        pytest.param("ruby", None, seen("Gemfile", "vendor"), "none", id="gems that are there already"),
        pytest.param("dotnet", None, seen("Orders.csproj"), "dotnet", id=".NET"),
        pytest.param(
            "python",
            None,
            seen(names_python_packages=True, makefile_targets=frozenset({"orders"})),
            "makefile",
            id="a Makefile's target for the function comes first",
        ),
        pytest.param(
            "provided",
            BuildSettings(name="Other"),
            seen("main.go", makefile_targets=frozenset({"Other"})),
            "makefile",
            id="a Makefile's target by another name",
        ),
        pytest.param(
            "provided",
            None,
            seen("main.go", makefile_targets=frozenset({"billing"})),
            "go",
            id="a Makefile's target for another function",
        ),
        pytest.param(
            "python",
            BuildSettings(BuildMethod.NONE),
            seen(names_python_packages=True),
            "none",
            id="what was written down wins",
        ),
    ],
)
def test_the_files_tell_how_a_function_is_built(family, settings, found, method):
    assert method_of(family, "orders", settings, found) == method


def test_a_look_at_a_folder(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.mts").write_text("")
    (tmp_path / "package.json").write_text('{"devDependencies": {"typescript": "5"}}')
    (tmp_path / "Makefile").write_text(
        "build-orders: x\n\tcp x $(ARTIFACTS_DIR)\nbuild-no := 1\nall: build-orders\n"
    )
    assert look_at(tmp_path, "nodejs", "src/app.handler") == Seen(
        names=frozenset({"src", "package.json", "Makefile"}),
        makefile_targets=frozenset({"orders"}),
        handler_suffixes=frozenset({".mts"}),
    )


def test_a_makefile_for_something_else_builds_no_function(tmp_path):
    (tmp_path / "Makefile").write_text("build-orders:\n\tdocker build .\n")
    assert look_at(tmp_path, "python", "app.handler").makefile_targets == frozenset()


@pytest.mark.parametrize(
    ("version", "architecture", "tag"),
    [
        ((3, 13), "arm64", "aarch64-manylinux_2_34"),
        ((3, 12), "x86_64", "x86_64-manylinux_2_34"),
        ((3, 11), "x86_64", "x86_64-manylinux2014"),
    ],
)
def test_wheels_fit_the_c_library_of_the_runtime(version, architecture, tag):
    assert platform_tag(version, architecture) == tag


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("requests==2.32.3\n", []),
        ("requests\nboto3>=1\n", ["requests", "boto3>=1"]),
        ("boto3==1.*\n", ["boto3==1.*"]),
        ("-r more.txt\n--hash=sha256:00\n", []),
        ("./lib\n-e ./lib\nx @ https://example.com/x-1.whl\nx-1-py3-none-any.whl\n", []),
    ],
)
def test_what_another_day_may_change(text, names):
    assert unpinned({Path("requirements.txt"): text}) == names


@pytest.mark.parametrize(
    ("head", "machine"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00", "x86_64"),
        (b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xb7\x00", "arm64"),
        (b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xf3\x00", "another machine"),
        (b"\xcf\xfa\xed\xfe" + bytes(16), "no Linux"),
        (b"MZ\x90", "no Linux"),
        (b"#!/bin/sh\n", None),
        (b"", None),
    ],
)
def test_the_machine_of_a_program(head, machine):
    assert machine_of(head) == machine


def options(handler: str, *entries: str, named: dict[str, str] | None = None, more: tuple[str, ...] = ()):
    words = esbuild_options(handler, entries, 22, named or {}, more)
    assert words[:3] == ["--bundle", "--platform=node", "--target=node22"]
    return words[3:]


def test_esbuild_leaves_to_the_runtime_what_nobody_names():
    assert options("app.handler", "app.ts") == [
        *("--format=cjs", "--outbase=.", "--external:@aws-sdk/*", "--external:@smithy/*", "app.ts")
    ]
    named = {"@aws-sdk/client-s3": "3"}
    assert "--external:@aws-sdk/*" not in options("app.handler", "app.ts", named=named)


def test_esbuild_puts_the_bundle_where_the_handler_is_looked_for():
    assert "--outbase=." in options("src/app.handler", "src/app.ts")
    assert "--outbase=." not in options("app.handler", "src/app.ts")


def test_a_module_gets_the_ending_that_says_so_unless_another_was_written_down():
    assert "--out-extension:.js=.mjs" in options("app.handler", "app.ts", more=("--format=esm",))
    words = options("app.handler", "app.ts", more=("--format=esm", "--out-extension:.js=.cjs"))
    assert "--out-extension:.js=.mjs" not in words


@pytest.mark.parametrize(
    ("metadata", "settings"),
    [
        ({"BuildMethod": "makefile"}, BuildSettings(BuildMethod.MAKEFILE, "OrdersFunction")),
        ({"BuildMethod": "python3.13"}, BuildSettings(BuildMethod.PYTHON)),
        ({"BuildMethod": "go1.x"}, BuildSettings(BuildMethod.GO)),
        ({"BuildMethod": "java21"}, BuildSettings(BuildMethod.MAVEN)),
        ({"SkipBuild": True}, BuildSettings(BuildMethod.NONE)),
        ({}, BuildSettings(None, "OrdersFunction")),
        (
            {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": "orders"}},
            BuildSettings(BuildMethod.RUST, "orders"),
        ),
        (
            {
                "BuildMethod": "esbuild",
                "BuildProperties": {
                    "Minify": False,
                    "Sourcemap": True,
                    "SourcesContent": False,
                    "Target": "es2022",
                    "MainFields": ["module", "main"],
                    "EntryPoints": ["src/app.ts"],
                    "External": ["sharp"],
                    "Loader": [".html=text"],
                },
            },
            BuildSettings(
                BuildMethod.ESBUILD,
                None,
                ("src/app.ts",),
                (
                    *("--sourcemap", "--target=es2022", "--main-fields=module,main"),
                    *("--sources-content=false", "--external:sharp", "--loader:.html=text"),
                ),
            ),
        ),
        (
            {
                "BuildMethod": "esbuild",
                "BuildProperties": {
                    "EntryPoints": "src/app.ts",
                    "External": "sharp",
                    "Define": {"STAGE": "'dev'"},
                    "OutExtension": [".js=.mjs"],
                    "Banner": ["js=import x from 'x';"],
                    "Footer": "// end",
                    "Format": "esm",
                },
            },
            BuildSettings(
                BuildMethod.ESBUILD,
                None,
                ("src/app.ts",),
                (
                    *("--minify", "--format=esm", "--banner:js=import x from 'x';", "--footer:js=// end"),
                    *("--external:sharp", "--out-extension:.js=.mjs", "--define:STAGE='dev'"),
                ),
            ),
        ),
        (
            {"BuildMethod": "esbuild"},
            BuildSettings(BuildMethod.ESBUILD, None, (), ("--minify",)),
        ),
    ],
)
def test_what_metadata_of_a_template_says(metadata, settings):
    assert build_settings_of_metadata(metadata, "OrdersFunction") == settings


def test_programs_of_a_rust_package(tmp_path):
    (tmp_path / "src" / "bin" / "nested").mkdir(parents=True)
    for name in ("main.rs", "bin/billing.rs", "bin/nested/main.rs"):
        (tmp_path / "src" / name).write_text("")
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "shop"\n[[bin]]\nname = "x"\npath = "y.rs"\n')
    assert binaries(tmp_path) == ("x", "shop", "billing", "nested")


def test_the_program_is_the_one_that_was_named_or_the_functions_or_the_only_one():
    assert chosen_binary(("a", "b"), "b", "f", Path()) == "b"
    assert chosen_binary(("a", "f"), None, "f", Path()) == "f"
    assert chosen_binary(("a",), None, "f", Path()) == "a"
    with pytest.raises(BuildError, match=r"no program f; it has a, b: name one by `name`"):
        chosen_binary(("a", "b"), None, "f", Path())
    with pytest.raises(BuildError, match=r"no program c; it has a"):
        chosen_binary(("a",), "c", "f", Path())


def test_the_largest_folders_are_told_by_package(tmp_path):
    sizes = {
        "app.js": 1,
        "numpy/a.so": 7,
        "numpy/b/c.so": 8,
        "node_modules/@x/y/i.js": 4,
        "node_modules/z/i.js": 3,
    }
    files = []
    for name, size in sizes.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
        files.append(CodeFile(path, name, path.stat()))
    assert largest_folders(files) == (
        Folder("numpy", 15),
        Folder("node_modules/@x/y", 4),
        Folder("node_modules/z", 3),
        Folder("app.js", 1),
    )


# lam.yaml


def project(folder: Path, build: str):
    (folder / "lam.yaml").write_text(
        f"functions:\n  orders:\n    runtime: nodejs22.x\n    handler: app.handler\n    build: {build}\n"
    )
    return load_project(folder / "lam.yaml")


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("esbuild", BuildSettings(BuildMethod.ESBUILD)),
        ("none", BuildSettings(BuildMethod.NONE)),
        (
            "{method: esbuild, entry_points: src/app.ts, arguments: [--minify, --sourcemap]}",
            BuildSettings(BuildMethod.ESBUILD, None, ("src/app.ts",), ("--minify", "--sourcemap")),
        ),
        ("{name: Orders}", BuildSettings(None, "Orders")),
    ],
)
def test_build_in_lam_yaml(tmp_path, text, settings):
    assert project(tmp_path, text).functions[0].build == settings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("esbild", "lam.yaml:5:12: functions.orders.build: must be none or"),
        ("{binary: x}", "functions.orders.build.binary: unknown key; did you mean name?"),
        ("{entry_points: [1]}", "functions.orders.build.entry_points[0]: must be a text"),
    ],
)
def test_mistakes_in_it_are_told_by_line_and_key(tmp_path, text, told):
    with pytest.raises(ConfigError) as caught:
        project(tmp_path, text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "package.json has no lock file beside it"),
        ({"package-lock.json": "{}", "pnpm-lock.yaml": ""}, None),
        ({"npm-shrinkwrap.json": "{}"}, None),
        ({"yarn.lock": "# THIS IS AN AUTOGENERATED FILE.\n# yarn lockfile v1\n"}, None),
        ({"yarn.lock": "__metadata:\n  version: 8\n"}, "npm does not read yarn.lock"),
        ({"pnpm-lock.yaml": ""}, "npm does not read pnpm-lock.yaml"),
    ],
)
def test_which_lock_files_npm_follows(tmp_path, files, told):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    expected = None if told is None else f"{told}: another day may bring other versions"
    assert unlocked(tmp_path) == expected
