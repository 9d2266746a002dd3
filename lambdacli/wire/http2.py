"""HTTP/2 with prior knowledge, as the JavaScript SDK speaks it to Kinesis: each stream is a connection of
HTTP/1.1 to everything behind. Needs the package h2, which is loaded when the first such client comes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import httptools
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import FrameTooLargeError, ProtocolError
from h2.settings import SettingCodes

_log = logging.getLogger("lam.wire")

_STREAM_WINDOW_BYTES = 1024 * 1024
_CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024
_STREAMS = 128
_HELD_BYTES = 256 * 1024
"""So much of a response waits for a client that is slow to take it; then its sender waits."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_FRAME_HEAD_BYTES = 9
_FRAME_BYTES = 16_384
"""The most that a frame may hold, unless told otherwise."""
_GO_AWAY = 7

_FORBIDDEN = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
"""They frame a message of HTTP/1.1, and are not said in HTTP/2."""

_UNWRITABLE = (b"\r", b"\n", b"\0")


class Http2:
    """What one client says after its preface. `open_stream` makes the protocol that serves a stream; `close`
    is for a client to whom all was said."""

    def __init__(
        self,
        transport: asyncio.Transport,
        open_stream: Callable[[], asyncio.Protocol],
        close: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._close = close
        self._open_stream = open_stream
        self._streams: dict[int, _Stream] = {}
        self._is_writing_paused = False
        self._frames = _Frames()
        self._talk = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self._talk.initiate_connection()
        self._talk.update_settings(
            {
                SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW_BYTES,
                SettingCodes.MAX_CONCURRENT_STREAMS: _STREAMS,
                SettingCodes.ENABLE_CONNECT_PROTOCOL: 0,
            }
        )
        self._talk.increment_flow_control_window(_CONNECTION_WINDOW_BYTES)

    @property
    def is_idle(self) -> bool:
        return not self._streams

    @property
    def is_busy(self) -> bool:
        return not self.is_idle  # its streams are connections of the server too, and asked themselves

    def leave(self) -> None:
        if self.is_idle:
            self._transport.close()

    # What the connection tells

    def data_received(self, data: bytes) -> None:
        try:
            events = self._talk.receive_data(self._frames.take(data))
        except ProtocolError as error:
            _log.warning("a client broke HTTP/2: %s", error)
            self.flush()
            self._close()
            return
        for event in events:
            self._take(event)
        self.flush()
        if self._frames.is_goodbye and self.is_idle:
            self._close()

    def connection_lost(self) -> None:
        for stream in list(self._streams.values()):
            stream.lose()

    def pause_writing(self) -> None:
        self._is_writing_paused = True

    def resume_writing(self) -> None:
        self._is_writing_paused = False
        self.flush()

    def _take(self, event: object) -> None:
        match event:
            case RequestReceived(stream_id=number, headers=headers):
                self._begin(number, headers, has_body=event.stream_ended is None)
            case DataReceived(stream_id=number):
                self._feed(number, event.data, event.flow_controlled_length)
            case StreamEnded(stream_id=number) if number in self._streams:
                self._streams[number].end_request()
            case StreamReset(stream_id=number) if number in self._streams:
                self._streams[number].lose()
            case WindowUpdated() | RemoteSettingsChanged():
                pass  # more may be sent now: see flush
            case _:
                pass

    def _begin(self, number: int, headers: Any, *, has_body: bool) -> None:
        head = _head(headers, has_body=has_body)
        if head is None:
            self._talk.reset_stream(number, ErrorCodes.PROTOCOL_ERROR)
            return
        text, is_chunked = head
        stream = _Stream(self, number, self._transport, self._open_stream(), is_chunked)
        self._streams[number] = stream
        stream.begin(text)

    def _feed(self, number: int, data: bytes, length: int) -> None:
        stream = self._streams.get(number)
        if stream is None:
            self._talk.acknowledge_received_data(length, number)
        else:
            stream.feed(data, length)

    # What streams ask

    def acknowledge(self, number: int, length: int) -> None:
        if length:
            self._talk.acknowledge_received_data(length, number)

    def send_headers(self, number: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._talk.send_headers(number, headers)

    def reset(self, number: int) -> None:
        with contextlib.suppress(ProtocolError):  # it is over already
            self._talk.reset_stream(number, ErrorCodes.INTERNAL_ERROR)
        self.flush()

    def forget(self, number: int) -> None:
        self._streams.pop(number, None)
        if not self._streams and self._frames.is_goodbye:
            # Not at once: the last answer has not left yet.
            asyncio.get_running_loop().call_soon(self._close)

    def flush(self) -> None:
        """As much as the client and the connection take now."""
        for stream in list(self._streams.values()):
            stream.flush(self._talk, is_paused=self._is_writing_paused)
        data = self._talk.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)


class _Frames:
    """Takes out the frame that says goodbye. Whoever says it still waits for the answers to what it asked,
    as the JavaScript SDK does; h2 would not let them be sent."""

    def __init__(self) -> None:
        self.is_goodbye = False
        self._begun = b""
        self._left = len(PREFACE)
        """Of the frame that is passing through."""

    def take(self, data: bytes) -> bytes:
        data, self._begun = self._begun + data, b""
        kept = bytearray()
        at = 0
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                kept += piece
                self._left -= len(piece)
                at += len(piece)
                continue
            head = data[at : at + _FRAME_HEAD_BYTES]
            length = _FRAME_HEAD_BYTES + int.from_bytes(head[:3])
            if length - _FRAME_HEAD_BYTES > _FRAME_BYTES:
                raise FrameTooLargeError("a frame is larger than was agreed")
            is_goodbye = len(head) == _FRAME_HEAD_BYTES and head[3] == _GO_AWAY
            if len(head) < _FRAME_HEAD_BYTES or (is_goodbye and len(data) - at < length):
                self._begun = data[at:]
                break
            if is_goodbye:
                self.is_goodbye = True
                at += length
            else:
                self._left = length
        return bytes(kept)


class _Stream(asyncio.Transport):
    """The transport of one stream's protocol: HTTP/1.1 is written to it, and leaves as HTTP/2."""

    def __init__(
        self,
        talk: Http2,
        number: int,
        below: asyncio.Transport,
        protocol: asyncio.Protocol,
        is_chunked: bool,
    ) -> None:
        super().__init__()
        self._talk = talk
        self._number = number
        self._below = below
        self._protocol = protocol
        self._is_chunked = is_chunked
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._has_answered = False
        self._held = bytearray()
        self._held_requests: list[tuple[bytes, int]] = []
        self._is_answer_whole = False
        self._is_closing = False
        self._is_over = False
        self._is_reading_paused = False
        self._is_protocol_paused = False

    # What the client sends

    def begin(self, head: bytes) -> None:
        self._protocol.connection_made(self)
        self._protocol.data_received(head)

    def feed(self, data: bytes, length: int) -> None:
        if self._is_reading_paused:
            self._held_requests.append((data, length))
            return
        self._give(data)
        self._talk.acknowledge(self._number, length)

    def end_request(self) -> None:
        if self._is_chunked:
            self.feed(b"", 0)

    def lose(self) -> None:
        """The client is gone, or has given the stream up."""
        if not self._is_over:
            self._is_over = self._is_closing = True
            self._talk.forget(self._number)
            self._protocol.connection_lost(None)

    def _give(self, data: bytes) -> None:
        if not self._is_over:
            self._protocol.data_received(
                b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked and data else data or b"0\r\n\r\n"
            )

    # What the protocol asks of its transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._below.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._is_over:
            self._parser.feed_data(data)
            self._talk.flush()

    def is_closing(self) -> bool:
        return self._is_closing or self._below.is_closing()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._is_answer_whole = True
        self._talk.flush()

    def close(self) -> None:
        self._is_closing = True
        self.write_eof()

    def abort(self) -> None:
        self._is_closing = True
        if not self._is_over:
            self._talk.reset(self._number)
            self._end()

    def get_write_buffer_size(self) -> int:
        return len(self._held)

    def is_reading(self) -> bool:
        return not self._is_reading_paused

    def pause_reading(self) -> None:
        self._is_reading_paused = True

    def resume_reading(self) -> None:
        self._is_reading_paused = False
        while self._held_requests and not self._is_reading_paused:
            data, length = self._held_requests.pop(0)
            self._give(data)
            self._talk.acknowledge(self._number, length)
        self._talk.flush()

    # What the parser of the answer tells

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() not in _FORBIDDEN:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        if status < 200:
            return  # the stream is open for its body anyhow
        self._has_answered = True
        self._talk.send_headers(self._number, [(b":status", b"%d" % status), *headers])

    def on_body(self, piece: bytes) -> None:
        self._held += piece
        if len(self._held) > _HELD_BYTES and not self._is_protocol_paused:
            self._is_protocol_paused = True
            self._protocol.pause_writing()

    # Sending

    def flush(self, talk: H2Connection, *, is_paused: bool) -> None:
        if self._is_over:
            return
        while self._held and not is_paused:
            size = min(talk.local_flow_control_window(self._number), talk.max_outbound_frame_size)
            if size <= 0:
                return
            talk.send_data(self._number, bytes(self._held[:size]))
            del self._held[:size]
        if self._is_protocol_paused and len(self._held) < _HELD_BYTES // 4:
            self._is_protocol_paused = False
            self._protocol.resume_writing()
        # Who was told to write on may have ended the stream by it.
        if self._is_answer_whole and not self._held and not self._is_over:
            if self._has_answered:
                talk.end_stream(self._number)
            else:
                talk.reset_stream(self._number, ErrorCodes.INTERNAL_ERROR)
            self._end()

    def _end(self) -> None:
        self._is_over = self._is_closing = True
        self._talk.forget(self._number)
        asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)


def _head(headers: Any, *, has_body: bool) -> tuple[bytes, bool] | None:
    """A request of HTTP/1.1, and whether its body comes in chunks; None for what could not be written."""
    said: dict[bytes, bytes] = {}
    fields: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if any(each in name + value for each in _UNWRITABLE):
            return None
        if name.startswith(b":"):
            said[name] = value
        elif name not in _FORBIDDEN and name != b"host":
            fields.append((name, value))
    method, target = said.get(b":method", b""), said.get(b":path", b"")
    if not method.isalpha() or not target.startswith(b"/") or b" " in target:
        return None
    is_chunked = has_body and not any(name == b"content-length" for name, _ in fields)
    fields += [(b"connection", b"close")]
    if is_chunked:
        fields += [(b"transfer-encoding", b"chunked")]
    host = said.get(b":authority") or next((value for name, value in headers if name == b"host"), b"")
    lines = b"".join(b"%b: %b\r\n" % field for field in [(b"host", host), *fields])
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, lines), is_chunked
