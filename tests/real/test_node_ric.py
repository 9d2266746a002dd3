"""Our Node.js client against AWS's published one: the same functions, answers, exits and log lines.

The published client has a native part for HTTP that takes minutes to compile; a script stands in for it."""

from __future__ import annotations

import queue
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lambdacli.runtimes import nodejs
from tests.real.toolchains import need
from tests.runtimes.scripted_api import SECONDS, Call, ScriptedApi, event, running, scripted_api

pytestmark = [pytest.mark.real, pytest.mark.slow]

RELEASES = {"nodejs22.x": "3.3.0", "nodejs24.x": "4.0.2"}

STAND_IN = """\
const http = require("node:http");
const { execFileSync } = require("node:child_process");
const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`;
const words = ["-sS", "-H", "Content-Type: application/json", "--data-binary", "@-"];
const post = (path, body) => execFileSync("curl", [...words, base + path], { input: body });
const client = {
  initializeClient() {},
  next: () =>
    new Promise((settle, refuse) => {
      http.get(base + "next", (answer) => {
        let bodyJson = "";
        answer.on("data", (piece) => (bodyJson += piece));
        answer.on("end", () => settle({ bodyJson, headers: answer.headers }));
      }).on("error", () => process.exit(1));
    }),
  done: (id, body) => post(`${id}/response`, body),
  error: (id, body) => post(`${id}/error`, body),
};
require("node:module")._extensions[".node"] = (module) => { module.exports = client; };
"""

FUNCTIONS = """\
exports.echo = async (event) => event;
exports.value = () => 5;
exports.nothing = async () => {};
exports.names = async (event, context) => Object.keys(context);
exports.plainContext = async (event, context) => {
  const { getRemainingTimeInMillis, ...plain } = context;
  return [plain, typeof getRemainingTimeInMillis()];
};
exports.fails = async () => { throw new TypeError("boom\\nagain"); };
exports.coded = async () => { throw Object.assign(new Error("e"), { code: "C", extra: { a: 1 } }); };
exports.now = () => { throw new RangeError("now"); };
exports.plain = async () => { throw "plain"; };
exports.nothingThrown = async () => { throw undefined; };
exports.object = async () => { throw { name: "N", message: "m", stack: "s" }; };
exports.number = async () => { throw 7; };
exports.circle = async () => { const a = {}; a.a = a; return a; };
exports.big = async () => 10n;
exports.rejects = async () => {
  Promise.reject(new Error("lost"));
  await new Promise((go) => setTimeout(go, 9000));
};
exports.later = async () => {
  setTimeout(() => { throw new RangeError("l"); }, 1);
  await new Promise((go) => setTimeout(go, 9000));
};
exports.exits = async () => process.exit(3);
exports.callback = (event, context, callback) => {
  setTimeout(() => console.log("x"), 5);
  callback(null, { ok: 1 });
};
exports.callbackFails = (event, context, callback) => callback("text");
exports.callbackTwice = (event, context, callback) => { callback(null, 1); callback(null, 2); };
exports.callbackCircle = (event, context, callback) => { const a = {}; a.a = a; callback(null, a); };
exports.atOnce = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  callback(null, 3);
};
exports.succeeds = (event, context) => context.succeed("s");
exports.failsEmpty = (event, context) => context.fail();
exports.done = (event, context) => context.done(null, "d");
exports.neverCalls = () => {};
exports.logs = async () => {
  console.log();
  console.log("%s-%d", "a", 1, { b: [1, { c: { d: { e: 1 } } }] });
  console.info("two\\nlines");
  console.debug(new Error("e").message, undefined, null, Symbol("s"));
  console.warn({ a: 1 });
  console.trace("t");
  console.error(["x"]);
  console.fatal("f");
};
exports.stream = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("a");
  stream.write({ b: 1 });
  stream.end();
});
exports.prelude = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  stream.write("a");
  stream.end();
});
exports.preludeAtTheEnd = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  stream.end("a");
});
exports.preludeAlone = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 204 });
  stream.end();
});
exports.typed = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/css");
  stream.write(Buffer.from([1, 2, 127]));
  stream.write(new Uint8Array([3]), () => {});
  stream.end("é", "utf8");
});
exports.piped = awslambda.streamifyResponse(async (event, stream) => {
  const { pipeline } = require("node:stream/promises");
  await pipeline(require("node:stream").Readable.from(["a", "b"]), stream);
}, { highWaterMark: 7 });
exports.streamReturns = awslambda.streamifyResponse(async (event, stream) => {
  stream.end();
  return 1;
});
exports.streamFails = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("a");
  throw new Error("late");
});
exports.streamNow = awslambda.streamifyResponse((event, stream) => { stream.write("a"); });
exports.nested = { a: { b: async () => "nested" } };
exports.seven = 7;
const wrong = async () => {};
wrong[Symbol.for("aws.lambda.runtime.handler.streaming")] = "request";
exports.wrong = wrong;
"""

FILES = {
    "app.js": FUNCTIONS,
    "module.mjs": "export const handler = async () => import.meta.url.slice(-10);\n"
    "export default { inner: async () => 'inner' };\n",
    "common.cjs": "exports.handler = async () => 'cjs';\n",
    "typed/package.json": '{"type": "module"}',
    "typed/index.js": "export const handler = async () => 'typed';\n",
    "raising.js": "throw new RangeError('at import');\n",
    "broken.js": "let x = ;\n",
    "missing.js": "require('nowhere');\n",
    "unfound.mjs": "import 'nowhere';\n",
    "rejecting.js": "exports.handler = async () => 1;\n",
}

SHARED = [f"app.{name}" for name in re.findall(r"^exports\.(\w+)", FUNCTIONS, re.MULTILINE)]
HANDLERS = [handler for handler in SHARED if handler not in ("app.nested", "app.seven")]
HANDLERS += ["app.nested.a.b", "app.seven", "app.gone", "module.handler", "module.inner", "common.handler"]
HANDLERS += [
    "typed/index.handler",
    "raising.h",
    "broken.h",
    "missing.h",
    "unfound.h",
    "gone.h",
    "nodot",
    "a..b",
]

JSON_LOGGED = ["app.logs", "app.fails", "app.plain"]


@dataclass(frozen=True)
class Seen:
    path: str
    body: str
    trailers: list[str]
    content_type: str | None
    code: int | None
    """The exit code; None when it asked for its next event."""
    output: str


@pytest.fixture(scope="module", params=RELEASES)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    need("node", "npm", "curl")
    folder = tmp_path_factory.mktemp("ric")
    package = f"aws-lambda-ric@{RELEASES[request.param]}"
    words = [
        "npm",
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(folder),
        package,
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=180)
    if done.returncode != 0:
        pytest.skip(f"npm does not give {package} here: {done.stderr.strip()[-200:]}")
    root = folder / "node_modules" / "aws-lambda-ric"
    program = root / "dist" / "index.mjs" if (root / "dist").is_dir() else root / "index.mjs"
    (program.parent / "rapid-client.node").touch()
    (folder / "stand_in.cjs").write_text(STAND_IN)
    if program.parent.name == "dist":
        # Version 3 is a library; Lambda's own main file awaits it just so.
        main = folder / "main.mjs"
        main.write_text(
            f'import {{ run }} from "{program}";\n'
            "await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);\n"
        )
        program = main
    yield request.param, program


def seen_of(words: list[str], runtime: str, handler: str, folder: Path, **variables: str) -> Seen:
    code = folder / "code"
    for name, text in FILES.items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text(text)
    places = {
        "task_root": str(code),
        "opt_root": str(folder / "opt"),
        "runtime_root": str(folder / "runtime"),
        "dependencies": [],
        "direct": True,
    }
    given = {
        "_HANDLER": handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING": "1",
        **variables,
    }
    with scripted_api() as api:
        api.answers.put(event('{"k": ["é"]}'.encode()))
        with running(words, api, code, places, given) as process:
            posted, code_of_exit = outcome(api, process)
            process.kill()
            assert process.stdout is not None
            output = process.stdout.read().decode()
    headers = posted.headers if posted else {}
    return Seen(
        path=posted.path if posted else "",
        body=without_trace(posted.body.decode()) if posted else "",
        trailers=sorted(name for name in headers if name.startswith("trailer ")),
        content_type=headers.get("content-type"),
        code=code_of_exit,
        output=normal(output),
    )


def outcome(api: ScriptedApi, process: subprocess.Popen[bytes]) -> tuple[Call | None, int | None]:
    """What it posted, and how it ended; no end when it asked for the event after."""
    posted, asked = None, 0
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            call = api.calls.get(timeout=0.02)
        except queue.Empty:
            if process.poll() is not None and api.calls.empty():
                return posted, process.returncode
            continue
        if call.method == "POST":
            posted = posted or call
        else:
            asked += 1
        # Version 4 does not wait for a failed stream's end before it asks on.
        if asked == 2 and posted is not None:
            return posted, None
    raise AssertionError("it neither ended nor asked for more")


def without_trace(body: str) -> str:
    return re.sub(r'"trace":\[.*\]', '"trace":[]', body) if '"errorType"' in body else body


def normal(output: str) -> str:
    """Without times, and without stacks, which name each client's own files."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", output)
    text = re.sub(r'"(stack|stackTrace)":\[(?:"(?:[^"\\]|\\.)*",?)*\]', r'"\1":[]', text)
    # What Node.js prints of its own end, and a trace, show source lines of the client.
    kept = [line for line in text.replace("\r", "\n").split("\n") if re.match(r"<time>|\{", line)]
    return "\n".join(kept)


def both(published: tuple[str, Path], tmp_path: Path, handler: str, **variables: str) -> tuple[Seen, Seen]:
    runtime, program = published
    node = str(shutil.which("node"))
    nodejs.prepare(tmp_path / "runtime")
    ours = [node, str(tmp_path / "runtime" / "index.mjs")]
    stand_in = program.parents[3] if program.name == "index.mjs" else program.parent
    theirs = [node, "--require", str(next(stand_in.rglob("stand_in.cjs"))), str(program)]
    return (
        seen_of(ours, runtime, handler, tmp_path, **variables),
        seen_of(theirs, runtime, handler, tmp_path, **variables),
    )


def comparable(seen: Seen, tmp_path: Path) -> Seen:
    """Paths of this machine become Lambda's, as ours already are."""

    def told(text: str) -> str:
        text = text.replace(f"{tmp_path}/code/", "/var/task/")
        return re.sub(r"(?:\\\\n|\\n)- [^\"]*?/(?:index|main)\.mjs", r"\\n- /var/runtime/index.mjs", text)

    return replace(seen, body=told(seen.body), output=told(seen.output))


@pytest.mark.parametrize("handler", HANDLERS)
def test_same_as_the_published_client(published: tuple[str, Path], tmp_path: Path, handler: str) -> None:
    if (published[0], handler) == ("nodejs22.x", "app.wrong"):
        pytest.skip("the published client lacks an import there, and throws a ReferenceError")
    ours, theirs = both(published, tmp_path, handler)
    assert comparable(ours, tmp_path) == comparable(theirs, tmp_path)


@pytest.mark.parametrize("handler", JSON_LOGGED)
def test_same_records_in_json(published: tuple[str, Path], tmp_path: Path, handler: str) -> None:
    variables = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}
    ours, theirs = both(published, tmp_path, handler, **variables)
    assert comparable(ours, tmp_path) == comparable(theirs, tmp_path)
