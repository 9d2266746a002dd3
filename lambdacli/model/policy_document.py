"""IAM policy documents: JSON text, checked, as frozen records. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import Enum
from typing import cast

from lambdacli.model.policy_conditions import Condition, is_operator
from lambdacli.model.principals import AWS, CANONICAL_USER, EVERYONE, FEDERATED, SERVICE, PrincipalName
from lambdacli.model.record import record

VERSIONS = ("2008-10-17", "2012-10-17")
VERSION_WITH_VARIABLES = "2012-10-17"

_POLICY_ELEMENTS = {"Version", "Id", "Statement"}
_STATEMENT_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_ACTION = re.compile(r"\*|[a-zA-Z0-9*?-]+:[a-zA-Z0-9*?]+")
_PRINCIPAL_KINDS = (AWS, SERVICE, FEDERATED, CANONICAL_USER)


class PolicyError(ValueError):
    """A document that is no policy: where, and what is wrong."""


class PolicyKind(Enum):
    """What a document is attached to; the value is how AWS names that in a refusal."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    TRUST = "role trust policy"


class Effect(Enum):
    ALLOW = "Allow"
    DENY = "Deny"


@record
class Selection:
    """An element with its Not form: these, or all but these."""

    values: tuple[str, ...]
    is_negated: bool = False


@record
class PrincipalSelection:
    names: tuple[PrincipalName, ...]
    is_negated: bool = False


@record
class Statement:
    effect: Effect
    actions: Selection
    sid: str = ""
    principals: PrincipalSelection | None = None
    """None in an identity policy: whoever it is attached to."""
    resources: Selection | None = None
    """None in a trust policy: the role itself."""
    conditions: tuple[Condition, ...] = ()


@record
class PolicyDocument:
    kind: PolicyKind
    name: str
    """What an explanation calls it."""
    statements: tuple[Statement, ...]
    version: str = VERSIONS[0]

    @property
    def has_variables(self) -> bool:
        return self.version >= VERSION_WITH_VARIABLES


def parse_policy(text: str, kind: PolicyKind, name: str = "") -> PolicyDocument:
    """Reads and checks a document; raises PolicyError."""
    return policy_of(read_json(text), kind, name)


def read_json(text: str) -> dict[str, object]:
    """The document's own members; one that is written twice is an error: which of them counts?"""
    try:
        document = json.loads(text, object_pairs_hook=_unique_members)
    except PolicyError:
        raise
    except (ValueError, RecursionError) as error:
        raise PolicyError("This policy contains invalid Json") from error
    return _object(document, "the policy")


def policy_of(document: dict[str, object], kind: PolicyKind, name: str = "") -> PolicyDocument:
    """The same for a document that has been read already, as from YAML."""
    _known_members(document, _POLICY_ELEMENTS, "the policy")
    version = document.get("Version", VERSIONS[0])
    if version not in VERSIONS:
        raise PolicyError(f"Version must be {' or '.join(VERSIONS)}, not {version!r}")
    if not isinstance(document.get("Id", ""), str):
        raise PolicyError("Id must be a text")
    statements = tuple(
        _statement(each, kind, f"statement {number}")
        for number, each in enumerate(statements_of(document), start=1)
    )
    if not statements:
        raise PolicyError("Statement must hold at least one statement")
    sids = [statement.sid for statement in statements if statement.sid]
    if len(set(sids)) != len(sids):
        raise PolicyError("Statement IDs (SID) in a single policy must be unique.")
    return PolicyDocument(kind, name or kind.value, statements, str(version))


def statements_of(document: dict[str, object]) -> list[dict[str, object]]:
    """The statements as written; a single one needs no list."""
    if "Statement" not in document:
        raise PolicyError("Statement is missing")
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return [_object(each, f"statement {number}") for number, each in enumerate(listed, start=1)]


def _statement(members: dict[str, object], kind: PolicyKind, where: str) -> Statement:
    sid = members.get("Sid", "")
    if not isinstance(sid, str):
        raise PolicyError(f"{where}: Sid must be a text")
    if sid:
        where = f"{where} ({sid})"
    _known_members(members, _STATEMENT_ELEMENTS, where)
    try:
        effect = Effect(members.get("Effect"))
    except ValueError:
        raise PolicyError(f"{where}: Effect must be Allow or Deny") from None
    return Statement(
        effect=effect,
        sid=sid,
        principals=_principals(members, kind, where),
        actions=_actions(members, where),
        resources=_resources(members, kind, where),
        conditions=_conditions(members.get("Condition", {}), where),
    )


def _principals(members: dict[str, object], kind: PolicyKind, where: str) -> PrincipalSelection | None:
    element = _either(members, "Principal", where)
    if kind is PolicyKind.IDENTITY:
        if element is not None:
            raise PolicyError(f"{where}: Policy document should not specify a principal.")
        return None
    if element is None:
        raise PolicyError(f"{where}: Missing required field Principal")
    value = members[element]
    is_negated = element == "NotPrincipal"
    if value == EVERYONE:
        return PrincipalSelection((PrincipalName(EVERYONE, EVERYONE),), is_negated)
    if not isinstance(value, dict) or not value:
        raise PolicyError(f'{where}: {element} must be "*" or an object of {", ".join(_PRINCIPAL_KINDS)}')
    entries: list[PrincipalName] = []
    for principal_kind, names in value.items():
        if principal_kind not in _PRINCIPAL_KINDS:
            raise PolicyError(f"{where}: {element} knows no {principal_kind}")
        entries += [PrincipalName(principal_kind, name) for name in _texts(names, f"{where}: {element}")]
    return PrincipalSelection(tuple(entries), is_negated)


def _actions(members: dict[str, object], where: str) -> Selection:
    element = _either(members, "Action", where)
    if element is None:
        raise PolicyError(f"{where}: Missing required field Action")
    actions = _texts(members[element], f"{where}: {element}")
    for action in actions:
        if _ACTION.fullmatch(action) is None:
            raise PolicyError(f"{where}: {element} {action!r} is not of the form service:Action")
    return Selection(actions, element == "NotAction")


def _resources(members: dict[str, object], kind: PolicyKind, where: str) -> Selection | None:
    element = _either(members, "Resource", where)
    if kind is PolicyKind.TRUST:
        if element is not None:
            raise PolicyError(f"{where}: Has prohibited field Resource")
        return None
    if element is None:
        raise PolicyError(f"{where}: Missing required field Resource")
    resources = _texts(members[element], f"{where}: {element}")
    for resource in resources:
        if resource != "*" and not resource.startswith("arn:"):
            raise PolicyError(f'{where}: Resource {resource} must be in ARN format or "*".')
    return Selection(resources, element == "NotResource")


def _conditions(value: object, where: str) -> tuple[Condition, ...]:
    conditions = []
    for operator, keys in _object(value, f"{where}: Condition").items():
        if not is_operator(operator):
            raise PolicyError(f"{where}: Invalid Condition type : {operator}")
        for key, values in _object(keys, f"{where}: Condition {operator}").items():
            conditions.append(Condition(operator, key, _scalars(values, f"{where}: Condition {key}")))
    return tuple(conditions)


def _either(members: dict[str, object], element: str, where: str) -> str | None:
    written = [name for name in (element, f"Not{element}") if name in members]
    if len(written) > 1:
        raise PolicyError(f"{where}: {element} and Not{element} exclude each other")
    return written[0] if written else None


def _texts(value: object, where: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) and each for each in values):
        raise PolicyError(f"{where} must be a text or a list of texts")
    return tuple(values)


def _scalars(value: object, where: str) -> tuple[str, ...]:
    """A condition's values: JSON's numbers and booleans stand for their texts."""
    values: Sequence[object] = value if isinstance(value, list) else [value]
    if not all(isinstance(each, (str, int, float)) for each in values):
        raise PolicyError(f"{where} must be a text or a list of texts")
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values)


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise PolicyError(f"Syntax errors in policy: {where} must be an object")
    return cast(dict[str, object], value)


def _known_members(members: dict[str, object], known: set[str], where: str) -> None:
    for member in members:
        if member not in known:
            raise PolicyError(f"Syntax errors in policy: {where} has no element {member}")


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise PolicyError("Syntax errors in policy: a member is written twice")
    return members
