"""A store with ten thousand functions beside one with ten: what reads, invokes and a start cost."""

from __future__ import annotations

import contextlib
import io
import statistics
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import lam
from benchmarks.callers import Caller
from benchmarks.figures import interleave, medians
from benchmarks.findings import Bar, Finding
from benchmarks.stage import Stage
from benchmarks.target import Target, invocation_path
from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import Function, Origin
from lambdacli.store.code import CodeStore
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore

FEW, MANY = 10, 10_000
VERSIONS = 3
CALLS = 300
WARM_UP_CALLS = 50
ACCOUNT, REGION = "000000000000", "us-east-1"
CODE = "def handler(event, context):\n    return event\n"
LIST_PATH = "/2015-03-31/functions?MaxItems=10"


def run(stage: Stage) -> list[Finding]:
    with _filled(FEW) as few, _filled(MANY) as many:
        services = {FEW: few, MANY: many}
        findings: list[Finding] = []
        for what, measure in (
            ("GetFunction", lambda service: _read_ms(service, f"/2015-03-31/functions/{_name(5)}")),
            ("a page of ListFunctions", lambda service: _read_ms(service, LIST_PATH)),
            ("warm invoke of a version", _invoke_ms),
        ):
            figures = _compared(stage, services, measure)
            against = f"with {FEW} functions"
            findings.append(
                Finding(
                    f"{what}, {MANY:,} functions with {VERSIONS} versions each",
                    "ms",
                    figures[MANY],
                    Bar(1.2, against),
                    figures[FEW],
                )
            )
        starts = {count: _start_ms(service) for count, service in services.items()}
    longer = starts[MANY] - starts[FEW]
    note = f"{starts[MANY]:.0f} ms, and {starts[FEW]:.0f} ms with {FEW} functions"
    return [
        *findings,
        Finding(f"start with {MANY:,} functions, longer by", "ms", longer, Bar(1000), note=note),
    ]


def _compared(
    stage: Stage, services: dict[int, lam.Lam], measure: Callable[[lam.Lam], float]
) -> dict[int, float]:
    def bound(service: lam.Lam) -> Callable[[], float]:
        return lambda: measure(service)

    rounds = {str(count): bound(service) for count, service in services.items()}
    figures = medians(interleave(rounds, stage.options.rounds, 60.0))
    return {int(count): figure for count, figure in figures.items()}


def _read_ms(service: lam.Lam, path: str) -> float:
    target = replace(service.target(_name(5)), path=path)
    with Caller(target, service.socket) as caller:
        return _p50_ms(caller.get)


def _invoke_ms(service: lam.Lam) -> float:
    target = Target(service.target(_name(5)).port, f"{invocation_path(_name(5))}?Qualifier=2")
    with Caller(target, service.socket) as caller:
        return _p50_ms(lambda: lam.right(caller.post(b"{}")))


def _p50_ms(call: Callable[[], object]) -> float:
    took = []
    for number in range(WARM_UP_CALLS + CALLS):
        began = time.perf_counter()
        call()
        if number >= WARM_UP_CALLS:
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def _start_ms(service: lam.Lam) -> float:
    """From the command to the ready service, best of three."""
    took = []
    for _ in range(3):
        service.command("stop", "--now")
        began = time.perf_counter()
        service.command("start", "--detach", "--port", "0", "--idle-exit", "0")
        took.append((time.perf_counter() - began) * 1000)
    return min(took)


@contextlib.contextmanager
def _filled(count: int) -> Iterator[lam.Lam]:
    """A service whose store was filled while it stood still."""
    with lam.project([]) as service:
        service.command("stop", "--now")
        _fill(service.folder / ".lam", count)
        service.command("start", "--detach", "--port", "0", "--idle-exit", "0")
        yield service


def _fill(state: Path, count: int) -> None:
    code = CodeStore(state / "code").add(_package())
    with contextlib.closing(open_database(state / "lam.db")) as database:
        database.execute("PRAGMA synchronous = OFF")
        functions = FunctionStore(database)
        for number in range(count):
            function = Function(
                key=FunctionKey(ACCOUNT, REGION, _name(number)),
                runtime=lam.PYTHON_RUNTIME,
                handler="app.handler",
                role=f"arn:aws:iam::{ACCOUNT}:role/r",
                code=code,
                origin=Origin.API,
                revision_id="0",
                build_id="0",
                last_modified=datetime.now(UTC),
                memory_mb=lam.ONE_CPU_MB,
                variables={"STAGE": "bench", "NUMBER": str(number)},
            )
            functions.put(function)
            for version in range(VERSIONS):
                changed = replace(function, description=f"version {version}")
                functions.publish(changed, replace(changed, revision_id=str(version)))


def _name(number: int) -> str:
    return f"function-{number:05}"


def _package() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), CODE)
    return out.getvalue()
