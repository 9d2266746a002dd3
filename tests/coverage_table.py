"""COVERAGE.md, made from the code: which operations of the Lambda API are answered, and which are not.

`make coverage` writes it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from lambdacli.api.dispatch import operation_functions
from lambdacli.api.operations import unsupported
from lambdacli.api.protocol import Model, load_model

FILE = Path(__file__).parents[1] / unsupported.COVERAGE_TABLE


def document(model: Model) -> str:
    modules = defaultdict(list)
    for operation, function in sorted(operation_functions(model).items()):
        modules[function.__module__.rpartition(".")[2]].append(operation)
    built = sum(map(len, modules.values()))
    answered = [
        f"| {_listed(names)} | `operations/{module}.py` |" for module, names in sorted(modules.items())
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
