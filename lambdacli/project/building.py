"""The key `build` of lam.yaml, and what a template's Metadata says of the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yaml import Node, ScalarNode

from lambdacli.model.build import BuildMethod, BuildSettings
from lambdacli.model.record import record
from lambdacli.project.http_kinds import ListOf, Member, Record
from lambdacli.project.kinds import Choice, JsonSchema, Text
from lambdacli.project.yaml_nodes import Complain

_METHOD = Choice(tuple(BuildMethod))
_TEXTS = ListOf(Text())
_RECORD = Record(
    (
        Member(
            "method", _METHOD, "How the code is made; otherwise the files tell.", ("build_method", "type")
        ),
        Member(
            "name",
            Text(),
            "The Makefile's target after `build-`, or one of several Rust programs.",
            ("binary",),
        ),
        Member("entry_points", _TEXTS, "Where esbuild begins.", ("entrypoints", "entry", "entry_point")),
        Member("arguments", _TEXTS, "Further words for esbuild, go build or cargo.", ("args", "options")),
    )
)

_SAM_METHODS = {
    "makefile": BuildMethod.MAKEFILE,
    "esbuild": BuildMethod.ESBUILD,
    "rust-cargolambda": BuildMethod.RUST,
    "python-uv": BuildMethod.PYTHON,
}
_SAM_FAMILIES = {
    "python": BuildMethod.PYTHON,
    "nodejs": BuildMethod.NPM,
    "go": BuildMethod.GO,
    "ruby": BuildMethod.BUNDLER,
    "dotnet": BuildMethod.DOTNET,
}
_ESBUILD_WORDS = {
    "Minify": "--minify",
    "Sourcemap": "--sourcemap",
    "KeepNames": "--keep-names",
}
_ESBUILD_VALUES = {
    "Target": "--target",
    "Format": "--format",
    "MainFields": "--main-fields",
    "SourcesContent": "--sources-content",
}
_ESBUILD_LISTS = {
    "Banner": "--banner",
    "Footer": "--footer",
    "External": "--external",
    "Loader": "--loader",
    "OutExtension": "--out-extension",
    "Define": "--define",
    "Inject": "--inject",
    "Alias": "--alias",
}


@record
class Building:
    """The method alone, or a mapping."""

    def read(self, node: Node, complain: Complain) -> BuildSettings | None:
        if isinstance(node, ScalarNode):
            method = _METHOD.read(node, complain)
            return None if method is None else BuildSettings(BuildMethod(method))
        read = _RECORD.read(node, complain)
        if read is None:
            return None
        values: dict[str, Any] = {name: at.value for name, at in read.items()}
        return BuildSettings(
            method=BuildMethod(values["method"]) if "method" in values else None,
            name=values.get("name"),
            entry_points=tuple(at.value for at in values.get("entry_points", ())),
            arguments=tuple(at.value for at in values.get("arguments", ())),
        )

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [_METHOD.json_schema(), _RECORD.json_schema()]}


def build_settings_of_metadata(
    metadata: Mapping[str, Any], logical_id: str, *, has_gradle: bool = False
) -> BuildSettings:
    """What a SAM template's Metadata says: BuildMethod and BuildProperties. A BuildMethod that is no method
    but a runtime (`python3.13`) means that of its language; `has_gradle` decides of Java's two."""
    method = _method_of(str(metadata.get("BuildMethod", "")), has_gradle=has_gradle)
    if metadata.get("SkipBuild") is True:
        method = BuildMethod.NONE
    properties = metadata.get("BuildProperties") or {}
    name = logical_id if method in (BuildMethod.MAKEFILE, None) else properties.get("Binary")
    arguments: tuple[str, ...] = ()
    if method == BuildMethod.ESBUILD:
        arguments = tuple(_esbuild_words(properties))
    elif method == BuildMethod.RUST:
        arguments = tuple(_texts(properties.get("CargoLambdaFlags")))
    entries = tuple(_texts(properties.get("EntryPoints")))
    return BuildSettings(method, name, entries, arguments)


def _method_of(written: str, *, has_gradle: bool) -> BuildMethod | None:
    if written in _SAM_METHODS:
        return _SAM_METHODS[written]
    family = re.match(r"[a-z]*", written)
    assert family is not None
    if family[0] == "java":
        return BuildMethod.GRADLE if has_gradle else BuildMethod.MAVEN
    return _SAM_FAMILIES.get(family[0])


def _esbuild_words(properties: Mapping[str, Any]) -> list[str]:
    """SAM minifies unless it is told not to."""
    told = {"Minify": True, **properties}
    words = [word for name, word in _ESBUILD_WORDS.items() if str(told.get(name, "")).lower() == "true"]
    for name, word in _ESBUILD_VALUES.items():
        if name in told:
            value = told[name]
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            words.append(f"{word}={text.lower() if isinstance(value, bool) else text}")
    for name, word in _ESBUILD_LISTS.items():
        for each in _texts(told.get(name)):
            is_bare = name in ("Banner", "Footer") and not each.startswith(("js=", "css="))
            words.append(f"{word}:js={each}" if is_bare else f"{word}:{each}")
    return words


def _texts(given: Any) -> list[str]:
    """A list, one alone, or names with values."""
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [f"{name}={value}" for name, value in given.items()]
    return [str(each) for each in (given if isinstance(given, list) else [given])]
