"""What a cloud assembly's manifest says: which stacks there are, where their templates and assets lie."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lambdacli.model.record import record
from lambdacli.project.cloudformation.template import TemplateError
from lambdacli.project.records import Problem

_STACK = "aws:cloudformation:stack"
_ASSEMBLY = "cdk:cloud-assembly"
_ASSETS = "cdk:asset-manifest"
_LOGICAL_ID = "aws:cdk:logicalId"
_HASH = re.compile(r"[0-9a-f]{64}")
_ENVIRONMENT = re.compile(r"aws://([^/]+)/(.+)")


@record
class StackArtifact:
    name: str
    """Of the artifact, by which others depend on it."""
    stack_name: str
    display_name: str
    """Its construct path: `Prod/Api` within a stage."""
    file: Path
    account: str | None
    """None: the stack is for any."""
    region: str | None
    dependencies: tuple[str, ...]
    assets: Mapping[str, Path]
    """By their hash; folders, archives and templates."""
    construct_paths: Mapping[str, str]
    """By logical id."""

    def asset_in(self, text: str) -> Path | None:
        """The asset whose hash stands in a key or address."""
        found = _HASH.search(text)
        return None if found is None else self.assets.get(found[0])


@record
class Assembly:
    folder: Path
    stacks: tuple[StackArtifact, ...]

    def needed_by(self, file: Path) -> tuple[StackArtifact, ...]:
        """The stack with this template, after those that it depends on."""
        first = next((stack for stack in self.stacks if stack.file.resolve() == file.resolve()), None)
        if first is None:
            names = ", ".join(stack.file.name for stack in self.stacks) or "no stack's"
            raise _unreadable(file, "is no template of the assembly", f"its templates are {names}")
        needed = {first.name}
        waiting = [first]
        while waiting:
            for name in waiting.pop().dependencies:
                stack = next((stack for stack in self.stacks if stack.name == name), None)
                if stack is not None and name not in needed:
                    needed.add(name)
                    waiting.append(stack)
        return tuple(stack for stack in self.stacks if stack.name in needed)


def read_assembly(folder: Path) -> Assembly:
    """Raises TemplateError."""
    stacks = tuple(_stacks_in(folder))
    if not stacks:
        raise _unreadable(folder / "manifest.json", "names no stack", "`cdk synth` writes the assembly")
    return Assembly(folder, stacks)


def _stacks_in(folder: Path) -> Iterator[StackArtifact]:
    """Those of stages too, which have a folder and a manifest of their own."""
    file = folder / "manifest.json"
    artifacts = _mapping(_read(file).get("artifacts"))
    assets: dict[str, Path] = {}
    for artifact in artifacts.values():
        if _mapping(artifact).get("type") == _ASSETS:
            assets.update(_assets(folder, _mapping(artifact.get("properties"))))
    for name, artifact in artifacts.items():
        if _mapping(artifact).get("type") == _STACK:
            yield _stack(folder, name, artifact, _mapping(artifact.get("properties")), assets)
    for artifact in artifacts.values():
        if _mapping(artifact).get("type") == _ASSEMBLY:
            directory = _mapping(artifact.get("properties")).get("directoryName")
            yield from _stacks_in(_within(folder, directory, file))


def _stack(
    folder: Path,
    name: str,
    artifact: Mapping[str, Any],
    properties: Mapping[str, Any],
    assets: Mapping[str, Path],
) -> StackArtifact:
    manifest = folder / "manifest.json"
    environment = _ENVIRONMENT.fullmatch(str(artifact.get("environment", "")))
    account, region = environment.groups() if environment else (None, None)
    metadata = _mapping(artifact.get("metadata"))
    further = artifact.get("additionalMetadataFile")
    if isinstance(further, str):
        metadata = {**metadata, **_read(_within(folder, further, manifest))}
    return StackArtifact(
        name=name,
        stack_name=str(properties.get("stackName") or name),
        display_name=str(artifact.get("displayName") or name),
        file=_within(folder, properties.get("templateFile"), manifest),
        account=account if account is not None and account.isdigit() else None,
        region=region if region is not None and not region.startswith("unknown") else None,
        dependencies=tuple(str(each) for each in artifact.get("dependencies") or ()),
        assets={**assets, **_old_assets(folder, metadata)},
        construct_paths=dict(_construct_paths(metadata)),
    )


def _assets(folder: Path, properties: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    file = _within(folder, properties.get("file"), folder / "manifest.json")
    for identifier, asset in _mapping(_read(file).get("files")).items():
        path = _mapping(_mapping(asset).get("source")).get("path")
        if isinstance(path, str):
            location = Path(os.path.normpath(folder / path))
            yield identifier, location
            for destination in _mapping(asset.get("destinations")).values():
                key = _HASH.search(str(_mapping(destination).get("objectKey")))
                if key is not None:
                    yield key[0], location


def _old_assets(folder: Path, metadata: Mapping[str, Any]) -> dict[str, Path]:
    """Version 1 of the toolkit tells them beside the constructs."""
    found: dict[str, Path] = {}
    for entries in metadata.values():
        for entry in entries if isinstance(entries, list) else ():
            data = _mapping(_mapping(entry).get("data"))
            if _mapping(entry).get("type") == "aws:cdk:asset" and isinstance(data.get("path"), str):
                identity = _HASH.search(f"{data.get('sourceHash')} {data.get('id')}")
                if identity is not None:
                    found[identity[0]] = Path(os.path.normpath(folder / data["path"]))
    return found


def _construct_paths(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, entries in metadata.items():
        for entry in entries if isinstance(entries, list) else ():
            if _mapping(entry).get("type") == _LOGICAL_ID and isinstance(entry.get("data"), str):
                yield entry["data"], path.lstrip("/")


def _within(folder: Path, name: Any, manifest: Path) -> Path:
    if not isinstance(name, str) or not name:
        raise _unreadable(manifest, "names no file where one belongs", "`cdk synth` writes the assembly anew")
    return Path(os.path.normpath(folder / name))


def _read(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        hint = "`cdk synth` writes the assembly anew"
        raise _unreadable(file, f"cannot be read: {error.strerror}", hint) from None
    except UnicodeDecodeError:
        raise _unreadable(file, "is not UTF-8", "`cdk synth` writes the assembly anew") from None
    except json.JSONDecodeError as error:
        problem = Problem(file, error.lineno, error.colno, "", f"not valid JSON: {error.msg}")
        raise TemplateError(file.parent, (problem,)) from None
    if not isinstance(content, Mapping):
        raise _unreadable(file, "must be a mapping", "`cdk synth` writes the assembly anew")
    return content


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _unreadable(file: Path, message: str, hint: str) -> TemplateError:
    return TemplateError(file.parent, (Problem(file, 1, 1, "", message, hint),))
