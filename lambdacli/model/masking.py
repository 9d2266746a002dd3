"""Which values of variables may be shown, and what stands for the others. Pure."""

from __future__ import annotations

import re

MASK = "••••••"

_SECRET_NAMES = re.compile(
    r"pass|pwd|secret|token|key|credential|auth|private|cert|signature|salt|session|cookie|dsn|conn|jwt|"
    r"license|pin\b|webhook|seed",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[A-Za-z0-9_.,:/@ -]*")
_LONGEST_PLAIN = 120
_USER_IN_ADDRESS = re.compile(r"://[^/]*@")
_LONGEST_WORD = 20


def shown_variable(name: str, value: str) -> str:
    """The value itself only if neither its name nor its form is that of a secret: what is not clearly plain
    is not shown."""
    return value if is_plain(name, value) else MASK


def is_plain(name: str, value: str) -> bool:
    if _SECRET_NAMES.search(name) is not None:
        return False
    if len(value) > _LONGEST_PLAIN or _PLAIN.fullmatch(value) is None:
        return False
    if _USER_IN_ADDRESS.search(value) is not None:
        return False
    return not any(_looks_random(word) for word in re.split(r"[/.,:@ _-]", value))


def _looks_random(word: str) -> bool:
    """Long, and letters mixed with digits or small with large ones: no name that a person gave."""
    if len(word) < _LONGEST_WORD:
        return False
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]")
    return sum(re.search(kind, word) is not None for kind in kinds) > 1


def without_secrets(text: str, variables: dict[str, str]) -> str:
    """A text that somebody else wrote, such as a refusal that repeats what it was sent."""
    secrets = {value for name, value in variables.items() if len(value) > 3 and not is_plain(name, value)}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
