"""Who is told an ending, who is told again, and what is said of those who could not be told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from lambdacli.engine.notifier import Notifier
from lambdacli.engine.recursion import mark_of
from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.delivery import Sender, TargetError
from lambdacli.model.event import Condition, DeliveryError, Ending, Event
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.function import ArchiveCode, Function, Origin
from lambdacli.model.outcome import Outcome
from lambdacli.model.recursion import Recursion

AT = datetime(2026, 1, 2, tzinfo=UTC)
KEY = FunctionKey("000000000000", "us-east-1", "orders")
ROLE = "arn:aws:iam::000000000000:role/worker"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:failed"
TOPIC = "arn:aws:sns:us-east-1:000000000000:failed"
FUNCTION = Function(
    KEY, "python3.13", "a.b", ROLE, ArchiveCode("h", 1), Origin.API, "r", AT, dead_letter_target=QUEUE
)
SENDER = Sender(KEY, ROLE, Credentials("k", "s", "t"))
FAILED = Ending(
    Event("id", KEY, "live", b"{}", AT, "Root=1-2-3", attempts=3),
    Condition.RETRIES_EXHAUSTED,
    AT,
    Outcome(b'{"errorMessage":"why"}', "1", "Unhandled"),
)


@dataclass
class Settings:
    """What is set for one function, by its qualifiers."""

    version: Function | None = FUNCTION
    configs: dict = field(
        default_factory=lambda: {"live": EventInvokeConfig(AT, on_success=TOPIC, on_failure=TOPIC)}
    )

    def function(self, key, qualifier):
        return self.version

    def event_config(self, key, qualifier):
        return self.configs.get(qualifier)


@dataclass
class Post:
    """Takes all but what is for those who are away."""

    away: set = field(default_factory=set)
    unfit: set = field(default_factory=set)
    sent: list = field(default_factory=list)

    async def send(self, arn, message, sender):
        assert sender == SENDER
        if arn in self.away:
            raise TargetError(f"{arn} is not there")
        if arn in self.unfit:
            raise TargetError(f"{arn} takes no such message", is_final=True)
        self.sent.append((arn, message))


def notifier(post, settings=None):
    return Notifier(settings or Settings(), lambda key: Recursion(), lambda function: SENDER, post.send)


def deliver(post, ending=FAILED, settings=None):
    asyncio.run(notifier(post, settings).deliver(ending))
    return [arn for arn, _ in post.sent]


def test_a_failure_is_told_to_both_and_a_success_to_one():
    assert deliver(Post()) == [TOPIC, QUEUE]
    assert deliver(Post(), replace(FAILED, condition=Condition.SUCCESS)) == [TOPIC]


def test_what_is_sent_goes_on_with_the_functions_chain():
    post = Post()
    deliver(post)
    assert {message.trace_header for _, message in post.sent} == {f"Root=1-2-3;Lineage=1:{mark_of(KEY)}:0"}


def test_only_those_who_could_not_be_told_are_told_again():
    post = Post(away={QUEUE})
    with pytest.raises(DeliveryError, match=f"^dead-letter queue: {QUEUE} is not there$") as caught:
        deliver(post)
    assert [each.metric for each in caught.value.untold] == ["DeadLetterErrors"]
    post.away.clear()
    again = replace(FAILED, delivered=caught.value.delivered, tries=1)
    assert deliver(post, again) == [TOPIC, QUEUE]


def test_one_queue_in_two_roles_is_told_twice():
    settings = Settings(configs={"live": EventInvokeConfig(AT, on_failure=QUEUE)})
    post = Post()
    assert deliver(post, settings=settings) == [QUEUE, QUEUE]
    assert [bool(message.attributes) for _, message in post.sent] == [False, True]


def test_each_failure_is_named_and_counted():
    with pytest.raises(DeliveryError) as caught:
        deliver(Post(away={QUEUE, TOPIC}))
    assert str(caught.value) == (
        f"destination on failure: {TOPIC} is not there; dead-letter queue: {QUEUE} is not there"
    )
    metrics = [each.metric for each in caught.value.untold]
    assert metrics == ["DestinationDeliveryFailures", "DeadLetterErrors"]
    assert caught.value.delivered == ()


def test_a_failure_that_is_final_is_told_as_such():
    with pytest.raises(DeliveryError) as caught:
        deliver(Post(away={QUEUE}, unfit={TOPIC}))
    assert [(each.hearer, each.is_final) for each in caught.value.untold] == [
        (f"destination on failure {TOPIC}", True),
        (f"dead-letter queue {QUEUE}", False),
    ]


@pytest.mark.parametrize(
    ("settings", "condition", "is_wanted"),
    [
        (Settings(), Condition.RETRIES_EXHAUSTED, True),
        (Settings(configs={}), Condition.RETRIES_EXHAUSTED, True),
        (Settings(configs={}), Condition.SUCCESS, False),
        (Settings(replace(FUNCTION, dead_letter_target=None), {}), Condition.RETRIES_EXHAUSTED, False),
        (Settings(version=None), Condition.RETRIES_EXHAUSTED, False),
    ],
)
def test_an_ending_is_wanted_where_somebody_is_set_to_hear_of_it(settings, condition, is_wanted):
    ending = replace(FAILED, condition=condition)
    assert notifier(Post(), settings).is_wanted(ending) is is_wanted
    assert bool(deliver(Post(), ending, settings)) is is_wanted
