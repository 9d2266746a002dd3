"""Who may call a function's URL: the two rights that it takes, decided by policies. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from lambdacli.model.identity import Identity
from lambdacli.model.permission import URL_ACTION
from lambdacli.model.policy import AccessRequest, ContextValue, Decision, decide
from lambdacli.model.policy_document import PolicyDocument, PolicyKind, policy_of
from lambdacli.model.principals import ANONYMOUS, Caller, CallerKind
from lambdacli.model.producer import INVOKE
from lambdacli.model.record import record

EVERYBODY = "NONE"
"""The auth type of a URL that asks for no signature."""


@record
class Signer:
    """Who signed a request."""

    identity: Identity
    access_key: str
    account: str


def decide_call(
    arn: str, auth_type: str, signer: Signer | None, policies: Sequence[PolicyDocument], at: datetime
) -> Decision:
    """The first right that is refused, or the last one. `policies` are those of exactly this function or
    alias; a URL that asks for no signature does not ask who signed either."""
    caller: Caller = ANONYMOUS
    attached: Sequence[PolicyDocument] = ()
    context: dict[str, ContextValue] = {"lambda:FunctionUrlAuthType": auth_type}
    if signer is not None and auth_type != EVERYBODY:
        caller, attached = signer.identity.caller, signer.identity.policies
        context |= signer.identity.context
    decision = decide(AccessRequest(caller, URL_ACTION, arn, context, at), policies, attached)
    if not decision.is_allowed:
        return decision
    through_url = {**context, "lambda:InvokedViaFunctionUrl": True}
    return decide(AccessRequest(caller, INVOKE, arn, through_url, at), policies, attached)


@lru_cache(maxsize=256)
def public_policy(arn: str) -> PolicyDocument:
    """What SAM and the console write down for a URL that everybody may call."""
    statements = [
        {
            "Sid": "FunctionURLAllowPublicAccess",
            "Effect": "Allow",
            "Principal": "*",
            "Action": URL_ACTION,
            "Resource": arn,
            "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": EVERYBODY}},
        },
        {
            "Sid": "FunctionURLInvokeAllowPublicAccess",
            "Effect": "Allow",
            "Principal": "*",
            "Action": INVOKE,
            "Resource": arn,
            "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
        },
    ]
    return policy_of({"Statement": statements}, PolicyKind.RESOURCE, f"lam.yaml's `url` of {arn}")


def authorizer_of(signer: Signer) -> dict[str, object]:
    """As the event tells of the caller. IAM's unique ids are nobody's here: names stand for them."""
    caller = signer.identity.caller
    return {
        "iam": {
            "accessKey": signer.access_key,
            "accountId": signer.account,
            "callerId": _id_of(caller),
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": caller.name,
            "userId": _id_of(caller),
        }
    }


def _id_of(caller: Caller) -> str:
    if caller.kind is CallerKind.ROOT:
        return caller.account or ""
    kind, _, name = caller.name.rpartition(":")[2].partition("/")
    return name.replace("/", ":") if kind == "assumed-role" else name.rpartition("/")[2]
