"""`lam bench FUNCTION`: sends many invocations and tells how long their inits and runs took."""

from __future__ import annotations

import contextlib
import itertools
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.distribution import bars_of, distribution_of
from lambdacli.cli.errors import FAILURE, INTERRUPTED, SUCCESS, WrongUsage
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.cli.payload import read_payload
from lambdacli.client import http, load, local
from lambdacli.client.local import Endpoint

EXAMPLES = """
lam bench demo                                       1000 invocations, 8 callers
lam bench demo -n 50 -c 4 --cold                     each in an environment that never ran one
lam bench demo -e events/event.json --json
"""

REPORT = "REPORT RequestId: "
REPORTS_SECONDS = 2.0
"""The last REPORT comes a moment after its answer."""
_DURATION = re.compile(r"\tDuration: ([\d.]+) ms")
_INIT = re.compile(r"\tInit Duration: ([\d.]+) ms")


@dataclass(slots=True)
class Results:
    """What is known so far."""

    caller_ms: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    request_ids: set[str] = field(default_factory=set)
    seconds: float = 0.0
    is_interrupted: bool = False
    duration_ms: list[float] = field(default_factory=list)
    init_ms: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.caller_ms)

    def take(self, exchange: load.Exchange) -> None:
        if not exchange.was_sent:
            return
        self.caller_ms.append(exchange.seconds * 1000)
        if exchange.status == 0:
            self.errors["the connection broke"] += 1
        elif exchange.status != 200:
            self.errors[exchange.error_type or f"HTTP {exchange.status}"] += 1
        elif exchange.function_error is not None:
            self.errors["the function failed"] += 1
        if exchange.status == 200 and exchange.request_id is not None:
            self.request_ids.add(exchange.request_id)


def run(
    name: Annotated[str, typer.Argument(metavar="FUNCTION", help="The function.", show_default=False)],
    count: Annotated[
        int, typer.Option("--count", "-n", metavar="N", min=1, help="How many invocations.")
    ] = 1000,
    callers: Annotated[
        int, typer.Option("--callers", "-c", metavar="N", min=1, max=1000, help="How many at once.")
    ] = 8,
    cold: Annotated[bool, typer.Option("--cold", help="Force a cold start for each.")] = False,
    payload: Annotated[
        str | None,
        typer.Option(
            "--payload", metavar="EVENT", help="The event: JSON, file://F, fileb://F, @F, or - for stdin."
        ),
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", "-e", metavar="FILE", help="The file that holds the event.")
    ] = None,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    if not name:
        raise WrongUsage("the function's name is empty")
    body = read_payload(payload, event, is_base64=False)
    running = connect.running_service(connect.place_of(project))
    if name not in connect.function_names(running.endpoint):
        raise connect.not_found(running.endpoint, name, f"there is no function {name}")
    target = f"/2015-03-31/functions/{http.escape(name)}/invocations"
    message = load.message_of(target, {"X-Lam-Cold": "1"} if cold else {}, body)
    results = Results()
    since_ms = int(time.time() * 1000)
    began = time.monotonic()
    try:
        with render.activity(f"invoking {name}"):
            for exchange in load.exchanges(running.socket_path, itertools.repeat(message, count), callers):
                results.take(exchange)
    except KeyboardInterrupt:
        results.is_interrupted = True
    except http.NotConnected:
        results.errors["the service has ended"] += 1
    results.seconds = time.monotonic() - began
    with contextlib.suppress(http.HttpError):
        _read_reports(running.endpoint, name, since_ms, results)
    if json:
        render.output_json(_as_json(name, min(callers, count), cold, results))
    else:
        _show(name, min(callers, count), results)
    if results.is_interrupted:
        return INTERRUPTED
    return FAILURE if results.errors else SUCCESS


def _read_reports(endpoint: Endpoint, name: str, since_ms: int, results: Results) -> None:
    """From the log, afterwards: asking for each invocation's log would make its caller wait for it."""
    deadline = time.monotonic() + REPORTS_SECONDS
    while True:
        durations, inits = _reports(endpoint, name, since_ms, results.request_ids)
        if len(durations) >= len(results.request_ids) or time.monotonic() > deadline:
            results.duration_ms, results.init_ms = durations, inits
            return
        time.sleep(0.05)


def _reports(
    endpoint: Endpoint, name: str, since_ms: int, request_ids: set[str]
) -> tuple[list[float], list[float]]:
    durations, inits = [], []
    for line in local.log_lines(endpoint, function=name, since_ms=since_ms, text=REPORT):
        message = str(line["message"])
        words = message.split(None, 3)
        if not message.startswith(REPORT) or words[2] not in request_ids:
            continue
        if duration := _DURATION.search(message):
            durations.append(float(duration[1]))
        if init := _INIT.search(message):
            inits.append(float(init[1]))
    return durations, inits


# What is shown


def _rate(results: Results) -> float:
    return results.count / results.seconds if results.seconds else 0.0


def _as_json(name: str, callers: int, is_cold: bool, results: Results) -> dict[str, Any]:
    timed = {
        "caller_ms": results.caller_ms,
        "duration_ms": results.duration_ms,
        "init_ms": results.init_ms,
    }
    figures = {key: distribution_of(values) for key, values in timed.items()}
    return {
        "function": name,
        "invocations": results.count,
        "callers": callers,
        "cold": is_cold,
        "seconds": round(results.seconds, 3),
        "requests_per_second": round(_rate(results), 1),
        "errors": dict(results.errors),
        "is_interrupted": results.is_interrupted,
        **{key: None if figure is None else figure.as_json() for key, figure in figures.items()},
    }


def _show(name: str, callers: int, results: Results) -> None:
    many = "invocation" if results.count == 1 else "invocations"
    who = "caller" if callers == 1 else "callers"
    failed = sum(results.errors.values())
    render.output(
        f"{name}: {results.count} {many}, {callers} {who}, {results.seconds:.2f} s, "
        f"{_rate(results):.0f} requests/s, {failed} {'error' if failed == 1 else 'errors'}"
    )
    for error, count in results.errors.most_common():
        render.output_styled(f"  {count} × {error}", "red")
    rows = []
    for label, values in (
        ("as the caller sees it", results.caller_ms),
        ("Duration", results.duration_ms),
        ("Init Duration", results.init_ms),
    ):
        figures = distribution_of(values)
        if figures is not None:
            told = (figures.minimum, figures.p50, figures.p90, figures.p99, figures.maximum, figures.mean)
            rows.append((label, str(figures.count), *(f"{value:.2f}" for value in told)))
    if not rows:
        return
    render.output()
    render.output_table(("MS", "COUNT", "MIN", "P50", "P90", "P99", "MAX", "MEAN"), rows)
    render.output()
    bars = bars_of(results.caller_ms)
    render.output_bars(
        [(f"{'>' if bar.is_rest else ''}{bar.from_ms:.2f} ms", bar.count) for bar in bars],
    )
