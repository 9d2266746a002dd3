"""Event source mappings as `lam sources` tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lambdacli.model.effects import of_mapping
from lambdacli.sources.supervisor import Described


def told(
    described: Sequence[Described], place: tuple[str, str], function: str | None
) -> Mapping[str, object]:
    """Those of one account and region, of one function or of all."""
    found = [
        _told(each)
        for each in described
        if (each.mapping.function.account, each.mapping.function.region) == place
        and function in (None, each.mapping.function.name)
    ]
    return {"sources": sorted(found, key=lambda each: (str(each["function"]), str(each["source"])))}


def _told(described: Described) -> dict[str, object]:
    mapping, progress = described.mapping, described.progress
    unread = of_mapping(mapping)
    qualifier = "" if mapping.qualifier is None else f":{mapping.qualifier}"
    return {
        "uuid": mapping.uuid,
        "function": f"{mapping.function.name}{qualifier}",
        "kind": str(mapping.source.kind),
        "source": mapping.source.name,
        "state": str(mapping.state),
        "last_result": mapping.last_result
        if progress is None
        else progress.last_result or mapping.last_result,
        "problem": (unread[0] if unread else None) if progress is None else progress.problem,
        "in_flight": 0 if progress is None else progress.running,
        "polled": 0 if progress is None else progress.polled,
        "filtered_out": 0 if progress is None else progress.filtered,
        "succeeded": 0 if progress is None else progress.succeeded,
        "failed": 0 if progress is None else progress.failed,
    }
