"""Execution roles: may a service take the role on, by the role's own trust policy. Pure."""

from __future__ import annotations

from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.policy import AccessRequest, Decision, decide
from lambdacli.model.policy_document import PolicyDocument
from lambdacli.model.principals import service_caller

LAMBDA = "lambda.amazonaws.com"


def decide_assumption(
    role_arn: str, trust_policy: PolicyDocument, function_arn: str | None = None, service: str = LAMBDA
) -> Decision:
    """Whether the service may assume the role, for this function where one is known."""
    context = {}
    if function_arn is not None:
        context = {"aws:SourceArn": function_arn, "aws:SourceAccount": function_arn.split(":")[4]}
    request = AccessRequest(service_caller(service), "sts:AssumeRole", role_arn, context)
    return decide(request, [trust_policy])


def require_assumable(decision: Decision) -> None:
    if not decision.is_allowed:
        raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")


def session_arn(role_arn: str, function_name: str) -> str:
    """The caller that a function is: its role's session has the function's name."""
    _, partition, _, _, account, resource = role_arn.split(":", 5)
    return f"arn:{partition}:sts::{account}:assumed-role/{resource.rsplit('/', 1)[-1]}/{function_name}"
