"""AWS's own Python runtime client, unchanged, as a custom runtime; and our bootstrap against it, answer by
answer."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv

from lambdacli.environments.environment import Environment
from lambdacli.environments.fleet import Fleet
from lambdacli.environments.grounds import Grounds
from lambdacli.environments.launcher import Launcher
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.pool import PoolLimits
from lambdacli.environments.process import Keeper
from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.outcome import Invocation
from lambdacli.service.clock import SystemClock
from lambdacli.telemetry.logs import LogBook

pytestmark = pytest.mark.real

KEY = FunctionKey("000000000000", "us-east-1", "f")
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"

MODULE = """
import collections, decimal, logging, os, sys
Pair = collections.namedtuple("Pair", "a b")
logging.getLogger().setLevel("INFO")

def fails(event, context):
    inner()

def inner():
    raise ValueError("boom é")

def chained(event, context):
    try:
        inner()
    except ValueError as error:
        raise KeyError("outer") from error

def unserialisable(event, context):
    return {1}

def circular(event, context):
    it = []
    it.append(it)
    return it

def echo(event, context):
    return event

def values(event, context):
    return [decimal.Decimal("1.10"), Pair(1, Pair(2, 3)), "é", 1e22, float("inf"), {1: None}, (1, 2),
    decimal.Decimal("NaN")]

def raw(event, context):
    return b"\\x00raw"

def nothing(event, context):
    pass

def logs(event, context):
    logging.info("two\\nlines")
    logging.warning("warned %s", 1)
    print("printed")
    context.log("logged\\n")

def context(event, context):
    return {name: repr(getattr(context, name)) for name in dir(context)
            if not name.startswith("_") and not callable(getattr(context, name))
            and name not in ("identity", "aws_request_id", "log_stream_name", "epoch_deadline_time_in_ms",
            "invocation_id")}

def client_context(event, context):
    c = context.client_context
    return [c.custom, c.env, c.client.app_title, repr(context.identity)]

def exits(event, context):
    sys.exit(2)

not_callable = 7
"""

CASES = {
    "an exception": ("subject.fails", b"{}"),
    "a chained exception": ("subject.chained", b"{}"),
    "an answer that is not JSON": ("subject.unserialisable", b"{}"),
    "a circle": ("subject.circular", b"{}"),
    "an echo": ("subject.echo", '{"é": [1, 2.50, null, true, "\\u2028"]}'.encode()),
    "values": ("subject.values", b"{}"),
    "bytes": ("subject.raw", b"{}"),
    "nothing": ("subject.nothing", b"{}"),
    "logs": ("subject.logs", b"{}"),
    "the context": ("subject.context", b"{}"),
    "a client context": ("subject.client_context", b"{}"),
    "an exit": ("subject.exits", b"{}"),
    "not callable": ("subject.not_callable", b"{}"),
    "no such function": ("subject.missing", b"{}"),
    "no such module": ("missing.handler", b"{}"),
    "no dot": ("nodot", b"{}"),
    "a built-in module": ("sys.exit", b"{}"),
    "an import that fails": ("importer.handler", b"{}"),
    "a syntax error": ("broken.handler", b"{}"),
    "an exception at import": ("raising.handler", b"{}"),
    "an exit at import": ("leaving.handler", b"{}"),
    "a module in a package": ("package/inner.handler", b"[1]"),
}


@pytest.fixture(scope="session")
def awslambdaric(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("awslambdaric")
    arguments = [uv.find_uv_bin(), "pip", "install", "--quiet", "--system-certs", "--only-binary", ":all:"]
    arguments += ["--python", sys.executable, "--target", str(target), "awslambdaric"]
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        if os.environ.get("LAM_TEST_COMPLETE"):
            pytest.fail(done.stderr)
        pytest.skip("awslambdaric has no ready-made package here")
    return target


@pytest.fixture
def code(tmp_path: Path, awslambdaric: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "package").mkdir(parents=True)
    (folder / "subject.py").write_text(MODULE)
    (folder / "importer.py").write_text("import nowhere_to_be_found\n")
    (folder / "broken.py").write_text("def handler(event, context)\n    return 1\n")
    (folder / "raising.py").write_text("print('before')\nraise RuntimeError('at import')\n")
    (folder / "leaving.py").write_text("import sys\nsys.exit(3)\n")
    (folder / "package" / "inner.py").write_text("def handler(event, context):\n    return [event]\n")
    return folder


@pytest.fixture
def ric_code(code: Path, tmp_path: Path, awslambdaric: Path) -> Iterator[Path]:
    """The same code with a bootstrap that runs AWS's client. Environment names that only managed runtimes
    have are set by it, since AWS's client reads them."""
    folder = tmp_path / "ric-code"
    shutil.copytree(code, folder)
    bootstrap = folder / "bootstrap"
    bootstrap.write_text(
        "#!/bin/sh\n"
        f"export AWS_EXECUTION_ENV=AWS_Lambda_{VERSION} PYTHONPATH={awslambdaric}\n"
        f'exec {sys.executable} -s -m awslambdaric "$_HANDLER"\n'
    )
    bootstrap.chmod(0o755)
    yield folder


def run(code: Path, runtime: str, handler: str, payload: bytes, state: Path) -> tuple[str, str]:
    """The answer and the log of one cold invocation, with everything that differs from run to run blanked
    out."""
    invocation = Invocation(
        str(uuid.uuid4()),
        KEY.arn,
        payload,
        client_context='{"custom": {"a": 1}, "env": {"b": 2}, "client": {"app_title": "t"}}',
    )

    async def play() -> tuple[bytes, bytes]:
        keeper = Keeper()
        keeper.start()
        clock = SystemClock()
        # AWS's client runs on this interpreter, which walls show to functions of its language only.
        walls = "portable" if runtime.startswith("provided") else os.environ.get("LAM_WALLS", "auto")
        grounds = Grounds(state / "walls", keeper, walls)
        await grounds.find()
        launcher = Launcher(state, grounds, clock, lambda peer, uid: None)
        launcher.prepare()
        logs = LogBook(state / "logs")
        fleet = Fleet(
            lambda placement, changed: Environment(placement, launcher, logs, changed),
            PoolLimits(4, 4, 600),
            clock,
        )
        placement = Placement(
            key=PlacementKey(KEY, "$LATEST", "1"),
            runtime=runtime,
            handler=handler,
            task_root=code,
            log_group="/aws/lambda/f",
            memory_mb=256,
            timeout_seconds=20,
            ephemeral_storage_mb=512,
            credentials=Credentials("a", "b", "c"),
        )
        try:
            run = fleet.submit(placement, invocation)
            outcome = await asyncio.wait_for(run.answered, 30)
            return outcome.payload, (await run.settled).log_tail
        finally:
            await fleet.close()
            await launcher.close()
            await grounds.close()
            keeper.close()

    answer, log = asyncio.run(play())

    def plain(data: bytes) -> str:
        text = data.decode(errors="surrogateescape").replace(invocation.request_id, "<id>")
        text = text.replace(str(code), "/var/task").replace(f"{sys.base_prefix}/", "/var/lang/")
        # Which of several patch releases runs shows only in the interpreter's own line numbers; and where no
        # frame is the function's, the client shows its own.
        text = re.sub(r'(<frozen [\w.]+>\\?", line )\d+', r"\1#", text)
        text = re.sub(r'File \\"[^"]*bootstrap.py\\".*?\\n"', "<the client>", text)
        text = re.sub(r'[^\r\n]*File "[^"]*bootstrap.py"[^\r\n]*[\r\n]+[^\r\n]*', "<the client>", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)
        return re.sub(r"[\d.]+ (ms|MB)", r"# \1", text)

    return plain(answer), plain(log)


def application_lines(log: str) -> list[str]:
    """What the runtime and the function wrote. Without the framed channel AWS's client joins lines with CR,
    and indents with the same no-break blanks."""
    platform = ("INIT_START", "INIT_REPORT", "START ", "END ", "REPORT ")
    lines = [line for line in log.replace("\r", "\n").split("\n") if line and not line.startswith(platform)]
    # One log event per line here; AWS's client writes records of several lines raw when it has no channel.
    return lines


@pytest.mark.parametrize("case", CASES)
def test_our_bootstrap_answers_as_awslambdaric_does(
    case: str, code: Path, ric_code: Path, tmp_path: Path
) -> None:
    handler, payload = CASES[case]
    ours, our_log = run(code, VERSION, handler, payload, tmp_path / "ours")
    theirs, their_log = run(ric_code, "provided.al2023", handler, payload, tmp_path / "theirs")
    assert ours == theirs
    assert application_lines(our_log) == application_lines(their_log)


def test_awslambdaric_runs_unchanged_and_warm(ric_code: Path, tmp_path: Path) -> None:
    answer, log = run(ric_code, "provided.al2023", "subject.echo", b'{"a": 1}', tmp_path / "state")
    assert json.loads(answer) == {"a": 1}
    assert "Init Duration" in log
