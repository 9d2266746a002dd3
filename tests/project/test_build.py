"""Requirements: installed once per content and interpreter, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
import uv

from lambdacli.project.build import install_requirements, names_only_poetry_packages, requirements_of
from lambdacli.project.making import BuildError

pytestmark = pytest.mark.real


@pytest.fixture
def wheel(tmp_path):
    """A package of our own, so that no registry is asked."""
    path = tmp_path / "greeting-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("greeting.py", "WORD = 'hello'\n")
        package.writestr(
            "greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n"
        )
        package.writestr(
            "greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        package.writestr("greeting-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def requirements(tmp_path):
    return tmp_path / "requirements.txt"


@pytest.fixture(autouse=True)
def uv_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_OFFLINE", "1")


def install(requirements: Path, cache: Path, told: list[str] | None = None) -> Path | None:
    progress = (lambda line: None) if told is None else told.append
    return install_requirements(requirements, sys.executable, cache, progress)


def test_packages_land_compiled_in_a_folder_of_the_cache(tmp_path, wheel, requirements):
    requirements.write_text(f"{wheel}\n")
    told: list[str] = []
    folder = install(requirements, tmp_path / "cache", told)
    assert folder is not None and folder.parent == tmp_path / "cache" / "python"
    assert told[0] == f"installing {requirements}"
    assert list(folder.glob("__pycache__/greeting.*.pyc"))
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import greeting; print(greeting.WORD)"
    assert subprocess.run([sys.executable, "-I", "-c", code], capture_output=True).stdout == b"hello\n"


def test_the_second_time_nothing_is_done(tmp_path, wheel, requirements):
    requirements.write_text(f"{wheel}\n")
    first = install(requirements, tmp_path / "cache")
    told: list[str] = []
    assert install(requirements, tmp_path / "cache", told) == first
    assert told == []


def test_an_included_file_is_part_of_the_key(tmp_path, wheel, requirements):
    requirements.write_text("-r more.txt\n")
    (tmp_path / "more.txt").write_text(f"{wheel}\n")
    first = install(requirements, tmp_path / "cache")
    (tmp_path / "more.txt").write_text(f"{wheel}\n# changed\n")
    second = install(requirements, tmp_path / "cache")
    assert first is not None and second is not None and first != second


@pytest.mark.parametrize("text", ["", "# nothing\n\n", "--index-url https://example.invalid/simple\n"])
def test_a_file_that_asks_for_nothing_installs_nothing(tmp_path, requirements, text):
    requirements.write_text(text)
    assert install(requirements, tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()


def test_a_failure_tells_the_file_and_the_installers_words_and_leaves_nothing(tmp_path, requirements):
    requirements.write_text("./no-such-package\n")
    with pytest.raises(BuildError) as caught:
        install(requirements, tmp_path / "cache")
    first_line, _, rest = str(caught.value).partition("\n")
    assert first_line == f"{requirements} could not be installed:"
    assert "no-such-package" in rest
    assert [path.suffix for path in (tmp_path / "cache" / "python").iterdir()] == [".lock"]


def test_a_missing_included_file_is_told(tmp_path, requirements):
    requirements.write_text("-r gone.txt\n")
    with pytest.raises(BuildError) as caught:
        install(requirements, tmp_path / "cache")
    assert str(caught.value) == f"{tmp_path / 'gone.txt'} cannot be read: No such file or directory"


def test_a_half_made_folder_of_a_killed_install_is_thrown_away(tmp_path, wheel, requirements):
    requirements.write_text(f"{wheel}\n")
    folder = install(requirements, tmp_path / "cache")
    assert folder is not None
    partial = folder.with_suffix(".partial")
    folder.rename(partial)
    (partial / "left.py").write_text("")
    assert install(requirements, tmp_path / "cache") == folder
    assert not partial.exists() and not (folder / "left.py").exists()


def test_two_callers_install_once(tmp_path, wheel, requirements):
    requirements.write_text(f"{wheel}\n")
    told: list[str] = []
    folders: list[Path | None] = []

    def run() -> None:
        folders.append(install(requirements, tmp_path / "cache", told))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(folders)) == 1 and len(folders) == 3
    assert told.count(f"installing {requirements}") == 1


def test_a_pyproject_with_dependencies_stands_for_requirements(tmp_path, wheel):
    pyproject = tmp_path / "pyproject.toml"
    named = f"[project]\nname = 'p'\nversion = '1'\ndependencies = ['greeting @ {wheel.as_uri()}']\n"
    pyproject.write_text(named)
    assert requirements_of(tmp_path) == pyproject
    folder = install(pyproject, tmp_path / "cache")
    assert folder is not None and (folder / "greeting.py").is_file()


def test_a_lock_file_decides_what_is_installed(tmp_path, wheel):
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(
        "[project]\nname = 'p'\nversion = '1'\nrequires-python = '>=3.11'\ndependencies = ['greeting']\n"
        f"[tool.uv.sources]\ngreeting = {{ path = {str(wheel)!r} }}\n"
    )
    command = [uv.find_uv_bin(), "lock", "--project", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first = install(pyproject, tmp_path / "cache")
    assert first is not None and (first / "greeting.py").is_file()
    lock = tmp_path / "uv.lock"
    lock.write_text(lock.read_text() + "# another\n")
    assert install(pyproject, tmp_path / "cache") != first


@pytest.mark.parametrize(
    "text",
    [
        "[tool.ruff]\nline-length = 100\n",
        "[project]\nname = 'p'\nversion = '1'\n",
        "[tool.poetry.dependencies]\npython = '^3.12'\nrequests = '*'\n",
    ],
)
def test_a_pyproject_that_names_nothing_that_uv_reads_installs_nothing(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)
    assert requirements_of(tmp_path) is None
    assert names_only_poetry_packages(tmp_path) == ("requests" in text)


def test_requirements_come_before_a_pyproject(tmp_path, requirements):
    requirements.write_text("")
    (tmp_path / "pyproject.toml").write_text("[project]\nname='p'\nversion='1'\ndependencies=['a']\n")
    assert requirements_of(tmp_path) == requirements
