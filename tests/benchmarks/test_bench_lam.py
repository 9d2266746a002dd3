"""Cold starts that are forced or provoked, and the benchmark's own service, really started and stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks import lam
from benchmarks.findings import Verdict
from benchmarks.rows import payload
from benchmarks.stage import Options, stage


class Answering(lam.Lam):
    """Its invocations were cold or warm as the test says."""

    def __init__(self, folder: Path, times: Iterator[tuple[float, float] | None]) -> None:
        (folder / "project").mkdir()
        super().__init__(folder / "project", folder)
        self._times = times

    def _timed(self, function: str) -> tuple[float, float] | None:
        return next(self._times)


def test_a_service_that_knows_the_header_is_not_disturbed(tmp_path: Path) -> None:
    service = Answering(tmp_path, iter([(3.0, 2.0)]))
    service.write([lam.Function("empty")], 10)
    before = (service.folder / "empty" / "app.py").read_text()
    assert service.cold("empty") == lam.ColdStart(3.0, 2.0, is_forced=True)
    assert (service.folder / "empty" / "app.py").read_text() == before


def test_another_service_is_made_cold_by_a_change_of_the_code(tmp_path: Path) -> None:
    service = Answering(tmp_path, iter([None, None, (60.0, 50.0)]))
    service.write([lam.Function("empty")], 10)
    before = (service.folder / "empty" / "app.py").read_text()
    assert service.cold("empty") == lam.ColdStart(60.0, 50.0, is_forced=False)
    assert (service.folder / "empty" / "app.py").read_text() != before


def test_a_service_that_never_starts_cold_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lam, "COLD_SECONDS", 0.0)
    service = Answering(tmp_path, iter([None]))
    service.write([lam.Function("empty")], 10)
    with pytest.raises(lam.LamError, match="no cold start of empty"):
        service.cold("empty")


@pytest.mark.real
def test_a_project_is_really_served_and_nothing_of_it_stays() -> None:
    with lam.project([lam.Function("echo"), lam.Function("empty")]) as service:
        assert service.invoke("echo", b'{"a": 1}').body == b'{"a": 1}'
        start = service.cold("empty")
        assert 0 < start.init_ms < start.caller_ms
        assert sum(service.environments().values()) >= 1
        started = [service.pid, *service.below()]
        assert len(started) > 1
    assert not [pid for pid in started if _is_alive(pid)]
    assert not service.folder.exists()


@pytest.mark.real
def test_a_setting_that_lam_does_not_know_is_told_in_its_own_words() -> None:
    with (
        pytest.raises(lam.LamError, match=r"lam validate: lam\.yaml:\d+:\d+: .*glaze"),
        lam.project([lam.Function("echo", settings={"glaze": "true"})]),
    ):
        pass


@pytest.mark.real
def test_a_row_is_measured_beside_its_floor() -> None:
    with stage(Options(rounds=1, with_peers=False)) as shared:
        (finding,) = payload.run(shared)
    assert finding.figure is not None
    assert finding.base is not None
    assert finding.verdict in (Verdict.HOLDS, Verdict.MISSED)


def _is_alive(pid: int) -> bool:
    """A zombie is not: in a container nobody may collect an orphan."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
