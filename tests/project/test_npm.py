"""What of a function's packages is asked of npm, and how; a script stands in for npm itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lambdacli.project import npm
from lambdacli.project.making import BuildError
from lambdacli.project.npm import Npm


@dataclass
class Runs:
    """What would have been run, with the files that npm would have met."""

    asked: list[tuple[str, ...]] = field(default_factory=list)
    met: list[dict[str, str]] = field(default_factory=list)
    code: int = 0

    def __call__(
        self,
        command: Sequence[str],
        folder: Path,
        variables: Mapping[str, str],
        take: Callable[[str], None],
    ) -> int:
        self.asked.append(
            tuple(word for word in command[1:] if not word.startswith(("--no-", "--fetch", "--log")))
        )
        self.met.append({path.name: path.read_text() for path in folder.iterdir()})
        take("npm error something")
        (folder / "node_modules").mkdir()
        return self.code

    @property
    def npm(self) -> Npm:
        return Npm(Path("/bin/npm"), Path("/bin/node"), 22, self)


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    return folder


def install(folder: Path, runs: Runs, told: list[str] | None = None) -> Path:
    take = (lambda line: None) if told is None else told.append
    return npm.install_packages(folder, runs.npm, folder.parent / "cache", take)


def package(folder: Path, **members: object) -> None:
    (folder / "package.json").write_text(json.dumps(members))


@pytest.mark.parametrize(
    ("members", "asks"),
    [
        ({}, False),
        ({"type": "module", "devDependencies": {"a": "1"}}, False),
        ({"dependencies": {}}, False),
        ({"dependencies": {"a": "1"}}, True),
        ({"optionalDependencies": {"a": "1"}}, True),
    ],
)
def test_who_asks_for_packages(folder: Path, members: dict[str, object], asks: bool) -> None:
    assert not npm.asks_for_packages(folder)
    package(folder, **members)
    assert npm.asks_for_packages(folder) == asks
    (folder / "node_modules").mkdir()
    assert not npm.asks_for_packages(folder)


def test_a_lock_file_is_followed_and_the_functions_own_scripts_are_not_run(folder: Path, runs: Runs) -> None:
    package(folder, dependencies={"a": "^1"}, scripts={"postinstall": "exit 1"})
    (folder / "package-lock.json").write_text("{}")
    (folder / ".npmrc").write_text("registry=https://example.invalid/\n")
    target = install(folder, runs)
    assert runs.asked == [("ci", "--omit=dev")]
    assert set(runs.met[0]) == {"package.json", "package-lock.json", ".npmrc"}
    assert json.loads(runs.met[0]["package.json"]) == {"dependencies": {"a": "^1"}}
    assert target.name == "node_modules" and target.is_dir()
    assert sorted(path.name for path in folder.iterdir()) == [".npmrc", "package-lock.json", "package.json"]


def test_without_one_the_newest_fitting_are_installed_and_only_once(folder: Path, runs: Runs) -> None:
    package(folder, dependencies={"a": "^1"})
    told: list[str] = []
    first = install(folder, runs, told)
    assert told[0] == f"installing {folder / 'package.json'}"
    assert install(folder, runs) == first
    assert runs.asked == [("install", "--omit=dev")]
    package(folder, dependencies={"a": "^2"})
    assert install(folder, runs) != first


def test_a_package_beside_the_code_is_named_by_its_whole_path(folder: Path, runs: Runs) -> None:
    package(folder, dependencies={"near": "file:../near", "far": "1.0.0"})
    (folder / "package-lock.json").write_text("{}")
    near = folder.parent / "near"
    near.mkdir()
    (near / "index.js").write_text("exports.word = 1;\n")
    first = install(folder, runs)
    wanted = json.loads(runs.met[0]["package.json"])["dependencies"]
    assert wanted == {"near": f"file:{folder.parent / 'near'}", "far": "1.0.0"}
    assert runs.asked == [("install", "--omit=dev", "--install-links")]
    (near / "index.js").write_text("exports.word = 2;\n")
    assert install(folder, runs) != first, "copied, so what it holds counts"


def test_a_failure_tells_npms_words_and_leaves_nothing(folder: Path, runs: Runs) -> None:
    package(folder, dependencies={"a": "^1"})
    runs.code = 1
    with pytest.raises(BuildError) as caught:
        install(folder, runs)
    assert str(caught.value) == (
        f"{folder / 'package.json'} could not be installed by npm:\nnpm error something"
    )
    assert [path.suffix for path in (folder.parent / "cache" / "nodejs").iterdir()] == [".lock"]


@pytest.mark.parametrize("text", ["{", "[]", '"text"'])
def test_a_package_json_that_is_none_is_told(folder: Path, text: str) -> None:
    (folder / "package.json").write_text(text)
    with pytest.raises(BuildError, match=r"package\.json (is no JSON|must hold a JSON object)"):
        npm.asks_for_packages(folder)


def test_imports_of_the_sdk_are_found_in_every_form(folder: Path) -> None:
    texts = {
        "a.js": "const { S3 } = require('@aws-sdk/client-s3'); require( \"@smithy/types\" )",
        "b.mjs": 'import { x } from "@aws-sdk/lib-storage";\nimport "@aws-sdk/client-sqs";',
        "deep/c.cjs": "await import(`@aws-sdk/client-sns`)",
        "bundle.js": 'import*as e from"@aws-sdk/client-ssm";var t=require("@aws-sdk/util-dynamodb/dist/x");',
        "d.ts": "import '@aws-sdk/not-run'",
        "e.js": "// aws-sdk; '@aws-sdk/only-a-word'; import x from './@aws-sdk/no'",
        "node_modules/x/index.js": "require('@aws-sdk/not-ours')",
        ".hidden/x.js": "require('@aws-sdk/not-seen')",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert npm.imported_sdk_packages(folder) == {
        "@aws-sdk/client-s3",
        "@smithy/types",
        "@aws-sdk/lib-storage",
        "@aws-sdk/client-sqs",
        "@aws-sdk/client-sns",
        "@aws-sdk/client-ssm",
        "@aws-sdk/util-dynamodb",
    }


def test_the_npm_beside_the_node_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    node = tmp_path / "bin" / "node"
    assert npm.find_npm(node) is None
    node.parent.mkdir()
    (node.parent / "npm").touch()
    assert npm.find_npm(node) == node.parent / "npm"
