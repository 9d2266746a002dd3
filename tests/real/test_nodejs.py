"""The Node.js runtime, row by row: version 3 of Lambda's client, up to nodejs22.x, and version 4."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.real.functions_house import Answer, House, open_house
from tests.real.toolchains import need

pytestmark = pytest.mark.real

OLD, NEW = "nodejs22.x", "nodejs24.x"

ACTS = """\
let count = 0;
let late;

exports.echo = async (event) => event;
exports.counts = async () => ({ count: ++count });
exports.context = async (event, context) => ({
  names: Object.keys(context),
  functionName: context.functionName,
  memoryLimitInMB: context.memoryLimitInMB,
  arn: context.invokedFunctionArn,
  isSoon: context.getRemainingTimeInMillis() <= 3000,
  id: context.awsRequestId,
});
exports.variables = async () => process.env;
exports.argv = async () => [process.execArgv, process.argv.slice(1), process.cwd()];
exports.value = () => 5;
exports.nothing = async () => undefined;
exports.fails = async () => { throw new TypeError("boom\\nagain"); };
exports.coded = async () => { throw Object.assign(new Error("e"), { code: "ECODE", extra: { a: 1 } }); };
exports.failsAtOnce = () => { throw new RangeError("now"); };
exports.plain = async () => { throw "plain"; };
exports.unreadable = async () => { throw { toString() { throw new Error("no"); } }; };
exports.circle = async () => { const a = {}; a.a = a; return a; };
exports.never = async () => new Promise(() => {});
exports.neverCalls = (event, context) => {};
exports.rejects = async () => {
  Promise.reject(new Error("lost"));
  await new Promise((go) => setTimeout(go, 5000));
};
exports.throwsLater = async () => {
  setTimeout(() => { throw new RangeError("later"); }, 1);
  await new Promise((go) => setTimeout(go, 5000));
};
exports.leaves = async () => process.exit(3);
exports.leavesWell = async () => process.exit(0);
exports.cuts = async () => process.kill(process.pid, "SIGKILL");
exports.sleeps = async () => new Promise((go) => setTimeout(go, 60000));
exports.calls = (event, context, callback) => {
  setTimeout(() => console.log("held"), 20);
  callback(null, "called");
};
exports.callsError = (event, context, callback) => callback(new TypeError("called"));
exports.callsAtOnce = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  callback(null, { late });
  late = undefined;
  setTimeout(() => { late = "ran"; }, 1);
};
exports.succeeds = (event, context) => { setTimeout(() => context.succeed("well"), 1); };
exports.contextFails = (event, context) => { context.fail(new Error("badly")); };
exports.contextDone = (event, context) => { context.done(null, "done"); };
exports.logs = async () => {
  console.log("a %s", "b", { c: 1 });
  console.info("two\\nlines");
  console.warn(new Error("shown").message);
  console.debug("d");
  console.trace("t");
  console.error("e");
  console.fatal("f");
  process.stdout.write("raw\\n");
  console.log({ only: 1 });
  console.error("with", new TypeError("inside"));
};
exports.floods = async () => {
  process.stdout.write("begin\\n");
  for (let line = 0; line < 150; line += 1) console.log("y".repeat(50000));
};
exports.large = async ({ size }) => "x".repeat(size);
exports.nested = { deeper: { handler: async () => "nested" } };
exports.number = 7;
exports.streams = awslambda.streamifyResponse(async (event, stream, context) => {
  stream.setContentType("text/plain");
  stream.write("one,");
  stream.write({ two: 2 });
  stream.end();
});
exports.prelude = awslambda.streamifyResponse(async (event, stream) => {
  const answer = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  answer.write("body");
  answer.end();
});
exports.streamsLate = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("one,");
  throw new TypeError("late");
});
exports.typedLate = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("one,");
  stream.setContentType("text/plain");
});
exports.streamReturns = awslambda.streamifyResponse(async (event, stream) => {
  stream.end();
  return "ignored";
});
exports.streamNow = awslambda.streamifyResponse((event, stream) => { stream.write("x"); });
const wrong = async () => {};
wrong[Symbol.for("aws.lambda.runtime.handler.streaming")] = "request";
exports.wrong = wrong;
"""

MODULE = """\
import { readFileSync } from "node:fs";
import { helper } from "./helper.mjs";
globalThis.loads = (globalThis.loads ?? 0) + 1;
const top = await Promise.resolve("awaited");
export const handler = async (event) => ({ top, helped: helper(), loads: globalThis.loads });
export default { inside: async () => "by default" };
"""

FILES = {
    "code/acts.js": ACTS,
    "code/module.mjs": MODULE,
    "code/helper.mjs": "export const helper = () => 'helped';\n",
    "code/common.cjs": "exports.handler = async () => __filename.split('/').pop();\n",
    "code/wrapper": '#!/bin/sh\nexport WRAPPED=1\nexec "$@"\n',
    "code/deep/file.js": "exports.handler = async () => 'deep';\n",
    "code/typed/package.json": '{"type": "module"}',
    "code/typed/index.js": "export const handler = async () => import.meta.url.split('/').pop();\n",
    "code/missing.js": "require('nowhere');\n",
    "code/missing.mjs.js": "",
    "code/unfound.mjs": "import 'nowhere';\nexport const handler = 1;\n",
    "code/broken.js": "let x = ;\n",
    "code/raising.js": "console.log('importing');\nthrow new RangeError('at import');\n",
    "code/oldsdk.js": "require('aws-sdk');\n",
    "code/rejecting.js": "Promise.reject(new Error('early'));\nexports.handler = async () => 1;\n"
    "require('fs').readFileSync('/dev/null');\n",
}


@dataclass(frozen=True)
class Case:
    payload: object
    """What the caller gets; with `trace` cut away, and <id> for the request id."""
    log: tuple[str, ...] = ()
    """Patterns of lines between START and END, in order; {ISO} stands for a time."""
    is_error: bool = True
    log_without_start: bool = False
    """An init's failure: the lines stand before START, twice."""


def error(kind: str, message: str) -> dict[str, str]:
    return {"errorType": kind, "errorMessage": message}


def exit_error(reason: str) -> dict[str, str]:
    return error("Runtime.ExitError", f"RequestId: <id> Error: {reason}")


def fine(payload: object, *log: str) -> Case:
    return Case(payload, log, is_error=False)


def failed(kind: str, message: str, more: str = "") -> Case:
    logged = json.dumps(message)[1:-1]
    record = (
        rf'{{ISO}}\t<id>\tERROR\tInvoke Error \t\{{"errorType":"{kind}","errorMessage":"{re.escape(logged)}"'
    )
    return Case(error(kind, message), (record + more + ".*",))


WARNING = (
    r"{ISO}\tundefined\tWARN\tAWS Lambda plans to remove support for callback-based function handlers .*"
)
NEVER = (
    "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a "
    "Promise that was never settled. For more information, see "
    "https://nodejs.org/docs/latest/api/process.html#exit-codes"
)
REFUSED = (
    "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. "
    "You need to modify this function to use a supported handler signature to use Node.js 24 or later. For "
    "more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html."
)
ZEROS = "\0" * 8
UNFINISHED = "Response stream is not finished."

INVOKED: dict[str, tuple[Case, Case]] = {
    # handler: what nodejs22.x does, what nodejs24.x does
    "acts.echo": (fine({"é": [1.5, "\u2028"]}),) * 2,
    "acts.value": (fine(None), fine(5)),
    "acts.nothing": (fine(None), fine(None)),
    "acts.fails": (failed("TypeError", "boom\nagain"),) * 2,
    "acts.coded": (failed("Error", "e", r',"code":"ECODE","extra":\{"a":1\},"stack":\['),) * 2,
    "acts.failsAtOnce": (failed("RangeError", "now"),) * 2,
    "acts.plain": (
        Case(error("string", "plain"), (r'{ISO}\t<id>\tERROR\tInvoke Error \t\{"errorType":"Error".*',)),
    )
    * 2,
    "acts.circle": (
        failed("Error", "Unable to stringify response body"),
        failed("Runtime.JSONStringifyError", "Unable to stringify response body"),
    ),
    "acts.never": (
        failed("Runtime.NodeJsExit", NEVER),
        Case(exit_error("Runtime exited without providing a reason")),
    ),
    "acts.neverCalls": (fine(None), fine(None)),
    "acts.rejects": (
        Case(
            error("Runtime.UnhandledPromiseRejection", "Error: lost"),
            (
                r"{ISO}\t<id>\tERROR\tUnhandled Promise Rejection "
                r'\t\{"errorType":"Runtime.UnhandledPromiseRejection","errorMessage":"Error: lost","reason":'
                r'\{"errorType":"Error","errorMessage":"lost","stack":\[.*\]\},"promise":\{\},"stack":\[.*',
            ),
        ),
        Case(exit_error("Runtime exited with error: exit status 1"), ("(?s).*Error: lost.*Node\\.js v.*",)),
    ),
    "acts.throwsLater": (
        Case(
            error("RangeError", "later"),
            (
                r"{ISO}\t<id>\tERROR\tUncaught Exception "
                r'\t\{"errorType":"RangeError","errorMessage":"later",.*',
            ),
        ),
        Case(
            exit_error("Runtime exited with error: exit status 1"),
            ("(?s).*RangeError: later.*Node\\.js v.*",),
        ),
    ),
    "acts.leaves": (Case(exit_error("Runtime exited with error: exit status 3")),) * 2,
    "acts.leavesWell": (Case(exit_error("Runtime exited without providing a reason")),) * 2,
    "acts.cuts": (Case(exit_error("Runtime exited with error: signal: killed")),) * 2,
    "acts.sleeps": (
        Case(
            error("Sandbox.Timedout", "RequestId: <id> Error: Task timed out after 1.00 seconds"),
        ),
    )
    * 2,
    "acts.nested.deeper.handler": (fine("nested"), fine("nested")),
    "acts.streams": (fine('one,{"two":2}'), fine('one,{"two":2}')),
    "acts.prelude": (fine('{"statusCode":201}' + ZEROS + "body"),) * 2,
    "acts.streamsLate": (failed("TypeError", "late"),) * 2,
    "acts.typedLate": (failed("Runtime.InvalidStreamingOperation", "Cannot set content-type, too late."),)
    * 2,
    "acts.streamReturns": (fine("", r"{ISO}\t<id>\tWARN\tStreaming handlers ignore return values."),) * 2,
    "module.handler": (fine({"top": "awaited", "helped": "helped", "loads": 1}),) * 2,
    "common.handler": (fine("common.cjs"), fine("common.cjs")),
    "deep/file.handler": (fine("deep"), fine("deep")),
    "typed/index.handler": (fine("index.js"), fine("index.js")),
}

ONLY_OLD = {
    "acts.calls": fine("called", r"{ISO}\t<id>\tINFO\theld"),
    "acts.callsError": failed("TypeError", "called"),
    "acts.succeeds": fine("well"),
    "acts.contextFails": failed("Error", "badly"),
    "acts.contextDone": fine("done"),
}

SEEKER = "\nRequire stack:\n- /var/runtime/index.mjs"
INIT: dict[str, tuple[str, str]] = {
    # handler: errorType and errorMessage
    "nodot": ("Runtime.MalformedHandlerName", "Bad handler"),
    "../acts.echo": (
        "Runtime.MalformedHandlerName",
        "'../acts.echo' is not a valid handler name. Use absolute paths when specifying root directories in "
        "handler names.",
    ),
    "gone.handler": ("Runtime.ImportModuleError", "Error: Cannot find module 'gone'" + SEEKER),
    "unfound.handler": ("Error", "Cannot find package 'nowhere' imported from /var/task/unfound.mjs"),
    "broken.handler": ("Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected token ';'"),
    "raising.handler": ("RangeError", "at import"),
    "acts.gone": ("Runtime.HandlerNotFound", "acts.gone is undefined or not exported"),
    "acts.number": ("Runtime.HandlerNotFound", "acts.number is not a function"),
    "acts.wrong": ("Runtime.MalformedStreamingHandler", "Only response streaming is supported."),
}


def function_name(handler: str, runtime: str) -> str:
    return re.sub(r"\W+", "-", handler.replace("..", "up")).strip("-") + "-" + runtime[6:8]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    need("node")
    more = ["acts.counts", "acts.context", "acts.variables", "acts.argv", "acts.logs", "acts.callsAtOnce"]
    more += [
        "acts.streamNow",
        "missing.handler",
        "oldsdk.handler",
        "module.inside",
        "acts.floods",
        "acts.large",
    ]
    functions: dict[str, dict[str, object]] = {}
    for runtime in (OLD, NEW):
        for handler in (*INVOKED, *ONLY_OLD, *INIT, *more):
            timeout = 1 if handler == "acts.sleeps" else 10
            settings = {"runtime": runtime, "handler": handler, "timeout": timeout}
            functions[function_name(handler, runtime)] = settings
    functions["wrapped"] = {
        "runtime": OLD,
        "handler": "acts.variables",
        "env": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"},
    }
    logging = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "info"}
    for runtime in (OLD, NEW):
        functions[f"json-{runtime[6:8]}"] = {"runtime": runtime, "handler": "acts.logs", "env": logging}
    with open_house(tmp_path_factory.mktemp("nodejs") / "p", functions, FILES) as house:
        yield house


def without_trace(answer: Answer) -> object:
    try:
        told = json.loads(answer.plain(answer.payload.decode()))
    except ValueError:
        return answer.payload.decode()
    if isinstance(told, dict) and answer.function_error:
        trace = told.pop("trace", [])
        assert isinstance(trace, list) and "/tmp/" not in "".join(trace), trace
    return told


def between(answer: Answer, first: str = "START", last: str = "END") -> str:
    lines = answer.plain(answer.log).splitlines(keepends=True)
    marks = [number for number, line in enumerate(lines) if line.startswith((first + " ", last + " "))]
    return "".join(lines[marks[0] + 1 : marks[1]])


def assert_lines(text: str, patterns: tuple[str, ...]) -> None:
    whole = "\n".join(pattern.replace("{ISO}", r"\d{4}-\d\d-\d\dT[\d:.]+Z") for pattern in patterns)
    assert re.fullmatch(whole, text.rstrip("\n")), f"{text!r} is not {whole!r}"


def check(house: House, handler: str, runtime: str, case: Case) -> None:
    answer = house.invoke(function_name(handler, runtime), {"é": [1.5, "\u2028"]})
    assert without_trace(answer) == case.payload, answer.log
    assert answer.function_error == ("Unhandled" if case.is_error else None)
    assert_lines(between(answer), case.log)


@pytest.mark.parametrize("handler", INVOKED)
def test_nodejs22(house: House, handler: str) -> None:
    check(house, handler, OLD, INVOKED[handler][0])


@pytest.mark.parametrize("handler", INVOKED)
def test_nodejs24(house: House, handler: str) -> None:
    check(house, handler, NEW, INVOKED[handler][1])


@pytest.mark.parametrize("handler", ONLY_OLD)
def test_callbacks_and_the_contexts_functions_work_up_to_nodejs22(house: House, handler: str) -> None:
    check(house, handler, OLD, ONLY_OLD[handler])


def test_a_callback_is_warned_of_in_nodejs22_and_refused_from_nodejs24_on(house: House) -> None:
    old = house.invoke(function_name("acts.calls", OLD))
    if "INIT_START" in old.log:  # else another test was first
        assert_lines(between(old, "INIT_START", "START"), (WARNING,))
    new = house.invoke(function_name("acts.calls", NEW))
    assert without_trace(new) == error("Runtime.CallbackHandlerDeprecated", REFUSED)


def test_an_answer_that_does_not_wait_leaves_its_work_to_the_next_invocation(house: House) -> None:
    name = function_name("acts.callsAtOnce", OLD)
    assert house.invoke(name).json == {}
    house.invoke(name, {"n": 2})


@pytest.mark.parametrize("runtime", [OLD, NEW])
@pytest.mark.parametrize("handler", INIT)
def test_init_error(house: House, handler: str, runtime: str) -> None:
    kind, message = INIT[handler]
    answer = house.invoke(function_name(handler, runtime))
    assert without_trace(answer) == error(kind, message)
    logged = json.dumps(message)[1:-1]
    begin = r"\tundefined\tERROR\tUncaught Exception \t" if runtime == OLD else r"\t-\tERROR\tInit Error \t"
    record = rf'Z{begin}\{{"errorType":"{re.escape(kind)}","errorMessage":"{re.escape(logged)}"'
    assert len(re.findall(record, answer.log)) == 2, answer.log
    reported = kind if kind.startswith("Runtime.") else "Runtime.Unknown"
    assert answer.log.splitlines()[-1].endswith(f"Status: error\tError Type: {reported}")
    if runtime == NEW:
        # Node.js itself tells what ended it.
        assert re.search(r"\nNode\.js v\d+", answer.log)


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_a_missing_module_names_its_seekers(house: House, runtime: str) -> None:
    answer = house.invoke(function_name("missing.handler", runtime))
    message = "Error: Cannot find module 'nowhere'\nRequire stack:\n- /var/task/missing.js"
    # How far the list goes back is the Node.js's own affair.
    assert answer.json["errorMessage"].startswith(message)
    assert answer.json["errorType"] == "Runtime.ImportModuleError"


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_the_old_sdk_is_missing_as_on_aws_and_a_line_says_so(house: House, runtime: str) -> None:
    answer = house.invoke(function_name("oldsdk.handler", runtime))
    assert answer.json["errorMessage"].startswith("Error: Cannot find module 'aws-sdk'\n")
    assert f"lam: {runtime} has no aws-sdk (version 2) on AWS either" in answer.log


def test_what_a_default_export_holds_is_found_from_nodejs24_on(house: House) -> None:
    assert house.invoke(function_name("module.inside", NEW)).json == "by default"
    old = house.invoke(function_name("module.inside", OLD))
    assert old.json["errorType"] == "Runtime.HandlerNotFound"


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_the_module_is_loaded_once_and_kept(house: House, runtime: str) -> None:
    name = function_name("acts.counts", runtime)
    assert [house.invoke(name).json["count"] for _ in range(3)] == [1, 2, 3]


MEMBERS = {
    OLD: "callbackWaitsForEmptyEventLoop succeed fail done functionVersion functionName memoryLimitInMB "
    "logGroupName logStreamName clientContext identity invokedFunctionArn awsRequestId tenantId "
    "getRemainingTimeInMillis",
    NEW: "clientContext identity invokedFunctionArn awsRequestId tenantId xRayTraceId "
    "getRemainingTimeInMillis functionName functionVersion memoryLimitInMB logGroupName logStreamName",
}


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_context(house: House, runtime: str) -> None:
    name = function_name("acts.context", runtime)
    answer = house.invoke(name)
    assert answer.json == {
        "names": MEMBERS[runtime].split(),
        "functionName": name,
        "memoryLimitInMB": "128",
        "arn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "isSoon": False,
        "id": answer.request_id,
    }


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_command_and_variables(house: House, runtime: str) -> None:
    flags, words, folder = house.invoke(function_name("acts.argv", runtime)).json
    assert flags == [
        "--expose-gc",
        "--max-http-header-size",
        "81920",
        "--max-semi-space-size=6",
        "--max-old-space-size=116",
    ]
    assert [word.rpartition("/")[2] for word in words] == ["index.mjs"]
    seen = house.invoke(function_name("acts.variables", runtime)).json
    assert seen["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{runtime}"
    assert folder == seen["LAMBDA_TASK_ROOT"]
    opt, runtime_root = seen["PATH"].rpartition(":")[2].removesuffix("/bin"), seen["LAMBDA_RUNTIME_DIR"]
    major = runtime[6:8]
    assert seen["NODE_PATH"].split(":") == [
        f"{opt}/nodejs/node{major}/node_modules",
        f"{opt}/nodejs/node_modules",
        f"{runtime_root}/node_modules",
        runtime_root,
        folder,
    ]
    hidden = [name for name in seen if name.startswith(("_LAM", "LAM_"))]
    assert hidden == []


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_console(house: House, runtime: str) -> None:
    answer = house.invoke(function_name("acts.logs", runtime))
    line = r"{ISO}\t<id>\t"
    assert_lines(
        between(answer),
        (
            line + r"INFO\ta b \{ c: 1 \}",
            line + r"INFO\ttwo\nlines",
            line + r"WARN\tshown",
            line + r"DEBUG\td",
            line + r"TRACE\tt",
            line + r"ERROR\te",
            line + r"FATAL\tf",
            "raw",
            line + r"INFO\t\{ only: 1 \}",
            line + r"(?s:ERROR\twith TypeError: inside\n    at .*)",
        ),
    )
    # Several lines of one call are one event.
    messages = [message for _, message in house.events(function_name("acts.logs", runtime))]
    assert any(message.endswith("INFO\ttwo\nlines\n") for message in messages)


@pytest.mark.parametrize("version", ["22", "24"])
def test_console_as_json_from_a_level_on(house: House, version: str) -> None:
    answer = house.invoke(f"json-{version}")
    records = [json.loads(line) for line in between(answer).splitlines() if line.startswith("{")]
    for record in records:
        assert re.fullmatch(r"[\d-]+T[\d:.]+Z", record.pop("timestamp"))
        assert record.pop("requestId") == "<id>"
        if "stackTrace" in record:
            assert record.pop("stackTrace")[0] == "TypeError: inside"
    with_error = records.pop()
    assert records == [
        {"level": "INFO", "message": "a b { c: 1 }"},
        {"level": "INFO", "message": "two\nlines"},
        {"level": "WARN", "message": "shown"},
        {"level": "ERROR", "message": "e"},
        {"level": "FATAL", "message": "f"},
        {"level": "INFO", "message": {"only": 1}},
    ]
    assert with_error.pop("message").startswith("with TypeError: inside")
    assert with_error == {"level": "ERROR", "errorType": "TypeError", "errorMessage": "inside"}


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_a_streaming_handler_must_be_async(house: House, runtime: str) -> None:
    answer = house.invoke(function_name("acts.streamNow", runtime))
    message = "Streaming does not support non-async handlers."
    kind = "string" if runtime == OLD else "Error"
    assert without_trace(answer) == error(kind, message)


def test_a_wrapper_starts_the_runtime(house: House) -> None:
    assert house.invoke("wrapped", {}).json["WRAPPED"] == "1"
    assert house.invoke("wrapped", {}).json["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{OLD}"


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_no_line_is_lost_however_much_is_logged(house: House, runtime: str) -> None:
    name = function_name("acts.floods", runtime)
    house.invoke(name)
    whole = [message for _, message in house.events(name) if message.endswith("y" * 50000 + "\n")]
    assert len(whole) == 150


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_the_largest_answer_passes_and_one_byte_more_does_not(house: House, runtime: str) -> None:
    name = function_name("acts.large", runtime)
    assert len(house.invoke(name, {"size": 6291556 - 2}).payload) == 6291556
    assert house.invoke(name, {"size": 6291556 - 1}).json["errorType"] == "Function.ResponseSizeTooLarge"
    assert house.invoke(name, {"size": 1}).json == "x"
