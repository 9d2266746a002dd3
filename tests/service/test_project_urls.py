"""The URLs of lam.yaml's functions: there while lam.yaml has them, and always the same."""

from __future__ import annotations

from functools import partial

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function_url import Cors, FunctionUrl
from lambdacli.service.project_sync import ProjectSync
from lambdacli.store.code import CodeStore
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.kinds import FUNCTION_URL
from lambdacli.store.layers import LayerStore
from lambdacli.store.settings import SettingStore
from tests.doubles import SteppingClock

KEY = FunctionKey("000000000000", "us-east-1", "site")


@pytest.fixture
def settings(tmp_path):
    connection = open_database(tmp_path / "state.db")
    yield SettingStore(connection)
    connection.close()


@pytest.fixture
def read(tmp_path, settings):
    return partial(_read, tmp_path, settings)


def _read(tmp_path, settings, url):
    (tmp_path / "app.py").touch()
    file = tmp_path / "lam.yaml"
    entry = "" if url is None else f"    url: {url}\n"
    file.write_text(f"functions:\n  site:\n    runtime: python3.13\n    handler: app.handler\n{entry}")
    connection, clock = settings._connection, SteppingClock()
    stores = FunctionStore(connection), CodeStore(tmp_path / "code"), LayerStore(connection), settings
    sync = ProjectSync(file, *stores, clock, clock, print, lambda: None)
    sync.read()
    assert sync.problems == []
    return settings.get(FUNCTION_URL, KEY)


def test_a_declared_url_is_a_setting_of_its_function(read):
    found = read("{auth: AWS_IAM, cors: {origins: ['https://a.example']}}")
    assert (found.auth_type, found.invoke_mode, found.is_declared) == ("AWS_IAM", "BUFFERED", True)
    assert found.cors == Cors(allow_origins=("https://a.example",))


def test_it_keeps_its_id_whatever_is_changed(read):
    first = read("true")
    assert read("true") == first
    changed = read("{auth: AWS_IAM}")
    assert (changed.url_id, changed.created) == (first.url_id, first.created)
    assert len(first.url_id) == 32


def test_it_goes_when_lam_yaml_has_it_no_more(read):
    assert read("true") is not None
    assert read(None) is None


def test_one_that_was_made_over_the_api_stays(read, settings):
    read(None)
    now = SteppingClock().now()
    made = FunctionUrl("abc", "NONE", created=now, last_modified=now)
    settings.put(FUNCTION_URL, KEY, made)
    assert read(None) == made
    assert read("true").is_declared
