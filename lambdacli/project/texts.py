"""The kinds of mappings of names to texts in lam.yaml."""

from __future__ import annotations

import re

from yaml import MappingNode, Node

from lambdacli.model.record import record
from lambdacli.project.kinds import JsonSchema
from lambdacli.project.yaml_nodes import Complain, entries, found, is_nothing, scalar_text


@record
class Texts:
    """Values of any scalar as their text. Without a pattern any name will do."""

    name_pattern: str | None = None
    name_fault: str = ""
    hint: str = ""

    def read(self, node: Node, complain: Complain) -> dict[str, str] | None:
        if not isinstance(node, MappingNode) and not is_nothing(node):
            complain(node, "", f"must be a mapping of names to texts, not {found(node)}", "")
            return None
        texts: dict[str, str] = {}
        for name, key, value in entries(node, complain):
            text = scalar_text(value)
            if self.name_pattern is not None and re.fullmatch(self.name_pattern, name) is None:
                complain(key, f".{name}", self.name_fault, "")
            elif text is None:
                complain(value, f".{name}", f"must be a text, not {found(value)}", self.hint)
            else:
                texts[name] = text
        return texts

    def json_schema(self) -> JsonSchema:
        names: JsonSchema = (
            {} if self.name_pattern is None else {"propertyNames": {"pattern": f"^{self.name_pattern}$"}}
        )
        return {
            "type": ["object", "null"],
            **names,
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        }


ANY_TEXTS = Texts()
"""Names that are not Lambda's: exports of stacks, parameters."""
STAGE_VARIABLES = Texts(
    "[a-zA-Z0-9_]+", "a stage variable's name has letters, digits and underscores", "JSON goes into quotes"
)
