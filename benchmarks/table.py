"""Findings as one table, for a terminal and for a Markdown page. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.findings import Bar, Finding, Verdict

HEADINGS = ("what", "lam", "held against", "its figure", "measured", "bar", "verdict")
COUNTED = ("errors", "")
_NUMBERS = (1, 3, 4, 5)


def as_text(findings: Sequence[Finding]) -> str:
    lines = [HEADINGS, *(_cells(finding) for finding in findings)]
    for number in range(len(lines) - 1, 1, -1):
        if lines[number][0] == lines[number - 1][0]:
            lines[number] = ("", *lines[number][1:])
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    rows = ["  ".join(_aligned(line, widths)).rstrip() for line in lines]
    for number, finding in reversed(list(enumerate(findings))):
        if finding.note:
            rows.insert(number + 2, f"    {finding.note}")
    return "\n".join(rows)


def as_markdown(findings: Sequence[Finding]) -> str:
    marks = ["---:" if column in _NUMBERS else "---" for column in range(len(HEADINGS))]
    lines = [HEADINGS, tuple(marks), *(_cells(finding) for finding in findings)]
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    notes = list(dict.fromkeys(f"- {finding.what}: {finding.note}" for finding in findings if finding.note))
    return "\n".join([*rows, *(["", *notes] if notes else [])])


def summary(findings: Sequence[Finding]) -> str:
    counts = {verdict: 0 for verdict in Verdict}
    for finding in findings:
        counts[finding.verdict] += 1
    return (
        f"{counts[Verdict.HOLDS]} bars hold, {counts[Verdict.MISSED]} are missed, "
        f"{counts[Verdict.NOT_MEASURED]} could not be measured"
    )


def amount(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    if value == int(value) and unit in COUNTED:
        digits = 0
    return f"{value:,.{digits}f} {unit}".rstrip()


def _cells(finding: Finding) -> tuple[str, ...]:
    bar = finding.bar
    return (
        finding.what,
        amount(finding.figure, finding.unit),
        (bar.against if bar is not None else None) or "-",
        amount(finding.base, finding.unit),
        _measured(finding),
        _limit(bar, finding.unit),
        finding.verdict.value,
    )


def _measured(finding: Finding) -> str:
    if finding.measured is None or finding.bar is None or finding.bar.against is None:
        return "-"
    return f"{finding.measured:.2f}x"


def _limit(bar: Bar | None, unit: str) -> str:
    if bar is None or bar.limit is None:
        return "-"
    sign = "≥" if bar.at_least else "≤"
    return f"{sign} {bar.limit:g}x" if bar.against is not None else f"{sign} {bar.limit:g} {unit}".rstrip()


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
