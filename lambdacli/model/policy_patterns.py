"""Wildcards of IAM policies: which text a pattern with * and ? covers, and which ARN. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

ARN_FIELDS = 6

# From Unicode's private area, so that they mean nothing in a policy.
_PLAIN_STAR, _PLAIN_QUESTION_MARK = "\ue000", "\ue001"
_PLAIN = str.maketrans({"*": _PLAIN_STAR, "?": _PLAIN_QUESTION_MARK})


def plain(text: str) -> str:
    """The same text as a part of a pattern in which its stars and question marks stand for themselves."""
    return text.translate(_PLAIN)


def matches_wildcards(pattern: str, text: str, *, ignores_case: bool = False) -> bool:
    """Whether the whole text is covered; `*` is any number of characters, `?` is exactly one."""
    return _compiled(pattern, ignores_case).fullmatch(text) is not None


def matches_arn(pattern: str, arn: str) -> bool:
    """Whether an ARN is covered: field by field, so that a wildcard never reaches over a colon into the next
    field. The last field holds the rest, colons included. Fields that the pattern does not write are any."""
    if pattern == "*":
        return True
    patterns = pattern.split(":", ARN_FIELDS - 1)
    fields = arn.split(":", ARN_FIELDS - 1)
    if len(fields) < ARN_FIELDS or patterns[0] != "arn":
        return False
    patterns += ["*"] * (ARN_FIELDS - len(patterns))
    return all(matches_wildcards(each, field) for each, field in zip(patterns, fields, strict=True))


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignores_case: bool) -> re.Pattern[str]:
    """Atomic groups keep the search short: after a star, the first place where the next part fits is as good
    as any later one, so it never has to be looked for again."""
    parts = [_literal(part) for part in re.split(r"\*+", pattern)]
    if len(parts) == 1:
        expression = parts[0]
    else:
        between = "".join(f"(?>.*?{part})" for part in parts[1:-1])
        expression = f"{parts[0]}{between}.*{parts[-1]}"
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignores_case else re.NOFLAG))


def _literal(text: str) -> str:
    meanings = {"?": ".", _PLAIN_STAR: r"\*", _PLAIN_QUESTION_MARK: r"\?"}
    return "".join(meanings.get(character) or re.escape(character) for character in text)
