"""What one connection sends: held, written, or streamed as fast as its client takes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from lambdacli.wire.messages import BrokenOff, Pieces, Request
from lambdacli.wire.response_head import is_chunked

_LARGE_BYTES = 16 * 1024
_SMALL_PART_BYTES = 4 * 1024
"""To copy a chunk that is large, of parts that are not small, costs more than to hand it over in parts."""

_log = logging.getLogger("lam.wire")


class Outflow:
    def __init__(self, transport: asyncio.Transport) -> None:
        self.is_paused = False
        """The client does not take what was sent."""
        self.is_streaming = False
        self._transport = transport
        self._held = b""
        """Responses that leave with the one that follows them."""
        self._writable: asyncio.Future[None] | None = None

    def hold(self, data: bytes) -> None:
        self._held += data

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        # uvloop raises where asyncio only warns.
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _write_chunk(self, parts: Sequence[bytes]) -> None:
        size = sum(map(len, parts))
        if size:  # an empty chunk would be the end
            self._write_parts((b"%x\r\n" % size, *parts, b"\r\n"))

    def _write_parts(self, parts: Sequence[bytes]) -> None:
        size = sum(map(len, parts))
        if size < max(_LARGE_BYTES, len(parts) * _SMALL_PART_BYTES):
            self.write(b"".join(parts))
        elif not self._transport.is_closing():
            self.write(b"")  # what was held
            self._transport.writelines(parts)

    def resume(self) -> None:
        """Also when the client is gone: nobody is to wait for it."""
        self.is_paused = False
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    async def stream(self, request: Request, pieces: Pieces) -> bool:
        """Whether all of it was sent. If not the head is out already: a connection closed before the last
        chunk is how the client hears of it."""
        self.is_streaming = True
        write = self._write_chunk if is_chunked(request) else self._write_parts
        try:
            async for piece in pieces:
                write((piece,) if isinstance(piece, bytes) else piece)
                if self.is_paused:
                    await self._wait_until_writable()
                if self._transport.is_closing():
                    return False
            if is_chunked(request):
                self.write(b"0\r\n\r\n")
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
            self.is_streaming = False
            await close_iterator(pieces)
        return False

    async def _wait_until_writable(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()
        try:
            await self._writable
        finally:
            self._writable = None


def _is_this_task_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def close_iterator(body: Pieces) -> None:
    close = getattr(body, "aclose", None)
    if close is None:
        return
    try:
        await close()
    except Exception:
        _log.exception("closing a response's stream failed")
