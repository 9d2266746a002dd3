"""How long a client waits for a function: its build is no time of the function's."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from lambdacli.model.errors import ServiceException
from lambdacli.model.function import Debugging, State
from lambdacli.model.outcome import InvokeAnswer, Outcome
from lambdacli.triggers.gatekeeper import Refused
from lambdacli.triggers.named_functions import NamedFunctions

OUTCOME = Outcome(b"1", "$LATEST")


class Scripted:
    """An invoker whose builds and runs take their time, or fail."""

    def __init__(self, build_seconds: float, run_seconds: float, failure: Exception | None = None) -> None:
        self.build_seconds = build_seconds
        self.run_seconds = run_seconds
        self.failure = failure

    async def _build(self) -> None:
        await asyncio.sleep(self.build_seconds)
        if self.failure is not None:
            raise self.failure

    def readiness(self, function: object) -> Any:
        return self._build()

    async def invoke(self, function: object, invocation: object, *, want_log_tail: bool) -> InvokeAnswer:
        await asyncio.sleep(self.run_seconds)
        return InvokeAnswer(OUTCOME)


@pytest.mark.parametrize(
    ("case", "invoker", "debugging", "told"),
    [
        ("a build is waited for", Scripted(0.1, 0), None, OUTCOME),
        ("the function has its own time", Scripted(0, 1), None, TimeoutError),
        ("a breakpoint is waited for", Scripted(0, 0.1), Debugging(), OUTCOME),
        ("a failed build is told once", Scripted(0, 0, ServiceException("npm")), None, Refused),
    ],
)
def test_patience(case: str, invoker: Any, debugging: Debugging | None, told: Any) -> None:
    function = SimpleNamespace(key=SimpleNamespace(arn="arn"), state=State.ACTIVE, debugging=debugging)
    callees: Any = SimpleNamespace(function=lambda key, qualifier: function)

    async def ask() -> object:
        try:
            return await NamedFunctions(callees, invoker, lambda: "id").outcome_of("f", b"{}", 0.05)
        except (TimeoutError, Refused) as error:
            return type(error)

    assert asyncio.run(ask()) == told
