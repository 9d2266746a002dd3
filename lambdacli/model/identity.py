"""Who a checked signature belongs to, and which policies are attached to whom. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from lambdacli.model.policy import ContextValue
from lambdacli.model.policy_document import PolicyDocument, PolicyKind, policy_of
from lambdacli.model.principals import Caller, CallerKind
from lambdacli.model.record import record


@record
class Identity:
    """A caller whose signature was checked, with the policies that are attached to it."""

    caller: Caller
    policies: tuple[PolicyDocument, ...] = ()
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    """What its credentials bring into every request, as lambda:SourceFunctionArn."""


@record
class Role:
    trust: PolicyDocument | None = None
    """None: not told, so anybody is believed to be trusted."""
    policies: tuple[PolicyDocument, ...] | None = None
    """None: not told, so it may do everything in its account."""


@record
class Identities:
    """What is known of roles and users; both are named by ARN or by name."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    attached: Mapping[str, tuple[PolicyDocument, ...]] = field(default_factory=dict)

    def trust_of(self, role_arn: str) -> PolicyDocument | None:
        role = self.roles.get(role_arn) or self.roles.get(_name_in(role_arn))
        return None if role is None else role.trust

    def policies_of(self, caller: Caller) -> tuple[PolicyDocument, ...]:
        """Of a caller that is not known here: everything, in its own account."""
        told = self.known_policies_of(caller)
        return (_everything(caller),) if told is None else told

    def known_policies_of(self, caller: Caller) -> tuple[PolicyDocument, ...] | None:
        """None: nothing was told of it."""
        names = _names_of(caller)
        attached = [self.attached[name] for name in names if name in self.attached]
        roles = [self.roles[name].policies for name in names if name in self.roles]
        told = [*attached, *(policies for policies in roles if policies is not None)]
        if not told:
            return None
        return tuple(document for policies in told for document in policies)


NOBODY = Identities()


def _names_of(caller: Caller) -> tuple[str, ...]:
    """A session is named by its own ARN and its role's; the name alone is the user's or the role's."""
    arns = [arn for arn in (caller.name, caller.role_arn) if arn is not None]
    if caller.kind not in (CallerKind.USER, CallerKind.ROLE, CallerKind.SESSION):
        return tuple(arns)
    return tuple(dict.fromkeys([*arns, _name_in(caller.role_arn or caller.name)]))


def _name_in(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _everything(caller: Caller) -> PolicyDocument:
    document: dict[str, object] = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    return policy_of(document, PolicyKind.IDENTITY, f"full access, since no policies of {caller} are known")
