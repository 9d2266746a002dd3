"""What an invocation gets when it comes, and what is told of one that is stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdacli.engine.arrivals import Arrivals
from lambdacli.engine.recursion import mark_of
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import RecursiveInvocationException
from lambdacli.model.function import FolderCode, Function, Logging, Origin
from lambdacli.model.metric import MetricPoint
from lambdacli.model.outcome import Invocation
from lambdacli.model.recursion import Recursion
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.kinds import RECURSION
from lambdacli.store.settings import SettingStore
from lambdacli.telemetry.logs import LogBook, LogEvent, LogQuery
from lambdacli.telemetry.metrics import Metrics

KEY = FunctionKey("000000000000", "us-east-1", "f")
FUNCTION = Function(
    key=KEY,
    runtime="python3.13",
    handler="app.handler",
    role="arn:aws:iam::000000000000:role/lam",
    code=FolderCode(Path("/code")),
    origin=Origin.PROJECT,
    revision_id="1",
    last_modified=datetime(2026, 1, 2, tzinfo=UTC),
)
ROOT = "Root=1-67f6cc3c-2501b4910e004349426d8006"
LAST = f"{ROOT};Lineage=17:{mark_of(KEY)}:16"
"""As the seventeenth invocation of a loop comes."""


class House:
    def __init__(self, folder: Path) -> None:
        connection = open_database(folder / "lam.db")
        FunctionStore(connection).put(FUNCTION)
        self.settings = SettingStore(connection)
        self.folder = folder / "logs"
        self.logs = LogBook(self.folder)
        self.written: list[MetricPoint] = []
        self.metrics = Metrics(self.written.extend)
        self.arrivals = Arrivals(self.settings, self.logs, self.metrics)

    def comes(self, trace_header: str | None, function: Function = FUNCTION) -> Invocation:
        return self.arrivals.let_in(function, Invocation("r1", KEY.arn, b"{}", "{}", trace_header, True))

    def counted(self) -> list[tuple[str, float]]:
        self.metrics.flush()
        return [(str(each.metric), each.statistics.total) for each in self.written]

    def lines(self) -> list[LogEvent]:
        return list(self.logs.read(LogQuery(KEY.account, KEY.region)))


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.mark.parametrize(
    ("came_with", "gets"),
    [
        (None, f"Lineage=1:{mark_of(KEY)}:0"),
        (ROOT, f"{ROOT};Lineage=1:{mark_of(KEY)}:0"),
        (f"{ROOT};Lineage=1:{mark_of(KEY)}:0", f"{ROOT};Lineage=2:{mark_of(KEY)}:1"),
        (f"{ROOT};Lineage=1:00000000:0", f"{ROOT};Lineage=2:{mark_of(KEY)}:0"),
        (f"{ROOT};Lineage=3:00000000:2", f"{ROOT};Lineage=4:00000000:2"),
        (f"{ROOT};Lineage=nonsense", f"{ROOT};Lineage=1:{mark_of(KEY)}:0"),
    ],
)
def test_a_function_gets_the_header_that_it_hands_on(house, came_with, gets):
    invocation = house.comes(came_with)
    assert invocation == Invocation("r1", KEY.arn, b"{}", "{}", gets, True)
    assert (house.counted(), house.lines()) == ([], [])


def test_a_stopped_invocation_is_counted_and_told_in_both_logs(house, caplog):
    with pytest.raises(RecursiveInvocationException):
        house.comes(LAST)
    assert house.counted() == [("RecursiveInvocationsDropped", 1)]
    [line] = house.lines()
    told = "recursive loop: arn:aws:lambda:us-east-1:000000000000:function:f was invoked 16 times"
    assert line.message.startswith(f"RequestId: r1 Stopped: {told}")
    assert (line.group, line.stream.partition("[")[2]) == ("/aws/lambda/f", "$LATEST]recursive-loops")
    assert f"r1 is stopped: {told}" in caplog.text


def test_what_was_stopped_in_one_day_stands_in_one_stream(house):
    for _ in range(3):
        with pytest.raises(RecursiveInvocationException):
            house.comes(LAST)
    assert len({line.stream for line in house.lines()}) == 1
    assert len(house.lines()) == 3


def test_a_group_of_another_name_has_the_line_with_the_functions_name(house):
    with pytest.raises(RecursiveInvocationException):
        house.comes(LAST, replace(FUNCTION, version="3", logging=Logging(group="/all")))
    [line] = house.lines()
    assert (line.group, line.function) == ("/all", "f")
    assert line.stream.endswith("/f[3]recursive-loops")


def test_a_log_that_cannot_be_written_changes_nothing(house, caplog):
    house.folder.write_text("no folder")
    with pytest.raises(RecursiveInvocationException):
        house.comes(LAST)
    assert "the log of f could not be written" in caplog.text


def test_what_is_allowed_goes_on_uncounted(house):
    house.settings.put(RECURSION, KEY, Recursion("Allow"))
    assert house.comes(LAST).trace_id == LAST
    assert (house.counted(), house.lines()) == ([], [])
