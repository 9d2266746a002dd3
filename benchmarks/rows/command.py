"""The command as a whole process: `lam invoke` with the service up, and the help of every verb."""

from __future__ import annotations

from functools import partial

from benchmarks import floors, lam
from benchmarks.figures import interleave, medians
from benchmarks.findings import Bar, Finding
from benchmarks.stage import Stage
from lambdacli.cli.app import VERBS

EACH_ROUND = 5


def run(stage: Stage) -> list[Finding]:
    service = stage.lam
    service.invoke("empty", b"{}")

    def lam_ms(*words: str) -> float:
        return floors.process_ms([lam.COMMAND, *words], service.folder, service.variables)

    figures = medians(
        interleave(
            {
                "invoke": lambda: lam_ms("invoke", "empty", "--payload", "{}"),
                "pass": floors.python_pass_ms,
                "status": lambda: lam_ms("status", "--json"),
            },
            stage.options.rounds * EACH_ROUND,
        )
    )
    helps = medians(
        interleave({verb: partial(lam_ms, verb, "--help") for verb in VERBS}, stage.options.rounds)
    )
    slowest = max(helps, key=lambda verb: helps[verb])
    python = "python -c pass"
    return [
        Finding("lam invoke, whole process", "ms", figures["invoke"], Bar(1.6, python), figures["pass"]),
        Finding(
            "lam status --json, whole process", "ms", figures["status"], Bar(None, python), figures["pass"]
        ),
        Finding(f"the slowest --help (lam {slowest})", "ms", helps[slowest], Bar(250)),
    ]
