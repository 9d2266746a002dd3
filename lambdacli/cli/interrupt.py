"""The first ^C as a wish, the second one as an end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def first_interrupt(then: Callable[[], None]) -> Iterator[None]:
    """`then` runs within whatever it interrupts. Where ^C means nothing (a background job of a script), it
    goes on meaning nothing."""
    previous = signal.getsignal(signal.SIGINT)
    if previous is signal.SIG_IGN:
        yield
        return

    def heard(*_: object) -> None:
        signal.signal(signal.SIGINT, previous)
        then()

    signal.signal(signal.SIGINT, heard)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
