"""A value that comes later and is passed on at once: no task, and no turn of the event loop, in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

_log = logging.getLogger("lam.later")


class Later(Generic[T]):
    """Has a Future's verbs, but calls back from within `set_result`; several may also await it.

    Who waits for it and leaves does not cancel it: what it stands for goes on."""

    __slots__ = ("_callbacks", "_error", "_is_done", "_value")

    def __init__(self) -> None:
        self._is_done = False
        self._callbacks: tuple[Callable[[Later[T]], object], ...] = ()
        self._error: BaseException | None = None
        self._value: T

    def __repr__(self) -> str:
        if not self._is_done:
            return "<Later pending>"
        return f"<Later {self._value!r}>" if self._error is None else f"<Later failed {self._error!r}>"

    def done(self) -> bool:
        return self._is_done

    def result(self) -> T:
        assert self._is_done, "asked before it was there"
        if self._error is not None:
            raise self._error
        return self._value

    def exception(self) -> BaseException | None:
        assert self._is_done, "asked before it was there"
        return self._error

    def set_result(self, value: T) -> None:
        assert not self._is_done, "a result comes once"
        self._value = value
        self._is_done = True
        if self._callbacks:
            self._tell()

    def set_exception(self, error: BaseException) -> None:
        assert not self._is_done, "a result comes once"
        self._error = error
        self._is_done = True
        self._tell()

    def add_done_callback(self, tell: Callable[[Later[T]], object]) -> None:
        """At once, if it is there."""
        if self._is_done:
            tell(self)
        else:
            self._callbacks += (tell,)

    def then(self, transform: Callable[[T], U]) -> Later[U]:
        """What this makes of the value; an error, its own too, is passed on."""
        following: Later[U] = Later()

        def go_on(done: Later[T]) -> None:
            try:
                value = transform(done.result())
            except Exception as error:
                following.set_exception(error)
            else:
                following.set_result(value)

        self.add_done_callback(go_on)
        return following

    def __await__(self) -> Generator[object, None, T]:
        if not self._is_done:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._callbacks += (lambda _: None if waiter.done() else waiter.set_result(None),)
            yield from waiter
        return self.result()

    def _tell(self) -> None:
        callbacks, self._callbacks = self._callbacks, ()
        for tell in callbacks:
            try:
                tell(self)
            except Exception:
                # Whoever set the value has nothing to do with it, and the others wait for theirs.
                _log.exception("passing on %r failed", self)
