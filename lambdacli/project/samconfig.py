"""samconfig.toml: what a team has settled for its template, one environment at a time, as SAM reads it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from lambdacli.model.record import record
from lambdacli.model.template_options import (
    DEFAULT_CONFIG_ENVIRONMENT,
    OverrideError,
    TemplateOptions,
    parse_overrides,
)
from lambdacli.project.records import ConfigError, Problem

FILE_NAME = "samconfig.toml"

_COMMANDS = ("local_invoke", "local_start_api", "local_start_lambda", "build", "deploy", "global")
"""The first that says something counts: what is said for running comes before what is said for deploying."""


@record
class SamConfig:
    file: Path | None = None
    region: str | None = None
    stack: str | None = None
    profile: str | None = None
    options: TemplateOptions = field(default_factory=TemplateOptions)


def _there(tables: Mapping[str, Any], wanted: str) -> str:
    names = [name for name, table in tables.items() if isinstance(table, Mapping)]
    return f"there is {', '.join(names)}" if names else f"it is a table, [{wanted}.…]"


def read_samconfig(folder: Path, environment: str = DEFAULT_CONFIG_ENVIRONMENT) -> SamConfig:
    """Raises ConfigError for a file that says nothing that could be understood."""
    file = folder / FILE_NAME
    if not file.is_file():
        return SamConfig()
    tables = _tables(file)
    own = tables.get(environment)
    if environment != DEFAULT_CONFIG_ENVIRONMENT and not isinstance(own, Mapping):
        raise _error(file, 1, "", f"has no environment {environment}", _there(tables, environment))
    said = _Said(file, own if isinstance(own, Mapping) else {})
    env_vars = said.text("env_vars")
    return SamConfig(
        file=file,
        region=said.text("region"),
        stack=said.text("stack_name"),
        profile=said.text("profile"),
        options=TemplateOptions(
            parameters=said.overrides(),
            env_vars=None if env_vars is None else folder / env_vars,
        ),
    )


@record
class _Said:
    file: Path
    commands: Mapping[str, Any]

    def value(self, name: str) -> Any:
        for command in _COMMANDS:
            table = self.commands.get(command)
            told = table.get("parameters") if isinstance(table, Mapping) else None
            if isinstance(told, Mapping) and name in told:
                return told[name]
        return None

    def text(self, name: str) -> str | None:
        value = self.value(name)
        if value is None or isinstance(value, str):
            return value
        raise _error(self.file, self.line(name), name, f"must be a text, not {value!r}")

    def overrides(self) -> dict[str, str]:
        name = "parameter_overrides"
        value = self.value(name)
        if isinstance(value, Mapping):
            return {str(key): str(each) for key, each in value.items()}
        texts = [value] if isinstance(value, str) else value or []
        if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
            raise _error(self.file, self.line(name), name, "must be a text or a list of texts")
        try:
            return parse_overrides(texts)
        except OverrideError as error:
            raise _error(self.file, self.line(name), name, str(error)) from error

    def line(self, name: str) -> int:
        lines = self.file.read_text(errors="replace").splitlines()
        found = (number for number, text in enumerate(lines, start=1) if re.match(rf"\s*{name}\s*=", text))
        return next(found, 1)


def _tables(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode())
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        message = str(error) if place is None else str(error)[: place.start()]
        raise _error(file, int(place[1]) if place else 1, "", f"is no TOML: {message}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _error(file, 1, "", f"cannot be read: {error}") from error


def _error(file: Path, line: int, key: str, message: str, hint: str = "") -> ConfigError:
    return ConfigError(file.parent, (Problem(file, line, 1, key, message, hint),))
