"""Carries a template's values into another one, where its names and parameters are called otherwise. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lambdacli.model.record import record

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")


@record
class Rewriting:
    """What stands for what, as functions: None leaves it as it is."""

    name: Callable[[str], str]
    """Of a logical id, a condition or a mapping in the other template."""
    reference: Callable[[str], Any]
    """What stands for Ref of this name."""
    attribute: Callable[[str, str], Any]
    imported: Callable[[Any], Any]
    """What stands for the import of this (rewritten) name."""

    def of(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.of(each) for each in value]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            rewritten = self._intrinsic(key, argument)
            if rewritten is not None:
                return rewritten
        return {key: self.of(each) for key, each in value.items()}

    def _intrinsic(self, key: str, argument: Any) -> Any:
        if key == "Ref" and isinstance(argument, str):
            return self._reference(argument)
        if key == "Fn::GetAtt":
            return self._attribute(argument)
        if key == "Fn::Sub":
            return self._substituted(argument)
        if key == "Condition" and isinstance(argument, str):
            return {"Condition": self.name(argument)}
        if key in ("Fn::If", "Fn::FindInMap") and isinstance(argument, list) and argument:
            first = self.name(argument[0]) if isinstance(argument[0], str) else self.of(argument[0])
            return {key: [first, *(self.of(each) for each in argument[1:])]}
        if key == "Fn::ImportValue":
            name = self.of(argument)
            found = self.imported(name)
            return {key: name} if found is None else found
        return None

    def _reference(self, name: str) -> Any:
        found = self.reference(name)
        return {"Ref": self.name(name)} if found is None else found

    def _attribute(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[0], str):
            return {"Fn::GetAtt": self.of(argument)}
        if isinstance(parts[1], str):
            found = self.attribute(parts[0], parts[1])
            if found is not None:
                return found
        return {"Fn::GetAtt": [self.name(parts[0]), self.of(parts[1])]}

    def _substituted(self, argument: Any) -> Any:
        """What has another value than a name gets a variable of its own in the text."""
        text, given = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str) or not isinstance(given, Mapping):
            return {"Fn::Sub": self.of(argument)}
        variables = {name: self.of(each) for name, each in given.items()}

        def replaced(match: re.Match[str]) -> str:
            name = match[2].strip()
            if match[1] or name in given:
                return match[0]
            head, dot, attribute = name.partition(".")
            value = self.attribute(head, attribute) if dot else self.reference(head)
            if value is None:
                return f"${{{self.name(head)}{dot}{attribute}}}"
            if isinstance(value, str) and "${" not in value:
                return value
            variable = f"Value{len(variables) + 1}"
            variables[variable] = value
            return f"${{{variable}}}"

        rewritten = _PLACEHOLDER.sub(replaced, text)
        return {"Fn::Sub": [rewritten, variables] if variables else rewritten}
