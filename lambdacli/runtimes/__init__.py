"""What each runtime needs to start: command, variables, search paths. One module per language."""

from __future__ import annotations

from lambdacli.model.runtime_names import RUNTIMES, RuntimeName
from lambdacli.runtimes import nodejs, provided, python, ruby
from lambdacli.runtimes.base import RuntimeModule

MODULES: dict[str, RuntimeModule] = {
    "python": python,
    "nodejs": nodejs,
    "ruby": ruby,
    "provided": provided,
}
"""By family; what is not here is not built yet."""


class NotBuilt(Exception):
    """lam does not run this family of runtimes yet."""


def module_of(runtime: RuntimeName) -> RuntimeModule:
    module = MODULES.get(runtime.family)
    if module is None:
        raise NotBuilt(f"the runtime {runtime.identifier} is not built into lam yet")
    return module


def name_of(identifier: str) -> RuntimeName:
    """Retired identifiers run too, on what is nearest: AWS never stops an existing function."""
    return RUNTIMES.get(identifier) or RuntimeName(identifier)
