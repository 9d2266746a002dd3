"""The packages of a project's functions and layers: their hashes at once, their bytes when they are sent."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lambdacli.model.deployment import Package
from lambdacli.model.function import LocalLayer
from lambdacli.project.builders.layers import layer_of_folder
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
    _workshop: Workshop | None = None

    def build(
        self,
        functions: Sequence[FunctionSettings],
        workshop: Workshop,
        on_done: Callable[[FunctionSettings], None] = lambda function: None,
    ) -> None:
        """Raises BuildError for the first that cannot be built."""
        self._workshop = workshop
        for result in built_all(functions, workshop, on_done):
            if not isinstance(result, Built):
                raise result
            package = Package(result.sha256, result.measured.zipped_bytes)
            self._functions[result.function] = self._kept(package, result.content)

    def of_function(self, function: FunctionSettings) -> Package:
        """Of one that was built."""
        return self._functions[function.name]

    def of_layer(self, function: FunctionSettings, layer: LocalLayer) -> Package:
        """Of a folder, built for this function's runtime, or of a zip as it is. Raises BuildError."""
        assert self._workshop is not None, "layers are built after their functions"
        path = layer.path
        if path.is_dir():
            built = layer_of_folder(layer, function.runtime, function.architecture, self._workshop)
            return self._kept(Package(built.sha256, built.measured.zipped_bytes), built.content)
        content = path.read_bytes()
        sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return self._kept(Package(sha256, len(content)), path.read_bytes)

    def _kept(self, package: Package, contents: Callable[[], bytes]) -> Package:
        self._contents[package.sha256] = contents
        return package

    def contents(self, sha256: str) -> bytes:
        """Raises BuildError if files have changed: in a bucket, others would stay under this hash."""
        content = self._contents[sha256]()
        if base64.b64encode(hashlib.sha256(content).digest()).decode() != sha256:
            raise BuildError("files of a package were changed after the plan was made")
        return content
