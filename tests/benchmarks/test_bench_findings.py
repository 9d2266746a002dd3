"""Which bars hold, and how the table tells it."""

from __future__ import annotations

import pytest

from benchmarks import table
from benchmarks.findings import Bar, Finding, Verdict, best, unmeasured

PEER = "serverless-offline"


@pytest.mark.parametrize(
    ("figure", "bar", "base", "verdict"),
    [
        (5.0, Bar(5), None, Verdict.HOLDS),
        (5.01, Bar(5), None, Verdict.MISSED),
        (0.0, Bar(0), None, Verdict.HOLDS),
        (1.0, Bar(0.5, PEER), 2.0, Verdict.HOLDS),
        (1.1, Bar(0.5, PEER), 2.0, Verdict.MISSED),
        (5.0, Bar(2.5, PEER, at_least=True), 2.0, Verdict.HOLDS),
        (4.9, Bar(2.5, PEER, at_least=True), 2.0, Verdict.MISSED),
        # A peer that is absent, or that measured nothing, decides nothing.
        (1.0, Bar(0.5, PEER), None, Verdict.NOT_MEASURED),
        (1.0, Bar(0.5, PEER), 0.0, Verdict.NOT_MEASURED),
        (None, Bar(5), None, Verdict.NOT_MEASURED),
        (None, None, None, Verdict.NOT_MEASURED),
        (1.0, None, None, Verdict.NO_BAR),
        (1.0, Bar(None, PEER), 2.0, Verdict.NO_BAR),
        (1.0, Bar(None, PEER), None, Verdict.NOT_MEASURED),
    ],
)
def test_a_bar_holds_or_not(
    figure: float | None, bar: Bar | None, base: float | None, verdict: Verdict
) -> None:
    assert Finding("warm", "ms", figure, bar, base).verdict is verdict


def test_the_best_peer_is_the_strongest_in_its_own_sense() -> None:
    figures = {"one": 1.0, "two": 2.0}
    assert best(figures, at_least=True) == ("two", 2.0)
    assert best(figures, at_least=False) == ("one", 1.0)
    assert best({}, at_least=True) is None


FINDINGS = [
    Finding("warm invoke, p50", "ms", 0.2, Bar(6, "uvloop echo"), 0.05),
    Finding("warm invoke, p50", "ms", 0.2, Bar(0.5, PEER), 0.25, "it gave 2 wrong answers"),
    Finding("service, RSS", "MB", 36.42, Bar(45)),
    Finding("errors", "errors", 0, Bar(0)),
    unmeasured("cold start, Node", "ms", "node is not on the PATH", Bar(10)),
]


def test_the_text_table() -> None:
    assert table.as_text(FINDINGS) == (
        "what                   lam  held against        its figure  measured         bar  verdict\n"
        "warm invoke, p50  0.200 ms  uvloop echo           0.050 ms     4.00x        ≤ 6x  holds\n"
        "                  0.200 ms  serverless-offline    0.250 ms     0.80x      ≤ 0.5x  MISSED\n"
        "    it gave 2 wrong answers\n"
        "service, RSS      36.42 MB  -                            -         -     ≤ 45 MB  holds\n"
        "errors            0 errors  -                            -         -  ≤ 0 errors  holds\n"
        "cold start, Node         -  -                            -         -     ≤ 10 ms  not measured\n"
        "    node is not on the PATH"
    )
    assert table.summary(FINDINGS) == "3 bars hold, 1 are missed, 1 could not be measured"


def test_the_markdown_table() -> None:
    assert table.as_markdown(FINDINGS[1:2]) == (
        "| what | lam | held against | its figure | measured | bar | verdict |\n"
        "| --- | ---: | --- | ---: | ---: | ---: | --- |\n"
        "| warm invoke, p50 | 0.200 ms | serverless-offline | 0.250 ms | 0.80x | ≤ 0.5x | MISSED |\n"
        "\n"
        "- warm invoke, p50: it gave 2 wrong answers"
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "ms", "-"),
        (0.0336, "ms", "0.034 ms"),
        (12.345, "ms", "12.35 ms"),
        (195.52, "ms", "195.5 ms"),
        (96878.2, "/s", "96,878 /s"),
        (3, "errors", "3 errors"),
        (71, "", "71"),
        (19.5, "", "19.50"),
    ],
)
def test_amounts_have_four_digits(value: float | None, unit: str, text: str) -> None:
    assert table.amount(value, unit) == text
