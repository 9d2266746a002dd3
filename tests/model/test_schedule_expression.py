"""Schedule expressions: which there are, and the times at which each is due, counted out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from lambdacli.model.schedule_expression import (
    ScheduleExpressionError,
    ScheduleKind,
    due_times,
    parse_expression,
)

# Begins on a Thursday; Feb, Mar and Nov begin on a Sunday, May on a Friday, Aug on a Saturday.
NEW_YEAR = "2026-01-01T00:00"

RATES = [
    ("rate(1 minute)", NEW_YEAR, "2026-01-01T00:01 2026-01-01T00:02 2026-01-01T00:03"),
    ("rate(5 minutes)", "2026-01-01T00:03", "2026-01-01T00:05 2026-01-01T00:10 2026-01-01T00:15"),
    ("rate(30 minutes)", "2026-12-31T23:29", "2026-12-31T23:30 2027-01-01T00:00 2027-01-01T00:30"),
    ("rate(1 hour)", "2026-02-28T23:30", "2026-03-01T00:00 2026-03-01T01:00 2026-03-01T02:00"),
    ("rate(12 hours)", NEW_YEAR, "2026-01-01T12:00 2026-01-02T00:00 2026-01-02T12:00"),
    ("rate(1 day)", "2028-02-28T12:00", "2028-02-29T00:00 2028-03-01T00:00 2028-03-02T00:00"),
    # 1970 began on a Thursday.
    ("rate(7 days)", NEW_YEAR, "2026-01-08T00:00 2026-01-15T00:00 2026-01-22T00:00"),
]

EVERY_DAY = [
    ("cron(* * * * ? *)", NEW_YEAR, "2026-01-01T00:01 2026-01-01T00:02 2026-01-01T00:03"),
    ("cron(0 10 * * ? *)", NEW_YEAR, "2026-01-01T10:00 2026-01-02T10:00 2026-01-03T10:00"),
    ("cron(15 12 * * ? *)", NEW_YEAR, "2026-01-01T12:15 2026-01-02T12:15 2026-01-03T12:15"),
    ("cron(0/15 * * * ? *)", NEW_YEAR, "2026-01-01T00:15 2026-01-01T00:30 2026-01-01T00:45"),
    ("cron(*/20 * * * ? *)", NEW_YEAR, "2026-01-01T00:20 2026-01-01T00:40 2026-01-01T01:00"),
    ("cron(5/20 8 * * ? *)", NEW_YEAR, "2026-01-01T08:05 2026-01-01T08:25 2026-01-01T08:45"),
    ("cron(10-30/10 8 * * ? *)", NEW_YEAR, "2026-01-01T08:10 2026-01-01T08:20 2026-01-01T08:30"),
    ("cron(0,30 8,20 * * ? *)", NEW_YEAR, "2026-01-01T08:00 2026-01-01T08:30 2026-01-01T20:00"),
    ("cron(0 22-1 * * ? *)", NEW_YEAR, "2026-01-01T01:00 2026-01-01T22:00 2026-01-01T23:00"),
    ("cron(0 0/6 * * ? *)", NEW_YEAR, "2026-01-01T06:00 2026-01-01T12:00 2026-01-01T18:00"),
    ("cron(59 23 * * ? *)", NEW_YEAR, "2026-01-01T23:59 2026-01-02T23:59 2026-01-03T23:59"),
    ("cron(0  10  *  *  ?  *)", NEW_YEAR, "2026-01-01T10:00 2026-01-02T10:00 2026-01-03T10:00"),
]

DAYS_OF_MONTHS = [
    ("cron(0 8 1 * ? *)", NEW_YEAR, "2026-01-01T08:00 2026-02-01T08:00 2026-03-01T08:00"),
    ("cron(0 0 1 1 ? *)", NEW_YEAR, "2027-01-01T00:00 2028-01-01T00:00 2029-01-01T00:00"),
    ("cron(0 0 31 * ? *)", NEW_YEAR, "2026-01-31T00:00 2026-03-31T00:00 2026-05-31T00:00"),
    ("cron(0 0 30 * ? *)", NEW_YEAR, "2026-01-30T00:00 2026-03-30T00:00 2026-04-30T00:00"),
    ("cron(0 0 29 2 ? *)", NEW_YEAR, "2028-02-29T00:00 2032-02-29T00:00 2036-02-29T00:00"),
    ("cron(0 0 29 FEB ? 2090-2110)", NEW_YEAR, "2092-02-29T00:00 2096-02-29T00:00 2104-02-29T00:00"),
    ("cron(0 0 1,15 * ? *)", NEW_YEAR, "2026-01-15T00:00 2026-02-01T00:00 2026-02-15T00:00"),
    ("cron(0 0 10-12 6 ? *)", NEW_YEAR, "2026-06-10T00:00 2026-06-11T00:00 2026-06-12T00:00"),
    ("cron(0 0 1/10 * ? *)", NEW_YEAR, "2026-01-11T00:00 2026-01-21T00:00 2026-01-31T00:00"),
    ("cron(0 0 * 2 ? *)", "2027-02-27T00:00", "2027-02-28T00:00 2028-02-01T00:00 2028-02-02T00:00"),
    ("cron(0 0 L * ? *)", NEW_YEAR, "2026-01-31T00:00 2026-02-28T00:00 2026-03-31T00:00"),
    ("cron(0 0 L 2 ? *)", NEW_YEAR, "2026-02-28T00:00 2027-02-28T00:00 2028-02-29T00:00"),
    ("cron(30 23 L 4,6 ? *)", NEW_YEAR, "2026-04-30T23:30 2026-06-30T23:30 2027-04-30T23:30"),
]

WORKING_DAYS = [
    # The 3rd of January is a Saturday, that of May a Sunday, those of February and March are Tuesdays.
    ("cron(0 9 3W * ? *)", NEW_YEAR, "2026-01-02T09:00 2026-02-03T09:00 2026-03-03T09:00"),
    ("cron(0 9 3W 5 ? 2026)", NEW_YEAR, "2026-05-04T09:00"),
    # The first of a month stays in its month: Saturday the 1st becomes Monday the 3rd.
    ("cron(0 9 1W 8 ? 2026)", NEW_YEAR, "2026-08-03T09:00"),
    ("cron(0 9 1W 2,3,4 ? 2026)", NEW_YEAR, "2026-02-02T09:00 2026-03-02T09:00 2026-04-01T09:00"),
    # So does its last: Sunday the 31st of May becomes Friday the 29th.
    ("cron(0 9 31W 1,5 ? *)", NEW_YEAR, "2026-01-30T09:00 2026-05-29T09:00 2027-01-29T09:00"),
    ("cron(0 9 31W 3-6 ? 2026)", NEW_YEAR, "2026-03-31T09:00 2026-05-29T09:00"),
    ("cron(0 9 28W 2 ? *)", NEW_YEAR, "2026-02-27T09:00 2027-02-26T09:00 2028-02-28T09:00"),
    ("cron(0 9 15W 8,11 ? 2026)", NEW_YEAR, "2026-08-14T09:00 2026-11-16T09:00"),
    ("cron(0 9 LW * ? *)", NEW_YEAR, "2026-01-30T09:00 2026-02-27T09:00 2026-03-31T09:00"),
    ("cron(0 9 LW 5 ? *)", NEW_YEAR, "2026-05-29T09:00 2027-05-31T09:00 2028-05-31T09:00"),
]

DAYS_OF_WEEKS = [
    ("cron(0 0 ? * 1 *)", NEW_YEAR, "2026-01-04T00:00 2026-01-11T00:00 2026-01-18T00:00"),
    ("cron(0 0 ? * 7 *)", NEW_YEAR, "2026-01-03T00:00 2026-01-10T00:00 2026-01-17T00:00"),
    ("cron(0 18 ? * MON-FRI *)", NEW_YEAR, "2026-01-01T18:00 2026-01-02T18:00 2026-01-05T18:00"),
    ("cron(0 18 ? * 2-6 *)", NEW_YEAR, "2026-01-01T18:00 2026-01-02T18:00 2026-01-05T18:00"),
    ("cron(0 18 ? * FRI-MON *)", NEW_YEAR, "2026-01-02T18:00 2026-01-03T18:00 2026-01-04T18:00"),
    ("cron(0 0 ? * mon *)", NEW_YEAR, "2026-01-05T00:00 2026-01-12T00:00 2026-01-19T00:00"),
    ("cron(0 0 ? * TUE,THU *)", NEW_YEAR, "2026-01-06T00:00 2026-01-08T00:00 2026-01-13T00:00"),
    ("cron(0/30 9-10 ? * SUN *)", NEW_YEAR, "2026-01-04T09:00 2026-01-04T09:30 2026-01-04T10:00"),
    ("cron(0 0 ? * L *)", NEW_YEAR, "2026-01-03T00:00 2026-01-10T00:00 2026-01-17T00:00"),
    ("cron(0 0 ? * 6L *)", NEW_YEAR, "2026-01-30T00:00 2026-02-27T00:00 2026-03-27T00:00"),
    (
        "cron(15 10 ? * 6L 2022-2023)",
        "2022-01-01T00:00",
        "2022-01-28T10:15 2022-02-25T10:15 2022-03-25T10:15",
    ),
    ("cron(0 0 ? * FRIL *)", "2026-04-30T00:00", "2026-05-29T00:00 2026-06-26T00:00 2026-07-31T00:00"),
    ("cron(0 0 ? 2 1L *)", NEW_YEAR, "2026-02-22T00:00 2027-02-28T00:00 2028-02-27T00:00"),
    ("cron(0 0 ? * 6#3 *)", NEW_YEAR, "2026-01-16T00:00 2026-02-20T00:00 2026-03-20T00:00"),
    ("cron(0 0 ? * 2#1 *)", NEW_YEAR, "2026-01-05T00:00 2026-02-02T00:00 2026-03-02T00:00"),
    # Months with a fifth Friday.
    ("cron(0 0 ? * 6#5 *)", NEW_YEAR, "2026-01-30T00:00 2026-05-29T00:00 2026-07-31T00:00"),
    ("cron(0 0 ? * 1#5 *)", NEW_YEAR, "2026-03-29T00:00 2026-05-31T00:00 2026-08-30T00:00"),
    # Election day: what follows the first Monday of November is not always its first Tuesday.
    ("cron(0 0 ? NOV 3#1 *)", NEW_YEAR, "2026-11-03T00:00 2027-11-02T00:00 2028-11-07T00:00"),
]

MONTHS_AND_YEARS = [
    ("cron(0 0 1 JAN-MAR ? *)", NEW_YEAR, "2026-02-01T00:00 2026-03-01T00:00 2027-01-01T00:00"),
    ("cron(0 0 1 1/3 ? *)", NEW_YEAR, "2026-04-01T00:00 2026-07-01T00:00 2026-10-01T00:00"),
    ("cron(0 0 1 11-2 ? *)", NEW_YEAR, "2026-02-01T00:00 2026-11-01T00:00 2026-12-01T00:00"),
    ("cron(0 12 25 DEC ? 2026,2030)", NEW_YEAR, "2026-12-25T12:00 2030-12-25T12:00"),
    ("cron(0 12 25 12 ? 2026/10)", NEW_YEAR, "2026-12-25T12:00 2036-12-25T12:00 2046-12-25T12:00"),
    ("cron(0 12 25 12 ? 2198-2199)", NEW_YEAR, "2198-12-25T12:00 2199-12-25T12:00"),
    ("cron(0 12 25 12 ? 2025)", NEW_YEAR, ""),
    ("cron(0 0 30 2 ? *)", NEW_YEAR, ""),
    ("cron(59 23 31 12 ? *)", "2199-12-31T23:59", ""),
]

ALL = [*RATES, *EVERY_DAY, *DAYS_OF_MONTHS, *WORKING_DAYS, *DAYS_OF_WEEKS, *MONTHS_AND_YEARS]


@pytest.mark.parametrize(("text", "after", "expected"), ALL, ids=[each[0] for each in ALL])
def test_the_next_three_times_of_an_expression(text: str, after: str, expected: str) -> None:
    times = due_times(parse_expression(text, ScheduleKind.RULE), moment(after))
    assert list(islice(times, 3)) == [moment(each) for each in expected.split()]


ZONES = [
    # Central Europe: clocks leave 02:00 to 03:00 out on 2026-03-29, and show it twice on 2026-10-25.
    (
        "cron(30 9 * * ? *)",
        "Europe/Berlin",
        "2026-03-28T00:00",
        "2026-03-28T08:30 2026-03-29T07:30 2026-03-30T07:30",
    ),
    (
        "cron(30 2 * * ? *)",
        "Europe/Berlin",
        "2026-03-28T00:00",
        "2026-03-28T01:30 2026-03-30T00:30 2026-03-31T00:30",
    ),
    (
        "cron(30 2 * * ? *)",
        "Europe/Berlin",
        "2026-10-24T12:00",
        "2026-10-25T00:30 2026-10-26T01:30 2026-10-27T01:30",
    ),
    (
        "cron(30 2 * * ? *)",
        "Europe/Berlin",
        "2026-10-25T00:45",
        "2026-10-26T01:30 2026-10-27T01:30 2026-10-28T01:30",
    ),
    (
        "cron(0/30 2-3 ? * SUN *)",
        "Europe/Berlin",
        "2026-10-25T00:10",
        "2026-10-25T00:30 2026-10-25T02:00 2026-10-25T02:30",
    ),
    (
        "cron(0 * * * ? *)",
        "Europe/Berlin",
        "2026-03-29T00:30",
        "2026-03-29T01:00 2026-03-29T02:00 2026-03-29T03:00",
    ),
    (
        "cron(30 2 * * ? *)",
        "America/New_York",
        "2026-03-07T12:00",
        "2026-03-09T06:30 2026-03-10T06:30 2026-03-11T06:30",
    ),
    ("cron(0 0 1 * ? *)", "Asia/Kolkata", NEW_YEAR, "2026-01-31T18:30 2026-02-28T18:30 2026-03-31T18:30"),
    (
        "cron(0 0 ? * MON *)",
        "Pacific/Auckland",
        NEW_YEAR,
        "2026-01-04T11:00 2026-01-11T11:00 2026-01-18T11:00",
    ),
    (
        "rate(1 day)",
        "Europe/Berlin",
        "2026-03-28T12:00",
        "2026-03-29T00:00 2026-03-30T00:00 2026-03-31T00:00",
    ),
    ("at(2026-07-01T12:00:00)", "Europe/Berlin", NEW_YEAR, "2026-07-01T10:00"),
    ("at(2026-07-01T12:00:00)", "Europe/Berlin", "2026-07-01T10:00", ""),
    ("at(2026-03-29T02:30:00)", "Europe/Berlin", NEW_YEAR, ""),
    ("at(2026-10-25T02:30:00)", "Europe/Berlin", NEW_YEAR, "2026-10-25T00:30"),
]


@pytest.mark.parametrize(
    ("text", "zone", "after", "expected"), ZONES, ids=[f"{each[0]} {each[1]} {each[2]}" for each in ZONES]
)
def test_times_of_a_zone_that_clocks_leave_out_are_skipped_and_those_shown_twice_happen_once(
    text: str, zone: str, after: str, expected: str
) -> None:
    times = due_times(parse_expression(text, ScheduleKind.SCHEDULER), moment(after), ZoneInfo(zone))
    assert list(islice(times, 3)) == [moment(each) for each in expected.split()]


def test_a_rate_with_a_begin_is_counted_from_there() -> None:
    begin = moment("2026-01-01T00:07")
    rate = parse_expression("rate(10 minutes)", ScheduleKind.SCHEDULER)
    first = next(due_times(rate, moment("2025-06-01T00:00"), UTC, begin))
    later = next(due_times(rate, moment("2026-01-01T00:30"), UTC, begin))
    assert (first, later) == (begin, moment("2026-01-01T00:37"))


def test_a_rate_longer_than_there_are_dates_is_never_due_again() -> None:
    rate = parse_expression("rate(999999999 days)", ScheduleKind.RULE)
    assert list(due_times(rate, moment(NEW_YEAR))) == []


def test_scheduler_takes_both_numbers_of_a_unit() -> None:
    for text in ("rate(1 minutes)", "rate(5 minute)"):
        parse_expression(text, ScheduleKind.SCHEDULER)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must be rate(…) or cron(…)"),
        ("5 minutes", "must be rate(…) or cron(…)"),
        ("rate(0 minutes)", "has 0 as its value"),
        ("rate(-1 minutes)", "must be a number and"),
        ("rate(1.5 hours)", "must be a number and"),
        ("rate(1 minutes)", "must be written rate(1 minute)"),
        ("rate(5 minute)", "must be written rate(5 minutes)"),
        ("rate(30 seconds)", "must be a number and"),
        ("rate(5minutes)", "must be a number and"),
        ("Rate(5 minutes)", "must be rate(…) or cron(…)"),
        ("rate(5 minutes) ", "must be a number and"),
        ("at(2026-01-01T00:00:00)", "is for EventBridge Scheduler"),
        ("cron(0 12 * * *)", "has 5 fields"),
        ("cron(0 0 12 * * ? *)", "has 7 fields"),
        ("cron()", "has 0 fields"),
        ("cron(0 12 * * * *)", "must have ? either"),
        ("cron(0 12 ? * ? *)", "must have ? either"),
        ("cron(0 12 1 * 2 *)", "must have ? either"),
        ("cron(60 12 * * ? *)", "has 60 as minutes, which is 0 to 59"),
        ("cron(0 24 * * ? *)", "has 24 as hours"),
        ("cron(0 0 0 * ? *)", "has 0 as day of month"),
        ("cron(0 0 32 * ? *)", "has 32 as day of month"),
        ("cron(0 0 1 13 ? *)", "has 13 as month"),
        ("cron(0 0 1 JUNE ? *)", "has JUNE as month, which is 1 to 12 or JAN to DEC"),
        ("cron(0 0 ? * 0 *)", "has 0 as day of week, which is 1 to 7 or SUN to SAT"),
        ("cron(0 0 ? * 8 *)", "has 8 as day of week"),
        ("cron(0 0 ? * MON/2 *)", "has MON/2 as day of week"),
        ("cron(0 0 ? * 6#6 *)", "has 6#6 as day of week"),
        ("cron(0 0 ? * 3#1,6#3 *)", "# is followed by 1 to 5, and stands alone"),
        ("cron(0 0 ? * 2,6L *)", "as day of week"),
        ("cron(0 0 1,15W * ? *)", "as day of month"),
        ("cron(0 0 L-3 * ? *)", "as day of month"),
        ("cron(0/60 * * * ? *)", "has 0/60 as minutes"),
        ("cron(0/0 * * * ? *)", "has 0/0 as minutes"),
        ("cron(0, * * * ? *)", "has nothing as minutes"),
        ("cron(0 0 1 1 ? 1969)", "has 1969 as year"),
        ("cron(0 0 1 1 ? 2200)", "has 2200 as year"),
        ("cron(0 0 1 1 ? 2030-2026)", "has 2030-2026 as year"),
    ],
)
def test_a_rule_refuses_an_expression_as_aws_words_it(text: str, why: str) -> None:
    with pytest.raises(ScheduleExpressionError) as refused:
        parse_expression(text, ScheduleKind.RULE)
    assert refused.value.message == "Parameter ScheduleExpression is not valid."
    assert why in refused.value.why


@pytest.mark.parametrize(
    "text",
    ["at(2026-02-30T00:00:00)", "at(2026-01-01)", "at(2026-01-01 00:00:00)", "at(2026-01-01T00:00:00Z)"],
)
def test_scheduler_refuses_a_time_that_is_none(text: str) -> None:
    with pytest.raises(ScheduleExpressionError, match="Invalid Schedule Expression at"):
        parse_expression(text, ScheduleKind.SCHEDULER)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
