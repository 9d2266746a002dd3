"""What a document below `events/` says, as records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class SampleError(Exception):
    """A wish that cannot be fulfilled."""

    def __init__(self, message: str, *hints: str | None) -> None:
        super().__init__(message)
        self.hints = tuple(hint for hint in hints if hint)


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    help: str
    kind: str
    """text, integer, number, flag or json."""
    default: Any
    """A template, filled when no value is given."""
    choices: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    def parse(self, text: str) -> Any:
        """The value that somebody wrote."""
        if self.choices and text not in self.choices:
            raise SampleError(f"{self.option}: {text} is none of {', '.join(self.choices)}")
        if self.kind == "text":
            return text
        try:
            value = json.loads(text)
        except ValueError:
            value = None if self.kind == "json" else text
            if self.kind == "json":
                raise SampleError(f"{self.option}: {text} is not JSON", "quote it for your shell") from None
        if self.kind == "integer" and (isinstance(value, bool) or not isinstance(value, int)):
            raise SampleError(f"{self.option}: {text} is not a whole number")
        if self.kind == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise SampleError(f"{self.option}: {text} is not a number")
        if isinstance(self.default, dict) and self.kind == "json" and not isinstance(value, dict):
            raise SampleError(f"{self.option}: {text} is not a JSON object")
        return value


@dataclass(frozen=True, slots=True)
class Sample:
    service: str
    type: str
    summary: str
    call: str
    """How the producer calls the function: sync, async or mapping."""
    parameters: Mapping[str, Parameter]
    values: Mapping[str, Any]
    """Templates, filled once per event in their order: what stands in several places."""
    event: Any
    carriers: Mapping[str, Mapping[str, Any]]
    """What it can travel in on its way to a function, and that carrier's parameters then, as templates."""
    carried: Any
    """The template of what travels; `${event}` is the event itself."""
    raw_carriers: Mapping[str, Mapping[str, Any]]
    raw: Any
    """The same where the message goes on without its envelope; None: there is no such way."""
    carries: str | None
    """The parameter that takes what it carries."""
    is_direct: bool
    """False: it reaches a function only in a carrier."""
    open: tuple[str, ...]
    """Paths of maps whose keys are the user's own."""

    @property
    def name(self) -> str:
        return f"{self.service} {self.type}"


def sample_from(service: str, type_: str, document: Mapping[str, Any]) -> Sample:
    raw = document.get("raw", {})
    return Sample(
        service=service,
        type=type_,
        summary=document["summary"],
        call=document["call"],
        parameters={
            name: _parameter(name, told)
            for name, told in document.get("parameters", {}).items()
            if told is not None
        },
        values=document.get("values", {}),
        event=document["event"],
        carriers=document.get("carriers", {}),
        carried=document.get("carried", "${event}"),
        raw_carriers=raw.get("carriers", {}),
        raw=raw.get("carried"),
        carries=document.get("carries"),
        is_direct=document.get("direct", True),
        open=tuple(document.get("open", ())),
    )


def _parameter(name: str, told: Mapping[str, Any]) -> Parameter:
    default = told.get("default", False if told.get("kind") == "flag" else None)
    return Parameter(
        name, told["help"], told.get("kind", "text"), default, tuple(map(str, told.get("choices", ())))
    )


def like(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """A document that says only how it differs from another one of its service."""
    merged = {**parent, **child}
    for part in ("parameters", "values"):
        merged[part] = {**parent.get(part, {}), **child.get(part, {})}
    del merged["like"]
    return merged
