"""Takes values out of an event by the names of their fields, also within JSON carried as text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from fnmatch import translate
from functools import lru_cache
from typing import Any

REDACTED = "REDACTED"


def redact(payload: bytes, patterns: Sequence[str]) -> bytes:
    """A pattern names a field, as `authorization` or `*token*`, or the last fields of a way to it, as
    `headers.x-key`; in any case of letters. The payload itself where nothing matches, or it is no JSON."""
    if not patterns:
        return payload
    wanted = _wanted(tuple(patterns))
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    redacted, is_changed = _without(document, "", wanted)
    return json.dumps(redacted, ensure_ascii=False).encode(errors="surrogatepass") if is_changed else payload


@lru_cache(maxsize=16)
def _wanted(patterns: tuple[str, ...]) -> re.Pattern[str]:
    # A way begins at a field, so `id` does not mean `valid`.
    return re.compile("|".join(rf"(?:.*\.)?{translate(pattern.lower())}" for pattern in patterns), re.DOTALL)


def _without(value: Any, way: str, wanted: re.Pattern[str]) -> tuple[Any, bool]:
    if isinstance(value, dict):
        return _object_without(value, way, wanted)
    if isinstance(value, list):
        parts = [_without(each, way, wanted) for each in value]
        return [part for part, _ in parts], any(is_changed for _, is_changed in parts)
    if isinstance(value, str) and value[:1] in ("{", "["):
        return _text_without(value, way, wanted)
    return value, False


def _object_without(value: dict[str, Any], way: str, wanted: re.Pattern[str]) -> tuple[Any, bool]:
    found, is_any_changed = {}, False
    for name, each in value.items():
        here = f"{way}.{name.lower()}"
        if each is not None and wanted.fullmatch(here):
            found[name], is_changed = REDACTED, True
        else:
            found[name], is_changed = _without(each, here, wanted)
        is_any_changed = is_any_changed or is_changed
    return found, is_any_changed


def _text_without(text: str, way: str, wanted: re.Pattern[str]) -> tuple[str, bool]:
    """The body of a request, or a message within a message."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return text, False
    redacted, is_changed = _without(document, way, wanted)
    return (json.dumps(redacted, ensure_ascii=False), True) if is_changed else (text, False)
