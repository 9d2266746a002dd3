"""10 MB in pieces of 64 KB by InvokeWithResponseStream, against the same from a bare event loop."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable

from benchmarks import floors
from benchmarks.callers import request
from benchmarks.figures import interleave, medians
from benchmarks.findings import Bar, Finding
from benchmarks.lam import Function, project
from benchmarks.stage import Stage
from benchmarks.target import Target

WHAT = "10 MB streamed in pieces of 64 KB"
FIRST = "first byte of a stream after its writing, warm"
CHECKSUMS = "lam's bytes are in messages with checksums, which the bare stream does without"
BYTES = 160 * 64 * 1024
TIMES = 5
_STAMP = re.compile(rb"@(\d{20})")


def run(stage: Stage) -> list[Finding]:
    function = Function("stream", runtime="provided.al2023")
    first_ms: dict[str, list[float]] = {"lam": [], "floor": []}
    # What is measured is lam, not the bandwidth that it keeps to.
    with (
        project([function], settings={"stream_bandwidth": "unlimited"}) as lam,
        floors.stream(stage.folder / "stream.log") as bare,
    ):
        path = "/2021-11-15/functions/stream/response-streaming-invocations"
        targets = {"lam": Target(lam.target("stream").port, path), "floor": bare}

        def megabytes_per_second(name: str) -> Callable[[], float]:
            def once() -> float:
                taken = []
                for _ in range(TIMES):
                    seconds, delay_ms = streamed(targets[name])
                    taken.append(seconds)
                    first_ms[name].append(delay_ms)
                return BYTES / 1e6 / sorted(taken)[TIMES // 2]

            return once

        streamed(targets["lam"])  # the cold start
        subjects = {name: megabytes_per_second(name) for name in targets}
        figures = medians(interleave(subjects, stage.options.rounds))
    middle = {name: sorted(delays)[len(delays) // 2] for name, delays in first_ms.items()}
    return [
        Finding(WHAT, "MB/s", figures["lam"], Bar(None, "uvloop stream"), figures["floor"], CHECKSUMS),
        Finding(FIRST, "ms", middle["lam"], Bar(20), note=f"of the bare stream {middle['floor']:.2f} ms"),
    ]


def streamed(target: Target) -> tuple[float, float]:
    """Seconds from the request to the last byte, and milliseconds from the writing of the first byte until it
    was read."""
    with socket.create_connection(("127.0.0.1", target.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.monotonic_ns()
        connection.sendall(request(target, b"{}"))
        received, seen, end, delay_ms = 0, b"", b"", None
        while not end.endswith(b"0\r\n\r\n"):
            data = connection.recv(1 << 20)
            assert data, "the stream broke off"
            received += len(data)
            end = (end + data)[-5:]
            if delay_ms is None:
                now = time.monotonic_ns()
                seen += data
                stamp = _STAMP.search(seen)
                delay_ms = None if stamp is None else (now - int(stamp[1])) / 1e6
        seconds = (time.monotonic_ns() - began) / 1e9
    assert received > BYTES and delay_ms is not None, seen[:300]
    return seconds, delay_ms
