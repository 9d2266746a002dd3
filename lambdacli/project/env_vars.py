"""SAM's `--env-vars` file: variables for all functions under Parameters, or for each by its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from lambdacli.project.kinds import variable_name_fault
from lambdacli.project.records import ConfigError, Problem

FOR_ALL = "Parameters"


def read_env_vars(file: Path, folder: Path) -> dict[str, dict[str, str]]:
    """By functions' names, and FOR_ALL. `folder` is the project's, for errors. Raises ConfigError."""

    def error(message: str, hint: str = "", line: int = 1, key: str = "") -> ConfigError:
        return ConfigError(folder, (Problem(file, line, 1, key, message, hint),))

    try:
        told = json.loads(file.read_bytes())
    except OSError as reason:
        what = (
            "does not exist"
            if isinstance(reason, FileNotFoundError)
            else f"cannot be read: {reason.strerror}"
        )
        raise error(what, "it is named by --env-vars or samconfig.toml") from reason
    except ValueError as reason:
        raise error(f"is no JSON: {reason}", line=getattr(reason, "lineno", 1)) from reason
    if not isinstance(told, Mapping):
        raise error("must be an object of functions' names and their variables")
    found: dict[str, dict[str, str]] = {}
    for function, variables in told.items():
        if not isinstance(variables, Mapping):
            raise error("must be an object of variables", "use Parameters for all functions", key=function)
        for name, value in variables.items():
            fault = variable_name_fault(name)
            if fault is not None:
                raise error(*fault, key=f"{function}.{name}")
            if isinstance(value, Mapping | list):
                raise error("must be a text", "JSON goes into a text", key=f"{function}.{name}")
        found[function] = {name: _text(value) for name, value in variables.items()}
    return found


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
