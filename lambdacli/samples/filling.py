"""From a template to what it stands for: the small language of the documents below `events/`. Pure.

In a text, `${name}` is a parameter, a value or a fact of the place, `${word:detail}` is made up by `words`.
Alone in its text it keeps its type. A map whose key begins with `=` is a function: of `forms`, or

    {"=given": X}                             X, or, when that is null, no member at all
    {"=if": C, "then": X, "else": Y}
    {"=records": {"values", "record", "most"}}    the list of the records, each filled for itself"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lambdacli.samples.forms import FORMS, text_of
from lambdacli.samples.sample import Sample
from lambdacli.samples.words import Circumstances, word

_PLACE = re.compile(r"\$\{([a-z][a-z0-9_]*)(?::([^}]*))?\}")
_ABSENT = object()

Scope = Mapping[str, Any]
Carried = Callable[[], Scope]


class Filling:
    """One event in the making. `carried` makes, per record, the parameters that hold what it carries."""

    def __init__(
        self, sample: Sample, circumstances: Circumstances, count: int = 1, carried: Carried | None = None
    ) -> None:
        self._sample = sample
        self._circumstances = circumstances
        self._count = count
        self._carried = carried

    def event(self, given: Scope) -> tuple[Any, Scope]:
        """The event, and the names by which what was made of it can be told."""
        scope: dict[str, Any] = {
            "account": self._circumstances.account,
            "region": self._circumstances.region,
            "partition": self._circumstances.partition,
            "suffix": self._circumstances.suffix,
            "count": self._count,
            "index": 0,
        }
        if self._carried is not None:
            scope.update(self._carried())
        for name, parameter in self._sample.parameters.items():
            if name in given:
                scope[name] = given[name]
            elif name not in scope:
                scope[name] = self.fill(parameter.default, scope)
        self._add(self._sample.values, scope)
        return self.fill(self._sample.event, scope), scope

    def fill(self, template: Any, scope: Scope) -> Any:
        if isinstance(template, str):
            return self._text(template, scope)
        if isinstance(template, list):
            filled = [self.fill(each, scope) for each in template]
            return [each for each in filled if each is not _ABSENT]
        if not isinstance(template, dict):
            return template
        function = next(iter(template), "")
        if function.startswith("="):
            return self._function(function[1:], template, scope)
        members = {name: self.fill(value, scope) for name, value in template.items()}
        return {name: value for name, value in members.items() if value is not _ABSENT}

    def _function(self, name: str, template: Mapping[str, Any], scope: Scope) -> Any:
        argument = template[f"={name}"]
        if name == "if":
            return self.fill(template["then" if self.fill(argument, scope) else "else"], scope)
        if name == "records":
            return [self._record(argument, scope, index) for index in range(self._count)]
        value = self.fill(argument, scope)
        if name == "given":
            return _ABSENT if value is None else value
        return FORMS[name](value)

    def _record(self, told: Mapping[str, Any], outer: Scope, index: int) -> Any:
        scope: dict[str, Any] = {**outer, "index": index}
        if self._carried is not None and index > 0:
            scope.update(self._carried())
        self._add(told.get("values", {}), scope)
        return self.fill(told["record"], scope)

    def _add(self, values: Mapping[str, Any], scope: dict[str, Any]) -> None:
        for name, template in values.items():
            scope[name] = self.fill(template, scope)

    def _text(self, template: str, scope: Scope) -> Any:
        whole = _PLACE.fullmatch(template)
        if whole is not None:
            return self._place(whole, scope)
        return _PLACE.sub(lambda match: text_of(self._place(match, scope)), template)

    def _place(self, match: re.Match[str], scope: Scope) -> Any:
        name, detail = match.groups()
        if detail is None and name in scope:
            return scope[name]
        return word(name, detail or "", self._circumstances, scope["index"])


def most_records(template: Any) -> int | None:
    """How many records it can have: None: any number; 0: an event of this kind has none."""
    if isinstance(template, dict):
        if "=records" in template:
            most: int | None = template["=records"].get("most")
            return most
        found = [most_records(each) for each in template.values()]
    elif isinstance(template, list):
        found = [most_records(each) for each in template]
    else:
        return 0
    return None if None in found else max((each for each in found if each is not None), default=0)
