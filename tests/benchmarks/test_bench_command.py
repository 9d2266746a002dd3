"""`python -m benchmarks`: its options, and rows that cannot be measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import peers, wrk
from benchmarks.findings import Finding
from benchmarks.peers import NotInstalled, ministack, rie, serverless_offline
from benchmarks.rows import ROWS
from benchmarks.stage import Options, Stage, stage


@pytest.fixture(autouse=True)
def _with_wrk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrk, "is_installed", lambda: True)


def test_a_wrong_row_is_told_with_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--only", "warm,cool"])
    assert f"there is no row 'cool'; the rows are {', '.join(ROWS)}" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--rounds", "--environments"])
def test_counts_are_at_least_one(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main([option, "0"])
    assert "must be at least 1" in capsys.readouterr().err


def test_without_wrk_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wrk, "is_installed", lambda: False)
    assert command.main([]) == 1
    assert "apt-get install wrk" in capsys.readouterr().err


def test_a_row_that_fails_is_a_line_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(_: Stage) -> list[Finding]:
        raise NotInstalled("npm is not on the PATH")

    monkeypatch.setitem(ROWS, "warm", broken)
    monkeypatch.setitem(ROWS, "load", lambda _: [Finding("requests", "/s", 4000.0)])
    monkeypatch.setattr(command, "RESULTS", tmp_path / "RESULTS.md")
    assert command.main(["--only", "warm,load", "--write"]) == 0
    told = capsys.readouterr().out
    assert "NotInstalled: npm is not on the PATH" in told
    assert "requests  4,000 /s" in told
    page = (tmp_path / "RESULTS.md").read_text()
    assert "| requests | 4,000 /s |" in page
    assert "command: python -m benchmarks --only warm,load --write" in page


def test_peers_left_out_are_rows_that_say_so() -> None:
    with stage(Options(with_peers=False)) as shared, pytest.raises(NotInstalled, match="--no-peers"):
        shared.echo_peer(serverless_offline)


def test_a_failed_installation_is_tried_once_in_a_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tries = []

    def install(home: Path) -> None:
        tries.append(home)
        raise NotInstalled("the registry refuses")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(rie, "install", install)
    with stage(Options()) as shared:
        for _ in range(2):
            with pytest.raises(NotInstalled, match="the registry refuses"):
                shared.echo_peer(rie)
    assert tries == [tmp_path / "lam-benchmarks" / "aws-lambda-rie"]


def test_a_peer_is_installed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tries = []

    def install(home: Path) -> str:
        tries.append(home)
        return "ministack 1.0"

    monkeypatch.setattr(ministack, "install", install)
    home = peers.installed(ministack, tmp_path)
    assert peers.installed(ministack, tmp_path) == home
    assert tries == [home]
    assert (home / "installed").read_text() == "ministack 1.0\n"


@pytest.mark.real
def test_a_step_that_fails_tells_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="no-such-program is not on the PATH"):
        peers.step(["no-such-program"], tmp_path)
    with pytest.raises(NotInstalled, match="`sh -c echo one; echo two >&2; exit 3` failed: two"):
        peers.step(["sh", "-c", "echo one; echo two >&2; exit 3"], tmp_path)
