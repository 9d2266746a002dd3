"""Sets of rights that `policies` may name with what they are for, as in SAM. Data, and its reader."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambdacli.model.nearest import nearest
from lambdacli.model.record import record

_PLACE = re.compile(r"\$\{(\w+)\}")

Statement = dict[str, object]


@record
class Here:
    """What an ARN begins with where the function is deployed to."""

    partition: str
    region: str
    account: str


class TemplateError(ValueError):
    """A template that does not exist, or whose parameters are wrong."""


_TABLE = (
    "arn:${partition}:dynamodb:${region}:${account}:table/${TableName}",
    "arn:${partition}:dynamodb:${region}:${account}:table/${TableName}/index/*",
)
_QUEUE = ("arn:${partition}:sqs:${region}:${account}:${QueueName}",)
_BUCKET = ("arn:${partition}:s3:::${BucketName}", "arn:${partition}:s3:::${BucketName}/*")
_STREAM = ("arn:${partition}:kinesis:${region}:${account}:stream/${StreamName}",)
_PARAMETER = "arn:${partition}:ssm:${region}:${account}:parameter/${ParameterName}"

_READ_ITEMS = (
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
)
_WRITE_ITEMS = ("dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
_READ_OBJECTS = ("s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket")
_WRITE_OBJECTS = ("s3:PutObject", "s3:PutObjectAcl")

TEMPLATES: Mapping[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    "AWSSecretsManagerGetSecretValuePolicy": ((("secretsmanager:GetSecretValue",), ("${SecretArn}",)),),
    "DynamoDBCrudPolicy": (
        ((*_READ_ITEMS, *_WRITE_ITEMS, "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"), _TABLE),
    ),
    "DynamoDBReadPolicy": ((_READ_ITEMS, _TABLE),),
    "DynamoDBWritePolicy": ((_WRITE_ITEMS, _TABLE),),
    "EventBridgePutEventsPolicy": (
        (("events:PutEvents",), ("arn:${partition}:events:${region}:${account}:event-bus/${EventBusName}",)),
    ),
    "KMSDecryptPolicy": ((("kms:Decrypt",), ("arn:${partition}:kms:${region}:${account}:key/${KeyId}",)),),
    "KMSEncryptPolicy": ((("kms:Encrypt",), ("arn:${partition}:kms:${region}:${account}:key/${KeyId}",)),),
    "KinesisCrudPolicy": (
        (
            (
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
                "kinesis:PutRecord",
                "kinesis:PutRecords",
            ),
            _STREAM,
        ),
    ),
    "LambdaInvokePolicy": (
        (
            ("lambda:InvokeFunction",),
            ("arn:${partition}:lambda:${region}:${account}:function:${FunctionName}*",),
        ),
    ),
    "S3CrudPolicy": (((*_READ_OBJECTS, *_WRITE_OBJECTS, "s3:DeleteObject"), _BUCKET),),
    "S3ReadPolicy": ((_READ_OBJECTS, _BUCKET),),
    "S3WritePolicy": ((_WRITE_OBJECTS, _BUCKET),),
    "SNSPublishMessagePolicy": (
        (("sns:Publish",), ("arn:${partition}:sns:${region}:${account}:${TopicName}",)),
    ),
    "SQSPollerPolicy": (
        (
            (
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ),
            _QUEUE,
        ),
    ),
    "SQSSendMessagePolicy": ((("sqs:SendMessage",), _QUEUE),),
    "SSMParameterReadPolicy": (
        (("ssm:DescribeParameters",), ("*",)),
        (("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"), (_PARAMETER,)),
    ),
    "StepFunctionsExecutionPolicy": (
        (
            ("states:StartExecution",),
            ("arn:${partition}:states:${region}:${account}:stateMachine:${StateMachineName}",),
        ),
    ),
}
"""Each name's actions and what they are allowed on."""


def statements_of(name: str, parameters: Mapping[str, object], here: Here) -> list[Statement]:
    template = TEMPLATES.get(name)
    if template is None:
        near = nearest(name, TEMPLATES)
        raise TemplateError(
            f"{name} is no set of rights that is known here"
            + (f"; did you mean {near}?" if near else f"; known are {', '.join(TEMPLATES)}")
        )
    values = {"partition": here.partition, "region": here.region, "account": here.account}
    wanted = {place for _, resources in template for text in resources for place in _PLACE.findall(text)}
    wanted -= values.keys()
    if wanted != parameters.keys():
        raise TemplateError(
            f"{name} takes {', '.join(sorted(wanted))}, not {', '.join(sorted(parameters)) or 'nothing'}"
        )
    values |= {parameter: str(value) for parameter, value in parameters.items()}
    if name == "SSMParameterReadPolicy":
        # `/app/key` is the parameter's name, and its ARN has one slash only.
        values["ParameterName"] = values["ParameterName"].removeprefix("/")
    return [
        {
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": [_PLACE.sub(lambda place: values[place[1]], text) for text in resources],
        }
        for actions, resources in template
    ]
