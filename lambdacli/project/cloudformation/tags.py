"""The short tags of intrinsic functions in YAML, and the names that stand for them."""

from __future__ import annotations

FUNCTIONS = (
    "Base64",
    "Cidr",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
)
LOGICAL_FUNCTIONS = ("And", "Equals", "Not", "Or")
RULE_FUNCTIONS = ("Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll")

LONG_NAMES = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{f"!{name}": f"Fn::{name}" for name in (*FUNCTIONS, *LOGICAL_FUNCTIONS, *RULE_FUNCTIONS)},
}
