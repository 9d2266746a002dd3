"""/opt as a function's layers make it: in order, a later one over an earlier one."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from lambdacli.model.function import ArchiveCode, FolderCode, Layer, LocalLayer, PublishedLayer
from lambdacli.store.code import CodeStore

Built = Callable[[LocalLayer, Path], Path]
"""Takes a layer of the developer's and the folder with its sources; gives it as it belongs below /opt."""


class Layers:
    """Merged folders by the state of what went into them; a single layer is used where it lies. Runs in
    threads."""

    def __init__(self, folder: Path, code: CodeStore) -> None:
        self._folder = folder
        self._code = code

    def forget_all(self) -> None:
        """For the start: what is still wanted is merged again."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def of(self, layers: tuple[Layer, ...], built: Built = lambda layer, folder: folder) -> Path | None:
        return self.merged(tuple(self._place_of(layer, built) for layer in layers))

    def _place_of(self, layer: Layer, built: Built) -> Path:
        """A folder, or a zip of the developer's own."""
        match layer:
            case LocalLayer(path, None):
                return built(layer, path) if path.is_dir() else path
            case LocalLayer(path, ArchiveCode() as archive) if path.suffix != ".zip":
                return built(layer, self._code.folder(archive))
            case LocalLayer(_, ArchiveCode() as archive) | PublishedLayer(code=ArchiveCode() as archive):
                return self._code.folder(archive)
            case PublishedLayer(code=FolderCode(folder)):
                return folder
        raise AssertionError(layer)

    def merged(self, layers: tuple[Path, ...]) -> Path | None:
        sources = [self._unpacked(layer) for layer in layers]
        if len(sources) < 2:
            return sources[0] if sources else None
        target = self._folder / _state_of(sources)
        if not target.is_dir():
            # Several functions with the same layers may come here at once: whoever is first stays.
            making = self._folder / f"unfinished-{uuid.uuid4().hex}"
            try:
                for source in sources:
                    _lay_over(source, making)
                making.rename(target)
            except OSError:
                shutil.rmtree(making, ignore_errors=True)
                if not target.is_dir():
                    raise
        return target

    def _unpacked(self, layer: Path) -> Path:
        return layer if layer.is_dir() else self._code.folder(self._code.add(layer.read_bytes()))


def _lay_over(source: Path, target: Path) -> None:
    """Copies a folder over what the target holds already. What is in the way goes first: a link of an earlier
    layer must not be written through, for it may lead to the developer's own files."""
    if target.is_symlink() or not target.is_dir():
        target.unlink(missing_ok=True)
        target.mkdir(parents=True)
    for entry in source.iterdir():
        place = target / entry.name
        if entry.is_dir() and not entry.is_symlink():
            _lay_over(entry, place)
            continue
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        shutil.copy2(entry, place, follow_symlinks=False)


def _state_of(sources: list[Path]) -> str:
    stamp = hashlib.sha256()
    for source in sources:
        newest = max((path.lstat().st_mtime_ns for path in [source, *source.rglob("*")]), default=0)
        stamp.update(f"{source} {newest}\n".encode())
    return stamp.hexdigest()[:32]
