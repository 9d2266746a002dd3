"""The least rights that a function's configuration implies, for its execution role. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from lambdacli.model.delivery import service_of
from lambdacli.model.managed_policies import managed_policy_path
from lambdacli.model.mapping import SourceKind
from lambdacli.model.policy_document import VERSION_WITH_VARIABLES, PolicyError, PolicyKind, policy_of
from lambdacli.model.policy_document import statements_of as listed_statements
from lambdacli.model.record import record
from lambdacli.model.sending_rights import RIGHTS
from lambdacli.project.policy_templates import Here, Statement, TemplateError, statements_of

INLINE_POLICY_CHARACTERS = 10_240
"""Of all inline policies of a role together, blanks not counted."""

BASIC = "AWSLambdaBasicExecutionRole"
VPC_ACCESS = "AWSLambdaVPCAccessExecutionRole"
"""Has all that BASIC has."""
TRACING = "AWSXRayDaemonWriteAccess"

TRUST_POLICY: Mapping[str, object] = {
    "Version": VERSION_WITH_VARIABLES,
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
"""Who may be this role: Lambda."""

GivenPolicy = str | Mapping[str, object]
"""An element of `policies`: a managed policy by name or ARN, a policy document, a single statement, or a
template's name with its parameters."""


class RolePolicyError(ValueError):
    """`policies` that cannot be taken; `index` says which of them, None the whole."""

    def __init__(self, index: int | None, message: str) -> None:
        super().__init__(message if index is None else f"policies[{index}]: {message}")
        self.index = index
        self.message = message


@record
class PolledSource:
    """What of an event source mapping its function's role must allow."""

    kind: SourceKind
    arn: str | None = None
    """None for self-managed Kafka."""
    secrets: tuple[str, ...] = ()
    """ARNs of secrets with which Lambda signs in at the source."""
    is_in_vpc: bool = False
    """Of self-managed Kafka: subnets lead to it. All others but SQS and streams are in one anyway."""
    failure_destination: str | None = None
    topic: str | None = None
    consumer_group: str | None = None


@record
class RoleNeeds:
    """The part of a function's configuration from which rights follow."""

    here: Here
    sources: tuple[PolledSource, ...] = ()
    dead_letter: str | None = None
    destinations: tuple[str, ...] = ()
    """On success and on failure, of all qualifiers."""
    is_in_vpc: bool = False
    is_traced: bool = False
    """Tracing is Active."""
    access_points: tuple[str, ...] = ()
    """Of EFS or S3 Files."""
    policies: tuple[GivenPolicy, ...] = ()


@record
class RolePolicy:
    """What a role is to have: managed policies, and one of its own."""

    managed: tuple[str, ...]
    """ARNs, in their order."""
    document: Mapping[str, object] | None = None
    """None: nothing but the managed policies is needed."""

    @property
    def document_text(self) -> str | None:
        """The same rights are always the same text."""
        return None if self.document is None else json.dumps(self.document, separators=(",", ":"))


def partition_of(region: str) -> str:
    return next((partition for begin, partition in _PARTITIONS.items() if region.startswith(begin)), "aws")


def role_policy(needs: RoleNeeds) -> RolePolicy:
    rights = [
        *_rights_of_sources(needs.sources),
        *_rights_to_send("SendDeadLetters", (needs.dead_letter,)),
        *_rights_to_send("SendToDestinations", needs.destinations),
        *_rights_to_send("SendFailedBatches", (each.failure_destination for each in needs.sources)),
        *_rights_of_file_systems(needs.access_points),
    ]
    managed = [_managed_arn(VPC_ACCESS if needs.is_in_vpc else BASIC, needs.here)]
    if needs.is_traced:
        managed.append(_managed_arn(TRACING, needs.here))
    statements = _joined(rights)
    for index, given in enumerate(needs.policies):
        if isinstance(given, str):
            managed.append(_given_managed(index, given, needs.here))
        else:
            statements += _given_statements(index, given, needs.here)
    document: dict[str, object] | None = None
    if statements:
        document = {"Version": VERSION_WITH_VARIABLES, "Statement": statements}
        _check(document)
    return RolePolicy(tuple(sorted(set(managed))), document)


# What the configuration implies


@record
class _Right:
    purpose: str
    """Becomes the statement's Sid."""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, object] = field(default_factory=dict)


_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "us-iso-": "aws-iso",
    "eusc-": "aws-eusc",
}
_EVERYWHERE = ("*",)
_SOURCE = "source"
"""Stands for the ARN of the source itself."""

_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)

_POLLING: Mapping[SourceKind, tuple[tuple[str, tuple[str, ...], str], ...]] = {
    SourceKind.SQS: (
        ("PollQueues", ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"), _SOURCE),
    ),
    SourceKind.KINESIS: (
        (
            "ReadStreams",
            (
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ),
            "stream",
        ),
        ("SubscribeToStreams", ("kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"), "consumer"),
        ("ListStreams", ("kinesis:ListStreams",), "*"),
    ),
    SourceKind.DYNAMODB: (
        (
            "ReadTableStreams",
            ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
            _SOURCE,
        ),
        ("ListTableStreams", ("dynamodb:ListStreams",), "*"),
    ),
    SourceKind.MSK: (
        (
            "FindKafkaClusters",
            ("kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"),
            _SOURCE,
        ),
        ("ReachSources", _INTERFACES, "*"),
    ),
    SourceKind.SELF_MANAGED_KAFKA: (("ReachSources", _INTERFACES, "vpc"),),
    SourceKind.MQ: (
        ("FindBrokers", ("mq:DescribeBroker",), _SOURCE),
        ("ReachSources", _INTERFACES, "*"),
    ),
    SourceKind.DOCUMENT_DB: (
        ("FindDocumentClusters", ("rds:DescribeDBClusters",), _SOURCE),
        ("LookAtDatabases", ("rds:DescribeDBClusterParameters", "rds:DescribeDBSubnetGroups"), "*"),
        ("ReachSources", _INTERFACES, "*"),
    ),
}
"""What the poller of each kind does, and on what."""

_KAFKA_READING = (
    ("cluster", ("kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration")),
    ("topic", ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData")),
    ("group", ("kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup")),
)
_KAFKA_WRITING = (
    "kafka-cluster:DescribeTopic",
    "kafka-cluster:WriteData",
    "kafka-cluster:WriteDataIdempotently",
)
_KAFKA_DESTINATION = "kafka://"


def _rights_of_sources(sources: Iterable[PolledSource]) -> list[_Right]:
    rights: list[_Right] = []
    for source in sources:
        for purpose, actions, on_what in _POLLING[source.kind]:
            resources = _resources(source, on_what)
            if resources:
                rights.append(_Right(purpose, actions, resources))
        if source.secrets:
            rights.append(_Right("ReadSecrets", ("secretsmanager:GetSecretValue",), source.secrets))
        if source.kind is SourceKind.MSK and source.arn is not None:
            rights += _kafka_rights(source, source.arn)
    return rights


def _resources(source: PolledSource, on_what: str) -> tuple[str, ...]:
    """Empty: there is nothing of this kind."""
    arn = source.arn or "*"
    stream, is_consumer, _ = arn.partition("/consumer/")
    if on_what == "stream":
        return (stream,)
    if on_what == "consumer":
        return (arn,) if is_consumer else ()
    if on_what == "vpc":
        return _EVERYWHERE if source.is_in_vpc else ()
    return (arn,) if on_what == _SOURCE else (on_what,)


def _kafka_rights(source: PolledSource, cluster: str) -> list[_Right]:
    """Without a secret, the cluster may ask IAM who comes."""
    rights = []
    if not source.secrets:
        names = {"topic": source.topic or "*", "group": source.consumer_group or "*"}
        rights = [
            _Right(f"ReadKafka{part.title()}s", actions, (_of_cluster(cluster, part, names.get(part)),))
            for part, actions in _KAFKA_READING
        ]
    destination = source.failure_destination or ""
    if destination.startswith(_KAFKA_DESTINATION):
        topic = destination.removeprefix(_KAFKA_DESTINATION)
        rights.append(_Right("WriteKafkaTopics", _KAFKA_WRITING, (_of_cluster(cluster, "topic", topic),)))
    return rights


def _of_cluster(cluster: str, part: str, name: str | None) -> str:
    """The ARN of a topic or group of a cluster has the cluster's own name and id within."""
    if name is None:
        return cluster
    return f"{cluster.replace(':cluster/', f':{part}/', 1)}/{name}"


def _rights_to_send(purpose: str, targets: Iterable[str | None]) -> list[_Right]:
    rights: list[_Right] = []
    for target in targets:
        for action in RIGHTS.get(service_of(target or ""), ()):
            resource = f"{target}/*" if action == "s3:PutObject" else str(target)
            rights.append(_Right(purpose + _SUFFIXES.get(action, ""), (action,), (resource,)))
    return rights


_SUFFIXES = {
    "sqs:SendMessage": "ToQueues",
    "sns:Publish": "ToTopics",
    "lambda:InvokeFunction": "ToFunctions",
    "events:PutEvents": "ToBuses",
    "s3:PutObject": "ToBuckets",
    "s3:ListBucket": "ListBuckets",
}


def _rights_of_file_systems(access_points: Iterable[str]) -> list[_Right]:
    rights: list[_Right] = []
    for arn in access_points:
        service = service_of(arn)
        actions = (f"{service}:ClientMount", f"{service}:ClientWrite")
        system, is_named, _ = arn.partition("/access-point/")
        if is_named:
            rights.append(_Right("UseFileSystems", actions, (system,)))
            continue
        # An access point of EFS does not tell of which file system it is.
        systems = f"{arn.rsplit(':', 1)[0]}:file-system/*"
        condition = {"StringEquals": {"elasticfilesystem:AccessPointArn": arn}}
        rights.append(_Right("UseFileSystems", actions, (systems,), condition))
    return rights


def _joined(rights: Sequence[_Right]) -> list[Statement]:
    """One statement for all resources of the same actions, in an order that says nothing of where they
    stood."""
    groups: dict[tuple[str, tuple[str, ...], str], set[str]] = {}
    for right in rights:
        key = (right.purpose, tuple(sorted(right.actions)), json.dumps(right.condition, sort_keys=True))
        groups.setdefault(key, set()).update(right.resources)
    statements: list[Statement] = []
    taken: dict[str, int] = {}
    for (purpose, actions, condition), resources in sorted(groups.items()):
        taken[purpose] = number = taken.get(purpose, 0) + 1
        statement: Statement = {
            "Sid": purpose if number == 1 else f"{purpose}{number}",
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": sorted(resources),
        }
        if condition != "{}":
            statement["Condition"] = json.loads(condition)
        statements.append(statement)
    return statements


# What `policies` adds


def _managed_arn(name: str, here: Here) -> str:
    return f"arn:{here.partition}:iam::aws:policy/{managed_policy_path(name) or name}"


def _given_managed(index: int, given: str, here: Here) -> str:
    """A name that is not known here may still be one of AWS's: attaching it tells."""
    if given.startswith("arn:"):
        if ":policy/" not in given:
            raise RolePolicyError(index, f"{given} is not the ARN of a policy")
        return given
    if not given or not all(letter.isalnum() or letter in "+=,.@-_/" for letter in given):
        raise RolePolicyError(index, f"{given!r} is not the name of a managed policy")
    return _managed_arn(given, here)


def _given_statements(index: int, given: Mapping[str, object], here: Here) -> list[Statement]:
    if "Statement" in given or "Effect" in given:
        document: dict[str, object] = {"Statement": dict(given)}
        if "Statement" in given:
            document = dict(given)
        return _statements_of_document(index, document)
    if len(given) != 1:
        raise RolePolicyError(
            index,
            "must be a managed policy, a policy document, a statement, or one template with its parameters",
        )
    ((name, parameters),) = given.items()
    if not isinstance(parameters, Mapping):
        raise RolePolicyError(index, f"{name} must be a mapping of parameters to values")
    try:
        return statements_of(name, parameters, here)
    except TemplateError as error:
        raise RolePolicyError(index, str(error)) from error


def _statements_of_document(index: int, document: dict[str, object]) -> list[Statement]:
    try:
        policy_of({"Version": VERSION_WITH_VARIABLES, **document}, PolicyKind.IDENTITY)
    except PolicyError as error:
        raise RolePolicyError(index, str(error)) from error
    return [dict(each) for each in listed_statements(document)]


def _check(document: dict[str, object]) -> None:
    try:
        policy_of(document, PolicyKind.IDENTITY)
    except PolicyError as error:
        raise RolePolicyError(None, str(error)) from error
    size = len("".join(json.dumps(document, separators=(",", ":")).split()))
    if size > INLINE_POLICY_CHARACTERS:
        raise RolePolicyError(
            None,
            f"the rights of the function take {size} characters, and a role holds "
            f"{INLINE_POLICY_CHARACTERS}; put some into a managed policy and name that in `policies`",
        )
