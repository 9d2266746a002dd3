"""Events for the tests: made as the command makes them, at a fixed time and place."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

from lambdacli.samples import catalogue, generator
from lambdacli.samples.generator import Wish
from lambdacli.samples.words import Circumstances

NOW = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "eu-west-1"
ALL = [(service, type_) for service in catalogue.services() for type_ in catalogue.types(service)]


def made(
    name: str,
    /,
    *,
    via: str = "",
    raw: bool = False,
    count: int | None = None,
    changes: tuple[str, ...] = (),
    seed: int = 1,
    region: str = REGION,
    **given: Any,
) -> Any:
    service, type_ = name.split()
    wish = Wish(service, type_, tuple(filter(None, via.split(","))), raw, count, given, changes)
    return generator.event(wish, Circumstances(NOW, Random(seed), ACCOUNT, region))


def direct_or_carried(name: str) -> Any:
    """The event as a function gets it: some come in a topic's message or a queue's only."""
    sample = catalogue.sample(*name.split())
    return made(name, via="" if sample.is_direct else generator.ways(sample)[0])
