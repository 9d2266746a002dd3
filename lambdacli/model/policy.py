"""May this caller do this to that? One decision over all policies, with its reasons. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from enum import Enum

from lambdacli.model.errors import AccessDeniedException
from lambdacli.model.policy_conditions import Context, holds, substituted
from lambdacli.model.policy_document import (
    Effect,
    PolicyDocument,
    PolicyKind,
    PrincipalSelection,
    Selection,
    Statement,
)
from lambdacli.model.policy_patterns import matches_arn, matches_wildcards
from lambdacli.model.principals import (
    HAS_IDENTITY_POLICIES,
    HAS_PRINCIPAL_TYPE,
    Caller,
    CallerKind,
    PrincipalMatch,
    match_principal,
)
from lambdacli.model.record import record

ContextValue = str | bool | int | float | Sequence[str]

# Operations whose right in IAM is another one's.
_ACTIONS = {
    "Invoke": "lambda:InvokeFunction",
    "InvokeAsync": "lambda:InvokeFunction",
    "InvokeWithResponseStream": "lambda:InvokeFunction",
    "GetLayerVersionByArn": "lambda:GetLayerVersion",
}


def action_of(operation: str) -> str:
    """The right that an operation of the API needs."""
    return _ACTIONS.get(operation, f"lambda:{operation}")


@record
class AccessRequest:
    """What is to be decided. `resource` is the ARN as it was called, with the qualifier if one was named."""

    caller: Caller
    action: str
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    """What the request itself brings, as aws:SourceArn; what follows from the caller is added by itself."""
    at: datetime | None = None
    resource_account: str | None = None
    """Of a resource whose ARN names no account, as `*`; otherwise the ARN decides."""


class Verdict(Enum):
    ALLOWED = "allowed"
    DENIED_BY_STATEMENT = "with an explicit deny in"
    NO_IDENTITY_POLICY = "because no identity-based policy allows"
    NO_RESOURCE_POLICY = "because no resource-based policy allows"


@record
class Check:
    """One element of a statement against the request."""

    element: str
    passed: bool
    text: str


@record
class Finding:
    """One statement against the request."""

    policy: str
    kind: PolicyKind
    sid: str
    effect: Effect
    checks: tuple[Check, ...]
    grants_directly: bool = True
    """False where it names only the caller's account, which then has to allow it by an identity policy."""

    @property
    def applies(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def title(self) -> str:
        return f"{self.policy}, statement {self.sid or 'without Sid'} ({self.effect.value})"


@record
class Decision:
    request: AccessRequest
    verdict: Verdict
    deciding: tuple[Finding, ...]
    """The statements that decided; none where nothing allowed it, or where none is needed (a root user)."""
    findings: tuple[Finding, ...]
    """Every statement of every policy that was looked at, in their order."""
    because: str

    @property
    def is_allowed(self) -> bool:
        return self.verdict is Verdict.ALLOWED

    def __bool__(self) -> bool:
        raise TypeError("a Decision is not a truth value; ask its `is_allowed`")


def decide(
    request: AccessRequest,
    resource_policies: Sequence[PolicyDocument] = (),
    identity_policies: Sequence[PolicyDocument] = (),
) -> Decision:
    """An explicit deny wins. Within one account, an identity or a resource policy is enough; across accounts
    both are needed; services and callers without an identity need the resource policy."""
    context = context_of(request)
    policies = [*resource_policies, *identity_policies]
    findings = tuple(
        _finding(policy, statement, request, context)
        for policy in policies
        for statement in policy.statements
    )
    applying = [finding for finding in findings if finding.applies]
    denying = tuple(finding for finding in applying if finding.effect is Effect.DENY)
    if denying:
        return Decision(request, Verdict.DENIED_BY_STATEMENT, denying, findings, "an explicit deny wins")
    by_identity = tuple(finding for finding in applying if finding.kind is PolicyKind.IDENTITY)
    by_resource = tuple(finding for finding in applying if finding.kind is not PolicyKind.IDENTITY)
    verdict, deciding, because = _granted(request, by_identity, by_resource)
    return Decision(request, verdict, deciding, findings, because)


def explain(decision: Decision) -> list[str]:
    """The decision and how every statement came to it, as lines to read."""
    request = decision.request
    answer = "allowed" if decision.is_allowed else "denied"
    lines = [f"{answer}: {request.caller} {request.action} {request.resource}", f"  {decision.because}"]
    if not decision.findings:
        lines.append("  there is no policy")
    for finding in decision.findings:
        mark = (
            "decides" if finding in decision.deciding else "applies" if finding.applies else "does not apply"
        )
        lines.append(f"  {finding.title} {mark}")
        lines += [f"    {'yes' if check.passed else 'no ':<3} {check.text}" for check in finding.checks]
    return lines


def denial_text(decision: Decision) -> str:
    """AWS's sentence for a request that was not allowed."""
    request = decision.request
    what = f"to perform: {request.action} on resource: {request.resource}"
    start = f"User: {request.caller} is not authorized {what}"
    if decision.verdict is Verdict.DENIED_BY_STATEMENT:
        kind = decision.deciding[0].kind
        return f"{start} with an explicit deny in {_with_article(kind.value)}"
    return f"{start} {decision.verdict.value} the {request.action} action"


def require_allowed(decision: Decision) -> None:
    if not decision.is_allowed:
        raise AccessDeniedException(denial_text(decision))


def context_of(request: AccessRequest) -> Context:
    """All keys that a condition may ask for, in small letters."""
    context = {key.lower(): _values(value) for key, value in request.context.items()}
    # What the service knows of the caller wins over what a request claims.
    derived = {**_caller_context(request.caller), **_time_context(request.at)}
    account = _account_of(request)
    if account is not None:
        derived["aws:resourceaccount"] = account
    return context | {key: (value,) for key, value in derived.items()}


def _granted(
    request: AccessRequest, by_identity: tuple[Finding, ...], by_resource: tuple[Finding, ...]
) -> tuple[Verdict, tuple[Finding, ...], str]:
    """What holds when nothing denies."""
    caller = request.caller
    if caller.kind not in HAS_IDENTITY_POLICIES:
        if by_resource:
            return Verdict.ALLOWED, by_resource, "a resource policy allows it"
        return (
            Verdict.NO_RESOURCE_POLICY,
            (),
            f"{caller} needs a statement of a resource policy; none applies",
        )
    if caller.account == _account_of(request):
        return _granted_in_account(caller, by_identity, by_resource)
    if not by_resource:
        return Verdict.NO_RESOURCE_POLICY, (), "across accounts a resource policy has to allow it; none does"
    if not by_identity and caller.kind is not CallerKind.ROOT:
        because = "a resource policy allows it; across accounts an identity policy has to allow it too"
        return Verdict.NO_IDENTITY_POLICY, (), because
    return Verdict.ALLOWED, by_resource + by_identity, "the policies of both accounts allow it"


def _granted_in_account(
    caller: Caller, by_identity: tuple[Finding, ...], by_resource: tuple[Finding, ...]
) -> tuple[Verdict, tuple[Finding, ...], str]:
    if by_identity:
        return Verdict.ALLOWED, by_identity, "an identity policy allows it"
    direct = tuple(finding for finding in by_resource if finding.grants_directly)
    if direct:
        return Verdict.ALLOWED, direct, "a resource policy of the same account allows it"
    if caller.kind is CallerKind.ROOT:
        return Verdict.ALLOWED, (), "an account's root user may do everything in its account"
    if by_resource:
        because = "a resource policy leaves it to the account, in which no identity policy allows it"
        return Verdict.NO_IDENTITY_POLICY, (), because
    return Verdict.NO_IDENTITY_POLICY, (), "neither an identity policy nor a resource policy allows it"


def _finding(
    policy: PolicyDocument, statement: Statement, request: AccessRequest, context: Context
) -> Finding:
    checks: list[Check] = []
    grants_directly = True
    if statement.principals is not None:
        check, grants_directly = _check_principal(statement.principals, statement.effect, request.caller)
        checks.append(check)
    checks.append(_check_action(statement.actions, request.action))
    if statement.resources is not None:
        checks.append(_check_resource(statement.resources, request.resource, context, policy.has_variables))
    for condition in statement.conditions:
        passed = holds(condition, context, has_variables=policy.has_variables)
        found = " and ".join(context.get(condition.key.lower(), ())) or "nothing"
        checks.append(Check("Condition", passed, f"condition: {condition}; the request has {found}"))
    return Finding(policy.name, policy.kind, statement.sid, statement.effect, tuple(checks), grants_directly)


def _check_principal(selection: PrincipalSelection, effect: Effect, caller: Caller) -> tuple[Check, bool]:
    matches = [match_principal(entry, caller) for entry in selection.names]
    covering = [match for match in matches if match.covers]
    if not selection.is_negated:
        named = " or ".join(str(match.by) for match in covering)
        wanted = " or ".join(str(name) for name in selection.names)
        text = (
            f"principal: {caller} is named by {named}" if covering else f"principal: {wanted}, not {caller}"
        )
        return Check("Principal", bool(covering), text), any(match.grants_directly for match in covering)
    is_spared = _is_spared(selection, effect, caller, covering)
    text = f"principal: {caller} is {'' if is_spared else 'not '}exempted by NotPrincipal"
    return Check("NotPrincipal", not is_spared, text), True


def _is_spared(
    selection: PrincipalSelection, effect: Effect, caller: Caller, covering: list[PrincipalMatch]
) -> bool:
    """Both readings give less: an Allow spares whomever the list covers, a Deny only him of whom every name
    is listed, his account's too."""
    is_known_by_one_name = caller.kind not in HAS_IDENTITY_POLICIES
    if effect is Effect.ALLOW or is_known_by_one_name or any(name.is_everyone for name in selection.names):
        return bool(covering)
    listed = {name.name for name in selection.names}
    is_account_listed = not listed.isdisjoint({caller.account, caller.account_arn})
    return is_account_listed and all(
        arn in listed for arn in (caller.name, caller.role_arn) if arn is not None
    )


def _check_action(selection: Selection, action: str) -> Check:
    by = _first(selection, lambda pattern: matches_wildcards(pattern, action, ignores_case=True))
    return _selected("Action", selection, action, by)


def _check_resource(selection: Selection, resource: str, context: Context, has_variables: bool) -> Check:
    def is_covered(pattern: str) -> bool:
        filled = substituted(pattern, context, is_pattern=True) if has_variables else pattern
        return filled is not None and (filled == resource or matches_arn(filled, resource))

    return _selected("Resource", selection, resource, _first(selection, is_covered))


def _selected(element: str, selection: Selection, value: str, by: str | None) -> Check:
    name = f"Not{element}" if selection.is_negated else element
    patterns = " or ".join(selection.values)
    if by is None:
        return Check(name, selection.is_negated, f"{element.lower()}: {patterns} does not cover {value}")
    return Check(name, not selection.is_negated, f"{element.lower()}: {by} covers {value}")


def _first(selection: Selection, is_covered: Callable[[str], bool]) -> str | None:
    return next((pattern for pattern in selection.values if is_covered(pattern)), None)


def _account_of(request: AccessRequest) -> str | None:
    fields = request.resource.split(":", 5)
    account = fields[4] if len(fields) > 4 else ""
    return account or request.resource_account


def _caller_context(caller: Caller) -> dict[str, str]:
    keys = {
        "aws:principalisawsservice": str(caller.kind is CallerKind.SERVICE).lower(),
        "aws:principalarn": caller.role_arn or (caller.name if caller.account is not None else None),
        "aws:principalaccount": caller.account,
        "aws:principalservicename": caller.name if caller.kind is CallerKind.SERVICE else None,
        "aws:principaltype": caller.kind.value if caller.kind in HAS_PRINCIPAL_TYPE else None,
        "aws:username": caller.name.rsplit("/", 1)[-1] if caller.kind is CallerKind.USER else None,
    }
    return {key: value for key, value in keys.items() if value is not None}


def _time_context(at: datetime | None) -> dict[str, str]:
    if at is None:
        return {}
    moment = at.astimezone(UTC)
    return {
        "aws:currenttime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:epochtime": str(int(moment.timestamp())),
    }


def _values(value: ContextValue) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, (str, int, float)):
        return (str(value),)
    return tuple(value)


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
