"""The platform's own log lines, character for character, and the arithmetic behind them. Pure."""

from __future__ import annotations

import math

from lambdacli.model.outcome import Report


def init_start_line(runtime_label: str, runtime_version_arn: str) -> str:
    return f"INIT_START Runtime Version: {runtime_label}\tRuntime Version ARN: {runtime_version_arn}\n"


def init_report_line(duration_ms: float, phase: str, status: str, error_type: str | None) -> str:
    line = f"INIT_REPORT Init Duration: {duration_ms:.2f} ms\tPhase: {phase}\tStatus: {status}"
    return line + (f"\tError Type: {error_type}\n" if error_type else "\n")


def start_line(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end_line(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


HELD_SECONDS_TOLD = 0.05
"""Less than this is no breakpoint that somebody looked at."""


def held_line(seconds: float) -> str:
    """Our own: on Lambda nothing stands still."""
    return f"lam: {seconds:.1f} s held by the debugger, not counted\n"


def report_line(request_id: str, report: Report) -> str:
    line = (
        f"REPORT RequestId: {request_id}\tDuration: {report.duration_ms:.2f} ms\t"
        f"Billed Duration: {report.billed_duration_ms} ms\tMemory Size: {report.memory_mb} MB\t"
        f"Max Memory Used: {report.max_memory_used_mb} MB\t"
    )
    if report.init_duration_ms is not None:
        line += f"Init Duration: {report.init_duration_ms:.2f} ms\t"
    if report.status is not None:
        line += f"Status: {report.status}"
        if report.error_type is not None:
            line += f"\tError Type: {report.error_type}"
    return line + "\n"


def billed_ms(duration_ms: float, init_duration_ms: float) -> int:
    """Whole milliseconds, rounded up once over the sum. Rounding noise of the sum's last bits is cut off
    first: 79.67 ms must not become 81 because a float holds 80.00000000000001."""
    return math.ceil(round(duration_ms + init_duration_ms, 6))
