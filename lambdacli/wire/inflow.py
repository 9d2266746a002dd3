"""A request's body that is handed on while it comes, to one who can hold its sender back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol


class BodyTaker(Protocol):
    def take(self, piece: bytes) -> None: ...

    # The body is over; with what stood after it.
    def end(self, trailers: Mapping[str, str]) -> None: ...

    # It will never come to its end: the sender left, or what it sent is no HTTP.
    def cut(self) -> None: ...


class Inflow:
    """The connection feeds it from the first byte on; one who takes it later begins with what came before."""

    def __init__(self) -> None:
        self.is_over = False
        self.is_full = False
        """Nothing more should be read now."""
        self.on_room: Callable[[], None] | None = None
        self._taker: BodyTaker | None = None
        self._held: list[bytes] = []
        self._trailers: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        state = ["over"] if self.is_over else ["full"] if self.is_full else ["flowing"]
        state += [] if self._taker else [f"{len(self._held)} pieces held"]
        return f"<Inflow {', '.join(state)}>"

    # What the handler does

    def hand_to(self, taker: BodyTaker) -> None:
        self._taker = taker
        for piece in self._held:
            taker.take(piece)
        self._held.clear()
        if self.is_over:
            self._tell_end(taker)

    def pause(self) -> None:
        self.is_full = True

    def resume(self) -> None:
        if self.is_full:
            self.is_full = False
            if self.on_room is not None:
                self.on_room()

    def throw_away(self, then: Callable[[], None]) -> None:
        """Nobody wants what is still to come; `then` is called when all of it has."""
        self.hand_to(_Nobody(then))
        self.resume()

    # What the connection does

    def feed(self, piece: bytes) -> None:
        if self._taker is None:
            self._held.append(piece)
        else:
            self._taker.take(piece)

    def end(self, trailers: Mapping[str, str]) -> None:
        self._trailers = trailers
        self._finish()

    def cut(self) -> None:
        if not self.is_over:
            self._finish()

    def _finish(self) -> None:
        self.is_over = True
        if self._taker is not None:
            self._tell_end(self._taker)

    def _tell_end(self, taker: BodyTaker) -> None:
        if self._trailers is None:
            taker.cut()
        else:
            taker.end(self._trailers)


class _Nobody:
    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then

    def take(self, piece: bytes) -> None: ...

    def end(self, trailers: Mapping[str, str]) -> None:
        self._then()

    def cut(self) -> None:
        self._then()
