"""Where project, state, socket and cache lie, and what is refused."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from lambdacli.model.location import SOCKET_PATH_BYTES, LocationError, Place, is_private, locate, prepare
from lambdacli.model.project_files import program_upwards

EXT4 = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "lam.yaml").write_text("")
    return folder


@pytest.fixture
def environment(tmp_path):
    return {"HOME": str(tmp_path / "home")}


def test_the_state_lies_beside_lam_yaml(project, environment):
    place = locate(project, environment, mounts=EXT4)
    assert place.project_file == project / "lam.yaml"
    assert place.state_dir == project / ".lam"
    assert place.service_file == project / ".lam" / "service.json"
    assert place.moved_because is None
    assert place.cache_dir == Path(environment["HOME"]) / ".cache" / "lam"


def test_without_a_project_the_state_lies_in_the_home(tmp_path, environment):
    place = locate(tmp_path, environment, mounts=EXT4)
    assert place.project_file is None
    assert place.state_dir == Path(environment["HOME"]) / ".local" / "state" / "lam" / "default"


def test_the_xdg_folders_are_honoured_when_absolute(tmp_path, environment):
    xdg = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    place = locate(tmp_path, {**environment, **xdg}, mounts=EXT4)
    assert place.state_dir == tmp_path / "state" / "lam" / "default"
    assert place.cache_dir == tmp_path / "cache" / "lam"
    place = locate(tmp_path, {**environment, "XDG_STATE_HOME": "state"}, mounts=EXT4)
    assert place.state_dir == Path(environment["HOME"]) / ".local" / "state" / "lam" / "default"


def test_the_option_wins_over_the_variable_and_that_over_the_search(tmp_path, environment):
    for name in ("option", "variable", "search"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lam.yaml").write_text("")
    start = tmp_path / "search"
    assert locate(start, environment, mounts=EXT4).project_file == start / "lam.yaml"
    environment["LAM_PROJECT"] = str(tmp_path / "variable")
    assert locate(start, environment, mounts=EXT4).project_file == tmp_path / "variable" / "lam.yaml"
    chosen = locate(start, environment, "../option/lam.yaml", mounts=EXT4)
    assert chosen.project_file == tmp_path / "option" / "lam.yaml"


TEMPLATE = "Resources: {}\n"


@pytest.mark.parametrize("name", ["template.yaml", "template.yml", "template.json"])
def test_a_template_is_a_project_where_there_is_no_lam_yaml(tmp_path, environment, name):
    (tmp_path / name).write_text(TEMPLATE)
    (tmp_path / "source" / "deep").mkdir(parents=True)
    place = locate(tmp_path / "source" / "deep", environment, mounts=EXT4)
    assert place.project_file == tmp_path / name
    assert place.state_dir == tmp_path / ".lam"


def test_lam_yaml_comes_before_the_template_beside_it(project, environment):
    (project / "template.yaml").write_text(TEMPLATE)
    assert locate(project, environment, mounts=EXT4).project_file == project / "lam.yaml"


def test_the_nearest_project_counts_whatever_its_kind(project, environment):
    (project / "service").mkdir()
    (project / "service" / "template.yaml").write_text(TEMPLATE)
    found = locate(project / "service", environment, mounts=EXT4)
    assert found.project_file == project / "service" / "template.yaml"


def test_a_template_of_another_tool_is_passed_by(project, environment):
    (project / "pages").mkdir()
    (project / "pages" / "template.yaml").write_text("title: {{ title }}\n")
    assert locate(project / "pages", environment, mounts=EXT4).project_file == project / "lam.yaml"


def test_two_templates_of_one_folder_have_a_state_each(tmp_path, environment):
    for name in ("template.yaml", "admin.yaml"):
        (tmp_path / name).write_text(TEMPLATE)
    admin = locate(tmp_path, environment, "admin.yaml", mounts=EXT4)
    assert admin.state_dir == tmp_path / ".lam" / "admin.yaml"
    assert admin.socket_path != locate(tmp_path, environment, mounts=EXT4).socket_path


def test_a_template_is_also_named_by_a_variable(tmp_path, environment):
    (tmp_path / "admin.yaml").write_text(TEMPLATE)
    environment["LAM_TEMPLATE"] = "admin.yaml"
    assert locate(tmp_path, environment, mounts=EXT4).project_file == tmp_path / "admin.yaml"


@pytest.mark.parametrize(
    ("project", "variable", "expected"),
    [
        ("gone", None, "--project: gone does not exist; name a folder with a lam.yaml, or the file"),
        ("empty", None, "--project: there is no lam.yaml or template in empty; make one with `lam init`"),
        (None, "gone", "LAM_PROJECT: gone does not exist; name a folder with a lam.yaml, or the file"),
    ],
)
def test_a_project_that_is_named_must_be_there(tmp_path, environment, project, variable, expected):
    (tmp_path / "empty").mkdir()
    if variable is not None:
        environment["LAM_PROJECT"] = variable
    with pytest.raises(LocationError) as caught:
        locate(tmp_path, environment, project, mounts=EXT4)
    assert str(caught.value) == expected


def test_a_project_reached_through_a_link_is_the_same_project(tmp_path, project, environment):
    (tmp_path / "link").symlink_to(project)
    assert locate(tmp_path / "link", environment, mounts=EXT4) == locate(project, environment, mounts=EXT4)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("40 27 0:50 / {point} rw - 9p C:\\134 rw", "is a folder of Windows (9p)"),
        ("40 27 0:50 / {point} rw shared:1 - nfs4 server:/x rw", "is a network folder (nfs4)"),
        ("40 27 0:50 / {point} rw - fuse.sshfs me@host: rw", "is a network folder (fuse.sshfs)"),
        ("40 27 0:50 / {point} rw - vboxsf x rw", "is a folder shared with a virtual machine (vboxsf)"),
    ],
)
def test_a_file_system_that_cannot_hold_the_state_moves_it(project, environment, line, reason):
    mounts = f"{EXT4}\n{line.format(point=project.parent)}\n"
    place = locate(project, environment, mounts=mounts)
    assert place.state_dir.parent == Path(environment["HOME"]) / ".local" / "state" / "lam" / "projects"
    assert place.moved_because == f"{project} {reason}, which cannot hold the state safely"


@pytest.mark.parametrize(
    ("points", "is_moved"),
    [
        ([("/", "ext4")], False),
        ([("{project}", "nfs")], True),
        ([("{project}", "nfs"), ("{project}", "ext4")], False),
        ([("/", "nfs"), ("{parent}", "ext4")], False),
        ([("{parent}/pro", "nfs")], False),
        ([], False),
    ],
)
def test_the_mount_that_covers_the_folder_decides(project, environment, points, is_moved):
    lines = [
        f"1 1 0:1 / {point.format(project=project, parent=project.parent)} rw - {kind} x rw"
        for point, kind in points
    ]
    assert (locate(project, environment, mounts="\n".join(lines)).moved_because is not None) == is_moved


def test_blanks_in_a_mount_point_are_understood(tmp_path, environment):
    folder = tmp_path / "my project"
    folder.mkdir()
    (folder / "lam.yaml").write_text("")
    point = str(folder).replace(" ", "\\040")
    place = locate(folder, environment, mounts=f"1 1 0:1 / {point} rw - nfs x rw")
    assert place.moved_because is not None


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_moves_the_state(project, environment):
    project.chmod(0o500)
    try:
        place = locate(project, environment, mounts=EXT4)
    finally:
        project.chmod(0o700)
    assert place.moved_because == f"{project} cannot be written to"


def test_the_socket_lies_in_the_runtime_folder(project, environment):
    with tempfile.TemporaryDirectory(dir="/tmp") as runtime_dir:
        environment["XDG_RUNTIME_DIR"] = runtime_dir
        place = locate(project, environment, mounts=EXT4)
    assert place.socket_path.parent == Path(runtime_dir) / "lam"
    assert place.socket_path.suffix == ".sock"


@pytest.mark.parametrize("runtime_dir", ["", "relative", "/nowhere/at/all", "{deep}"])
def test_without_a_fit_runtime_folder_the_socket_gets_a_short_one(
    tmp_path, project, environment, runtime_dir
):
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    environment["XDG_RUNTIME_DIR"] = runtime_dir.format(deep=deep)
    socket_path = locate(project, environment, mounts=EXT4).socket_path
    assert socket_path.parent == Path(f"/tmp/lam-{os.getuid()}")
    assert len(os.fsencode(socket_path)) < SOCKET_PATH_BYTES


def test_two_projects_have_two_sockets(tmp_path, environment):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lam.yaml").write_text("")
    one, two = (locate(tmp_path / name, environment, mounts=EXT4) for name in ("one", "two"))
    assert one.socket_path != two.socket_path


def place_below(folder: Path) -> Place:
    return Place(None, folder / "state", folder / "run" / "x.sock", folder / "cache")


def test_prepare_makes_private_folders_that_git_ignores(tmp_path):
    place = place_below(tmp_path)
    prepare(place)
    prepare(place)
    for folder in (place.state_dir, place.socket_path.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (place.state_dir / ".gitignore").read_text() == "*\n"


def test_prepare_closes_a_folder_that_others_may_enter(tmp_path):
    (tmp_path / "run").mkdir(mode=0o755)
    prepare(place_below(tmp_path))
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_prepare_refuses_a_link_laid_in_its_way(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocationError) as caught:
        prepare(place_below(tmp_path))
    assert str(caught.value) == f"{tmp_path / 'run'} is a symbolic link, which is not safe; remove it"


def test_prepare_refuses_a_file_in_its_way(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(LocationError) as caught:
        prepare(place_below(tmp_path))
    assert str(caught.value) == f"{tmp_path / 'state'} is not a folder; remove it"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_prepare_refuses_a_folder_of_another_user(tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    os.chown(tmp_path / "run", 12345, 12345)
    with pytest.raises(LocationError) as caught:
        prepare(place_below(tmp_path))
    assert str(caught.value) == (
        f"{tmp_path / 'run'} belongs to another user (uid 12345); remove it or ask them to"
    )


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o720, 0o1777])
def test_a_folder_that_others_may_enter_is_not_private(tmp_path, mode):
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    assert is_private(folder)
    folder.chmod(mode)
    assert not is_private(folder)


def test_what_is_not_our_own_folder_is_not_private(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").touch(0o600)
    for other in ("link", "file", "nothing"):
        assert not is_private(tmp_path / other)
    owner = folder.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert not is_private(folder)


@pytest.mark.parametrize("name", ["serverless.ts", "serverless.js"])
def test_a_project_file_that_is_a_program_is_not_read(tmp_path, name):
    (tmp_path / "src").mkdir()
    (tmp_path / name).touch()
    assert program_upwards(str(tmp_path / "src")) == str(tmp_path / name)
    with pytest.raises(LocationError, match=r"is a program, which lam does not run; `npx serverless print"):
        locate(tmp_path, {"HOME": str(tmp_path)}, name)
