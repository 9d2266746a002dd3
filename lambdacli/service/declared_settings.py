"""Keeps what a project sets around its functions as lam.yaml or the template has it, by Lambda's API: what it
says no more is taken away, what was made by hand stays."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lambdacli.api.mapping_members import shown, source_of
from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.function import own_log_group
from lambdacli.model.mapping import EventSourceMapping, defaults_for
from lambdacli.model.mapping_rules import completed
from lambdacli.model.record import record
from lambdacli.project.declared import Declared, DeclaredKind, mapping_id
from lambdacli.project.records import Project
from lambdacli.service.owner_calls import Owner, Refused
from lambdacli.telemetry.log_groups import GroupSettings, LogGroups
from lambdacli.wire.http import Handler

logger = logging.getLogger("lam.project")

_FUNCTIONS = "/2015-03-31/functions"
_MAPPINGS = "/2015-03-31/event-source-mappings"
_SUB_PATHS = {
    DeclaredKind.EVENT_INVOKE: ("/2019-09-25/functions", "event-invoke-config"),
    DeclaredKind.PROVISIONED: ("/2019-09-30/functions", "provisioned-concurrency"),
}
_NEW_MAPPING = frozenset(
    {
        "EventSourceArn",
        "SelfManagedEventSource",
        "Topics",
        "Queues",
        "StartingPosition",
        "StartingPositionTimestamp",
        "Tags",
    }
)
"""What an update cannot change: another value of these makes another mapping."""
_NEVER = datetime.fromtimestamp(0, UTC)


@record
class _Made:
    """One that was made for a project, and is taken away when that has it no more."""

    kind: str
    function: str
    name: str
    digest: str
    qualifier: str | None = None
    uuid: str | None = None
    members: Mapping[str, Any] | None = None
    """Of a mapping, as they were asked for; None where a former version kept no more than the digest."""
    version: str | None = None
    """Of an alias that others move: where it was made to lead."""
    account: str | None = None
    region: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.function, self.name


class DeclaredSettings:
    def __init__(self, file: Path, lambda_api: Handler, log_groups: LogGroups, clock: Clock) -> None:
        """`file` tells what was made, and may have to be taken away."""
        self._file = file
        self._lambda_api = lambda_api
        self._log_groups = log_groups
        self._clock = clock

    async def take(self, project: Project, functions: frozenset[str]) -> list[str]:
        """What could not be set, a line each. `functions` are those of the project that were taken in."""
        owner = Owner(self._lambda_api, project.account, project.region)
        former = {each.key: each for each in self._read()}
        problems: list[str] = []
        made: list[_Made] = []
        wanted = [each for each in project.declared if each.function in functions]
        kept = {(str(each.kind), each.function, each.name) for each in wanted}
        for gone in reversed(list(former.values())):
            is_elsewhere = _place_of(gone, owner) != owner
            if is_elsewhere or gone.key not in kept:
                await _take_away(_place_of(gone, owner), gone)
            if is_elsewhere:
                del former[gone.key]
        for each in wanted:
            if each.kind is DeclaredKind.LOG_RETENTION:
                self._keep_logs(owner, each)
                continue
            own = _asked(each, owner)
            before = former.get(own.key)
            try:
                made.append(await _make(owner, each, own, before))
            except Refused as error:
                problems.append(f"{each.file.name}:{each.line}: {each.subject}: {error}")
                made += [] if before is None else [before]
        self._write(made)
        return problems

    def _keep_logs(self, owner: Owner, declared: Declared) -> None:
        name, days = own_log_group(declared.function), declared.members["RetentionInDays"]
        group = self._log_groups.group(owner.account, owner.region, name)
        if group is None:
            created_ms = int(self._clock.now().timestamp() * 1000)
            self._log_groups.create_group(owner.account, owner.region, name, GroupSettings(created_ms, days))
        elif group.settings.retention_days != days:
            settings = replace(group.settings, retention_days=days)
            self._log_groups.set(owner.account, owner.region, name, settings)

    def _read(self) -> list[_Made]:
        try:
            return [_Made(**each) for each in json.loads(self._file.read_bytes())]
        except (OSError, ValueError, TypeError):
            return []

    def _write(self, made: Sequence[_Made]) -> None:
        if not made:
            self._file.unlink(missing_ok=True)
            return
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps([asdict(each) for each in made], default=str))
        fresh.replace(self._file)


def _asked(declared: Declared, owner: Owner) -> _Made:
    text = json.dumps(declared.members, sort_keys=True, default=str)
    return _Made(
        declared.kind,
        declared.function,
        declared.name,
        hashlib.sha256(text.encode()).hexdigest(),
        declared.members.get("Qualifier"),
        account=owner.account,
        region=owner.region,
    )


def _place_of(made: _Made, otherwise: Owner) -> Owner:
    """Where it was made: the project may name another account or region now."""
    return replace(
        otherwise, account=made.account or otherwise.account, region=made.region or otherwise.region
    )


# Each kind


async def _make(owner: Owner, declared: Declared, own: _Made, former: _Made | None) -> _Made:
    match declared.kind:
        case DeclaredKind.ALIAS:
            version = await _alias(owner, declared)
            return replace(own, version=version)
        case DeclaredKind.PERMISSION:
            await _permission(owner, declared, own, former)
        case DeclaredKind.MAPPING:
            uuid = await _mapping(owner, declared, own, former)
            return replace(own, uuid=uuid, members=declared.members)
        case _:
            await owner.call("PUT", _path_of(own), _without_qualifier(declared), own.qualifier)
    return own


async def _alias(owner: Owner, declared: Declared) -> str | None:
    """One that is told where to begin is moved by deployments from then on. Publishing what did not change
    since gives the version that is there."""
    function = f"{_FUNCTIONS}/{declared.function}"
    path = f"{function}/aliases/{declared.name}"
    first: str | None = declared.members.get("FunctionVersion")
    version = first or (await owner.call("POST", f"{function}/versions", {}))["Version"]
    if await owner.find(path) is None:
        await owner.call("POST", f"{function}/aliases", {"Name": declared.name, "FunctionVersion": version})
    elif first is None:
        await owner.call("PUT", path, {"FunctionVersion": version})
    return first


async def _permission(owner: Owner, declared: Declared, own: _Made, former: _Made | None) -> None:
    if former is not None and former.digest != own.digest:
        await _take_away(owner, former)
    path, members = f"{_FUNCTIONS}/{own.function}/policy", _without_qualifier(declared)
    try:
        await owner.call("POST", path, members, own.qualifier)
    except Refused as error:
        if error.status != 409:
            raise
        if former is not None:
            return  # it is there from the last time
        # What the project names is the project's: an older version did not write down what it made.
        await _take_away(owner, own)
        await owner.call("POST", path, members, own.qualifier)


async def _mapping(owner: Owner, declared: Declared, own: _Made, former: _Made | None) -> str:
    """A stream is read on where it was, so a mapping that can stay is changed in place."""
    there = None if former is None else await owner.find(_path_of(former))
    if former is not None and there is not None:
        if former.digest == own.digest:
            return str(former.uuid)
        members = None if former.members is None else _update(owner, declared, former.members)
        if members is not None:
            members["FunctionName"] = _qualified(own)
            await owner.call("PUT", _path_of(former), members)
            return str(former.uuid)
        await _take_away(owner, former)
    if former is None:
        await _take_away(owner, replace(own, uuid=_former_uuid(owner, declared)))
    made = {**_without_qualifier(declared), "FunctionName": _qualified(own)}
    return str((await owner.call("POST", _MAPPINGS, made))["UUID"])


def _former_uuid(owner: Owner, declared: Declared) -> str:
    """Of the mapping that an older version made, which did not write it down."""
    arn = FunctionKey(owner.account, owner.region, declared.function).arn
    return mapping_id(arn, str(declared.members.get("EventSourceArn", "")))


def _update(owner: Owner, declared: Declared, former: Mapping[str, Any]) -> dict[str, Any] | None:
    """What makes the former mapping the declared one; None: it takes a new one."""
    members = _without_qualifier(declared)
    if any(former.get(name) != members.get(name) for name in _NEW_MAPPING):
        return None
    untold = former.keys() - members.keys() - _NEW_MAPPING - {"Qualifier"}
    fresh = _fresh(owner, declared) if untold else {}
    resets = {name: _reset(fresh.get(name), former[name]) for name in untold}
    if any(value is None for value in resets.values()):
        return None
    return {**resets, **{name: value for name, value in members.items() if name not in _NEW_MAPPING}}


def _fresh(owner: Owner, declared: Declared) -> Mapping[str, Any]:
    """The members of a mapping that was told nothing but its source."""
    source = source_of(declared.members)
    key = FunctionKey(owner.account, owner.region, declared.function)
    mapping = EventSourceMapping("", key, None, source, _NEVER, **defaults_for(source.kind))
    return {"Enabled": True, **shown(completed(mapping))}


def _reset(default: Any, former: Any) -> Any:
    """An empty structure, list or text takes its setting away; None: nothing does."""
    if default is None and isinstance(former, Mapping | list | tuple | str):
        return type(former)()
    return default


async def _take_away(owner: Owner, made: _Made) -> None:
    try:
        if made.version is not None and await _is_moved(owner, made):
            return
        await owner.call("DELETE", _path_of(made), None, made.qualifier)
    except Refused as error:
        if error.status != 404:  # it went with its function, or by hand
            logger.warning("the %s %s of %s stays: %s", made.kind, made.name, made.function, error)


async def _is_moved(owner: Owner, made: _Made) -> bool:
    there = await owner.find(_path_of(made))
    return there is not None and there["FunctionVersion"] != made.version


def _qualified(made: _Made) -> str:
    return made.function if made.qualifier is None else f"{made.function}:{made.qualifier}"


def _without_qualifier(declared: Declared) -> dict[str, Any]:
    return {name: value for name, value in declared.members.items() if name != "Qualifier"}


def _path_of(made: _Made) -> str:
    function = f"{_FUNCTIONS}/{made.function}"
    match DeclaredKind(made.kind):
        case DeclaredKind.ALIAS:
            return f"{function}/aliases/{made.name}"
        case DeclaredKind.PERMISSION:
            return f"{function}/policy/{quote(made.name, safe='')}"
        case DeclaredKind.MAPPING:
            return f"{_MAPPINGS}/{made.uuid}"
        case kind:
            base, last = _SUB_PATHS[kind]
            return f"{base}/{made.function}/{last}"
