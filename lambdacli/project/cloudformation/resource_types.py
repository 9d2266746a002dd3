"""What Ref and GetAtt give of each resource type: the names that the local services use. Pure."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from lambdacli.model.function_url import declared_id, url_of
from lambdacli.model.record import record


@record
class Thing:
    """A resource, as far as its names need it."""

    logical_id: str
    name: str
    stack: str
    region: str
    account: str
    partition: str
    url_suffix: str
    endpoint: str
    setting: Callable[[str], Any]
    """A property, resolved; None: it is not written."""
    number: int
    """Which of its kind: the versions of a function are counted."""

    def arn(self, service: str, resource: str, *, is_regional: bool = True, has_account: bool = True) -> str:
        region = self.region if is_regional else ""
        account = self.account if has_account else ""
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"

    def hexadecimal(self, length: int, *more: str) -> str:
        """An id as a service would draw it, but the same every time."""
        seed = "/".join((self.stack, self.logical_id, *more))
        return hashlib.sha256(seed.encode()).hexdigest()[:length]

    @property
    def uuid(self) -> str:
        seed = f"{self.account}/{self.region}/{self.stack}/{self.logical_id}"
        return str(uuid.uuid5(uuid.NAMESPACE_URL, seed))


Value = Callable[[Thing], Any]


@record
class ResourceType:
    reference: Value
    attributes: Mapping[str, Value] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """Attributes that the type has on AWS, and that nothing here can know."""
    name_property: str = ""
    longest_name: int = 255
    is_lower_case: bool = False
    suffix: str = ""
    """Of the name, where the setting `FifoTopic` or its like asks for it."""
    suffix_setting: str = ""
    has_own_name: bool = False
    """The logical id alone is its name: what users call it by."""
    is_used: bool = True
    """Something here is made of it, so what it says must have a value."""


def chosen_name(
    kind: ResourceType, logical_id: str, stack: str, has_suffix: bool, within: tuple[str, ...] = ()
) -> str:
    """The name of a resource that has none in the template; on AWS it would end in random letters.
    `within` are the nested stacks that lead to it."""
    name = "-".join((*within, logical_id)) if kind.has_own_name else f"{stack}-{logical_id}"
    if kind.is_lower_case:
        name = re.sub("[^a-z0-9-]+", "-", name.lower()).strip("-")
    suffix = kind.suffix if has_suffix else ""
    longest = kind.longest_name - len(suffix)
    if len(name) > longest:
        name = f"{name[: longest - 9].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name + suffix


def resource_type(name: str) -> ResourceType:
    return _TYPES.get(name, _UNKNOWN)


NESTED_STACKS = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
"""Types of resources that are stacks of their own, and the property that names their template."""


def is_known(name: str) -> bool:
    return name in _TYPES


# What Ref gives


def _name(thing: Thing) -> str:
    return thing.name


def _id(prefix: str, length: int = 17) -> Value:
    return lambda thing: prefix + thing.hexadecimal(length)


def _uuid(thing: Thing) -> str:
    return thing.uuid


def _arn(
    service: str, resource: str = "{name}", *, is_regional: bool = True, has_account: bool = True
) -> Value:
    def made(thing: Thing) -> str:
        return thing.arn(
            service, resource.format(name=thing.name), is_regional=is_regional, has_account=has_account
        )

    return made


def _setting(name: str, otherwise: Value) -> Value:
    def made(thing: Thing) -> Any:
        value = thing.setting(name)
        return otherwise(thing) if value is None else value

    return made


def _iam(kind: str) -> Value:
    def made(thing: Thing) -> str:
        path = thing.setting("Path")
        path = path if isinstance(path, str) else "/"
        return thing.arn("iam", f"{kind}{path}{thing.name}", is_regional=False)

    return made


# Lambda


_function_arn = _arn("lambda", "function:{name}")


def _arn_of_function(thing: Thing, setting: str = "FunctionName") -> str:
    """The function that a version, an alias or a URL belongs to, named by name or ARN."""
    named = str(thing.setting(setting) or "")
    return named if named.startswith("arn:") else thing.arn("lambda", f"function:{named}")


def _version(thing: Thing) -> str:
    return f"{_arn_of_function(thing)}:{thing.number}"


def _alias(thing: Thing) -> str:
    return f"{_arn_of_function(thing)}:{thing.name}"


def _layer_version(thing: Thing) -> str:
    return thing.arn("lambda", f"layer:{thing.name}:{thing.number}")


def _url_function(thing: Thing) -> str:
    arn = _arn_of_function(thing, "TargetFunctionArn")
    qualifier = thing.setting("Qualifier")
    return f"{arn}:{qualifier}" if isinstance(qualifier, str) else arn


def _function_url(thing: Thing) -> str:
    return url_of(declared_id(_url_function(thing)), thing.region, thing.endpoint)


# Others


def _queue_url(thing: Thing) -> str:
    return f"{thing.endpoint.rstrip('/')}/{thing.account}/{thing.name}"


def _stream_arn(thing: Thing) -> str:
    """The label is the moment at which a table was made; whoever made it here gives the ARN as an import."""
    return thing.arn("dynamodb", f"table/{thing.name}/stream/2015-01-01T00:00:00.000")


def _bucket_domain(form: str) -> Value:
    return lambda thing: form.format(name=thing.name, region=thing.region, suffix=thing.url_suffix)


def _rule_reference(thing: Thing) -> str:
    bus = _bus(thing)
    return thing.name if bus == "default" else f"{bus}|{thing.name}"


def _rule_arn(thing: Thing) -> str:
    bus = _bus(thing)
    return thing.arn("events", f"rule/{thing.name}" if bus == "default" else f"rule/{bus}/{thing.name}")


def _bus(thing: Thing) -> str:
    named = thing.setting("EventBusName")
    return named.rsplit("/", 1)[-1] if isinstance(named, str) else "default"


def _schedule_arn(thing: Thing) -> str:
    group = thing.setting("GroupName")
    return thing.arn("scheduler", f"schedule/{group if isinstance(group, str) else 'default'}/{thing.name}")


def _written(setting: str) -> Value:
    return lambda thing: thing.setting(setting)


def _parameter_kind(thing: Thing) -> Any:
    return thing.setting("Type") or "String"


def _api_id(thing: Thing) -> str:
    """What an API is called here, too."""
    name = re.sub("[^a-z0-9-]", "-", thing.logical_id.lower())
    return name if len(name) <= 63 else f"{name[:54]}-{thing.hexadecimal(8)}"


def _api_endpoint(thing: Thing) -> str:
    return f"https://{_api_id(thing)}.execute-api.{thing.region}.{thing.url_suffix}"


def _websocket_endpoint(thing: Thing) -> str:
    return f"wss://{_api_id(thing)}.execute-api.{thing.region}.{thing.url_suffix}"


def _http_endpoint(thing: Thing) -> str:
    is_websocket = thing.setting("ProtocolType") == "WEBSOCKET"
    return _websocket_endpoint(thing) if is_websocket else _api_endpoint(thing)


def _short_id(thing: Thing) -> str:
    """Ten letters, as API Gateway draws them."""
    return thing.hexadecimal(10)


def _pool_id(thing: Thing) -> str:
    return f"{thing.region}_{thing.hexadecimal(9)}"


def _pool_arn(thing: Thing) -> str:
    return thing.arn("cognito-idp", f"userpool/{_pool_id(thing)}")


def _pool_provider(thing: Thing) -> str:
    return f"cognito-idp.{thing.region}.{thing.url_suffix}/{_pool_id(thing)}"


def _pool_url(thing: Thing) -> str:
    return f"https://{_pool_provider(thing)}"


def _subscription_arn(thing: Thing) -> str:
    topic = thing.setting("TopicArn")
    return f"{topic}:{thing.uuid}" if isinstance(topic, str) else thing.arn("sns", thing.uuid)


def _of(service: str, resource: str, value: Value) -> Value:
    return lambda thing: thing.arn(service, resource + str(value(thing)))


def _is_not_used(reference: Value, **attributes: Value) -> ResourceType:
    return ResourceType(reference, attributes, is_used=False)


_UNKNOWN = ResourceType(_name, is_used=False)

_FUNCTION = ResourceType(
    _name,
    {"Arn": _function_arn},
    ("SnapStartResponse", "SnapStartResponse.ApplyOn", "SnapStartResponse.OptimizationStatus"),
    name_property="FunctionName",
    longest_name=64,
    has_own_name=True,
)
_LAYER = ResourceType(
    _layer_version,
    {"LayerVersionArn": _layer_version},
    name_property="LayerName",
    longest_name=140,
    has_own_name=True,
)
_TABLE = ResourceType(
    _name,
    {"Arn": _arn("dynamodb", "table/{name}"), "StreamArn": _stream_arn, "TableId": _uuid},
    name_property="TableName",
)
_STATE_MACHINE = ResourceType(
    _arn("states", "stateMachine:{name}"),
    {"Arn": _arn("states", "stateMachine:{name}"), "Name": _name},
    ("StateMachineRevisionId",),
    name_property="StateMachineName",
    longest_name=80,
)
_REST_API = ResourceType(
    _api_id, {"RestApiId": _api_id, "RootResourceId": _short_id}, name_property="Name", longest_name=1024
)
_HTTP_API = ResourceType(
    _api_id, {"ApiId": _api_id, "ApiEndpoint": _http_endpoint}, name_property="Name", longest_name=128
)

_STACK = ResourceType(
    lambda thing: thing.arn("cloudformation", f"stack/{thing.name}/{thing.uuid}"), is_used=False
)

_TYPES: Mapping[str, ResourceType] = {
    "AWS::CloudFormation::Stack": _STACK,
    "AWS::Serverless::Application": _STACK,
    # SAM
    "AWS::Serverless::Function": _FUNCTION,
    "AWS::Serverless::LayerVersion": _LAYER,
    "AWS::Serverless::Api": _REST_API,
    "AWS::Serverless::HttpApi": _HTTP_API,
    "AWS::Serverless::WebSocketApi": ResourceType(
        _api_id,
        {"ApiId": _api_id, "ApiEndpoint": _websocket_endpoint},
        name_property="Name",
        longest_name=128,
    ),
    "AWS::Serverless::SimpleTable": _TABLE,
    "AWS::Serverless::StateMachine": ResourceType(
        _STATE_MACHINE.reference,
        _STATE_MACHINE.attributes,
        _STATE_MACHINE.unknown,
        name_property="Name",
        longest_name=80,
    ),
    # Lambda
    "AWS::Lambda::Function": _FUNCTION,
    "AWS::Lambda::Version": ResourceType(
        _version, {"Version": lambda thing: str(thing.number), "FunctionArn": _version}
    ),
    "AWS::Lambda::Alias": ResourceType(_alias, {"AliasArn": _alias}, name_property="Name"),
    "AWS::Lambda::LayerVersion": _LAYER,
    "AWS::Lambda::LayerVersionPermission": ResourceType(_uuid, {"Id": _uuid}),
    "AWS::Lambda::Permission": ResourceType(_uuid, {"Id": _uuid}),
    "AWS::Lambda::EventSourceMapping": ResourceType(
        _uuid, {"Id": _uuid, "EventSourceMappingArn": _of("lambda", "event-source-mapping:", _uuid)}
    ),
    "AWS::Lambda::EventInvokeConfig": ResourceType(_uuid),
    "AWS::Lambda::Url": ResourceType(
        _url_function, {"FunctionArn": _url_function, "FunctionUrl": _function_url}
    ),
    "AWS::Lambda::CodeSigningConfig": ResourceType(
        _of("lambda", "code-signing-config:", _id("csc-")),
        {
            "CodeSigningConfigArn": _of("lambda", "code-signing-config:", _id("csc-")),
            "CodeSigningConfigId": _id("csc-"),
        },
    ),
    # Queues, topics, tables, buckets
    "AWS::SQS::Queue": ResourceType(
        _queue_url,
        {"Arn": _arn("sqs"), "QueueName": _name, "QueueUrl": _queue_url},
        name_property="QueueName",
        longest_name=80,
        suffix=".fifo",
        suffix_setting="FifoQueue",
    ),
    "AWS::SQS::QueuePolicy": ResourceType(_uuid, {"Id": _uuid}),
    "AWS::SNS::Topic": ResourceType(
        _arn("sns"),
        {"TopicArn": _arn("sns"), "TopicName": _name},
        name_property="TopicName",
        longest_name=256,
        suffix=".fifo",
        suffix_setting="FifoTopic",
    ),
    "AWS::SNS::TopicPolicy": ResourceType(_uuid, {"Id": _uuid}),
    "AWS::SNS::Subscription": ResourceType(_subscription_arn, {"Arn": _subscription_arn}),
    "AWS::DynamoDB::Table": _TABLE,
    "AWS::DynamoDB::GlobalTable": _TABLE,
    "AWS::S3::Bucket": ResourceType(
        _name,
        {
            "Arn": _arn("s3", is_regional=False, has_account=False),
            "DomainName": _bucket_domain("{name}.s3.{suffix}"),
            "DualStackDomainName": _bucket_domain("{name}.s3.dualstack.{region}.{suffix}"),
            "RegionalDomainName": _bucket_domain("{name}.s3.{region}.{suffix}"),
            "WebsiteURL": _bucket_domain("http://{name}.s3-website-{region}.{suffix}"),
        },
        ("MetadataConfiguration", "MetadataTableConfiguration"),
        name_property="BucketName",
        longest_name=63,
        is_lower_case=True,
    ),
    "AWS::S3::BucketPolicy": ResourceType(_setting("Bucket", _name)),
    "AWS::Kinesis::Stream": ResourceType(
        _name,
        {"Arn": _arn("kinesis", "stream/{name}")},
        ("StreamId",),
        name_property="Name",
        longest_name=128,
    ),
    # Identities
    "AWS::IAM::Role": ResourceType(
        _name,
        {"Arn": _iam("role"), "RoleId": lambda thing: "AROA" + thing.hexadecimal(17).upper()},
        name_property="RoleName",
        longest_name=64,
    ),
    "AWS::IAM::ManagedPolicy": ResourceType(
        _iam("policy"),
        {"PolicyArn": _iam("policy"), "PolicyId": lambda thing: "ANPA" + thing.hexadecimal(17).upper()},
        name_property="ManagedPolicyName",
        longest_name=128,
    ),
    "AWS::IAM::Policy": ResourceType(_name, {"Id": _name}, name_property="PolicyName", longest_name=128),
    "AWS::IAM::User": ResourceType(_name, {"Arn": _iam("user")}, name_property="UserName", longest_name=64),
    "AWS::IAM::Group": ResourceType(
        _name, {"Arn": _iam("group")}, name_property="GroupName", longest_name=128
    ),
    "AWS::IAM::InstanceProfile": _is_not_used(_name, Arn=_iam("instance-profile")),
    # Events
    "AWS::Events::Rule": ResourceType(
        _rule_reference, {"Arn": _rule_arn}, name_property="Name", longest_name=64
    ),
    "AWS::Events::EventBus": ResourceType(
        _name,
        {"Arn": _arn("events", "event-bus/{name}"), "Name": _name},
        ("Policy",),
        name_property="Name",
    ),
    "AWS::Events::Archive": _is_not_used(_name, Arn=_arn("events", "archive/{name}"), ArchiveName=_name),
    "AWS::Scheduler::Schedule": ResourceType(
        _name, {"Arn": _schedule_arn}, name_property="Name", longest_name=64
    ),
    "AWS::Scheduler::ScheduleGroup": ResourceType(
        _name,
        {"Arn": _arn("scheduler", "schedule-group/{name}")},
        ("CreationDate", "LastModificationDate", "State"),
        name_property="Name",
        longest_name=64,
    ),
    # Configuration
    "AWS::SSM::Parameter": ResourceType(
        _name, {"Type": _parameter_kind, "Value": _written("Value")}, name_property="Name", longest_name=1011
    ),
    "AWS::SecretsManager::Secret": ResourceType(
        # Without the six letters that the service adds: it takes such a one, too, for the secret's.
        _arn("secretsmanager", "secret:{name}"),
        {"Id": _arn("secretsmanager", "secret:{name}")},
        name_property="Name",
        longest_name=512,
    ),
    "AWS::KMS::Key": ResourceType(_uuid, {"Arn": _of("kms", "key/", _uuid), "KeyId": _uuid}, is_used=False),
    "AWS::KMS::Alias": ResourceType(_name, name_property="AliasName", is_used=False),
    "AWS::Logs::LogGroup": ResourceType(
        _name,
        {"Arn": _arn("logs", "log-group:{name}:*")},
        name_property="LogGroupName",
        longest_name=512,
    ),
    "AWS::CloudWatch::Alarm": ResourceType(
        _name, {"Arn": _arn("cloudwatch", "alarm:{name}")}, name_property="AlarmName", is_used=False
    ),
    # State machines
    "AWS::StepFunctions::StateMachine": _STATE_MACHINE,
    "AWS::StepFunctions::Activity": ResourceType(
        _arn("states", "activity:{name}"),
        {"Arn": _arn("states", "activity:{name}"), "Name": _name},
        name_property="Name",
        longest_name=80,
        is_used=False,
    ),
    # APIs
    "AWS::ApiGateway::RestApi": _REST_API,
    "AWS::ApiGateway::Resource": ResourceType(_short_id, {"ResourceId": _short_id}),
    "AWS::ApiGateway::Method": ResourceType(_short_id),
    "AWS::ApiGateway::Deployment": ResourceType(_short_id, {"DeploymentId": _short_id}),
    "AWS::ApiGateway::Stage": ResourceType(_name, name_property="StageName", longest_name=128),
    "AWS::ApiGateway::Authorizer": ResourceType(_short_id, {"AuthorizerId": _short_id}),
    "AWS::ApiGateway::RequestValidator": ResourceType(_short_id, {"RequestValidatorId": _short_id}),
    "AWS::ApiGateway::Model": ResourceType(_name, name_property="Name"),
    "AWS::ApiGateway::ApiKey": ResourceType(_short_id, {"APIKeyId": _short_id}),
    "AWS::ApiGateway::UsagePlan": ResourceType(_short_id, {"Id": _short_id}),
    "AWS::ApiGateway::UsagePlanKey": ResourceType(_short_id, {"Id": _short_id}),
    "AWS::ApiGateway::GatewayResponse": ResourceType(_short_id, {"Id": _short_id}),
    "AWS::ApiGatewayV2::Api": _HTTP_API,
    "AWS::ApiGatewayV2::Stage": ResourceType(_name, name_property="StageName", longest_name=128),
    "AWS::ApiGatewayV2::Integration": ResourceType(_short_id, {"IntegrationId": _short_id}),
    "AWS::ApiGatewayV2::Route": ResourceType(_short_id, {"RouteId": _short_id}),
    "AWS::ApiGatewayV2::Authorizer": ResourceType(_short_id, {"AuthorizerId": _short_id}),
    "AWS::ApiGatewayV2::Deployment": ResourceType(_short_id, {"DeploymentId": _short_id}),
    # Users
    "AWS::Cognito::UserPool": ResourceType(
        _pool_id,
        {
            "Arn": _pool_arn,
            "ProviderName": _pool_provider,
            "ProviderURL": _pool_url,
            "UserPoolId": _pool_id,
        },
        is_used=False,
    ),
    "AWS::Cognito::UserPoolClient": ResourceType(
        _id("", 26), {"ClientId": _id("", 26)}, ("ClientSecret", "Name"), is_used=False
    ),
    # Networks and disks, which functions name
    "AWS::EC2::VPC": ResourceType(
        _id("vpc-"),
        {"VpcId": _id("vpc-"), "CidrBlock": _written("CidrBlock")},
        (
            "CidrBlockAssociations",
            "DefaultNetworkAcl",
            "DefaultSecurityGroup",
            "Ipv6CidrBlocks",
        ),
        is_used=False,
    ),
    "AWS::EC2::Subnet": ResourceType(
        _id("subnet-"),
        {
            "AvailabilityZone": _written("AvailabilityZone"),
            "CidrBlock": _written("CidrBlock"),
            "SubnetId": _id("subnet-"),
            "VpcId": _written("VpcId"),
        },
        ("Ipv6CidrBlocks", "NetworkAclAssociationId", "OutpostArn"),
        is_used=False,
    ),
    "AWS::EC2::SecurityGroup": ResourceType(
        _id("sg-"),
        {"GroupId": _id("sg-"), "Id": _id("sg-"), "VpcId": _written("VpcId")},
        is_used=False,
    ),
    "AWS::EFS::FileSystem": ResourceType(
        _id("fs-"),
        {"Arn": _of("elasticfilesystem", "file-system/", _id("fs-")), "FileSystemId": _id("fs-")},
        is_used=False,
    ),
    "AWS::EFS::AccessPoint": ResourceType(
        _id("fsap-"),
        {"Arn": _of("elasticfilesystem", "access-point/", _id("fsap-")), "AccessPointId": _id("fsap-")},
        is_used=False,
    ),
}
