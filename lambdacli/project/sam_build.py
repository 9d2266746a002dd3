"""What `sam build` left in `.aws-sam/build`: which folder holds the build of what, and if it is fresh."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lambdacli.package.files import PackageError, code_files
from lambdacli.project.records import ConfigError

_SOURCES = ("CodeUri", "ContentUri", "Code", "Content")


@dataclass(frozen=True)
class SamBuild:
    template_file: Path
    """Of the project, not of the build."""
    folder: Path
    """Of the build."""

    @property
    def built_template(self) -> Path:
        return self.folder / "template.yaml"

    @classmethod
    def of(cls, template_file: Path) -> SamBuild:
        return cls(template_file, template_file.parent / ".aws-sam" / "build")

    def within(self, logical_id: str, template_file: Path) -> SamBuild:
        """That of a nested stack."""
        return SamBuild(template_file, self.folder / logical_id)

    def folder_of(self, logical_id: str) -> Path | None:
        """None: it was not built."""
        told = self._sources.get(logical_id)
        folder = None if told is None else self.built_template.parent / told
        return folder if folder is not None and folder.is_dir() else None

    def is_fresh(self, source: Path) -> bool:
        """Nothing of the source, nor the template, is younger than the build."""
        built_at = _changed_at(self.built_template)
        return max(_changed_at(self.template_file), _newest_in(source)) <= built_at

    @cached_property
    def _sources(self) -> Mapping[str, str]:
        from lambdacli.project.cloudformation.document import read_document

        if not self.built_template.is_file() or self.template_file == self.built_template:
            return {}
        try:
            resources = read_document(self.built_template).values.get("Resources")
        except ConfigError:
            return {}  # half a build is none
        found: dict[str, str] = {}
        for logical_id, resource in _items(resources):
            properties = resource.get("Properties") if isinstance(resource, Mapping) else None
            for name, value in _items(properties):
                if name in _SOURCES and isinstance(value, str):
                    found[logical_id] = value
        return found


def _items(value: object) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _newest_in(source: Path) -> float:
    if not source.is_dir():
        return _changed_at(source)
    try:
        return max((file.status.st_mtime for file in code_files(source, skips_unfit=True)), default=0.0)
    except PackageError:
        return 0.0


def _changed_at(file: Path) -> float:
    try:
        return os.stat(file).st_mtime
    except OSError:
        return 0.0
