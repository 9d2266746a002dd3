"""Which version of a function an invocation of an alias runs. Pure."""

from __future__ import annotations

from lambdacli.model.alias import Alias


def version_for(alias: Alias, chance: float) -> str:
    """`chance` is a random number from 0 up to, but not including, 1."""
    for version, weight in alias.weights.items():
        if chance < weight:
            return version
        chance -= weight
    return alias.version
