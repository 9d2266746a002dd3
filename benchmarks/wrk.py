"""Load by `wrk`: so many callers, one payload, every answer checked."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.target import Target

SCRIPT = Path(__file__).with_name("wrk.lua")
MARK = "BENCHMARK "
MISSING = (
    "wrk is not installed, and it makes the load. Install it (`apt-get install wrk`, `brew install wrk`) "
    "and run `make bench` again."
)


@dataclass(frozen=True, slots=True)
class Load:
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    """Wrong answers, and whatever broke on the way."""


def is_installed() -> bool:
    return shutil.which("wrk") is not None


STATUSES = {"Event": 202, "DryRun": 204}
"""What is right for an invocation type whose answer has no body."""


def load(
    target: Target, payload: bytes, callers: int, seconds: float, invocation_type: str | None = None
) -> Load:
    other = [] if invocation_type is None else [invocation_type, str(STATUSES[invocation_type])]
    with tempfile.NamedTemporaryFile(prefix="lam-bench-payload-") as file:
        file.write(payload)
        file.flush()
        done = subprocess.run(
            [
                *("wrk", "--threads", str(min(callers, 2)), "--connections", str(callers)),
                *("--duration", f"{max(1, round(seconds))}s", "--timeout", "20s", "--script", str(SCRIPT)),
                *(target.url, "--", file.name, target.authorization, *other),
            ],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
        )
    if done.returncode != 0:
        raise RuntimeError(f"wrk failed at {target.url}: {done.stderr.strip() or done.stdout.strip()}")
    return parse(done.stdout)


def parse(output: str) -> Load:
    """Reads the line that wrk.lua ends with."""
    lines = [line for line in output.splitlines() if line.startswith(MARK)]
    if not lines:
        raise ValueError(f"wrk's output has no line of ours: {output!r}")
    said = json.loads(lines[-1].removeprefix(MARK))
    seconds = float(said["seconds"])
    errors = sum(int(said[kind]) for kind in ("wrong", "connect", "read", "write", "timeout"))
    right = int(said["checked"]) - int(said["wrong"])
    return Load(
        requests_per_second=right / seconds if seconds else 0.0,
        p50_ms=float(said["p50_us"]) / 1000,
        p99_ms=float(said["p99_us"]) / 1000,
        errors=errors,
    )
