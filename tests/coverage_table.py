"""COVERAGE.md, made from the code: which operations of the Lambda API are answered, and which are not.

`make coverage` writes it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from lambdacli.api.built import MODULES
from lambdacli.api.operations import unsupported
from lambdacli.api.protocol import Model, load_model

FILE = Path(__file__).parents[1] / unsupported.COVERAGE_TABLE


def document(model: Model) -> str:
    built = sum(map(len, MODULES.values()))
    answered = [
        f"| {_listed(sorted(names))} | `operations/{module}.py` |"
        for module, names in sorted(MODULES.items())
    ]
    missing = defaultdict(list)
    for operation in sorted(unsupported.NAMES):
        missing[unsupported.advice(operation)].append(operation)
    gaps = [f"| {_listed(names)} | {advice} |" for advice, names in missing.items()]
    return "\n".join(
        [
            "# Which operations of the Lambda API are answered",
            "",
            f"Made from the code by `make coverage`: {built} of {len(model.operations)} operations of "
            "botocore's model.",
            "",
            "| answered | in `lambdacli/api` |",
            "|---|---|",
            *answered,
            "",
            "Every other one is answered with `NotBuiltException` (status 501) and the explanation below.",
            "",
            "| not built | what to do |",
            "|---|---|",
            *gaps,
            "",
        ]
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names)


if __name__ == "__main__":
    FILE.write_text(document(load_model()))
