"""Packages: what goes in, and that the same files give the same bytes."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from lambdacli.package.archive import package_bytes
from lambdacli.package.files import PackageError, Part, code_files, merged_files
from lambdacli.package.ignore import is_ignored, is_matched, parse_ignore_file


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def names_in(folder: Path) -> list[str]:
    return [file.name for file in code_files(folder)]


def test_the_same_files_give_the_same_bytes(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    fill(one, "app.py", "lib/b.py", "lib/a.py")
    fill(two, "lib/a.py", "lib/b.py", "app.py")
    os.utime(two / "app.py", (0, 0))
    (two / "app.py").chmod(0o600)
    assert package_bytes(one) == package_bytes(two)


def test_what_is_not_there_or_no_file_makes_no_difference(tmp_path):
    fill(tmp_path, "app.py")
    before = package_bytes(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    assert package_bytes(tmp_path) == before
    assert code_files(tmp_path / "nowhere") == ()


def test_compressed_package_holds_the_same_files(tmp_path):
    fill(tmp_path, "app.py", "lib/a.py")
    (tmp_path / "long.txt").write_text("x" * 10_000)
    small, large = package_bytes(tmp_path, is_compressed=True), package_bytes(tmp_path)
    assert len(small) < len(large) / 10
    one, other = zipfile.ZipFile(io.BytesIO(small)), zipfile.ZipFile(io.BytesIO(large))
    assert {name: one.read(name) for name in one.namelist()} == {
        name: other.read(name) for name in other.namelist()
    }


def test_folders_may_be_deeper_than_functions_call_each_other(tmp_path):
    fill(tmp_path, "app.py")
    place = tmp_path
    for _ in range(1200):
        place = place / "a"
        place.mkdir()
    (place / "b.py").write_text("")
    assert len(code_files(tmp_path)) == 2
    # Who removes pytest's folders calls himself for each.
    (place / "b.py").unlink()
    os.removedirs(place)


def test_names_are_sorted_times_fixed_and_modes_made_plain(tmp_path):
    fill(tmp_path, "b.py", "a/z.py", "bootstrap")
    (tmp_path / "bootstrap").chmod(0o700)
    entries = zipfile.ZipFile(io.BytesIO(package_bytes(tmp_path))).infolist()
    assert [(entry.filename, entry.date_time, entry.external_attr >> 16) for entry in entries] == [
        ("a/z.py", (1980, 1, 1, 0, 0, 0), 0o100644),
        ("b.py", (1980, 1, 1, 0, 0, 0), 0o100644),
        ("bootstrap", (1980, 1, 1, 0, 0, 0), 0o100755),
    ]


def test_what_never_is_code_stays_out(tmp_path):
    fill(tmp_path, "app.py", ".env", ".git/HEAD", ".lam/lam.db", "__pycache__/app.cpython-313.pyc")
    fill(tmp_path, "lib/__pycache__/x.py", "x.pyc", ".DS_Store", ".venv/bin/python", ".app.py.swp", "app.py~")
    assert names_in(tmp_path) == [".env", "app.py"]


def test_an_ignore_file_may_come_from_an_editor_of_another_system(tmp_path):
    fill(tmp_path, "app.py", "notes.md")
    (tmp_path / ".lamignore").write_bytes(b"\xef\xbb\xbf*.md\r\n")
    assert names_in(tmp_path) == ["app.py"]


def test_the_ignore_file_leaves_out_more(tmp_path):
    fill(tmp_path, "app.py", "test_app.py", "events/event.json", "lib/test_lib.py", "lib/events/x.json")
    (tmp_path / ".lamignore").write_text("# tests\ntest_*.py\n/events/\n")
    assert names_in(tmp_path) == ["app.py", "lib/events/x.json"]


@pytest.mark.parametrize(
    ("patterns", "path", "is_folder", "expected"),
    [
        ("*.md", "README.md", False, True),
        ("*.md", "docs/README.md", False, True),
        ("/*.md", "docs/README.md", False, False),
        ("docs/*.md", "docs/a.md", False, True),
        ("docs/*.md", "docs/deep/a.md", False, False),
        ("docs/**/a.md", "docs/a.md", False, True),
        ("docs/**/a.md", "docs/very/deep/a.md", False, True),
        ("**/cache", "a/b/cache", True, True),
        ("docs/**", "docs/a/b", False, True),
        ("build/", "build", True, True),
        ("build/", "build", False, False),
        ("*.md\n!README.md", "README.md", False, False),
        ("!README.md\n*.md", "README.md", False, True),
        ("?.py", "a.py", False, True),
        ("?.py", "ab.py", False, False),
        ("[ab].py", "a.py", False, True),
        ("[!ab].py", "a.py", False, False),
        ("\\#odd", "#odd", False, True),
        ("a+b.py", "a+b.py", False, True),
        ("# comment\n\n", "# comment", False, False),
    ],
)
def test_patterns_are_read_as_git_reads_them(patterns, path, is_folder, expected):
    assert is_matched(parse_ignore_file(patterns), PurePosixPath(path), is_folder=is_folder) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app.py", False),
        ("node_modules/left-pad/index.js", False),
        ("node_modules/.cache/x", True),
        (".cache/x", False),
        ("4913", True),
        (".#app.py", True),
        ("#app.py#", True),
        (".app.py.swx", True),
        ("a/.git/index", True),
        (".gitignore", False),
    ],
)
def test_editors_droppings_never_count(path, expected):
    assert is_ignored(PurePosixPath(path)) == expected


def test_links_that_stay_inside_are_followed(tmp_path):
    fill(tmp_path, "lib/a.py")
    (tmp_path / "other").symlink_to("lib")
    (tmp_path / "b.py").symlink_to("lib/a.py")
    package = zipfile.ZipFile(io.BytesIO(package_bytes(tmp_path)))
    assert {name: package.read(name) for name in package.namelist()} == {
        "b.py": b"lib/a.py",
        "lib/a.py": b"lib/a.py",
        "other/a.py": b"lib/a.py",
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("gone", "link is a symbolic link to gone, which does not exist"),
        ("link", "link is a symbolic link to link, which does not exist"),
        ("../outside", "link is a symbolic link that leads outside, to {outside}"),
        (".", "link is a symbolic link to a folder that holds it"),
    ],
)
def test_other_links_are_refused_unless_left_out(tmp_path, target, expected):
    folder = tmp_path / "code"
    fill(tmp_path, "outside", "code/app.py")
    (folder / "link").symlink_to(target)
    with pytest.raises(PackageError) as caught:
        code_files(folder)
    advice = "; replace it, or leave it out by a line in .lamignore"
    assert str(caught.value) == expected.format(outside=tmp_path / "outside") + advice
    (folder / ".lamignore").write_text("link\n")
    assert names_in(folder) == ["app.py"]


def test_parts_of_a_package_are_merged_and_the_later_one_wins(tmp_path):
    for name in ("a/x.py", "a/y.py", "b/x.py", "b/node_modules/z", "m/p/i.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name[0])
    parts = (
        Part(tmp_path / "m", "node_modules"),
        Part(tmp_path / "a"),
        Part(tmp_path / "b", leaves_out=frozenset({"node_modules"})),
    )
    merged = {file.name: file.path.read_text() for file in merged_files(parts)}
    assert merged == {"node_modules/p/i.js": "m", "x.py": "b", "y.py": "a"}
    assert list(merged) == sorted(merged)
