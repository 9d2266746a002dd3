"""Keeps what a template sets by Lambda's API as the template has it; what was made by hand stays."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lambdacli.project.records import Project
from lambdacli.project.stack.declared import Declared, DeclaredKind
from lambdacli.wire.http import Handler, Peer, Request, Response

logger = logging.getLogger("lam.project")

_FUNCTIONS = "/2015-03-31/functions"
_MAPPINGS = "/2015-03-31/event-source-mappings"
_SUB_PATHS = {
    DeclaredKind.EVENT_INVOKE: ("/2019-09-25/functions", "event-invoke-config"),
    DeclaredKind.PROVISIONED: ("/2019-09-30/functions", "provisioned-concurrency"),
}


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Made:
    """One that was made for a template, and is taken away when that has it no more."""

    kind: str
    function: str
    name: str
    digest: str
    qualifier: str | None = None
    uuid: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.function, self.name


class DeclaredSettings:
    def __init__(self, state: Path, lambda_api: Handler) -> None:
        self._file = state / "declared.json"
        self._lambda_api = lambda_api

    async def take(self, project: Project, functions: frozenset[str]) -> list[str]:
        """What could not be set, a line each. `functions` are those of the project that were taken in."""
        former = {each.key: each for each in self._read()}
        caller = _Caller(self._lambda_api, project.account, project.region)
        problems: list[str] = []
        made: list[_Made] = []
        wanted = [each for each in project.declared if each.function in functions]
        keys = {(str(each.kind), each.function, each.name) for each in wanted}
        for gone in reversed([each for each in former.values() if each.key not in keys]):
            await _take_away(caller, gone)
        for each in wanted:
            own = _Made(each.kind, each.function, each.name, _digest(each), each.members.get("Qualifier"))
            try:
                made.append(await _make(caller, each, own, former.get(own.key)))
            except _Refused as error:
                file = each.file.name
                problems.append(f"{file}:{each.line}: {each.subject}: {error}")
        if made or former:
            self._write(made)
        return problems

    def _read(self) -> list[_Made]:
        try:
            return [_Made(**each) for each in json.loads(self._file.read_bytes())]
        except (OSError, ValueError, TypeError):
            return []

    def _write(self, made: Sequence[_Made]) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps([asdict(each) for each in made]))
        fresh.replace(self._file)


def _digest(declared: Declared) -> str:
    text = json.dumps(declared.members, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


# Each kind


async def _make(caller: _Caller, declared: Declared, own: _Made, former: _Made | None) -> _Made:
    match declared.kind:
        case DeclaredKind.ALIAS:
            await _alias(caller, declared)
        case DeclaredKind.PERMISSION:
            await _permission(caller, declared, own, former)
        case DeclaredKind.MAPPING:
            return replace(own, uuid=await _mapping(caller, declared, own, former))
        case DeclaredKind.EVENT_INVOKE | DeclaredKind.PROVISIONED:
            members = {name: value for name, value in declared.members.items() if name != "Qualifier"}
            await caller.call("PUT", _path_of(own), members, own.qualifier)
    return own


async def _alias(caller: _Caller, declared: Declared) -> None:
    """Publishing what did not change since gives the version that is there."""
    function = f"{_FUNCTIONS}/{declared.function}"
    version = (await caller.call("POST", f"{function}/versions", {}))["Version"]
    try:
        await caller.call("PUT", f"{function}/aliases/{declared.name}", {"FunctionVersion": version})
    except _Refused as error:
        if error.status != 404:
            raise
        members = {"Name": declared.name, "FunctionVersion": version}
        await caller.call("POST", f"{function}/aliases", members)


async def _permission(caller: _Caller, declared: Declared, own: _Made, former: _Made | None) -> None:
    if former is not None and former != own:
        await _take_away(caller, former)
    members = {name: value for name, value in declared.members.items() if name != "Qualifier"}
    try:
        await caller.call("POST", f"{_FUNCTIONS}/{own.function}/policy", members, own.qualifier)
    except _Refused as error:
        if error.status != 409 or former != own:  # it is there from the last time
            raise


async def _mapping(caller: _Caller, declared: Declared, own: _Made, former: _Made | None) -> str:
    if former is not None and former.uuid is not None and former.digest == own.digest:
        try:
            await caller.call("GET", f"{_MAPPINGS}/{former.uuid}")
            return former.uuid
        except _Refused as error:
            if error.status != 404:
                raise
    elif former is not None:
        await _take_away(caller, former)
    qualifier = "" if own.qualifier is None else f":{own.qualifier}"
    members = {name: value for name, value in declared.members.items() if name != "Qualifier"}
    answer = await caller.call("POST", _MAPPINGS, {**members, "FunctionName": own.function + qualifier})
    return str(answer["UUID"])


async def _take_away(caller: _Caller, made: _Made) -> None:
    try:
        await caller.call("DELETE", _path_of(made), None, made.qualifier)
    except _Refused as error:
        if error.status != 404:  # it went with its function, or by hand
            logger.warning("the %s %s of %s stays: %s", made.kind, made.name, made.function, error)


def _path_of(made: _Made) -> str:
    function = f"{_FUNCTIONS}/{made.function}"
    match DeclaredKind(made.kind):
        case DeclaredKind.ALIAS:
            return f"{function}/aliases/{made.name}"
        case DeclaredKind.PERMISSION:
            return f"{function}/policy/{quote(made.name, safe='')}"
        case DeclaredKind.MAPPING:
            return f"{_MAPPINGS}/{made.uuid}"
        case DeclaredKind.EVENT_INVOKE | DeclaredKind.PROVISIONED as kind:
            base, last = _SUB_PATHS[kind]
            return f"{base}/{made.function}/{last}"


@dataclass(frozen=True, slots=True)
class _Caller:
    """Asks the API as the account's owner."""

    lambda_api: Handler
    account: str
    region: str

    async def call(
        self,
        method: str,
        path: str,
        members: Mapping[str, Any] | None = None,
        qualifier: str | None = None,
    ) -> Mapping[str, Any]:
        body = b"" if members is None else json.dumps(members, default=str).encode()
        scope = f"{self.account}/20000101/{self.region}/lambda/aws4_request"
        request = Request(
            method,
            path,
            "" if qualifier is None or qualifier == "$LATEST" else f"Qualifier={quote(qualifier, safe='')}",
            {
                "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
                "content-length": str(len(body)),
            },
            body,
            Peer(is_unix=True),
        )
        answer = self.lambda_api(request)
        response = answer if isinstance(answer, Response) else await answer
        told = _told(response)
        if response.status >= 300:
            message = told.get("message") or told.get("Message") or f"the API answered {response.status}"
            raise _Refused(response.status, str(message))
        return told


def _told(response: Response) -> Mapping[str, Any]:
    body = response.body if isinstance(response.body, bytes) else b""
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        return {}
    return told if isinstance(told, Mapping) else {}
