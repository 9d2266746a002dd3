"""One mapping of a queue, whose queue and function follow a script: what is asked of them, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.event import Refusal, RefusalKind
from lambdacli.model.mapping import EventSourceMapping, Source, SourceKind
from lambdacli.model.outcome import Outcome
from lambdacli.sources.base import Record, SourceError
from lambdacli.sources.progress import Rest
from lambdacli.sources.queue_mapping import QueueMapping
from lambdacli.sources.surroundings import Surroundings
from tests.doubles import ManualClock

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
MAPPING = EventSourceMapping(
    uuid="u",
    function=FunctionKey("000000000000", "us-east-1", "worker"),
    qualifier=None,
    source=Source(SourceKind.SQS, QUEUE),
    last_modified=datetime(2026, 1, 1, tzinfo=UTC),
    batch_size=10,
    window_seconds=0,
    response_types=(),
)


def record(name: str, group: str | None = None) -> Record:
    return Record(name, json.dumps({"id": name}).encode(), {"body": json.dumps({"n": name})}, group=group)


class ListSource:
    """Gives the batches that it is told; then it waits for more."""

    def __init__(self, *batches: str) -> None:
        self.waiting: asyncio.Queue[Sequence[Record] | SourceError] = asyncio.Queue()
        self.did: list[str] = []
        self.hidden_seconds = 30.0
        for batch in batches:
            self.give(batch)

    def give(self, names: str) -> None:
        self.waiting.put_nowait([record(name, name.lower()) for name in names])

    async def open(self) -> float:
        self.did.append("open")
        return self.hidden_seconds

    async def receive(self, count: int, hidden_seconds: int | None) -> Sequence[Record]:
        found = await self.waiting.get()
        if isinstance(found, SourceError):
            raise found
        self.did.append(
            f"receive {len(found)} of {count}" + (f" for {hidden_seconds}" if hidden_seconds else "")
        )
        return found

    async def delete(self, records: Sequence[Record]) -> None:
        self.did.append("delete " + "".join(each.id for each in records))

    async def put_back(self, records: Sequence[Record]) -> None:
        self.did.append("put back " + "".join(each.id for each in records))


class ScriptedCallee:
    """Answers with what it is told, when it is told to."""

    def __init__(self, did: list[str], *results: Outcome | Refusal) -> None:
        self._did = did
        self._results = list(results)
        self.gate = asyncio.Event()
        self.gate.set()
        self.function: Any = type("Function", (), {"timeout_seconds": 3})()

    async def run(self, payload: bytes, records: Sequence[Record]) -> Outcome | Refusal:
        ran = "".join(each["id"] for each in json.loads(payload)["Records"])
        self._did.append(f"run {ran}")
        await self.gate.wait()
        return self._results.pop(0) if self._results else OK


OK = Outcome(b"null", "$LATEST")
THROTTLED = Refusal(RefusalKind.THROTTLED, "TooManyRequestsException", "Rate Exceeded.")


class Bench:
    def __init__(
        self, source: ListSource, *results: Outcome | Refusal, places: int = 100, **settings: Any
    ) -> None:
        self.source = source
        self.clock = ManualClock()
        self.callee = ScriptedCallee(source.did, *results)
        around = Surroundings(self.clock, lambda: places, lambda function, metric, value: None, Rest())
        mapping = replace(MAPPING, **settings)
        self.reader = QueueMapping(mapping, source, self.callee, around)  # type: ignore[arg-type]  # a double
        self.task = asyncio.ensure_future(self.reader.run())

    async def until(self, *did: str) -> None:
        """These were done, and nothing else, since the last look."""
        for _ in range(200):
            if len(self.source.did) >= len(did):
                break
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert self.source.did == list(did)
        self.source.did.clear()

    async def stop(self, *did: str) -> None:
        self.reader.stop(0.0)
        await asyncio.wait_for(self.task, 5)
        assert self.source.did == list(did)


def run(story: Callable[[], Any]) -> None:
    asyncio.run(story())


def test_what_is_received_is_run_and_deleted() -> None:
    async def story() -> None:
        bench = Bench(ListSource("ab"))
        await bench.until("open", "receive 2 of 10", "run ab", "delete ab")
        bench.source.give("c")
        await bench.until("receive 1 of 10", "run c", "delete c")
        await bench.stop()
        assert (bench.reader.progress.succeeded, bench.reader.progress.last_result) == (3, "OK")

    run(story)


def test_a_failing_batch_is_left_to_its_visibility_timeout() -> None:
    async def story() -> None:
        bench = Bench(ListSource("ab"), Outcome(b"{}", "$LATEST", function_error="Unhandled"))
        await bench.until("open", "receive 2 of 10", "run ab")
        await bench.stop()
        assert (bench.reader.progress.failed, bench.reader.progress.running) == (2, 0)

    run(story)


def test_a_reported_failure_stays_and_the_others_are_deleted() -> None:
    async def story() -> None:
        told = Outcome(b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', "$LATEST")
        bench = Bench(ListSource("abc"), told, response_types=("ReportBatchItemFailures",))
        await bench.until("open", "receive 3 of 10", "run abc", "delete ac")
        await bench.stop()

    run(story)


def test_what_no_filter_wants_is_deleted_and_not_run() -> None:
    async def story() -> None:
        bench = Bench(ListSource("ab", "b"), filters=('{"body": {"n": ["a"]}}',))
        await bench.until(
            "open", "receive 2 of 10", "delete b", "run a", "delete a", "receive 1 of 10", "delete b"
        )
        assert bench.reader.progress.filtered == 2
        await bench.stop()

    run(story)


def test_a_window_gathers_until_it_is_over_or_the_batch_is_full() -> None:
    async def story() -> None:
        bench = Bench(ListSource("a", "b"), batch_size=3, window_seconds=5)
        await bench.until("open", "receive 1 of 3", "receive 1 of 2")
        await bench.clock.pass_by(4.9)
        await bench.until()
        await bench.clock.pass_by(0.2)
        await bench.until("run ab", "delete ab")
        bench.source.give("cde")
        await bench.until("receive 3 of 1", "run cde", "delete cde")
        await bench.stop()

    run(story)


def test_a_window_that_the_queue_does_not_cover_hides_messages_longer() -> None:
    async def story() -> None:
        bench = Bench(ListSource("a"), batch_size=3, window_seconds=60)
        await bench.until("open", "receive 1 of 3 for 93")
        await bench.stop("put back a")

    run(story)


def test_a_throttled_batch_is_tried_again_by_the_clock() -> None:
    async def story() -> None:
        bench = Bench(ListSource("a"), THROTTLED, THROTTLED)
        await bench.until("open", "receive 1 of 10", "run a")
        await bench.clock.pass_by(1)
        await bench.until("run a")
        await bench.clock.pass_by(1.5)
        await bench.until()
        await bench.clock.pass_by(1)
        await bench.until("run a", "delete a")
        await bench.stop()

    run(story)


def test_a_stop_puts_back_what_waits_and_lets_run_what_runs() -> None:
    async def story() -> None:
        bench = Bench(ListSource("a"), THROTTLED)
        await bench.until("open", "receive 1 of 10", "run a")
        bench.callee.gate.clear()
        bench.source.give("b")
        await bench.until("receive 1 of 10", "run b")
        bench.reader.stop(0.0)
        await bench.until("put back a")
        assert not bench.task.done()
        bench.callee.gate.set()
        await bench.stop("delete b")

    run(story)


def test_a_second_stop_cuts_the_wait_for_messages_that_are_asked_for() -> None:
    async def story() -> None:
        bench = Bench(ListSource())
        await bench.until("open")
        bench.reader.stop()
        await bench.until()
        assert not bench.task.done()
        await bench.stop()

    run(story)


def test_nothing_is_received_while_all_places_are_taken() -> None:
    async def story() -> None:
        bench = Bench(ListSource("a", "b", "c"), places=2)
        bench.callee.gate.clear()
        await bench.until("open", "receive 1 of 10", "run a", "receive 1 of 10", "run b")
        bench.callee.gate.set()
        await bench.until("delete a", "delete b", "receive 1 of 10", "run c", "delete c")
        await bench.stop()

    run(story)


def test_a_group_has_one_batch_at_a_time() -> None:
    async def story() -> None:
        bench = Bench(ListSource("aB", "bC"))
        bench.callee.gate.clear()
        await bench.until("open", "receive 2 of 10", "run aB", "receive 2 of 10", "run C")
        bench.callee.gate.set()
        await bench.until("delete aB", "delete C", "run b", "delete b")
        await bench.stop()

    run(story)


def test_nothing_of_a_group_overtakes_what_failed_of_it() -> None:
    async def story() -> None:
        bench = Bench(ListSource("abc", "AC"), Outcome(b"{}", "$LATEST", function_error="Unhandled"))
        bench.callee.gate.clear()
        await bench.until("open", "receive 3 of 10", "run abc", "receive 2 of 10")
        bench.source.give("D")
        await bench.until("receive 1 of 8", "run D")
        bench.callee.gate.set()
        await bench.until("put back AC", "delete D")
        await bench.stop()

    run(story)


def test_messages_that_waited_until_others_can_have_them_are_not_run() -> None:
    async def story() -> None:
        source = ListSource("a")
        source.hidden_seconds = 0.05
        bench = Bench(source, max_concurrency=1, batch_size=2)
        bench.callee.gate.clear()
        await bench.until("open", "receive 1 of 2", "run a")
        bench.reader._gathered = [record("b")]
        bench.reader._hidden_until = 0.0
        bench.callee.gate.set()
        await bench.until("delete a")
        await bench.stop()

    run(story)


def test_a_queue_that_goes_is_looked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        bench = Bench(ListSource())
        await bench.until("open")
        bench.source.waiting.put_nowait(SourceError("it is not there", is_missing=True))
        await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert bench.reader.progress.problem == "it is not there"
        async with asyncio.timeout(5):
            while not bench.source.did:
                await asyncio.sleep(0.01)
        await bench.until("open")
        assert bench.reader.progress.problem is None
        await bench.stop()

    run(story)


def test_a_queue_that_hides_messages_too_shortly_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        source = ListSource("a")
        source.hidden_seconds = 2.0
        bench = Bench(source)
        await bench.until("open", "receive 1 of 10", "run a", "delete a")
        await bench.stop()

    run(story)
    assert f"{QUEUE} hides messages for 2 s, and worker may take 3 s" in caplog.text
