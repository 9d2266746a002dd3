"""The key `capture` of lam.yaml: how many real events are kept, and what of them never."""

from __future__ import annotations

from yaml import MappingNode, Node, SequenceNode

from lambdacli.model.captured import DEFAULT_REDACTIONS, MOST_EVENTS, CaptureRules
from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.project.kinds import Flag, JsonSchema, Number, Text
from lambdacli.project.yaml_nodes import Complain, entries, found

_EVENTS = Number(0, MOST_EVENTS)
_NAMES = ("events", "redact")


@record
class Capturing:
    """A mapping, or true or false."""

    def read(self, node: Node, complain: Complain) -> CaptureRules | None:
        if not isinstance(node, MappingNode):
            return _switched(node, complain)
        events: int | None = CaptureRules().events
        redactions: tuple[str, ...] = DEFAULT_REDACTIONS
        for name, key, value in entries(node, complain):

            def complain_here(at: Node, path: str, message: str, hint: str, name: str = name) -> None:
                complain(at, f".{name}{path}", message, hint)

            if name == "events":
                events = _EVENTS.read(value, complain_here)
            elif name == "redact":
                redactions = _patterns(value, complain_here)
            else:
                near = nearest(name, _NAMES)
                hint = f"did you mean {near}?" if near else f"known are {', '.join(_NAMES)}"
                complain_here(key, "", "not a key that lam knows here", hint)
        return None if events is None else CaptureRules(events, redactions)

    def json_schema(self) -> JsonSchema:
        members = {
            "events": _EVENTS.json_schema(),
            "redact": {"type": "array", "items": {"type": "string", "minLength": 1}},
        }
        return {
            "anyOf": [
                {"type": "boolean"},
                {"type": "object", "properties": members, "additionalProperties": False},
            ]
        }


def _switched(node: Node, complain: Complain) -> CaptureRules | None:
    def complain_of_kind(at: Node, path: str, _message: str, _hint: str) -> None:
        wanted = f"must be true, false or a mapping of {', '.join(_NAMES)}, not {found(node)}"
        complain(at, path, wanted, "for example {events: 50}")

    is_wanted = Flag().read(node, complain_of_kind)
    return None if is_wanted is None else CaptureRules() if is_wanted else CaptureRules(events=0)


def _patterns(node: Node, complain: Complain) -> tuple[str, ...]:
    """In place of the default ones: who writes `[]` wants to see everything."""
    if not isinstance(node, SequenceNode):
        complain(node, "", f"must be a list of names of fields, not {found(node)}", "for example ['*token*']")
        return ()
    texts = (Text(pattern=r"\S.*", says="the name of a field").read(each, complain) for each in node.value)
    return tuple(text for text in texts if text is not None)
