"""Keeps the values of parameters that are not to be echoed out of all that is said of a template. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from lambdacli.model.masking import without_secrets
from lambdacli.project.cloudformation.document import Document
from lambdacli.project.cloudformation.template import Parameter
from lambdacli.project.cloudformation.texts import text_of
from lambdacli.project.records import Problem


def declared_secrets(document: Document, overrides: Mapping[str, str]) -> dict[str, str]:
    """Of parameters that nobody has checked yet. Their names say that they are secrets."""
    declared = document.values.get("Parameters")
    found: dict[str, str] = {}
    for name, declaration in declared.items() if isinstance(declared, dict) else ():
        if isinstance(declaration, dict) and text_of(declaration.get("NoEcho")) == "true":
            value = text_of(overrides.get(name, declaration.get("Default")))
            found[f"secret {name}"] = value or ""
    return found


def secrets_of(parameters: Mapping[str, Parameter]) -> dict[str, str]:
    return {
        f"secret {name}": parameter.value
        for name, parameter in parameters.items()
        if parameter.is_secret and isinstance(parameter.value, str)
    }


def masked(problems: Iterable[Problem], secrets: dict[str, str]) -> tuple[Problem, ...]:
    return tuple(
        replace(
            problem,
            message=without_secrets(problem.message, secrets),
            hint=without_secrets(problem.hint, secrets),
        )
        for problem in problems
    )
