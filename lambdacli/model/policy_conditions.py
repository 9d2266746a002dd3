"""Conditions of policy statements: the operators and what they say of a request's context. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from lambdacli.model.policy_patterns import matches_arn, matches_wildcards, plain
from lambdacli.model.record import record

Context = Mapping[str, tuple[str, ...]]
"""The request's keys in small letters, each with all its values."""

_ANY_VALUE, _ALL_VALUES, _IF_EXISTS = "ForAnyValue:", "ForAllValues:", "IfExists"
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


@record
class Condition:
    operator: str
    key: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operator} {self.key} {' or '.join(self.values) or 'nothing'}"


@record
class _Operator:
    """One comparison, with the two ways to ask it: some value is so, or none of them is."""

    compare: Callable[[str, str], bool]
    is_negated: bool = False
    takes_pattern: bool = False


def holds(condition: Condition, context: Context, *, has_variables: bool = True) -> bool:
    """Whether a condition is met; every key and operator that is not understood makes it false."""
    values = context.get(condition.key.lower())
    if condition.operator == "Null":
        return _null_holds(condition.values, values is None)
    quantifier, name, allows_absence = _parts(condition.operator)
    operator = _OPERATORS.get(name)
    if operator is None:
        return False
    if values is None and allows_absence:
        return True
    wanted = condition.values
    if has_variables:
        filled = [substituted(value, context, is_pattern=operator.takes_pattern) for value in wanted]
        wanted = tuple(value for value in filled if value is not None)
    return _compared(operator, quantifier, values, wanted)


def is_operator(name: str) -> bool:
    if name == "Null":
        return True
    _, operator, _ = _parts(name)
    return operator in _OPERATORS


def substituted(text: str, context: Context, *, is_pattern: bool = False) -> str | None:
    """A text with its policy variables filled in: `${key}`, `${key, 'default'}`, and `${*}` for a plain star.
    None when the request has no such key, or more than one value of it: then nothing matches.

    In a pattern, the stars and question marks of what was filled in stand for themselves."""
    if "${" not in text:
        return text
    filled: list[str] = []
    position = 0
    for variable in _VARIABLE.finditer(text):
        value = _value_of_variable(variable[1], context)
        if value is None:
            return None
        filled += [text[position : variable.start()], plain(value) if is_pattern else value]
        position = variable.end()
    return "".join([*filled, text[position:]])


def _value_of_variable(variable: str, context: Context) -> str | None:
    if variable in _LITERALS:
        return _LITERALS[variable]
    key, _, default = variable.partition(",")
    values = context.get(key.strip().lower())
    if values is None:
        default = default.strip()
        return default[1:-1] if len(default) >= 2 and default[0] == default[-1] == "'" else None
    return values[0] if len(values) == 1 else None


@lru_cache(maxsize=256)
def _parts(name: str) -> tuple[str, str, bool]:
    """An operator's name as quantifier, comparison, and whether an absent key satisfies it."""
    quantifier = next((each for each in (_ANY_VALUE, _ALL_VALUES) if name.startswith(each)), "")
    comparison = name.removeprefix(quantifier)
    return quantifier, comparison.removesuffix(_IF_EXISTS), comparison.endswith(_IF_EXISTS)


def _null_holds(wanted: tuple[str, ...], is_absent: bool) -> bool:
    return str(is_absent).lower() in {value.lower() for value in wanted}


def _compared(
    operator: _Operator, quantifier: str, values: tuple[str, ...] | None, wanted: tuple[str, ...]
) -> bool:
    def is_so(value: str) -> bool:
        found = any(operator.compare(value, each) for each in wanted)
        return found is not operator.is_negated

    if quantifier == _ALL_VALUES:
        return all(is_so(value) for value in values or ())
    if quantifier == _ANY_VALUE:
        return any(is_so(value) for value in values or ())
    if values is None:
        return operator.is_negated
    if operator.is_negated:
        return all(is_so(value) for value in values)
    return any(is_so(value) for value in values)


def _is_number(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare(value: str, wanted: str) -> bool:
        try:
            return test(float(value), float(wanted))
        except ValueError:
            return False

    return compare


def _is_date(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare(value: str, wanted: str) -> bool:
        try:
            return test(_timestamp(value), _timestamp(wanted))
        except ValueError:
            return False

    return compare


def _timestamp(text: str) -> float:
    """A date of ISO 8601 or seconds since 1970."""
    if re.fullmatch(r"\d{5,}(\.\d+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _is_in_network(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _is_equal(value: str, wanted: str) -> bool:
    return value == wanted


def _is_equal_ignoring_case(value: str, wanted: str) -> bool:
    return value.casefold() == wanted.casefold()


def _is_like(value: str, wanted: str) -> bool:
    return matches_wildcards(wanted, value)


def _is_arn_like(value: str, wanted: str) -> bool:
    return matches_arn(wanted, value)


def _both(
    name: str, negated: str, compare: Callable[[str, str], bool], *, takes_pattern: bool = False
) -> dict[str, _Operator]:
    return {
        name: _Operator(compare, takes_pattern=takes_pattern),
        negated: _Operator(compare, is_negated=True, takes_pattern=takes_pattern),
    }


def _ordered(
    kind: str, typed: Callable[[Callable[[float, float], bool]], Callable[[str, str], bool]]
) -> dict[str, _Operator]:
    """The six comparisons of what has an order."""
    return {
        **_both(f"{kind}Equals", f"{kind}NotEquals", typed(lambda value, wanted: value == wanted)),
        f"{kind}LessThan": _Operator(typed(lambda value, wanted: value < wanted)),
        f"{kind}LessThanEquals": _Operator(typed(lambda value, wanted: value <= wanted)),
        f"{kind}GreaterThan": _Operator(typed(lambda value, wanted: value > wanted)),
        f"{kind}GreaterThanEquals": _Operator(typed(lambda value, wanted: value >= wanted)),
    }


_OPERATORS: dict[str, _Operator] = {
    **_both("StringEquals", "StringNotEquals", _is_equal),
    **_both("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", _is_equal_ignoring_case),
    **_both("StringLike", "StringNotLike", _is_like, takes_pattern=True),
    # IAM treats the Equals forms of ARNs as it treats the Like forms.
    **_both("ArnEquals", "ArnNotEquals", _is_arn_like, takes_pattern=True),
    **_both("ArnLike", "ArnNotLike", _is_arn_like, takes_pattern=True),
    **_ordered("Numeric", _is_number),
    **_ordered("Date", _is_date),
    **_both("IpAddress", "NotIpAddress", _is_in_network),
    "Bool": _Operator(_is_equal_ignoring_case),
    "BinaryEquals": _Operator(_is_equal),
}
