"""Whose word counts: the command line's, then lam.yaml's, then the default."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lambdacli.model.layer import NO_SUBSTITUTIONS
from lambdacli.service.preferences import Preferences
from lambdacli.service.settings import DEFAULT_PORT, IDLE_EXIT_MINUTES, Settings

STATE = Path("/state")
WRITTEN = SimpleNamespace(
    account="123456789012",
    names={},
    files={},
    file=Path("lam.yaml"),
    region="eu-west-1",
    port=5000,
    is_port_chosen=True,
    idle_exit_minutes=5,
    max_environments=7,
    substitutions=NO_SUBSTITUTIONS,
    is_strict=True,
    account_concurrency=50,
    services={"s3": "http://127.0.0.1:9000"},
)
SILENT = SimpleNamespace(**{**vars(WRITTEN), "port": DEFAULT_PORT, "is_port_chosen": False})


def preferences(
    project: SimpleNamespace | None = None, port: int | None = None, idle: float | None = None
) -> Preferences:
    settings = Settings(STATE, STATE / "s", STATE / "c", port=port, idle_exit_minutes=idle)
    return Preferences(settings, SimpleNamespace(project=project))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("project", "port", "chosen", "wanted"),
    [
        (None, None, None, DEFAULT_PORT),
        (SILENT, None, None, DEFAULT_PORT),
        (WRITTEN, None, 5000, 5000),
        (WRITTEN, 6000, 6000, 6000),
        (None, 0, 0, DEFAULT_PORT),
    ],
    ids=["nobody's", "lam.yaml says none", "lam.yaml's", "the command line's", "any that is free"],
)
def test_port(project: SimpleNamespace | None, port: int | None, chosen: int | None, wanted: int) -> None:
    found = preferences(project, port)
    assert (found.chosen_port, found.wanted_port) == (chosen, wanted)


@pytest.mark.parametrize(
    ("project", "idle", "minutes"),
    [(None, None, IDLE_EXIT_MINUTES), (WRITTEN, None, 5), (WRITTEN, 0.0, 0.0), (None, 2.5, 2.5)],
    ids=["the default", "lam.yaml's", "never, says the command line", "the command line's"],
)
def test_idle_exit(project: SimpleNamespace | None, idle: float | None, minutes: float) -> None:
    assert preferences(project, idle=idle).idle_exit_minutes == minutes


def test_what_only_lam_yaml_says() -> None:
    here = preferences(WRITTEN)
    assert (here.account, here.region, here.services) == ("123456789012", "eu-west-1", WRITTEN.services)
    assert here.pool_limits.environments == 7
    nowhere = preferences()
    assert (nowhere.account, nowhere.region, nowhere.services) == ("000000000000", "us-east-1", {})


def test_requests_are_told_what_lam_yaml_says_now() -> None:
    asked = preferences(WRITTEN)
    told = asked.of_requests()
    assert (told.account, told.region, told.is_strict, told.account_concurrency) == (
        "123456789012",
        "eu-west-1",
        True,
        50,
    )
    assert asked.of_requests() is told
    asked._sync.project = SimpleNamespace(**{**vars(WRITTEN), "region": "eu-north-1"})  # type: ignore[union-attr, assignment]
    assert asked.of_requests().region == "eu-north-1"
