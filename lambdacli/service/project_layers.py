"""What the layers of a function in lam.yaml are: folders and zips, and published versions by their ARNs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lambdacli.api.function_layers import Shelf, check_arns, layer_of, published_version, source_of
from lambdacli.model.errors import AccessDeniedException, InvalidParameterValueException, RequestError
from lambdacli.model.function import ArchiveCode, FolderCode, Function, Layer, LocalLayer, PublishedLayer
from lambdacli.model.layer import LayerKey, parse_layer_arn, substitution_hint
from lambdacli.project.config import FunctionSettings, Project
from lambdacli.store.code import CodeStore
from lambdacli.store.layers import LayerStore


class UnusableLayers(Exception):
    """Layers that were not published, or do not go together: a problem of their function alone."""


class ProjectLayers:
    def __init__(self, layers: LayerStore, code: CodeStore) -> None:
        self._layers = layers
        self._code = code

    def of(self, project: Project, settings: FunctionSettings, former: Function | None) -> tuple[Layer, ...]:
        """`former` is the function as it was taken in last: what was deleted since, it keeps."""
        shelf = Shelf(self._layers, project.substitutions, project.account, project.region)
        wanted = [
            _with_version(shelf, layer) if isinstance(layer, str) else layer for layer in settings.layers
        ]
        try:
            check_arns([arn for arn in wanted if isinstance(arn, str)], project.region)
            return tuple(
                self._published(shelf, layer, former) if isinstance(layer, str) else _local(layer)
                for layer in wanted
            )
        except RequestError as error:
            raise UnusableLayers(f"{error.message}") from error

    def _published(self, shelf: Shelf, arn: str, former: Function | None) -> PublishedLayer:
        try:
            return layer_of(arn, source_of(shelf, arn), self._code)
        except AccessDeniedException as error:
            raise UnusableLayers(f"{error.message}; {substitution_hint(arn)}") from error
        except InvalidParameterValueException:
            for layer in former.layers if former else ():
                if isinstance(layer, PublishedLayer) and layer.arn == arn and _is_package(layer):
                    return layer
            raise


def depends_on(project: Project, key: LayerKey) -> bool:
    """Whether something else may stand behind what lam.yaml names, now that this layer changed."""
    named = [layer for settings in project.functions for layer in settings.layers]
    references = [parse_layer_arn(arn) for arn in _arns([*named, *project.substitutions.by_arn.values()])]
    return any(reference is not None and reference.key == key for reference in references)


def uses_folder(function: Function, path: Path) -> bool:
    """Whether this file lies in a folder that stands for one of the function's layers."""
    return any(
        isinstance(layer, PublishedLayer)
        and isinstance(layer.code, FolderCode)
        and (layer.code.folder == path or layer.code.folder in path.parents)
        for layer in function.layers
    )


def _with_version(shelf: Shelf, arn: str) -> str:
    """A layer that was named without a version is its newest one."""
    reference = parse_layer_arn(arn)
    if reference is None or reference.number is not None or shelf.substitutions.of(arn) is not None:
        return arn
    version = published_version(shelf.store, arn)
    if version is not None:
        return version.arn
    name = reference.key.name
    raise UnusableLayers(
        f"there is neither a folder nor a published layer {name}; "
        f"`lam layer publish {name} FOLDER` publishes one"
    )


def _is_package(layer: PublishedLayer) -> bool:
    return isinstance(layer.code, ArchiveCode)


def _local(layer: Path | LocalLayer) -> LocalLayer:
    return LocalLayer(layer) if isinstance(layer, Path) else layer


def _arns(places: Sequence[Path | LocalLayer | str]) -> list[str]:
    return [place for place in places if isinstance(place, str)]
