"""The word that somebody most likely meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, words: Iterable[str]) -> str | None:
    import difflib  # only for mistakes: it takes ten milliseconds

    return next(iter(difflib.get_close_matches(word, words, n=1)), None)
