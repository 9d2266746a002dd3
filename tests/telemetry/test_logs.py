"""Log streams: written once, read by time, text and invocation, followed live."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from pathlib import Path

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.telemetry.logs import FOLLOWER_BACKLOG, LogBook, LogEvent, LogQuery

KEY = FunctionKey("000000000000", "us-east-1", "f")
OTHER = FunctionKey("000000000000", "us-east-1", "g")
GROUP = "/aws/lambda/f"


@pytest.fixture
def book(tmp_path: Path) -> LogBook:
    return LogBook(tmp_path)


def query(**more: object) -> LogQuery:
    return LogQuery(KEY.account, KEY.region, **{"function": "f", **more})  # type: ignore[arg-type]


def messages(events: list[LogEvent]) -> list[str]:
    return [event.message for event in events]


def write(
    book: LogBook, *rows: tuple[int, str], stream: str = "2026/01/02/[$LATEST]a", key: FunctionKey = KEY
) -> None:
    opened = book.open_stream(key, f"/aws/lambda/{key.name}", stream)
    for moment, message in rows:
        opened.write(message, moment)
    opened.close()


def invocation(request_id: str, *lines: str, begin: int = 0) -> list[tuple[int, str]]:
    texts = [
        f"START RequestId: {request_id} Version: $LATEST\n",
        *lines,
        f"END RequestId: {request_id}\n",
        f"REPORT RequestId: {request_id}\tDuration: 1.00 ms\t\n",
    ]
    return [(begin + number, text) for number, text in enumerate(texts)]


def test_events_of_all_streams_in_the_order_of_time(book: LogBook) -> None:
    write(book, (1, "a"), (4, "d"))
    write(book, (2, "b"), (3, "c"), stream="2026/01/02/[$LATEST]b")
    write(book, (2, "of another"), key=OTHER)
    events = book.read(query())
    assert messages(events) == ["a", "b", "c", "d"]
    assert events[1] == LogEvent(2, GROUP, "2026/01/02/[$LATEST]b", "b")
    assert events[0].function == "f"
    assert messages(book.read(query(function=None))) == ["a", "b", "of another", "c", "d"]
    assert book.read(LogQuery("111111111111", "us-east-1")) == []
    assert book.read(LogQuery("000000000000", "eu-west-1")) == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"since_ms": 2}, ["two", "three"]),
        ({"since_ms": 4}, []),
        ({"text": "t"}, ["two", "three"]),
        ({"text": "t", "since_ms": 3}, ["three"]),
        ({"limit": 2}, ["two", "three"]),
        ({"limit": 1, "text": "o"}, ["two"]),
        ({"limit": 0}, []),
        ({"limit": 9}, ["one", "two", "three"]),
    ],
)
def test_questions(book: LogBook, asked: dict[str, object], expected: list[str]) -> None:
    write(book, (1, "one"), (2, "two"), (3, "three"))
    assert messages(book.read(query(**asked))) == expected


@pytest.mark.parametrize(
    "message", ["", "two\nlines\n", 'tab\tand \\ and "', "é \u2028 \U0001f600", "\x00\x1b[31m", "\r"]
)
def test_every_text_comes_back_as_it_was(book: LogBook, message: str) -> None:
    write(book, (1, message), (2, "next"))
    assert messages(book.read(query())) == [message, "next"]


def test_half_a_character_is_replaced_and_hides_nothing(book: LogBook) -> None:
    write(book, (1, "half \ud800 \udcff"), (2, "next"))
    assert messages(book.read(query())) == ["half ? ?", "next"]


def test_an_event_is_in_its_file_when_it_was_written(book: LogBook, tmp_path: Path) -> None:
    stream = book.open_stream(KEY, GROUP, "s")
    stream.write("now")
    (file,) = tmp_path.rglob("*.ndjson")
    assert json.loads(file.read_text())["m"] == "now"
    stream.close()


def test_a_line_that_is_being_written_is_not_read_yet(book: LogBook, tmp_path: Path) -> None:
    write(book, (1, "whole"))
    (file,) = tmp_path.rglob("*.ndjson")
    with file.open("a") as half:
        half.write('{"t": 2, "m": "ha')
    assert messages(book.read(query())) == ["whole"]
    with file.open("a") as rest:
        rest.write('lf"}\n')
    assert messages(book.read(query())) == ["whole", "half"]


def test_a_line_that_a_full_disk_cut_off_hides_only_itself(book: LogBook, tmp_path: Path) -> None:
    write(book, (1, "before"))
    (file,) = tmp_path.rglob("*.ndjson")
    with file.open("a") as half:
        half.write('{"t": 2, "m": "ha{"t": 3, "m": "lost too"}\n')
    write(book, (4, "after"))
    assert messages(book.read(query())) == ["before", "after"]


# One invocation


def test_an_invocation_begins_where_the_former_one_ended(book: LogBook) -> None:
    write(
        book,
        (0, "INIT_START\n"),
        *invocation("r1", "one\n", begin=1),
        (10, "in between\n"),
        *invocation("r2", "two\n", begin=11),
        *invocation("r3", begin=21),
    )
    write(book, *invocation("r9", begin=50), stream="other")
    first = messages(book.read(query(request_id="r1")))
    assert [first[0], first[2], len(first)] == ["INIT_START\n", "one\n", 5]
    second = messages(book.read(query(request_id="r2")))
    assert (second[0], second[-1][:19]) == ("in between\n", "REPORT RequestId: r")
    assert len(second) == 5
    assert len(book.read(query(request_id="r9"))) == 3
    assert book.read(query(request_id="r9", function="g")) == []
    assert book.read(query(request_id="r")) == []
    assert book.read(query(request_id='"}')) == []


def test_an_invocation_that_runs_yet(book: LogBook) -> None:
    write(book, *invocation("r1"), *invocation("r2", "so far\n", begin=5)[:2])
    assert messages(book.read(query(request_id="r2"))) == [
        "START RequestId: r2 Version: $LATEST\n",
        "so far\n",
    ]


def test_what_a_function_prints_is_not_taken_for_the_platforms_line(book: LogBook) -> None:
    write(
        book,
        *invocation("r1", 'it said "m": "START RequestId: r2 "\n', "and REPORT RequestId: r1\n"),
        *invocation("r2", begin=9),
    )
    assert len(book.read(query(request_id="r1"))) == 5
    assert len(book.read(query(request_id="r2"))) == 3


def test_looking_for_an_invocation_holds_no_whole_file_in_memory(book: LogBook) -> None:
    line = "x" * 1000 + "\n"
    write(book, *invocation("r1", *[line] * 10_000), *invocation("r2", begin=20_000))
    for number in range(5):
        write(book, *[(30_000, line)] * 500, stream=f"other {number}")
    tracemalloc.start()
    try:
        found = book.read(query(request_id="r2"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) == 3
    assert peak < 1_000_000


# Following


def follow(book: LogBook, asked: LogQuery, *rows: tuple[str, FunctionKey]) -> list[str | None]:
    async def run() -> list[str | None]:
        follower = book.follow(asked)
        assert book.is_followed()
        streams = {
            key: book.open_stream(key, f"/aws/lambda/{key.name}", "s") for key in dict(map(reversed, rows))
        }
        for text, key in rows:
            streams[key].write(text)
        book.end_followers()
        book.unfollow(follower)
        book.unfollow(follower)  # twice does no harm
        assert not book.is_followed()
        for stream in streams.values():
            stream.write("for nobody")
            stream.close()
        events = [follower.queue.get_nowait() for _ in range(follower.queue.qsize())]
        return [None if event is None else event.message for event in events]

    return asyncio.run(run())


def test_a_follower_gets_what_it_asked_for_and_then_the_end(book: LogBook) -> None:
    rows = [("one", KEY), ("two", OTHER), ("three", KEY)]
    assert follow(book, query(function=None), *rows) == ["one", "two", "three", None]
    assert follow(book, query(), *rows) == ["one", "three", None]
    assert follow(book, query(text="thr"), *rows) == ["three", None]


def test_a_follower_gets_nothing_of_another_account_or_region(book: LogBook) -> None:
    abroad = FunctionKey("000000000000", "eu-west-1", "f")
    stranger = FunctionKey("111111111111", "us-east-1", "f")
    assert follow(book, query(), ("here", KEY), ("abroad", abroad), ("strange", stranger)) == ["here", None]


def test_a_follower_that_does_not_read_loses_the_oldest(book: LogBook) -> None:
    rows = [(str(number), KEY) for number in range(FOLLOWER_BACKLOG + 5)]
    got = follow(book, query(), *rows)
    assert len(got) == FOLLOWER_BACKLOG
    assert (got[0], got[-2], got[-1]) == ("6", str(FOLLOWER_BACKLOG + 4), None)
    assert len(book.read(query())) == FOLLOWER_BACKLOG + 6


def test_function_is_found_in_groups_that_it_shares(book: LogBook) -> None:
    other = FunctionKey(KEY.account, KEY.region, "other")
    for key, group, text in (
        (KEY, GROUP, "own"),
        (KEY, "/shared", "shared"),
        (other, "/shared", "of the other"),
        (other, GROUP, "of the other, in a group named after the first"),
    ):
        owner = "" if group == f"/aws/lambda/{key.name}" else key.name
        stream = book.open_stream(key, group, f"2026/01/02/{owner}[$LATEST]{key.name}")
        stream.write(text)
        stream.close()
    assert sorted(messages(book.read(query(function=KEY.name)))) == ["own", "shared"]
    found = book.read(query(function="other"))
    assert sorted(event.group for event in found) == sorted(["/shared", GROUP])
    assert {event.function for event in found} == {"other"}
    assert len(book.read(query(function=None))) == 4
