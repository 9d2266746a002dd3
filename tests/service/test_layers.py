"""/opt of several layers: complete for everybody, in order, links kept and never followed."""

from __future__ import annotations

import os
import stat
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lambdacli.model.function import FolderCode, LocalLayer, PublishedLayer
from lambdacli.service.layers import Layers
from lambdacli.store.code import CodeStore


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    return Layers(tmp_path / "opt", CodeStore(tmp_path / "code"))


def layer(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_single_layer_is_used_where_it_lies(tmp_path: Path, layers: Layers) -> None:
    only = layer(tmp_path / "a", x="1")
    assert layers.merged((only,)) == only
    assert layers.merged(()) is None


def test_the_later_layer_wins(tmp_path: Path, layers: Layers) -> None:
    first = layer(tmp_path / "a", python__both="first", python__one="1")
    second = layer(tmp_path / "b", python__both="second", python__two="2")
    merged = layers.merged((first, second))
    assert merged is not None
    assert content(merged) == {"python/both": "second", "python/one": "1", "python/two": "2"}
    turned = layers.merged((second, first))
    assert turned is not None and content(turned)["python/both"] == "first"


def test_every_kind_of_layer_goes_into_opt_in_order(tmp_path: Path) -> None:
    code = CodeStore(tmp_path / "code")
    archives = [code.keep_folder(layer(tmp_path / name, both=name, **{name: name})) for name in ("p", "f")]
    local, stand_in = layer(tmp_path / "a", both="a", a="a"), layer(tmp_path / "s", both="s", s="s")
    merged = Layers(tmp_path / "opt", code).of(
        (
            LocalLayer(local),
            PublishedLayer("arn:1", archives[0], 1),
            PublishedLayer("arn:2", FolderCode(stand_in), 1),
            LocalLayer(tmp_path / "gone", archives[1]),
        )
    )
    assert merged is not None
    assert content(merged) == {"both": "f", "a": "a", "p": "p", "s": "s", "f": "f"}


def test_many_at_once_all_get_the_whole_folder(tmp_path: Path, layers: Layers) -> None:
    both = layer(tmp_path / "a", **{f"f{n}": "a" for n in range(50)}), layer(tmp_path / "b", g="b")
    barrier = threading.Barrier(8)

    def merge(_: int) -> tuple[Path | None, int]:
        barrier.wait(10)
        merged = layers.merged(both)
        return merged, 0 if merged is None else len(content(merged))

    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            layers.forget_all()
            (answer,) = set(pool.map(merge, range(8)))
            assert answer[1] == 51
            assert os.listdir(tmp_path / "opt") == [answer[0] and answer[0].name], "nothing half made stays"


def test_links_of_a_zip_are_kept(tmp_path: Path, layers: Layers) -> None:
    package = tmp_path / "layer.zip"
    link = zipfile.ZipInfo("lib/libx.so")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("lib/libx.so.1", "library")
        archive.writestr(link, "libx.so.1")
    other = layer(tmp_path / "b", lib__other="other")
    for order in ((package, other), (other, package)):
        merged = layers.merged(order)
        assert merged is not None
        assert os.readlink(merged / "lib" / "libx.so") == "libx.so.1"
        assert content(merged) == {"lib/libx.so": "library", "lib/libx.so.1": "library", "lib/other": "other"}


def test_the_same_link_in_two_layers_is_the_later_one(tmp_path: Path, layers: Layers) -> None:
    first, second = layer(tmp_path / "a", v1="1", v2="2"), layer(tmp_path / "b", other="")
    (first / "current").symlink_to("v1")
    (second / "current").symlink_to("v2")
    merged = layers.merged((first, second))
    assert merged is not None
    assert (merged / "current").read_text() == "2"


def test_a_file_over_a_link_does_not_write_through_it(tmp_path: Path, layers: Layers) -> None:
    outside = layer(tmp_path / "outside", precious="precious")
    first, second = layer(tmp_path / "a", x="1"), layer(tmp_path / "b", file="new", folder__file="new")
    (first / "file").symlink_to(outside / "precious")
    (first / "folder").symlink_to(outside)
    merged = layers.merged((first, second))
    assert merged is not None
    assert content(merged) == {"x": "1", "file": "new", "folder/file": "new"}
    assert content(outside) == {"precious": "precious"}


def test_what_is_a_file_in_one_layer_and_a_folder_in_the_other(tmp_path: Path, layers: Layers) -> None:
    file, folder = layer(tmp_path / "a", x="file"), layer(tmp_path / "b", x__y="folder")
    for order, expected in (((file, folder), {"x/y": "folder"}), ((folder, file), {"x": "file"})):
        merged = layers.merged(order)
        assert merged is not None and content(merged) == expected


def test_a_changed_layer_is_merged_again(tmp_path: Path, layers: Layers) -> None:
    both = layer(tmp_path / "a", x="1"), layer(tmp_path / "b", y="1")
    before = layers.merged(both)
    (both[0] / "x").write_text("2")
    os.utime(both[0] / "x", (2_000_000_000, 2_000_000_000))
    after = layers.merged(both)
    assert after is not None and after != before
    assert content(after) == {"x": "2", "y": "1"}
