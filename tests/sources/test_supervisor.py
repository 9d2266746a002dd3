"""Who reads a mapping when it is changed, and when its reader fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from lambdacli.model.mapping import EventSourceMapping
from lambdacli.sources import supervisor
from lambdacli.sources.progress import Progress
from lambdacli.sources.supervisor import Sources
from tests.sources.test_stream_mapping import DEADLINE_SECONDS, MAPPING, run


class OneRow:
    """The mappings: one."""

    def __init__(self) -> None:
        self.mapping = MAPPING

    def get(self, *key: str) -> EventSourceMapping:
        return self.mapping

    def list_all(self) -> list[EventSourceMapping]:
        return [self.mapping]


class ScriptedReader:
    is_needed = True

    def __init__(self, name: str, did: list[str], *, is_alone: bool, fault: Exception | None = None) -> None:
        self.progress = Progress()
        self.is_alone = is_alone
        self.end = asyncio.Event()
        self._name = name
        self._did = did
        self._fault = fault

    async def run(self) -> None:
        self._did.append(f"{self._name} begins")
        if self._fault is not None:
            raise self._fault
        await self.end.wait()

    def stop(self, patience_seconds: float | None = None) -> None:
        self._did.append(f"{self._name} is stopped")


async def until(did: list[str], *wanted: str) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(did) < len(wanted):
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert did == list(wanted)
    did.clear()


@pytest.mark.parametrize(
    ("is_alone", "begins_early"),
    [
        pytest.param(True, [], id="a stream's waits, so that nothing is overtaken"),
        pytest.param(False, ["2 begins"], id="a queue's does not"),
    ],
)
def test_a_changed_mapping_is_read_beside_its_former_reader(is_alone: bool, begins_early: list[str]) -> None:
    async def story() -> None:
        did: list[str] = []
        readers = [ScriptedReader(name, did, is_alone=is_alone) for name in "12"]
        made = iter(readers)
        rows: Any = OneRow()
        sources = Sources(rows, lambda mapping: next(made))
        sources.start()
        await until(did, "1 begins")
        rows.mapping = replace(MAPPING, batch_size=7)
        sources.changed(rows.mapping)
        await until(did, "1 is stopped", *begins_early)
        readers[0].end.set()
        await until(did, *([] if begins_early else ["2 begins"]))
        readers[1].end.set()
        await sources.close()

    run(story)


def test_an_end_of_the_service_hurries_readers_that_end_already() -> None:
    async def story() -> None:
        did: list[str] = []
        readers = [ScriptedReader(name, did, is_alone=False) for name in "12"]
        made = iter(readers)
        rows: Any = OneRow()
        sources = Sources(rows, lambda mapping: next(made))
        sources.start()
        rows.mapping = replace(MAPPING, batch_size=7)
        sources.changed(rows.mapping)
        await until(did, "1 is stopped", "1 begins", "2 begins")
        draining = asyncio.ensure_future(sources.drain(0.0))
        await until(did, "1 is stopped", "2 is stopped")
        for reader in readers:
            reader.end.set()
        await draining

    run(story)


def test_a_mapping_whose_reader_failed_is_read_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "ANEW_SECONDS", 0.01)

    async def story() -> None:
        did: list[str] = []
        faulty = ScriptedReader("1", did, is_alone=True, fault=RuntimeError("a fault"))
        sound = ScriptedReader("2", did, is_alone=True)
        made = iter([faulty, sound])
        rows: Any = OneRow()
        sources = Sources(rows, lambda mapping: next(made))
        sources.start()
        await until(did, "1 begins", "1 is stopped", "2 begins")
        sound.end.set()
        await sources.close()

    run(story)
    assert "is read anew in a moment" in caplog.text
