"""The kinds of values in lam.yaml that hold policies: roles and identities. Documents are checked as read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from lambdacli.model.identity import Role
from lambdacli.model.managed_policies import MANAGED_POLICIES, managed_policy
from lambdacli.model.policy_document import PolicyDocument, PolicyError, PolicyKind, policy_of
from lambdacli.model.principals import is_principal_arn
from lambdacli.model.record import record
from lambdacli.project.declared import GivenPolicy, document_of
from lambdacli.project.kinds import JsonSchema
from lambdacli.project.yaml_nodes import Complain, entries, found, is_nothing, scalar_text

_NAME_PATTERN = r"[A-Za-z0-9_+=,.@-]{1,64}"
_ARN_PATTERN = r"arn:aws[a-zA-Z-]*:(iam|sts)::[0-9]{12}:[A-Za-z0-9_+=,.@/-]+"
_DOCUMENT: JsonSchema = {"type": "object", "required": ["Statement"]}
_POLICIES: JsonSchema = {
    "type": ["array", "null"],
    "items": {"anyOf": [_DOCUMENT, {"type": "string"}]},
}


@record
class Roles:
    """Execution roles by name or ARN, each with what is known of it."""

    def read(self, node: Node, complain: Complain) -> dict[str, Role] | None:
        if not _is_mapping(node, "roles to their trust and policies", complain):
            return None
        roles: dict[str, Role] = {}
        for name, key, value in entries(node, complain):
            complain_here = _below(complain, f".{name}")
            if not _is_name(name, ":role/"):
                complain_here(key, "", "must be the name or the ARN of a role", "")
            elif _is_mapping(value, "trust and policies to documents", complain_here):
                roles[name] = _role(name, value, complain_here)
        return roles

    def json_schema(self) -> JsonSchema:
        role: JsonSchema = {
            "type": ["object", "null"],
            "properties": {"trust": _DOCUMENT, "policies": _POLICIES},
            "additionalProperties": False,
        }
        return {
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^({_NAME_PATTERN}|{_ARN_PATTERN})$"},
            "additionalProperties": role,
        }


@record
class IdentityPolicies:
    """The policies of users and roles, by name or ARN."""

    def read(self, node: Node, complain: Complain) -> dict[str, tuple[PolicyDocument, ...]] | None:
        if not _is_mapping(node, "users and roles to their policies", complain):
            return None
        identities: dict[str, tuple[PolicyDocument, ...]] = {}
        for name, key, value in entries(node, complain):
            complain_here = _below(complain, f".{name}")
            if not _is_name(name, ":"):
                complain_here(key, "", "must be the name or the ARN of a user or role", "")
            else:
                identities[name] = _policies(name, value, complain_here)
        return identities

    def json_schema(self) -> JsonSchema:
        return {
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^({_NAME_PATTERN}|{_ARN_PATTERN})$"},
            "additionalProperties": _POLICIES,
        }


def documents_of(policies: Sequence[GivenPolicy]) -> tuple[PolicyDocument, ...] | None:
    """None where one of them is known to AWS only."""
    documents = [_document_of(policy) for policy in policies]
    known = tuple(document for document in documents if document is not None)
    return known if len(known) == len(documents) else None


def _document_of(policy: GivenPolicy) -> PolicyDocument | None:
    if isinstance(policy, str):
        return managed_policy(policy)
    document = document_of(policy)
    return None if document is None else policy_of(document, PolicyKind.IDENTITY, "a policy of the function")


def _role(name: str, node: Node, complain: Complain) -> Role:
    trust: PolicyDocument | None = None
    policies: tuple[PolicyDocument, ...] | None = None
    for part, key, value in entries(node, complain):
        if part == "trust":
            trust = _document(
                value, PolicyKind.TRUST, f"the trust policy of {name}", _below(complain, ".trust")
            )
        elif part == "policies":
            policies = _policies(name, value, _below(complain, ".policies"))
        else:
            complain(key, f".{part}", "unknown key", "known are trust, policies")
    return Role(trust, policies)


def _policies(owner: str, node: Node, complain: Complain) -> tuple[PolicyDocument, ...]:
    if is_nothing(node):
        return ()
    if not isinstance(node, SequenceNode):
        complain(node, "", f"must be a list of policies, not {found(node)}", "begin each with a hyphen")
        return ()
    read = [
        _policy(f"policy {number} of {owner}", element, _below(complain, f"[{number - 1}]"))
        for number, element in enumerate(node.value, start=1)
    ]
    return tuple(policy for policy in read if policy is not None)


def _policy(name: str, node: Node, complain: Complain) -> PolicyDocument | None:
    if not isinstance(node, ScalarNode):
        return _document(node, PolicyKind.IDENTITY, name, complain)
    policy = managed_policy(str(node.value))
    if policy is None:
        complain(node, "", f"{found(node)} is no managed policy that is known here", _known_policies())
    return policy


def _known_policies() -> str:
    return f"known are {', '.join(MANAGED_POLICIES)}; others are written as documents"


def _document(node: Node, kind: PolicyKind, name: str, complain: Complain) -> PolicyDocument | None:
    if not isinstance(node, MappingNode):
        complain(node, "", f"must be a policy document, not {found(node)}", "it has a Version and Statements")
        return None
    try:
        return policy_of(document_members(node, complain), kind, name)
    except PolicyError as error:
        complain(node, "", str(error), "")
        return None


def document_members(node: Node, complain: Complain) -> dict[str, object]:
    return {name: _plain(value, _below(complain, f".{name}")) for name, _, value in entries(node, complain)}


def _plain(node: Node, complain: Complain) -> object:
    """As JSON would hold it, but scalars stay texts: YAML takes a version for a date, and an account for a
    number."""
    if isinstance(node, MappingNode):
        return document_members(node, complain)
    if isinstance(node, SequenceNode):
        return [_plain(element, _below(complain, f"[{index}]")) for index, element in enumerate(node.value)]
    return None if is_nothing(node) else scalar_text(node)


def _is_name(text: str, arn_part: str) -> bool:
    if text.startswith("arn:"):
        return is_principal_arn(text) and arn_part in text
    return re.fullmatch(_NAME_PATTERN, text) is not None


def _is_mapping(node: Node, of_what: str, complain: Complain) -> bool:
    if isinstance(node, MappingNode) or is_nothing(node):
        return True
    complain(node, "", f"must be a mapping of {of_what}, not {found(node)}", "")
    return False


def _below(complain: Complain, path: str) -> Callable[[Node, str, str, str], None]:
    return lambda node, further, message, hint: complain(node, path + further, message, hint)
