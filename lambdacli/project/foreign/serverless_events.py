"""Events of a serverless.yml's functions but for HTTP: each becomes what the framework makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lambdacli.project.foreign.serverless_names import identifier_of, plain_identifier, source_name
from lambdacli.project.foreign.serverless_rights import source_arn, stream_kind
from lambdacli.project.foreign.written import NamedFunction, TemplateWriter, Written

EVENTS = "events.amazonaws.com"
_PARTITION = {"Ref": "AWS::Partition"}
_REGION = {"Ref": "AWS::Region"}
_ACCOUNT = {"Ref": "AWS::AccountId"}


class EventWriter:
    """One function's events; the numbers in names count them from 1."""

    def __init__(
        self, writer: TemplateWriter, function: NamedFunction, prefix: str, service: Written
    ) -> None:
        self.writer = writer
        self.function = function
        self.prefix = prefix
        """`service-stage`"""
        self.service = service
        self._numbers: dict[str, int] = {}

    def write(self, kind: str, event: Written) -> bool:
        """False: it is an event of which nothing is known here."""
        write = _KINDS.get(kind)
        if write is None:
            return False
        write(self, event)
        return True

    # Time and buses

    def schedule(self, event: Written) -> None:
        rates = event.at("rate") if isinstance(event.value, Mapping) else event
        for rate in rates.items():
            number = self._number("schedule")
            if event.at("method").value == "scheduler":
                self._scheduler(rate, event, number)
            else:
                target = {
                    **self._input(event),
                    "Arn": self.function.target,
                    "Id": f"{self.function.key}Schedule",
                }
                rule = {
                    "ScheduleExpression": rate,
                    "State": _state(event),
                    "Name": event.at("name"),
                    "Description": event.at("description"),
                    "Targets": [target],
                }
                self._rule(f"{self.function.identifier}EventsRuleSchedule{number}", rule, rate)
        if not rates:
            self.writer.complain(event, "has no rate", "for example `schedule: rate(5 minutes)`")

    def _scheduler(self, rate: Written, event: Written, number: int) -> None:
        properties = {
            "ScheduleExpression": rate,
            "State": _state(event),
            "Name": event.at("name"),
            "Description": event.at("description"),
            "ScheduleExpressionTimezone": event.at("timezone"),
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                **self._input(event),
                "Arn": self.function.target,
                "RoleArn": {"Fn::GetAtt": ["IamRoleLambdaExecution", "Arn"]},
            },
        }
        logical_id = f"{self.function.identifier}SchedulerSchedule{number}"
        self.writer.add(logical_id, "AWS::Scheduler::Schedule", properties, rate)

    def event_bridge(self, event: Written) -> None:
        # The framework counts a function's events of all kinds here.
        number = int(event.path[-2]) + 1 if len(event.path) > 1 else 1
        name = event.at("name").text(f"{self.prefix}-{self.function.key}-rule-{number}")
        bus = event.at("eventBus")
        if isinstance(bus.value, str) and not bus.value.startswith("arn:") and bus.value != "default":
            logical_id = f"{identifier_of(bus.value)}EventBridgeEventBus"
            if not self.writer.has(logical_id):
                self.writer.add(logical_id, "AWS::Events::EventBus", {"Name": bus}, bus)
        retries = event.at("retryPolicy")
        target = {
            **self._input(event),
            "Arn": self.function.target,
            "Id": f"{name}-target",
            "RetryPolicy": {
                "MaximumEventAgeInSeconds": retries.at("maximumEventAge"),
                "MaximumRetryAttempts": retries.at("maximumRetryAttempts"),
            }
            if retries
            else None,
            "DeadLetterConfig": {"Arn": event.at("deadLetterQueueArn")}
            if event.at("deadLetterQueueArn")
            else None,
        }
        rule = {
            "EventBusName": bus,
            "EventPattern": event.at("pattern"),
            "ScheduleExpression": event.at("schedule"),
            "Name": name,
            "Description": event.at("description"),
            "State": _state(event),
            "Targets": [target],
        }
        if not event.at("pattern") and not event.at("schedule"):
            self.writer.complain(event, "has neither pattern nor schedule", "say which events come")
        self._rule(f"{plain_identifier(name)}EventBridgeRule", rule, event)

    def cloudwatch_event(self, event: Written) -> None:
        number = self._number("cloudwatchEvent")
        target = {
            **self._input(event),
            "Arn": self.function.target,
            "Id": f"{self.function.key}CloudWatchEvent",
        }
        rule = {
            "EventPattern": event.at("event"),
            "Name": event.at("name"),
            "Description": event.at("description"),
            "State": _state(event),
            "Targets": [target],
        }
        self._rule(f"{self.function.identifier}EventsRuleCloudWatchEvent{number}", rule, event)

    def _rule(self, logical_id: str, properties: Mapping[str, Any], at: Written) -> None:
        self.writer.add(logical_id, "AWS::Events::Rule", properties, at)
        self.permission(f"{logical_id}Permission", EVENTS, at, {"Fn::GetAtt": [logical_id, "Arn"]})

    @staticmethod
    def _input(event: Written) -> dict[str, Any]:
        given = event.at("input")
        transformer = event.at("inputTransformer")
        return {
            "Input": given if isinstance(given.value, str | None) else _as_json(given.value),
            "InputPath": event.at("inputPath"),
            "InputTransformer": {
                "InputPathsMap": transformer.at("inputPathsMap"),
                "InputTemplate": transformer.at("inputTemplate"),
            }
            if transformer
            else None,
        }

    # Queues, streams and brokers

    def sqs(self, event: Written) -> None:
        arn = self._arn(event)
        properties = {
            "EventSourceArn": arn,
            "BatchSize": event.at("batchSize").value or 10,
            "MaximumBatchingWindowInSeconds": event.at("maximumBatchingWindow"),
            "ScalingConfig": _some({"MaximumConcurrency": event.at("maximumConcurrency")}),
        }
        self._mapping(f"SQS{plain_identifier(source_name(arn.value))}", properties, event)

    def stream(self, event: Written) -> None:
        arn = self._arn(event)
        kind = stream_kind(event)
        consumer = event.at("consumer")
        if consumer.value is True:
            self.writer.remark(
                consumer, "a consumer of its own is not made here", "the stream itself is read"
            )
        destination = event.at("destinations", "onFailure")
        target = destination.at("arn") if destination.at("arn") else destination
        properties = {
            "EventSourceArn": arn,
            "BatchSize": event.at("batchSize").value or 10,
            "StartingPosition": event.at("startingPosition").value or "TRIM_HORIZON",
            "StartingPositionTimestamp": event.at("startingPositionTimestamp"),
            "MaximumBatchingWindowInSeconds": event.at("batchWindow"),
            "MaximumRetryAttempts": event.at("maximumRetryAttempts"),
            "MaximumRecordAgeInSeconds": event.at("maximumRecordAgeInSeconds"),
            "BisectBatchOnFunctionError": event.at("bisectBatchOnFunctionError"),
            "ParallelizationFactor": event.at("parallelizationFactor"),
            "TumblingWindowInSeconds": event.at("tumblingWindowInSeconds"),
            "DestinationConfig": {"OnFailure": {"Destination": target}} if destination else None,
        }
        name = plain_identifier(source_name(arn.value))
        self._mapping(f"{'Dynamodb' if kind == 'dynamodb' else 'Kinesis'}{name}", properties, event)

    def msk(self, event: Written) -> None:
        properties = {
            "EventSourceArn": event.at("arn"),
            "Topics": list(event.at("topic").items()),
            **self._polled(event),
            "AmazonManagedKafkaEventSourceConfig": _some({"ConsumerGroupId": event.at("consumerGroupId")}),
        }
        name = f"{plain_identifier(_cluster_of(event.at('arn').value))}{plain_identifier(_topic(event))}"
        self._mapping(f"MSK{name}", properties, event)

    def kafka(self, event: Written) -> None:
        properties = {
            "SelfManagedEventSource": {
                "Endpoints": {"KafkaBootstrapServers": list(event.at("bootstrapServers").items())}
            },
            "Topics": list(event.at("topic").items()),
            **self._polled(event),
            "SelfManagedKafkaEventSourceConfig": _some({"ConsumerGroupId": event.at("consumerGroupId")}),
            "SourceAccessConfigurations": [
                {"Type": _ACCESS.get(kind, kind), "URI": each}
                for kind, given in event.at("accessConfigurations").members()
                for each in given.items()
            ],
        }
        self._mapping(f"Kafka{plain_identifier(_topic(event))}", properties, event)

    def _polled(self, event: Written) -> dict[str, Any]:
        return {
            "BatchSize": event.at("batchSize"),
            "MaximumBatchingWindowInSeconds": event.at("maximumBatchingWindow"),
            "StartingPosition": event.at("startingPosition").value or "TRIM_HORIZON",
            "StartingPositionTimestamp": event.at("startingPositionTimestamp"),
        }

    def active_mq(self, event: Written) -> None:
        self._broker("ActiveMQ", event)

    def rabbit_mq(self, event: Written) -> None:
        self._broker("RabbitMQ", event)

    def _broker(self, name: str, event: Written) -> None:
        host = event.at("virtualHost")
        access = [{"Type": "BASIC_AUTH", "URI": event.at("basicAuthArn")}]
        properties = {
            "EventSourceArn": event.at("arn"),
            "Queues": [event.at("queue")],
            "BatchSize": event.at("batchSize"),
            "MaximumBatchingWindowInSeconds": event.at("maximumBatchingWindow"),
            "SourceAccessConfigurations": [*access, {"Type": "VIRTUAL_HOST", "URI": host}]
            if host
            else access,
        }
        self._mapping(f"{name}{plain_identifier(event.at('queue').text())}", properties, event)

    def _mapping(self, name: str, properties: Mapping[str, Any], event: Written) -> None:
        patterns = [
            {"Pattern": each.value if isinstance(each.value, str) else _as_json(each.value)}
            for each in event.at("filterPatterns").items()
        ]
        answers = event.at("functionResponseType")
        enabled = event.at("enabled").value
        common = {
            "FunctionName": self.function.target,
            "Enabled": True if enabled is None else enabled,
            "FilterCriteria": {"Filters": patterns} if patterns else None,
            "FunctionResponseTypes": [answers] if answers else None,
        }
        logical_id = f"{self.function.identifier}EventSourceMapping{name}"
        if self.writer.has(logical_id):
            logical_id += str(self._number(logical_id) + 1)
        self.writer.add(logical_id, "AWS::Lambda::EventSourceMapping", {**properties, **common}, event)

    def _arn(self, event: Written) -> Written:
        arn = source_arn(event)
        if not arn:
            self.writer.complain(event, "has no arn", "name the ARN of what sends the events")
        return arn

    # Topics and buckets

    def sns(self, event: Written) -> None:
        is_arn_alone = isinstance(event.value, str) and event.value.startswith("arn:")
        arn = event if is_arn_alone else event.at("arn")
        topic = event if isinstance(event.value, str) else event.at("topicName")
        name = plain_identifier(topic.text() if topic and not is_arn_alone else source_name(arn.value))
        if not arn and not topic:
            self.writer.complain(event, "has neither arn nor topicName", "name the topic")
            return
        reference: Any = arn
        source: Any = arn
        if not arn:
            logical_id = f"SNSTopic{name}"
            reference = source = {"Ref": logical_id}
            if not self.writer.has(logical_id):
                display = event.at("displayName")
                self.writer.add(
                    logical_id, "AWS::SNS::Topic", {"TopicName": topic, "DisplayName": display}, event
                )
        redrive = event.at("redrivePolicy")
        properties = {
            "TopicArn": reference,
            "Protocol": "lambda",
            "Endpoint": self.function.target,
            "FilterPolicy": event.at("filterPolicy"),
            "FilterPolicyScope": event.at("filterPolicyScope"),
            "RedrivePolicy": {"deadLetterTargetArn": _dead_letters(redrive)} if redrive else None,
        }
        logical_id = f"{self.function.identifier}SnsSubscription{name}"
        self.writer.add(logical_id, "AWS::SNS::Subscription", properties, event)
        permission = f"{self.function.identifier}LambdaPermission{name}SNS"
        self.permission(permission, "sns.amazonaws.com", event, source)

    def s3(self, event: Written) -> None:
        bucket = event if isinstance(event.value, str) else event.at("bucket")
        if not bucket:
            self.writer.complain(event, "has no bucket", "name the bucket")
            return
        rules = [
            {"Name": kind, "Value": value.value}
            for rule in event.at("rules").items()
            for kind, value in rule.members()
        ]
        notification = {
            "Event": event.at("event").text("s3:ObjectCreated:*"),
            "Function": self.function.target,
            "Filter": {"S3Key": {"Rules": rules}} if rules else None,
        }
        settings = self.service.at("provider", "s3", bucket.text())
        own = bucket.value.get("Ref") if isinstance(bucket.value, Mapping) else None
        name = plain_identifier(source_name(bucket.value))
        logical_id = str(own or f"S3Bucket{name}")
        physical: Any = settings.at("name") if settings.at("name") else bucket
        if not self.writer.has(logical_id):
            further = {key[:1].upper() + key[1:]: value for key, value in settings.members() if key != "name"}
            properties: dict[str, Any] = {
                **further,
                "BucketName": None if own else physical,
                "NotificationConfiguration": {},
            }
            self.writer.add(logical_id, "AWS::S3::Bucket", properties, event)
        configured = self.writer.properties(logical_id).setdefault("NotificationConfiguration", {})
        kept = {key: value for key, value in notification.items() if value is not None}
        configured.setdefault("LambdaConfigurations", []).append(kept)
        source = {"Fn::Join": ["", ["arn:", _PARTITION, ":s3:::", physical]]}
        permission = f"{self.function.identifier}LambdaPermission{name}S3"
        self.permission(permission, "s3.amazonaws.com", event, source, account=_ACCOUNT)

    # Further producers

    def cloudwatch_log(self, event: Written) -> None:
        group = event if isinstance(event.value, str) else event.at("logGroup")
        number = self._number("cloudwatchLog")
        properties = {
            "LogGroupName": group,
            "FilterPattern": event.at("filter").text(""),
            "DestinationArn": self.function.target,
        }
        logical_id = f"{self.function.identifier}LogsSubscriptionFilterCloudWatchLog{number}"
        self.writer.add(logical_id, "AWS::Logs::SubscriptionFilter", properties, event)

    def iot(self, event: Written) -> None:
        number = self._number("iot")
        payload = {
            "RuleDisabled": event.at("enabled").value is False,
            "Sql": event.at("sql"),
            "AwsIotSqlVersion": event.at("sqlVersion"),
            "Description": event.at("description"),
            "Actions": [{"Lambda": {"FunctionArn": self.function.target}}],
        }
        properties = {"RuleName": event.at("name"), "TopicRulePayload": payload}
        logical_id = f"{self.function.identifier}IotTopicRule{number}"
        self.writer.add(logical_id, "AWS::IoT::TopicRule", properties, event)

    def cognito(self, event: Written) -> None:
        pool = event.at("pool")
        trigger = event.at("trigger").text()
        logical_id = f"CognitoUserPool{identifier_of(pool.text())}"
        if event.at("existing").value is not True:
            if not self.writer.has(logical_id):
                properties = {"UserPoolName": pool, "LambdaConfig": {}}
                self.writer.add(logical_id, "AWS::Cognito::UserPool", properties, event)
            triggers = self.writer.properties(logical_id).setdefault("LambdaConfig", {})
            triggers[trigger] = self.function.target
        self.permission(
            f"{self.function.identifier}LambdaPermission{logical_id}TriggerSource{trigger}",
            "cognito-idp.amazonaws.com",
            event,
        )

    def alb(self, event: Written) -> None:
        number = event.at("priority").text("1")
        if self.writer.has(f"{self.function.identifier}AlbTargetGroup{number}"):
            number += f"Number{self._number('alb') + 1}"
        group = f"{self.function.identifier}AlbTargetGroup{number}"
        multi_value = event.at("multiValueHeaders").value is True
        attribute = {"Key": "lambda.multi_value_headers.enabled", "Value": multi_value}
        properties: dict[str, Any] = {
            "TargetType": "lambda",
            "Targets": [{"Id": self.function.target}],
            "TargetGroupAttributes": [attribute],
        }
        self.writer.add(group, "AWS::ElasticLoadBalancingV2::TargetGroup", properties, event)
        conditions = event.at("conditions")
        rule = {
            "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": group}}],
            "Conditions": _alb_conditions(conditions),
            "ListenerArn": event.at("listenerArn"),
            "Priority": event.at("priority"),
        }
        logical_id = f"{self.function.identifier}AlbListenerRule{number}"
        self.writer.add(logical_id, "AWS::ElasticLoadBalancingV2::ListenerRule", rule, event)
        permission = f"{self.function.identifier}LambdaPermissionAlb{number}"
        self.permission(permission, "elasticloadbalancing.amazonaws.com", event)

    def alexa(self, event: Written) -> None:
        number = self._number("alexa")
        logical_id = f"{self.function.identifier}LambdaPermissionAlexaSkill{number}"
        self.permission(logical_id, "alexa-appkit.amazon.com", event)

    # What they share

    def permission(
        self, logical_id: str, principal: str, at: Written, source: Any = None, account: Any = None
    ) -> None:
        if self.writer.has(logical_id):
            return
        properties = {
            "FunctionName": self.function.target,
            "Action": "lambda:InvokeFunction",
            "Principal": principal,
            "SourceArn": source,
            "SourceAccount": account,
        }
        self.writer.add(logical_id, "AWS::Lambda::Permission", properties, at)

    def _number(self, kind: str) -> int:
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return self._numbers[kind]


_KINDS: Mapping[str, Callable[[EventWriter, Written], None]] = {
    "schedule": EventWriter.schedule,
    "eventBridge": EventWriter.event_bridge,
    "cloudwatchEvent": EventWriter.cloudwatch_event,
    "sqs": EventWriter.sqs,
    "stream": EventWriter.stream,
    "msk": EventWriter.msk,
    "kafka": EventWriter.kafka,
    "activemq": EventWriter.active_mq,
    "rabbitmq": EventWriter.rabbit_mq,
    "sns": EventWriter.sns,
    "s3": EventWriter.s3,
    "cloudwatchLog": EventWriter.cloudwatch_log,
    "iot": EventWriter.iot,
    "cognitoUserPool": EventWriter.cognito,
    "alb": EventWriter.alb,
    "alexaSkill": EventWriter.alexa,
}
KINDS = (*_KINDS,)

_ACCESS = {
    "vpcSubnet": "VPC_SUBNET",
    "vpcSecurityGroup": "VPC_SECURITY_GROUP",
    "saslPlainAuth": "BASIC_AUTH",
    "saslScram256Auth": "SASL_SCRAM_256_AUTH",
    "saslScram512Auth": "SASL_SCRAM_512_AUTH",
    "clientCertificateTlsAuth": "CLIENT_CERTIFICATE_TLS_AUTH",
    "serverRootCaCertificate": "SERVER_ROOT_CA_CERTIFICATE",
}
_ALB_FIELDS = {
    "path": ("path-pattern", "Values"),
    "host": ("host-header", "HostHeaderConfig"),
    "method": ("http-request-method", "HttpRequestMethodConfig"),
    "ip": ("source-ip", "SourceIpConfig"),
}


def _alb_conditions(conditions: Written) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, given in conditions.members():
        if name in _ALB_FIELDS:
            field, member = _ALB_FIELDS[name]
            values: Any = [each.value for each in given.items()]
            found.append({"Field": field, member: values if member == "Values" else {"Values": values}})
        elif name == "header":
            for header in given.items():
                config = {"HttpHeaderName": header.at("name").value, "Values": header.at("values").value}
                found.append({"Field": "http-header", "HttpHeaderConfig": config})
        elif name == "query":
            pairs = [{"Key": key, "Value": value.value} for key, value in given.members()]
            found.append({"Field": "query-string", "QueryStringConfig": {"Values": pairs}})
    return found


def _state(event: Written) -> str:
    enabled = event.at("enabled").value
    return "DISABLED" if enabled is False or enabled == "false" else "ENABLED"


def _dead_letters(redrive: Written) -> Any:
    reference = redrive.at("deadLetterTargetRef")
    if reference:
        return {"Fn::GetAtt": [reference.text(), "Arn"]}
    imported = redrive.at("deadLetterTargetImport", "arn")
    return imported if imported else redrive.at("deadLetterTargetArn")


def _cluster_of(arn: Any) -> str:
    parts = arn.split("/") if isinstance(arn, str) else []
    return parts[1] if len(parts) > 1 else source_name(arn)


def _topic(event: Written) -> str:
    return next((topic.text() for topic in event.at("topic").items()), "")


def _some(members: dict[str, Written]) -> dict[str, Written] | None:
    given = {name: value for name, value in members.items() if value}
    return given or None


def _as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
