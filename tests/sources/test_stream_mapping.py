"""One mapping of a stream, whose stream and function follow a script: what is asked of them, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.delivery import Message
from lambdacli.model.event import Refusal
from lambdacli.model.mapping import Checkpoint, EventSourceMapping, Source, SourceKind
from lambdacli.model.outcome import Outcome
from lambdacli.sources.base import Page, Position, Record, Shard, Shards, SourceError
from lambdacli.sources.progress import Rest
from lambdacli.sources.stream_mapping import Memory, StreamMapping
from lambdacli.sources.surroundings import Surroundings
from tests.doubles import ManualClock

MAPPING = EventSourceMapping(
    uuid="u",
    function=FunctionKey("000000000000", "us-east-1", "worker"),
    qualifier=None,
    source=Source(SourceKind.KINESIS, "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"),
    last_modified=datetime(2026, 1, 1, tzinfo=UTC),
    starting_position="TRIM_HORIZON",
    batch_size=10,
    window_seconds=0,
)
OK = Outcome(b"null", "$LATEST")
FAILED = Outcome(b"{}", "$LATEST", function_error="Unhandled")
DEADLINE_SECONDS = 5.0


class ListStream:
    """Its shards are texts; each letter is a record."""

    interval_seconds = 0.0
    at_once = 100

    def __init__(self, did: list[str], texts: dict[str, str], shards: tuple[Shard, ...]) -> None:
        self.did = did
        self.texts = texts
        self._shards = shards
        self.life = "1"
        self.reads_behind = 0
        self.arrivals: dict[str, float] = {}
        self.error: SourceError | None = None
        self.lost: SourceError | None = None
        self.fault: Exception | None = None

    async def shards(self) -> Shards:
        if self.error is not None:
            raise self.error
        return Shards(self.life, self._shards)

    async def iterator(self, shard: str, position: Position) -> str:
        self.did.append(f"{shard} from {position.sequence_number or position.type}")
        if position.type == "AFTER_SEQUENCE_NUMBER":
            return str(self.texts[shard].index(position.sequence_number or "") + 1)
        if position.type == "AT_TIMESTAMP":
            moments = [self.arrivals.get(each, 100.0) for each in self.texts[shard]]
            return str(sum(moment < (position.timestamp or 0.0) for moment in moments))
        return str(len(self.texts[shard])) if position.type == "LATEST" else "0"

    async def read(self, shard: str, iterator: str, count: int) -> Page:
        await asyncio.sleep(0.001)
        if self.lost is not None:
            lost, self.lost = self.lost, None
            raise lost
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        self.reads_behind = first = int(iterator)
        names = self.texts[shard][first : first + count]
        records = [
            Record(
                each,
                json.dumps({"id": each}).encode(),
                {"data": each},
                group=each.lower(),
                arrived_at=self.arrivals.get(each, 100.0),
            )
            for each in names
        ]
        return Page(records, str(first + len(names)), is_at_end=not names)


class ScriptedCallee:
    def __init__(self, did: list[str], results: Sequence[Outcome]) -> None:
        self._did = did
        self._results = list(results)
        self.function: Any = object()

    async def run(self, payload: bytes, records: Sequence[Record]) -> Outcome | Refusal:
        event = json.loads(payload)
        ran = "".join(each["id"] for each in event["Records"])
        self._did.append(f"run {ran}" + (self._window(event) if "window" in event else ""))
        return self._results.pop(0) if self._results else OK

    @staticmethod
    def _window(event: Mapping[str, Any]) -> str:
        """From which second on, with which state, and whether it is the last."""
        start = int(datetime.fromisoformat(event["window"]["start"]).timestamp())
        return f" {start} {json.dumps(event['state'])}" + (
            " final" if event["isFinalInvokeForWindow"] else ""
        )


@dataclass
class Kept:
    checkpoints: dict[str, Checkpoint]
    result: str = ""


class Bench:
    def __init__(
        self,
        texts: dict[str, str],
        *results: Outcome,
        shards: tuple[Shard, ...] | None = None,
        checkpoints: Mapping[str, Checkpoint] | None = None,
        **settings: Any,
    ) -> None:
        self.did: list[str] = []
        self.sent: list[Message] = []
        self.clock = ManualClock()
        self.kept = Kept(dict(checkpoints or {}))
        self.stream = ListStream(self.did, texts, shards or tuple(Shard(each) for each in texts))
        self.callee = ScriptedCallee(self.did, results)
        memory = Memory(
            checkpoints=lambda: dict(self.kept.checkpoints),
            put=self.kept.checkpoints.__setitem__,
            put_result=lambda result: setattr(self.kept, "result", result),
        )
        around = Surroundings(self.clock, lambda: 100, lambda function, metric, value: None, Rest())
        self.reader = StreamMapping(
            replace(MAPPING, **settings),
            self.stream,
            self.callee,  # type: ignore[arg-type]  # a double
            memory,
            self._send,
            around,
        )
        self.task = asyncio.ensure_future(self.reader.run())

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    async def until(self, *did: str) -> None:
        """These were done, and nothing else, since the last look."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(self.did) < len(did):
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)  # whatever is done too much is done by then
        assert self.did == list(did)
        self.did.clear()

    async def stop(self) -> None:
        self.reader.stop()
        await asyncio.wait_for(self.task, DEADLINE_SECONDS)
        assert self.did == []

    def read(self, shard: str) -> str | None:
        return self.kept.checkpoints[shard].sequence_number


def run(story: Callable[[], Any]) -> None:
    asyncio.run(story())


def test_records_are_run_in_batches_and_remembered() -> None:
    async def story() -> None:
        bench = Bench({"s": "abc"}, batch_size=2)
        await bench.until("s from TRIM_HORIZON", "run ab", "run c")
        assert (bench.read("s"), bench.kept.result) == ("c", "OK")
        bench.stream.texts["s"] += "d"
        await bench.until("run d")
        await bench.stop()

    run(story)


def test_reading_goes_on_behind_the_checkpoint_of_the_same_life() -> None:
    async def story() -> None:
        bench = Bench({"s": "abc"}, checkpoints={"s": Checkpoint("1", "b")})
        await bench.until("s from b", "run c")
        await bench.stop()
        bench = Bench({"s": "abc"}, checkpoints={"s": Checkpoint("0", "b")}, starting_position="LATEST")
        await bench.until("s from TRIM_HORIZON", "run abc")
        await bench.stop()

    run(story)


def test_a_failing_batch_holds_its_shard_and_no_other() -> None:
    async def story() -> None:
        bench = Bench({"s": "ab"}, FAILED, FAILED, batch_size=1)
        await bench.until("s from TRIM_HORIZON", "run a")
        assert "s" not in bench.kept.checkpoints
        assert bench.kept.result == "PROBLEM: Function call failed"
        await bench.clock.pass_by(0.25)
        await bench.until("run a")
        await bench.clock.pass_by(0.5)
        await bench.until("run a", "run b")
        assert (bench.read("s"), bench.kept.result) == ("b", "OK")
        await bench.stop()

    run(story)


def test_what_is_tried_too_often_is_told_of_and_passed_over() -> None:
    async def story() -> None:
        bench = Bench(
            {"s": "ab"}, FAILED, max_retries=0, batch_size=1, failure_destination="arn:aws:sqs:::dead"
        )
        await bench.until("s from TRIM_HORIZON", "run a", "run b")
        [message] = bench.sent
        assert json.loads(message.body)["KinesisBatchInfo"]["startSequenceNumber"] == "a"
        await bench.stop()

    run(story)


def test_halves_are_tried_one_after_the_other() -> None:
    async def story() -> None:
        bench = Bench({"s": "abc"}, FAILED, OK, FAILED, max_retries=0, bisects_on_error=True)
        await bench.until("s from TRIM_HORIZON", "run abc")
        await bench.clock.pass_by(0.25)
        await bench.until("run ab", "run c")
        assert bench.read("s") == "c"
        assert bench.reader.progress.succeeded == 2
        await bench.stop()

    run(story)


def test_a_stop_leaves_what_is_not_done_to_the_next_start() -> None:
    async def story() -> None:
        told = Outcome(b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', "1")
        bench = Bench({"s": "abc"}, told, response_types=("ReportBatchItemFailures",))
        await bench.until("s from TRIM_HORIZON", "run abc")
        await bench.stop()
        assert bench.read("s") == "a"

    run(story)


def test_what_no_filter_wants_is_passed_over() -> None:
    async def story() -> None:
        bench = Bench({"s": "aBc"}, filters=('{"partitionKey": ["none"]}',))
        async with asyncio.timeout(DEADLINE_SECONDS):
            while "s" not in bench.kept.checkpoints:
                await asyncio.sleep(0.001)
        await bench.until("s from TRIM_HORIZON")
        assert (bench.read("s"), bench.reader.progress.filtered) == ("c", 3)
        await bench.stop()

    run(story)


def test_children_begin_when_their_parents_are_over() -> None:
    async def story() -> None:
        shards = (Shard("old", is_closed=True), Shard("new", ("old",)))
        bench = Bench({"old": "a", "new": "b"}, FAILED, shards=shards)
        await bench.until("old from TRIM_HORIZON", "run a")
        await bench.clock.pass_by(0.25)
        await bench.until("run a", "new from TRIM_HORIZON", "run b")
        assert bench.kept.checkpoints["old"] == Checkpoint("1", "a", is_finished=True)
        await bench.stop()

    run(story)


def test_lanes_keep_the_order_of_each_key() -> None:
    async def story() -> None:
        bench = Bench({"s": "aAbBaAbB"}, parallelization=4, batch_size=1)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while bench.reader.progress.succeeded < 8:
                await asyncio.sleep(0.001)
        for key in "ab":
            ran = "".join(
                each[-1] for each in bench.did if each.startswith("run") and each[-1].lower() == key
            )
            assert ran == f"{key}{key.upper()}" * 2
        bench.did.clear()
        await bench.stop()

    run(story)


def test_a_stream_that_was_not_there_is_read_from_its_beginning() -> None:
    async def story() -> None:
        bench = Bench({"s": "ab"}, starting_position="LATEST")
        bench.stream.error = SourceError("it is not there", is_missing=True)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while bench.reader.progress.problem is None:
                await asyncio.sleep(0.001)
        bench.stream.error = None
        await bench.until("s from TRIM_HORIZON", "run ab")
        await bench.stop()

    run(story)


def test_a_lost_iterator_is_asked_for_again_behind_what_was_read() -> None:
    async def story() -> None:
        bench = Bench({"s": "ab"}, starting_position="LATEST", window_seconds=5, batch_size=3)
        await bench.until("s from LATEST")
        bench.stream.texts["s"] += "cd"
        async with asyncio.timeout(DEADLINE_SECONDS):
            while bench.stream.reads_behind < 4:
                await asyncio.sleep(0.001)
        bench.stream.lost = SourceError("it is too old", "ExpiredIteratorException")
        await bench.until("s from d")
        await bench.clock.pass_by(5)
        await bench.until("run cd")
        await bench.stop()

    run(story)


KINESIS, TABLE = MAPPING.source, Source(SourceKind.DYNAMODB, "arn:aws:dynamodb:us-east-1:0:table/t/stream/l")


@pytest.mark.parametrize(
    ("source", "again"),
    [
        pytest.param(KINESIS, "s from AT_TIMESTAMP", id="a stream of Kinesis"),
        pytest.param(TABLE, "s from TRIM_HORIZON", id="the stream of a table, which knows no times"),
    ],
)
def test_what_came_since_a_mapping_began_survives_a_kill(source: Source, again: str) -> None:
    """Nothing is done yet; and a shard that had nothing is not read from its beginning afterwards."""

    async def story() -> None:
        bench = Bench({"s": "ab", "quiet": "q"}, starting_position="LATEST", source=source)
        await bench.until("s from LATEST", "quiet from LATEST")
        await bench.stop()
        began = bench.kept.checkpoints["s"].began_at
        assert began is not None
        after = Bench(
            {"s": "abc", "quiet": "q"},
            checkpoints=bench.kept.checkpoints,
            starting_position="LATEST",
            source=source,
        )
        after.stream.arrivals = {"a": began - 5, "b": began - 3, "c": began + 0.5, "q": began - 1.5}
        await after.until(again, again.replace("s from", "quiet from"), "run c")
        await after.stop()

    run(story)


def test_a_shard_that_a_fault_cut_is_read_anew(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        bench = Bench({"s": "a"})
        bench.stream.fault = RuntimeError("a fault")
        async with asyncio.timeout(DEADLINE_SECONDS):
            while "is read anew" not in caplog.text:
                await asyncio.sleep(0.001)
        bench.reader._look_again.set()
        await bench.until("s from TRIM_HORIZON", "s from TRIM_HORIZON", "run a")
        await bench.stop()

    run(story)


def state(text: str) -> Outcome:
    return Outcome(f'{{"state": {text}}}'.encode(), "1")


def test_a_tumbling_window_hands_its_state_on_and_ends_with_a_call_of_its_own() -> None:
    async def story() -> None:
        bench = Bench(
            {"s": ""},
            state('{"n": 1}'),
            OK,  # it gives no state: that is a failure
            state('{"n": 2}'),
            state("{}"),
            state('{"n": 3}'),
            tumbling_window_seconds=10,
            batch_size=1,
        )
        bench.stream.arrivals = {"a": 95.0, "b": 99.0, "c": 100.0}
        await bench.until("s from TRIM_HORIZON")
        bench.stream.texts["s"] = "abc"
        await bench.until("run a 90 {}", 'run b 90 {"n": 1}')
        assert bench.kept.checkpoints["s"] == Checkpoint("1", "a", window_start=90, window_state='{"n":1}')
        await bench.clock.pass_by(0.25)
        await bench.until('run b 90 {"n": 1}', 'run  90 {"n": 2} final', "run c 100 {}")
        assert bench.kept.checkpoints["s"] == Checkpoint("1", "c", window_start=100, window_state='{"n":3}')
        await bench.stop()
        again = Bench(
            {"s": "abc"}, state("{}"), checkpoints=bench.kept.checkpoints, tumbling_window_seconds=10
        )
        await again.until("s from c")
        await again.clock.pass_by(10)
        await again.until('run  100 {"n": 3} final')
        assert again.kept.checkpoints["s"] == Checkpoint("1", "c")
        await again.stop()

    run(story)
