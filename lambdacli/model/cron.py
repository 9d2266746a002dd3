"""Cron expressions as EventBridge reads them, and the minutes at which they are due. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from lambdacli.model.record import record

# Not those of `calendar`, which speak the machine's language.
_MONTHS = {
    **{"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6},
    **{"JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12},
}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_NO_NAMES: Mapping[str, int] = {}
_SATURDAY = 7
LAST_YEAR = 2199


class CronError(ValueError):
    """What is wrong with an expression, in words that follow its name."""


@record
class _Field:
    name: str
    minimum: int
    maximum: int
    names: Mapping[str, int]
    has_steps: bool = True
    may_wrap: bool = True


_MINUTES = _Field("minutes", 0, 59, _NO_NAMES)
_HOURS = _Field("hours", 0, 23, _NO_NAMES)
_DAYS_OF_MONTH = _Field("day of month", 1, 31, _NO_NAMES)
_MONTH = _Field("month", 1, 12, _MONTHS)
_DAYS_OF_WEEK = _Field("day of week", 1, 7, _DAYS, has_steps=False)
_YEARS = _Field("year", 1970, LAST_YEAR, _NO_NAMES, may_wrap=False)


@record
class _EachDay:
    """By its number in the month."""

    numbers: frozenset[int]

    def days(self, year: int, month: int) -> Iterator[int]:
        yield from sorted(each for each in self.numbers if each <= _length(year, month))


@record
class _LastDay:
    def days(self, year: int, month: int) -> Iterator[int]:
        yield _length(year, month)


@record
class _NearestWorkingDay:
    """To the day with this number, within the month; None: to its last one."""

    number: int | None

    def days(self, year: int, month: int) -> Iterator[int]:
        length = _length(year, month)
        day = length if self.number is None else self.number
        if day > length:
            return
        weekday = _weekday(year, month, day)
        if weekday == _SATURDAY:
            # Of the first of a month, or of what stands for its last, the other side is another month.
            day += -1 if day > 1 else 2
        elif weekday == 1:
            day += 1 if day < length else -2
        yield day


@record
class _EachWeekday:
    """1 is Sunday."""

    numbers: frozenset[int]

    def days(self, year: int, month: int) -> Iterator[int]:
        for day in range(1, _length(year, month) + 1):
            if _weekday(year, month, day) in self.numbers:
                yield day


@record
class _LastWeekday:
    number: int

    def days(self, year: int, month: int) -> Iterator[int]:
        length = _length(year, month)
        yield length - (_weekday(year, month, length) - self.number) % 7


@record
class _NthWeekday:
    number: int
    nth: int

    def days(self, year: int, month: int) -> Iterator[int]:
        day = 1 + (self.number - _weekday(year, month, 1)) % 7 + 7 * (self.nth - 1)
        if day <= _length(year, month):
            yield day


_DayRule = _EachDay | _LastDay | _NearestWorkingDay | _EachWeekday | _LastWeekday | _NthWeekday


@record
class Cron:
    """Minutes of a wall clock, wherever that hangs."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: _DayRule
    months: tuple[int, ...]
    years: tuple[int, ...]

    def from_minute(self, first: datetime) -> Iterator[datetime]:
        """Those that are due from this wall time on, which is of full minutes and has no zone."""
        for year in self.years:
            if year < first.year:
                continue
            for month in self.months:
                if (year, month) < (first.year, first.month):
                    continue
                for day in self.days.days(year, month):
                    if (year, month, day) >= (first.year, first.month, first.day):
                        yield from self._of_day(datetime(year, month, day), first)

    def _of_day(self, day: datetime, first: datetime) -> Iterator[datetime]:
        for hour in self.hours:
            for minute in self.minutes:
                moment = day + timedelta(hours=hour, minutes=minute)
                if moment >= first:
                    yield moment


def parse_cron(text: str) -> Cron:
    """What stands between the brackets of `cron(…)`. A CronError says which field is wrong."""
    fields = text.split()
    if len(fields) != 6:
        raise CronError(
            f"has {len(fields)} fields: minutes, hours, day of month, month, day of week and year are six"
        )
    minutes, hours, day_of_month, month, day_of_week, year = (each.upper() for each in fields)
    return Cron(
        _numbers(minutes, _MINUTES),
        _numbers(hours, _HOURS),
        _days(day_of_month, day_of_week),
        _numbers(month, _MONTH),
        _numbers(year, _YEARS),
    )


def _days(of_month: str, of_week: str) -> _DayRule:
    if (of_month == "?") == (of_week == "?"):
        raise CronError("must have ? either as day of month or as day of week, and not as both")
    return _day_of_month(of_month) if of_week == "?" else _day_of_week(of_week)


def _day_of_month(text: str) -> _DayRule:
    if text == "L":
        return _LastDay()
    if text == "LW":
        return _NearestWorkingDay(None)
    if text.endswith("W"):
        return _NearestWorkingDay(_number(text[:-1], _DAYS_OF_MONTH))
    return _EachDay(frozenset(_numbers(text, _DAYS_OF_MONTH)))


def _day_of_week(text: str) -> _DayRule:
    if text == "L":
        return _EachWeekday(frozenset({_SATURDAY}))
    if "#" in text:
        day, _, nth = text.partition("#")
        if nth not in ("1", "2", "3", "4", "5"):
            raise CronError(f"has {text} as day of week: # is followed by 1 to 5, and stands alone")
        return _NthWeekday(_number(day, _DAYS_OF_WEEK), int(nth))
    if text.endswith("L"):
        return _LastWeekday(_number(text[:-1], _DAYS_OF_WEEK))
    return _EachWeekday(frozenset(_numbers(text, _DAYS_OF_WEEK)))


def _numbers(text: str, field: _Field) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        found.update(_part(part, field))
    return tuple(sorted(found))


def _part(text: str, field: _Field) -> Iterator[int]:
    span, slash, step_text = text.partition("/")
    step = 1
    if slash:
        step = int(step_text) if re.fullmatch(r"[0-9]{1,4}", step_text) else 0
        if not field.has_steps or not 1 <= step <= field.maximum:
            raise _wrong(text, field)
    if span == "*":
        first, last = field.minimum, field.maximum
    elif "-" in span:
        begin, _, end = span.partition("-")
        first, last = _number(begin, field), _number(end, field)
    else:
        first = _number(span, field)
        last = field.maximum if slash else first
    if first <= last:
        yield from range(first, last + 1, step)
        return
    if not field.may_wrap:
        raise _wrong(text, field)
    size = field.maximum - field.minimum + 1
    for each in range(first, last + size + 1, step):
        yield field.minimum + (each - field.minimum) % size


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names[text]
    if re.fullmatch(r"[0-9]{1,4}", text) and field.minimum <= int(text) <= field.maximum:
        return int(text)
    raise _wrong(text, field)


def _wrong(text: str, field: _Field) -> CronError:
    names = f" or {next(iter(field.names))} to {list(field.names)[-1]}" if field.names else ""
    shown = text or "nothing"
    return CronError(f"has {shown} as {field.name}, which is {field.minimum} to {field.maximum}{names}")


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _weekday(year: int, month: int, day: int) -> int:
    """1 is Sunday, 7 is Saturday."""
    return (calendar.weekday(year, month, day) + 1) % 7 + 1
