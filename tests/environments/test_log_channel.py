"""Bytes of a pipe become log events: lines, frames, garbage, in any pieces."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from lambdacli.environments.log_channel import EVENT_BYTES, FRAME_BYTES, LogChannel


def without_line_ends(moment_ms: int) -> int:
    """The nearest earlier second whose bytes in a frame's head hold no line end, where a false frame would be
    cut."""
    while b"\n" in (moment_ms * 1000).to_bytes(8, "big"):
        moment_ms -= 1000
    return moment_ms


NOW_MS = without_line_ends(int(time.time() * 1000))


class Pipe:
    def __init__(self) -> None:
        self.records: list[tuple[str, int | None]] = []
        read_fd, self.write_fd = os.pipe()
        self.channel = LogChannel(read_fd, lambda text, moment: self.records.append((text, moment)))
        self.is_closed = False

    def write(self, data: bytes) -> None:
        """Any amount: what does not fit into the pipe is read in between."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.write_fd, view[:4096]) :]
            self.channel.read()

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.channel.close()
            os.close(self.write_fd)

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.records]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def frame(
    text: bytes, *, timestamp_ms: int = NOW_MS, kind: int = 0xA55A0003, length: int | None = None
) -> bytes:
    size = len(text) if length is None else length
    return kind.to_bytes(4, "big") + size.to_bytes(4, "big") + (timestamp_ms * 1000).to_bytes(8, "big") + text


MIXED = (
    b"first\n"
    + frame("[INFO]\ttwo\nlines é\n".encode())
    + "no newline é"[:-1].encode()
    + frame(b"", kind=0xA55A0003 | 20 << 2)
    + frame(b'{"level": "INFO"}', kind=0xA55A0002)
    + b"\n"
    + b"\xff\xa5\n"
    + b"\xa5\x5a\n"
    + "å and Z\n".encode()
    + frame(b"last\xff")
    + b"left over"
)
MIXED_EVENTS = [
    ("first\n", None),
    ("[INFO]\ttwo\nlines é\n", NOW_MS),
    ("no newline ", None),
    ("", NOW_MS),
    ('{"level": "INFO"}', NOW_MS),
    ("\n", None),
    ("\ufffd\ufffd\n", None),
    ("\ufffdZ\n", None),
    ("å and Z\n", None),
    ("last\ufffd", NOW_MS),
    ("left over", None),
]


@pytest.mark.parametrize("place", range(len(MIXED) + 1))
def test_split_anywhere_the_events_are_the_same(pipe: Pipe, place: int) -> None:
    for piece in (MIXED[:place], MIXED[place:]):
        if piece:
            os.write(pipe.write_fd, piece)
            assert pipe.channel.read()
    pipe.close()
    assert pipe.records == MIXED_EVENTS


def test_byte_by_byte_the_events_are_the_same(pipe: Pipe) -> None:
    for number in range(len(MIXED)):
        os.write(pipe.write_fd, MIXED[number : number + 1])
        pipe.channel.read()
    pipe.close()
    assert pipe.records == MIXED_EVENTS


@pytest.mark.parametrize(
    "false",
    [
        frame(b"", length=FRAME_BYTES + 1),
        frame(b"", length=2**31),
        frame(b"", length=2**32 - 1),
        frame(b"", kind=0xA55A0000),
        frame(b"", kind=0xA55A0001),
        frame(b"", kind=0xA55A00FC),
    ],
    ids=["a byte too long", "two gigabytes", "the longest", "format 0", "format 1", "level only"],
)
def test_what_cannot_be_a_frame_is_text(pipe: Pipe, false: bytes) -> None:
    os.write(pipe.write_fd, false + b"text\nnext\n" + frame(b"true"))
    pipe.channel.read()
    assert pipe.texts == [(false + b"text\n").decode(errors="replace"), "next\n", "true"]


def test_the_longest_frame_passes(pipe: Pipe) -> None:
    text = b"z" * FRAME_BYTES
    pipe.write(frame(text) + b"after\n")
    pipe.channel.drain()
    assert pipe.texts == [text.decode(), "after\n"]


@pytest.mark.parametrize(
    "timestamp_ms",
    [0, 2**63 // 1000, without_line_ends(NOW_MS + 10**9), without_line_ends(NOW_MS - 10**9)],
    ids="0123",
)
def test_a_frames_impossible_time_does_not_count(pipe: Pipe, timestamp_ms: int) -> None:
    os.write(pipe.write_fd, frame(b"text", timestamp_ms=timestamp_ms))
    pipe.channel.read()
    assert pipe.records == [("text", None)]


def test_a_line_without_end_is_cut_between_characters(pipe: Pipe) -> None:
    text = "aé" * EVENT_BYTES
    pipe.write(text.encode())
    pipe.close()
    assert "".join(pipe.texts) == text
    assert max(len(event.encode()) for event in pipe.texts) <= EVENT_BYTES
    assert "\ufffd" not in "".join(pipe.texts)


@pytest.mark.parametrize("before", range(EVENT_BYTES - 4, EVENT_BYTES + 2))
def test_a_frame_behind_a_line_without_end_is_found(pipe: Pipe, before: int) -> None:
    data = b"a" * before + frame(b"framed")
    pipe.write(data[: EVENT_BYTES + 1])
    pipe.channel.drain()
    pipe.write(data[EVENT_BYTES + 1 :])
    pipe.channel.drain()
    assert "".join(pipe.texts[:-1]) == "a" * before
    assert pipe.records[-1] == ("framed", NOW_MS)


def test_the_end_of_an_invocation_ends_a_line_but_no_frame(pipe: Pipe) -> None:
    os.write(pipe.write_fd, b"half")
    pipe.channel.drain()
    pipe.channel.end_line()
    assert pipe.texts == ["half"]
    whole = frame(b"whole")
    for place in range(1, len(whole)):
        os.write(pipe.write_fd, whole[:place])
        pipe.channel.drain()
        pipe.channel.end_line()
        assert len(pipe.records) == place
        os.write(pipe.write_fd, whole[place:])
        pipe.channel.drain()
        assert pipe.texts[-1] == "whole"


def test_what_a_dead_process_began_is_an_event_as_it_is(pipe: Pipe) -> None:
    os.write(pipe.write_fd, frame(b"half", length=100))
    pipe.channel.drain()
    assert pipe.texts == []
    pipe.channel.flush()
    os.write(pipe.write_fd, b"of the next\n")
    pipe.channel.drain()
    assert [text[-4:] for text in pipe.texts] == ["half", "ext\n"]


def test_drain_takes_what_is_there_and_not_what_comes_meanwhile(pipe: Pipe) -> None:
    """A child that prints for ever must not hold the service in here."""
    records = pipe.records

    def print_more(text: str, moment: int | None) -> None:
        records.append((text, moment))
        os.write(pipe.write_fd, b"and again\n")

    read_fd, pipe_write_fd = os.pipe()
    channel = LogChannel(read_fd, print_more)
    os.close(pipe.write_fd)
    pipe.write_fd = pipe_write_fd
    os.write(pipe.write_fd, b"once\n")
    channel.drain()
    assert records == [("once\n", None)]
    channel.drain()
    assert records == [("once\n", None), ("and again\n", None)]
    os.close(read_fd)


def test_reading_an_empty_pipe_waits_for_nothing_and_its_end_is_told(pipe: Pipe) -> None:
    assert pipe.channel.read()
    pipe.channel.drain()
    os.close(pipe.write_fd)
    assert not pipe.channel.read()
    pipe.channel.drain()
    assert pipe.records == []
    pipe.write_fd = os.open(os.devnull, os.O_WRONLY)
