"""The service's command line, as the one who starts it writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.model.template_options import TemplateOptions
from lambdacli.service.settings import Settings, StartFailure, parse_arguments

PLACES = ["--state-dir", "/s", "--socket", "/s.sock", "--cache-dir", "/c"]


@pytest.fixture(autouse=True)
def _walls_are_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAM_WALLS", raising=False)


def test_nothing_but_places_leaves_the_defaults() -> None:
    assert parse_arguments(PLACES) == Settings(Path("/s"), Path("/s.sock"), Path("/c"))


def test_everything_can_be_said() -> None:
    said = ["--project", "/p/lam.yaml", "--port", "4600", "--anonymous", "--allow-other-users", "--auth"]
    said += ["--keys", "/k", "--idle-exit", "0", "--strict", "--time-scale", "60", "--walls", "portable"]
    said += ["--parameter-override", "A=1", "--parameter-override", "B=x=y", "--env-vars", "/e.json"]
    said += ["--config-env", "prod", "--stage", "dev"]
    assert parse_arguments([*PLACES, *said]) == Settings(
        Path("/s"),
        Path("/s.sock"),
        Path("/c"),
        project=Path("/p/lam.yaml"),
        port=4600,
        anonymous=True,
        allow_other_users=True,
        auth=True,
        keys=Path("/k"),
        idle_exit_minutes=0.0,
        is_strict=True,
        time_scale=60.0,
        template=TemplateOptions({"A": "1", "B": "x=y"}, Path("/e.json"), "prod", "dev"),
        walls="portable",
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "option --state-dir is required"),
        ([*PLACES, "--unheard-of"], "option --unheard-of not recognized"),
        ([*PLACES, "--port"], "option --port requires argument"),
        ([*PLACES, "stray"], "stray is no option"),
        ([*PLACES, "--walls", "brick"], "walls are auto or portable, not brick"),
    ],
)
def test_what_cannot_be_understood_is_told(arguments: list[str], told: str) -> None:
    with pytest.raises(StartFailure, match=told):
        parse_arguments(arguments)
