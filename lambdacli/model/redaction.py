"""Takes values out of an event by the names of their fields, also within JSON, forms and queries carried as
text. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from fnmatch import translate
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

REDACTED = "REDACTED"
WITHHELD = b'"REDACTED"'
"""Instead of an event that cannot be looked into: nested too deep, or with an endless number."""

_BASE64, _BODY = "isBase64Encoded", "body"
_LONGEST_NAME = 256
"""Of a field of a form: what is longer is a text in which a `=` stands."""
_OPENING = re.compile(r"[*?\[]+")


def redact(payload: bytes, patterns: Sequence[str]) -> bytes:
    """A pattern names a field, as `authorization` or `*token*`, or the last fields of a way to it, as
    `headers.x-key`; in any case of letters. The payload itself where nothing matches, or it is no JSON."""
    if not patterns or not _may_hold(payload, tuple(patterns)):
        return payload
    wanted = _Wanted(tuple(patterns))
    try:
        redacted, is_changed = _without(json.loads(payload), "", wanted)
        return _text(redacted).encode(errors="surrogatepass") if is_changed else payload
    except (json.JSONDecodeError, UnicodeDecodeError):
        return payload
    except (ValueError, RecursionError):
        return WITHHELD


def _may_hold(payload: bytes, patterns: tuple[str, ...]) -> bool:
    """Most large events have no such field, and to find that out by parsing them takes a second."""
    # Most have no escape at all, which is found out a hundred times as fast.
    has_escapes = b"\\" in payload and b"\\u" in payload
    if has_escapes or _BASE64.encode() in payload:
        return True
    lowered = payload.lower()
    return any(sign in lowered for sign in _signs(patterns))


@lru_cache(maxsize=16)
def _signs(patterns: tuple[str, ...]) -> tuple[bytes, ...]:
    """Of each pattern a text that each field's name has which it means; empty where there is none. Where no
    `cookie` is, there is no `set-cookie` either."""
    last = (pattern.lower().rpartition(".")[2] for pattern in patterns)
    signs = {b"" if "[" in name or not name.isascii() else _longest(name) for name in last}
    return tuple(sign for sign in signs if not any(other in sign for other in signs - {sign}))


def _longest(name: str) -> bytes:
    return max(_OPENING.split(name), key=len).encode()


class _Wanted:
    """Whether the field at the end of a way is. Within one event, whose records are mostly alike, the same
    few ways come again and again."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._pattern = _pattern_of(patterns)
        self._known: dict[str, bool] = {}

    def __call__(self, way: str) -> bool:
        known = self._known.get(way)
        if known is None:
            known = self._known[way] = self._pattern.fullmatch(way) is not None
        return known


@lru_cache(maxsize=16)
def _pattern_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    # A way begins at a field, so `id` does not mean `valid`.
    return re.compile("|".join(rf"(?:.*\.)?{translate(pattern.lower())}" for pattern in patterns), re.DOTALL)


def _without(value: Any, way: str, wanted: _Wanted) -> tuple[Any, bool]:
    if isinstance(value, dict):
        return _object_without(value, way, wanted)
    if isinstance(value, list):
        parts = [_without(each, way, wanted) for each in value]
        return [part for part, _ in parts], any(is_changed for _, is_changed in parts)
    if isinstance(value, str):
        return _text_without(value, way, wanted)
    return value, False


def _object_without(value: dict[str, Any], way: str, wanted: _Wanted) -> tuple[Any, bool]:
    found, is_any_changed = {}, False
    for name, each in value.items():
        here = f"{way}.{name.lower()}"
        if each is not None and wanted(here):
            found[name], is_changed = REDACTED, True
        elif name == _BODY and value.get(_BASE64) is True and isinstance(each, str):
            found[name], is_changed = _base64_without(each, here, wanted)
        else:
            found[name], is_changed = _without(each, here, wanted)
        is_any_changed = is_any_changed or is_changed
    return found, is_any_changed


def _base64_without(text: str, way: str, wanted: _Wanted) -> tuple[str, bool]:
    """A form is none of the types that events carry as text."""
    try:
        body = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return text, False
    redacted, is_changed = _text_without(body, way, wanted)
    return (base64.b64encode(redacted.encode()).decode(), True) if is_changed else (text, False)


def _text_without(text: str, way: str, wanted: _Wanted) -> tuple[str, bool]:
    """The body of a request, or a message within a message."""
    if text[:1] not in ("{", "["):
        return _form_without(text, way, wanted) if "=" in text else (text, False)
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return text, False
    redacted, is_changed = _without(document, way, wanted)
    return (_text(redacted), True) if is_changed else (text, False)


def _form_without(text: str, way: str, wanted: _Wanted) -> tuple[str, bool]:
    """`name=value&name=value`, as queries and forms are written."""
    parts = [_part_without(part, way, wanted) for part in text.split("&")]
    redacted = "&".join(parts)
    return redacted, redacted != text


def _part_without(part: str, way: str, wanted: _Wanted) -> str:
    name, _, value = part.partition("=")
    is_wanted = value and len(name) <= _LONGEST_NAME and wanted(f"{way}.{unquote_plus(name).lower()}")
    return f"{name}={REDACTED}" if is_wanted else part


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)
