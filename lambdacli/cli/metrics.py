"""`lam metrics NAME`: what was counted of a function, minute by minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError
from lambdacli.cli.logs import parse_since
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.client import local
from lambdacli.model.metric import Metric

EXAMPLES = """
lam metrics demo                                     the last hour, a column a minute
lam metrics demo --since 1d                          the last day
lam metrics demo --qualifier 3                       one version
lam metrics demo --json                              each minute's figures
"""

WIDEST = 60
"""Columns of a line of bars."""
SHOWN_ALWAYS = (Metric.INVOCATIONS, Metric.ERRORS, Metric.THROTTLES)


@dataclass(frozen=True, slots=True)
class Minute:
    """A metric's figures in one minute, or in several."""

    total: float
    count: int
    least: float
    most: float


def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The function.", show_default=False)],
    since: Annotated[
        str,
        typer.Option("--since", metavar="TIME", help="10m (s, m, h, d, w), or a date and time as ISO 8601."),
    ] = "1h",
    qualifier: Annotated[
        str | None, typer.Option("--qualifier", metavar="VERSION", help="Only this version.")
    ] = None,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    endpoint = connect.running_service(connect.place_of(project)).endpoint
    since_ms = parse_since(since, datetime.now().astimezone())
    told = local.metrics(endpoint, name, max(0, since_ms))
    points = [each for each in told["points"] if qualifier in (None, each["version"])]
    if not points and name not in connect.function_names(endpoint):
        raise connect.not_found(endpoint, name, f"there is no function {name}, and no figures of one")
    versions = sorted({str(each["version"]) for each in told["points"]})
    if not points and qualifier is not None and versions:
        raise CommandError(f"nothing was counted of version {qualifier}", f"there is: {', '.join(versions)}")
    if json:
        render.output_json({**told, "points": points})
    elif not points:
        render.say("nothing was counted in this time")
    else:
        first, last = _minute(told["since"]), _minute(told["until"])
        first = max(first, min(_minute(each["minute"]) for each in points))
        first = min(first, last - WIDEST + 1) if last - first < WIDEST else first
        render.output_sparklines(rows(points, first, last))
        render.note(_caption(first, last))
    return 0


def rows(points: Sequence[dict[str, Any]], first: int, last: int) -> list[tuple[str, str, list[float]]]:
    """Name, figure and columns of each metric that was counted, and of those that everybody looks for."""
    found = []
    for metric in Metric:
        of_metric = [each for each in points if each["metric"] == metric]
        if of_metric or metric in SHOWN_ALWAYS:
            columns = _columns(of_metric, first, last)
            whole = joined([column for column in columns if column is not None])
            shown, drawn = _SHOWN.get(metric, (_sum_text, _sum))
            found.append(
                (str(metric), shown(whole), [0.0 if each is None else drawn(each) for each in columns])
            )
    return found


def joined(minutes: Sequence[Minute]) -> Minute:
    return Minute(
        sum(each.total for each in minutes),
        sum(each.count for each in minutes),
        min((each.least for each in minutes), default=0.0),
        max((each.most for each in minutes), default=0.0),
    )


def _columns(points: Sequence[dict[str, Any]], first: int, last: int) -> list[Minute | None]:
    """As many as fit; each holds the same number of minutes."""
    width = minutes_per_column(first, last)
    gathered: list[list[Minute]] = [[] for _ in range(-(-(last - first + 1) // width))]
    for each in points:
        # Counted while it was asked: a minute later than the service said.
        index = min((_minute(each["minute"]) - first) // width, len(gathered) - 1)
        gathered[index].append(Minute(each["sum"], each["count"], each["minimum"], each["maximum"]))
    return [joined(column) if column else None for column in gathered]


def minutes_per_column(first: int, last: int) -> int:
    return -(-(last - first + 1) // WIDEST)


def _caption(first: int, last: int) -> str:
    width = minutes_per_column(first, last)
    begin = datetime.fromtimestamp(first * 60).astimezone()
    span = "a minute" if width == 1 else f"{width} minutes"
    return f"a column is {span}; the first is {begin:%Y-%m-%d %H:%M}"


def _minute(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) // 60


def _sum(minute: Minute) -> float:
    return minute.total


def _most(minute: Minute) -> float:
    return minute.most


def _average(minute: Minute) -> float:
    return minute.total / minute.count if minute.count else 0.0


def _sum_text(whole: Minute) -> str:
    return f"{whole.total:g}"


def _most_text(whole: Minute) -> str:
    return f"{whole.most:g} at most"


def _milliseconds_text(whole: Minute) -> str:
    return f"{_average(whole):.2f} ms on average, {whole.least:.2f} to {whole.most:.2f}"


_SHOWN: dict[Metric, tuple[Callable[[Minute], str], Callable[[Minute], float]]] = {
    Metric.DURATION: (_milliseconds_text, _average),
    Metric.ASYNC_EVENT_AGE: (_milliseconds_text, _average),
    Metric.URL_REQUEST_LATENCY: (_milliseconds_text, _average),
    Metric.CONCURRENT_EXECUTIONS: (_most_text, _most),
}
"""How the figure is told, and what of a column is drawn; the others are sums."""
