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
    return _text_pattern(pattern, ignores_case).fullmatch(text) is not None


def matches_arn(pattern: str, arn: str) -> bool:
    """Whether an ARN is covered: field by field, so that a wildcard never reaches over a colon into the next
    field. The last field holds the rest, colons included. Fields that the pattern does not write are any."""
    return pattern == "*" or _arn_pattern(pattern).fullmatch(arn) is not None


@lru_cache(maxsize=1024)
def _text_pattern(pattern: str, ignores_case: bool) -> re.Pattern[str]:
    return re.compile(_expression(pattern, "."), re.DOTALL | (re.IGNORECASE if ignores_case else re.NOFLAG))


@lru_cache(maxsize=1024)
def _arn_pattern(pattern: str) -> re.Pattern[str]:
    scheme, *fields = pattern.split(":", ARN_FIELDS - 1)
    fields += ["*"] * (ARN_FIELDS - 1 - len(fields))
    expressions = [re.escape(scheme), *(_expression(field, "[^:]") for field in fields[:-1])]
    return re.compile(":".join([*expressions, _expression(fields[-1], ".")]), re.DOTALL)


def _expression(pattern: str, any_character: str) -> str:
    """Atomic groups keep the search short: after a star, the first place where the next part fits is as good
    as any later one, so it never has to be looked for again."""
    parts = [_literal(part, any_character) for part in re.split(r"\*+", pattern)]
    if len(parts) == 1:
        return parts[0]
    between = "".join(f"(?>{any_character}*?{part})" for part in parts[1:-1])
    return f"{parts[0]}{between}{any_character}*{parts[-1]}"


def _literal(text: str, any_character: str) -> str:
    meanings = {"?": any_character, _PLAIN_STAR: r"\*", _PLAIN_QUESTION_MARK: r"\?"}
    return "".join(meanings.get(character) or re.escape(character) for character in text)
