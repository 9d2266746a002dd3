"""`python -m benchmarks`: runs the rows, prints one table, and writes RESULTS.md when asked."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from benchmarks import machine, table, wrk
from benchmarks.findings import Finding, unmeasured
from benchmarks.rows import ROWS
from benchmarks.stage import Options, Stage, describe, stage

RESULTS = machine.REPOSITORY / machine.RESULTS


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    if not wrk.is_installed():
        print(wrk.MISSING, file=sys.stderr)
        return 1
    facts = machine.facts(arguments)
    wanted = Options(options.rounds, options.peers, options.environments, options.long)
    findings: list[Finding] = []
    began = time.monotonic()
    with stage(wanted) as shared:
        for name in options.only:
            findings += _row(name, shared)
        facts.append(f"peers: {', '.join(shared.peer_versions()) or 'none'}")
    facts.append(
        f"took {time.monotonic() - began:.0f} s, load average at the end {machine.load_average():.1f}"
    )
    print("\n".join([*facts, "", table.as_text(findings), "", table.summary(findings)]))
    if options.write:
        RESULTS.write_text(_page(facts, findings))
        print(f"written to {RESULTS}")
    return 0


def _row(name: str, shared: Stage) -> Sequence[Finding]:
    """A row that fails is a line that says why; the others go on."""
    print(f"measuring {name} ...", file=sys.stderr)
    try:
        return ROWS[name](shared)
    except Exception as error:
        return [unmeasured(name, "", f"{type(error).__name__}: {describe(error)}")]


def _page(facts: Sequence[str], findings: Sequence[Finding]) -> str:
    lines = ["# Results", "", "Written by `python -m benchmarks --write`; every ratio is within one run.", ""]
    lines += [f"- {fact}" for fact in facts]
    return "\n".join([*lines, "", table.as_markdown(findings), "", table.summary(findings) + ".", ""])


def _rows(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in ROWS:
            raise argparse.ArgumentTypeError(f"there is no row {name!r}; the rows are {', '.join(ROWS)}")
    return names


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure lam, the floors and the peers in one run."
    )
    parser.add_argument(
        "--only", type=_rows, default=list(ROWS), metavar="ROW,...", help=f"of {', '.join(ROWS)}"
    )
    parser.add_argument(
        "--rounds", type=_count, default=5, metavar="N", help="interleaved rounds, 5 if unsaid"
    )
    parser.add_argument(
        "--no-peers", dest="peers", action="store_false", help="neither install nor run the other tools"
    )
    parser.add_argument(
        "--environments", type=_count, default=50, metavar="N", help="warm at once for memory, 50 if unsaid"
    )
    parser.add_argument(
        "--long", action="store_true", help="100,000 invokes and 2,000 cold starts instead of the short form"
    )
    parser.add_argument("--write", action="store_true", help="write benchmarks/RESULTS.md, too")
    return parser


if __name__ == "__main__":
    # Ended by a signal, it still stops what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
