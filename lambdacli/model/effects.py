"""What is kept and shown but does nothing here yet, in sentences for `lam show` and the log."""

from __future__ import annotations

from lambdacli.model.mapping import EventSourceMapping


def of_mapping(mapping: EventSourceMapping) -> list[str]:
    return [
        f"event source mapping {mapping.uuid} of {mapping.source.name} is kept, but lam does not read "
        f"{mapping.source.kind} yet: it does not invoke {mapping.function_arn}"
    ]
