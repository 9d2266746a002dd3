"""Where moto is led to lam: its choice of a Lambda backend, and the producers that tell it too little.

moto is untyped here, and so is what is taken from it. The names are those of moto 5."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from contextvars import ContextVar
from copy import copy
from typing import Any

from lambdacli.model.record import record
from lambdacli.service.lam_behind import LamBehind, Produced
from lambdacli.service.produced_events import eventbridge_event, s3_event, sns_event

logger = logging.getLogger("lam.neighbours")

_BUCKETS = "s3.amazonaws.com"
_PRINCIPALS = {
    "moto.cloudformation.custom_model": "cloudformation.amazonaws.com",
    "moto.config.models": "config.amazonaws.com",
    "moto.events.notifications": "events.amazonaws.com",
    "moto.s3.notifications": _BUCKETS,
    "moto.secretsmanager.models": "secretsmanager.amazonaws.com",
    "moto.ses.models": "ses.amazonaws.com",
    "moto.sns.models": "sns.amazonaws.com",
}
"""Who asks for a Lambda backend, and as whom that calls."""


@record
class _Notification:
    """What a topic sends to one subscription."""

    topic_arn: str
    subscription_arn: str
    endpoint: str
    message_id: str
    attributes: dict[str, Any]


_notification: ContextVar[_Notification | None] = ContextVar("notification", default=None)

_trace_header: ContextVar[str | None] = ContextVar("trace_header", default=None)
"""Of the request that a thread answers: what that leads to in other services, moto does in the same one."""


def note_trace(trace_header: str | None) -> None:
    _trace_header.set(trace_header)


def lead_to(lam: LamBehind) -> None:
    from moto import settings
    from moto.awslambda import utils
    from moto.dynamodbstreams.models import DynamoDBStreamsBackend
    from moto.events.models import Rule
    from moto.sns.models import Subscription
    from moto.sqs.models import SQSBackend

    def get_backend(account_id: str, region: str) -> LambdaBackend:
        asker = sys._getframe(1).f_globals["__name__"]
        return LambdaBackend(lam, _PRINCIPALS.get(asker, "lambda.amazonaws.com"), account_id)

    utils.get_backend = get_backend
    settings.moto_server_host = lambda: "http://127.0.0.1"
    _tell_of_notifications(Subscription)
    _give_rules_lambda_targets(Rule, lam)
    _hand_on_traces(SQSBackend, Rule)
    _give_each_message_once(SQSBackend)
    _forget_old_iterators(DynamoDBStreamsBackend)


def schedules_of_functions() -> list[dict[str, Any]]:
    """moto keeps schedules and never fires any: those that lead to functions are lam's to fire."""
    from moto.events.models import events_backends
    from moto.scheduler.models import scheduler_backends

    found = [
        _told_schedule("rule", rule, target, {"ScheduleExpression": rule.scheduled_expression})
        for _, _, backend in list(events_backends.iter_backends())
        for bus in list(backend.event_buses.values())
        for rule in list(bus.rules.values())
        for target in rule.targets
        if rule.scheduled_expression
    ]
    found += [
        _told_schedule("scheduler", schedule, schedule.target, schedule.to_dict())
        for _, _, backend in list(scheduler_backends.iter_backends())
        for group in list(backend.schedule_groups.values())
        for schedule in list(group.schedules.values())
    ]
    return [each for each in found if ":lambda:" in each["target"]["Arn"]]


_MEMBERS = (
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "EndDate",
    "FlexibleTimeWindow",
)


def _told_schedule(kind: str, made: Any, target: dict[str, Any], members: dict[str, Any]) -> dict[str, Any]:
    told = {name: members[name] for name in _MEMBERS if members.get(name) is not None}
    return {
        "kind": kind,
        "name": made.name,
        "arn": made.arn,
        "members": {**told, "State": made.state},
        "target": target,
    }


def request_handler() -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    return MotoRequestHandler


class LambdaBackend:
    """What moto's services call of a Lambda backend, answered by lam."""

    def __init__(self, lam: LamBehind, principal: str, account: str) -> None:
        self._lam = lam
        self._principal = principal
        self._account = account

    def get_function(self, function_name_or_arn: str, qualifier: str | None = None) -> LambdaFunction:
        """Raises for one that is not there, or that the producer may not invoke. A bucket is judged by its
        event, which follows at once, and which alone says what bucket it is."""
        if self._principal == _BUCKETS:
            return LambdaFunction(self, function_name_or_arn)
        self._lam.produce(self._produced(function_name_or_arn, b"{}", "DryRun"))
        return LambdaFunction(self, function_name_or_arn)

    def invoke(
        self,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Any,
        response_headers: Any,
    ) -> bytes | None:
        """Secrets Manager waits for its function; nobody else does."""
        arn = function_name if qualifier is None else f"{function_name}:{qualifier}"
        if self._principal == _BUCKETS:
            body = json.dumps(s3_event(json.loads(body)))
        if self._principal == "secretsmanager.amazonaws.com":
            return self._lam.produce(self._produced(arn, _bytes(body), "RequestResponse"))
        self._lam.deliver(self._produced(arn, _bytes(body)))
        return None

    def send_sns_message(
        self, function_name: str, message: str, subject: str | None = None, qualifier: str | None = None
    ) -> None:
        """The name alone says no region and no account; the subscription does."""
        sent = _notification.get()
        assert sent is not None, "a subscription publishes"
        event = sns_event(
            topic_arn=sent.topic_arn,
            subscription_arn=sent.subscription_arn,
            message_id=sent.message_id,
            message=message,
            subject=subject,
            attributes=sent.attributes,
        )
        payload = json.dumps(event).encode()
        account = sent.topic_arn.split(":")[4]
        trace_header = _trace_header.get()
        self._lam.deliver(
            Produced(
                sent.endpoint,
                payload,
                self._principal,
                sent.topic_arn,
                account,
                trace_header=trace_header,
            )
        )

    def _produced(self, arn: str, payload: bytes, kind: str = "Event") -> Produced:
        trace_header = _trace_header.get() if self._principal == _BUCKETS else None
        source = _source_of(payload)
        return Produced(arn, payload, self._principal, source, self._account, kind, trace_header)


class LambdaFunction:
    def __init__(self, backend: LambdaBackend, arn: str) -> None:
        self._backend = backend
        self.function_arn = arn

    def invoke(self, body: Any, request_headers: Any, response_headers: Any) -> None:
        self._backend.invoke(self.function_arn, None, body, request_headers, response_headers)


def _tell_of_notifications(subscription_kind: Any) -> None:
    publish = subscription_kind.publish

    def publish_and_tell(self: Any, message: str, message_id: str, *rest: Any, **more: Any) -> Any:
        attributes = more.get("message_attributes") or {}
        told = _Notification(self.topic.arn, self.arn, self.endpoint, message_id, attributes)
        token = _notification.set(told)
        try:
            return publish(self, message, message_id, *rest, **more)
        finally:
            _notification.reset(token)

    subscription_kind.publish = publish_and_tell


def _give_rules_lambda_targets(rule_kind: Any, lam: LamBehind) -> None:
    """moto's rules know targets of some services only, and none of Lambda's."""
    send = rule_kind.send_to_targets

    def send_to_targets(self: Any, original_event: Any, transform_input: bool = True) -> None:
        functions = [target for target in self.targets if ":lambda:" in target["Arn"]]
        if not functions:
            send(self, original_event, transform_input)
            return
        others = copy(self)
        others.targets = [target for target in self.targets if target not in functions]
        if self.event_pattern.matches_event(original_event):
            for target in functions:
                payload = json.dumps(_input_of(target, eventbridge_event(original_event))).encode()
                account = self.arn.split(":")[4]
                lam.deliver(Produced(target["Arn"], payload, "events.amazonaws.com", self.arn, account))
        if others.targets:
            send(others, original_event, transform_input)

    rule_kind.send_to_targets = send_to_targets


def _hand_on_traces(queues_kind: Any, rule_kind: Any) -> None:
    """Topics, buckets and queues hand a chain on, and no other service does: so Lambda's own documentation of
    the loops that it sees."""
    send_message, send_to_targets = queues_kind.send_message, rule_kind.send_to_targets

    def send_with_trace(self: Any, *told: Any, **more: Any) -> Any:
        trace_header = _trace_header.get()
        attributes = more.get("system_attributes") or {}
        if trace_header is not None and "AWSTraceHeader" not in attributes:
            header = {"DataType": "String", "StringValue": trace_header}
            more["system_attributes"] = {**attributes, "AWSTraceHeader": header}
        return send_message(self, *told, **more)

    def send_without_trace(self: Any, *told: Any, **more: Any) -> None:
        token = _trace_header.set(None)
        try:
            send_to_targets(self, *told, **more)
        finally:
            _trace_header.reset(token)

    queues_kind.send_message = send_with_trace
    rule_kind.send_to_targets = send_without_trace


_LOOK_SECONDS = 1.0
_GROUP_SECONDS = 0.05


def _give_each_message_once(queues_kind: Any) -> None:
    """moto looks for messages in the threads of all receivers at once, and which groups of a FIFO queue are
    busy it asks only when it begins to wait; if there are some, it waits without rest. Of those that come
    again, it gives the last of a group first: until that, it takes the group for busy."""
    receive_message = queues_kind.receive_message
    one_at_a_time = threading.Lock()

    def receive(self: Any, queue_name: str, count: int, wait_seconds: int, *rest: Any, **more: Any) -> Any:
        end = time.monotonic() + wait_seconds
        while True:
            with one_at_a_time:
                hidden = self.get_queue(queue_name).pending_messages
                hidden.difference_update([message for message in hidden if message.visible])
                found = receive_message(self, queue_name, count, 0, *rest, **more)
            left = end - time.monotonic()
            if found or left <= 0:
                return found
            queue = self.get_queue(queue_name)
            if queue.messages:
                time.sleep(_GROUP_SECONDS)  # of groups that are busy
            else:
                queue.wait_for_messages(min(_LOOK_SECONDS, left))

    queues_kind.receive_message = receive


_KEPT_ITERATORS = 1_000


def _forget_old_iterators(streams_kind: Any) -> None:
    """moto makes one at each look at a table's stream, and keeps them all."""
    get_records = streams_kind.get_records

    def get(self: Any, *told: Any, **more: Any) -> Any:
        found = get_records(self, *told, **more)
        while len(self.shard_iterators) > _KEPT_ITERATORS:
            self.shard_iterators.pop(next(iter(self.shard_iterators)), None)
        return found

    streams_kind.get_records = get


def _input_of(target: dict[str, Any], event: Any) -> Any:
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputPath" in target:
        from jsonpath_ng.ext import parse

        found = parse(target["InputPath"]).find(event)
        return found[0].value if found else None
    if "InputTransformer" in target:
        from moto.events.utils import EventTemplateParser

        transformer = target["InputTransformer"]
        return EventTemplateParser.parse(
            transformer.get("InputTemplate"), transformer.get("InputPathsMap", {}), event
        )
    return event


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else str(body).encode()


def _source_of(payload: bytes) -> str | None:
    """The bucket of an event of S3; other events tell of none."""
    try:
        arn = json.loads(payload)["Records"][0]["s3"]["bucket"]["arn"]
    except (ValueError, LookupError, TypeError):
        return None
    return arn if isinstance(arn, str) else None
