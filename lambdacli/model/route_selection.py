"""Route selection expressions of WebSocket APIs: what of a message says which route takes it. Pure."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from lambdacli.model.http_apis import RouteError
from lambdacli.model.record import record

_PIECE = re.compile(
    r"\\(?P<escaped>.)"
    r"|\$\{(?P<braced>[^{}]*)\}"
    r"|\$(?P<bare>[A-Za-z_][A-Za-z0-9_.-]*)"
    r"|(?P<stray>[$\\])"
    r"|(?P<text>[^$\\]+)"
)
_BODY = "request.body."
_HINT = "for example $request.body.action, or ${request.body.kind}-${request.body.version}"


@record
class Selection:
    pieces: tuple[str | tuple[str, ...], ...]
    """Texts, and paths into the message's JSON."""

    def route_of(self, message: str) -> str | None:
        """The key that the message selects; None where it cannot be told, as of what is no JSON."""
        if all(isinstance(piece, str) for piece in self.pieces):
            return "".join(map(str, self.pieces))
        try:
            body = json.loads(message)
        except (ValueError, RecursionError):
            return None
        texts = [piece if isinstance(piece, str) else _text_at(body, piece) for piece in self.pieces]
        return None if any(text is None for text in texts) else "".join(map(str, texts))


@lru_cache(maxsize=64)
def parse_selection(expression: str) -> Selection:
    """Raises RouteError."""
    pieces: list[str | tuple[str, ...]] = []
    for match in _PIECE.finditer(expression):
        if match["stray"] is not None:
            raise RouteError(f"{expression} has a {match['stray']} that begins nothing", _HINT)
        text = match["text"] or match["escaped"]
        pieces.append(text if text is not None else _path(expression, match["braced"] or match["bare"] or ""))
    if not pieces:
        raise RouteError("the expression is empty", _HINT)
    return Selection(tuple(pieces))


def _path(expression: str, variable: str) -> tuple[str, ...]:
    path = tuple(variable.removeprefix(_BODY).split("."))
    if not variable.startswith(_BODY) or not all(path):
        raise RouteError(f"{expression} asks for more than a message has: ${variable}", _HINT)
    return path


def _text_at(body: Any, path: tuple[str, ...]) -> str | None:
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    if isinstance(body, str):
        return body
    return json.dumps(body) if isinstance(body, bool | int | float) else None
