"""The packages of a project's functions and layers: their hashes at once, their bytes when they are sent."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lambdacli.model.deployment import Package
from lambdacli.package.archive import package_bytes, write_package
from lambdacli.project.builders.packages import Package as Built
from lambdacli.project.builders.packages import built_all
from lambdacli.project.builders.workshop import Workshop
from lambdacli.project.making import BuildError
from lambdacli.project.records import FunctionSettings


@dataclass
class Packages:
    """Remembers where what it was asked about comes from, by hash."""

    _functions: dict[str, Package] = field(default_factory=dict)
    _contents: dict[str, Callable[[], bytes]] = field(default_factory=dict)

    def build(
        self,
        functions: Sequence[FunctionSettings],
        workshop: Workshop,
        on_done: Callable[[FunctionSettings], None] = lambda function: None,
    ) -> None:
        """Raises BuildError for the first that cannot be built."""
        for result in built_all(functions, workshop, on_done):
            if not isinstance(result, Built):
                raise result
            self._functions[result.function] = Package(result.sha256, result.measured.zipped_bytes)
            self._contents[result.sha256] = result.content

    def of_function(self, function: FunctionSettings) -> Package:
        """Of one that was built."""
        return self._functions[function.name]

    def of_layer(self, path: Path) -> Package:
        """Of a folder, or of a zip as it is."""
        digest, size = hashlib.sha256(), 0

        def take(data: bytes) -> None:
            nonlocal size
            digest.update(data)
            size += len(data)

        if path.is_dir():
            write_package(path, take)
        else:
            take(path.read_bytes())
        package = Package(base64.b64encode(digest.digest()).decode(), size)
        self._contents[package.sha256] = partial(package_bytes, path) if path.is_dir() else path.read_bytes
        return package

    def contents(self, sha256: str) -> bytes:
        """Raises BuildError if files have changed: in a bucket, others would stay under this hash."""
        content = self._contents[sha256]()
        if base64.b64encode(hashlib.sha256(content).digest()).decode() != sha256:
            raise BuildError("files of a package were changed after the plan was made")
        return content
