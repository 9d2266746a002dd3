"""The Node.js bootstrap as a standby: it waits with packages loaded, and tells which to load."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lambdacli.runtimes import nodejs
from tests.real.toolchains import need
from tests.runtimes.scripted_api import SECONDS, ScriptedApi, event, running, scripted_api

pytestmark = pytest.mark.real

PACKAGE = """\
globalThis.loads = (globalThis.loads ?? 0) + 1;
const inner = require("./inner.js");
const hasHelper = "awslambda" in globalThis;
module.exports = { loads: () => globalThis.loads, inner, log: console.log, hasHelper };
"""
COMMON = """\
const greeting = require("greeting");
const own = require("./own.js");
exports.handler = async () => {
  greeting.log("through the console that the package kept");
  return {
    loads: greeting.loads(), own, hasHelper: greeting.hasHelper, path: require.resolve("greeting"),
    hidden: Object.keys(process.env).filter((name) => name.startsWith("_LAM")),
    parents: require.cache[require.resolve("greeting")].exports === greeting,
  };
};
"""
MODULE = """\
import greeting from "greeting";
import { word } from "modular";
export const handler = async () => ({ loads: greeting.loads(), word, words: globalThis.words });
"""


@dataclass
class Waiting:
    process: subprocess.Popen[bytes]
    line: socket.socket
    folder: Path

    @property
    def package(self) -> str:
        return str(self.folder / "code" / "node_modules" / "greeting" / "index.js")

    def rest(self) -> bytes:
        """All that still comes, up to the end of file."""
        data = b""
        while piece := self.line.recv(65536):
            data += piece
        return data


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api


@contextlib.contextmanager
def standby(
    api: ScriptedApi,
    folder: Path,
    more: Mapping[str, Any],
    runtime: str = "nodejs22.x",
    handler: str = "app.handler",
) -> Iterator[Waiting]:
    need("node")
    code, runtime_root = folder / "code", folder / "runtime"
    modules = code / "node_modules"
    files = {
        "app.js": COMMON,
        "own.js": "module.exports = 'own';",
        "esm.mjs": MODULE,
        "node_modules/greeting/index.js": PACKAGE,
        "node_modules/greeting/inner.js": "module.exports = 1;",
        "node_modules/greeting/package.json": '{"name": "greeting"}',
        "node_modules/modular/index.js": "globalThis.words = (globalThis.words ?? 0) + 1;\n"
        "export const word = 'w';",
        "node_modules/modular/package.json": '{"name": "modular", "type": "module", "exports": "./index.js"}',
    }
    for name, text in files.items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text(text)
    nodejs.prepare(runtime_root)
    places = {
        "task_root": str(code),
        "opt_root": str(folder / "opt"),
        "runtime_root": str(runtime_root),
        "dependencies": [],
        "direct": True,
        "preload": [
            {"path": str(modules / "greeting" / "index.js"), "kind": "require"},
            {"path": str(modules / "modular" / "index.js"), "kind": "import"},
            {"path": str(modules / "gone" / "index.js"), "kind": "require"},
        ],
        **more,
    }
    ours, theirs = socket.socketpair()
    ours.settimeout(SECONDS)
    variables = {
        "_HANDLER": handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "_LAM_STANDBY_FD": str(theirs.fileno()),
    }
    command = [str(shutil.which("node")), str(runtime_root / "index.mjs")]
    with ours, running(command, api, code, places, variables, (theirs.fileno(),)) as process:
        theirs.close()
        yield Waiting(process, ours, folder)


def test_it_waits_then_serves_with_what_was_loaded(api: ScriptedApi, tmp_path: Path) -> None:
    api.answers.put(event())
    with standby(api, tmp_path, {}) as waiting:
        assert waiting.line.recv(10) == b"r"
        assert api.calls.empty()
        waiting.line.sendall(b"g")
        assert waiting.rest() == b""
        assert json.loads(api.post().body) == {
            "loads": 1,
            "own": "own",
            "hasHelper": True,
            "path": waiting.package,
            "hidden": [],
            "parents": True,
        }
        waiting.process.kill()
        assert waiting.process.stdout is not None
        assert b"\tid-1\tINFO\tthrough the console" in waiting.process.stdout.read()


@pytest.mark.parametrize("runtime", ["nodejs22.x", "nodejs24.x"])
def test_modules_that_were_imported_ahead_are_the_functions(
    api: ScriptedApi, tmp_path: Path, runtime: str
) -> None:
    api.answers.put(event())
    with standby(api, tmp_path, {}, runtime, "esm.handler") as waiting:
        waiting.line.sendall(b"g")
        assert json.loads(api.post().body) == {"loads": 1, "word": "w", "words": 1}


def test_the_end_of_the_line_ends_it_in_silence(api: ScriptedApi, tmp_path: Path) -> None:
    with standby(api, tmp_path, {}) as waiting:
        assert waiting.line.recv(10) == b"r"
        waiting.line.shutdown(socket.SHUT_WR)
        output, _ = waiting.process.communicate(timeout=SECONDS)
        assert (waiting.process.returncode, output) == (0, b"")
    assert api.calls.empty()


def test_it_records_what_the_functions_own_files_asked_for(api: ScriptedApi, tmp_path: Path) -> None:
    with standby(api, tmp_path, {"record": True, "preload": []}) as waiting:
        waiting.line.sendall(b"g")
        assert api.asked().path == "invocation/next"
        told = waiting.rest()
        assert told.startswith(b"r") and told.endswith(b"\n")
        assert json.loads(told[1:]) == {"preload": [{"path": waiting.package, "kind": "require"}]}


def test_it_records_modules_where_node_tells_of_them(api: ScriptedApi, tmp_path: Path) -> None:
    words = ["node", "-p", "typeof require('module').registerHooks"]
    need("node")
    tells = subprocess.run(words, capture_output=True, text=True).stdout.strip() == "function"
    with standby(api, tmp_path, {"record": True, "preload": []}, handler="esm.handler") as waiting:
        waiting.line.sendall(b"g")
        preload = json.loads(waiting.rest()[1:])["preload"]
    modular = {"path": str(tmp_path / "code/node_modules/modular/index.js"), "kind": "import"}
    assert {"path": waiting.package, "kind": "require"} in preload
    assert (modular in preload) == tells


def test_a_failed_init_records_nothing(api: ScriptedApi, tmp_path: Path) -> None:
    with standby(api, tmp_path, {"record": True}, handler="gone.handler") as waiting:
        waiting.line.sendall(b"g")
        assert api.post().path == "init/error"
        assert waiting.rest() == b"r"
