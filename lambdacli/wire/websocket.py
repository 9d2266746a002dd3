"""The WebSocket protocol on a connection, after its opening handshake: messages in their frames, and the end.
Loads the package wsproto: only where there are WebSockets is it imported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage

_log = logging.getLogger("lam.wire")

UNSUPPORTED = 1003
ABNORMAL = 1006
TOO_LARGE = 1009

_CLOSE_SECONDS = 5.0
"""How long a client may take to answer that the connection is to be closed."""

_CLOGGED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MessageLimits:
    frame_bytes: int
    message_bytes: int


class Listener(Protocol):
    """Hears what the client says, for whoever speaks with it."""

    @property
    def is_busy(self) -> bool:
        """What was begun for the client is not done."""

    # Anything at all has come, be it a ping.
    def heard(self) -> None: ...

    # Whether more may be told; else `WebSocket.go_on` is called.
    def took(self, text: str) -> bool: ...

    # Once, by whatever end: a code and a reason of the protocol. What is sent from now on goes nowhere.
    def closed(self, code: int, reason: str) -> None: ...

    # The server stops.
    def leave(self) -> None: ...


class WebSocket:
    """A `Talk`. Compression is not offered, so there is none."""

    def __init__(
        self,
        transport: asyncio.Transport,
        close: Callable[[], None],
        listener: Listener,
        limits: MessageLimits,
    ) -> None:
        self._transport = transport
        self._close = close
        self._listener = listener
        self._limits = limits
        self._frames = Connection(ConnectionType.SERVER)
        self._parts: list[str] = []
        self._message_bytes = 0
        self._frame_bytes = 0
        self._is_open = True
        """Nobody has said yet that it is to be closed."""
        self._is_over = False
        """Nothing more is read."""
        self._is_held = False
        """The listener has enough for now."""
        self._is_writing_paused = False
        self._is_reading_paused = False
        self._is_reading = False
        self._deadline: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<WebSocket {'open' if self._is_open else 'over' if self._is_over else 'closing'}>"

    # What its listener asks

    @property
    def is_clogged(self) -> bool:
        """Its client does not take what was sent."""
        return self._transport.get_write_buffer_size() > _CLOGGED_BYTES

    def send(self, data: str | bytes) -> None:
        """In frames that are no longer than a client's may be."""
        if not self._is_open:
            return
        size = self._limits.frame_bytes
        if isinstance(data, str):
            # A character takes up to four bytes.
            texts = _pieces(data, size if data.isascii() else size // 4)
            for text, is_last in texts:
                self._send(TextMessage(text, message_finished=is_last))
        else:
            for piece, is_last in _pieces(data, size):
                self._send(BytesMessage(piece, message_finished=is_last))

    def close(self, code: int, reason: str) -> None:
        """Tells the client, and waits a moment for its answer."""
        if not self._is_open:
            return
        self._say_close(code, reason)
        self._deadline = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._give_up)
        self._resume_reading()
        self._ended(code, reason)

    def go_on(self) -> None:
        self._is_held = False
        self._read()
        self._heed_pressure()

    # What the connection tells

    @property
    def is_busy(self) -> bool:
        return self._is_open and self._listener.is_busy

    def leave(self) -> None:
        self._listener.leave()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        if self._is_open:
            self._listener.heard()
        self._frames.receive_data(data)
        self._read()
        self._heed_pressure()

    def connection_lost(self) -> None:
        self._is_over = True
        self._stop_deadline()
        self._ended(ABNORMAL, "")

    def pause_writing(self) -> None:
        self._is_writing_paused = True
        self._heed_pressure()

    def resume_writing(self) -> None:
        self._is_writing_paused = False
        self._heed_pressure()

    # Reading

    def _read(self) -> None:
        """Until the listener has enough: the rest stays in its frames. Not from within itself, since a
        listener may go on at once."""
        if self._is_reading or self._has_enough():
            return
        self._is_reading = True
        try:
            for event in self._frames.events():
                self._take(event)
                if self._has_enough():
                    return
        finally:
            self._is_reading = False

    def _has_enough(self) -> bool:
        return self._is_held or self._is_over

    def _take(self, event: Event) -> None:
        match event:
            case CloseConnection():
                self._client_closes(event)
            case _ if not self._is_open:
                pass  # said before it heard that we are done
            case TextMessage():
                self._take_text(event)
            case BytesMessage():
                self._take_bytes(event)
            case Ping():
                self._send(event.response())
            case _:
                pass

    def _take_text(self, event: TextMessage) -> None:
        size = len(event.data) if event.data.isascii() else len(event.data.encode())
        if not self._is_within_limits(event, size):
            return
        if event.data:
            self._parts.append(event.data)
        if event.message_finished:
            text = "".join(self._parts)
            self._parts.clear()
            self._is_held = not self._listener.took(text) and self._is_open

    def _take_bytes(self, event: BytesMessage) -> None:
        if self._is_within_limits(event, len(event.data)):
            self.close(UNSUPPORTED, "Binary messages are not supported")

    def _is_within_limits(self, event: TextMessage | BytesMessage, size: int) -> bool:
        self._frame_bytes += size
        self._message_bytes += size
        limits = self._limits
        if self._frame_bytes > limits.frame_bytes or self._message_bytes > limits.message_bytes:
            self._parts.clear()
            self.close(TOO_LARGE, "Message too long")
            return False
        if event.frame_finished:
            self._frame_bytes = 0
        if event.message_finished:
            self._message_bytes = 0
        return True

    def _client_closes(self, event: CloseConnection) -> None:
        reason = event.reason or ""
        if self._frames.state is ConnectionState.OPEN:
            # It is no frame: the protocol is broken, and nothing after it can be read.
            _log.info("a client broke the WebSocket protocol: %s", reason)
            self._say_close(event.code, reason)
        elif self._frames.state is ConnectionState.REMOTE_CLOSING:
            self._send(event.response())
        self._is_over = True
        self._stop_deadline()
        self._resume_reading()
        self._close()
        self._ended(event.code, reason)

    # Sending

    def _send(self, event: Event) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._frames.send(event))

    def _say_close(self, code: int, reason: str) -> None:
        self._send(CloseConnection(code, reason))

    # Ending

    def _ended(self, code: int, reason: str) -> None:
        if self._is_open:
            self._is_open = self._is_held = False
            self._parts.clear()
            self._listener.closed(int(code), reason)

    def _give_up(self) -> None:
        self._deadline = None
        self._is_over = True
        self._transport.abort()

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # Back pressure

    def _heed_pressure(self) -> None:
        """Who does not take what is sent to him is not heard either: else his pings alone would fill us."""
        if self._is_open and (self._is_held or self._is_writing_paused):
            if not self._is_reading_paused and not self._transport.is_closing():
                self._is_reading_paused = True
                self._transport.pause_reading()
        else:
            self._resume_reading()

    def _resume_reading(self) -> None:
        if self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = False
            self._transport.resume_reading()


_Data = TypeVar("_Data", str, bytes)


def _pieces(data: _Data, size: int) -> Iterator[tuple[_Data, bool]]:
    """And whether it is the last; of nothing, one."""
    for start in range(0, max(len(data), 1), size):
        yield data[start : start + size], start + size >= len(data)
