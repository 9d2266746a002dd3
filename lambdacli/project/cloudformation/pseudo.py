"""The pseudo parameters: what CloudFormation itself knows of the stack."""

from __future__ import annotations

import uuid
from typing import Any

_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eusc-": "aws-eusc",
}
_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-eusc": "amazonaws.eu",
}

NO_VALUE = "AWS::NoValue"


def partition_of(region: str) -> str:
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def pseudo_parameters(stack: str, region: str, account: str) -> dict[str, Any]:
    partition = partition_of(region)
    stack_id = (
        f"arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/{_made_id(stack, region, account)}"
    )
    return {
        "AWS::AccountId": account,
        "AWS::NotificationARNs": [],
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::StackId": stack_id,
        "AWS::StackName": stack,
        "AWS::URLSuffix": _SUFFIXES.get(partition, "amazonaws.com"),
    }


def _made_id(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))
