"""Resources of a template beside functions, as the requests that make them in the services beside Lambda."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lambdacli.project.cloudformation.dynamic import has_references
from lambdacli.project.cloudformation.resource_types import NESTED_STACKS
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.stack.around import FUNCTIONS, LAYERS, Around
from lambdacli.project.stack.declared import NeighbourCall, Step
from lambdacli.project.stack.load_balancers import RULE, TARGET_GROUP
from lambdacli.project.stack.values import Values, resource_ignored, resource_used, text_of

_OF_LAMBDA = "AWS::Lambda::"
_OF_APIS = ("AWS::ApiGateway", "AWS::Serverless::Api", "AWS::Serverless::HttpApi")
_REASONS = {
    "AWS::CDK::Metadata": "it only counts CDK's users",
    "AWS::CloudWatch::Alarm": "nothing is watched here",
    "AWS::IAM::Policy": "roles with policies of their own may do everything here",
    "AWS::IAM::ManagedPolicy": "roles with policies of their own may do everything here",
    "AWS::Logs::LogGroup": "log groups are made when functions write",
    "AWS::S3::BucketPolicy": "buckets of the neighbour services let everybody in",
    "AWS::SQS::QueuePolicy": "queues of the neighbour services let everybody in",
    "AWS::SNS::TopicPolicy": "topics of the neighbour services let everybody in",
    "AWS::Scheduler::ScheduleGroup": "a group is only a part of its schedules' names here",
    "AWS::Serverless::StateMachine": "state machines are not built",
    "AWS::StepFunctions::StateMachine": "state machines are not built",
    "AWS::Serverless::Connector": "everybody may call whom they like here",
}


def resources_of(around: Around) -> Iterator[NeighbourCall]:
    """Those that make things; what leads from them to functions comes from `events`."""
    for resource in around.template.resources.values():
        maker = _MAKERS.get(resource.type)
        if maker is not None:
            values = Values(resource, around.notes)
            yield from maker(values, around)
            for told_elsewhere in _TOLD_ELSEWHERE:
                values.raw(told_elsewhere)
            values.rest({}, "is not set in the neighbour services")
        elif resource.type in NESTED_STACKS:
            _nested(resource, around)
        elif not _is_of_functions(resource.type) and resource.type not in _CONNECTING:
            why = _REASONS.get(resource.type, "nothing here makes it")
            resource_ignored(resource, around.notes, why)


def _nested(resource: Resource, around: Around) -> None:
    template = around.template.nested.get(resource.logical_id)
    if template is not None:
        file = os.path.relpath(template.file, around.template.folder)
        resource_used(resource, around.notes, f"a stack of its own, in {file}")
        return
    values = Values(resource, around.notes)
    member = NESTED_STACKS[resource.type]
    location = values.raw(member)
    if isinstance(location, Mapping):
        why = "it lies in the Serverless Application Repository, which is not asked"
    else:
        why = "its template does not lie on this machine, as a local path would"
    values.warn(member, f"{why}: what is in it does not run here")
    resource_ignored(resource, around.notes, why)


_TOLD_ELSEWHERE = (
    *("BucketName", "Name", "QueueName", "RoleName", "TableName", "TopicName"),
    *("ManagedPolicyArns", "NotificationConfiguration", "Subscription", "Tags"),
)
_CONNECTING = (
    *("AWS::SNS::Subscription", "AWS::Events::Rule", "AWS::Scheduler::Schedule"),
    *(RULE, TARGET_GROUP),
)


def _is_of_functions(kind: str) -> bool:
    return kind in (*FUNCTIONS, *LAYERS) or kind.startswith((_OF_LAMBDA, *_OF_APIS))


def neighbour_call(
    values: Values,
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    subject: str,
    *there_already: str,
    step: Step = Step.MAKE,
) -> NeighbourCall:
    place = values.resource.place_of(values.path)
    return NeighbourCall(
        service,
        operation,
        {name: value for name, value in parameters.items() if value is not None},
        subject,
        place.file,
        place.line,
        step,
        frozenset(there_already),
    )


# Queues and topics

_QUEUE_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "VisibilityTimeout",
)


def _queue(values: Values, around: Around) -> Iterator[NeighbourCall]:
    attributes = {name: _attribute(values.raw(name)) for name in _QUEUE_ATTRIBUTES if name in values}
    name = values.resource.name
    kind = {"FifoQueue": attributes.pop("FifoQueue")} if "FifoQueue" in attributes else {}
    made = _made(values, f"the queue {name}")
    there = ("QueueNameExists", "QueueAlreadyExists")
    yield neighbour_call(values, "sqs", "create_queue", {"QueueName": name, "Attributes": kind}, made, *there)
    if attributes:
        # Apart: a queue of the last start keeps its messages, whatever is changed in it.
        told = {"QueueUrl": values.resource.reference, "Attributes": attributes}
        yield neighbour_call(values, "sqs", "set_queue_attributes", told, "")


def _attribute(value: Any) -> str:
    return json.dumps(value) if isinstance(value, Mapping | list) else (text_of(value) or "")


def _topic(values: Values, around: Around) -> Iterator[NeighbourCall]:
    names = ("FifoTopic", "ContentBasedDeduplication", "DisplayName")
    attributes = {name: _attribute(values.raw(name)) for name in names if name in values}
    name = values.resource.name
    made = _made(values, f"the topic {name}")
    yield neighbour_call(values, "sns", "create_topic", {"Name": name, "Attributes": attributes}, made)


# Tables

_TABLE_MEMBERS = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)
_NUMBERS_OF_TABLES = ("ReadCapacityUnits", "WriteCapacityUnits")
_PER_REQUEST = "PAY_PER_REQUEST"


def _table(values: Values, around: Around) -> Iterator[NeighbourCall]:
    name = values.resource.name
    parameters: dict[str, Any] = {
        member: _with_numbers(values.raw(member)) for member in _TABLE_MEMBERS if member in values
    }
    if "ProvisionedThroughput" not in parameters:
        parameters["BillingMode"] = _PER_REQUEST
    stream = values.below("StreamSpecification")
    if stream is not None:
        view = stream.text("StreamViewType") or "NEW_AND_OLD_IMAGES"
        parameters["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    made = _made(values, f"the table {name}")
    parameters["TableName"] = name
    yield neighbour_call(values, "dynamodb", "create_table", parameters, made, "ResourceInUseException")
    expiry = values.below("TimeToLiveSpecification")
    if expiry is not None:
        told = {"Enabled": expiry.flag("Enabled") is not False, "AttributeName": expiry.text("AttributeName")}
        yield neighbour_call(
            values,
            "dynamodb",
            "update_time_to_live",
            {"TableName": name, "TimeToLiveSpecification": told},
            "",
            "ValidationException",
        )


def _simple_table(values: Values, around: Around) -> Iterator[NeighbourCall]:
    key = values.below("PrimaryKey")
    attribute = (None if key is None else key.text("Name")) or "id"
    kind = {"String": "S", "Number": "N", "Binary": "B"}[
        (None if key is None else key.choice("Type", "String", "Number", "Binary")) or "String"
    ]
    parameters = {
        "TableName": values.resource.name,
        "AttributeDefinitions": [{"AttributeName": attribute, "AttributeType": kind}],
        "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
        "BillingMode": _PER_REQUEST,
    }
    made = _made(values, f"the table {values.resource.name}")
    yield neighbour_call(values, "dynamodb", "create_table", parameters, made, "ResourceInUseException")


def _with_numbers(value: Any) -> Any:
    """What comes from a parameter is a text."""
    if isinstance(value, Mapping):
        return {
            name: int(each) if name in _NUMBERS_OF_TABLES else _with_numbers(each)
            for name, each in value.items()
            if name not in ("ContributorInsightsSpecification", "OnDemandThroughput", "WarmThroughput")
        }
    if isinstance(value, list | tuple):
        return [_with_numbers(each) for each in value]
    return value


# Buckets, streams, values


def _bucket(values: Values, around: Around) -> Iterator[NeighbourCall]:
    name = values.resource.name
    fault = None if has_references(name) else bucket_name_fault(name)
    if fault is not None:
        values.complain("BucketName", fault, f"it is {name}")
        return
    parameters: dict[str, Any] = {"Bucket": name}
    if around.region != "us-east-1":
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": around.region}
    made = _made(values, f"the bucket {name}")
    there = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
    yield neighbour_call(values, "s3", "create_bucket", parameters, made, *there)
    versioning = values.below("VersioningConfiguration")
    if versioning is not None and versioning.text("Status") == "Enabled":
        told = {"Bucket": name, "VersioningConfiguration": {"Status": "Enabled"}}
        yield neighbour_call(values, "s3", "put_bucket_versioning", told, "")


_BUCKET_NAME_FAULTS = (
    (r"(?!.{3,63}$)", "Bucket name should be between 3 and 63 characters long"),
    (r".*[A-Z]", "Bucket name should not contain uppercase characters"),
    (r".*[^a-z0-9.-]", "Bucket name should only contain lowercase letters, digits, dots and hyphens"),
    (r"[.-]", "Bucket name should start with a letter or a digit"),
    (r".*[.-]$", "Bucket name should not end with '-' or '.'"),
    (r".*\.\.", "Bucket name should not contain two adjacent periods"),
    (r"\d+\.\d+\.\d+\.\d+$", "Bucket name must not be formatted as an IP Address"),
)


def bucket_name_fault(name: str) -> str | None:
    return next((fault for pattern, fault in _BUCKET_NAME_FAULTS if re.match(pattern, name, re.DOTALL)), None)


def _stream(values: Values, around: Around) -> Iterator[NeighbourCall]:
    name = values.resource.name
    mode = values.below("StreamModeDetails")
    on_demand = mode is not None and mode.text("StreamMode") == "ON_DEMAND"
    parameters: dict[str, Any] = {"StreamName": name}
    if on_demand:
        parameters["StreamModeDetails"] = {"StreamMode": "ON_DEMAND"}
    else:
        parameters["ShardCount"] = values.number("ShardCount", 1, 10_000) or 1
    made = _made(values, f"the stream {name}")
    yield neighbour_call(values, "kinesis", "create_stream", parameters, made, "ResourceInUseException")


def _parameter(values: Values, around: Around) -> Iterator[NeighbourCall]:
    name = values.resource.name
    parameters = {
        "Name": name,
        "Type": values.text("Type") or "String",
        "Value": values.text("Value") or "",
        "Description": values.text("Description"),
        "Overwrite": True,
    }
    yield neighbour_call(values, "ssm", "put_parameter", parameters, _made(values, f"the parameter {name}"))


def _secret(values: Values, around: Around) -> Iterator[NeighbourCall]:
    name = values.resource.name
    generate = values.below("GenerateSecretString")
    text = values.text("SecretString")
    if text is None:
        text = "" if generate is None else _generated_secret(generate)
    parameters = {"Name": name, "SecretString": text or "{}", "Description": values.text("Description")}
    made = _made(values, f"the secret {name}")
    there = "ResourceExistsException"
    yield neighbour_call(values, "secretsmanager", "create_secret", parameters, made, there)


def _generated_secret(generate: Values) -> str:
    """Of a local secret nobody is to be kept out by it: the same at every start is more use."""
    length = generate.number("PasswordLength", 1, 4096) or 32
    password = ("local-secret-" * (length // 13 + 1))[:length]
    template, key = generate.text("SecretStringTemplate"), generate.text("GenerateStringKey")
    if template is None or key is None:
        return password
    try:
        told = json.loads(template)
    except ValueError:
        generate.complain("SecretStringTemplate", "is no JSON")
        return password
    return json.dumps({**told, key: password})


def _event_bus(values: Values, around: Around) -> Iterator[NeighbourCall]:
    name = values.resource.name
    made = _made(values, f"the event bus {name}")
    yield neighbour_call(
        values, "events", "create_event_bus", {"Name": name}, made, "ResourceAlreadyExistsException"
    )


def _role(values: Values, around: Around) -> Iterator[NeighbourCall]:
    name = values.resource.name
    trust = values.raw("AssumeRolePolicyDocument") or {}
    parameters = {
        "RoleName": name,
        "AssumeRolePolicyDocument": json.dumps(trust),
        "Path": values.text("Path"),
        "Description": values.text("Description"),
    }
    made = _made(values, f"the role {name}")
    yield neighbour_call(values, "iam", "create_role", parameters, made, "EntityAlreadyExists")
    for _, policy in values.each_below("Policies"):
        told = {
            "RoleName": name,
            "PolicyName": policy.text("PolicyName"),
            "PolicyDocument": json.dumps(policy.raw("PolicyDocument") or {}),
        }
        yield neighbour_call(values, "iam", "put_role_policy", told, "")


def _made(values: Values, what: str) -> str:
    resource_used(values.resource, values.notes, f"{what} of the neighbour services")
    return what


_MAKERS: Mapping[str, Callable[[Values, Around], Iterator[NeighbourCall]]] = {
    "AWS::DynamoDB::GlobalTable": _table,
    "AWS::DynamoDB::Table": _table,
    "AWS::Events::EventBus": _event_bus,
    "AWS::IAM::Role": _role,
    "AWS::Kinesis::Stream": _stream,
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::SSM::Parameter": _parameter,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::Serverless::SimpleTable": _simple_table,
}
