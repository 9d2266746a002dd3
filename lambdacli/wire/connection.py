"""One connection of the HTTP server: its requests handled one by one, its responses sent in order."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, cast

from lambdacli.wire.handover import Divert, Handover
from lambdacli.wire.inflow import Inflow
from lambdacli.wire.messages import (
    Accept,
    BrokenOff,
    Handler,
    Peer,
    Pending,
    Request,
    Response,
    Switch,
    TakesPieces,
    Talk,
)
from lambdacli.wire.reader import Limits, Reading, Refused, RequestReader
from lambdacli.wire.response_head import has_body, is_chunked, refusal, response_head, switching_head

_log = logging.getLogger("lam.wire")

_LINGER_SECONDS = 1.0
"""How long what a refused client still sends is thrown away. Closing over unread bytes resets the connection,
and the client would lose the very answer that explains the refusal."""

_SINGLE_WRITE_BYTES = 64 * 1024
"""Up to here copying the body behind the head is cheaper than a second write."""


_HTTP_2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client says first that speaks HTTP/2 and knows that we do."""


class Connections:
    """The connections of one server that are open or still have a request running."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._members: set[Connection] = set()
        self._are_gone = asyncio.Event()
        self._are_gone.set()

    def __repr__(self) -> str:
        return f"<Connections {list(self._members)!r}>"

    def add(self, connection: Connection) -> None:
        self._members.add(connection)
        self._are_gone.clear()

    def remove(self, connection: Connection) -> None:
        self._members.discard(connection)
        if not self._members:
            self._are_gone.set()

    def all(self) -> list[Connection]:
        return list(self._members)

    async def are_gone_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._are_gone.wait()
        except TimeoutError:
            return False
        return True


class Connection(asyncio.Protocol):
    """The reader fills `_waiting`, `_go_on` empties it, one request at a time. A response that is there at
    once, or that a callback brings, needs no task; a handler that is a coroutine gets one, and so does a
    stream."""

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        connections: Connections,
        accept: Accept | None,
        divert: Divert | None = None,
        takes_pieces: TakesPieces | None = None,
    ) -> None:
        self._handler = handler
        self._divert = divert
        self._takes_pieces = takes_pieces
        self._limits = limits
        self._connections = connections
        self._accept = accept
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._reader: RequestReader
        self._waiting: deque[Request | Response | Handover] = deque()
        """A response among the requests is a refusal, which comes in its turn and is the last word."""
        self._request: Request | None = None
        """Being handled, until its response is written."""
        self._inflow: Inflow | None = None
        """The rest of this request's body, while it comes."""
        self._handover: Handover | None = None
        """Carries this request to another server."""
        self._talk: Talk | None = None
        """Takes all that comes, once another protocol is spoken here."""
        self._task: asyncio.Task[Any] | None = None
        """Runs the handler, sends the stream or carries this request on, if that takes one."""
        self._timer: asyncio.TimerHandle | None = None
        self._writable: asyncio.Future[None] | None = None
        self._unwritten: bool | None = None
        """Whether a response that the client is slow to take is the last one; None when there is none."""
        self._held = b""
        """Responses that leave with the one that follows them."""
        self._is_going_on = False
        self._is_ending = False
        self._is_lost = False
        self._has_client_finished = False
        self._is_reading_paused = False
        self._is_writing_paused = False
        self._is_streaming = False

    def __repr__(self) -> str:
        state = ["running" if self._request else f"reading {self._reader.reading.value}"]
        state += [f"{len(self._waiting)} waiting"] if self._waiting else []
        state += ["reading paused"] if self._is_reading_paused else []
        state += ["writing paused"] if self._is_writing_paused else []
        state += ["client finished"] if self._has_client_finished else []
        state += ["lost"] if self._is_lost else []
        return f"<Connection {', '.join(state)}>"

    # What the server asks.

    def close_if_idle(self) -> None:
        if self._talk is not None:
            self._talk.leave()
        elif self._request is None and (self._reader.reading is Reading.NOTHING or self._reader.is_done):
            self._transport.close()

    def cut_if_stuck(self) -> None:
        """Its client owes the rest of a request, does not read what was sent, or waits for another server."""
        if self._talk is not None and self._talk.is_busy:
            return
        if self._request is None or self._is_writing_paused or self._handover is not None:
            self.cut()

    def cut(self) -> None:
        self._is_ending = True
        if self._task is not None:
            self._task.cancel()
        else:
            self._request = None  # whoever brings the response finds that nobody waits for it
        self._transport.abort()

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = _peer_of(transport)
        self._reader = RequestReader(
            self._limits, peer, self._waiting.append, self._divert, self._takes_pieces
        )
        self._connections.add(self)
        if self._connections.is_stopping:
            transport.close()
            return
        try:
            refusal = self._accept(peer) if self._accept is not None else None
        except Exception:
            # Who cannot be judged does not come in.
            _log.exception("judging a connection from %s failed", peer.remote)
            refusal = _internal_error()
        if refusal is None:
            self._start_header_timer()
        else:
            self._refuse(refusal)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_lost = self._is_ending = True
        self._reader.is_done = True
        if self._talk is not None:
            self._talk.connection_lost()
        self._waiting.clear()
        self._stop_timer()
        self.resume_writing()
        self._cut_inflow()
        if self._request is None:
            self._connections.remove(self)
        elif self._is_ended_by_its_client and self._task is not None and not self._task.cancelling():
            # Only a stream ends with its reader; a plain request runs on, as a function does.
            self._task.cancel()

    @property
    def _is_ended_by_its_client(self) -> bool:
        return self._is_streaming or self._handover is not None

    def eof_received(self) -> bool:
        """True keeps our half open: who has said all that he has to say may still wait for the answer. During
        a stream it is taken for a client gone, since a silent stream would otherwise never find out."""
        self._has_client_finished = True
        self._reader.is_done = True
        self._cut_inflow()
        return self._request is not None and not self._is_streaming

    def pause_writing(self) -> None:
        self._is_writing_paused = True
        if self._talk is not None:
            self._talk.pause_writing()

    def resume_writing(self) -> None:
        self._is_writing_paused = False
        if self._talk is not None:
            self._talk.resume_writing()
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        if self._unwritten is not None:
            is_last, self._unwritten = self._unwritten, None
            self._finish(is_last)
            self._proceed()
        if self._handover is not None:
            self._handover.go_on_answering()

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader.is_done:
            if self._talk is not None and not self._is_ending:
                self._talk.data_received(data)
            return
        try:
            reader.feed(data)
        except Refused as refused:
            if data.startswith(_HTTP_2_PREFACE) and self._speak_http2(data):
                return
            if not self._is_flowing:
                self._waiting.append(_plain(refused.status, f"{refused.reason}\n"))
            self._cut_inflow()
        is_past_head = bool(self._waiting) or reader.reading is not Reading.HEAD
        # A body that is handed on may have come to its end above, and with it the last response.
        if self._timer is not None and is_past_head and not self._is_ending:
            self._stop_timer()
        if self._request is None:
            self._go_on()
        if self._is_ending:
            return
        if self._request is None:
            self._await_rest()
        elif self._handover is not None:
            if self._handover.is_full:
                self._pause_reading()
        elif self._inflow is not None and not self._inflow.is_over:
            if self._inflow.is_full:
                self._pause_reading()
        elif self._waiting or (reader.reading is not Reading.NOTHING and not reader.is_done):
            # Only who pipelines is held back: all others stay readable, which is how we hear that they left.
            self._pause_reading()

    # One request after the other.

    def _go_on(self) -> None:
        """Handles what waits, until a response is not there at once. Not from within itself: who sends a
        thousand requests in one piece must not fill the stack."""
        if self._is_going_on:
            return
        self._is_going_on = True
        while self._waiting and self._request is None and not self._is_ending:
            message = self._waiting.popleft()
            if isinstance(message, Request):
                self._begin(message)
            elif isinstance(message, Handover):
                self._hand_over(message)
            else:
                self._refuse(message)
        self._is_going_on = False

    def _proceed(self) -> None:
        """After a response that was not there at once."""
        self._go_on()
        if self._is_ending:
            return
        if not self._waiting:
            self._resume_reading()
        if self._request is None:
            self._await_rest()

    def _begin(self, request: Request) -> None:
        self._request = request
        if request.inflow is not None:
            self._let_in(request.inflow)
        try:
            answer = self._handler(request)
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            answer = _internal_error()
        if isinstance(answer, Response):
            self._respond(request, answer)
            return
        if asyncio.iscoroutine(answer):
            answer = self._task = self._loop.create_task(answer)
        answer.add_done_callback(self._answered)

    def _let_in(self, inflow: Inflow) -> None:
        inflow.on_room = self._resume_reading
        if not inflow.is_over:
            self._inflow = inflow
            self._write_owed_continue()

    @property
    def _is_flowing(self) -> bool:
        return self._inflow is not None and not self._inflow.is_over

    def _cut_inflow(self) -> None:
        if self._inflow is not None:
            self._inflow.cut()

    def _answered(self, answer: Pending) -> None:
        """The response is there; or it is not, and never will be."""
        self._task = None
        request = self._request
        if request is None:
            return  # it was cut
        try:
            response = answer.result()
        except asyncio.CancelledError:
            if isinstance(answer, asyncio.Task) and answer.cancelling():
                self._finish(is_last=True)
                return
            # The cancellation of something that the handler waited for is its failure, not ours.
            _log.exception("%s %s failed", request.method, request.path)
            response = _internal_error()
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            response = _internal_error()
        self._respond(request, response)
        self._proceed()

    # Another language.

    def _speak_http2(self, data: bytes) -> bool:
        if self._divert is None or self._request is not None or self._waiting:
            return False
        try:
            from lambdacli.wire.http2 import Http2
        except ImportError:
            return False  # it belongs to an extra
        self._stop_timer()
        self._reader.is_done = True
        self._talk = Http2(
            self._transport,
            lambda: Connection(self._handler, self._limits, self._connections, None, self._divert),
            self._close_gently,
        )
        self._talk.data_received(data)
        return True

    def _switch(self, request: Request, response: Response, switch: Switch) -> None:
        refused = self._refused_switch(request, response)
        self._reader.is_done = True
        self._request = None
        if refused is None and not self._is_lost:
            self._write(switching_head(response))
        talk = switch(self._transport, self._close_gently)
        if self._is_lost:
            talk.connection_lost()
            self._connections.remove(self)
        elif refused is not None:
            talk.connection_lost()
            self._refuse(refused)
        else:
            self._talk = talk
            if self._is_writing_paused:
                talk.pause_writing()
            if self._connections.is_stopping:
                talk.leave()

    def _refused_switch(self, request: Request, response: Response) -> Response | None:
        if self._waiting or self._reader.reading is not Reading.NOTHING:
            # It was read as HTTP, which it may not be.
            return _plain(400, "The client did not wait until the protocol was switched.\n")
        try:
            switching_head(response)
        except ValueError:
            _log.exception("%s %s: the response cannot be sent", request.method, request.path)
            return _internal_error()
        return None

    # What goes to another server.

    def _hand_over(self, handover: Handover) -> None:
        self._request = handover.request
        self._handover = handover
        self._task = self._loop.create_task(handover.carry(self))
        self._task.add_done_callback(self._handed_over)

    def send(self, data: bytes) -> bool:
        self._write(data)
        return not self._is_writing_paused

    def go_on(self) -> None:
        if self._handover is not None:
            self._write_owed_continue()
            self._resume_reading()

    def _handed_over(self, carrying: asyncio.Task[Response | None]) -> None:
        handover, self._handover, self._task = self._handover, None, None
        response = None
        if not carrying.cancelled():
            if (error := carrying.exception()) is None:
                response = carrying.result()
            else:
                _log.error("%r failed", handover, exc_info=error)
                response = _internal_error()
        if response is None or self._request is None or self._is_lost:
            self._finish(is_last=True)
        else:
            response.close = True
            self._respond(self._request, response)
        self._proceed()

    def _finish(self, is_last: bool) -> None:
        self._request = None
        if self._is_lost:
            self._connections.remove(self)
        elif not self._is_ending and (is_last or self._is_next_last()):
            self._write(b"")  # what was held for a response that never came
            self._close()

    def _is_next_last(self) -> bool:
        return self._connections.is_stopping or (self._reader.is_done and not self._waiting)

    def _await_rest(self) -> None:
        """A request has begun to come, and nothing else is done meanwhile."""
        self._write_owed_continue()
        if self._reader.reading is Reading.HEAD and self._timer is None:
            self._start_header_timer()

    def _refuse(self, response: Response) -> None:
        self._write(refusal(response))
        self._close_gently()

    # Sending.

    def _respond(self, request: Request, response: Response) -> None:
        if self._inflow is not None:
            if not self._inflow.is_over:
                self._inflow.throw_away(lambda: self._respond_in_the_end(request, response))
                return
            self._inflow = None
        try:
            if isinstance(response.body, bytes):
                self._send(request, response)
                return
        except Exception:
            _log.exception("%s %s: sending the response failed", request.method, request.path)
            self._finish(is_last=True)
            return
        self._task = self._loop.create_task(self._send_stream(request, response))
        self._task.add_done_callback(self._streamed)

    def _respond_in_the_end(self, request: Request, response: Response) -> None:
        if self._request is request:  # else it was cut
            self._respond(request, response)
            self._proceed()

    def _send(self, request: Request, response: Response) -> None:
        if response.switch is not None:
            self._switch(request, response, response.switch)
            return
        is_last = response.close or self._is_next_last()
        try:
            head = response_head(request, response, is_last=is_last)
        except ValueError:
            _log.exception("%s %s: the response cannot be sent", request.method, request.path)
            response = _internal_error()
            head = response_head(request, response, is_last=is_last)
        body = response.body
        assert isinstance(body, bytes)
        if not has_body(request, response):
            self._write(head)
        elif response.may_wait and self._waiting and not is_last:
            self._held += head + body
        elif len(body) <= _SINGLE_WRITE_BYTES:
            self._write(head + body)
        else:
            self._write(head)
            self._write(body)
        if self._is_writing_paused and not self._is_lost:
            self._unwritten = is_last
        else:
            self._finish(is_last)

    async def _send_stream(self, request: Request, response: Response) -> bool:
        """Whether the client was told that this is the connection's last response."""
        pieces = response.body
        assert not isinstance(pieces, bytes)
        is_last = response.close or self._is_next_last()
        try:
            head = response_head(request, response, is_last=is_last)
        except ValueError:
            _log.exception("%s %s: the response cannot be sent", request.method, request.path)
            await _close_iterator(pieces)
            response = _internal_error()
            assert isinstance(response.body, bytes)
            self._write(response_head(request, response, is_last=is_last) + response.body)
            return is_last
        if has_body(request, response) and not self._is_lost:
            self._write(head)
            is_complete = await self._stream(request, pieces)
            return is_last or not is_complete or not is_chunked(request)
        await _close_iterator(pieces)
        self._write(head)
        return is_last

    def _streamed(self, sending: asyncio.Task[bool]) -> None:
        self._task = None
        is_last = True
        if not sending.cancelled():
            if (error := sending.exception()) is None:
                is_last = sending.result()
            else:
                _log.error("sending a stream failed", exc_info=error)
        self._finish(is_last)
        self._proceed()

    async def _stream(self, request: Request, pieces: AsyncIterator[bytes]) -> bool:
        """Whether all of it was sent. If not the head is out already: a connection closed before the last
        chunk is how the client hears of it."""
        self._is_streaming = True
        try:
            async for piece in pieces:
                if not piece:
                    continue  # an empty chunk would be the end
                self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked(request) else piece)
                if self._is_writing_paused:
                    await self._wait_until_writable()
                if self._transport.is_closing():
                    return False
            if is_chunked(request):
                self._write(b"0\r\n\r\n")
            return True
        except BrokenOff:
            pass
        except asyncio.CancelledError:
            if _is_this_task_cancelled():
                raise
            _log.exception("%s %s failed in the middle of its response", request.method, request.path)
        except Exception:
            _log.exception("%s %s failed in the middle of its response", request.method, request.path)
        finally:
            self._is_streaming = False
            await _close_iterator(pieces)
        return False

    async def _wait_until_writable(self) -> None:
        self._writable = self._loop.create_future()
        try:
            await self._writable
        finally:
            self._writable = None

    def _write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        # uvloop raises where asyncio only warns.
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _write_owed_continue(self) -> None:
        if self._reader.owes_continue:
            self._reader.owes_continue = False
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # Reading, and ceasing to.

    def _pause_reading(self) -> None:
        if not self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = False
            self._transport.resume_reading()

    def _start_header_timer(self) -> None:
        if self._limits.header_timeout_seconds != math.inf:
            self._timer = self._loop.call_later(self._limits.header_timeout_seconds, self._cut_slow_head)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut_slow_head(self) -> None:
        self._timer = None
        if self._reader.reading is Reading.NOTHING:
            self._transport.close()
            return
        self._refuse(_plain(408, "The request's header section took too long.\n"))

    def _close(self) -> None:
        self._is_ending = True
        is_all_read = self._reader.reading is Reading.NOTHING and not self._is_reading_paused
        if is_all_read or self._has_client_finished:
            self._transport.close()
        else:
            self._close_gently()

    def _close_gently(self) -> None:
        """Says that we are done, then reads on for a moment (see _LINGER_SECONDS)."""
        self._is_ending = True
        self._reader.is_done = True
        self._waiting.clear()
        self._stop_timer()
        if self._transport.is_closing():
            return
        self._resume_reading()
        try:
            self._transport.write_eof()
        except OSError:
            self._transport.abort()  # the client has left before it was told anything
            return
        self._timer = self._loop.call_later(_LINGER_SECONDS, self._end_linger)

    def _end_linger(self) -> None:
        if self._transport.get_write_buffer_size():
            self._timer = self._loop.call_later(_LINGER_SECONDS, self._end_linger)
        else:
            self._transport.abort()


def _plain(status: int, text: str) -> Response:
    return Response(status, {"Content-Type": "text/plain"}, text.encode())


def _internal_error() -> Response:
    return Response(500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}')


def _is_this_task_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _close_iterator(body: AsyncIterator[bytes]) -> None:
    close = getattr(body, "aclose", None)
    if close is None:
        return
    try:
        await close()
    except Exception:
        _log.exception("closing a response's stream failed")


def _peer_of(transport: asyncio.BaseTransport) -> Peer:
    if transport.get_extra_info("socket").family == socket.AF_UNIX:
        return Peer(is_unix=True)
    local, remote = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
    # IPv6 addresses come with two more members. A client that has left again has no address.
    return Peer(False, local and local[:2], remote and remote[:2])
