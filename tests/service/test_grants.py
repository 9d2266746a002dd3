"""What the machine grants: when something is called missing, and that a way to get it is named then."""

from __future__ import annotations

import os
import resource

import pytest

from lambdacli.service import grants
from lambdacli.service.grants import interpreter, of_machine, open_files, state_folder, watches


def test_every_grant_of_this_machine_says_what_it_found(tmp_path):
    found = of_machine(tmp_path, 4566, 4566)
    assert [grant.name for grant in found if not grant.detail] == []
    assert len({grant.name for grant in found}) == len(found)
    told = {grant.name: grant for grant in found}
    assert told["python interpreters"].is_granted
    assert told["uv"].is_granted
    assert told["lambdacli[services]"].is_granted
    assert told["port"].detail == "4566"


def test_what_is_missing_names_what_is_weaker_and_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(grants.shutil, "which", lambda name: None)
    missing = [
        interpreter("ruby", {}),
        grants._npm(),
        *(grants.extra(name, ["moto"]) for name in grants.EXTRAS),
        grants._port(4567, 4566),
        state_folder(tmp_path / "gone"),
        watches(8192),
        open_files(1024),
    ]
    assert all(not grant.is_granted and grant.weakens and grant.remedy for grant in missing)


@pytest.mark.parametrize(
    ("found", "detail"),
    [
        ({(3, 9): 1, (3, 13): 1, (3, 10): 1}, "3.9, 3.10, 3.13"),
        ({24: 1, 8: 1}, "8, 24"),
        ({}, "none found"),
    ],
)
def test_interpreters_are_told_in_the_order_of_their_versions(found, detail):
    grant = interpreter("any", found)
    assert (grant.detail, grant.is_granted) == (detail, bool(found))


def test_limits_that_are_no_limits():
    assert open_files(resource.RLIM_INFINITY).is_granted
    assert open_files(65_536).is_granted
    assert watches(524_288).is_granted
    assert grants._port(51234, 0).is_granted


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_state_folder_that_is_read_only(tmp_path):
    tmp_path.chmod(0o500)
    assert not state_folder(tmp_path).is_granted
