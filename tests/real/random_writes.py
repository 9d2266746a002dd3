"""Random writes through the API, and what must be there after them: a model beside the service."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

ROLE = "arn:aws:iam::000000000000:role/r"
HEADERS = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/lambda/aws4_request, "
    "SignedHeaders=host, Signature=0",
    "Content-Type": "application/json",
}
ALIASES = ("live", "beta")


@dataclass(frozen=True)
class Content:
    """What a version is made of."""

    memory: int
    description: str
    code: str


@dataclass(frozen=True)
class State:
    """One function, as its writer was told it is."""

    content: Content
    tags: tuple[tuple[str, str], ...] = ()
    reserved: int | None = None
    versions: dict[str, Content] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    last_version: int = 0
    published: Content | None = None


@dataclass(frozen=True)
class Write:
    method: str
    path: str
    body: dict[str, Any]
    after: State | None
    """The function when this write is done; None: it is gone."""


class Killed(Exception):
    """The service went away under a request."""


class Writer:
    """Writes to functions of its own, one request after the other, until the service is gone."""

    def __init__(self, number: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.states: dict[str, State | None] = {f"writer-{number}-{index}": None for index in range(3)}
        self.pending: tuple[str, State | None] | None = None
        """What a request would make of its function that was sent and never answered."""
        self.acknowledged = 0

    def run(self, port: int, writes: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            for _ in range(writes):
                name = self.chance.choice(sorted(self.states))
                self._send(connection, name, self._write(name, self.states[name]))
        except Killed:
            return
        finally:
            connection.close()

    def _send(self, connection: http.client.HTTPConnection, name: str, write: Write) -> None:
        self.pending = (name, write.after)
        try:
            connection.request(write.method, write.path, json.dumps(write.body), HEADERS)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Killed from error
        assert response.status < 300, f"{write.method} {write.path}: {response.status} {answer!r}"
        self.states[name] = write.after
        self.pending = None
        self.acknowledged += 1

    def _write(self, name: str, state: State | None) -> Write:
        if state is None:
            return self._create(name)
        choices: list[Callable[[str, State], Write]] = [
            self._configure,
            self._configure,
            self._update_code,
            self._publish,
            self._tag,
            self._reserve,
            self._delete_if_lucky,
        ]
        if state.versions:
            choices += [self._alias, self._alias]
        return self.chance.choice(choices)(name, state)

    def _create(self, name: str) -> Write:
        code, sha = self._package()
        content = Content(self._memory(), self._word(), sha)
        body = {
            "FunctionName": name,
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Role": ROLE,
            "MemorySize": content.memory,
            "Description": content.description,
            "Code": {"ZipFile": code},
        }
        return Write("POST", "/2015-03-31/functions", body, State(content))

    def _configure(self, name: str, state: State) -> Write:
        content = replace(state.content, memory=self._memory(), description=self._word())
        body = {"MemorySize": content.memory, "Description": content.description}
        after = replace(state, content=content)
        return Write("PUT", f"/2015-03-31/functions/{name}/configuration", body, after)

    def _update_code(self, name: str, state: State) -> Write:
        code, sha = self._package()
        after = replace(state, content=replace(state.content, code=sha))
        return Write("PUT", f"/2015-03-31/functions/{name}/code", {"ZipFile": code}, after)

    def _publish(self, name: str, state: State) -> Write:
        after = state
        if state.published != state.content:
            number = state.last_version + 1
            after = replace(
                state,
                versions={**state.versions, str(number): state.content},
                last_version=number,
                published=state.content,
            )
        return Write("POST", f"/2015-03-31/functions/{name}/versions", {}, after)

    def _alias(self, name: str, state: State) -> Write:
        alias, version = self.chance.choice(ALIASES), self.chance.choice(sorted(state.versions))
        path = f"/2015-03-31/functions/{name}/aliases"
        after = replace(state, aliases={**state.aliases, alias: version})
        if alias not in state.aliases:
            return Write("POST", path, {"Name": alias, "FunctionVersion": version}, after)
        if self.chance.random() < 0.3:
            left = {other: kept for other, kept in state.aliases.items() if other != alias}
            return Write("DELETE", f"{path}/{alias}", {}, replace(state, aliases=left))
        return Write("PUT", f"{path}/{alias}", {"FunctionVersion": version}, after)

    def _tag(self, name: str, state: State) -> Write:
        key, value = self._word(), self._word()
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
        if len(state.tags) > 40:
            return self._configure(name, state)
        after = replace(state, tags=tuple(sorted({**dict(state.tags), key: value}.items())))
        return Write("POST", f"/2017-03-31/tags/{arn}", {"Tags": {key: value}}, after)

    def _reserve(self, name: str, state: State) -> Write:
        count = self.chance.randint(0, 9)
        return Write(
            "PUT",
            f"/2017-10-31/functions/{name}/concurrency",
            {"ReservedConcurrentExecutions": count},
            replace(state, reserved=count),
        )

    def _delete_if_lucky(self, name: str, state: State) -> Write:
        if self.chance.random() < 0.7:
            return self._publish(name, state)
        return Write("DELETE", f"/2015-03-31/functions/{name}", {}, None)

    def _package(self) -> tuple[str, str]:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(zipfile.ZipInfo("app.py"), f"# {self._word()}\n" * self.chance.randint(1, 2000))
        package = out.getvalue()
        return base64.b64encode(package).decode(), base64.b64encode(hashlib.sha256(package).digest()).decode()

    def _memory(self) -> int:
        return self.chance.randint(128, 1024)

    def _word(self) -> str:
        return f"{self.chance.getrandbits(48):012x}"


def state_in(port: int, name: str, packages: Path) -> State | None:
    """A function as the service shows it, with its packages looked at on disk."""

    def ask(path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", path, headers=HEADERS)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"{}")
            assert response.status in (200, 404), f"{path}: {response.status} {answer}"
            return None if response.status == 404 else answer
        finally:
            connection.close()

    function = ask(f"/2015-03-31/functions/{name}")
    if function is None:
        return None
    shown = ask(f"/2015-03-31/functions/{name}/versions?MaxItems=50")
    versions = list(shown["Versions"])
    while shown.get("NextMarker"):
        shown = ask(f"/2015-03-31/functions/{name}/versions?MaxItems=50&Marker={shown['NextMarker']}")
        versions += shown["Versions"]
    for version in versions:
        _check_package(ask(f"/2015-03-31/functions/{name}?Qualifier={version['Version']}"), packages)
    aliases = ask(f"/2015-03-31/functions/{name}/aliases")["Aliases"]
    return State(
        content=_content(function["Configuration"]),
        tags=tuple(sorted(function.get("Tags", {}).items())),
        reserved=function.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        versions={each["Version"]: _content(each) for each in versions[1:]},
        aliases={each["Name"]: each["FunctionVersion"] for each in aliases},
    )


def seen(state: State | None) -> State | None:
    """Without what no answer shows."""
    return None if state is None else replace(state, last_version=0, published=None)


def _content(shown: dict[str, Any]) -> Content:
    return Content(shown["MemorySize"], shown["Description"], shown["CodeSha256"])


def _check_package(shown: dict[str, Any], packages: Path) -> None:
    archive = packages / Path(urlparse(shown["Code"]["Location"]).path).stem / "package.zip"
    digest = base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()
    assert digest == shown["Configuration"]["CodeSha256"], archive
    assert (archive.parent / "task" / "app.py").is_file(), archive
