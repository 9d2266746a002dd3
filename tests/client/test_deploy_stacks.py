"""Functions have the names that stacks of CloudFormation gave them."""

from __future__ import annotations

import pytest

from lambdacli.client.deploy.stacks import functions_of_stacks
from lambdacli.client.deploy.target import Refused

INNER = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop-Inner-1A/x"
STACKS = {
    "shop": [
        [],
        [
            ("Orders", "AWS::Lambda::Function", "shop-Orders-1A"),
            ("Table", "AWS::DynamoDB::Table", "shop-Table-1A"),
            ("Inner", "AWS::CloudFormation::Stack", INNER),
            ("Unmade", "AWS::Lambda::Function", None),
        ],
    ],
    INNER: [[("Orders", "AWS::Lambda::Function", "inner-Orders"), ("Mail", "AWS::Lambda::Function", "mail")]],
    "staff": [[("Orders", "AWS::Lambda::Function", "staff-Orders")]],
}


class CloudFormation:
    name, is_aws = "AWS", True

    def call(self, service, operation, parameters):
        assert (service, operation) == ("cloudformation", "ListStackResources")
        if parameters["StackName"] not in STACKS:
            message = f"Stack with id {parameters['StackName']} does not exist"
            raise Refused(operation, "ValidationError", message, 400)
        pages = STACKS[parameters["StackName"]]
        number = int(parameters.get("NextToken", 0))
        summaries = [
            {"LogicalResourceId": logical, "ResourceType": kind}
            | ({} if physical is None else {"PhysicalResourceId": physical})
            for logical, kind, physical in pages[number]
        ]
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"StackResourceSummaries": summaries, **more}


@pytest.mark.parametrize(
    ("stacks", "found"),
    [
        pytest.param(
            ("shop",),
            {
                "Orders": "shop-Orders-1A",
                "shopOrders": "shop-Orders-1A",
                "shopInnerOrders": "inner-Orders",
                "Inner/Orders": "inner-Orders",
                "Mail": "mail",
                "shopInnerMail": "mail",
                "Inner/Mail": "mail",
            },
            id="of a stack and those within it",
        ),
        pytest.param(
            ("missing", "staff", "shop"),
            {
                "Orders": "staff-Orders",
                "staffOrders": "staff-Orders",
                "shopOrders": "shop-Orders-1A",
                "shopInnerOrders": "inner-Orders",
                "Inner/Orders": "inner-Orders",
                "Mail": "mail",
                "shopInnerMail": "mail",
                "Inner/Mail": "mail",
            },
            id="of those of several that are there",
        ),
        pytest.param(("missing",), None, id="of none"),
    ],
)
def test_functions_are_found_by_logical_id(stacks, found):
    assert functions_of_stacks(CloudFormation(), stacks) == found
