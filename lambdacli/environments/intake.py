"""A response that its runtime streams: passed on as it comes, or gathered for who wants the whole."""

from __future__ import annotations

from lambdacli.model import limits
from lambdacli.model.piece_stream import PieceStream


class Intake:
    """`pieces` lead to the caller; without them all is kept until the end."""

    def __init__(self, pieces: PieceStream | None) -> None:
        self.pieces = pieces
        self.maximum_bytes = limits.RESPONSE_BYTES if pieces is None else limits.STREAM_BYTES
        self.is_cut = False
        """Its sender left in the middle of it."""
        self._gathered: list[bytes] = []
        self._bytes = 0

    def __repr__(self) -> str:
        return f"<Intake {self._bytes} bytes{', cut' if self.is_cut else ''}>"

    @property
    def is_too_large(self) -> bool:
        return self._bytes > self.maximum_bytes

    @property
    def is_full(self) -> bool:
        return self.pieces is not None and self.pieces.is_full

    def take(self, piece: bytes) -> None:
        """What is too much is counted and thrown away."""
        room = self.maximum_bytes - self._bytes
        self._bytes += len(piece)
        if self.pieces is not None:
            self.pieces.write(piece if len(piece) <= room else piece[: max(0, room)])
        elif self.is_too_large:
            self._gathered.clear()
        else:
            self._gathered.append(piece)

    def whole(self) -> bytes:
        """What was gathered; nothing of what has been passed on."""
        return b"".join(self._gathered)
