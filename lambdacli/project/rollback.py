"""Which version an alias goes back to, and which functions go back together. Pure.

An alias's description tells of the deployment that moved it: that is kept where the alias is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lambdacli.model.deployment import Change, Step
from lambdacli.model.record import record

_NOTE = re.compile(
    r"lam (?:deploy|rollback) (?P<moment>\S*)(?:, before (?P<before>[0-9]+))?(?:, undoes (?P<undone>\S+))?"
)


@record
class Deployed:
    """An alias as it is, and the function's published versions."""

    version: str
    description: str
    published: tuple[int, ...]


class NoVersionBefore(Exception):
    pass


def note_of_deployment(moment: str, before: str | None) -> str:
    former = f", before {before}" if before is not None and before.isdigit() else ""
    return f"lam deploy {moment}{former}".strip()


def of_last_deployment(found: Mapping[str, Deployed]) -> tuple[str, ...]:
    """The functions whose aliases moved together, last; of a stopped rollback, those that are left."""
    moments = {name: _noted(deployed.description, "moment") for name, deployed in found.items()}
    newest = max(moments.values(), default="")
    together = tuple(name for name, moment in moments.items() if moment == newest)
    undone = {_noted(found[name].description, "undone") for name in together} - {""}
    left = tuple(name for name, moment in moments.items() if moment in undone)
    return left or together


def movable(
    found: Mapping[str, Deployed], names: Sequence[str]
) -> tuple[tuple[str, ...], tuple[NoVersionBefore, ...]]:
    """Those that have a version before, and why the others have none. Raises if that is all of them."""
    moved: list[str] = []
    faults: list[NoVersionBefore] = []
    for name in names:
        try:
            version_before(name, found[name])
            moved.append(name)
        except NoVersionBefore as fault:
            faults.append(fault)
    if faults and not moved:
        raise faults[0]
    return tuple(moved), tuple(faults)


def version_before(name: str, deployed: Deployed) -> str:
    """What the alias led to before its last deployment, if that is known and there; else the next lower."""
    if not deployed.version.isdigit():
        raise NoVersionBefore(f"{name} was not deployed yet: its alias leads to {deployed.version}")
    note = _NOTE.fullmatch(deployed.description)
    before = note["before"] if note is not None else None
    if before is not None and int(before) in deployed.published and before != deployed.version:
        return before
    lower = [number for number in deployed.published if number < int(deployed.version)]
    if not lower:
        raise NoVersionBefore(f"{name} has no version before {deployed.version}")
    return str(max(lower))


def rollback_steps(
    alias_of: Mapping[str, str], found: Mapping[str, Deployed], names: Sequence[str], moment: str
) -> tuple[Step, ...]:
    return tuple(
        _step(name, alias_of[name], found[name], version_before(name, found[name]), moment) for name in names
    )


def _step(name: str, alias: str, deployed: Deployed, after: str, moment: str) -> Step:
    undone = _noted(deployed.description, "moment")
    return Step(
        f"alias {name}",
        f"move alias {name}:{alias} back",
        "lambda",
        "UpdateAlias",
        {
            "FunctionName": name,
            "Name": alias,
            "FunctionVersion": after,
            "Description": f"lam rollback {moment}" + (f", undoes {undone}" if undone else ""),
            "RoutingConfig": {"AdditionalVersionWeights": {}},
        },
        (Change(f"alias {alias}", deployed.version, after),),
        function=name,
    )


def _noted(description: str, what: str) -> str:
    note = _NOTE.fullmatch(description)
    return "" if note is None else note[what] or ""
