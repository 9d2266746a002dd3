"""Packages: what is kept, what is refused, and that no zip reaches out of its folder."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import stat
import zipfile

import pytest

from lambdacli.model import limits
from lambdacli.model.errors import InvalidParameterValueException, RequestEntityTooLargeException
from lambdacli.model.function import ArchiveCode
from lambdacli.package import unpacking
from lambdacli.package.archive import package_bytes
from lambdacli.store import code as code_module
from lambdacli.store.code import CodeStore

UNUSABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."
TOO_LARGE = "Unzipped size must be smaller than 262144000 bytes"


@pytest.fixture
def store(tmp_path):
    return CodeStore(tmp_path / "code")


def entry(name, mode=0, system=3):
    info = zipfile.ZipInfo(name)
    info.create_system = system
    # The archive bit of DOS: with no attribute at all, zipfile would make up a mode.
    info.external_attr = mode << 16 | 0x20
    return info


def zip_of(*entries):
    """Entries are (name or ZipInfo, content)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def link(name, target):
    return entry(name, stat.S_IFLNK | 0o777), target


def refusal(store, package):
    with pytest.raises((InvalidParameterValueException, RequestEntityTooLargeException)) as caught:
        store.add(package)
    assert not left_behind(store), "a refused package leaves nothing"
    return caught.value.message


def left_behind(store):
    return os.listdir(store._root) if store._root.exists() else []


def test_package_is_kept_by_its_content_with_its_files_beside(store):
    package = zip_of(("app.py", "x = 1"), ("lib/deep/data.txt", "data"))
    code = store.add(package)
    digest = hashlib.sha256(package).digest()
    assert code == ArchiveCode(base64.b64encode(digest).decode(), len(package))
    assert store.archive(code).read_bytes() == package
    assert (store.folder(code) / "lib/deep/data.txt").read_text() == "data"
    assert store.folder(code).parent.name == digest.hex()
    assert store.add(package) == code
    assert left_behind(store) == [digest.hex()]


def test_file_modes_are_kept_but_everybody_may_read_and_missing_ones_are_made_up(store):
    package = zip_of(
        (entry("run.sh", stat.S_IFREG | 0o755), ""),
        (entry("secret", stat.S_IFREG | 0o4600), ""),
        (entry("windows.txt", system=0), ""),
        (entry("folder/"), ""),
        (entry("closed/", stat.S_IFDIR | 0o555), ""),
    )
    folder = store.folder(store.add(package))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"run.sh": 0o755, "secret": 0o644, "windows.txt": 0o644, "folder": 0o755, "closed": 0o755}


def test_links_that_stay_inside_are_kept(store):
    folder = store.folder(
        store.add(
            zip_of(
                ("lib/real.py", "real"),
                link("lib/alias.py", "real.py"),
                link("bin/up", "../lib"),
                link("dangling", "nowhere"),
            )
        )
    )
    assert os.readlink(folder / "lib/alias.py") == "real.py"
    assert (folder / "bin/up/real.py").read_text() == "real"
    assert os.path.islink(folder / "dangling")


@pytest.mark.parametrize(
    "entries",
    [
        [("../evil", "x")],
        [("a/../../evil", "x")],
        [("/evil", "x")],
        [link("out", "/etc")],
        [link("out", "../evil")],
        [link("a/out", "../../evil")],
        [link("here", "."), link("here/out", "..")],
        [link("d", "."), link("d/e", ".."), link("e/f", "x")],
        [link("a", "b/../.."), ("b/file", "x")],
        [link("one", "sub/two"), link("sub/two", "../../evil")],
        [("same", "x"), ("same/below", "y")],
        [("folder/file", "x"), ("folder", "y")],
        [("n" * 300, "x")],
        [("a/" * 257 + "x", "x")],
        [("a/" * 1900 + "x", "x")],
        [link("l" * 5, "t" * 5000)],
    ],
    ids=str,
)
def test_names_and_links_that_lead_out_or_clash_are_refused(store, tmp_path, entries):
    assert refusal(store, zip_of(*entries)) == UNUSABLE
    assert [path.name for path in tmp_path.iterdir()] == ["code"]


def test_no_file_is_written_through_a_link(store):
    assert refusal(store, zip_of(link("d", "inner"), ("inner/x", ""), ("d/file", "y"))) == UNUSABLE


@pytest.mark.parametrize(
    ("package", "message"),
    [
        (b"", "Uploaded file must be a non-empty zip"),
        (zip_of(), "Uploaded file must be a non-empty zip"),
        (b"not a zip at all", UNUSABLE),
        (zip_of(("a", "x" * 1000))[:-30], UNUSABLE),
        (b"\0" * (limits.ZIPPED_CODE_BYTES + 1), "Zipped size must be smaller than 52428800 bytes"),
    ],
    ids=["nothing", "empty", "text", "cut off", "too large"],
)
def test_unusable_package_is_refused_in_awss_words(store, package, message):
    assert refusal(store, package) == message


def test_damaged_content_is_refused(store):
    package = bytearray(zip_of(("a", os.urandom(2000))))
    package[60:80] = b"\xff" * 20
    assert refusal(store, bytes(package)) == UNUSABLE


def test_encrypted_entry_is_refused(store):
    package = bytearray(zip_of(("a", "x")))
    for start, flag_offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        package[package.index(start) + flag_offset] |= 1
    assert refusal(store, bytes(package)) == UNUSABLE


def test_declared_size_over_the_limit_is_refused_before_anything_is_unpacked(store, monkeypatch):
    monkeypatch.setattr(unpacking._Budget, "copy", None)
    monkeypatch.setattr(limits, "UNZIPPED_CODE_BYTES", 1000)
    assert (
        refusal(store, zip_of(("a", "x" * 600), ("b", "x" * 600)))
        == "Unzipped size must be smaller than 1000 bytes"
    )


def test_what_really_comes_out_is_counted():
    budget = unpacking._Budget(10)
    budget.copy(io.BytesIO(b"x" * 6), io.BytesIO())
    with pytest.raises(unpacking.TooLarge):
        budget.copy(io.BytesIO(b"x" * 6), io.BytesIO())


def test_deep_folders_are_made_and_removed(store):
    code = store.add(zip_of(("a/" * 256 + "x", "x")))
    assert (store.folder(code) / ("a/" * 256 + "x")).is_file()
    assert store.collect_garbage([]) == 1


def test_bound_on_what_is_packed_may_be_another(store):
    package = zip_of(("app.py", "x"))
    with pytest.raises(RequestEntityTooLargeException, match="smaller than 10 bytes"):
        store.add(package, 10)
    assert store.add(package, len(package)).size_bytes == len(package)


def test_check_keeps_nothing(store):
    package = zip_of(("a", "x"))
    assert store.check(package).size_bytes == len(package)
    assert left_behind(store) == []


def test_garbage_is_what_nobody_names_and_what_was_left_half_made(store):
    kept, unused = store.add(zip_of(("a", "x"))), store.add(zip_of(("b", "y")))
    (store.folder(kept).parent.parent / "unfinished-1").mkdir()
    assert store.collect_garbage([kept]) == 2
    assert store.archive(kept).exists()
    assert not store.archive(unused).exists()
    assert CodeStore(store._root / "never made").collect_garbage([]) == 0


# Folders


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "function"
    (folder / "lib").mkdir(parents=True)
    (folder / "app.py").write_text("x = 1")
    (folder / "lib/run.sh").write_text("echo")
    (folder / "lib/run.sh").chmod(0o755)
    (folder / "alias").symlink_to("lib")
    return folder


def test_a_folder_that_is_kept_is_its_package(folder, store):
    kept = store.keep_folder(folder)
    assert store.archive(kept).read_bytes() == package_bytes(folder)
    assert (store.folder(kept) / "alias/run.sh").read_text() == "echo"
    assert os.access(store.folder(kept) / "lib/run.sh", os.X_OK)
    assert store.keep_folder(folder) == kept


def test_what_cannot_be_packed_is_told_when_a_folder_is_kept_and_passed_over_when_it_is_shown(folder, store):
    expected = store.describe_folder(folder)
    (folder / "out").symlink_to("/")
    assert store.describe_folder(folder) == expected
    with pytest.raises(InvalidParameterValueException) as caught:
        store.keep_folder(folder)
    assert caught.value.message == (
        "out is a symbolic link that leads outside, to /; replace it, or leave it out by a line in .lamignore"
    )


def test_description_of_a_folder_is_that_of_its_zip_and_follows_changes(folder, store, monkeypatch):
    package = package_bytes(folder)
    expected = ArchiveCode(base64.b64encode(hashlib.sha256(package).digest()).decode(), len(package))
    assert store.describe_folder(folder) == expected
    with monkeypatch.context() as patched:
        patched.setattr(code_module, "write_package", None)
        assert store.describe_folder(folder) == expected, "an unchanged folder is not read again"
    (folder / "app.py").write_text("x = 2222")
    assert store.describe_folder(folder) != expected


def test_folder_that_is_not_there_is_described_as_empty(store, tmp_path):
    assert store.describe_folder(tmp_path / "nowhere").size_bytes == 22
