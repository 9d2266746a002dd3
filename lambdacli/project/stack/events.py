"""Events of a template that the neighbour services fire: buckets, topics and rules that lead to functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambdacli.model.record import record
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.declared import Declared
from lambdacli.project.stack.around import SERVERLESS_FUNCTION, Around
from lambdacli.project.stack.declared import NeighbourCall, Step
from lambdacli.project.stack.neighbours import neighbour_call
from lambdacli.project.stack.settings import permission
from lambdacli.project.stack.values import Values, resource_used

_BUCKET = "AWS::S3::Bucket"
_TOPIC = "AWS::SNS::Topic"
_ELSEWHERE = frozenset(
    {"Api", "HttpApi", "SQS", "Kinesis", "DynamoDB", "MSK", "MQ", "DocumentDB", "SelfManagedKafka"}
    | {"Schedule", "ScheduleV2"}
)
_NOT_FIRED = {
    "AlexaSkill": "nothing here is Alexa",
    "CloudWatchLogs": "subscription filters are not built",
    "Cognito": "user pools of the neighbour services call no functions",
    "IoTRule": "nothing here is IoT",
}
_TARGET_MEMBERS = ("Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig")


@dataclass
class Connections:
    calls: list[NeighbourCall] = field(default_factory=list)
    permissions: list[Declared] = field(default_factory=list)


def connections_of(around: Around) -> Connections:
    found = Connections()
    buckets: dict[str, _Notifications] = {}
    for resource in around.of_type(SERVERLESS_FUNCTION):
        for name, event in Values(resource, around.notes).each_below("Events"):
            _sam_event(_Event(resource, name, event), around, found, buckets)
    for resource in around.of_type(_BUCKET):
        _own_notifications(resource, around, buckets)
    found.calls += [each.call() for each in buckets.values() if each.members]
    _subscriptions(around, found)
    _rules(around, found)
    return found


@record
class _Event:
    """One of a function of SAM."""

    function: Resource
    name: str
    values: Values

    @property
    def own_name(self) -> str:
        return f"{self.function.logical_id}{self.name}"

    def permission(self, principal: str, source_arn: str | None) -> Declared:
        return permission(self.values, self.own_name, self.function.name, principal, source_arn)


def _sam_event(event: _Event, around: Around, found: Connections, buckets: dict[str, _Notifications]) -> None:
    kind = event.values.text("Type") or ""
    told = event.values.below("Properties") or Values(event.function, around.notes, {}, event.values.path)
    if kind == "S3":
        _bucket_event(event, told, around, found, buckets)
    elif kind == "SNS":
        _topic_event(event, told, around, found)
    elif kind in ("EventBridgeRule", "CloudWatchEvent"):
        _rule_event(event, told, around, found)
    elif kind not in _ELSEWHERE:
        event.values.ignored("", _NOT_FIRED.get(kind, f"{kind or 'an event without Type'} is not known here"))


# Buckets


@dataclass
class _Notifications:
    """All of one bucket: they are set at once."""

    values: Values
    bucket: str
    members: dict[str, Any] = field(default_factory=dict)

    def add(self, kind: str, configuration: Mapping[str, Any]) -> None:
        self.members.setdefault(kind, []).append(configuration)

    def call(self) -> NeighbourCall:
        return neighbour_call(
            self.values,
            "s3",
            "put_bucket_notification_configuration",
            {"Bucket": self.bucket, "NotificationConfiguration": self.members},
            "",
            step=Step.CONNECT,
        )


def _bucket_event(
    event: _Event, told: Values, around: Around, found: Connections, buckets: dict[str, _Notifications]
) -> None:
    bucket = around.meant_by(told.raw("Bucket"), _BUCKET)
    if bucket is None:
        event.values.ignored("", "its bucket is not in this template")
        return
    notifications = buckets.setdefault(
        bucket.logical_id, _Notifications(Values(bucket, around.notes), bucket.name)
    )
    configuration = {
        "Id": event.own_name,
        "LambdaFunctionArn": around.function_arn(event.function),
        "Events": list(told.texts("Events")),
        **_key_filter(told.raw("Filter")),
    }
    notifications.add("LambdaFunctionConfigurations", configuration)
    found.permissions.append(event.permission("s3.amazonaws.com", f"arn:aws:s3:::{bucket.name}"))
    event.values.used("", f"is fired by the bucket {bucket.name}")


_CONFIGURATIONS = {
    "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
    "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
    "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
}


def _own_notifications(resource: Resource, around: Around, buckets: dict[str, _Notifications]) -> None:
    values = Values(resource, around.notes)
    told = values.below("NotificationConfiguration")
    if told is None:
        return
    notifications = buckets.setdefault(resource.logical_id, _Notifications(values, resource.name))
    for name, (kind, target, target_member) in _CONFIGURATIONS.items():
        for number, each in told.each_below(name):
            configuration = {
                "Id": f"{resource.logical_id}{target}{number}",
                target_member: each.text(target),
                "Events": [each.text("Event")],
                **_key_filter(each.raw("Filter")),
            }
            notifications.add(kind, configuration)
    if "EventBridgeConfiguration" in told:
        notifications.members["EventBridgeConfiguration"] = {}
    values.used("NotificationConfiguration", "the bucket tells of its objects")


def _key_filter(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    rules = value.get("S3Key", {}).get("Rules", [])
    return {"Filter": {"Key": {"FilterRules": [{"Name": r["Name"], "Value": r["Value"]} for r in rules]}}}


# Topics


def _topic_event(event: _Event, told: Values, around: Around, found: Connections) -> None:
    topic = told.text("Topic")
    if "SqsSubscription" in told and told.raw("SqsSubscription") is not False:
        event.values.ignored("", "a queue between topic and function is not built")
        return
    if topic is None:
        told.complain("Topic", "is missing")
        return
    attributes = _subscription_attributes(told)
    found.calls.append(
        _subscribe(event.values, topic, "lambda", around.function_arn(event.function), attributes)
    )
    found.permissions.append(event.permission("sns.amazonaws.com", topic))
    event.values.used("", f"is fired by the topic {topic.rsplit(':', 1)[-1]}")


def _subscriptions(around: Around, found: Connections) -> None:
    for resource in around.of_type(_TOPIC):
        values = Values(resource, around.notes)
        for _, each in values.each_below("Subscription"):
            _subscription(each, resource.reference, around, found)
    for resource in around.of_type("AWS::SNS::Subscription"):
        values = Values(resource, around.notes)
        _subscription(values, values.text("TopicArn"), around, found)


def _subscription(values: Values, topic: str | None, around: Around, found: Connections) -> None:
    protocol, endpoint = values.text("Protocol"), values.text("Endpoint")
    if topic is None or protocol not in ("lambda", "sqs") or endpoint is None:
        values.ignored("", f"messages by {protocol} are not sent")
        return
    found.calls.append(_subscribe(values, topic, protocol, endpoint, _subscription_attributes(values)))
    text = f"{endpoint.rsplit(':', 1)[-1]} gets the messages of {topic.rsplit(':', 1)[-1]}"
    resource_used(values.resource, around.notes, text)


def _subscribe(
    values: Values, topic: str, protocol: str, endpoint: str, attributes: Mapping[str, str]
) -> NeighbourCall:
    parameters = {
        "TopicArn": topic,
        "Protocol": protocol,
        "Endpoint": endpoint,
        "Attributes": dict(attributes),
        "ReturnSubscriptionArn": True,
    }
    return neighbour_call(values, "sns", "subscribe", parameters, "", step=Step.CONNECT)


def _subscription_attributes(values: Values) -> dict[str, str]:
    attributes: dict[str, str] = {}
    policy = values.raw("FilterPolicy")
    if policy is not None:
        attributes["FilterPolicy"] = json.dumps(policy)
    for name in ("FilterPolicyScope", "RawMessageDelivery"):
        text = values.text(name)
        if text is not None:
            attributes[name] = text
    return attributes


# Rules


def _rule_event(event: _Event, told: Values, around: Around, found: Connections) -> None:
    name = told.text("RuleName") or event.own_name
    target = {
        "Id": "Function",
        "Arn": around.function_arn(event.function),
        **{member: told.raw(member) for member in _TARGET_MEMBERS if member in told},
    }
    found.calls += _rule(event.values, told, name, told.raw("Pattern"), [target])
    bus = _bus_name(told.text("EventBusName"))
    found.permissions.append(event.permission("events.amazonaws.com", _rule_arn(around, bus, name)))
    event.values.used("", f"is fired by the rule {name}")


def _rules(around: Around, found: Connections) -> None:
    for resource in around.of_type("AWS::Events::Rule"):
        values = Values(resource, around.notes)
        if "EventPattern" not in values and "ScheduleExpression" in values:
            continue
        targets = [dict(each.values) for _, each in values.each_below("Targets")]
        found.calls += _rule(values, values, resource.name, values.raw("EventPattern"), targets)
        resource_used(resource, around.notes, f"the rule {resource.name} of the neighbour services")


def _rule(
    values: Values, told: Values, name: str, pattern: Any, targets: list[dict[str, Any]]
) -> Iterator[NeighbourCall]:
    bus = _bus_name(told.text("EventBusName"))
    state = told.text("State") or ("ENABLED" if told.raw("Enabled") is not False else "DISABLED")
    rule = {"Name": name, "EventPattern": json.dumps(pattern), "State": state, "EventBusName": bus}
    yield neighbour_call(values, "events", "put_rule", rule, "", step=Step.CONNECT)
    led = {"Rule": name, "Targets": targets, "EventBusName": bus}
    yield neighbour_call(values, "events", "put_targets", led, "", step=Step.CONNECT)


def _bus_name(text: str | None) -> str | None:
    """The default one needs no name."""
    name = (text or "default").rsplit("/", 1)[-1]
    return None if name == "default" else name


def _rule_arn(around: Around, bus: str | None, name: str) -> str:
    path = name if bus is None else f"{bus}/{name}"
    return f"arn:aws:events:{around.region}:{around.account}:rule/{path}"
