"""The platform's log lines, against real ones."""

from __future__ import annotations

import pytest

from lambdacli.environments.report import billed_ms, init_report_line, report_line
from lambdacli.model.outcome import Report


@pytest.mark.parametrize(
    ("duration", "init", "billed"),
    [
        (2.46, 413.61, 417),
        (133.61, 80.0, 214),
        (3016.78, 84.0, 3101),
        (79.67, 0.0, 80),
        (80.0, 0.0, 80),
        (0.1 + 0.2, 0.0, 1),
        (1000.0, 0.0, 1000),
        (1.1 + 2.2, 76.7, 80),
    ],
)
def test_billed_duration_is_rounded_up_once(duration: float, init: float, billed: int) -> None:
    assert billed_ms(duration, init) == billed


def test_the_report_of_a_cold_success_ends_with_a_tab() -> None:
    report = Report(2.46, 417, 1024, 95, init_duration_ms=413.61)
    assert report_line("id", report) == (
        "REPORT RequestId: id\tDuration: 2.46 ms\tBilled Duration: 417 ms\tMemory Size: 1024 MB\t"
        "Max Memory Used: 95 MB\tInit Duration: 413.61 ms\t\n"
    )


def test_the_report_of_a_failure_carries_its_status() -> None:
    timeout = Report(3000.0, 3000, 128, 73, status="timeout")
    assert report_line("id", timeout).endswith("Max Memory Used: 73 MB\tStatus: timeout\n")
    memory = Report(1.0, 1, 128, 126, status="error", error_type="Runtime.OutOfMemory")
    assert report_line("id", memory).endswith("\tStatus: error\tError Type: Runtime.OutOfMemory\n")


def test_init_report() -> None:
    assert init_report_line(0.27, "init", "error", "Runtime.InvalidEntrypoint") == (
        "INIT_REPORT Init Duration: 0.27 ms\tPhase: init\tStatus: error\t"
        "Error Type: Runtime.InvalidEntrypoint\n"
    )
    assert init_report_line(9999.5, "init", "timeout", None) == (
        "INIT_REPORT Init Duration: 9999.50 ms\tPhase: init\tStatus: timeout\n"
    )
