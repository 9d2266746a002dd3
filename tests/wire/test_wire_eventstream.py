"""Event-stream messages, read by botocore's own decoder."""

from __future__ import annotations

import pytest
from botocore.eventstream import EventStreamBuffer

from lambdacli.wire import eventstream


def decoded(data: bytes, step: int) -> list[tuple[dict[str, object], bytes]]:
    buffer, found = EventStreamBuffer(), []
    for at in range(0, len(data), step):
        buffer.add_data(data[at : at + step])
        found += [(message.headers, message.payload) for message in buffer]
    return found


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize("payload", [b"", b"x", bytes(range(256)) * 300], ids=["none", "one byte", "binary"])
def test_botocore_reads_events(payload: bytes, step: int) -> None:
    halves = payload[: len(payload) // 2], payload[len(payload) // 2 :]
    parts = [*eventstream.event("PayloadChunk", "application/octet-stream", halves)]
    parts += eventstream.event("InvokeComplete", "application/json", (b"{}",))
    assert decoded(b"".join(parts), step) == [
        (
            {
                ":message-type": "event",
                ":event-type": "PayloadChunk",
                ":content-type": "application/octet-stream",
            },
            payload,
        ),
        (
            {
                ":message-type": "event",
                ":event-type": "InvokeComplete",
                ":content-type": "application/json",
            },
            b"{}",
        ),
    ]


def test_botocore_reads_an_error() -> None:
    data = b"".join(eventstream.error("ServiceException", "naïve"))
    assert decoded(data, 1 << 20) == [
        ({":message-type": "error", ":error-code": "ServiceException", ":error-message": "naïve"}, b"")
    ]
