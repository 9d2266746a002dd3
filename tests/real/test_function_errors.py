"""What every way of failing looks like to boto3, to the AWS CLI and to lam, byte for byte, and what comes
after."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real.functions_house import VERSION, Answer, House, open_house
from tests.real.house import opened

pytestmark = pytest.mark.real

ACTS = """\
import json, os, signal, sys, tempfile, time

count = 0
KEPT = os.path.join(tempfile.gettempdir(), "kept")


def handler(event, context):
    global count
    count += 1
    if "do" not in event:
        return {"count": count, "is_kept": os.path.exists(KEPT), "pid": os.getpid()}
    open(KEPT, "w").close()
    print("before")
    return globals()[event["do"]]()


def fails():
    raise ValueError("boom")


def answers_a_set():
    return {1}


def leaves_with_0():
    sys.exit(0)


def leaves_with_2():
    sys.exit(2)


def leaves_hard():
    os._exit(3)


def sleeps():
    time.sleep(60)


def eats():
    piece = bytearray(600 * 1024 * 1024)
    for at in range(0, len(piece), 4096):
        piece[at] = 1


def crashes():
    os.kill(os.getpid(), signal.SIGSEGV)


def answers_all_that_fits():
    return "x" * (6291556 - 2)


def answers_one_byte_more():
    return "x" * (6291556 - 1)


def answers_30_mb():
    print("one run")
    return "x" * 30_000_000
"""

FILES = {
    "code/acts.py": ACTS,
    "code/importing.py": "import nowhere_to_be_found\n",
    "code/broken.py": "def handler(event, context)\n    return 1\n",
    "code/raising.py": "print('importing')\nraise RuntimeError('at import')\n",
    "code/russian.py": "class Ошибка(Exception):\n    pass\n\n\nraise Ошибка('упало')\n",
    "code/leaving.py": "import sys\nsys.exit(3)\n",
    "code/slow.py": "import time\ntime.sleep(10.4)\n\n\ndef handler(event, context):\n    return 'slow'\n",
}

WARNING = r"\[WARNING\]\t<time>Z\t\tLAMBDA_WARNING: Unhandled exception\..*/runtimes-update\.html"
INIT_START = (
    rf"INIT_START Runtime Version: {VERSION.replace('python', 'python:')}\.v\d+\t"
    r"Runtime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}"
)
FIGURES = r"\tDuration: # ms\tBilled Duration: # ms\tMemory Size: 128 MB\tMax Memory Used: # MB\t"
START, END = r"START RequestId: <id> Version: \$LATEST", "END RequestId: <id>"
REPORT = f"REPORT RequestId: <id>{FIGURES}"
COLD = r"Init Duration: # ms\t"


@dataclass(frozen=True)
class Case:
    payload: str
    """Of the answer; <id> stands for the request id."""
    log: tuple[str, ...]
    """Patterns of the tail's lines."""
    handler: str = "acts.handler"
    timeout: int = 15
    is_reset: bool = True
    """Whether the next invocation meets new processes."""


def in_handler(*lines: str, end: str = "") -> tuple[str, ...]:
    return (INIT_START, START, "before", *lines, END, REPORT + COLD + end)


def at_init(error_type: str, *record: str, is_posted: bool = True) -> tuple[str, ...]:
    """Both inits: the one before the invocation and its repetition inside."""
    report = rf"INIT_REPORT Init Duration: # ms\tPhase: {{}}\tStatus: error\tError Type: {error_type}"
    told = (WARNING, *record) if is_posted else record
    twice = (*told, report.format("init"), *told, report.format("invoke"))
    return (INIT_START, *twice, START, END, REPORT + rf"Status: error\tError Type: {error_type}")


def exit_error(reason: str) -> str:
    return '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: <id> Error: ' + reason + '"}'


def broken(error_type: str) -> str:
    return rf"Status: error\tError Type: {error_type}"


TRACEBACK = r"Traceback \(most recent call last\):"

CASES = {
    "fails": Case(
        '{"errorMessage": "boom", "errorType": "ValueError", "requestId": "<id>", "stackTrace": '
        '["  File \\"/var/task/acts.py\\", line 14, in handler\\n'
        '    return globals()[event[\\"do\\"]]()\\n", '
        '"  File \\"/var/task/acts.py\\", line 18, in fails\\n    raise ValueError(\\"boom\\")\\n"]}',
        in_handler(
            r"\[ERROR\] ValueError: boom",
            TRACEBACK,
            '\u00a0\u00a0File "/var/task/acts.py", line 14, in handler',
            r'\u00a0\u00a0\u00a0\u00a0return globals\(\)\[event\["do"\]\]\(\)',
            '\u00a0\u00a0File "/var/task/acts.py", line 18, in fails',
            r'\u00a0\u00a0\u00a0\u00a0raise ValueError\("boom"\)',
        ),
        is_reset=False,
    ),
    "answers_a_set": Case(
        '{"errorMessage": "Unable to marshal response: Object of type set is not JSON serializable", '
        '"errorType": "Runtime.MarshalError", "requestId": "<id>", "stackTrace": []}',
        in_handler(
            r"\[ERROR\] Runtime.MarshalError: Unable to marshal response: "
            "Object of type set is not JSON serializable",
            TRACEBACK,
        ),
        is_reset=False,
    ),
    "leaves_with_0": Case(
        exit_error("Runtime exited without providing a reason"), in_handler(end=broken("Runtime.ExitError"))
    ),
    "leaves_with_2": Case(
        exit_error("Runtime exited with error: exit status 2"), in_handler(end=broken("Runtime.ExitError"))
    ),
    "leaves_hard": Case(
        exit_error("Runtime exited with error: exit status 3"), in_handler(end=broken("Runtime.ExitError"))
    ),
    "crashes": Case(
        exit_error("Runtime exited with error: signal: segmentation fault"),
        in_handler(end=broken("Runtime.ExitError")),
    ),
    "sleeps": Case(
        '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: <id> Error: '
        'Task timed out after 1.00 seconds"}',
        in_handler(end="Status: timeout"),
        timeout=1,
    ),
    "eats": Case(
        '{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: <id> Error: '
        'Runtime exited with error: signal: killed"}',
        in_handler(end=broken("Runtime.OutOfMemory")),
    ),
    "answers_one_byte_more": Case(
        '{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).",'
        '"errorType":"Function.ResponseSizeTooLarge"}',
        in_handler(),
        is_reset=False,
    ),
    "importing": Case(
        "{\"errorMessage\": \"Unable to import module 'importing': No module named 'nowhere_to_be_found'\", "
        '"errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}',
        at_init(
            "Runtime.ImportModuleError",
            r"\[ERROR\] Runtime.ImportModuleError: Unable to import module 'importing': "
            "No module named 'nowhere_to_be_found'",
            TRACEBACK,
        ),
        "importing.handler",
    ),
    "broken": Case(
        "{\"errorMessage\": \"Syntax error in module 'broken': expected ':' (broken.py, line 1)\", "
        '"errorType": "Runtime.UserCodeSyntaxError", "requestId": "", "stackTrace": '
        '["  File \\"/var/task/broken.py\\" Line 1\\n    def handler(event, context)\\n"]}',
        at_init(
            "Runtime.UserCodeSyntaxError",
            r"\[ERROR\] Runtime.UserCodeSyntaxError: Syntax error in module 'broken': "
            r"expected ':' \(broken.py, line 1\)",
            TRACEBACK,
            '\u00a0\u00a0File "/var/task/broken.py" Line 1',
            r"\u00a0\u00a0\u00a0\u00a0def handler\(event, context\)",
        ),
        "broken.handler",
    ),
    "missing": Case(
        "{\"errorMessage\": \"Handler 'missing' missing on module 'acts'\", "
        '"errorType": "Runtime.HandlerNotFound", "requestId": "", "stackTrace": []}',
        at_init(
            "Runtime.HandlerNotFound",
            r"\[ERROR\] Runtime.HandlerNotFound: Handler 'missing' missing on module 'acts'",
            TRACEBACK,
        ),
        "acts.missing",
    ),
    "leaving": Case(
        exit_error("Runtime exited with error: exit status 3"),
        at_init("Runtime.ExitError", is_posted=False),
        "leaving.handler",
    ),
}

CLIENTS = {
    "boto3": House.invoke,
    "aws-cli": House.invoke_by_aws_cli,
    "lam": House.invoke_by_lam,
}

LIMIT = "at-the-limit"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    functions: dict[str, dict[str, object]] = {
        f"{name}-{client}": {"handler": case.handler, "timeout": case.timeout}
        for name, case in CASES.items()
        for client in CLIENTS
    }
    for client in CLIENTS:
        functions[f"{LIMIT}-{client}"] = {"handler": "acts.handler", "timeout": 15}
    functions["another-second"] = {"handler": "acts.handler", "timeout": 1}
    functions["another"] = functions["looped"] = {"handler": "acts.handler", "timeout": 15}
    functions["far-too-large"] = {"handler": "acts.handler", "timeout": 15}
    functions["russian"] = {"handler": "russian.handler"}
    functions["raising"] = {"handler": "raising.handler"}
    functions["patient"] = {"handler": "slow.handler", "timeout": 30}
    functions["hasty"] = {"handler": "slow.handler", "timeout": 1}
    with open_house(tmp_path_factory.mktemp("errors"), functions, FILES) as house:
        yield house


def log_of(answer: Answer) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>Z", answer.plain(answer.log))
    return re.sub(r": [\d.]+ ms", ": # ms", re.sub(r"Used: \d+ MB", "Used: # MB", text))


def assert_log(answer: Answer, patterns: tuple[str, ...]) -> None:
    lines = log_of(answer).removesuffix("\n").split("\n")
    assert len(lines) == len(patterns), "\n".join(lines)
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", CASES)
def test_failure(house: House, name: str, client: str) -> None:
    case = CASES[name]
    event = {"do": name} if case.handler == "acts.handler" else {}
    answer = CLIENTS[client](house, f"{name}-{client}", event)
    assert answer.plain(answer.payload.decode()) == case.payload
    assert (answer.status, answer.function_error, answer.version) == (200, "Unhandled", "$LATEST")
    assert_log(answer, case.log)

    after = house.invoke(f"{name}-{client}")
    if case.handler != "acts.handler":
        assert after.function_error == "Unhandled"
        assert json.loads(after.payload)["errorType"] == json.loads(answer.payload)["errorType"]
        return
    expected_count = 1 if case.is_reset else 2
    assert after.json | {"pid": 0} == {"count": expected_count, "is_kept": True, "pid": 0}
    # A new init after a reset is a part of the invocation: it has no Init Duration.
    assert_log(after, (START, END, REPORT))
    third = house.invoke(f"{name}-{client}")
    assert third.json == {**after.json, "count": expected_count + 1}
    assert len({stream for stream, _ in house.events(f"{name}-{client}")}) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_the_largest_answer_passes(house: House, client: str) -> None:
    answer = CLIENTS[client](house, f"{LIMIT}-{client}", {"do": "answers_all_that_fits"})
    assert (answer.status, answer.function_error, len(answer.payload)) == (200, None, 6291556)
    assert answer.payload == b'"' + b"x" * (6291556 - 2) + b'"'
    assert_log(answer, in_handler())


def test_an_answer_of_30_mb_is_refused_after_one_run(house: House) -> None:
    answer = house.invoke("far-too-large", {"do": "answers_30_mb"})
    assert (answer.function_error, answer.json["errorType"]) == (
        "Unhandled",
        "Function.ResponseSizeTooLarge",
    )
    after = house.invoke("far-too-large")
    assert (after.function_error, after.json["count"]) == (None, 2)
    assert house.log("far-too-large").count("one run") == 1


def test_timeout_is_reported_with_the_configured_time(house: House) -> None:
    answer = house.invoke("another-second", {"do": "sleeps"})
    report = answer.log.splitlines()[-1]
    assert "\tDuration: 1000.00 ms\t" in report
    billed = re.search(r"Billed Duration: (\d+) ms", report)
    init = re.search(r"Init Duration: ([\d.]+) ms", report)
    assert billed is not None
    assert int(billed[1]) >= 1000 + (float(init[1]) if init else 0)


def test_exception_at_import_shows_where(house: House) -> None:
    answer = house.invoke("raising")
    error = answer.json
    assert (error["errorMessage"], error["errorType"], error["requestId"]) == (
        "at import",
        "RuntimeError",
        "",
    )
    assert error["stackTrace"][-1] == (
        "  File \"/var/task/raising.py\", line 2, in <module>\n    raise RuntimeError('at import')\n"
    )
    assert error["stackTrace"][0].startswith('  File "/var/lang/lib/python3')
    # The header's RuntimeError is no type that the platform knows.
    assert answer.log.splitlines()[-1].endswith("Status: error\tError Type: Runtime.Unknown")


def test_an_exception_with_a_name_beyond_latin_1_keeps_it(house: House) -> None:
    answer = house.invoke("russian")
    assert (answer.function_error, answer.json["errorType"], answer.json["errorMessage"]) == (
        "Unhandled",
        "Ошибка",
        "упало",
    )
    assert "[ERROR] Ошибка: упало" in answer.log


def test_a_stack_trace_of_a_fresh_project_shows_lambdas_paths(tmp_path: Path) -> None:
    """There the state folder, and with it the runtime's own files, lies inside the function's."""
    with opened(tmp_path) as project:
        project.lam("init", "demo")
        folder = project.folder / "demo"
        handler = "def lambda_handler(event, context):\n    raise ValueError('boom')\n"
        (folder / "lambda_function.py").write_text(handler)
        try:
            answer = json.loads(project.lam("invoke", "demo", code=1, cwd=folder).stdout)
        finally:
            project.lam("stop", cwd=folder)
        assert answer["stackTrace"] == [
            '  File "/var/task/lambda_function.py", line 2, in lambda_handler\n'
            "    raise ValueError('boom')\n"
        ]


def test_failures_of_a_function_leave_the_code_folder_alone(house: House) -> None:
    house.invoke("another", {"do": "crashes"})
    assert sorted(path.name for path in (house.folder / "code").iterdir()) == sorted(
        Path(name).name for name in FILES
    )


@pytest.mark.slow
def test_init_over_ten_seconds_is_repeated_inside_the_invocation(house: House) -> None:
    with ThreadPoolExecutor(2) as pool:
        patient, hasty = pool.map(house.invoke, ["patient", "hasty"])
    cut = r"INIT_REPORT Init Duration: # ms\tPhase: {}\tStatus: timeout"

    assert (patient.payload, patient.function_error) == (b'"slow"', None)
    assert_log(patient, (INIT_START, cut.format("init"), START, END, REPORT))
    first = re.search(r"INIT_REPORT Init Duration: ([\d.]+) ms", patient.log)
    duration = re.search(r"\tDuration: ([\d.]+) ms", patient.log)
    billed = re.search(r"\tBilled Duration: (\d+) ms", patient.log)
    assert first is not None and duration is not None and billed is not None
    assert 9_990 < float(first[1]) < 10_900
    assert 10_400 < float(duration[1]) < 14_000
    assert int(billed[1]) > 20_000

    assert hasty.function_error == "Unhandled"
    assert hasty.plain(hasty.payload.decode()) == (
        '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: <id> Error: '
        'Task timed out after 1.00 seconds"}'
    )
    assert_log(
        hasty,
        (INIT_START, cut.format("init"), cut.format("invoke"), START, END, REPORT + "Status: timeout"),
    )


def test_a_caller_without_log_meets_the_same_environment_after_a_failure(house: House) -> None:
    client = house.client()
    pids = set()
    for _ in range(5):
        failed = client.invoke(FunctionName="looped", Payload=b'{"do": "leaves_hard"}')
        assert failed["FunctionError"] == "Unhandled"
        after = json.loads(client.invoke(FunctionName="looped")["Payload"].read())
        assert (after["count"], after["is_kept"]) == (1, True)
        pids.add(after["pid"])
    client.close()
    assert len(pids) == 5
    assert len({stream for stream, _ in house.events("looped")}) == 1
