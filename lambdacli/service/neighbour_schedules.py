"""Schedules that were made over the APIs of the neighbour services, as these tell of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lambdacli.model.arn import FunctionKey, parse_function_reference
from lambdacli.model.schedule import BadScheduleError, Origin, Schedule
from lambdacli.model.schedule_expression import ScheduleKind
from lambdacli.model.schedule_members import schedule_of
from lambdacli.wire.http import Request, Response

logger = logging.getLogger("lam.neighbours")

Take = Callable[[Iterable[Origin], Iterable[Schedule]], None]


class NeighbourSchedules:
    def __init__(self, take: Take) -> None:
        self._take = take
        self._refused: set[str] = set()

    async def answer(self, request: Request) -> Response:
        """All there are, at each change: what is not among them is gone."""
        told = json.loads(request.body)
        found = [schedule for each in told for schedule in self._read(each)]
        self._take((Origin.NEIGHBOURS,), found)
        return Response(200, {"Content-Type": "application/json"}, b"{}")

    def _read(self, told: Mapping[str, Any]) -> Iterable[Schedule]:
        """moto takes expressions that AWS refuses; each is told once."""
        try:
            yield schedule_of(
                ScheduleKind(told["kind"]),
                told["name"],
                told["arn"],
                _called(told["target"]["Arn"]),
                told["members"],
                told["target"],
                Origin.NEIGHBOURS,
            )
        except (BadScheduleError, ValueError) as error:
            line = f"{told['arn']} does not fire: {_why(error)}"
            if line not in self._refused:
                self._refused.add(line)
                logger.warning("%s", line)


def _called(arn: str) -> tuple[FunctionKey, str | None]:
    named = parse_function_reference(arn)
    if named.account is None or named.region is None:
        raise ValueError(f"{arn} is not the whole ARN of a function")
    return FunctionKey(named.account, named.region, named.name), named.qualifier


def _why(error: Exception) -> str:
    if isinstance(error, BadScheduleError):
        return " ".join(filter(None, (error.message, error.why)))
    return str(error)
