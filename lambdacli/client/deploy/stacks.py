"""Which functions stacks of CloudFormation have made, by their logical ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lambdacli.client.deploy.target import Json, Refused, Target

_FUNCTION = "AWS::Lambda::Function"
_NESTED = "AWS::CloudFormation::Stack"


def functions_of_stacks(target: Target, stacks: Sequence[str]) -> dict[str, str] | None:
    """Their names by logical ids; where two stacks use one id, also behind the stack's own name, as in a
    project of both, and behind the ids of nested stacks (`Child/Function`). None: there is no such
    stack. Raises Refused."""
    found: dict[str, str] = {}
    is_there = False
    for stack in stacks:
        try:
            resources = list(_resources(target, stack, stack))
        except Refused as error:
            if _is_missing(error):
                continue
            raise
        is_there = True
        for told, within, resource in resources:
            logical_id, name = resource["LogicalResourceId"], resource["PhysicalResourceId"]
            prefix = "".join(letter for letter in told if letter.isalnum())
            found.setdefault(logical_id, name)
            found.setdefault(f"{prefix}{logical_id}", name)
            found.setdefault("/".join((*within, logical_id)), name)
    return found if is_there else None


def _resources(
    target: Target, stack: str, told: str, within: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...], Json]]:
    """Functions, with what their stack is called: a nested one after the resource that it is."""
    nested = []
    for resource in _pages(target, stack):
        if "PhysicalResourceId" not in resource:
            continue
        if resource["ResourceType"] == _FUNCTION:
            yield told, within, resource
        elif resource["ResourceType"] == _NESTED:
            nested.append((resource["PhysicalResourceId"], resource["LogicalResourceId"]))
    for name, own in nested:
        yield from _resources(target, name, f"{told}-{own}", (*within, own))


def _pages(target: Target, stack: str) -> Iterator[Json]:
    token: dict[str, str] = {}
    while True:
        page = target.call("cloudformation", "ListStackResources", {"StackName": stack, **token})
        yield from page.get("StackResourceSummaries", [])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _is_missing(error: Refused) -> bool:
    return error.code == "ValidationError" and "does not exist" in error.message
