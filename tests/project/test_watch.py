"""Watching: content changes are told, looking and droppings are not, folders may vanish and come back."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from watchdog.observers.api import BaseObserver, EventEmitter
from watchdog.observers.polling import PollingObserver

from lambdacli.project.watch import PlannedWatch, Watcher, plan_watches

DEADLINE_SECONDS = 10


class Changes:
    """What a watcher told, and waiting for it."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self._condition = threading.Condition()

    def add(self, path: Path) -> None:
        with self._condition:
            self.paths.append(path)
            self._condition.notify_all()

    def wait_for(self, path: Path) -> None:
        assert self.come_within(path, DEADLINE_SECONDS), self.paths

    def come_within(self, path: Path, seconds: float) -> bool:
        with self._condition:
            return self._condition.wait_for(lambda: path in self.paths, seconds)

    def forget(self) -> None:
        with self._condition:
            self.paths.clear()


@pytest.fixture
def changes():
    return Changes()


@pytest.fixture
def watch(changes):
    """Starts a watcher of these paths; it ends with the test."""
    watchers = []

    def start(*folders: Path, **options: object) -> Watcher:
        watcher = Watcher(changes.add, **options)
        watchers.append(watcher)
        watcher.start()
        watcher.set_folders(set(folders))
        return watcher

    yield start
    for watcher in watchers:
        watcher.stop()


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    for name in ("src/deep", ".lam/logs", ".git", "__pycache__"):
        (folder / name).mkdir(parents=True)
    (folder / "lam.yaml").write_text("a")
    (folder / "src" / "app.py").write_text("a")
    return folder


def replace(file: Path, text: str) -> None:
    """As editors save: a new file, then its name."""
    (file.parent / f"{file.name}~").write_text(text)
    (file.parent / f"{file.name}~").rename(file)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("lam.yaml", lambda path: path.write_text("b")),
        ("src/app.py", lambda path: path.write_text("b")),
        ("src/app.py", lambda path: replace(path, "b")),
        ("src/app.py", Path.unlink),
        ("src/app.py", lambda path: path.rename(path.with_name("other.py"))),
        ("src/deep/new.py", lambda path: path.write_text("b")),
        ("new", Path.mkdir),
        ("src/deep", Path.rmdir),
    ],
)
def test_a_change_of_content_is_told(project, watch, changes, name, change: Callable[[Path], None]):
    watch(project)
    change(project / name)
    changes.wait_for(project / name)


@pytest.mark.real
def test_looking_at_files_and_droppings_is_not_told(project, watch, changes):
    watch(project)
    (project / "src" / "app.py").read_text()
    list((project / "src").iterdir())
    (project / "src" / "app.py").chmod(0o755)
    os.utime(project / "src" / "app.py")
    for name in (".lam/logs/today", ".git/index", "__pycache__/app.pyc", "src/.app.py.swp", "src/4913"):
        (project / name).write_text("x")
    (project / "src" / "__pycache__").mkdir()
    (project / "src" / "__pycache__" / "app.pyc").write_text("x")
    # Events keep their order, so when this one is told, the others have been left out.
    (project / "src" / "last").write_text("x")
    changes.wait_for(project / "src" / "last")
    assert set(changes.paths) == {project / "src" / "last"}


@pytest.mark.real
def test_a_new_folder_is_watched_at_once(project, watch, changes):
    watch(project)
    (project / "new").mkdir()
    changes.wait_for(project / "new")
    wait_until_told(project / "new" / "app.py", changes)


def wait_until_told(file: Path, changes: Changes) -> None:
    """Writes again and again: a folder's coming is told a moment before its files can be."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not changes.come_within(file, 0.02):
        assert time.monotonic() < deadline, changes.paths
        file.write_text(str(time.monotonic()))


@pytest.mark.real
def test_a_code_folder_outside_the_project_counts_and_its_neighbours_do_not(
    tmp_path, project, watch, changes
):
    outside = tmp_path / "shared"
    outside.mkdir()
    (tmp_path / "neighbour").mkdir()
    watch(project, outside)
    (tmp_path / "neighbour" / "x").write_text("x")
    (tmp_path / "x").write_text("x")
    (outside / "lib.py").write_text("x")
    changes.wait_for(outside / "lib.py")
    assert set(changes.paths) == {outside / "lib.py"}


@pytest.mark.real
@pytest.mark.parametrize("times", [1, 3])
def test_a_folder_that_vanishes_and_comes_back_is_watched_again(project, watch, changes, times):
    watch(project, project / "src")
    for _ in range(times):
        shutil.rmtree(project / "src")
        changes.wait_for(project / "src")
        changes.forget()
        (project / "src").mkdir()
        changes.wait_for(project / "src")
        wait_until_told(project / "src" / "app.py", changes)


@pytest.mark.real
def test_a_whole_project_that_vanishes_and_comes_back_is_watched_again(project, watch, changes):
    watch(project)
    project.rename(project.with_name("aside"))
    changes.wait_for(project)
    changes.forget()
    project.with_name("aside").rename(project)
    changes.wait_for(project)
    wait_until_told(project / "lam.yaml", changes)
    wait_until_told(project / "src" / "app.py", changes)


@pytest.mark.real
def test_a_folder_and_a_file_that_are_not_there_yet_are_awaited(tmp_path, watch, changes):
    watch(tmp_path / "a" / "b", tmp_path / "a" / "demo.env")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").mkdir()
    wait_until_told(tmp_path / "a" / "demo.env", changes)
    wait_until_told(tmp_path / "a" / "b" / "app.py", changes)


@pytest.mark.real
def test_folders_that_are_no_longer_wanted_are_silent(tmp_path, project, watch, changes):
    other = tmp_path / "other"
    other.mkdir()
    watcher = watch(other)
    watcher.set_folders({project})
    (other / "x").write_text("x")
    (project / "lam.yaml").write_text("b")
    changes.wait_for(project / "lam.yaml")
    assert set(changes.paths) == {project / "lam.yaml"}


@pytest.mark.real
def test_the_folders_may_be_set_from_within_a_callback(tmp_path, project):
    done = threading.Event()

    def follow(path: Path) -> None:
        watcher.set_folders({project, tmp_path / "other"})
        done.set()

    watcher = Watcher(follow)
    watcher.start()
    try:
        watcher.set_folders({project})
        (project / "lam.yaml").write_text("b")
        assert done.wait(DEADLINE_SECONDS)
    finally:
        watcher.stop()


@pytest.mark.real
def test_a_callback_that_fails_does_not_end_the_watching(project, changes, caplog):
    def fail_once(path: Path) -> None:
        if not changes.paths:
            changes.add(path)
            raise RuntimeError("once")
        changes.add(path)

    watcher = Watcher(fail_once)
    watcher.start()
    try:
        watcher.set_folders({project})
        (project / "lam.yaml").write_text("b")
        changes.wait_for(project / "lam.yaml")
        (project / "src" / "app.py").write_text("b")
        changes.wait_for(project / "src" / "app.py")
    finally:
        watcher.stop()
    assert "could not be followed" in caplog.text


@pytest.mark.real
def test_at_the_systems_limit_files_are_looked_at_in_turn(project, watch, changes):
    class NoWatchLeft(EventEmitter):
        def on_thread_start(self) -> None:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")

        def start(self) -> None:
            self.on_thread_start()

    messages: list[str] = []
    watch(project, on_message=messages.append, observer_class=lambda: BaseObserver(NoWatchLeft))
    assert messages == [
        "inotify watch limit reached: files are looked at every 1 s instead;"
        " raise fs.inotify.max_user_watches to be told at once"
    ]
    (project / "src" / "app.py").write_text("longer than before")
    changes.wait_for(project / "src" / "app.py")


@pytest.mark.real
def test_polling_tells_the_same(project, watch, changes):
    watch(project, observer_class=lambda: PollingObserver(timeout=0.05))
    (project / "src" / "app.py").write_text("longer than before")
    changes.wait_for(project / "src" / "app.py")
    (project / ".lam" / "logs" / "today").write_text("x")
    (project / "src" / "deep" / "new.py").write_text("x")
    changes.wait_for(project / "src" / "deep" / "new.py")
    assert not [path for path in changes.paths if ".lam" in path.parts]


@pytest.mark.real
def test_stopping_twice_is_harmless_and_a_stopped_watcher_says_so(project):
    watcher = Watcher(lambda path: None)
    watcher.start()
    watcher.stop()
    watcher.stop()
    with pytest.raises(RuntimeError, match="the watcher is not running"):
        watcher.set_folders({project})


def test_what_changes_all_the_time_is_not_even_watched(project):
    assert plan_watches({project}) == {
        PlannedWatch(project.parent, is_recursive=False, is_for_folders_only=True),
        PlannedWatch(project, is_recursive=False, is_for_folders_only=False),
        PlannedWatch(project / "src", is_recursive=True, is_for_folders_only=False),
    }


def test_a_folder_inside_another_is_not_watched_twice(project):
    assert plan_watches({project, project / "src", project / "lam.yaml"}) == plan_watches({project})
