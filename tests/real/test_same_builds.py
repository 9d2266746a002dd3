"""Two builds of one project are the same bytes: another day, folder, user, umask, time zone and home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.real.house import REPOSITORY
from tests.real.toolchains import need, need_rust

pytestmark = [pytest.mark.real, pytest.mark.slow]

NOBODY = 65534

LIBRARY = "export const word: string = 'hello';\n"
ENTRY = """\
import { word } from "./library";
import { named } from "named";
import { S3 } from "@aws-sdk/client-s3";
export const handler = async (): Promise<string> => word + named + S3.name;
"""
FILES = {
    "plain/app.py": "def handler(event, context): return 1\n",
    "plain/tool.sh": "#!/bin/sh\n",
    "python/app.py": "import greeting\n",
    "python/requirements.txt": "../greeting-1.0-py3-none-any.whl\n",
    "project/app.py": "import greeting\n",
    "npm/app.js": "require('named');\n",
    "npm/package.json": json.dumps({"name": "npm", "dependencies": {"named": "file:../named"}}),
    "named/package.json": json.dumps({"name": "named", "version": "1.0.0", "bin": {"named": "index.js"}}),
    "named/index.js": "#!/usr/bin/env node\nexports.named = 'a name';\n",
    "make/Makefile": 'build-make:\n\tcp run.sh "$(ARTIFACTS_DIR)/bootstrap"\n',
    "make/run.sh": "#!/bin/sh\n",
    "go/go.mod": "module orders\n\ngo 1.21\n",
    "go/main.go": 'package main\n\nfunc main() { panic("where am I") }\n',
    "bundle/src/app.ts": ENTRY,
    "bundle/src/library.ts": LIBRARY,
    "bundle/package.json": json.dumps({"name": "bundle", "dependencies": {"named": "file:../named"}}),
    "rust/Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
    "rust/src/main.rs": 'fn main() { panic!("where am I") }\n',
}
PYPROJECT = """\
[project]
name = "p"
version = "1"
dependencies = ["greeting==1.0"]
[tool.uv]
no-index = true
find-links = [".."]
"""
RUNTIMES = {"plain": "python3.13", "python": "python3.13", "project": "python3.12", "npm": "nodejs22.x"}


@dataclass(frozen=True)
class Place:
    """A folder with the project, and how whoever builds there has it."""

    folder: Path
    umask: int
    user: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=self.environment(),
            umask=self.umask,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            capture_output=True,
            text=True,
            timeout=180,
        )

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            **self.variables,
        }

    def hashes(self, *names: str) -> dict[str, str]:
        done = self.run("-m", "lambdacli", "build", "--json", "--zips", "zips", *names)
        assert done.stdout, done.stderr
        return {row["name"]: row.get("sha256", row.get("error")) for row in json.loads(done.stdout)}


def is_everything_readable(user: int) -> bool:
    """A checkout below somebody's home is not for others."""
    command = [sys.executable, "-c", "import lambdacli.cli.build, uv, typer"]
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    try:
        done = subprocess.run(
            command, env=variables, user=user, group=user, extra_groups=[], capture_output=True, cwd="/"
        )
    except PermissionError:
        return False
    return done.returncode == 0


@pytest.fixture
def places() -> Iterator[tuple[Place, Place]]:
    with tempfile.TemporaryDirectory(prefix="lam-test-") as root:
        os.chmod(root, 0o755)
        user = NOBODY if os.geteuid() == 0 and is_everything_readable(NOBODY) else None
        yield (
            Place(Path(root, "here"), 0o022, None, {"TZ": "UTC", "LC_ALL": "C.UTF-8"}),
            Place(
                Path(root, "far", "away from here"),
                0o077,
                user,
                {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"},
            ),
        )


def write_project(place: Place, *, is_later: bool) -> None:
    functions = {}
    for name in dict.fromkeys(path.partition("/")[0] for path in FILES):
        if name == "named":
            continue
        runtime = "nodejs22.x" if name == "bundle" else RUNTIMES.get(name, "provided.al2023")
        handler = "src/app.handler" if name == "bundle" else "app.handler"
        functions[name] = {"runtime": runtime, "handler": handler, "code": name}
    if is_later:
        functions = dict(reversed(functions.items()))
    place.folder.mkdir(parents=True)
    files = {**FILES, "lam.yaml": json.dumps({"functions": functions})}
    files["project/pyproject.toml"] = PYPROJECT
    for name, text in reversed(files.items()) if is_later else files.items():
        file = place.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    write_wheel(place.folder / "greeting-1.0-py3-none-any.whl")
    for name in ("plain/tool.sh", "make/run.sh"):
        (place.folder / name).chmod(0o777 if is_later else 0o755)
    for name in ("home", "tmp"):
        (place.folder / name).mkdir()
    if is_later:
        leave_droppings(place.folder)
    for file in place.folder.rglob("*"):
        os.utime(file, (1e9, 1e9) if is_later else (1.5e9, 1.5e9))
    if place.user is not None:
        for file in (place.folder, *place.folder.rglob("*")):
            os.chown(file, place.user, place.user)


def write_wheel(path: Path) -> None:
    information = "greeting-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as package:
        for name, text in {
            "greeting.py": "def main(): print('hello')\n",
            f"{information}/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n",
            f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{information}/entry_points.txt": "[console_scripts]\ngreet = greeting:main\n",
            f"{information}/RECORD": "",
        }.items():
            package.writestr(zipfile.ZipInfo(name), text)


def leave_droppings(folder: Path) -> None:
    """What work leaves in a folder, and no package has."""
    for name in (
        "plain/__pycache__/app.cpython-313.pyc",
        "python/.venv/bin/python",
        "python/.DS_Store",
        "python/app.py~",
        "npm/node_modules/typescript/index.js",
        "npm/.git/index",
        "make/.idea/workspace.xml",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("dropped")


def test_two_builds_are_the_same_bytes(places):
    need("node", "npm", "make", "go")
    one, other = places
    write_project(one, is_later=False)
    write_project(other, is_later=True)
    names = ["plain", "python", "project", "npm", "make", "go"]
    first, second = one.hashes(*names), other.hashes(*names)
    assert first == second
    assert set(first) == set(names) and all(len(each) == 44 for each in first.values()), first
    for name in names:
        assert (one.folder / f"zips/{name}.zip").read_bytes() == (
            other.folder / f"zips/{name}.zip"
        ).read_bytes()


def test_two_bundles_are_the_same_bytes(places):
    need("node", "npm")
    one, other = places
    write_project(one, is_later=False)
    write_project(other, is_later=True)
    first = one.hashes("bundle")
    if "could not be installed by npm" in first["bundle"]:
        pytest.skip(f"npm does not give esbuild here: {first['bundle'][-200:]}")
    assert first == other.hashes("bundle")
    with zipfile.ZipFile(one.folder / "zips/bundle.zip") as package:
        (name,) = package.namelist()
        text = package.read(name).decode()
    assert name == "src/app.js"
    assert "// node_modules/named/index.js" in text and str(one.folder) not in text


def test_two_rust_programs_are_the_same_bytes(places):
    """For this machine: what is compiled for Lambda needs more than Rust itself."""
    rust = need_rust()
    program = (
        "import sys, hashlib; from pathlib import Path\n"
        "from lambdacli.project.builders.runnable import code_to_run\n"
        "from lambdacli.project.builders.workshop import Workshop\n"
        "workshop = Workshop(Path('cache').absolute(), lambda line: None)\n"
        "folder = Path('rust').absolute()\n"
        "made = code_to_run('rust', folder, 'provided.al2023', 'bootstrap', None, workshop)\n"
        "print(hashlib.sha256((made / 'bootstrap').read_bytes()).hexdigest())\n"
    )
    hashes = []
    for place in places:
        place = Place(place.folder, place.umask, None, {**place.variables, **rust})
        write_project(place, is_later=bool(hashes))
        done = place.run("-c", program)
        hashes.append(done.stdout.strip() or done.stderr)
    assert hashes[0] == hashes[1] and len(hashes[0]) == 64
