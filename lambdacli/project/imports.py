"""The kind of `imports` in lam.yaml: what a template takes from elsewhere, by name."""

from __future__ import annotations

from dataclasses import dataclass

from yaml import MappingNode, Node

from lambdacli.project.kinds import JsonSchema
from lambdacli.project.yaml_nodes import Complain, entries, found, is_nothing, scalar_text


@dataclass(frozen=True, slots=True)
class Imports:
    """Names are not Lambda's: exports of stacks, parameters, attributes of resources."""

    def read(self, node: Node, complain: Complain) -> dict[str, str] | None:
        if not isinstance(node, MappingNode) and not is_nothing(node):
            complain(node, "", f"must be a mapping of names to texts, not {found(node)}", "")
            return None
        texts: dict[str, str] = {}
        for name, _, value in entries(node, complain):
            text = scalar_text(value)
            if text is None:
                complain(value, f".{name}", f"must be a text, not {found(value)}", "")
            else:
                texts[name] = text
        return texts

    def json_schema(self) -> JsonSchema:
        return {
            "type": ["object", "null"],
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        }
